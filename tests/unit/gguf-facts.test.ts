// @vitest-environment node
// What a model is and how much memory it takes, by its header: models as they are published, and what a stranger's file may say instead.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { embedders, refusedFor } from "../../src/engine/gguf/gguf-architectures";
import { factsOf, type GgufFacts } from "../../src/engine/gguf/gguf-facts";
import { readHeader } from "../../src/engine/gguf/gguf-header";
import { LARGEST_HEAP, memoryOf, type MemoryOptions } from "../../src/engine/gguf/gguf-memory";
import { joinParts } from "../../src/engine/gguf/gguf-parts";
import { templateFacts } from "../../src/engine/gguf/gguf-template";
import { AppError } from "../../src/platform/app-error";
import { ggufHeader, numbers, text, texts, uint32, type FilePlan, type FileTensor, type FileValue } from "./gguf-file";

const MIB = 2 ** 20;
type Pairs = Record<string, FileValue | number | string>;

/** Facts of a model with these keys; plain numbers and texts stand for the usual types. "*." stands for the architecture. The weights are not there. */
async function facts(keys: Pairs, tensors: FileTensor[] = []): Promise<GgufFacts> {
  const all: Pairs = { "general.architecture": "llama", ...sizes, ...keys };
  const architecture = String(all["general.architecture"]);
  const metadata: FilePlan["metadata"] = Object.entries(all).map(([key, value]) => [
    key.replace(/^\*/, architecture),
    typeof value === "number" ? uint32(value) : typeof value === "string" ? text(value) : value,
  ]);
  const { header, data } = ggufHeader({ metadata, tensors });
  const read = async (start: number, end: number) => {
    const part = new Uint8Array(end - start);
    part.set(header.subarray(start, end));
    return part;
  };
  return factsOf(joinParts([await readHeader({ size: header.length + data, read })]));
}
const sizes: Pairs = {
  "*.block_count": 4,
  "*.embedding_length": 1024,
  "*.context_length": 32_768,
  "*.feed_forward_length": 3072,
  "*.attention.head_count": 16,
};
const f16 = 1;
const tokens = (count: number): FileValue => texts(new Array<string>(count).fill("a"));
const boolean = (...values: boolean[]): FileValue => ({ type: "array", items: "boolean", values });

describe("what a model is", () => {
  test("is read from its header: name, publisher, licence, languages, sizes, quantisation", async () => {
    const read = await facts(
      {
        "general.type": "model",
        "general.name": "Sarashina 2.2\u202e 1B",
        "general.organization": "SB Intuitions",
        "general.license": "mit",
        "general.languages": texts(["ja", "en", "zh-Hant", "no tag", "<b>"]),
        "general.file_type": 15,
        "*.attention.head_count_kv": 8,
        "*.attention.sliding_window": 512,
        "tokenizer.ggml.tokens": tokens(1000),
      },
      [
        { name: "token_embd.weight", shape: [1024, 1000], type: 8 },
        { name: "blk.0.attn_q.weight", shape: [1024, 1024], type: 12 },
      ],
    );
    expect(read).toMatchObject({
      architecture: "llama",
      type: "model",
      name: "Sarashina 2.2  1B",
      publisher: "SB Intuitions",
      licence: "mit",
      languages: ["ja", "en", "zh-Hant"],
      parameters: 1000 * 1024 + 1024 * 1024,
      activeParameters: 1000 * 1024 + 1024 * 1024,
      quantisation: "Q4_K_M",
      weightBytes: (1000 * 1024 * 34) / 32 + (1024 * 1024 * 144) / 256,
      tokenTable: { bytes: (1000 * 1024 * 34) / 32, tied: true },
      ...{ contextLength: 32_768, embeddingLength: 1024, feedForwardLength: 3072, heads: 16, kvHeads: 8 },
      ...{ queryLength: 1024, slidingWindow: 512, vocabulary: 1000, embeds: false },
    });
    expect(read.layers).toEqual(new Array(4).fill({ keys: 512, values: 512, state: 0 }));
    expect(read.experts).toBeUndefined();
  });

  test("is named by its types where the stated quantisation is none of theirs", async () => {
    const q8 = [{ name: "a", shape: [64], type: 8 }];
    expect((await facts({ "general.file_type": 15 }, q8)).quantisation).toBe("Q8_0");
    expect((await facts({ "general.file_type": 9999 }, q8)).quantisation).toBe("Q8_0");
    expect((await facts({ "general.file_type": "Q4" }, q8)).quantisation).toBe("Q8_0");
    expect((await facts({})).quantisation).toBe("none");
  });

  test("is of a mixture of experts: a token goes through some of them", async () => {
    const keys = { "general.architecture": "granitemoe", "*.expert_count": 32, "*.expert_used_count": 8 };
    const read = await facts({ ...keys, "*.expert_feed_forward_length": 512 }, [
      { name: "token_embd.weight", shape: [1024, 100], type: f16 },
      { name: "blk.0.ffn_gate_inp.weight", shape: [1024, 32], type: f16 },
      { name: "blk.0.ffn_up_exps.weight", shape: [1024, 512, 32], type: f16 },
      { name: "blk.0.ffn_up.7.weight", shape: [1024, 512], type: f16 },
    ]);
    expect(read.parameters).toBe(1024 * (100 + 32 + 512 * 33));
    expect(read.activeParameters).toBe(1024 * (100 + 32 + (512 * 33) / 4));
    expect([read.experts, read.feedForwardLength]).toEqual([{ count: 32, used: 8 }, 8 * 512]);
    await expect(facts({ ...keys, "*.expert_used_count": 33 })).rejects.toThrow(/33 of 32 experts/);
  });

  test("that gives vectors is told by its family, or by how it pools", async () => {
    expect((await facts({ "general.architecture": "bert" })).embeds).toBe(true);
    expect((await facts({ "general.architecture": "qwen3", "*.pooling_type": 3 })).embeds).toBe(true);
    expect((await facts({ "general.architecture": "qwen3", "*.pooling_type": 0 })).embeds).toBe(false);
  });

  test.each<[string, Pairs, RegExp]>([
    ["no architecture", { "general.architecture": 5 }, /general.architecture is missing/],
    ["an architecture of signs", { "general.architecture": "../llama" }, /no name/],
    ["a very long architecture", { "general.architecture": "a".repeat(99) }, /no name/],
    ["no layers", { "*.block_count": 0 }, /llama.block_count is "0"/],
    ["a million layers", { "*.block_count": 1e6 }, /llama.block_count/],
    ["layers that are text", { "*.block_count": "4" }, /llama.block_count is "4"/],
    ["a context of 2^32 - 1", { "*.context_length": 2 ** 32 - 1 }, /llama.context_length/],
    ["a width that is a list", { "*.embedding_length": numbers(1) }, /embedding_length is a list of 1/],
    ["half a head", { "*.attention.head_count": { type: "float32", value: 0.5 } }, /head_count is "0.5"/],
    ["fewer heads than layers", { "*.attention.head_count_kv": numbers(1, 2) }, /2 values for 4 layers/],
    [
      "heads that are no numbers",
      { "*.attention.head_count_kv": texts(["a", "b", "c", "d"]) },
      /head_count_kv is "NaN"/,
    ],
    ["heads below nothing", { "*.attention.head_count": { type: "int32", value: -1 } }, /head_count is "-1"/],
    ["keys of 2^32", { "*.attention.key_length": { type: "uint64", value: 2n ** 63n } }, /key_length/],
    ["a template that is a number", { "tokenizer.chat_template": 1 }, /chat_template/],
    ["a template of 300,000 letters", { "tokenizer.chat_template": "a".repeat(300_000) }, /chat_template/],
  ])("is refused where it has %s", async (_, keys, said) => {
    const outcome = facts(keys);
    await expect(outcome).rejects.toThrow(AppError);
    await expect(outcome).rejects.toThrow(said);
  });

  test("says nothing where what only describes it is nonsense", async () => {
    const read = await facts({
      "general.name": numbers(1),
      "general.organization": "\n\u0007 ",
      "general.license": "L".repeat(5000),
      "general.languages": "en",
    });
    expect([read.name, read.publisher, read.languages]).toEqual([undefined, undefined, []]);
    expect(read.licence).toHaveLength(100);
  });

  test("is read or refused, whatever its keys say", async () => {
    const value = fc.oneof(
      fc.nat().map(uint32),
      fc.string().map(text),
      fc.double().map((value): FileValue => ({ type: "float64", value })),
      fc.array(fc.integer(), { maxLength: 6 }).map((all) => numbers(...all)),
      fc.boolean().map((one) => boolean(one)),
    );
    const names = [
      "block_count",
      "embedding_length",
      "attention.head_count",
      "attention.head_count_kv",
      "expert_count",
    ];
    names.push("expert_used_count", "attention.sliding_window", "ssm.inner_size", "ssm.state_size", "pooling_type");
    names.push("attention.key_length", "full_attention_interval", "attention.sliding_window_pattern", "wkv.head_size");
    const keys = fc.dictionary(fc.constantFrom(...names.map((name) => `*.${name}`)), value, { maxKeys: 5 });
    const architecture = fc.constantFrom("llama", "gemma3", "mamba2", "qwen35", "lfm2", "falcon-h1", "deepseek2", "x");
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(keys, architecture, async (said, name) => {
        const outcome: unknown = await facts({ "general.architecture": name, ...said }).catch(
          (error: unknown) => error,
        );
        if (outcome instanceof AppError) {
          refused += 1;
          return void expect(outcome.code).toBe("model-invalid");
        }
        const { total } = memoryOf(outcome as GgufFacts, 4096);
        expect(Number.isFinite(total) && total > 0).toBe(true);
      }),
      { numRuns: 500, seed: Number(process.env["ISLET_SEED"] ?? 20261125) },
    );
    expect(refused).toBeGreaterThan(50);
  }, 60_000);
});

describe("a template", () => {
  const chatml = "{% for message in messages %}{{ '<|im_start|>' + message['role'] }}{% endfor %}";
  test.each<[string, string, Partial<ReturnType<typeof templateFacts>>]>([
    ["ChatML", chatml, { system: true, tools: false, thoughtSwitch: false }],
    ["tools", "{%- if tools %}{{- '# Tools' }}{% endif %}", { tools: true }],
    ["tools, one by one", "{% for tool in tools %}x{% endfor %}", { tools: true }],
    ["the word alone", "You have no tools.", { tools: false }],
    [
      "thoughts with a switch",
      "{% if enable_thinking %}<think>{% endif %}",
      { thoughts: { open: "<think>", close: "</think>" }, thoughtSwitch: true },
    ],
    [
      "thoughts that are taken out",
      "{{ content.split('</think>')[-1] }}",
      { thoughts: { open: "<think>", close: "</think>" } },
    ],
    ["thoughts of another mark", "[THINK]{{ x }}[/THINK]", { thoughts: { open: "[THINK]", close: "[/THINK]" } }],
    [
      "channels",
      "<|channel|>analysis<|message|>{{ x }}<|end|>",
      { thoughts: { open: "<|channel|>analysis<|message|>", close: "<|end|>" } },
    ],
    ["an end that other templates have too", "<|user|>{{ x }}<|end|>", { system: false }],
    ["no system message", "{{ raise_exception('System role not supported') }}{{ message['role'] }}", { system: false }],
    ["one of its own", "{% if messages[0]['role'] == 'system' %}x{% endif %}", { system: true }],
  ])("with %s is understood", (_, template, shown) => {
    const read = templateFacts(template);
    expect(read).toMatchObject(shown);
    if (!("thoughts" in shown)) expect(read.thoughts).toBeUndefined();
  });

  test("of any length is read in time that grows with it", () => {
    for (const piece of ["{{", "{% if ", "{%- for x in tools", "raise_exception('", "message["]) {
      const began = performance.now();
      expect(templateFacts(piece.repeat(200_000 / piece.length)).thoughts).toBeUndefined();
      expect(performance.now() - began, piece).toBeLessThan(2_000);
    }
  });
});

describe("an architecture", () => {
  const of = (architecture: string, more = {}) => refusedFor({ architecture, weightBytes: 1, ...more })?.why;

  test("that the runtime has code for is not refused", () => {
    const wanted =
      "llama qwen2 qwen3 qwen3moe gemma2 gemma3 gemma3n phi3 granite granitemoe granitehybrid olmoe lfm2 lfm2moe smollm3 plamo2 plamo3 mpt bert";
    for (const name of [...wanted.split(" "), ...embedders]) expect(of(name), name).toBeUndefined();
  });

  test("that it does not know, or that answers nothing, is refused with the reason", () => {
    expect(of("gpt-17")).toBe("unknown-architecture");
    expect(of("gptj")).toBe("unknown-architecture");
    expect(of("constructor")).toBe("unknown-architecture");
    expect(of("clip")).toBe("other-purpose");
    expect(of("eagle3")).toBe("other-purpose");
    expect(of("llama", { type: "adapter" })).toBe("not-a-model");
    expect(of("llama", { weightBytes: 0 })).toBe("no-weights");
    expect(refusedFor({ architecture: "gpt-17", weightBytes: 1 })?.detail).toContain('"gpt-17"');
  });
});

/** Headers of the models that were measured, as far as memory follows from them. `weights` in MiB, as llama.cpp logged them. */
const measuredModels = {
  tiny: { ...{ layers: 4, width: 128, inner: 384, heads: 4, kv: 2 }, vocabulary: 512, weights: 0.87 },
  smol: { ...{ layers: 30, width: 576, inner: 1536, heads: 9, kv: 3 }, vocabulary: 49_152, weights: 104.76 },
  gemma: {
    ...{ layers: 18, width: 640, inner: 2048, heads: 4, kv: 1 },
    vocabulary: 262_144,
    weights: 235.16,
    gemma: true,
  },
};

async function measuredModel(name: keyof typeof measuredModels): Promise<GgufFacts> {
  const { layers, width, inner, heads, kv, vocabulary, weights, ...more } = measuredModels[name];
  const gemma = { "general.architecture": "gemma3", "*.attention.key_length": 256, "*.attention.value_length": 256 };
  const read = await facts({
    ...{ "*.block_count": layers, "*.embedding_length": width, "*.feed_forward_length": inner },
    ...{ "*.attention.head_count": heads, "*.attention.head_count_kv": kv, "*.vocab_size": vocabulary },
    ...("gemma" in more ? { ...gemma, "*.attention.sliding_window": 512 } : {}),
  });
  return { ...read, weightBytes: weights * MIB };
}

describe("the memory that a model takes", () => {
  // Window, options; then MiB as measured (see gguf-memory.ts): cache, scratch with the results of a step, both as llama.cpp logged them, and what the
  // tab's process took in all.
  const off = { flashAttention: false };
  test.each<[keyof typeof measuredModels, number, MemoryOptions, cache: number, computing: number, taken?: number]>([
    ["tiny", 2048, {}, 2, 5.53, 60],
    ["tiny", 8192, {}, 8, 11.55, 66],
    ["tiny", 2048, off, 2, 21.76],
    ["tiny", 2048, { threads: 2 }, 2, 5.53, 66],
    ["smol", 2048, {}, 45, 16.65, 222],
    ["smol", 8192, {}, 180, 22.67, 358],
    ["smol", 2048, off, 45, 47.51],
    ["gemma", 2048, {}, 21, 21.29 + 1, 353],
    ["gemma", 8192, {}, 39, 27.31 + 1, 372],
    ["gemma", 2048, { sequences: 4 }, 36, 22.34 + 4],
    ["gemma", 4096, {}, 27, 23.3 + 1],
    ["gemma", 4096, off, 27, 54.27 + 1],
    ["gemma", 8192, { cacheType: "q8_0" }, 12.75 + 7.97, 27.31 + 1],
  ])(
    "%s with %d tokens and %o is what was measured, within 15 %%",
    async (name, window, options, cache, computing, taken) => {
      const memory = memoryOf(await measuredModel(name), window, options);
      const within = (share: number, predicted: number, measured: number) => {
        expect(predicted / MIB / measured).toBeGreaterThan(1 - share);
        expect(predicted / MIB / measured).toBeLessThan(1 + share);
      };
      within(0.01, memory.cache, cache);
      within(0.15, memory.computing, computing);
      if (taken) within(0.15, memory.total, taken);
      expect(memory.total).toBe(memory.weights + memory.cache + memory.computing + memory.base);
    },
  );

  // Models of zeros in native llama.cpp (node-llama-cpp 3.22.1; 4096 tokens, 512 at once, one sequence, all of whose results are asked for). They have
  // four layers of width 1024 and 512 tokens. MiB of weights, cache, and scratch with flash attention and without, as logged.
  const heads = (kv: number) => ({
    "*.attention.head_count_kv": kv,
    "*.attention.key_length": 128,
    "*.attention.value_length": 128,
  });
  const experts = { "*.expert_count": 32, "*.expert_used_count": 8 };
  const kinds: [kind: string, keys: Pairs, weights: number, cache: number, computing: number, without: number][] = [
    ["qwen3", heads(8), 121.05, 64, 30.01, 154.01],
    [
      "qwen3 with wide heads",
      { ...heads(2), "*.feed_forward_length": 512, "*.attention.head_count": 32 },
      ...([81.04, 16, 27.01, 289.01] as const),
    ],
    ["qwen3moe", { ...heads(4), ...experts, "*.expert_feed_forward_length": 384 }, 329.29, 32, 48.01, 152.01],
    [
      "granitemoe",
      { ...experts, "*.attention.head_count_kv": 8, "*.feed_forward_length": 512 },
      409.29,
      32,
      36.01,
      148.01,
    ],
    [
      "mamba2",
      {
        ...{ "*.attention.head_count": 0, "*.feed_forward_length": 0, "*.ssm.conv_kernel": 4 },
        ...{ "*.ssm.inner_size": 2048, "*.ssm.state_size": 128, "*.ssm.group_count": 1 },
      },
      ...([51.48, 4.11, 29.12, 29.12] as const),
    ],
    [
      "lfm2",
      { "*.feed_forward_length": 2560, "*.attention.head_count_kv": numbers(0, 0, 8, 0), "*.shortconv.l_cache": 3 },
      ...([115.08, 8.02, 25.02, 148.01] as const),
    ],
    [
      "gemma2",
      { ...heads(4), "*.feed_forward_length": 4096, "*.attention.head_count": 8, "*.attention.sliding_window": 1024 },
      // That llama.cpp is of another version and gave the window 1792 cells; wllama gave it 1536, and 22 MiB in all.
      ...([121.07, 22, 37.85, 89.69] as const),
    ],
  ];
  test.each(kinds)(
    "of %s is what llama.cpp logs, within 15 %%",
    async (kind, keys, weights, cache, computing, without) => {
      const read = { ...(await facts({ "general.architecture": kind.split(" ")[0]!, "*.vocab_size": 512, ...keys })) };
      expect(memoryOf(read, 4096).cache / MIB).toBeCloseTo(cache, 1);
      for (const [flashAttention, logged] of [
        [true, computing],
        [false, without],
      ] as const) {
        const memory = memoryOf(read, 4096, { flashAttention });
        expect((weights + (memory.cache + memory.computing) / MIB) / (weights + cache + logged)).toBeGreaterThan(0.85);
        expect((weights + (memory.cache + memory.computing) / MIB) / (weights + cache + logged)).toBeLessThan(1.15);
        expect(memory.computing / MIB / logged).toBeGreaterThan(0.9);
        expect(memory.computing / MIB / logged).toBeLessThan(1.3);
      }
    },
  );

  test("counts the layers that look back over a window, by what the file or the family says", async () => {
    const window = { "*.attention.sliding_window": 1024 };
    const windows = async (keys: Pairs) =>
      (await facts({ ...window, ...keys })).layers.map((layer) => layer.window ?? 0);
    expect(await windows({ "general.architecture": "gemma2" })).toEqual([1024, 0, 1024, 0]);
    expect(await windows({ "general.architecture": "gemma3" })).toEqual([1024, 1024, 1024, 1024]);
    expect(await windows({ "*.attention.sliding_window_pattern": boolean(true, false, false, true) })).toEqual([
      1024, 0, 0, 1024,
    ]);
    expect(await windows({ "general.architecture": "gpt-oss", "*.attention.sliding_window_pattern": 4 })).toEqual([
      1024, 1024, 1024, 0,
    ]);
    expect(await windows({ "general.architecture": "llama" })).toEqual([0, 0, 0, 0]);
    expect(await windows({ "general.architecture": "smallthinker" })).toEqual([0, 1024, 1024, 1024]);
  });

  test("counts latent attention once, shared layers not at all, and states where there is no attention", async () => {
    const latent = {
      "*.attention.key_length": 576,
      "*.attention.value_length": 512,
      "*.attention.key_length_mla": 192,
    };
    const deepseek = await facts({
      "general.architecture": "deepseek2",
      ...latent,
      "*.attention.kv_lora_rank": 512,
      "*.attention.head_count_kv": 1,
    });
    expect(deepseek.layers[0]).toEqual({ keys: 576, values: 0, state: 0 });
    const shared = await facts({ "general.architecture": "gemma4", "*.attention.shared_kv_layers": 1 });
    expect(shared.layers.map(({ keys }) => keys)).toEqual([1024, 1024, 1024, 0]);
    const ssm = { "*.ssm.inner_size": 2048, "*.ssm.state_size": 16, "*.ssm.conv_kernel": 4 };
    const state = 3 * 2048 + 2048 * 16;
    const every = await facts({ "general.architecture": "qwen35", ...ssm });
    expect(every.layers.map((layer) => [layer.keys, layer.state])).toEqual([
      [0, state],
      [0, state],
      [0, state],
      [1024, 0],
    ]);
    const beside = await facts({ "general.architecture": "falcon-h1", ...ssm });
    expect(beside.layers[0]).toEqual({ keys: 1024, values: 1024, state });
    const rwkv = await facts({ "general.architecture": "rwkv7", "*.wkv.head_size": 64 });
    expect(rwkv.layers[0]).toEqual({ keys: 0, values: 0, state: 1024 * 66 });
    expect(memoryOf(await facts({ "general.architecture": "bert" }), 512).cache).toBe(0);
  });

  test("on a graphics device leaves the table of tokens and the program outside it", async () => {
    const table: FileTensor = { name: "token_embd.weight", shape: [1024, 1000], type: f16 };
    const read = await facts({}, [table, { name: "blk.0.ffn_up.weight", shape: [1024, 3072], type: f16 }]);
    const [here, there] = [memoryOf(read, 2048), memoryOf(read, 2048, { gpu: true })];
    expect(here.device).toBe(0);
    expect(there.weights - here.weights).toBe(1000 * 1024 * 2);
    expect(there.device).toBe(here.weights + here.cache + here.computing);
    expect(there.heap).toBeLessThan(here.heap);
    expect(here.heap).toBeLessThan(LARGEST_HEAP);
  });
});
