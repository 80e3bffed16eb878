// The page's door to an engine worker: load, generate, stop, unload. It starts the worker, notices when it dies, and
// recovers once by itself from a lost device or a dead worker while an answer streams. Not for: state that is shown.
import { AppError, type ErrorCode } from "../../platform/app-error";
import type {
  AnswerResult,
  AnswerToken,
  EngineRequest,
  LoadedModel,
  LoadProgress,
  ModelSource,
  Question,
} from "../protocol";
import type { PartialAnswer } from "../thoughts";
import { WorkerDoor } from "./worker-door";

export interface GenerateOptions extends Question {
  onToken(token: AnswerToken): void;
  /** How many of the oldest turns do not fit the context window and are not read. */
  onStarted?(droppedTurns: number): void;
  /** The engine was lost and is being started again; what streamed so far is kept. */
  onRecovering?(): void;
}

/** An engine worker, as every one begins. */
export const startEngineWorker = (): Worker =>
  new Worker(new URL("../worker/engine-worker.ts", import.meta.url), { type: "module", name: "islet-engine" });

/** Errors after which the engine is gone: a new worker may go on. */
const losses: readonly ErrorCode[] = ["device-lost", "out-of-memory", "worker-crashed"];

/** Milliseconds in which a worker ends an answer; between two steps of its work it hears nothing. */
const STOP_PATIENCE = 30_000;

export class EngineClient {
  /** What is loaded, as far as is known here. */
  model: ModelSource | undefined;
  loaded: LoadedModel | undefined;
  private stopped = false;
  private generating = false;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private readonly door = new WorkerDoor<EngineRequest>(startEngineWorker, (error, idle) => {
    const had = this.forget();
    if (idle && had) this.onLost(error);
  });

  /** `onLost`: the loaded model is gone without having been asked to go, and no answer was streaming. */
  constructor(private readonly onLost: (error: AppError) => void) {}

  /** Starts the worker, whose script is large, before there is something to load. */
  prepare(): void {
    this.door.prepare();
  }

  /** Loads a model that is on this device, replacing the one that is loaded. Throws AppError. `cancel` ends it. */
  async load(
    model: ModelSource,
    options: { contextSize?: number; arriving?: boolean; onProgress?: (progress: LoadProgress) => void } = {},
  ): Promise<LoadedModel> {
    this.forget();
    const { onProgress, ...how } = options;
    const request = { kind: "load" as const, model, ...how };
    this.loaded = (await this.door.ask(request, { onProgress })) as LoadedModel;
    this.model = model;
    return this.loaded;
  }

  /** Gives up whatever the worker does, by ending it. */
  cancel(): void {
    this.end(new DOMException("cancelled", "AbortError"));
  }

  /** Streams an answer. Recovers once from a lost device or a dead worker. Throws AppError. */
  async generate(options: GenerateOptions): Promise<AnswerResult> {
    this.stopped = false;
    this.generating = true;
    try {
      return await this.generateOrRecover(options);
    } finally {
      this.generating = false;
      clearTimeout(this.patience);
    }
  }

  private async generateOrRecover(options: GenerateOptions): Promise<AnswerResult> {
    const { turns, sampling, thinking, continueFrom, maxTokens } = options;
    const streamed: PartialAnswer = { thought: "", answer: "", closed: false, ...continueFrom };
    const attempt = () => {
      const begun = streamed.thought !== "" || streamed.answer !== "";
      return this.door.ask(
        { kind: "generate", turns, sampling, thinking, maxTokens, continueFrom: begun ? { ...streamed } : undefined },
        {
          onStarted: options.onStarted?.bind(options),
          onToken: (token) => {
            streamed[token.part] += token.text;
            if (token.part === "answer") streamed.closed = true;
            options.onToken(token);
          },
        },
      ) as Promise<AnswerResult>;
    };
    const { model, loaded } = this;
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof AppError && losses.includes(error.code)) || !model || !loaded) throw error;
      options.onRecovering?.();
      this.end(error);
      // A lost device is mostly one that ran out of memory: try with half the context window.
      const { contextSize } = loaded;
      const half = Math.max(512, Math.floor(contextSize / 2));
      await this.load(model, { contextSize: error.code === "worker-crashed" ? contextSize : half });
      if (this.stopped) throw new DOMException("stopped", "AbortError");
      return attempt();
    }
  }

  /** Ends the answer that streams; what was streamed stays. A worker that does not hear of it is replaced. */
  stop(): void {
    this.stopped = true;
    this.door.tell({ kind: "stop" });
    clearTimeout(this.patience);
    if (!this.generating) return;
    this.patience = setTimeout(
      () => this.door.end(new AppError("worker-crashed", "the worker did not stop")),
      STOP_PATIENCE,
    );
  }

  /** Closes the thought that streams, so that the answer begins. */
  answerNow(): void {
    this.door.tell({ kind: "answer-now" });
  }

  async unload(): Promise<void> {
    this.forget();
    if (this.door.started) await this.door.ask({ kind: "unload" });
  }

  /** WebLLM's runtime statistics of the loaded model as text, "" when none is loaded. */
  async statistics(): Promise<string> {
    return (await this.door.ask({ kind: "statistics" })) as string;
  }

  /** Answers whether a model was loaded. */
  private forget(): boolean {
    const had = this.model !== undefined;
    this.model = undefined;
    this.loaded = undefined;
    return had;
  }

  private end(error: unknown): void {
    this.forget();
    this.door.end(error);
  }
}
