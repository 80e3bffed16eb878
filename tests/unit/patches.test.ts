// What WebLLM is patched for, tried on the classes of the installed version: when a new one is not as a patch assumes, its test fails.
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ModelSource } from "../../src/engine/protocol";
import { storedFile, storeFile } from "../../src/engine/store/artifact-store";
import { watchDevices } from "../../src/engine/webllm/patches/device";
import { endAnswers } from "../../src/engine/webllm/patches/follow-up";
import { holdCompletions, type Held } from "../../src/engine/webllm/patches/grammar";
import { loadedBy, type Pipeline } from "../../src/engine/webllm/patches/internals";
import { withoutNetwork } from "../../src/engine/webllm/patches/offline";
import { endReading } from "../../src/engine/webllm/patches/reading";
import { integrityOf } from "../../src/platform/integrity";
import tiny from "../../public/models/islet-tiny/resolve/main/mlc-chat-config.json";
import { privateParts, version } from "./web-llm";

/** What is not used of XGrammar's but here. */
interface Matcher {
  getNextTokenBitmask(): Promise<Int32Array>;
}

let webllm: Awaited<ReturnType<typeof privateParts>>;
beforeAll(async () => {
  webllm = await privateParts();
});

/** A buffer of Node, which alone its hash function takes. */
const bytesOf = (text: string): ArrayBuffer => {
  const { buffer, byteOffset, length } = Buffer.from(text);
  return buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
};

const template = tiny.conv_template as never;

/** One of WebLLM's own, with these parts in place of what needs a device. */
const pipelineWith = (parts: object): Pipeline =>
  Object.assign(Object.create(webllm.LLMChatPipeline.prototype) as Pipeline, parts);

/** What reading a prompt needs, of a prompt of these tokens. */
const reading = (tokens: number[]) => ({
  conversation: new webllm.Conversation(template),
  tvm: { beginScope() {}, endScope() {}, detachFromCurrentScope: (it: unknown) => it },
  imageDataCache: new Map(),
  artifactImagePixelCache: new Map(),
  prefillChunkSize: 4,
  filledKVCacheLength: 0,
  tokenLogprobArray: [],
  appearedTokensFreq: new Map(),
  getInputData: async () => [[tokens], tokens.length, () => 0],
});

test("each patch names the version that it was made for, which is the one that is installed", () => {
  const folder = "src/engine/webllm/patches/";
  for (const file of readdirSync(folder))
    expect(readFileSync(folder + file, "utf8").match(/Assumes WebLLM ([\d.]*\d)/)?.[1], file).toBe(version);
});

test("internals: an engine keeps its models by their ids, and their pipelines have what is used of them", () => {
  const engine = new webllm.MLCEngine();
  expect(loadedBy(engine, "none")).toEqual({ pipeline: undefined, config: undefined });
  const { prototype } = webllm.LLMChatPipeline;
  for (const method of ["getCurRoundCompletionTotalTokens", "embedAndForward", "prefillStep"] as const)
    expect(prototype[method], method).toBeTypeOf("function");
  for (const { prototype } of [webllm.LLMChatPipeline, webllm.EmbeddingPipeline])
    expect(String(prototype.constructor)).toContain("this.tokenizer = tokenizer");
});

describe("follow-up: what is read of a question after an answer", () => {
  const followUp = () => {
    const conversation = new webllm.Conversation(template);
    conversation.appendMessage("user", "One?");
    conversation.appendReplyHeader("assistant");
    conversation.finishReply("Yes.");
    conversation.appendMessage("user", "Two?");
    conversation.appendReplyHeader("assistant");
    return conversation;
  };
  const read = () =>
    followUp()
      .getPromptArrayLastRound({ ...tiny })
      .join("");

  test("is what the template has between the two, and the question, which WebLLM alone begins too late", () => {
    const question = "<|im_start|>user\nTwo?<|im_end|>\n<|im_start|>assistant\n";
    expect(read()).toBe(question);
    endAnswers(followUp());
    expect(read()).toBe(`<|im_end|>\n${question}`);
    expect(followUp().getArtifactPromptSegmentsLastRound()[0]).toBe("<|im_end|>\n");
  });
});

describe("reading: a prompt", () => {
  test("is read part by part, and ends between two when it is stopped", async () => {
    const read: number[] = [];
    let waits = 0;
    const pipeline = pipelineWith({
      ...reading([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
      device: { sync: async () => void waits++ },
      async embedAndForward(this: { filledKVCacheLength: number }, _part: unknown, tokens: number) {
        read.push(tokens);
        this.filledKVCacheLength += tokens;
        return { dispose() {} };
      },
    });
    endReading(pipeline, () => read.length === 2);
    await expect(pipeline.prefillStep("Hi", "user", undefined)).rejects.toThrow("stopped");
    expect(read).toEqual([4, 4]);
    expect(waits).toBe(3);
  });
});

describe("grammar: a completion", () => {
  const schema = JSON.stringify({ type: "object", properties: { sum: { type: "integer" } }, required: ["sum"] });
  const tokens = [...'{}":0123456789 sum', "<end>"];
  /** The ids of the tokens that may come next after a completion began, held like this. */
  async function mayFollow(held: Held | undefined) {
    let settings: unknown;
    const pipeline = pipelineWith({
      ...reading([1, 2, 3]),
      device: { sync: async () => {} },
      tokenizer: { getVocabSize: () => tokens.length, idToToken: (id: number) => tokens[id] },
      ...{ token_postproc_method: "raw", prepend_space_in_encode: false },
      ...{ fullVocabSize: tokens.length, stopTokens: [tokens.length - 1] },
      async embedAndForward(this: { filledKVCacheLength: number }, _part: unknown, count: number) {
        this.filledKVCacheLength += count;
        return { dispose() {} };
      },
      sampleFromRawLogits: async (_logits: unknown, used: unknown) => ((settings = used), 0),
      commitSampledStep() {},
    });
    holdCompletions(pipeline, () => held);
    await pipeline.prefillStep("…", "user", undefined, {});
    if (!pipeline.grammarMatcher) return { settings };
    const [mask] = await (pipeline.grammarMatcher as unknown as Matcher).getNextTokenBitmask();
    return { settings, next: tokens.filter((_, id) => (mask! >> id) & 1).join("") };
  }

  test("that is held to nothing is free", async () => {
    expect(await mayFollow(undefined)).toEqual({ settings: {} });
  });
  test("is held to its schema from the beginning", async () => {
    const settings = { response_format: { type: "json_object", schema } };
    expect(await mayFollow({ schema, begun: "" })).toEqual({ settings, next: "{" });
  });
  test("is held to what may come after what stands", async () => {
    expect((await mayFollow({ schema, begun: '{"sum"' })).next).toBe(":");
    expect((await mayFollow({ schema, begun: '{"sum": 2' })).next).toBe("}0123456789");
  });
  test("of which no such thing can come fails", async () => {
    await expect(mayFollow({ schema, begun: "Well, " })).rejects.toThrow("not the beginning of such JSON");
  });
});

describe("offline: what is stored", () => {
  const baseUrl = "https://x.example/models/m/resolve/main/";
  const bytes = bytesOf("weights");
  const list = bytesOf('{"records":[]}');
  const stored = async (): Promise<ModelSource> => {
    await storeFile({ form: "mlc", baseUrl }, "params_shard_0.bin", bytes);
    await storeFile({ form: "mlc", baseUrl }, "tensor-cache.json", list);
    const files = { "params_shard_0.bin": { bytes: bytes.byteLength, integrity: await integrityOf(bytes) } };
    return { id: "m", form: "mlc", baseUrl, files };
  };
  // The test's IndexedDB gives buffers of Node, which are no buffers of jsdom.
  beforeAll(() => void vi.stubGlobal("ArrayBuffer", bytes.constructor));
  afterAll(() => void vi.unstubAllGlobals());
  const ask = vi.fn(() => Promise.reject(new Error("the network was asked")));

  test("is read by WebLLM from where the store keeps it, checked as it passes, without the network", async () => {
    vi.stubGlobal("fetch", ask);
    const model = await stored();
    const offline = withoutNetwork(model, false);
    const cache = new webllm.runtime.ArtifactIndexedDBCache("webllm/model");
    const shard = `${baseUrl}params_shard_0.bin`;
    expect(await cache.hasAllKeys([shard])).toBe(true);
    expect(new Uint8Array((await cache.fetchWithCache(shard, "arraybuffer")) as ArrayBuffer)).toEqual(
      new Uint8Array(bytes),
    );
    expect(await cache.fetchWithCache(`${baseUrl}tensor-cache.json`, "json")).toEqual({ records: [] });
    await expect(cache.fetchWithCache(`${baseUrl}params_shard_1.bin`, "arraybuffer")).rejects.toThrow("not ok");
    expect(await offline.damaged()).toEqual([]);
    offline.restore();
    expect(ask).not.toHaveBeenCalled();
  });

  test("and is not what it should be is told", async () => {
    const model = await stored();
    await storeFile({ form: "mlc", baseUrl }, "params_shard_0.bin", bytesOf("weighty"));
    const offline = withoutNetwork(model, false);
    const cache = new webllm.runtime.ArtifactIndexedDBCache("webllm/model");
    await cache.fetchWithCache(`${baseUrl}params_shard_0.bin`, "arraybuffer");
    expect(await offline.damaged()).toEqual(["params_shard_0.bin"]);
    offline.restore();
  });

  test("and arrives while it is read is waited for, and left as it came", async () => {
    const model = await stored();
    const late = "params_shard_9.bin";
    const offline = withoutNetwork(model, true);
    const cache = new webllm.runtime.ArtifactIndexedDBCache("webllm/model");
    const reading = cache.fetchWithCache(baseUrl + late, "arraybuffer");
    await new Promise((resolve) => setTimeout(resolve, 60));
    await storeFile({ form: "mlc", baseUrl }, late, bytes);
    expect(new Uint8Array((await reading) as ArrayBuffer)).toEqual(new Uint8Array(bytes));
    offline.restore();
    expect(await storedFile({ form: "mlc", baseUrl }, late)).toEqual(bytes);
  });
});

describe("device: the one that WebLLM asks for", () => {
  test("is seen, and its loss is told with whether memory had run out", async () => {
    class OutOfMemory extends Error {}
    vi.stubGlobal("GPUOutOfMemoryError", OutOfMemory);
    let lose: (info: { reason: string; message: string }) => void = () => {};
    const device = {
      lost: new Promise((resolve) => (lose = resolve)),
      popErrorScope: async () => new OutOfMemory(),
    };
    class Adapter {
      limits = new Proxy({}, { get: () => 2 ** 31 });
      features = new Set<string>();
      info = { vendor: "Acme", architecture: "One", description: "" };
      async requestDevice() {
        return device;
      }
    }
    vi.stubGlobal("GPUAdapter", Adapter);
    const gpu = { requestAdapter: async () => new Adapter() };
    Object.defineProperty(navigator, "gpu", { configurable: true, value: gpu });
    const lost = vi.fn();
    const watch = watchDevices(lost);
    const found = await webllm.runtime.detectGPUDevice();
    expect(found!.device).toBe(device);
    expect(watch.adapterName()).toBe("Acme One");
    expect(await watch.isLost()).toBe(false);
    await found!.device.popErrorScope();
    lose({ reason: "destroyed", message: "gone" });
    await device.lost;
    expect(lost).toHaveBeenCalledExactlyOnceWith("destroyed: gone", true);
    expect(await watch.isLost()).toBe(true);
    watch.expectLoss();
    expect(await watch.isLost()).toBe(false);
    vi.unstubAllGlobals();
  });
});
