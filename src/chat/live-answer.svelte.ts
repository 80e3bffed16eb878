// The answer that is being written in this tab, as far as it has come; apart from its message, so that a token changes nothing else.
import { textIn, thoughtIn } from "../runs/parts";
import { beginning, fold, type RunEvent, type Written } from "../runs/run-events";
import type { Message } from "./conversation-records";

const nothing = beginning([], { status: "streaming" });

export class LiveAnswer {
  /** The message that it becomes; null while nothing is written. */
  id = $state<string | null>(null);
  /** What there is of it so far. */
  written = $state.raw<Written>(nothing);
  /** When the thought began (performance.now, milliseconds); undefined while the model does not think. */
  thinkingSince = $state<number | undefined>(undefined);
  readonly thought = $derived(thoughtIn(this.written.parts));
  readonly answer = $derived(textIn(this.written.parts));
  readonly thoughtTokens = $derived(this.written.thoughtTokens);
  /** The model is not ready yet, or still busy with an answer that was stopped. */
  readonly waiting = $derived(this.written.phase === "waiting");
  /** The engine was lost and is starting again. */
  readonly recovering = $derived(this.written.phase === "recovering");
  /** Which of several answers to one question this is, from 1; undefined where there is one. */
  readonly round = $derived(this.written.round);

  /** Begins an answer, or continues the part of one that is there. */
  begin({ id, parts, run }: Message): void {
    this.id = id;
    this.written = beginning(parts, run ?? nothing.facts);
    this.thinkingSince = undefined;
  }

  take(event: RunEvent): void {
    this.written = fold(this.written, event);
    if (event.kind === "round") this.thinkingSince = undefined;
    if (event.kind === "token")
      this.thinkingSince = event.part === "thought" ? (this.thinkingSince ?? performance.now()) : undefined;
  }

  end(): void {
    this.id = null;
    this.written = nothing;
    this.thinkingSince = undefined;
  }
}
