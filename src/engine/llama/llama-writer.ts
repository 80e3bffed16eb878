// What llama.cpp does of an answer (engine/answer.ts). It keeps what it has read and written, and reads of the next text what differs from that.
import type { RawCompletionChunk, ResultTimings, Wllama } from "@wllama/wllama";
import { isCancelled } from "../../platform/app-error";
import type { Passage, Writer, Written } from "../answer";
import type { ChatTurn, Question } from "../protocol";
import { renamed, samplingOf, type Sampling } from "../sampling";
import type { ChatTemplate } from "./chat-template";
import { after, grammarOf, toGbnf, type Schema } from "./json-grammar";

/** What requests to llama.cpp call the parameters of sampling. */
const ownNames = { temperature: "temperature", topP: "top_p" } as const satisfies Record<keyof Sampling, string>;

/** Tokens of the window that are left at least where the last question alone leaves too few. */
const FEW = 16;

/** What llama.cpp says of a text that is longer than the window. */
const tooLong = /request \((\d+) tokens\) exceeds/;

export class LlamaWriter implements Writer {
  private ending = new AbortController();
  /** As many tokens as the window has, and one more: with them, no text is read, and llama.cpp says how many tokens it has. */
  private readonly beyond: string;
  private beyondTokens: Promise<number> | undefined;
  /** What was counted last. */
  private last: { text: string; tokens: number } | undefined;

  /** `endToken`: the text of a token that stands for itself wherever it is; "" where there is none, and words have to do. */
  constructor(
    private readonly wllama: Pick<Wllama, "createCompletion">,
    readonly contextSize: number,
    private readonly template: Pick<ChatTemplate, "render">,
    endToken: string,
  ) {
    this.beyond = (endToken || "\n a").repeat(contextSize + 1);
  }

  async count(text: string): Promise<number> {
    this.beyondTokens ??= this.tokensBeyond("");
    // What a prompt takes is asked for where its turns are chosen, before it is read and after it was answered.
    if (this.last?.text !== text)
      this.last = { text, tokens: (await this.tokensBeyond(text)) - (await this.beyondTokens) };
    return this.last.tokens;
  }

  /** llama.cpp counts only what it refuses. */
  private async tokensBeyond(text: string): Promise<number> {
    try {
      await this.wllama.createCompletion({ prompt: text + this.beyond, max_tokens: 1 });
    } catch (error) {
      const counted = tooLong.exec(String(error));
      if (counted) return Number(counted[1]);
      throw error;
    }
    throw new Error("llama.cpp took a text that is longer than its window");
  }

  async turnsToDrop(turns: readonly ChatTurn[], reserve: number): Promise<number | undefined> {
    const last = turns.length - 1;
    // Whole exchanges go.
    const begins = turns.flatMap(({ role }, i) => (role === "user" && i < last ? [i] : []));
    if (begins[0] !== 0 && last > 0) begins.unshift(0);
    const tokensFrom = (at: number) => this.count(this.render(turns.slice(at)));
    const room = this.contextSize - reserve;
    let [low, high] = [0, begins.length];
    while (low < high) {
      const middle = low === 0 ? 0 : (low + high) >> 1;
      if ((await tokensFrom(begins[middle]!)) <= room) high = middle;
      else low = middle + 1;
    }
    if (low < begins.length) return begins[low];
    return (await tokensFrom(last)) > this.contextSize - FEW ? undefined : last;
  }

  render(turns: readonly ChatTurn[]): string {
    return this.template.render(turns);
  }

  async *write(
    { text, begun, index }: Passage,
    { sampling, maxTokens, seed, schema }: Question,
  ): AsyncIterable<Written> {
    const ending = (this.ending = new AbortController());
    const began = performance.now();
    let firstCame: number | undefined;
    let timings: ResultTimings | undefined;
    let tokens = 0;
    const end = (finish: Written["finish"]): Written => ({
      text: "",
      tokens,
      ...(finish ? { finish } : {}),
      figures: {
        read: timings?.prompt_n ?? 0,
        readSeconds: ((firstCame ?? performance.now()) - began) / 1000,
        written: tokens,
        writtenSeconds: (timings?.predicted_ms ?? 0) / 1000,
      },
    });
    const settings = {
      prompt: text,
      stream: true as const,
      abortSignal: ending.signal,
      timings_per_token: true,
      ...renamed(
        samplingOf((name) => sampling[name]),
        ownNames,
      ),
      // llama.cpp would cut the unlikely off by rules of its own.
      top_k: 0,
      min_p: 0,
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      // Each passage draws numbers of its own.
      ...(seed === undefined ? {} : { seed: (seed + index) >>> 0 }),
      ...(schema === undefined || begun === undefined ? {} : { grammar: heldTo(schema, begun) }),
    };
    try {
      const chunks = await this.wllama.createCompletion(settings);
      for await (const chunk of chunks) {
        // What came after it was ended was not asked for.
        if (ending.signal.aborted) continue;
        firstCame ??= performance.now();
        timings = timingsOf(chunk) ?? timings;
        tokens = timings?.predicted_n ?? tokens;
        const [choice] = chunk.choices;
        const reason = choice?.finish_reason;
        if (reason) yield end(reason === "length" ? "length" : "stop");
        else yield { text: choice?.text ?? "", tokens };
      }
      if (ending.signal.aborted) yield end("stop");
    } catch (error) {
      if (!ending.signal.aborted || !isAbort(error)) throw error;
      if (firstCame === undefined) throw new DOMException("interrupted while it was read", "AbortError");
      yield end("stop");
    }
  }

  interrupt(): void {
    this.ending.abort();
  }

  over(): void {}
}

/** The grammar of what is to come of such JSON where `begun` stands of it. */
function heldTo(schema: Schema, begun: string): string {
  const rest = after(grammarOf(schema), begun);
  if (!rest) throw new Error(`not the beginning of such JSON: ${begun}`);
  return toGbnf(rest);
}

const isAbort = (error: unknown) => isCancelled(error) || (error instanceof Error && error.name === "AbortError");

const timingsOf = (chunk: RawCompletionChunk) => (chunk as { timings?: ResultTimings }).timings;
