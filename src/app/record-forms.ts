// The form of each kind of record, for what goes through all of them: the list of what cannot be read, and backups.
import { conversationForm, messageForm } from "../chat/conversation-forms";
import { conversationKey, type Message } from "../chat/conversation-records";
import { draftForm } from "../chat/drafts.svelte";
import { addedForm, downloadForm, installedForm } from "../models/model-forms";
import { blobForm } from "../storage/blobs/blobs";
import type { Form, RecordKind, Storable, StoredRecord } from "../storage/forms";
import type { Records } from "../storage/records";
import { settingsForm } from "../storage/settings.svelte";
import { auditForm, auditHeadForm, networkForm } from "../trust/log/log-forms";
import { clockForm } from "./clock";

export const forms = {
  conversation: conversationForm,
  message: messageForm,
  draft: draftForm,
  blob: blobForm,
  settings: settingsForm,
  model: installedForm,
  "added-model": addedForm,
  download: downloadForm,
  audit: auditForm,
  "audit-head": auditHeadForm,
  network: networkForm,
  clock: clockForm,
} satisfies Record<RecordKind, Form<StoredRecord>>;

type RecordOf<K extends RecordKind> = (typeof forms)[K] extends Form<infer T> ? T : never;
/** The kinds with something in them that a vault could not seal: there is none. */
export type Unstorable = { [K in RecordKind]: RecordOf<K> extends Storable<RecordOf<K>> ? never : K }[RecordKind];

/** All of them, but a message whose conversation cannot be read is refused: nothing shows it, so it has to be listed elsewhere. */
export async function strictForms(records: Records): Promise<readonly Form<StoredRecord>[]> {
  const conversations = new Set((await records.all(conversationForm)).keys());
  const message: Form<Message> = {
    ...messageForm,
    read: (record, key) => {
      const read = messageForm.read(record, key);
      return read && conversations.has(conversationKey(read.conversationId)) ? read : undefined;
    },
  };
  return Object.values({ ...forms, message });
}
