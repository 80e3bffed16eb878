// What can still be had where the app cannot begin, or has ended: reading the records without it. Nothing in storage is changed but for
// what the audit log notes. Not for: showing it (Rescue.svelte).
import { readConversation, readMessage } from "../chat/conversation-forms";
import { toJson, treesOf } from "../chat/transfer";
import type { Records } from "../storage/records";
import { recordsLock } from "../storage/vault/vault-store";
import { followOtherTabs } from "../trust/vault/open-vault.svelte";

/** From now on nobody changes how records lie in storage while this page lives. Waits for a tab that does. */
export async function holdRecords(): Promise<void> {
  // A page that came over plain HTTP has no locks, and no vault.
  if (!isSecureContext) return;
  await new Promise<void>((held) => {
    void navigator.locks.request(recordsLock, { mode: "shared" }, () => {
      held();
      return new Promise<never>(() => {});
    });
  });
  followOtherTabs();
}

/** All conversations that were not deleted, in the form that an export has, and how many. Throws AppError. */
export async function conversationsOf(records: Records): Promise<{ json: string; count: number }> {
  const [conversations, messages] = await Promise.all([
    records.all("conversation", readConversation),
    records.all("message", readMessage),
  ]);
  const kept = [...conversations.values()].filter((c) => c.deletedAt === undefined);
  return { json: toJson(treesOf(kept, [...messages.values()])), count: kept.length };
}
