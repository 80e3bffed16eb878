// A worker and the requests that wait for it: started at the first request, ended and replaced when it dies. What both clients
// of this room have in common.
import { appError, type AppError, type ErrorData } from "../../platform/app-error";
import type { Calls, FromWorker, Order, Request } from "../calls";
import type { AnswerToken, LoadProgress } from "../protocol";

export interface Callbacks {
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  onStarted?: ((droppedTurns: number) => void) | undefined;
  onToken?: ((token: AnswerToken) => void) | undefined;
}

/** Milliseconds in which a worker must have begun: one that dies before it can say that it lives is noticed by this. */
const START_PATIENCE = 30_000;

interface Pending<Response> extends Callbacks {
  resolve(value: Response): void;
  reject(error: unknown): void;
}

export class WorkerDoor<Served extends Calls<Served>> {
  private worker: Worker | undefined;
  private readonly pending = new Map<number, Pending<Served[keyof Served]["response"]>>();
  private lastId = 0;
  private beginning: ReturnType<typeof setTimeout> | undefined;

  /** `onGone`: the worker died or lost its device. Nothing of it is left; `idle` when no request waited. */
  constructor(
    private readonly make: () => Worker,
    private readonly onGone: (error: AppError, idle: boolean) => void,
  ) {}

  /** Sends a request and waits for its end. Throws AppError, or an AbortError when `signal` or `end` ended it. */
  ask<Kind extends keyof Served>(
    call: Kind,
    request: Served[Kind]["request"],
    callbacks: Callbacks = {},
    signal?: AbortSignal,
  ): Promise<Served[Kind]["response"]> {
    const worker = (this.worker ??= this.start());
    const id = ++this.lastId;
    const abort = () => this.tell({ kind: "abort", target: id });
    const answered = new Promise<Served[Kind]["response"]>((resolve, reject) => {
      this.pending.set(id, { resolve: (value: Served[Kind]["response"]) => resolve(value), reject, ...callbacks });
      const message: Request<Served, Kind> = { kind: "call", id, call, request };
      worker.postMessage(message);
      if (signal?.aborted) abort();
      signal?.addEventListener("abort", abort);
    });
    return answered.finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Sends what has no answer; nothing happens without a worker. */
  tell(order: Order): void {
    this.worker?.postMessage(order);
  }

  /** Starts the worker without a request, so that the first one need not wait for that. */
  prepare(): void {
    this.worker ??= this.start();
  }

  get started(): boolean {
    return this.worker !== undefined;
  }

  /** Ends the worker; everything that waits for it fails with `error`. The next request starts another. */
  end(error: unknown): void {
    this.worker?.terminate();
    clearTimeout(this.beginning);
    this.worker = undefined;
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const pending of waiting) pending.reject(error);
  }

  private start(): Worker {
    const worker = this.make();
    this.beginning = setTimeout(
      () => this.gone(worker, { code: "worker-crashed", detail: "the worker did not begin", remedy: "retry" }),
      START_PATIENCE,
    );
    worker.onmessage = ({ data }: MessageEvent<FromWorker<Served>>) => this.receive(worker, data);
    worker.onerror = (event) =>
      this.gone(worker, { code: "worker-crashed", detail: event.message ?? "", remedy: "retry" });
    return worker;
  }

  private receive(worker: Worker, event: FromWorker<Served>): void {
    if (worker !== this.worker) return;
    switch (event.kind) {
      case "ready":
        clearTimeout(this.beginning);
        void navigator.locks.request(event.lifeLock, () =>
          this.gone(worker, { code: "worker-crashed", detail: "the worker ended by itself", remedy: "retry" }),
        );
        return;
      case "device-lost":
        this.gone(worker, {
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
    else if (event.kind === "token") pending.onToken?.(event);
    else {
      this.pending.delete(event.id);
      if (event.kind === "done") pending.resolve(event.value);
      else if (event.kind === "cancelled") pending.reject(new DOMException("cancelled", "AbortError"));
      else pending.reject(appError(event.error));
    }
  }

  private gone(worker: Worker, data: ErrorData): void {
    if (worker !== this.worker) return;
    const error = appError(data);
    const idle = this.pending.size === 0;
    this.end(error);
    this.onGone(error, idle);
  }
}
