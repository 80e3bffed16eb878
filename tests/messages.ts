// Messages as tests write and compare them: what one says and what is known of its run in one flat object.
import type { Conversation, Message } from "../src/chat/conversation-records";
import type { Conversations } from "../src/chat/conversations.svelte";
import type { Form, RecordKind, StoredRecord } from "../src/storage/forms";
import { partsOf, textIn, thoughtIn } from "../src/runs/parts";
import type { RunFacts } from "../src/runs/run-facts";

export interface FlatMessage extends Partial<RunFacts> {
  id: string;
  conversationId: string;
  parentId: string | null;
  role: "user" | "assistant";
  createdAt: number;
  content: string;
  thought?: string;
}

/** The record of such a message. */
export function messageOf(flat: FlatMessage): Message {
  const { id, conversationId, parentId, role, createdAt, content, thought, ...run } = flat;
  const message = { version: 2 as const, id, conversationId, parentId, role, createdAt };
  const parts = partsOf(content, thought);
  return role === "user" ? { ...message, parts } : { ...message, parts, run: { status: "complete", ...run } };
}

/** What such a record says. */
export function flatOf({ run, parts, ...message }: Message): FlatMessage & Pick<RunFacts, "status"> {
  const thought = thoughtIn(parts);
  return { ...message, content: textIn(parts), ...(thought ? { thought } : {}), status: "complete", ...run };
}

/** Begins a conversation in which nothing was said yet, and opens it. */
export async function begin(conversations: Conversations, title: string): Promise<Conversation> {
  const conversation = conversations.drafted(title, {});
  await conversations.begin(conversation, []);
  return conversation;
}

/** Any records of a kind, whatever they are. */
export const anyOf = (kind: RecordKind): Form<StoredRecord> => ({ kind, read: (record) => record as StoredRecord });
