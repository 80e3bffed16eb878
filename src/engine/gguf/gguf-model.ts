// A model by the headers of all its files: what it is, or why it is not run. Not for: reading a header (gguf-header.ts), or judging (gguf-facts.ts,
// gguf-architectures.ts).
import { AppError } from "../../platform/app-error";
import { refusedFor } from "./gguf-architectures";
import { factsOf, type GgufFacts } from "./gguf-facts";
import { readHeader } from "./gguf-header";
import type { GgufMetadata } from "./gguf-metadata";
import { joinParts } from "./gguf-parts";

/**
 * Reads a model of one file, or of all that it is split into.
 * @param keepTokens as in `readHeader`.
 * @throws AppError "model-invalid" where it is none, or of a kind that the runtime does not run.
 */
export async function readModel(
  files: readonly Blob[],
  keepTokens = false,
): Promise<{ metadata: GgufMetadata; facts: GgufFacts }> {
  const model = joinParts(await Promise.all(files.map((file) => readHeader(file, undefined, keepTokens))));
  const facts = factsOf(model);
  const refusal = refusedFor(facts);
  if (refusal) throw new AppError("model-invalid", refusal.detail, "choose-model");
  return { metadata: model.metadata, facts };
}
