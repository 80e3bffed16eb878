// The page's door to an engine worker of a runtime: load, generate, stop, unload. It starts the worker, notices when it dies, and
// recovers once by itself from a lost device or a dead worker while an answer streams. Not for: state that is shown.
import { unlessAborted } from "../../platform/abort";
import { AppError, type ErrorCode } from "../../platform/app-error";
import type { EngineCalls } from "../calls";
import type { Ability, Runtime } from "../contract";
import type { AnswerResult, AnswerToken, LoadedModel, LoadProgress, ModelSource, Question } from "../protocol";
import type { PartialAnswer } from "../thoughts";
import { WorkerDoor } from "./worker-door";

export interface GenerateOptions extends Question {
  onToken(token: AnswerToken): void;
  /** How many of the oldest turns do not fit the context window and are not read. */
  onStarted?(droppedTurns: number): void;
  /** The engine was lost and is being started again; what streamed so far is kept. */
  onRecovering?(): void;
}

/** Errors after which the engine is gone: a new worker may go on. */
const losses: readonly ErrorCode[] = ["device-lost", "out-of-memory", "worker-crashed"];

/** Milliseconds in which an answer that is stopped can still come with its figures; then nobody waits for it any more. */
const STOP_GRACE = 500;
/** Milliseconds in which a worker ends an answer that was stopped; between two parts of a question it hears nothing. */
const STOP_PATIENCE = 30_000;

/** What ends a worker that does not hear of a stop. */
const unheard = new AppError("worker-crashed", "the worker did not stop");

export class EngineClient {
  /** What is loaded, as far as is known here. */
  model: ModelSource | undefined;
  loaded: LoadedModel | undefined;
  /** The answers that are waited for, by what was asked. */
  private readonly running = new Set<GenerateOptions>();
  /** Answers that were stopped and that the worker is still busy with. */
  private abandoned = 0;
  /** The load of a model that was lost, which every answer that waits for it shares. */
  private recovery: Promise<unknown> | undefined;
  private readonly door: WorkerDoor<EngineCalls>;

  /** `onLost`: the loaded model is gone without having been asked to go, and no answer was streaming. */
  constructor(
    readonly runtime: Runtime,
    private readonly onLost: (error: AppError) => void,
  ) {
    this.door = new WorkerDoor(runtime.start, (error, idle) => {
      const had = this.forget();
      if (idle && had) this.onLost(error);
    });
  }

  /** Starts the worker, whose script is large, before there is something to load. */
  prepare(): void {
    this.door.prepare();
  }

  /** Loads a model that is on this device, replacing the one that is loaded. Throws AppError, or an AbortError: `signal` ends it, with the worker. */
  async load(
    model: ModelSource,
    options: { contextSize?: number; arriving?: boolean; onProgress?: (progress: LoadProgress) => void } = {},
    signal?: AbortSignal,
  ): Promise<LoadedModel> {
    signal?.throwIfAborted();
    this.leave();
    const { onProgress, ...how } = options;
    // What a worker does while it loads cannot be ended in any other way.
    const abort = () => this.end(signal!.reason);
    signal?.addEventListener("abort", abort);
    try {
      this.loaded = await this.door.ask("load", { model, ...how }, { onProgress });
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    this.model = model;
    return this.loaded;
  }

  /**
   * Streams an answer, until `signal` ends it: what was streamed stays. Recovers once from a lost device or a dead worker. Throws AppError, or an
   * AbortError where it was ended and the worker was busy: it is not waited for, and the next request comes when it is done.
   */
  async generate(options: GenerateOptions, signal: AbortSignal): Promise<AnswerResult> {
    signal.throwIfAborted();
    if (options.schema) this.demand("grammar");
    this.running.add(options);
    // Of an answer that is not waited for any more nothing is told.
    const told = (tell: () => void) => this.running.has(options) && tell();
    const work = this.generateOrRecover(
      {
        ...options,
        onToken: (token) => told(() => options.onToken(token)),
        onStarted: (droppedTurns) => told(() => options.onStarted?.(droppedTurns)),
        onRecovering: () => told(() => options.onRecovering?.()),
      },
      signal,
    );
    const patient = new AbortController();
    const end = () => {
      this.abandoned++;
      setTimeout(() => patient.abort(signal.reason), STOP_GRACE);
      // A load takes as long as it takes.
      const patience = setTimeout(() => this.recovery ?? this.door.end(unheard), STOP_PATIENCE);
      const over = () => {
        this.abandoned--;
        clearTimeout(patience);
      };
      work.then(over, over);
    };
    signal.addEventListener("abort", end);
    try {
      return await unlessAborted(work, patient.signal);
    } finally {
      signal.removeEventListener("abort", end);
      this.running.delete(options);
    }
  }

  private async generateOrRecover(options: GenerateOptions, signal: AbortSignal): Promise<AnswerResult> {
    const { turns, sampling, thinking, continueFrom, maxTokens, seed, schema } = options;
    const streamed: PartialAnswer = { thought: "", answer: "", closed: false, ...continueFrom };
    const attempt = () => {
      const begun = streamed.thought !== "" || streamed.answer !== "";
      return this.door.ask(
        "generate",
        { turns, sampling, thinking, maxTokens, seed, schema, continueFrom: begun ? { ...streamed } : undefined },
        {
          onStarted: options.onStarted,
          onToken: (token) => {
            streamed[token.part] += token.text;
            if (token.part === "answer") streamed.closed = true;
            options.onToken(token);
          },
        },
        signal,
      );
    };
    return this.orAgain(attempt, signal, options.onRecovering);
  }

  /**
   * One vector of length 1 for each text, in order. Recovers like an answer. Throws AppError ("prompt-too-long" where a text does not fit the
   * window), or an AbortError.
   */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> {
    signal.throwIfAborted();
    this.demand("embed");
    return unlessAborted(
      this.orAgain(() => this.door.ask("embed", texts, {}, signal), signal),
      signal,
    );
  }

  /** Throws AppError where the loaded model cannot be asked for this. */
  private demand(ability: Ability): void {
    if (this.loaded && !this.loaded.can.has(ability))
      throw new AppError("unknown", `${this.model?.id} (${this.runtime.name}) cannot ${ability}`, "choose-model");
  }

  /** Does what is asked of the loaded model and, where its engine is lost meanwhile, once more in a new one. */
  private async orAgain<Result>(
    attempt: () => Promise<Result>,
    signal: AbortSignal,
    onRecovering?: () => void,
  ): Promise<Result> {
    const { model, loaded } = this;
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof AppError && losses.includes(error.code)) || !model || !loaded) throw error;
      // A worker that was replaced for a stop is no loss: a question that waited for it waits on.
      if (error !== unheard) onRecovering?.();
      // A lost device is mostly one that ran out of memory: try with half the context window, if the model's is not the only one that it has.
      const { contextSize } = loaded;
      const half = Math.max(512, Math.floor(contextSize / 2));
      const whole = error.code === "worker-crashed" || model.embedding;
      await this.recover(model, whole ? contextSize : half, error, signal);
      signal.throwIfAborted();
      return attempt();
    }
  }

  /** Loads a model anew in a new worker. Of an answer that was stopped nobody hears that this failed: it is told as a loss. */
  private async recover(model: ModelSource, contextSize: number, error: AppError, signal: AbortSignal): Promise<void> {
    if (!this.recovery) {
      this.end(error);
      this.recovery = this.load(model, { contextSize }).finally(() => (this.recovery = undefined));
    }
    await this.recovery.catch((failure: unknown) => {
      if (signal.aborted && failure instanceof AppError) this.onLost(failure);
      throw failure;
    });
  }

  /** Closes the thought that streams, so that the answer begins. */
  answerNow(): void {
    this.door.tell({ kind: "answer-now" });
  }

  async unload(): Promise<void> {
    this.leave();
    if (this.door.started) await this.door.ask("unload", undefined);
  }

  /** What the runtime itself says of the loaded model's speed, as text, "" when none is loaded. */
  statistics(): Promise<string> {
    return this.door.ask("statistics", undefined);
  }

  /** Answers whether a model was loaded. */
  private forget(): boolean {
    const had = this.model !== undefined;
    this.model = undefined;
    this.loaded = undefined;
    return had;
  }

  /** The loaded model is no longer needed. A worker that is busy with what nobody waits for is replaced at once. */
  private leave(): void {
    if (this.abandoned > 0 && this.running.size === 0) this.end(new DOMException("nobody waits for it", "AbortError"));
    else this.forget();
  }

  private end(error: unknown): void {
    this.forget();
    this.door.end(error);
  }
}
