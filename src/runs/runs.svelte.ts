// The one user of engines: it gets the model ready, asks it when it is the turn of a request, and tells what happens as events. It also sees to
// what belongs to none of them: a model that is lost, and one that nobody asked anything for a while. Not for: what is asked (chat/), what comes
// of the events (run-events.ts), or which models there are (models/).
import type { Engines } from "../engine/client/engines";
import type { AnswerResult, AnswerStats, AnswerToken, LoadedModel, Question } from "../engine/protocol";
import { samplingOf } from "../engine/sampling";
import type { ModelCard } from "../models/catalogue/catalogue";
import type { Models } from "../models/models.svelte";
import { unlessAborted } from "../platform/abort";
import { errorData, isCancelled } from "../platform/app-error";
import { voteOn, type Vote } from "../reasoning/vote";
import { DEFAULT_IDLE_MINUTES, type Settings } from "../storage/settings.svelte";
import { overtaken, RunQueue, type Priority } from "./run-queue";
import type { RunEnd, RunEvent } from "./run-events";
import type { RunFacts } from "./run-facts";

/** A model that can be asked. */
export interface ReadyModel {
  card: ModelCard;
  loaded: LoadedModel;
}

/** What is asked of a model. */
export interface Plan {
  question: Question;
  /** How many answers are written, of which the one that most agree with is taken; undefined for one. */
  rounds?: number;
  /** What is known of the answer by now. */
  facts?: Partial<RunFacts>;
}

export interface RunRequest {
  priority: Priority;
  /** The model that is to answer; undefined: the one that is chosen. */
  card?: ModelCard | undefined;
  /** What is asked, once it is known which model answers. */
  plan(model: ReadyModel): Plan;
}

type Tell = (event: RunEvent) => void;

/** The engines while it is somebody's turn to use them. */
export interface Turn {
  /** Aborted when the turn is over before its work is done. */
  signal: AbortSignal;
  /** The model when it is ready: this one or, if undefined, the one that is chosen. Throws AppError, or an AbortError. */
  ready(card: ModelCard | undefined): Promise<ReadyModel>;
  /** One answer of that model. Throws AppError, or an AbortError. */
  ask(question: Question, tell?: Tell): Promise<AnswerResult>;
}

/** Figures of an answer whose text is among others that were asked for as well. */
function withOther(stats: AnswerStats, other: AnswerStats): AnswerStats {
  const sums = ["promptTokens", "thoughtTokens", "answerTokens", "seconds", "thoughtSeconds"] as const;
  return { ...stats, ...Object.fromEntries(sums.map((key) => [key, stats[key] + other[key]])) };
}

/** The result to take of some, with what all of them took: the one answer, or the one that most agree with. */
function taken(results: readonly AnswerResult[]): { result: AnswerResult; vote?: Vote } {
  const finished = results.filter(({ finish }) => finish !== "stopped" && finish !== "repeated");
  const counted = finished.length > 0 ? finished : results;
  const vote = voteOn(counted.map(({ answer }) => answer));
  const chosen = counted[vote.chosen]!;
  const stats = results.reduce((sum, other) => (other === chosen ? sum : withOther(sum, other.stats)), chosen.stats);
  return { result: { ...chosen, stats }, ...(counted.length > 1 ? { vote } : {}) };
}

/** How a run ended that threw this. */
function endOf(error: unknown, signal: AbortSignal): RunEnd {
  if (!isCancelled(error)) return { kind: "ended", end: "failed", error: errorData(error) };
  return { kind: "ended", end: signal.reason === overtaken ? "overtaken" : "stopped" };
}

export class Runs {
  private readonly queue = new RunQueue();
  /** Runs that are under way or wait for their turn. */
  private count = $state(0);
  readonly idle = $derived(this.count === 0);
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly engines: Engines,
    private readonly models: Models,
    private readonly settings: Settings,
  ) {
    models.loader.onReady = () => this.rest();
  }

  /**
   * Asks a model when it is this request's turn, and tells what happens. Resolves with the last event, whatever that is: what goes wrong with the
   * model is an event, too. `signal` ends it.
   */
  async start(request: RunRequest, tell: Tell, signal: AbortSignal): Promise<RunEnd> {
    const end = await this.use(request.priority, signal, (turn) => this.answer(request, tell, turn)).catch(
      (error: unknown) => endOf(error, signal),
    );
    tell(end);
    return end;
  }

  /**
   * Does work that asks models several times, when it is its turn. Rejects as the work does, or with an AbortError where `signal` is aborted
   * before its turn.
   */
  async use<T>(priority: Priority, signal: AbortSignal, work: (turn: Turn) => Promise<T>): Promise<T> {
    this.count++;
    clearTimeout(this.resting);
    try {
      return await this.queue.run(priority, signal, (ending) => work(this.turn(ending)));
    } finally {
      this.count--;
      this.rest();
    }
  }

  private turn(signal: AbortSignal): Turn {
    return {
      signal,
      ready: async (card) => {
        if (card && card.id !== this.models.loader.chosen?.id)
          await unlessAborted(this.models.loader.load(card), signal);
        return unlessAborted(this.models.loader.ready(), signal);
      },
      ask: async (question, tell = () => {}) => {
        const onToken = (token: AnswerToken) => tell({ kind: "token", ...token });
        const onStarted = (droppedTurns: number) => tell({ kind: "started", droppedTurns });
        const onRecovering = () => tell({ kind: "recovering" });
        try {
          return await this.engines.generate({ ...question, onToken, onStarted, onRecovering }, signal);
        } catch (error) {
          if (!isCancelled(error) && !this.engines.hasModel) this.models.loader.lost(errorData(error));
          throw error;
        }
      },
    };
  }

  /** Closes the thought that is being written, so that the answer begins. */
  answerNow(): void {
    this.engines.answerNow();
  }

  /** The runtime's own statistics of the loaded model as text, "" when none is loaded. */
  statistics(): Promise<string> {
    return this.engines.statistics();
  }

  /** Lets the models rest when nothing was asked of them for as long as the person set, from now on. */
  rest(): void {
    clearTimeout(this.resting);
    const minutes = this.settings.current.idleMinutes ?? DEFAULT_IDLE_MINUTES;
    if (minutes > 0 && this.idle) this.resting = setTimeout(() => this.models.loader.rest(), minutes * 60_000);
  }

  private async answer(request: RunRequest, tell: Tell, turn: Turn): Promise<RunEnd> {
    const { signal } = turn;
    const results: AnswerResult[] = [];
    const answered = () => results.length > 0 && tell({ kind: "answered", ...taken(results) });
    try {
      const model = await turn.ready(request.card);
      const { question, rounds = 1, facts } = request.plan(model);
      const digest = await this.models.installed.digest(model.card.id);
      const version = `${__APP_VERSION__} ${__APP_COMMIT__}`.trim();
      const provenance = { digest, ...samplingOf((name) => question.sampling[name]), version };
      tell({ kind: "begun", facts: { ...facts, modelId: model.card.id, provenance } });
      for (let n = 1; n <= rounds && !signal.aborted; n++) {
        if (rounds > 1) tell({ kind: "round", n, of: rounds });
        results.push(await turn.ask(question, tell));
      }
      if (results.length === 0) signal.throwIfAborted();
      this.models.loader.noteContextSize(results[0]!.stats.contextSize);
      answered();
      return { kind: "ended", end: signal.reason === overtaken ? "overtaken" : "done" };
    } catch (error) {
      // Of several answers, those that were finished are not lost with the one that failed.
      answered();
      return endOf(error, signal);
    }
  }
}
