// llama.cpp's side of an answer, without llama.cpp: what it is asked, what is counted and left out, how it is ended, and what its failures mean. Not for:
// what a model really answers (tests/e2e/runtime.spec.ts).
import { describe, expect, test } from "vitest";
import { llamaWorkers } from "../../scripts/llama-workers.mjs";
import type { Written } from "../../src/engine/answer";
import { ChatTemplate } from "../../src/engine/llama/chat-template";
import { failureOf } from "../../src/engine/llama/llama-failure";
import { LlamaWriter } from "../../src/engine/llama/llama-writer";
import { readModelFile } from "../../src/engine/llama/model-file";
import type { ChatTurn, Question } from "../../src/engine/protocol";
import { ggufFile, text, texts, uint32, type FileValue } from "./gguf-file";

const END = "<|im_end|>";
type Settings = Record<string, unknown> & { prompt: string; abortSignal?: AbortSignal };

/** A writer over a llama.cpp whose tokens are words, and which writes these, one after the other; and what it was asked. */
function writerOf(contextSize: number, words: readonly string[] = [], finish = "stop", end = END) {
  const asked: Settings[] = [];
  const tokensOf = (prompt: string) => prompt.split(/\s+|(?=<)/).filter((word) => word !== "").length;
  const createCompletion = async (settings: Settings) => {
    asked.push(settings);
    const tokens = tokensOf(settings.prompt);
    if (tokens > contextSize)
      throw new Error(`request (${tokens} tokens) exceeds the available context size (${contextSize} tokens)`);
    return (async function* () {
      for (const [i, word] of words.entries()) {
        if (settings.abortSignal?.aborted) throw Object.assign(new Error("aborted"), { name: "AbortError" });
        yield { choices: [{ text: word, finish_reason: null }], timings: { predicted_n: i + 1, prompt_n: 7 } };
      }
      yield { choices: [{ text: "", finish_reason: finish }], timings: { predicted_n: words.length + 1, prompt_n: 7 } };
    })();
  };
  const template = { render: (turns: readonly ChatTurn[]) => turns.map(({ content }) => `<${content}`).join(" ") };
  return { asked, writer: new LlamaWriter({ createCompletion } as never, contextSize, template, end) };
}

const said = (...contents: string[]): ChatTurn[] =>
  contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
const passage = (more = {}) => ({ turns: [], text: "Hi", lead: "", begun: undefined, index: 0, ...more });
const question = (more: Partial<Question> = {}): Question => ({ turns: [], sampling: { temperature: 0 }, ...more });

describe("counting", () => {
  test("what a text has of tokens is known without any of it being read", async () => {
    const { writer, asked } = writerOf(50);
    expect(await writer.count("one two three")).toBe(3);
    expect(await writer.count("four")).toBe(1);
    // Once for what is put behind each.
    expect(asked).toHaveLength(3);
    // Also of a model that has no token for the end.
    expect(await writerOf(50, [], "stop", "").writer.count("one two three")).toBe(3);
  });

  const turns = said(...Array.from({ length: 1001 }, (_, i) => (i % 2 === 0 ? "q one two" : "a one")));
  test("the oldest exchanges are left out, found by few counts however many there are", async () => {
    const { writer, asked } = writerOf(100);
    const dropped = (await writer.turnsToDrop(turns, 20))!;
    expect(turns[dropped]!.role).toBe("user");
    expect(await writer.count(writer.render(turns.slice(dropped)))).toBeLessThanOrEqual(80);
    expect(await writer.count(writer.render(turns.slice(dropped - 2)))).toBeGreaterThan(80);
    expect(asked.length).toBeLessThan(20);
  });

  test("nothing is left out where all fits; of a question that leaves little room only it stays, and one that has none is told", async () => {
    const { writer } = writerOf(100);
    expect(await writer.turnsToDrop(said("a", "b", "c"), 20)).toBe(0);
    const long = "word ".repeat(82);
    expect(await writer.turnsToDrop(said("a", "b", long), 20)).toBe(2);
    expect(await writer.turnsToDrop(said("a", "b", "word ".repeat(99)), 20)).toBeUndefined();
    expect(await writer.turnsToDrop(said(long), 20)).toBe(0);
  });
});

describe("writing", () => {
  const all = async (pieces: AsyncIterable<Written>, at?: (n: number) => void) => {
    const came: Written[] = [];
    for await (const piece of pieces) {
      came.push(piece);
      at?.(came.length);
    }
    return came;
  };

  test("pieces come with their tokens, and the end with what it was and its figures", async () => {
    const { writer, asked } = writerOf(100, ["1", " 2"], "length");
    const pieces = await all(writer.write(passage(), question({ maxTokens: 3, seed: -1 })));
    expect(pieces.map(({ text, tokens }) => [text, tokens])).toEqual([
      ["1", 1],
      [" 2", 2],
      ["", 3],
    ]);
    expect(pieces.at(-1)).toMatchObject({ finish: "length", figures: { read: 7, written: 3 } });
    // Nothing is cut off by rules of llama.cpp's own.
    expect(asked[0]).toMatchObject({ temperature: 0, top_p: 1, top_k: 0, min_p: 0, max_tokens: 3, seed: 2 ** 32 - 1 });
  });

  test("of what is interrupted nothing more comes, and it ends", async () => {
    const { writer } = writerOf(100, ["1", " 2", " 3", " 4"]);
    const pieces = await all(writer.write(passage(), question()), (n) => n === 2 && writer.interrupt());
    expect(pieces.map(({ text }) => text).join("")).toBe("1 2");
    expect(pieces.at(-1)).toMatchObject({ tokens: 2, finish: "stop" });
  });

  test("what is interrupted before it was read says so", async () => {
    const { writer } = writerOf(100, ["1"]);
    const pieces = writer.write(passage(), question())[Symbol.asyncIterator]();
    const first = pieces.next();
    writer.interrupt();
    await expect(first).rejects.toMatchObject({ name: "AbortError" });
  });

  test("an answer is held to its schema from where it stands, and a thought to none", async () => {
    const { writer, asked } = writerOf(100, ["x"]);
    const schema = { enum: ["river", "stone"] };
    await all(writer.write(passage({ begun: '"st' }), question({ schema })));
    await all(writer.write(passage(), question({ schema })));
    expect(asked[0]!["grammar"]).toMatch(/^root ::= \[o\] \[n\] \[e\] \[\\U00000022\]$/m);
    expect(asked[1]).not.toHaveProperty("grammar");
    await expect(all(writer.write(passage({ begun: "x" }), question({ schema })))).rejects.toThrow("not the beginning");
  });
});

describe("the template of a file", () => {
  const chatml =
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}" +
    "{% if add_generation_prompt %}<|assistant|>{% endif %}";

  test("renders the turns, without the token that llama.cpp puts before them itself", () => {
    const turns = said("Hi", "Ho", "{{ 7 * 7 }}");
    const text = "<|user|>Hi</s><|assistant|>Ho</s><|user|>{{ 7 * 7 }}</s><|assistant|>";
    expect(new ChatTemplate(chatml, "<s>", "</s>", true).render(turns)).toBe(text);
    expect(new ChatTemplate(chatml, "<s>", "</s>", false).render(turns)).toBe(`<s>${text}`);
  });

  test("that is missing is the one that most know; one that is none, or refuses, is told with its name", () => {
    const usual = new ChatTemplate(undefined, "", END, false).render(said("Hi"));
    expect(usual).toBe("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
    const told = { code: "model-invalid", detail: expect.stringContaining("tokenizer.chat_template") as string };
    expect(() => new ChatTemplate("{% if %}", "", "", false)).toThrow(expect.objectContaining(told));
    const refusing = new ChatTemplate("{{ raise_exception('roles must alternate') }}", "", "", false);
    expect(() => refusing.render(said("Hi"))).toThrow(expect.objectContaining(told));
  });
});

describe("a model's file", () => {
  const keys: [string, FileValue][] = [
    ["general.architecture", text("llama")],
    ["llama.block_count", uint32(1)],
    ["llama.embedding_length", uint32(32)],
    ["llama.context_length", uint32(777)],
    ["llama.feed_forward_length", uint32(32)],
    ["llama.attention.head_count", uint32(1)],
    ["tokenizer.ggml.tokens", texts(["<s>", "a", "</s>"])],
    ["tokenizer.ggml.bos_token_id", uint32(0)],
    ["tokenizer.ggml.eos_token_id", uint32(2)],
    ["tokenizer.chat_template", text("{{ messages }}")],
    ["general.sampling.temp", { type: "float32", value: 0.5 }],
  ];
  const tensors = [{ name: "token_embd.weight", shape: [32, 3] }];

  test("says its window, its template, the tokens around a text, and what its publisher recommends", async () => {
    expect(await readModelFile([ggufFile({ metadata: keys, tensors })])).toEqual({
      ...{ contextLength: 777, template: "{{ messages }}", begin: "<s>", end: "</s>" },
      sampling: { temperature: 0.5, topP: 1 },
    });
  });

  test("of a kind that llama.cpp has no code for is refused, with the kind", async () => {
    const metadata = keys.map(([key, value]): [string, FileValue] => [
      key.replace("llama.", "mystery."),
      key === "general.architecture" ? text("mystery") : value,
    ]);
    await expect(readModelFile([ggufFile({ metadata, tensors })])).rejects.toMatchObject({
      code: "model-invalid",
      detail: expect.stringContaining("mystery") as string,
    });
  });
});

test.each([
  ["Error: request (1502 tokens) exceeds the available context size (1024 tokens)", "prompt-too-long"],
  ["RuntimeError: (ABORT) Cannot enlarge memory arrays", "out-of-memory"],
  ["RuntimeError: std::bad_alloc", "out-of-memory"],
  ["RuntimeError: memory access out of bounds", "worker-crashed"],
  ["Error: failed to load model", "model-invalid"],
  ["Error: something new", "unknown"],
])("%s is told as %s", (message, code) => {
  const [, name, rest] = /^(\w+): (.*)$/.exec(message)!;
  expect(failureOf(Object.assign(new Error(rest), { name }))).toMatchObject({ code });
});

test("its workers are files of the app, which take no script from elsewhere and no address of a blob", () => {
  const plugin = llamaWorkers();
  const emitted: { fileName: string; source: string }[] = [];
  const emitFile = (file: (typeof emitted)[number]) => void emitted.push(file);
  (plugin.generateBundle as unknown as (this: { emitFile: typeof emitFile }) => void).call({ emitFile });
  expect(emitted.map(({ fileName }) => fileName.replace(/-[\w-]{8}\.js$/, ""))).toEqual([
    "assets/llama-thread-worker",
    "assets/llama-main-worker",
  ]);
  for (const { source } of emitted) expect(source).toMatch(/^if \(self\.trustedTypes\)/);
  const [thread, main] = emitted;
  expect(main!.source).toContain(`new URL("${thread!.fileName.replace("assets/", "")}", location.href)`);
  expect(main!.source.match(/RUN_OPTIONS = /g)).toHaveLength(1);
  // The texts of the installed wllama: llama.cpp's own module in each, and what answers the calls in the first.
  for (const { source } of emitted) expect(source).toContain("wasmMemory");
  expect(main!.source).toContain("wllama.action");
});
