// The records of a conversation as they lie in storage. Messages form a tree by `parentId`: editing a question or
// regenerating an answer adds a sibling and overwrites nothing.
import type { Effort } from "../reasoning/effort";
import { textIn, thoughtIn, type Part } from "../runs/parts";
import type { RunFacts, RunStatus } from "../runs/run-facts";
import type { RecordKey, StoredRecord } from "../storage/forms";

export interface Conversation extends StoredRecord {
  version: 1;
  id: string;
  /** "" until the first question gives it one. */
  title: string;
  createdAt: number;
  updatedAt: number;
  /** The newest message of the branch that is shown. */
  leafId: string | null;
  /** Deleted, but can still be restored. */
  deletedAt?: number;
  /** How much its answers are thought about, and how many are voted on with high effort. */
  effort?: Effort;
  votes?: number;
}

/** That of messages, and of files with conversations. With it goes a migration (conversation-forms.ts). */
export const MESSAGE_VERSION = 2;

export interface Message extends StoredRecord {
  version: typeof MESSAGE_VERSION;
  id: string;
  conversationId: string;
  parentId: string | null;
  role: "user" | "assistant";
  parts: readonly Part[];
  createdAt: number;
  /** How the answer came to be; nothing for what a person wrote. */
  run?: RunFacts;
}

/** What a message says, without thoughts; "" where it says nothing. */
export const contentOf = ({ parts }: Message): string => textIn(parts);

/** What was thought for it; "" without a thought. */
export const thoughtOf = ({ parts }: Message): string => thoughtIn(parts);

/** What a person wrote is complete. */
export const statusOf = ({ run }: Message): RunStatus => run?.status ?? "complete";

/** Nothing came of it, not even a thought. */
export const isBlank = ({ parts }: Message): boolean => parts.every((part) => "text" in part && part.text === "");

/** Whether an answer broke off, or was stopped, in a way that it can be continued. */
export const isResumable = (message: Message): boolean =>
  ["interrupted", "stopped", "failed", "repeated"].includes(statusOf(message)) && !isBlank(message);

export const conversationKey = (id: string): RecordKey => `conversation:${id}`;
export const messageKey = (m: Pick<Message, "conversationId" | "id">): RecordKey =>
  `message:${m.conversationId}/${m.id}`;
/** The key of what is written in a conversation and not sent (drafts.svelte.ts). */
export const draftKey = (conversationId: string): RecordKey => `draft:${conversationId}`;

/** The name of the lock that a tab holds while it writes a message. */
export const writingLock = (messageId: string) => `islet-writing-${messageId}`;
