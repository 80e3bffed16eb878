// Only what still cannot be read is removed as such: meanwhile it may have become a record again.
import { messageOf } from "../messages";
import { beforeEach, expect, test } from "vitest";
import { forms, strictForms } from "../../src/app/record-forms";
import { conversationKey, messageKey, type Conversation } from "../../src/chat/conversation-records";
import { Records } from "../../src/storage/records";
import { openStore } from "../../src/storage/store";
import { Unreadable } from "../../src/trust/damage/unreadable.svelte";

const records = new Records();
const conversation: Conversation = { version: 1, id: "c", title: "c", createdAt: 1, updatedAt: 1, leafId: "m" };
const message = messageOf({
  ...{ id: "m", conversationId: "c", parentId: null, role: "user", createdAt: 1, content: "a question" },
});

beforeEach(async () => {
  await openStore()("readwrite", (s) => void s.clear());
  await records.write(messageKey(message), message);
});

test("a message whose conversation came back after the list was made is not removed with the list", async () => {
  const unreadable = new Unreadable(records, strictForms, true);
  await unreadable.look();
  const listed = unreadable.list;
  expect(listed.map(({ key }) => key)).toEqual([messageKey(message)]);
  await records.write(conversationKey("c"), conversation);
  await unreadable.remove(listed);
  expect(await records.read(messageKey(message), forms.message)).toEqual(message);
  expect(unreadable.list).toEqual([]);
});

test("what was written anew under a name of the list is not removed", async () => {
  await openStore()("readwrite", (s) => void s.put({ version: 2 }, "settings:app"));
  const unreadable = new Unreadable(records, () => Promise.resolve(Object.values(forms)), true);
  await unreadable.look();
  const listed = unreadable.list;
  await records.write("settings:app", { version: 1 });
  await unreadable.remove(listed);
  expect(await records.read("settings:app")).toEqual({ version: 1 });
});

test("what still cannot be read is removed", async () => {
  const unreadable = new Unreadable(records, strictForms, true);
  await unreadable.look();
  await unreadable.remove(unreadable.list);
  expect(await records.has(messageKey(message))).toBe(false);
});
