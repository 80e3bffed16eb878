// Vectors of texts: what the embedding model of WebLLM is given, and what of that comes out; and that the page asks nothing of a model that cannot do it.
import { describe, expect, test, vi } from "vitest";
import type { EngineCalls, FromWorker, ToWorker } from "../../src/engine/calls";
import { EngineClient } from "../../src/engine/client/engine-client";
import type { Ability, Runtime } from "../../src/engine/contract";
import type { ModelSource } from "../../src/engine/protocol";
import { classify } from "../../src/engine/webllm/webllm-failure";
import { embed } from "../../src/engine/webllm/embed";
import { privateParts } from "./web-llm";

const [CLS, SEP] = [101, 102];
/** Letters as tokens; the marks of BERT are one each where it is of that kind. */
const tokenizer = (bert = true) => ({
  encode: (text: string) =>
    Int32Array.from(text.match(bert ? /\[CLS\]|\[SEP\]|./gsu : /./gsu) ?? [], (part) =>
      part === "[CLS]" ? CLS! : part === "[SEP]" ? SEP! : part.codePointAt(0)!,
    ),
  decode: () => "",
});
const signal = new AbortController().signal;

/** Gives each text a vector of its first two tokens, and notes what came together. */
function model(onBatch = () => {}) {
  const batches: number[][][] = [];
  const create = async ({ input }: { input: number[][] }) => {
    batches.push(input);
    onBatch();
    return { data: input.map((tokens) => ({ embedding: [tokens[0] ?? 0, tokens[1] ?? 0] })) };
  };
  return { engine: { embeddings: { create } } as never, batches };
}

describe("a text becomes a vector", () => {
  test("of length 1, in order, some texts at a time", async () => {
    const { engine, batches } = model();
    const vectors = await embed(engine, tokenizer(false), ["ab", "ba", "cc", "d", "e"], signal);
    expect(batches.map((batch) => batch.length)).toEqual([4, 1]);
    expect(vectors).toHaveLength(5);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
    const [a, b] = [97 / Math.hypot(97, 98), 98 / Math.hypot(97, 98)];
    expect([...vectors[0]!].map((x) => x.toFixed(5))).toEqual([a.toFixed(5), b.toFixed(5)]);
    expect([...vectors[1]!].map((x) => x.toFixed(5))).toEqual([b.toFixed(5), a.toFixed(5)]);
    expect(await embed(engine, tokenizer(), [], signal)).toEqual([]);
  });

  test("between the marks that its model wants, which a text cannot bring along", async () => {
    const { engine, batches } = model();
    await embed(engine, tokenizer(), ["a", "", "a[SEP]b"], signal);
    expect(batches).toEqual([
      [
        [CLS, 97, SEP],
        [CLS, SEP],
        [CLS, 97, 98, SEP],
      ],
    ]);
  });

  test("unless it is ended, which is heard between two batches", async () => {
    const ending = new AbortController();
    const { engine, batches } = model(() => ending.abort(new DOMException("", "AbortError")));
    await expect(embed(engine, tokenizer(), Array(9).fill("a") as string[], ending.signal)).rejects.toThrow(
      DOMException,
    );
    expect(batches).toHaveLength(1);
  });

  test("or does not fit the window, which WebLLM says itself", async () => {
    const { EmbeddingPipeline } = await privateParts();
    const pipeline = Object.assign(
      Object.create(EmbeddingPipeline.prototype) as { embedStep(x: number[][]): unknown },
      {
        contextWindowSize: 2,
      },
    );
    const thrown = await Promise.resolve(pipeline.embedStep([[1, 2, 3]])).catch((error: unknown) => error);
    expect(classify(thrown)).toMatchObject({ code: "prompt-too-long" });
  });
});

describe("the page", () => {
  const source: ModelSource = { id: "m", form: "mlc", baseUrl: "https://x.example/resolve/main/", files: {} };
  /** A client of a worker whose model can do this, and what the worker was asked. */
  async function clientOf(can: Ability[]) {
    const asked: string[] = [];
    class FakeWorker {
      onmessage: (event: { data: FromWorker<EngineCalls> }) => void = () => {};
      postMessage(message: ToWorker<EngineCalls>): void {
        if (message.kind !== "call") return;
        asked.push(message.call);
        const { id } = message;
        const loaded = { can: new Set(can), contextSize: 512, sampling: { temperature: 0, topP: 1 }, adapter: "" };
        const value = message.call === "embed" ? message.request.map(() => Float32Array.of(1)) : loaded;
        queueMicrotask(() => this.onmessage({ data: { kind: "done", id, value } }));
      }
      terminate(): void {}
    }
    const runtime: Runtime = { name: "Fake", support: async () => ({}), start: () => new FakeWorker() as never };
    const client = new EngineClient(runtime, vi.fn());
    await client.load(source);
    return { client, asked };
  }

  test("has vectors from a model that gives them", async () => {
    const { client, asked } = await clientOf(["embed"]);
    expect(await client.embed(["a", "b"], signal)).toEqual([Float32Array.of(1), Float32Array.of(1)]);
    expect(asked).toEqual(["load", "embed"]);
  });

  test("asks no other model for them, nor one for JSON that cannot be held to it", async () => {
    const { client, asked } = await clientOf(["think"]);
    await expect(client.embed(["a"], signal)).rejects.toThrow("m (Fake) cannot embed");
    const question = { turns: [], sampling: { temperature: 0, topP: 1 }, schema: {}, onToken() {} };
    await expect(client.generate(question, signal)).rejects.toThrow("m (Fake) cannot grammar");
    expect(asked).toEqual(["load"]);
  });
});
