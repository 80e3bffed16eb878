// How an answer came to be, and what came of it: what is known of a run beside the parts that it wrote. Pure. Not for: the run itself (runs.ts).
import type { AnswerResult, AnswerStats } from "../engine/protocol";
import type { WholeSampling } from "../engine/sampling";
import type { ErrorData } from "../platform/app-error";
import type { Effort } from "../reasoning/effort";
import type { Need } from "../reasoning/need";
import type { Vote } from "../reasoning/vote";

/**
 * `streaming`: being written by some tab, or waiting for its turn; `interrupted`: that tab was closed or killed meanwhile; `repeated`: ended
 * since the model wrote the same again and again.
 */
export type RunStatus = "streaming" | "complete" | "stopped" | "length" | "failed" | "interrupted" | "repeated";

/** What an answer was made with. */
export interface Provenance extends WholeSampling {
  /** SHA-256 over the names and hashes of the model's files. */
  digest: string;
  /** Of the app, with its commit. */
  version: string;
}

export interface RunFacts {
  status: RunStatus;
  modelId?: string;
  stats?: AnswerStats;
  provenance?: Provenance;
  error?: ErrorData;
  /** How many of the oldest turns the model did not read, since they did not fit its context window. */
  droppedTurns?: number;
  /** The engine was lost while this streamed, and recovered by itself. */
  recovered?: boolean;
  /** How much it was to think, where it can; with "auto", what decided. */
  effort?: Effort;
  need?: Need;
  /** Why the thought was closed, where the model did not do it. */
  cut?: AnswerResult["cut"];
  /** What several answers came to, of which this is one. */
  vote?: Vote;
  /** Seconds it took so far, of which `stats` tells only when it ends. */
  seconds?: number;
  /** It was interrupted, then resumed. */
  resumed?: boolean;
  /** Answers with the same mark are being compared. */
  comparison?: string;
}
