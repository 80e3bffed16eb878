// The figures of one answer, summed over the passages in which it is written. Not for: counting tokens (answer.ts).
import type { AnswerStats } from "./protocol";
import type { AnswerParts } from "./thoughts";

/** What a runtime measured of a passage, in tokens and seconds. */
export interface PassageFigures {
  /** What was read of the prompt: not what the runtime still had of the question before. */
  read: number;
  /** From the request to the first token. */
  readSeconds: number;
  written: number;
  /** For all tokens but the first, which comes with the prompt. */
  writtenSeconds: number;
}

export class Figures {
  thoughtSeconds = 0;
  /** Tokens in the context window. */
  used = 0;
  private read = 0;
  private readSeconds = 0;
  private written = 0;
  private writtenSeconds = 0;
  private firstToken = 0;

  note({ read, readSeconds, written, writtenSeconds }: PassageFigures): void {
    this.read += read;
    this.readSeconds += readSeconds;
    if (this.firstToken === 0) this.firstToken = readSeconds;
    this.written += Math.max(0, written - 1);
    this.writtenSeconds += writtenSeconds;
  }

  /** `seconds`: from the question to the end. */
  sumUp(tokens: Readonly<Record<keyof AnswerParts, number>>, seconds: number, contextSize: number): AnswerStats {
    const { read, readSeconds, written, writtenSeconds } = this;
    return {
      promptTokens: read,
      thoughtTokens: tokens.thought,
      answerTokens: tokens.answer,
      prefillRate: readSeconds > 0 ? read / readSeconds : 0,
      decodeRate: writtenSeconds > 0 ? written / writtenSeconds : 0,
      secondsToFirstToken: this.firstToken,
      seconds,
      thoughtSeconds: this.thoughtSeconds,
      contextUsed: Math.min(this.used, contextSize),
      contextSize,
    };
  }
}
