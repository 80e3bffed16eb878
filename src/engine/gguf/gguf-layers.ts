// What each layer of a model keeps of the text that it has read, by the header: keys and values of attention, in a window or of everything, or the
// state of a recurrent layer. Not for: how many bytes that takes in all (gguf-memory.ts).
import { badGguf } from "./gguf-bytes";
import { isList, type Stated } from "./gguf-stated";

/** What one layer keeps. Sizes are counts of numbers. */
export interface LayerCache {
  /** Keys and values of each token: of all heads that keep them together. */
  keys: number;
  values: number;
  /** Tokens that the layer looks back; undefined: all. */
  window?: number;
  /** Numbers of 32 bits that a recurrent layer keeps, however long the text is. */
  state: number;
}

/** Bounds no model comes near, and within which all products below are exact. */
export const MOST_LAYERS = 1024;
const MOST_HEADS = 4096;
export const MOST_WIDTH = 2 ** 20;
const MOST_WINDOW = 2 ** 31;

/**
 * Every how many layers one looks at the whole text, where the file does not say so itself; `first`: that one leads each group. From the runtime's
 * models. Of other architectures a stated window is not used: their layers keep everything, which is never too little.
 */
const patterns: Readonly<Record<string, { every: number; first?: boolean }>> = {
  gemma2: { every: 2 },
  gemma3: { every: 6 },
  gemma3n: { every: 5 },
  "gemma-embedding": { every: 6 },
  cohere2: { every: 4 },
  cohere2moe: { every: 4 },
  exaone4: { every: 4 },
  "gpt-oss": { every: 2 },
  olmo2: { every: 4 },
  llama4: { every: 4 },
  smallthinker: { every: 4, first: true },
  plamo3: { every: 8 },
  afmoe: { every: 4 },
};
/** Families of which each layer is recurrent. */
const recurrent = /^(mamba2?|rwkv6|rwkv6qwen2|rwkv7|arwkv7)$/;
/** Families with recurrence and attention side by side in each layer. */
const both = new Set(["falcon-h1"]);
/** Families of which one layer in so many has attention, and the others are recurrent. */
const interval = /^(qwen3next|qwen35|qwen35moe)$/;
/** Layers of gemma3n that keep keys and values of their own; the others use theirs. */
const GEMMA_3N_OWN = 20;

/** Which layers look back over a window only. */
function windowed(stated: Stated, layers: number): boolean[] {
  const none = new Array<boolean>(layers).fill(false);
  if (!stated.whole("*.attention.sliding_window", MOST_WINDOW)) return none;
  const pattern = stated.value("*.attention.sliding_window_pattern");
  if (isList(pattern) && pattern.values.length >= layers)
    return none.map(
      (_, i) => pattern.values[i] === true || (typeof pattern.values[i] === "number" && pattern.values[i] !== 0),
    );
  const known = Object.hasOwn(patterns, stated.architecture) ? patterns[stated.architecture] : undefined;
  const every = typeof pattern === "number" ? pattern : known?.every;
  // The runtime reads such a number for the families that it knows to have windows.
  if (!known || every === undefined || !(every >= 1)) return none;
  return none.map((_, i) => (known.first ? i % every !== 0 : i % every < every - 1));
}

/** Numbers that a recurrent layer keeps, as llama.cpp reckons them: what its convolution looks back on, and its state. */
function stateOf(stated: Stated, width: number, heads: number): number {
  const size = (key: string) => stated.whole(key, MOST_WIDTH) ?? 0;
  const token = size("*.wkv.head_size");
  if (token > 0) return width * (token + (stated.whole("*.token_shift_count", 16) ?? 2));
  const short = size("*.shortconv.l_cache");
  if (short > 0) return width * (short - 1);
  const [inner, state, groups] = [size("*.ssm.inner_size"), size("*.ssm.state_size"), size("*.ssm.group_count")];
  const back = Math.max(size("*.ssm.conv_kernel") - 1, 0);
  const head = size("*.kda.head_dim");
  if (head > 0) return 3 * back * head * heads + head * head * heads;
  return back * (inner + 2 * groups * state) + inner * state;
}

/** Which layers are recurrent. Layers without heads for keys are, where the file states the size of a state. */
function recurrentLayers(stated: Stated, kvHeads: readonly number[]): boolean[] {
  const { architecture } = stated;
  if (recurrent.test(architecture)) return kvHeads.map(() => true);
  if (interval.test(architecture)) {
    const every = stated.whole("*.full_attention_interval", MOST_LAYERS) || 4;
    return kvHeads.map((_, i) => (i + 1) % every !== 0);
  }
  return kvHeads.map((heads) => heads === 0);
}

/** Sizes of a head's key and value; of latent attention one vector a token stands for all heads, and values are read from the keys. */
function headSizes(stated: Stated, width: number, heads: number) {
  const size = (key: string) => stated.whole(key, MOST_WIDTH);
  const fallback = heads > 0 ? Math.floor(width / heads) : 0;
  const key = size("*.attention.key_length") ?? fallback;
  const value = size("*.attention.value_length") ?? fallback;
  const latent = size("*.attention.key_length_mla") !== undefined && (size("*.attention.kv_lora_rank") ?? 0) > 0;
  return {
    key,
    value: latent ? 0 : value,
    windowKey: size("*.attention.key_length_swa") ?? key,
    windowValue: latent ? 0 : (size("*.attention.value_length_swa") ?? value),
  };
}

/** Layers that keep keys and values of their own; the ones behind these share theirs. */
function ownLayers(stated: Stated, layers: number): number {
  const shared = stated.whole("*.attention.shared_kv_layers", MOST_LAYERS);
  if (shared !== undefined) return Math.max(layers - shared, 0);
  return stated.architecture === "gemma3n" ? Math.min(GEMMA_3N_OWN, layers) : layers;
}

/**
 * What the layers of a model keep, in their order.
 * @param width numbers a token is inside the model (embedding length)
 * @throws AppError "model-invalid" where a key that this follows from is nonsense
 */
export function layerCaches(stated: Stated, layers: number, width: number): LayerCache[] {
  const heads = stated.perLayer("*.attention.head_count", layers, MOST_HEADS) ?? new Array<number>(layers).fill(0);
  const kvHeads = stated.perLayer("*.attention.head_count_kv", layers, MOST_HEADS) ?? heads;
  const most = Math.max(...heads);
  const sizes = headSizes(stated, width, most);
  const window = stated.whole("*.attention.sliding_window", MOST_WINDOW);
  const [inWindow, recurs] = [windowed(stated, layers), recurrentLayers(stated, kvHeads)];
  const [state, own] = [stateOf(stated, width, most), ownLayers(stated, layers)];
  if (!Number.isSafeInteger(state * layers)) throw badGguf("the states of its layers take more memory than there is");
  return kvHeads.map((kv, i) => {
    if (recurs[i]) return { keys: 0, values: 0, state };
    if (i >= own) return { keys: 0, values: 0, state: 0 };
    const cache = inWindow[i]
      ? { keys: kv * sizes.windowKey, values: kv * sizes.windowValue, window: window! }
      : { keys: kv * sizes.key, values: kv * sizes.value };
    return { ...cache, state: both.has(stated.architecture) ? state : 0 };
  });
}
