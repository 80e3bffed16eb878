// The way from a question to a stored answer, with what real workers told played back: the door, bringing and loading a model, a run, a session.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { AnswerComparison } from "../../src/evaluation/answer-comparison";
import { t } from "../../src/i18n/i18n.svelte";
import { Notices } from "../../src/ui/notices.svelte";
import { Conversations } from "../../src/chat/conversations.svelte";
import { messageForm } from "../../src/chat/conversation-forms";
import { contentOf, thoughtOf } from "../../src/chat/conversation-records";
import { Session } from "../../src/chat/session.svelte";
import type { EngineCalls } from "../../src/engine/calls";
import { Engines } from "../../src/engine/client/engines";
import { StoreClient } from "../../src/engine/client/store-client";
import { WorkerDoor } from "../../src/engine/client/worker-door";
import type { AnswerToken, Question } from "../../src/engine/protocol";
import { shippedModels } from "../../src/models/catalogue/catalogue";
import { Models } from "../../src/models/models.svelte";
import { textIn } from "../../src/runs/parts";
import { beginning, fold, type RunEvent } from "../../src/runs/run-events";
import { Runs } from "../../src/runs/runs.svelte";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { setPolicy } from "../../src/trust/current-policy";
import { readPolicy } from "../../src/trust/rules/policy";
import policyFile from "../../src/trust/rules/policy.json" with { type: "json" };
import { closeChannels, countChannels } from "./browser";
import { recorded, ReplayWorker, resultOf } from "./replay";

vi.stubGlobal("__APP_VERSION__", "0");
vi.stubGlobal("__APP_COMMIT__", "");
vi.stubGlobal("isSecureContext", true);
vi.stubGlobal("matchMedia", () => ({ matches: false }));

const card = shippedModels.find(({ id }) => id === "islet-reasoner")!;
const question: Question = { turns: [{ role: "user", content: "x" }], sampling: { temperature: 0, topP: 1 } };
let n = 0;

beforeEach(() => {
  closeChannels();
  countChannels();
  setPolicy(readPolicy(policyFile));
  ReplayWorker.reset();
  vi.stubGlobal("Worker", ReplayWorker);
  const estimate = async () => ({ usage: 0, quota: 1e12 });
  const storage = { estimate, persisted: async () => true, persist: async () => true };
  Object.defineProperty(navigator, "storage", { configurable: true, value: storage });
  const held = new Map<string, Promise<unknown>>();
  const request = (name: string, ...rest: unknown[]) => {
    // The lock of a worker's life is free only when that is over.
    if (name === "held") return new Promise(() => {});
    const run = rest.at(-1) as (lock: object) => unknown;
    const mine = (held.get(name) ?? Promise.resolve()).then(() => run({}));
    const over = mine.catch(() => {});
    if (rest.length === 1) held.set(name, over);
    return mine;
  };
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request } });
});

/** A whole app without its screens, on a machine that runs models. */
async function app() {
  const records = new Records(`replay-${++n}`);
  const audit = new AuditLog(records);
  const settings = new Settings(records);
  const engines = new Engines();
  vi.spyOn(engines, "support").mockImplementation(async () => new Map([["mlc", {}]]) as never);
  const models = new Models(engines, new StoreClient(), records, settings, audit);
  await models.begin();
  const conversations = new Conversations(records, audit);
  const runs = new Runs(engines, models, settings);
  const session = new Session(conversations, models, runs, settings, audit);
  return { records, audit, models, runs, session, conversations, settings };
}

describe("the door of a worker", () => {
  const open = () => {
    const gone = vi.fn();
    const door = new WorkerDoor<EngineCalls>(() => new ReplayWorker() as unknown as Worker, gone);
    return { door, gone };
  };

  test("tells what the worker tells of each request, in order, and to nobody else", async () => {
    const { door, gone } = open();
    const told: AnswerToken[][] = [[], []];
    const started: number[] = [];
    const results = await Promise.all(
      told.map((tokens) =>
        door.ask("generate", question, {
          onToken: (t) => tokens.push(t),
          onStarted: (dropped) => started.push(dropped),
        }),
      ),
    );
    expect(results).toEqual(recorded.generate.map(resultOf));
    for (const [i, tokens] of told.entries()) {
      const { thought, answer } = resultOf(recorded.generate[i]!);
      const all = (part: string) => tokens.flatMap((t) => (t.part === part ? [t.text] : [])).join("");
      expect([all("thought").trim(), all("answer").trim()]).toEqual([thought.trim(), answer.trim()]);
    }
    expect(started).toEqual([0, 0]);
    expect(ReplayWorker.all).toHaveLength(1);
    expect(gone).not.toHaveBeenCalled();
  });

  test("fails what waits when the worker dies, and the next request begins another", async () => {
    const { door, gone } = open();
    ReplayWorker.dieAfter = 3;
    const tokens: AnswerToken[] = [];
    await expect(door.ask("generate", question, { onToken: (t) => tokens.push(t) })).rejects.toMatchObject({
      code: "worker-crashed",
    });
    expect(gone).toHaveBeenCalledOnce();
    expect(tokens.length).toBeLessThanOrEqual(3);
    await door.ask("load", { model: {} as never });
    expect(ReplayWorker.all).toHaveLength(2);
  });

  test("tells nothing more of what was given up", async () => {
    const { door } = open();
    const onToken = vi.fn();
    const asked = door.ask("generate", question, { onToken });
    door.end(new Error("given up"));
    await expect(asked).rejects.toThrow("given up");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(onToken).not.toHaveBeenCalled();
  });
});

describe("a model", () => {
  test("is brought, kept with what it is, and loaded; the log says so", async () => {
    const { models, audit, settings } = await app();
    await models.loader.load(card);
    expect(models.loader.state).toMatchObject({ phase: "ready", card: { id: card.id } });
    expect(models.downloads.all.size).toBe(0);
    const end = recorded.download.at(-1)!;
    expect(models.installed.models.get(card.id)?.files).toEqual(end.kind === "done" && end.value.files);
    expect(settings.current.modelId).toBe(card.id);
    const kinds = async () =>
      (await audit.entries()).map(({ kind }) => kind).filter((kind) => kind.startsWith("model-"));
    await vi.waitFor(async () => expect(await kinds()).toEqual(["model-installed", "model-loaded"]));
  });

  test("that is being brought is shown as it comes, byte by byte, and can be cancelled", async () => {
    const { models } = await app();
    const seen: number[] = [];
    await models.downloads.bring(card, {
      onProgress: ({ phase, done }) => {
        if (phase === "download") seen.push(done);
      },
    });
    const there = recorded.download.flatMap((reply) =>
      reply.kind === "progress" && reply.progress.phase === "download" ? [reply.progress.done] : [],
    );
    expect(seen).toEqual(there);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    await models.remove(card);
    ReplayWorker.pauseAfter = 3;
    const bringing = models.downloads.bring(card);
    bringing.catch(() => {});
    await vi.waitFor(() => expect(models.downloads.all.get(card.id)?.progress.done).toBeGreaterThan(0));
    await models.downloads.cancel(card.id);
    await expect(bringing).rejects.toMatchObject({ name: "AbortError" });
    expect([models.downloads.all.size, models.installed.ids.has(card.id)]).toEqual([0, false]);
  });

  test("rests when nobody asks, and the next question wakes it", async () => {
    const { models, session } = await app();
    await models.loader.load(card);
    models.loader.rest();
    expect(models.loader.state.phase).toBe("resting");
    await session.ask("x");
    expect(models.loader.state.phase).toBe("ready");
  });
});

describe("an answer", () => {
  const [easy, hard] = recorded.generate.map(resultOf);

  test("is stored as it was recorded, thought and text apart, with its figures", async () => {
    const { session, models, conversations, records } = await app();
    await models.loader.load(card);
    for (const what of ["easy", "hard"]) await session.ask(what);
    const answers = conversations.branch.filter(({ role }) => role === "assistant");
    for (const [i, result] of [easy!, hard!].entries()) {
      const stored = (await records.read(`message:${answers[i]!.conversationId}/${answers[i]!.id}`, messageForm))!;
      expect([thoughtOf(stored), contentOf(stored)]).toEqual([result.thought, result.answer]);
      expect(stored.run).toMatchObject({ status: "complete", modelId: card.id, stats: result.stats });
      expect(stored.run!.provenance!.digest).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test("is the same live and replayed from its events", async () => {
    const { runs, models } = await app();
    await models.loader.load(card);
    const events: RunEvent[] = [];
    const signal = new AbortController().signal;
    await runs.start({ priority: "person", plan: () => ({ question }) }, (event) => events.push(event), signal);
    const written = (JSON.parse(JSON.stringify(events)) as RunEvent[]).reduce(
      fold,
      beginning([], { status: "streaming" }),
    );
    expect(textIn(written.parts)).toBe(easy!.answer);
    expect(written.facts).toMatchObject({ status: "complete", stats: easy!.stats });
    expect(events.at(-1)).toEqual({ kind: "ended", end: "done" });
  });

  test("whose worker dies, after whichever message, recovers and comes to the same", async () => {
    for (let k = 0; k < recorded.generate[1]!.length; k += 7) {
      const { session, models, conversations } = await app();
      ReplayWorker.reset();
      ReplayWorker.answers = [recorded.generate[1]!];
      await models.loader.load(card);
      ReplayWorker.dieAfter = k;
      await session.ask("hard");
      const answer = conversations.branch.at(-1)!;
      expect([k, contentOf(answer), answer.run!.status]).toEqual([k, hard!.answer, "complete"]);
      expect(answer.run!.recovered).toBe(true);
    }
  });

  test("that is stopped keeps what was streamed and can be resumed to its end", async () => {
    const { session, models, conversations } = await app();
    await models.loader.load(card);
    ReplayWorker.answers = [recorded.generate[1]!];
    ReplayWorker.pauseAfter = 9;
    const asked = session.ask("hard");
    await vi.waitFor(() => expect(session.live.thought.length).toBeGreaterThan(0));
    const streamed = session.live.thought;
    session.stop();
    await asked;
    const stopped = conversations.branch.at(-1)!;
    expect([stopped.run!.status, thoughtOf(stopped), session.resumable(stopped)]).toEqual(["stopped", streamed, true]);
    await session.resume(stopped);
    expect(conversations.branch.at(-1)!.run).toMatchObject({ status: "complete", resumed: true });
    expect(contentOf(conversations.branch.at(-1)!)).toBe(hard!.answer);
  });
});

describe("comparing answers with a reference", () => {
  test("gives way to a person's question, also while its model loads, and says so", async () => {
    for (const early of [true, false]) {
      const { session, models, conversations, runs } = await app();
      await models.loader.load(card);
      const notices = new Notices();
      const comparison = new AnswerComparison(runs, models, notices);
      expect(comparison.free).toBe(true);
      const told = vi.fn();
      const comparing = comparison.compare(shippedModels[0]!, told, new AbortController().signal);
      comparing.catch(() => {});
      const begun = () => (early ? models.loader.state.phase === "loading" : told.mock.calls.length > 1);
      await vi.waitFor(() => expect(begun()).toBe(true), { interval: 0 });
      expect(comparison.free).toBe(false);
      await session.ask("x");
      await expect(comparing).rejects.toMatchObject({ name: "AbortError" });
      expect(contentOf(conversations.branch.at(-1)!)).not.toBe("");
      expect(conversations.branch.at(-1)!.run!.status).toBe("complete");
      expect(notices.list.map(({ text }) => text())).toEqual([t("storage.compareEnded")]);
      await vi.waitFor(() => expect(comparison.free).toBe(true));
    }
  });

  test("comes to its end where nobody asks, and the model of before answers again", async () => {
    const { models, runs } = await app();
    await models.loader.load(card);
    const comparison = new AnswerComparison(runs, models, new Notices());
    const found = await comparison.compare(shippedModels[0]!, () => {}, new AbortController().signal);
    expect(found).toMatchObject({ equal: 0, difference: { given: resultOf(recorded.generate[0]!).answer } });
    await vi.waitFor(() => expect(models.loader.chosen?.id).toBe(card.id));
  });
});
