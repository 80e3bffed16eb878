// The records of a conversation as they lie in storage. Messages form a tree by `parentId`: editing a question or
// regenerating an answer adds a sibling and overwrites nothing.
import type { AnswerResult, AnswerStats } from "../engine/protocol";
import type { ErrorData } from "../platform/app-error";
import type { Effort } from "../reasoning/effort";
import type { Need } from "../reasoning/need";
import type { Vote } from "../reasoning/vote";
import type { RecordKey, StoredRecord } from "../storage/records";

export interface Conversation extends StoredRecord {
  version: 1;
  id: string;
  /** "" until the first question gives it one. */
  title: string;
  createdAt: number;
  updatedAt: number;
  /** The newest message of the branch that is shown. */
  leafId: string | null;
  /** Deleted, but still to be had back. */
  deletedAt?: number;
  /** How much its answers are thought about, and how many are voted on with high effort. */
  effort?: Effort;
  votes?: number;
}

/**
 * `streaming`: being written by some tab; `interrupted`: that tab was closed or killed meanwhile; `repeated`: ended since the model wrote the
 * same again and again.
 */
type MessageStatus = "streaming" | "complete" | "stopped" | "length" | "failed" | "interrupted" | "repeated";

/** What an answer was made with. */
export interface Provenance {
  /** SHA-256 over the names and hashes of the model's files. */
  digest: string;
  temperature: number;
  topP: number;
  /** Of the app, with its commit. */
  version: string;
}

export interface Message extends StoredRecord {
  version: 1;
  id: string;
  conversationId: string;
  parentId: string | null;
  role: "user" | "assistant";
  content: string;
  createdAt: number;
  status: MessageStatus;
  modelId?: string;
  stats?: AnswerStats;
  provenance?: Provenance;
  error?: ErrorData;
  /** How many of the oldest turns the model did not read, since they did not fit its context window. */
  droppedTurns?: number;
  /** The engine was lost while this streamed, and recovered by itself. */
  recovered?: boolean;
  /** What the model thought before the answer, which is `content`. */
  thought?: string;
  /** How much it was to think, where it can; with "auto", what decided. */
  effort?: Effort;
  need?: Need;
  /** Why the thought was closed, where the model did not do it. */
  cut?: AnswerResult["cut"];
  /** What several answers came to, of which this is one. */
  vote?: Vote;
  /** What it took so far, of which `stats` tells only when it ends. */
  seconds?: number;
  /** It broke off and was gone on with. */
  resumed?: boolean;
  /** Answers with the same mark are being compared. */
  comparison?: string;
}

/** Whether an answer broke off, or was broken off, with something that can be gone on with. */
export const isResumable = ({ status, content, thought }: Message): boolean =>
  ["interrupted", "stopped", "failed", "repeated"].includes(status) && (content !== "" || !!thought);

export const conversationKey = (id: string): RecordKey => `conversation:${id}`;
export const messageKey = (m: Pick<Message, "conversationId" | "id">): RecordKey =>
  `message:${m.conversationId}/${m.id}`;
/** Of what is written in a conversation and not sent (drafts.svelte.ts). */
export const draftKey = (conversationId: string): RecordKey => `draft:${conversationId}`;

/** The name of the lock that a tab holds while it writes a message. */
export const writingLock = (messageId: string) => `islet-writing-${messageId}`;
