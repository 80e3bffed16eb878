// The metadata of a GGUF file that says how a model's text becomes tokens, from tokenizer.json. Pure.

/** llama.cpp's kinds of tokens. What is `control` is never shown; what is `defined` is one token wherever it stands, and is shown. */
const KIND = { normal: 1, control: 3, defined: 4 };

/** What a model writes around its thoughts: special in tokenizer.json, yet text that the reader of an answer needs (src/engine/thoughts.ts). */
const thoughtTags = new Set(["<think>", "</think>"]);

/**
 * The name under which llama.cpp knows this way to cut a text before its merges. "smollm": each digit alone, then GPT-2's own expression.
 * Throws for one that it has no name for.
 */
function preTokenizer({ type, pretokenizers = [] }) {
  const steps = pretokenizers.map((step) => step.type).join(" ");
  const alone = pretokenizers.every((step) => step.type !== "Digits" || step.individual_digits);
  if (type === "Sequence" && alone && /^(Split )?Digits ByteLevel$/.test(steps)) return "smollm";
  throw new Error(`llama.cpp has no pre-tokenizer for ${type} (${steps})`);
}

/**
 * @param {any} tokenizer what stands in tokenizer.json
 * @param {{ vocab_size: number, bos_token_id: number, eos_token_id: number, pad_token_id: number }} config
 * @returns {import("./container.mjs").Entry[]}
 */
export function vocabularyOf({ model, added_tokens, pre_tokenizer }, config) {
  if (model.type !== "BPE" || model.byte_fallback) throw new Error(`not a byte-level BPE vocabulary: ${model.type}`);
  const tokens = new Array(config.vocab_size);
  const kinds = new Array(config.vocab_size).fill(KIND.normal);
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  for (const { id, content, special } of added_tokens) {
    tokens[id] = content;
    kinds[id] = special && !thoughtTags.has(content) ? KIND.control : KIND.defined;
  }
  const holes = config.vocab_size - Object.keys(tokens).length;
  if (tokens.length !== config.vocab_size || holes > 0)
    throw new Error(`the vocabulary has ${tokens.length} tokens with ${holes} missing, not ${config.vocab_size}`);
  const merges = model.merges.map((pair) => (typeof pair === "string" ? pair : pair.join(" ")));
  const id = (name, value) => ({ key: `tokenizer.ggml.${name}_token_id`, type: "uint32", value });
  return [
    { key: "tokenizer.ggml.model", type: "string", value: "gpt2" },
    { key: "tokenizer.ggml.pre", type: "string", value: preTokenizer(pre_tokenizer) },
    { key: "tokenizer.ggml.tokens", type: "string", list: true, value: tokens },
    { key: "tokenizer.ggml.token_type", type: "int32", list: true, value: kinds },
    { key: "tokenizer.ggml.merges", type: "string", list: true, value: merges },
    id("bos", config.bos_token_id),
    id("eos", config.eos_token_id),
    id("padding", config.pad_token_id),
    // The prompt is written out in full.
    { key: "tokenizer.ggml.add_bos_token", type: "bool", value: false },
    { key: "tokenizer.ggml.add_eos_token", type: "bool", value: false },
    { key: "tokenizer.ggml.add_space_prefix", type: "bool", value: false },
  ];
}
