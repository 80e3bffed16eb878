// What is used of WebLLM though it keeps it private: the models that it has loaded, and of each the tokenizer, the count of what was written, and
// the conversation. Assumes WebLLM 0.2.86. Not for: what is changed of it (the files beside this one).
import type { ChatOptions, MLCEngine } from "@mlc-ai/web-llm";
import type { Conversation } from "./follow-up";
import type { Matching } from "./grammar";
import type { Reader } from "./reading";

export interface Tokenizer {
  encode(text: string): Int32Array;
  decode(ids: Int32Array): string;
}

/** A loaded model. One that is made for vectors has the tokenizer alone. */
export interface Pipeline extends Reader, Matching {
  tokenizer: Tokenizer;
  getCurRoundCompletionTotalTokens(): number;
  conversation: Conversation;
  /** What a model with a manifest has. */
  artifact?: unknown;
}

interface Internals {
  loadedModelIdToPipeline: Map<string, Pipeline>;
  loadedModelIdToChatConfig: Map<string, Required<ChatOptions>>;
}

/** What the engine has of a model that it has loaded. */
export function loadedBy(engine: MLCEngine, id: string) {
  const { loadedModelIdToPipeline, loadedModelIdToChatConfig } = engine as unknown as Internals;
  return { pipeline: loadedModelIdToPipeline.get(id)!, config: loadedModelIdToChatConfig.get(id)! };
}
