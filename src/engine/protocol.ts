// What page and workers speak of: models, questions, answers and their figures. Not for: what a worker can be asked (calls.ts).
import type { Ability, ArtifactForm } from "./contract";
import type { NetworkRules } from "../trust/rules/network-rules";
import type { Sampling } from "./sampling";
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
  form: ArtifactForm;
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
  form: ArtifactForm;
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
  can: ReadonlySet<Ability>;
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

/** A JSON Schema, as an object. Schemas alone, and no grammars: each runtime writes those in its own way. */
type JsonSchema = Readonly<Record<string, unknown>>;

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
  /**
   * Any whole number: with equal seeds, a model on a machine gives equal answers to an equal question. Undefined: they differ where the temperature
   * is above 0. An answer that is resumed draws anew from there.
   */
  seed?: number | undefined;
  /**
   * What the answer is to be: JSON that this JSON Schema allows. Only for models that can be held to a grammar. A thought is free, and an answer that
   * ends before the model ends it ("length", "stopped", "repeated") may be the beginning of such JSON alone.
   */
  schema?: JsonSchema | undefined;
}

/** Figures of one answer. Tokens, seconds, and tokens per second as the runtime measured them. */
export interface AnswerStats {
  /** What was read: the prompt, and what was read again where an answer was resumed. */
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
