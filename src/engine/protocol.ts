// The messages between the page and the engine worker, and the types both sides share. The only file that both import.
import type { ErrorData } from "../platform/app-error";

/** One file of a model as the app pins it: its size in bytes and its SHA-256 as a subresource-integrity string. */
interface PinnedFile {
  bytes: number;
  integrity: string;
}

/** What the engine needs to load a model. `baseUrl`: absolute, ends with "/resolve/main/"; file names are relative to it. */
export interface ModelSource {
  id: string;
  baseUrl: string;
  library: string;
  files: Record<string, PinnedFile>;
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

/** Where a load stands. Bytes for "download" and "verify", a count of shaders for "compile". */
export interface LoadProgress {
  phase: "start" | "download" | "verify" | "compile";
  done: number;
  total: number;
  /** Bytes per second over the last seconds, while downloading. */
  rate?: number;
  secondsLeft?: number;
}

export interface LoadedModel {
  contextSize: number;
  /** What the browser says of the graphics adapter. */
  adapter: string;
}

/** Figures of one answer, as WebLLM measured them. Tokens, and tokens or tokens per second. */
export interface AnswerStats {
  promptTokens: number;
  answerTokens: number;
  prefillRate: number;
  decodeRate: number;
  secondsToFirstToken: number;
  /** Tokens in the context window after the answer, and its size. */
  contextUsed: number;
  contextSize: number;
}

export interface AnswerResult {
  stats: AnswerStats;
  /** "length": the context window was full. */
  finish: "stop" | "length" | "stopped";
}

export type EngineRequest =
  | { kind: "load"; id: number; model: ModelSource; contextSize?: number }
  | { kind: "generate"; id: number; turns: ChatTurn[]; sampling: Sampling; continueFrom?: string }
  | { kind: "repair"; id: number; model: ModelSource }
  | { kind: "remove"; id: number; model: ModelSource }
  | { kind: "installed"; id: number; model: ModelSource }
  | { kind: "unload"; id: number }
  | { kind: "statistics"; id: number }
  | { kind: "stop" };

export type EngineEvent =
  | { kind: "ready"; lifeLock: string }
  | { kind: "progress"; id: number; progress: LoadProgress }
  | { kind: "started"; id: number; droppedTurns: number }
  | { kind: "token"; id: number; text: string }
  | { kind: "done"; id: number; value: unknown }
  | { kind: "failed"; id: number; error: ErrorData }
  | { kind: "device-lost"; detail: string; outOfMemory: boolean };
