// A backup that is restored takes nothing back of what came after it, and what it brings stays.
import { messageOf } from "../messages";
import { beforeEach, expect, test, vi } from "vitest";
import { backupOf, restore } from "../../src/app/backup";
import { conversationForm, messageForm } from "../../src/chat/conversation-forms";
import { Conversations } from "../../src/chat/conversations.svelte";
import {
  contentOf,
  conversationKey,
  messageKey,
  type Conversation,
  type Message,
} from "../../src/chat/conversation-records";
import type { RunStatus } from "../../src/runs/run-facts";
import type { RecordKey } from "../../src/storage/forms";
import { Records } from "../../src/storage/records";
import { openStore } from "../../src/storage/store";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { oneAfterTheOther } from "./locks";

oneAfterTheOther();
const records = new Records();
const conversation: Conversation = { version: 1, id: "c", title: "as it was", createdAt: 1, updatedAt: 5, leafId: "m" };
const answer = (content: string, status: RunStatus): Message =>
  messageOf({ id: "m", conversationId: "c", parentId: null, role: "assistant", createdAt: 1, content, status });
const textOf = (...entries: [RecordKey, Conversation | Message][]) => JSON.stringify({ records: entries });
const stored = async () => contentOf((await records.read(messageKey(answer("", "complete")), messageForm))!);

beforeEach(async () => {
  await openStore()("readwrite", (s) => void s.clear());
  await records.write(conversationKey("c"), conversation);
});

test.each([
  ["complete", "a whole answer", "interrupted", "a whole", "a whole answer"],
  // Of several answers the one that was voted for stays, which may be shorter than what was written meanwhile.
  ["complete", "the one", "streaming", "another one that is longer", "the one"],
  ["stopped", "a whole ans", "stopped", "a whole", "a whole ans"],
  ["interrupted", "a whole", "complete", "a whole answer", "a whole answer"],
  ["interrupted", "a", "interrupted", "a whole", "a whole"],
] as const)("of an answer that is %s here (%s) and %s there (%s) the further one stays", async (...row) => {
  const [status, here, otherStatus, there, expected] = row;
  await records.write(messageKey(answer("", "complete")), answer(here, status));
  for (const updatedAt of [5, 6]) {
    const backup = answer(there, otherStatus);
    await restore(
      records,
      textOf([conversationKey("c"), { ...conversation, updatedAt }], [messageKey(backup), backup]),
    );
    expect(await stored()).toBe(expected);
  }
});

test("a new title that came after the backup stays", async () => {
  const backup = await backupOf(records);
  await records.change(conversationKey("c"), conversationForm, (c) => ({ ...c, title: "as it is now" }));
  await restore(records, backup);
  expect(await records.read(conversationKey("c"))).toMatchObject({ title: "as it is now" });
});

test("one that was about to be deleted when the backup was made deletes nothing here", async () => {
  await restore(records, textOf([conversationKey("c"), { ...conversation, updatedAt: 6, deletedAt: 7 }]));
  expect(await records.read(conversationKey("c"))).toEqual(conversation);
});

test.each([5, 4])(
  "a conversation that was deleted a moment before comes back and stays (a backup of %i)",
  async (updatedAt) => {
    const conversations = new Conversations(records, new AuditLog(records));
    await conversations.load();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await conversations.remove("c");
      await restore(records, textOf([conversationKey("c"), { ...conversation, updatedAt }]));
      await vi.advanceTimersByTimeAsync(conversations.undoTime + 1);
    } finally {
      vi.useRealTimers();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await records.read(conversationKey("c"))).toEqual(conversation);
  },
);
