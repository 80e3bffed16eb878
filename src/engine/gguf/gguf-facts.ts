// What a model is, by the header of its file: architecture, size, quantisation, context, languages, licence, template. It is what the file says of
// itself, checked for type and length; whether that is true nobody knows. Not for: whether it is run (gguf-architectures.ts) or fits (gguf-memory.ts).
import { embedders } from "./gguf-architectures";
import { badGguf } from "./gguf-bytes";
import type { GgufTensor } from "./gguf-header";
import { layerCaches, MOST_LAYERS, MOST_WIDTH, type LayerCache } from "./gguf-layers";
import type { GgufModel } from "./gguf-parts";
import { isList, Stated } from "./gguf-stated";
import { templateFacts, type TemplateFacts } from "./gguf-template";
import { mixtureName } from "./gguf-types";

export interface GgufFacts extends TemplateFacts {
  architecture: string;
  /** What `general.type` says: "model", or a part of one. */
  type?: string;
  name?: string;
  publisher?: string;
  /** As stated, an SPDX name in small letters as a rule. */
  licence?: string;
  /** BCP 47 tags, at most 100. */
  languages: readonly string[];
  /** Weights in all, and those that a token goes through: fewer where a mixture of experts chooses some. */
  parameters: number;
  activeParameters: number;
  experts?: { count: number; used: number };
  /** "Q4_K_M", or the type of most weights where the file does not say it or says something else. */
  quantisation: string;
  weightBytes: number;
  /** Bytes of the table of tokens among the weights, which stays in main memory whatever runs the model; whether it is also what writes tokens. */
  tokenTable: { bytes: number; tied: boolean };
  /** Tokens that it was made for. */
  contextLength: number;
  /** Numbers that a token is inside the model. */
  embeddingLength: number;
  /** Numbers within its feed-forward part, of the widest layer; of the experts that a token goes through together. */
  feedForwardLength: number;
  heads: number;
  kvHeads: number;
  /** Numbers of all heads' queries together. */
  queryLength: number;
  /** Numbers within a recurrent layer; 0 where there is none. */
  innerLength: number;
  slidingWindow?: number;
  layers: readonly LayerCache[];
  vocabulary: number;
  /** The chat template as it stands in the file; undefined where there is none. */
  template?: string;
  /** It gives vectors of texts, and writes none. */
  embeds: boolean;
}

const MOST_TOKENS = 2 ** 24;
/** Letters of a template. The longest that are published have some 30,000; it is a program, and a longer one is not to be run. */
const LONGEST_TEMPLATE = 200_000;
const languageTag = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;

/** Kinds of pooling by which a model gives vectors: mean, first, last. 4 ranks texts. */
const poolings = [1, 2, 3, 4];

/** How much of a tensor's weights a token goes through. */
function activeShare({ name, shape }: GgufTensor, { count, used }: { count: number; used: number }): number {
  const merged = /_(?:ch)?exps\b/.test(name) && shape.at(-1) === count;
  const single = /^blk\.\d+\.ffn_(?:gate|up|down)\.\d+\./.test(name);
  return merged || single ? used / count : 1;
}

/** "Q4" of "Q4_K_M": mixtures are called after the type that most of their layers have. */
const family = (quantisation: string) => /^[A-Z]+\d*/.exec(quantisation)?.[0];

/** The quantisation that a file names, where any tensor is of its family; else the type that most weights are of. */
function quantisationOf(tensors: readonly GgufTensor[], fileType: unknown): string {
  const weights = new Map<string, number>();
  for (const tensor of tensors) weights.set(tensor.type, (weights.get(tensor.type) ?? 0) + tensor.weights);
  const named = mixtureName(fileType);
  if (named && [...weights.keys()].some((type) => family(type) === family(named))) return named;
  return [...weights].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "none";
}

function expertsOf(stated: Stated): GgufFacts["experts"] {
  const count = stated.whole("*.expert_count", 2 ** 16) ?? 0;
  const used = stated.whole("*.expert_used_count", 2 ** 16) ?? 0;
  if (count === 0) return undefined;
  if (used < 1 || used > count)
    throw badGguf(`${stated.architecture}.expert_used_count is ${used} of ${count} experts`);
  return { count, used };
}

function feedForwardOf(stated: Stated, layers: number, experts: GgufFacts["experts"]): number {
  const dense = Math.max(0, ...(stated.perLayer("*.feed_forward_length", layers, MOST_WIDTH) ?? []));
  if (!experts) return dense;
  const each = stated.whole("*.expert_feed_forward_length", MOST_WIDTH) ?? dense;
  const shared = stated.whole("*.expert_shared_feed_forward_length", MOST_WIDTH) ?? 0;
  return each * experts.used + shared;
}

function tokenTableOf(tensors: readonly GgufTensor[]): GgufFacts["tokenTable"] {
  const table = tensors.find(({ name }) => name === "token_embd.weight");
  return { bytes: table?.bytes ?? 0, tied: !tensors.some(({ name }) => name === "output.weight") };
}

function vocabularyOf(stated: Stated, tensors: readonly GgufTensor[]): number {
  const tokens = stated.value("tokenizer.ggml.tokens");
  const table = tensors.find(({ name }) => name === "token_embd.weight")?.shape[1];
  const size = isList(tokens) ? tokens.count : (stated.whole("*.vocab_size", MOST_TOKENS) ?? table ?? 0);
  if (size > MOST_TOKENS) throw badGguf(`the vocabulary has ${size} tokens`);
  return size;
}

function templateOf(stated: Stated): string | undefined {
  const template = stated.value("tokenizer.chat_template");
  if (template === undefined) return undefined;
  if (typeof template !== "string" || template.length > LONGEST_TEMPLATE)
    throw badGguf(`tokenizer.chat_template is no text of at most ${LONGEST_TEMPLATE} letters`);
  return template;
}

/** What is said of a model for people to read. */
function descriptionOf(stated: Stated) {
  const type = stated.line("general.type");
  const name = stated.line("general.name") ?? stated.line("general.basename");
  const publisher = stated.line("general.organization") ?? stated.line("general.author");
  const code = stated.line("general.license");
  const licence = code === "other" ? (stated.line("general.license.name") ?? code) : code;
  return {
    ...(type === undefined ? {} : { type }),
    ...(name === undefined ? {} : { name }),
    ...(publisher === undefined ? {} : { publisher }),
    ...(licence === undefined ? {} : { licence }),
    languages: stated.texts("general.languages", languageTag, 100),
  };
}

function sizesOf(stated: Stated, tensors: readonly GgufTensor[]) {
  const layers = stated.needed("*.block_count", MOST_LAYERS);
  const embeddingLength = stated.needed("*.embedding_length", MOST_WIDTH);
  const experts = expertsOf(stated);
  const heads = Math.max(0, ...(stated.perLayer("*.attention.head_count", layers, 4096) ?? []));
  const kvHeads = Math.max(0, ...(stated.perLayer("*.attention.head_count_kv", layers, 4096) ?? [heads]));
  const key = stated.whole("*.attention.key_length", MOST_WIDTH) ?? (heads > 0 ? embeddingLength / heads : 0);
  const slidingWindow = stated.whole("*.attention.sliding_window", 2 ** 31);
  return {
    contextLength: stated.needed("*.context_length", 2 ** 31),
    embeddingLength,
    feedForwardLength: feedForwardOf(stated, layers, experts),
    heads,
    kvHeads,
    queryLength: heads * key,
    innerLength: stated.whole("*.ssm.inner_size", MOST_WIDTH) ?? 0,
    layers: layerCaches(stated, layers, embeddingLength),
    vocabulary: vocabularyOf(stated, tensors),
    ...(experts ? { experts } : {}),
    ...(slidingWindow ? { slidingWindow } : {}),
  };
}

/**
 * Reads what a model is from the headers of its files.
 * @throws AppError "model-invalid" where what it cannot run without is missing, or of another type or size than any model's
 */
export function factsOf({ metadata, tensors }: Pick<GgufModel, "metadata" | "tensors">): GgufFacts {
  const stated = new Stated(metadata);
  const sizes = sizesOf(stated, tensors);
  const template = templateOf(stated);
  const one = { count: 1, used: 1 };
  const sum = (of: (tensor: GgufTensor) => number) => tensors.reduce((total, tensor) => total + of(tensor), 0);
  const pooling = stated.whole("*.pooling_type", 255);
  return {
    architecture: stated.architecture,
    ...descriptionOf(stated),
    ...sizes,
    parameters: sum(({ weights }) => weights),
    activeParameters: Math.round(sum((tensor) => tensor.weights * activeShare(tensor, sizes.experts ?? one))),
    quantisation: quantisationOf(tensors, stated.value("general.file_type")),
    weightBytes: sum(({ bytes }) => bytes),
    tokenTable: tokenTableOf(tensors),
    ...(template === undefined ? {} : { template }),
    ...templateFacts(template ?? ""),
    embeds: embedders.has(stated.architecture) || (pooling !== undefined && poolings.includes(pooling)),
  };
}
