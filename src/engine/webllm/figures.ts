// The figures of one answer, summed over the stretches in which it is written. Not for: counting tokens (answer.ts).
import type { CompletionUsage } from "@mlc-ai/web-llm";
import type { AnswerStats } from "../protocol";
import type { AnswerParts } from "../thoughts";

export class Figures {
  thoughtSeconds = 0;
  /** Tokens in the context window. */
  used = 0;
  private read = 0;
  private readSeconds = 0;
  private written = 0;
  private writtenSeconds = 0;
  private firstToken = 0;

  /** Adds what WebLLM measured of a stretch. */
  note({ prompt_tokens, completion_tokens, extra }: CompletionUsage): void {
    this.read += prompt_tokens;
    this.readSeconds += extra.time_to_first_token_s;
    if (this.firstToken === 0) this.firstToken = extra.time_to_first_token_s;
    // The first token comes with the prompt.
    const decoded = Math.max(0, completion_tokens - 1);
    this.written += decoded;
    this.writtenSeconds += decoded * extra.time_per_output_token_s;
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
