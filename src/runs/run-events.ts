// What happens in a run, one event after the other, and what stands after each of them. The same function makes an answer of events that come
// now, of those of a resumed or compared answer, and of recorded ones. Pure. Not for: where events come from (runs.svelte.ts).
import type { AnswerResult, AnswerStats, AnswerToken } from "../engine/protocol";
import type { ErrorData } from "../platform/app-error";
import type { Vote } from "../reasoning/vote";
import { grown, partsOf, type Part } from "./parts";
import type { RunFacts } from "./run-facts";

export type RunEvent =
  /** The model that answers is ready, and this is what is asked of it. */
  | { kind: "begun"; facts: Partial<RunFacts> }
  /** Another answer to the same question begins, of which one will be taken. */
  | { kind: "round"; n: number; of: number }
  /** The model begins to read; so many of the oldest turns it does not. */
  | { kind: "started"; droppedTurns: number }
  | ({ kind: "token" } & AnswerToken)
  /** The engine was lost and is being started again; what was streamed stays. */
  | { kind: "recovering" }
  /** What the model wrote is complete, or as complete as it will be. */
  | { kind: "answered"; result: AnswerResult; vote?: Vote }
  /** Always the last one. `done`: as the answer says itself; `overtaken`: what is more urgent ended it. */
  | { kind: "ended"; end: "done" | "stopped" | "overtaken" }
  | { kind: "ended"; end: "failed"; error: ErrorData };

export type RunEnd = Extract<RunEvent, { kind: "ended" }>;

/** How far a run has come. `waiting`: for its turn, its model, or for the model to read. */
type Phase = "waiting" | "writing" | "recovering" | "ended";

/** What stands of an answer. */
export interface Written {
  readonly parts: readonly Part[];
  readonly facts: RunFacts;
  readonly phase: Phase;
  /** Which of several answers this is, from 1; undefined where there is one. */
  readonly round?: { n: number; of: number } | undefined;
  /** Tokens of the thought so far, as far as they were streamed in this run. */
  readonly thoughtTokens: number;
  /** What the answer had taken before this run: it is resumed. Tokens that were read, seconds, and seconds of thinking. */
  readonly before: Pick<AnswerStats, "promptTokens" | "seconds" | "thoughtSeconds">;
}

/** Where a run begins: with nothing, or with what stands of an answer that is resumed. */
export function beginning(parts: readonly Part[], facts: RunFacts): Written {
  const { promptTokens = 0, thoughtSeconds = 0, seconds = 0 } = facts.stats ?? {};
  const before = { promptTokens, thoughtSeconds, seconds: Math.max(seconds, facts.seconds ?? 0) };
  return { parts, facts, phase: "waiting", thoughtTokens: 0, before };
}

/** What stands after an event. */
export function fold(written: Written, event: RunEvent): Written {
  const { parts, facts } = written;
  switch (event.kind) {
    case "begun":
      return { ...written, facts: { ...facts, ...event.facts } };
    case "round":
      return {
        ...written,
        ...(event.n > 1 ? { parts: [], thoughtTokens: 0 } : {}),
        phase: "waiting",
        round: { n: event.n, of: event.of },
      };
    case "started":
      return { ...written, phase: "writing", facts: { ...facts, droppedTurns: event.droppedTurns } };
    case "token":
      return {
        ...written,
        phase: "writing",
        parts: grown(parts, event.part === "thought" ? "thought" : "text", event.text),
        thoughtTokens: event.part === "thought" ? event.tokens : written.thoughtTokens,
      };
    case "recovering":
      return { ...written, phase: "recovering", facts: { ...facts, recovered: true } };
    case "answered":
      return answered(written, event.result, event.vote);
    case "ended":
      return { ...written, phase: "ended", facts: ended(facts, event) };
  }
}

function answered(written: Written, result: AnswerResult, vote: Vote | undefined): Written {
  const { before, facts } = written;
  const { thought, answer, finish, cut, stats } = result;
  return {
    ...written,
    parts: partsOf(answer, thought),
    facts: {
      ...facts,
      status: finish === "stop" ? "complete" : finish,
      // The tokens that stood before are counted in the result already.
      stats: {
        ...stats,
        promptTokens: stats.promptTokens + before.promptTokens,
        seconds: stats.seconds + before.seconds,
        thoughtSeconds: stats.thoughtSeconds + before.thoughtSeconds,
      },
      ...(cut ? { cut } : {}),
      ...(vote ? { vote } : {}),
    },
  };
}

function ended(facts: RunFacts, event: RunEnd): RunFacts {
  if (event.end === "failed") return { ...facts, status: "failed", error: event.error };
  return event.end === "done" ? facts : { ...facts, status: "stopped" };
}
