// Workers that answer with what real ones told (tests/fixtures/recorded-run.json), so that everything between them and the person runs without a
// model. Not for: what a worker does, which the browser tests look at.
import recording from "../fixtures/recorded-run.json" with { type: "json" };
import type { EngineCalls, FromWorker, Reply, StoreCalls, ToWorker } from "../../src/engine/calls";
import type { AnswerResult, LoadedModel, StoredModel } from "../../src/engine/protocol";

/** A reply as it was recorded, without the id of its request. */
type Recorded<Response> = Reply<Response> extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

/** What was told of bringing the model, of loading it, and of each of the two answers. */
export const recorded = recording as unknown as {
  download: Recorded<StoredModel>[];
  load: Recorded<LoadedModel>[];
  generate: Recorded<AnswerResult>[][];
};
const loaded = recorded.load.at(-1)!;
// JSON has no sets.
if (loaded.kind === "done") loaded.value = { ...loaded.value, can: new Set(loaded.value.can) };

/** What a recorded answer came to. */
export function resultOf(answer: readonly Recorded<AnswerResult>[]): AnswerResult {
  const last = answer.at(-1)!;
  if (last.kind !== "done") throw new Error("the recording has no end");
  return last.value;
}

/** Plays the recording, message by message, to the page's side of a worker. */
export class ReplayWorker {
  /** Every one that was started in this test. */
  static all: ReplayWorker[] = [];
  /** After how many messages of an answer the next worker dies; undefined: never. */
  static dieAfter: number | undefined;
  /** After how many messages the next answer, or download, stands still; undefined: never. */
  static pauseAfter: number | undefined;
  /** The answers that are given, one after the other, over again. */
  static answers: readonly (readonly Recorded<AnswerResult>[])[] = recorded.generate;
  private static asked = 0;

  static reset(): void {
    ReplayWorker.all = [];
    ReplayWorker.dieAfter = undefined;
    ReplayWorker.pauseAfter = undefined;
    ReplayWorker.answers = recorded.generate;
    ReplayWorker.asked = 0;
  }

  onmessage: (event: { data: FromWorker<EngineCalls> | FromWorker<StoreCalls> }) => void = () => {};
  onerror: (event: { message: string }) => void = () => {};
  /** What it was asked. */
  readonly heard: (ToWorker<EngineCalls> | ToWorker<StoreCalls>)[] = [];
  private ended = false;

  constructor() {
    ReplayWorker.all.push(this);
    this.tell({ kind: "ready", lifeLock: "held" });
  }

  postMessage(message: ToWorker<EngineCalls> | ToWorker<StoreCalls>): void {
    this.heard.push(message);
    if (message.kind !== "call") return;
    const { id } = message;
    if (message.call === "load") this.play(id, recorded.load);
    else if (message.call === "download") {
      this.play(id, recorded.download.slice(0, ReplayWorker.pauseAfter));
      ReplayWorker.pauseAfter = undefined;
    } else if (message.call === "generate") {
      const begun = message.request.continueFrom;
      // What stands already is not told again.
      const answer = begun
        ? this.rest(begun)
        : ReplayWorker.answers[ReplayWorker.asked++ % ReplayWorker.answers.length]!;
      const { dieAfter, pauseAfter } = ReplayWorker;
      ReplayWorker.pauseAfter = undefined;
      this.play(id, answer.slice(0, dieAfter ?? pauseAfter));
      if (dieAfter === undefined || dieAfter >= answer.length) return;
      ReplayWorker.dieAfter = undefined;
      this.later(() => this.onerror({ message: "it died" }));
    } else this.tell({ kind: "done", id, value: undefined });
  }

  terminate(): void {
    this.ended = true;
  }

  /** The last answer from where it broke off: its text, in order, is that of the recording. */
  private rest({ thought, answer }: { thought: string; answer: string }): readonly Recorded<AnswerResult>[] {
    const whole = ReplayWorker.answers[(ReplayWorker.asked - 1) % ReplayWorker.answers.length]!;
    const stands = { thought, answer };
    return whole.filter((reply) => {
      if (reply.kind !== "token") return true;
      if (!stands[reply.part].startsWith(reply.text)) return true;
      stands[reply.part] = stands[reply.part].slice(reply.text.length);
      return false;
    });
  }

  private play(id: number, replies: readonly object[]): void {
    for (const reply of replies) this.tell({ ...reply, id } as FromWorker<EngineCalls>);
  }

  private tell(data: FromWorker<EngineCalls>): void {
    this.later(() => this.onmessage({ data: structuredClone(data) }));
  }

  /** In order, and each as a task of its own, as messages come. */
  private later(act: () => void): void {
    setImmediate(() => {
      if (!this.ended) act();
    });
  }
}
