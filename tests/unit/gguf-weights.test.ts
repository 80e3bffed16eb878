// @vitest-environment node
// The GGUF files that the build writes say what the shipped packages say: every weight, the vocabulary, and the prompt.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";
import { beforeAll, describe, expect, test } from "vitest";
import { ggufOf } from "../../scripts/gguf/from-mlc.mjs";
import { jinjaOf } from "../../scripts/gguf/chat-template.mjs";
import { container } from "../../scripts/gguf/container.mjs";
import { vocabularyOf } from "../../scripts/gguf/vocabulary.mjs";
import { ggufModels } from "../../scripts/gguf/shipped.mjs";
import { renderPrompt } from "../../src/engine/webllm/prompt";
import { shippedModels } from "../../src/models/catalogue/catalogue";
import architectures from "../../recipes/architectures.json" with { type: "json" };
import { readGguf, readPackage, type ReadTensor } from "./written-gguf";

type Conversation = Parameters<typeof renderPrompt>[0];
interface Config {
  context_window_size: number;
  conv_template: Conversation & Parameters<typeof jinjaOf>[0];
}
interface Tokenizer {
  model: { vocab: Record<string, number>; merges: [string, string][] };
  added_tokens: { id: number; content: string }[];
}

const sizesOf = { "smollm2-135m-instruct": "starter", "islet-tiny": "tiny", "islet-reasoner": "reasoner" } as const;
const cards = shippedModels.map((card) => [card.id, card] as const);
const folderOf = (id: string) => `public/models/${id}/resolve/main`;
const json = <Content>(id: string, name: string) =>
  JSON.parse(readFileSync(`${folderOf(id)}/${name}`, "utf8")) as Content;

/** Where two lists of numbers differ first; undefined where they are equal. */
function difference(a: Float64Array, b: Float64Array): string | undefined {
  if (a.length !== b.length) return `${a.length} numbers, not ${b.length}`;
  // A number that is none would differ from itself.
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return `at ${i}: ${a[i]}, not ${b[i]}`;
  return undefined;
}

describe.each(cards)("%s as GGUF", (id, card) => {
  const sizes = architectures[sizesOf[id as keyof typeof sizesOf]];
  let bytes: Uint8Array;
  let read: ReturnType<typeof readGguf>;
  beforeAll(() => {
    bytes = readFileSync(ggufModels().find((model) => model.id === id)!.file);
    read = readGguf(bytes);
  }, 120_000);

  test("has every weight of the package, to the last bit, and no other", { timeout: 600_000 }, () => {
    const { tensors } = read;
    const mlc = readPackage(folderOf(id));
    let weights = 0;
    const seen = new Set<string>();
    /** `from`: the rows of `matrix` that are to stand in the tensor, in order. */
    const compare = (name: string, matrix: Pick<ReadTensor, "columns" | "row">, from: readonly number[]) => {
      const tensor = tensors.get(name)!;
      expect(tensor, name).toMatchObject({ rows: from.length, columns: matrix.columns });
      from.forEach((row, i) => {
        const fault = difference(tensor.row(i), matrix.row(row));
        if (fault) throw new Error(`${name}, row ${i}: ${fault}`);
      });
      weights += from.length * matrix.columns;
      seen.add(name);
    };
    const vector = (name: string, from: string) => {
      const numbers = mlc.vector(from);
      compare(name, { columns: numbers.length, row: () => numbers }, [0]);
    };
    const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
    // The package turns rows i and i + size / 2 of a head together, llama.cpp rows 2i and 2i + 1.
    const pairs = (first: number, heads: number) =>
      range(0, heads).flatMap((head) =>
        range(first + head * sizes.head_dim, sizes.head_dim / 2).flatMap((row) => [row, row + sizes.head_dim / 2]),
      );
    const bits = sizes.bits as 4 | 8;
    compare("token_embd.weight", mlc.matrix("embed_tokens", 8), range(0, sizes.vocab));
    vector("output_norm.weight", "norm.weight");
    for (const i of range(0, sizes.layers)) {
      const [to, from] = [`blk.${i}`, `layers.${i}`];
      const [qkv, gateUp] = [mlc.matrix(`${from}.attn.qkv`, bits), mlc.matrix(`${from}.ffn.gate_up`, bits)];
      const [query, key] = [sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim];
      vector(`${to}.attn_norm.weight`, `${from}.attn_norm.weight`);
      vector(`${to}.ffn_norm.weight`, `${from}.ffn_norm.weight`);
      compare(`${to}.attn_q.weight`, qkv, pairs(0, sizes.heads));
      compare(`${to}.attn_k.weight`, qkv, pairs(query, sizes.kv_heads));
      compare(`${to}.attn_v.weight`, qkv, range(query + key, key));
      compare(`${to}.attn_output.weight`, mlc.matrix(`${from}.attn.o`, bits), range(0, sizes.hidden));
      compare(`${to}.ffn_gate.weight`, gateUp, range(0, sizes.inter));
      compare(`${to}.ffn_up.weight`, gateUp, range(sizes.inter, sizes.inter));
      compare(`${to}.ffn_down.weight`, mlc.matrix(`${from}.ffn.down`, bits), range(0, sizes.hidden));
    }
    expect([...mlc.left]).toEqual([]);
    expect([...tensors.keys()].sort()).toEqual([...seen].sort());
    expect(weights).toBe(card.parameters);
  });

  test("has its tensors in places that llama.cpp takes, one after the other", () => {
    expect(read).toMatchObject({ magic: "GGUF", version: 3 });
    const size = { 0: 4, 7: 24 / 32, 8: 34 / 32 } as Record<number, number>;
    for (const [name, { rows, columns, type, room }] of read.tensors) {
      const needed = rows * columns * size[type]!;
      expect(room % 32, name).toBe(0);
      expect(room - needed, name).toBeGreaterThanOrEqual(0);
      expect(room - needed, name).toBeLessThan(32);
    }
  });

  test("says what it is and of which sizes, as catalogue and recipes do", () => {
    const config = json<Config>(id, "mlc-chat-config.json");
    expect(Object.fromEntries([...read.metadata].filter(([key]) => /^(general|llama)\./.test(key)))).toEqual({
      "general.architecture": "llama",
      "general.type": "model",
      "general.name": card.name,
      "general.organization": card.publisher,
      "general.license": card.licence.toLowerCase(),
      "general.languages": card.languages,
      "general.file_type": sizes.bits === 4 ? 9 : 7,
      "general.quantization_version": 2,
      "llama.block_count": sizes.layers,
      "llama.context_length": config.context_window_size,
      "llama.embedding_length": sizes.hidden,
      "llama.feed_forward_length": sizes.inter,
      "llama.attention.head_count": sizes.heads,
      "llama.attention.head_count_kv": sizes.kv_heads,
      "llama.attention.layer_norm_rms_epsilon": Math.fround(sizes.eps),
      "llama.rope.freq_base": sizes.rope_theta,
      "llama.rope.dimension_count": sizes.head_dim,
      "llama.vocab_size": sizes.vocab,
    });
  });

  test("has the vocabulary of tokenizer.json: tokens, their kinds, and merges", () => {
    const { model, added_tokens } = json<Tokenizer>(id, "tokenizer.json");
    const of = (key: string) => read.metadata.get(`tokenizer.ggml.${key}`);
    const tokens = of("tokens") as string[];
    const types = of("token_type") as number[];
    expect(of("merges")).toEqual(model.merges.map((pair) => pair.join(" ")));
    const ofModel = Object.entries(model.vocab).sort(([, a], [, b]) => a - b);
    expect(ofModel.map(([, id]) => id)).toEqual(tokens.map((_, i) => i));
    const special = new Map(added_tokens.map(({ id, content }) => [id, content]));
    const alone: string[] = [];
    ofModel.forEach(([token, id]) => {
      if (special.has(id)) expect([tokens[id], types[id]]).toEqual([token, /think>$/.test(token) ? 4 : 3]);
      else if (types[id] === 1) expect(tokens[id]).toBe(token);
      else {
        // Written as they are read: their bytes are those of the token in GPT-2's letters, which for these are Latin-1 or from U+0100 on.
        expect(types[id]).toBe(4);
        expect([...token].length).toBe(Buffer.byteLength(tokens[id]!));
        alone.push(tokens[id]!);
      }
    });
    expect(alone.sort().join("")).toBe(
      id === "islet-reasoner"
        ? [..."計曜九金足水番木八比三一十二月零百土七火大後較数算六四日五小何"].sort().join("")
        : "",
    );
    expect([of("model"), of("pre"), of("bos_token_id"), of("eos_token_id"), of("padding_token_id")]).toEqual([
      "gpt2",
      "smollm",
      1,
      2,
      2,
    ]);
    expect([of("add_bos_token"), of("add_eos_token"), of("add_space_prefix")]).toEqual([false, false, false]);
  });

  test("has a template that renders what WebLLM reads", () => {
    const { conv_template } = json<Config>(id, "mlc-chat-config.json");
    const template = new Template(read.metadata.get("tokenizer.chat_template") as string);
    const texts = ["Hi", "", " two\n\nlines \n", "{{ x }} {% if %} '\"\\ $& é 漢 <|im_end|>"];
    for (let turns = 1; turns <= 5; turns++) {
      const messages = Array.from({ length: turns }, (_, i) => ({
        role: i % 2 === 0 ? ("user" as const) : ("assistant" as const),
        content: texts[(i + turns) % texts.length]!,
      }));
      const rendered = (first: object[]) =>
        template.render({ messages: [...first, ...messages], add_generation_prompt: true });
      expect(rendered([])).toBe(renderPrompt(conv_template, messages));
      for (const system of ["Answer in French.", ""])
        expect(rendered([{ role: "system", content: system }])).toBe(
          renderPrompt({ ...conv_template, system_message: system }, messages),
        );
    }
  });

  test("is the file that was pinned, and comes out the same each time", { timeout: 120_000 }, () => {
    const { pins } = ggufModels().find((model) => model.id === id)!;
    const integrity = (hash: ReturnType<typeof createHash>) => `sha256-${hash.digest("base64")}`;
    expect(pins).toEqual({
      [`${id}.gguf`]: { bytes: bytes.length, integrity: integrity(createHash("sha256").update(bytes)) },
    });
    const files = new Map<string, Uint8Array>();
    const file = (name: string) => {
      files.set(name, files.get(name) ?? Uint8Array.from(readFileSync(`${folderOf(id)}/${name}`)));
      return files.get(name)!;
    };
    const { name, publisher: organization, licence, languages } = card;
    const anew = createHash("sha256");
    for (const piece of ggufOf(file, sizes, { name, organization, licence, languages })) anew.update(piece);
    expect(integrity(anew)).toBe(pins[`${id}.gguf`]!.integrity);
  });
});

test("a tensor whose length is odd is filled up, and the next one begins at a multiple of 32", () => {
  const vector = (name: string, numbers: number[]) => {
    const bytes = new Uint8Array(Float32Array.from(numbers).buffer);
    return { name, type: "F32" as const, shape: [numbers.length], bytes };
  };
  const pieces = container(
    [{ key: "a", type: "string", value: "é" }],
    [vector("one", [1.5]), vector("two", [2, -3, 4])],
  );
  const { metadata, tensors } = readGguf(Buffer.concat(pieces));
  expect([...metadata]).toEqual([["a", "é"]]);
  expect([...tensors].map(([name, { row, room }]) => [name, [...row(0)], room])).toEqual([
    ["one", [1.5], 32],
    ["two", [2, -3, 4], 32],
  ]);
});

describe("a package that is not one of the recipes'", () => {
  const id = "islet-tiny";
  const about = { name: "x", organization: "x", licence: "x", languages: [] };
  const changed = (name: string, change: (content: Record<string, unknown>) => unknown) => () =>
    ggufOf(
      (asked: string) => {
        const bytes = Uint8Array.from(readFileSync(`${folderOf(id)}/${asked}`));
        return asked === name
          ? new TextEncoder().encode(
              JSON.stringify(change(JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>)),
            )
          : bytes;
      },
      architectures.tiny,
      about,
    );

  test("is refused: another architecture, other rows, another type, a vocabulary with a gap", () => {
    expect(changed("mlc-chat-config.json", (c) => ({ ...c, model_type: "qwen2" }))).toThrow("not a Llama: qwen2");
    expect(changed("mlc-chat-config.json", (c) => ({ ...c, vocab_size: 513 }))).toThrow("1 missing");
    const cache = (from: string, to: string) => (content: unknown) =>
      JSON.parse(JSON.stringify(content).replace(from, to)) as unknown;
    expect(changed("tensor-cache.json", cache('"shape":[32,256]', '"shape":[32,224]'))).toThrow("224 rows, not 256");
    expect(changed("tensor-cache.json", cache('"dtype":"float32"', '"dtype":"float16"'))).toThrow(
      "is float16, not float32",
    );
  });

  test.each<[string, (pre: { type: string; pretokenizers: object[] }) => void]>([
    ["digits in runs", (pre) => Object.assign(pre.pretokenizers[0]!, { individual_digits: false })],
    ["a space put before", (pre) => Object.assign(pre.pretokenizers[1]!, { add_prefix_space: true })],
    ["words cut otherwise", (pre) => pre.pretokenizers.splice(0, 2, { type: "Metaspace" })],
    [
      "a cut of another kind",
      (pre) => pre.pretokenizers.unshift({ type: "Split", behavior: "Removed", pattern: { Regex: "x" } }),
    ],
  ])("is refused where llama.cpp would cut its text otherwise: %s", (_, change) => {
    const tokenizer = json<Tokenizer & { pre_tokenizer: { type: string; pretokenizers: object[] } }>(
      id,
      "tokenizer.json",
    );
    const config = { vocab_size: 512, bos_token_id: 1, eos_token_id: 2, pad_token_id: 2 };
    expect(() => vocabularyOf(tokenizer, config)).not.toThrow();
    change(tokenizer.pre_tokenizer);
    expect(() => vocabularyOf(tokenizer, config)).toThrow("no such pre-tokenizer");
  });
});
