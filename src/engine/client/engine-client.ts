// The page's door to the engine worker: load, generate, stop, unload. It starts the worker, notices when it dies, and
// recovers once by itself from a lost device or a dead worker while an answer streams. Not for: state that is shown.
import { AppError, appError, type ErrorCode, type ErrorData } from "../../platform/app-error";
import type {
  AnswerResult,
  ChatTurn,
  EngineEvent,
  EngineRequest,
  LoadedModel,
  LoadProgress,
  ModelSource,
  Sampling,
} from "../protocol";

type Unsent = EngineRequest extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  onStarted?: ((droppedTurns: number) => void) | undefined;
  onToken?: ((text: string) => void) | undefined;
}

export interface GenerateOptions {
  turns: ChatTurn[];
  sampling: Sampling;
  onToken(text: string): void;
  /** How many of the oldest turns do not fit the context window and are not read. */
  onStarted?(droppedTurns: number): void;
  /** The engine was lost and is being started again; what streamed so far is kept. */
  onRecovering?(): void;
}

/** Errors after which the engine is gone: a new worker may go on. */
const losses: readonly ErrorCode[] = ["device-lost", "out-of-memory", "worker-crashed"];

export class EngineClient {
  private worker: Worker | undefined;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private model: ModelSource | undefined;
  private contextSize: number | undefined;
  private stopped = false;
  /** Whether a model is loaded, as far as is known here. */
  get hasModel(): boolean {
    return this.model !== undefined;
  }

  /** Called when the loaded model is gone without having been asked to go, and no answer was streaming. */
  onLost: (error: AppError) => void = () => {};

  /**
   * Loads a model, replacing the one that is loaded. Files that are not in this browser yet are fetched and verified.
   * Throws AppError. A load that is under way can be cancelled with `cancel`.
   */
  async load(
    model: ModelSource,
    onProgress?: (progress: LoadProgress) => void,
    contextSize?: number,
  ): Promise<LoadedModel> {
    this.model = undefined;
    const request = { kind: "load" as const, model, ...(contextSize === undefined ? {} : { contextSize }) };
    const loaded = (await this.ask(request, { onProgress })) as LoadedModel;
    this.model = model;
    this.contextSize = loaded.contextSize;
    return loaded;
  }

  /** Gives up whatever the worker does, by ending it. Files that were finished stay. */
  cancel(): void {
    this.end(new DOMException("cancelled", "AbortError"));
  }

  /** Streams an answer. Recovers once from a lost device or a dead worker. Throws AppError. */
  async generate(options: GenerateOptions): Promise<AnswerResult> {
    this.stopped = false;
    let streamed = "";
    const attempt = () => {
      const { turns, sampling } = options;
      return this.ask(
        {
          kind: "generate",
          turns,
          sampling,
          ...(streamed === "" ? {} : { continueFrom: streamed }),
        },
        {
          onStarted: options.onStarted?.bind(options),
          onToken: (text) => {
            streamed += text;
            options.onToken(text);
          },
        },
      ) as Promise<AnswerResult>;
    };
    const { model, contextSize } = this;
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof AppError && losses.includes(error.code)) || !model) throw error;
      options.onRecovering?.();
      this.end(error);
      // A lost device is mostly one that ran out of memory: try with half the context window.
      const halve = error.code !== "worker-crashed" && contextSize;
      await this.load(model, undefined, halve ? Math.max(512, Math.floor(contextSize / 2)) : contextSize);
      if (this.stopped) throw new DOMException("stopped", "AbortError");
      return attempt();
    }
  }

  /** Ends the answer that streams; what was streamed stays. */
  stop(): void {
    this.stopped = true;
    this.worker?.postMessage({ kind: "stop" } satisfies EngineRequest);
  }

  async unload(): Promise<void> {
    this.model = undefined;
    if (this.worker) await this.ask({ kind: "unload" });
  }

  /** Deletes the files that are not the pinned bytes, so that the next load fetches just these. Answers their names. */
  async repair(model: ModelSource, onProgress?: (progress: LoadProgress) => void): Promise<string[]> {
    return (await this.ask({ kind: "repair", model }, { onProgress })) as string[];
  }

  async remove(model: ModelSource): Promise<void> {
    await this.ask({ kind: "remove", model });
  }

  async isInstalled(model: ModelSource): Promise<boolean> {
    return (await this.ask({ kind: "installed", model })) as boolean;
  }

  /** WebLLM's runtime statistics of the loaded model as text, "" when none is loaded. */
  async statistics(): Promise<string> {
    return (await this.ask({ kind: "statistics" })) as string;
  }

  private ask(request: Unsent, callbacks: Omit<Pending, "resolve" | "reject"> = {}): Promise<unknown> {
    const worker = (this.worker ??= this.start());
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject, ...callbacks });
      worker.postMessage({ ...request, id } as EngineRequest);
    });
  }

  private start(): Worker {
    const worker = new Worker(new URL("../worker/index.ts", import.meta.url), { type: "module", name: "islet-engine" });
    worker.onmessage = ({ data }: MessageEvent<EngineEvent>) => this.receive(worker, data);
    worker.onerror = (event) =>
      this.lost(worker, { code: "worker-crashed", detail: event.message ?? "", remedy: "retry" });
    return worker;
  }

  private receive(worker: Worker, event: EngineEvent): void {
    if (worker !== this.worker) return;
    switch (event.kind) {
      case "ready":
        void navigator.locks.request(event.lifeLock, () =>
          this.lost(worker, { code: "worker-crashed", detail: "the worker ended by itself", remedy: "retry" }),
        );
        return;
      case "device-lost":
        this.lost(worker, {
          code: event.outOfMemory ? "out-of-memory" : "device-lost",
          detail: event.detail,
          remedy: event.outOfMemory ? "choose-model" : "retry",
        });
        return;
    }
    const pending = this.pending.get(event.id);
    if (!pending) return;
    if (event.kind === "progress") pending.onProgress?.(event.progress);
    else if (event.kind === "started") pending.onStarted?.(event.droppedTurns);
    else if (event.kind === "token") pending.onToken?.(event.text);
    else {
      this.pending.delete(event.id);
      if (event.kind === "done") pending.resolve(event.value);
      else pending.reject(appError(event.error));
    }
  }

  private lost(worker: Worker, data: ErrorData): void {
    if (worker !== this.worker) return;
    const error = appError(data);
    const idle = this.pending.size === 0 && this.model !== undefined;
    this.end(error);
    if (idle) this.onLost(error);
  }

  /** Ends the worker; everything that waits for it fails with `error`. The next request starts another. */
  private end(error: unknown): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.model = undefined;
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const pending of waiting) pending.reject(error);
  }
}
