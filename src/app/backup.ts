// What a backup holds, and how it becomes records again: conversations with their messages, settings, and models that a person added to the
// list. Not for: its encryption (storage/vault), or models themselves, which are exported on their own.
import { readConversation, readMessage } from "../chat/conversation-forms";
import { conversationKey, messageKey, type Conversation, type Message } from "../chat/records";
import { treesOf } from "../chat/transfer";
import { foreignCard, type ModelCard } from "../models/catalogue/catalogue";
import { readAdded } from "../models/model-forms";
import { AppError } from "../platform/app-error";
import type { RecordKey, RecordKind, Records, StoredRecord } from "../storage/records";
import { readSettings } from "../storage/settings.svelte";

const kinds: readonly RecordKind[] = ["conversation", "message", "settings", "added-model"];

/** Everything that belongs to a backup and can be read, as a text that can be restored. */
export async function backupOf(records: Records): Promise<string> {
  const [conversations, messages, ...others] = await Promise.all([
    records.all("conversation", readConversation),
    records.all("message", readMessage),
    records.all("settings"),
    records.all("added-model", readAdded),
  ]);
  const trees = treesOf([...conversations.values()], [...messages.values()]);
  const found = trees.flatMap(({ conversation, messages }): [RecordKey, StoredRecord][] => [
    [conversationKey(conversation.id), conversation],
    ...messages.map((m): [RecordKey, StoredRecord] => [messageKey(m), m]),
  ]);
  return JSON.stringify({ records: [...found, ...others.flatMap((all) => [...all])] });
}

/**
 * Puts the records of a backup beside those that are here. Of a conversation that is in both, the one that was changed last stays. Gives the
 * number of conversations in it. Throws AppError "backup-invalid"; then nothing was changed.
 */
export async function restore(records: Records, text: string): Promise<number> {
  const found = recordsIn(text);
  const conversations = found.filter(([key]) => key.startsWith("conversation:")) as [RecordKey, Conversation][];
  await records.settle("conversation", readConversation, (here) => {
    const older = new Set(
      conversations.filter(([key, c]) => (here.get(key)?.updatedAt ?? 0) > c.updatedAt).map(([, { id }]) => id),
    );
    const write = found.filter(
      ([key, record]) =>
        !older.has(key.startsWith("message:") ? (record as Message).conversationId : key.slice(key.indexOf(":") + 1)),
    );
    return { write };
  });
  return conversations.length;
}

function recordsIn(text: string): [RecordKey, StoredRecord][] {
  const bad = (detail: string): never => {
    throw new AppError("backup-invalid", detail, "none");
  };
  let found: unknown;
  try {
    found = (JSON.parse(text) as { records?: unknown } | null)?.records;
  } catch (error) {
    return bad(String(error));
  }
  if (!Array.isArray(found)) return bad("records is not a list");
  for (const entry of found as unknown[]) {
    const [key, record] = Array.isArray(entry) ? (entry as [unknown, { version?: unknown } | null]) : [];
    const kind = typeof key === "string" ? key.slice(0, key.indexOf(":")) : "";
    if (!kinds.includes(kind as RecordKind)) return bad(`not a record of a backup: ${String(key)}`);
    if (typeof record !== "object" || record?.version !== 1) return bad(`${String(key)} is not a record`);
  }
  const read = (found as [RecordKey, StoredRecord][]).flatMap(([key, record]): [RecordKey, StoredRecord][] => {
    if (key.startsWith("settings:")) return [[key, readSettings({ ...record })]];
    if (key.startsWith("conversation:")) return [[key, readConversation(record, key) ?? bad(`${key} is none`)]];
    if (key.startsWith("message:")) return [[key, readMessage(record, key) ?? bad(`${key} is none`)]];
    // Of a model from an address only that is taken; one from a file is not in a backup.
    const card = addedCard(record);
    return card ? [[`added-model:${card.id}`, { version: 1, card } as StoredRecord]] : [];
  });
  const of = <T>(kind: RecordKind) =>
    read.flatMap(([key, r]) => (key.startsWith(`${kind}:`) ? [r as unknown as T] : []));
  const messages = of<Message>("message");
  const ids = new Set(of<Conversation>("conversation").map(({ id }) => id));
  if (messages.some((m) => !ids.has(m.conversationId))) return bad("a message belongs to no conversation");
  return read;
}

function addedCard(record: StoredRecord): ModelCard | undefined {
  const { id, name, origin, size } = ((record as { card?: unknown }).card ?? {}) as Partial<ModelCard>;
  if (typeof id !== "string" || !/^\w[\w.-]{0,99}$/.test(id) || origin?.kind !== "address") return undefined;
  const { base, library } = origin;
  if (![base, library].every((url) => typeof url === "string" && URL.canParse(url))) return undefined;
  const facts = typeof name === "string" && name.length <= 100 ? { name } : {};
  return foreignCard(id, { kind: "address", base, library }, facts, Number.isSafeInteger(size) ? size! : 0);
}
