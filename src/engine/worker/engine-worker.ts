// The engine worker: the only thread that runs WebLLM. It answers the requests of engine/protocol.ts, one at a time but
// for "stop". It has no state that matters beyond the loaded model: after a crash the client starts another one.
import { MLCEngine, ModelType, type AppConfig, type ChatOptions } from "@mlc-ai/web-llm";
import { AppError } from "../../platform/app-error";
import { answerProbe } from "../../platform/ways-out";
import {
  LIBRARY,
  type AnswerResult,
  type EngineRequest,
  type LoadedModel,
  type LoadProgress,
  type ModelSource,
  type WorkerEvent,
} from "../protocol";
import { Answer, type Pipeline } from "./answer";
import { missingFiles } from "../store/check";
import { tellOwnPolicy } from "../../trust/own-policy";
import { tellUnseen } from "../../trust/unseen-requests";
import { announceLife } from "../worker-life";
import { watchDevices } from "./device";
import { classify } from "./failure";
import { endAnswers } from "./follow-up";
import { withoutNetwork } from "./offline";
import { endReading } from "./reading";

/** What WebLLM keeps private: the pipelines and the configuration in force. */
interface Internals {
  loadedModelIdToPipeline: Map<string, Pipeline>;
  loadedModelIdToChatConfig: Map<string, Required<ChatOptions>>;
}

const engine = new MLCEngine({ logLevel: "SILENT" });
const internals = engine as unknown as Internals;
let loaded: ModelSource | undefined;
/** The answer that streams. */
let current: Answer | undefined;
/** The newest request, and the newest that was there when the page said "stop". */
let newestId = 0;
let stoppedId = 0;

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
  if (!model.embedding) {
    const pipeline = internals.loadedModelIdToPipeline.get(model.id)!;
    endAnswers(pipeline.conversation);
    endReading(pipeline, () => current?.stopping ?? false);
  }
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
  const pipeline = internals.loadedModelIdToPipeline.get(loaded.id)!;
  const config = internals.loadedModelIdToChatConfig.get(loaded.id)!;
  current = new Answer(engine, pipeline, config, request, {
    started: (droppedTurns) => post({ kind: "started", id: request.id, droppedTurns }),
    token: (token) => post({ kind: "token", id: request.id, ...token }),
  });
  // It was stopped while it waited for the one before.
  if (request.id <= stoppedId) current.stop();
  try {
    return await current.write();
  } finally {
    current = undefined;
  }
}

async function answer(request: Extract<EngineRequest, { id: number }>): Promise<unknown> {
  const tell = (progress: LoadProgress) => post({ kind: "progress", id: request.id, progress });
  switch (request.kind) {
    case "load":
      return load(request.model, request.contextSize, request.arriving ?? false, tell);
    case "generate":
      return generate(request);
    case "unload":
      return unload();
    case "statistics":
      return loaded ? engine.runtimeStatsText() : "";
  }
}

let queue: Promise<void> = Promise.resolve();

answerProbe();
self.onmessage = ({ data: request }: MessageEvent<EngineRequest>) => {
  if (request.kind === "stop") {
    stoppedId = newestId;
    return current?.stop();
  }
  if (request.kind === "answer-now") return current?.answerNow();
  newestId = request.id;
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

tellUnseen("engine");
tellOwnPolicy();
announceLife(post);
