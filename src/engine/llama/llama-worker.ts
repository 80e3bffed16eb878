// The engine worker of llama.cpp, which runs in a worker below this one (patches/own-workers.ts). It answers one request after the other. It has no
// state that matters beyond the loaded model: after a crash the client starts another one.
import { Wllama } from "@wllama/wllama";
import wasm from "@wllama/wllama/esm/wasm/wllama.wasm?url";
import { AppError } from "../../platform/app-error";
import { Answer } from "../answer";
import type { EngineCalls } from "../calls";
import type { Ability } from "../contract";
import type { AnswerResult, LoadedModel, LoadProgress, ModelSource, Question } from "../protocol";
import { serve, type Asked } from "../serve";
import { partsOf } from "../store/gguf-form";
import { storedBlob } from "../store/artifact-store";
import { corrupt, damagedFiles } from "../store/check";
import { ChatTemplate } from "./chat-template";
import { failureOf } from "./llama-failure";
import { LlamaWriter } from "./llama-writer";
import { readModelFile } from "./model-file";
import { ownWorkers } from "./patches/own-workers";

/** Tokens that are read at once: between two such parts it can be ended. */
const BATCH = 64;
/** Tokens of context window at most where nothing else is said: what is kept of each costs memory. */
const USUAL_CONTEXT = 4096;

interface Loaded {
  wllama: Wllama;
  writer: LlamaWriter;
}
let loaded: Loaded | undefined;
/** The answer that streams. */
let current: Answer | undefined;

const threads = Math.max(1, navigator.hardwareConcurrency - 1);
ownWorkers(() => ({ wasm: new URL(wasm, self.location.href).href, threads: threads > 1 ? threads : 0, gpu: false }));

const quiet = { debug() {}, log() {}, warn() {}, error() {} };

/** Loads a model that is on this device. It is hashed while it is read, and counts as loaded only when both are done. */
async function load(
  model: ModelSource,
  contextSize: number | undefined,
  tell: (progress: LoadProgress) => void,
): Promise<LoadedModel> {
  await unload();
  tell({ phase: "start", done: 0, total: 0 });
  const names = partsOf(Object.keys(model.files));
  const parts = await Promise.all(names.map((name) => storedBlob(model, name)));
  const missing = names.filter((_, i) => !parts[i]);
  if (missing.length > 0) throw corrupt(missing);
  const damaged = damagedFiles(model);
  const wllama = new Wllama({ default: wasm }, { logger: quiet, suppressNativeLog: true });
  wllama.setCompat(null);
  try {
    const file = await readModelFile(parts as Blob[]);
    await wllama.loadModel(counted(parts as Blob[], tell), {
      n_gpu_layers: 0,
      n_threads: threads,
      n_ctx: contextSize ?? model.contextSize ?? Math.min(file.contextLength, USUAL_CONTEXT),
      n_batch: BATCH,
      n_parallel: 1,
      cache_idle_slots: false,
    });
    if ((await damaged).length > 0) throw corrupt(await damaged);
    const { n_ctx, add_bos_token } = wllama.getLoadedContextInfo();
    const template = new ChatTemplate(file.template, file.begin, file.end, add_bos_token);
    loaded = { wllama, writer: new LlamaWriter(wllama, n_ctx, template, file.end) };
    return {
      can: new Set<Ability>(["think", "grammar"]),
      contextSize: n_ctx,
      sampling: file.sampling,
      adapter: `CPU, ${wllama.getNumThreads()} threads`,
    };
  } catch (error) {
    await wllama.exit();
    const names = await damaged.catch(() => []);
    throw names.length > 0 ? corrupt(names) : error;
  }
}

/** The parts of a file, which tell how far they are read. */
function counted(parts: readonly Blob[], tell: (progress: LoadProgress) => void): Blob[] {
  return parts.map((part, i) => {
    const copy = new Blob([part]);
    let done = 0;
    copy.slice = (begin, end, type) => {
      const now = Math.floor((Math.min(end ?? part.size, part.size) / part.size) * 100);
      if (now > done) tell({ phase: "read", done: 100 * i + (done = now), total: 100 * parts.length });
      return part.slice(begin, end, type);
    };
    return copy;
  });
}

async function unload(): Promise<void> {
  const before = loaded;
  loaded = undefined;
  await before?.wllama.exit();
}

/** Throws AppError where there is none. */
function inUse(): Loaded {
  if (!loaded) throw new AppError("unknown", "no model is loaded");
  return loaded;
}

async function generate(question: Question, asked: Asked): Promise<AnswerResult> {
  const { writer } = inUse();
  // It was stopped while it waited for the one before.
  asked.signal.throwIfAborted();
  current = new Answer(writer, question, asked);
  try {
    return await current.write();
  } finally {
    current = undefined;
  }
}

serve<EngineCalls>(
  {
    load: ({ model, contextSize }, { tell }) => load(model, contextSize, tell),
    generate,
    embed: () => {
      inUse();
      throw new AppError("unknown", "this model gives no vectors");
    },
    unload,
    statistics: () => "",
  },
  { asker: "engine", inTurn: true, failure: failureOf, onAnswerNow: () => current?.answerNow() },
);
