// What a backup holds, and how it becomes records again: conversations with their messages, settings, and models that a person added to the
// list. Not for: its encryption (storage/vault), or models themselves, which are exported on their own.
import { conversationForm, messageForm } from "../chat/conversation-forms";
import {
  contentOf,
  conversationKey,
  messageKey,
  statusOf,
  thoughtOf,
  type Conversation,
  type Message,
} from "../chat/conversation-records";
import { treesOf } from "../chat/conversation-transfer";
import { admit } from "../models/catalogue/admit";
import type { ModelCard } from "../models/catalogue/catalogue";
import { AppError } from "../platform/app-error";
import { shortened } from "../platform/shortened";
import { formed, kindOf, type AnyRecord, type RecordKey, type RecordKind, type StoredRecord } from "../storage/forms";
import { blobForm, blobKey, type BlobRecord, type Blobs } from "../storage/blobs/blobs";
import type { ChunkName } from "../storage/blobs/chunks";
import type { Records } from "../storage/records";
import type { Pieces } from "../storage/vault/vault";
import { readSettings, type SettingsRecord } from "../storage/settings.svelte";
import { demand, keptDays } from "../trust/current-policy";
import type { Retained } from "../trust/rules/policy";
import { lockMinutes, type OpenVault } from "../trust/vault/open-vault.svelte";
import { forms } from "./record-forms";
import { settingOf } from "./retention.svelte";

const kinds: readonly RecordKind[] = ["conversation", "message", "blob", "settings", "added-model"];

/** Everything that belongs to a backup and can be read, as a text that can be restored. Throws AppError "not-allowed". */
export async function backupOf(records: Records): Promise<string> {
  demand("exportConversations");
  return allOf(records);
}

/** The same, for the page that has no policy (Rescue.svelte). */
export async function allOf(records: Records): Promise<string> {
  const [conversations, messages, blobs, ...others] = await Promise.all([
    records.all(conversationForm),
    records.all(messageForm),
    records.all(blobForm),
    records.all(forms.settings),
    records.all(forms["added-model"]),
  ]);
  const trees = treesOf([...conversations.values()], [...messages.values()]);
  const found = trees.flatMap(({ conversation, messages }): [RecordKey, StoredRecord][] => [
    [conversationKey(conversation.id), conversation],
    ...messages.map((m): [RecordKey, StoredRecord] => [messageKey(m), m]),
  ]);
  const kept = new Set<string>(trees.map(({ conversation }) => conversationKey(conversation.id)));
  const files = [...blobs].filter(([, { owner }]) => kept.has(owner));
  return JSON.stringify({ records: [...found, ...files, ...others.flatMap((all) => [...all])] });
}

/** A backup of this text and of the blobs that it names, encrypted, as a file with its name. Throws AppError. */
export async function backupFile(text: string, blobs: Blobs, vault: OpenVault): Promise<File> {
  const content = await vault.backup(text, backupPieces(text, blobs));
  return new File([content], `islet-${new Date().toISOString().slice(0, 10)}.backup.json`, { type: content.type });
}

/** The bytes of the blobs that the text of a backup names. */
export async function* backupPieces(text: string, blobs: Blobs): AsyncGenerator<[ChunkName, ArrayBuffer]> {
  // Within what a person wrote the quotation marks are escaped.
  for (const { id } of await blobs.all()) if (text.includes(JSON.stringify(blobKey(id)))) yield* blobs.chunks(id);
}

const blobsIn = (found: readonly [RecordKey, StoredRecord][]): BlobRecord[] =>
  found.flatMap(([key, record]) => (key.startsWith("blob:") ? [record as BlobRecord] : []));

/** Whether a backup has more of a message than there is here: a complete answer never changes, and an incomplete one only grows. */
function goesOn(message: Message, here: Message | undefined): boolean {
  const length = (m: Message) => contentOf(m).length + thoughtOf(m).length;
  if (!here) return true;
  return statusOf(here) !== "complete" && (statusOf(message) === "complete" || length(message) > length(here));
}

/** An added model as it stands in a backup, where nothing of it was checked. */
type AddedRecord = StoredRecord & { card?: Partial<ModelCard> | null };

/** The bytes beside the text of a backup, and where they go. */
interface BackupFiles {
  blobs: Blobs;
  pieces: Pieces;
}

/** What came of a backup. */
export interface Restored {
  /** How many it has. */
  conversations: number;
  /** The person's own models that were left out, by id: the policy forbids them, or the catalogue has other models with these ids. */
  leftOut: string[];
}

/**
 * Adds the records of a backup to those that are here. Where both have a conversation, the one changed last stays; where both have an answer, the
 * more complete one. A setting that is here stays, and none gets looser. Without `files` no blobs come back. Throws AppError "backup-invalid" or
 * "not-allowed", and then nothing was changed.
 */
export async function restore(records: Records, text: string, files?: BackupFiles): Promise<Restored> {
  demand("importConversations");
  const found = recordsIn(text);
  const conversations = found.filter(([key]) => key.startsWith("conversation:")) as [RecordKey, Conversation][];
  const leftOut: string[] = [];
  const others: [RecordKey, StoredRecord][] = [];
  for (const [key, record] of found) {
    const kind = key.slice(0, key.indexOf(":"));
    if (kind === "settings") {
      const now = await records.read<SettingsRecord>(key);
      others.push([key, mergedSettings(now, readSettings({ ...record }))]);
    } else if (kind === "added-model") {
      // A model that was added by hand would lack its files.
      if ((record as AddedRecord).card?.origin?.kind === "given") continue;
      const card = admittedCard(record);
      if (card) others.push([`added-model:${card.id}`, { version: 1, card } as StoredRecord]);
      else leftOut.push(shortened(key.slice(key.indexOf(":") + 1), 100));
    }
  }
  const messagesHere = await records.all(messageForm);
  const decide = (here: ReadonlyMap<RecordKey, Conversation>) => {
    const older = new Set(
      conversations.filter(([key, c]) => (here.get(key)?.updatedAt ?? 0) > c.updatedAt).map(([, { id }]) => id),
    );
    const talk = found.flatMap(([key, record]): [RecordKey, StoredRecord][] => {
      if (key.startsWith("message:")) {
        const message = record as Message;
        if (older.has(message.conversationId) || !goesOn(message, messagesHere.get(key))) return [];
      } else if (key.startsWith("conversation:")) {
        const now = here.get(key);
        const there = record as Conversation;
        if (now && (now.updatedAt >= there.updatedAt || there.deletedAt !== undefined)) {
          // One that was deleted a moment ago comes back.
          const { deletedAt, ...kept } = now;
          return deletedAt === undefined ? [] : [[key, kept]];
        }
      } else if (!files || !key.startsWith("blob:")) return [];
      return [[key, record]];
    });
    return { write: [...talk, ...others] };
  };
  const settle = () => records.settle(conversationForm, decide);
  await (files ? files.blobs.restore(blobsIn(found), files.pieces, settle) : settle());
  return { conversations: conversations.length, leftOut };
}

/**
 * What is here stays. The vault does not lock later than before; how long records are kept is taken over only where nothing was chosen,
 * so that a backup neither prolongs nor deletes what is here; and both stay within the policy.
 */
function mergedSettings(here: SettingsRecord | undefined, from: SettingsRecord): SettingsRecord {
  const merged = { ...from, ...here };
  const minutes = [here?.lockMinutes, from.lockMinutes].map((chosen) => lockMinutes(chosen) || Infinity);
  if (merged.lockMinutes !== undefined) merged.lockMinutes = Math.min(...minutes);
  if (merged.lockMinutes === Infinity) merged.lockMinutes = 0;
  for (const [kind, name] of Object.entries(settingOf) as [Retained, (typeof settingOf)[Retained]][]) {
    const chosen = (here ?? from)[name];
    const days = chosen === undefined ? undefined : keptDays(kind, chosen);
    if (days === undefined) delete merged[name];
    else merged[name] = days;
  }
  return merged;
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
    if (typeof record !== "object" || typeof record?.version !== "number") return bad(`${String(key)} is not a record`);
  }
  const read = (found as [RecordKey, AnyRecord][]).map(([key, record]): [RecordKey, StoredRecord] => {
    // What a person's own models are is judged when they are taken in.
    if (key.startsWith("added-model:") && record.version === 1) return [key, record];
    return [key, formed<StoredRecord>(forms[kindOf(key)], key, record) ?? bad(`${key} is none`)];
  });
  const of = <T>(kind: RecordKind) =>
    read.flatMap(([key, r]) => (key.startsWith(`${kind}:`) ? [r as unknown as T] : []));
  const messages = of<Message>("message");
  const ids = new Set(of<Conversation>("conversation").map(({ id }) => id));
  if (messages.some((m) => !ids.has(m.conversationId))) return bad("a message belongs to no conversation");
  return read;
}

/** The card of an added model, if that may come in. */
function admittedCard(record: AddedRecord): ModelCard | undefined {
  const { id, origin, size } = record.card ?? {};
  try {
    return admit({ id, origin, size });
  } catch {
    return undefined;
  }
}
