// The engine worker: the only thread that runs WebLLM. It answers the requests of engine/protocol.ts, one at a time but
// for "stop". It has no state that matters beyond the loaded model: after a crash the client starts another one.
import { MLCEngine, ModelType, type AppConfig, type ChatOptions } from "@mlc-ai/web-llm";
import { AppError } from "../../platform/app-error";
import {
  LIBRARY,
  type AnswerResult,
  type EngineRequest,
  type LoadedModel,
  type LoadProgress,
  type ModelSource,
  type WorkerEvent,
} from "../protocol";
import { missingFiles } from "../store/check";
import { announceLife } from "../worker-life";
import { watchDevices } from "./device";
import { classify } from "./failure";
import { withoutNetwork } from "./offline";
import { renderPrompt, turnsToDrop } from "./prompt";

/** What the worker needs of WebLLM and WebLLM keeps private: the tokenizer that counts and the configuration in force. */
interface Internals {
  loadedModelIdToPipeline: Map<string, { tokenizer: { encode(text: string): Int32Array } }>;
  loadedModelIdToChatConfig: Map<string, Required<ChatOptions>>;
}

/** Tokens of the context window that a prompt leaves for the answer, as a part of the window. */
const ANSWER_SHARE = 0.25;

const engine = new MLCEngine({ logLevel: "SILENT" });
const internals = engine as unknown as Internals;
let loaded: ModelSource | undefined;
let stopping = false;

const post = (event: WorkerEvent) => self.postMessage(event);
const devices = watchDevices((detail, outOfMemory) => post({ kind: "device-lost", detail, outOfMemory }));

function appConfig(model: ModelSource): AppConfig {
  const { id, baseUrl, contextSize, embedding, manifest } = model;
  const record: AppConfig["model_list"][number] = { model: baseUrl, model_id: id, model_lib: baseUrl + LIBRARY };
  if (contextSize !== undefined) record.overrides = { context_window_size: contextSize };
  if (manifest !== undefined) record.model_manifest = manifest;
  if (embedding) record.model_type = ModelType.embedding;
  return { cacheBackend: "indexeddb", model_list: [record] };
}

/**
 * Loads a model that is on this device, or whose last files are `arriving`. What is read is hashed while the shaders compile; the model
 * counts as loaded only when both are done.
 */
async function load(
  model: ModelSource,
  contextSize: number | undefined,
  arriving: boolean,
  tell: (p: LoadProgress) => void,
): Promise<LoadedModel> {
  await unload();
  tell({ phase: "start", done: 0, total: 0 });
  const missing = arriving ? [] : await missingFiles(model);
  if (missing.length > 0) throw corrupt(missing);
  const offline = withoutNetwork(model, arriving);
  try {
    engine.setAppConfig(appConfig(model));
    engine.setInitProgressCallback(({ text }) => {
      const counted = /(shader modules|from cache)\[(\d+)\/(\d+)\]/.exec(text);
      if (!counted) return;
      const phase = counted[1] === "from cache" ? "read" : "compile";
      tell({ phase, done: Number(counted[2]), total: Number(counted[3]) });
    });
    await engine.reload(model.id, contextSize === undefined ? {} : { context_window_size: contextSize });
  } catch (error) {
    await engine.unload().catch(() => {});
    const damaged = await offline.damaged().catch(() => []);
    throw damaged.length > 0 ? corrupt(damaged) : error;
  } finally {
    offline.restore();
  }
  const damaged = await offline.damaged();
  if (damaged.length > 0) {
    await unload();
    throw corrupt(damaged);
  }
  loaded = model;
  const config = internals.loadedModelIdToChatConfig.get(model.id)!;
  return {
    contextSize: config.context_window_size,
    sampling: { temperature: config.temperature ?? 1, topP: config.top_p ?? 1 },
    adapter: devices.adapterName(),
  };
}

const corrupt = (names: string[]) =>
  new AppError("cache-corrupt", `not the pinned bytes: ${names.join(", ")}`, "repair");

async function unload(): Promise<void> {
  loaded = undefined;
  devices.expectLoss();
  await engine.unload();
}

async function generate(request: Extract<EngineRequest, { kind: "generate" }>): Promise<AnswerResult> {
  if (!loaded) throw new AppError("unknown", "no model is loaded");
  const tokenizer = internals.loadedModelIdToPipeline.get(loaded.id)!.tokenizer;
  const config = internals.loadedModelIdToChatConfig.get(loaded.id)!;
  const contextSize = config.context_window_size;
  const count = (text: string) => tokenizer.encode(text).length;
  const partial = request.continueFrom ?? "";
  const reserve = Math.max(Math.floor(contextSize * ANSWER_SHARE), count(partial) + 32);
  const dropped = turnsToDrop(config.conv_template, request.turns, contextSize, reserve, count);
  if (dropped === undefined) {
    const tokens = count(request.turns.at(-1)!.content);
    throw new AppError("prompt-too-long", `${tokens} tokens; the context window holds ${contextSize}`, "none");
  }
  const turns = request.turns.slice(dropped);
  post({ kind: "started", id: request.id, droppedTurns: dropped });
  const settings = {
    temperature: request.sampling.temperature,
    top_p: request.sampling.topP,
    stream_options: { include_usage: true },
  };
  // An answer that broke off is continued from its own text, for which WebLLM's chat has no form: the prompt is written out.
  const chunks =
    partial === ""
      ? await engine.chat.completions.create({ ...settings, messages: turns, stream: true })
      : await engine.completions.create({
          ...settings,
          prompt: renderPrompt(config.conv_template, turns) + partial,
          stream: true,
        });
  let finish: AnswerResult["finish"] = "stop";
  let result: AnswerResult | undefined;
  for await (const chunk of chunks) {
    const choice = chunk.choices[0];
    const text = choice && ("delta" in choice ? (choice.delta.content ?? "") : choice.text);
    if (text) post({ kind: "token", id: request.id, text });
    if (choice?.finish_reason === "length") finish = "length";
    if (chunk.usage) {
      const { prompt_tokens, completion_tokens, extra } = chunk.usage;
      const whole =
        count(renderPrompt(config.conv_template, turns)) + completion_tokens + (partial ? count(partial) : 0);
      result = {
        finish: stopping ? "stopped" : finish,
        stats: {
          promptTokens: prompt_tokens,
          answerTokens: completion_tokens,
          prefillRate: extra.prefill_tokens_per_s,
          decodeRate: extra.decode_tokens_per_s,
          secondsToFirstToken: extra.time_to_first_token_s,
          contextUsed: Math.min(whole, contextSize),
          contextSize,
        },
      };
    }
  }
  if (!result) throw new AppError("device-lost", "the answer ended without an end");
  return result;
}

async function answer(request: Exclude<EngineRequest, { kind: "stop" }>): Promise<unknown> {
  const tell = (progress: LoadProgress) => post({ kind: "progress", id: request.id, progress });
  switch (request.kind) {
    case "load":
      return load(request.model, request.contextSize, request.arriving ?? false, tell);
    case "generate":
      stopping = false;
      return generate(request);
    case "unload":
      return unload();
    case "statistics":
      return loaded ? engine.runtimeStatsText() : "";
  }
}

let queue: Promise<void> = Promise.resolve();

self.onmessage = ({ data: request }: MessageEvent<EngineRequest>) => {
  if (request.kind === "stop") {
    stopping = true;
    engine.interruptGenerate();
    return;
  }
  queue = queue.then(async () => {
    try {
      post({ kind: "done", id: request.id, value: await answer(request) });
    } catch (error) {
      // The page was told of a lost device, which is why this failed; it ends this worker.
      if (await devices.isLost()) return;
      post({ kind: "failed", id: request.id, error: classify(error) });
    }
  });
};

announceLife(post);
