// Deleting a conversation, or a message, while its answer streams: the answer stops, and nothing is written to what is gone.
import { begin, messageOf } from "../messages";
import { beforeEach, describe, expect, test, vi, type Mock } from "vitest";
import { Conversations } from "../../src/chat/conversations.svelte";
import { messageForm } from "../../src/chat/conversation-forms";
import { conversationKey, messageKey, type Message } from "../../src/chat/conversation-records";
import { Session } from "../../src/chat/session.svelte";
import type { Engines } from "../../src/engine/client/engines";
import type { GenerateOptions } from "../../src/engine/client/engine-client";
import type { Models } from "../../src/models/models.svelte";
import { Runs } from "../../src/runs/runs.svelte";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { closeChannels, countChannels } from "./browser";

// What the build puts in.
vi.stubGlobal("__APP_VERSION__", "0");
vi.stubGlobal("__APP_COMMIT__", "");

let n = 0;
let name: string;
let records: Records;
let conversations: Conversations;
let session: Session;
let stop: Mock<() => void>;
let streaming: GenerateOptions | undefined;

/** An engine that streams until it is stopped, and a model that is ready. */
function engine() {
  stop = vi.fn();
  const engines = {
    hasModel: true,
    generate: (options: GenerateOptions, signal: AbortSignal) =>
      new Promise((_, reject) => {
        streaming = options;
        signal.addEventListener("abort", () => {
          stop();
          reject(signal.reason as DOMException);
        });
        options.onStarted?.(0);
        options.onToken({ part: "answer", text: "so far", tokens: 2 });
      }),
  } as unknown as Engines;
  const card = { id: "m" };
  const sampling = { temperature: 0, topP: 1 };
  const models = {
    usable: [card],
    loader: {
      ...{ chosen: card, lost: vi.fn(), noteContextSize: () => {} },
      ready: async () => ({ card, loaded: { contextSize: 1024, sampling, adapter: "" } }),
    },
    installed: { digest: async () => "d" },
  } as unknown as Models;
  return { engines, models };
}

const stored = async () => [...(await records.all(messageForm)).values()];

beforeEach(() => {
  closeChannels();
  countChannels();
  // A lock that is asked for while it is held is granted later.
  const held = new Set<string>();
  Object.defineProperty(navigator, "locks", {
    configurable: true,
    value: {
      request: async (lock: string, ...rest: unknown[]) => {
        while (held.has(lock)) await new Promise((resolve) => setTimeout(resolve, 5));
        held.add(lock);
        try {
          return await (rest.at(-1) as () => unknown)();
        } finally {
          held.delete(lock);
        }
      },
    },
  });
  name = `gone-${++n}`;
  records = new Records(name);
  const audit = new AuditLog(records);
  conversations = new Conversations(records, audit);
  const { engines, models } = engine();
  const settings = new Settings(records);
  session = new Session(conversations, models, new Runs(engines, models, settings), settings, audit);
  streaming = undefined;
});

async function ask(): Promise<{ asked: Promise<void>; id: string }> {
  const asked = session.ask("A long question");
  await vi.waitFor(() => expect(streaming).toBeDefined());
  return { asked, id: conversations.openId! };
}

describe("deleting while it streams", () => {
  test.each([
    ["by hand", (id: string) => conversations.remove(id)],
    ["for good", (id: string) => conversations.purge(id)],
    ["for its age", () => conversations.removeWhere(() => true)],
  ])("a conversation %s stops its answer, and nothing is written afterwards", async (_, remove) => {
    const { asked, id } = await ask();
    await remove(id);
    await asked;
    expect(stop).toHaveBeenCalled();
    expect(session.busy).toBe(false);
    if (!(await records.has(conversationKey(id)))) expect(await stored()).toEqual([]);
    else expect((await stored()).map((m) => m.run?.status)).toContain("stopped");
  });

  test("a conversation in another tab stops it here", async () => {
    const { asked, id } = await ask();
    const other = new Records(name);
    const tab = new Conversations(other, new AuditLog(other));
    await tab.load();
    await tab.purge(id);
    await asked;
    expect(stop).toHaveBeenCalled();
    expect(await stored()).toEqual([]);
    expect(conversations.all.size).toBe(0);
  });

  test("the answer alone stops it, and it does not come back", async () => {
    const { asked, id } = await ask();
    const answer = [...conversations.messagesOf(id).values()].find((m) => m.role === "assistant")!;
    await conversations.drop(answer);
    await asked;
    expect((await stored()).map((m) => m.role)).toEqual(["user"]);
    expect(conversations.has(answer)).toBe(false);
  });

  test("another conversation stops nothing", async () => {
    const { id: open } = await begin(conversations, "Other");
    conversations.openId = null;
    const { asked } = await ask();
    await conversations.purge(open);
    expect(stop).not.toHaveBeenCalled();
    session.stop();
    await asked;
  });

  test("a question for a conversation that is gone is handed back, not written", async () => {
    const { id } = await begin(conversations, "Gone");
    await new Records(name).remove([conversationKey(id)]);
    await expect(session.ask("Is anybody there?")).rejects.toThrow("deleted");
    expect(await stored()).toEqual([]);
  });
});

describe("messages without a conversation", () => {
  const message = (conversationId: string): Message =>
    messageOf({
      ...{ id: `m-${conversationId}`, conversationId, parentId: null, role: "user", content: "x", createdAt: 1 },
    });
  const put = (m: Message) => records.write(messageKey(m), m);

  test("are swept at the start, and only these", async () => {
    const { id } = await begin(conversations, "Here");
    await put(message(id));
    await put(message("gone"));
    const next = new Conversations(records, new AuditLog(records));
    await next.load();
    expect((await stored()).map((m) => m.conversationId)).toEqual([id]);
    expect(next.messagesOf("gone").size).toBe(0);
  });

  test("stay where something cannot be read: it may be their conversation", async () => {
    await put(message("later"));
    await put(message("gone"));
    await records.write(conversationKey("later"), { version: 2 });
    await new Conversations(records, new AuditLog(records)).load();
    expect(await stored()).toHaveLength(2);
  });
});
