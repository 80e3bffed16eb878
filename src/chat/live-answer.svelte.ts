// The answer that is being written in this tab, as far as it has come; apart from its message, so that a token changes nothing else.
import type { AnswerToken } from "../engine/protocol";

export class LiveAnswer {
  /** The message that it becomes; null while nothing is written. */
  id = $state<string | null>(null);
  thought = $state("");
  answer = $state("");
  thoughtTokens = $state(0);
  /** When the thought began (performance.now, milliseconds); undefined while the model does not think. */
  thinkingSince = $state<number | undefined>(undefined);
  /** The model is not ready yet, or still busy with an answer that was stopped. */
  waiting = $state(false);
  /** The engine was lost and is starting again. */
  recovering = $state(false);
  /** Which of several answers to one question this is, from 1; undefined where there is one. */
  round = $state.raw<{ n: number; of: number } | undefined>(undefined);

  /** Begins an answer, or continues the part of one that is there. */
  begin(id: string, thought = "", answer = ""): void {
    this.id = id;
    this.restart(thought, answer);
  }

  restart(thought = "", answer = ""): void {
    this.thought = thought;
    this.answer = answer;
    this.thoughtTokens = 0;
    this.thinkingSince = undefined;
  }

  take({ part, text, tokens }: AnswerToken): void {
    this.recovering = false;
    this[part] += text;
    if (part === "thought") {
      this.thoughtTokens = tokens;
      this.thinkingSince ??= performance.now();
    } else this.thinkingSince = undefined;
  }

  end(): void {
    this.id = null;
    this.waiting = false;
    this.thinkingSince = undefined;
    this.recovering = false;
    this.round = undefined;
  }
}
