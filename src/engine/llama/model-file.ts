// What the files of a model say of it that llama.cpp is told, or that it is asked with: read from their headers before any weight is. Not for: how a
// header is read (engine/gguf).
import { TOKENS, type GgufValue } from "../gguf/gguf-metadata";
import { readModel } from "../gguf/gguf-model";
import { samplingOf, type Sampling, type WholeSampling } from "../sampling";

export interface ModelFile {
  /** Tokens that the model was made for. */
  contextLength: number;
  template: string | undefined;
  /** The texts of the tokens that a text begins with and an answer ends with; "" where there is none. */
  begin: string;
  end: string;
  sampling: WholeSampling;
}

/** What files call the parameters of sampling that their publisher recommends. */
const samplingKeys = {
  temperature: "general.sampling.temp",
  topP: "general.sampling.top_p",
} as const satisfies Record<keyof Sampling, string>;

/** Reads the headers of all parts of a model. Throws AppError "model-invalid", also where llama.cpp does not run models of its kind. */
export async function readModelFile(parts: readonly Blob[]): Promise<ModelFile> {
  const { metadata, facts } = await readModel(parts, true);
  const tokenOf = (key: string): string => {
    const [id, tokens] = [metadata.get(key), metadata.get(TOKENS)];
    const text = typeof tokens === "object" && typeof id === "number" ? tokens.values[id] : undefined;
    return typeof text === "string" ? text : "";
  };
  return {
    contextLength: facts.contextLength,
    template: facts.template,
    begin: tokenOf("tokenizer.ggml.bos_token_id"),
    end: tokenOf("tokenizer.ggml.eos_token_id"),
    sampling: samplingOf((name) => positive(metadata.get(samplingKeys[name]))),
  };
}

const positive = (value: GgufValue | undefined) => (typeof value === "number" && value >= 0 ? value : undefined);
