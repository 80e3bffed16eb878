// The metadata of a GGUF file that says how a model's text becomes tokens, from tokenizer.json. Pure.

/** llama.cpp's kinds of tokens. What is `control` is never shown; what is `defined` is one token wherever it stands, and is shown. */
const KIND = { normal: 1, control: 3, defined: 4 };

/** What a model writes around its thoughts: special in tokenizer.json, yet text that the reader of an answer needs (src/engine/thoughts.ts). */
const thoughtTags = new Set(["<think>", "</think>"]);

/** The bytes that GPT-2's vocabularies write as they are; each of the others is the next character from U+0100 on. */
const shown = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);

const byteOf = new Map(
  Array.from({ length: 256 }, (_, byte) => byte)
    .sort((a, b) => Number(shown(b)) - Number(shown(a)) || a - b)
    .map((byte, i, all) => [String.fromCharCode(shown(byte) ? byte : 256 + i - all.filter(shown).length), byte]),
);

/** What a token of a byte-level vocabulary stands for; undefined where that is no whole text. */
function textOf(token) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(token, (sign) => byteOf.get(sign)));
  } catch {
    return undefined;
  }
}

/**
 * How llama.cpp is to cut a text before its merges. `name`: what it calls that; "smollm" is each digit alone, then GPT-2's own expression.
 * `apart`: characters that stand alone too. llama.cpp has no name for that; but a token that is `defined` is cut out beforehand, so those that
 * the vocabulary has a token of are. Of the others some are merged with what stands beside them: in none of 4,000 conversations of the reasoning
 * model's training data, and in 14 of 5,000 random mixtures of scripts, most of them after an empty line.
 */
function cutting({ type, pretokenizers = [] }) {
  const [split, ...rest] = pretokenizers[0]?.type === "Split" ? pretokenizers : [undefined, ...pretokenizers];
  const [digits, byteLevel, ...more] = rest;
  const asKnown =
    type === "Sequence" &&
    digits?.type === "Digits" &&
    digits.individual_digits &&
    byteLevel?.type === "ByteLevel" &&
    byteLevel.use_regex &&
    !byteLevel.add_prefix_space &&
    more.length === 0;
  if (!asKnown || (split && (split.behavior !== "Isolated" || split.invert)))
    throw new Error(`llama.cpp knows no such pre-tokenizer: ${JSON.stringify({ type, pretokenizers })}`);
  return { name: "smollm", apart: split && new RegExp(`^${split.pattern.Regex}$`, "u") };
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
  const { name, apart } = cutting(pre_tokenizer);
  for (const [token, id] of Object.entries(model.vocab)) {
    const text = apart && textOf(token);
    const alone = text !== undefined && apart.test(text);
    // The text of a token that is defined is read as it stands, not as bytes.
    tokens[id] = alone ? text : token;
    if (alone) kinds[id] = KIND.defined;
  }
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
    { key: "tokenizer.ggml.pre", type: "string", value: name },
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
