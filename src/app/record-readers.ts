// The reader of each kind of record, for what goes through all of them: the list of what cannot be read, and backups.
import { messageFromVersion1, readConversation, readMessage } from "../chat/conversation-forms";
import { readDraft } from "../chat/drafts.svelte";
import { readAdded, readDownload, readInstalled } from "../models/model-forms";
import { fieldsOf } from "../platform/values";
import { conversationKey } from "../chat/conversation-records";
import type { Migration, Reader, RecordKind, Records } from "../storage/records";
import { readSettings } from "../storage/settings.svelte";
import { readAuditEntry, readAuditHead, readNetworkEntry } from "../trust/log-forms";

/** How records of earlier versions become those of now. */
export const migrations: Partial<Record<RecordKind, readonly Migration[]>> = { message: [messageFromVersion1] };

export const readers: Partial<Record<RecordKind, Reader<unknown>>> = {
  conversation: readConversation,
  message: readMessage,
  draft: readDraft,
  settings: (record) => {
    const from = fieldsOf(record);
    return from && readSettings(from);
  },
  model: readInstalled,
  "added-model": readAdded,
  download: readDownload,
  audit: readAuditEntry,
  "audit-head": readAuditHead,
  network: readNetworkEntry,
};

/** The same, but that a message whose conversation cannot be read is none: nothing shows it, so that it has to be named elsewhere. */
export async function strictReaders(records: Records): Promise<typeof readers> {
  const conversations = new Set((await records.all("conversation", readConversation)).keys());
  const message: Reader<unknown> = (record, key) => {
    const read = readMessage(record, key);
    return read && conversations.has(conversationKey(read.conversationId)) ? read : undefined;
  };
  return { ...readers, message };
}
