// The engine worker: the only thread that runs WebLLM. It answers one request after the other. It has no state that matters beyond the loaded
// model: after a crash the client starts another one.
import { MLCEngine, ModelType, type AppConfig } from "@mlc-ai/web-llm";
import { AppError } from "../../platform/app-error";
import { Answer } from "../answer";
import type { EngineCalls } from "../calls";
import type { Ability } from "../contract";
import {
  LIBRARY,
  type AnswerResult,
  type LoadedModel,
  type LoadProgress,
  type ModelSource,
  type Question,
} from "../protocol";
import { samplingOf } from "../sampling";
import { serve, tellSign, type Asked } from "../serve";
import { embed } from "./embed";
import { corrupt, missingFiles } from "../store/check";
import { watchDevices } from "./patches/device";
import { classify } from "./webllm-failure";
import { ownNames } from "../store/mlc-names";
import { endAnswers } from "./patches/follow-up";
import { holdCompletions } from "./patches/grammar";
import { loadedBy } from "./patches/internals";
import { withoutNetwork } from "./patches/offline";
import { endReading } from "./patches/reading";
import { WebllmWriter } from "./webllm-writer";

const engine = new MLCEngine({ logLevel: "SILENT" });
let loaded: ModelSource | undefined;
/** The answer that streams, and what writes it. */
let current: { answer: Answer; writer: WebllmWriter } | undefined;

const devices = watchDevices((detail, outOfMemory) => tellSign({ kind: "device-lost", detail, outOfMemory }));

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
  const { pipeline, config } = loadedBy(engine, model.id);
  if (!model.embedding) {
    endAnswers(pipeline.conversation);
    endReading(pipeline, () => current?.answer.stopping ?? false);
    holdCompletions(pipeline, () => current?.writer.held);
  }
  return {
    can: new Set<Ability>(model.embedding ? ["embed"] : ["think", "grammar"]),
    contextSize: config.context_window_size,
    sampling: samplingOf((name) => config[ownNames[name]]),
    adapter: devices.adapterName(),
  };
}

async function unload(): Promise<void> {
  loaded = undefined;
  devices.expectLoss();
  await engine.unload();
}

/** Throws AppError where there is none. */
function inUse() {
  if (!loaded) throw new AppError("unknown", "no model is loaded");
  return loadedBy(engine, loaded.id);
}

async function generate(question: Question, asked: Asked): Promise<AnswerResult> {
  const { pipeline, config } = inUse();
  // It was stopped while it waited for the one before.
  asked.signal.throwIfAborted();
  const writer = new WebllmWriter(engine, pipeline, config);
  current = { writer, answer: new Answer(writer, question, asked) };
  try {
    return await current.answer.write();
  } finally {
    current = undefined;
  }
}

serve<EngineCalls>(
  {
    load: ({ model, contextSize, arriving = false }, { tell }) => load(model, contextSize, arriving, tell),
    generate,
    embed: (texts, { signal }) => embed(engine, inUse().pipeline.tokenizer, texts, signal),
    unload,
    statistics: () => (loaded ? engine.runtimeStatsText() : ""),
  },
  {
    asker: "engine",
    inTurn: true,
    // The page was told of a lost device, which is why something failed; it ends this worker.
    failure: async (thrown) => ((await devices.isLost()) ? undefined : classify(thrown)),
    onAnswerNow: () => current?.answer.answerNow(),
  },
);
