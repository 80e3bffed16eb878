// A question and its answer are one: whatever happens between the two, no question lies in storage without its answer being begun.
import { beforeEach, expect, test, vi } from "vitest";
import { Conversations } from "../../src/chat/conversations.svelte";
import { conversationForm, messageForm } from "../../src/chat/conversation-forms";
import { contentOf, type Message } from "../../src/chat/conversation-records";
import { Session } from "../../src/chat/session.svelte";
import type { Engines } from "../../src/engine/client/engines";
import type { GenerateOptions } from "../../src/engine/client/engine-client";
import type { Models } from "../../src/models/models.svelte";
import { AppError } from "../../src/platform/app-error";
import { Runs } from "../../src/runs/runs.svelte";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { closeChannels, countChannels, provideLocks } from "./browser";

vi.stubGlobal("__APP_VERSION__", "0");
vi.stubGlobal("__APP_COMMIT__", "");
vi.stubGlobal("isSecureContext", true);

let n = 0;
let session: Session;
let conversations: Conversations;
let records: Records;
let ready: () => Promise<void>;
beforeEach(() => {
  closeChannels();
  countChannels();
  provideLocks();
  records = new Records(`ask-${++n}`);
  const audit = new AuditLog(records);
  const engines = {
    hasModel: true,
    generate: async (options: GenerateOptions) => {
      options.onToken({ part: "answer", text: "42", tokens: 1 });
      return { thought: "", answer: "42", finish: "stop", stats: { contextSize: 1024 } };
    },
  } as unknown as Engines;
  const card = { id: "m" };
  ready = async () => {};
  const models = {
    usable: [card],
    loader: {
      ...{ chosen: card, lost() {}, noteContextSize() {}, rest() {} },
      ready: async () => {
        await ready();
        return { card, loaded: { contextSize: 1024, sampling: { temperature: 0, topP: 1 }, adapter: "" } };
      },
    },
    installed: { digest: async () => "d" },
  } as unknown as Models;
  const settings = new Settings(records);
  conversations = new Conversations(records, audit);
  session = new Session(conversations, models, new Runs(engines, models, settings), settings, audit);
});

const stored = async () => [...(await records.all(messageForm)).values()];
/** Questions without an answer, and answers without a question. */
async function alone(): Promise<Message[]> {
  const all = await stored();
  const answered = new Set(all.flatMap((m) => (m.role === "assistant" ? [m.parentId] : [])));
  const ids = new Set<string | null>(all.map(({ id }) => id));
  return all.filter((m) => (m.role === "user" ? !answered.has(m.id) : !ids.has(m.parentId)));
}

test("of two questions at once one is asked, and the other is not stored but stays where it was written", async () => {
  session.draft = "Two?";
  await Promise.all([session.ask("One?"), session.sendDraft()]);
  expect(await alone()).toEqual([]);
  expect((await stored()).filter(({ role }) => role === "user").map(contentOf)).toEqual(["One?"]);
  expect(conversations.drafts.of(null)).toBe("Two?");
});

test.each(["ask", "edit", "regenerate", "compare"] as const)(
  "whatever else is begun at the same moment (%s), each question has its answer",
  async (what) => {
    await session.ask("First?");
    const [question, answer] = conversations.branch as [Message, Message];
    const other = {
      ask: () => session.ask("Other?"),
      edit: () => session.edit(question, "Changed?"),
      regenerate: () => session.regenerate(answer),
      compare: () => session.compare("Compared?", [{ card: { id: "m" } as never, effort: "off" }]),
    };
    await Promise.all([session.ask("Second?"), other[what](), session.ask("Third?")]);
    expect(await alone()).toEqual([]);
    expect((await stored()).every(({ run }) => (run?.status ?? "complete") === "complete")).toBe(true);
  },
);

test("a tab that is killed while the model loads leaves the question with an answer that was begun", async () => {
  ready = () => new Promise(() => {});
  void session.ask("Is anybody there?");
  await vi.waitFor(async () => expect(await stored()).toHaveLength(2));
  expect(await alone()).toEqual([]);
  const [conversation] = (await records.all(conversationForm)).values();
  const leaf = (await stored()).find(({ id }) => id === conversation!.leafId);
  expect([leaf?.role, leaf?.run?.status]).toEqual(["assistant", "streaming"]);
});

test.each([1, 2, 3])("a question whose write %i fails is not stored in part", async (failing) => {
  await session.ask("First?");
  const before = await stored();
  let puts = 0;
  const put = IDBObjectStore.prototype.put;
  const spy = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...args) {
    if (/^(message|conversation):/.test(String(args[1])) && ++puts === failing)
      throw new DOMException("full", "QuotaExceededError");
    return put.apply(this, args);
  });
  await expect(session.ask("Second?")).rejects.toMatchObject({ code: "storage-full" });
  spy.mockRestore();
  expect(await stored()).toEqual(before);
  expect(conversations.branch.map(contentOf)).toEqual(["First?", "42"]);
  expect(session.busy).toBe(false);
});

test("an answer whose resumption cannot be stored stays as it was, here and in storage", async () => {
  await session.ask("First?");
  const [, answer] = conversations.branch as [Message, Message];
  const stopped: Message = { ...answer, run: { ...answer.run!, status: "stopped" } };
  await conversations.put(stopped);
  const before = await stored();
  vi.spyOn(Records.prototype, "change").mockRejectedValueOnce(new AppError("storage-full", "", "free-space"));
  await expect(session.resume(stopped)).rejects.toMatchObject({ code: "storage-full" });
  expect(await stored()).toEqual(before);
  expect(conversations.branch.at(-1)).toEqual(stopped);
  expect(session.busy).toBe(false);
});

test.each([[["conversation", "message"]], [["message", "conversation"]]])(
  "another tab that shows a conversation shows what is asked next, in whatever order it hears of it: %s",
  async (order) => {
    await session.ask("First?");
    const other = new Conversations(new Records(`ask-${n}`), new AuditLog(records));
    await other.load();
    other.openId = conversations.openId;
    const told: [BroadcastChannel, string][] = [];
    const { postMessage } = BroadcastChannel.prototype;
    const spy = vi.spyOn(BroadcastChannel.prototype, "postMessage").mockImplementation(function (
      this: BroadcastChannel,
      key,
    ) {
      told.push([this, key as string]);
    });
    await session.ask("Second?");
    spy.mockRestore();
    const kindAt = ([, key]: (typeof told)[number]) => order.indexOf(key.slice(0, key.indexOf(":")));
    for (const [channel, key] of told.toSorted((a, b) => kindAt(a) - kindAt(b))) postMessage.call(channel, key);
    await vi.waitFor(() => expect(other.branch.map(contentOf)).toEqual(["First?", "42", "Second?", "42"]));
  },
);
