// What the page of runtime.spec.ts does: the app's own client of an engine, and its store, driven by a test. Built for the test alone, from the same
// sources as the app; served by harness.ts.
import "../../../src/trust/trusted-types";
import { EngineClient } from "../../../src/engine/client/engine-client";
import { StoreClient } from "../../../src/engine/client/store-client";
import type { Ability, ArtifactForm } from "../../../src/engine/contract";
import type { AnswerResult, AnswerToken, LoadProgress, ModelSource, Question } from "../../../src/engine/protocol";
import { runtimes } from "../../../src/engine/runtimes";
import { errorData, isCancelled, type ErrorData } from "../../../src/platform/app-error";

/** When, in pieces that have come, something is done to an answer; 0: as soon as it is known to have been begun. */
export interface Acts {
  stop?: number;
  answerNow?: number;
  /** Its worker is ended. */
  kill?: number;
}

export interface Asked {
  /** Undefined where it failed or was not waited for. */
  result?: AnswerResult;
  error?: ErrorData;
  /** It was stopped, and came without figures. */
  cancelled: boolean;
  tokens: AnswerToken[];
  dropped: number | undefined;
  recovered: boolean;
  /** Milliseconds from "stop" to the end. */
  stopping: number;
}

export interface Loaded {
  can: Ability[];
  contextSize: number;
  adapter: string;
  phases: LoadProgress["phase"][];
}

class Bench {
  private readonly store = new StoreClient();
  private worker: Worker | undefined;
  private client: EngineClient | undefined;

  /** Brings a model that the server has beside the app, and loads it in place of the one before. */
  async load(form: ArtifactForm, id: string, embedding = false): Promise<Loaded> {
    const from = `${location.origin}/models/${id}/resolve/main/`;
    const baseUrl = new URL(`models/${id}/resolve/main/`, document.baseURI).href;
    const network = { modelHosts: [], mirror: null };
    const order = { id, form, baseUrl, from, library: `${from}library.wasm`, pinsAtSource: true, network };
    const { files } = await this.store.download(order, () => {}, new AbortController().signal);
    const runtime = runtimes[form];
    if (this.client?.runtime.name !== runtime.name)
      this.client = new EngineClient({ ...runtime, start: () => (this.worker = runtime.start()) }, () => {});
    const phases = new Set<LoadProgress["phase"]>();
    const source: ModelSource = { id, form, baseUrl, files, embedding };
    const loaded = await this.client.load(source, { onProgress: ({ phase }) => phases.add(phase) });
    return { ...loaded, can: [...loaded.can], phases: [...phases] };
  }

  async ask(question: Question, acts: Acts = {}): Promise<Asked> {
    const ending = new AbortController();
    const asked: Asked = { cancelled: false, tokens: [], dropped: undefined, recovered: false, stopping: 0 };
    let stopped = 0;
    const act = () => {
      const come = asked.tokens.length;
      if (come === acts.answerNow) this.client!.answerNow();
      // Its lock tells the client; nothing is thrown, as when the browser ends a tab's worker.
      if (come === acts.kill) this.worker!.terminate();
      if (come !== acts.stop) return;
      stopped = performance.now();
      ending.abort(new DOMException("stopped", "AbortError"));
    };
    try {
      asked.result = await this.client!.generate(
        {
          ...question,
          onStarted: (dropped) => {
            if (asked.dropped === undefined) act();
            asked.dropped = dropped;
          },
          onToken: (token) => {
            asked.tokens.push(token);
            act();
          },
          onRecovering: () => (asked.recovered = true),
        },
        ending.signal,
      );
    } catch (error) {
      if (isCancelled(error)) asked.cancelled = true;
      else asked.error = errorData(error);
    }
    asked.stopping = stopped === 0 ? 0 : performance.now() - stopped;
    return asked;
  }

  async embed(texts: string[]): Promise<number[][] | ErrorData> {
    try {
      return (await this.client!.embed(texts, new AbortController().signal)).map((vector) => [...vector]);
    } catch (error) {
      return errorData(error);
    }
  }

  support(form: ArtifactForm) {
    return runtimes[form].support();
  }

  async unload(): Promise<void> {
    await this.client?.unload();
  }
}

declare global {
  interface Window {
    bench: Bench;
  }
}

window.bench = new Bench();
