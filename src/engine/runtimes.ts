// The runtimes that there are, each by the form of models that it runs. The one place outside of their folders that names them. Not for: what a
// runtime is (contract.ts), or when which one runs (client/engines.ts).
import type { ArtifactForm, Runtime } from "./contract";
import { llama } from "./llama/llama";
import { webllm } from "./webllm/webllm";

export const runtimes: Readonly<Record<ArtifactForm, Runtime>> = { mlc: webllm, gguf: llama };
