// "Stop" is answered at once, whatever the worker is busy with, and never looks like a crash. The worker is a fake that speaks the real
// protocol; what it does with the graphics device, reading.ts is tried for on its own.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EngineClient, type GenerateOptions } from "../../src/engine/client/engine-client";
import type { EngineCalls, FromWorker, Request, ToWorker } from "../../src/engine/calls";
import type { AnswerStats, LoadedModel, ModelSource } from "../../src/engine/protocol";
import { errorData } from "../../src/platform/app-error";
import { runtimes } from "../../src/engine/runtimes";
import { requestsFor } from "../../src/engine/serve";
import { endReading, type Reader } from "../../src/engine/webllm/patches/reading";

type Asked = Request<EngineCalls, keyof EngineCalls>;
type Told = FromWorker<EngineCalls>;

/** A worker that does one thing after the other, and a question only when it is let. */
class FakeWorker {
  static all: FakeWorker[] = [];
  /** Requests that were sent and neither answered nor begun. */
  readonly queue: Asked[] = [];
  readonly heard: string[] = [];
  ended = false;
  onmessage: (event: { data: Told }) => void = () => {};
  onerror: (event: { message: string }) => void = () => {};
  constructor() {
    FakeWorker.all.push(this);
    this.tell({ kind: "ready", lifeLock: "held" });
  }
  postMessage(request: ToWorker<EngineCalls>): void {
    this.heard.push(request.kind === "call" ? request.call : request.kind);
    if (request.kind !== "call") return;
    this.queue.push(request);
    if (request.call === "load") this.tell({ kind: "done", id: request.id, value: loaded }, this.queue.pop());
  }
  tell(event: Told, _done?: Asked): void {
    queueMicrotask(() => !this.ended && this.onmessage({ data: event }));
  }
  terminate(): void {
    this.ended = true;
  }
  /** The oldest question comes to its end. */
  finish(finish: "stop" | "stopped", answer = ""): void {
    const { id } = this.queue.shift()!;
    this.tell({ kind: "done", id, value: { thought: "", answer, finish, stats: {} as AnswerStats } });
  }
}

const loaded: LoadedModel = { can: new Set(), contextSize: 2048, sampling: { temperature: 0, topP: 1 }, adapter: "" };
const model: ModelSource = { id: "m", form: "mlc", baseUrl: "https://x.example/resolve/main/", files: {} };
const question = { turns: [{ role: "user" as const, content: "long" }], sampling: loaded.sampling };
const lost = vi.fn();
let client: EngineClient;
let ending: AbortController;
/** Asks a question, which `stop` ends. */
const ask = (options: Partial<GenerateOptions> = {}) => {
  ending = new AbortController();
  return client.generate({ ...question, onToken: () => {}, ...options }, ending.signal);
};
const stop = () => ending.abort(new DOMException("stopped", "AbortError"));
const worker = () => FakeWorker.all.at(-1)!;
/** What an answer comes to: how it ended, or why not. */
const outcome = (work: Promise<{ finish: string }>) =>
  work.then(
    ({ finish }) => finish,
    (error: { name: string; code?: string }) => (error.name === "AbortError" ? "AbortError" : error.code),
  );

beforeEach(async () => {
  // Nobody is granted the lock of a worker that lives.
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request: () => new Promise(() => {}) } });
  vi.stubGlobal("Worker", FakeWorker);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  FakeWorker.all = [];
  lost.mockClear();
  client = new EngineClient(runtimes.mlc, lost);
  await client.load(model);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("stop", () => {
  test("while the question is read is answered within a second, though the worker hears nothing", async () => {
    const answer = outcome(ask());
    stop();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await answer).toBe("AbortError");
    expect(worker().heard).toEqual(["load", "generate", "abort"]);
    expect(FakeWorker.all).toHaveLength(1);
    expect(lost).not.toHaveBeenCalled();
  });

  test("while the answer streams gives what the worker says of it", async () => {
    const answer = outcome(ask());
    stop();
    worker().finish("stopped", "so far");
    expect(await answer).toBe("stopped");
  });

  test("lets the next question wait for the one before, of which nothing is told any more", async () => {
    const tokens: string[] = [];
    const started = vi.fn();
    const first = outcome(ask({ onToken: ({ text }) => tokens.push(`first ${text}`) }));
    stop();
    await vi.advanceTimersByTimeAsync(1000);
    await first;
    const second = ask({
      onToken: ({ text }) => tokens.push(`second ${text}`),
      onStarted: started,
    });
    const [{ id: firstId }, { id: secondId }] = worker().queue as [Asked, Asked];
    worker().tell({ kind: "token", id: firstId, part: "answer", text: "late", tokens: 1 });
    worker().finish("stopped");
    await vi.advanceTimersByTimeAsync(0);
    expect(started).not.toHaveBeenCalled();
    worker().tell({ kind: "started", id: secondId, droppedTurns: 0 });
    worker().tell({ kind: "token", id: secondId, part: "answer", text: "hi", tokens: 1 });
    worker().finish("stop", "hi");
    expect((await second).answer).toBe("hi");
    expect(started).toHaveBeenCalledOnce();
    expect(tokens).toEqual(["second hi"]);
    // The bound of the first one is of no interest to anybody.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeWorker.all).toHaveLength(1);
  });

  test("replaces a worker that never comes to its end, quietly, and the model is loaded again", async () => {
    const first = outcome(ask());
    stop();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await first).toBe("AbortError");
    expect(FakeWorker.all).toHaveLength(2);
    expect(worker().heard).toEqual(["load"]);
    expect(client.model).toBe(model);
    expect(lost).not.toHaveBeenCalled();
  });

  test("and a question that waited meanwhile is asked of the new worker, once, and hears of no crash", async () => {
    const recovering = vi.fn();
    const first = outcome(ask());
    stop();
    await vi.advanceTimersByTimeAsync(1000);
    const second = outcome(ask({ onRecovering: recovering }));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await first).toBe("AbortError");
    expect(worker().heard).toEqual(["load", "generate"]);
    expect(recovering).not.toHaveBeenCalled();
    worker().finish("stop");
    expect(await second).toBe("stop");
    expect(FakeWorker.all).toHaveLength(2);
  });

  test("does not look like a crash where the worker dies meanwhile", async () => {
    const first = outcome(ask());
    stop();
    worker().onerror({ message: "gone" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(await first).toBe("AbortError");
    expect(client.model).toBe(model);
    expect(lost).not.toHaveBeenCalled();
  });

  test("tells a loss where the model cannot be loaded again", async () => {
    const first = outcome(ask());
    stop();
    await vi.advanceTimersByTimeAsync(1000);
    await first;
    vi.spyOn(FakeWorker.prototype, "postMessage").mockImplementationOnce(function (this: FakeWorker, request) {
      const error = { code: "out-of-memory" as const, detail: "", remedy: "choose-model" as const };
      this.tell({ kind: "failed", id: (request as Asked).id, error });
    });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(lost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "out-of-memory" }));
  });

  test("of a model that is replaced or unloaded ends its worker at once", async () => {
    for (const go of [() => client.load({ ...model, id: "other" }), () => client.unload()]) {
      const first = outcome(ask());
      stop();
      await vi.advanceTimersByTimeAsync(1000);
      await first;
      const busy = worker();
      await go();
      expect(busy.ended).toBe(true);
      expect(lost).not.toHaveBeenCalled();
    }
  });

  test("of an answer that is being recovered does not wait for the load", async () => {
    const first = outcome(ask());
    const send = vi.spyOn(FakeWorker.prototype, "postMessage").mockImplementation(function (this: FakeWorker, r) {
      this.queue.push(r as Asked);
    });
    worker().onerror({ message: "gone" });
    await vi.advanceTimersByTimeAsync(0);
    stop();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await first).toBe("AbortError");
    // However long it takes, it is not ended for that.
    await vi.advanceTimersByTimeAsync(29_500);
    send.mockRestore();
    worker().tell({ kind: "done", id: worker().queue[0]!.id, value: loaded });
    await vi.advanceTimersByTimeAsync(0);
    expect(client.model).toBe(model);
    expect(worker().heard).toEqual([]);
    expect(lost).not.toHaveBeenCalled();
  });
});

describe("what the worker is asked", () => {
  const requests = (inTurn: boolean) => {
    const begun: string[] = [];
    const replies: string[] = [];
    const open: (() => void)[] = [];
    type Asks = { work: { request: string; response: string }; fail: { request: unknown; response: void } };
    const take = requestsFor<Asks>(
      {
        work: async (text, { signal, started }) => {
          signal.throwIfAborted();
          begun.push(text);
          started(begun.length);
          await new Promise<void>((resolve) => open.push(resolve));
          signal.throwIfAborted();
          return text.toUpperCase();
        },
        fail: (thrown) => {
          throw thrown;
        },
      },
      { inTurn, failure: (thrown) => (thrown === "known" ? undefined : errorData(thrown)) },
      (reply) => replies.push(`${reply.id} ${reply.kind}${reply.kind === "done" ? ` ${reply.value}` : ""}`),
    );
    const work = (id: number, request: string) => take({ kind: "call", id, call: "work", request });
    return { begun, replies, open, take, work, settle: () => vi.advanceTimersByTimeAsync(0) };
  };

  test("comes in turn, and what is ended while it waits is not begun", async () => {
    const { begun, replies, open, take, work, settle } = requests(true);
    work(1, "a");
    work(2, "b");
    work(3, "c");
    take({ kind: "abort", target: 2 });
    await settle();
    expect(begun).toEqual(["a"]);
    open[0]!();
    await settle();
    expect(begun).toEqual(["a", "c"]);
    open[1]!();
    await settle();
    expect(replies).toEqual(["1 started", "1 done A", "2 cancelled", "3 started", "3 done C"]);
  });

  test("or at once, each with an end of its own", async () => {
    const { begun, replies, open, take, work, settle } = requests(false);
    work(1, "a");
    work(2, "b");
    expect(begun).toEqual(["a", "b"]);
    take({ kind: "abort", target: 1 });
    take({ kind: "abort", target: 9 });
    for (const go of open) go();
    await settle();
    expect(replies.slice(2).sort()).toEqual(["1 cancelled", "2 done B"]);
  });

  test("fails with what is known of the failure, and an AbortError that nobody asked for is one", async () => {
    const { replies, take, settle } = requests(true);
    const fail = (id: number, request: unknown) => take({ kind: "call", id, call: "fail", request });
    fail(1, new Error("x"));
    fail(2, "known");
    fail(3, new DOMException("of the device", "AbortError"));
    await settle();
    expect(replies).toEqual(["1 failed", "3 failed"]);
  });
});

describe("reading a question", () => {
  const pipeline = () => {
    const done: string[] = [];
    const made: Reader = {
      embedAndForward: async (part) => done.push(String(part)),
      device: { sync: async () => void done.push("waited") },
    };
    return { made, done };
  };

  test("ends between two parts when it is stopped", async () => {
    const { made, done } = pipeline();
    let stopped = false;
    endReading(made, () => stopped);
    await made.embedAndForward("a", 512);
    await made.embedAndForward("b", 512);
    stopped = true;
    await expect(made.embedAndForward("c", 100)).rejects.toThrow("stopped");
    expect(done).toEqual(["waited", "a", "waited", "b", "waited"]);
  });

  test("leaves the tokens of an answer alone", async () => {
    const { made, done } = pipeline();
    endReading(made, () => true);
    await made.embedAndForward("token", 1);
    expect(done).toEqual(["token"]);
  });
});
