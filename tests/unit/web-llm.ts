// The classes that WebLLM keeps private, as they are in the installed version: what its patches are tried on. Its script is taken as it is, with one
// more line that exports them.
import { readFileSync } from "node:fs";
import type { ChatOptions, MLCEngine } from "@mlc-ai/web-llm";
import type { Conversation } from "../../src/engine/webllm/patches/follow-up";
import type { Pipeline } from "../../src/engine/webllm/patches/internals";

const folder = "node_modules/@mlc-ai/web-llm/";

export const version = (JSON.parse(readFileSync(`${folder}package.json`, "utf8")) as { version: string }).version;

interface Private {
  MLCEngine: typeof MLCEngine;
  LLMChatPipeline: { prototype: Pipeline };
  EmbeddingPipeline: { prototype: object };
  Conversation: new (config: ChatOptions["conv_template"]) => Conversation & Conversing;
  /** TVM's web runtime: how it reads what is stored, and asks for a device. */
  runtime: {
    ArtifactIndexedDBCache: new (name: string) => {
      fetchWithCache(url: string, type: "json" | "arraybuffer"): Promise<unknown>;
      hasAllKeys(urls: string[]): Promise<boolean>;
    };
    detectGPUDevice(): Promise<{ device: GPUDevice } | undefined>;
  };
}

interface Conversing {
  appendMessage(role: "user", text: string): void;
  appendReplyHeader(role: "assistant"): void;
  finishReply(text: string): void;
}

export async function privateParts(): Promise<Private> {
  const script = readFileSync(`${folder}lib/index.js`, "utf8").replace(/\n\/\/# sourceMappingURL.*\s*$/, "");
  const names = "LLMChatPipeline, EmbeddingPipeline, Conversation, libExports$2 as runtime";
  // It looks whether it is in Node, which has other files at hand than a browser.
  const whole = Buffer.from(`const process = undefined;\n${script}\nexport { ${names} };\n`).toString("base64");
  return (await import(/* @vite-ignore */ `data:text/javascript;base64,${whole}`)) as Private;
}
