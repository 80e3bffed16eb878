// What can still be exported where the app cannot start or has ended: reading the records without it. Nothing in storage is changed except
// by what the audit log notes. Not for: showing it (Rescue.svelte).
import { conversationForm, messageForm } from "../chat/conversation-forms";
import { toJson, treesOf } from "../chat/conversation-transfer";
import type { Records } from "../storage/records";

/** All conversations that were not deleted, in the form that an export has, and how many. Throws AppError. */
export async function conversationsOf(records: Records): Promise<{ json: string; count: number }> {
  const [conversations, messages] = await Promise.all([records.all(conversationForm), records.all(messageForm)]);
  const kept = [...conversations.values()].filter((c) => c.deletedAt === undefined);
  return { json: toJson(treesOf(kept, [...messages.values()])), count: kept.length };
}
