// A GGUF file from a package of the recipes in WebLLM's layout, so that llama.cpp runs the very same weights and the repository holds them once.
// Pure, and of the web platform only. Not for: packages that others made, whose weights are laid out otherwise.
import { tensorOf } from "./blocks.mjs";
import { jinjaOf } from "./chat-template.mjs";
import { container } from "./container.mjs";
import { vocabularyOf } from "./vocabulary.mjs";

/** How llama.cpp numbers the kinds of files, by the bits of the linear layers. */
const FILE_TYPE = { 4: 9, 8: 7 };

/**
 * What the package does not say of itself. `rope_theta`: base of the rotary embedding; `eps`: of the norms.
 * @typedef {{ heads: number, kv_heads: number, head_dim: number, rope_theta: number, eps: number }} Sizes
 */

/** @typedef {{ name: string, organization: string, licence: string, languages: readonly string[] }} About */

const counted = (count, first = 0) => Array.from({ length: count }, (_, i) => first + i);

/**
 * The rows of a query or key matrix from `first` on, as llama.cpp's rotary embedding wants them: it turns neighbours, the package's kernels turn
 * row i of a head with row i + size / 2.
 */
const interleaved = (heads, size, first) =>
  counted(heads * size, first).map((row, i) => row - (i % size) + ((i % size) >> 1) + (i & 1 ? size / 2 : 0));

/** The tensors of a package by name: float32 ones as they are, quantised ones as matrices. */
class Weights {
  #places = new Map();
  #file;

  constructor(cache, file) {
    this.#file = file;
    for (const { dataPath, records } of cache.records)
      for (const record of records) this.#places.set(record.name, { dataPath, ...record });
  }

  #bytes(name, dtype) {
    const place = this.#places.get(name);
    if (place?.dtype !== dtype) throw new Error(`${name} is ${place?.dtype ?? "not there"}, not ${dtype}`);
    const { dataPath, byteOffset, nbytes } = place;
    return { shape: place.shape, bytes: this.#file(dataPath).slice(byteOffset, byteOffset + nbytes) };
  }

  has = (name) => this.#places.has(name);

  /** @returns {import("./container.mjs").Tensor} */
  vector(name, from) {
    const { shape, bytes } = this.#bytes(from, "float32");
    return { name, type: "F32", shape, bytes };
  }

  /** @returns {import("./blocks.mjs").Matrix} */
  matrix(from) {
    const [numbers, scales] = [this.#bytes(`${from}.q`, "uint32"), this.#bytes(`${from}.s`, "uint32")];
    const rows = numbers.shape[1];
    // A word of scales is one block's of 4 bits with its minimum, or those of two blocks of 8.
    const bits = /** @type {4 | 8} */ ({ 4: 4, 16: 8 }[numbers.shape[0] / scales.shape[0]]);
    if (bits === undefined) throw new Error(`${from} is neither of 4 nor of 8 bits`);
    const words = ({ bytes }) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    return { bits, numbers: words(numbers), scales: words(scales), rows, columns: (numbers.shape[0] * 32) / bits };
  }
}

/** The tensors of one layer. */
function* layerOf(weights, i, { heads, kv_heads, head_dim }) {
  const [from, to] = [`layers.${i}`, `blk.${i}`];
  const [qkv, gateUp] = [weights.matrix(`${from}.attn.qkv`), weights.matrix(`${from}.ffn.gate_up`)];
  const whole = (name, matrix) => tensorOf(`${to}.${name}.weight`, matrix, counted(matrix.rows));
  const part = (name, matrix, rows) => tensorOf(`${to}.${name}.weight`, matrix, rows);
  const [query, key] = [heads * head_dim, kv_heads * head_dim];
  if (qkv.rows !== query + 2 * key) throw new Error(`${from}.attn.qkv has ${qkv.rows} rows, not ${query + 2 * key}`);
  yield weights.vector(`${to}.attn_norm.weight`, `${from}.attn_norm.weight`);
  yield part("attn_q", qkv, interleaved(heads, head_dim, 0));
  yield part("attn_k", qkv, interleaved(kv_heads, head_dim, query));
  yield part("attn_v", qkv, counted(key, query + key));
  yield whole("attn_output", weights.matrix(`${from}.attn.o`));
  yield weights.vector(`${to}.ffn_norm.weight`, `${from}.ffn_norm.weight`);
  yield part("ffn_gate", gateUp, counted(gateUp.rows / 2));
  yield part("ffn_up", gateUp, counted(gateUp.rows / 2, gateUp.rows / 2));
  yield whole("ffn_down", weights.matrix(`${from}.ffn.down`));
}

/** The metadata that says what model this is and of which sizes. */
function describe(config, tensors, sizes, about, layers) {
  const shape = (name) => tensors.find((tensor) => tensor.name === name).shape;
  const text = (key, value) => ({ key, type: "string", value });
  const whole = (key, value) => ({ key, type: "uint32", value });
  const real = (key, value) => ({ key, type: "float32", value });
  const bits = tensors.some(({ type }) => type === "Q5_1") ? 4 : 8;
  return [
    text("general.architecture", "llama"),
    text("general.type", "model"),
    text("general.name", about.name),
    text("general.organization", about.organization),
    text("general.license", about.licence.toLowerCase()),
    { key: "general.languages", type: "string", list: true, value: about.languages },
    whole("general.file_type", FILE_TYPE[bits]),
    whole("general.quantization_version", 2),
    whole("llama.block_count", layers),
    whole("llama.context_length", config.context_window_size),
    whole("llama.embedding_length", shape("token_embd.weight")[0]),
    whole("llama.feed_forward_length", shape("blk.0.ffn_up.weight")[1]),
    whole("llama.attention.head_count", sizes.heads),
    whole("llama.attention.head_count_kv", sizes.kv_heads),
    real("llama.attention.layer_norm_rms_epsilon", sizes.eps),
    real("llama.rope.freq_base", sizes.rope_theta),
    whole("llama.rope.dimension_count", sizes.head_dim),
    whole("llama.vocab_size", config.vocab_size),
  ];
}

/**
 * The pieces of a GGUF file, in order. The same package gives the same bytes. Throws Error where the package is not one of the recipes'.
 * @param {(name: string) => Uint8Array} file gives the bytes of a file of the package
 * @param {Sizes} sizes
 * @param {About} about
 * @returns {Uint8Array[]}
 */
export function ggufOf(file, sizes, about) {
  const json = (name) => JSON.parse(new TextDecoder().decode(file(name)));
  const config = json("mlc-chat-config.json");
  if (config.model_type !== "llama") throw new Error(`not a Llama: ${config.model_type}`);
  const weights = new Weights(json("tensor-cache.json"), file);
  let layers = 0;
  while (weights.has(`layers.${layers}.attn_norm.weight`)) layers++;
  const embedding = weights.matrix("embed_tokens");
  const tensors = [
    // Also the output layer: a file without one of its own has it tied.
    tensorOf("token_embd.weight", embedding, counted(embedding.rows)),
    ...counted(layers).flatMap((i) => [...layerOf(weights, i, sizes)]),
    weights.vector("output_norm.weight", "norm.weight"),
  ];
  const metadata = [
    ...describe(config, tensors, sizes, about, layers),
    ...vocabularyOf(json("tokenizer.json"), config),
    { key: "tokenizer.chat_template", type: "string", value: jinjaOf(config.conv_template) },
  ];
  return container(metadata, tensors);
}
