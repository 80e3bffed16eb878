// The messages between the page and its two workers, and the types both sides share: the engine worker runs models, the
// store worker brings them to this device. The only file that all of them import.
import type { NetworkRules } from "../trust/network-rules";
import type { ErrorData } from "../platform/app-error";
import type { AnswerParts, PartialAnswer, ThoughtFormat } from "./thoughts";

/** The name under which a model's library is kept, whatever it is called where it comes from. */
export const LIBRARY = "library.wasm";

/** One file of a model: its size in bytes and its SHA-256 as a subresource-integrity string. */
export interface ModelFile {
  bytes: number;
  integrity: string;
}

/** A model that is on this device. */
export interface ModelSource {
  id: string;
  /** The address under which its files are kept, wherever they came from; absolute, ends with "/resolve/main/". */
  baseUrl: string;
  files: Readonly<Record<string, ModelFile>>;
  /** Tokens of context window, where the build is made for other than its configuration says. */
  contextSize?: number;
  embedding?: boolean;
  /** The file that names the model's parts, for those that have one. */
  manifest?: string;
}

/** A model that is to be brought to this device. */
export interface DownloadOrder {
  id: string;
  baseUrl: string;
  /** Where its files are, ends with "/", and its library. */
  from: string;
  library: string;
  /** What its files must be, where that is known beforehand. */
  files?: Readonly<Record<string, ModelFile>> | undefined;
  /** Whether `from` has an islet-model.json that says what its files must be. */
  pinsAtSource: boolean;
  /** Which addresses may be asked. */
  network: NetworkRules;
  manifest?: string | undefined;
}

/** What came of bringing a model. */
export interface StoredModel {
  files: Record<string, ModelFile>;
  /** Its files were compared with hashes that were there before them: given with the order, or stated by the source. */
  compared: boolean;
}

export interface ChatTurn {
  role: "user" | "assistant";
  content: string;
}

export interface Sampling {
  /** 0 always takes the likeliest token. */
  temperature: number;
  /** 0 < topP <= 1: sample among the likeliest tokens whose probabilities sum to topP. */
  topP: number;
}

/**
 * Where bringing or loading a model stands. Bytes for "download", "verify", "import" and "export", a count of shards for "read", of
 * shaders for "compile" and of answers for "compare". `elsewhere`: another tab is bringing the same model; `queued`: another model comes first.
 */
export interface LoadProgress {
  phase:
    "start" | "queued" | "elsewhere" | "download" | "verify" | "import" | "export" | "read" | "compile" | "compare";
  done: number;
  total: number;
  /** Bytes per second over the last seconds, while downloading. */
  rate?: number;
  secondsLeft?: number;
  /** Files that are finished, and all. */
  files?: { done: number; total: number };
  /** The server failed or asked to wait: the next try comes after so many seconds. */
  retry?: { seconds: number; reason: string };
}

export interface LoadedModel {
  contextSize: number;
  /** What the model's configuration recommends. */
  sampling: Sampling;
  /** What the browser says of the graphics adapter. */
  adapter: string;
}

/** Whether and how long a model that reasons is to think. */
export interface Thinking {
  format: ThoughtFormat;
  think: boolean;
  /** Tokens after which the thought is closed. */
  budget?: number;
}

/** What is asked of the loaded model. */
export interface Question {
  turns: ChatTurn[];
  sampling: Sampling;
  /** Undefined for a model that does not reason. */
  thinking?: Thinking | undefined;
  /** What stands already of the answer. */
  continueFrom?: PartialAnswer | undefined;
  /** Tokens after which the answer ends. Undefined: when the model ends it, or the context window is full. */
  maxTokens?: number | undefined;
}

/** Figures of one answer. Tokens, seconds, and tokens per second as WebLLM measured them. */
export interface AnswerStats {
  /** What was read: the prompt, and what was read again where an answer was gone on with. */
  promptTokens: number;
  thoughtTokens: number;
  answerTokens: number;
  prefillRate: number;
  decodeRate: number;
  secondsToFirstToken: number;
  /** From the request to the end, and the part of it in which the model thought. */
  seconds: number;
  thoughtSeconds: number;
  /** Tokens in the context window after the answer, and its size. */
  contextUsed: number;
  contextSize: number;
}

export interface AnswerResult extends AnswerParts {
  stats: AnswerStats;
  /**
   * "length": the context window was full, or the answer had as many tokens as were asked for; "repeated": the model wrote the same again and
   * again (repetition.ts).
   */
  finish: "stop" | "length" | "stopped" | "repeated";
  /** Why the thought was closed, where the model did not do it. */
  cut?: "budget" | "answer-now" | "repetition";
}

/** A piece of an answer that streams. */
export interface AnswerToken {
  part: keyof AnswerParts;
  text: string;
  /** Tokens of this part so far. */
  tokens: number;
}

/** A file that a person gives: its path within what was given. */
export interface GivenFile {
  path: string;
  file: Blob;
}

/** What a set of given files says of itself before any of it is kept. */
export interface PackageSummary {
  /** The id the package states, if it does. */
  id?: string;
  /** What the package says of its model: checked for form, not for truth. */
  facts?: PackageFacts;
  bytes: number;
}

/** What a package may say of its model, for people. */
export interface PackageFacts {
  name?: string;
  publisher?: string;
  licence?: string;
  parameters?: number;
}

export type EngineRequest =
  /** `arriving`: the last files are on their way; each is verified as it comes, so that none need be hashed again. */
  | { kind: "load"; id: number; model: ModelSource; contextSize?: number; arriving?: boolean }
  | ({ kind: "generate"; id: number } & Question)
  | { kind: "unload"; id: number }
  | { kind: "statistics"; id: number }
  | { kind: "stop" }
  /** Closes the thought that streams. */
  | { kind: "answer-now" };

export type StoreRequest =
  | { kind: "download"; id: number; order: DownloadOrder }
  /** Which files of the model are missing or not the recorded bytes; with `repair`, those are deleted. */
  | { kind: "check"; id: number; model: ModelSource; repair: boolean }
  | { kind: "remove"; id: number; baseUrl: string }
  /** Every model of which something is stored, by its `baseUrl`. */
  | { kind: "kept"; id: number }
  | { kind: "inspect"; id: number; given: GivenFile[] }
  | { kind: "import"; id: number; given: GivenFile[]; baseUrl: string; files?: Readonly<Record<string, ModelFile>> }
  | { kind: "export"; id: number; model: ModelSource; facts: PackageFacts; folder?: FileSystemDirectoryHandle }
  /** Ends the request of that id. */
  | { kind: "abort"; target: number };

/** What either worker tells the page. */
export type WorkerEvent =
  | { kind: "ready"; lifeLock: string }
  | { kind: "progress"; id: number; progress: LoadProgress }
  | { kind: "started"; id: number; droppedTurns: number }
  | ({ kind: "token"; id: number } & AnswerToken)
  | { kind: "done"; id: number; value: unknown }
  | { kind: "failed"; id: number; error: ErrorData }
  /** The page ended the request, and all that is to be tidied up is. */
  | { kind: "cancelled"; id: number }
  | { kind: "device-lost"; detail: string; outOfMemory: boolean };
