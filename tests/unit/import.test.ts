// Conversations that come back from a file: what is here already is not added again.
import { messageOf, type FlatMessage } from "../messages";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { Conversations } from "../../src/chat/conversations.svelte";
import { contentOf, type Conversation, type Message } from "../../src/chat/conversation-records";
import { fromJson, newOf, toJson } from "../../src/chat/conversation-transfer";
import { shownBranch } from "../../src/chat/tree";
import { Records } from "../../src/storage/records";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { closeChannels } from "./browser";
import { oneAfterTheOther } from "./locks";

const message = (id: string, parentId: string | null, more: Partial<FlatMessage> = {}): Message =>
  messageOf({ id, conversationId: "c", parentId, role: "user", content: `text of ${id}`, createdAt: 10, ...more });
const conversation = (more: Partial<Conversation> = {}): Conversation => ({
  ...{ version: 1, id: "c", title: "Lamps", createdAt: 5, updatedAt: 20, leafId: "a2" },
  ...more,
});
const messages = [
  message("q", null),
  message("a1", "q", { role: "assistant", createdAt: 11 }),
  message("a2", "q", { role: "assistant", createdAt: 12, thought: "hm" }),
];
const file = toJson([{ conversation: conversation(), messages }]);
const later = [
  ...messages,
  message("q2", "a2", { createdAt: 30 }),
  message("a3", "q2", { role: "assistant", createdAt: 31 }),
];
const laterFile = toJson([{ conversation: conversation({ updatedAt: 31, leafId: "a3" }), messages: later }]);

let n = 0;
let conversations: Conversations;

beforeEach(() => {
  closeChannels();
  oneAfterTheOther();
  const records = new Records(`import-${++n}`);
  conversations = new Conversations(records, new AuditLog(records));
});

const texts = () =>
  [...conversations.all.keys()].map((id) => [...conversations.messagesOf(id).values()].map(contentOf).sort());
const shown = () =>
  [...conversations.all.values()].map(({ id, leafId }) =>
    shownBranch(conversations.messagesOf(id), leafId).map(contentOf),
  );

describe("importing", () => {
  test("the same file twice adds nothing", async () => {
    expect(await conversations.importJson(file)).toEqual({ added: 1, known: 0 });
    const before = texts();
    expect(await conversations.importJson(file)).toEqual({ added: 0, known: 1 });
    expect(texts()).toEqual(before);
    await conversations.load();
    expect(texts()).toEqual(before);
  });

  test("an export of what is here adds nothing", async () => {
    await conversations.importJson(file);
    expect(await conversations.importJson(conversations.exportJson())).toEqual({ added: 0, known: 1 });
  });

  test("a conversation that was gone on with elsewhere goes on here", async () => {
    await conversations.importJson(file);
    expect(await conversations.importJson(laterFile)).toEqual({ added: 1, known: 0 });
    expect(texts()).toEqual([later.map(contentOf).sort()]);
    expect(shown()).toEqual([["text of q", "text of a2", "text of q2", "text of a3"]]);
    expect(await conversations.importJson(laterFile)).toEqual({ added: 0, known: 1 });
  });

  test("an older export changes nothing, a new title stays", async () => {
    await conversations.importJson(laterFile);
    const [id] = [...conversations.all.keys()];
    await conversations.rename(id!, "Mine");
    expect(await conversations.importJson(file)).toEqual({ added: 0, known: 1 });
    expect(shown()[0]).toHaveLength(4);
    expect(conversations.all.get(id!)!.title).toBe("Mine");
  });

  test("two that differ in time or in the first message are two", async () => {
    await conversations.importJson(file);
    const others = [
      { conversation: conversation({ createdAt: 6 }), messages },
      { conversation: conversation(), messages: [message("q", null, { content: "other" })] },
    ];
    expect(
      await conversations.importJson(
        toJson(others.map((one) => ({ ...one, conversation: { ...one.conversation, leafId: null } }))),
      ),
    ).toEqual({ added: 2, known: 0 });
    expect(conversations.all.size).toBe(3);
  });

  test("what was deleted comes back as it was", async () => {
    await conversations.importJson(file);
    const [id] = [...conversations.all.keys()];
    await conversations.purge(id!);
    expect(await conversations.importJson(file)).toEqual({ added: 1, known: 0 });
    expect(texts()).toEqual([messages.map(contentOf).sort()]);
  });
});

describe("what of a file is new", () => {
  /** A tree of messages in which many look alike. */
  const trees = fc.array(
    fc.record({
      createdAt: fc.integer({ min: 1, max: 2 }),
      messages: fc.array(
        fc.record({ parent: fc.nat(), content: fc.constantFrom("a", "b"), createdAt: fc.integer({ min: 1, max: 2 }) }),
        { maxLength: 8 },
      ),
    }),
    { maxLength: 4 },
  );
  const made = fc.array(trees, { minLength: 1, maxLength: 2 }).map((all) =>
    all[0]!.map(({ createdAt, messages: list }, i) => ({
      conversation: conversation({ id: `c${i}`, createdAt, leafId: null }),
      messages: list.map(({ parent, content, createdAt: at }, k) =>
        message(`m${i}-${k}`, k === 0 ? null : `m${i}-${parent % k}`, {
          conversationId: `c${i}`,
          content,
          createdAt: at,
        }),
      ),
    })),
  );

  test("nothing, of what is here as it is, however alike its parts are", () => {
    fc.assert(
      fc.property(made, (here) => {
        expect(newOf(fromJson(toJson(here)), here)).toEqual([]);
      }),
    );
  });

  test("everything, where nothing is here", () => {
    fc.assert(
      fc.property(made, (there) => {
        const found = fromJson(toJson(there));
        expect(newOf(found, [])).toEqual(found);
      }),
    );
  });

  test("what was said since, and every message hangs on one that is there", () => {
    fc.assert(
      fc.property(made, fc.nat({ max: 8 }), (whole, kept) => {
        const here = whole.map((tree) => ({ ...tree, messages: tree.messages.slice(0, Math.max(1, kept)) }));
        const news = newOf(fromJson(toJson(whole)), here);
        const count = (list: typeof whole) => list.reduce((sum, tree) => sum + tree.messages.length, 0);
        expect(count(news)).toBe(count(whole) - count(here));
        for (const {
          conversation: { id },
          messages: added,
        } of news) {
          const own = here.find((tree) => tree.conversation.id === id)!.messages;
          const ids = new Set([...own, ...added].map((m) => m.id));
          for (const m of added)
            expect([m.parentId, m.conversationId]).toEqual([
              m.parentId === null ? null : [...ids].find((one) => one === m.parentId),
              id,
            ]);
        }
      }),
    );
  });

  test("ten thousand that began alike are told in no time to speak of", () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({
      conversation: conversation({ id: `c${i}`, leafId: null }),
      messages: [message(`m${i}`, null, { conversationId: `c${i}` })],
    }));
    expect(newOf(fromJson(toJson(many)), many)).toEqual([]);
  });
});
