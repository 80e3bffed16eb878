// What WebLLM does of an answer (engine/answer.ts). Its chat keeps what it has read from one question to the next; only its completions go on from
// a text.
import type { ChatOptions, CompletionUsage, MLCEngine } from "@mlc-ai/web-llm";
import type { Passage, Writer, Written } from "../answer";
import type { PassageFigures } from "../figures";
import type { ChatTurn, Question } from "../protocol";
import { renamed } from "../sampling";
import { ownNames } from "../store/mlc-names";
import type { Held } from "./patches/grammar";
import type { Pipeline } from "./patches/internals";
import { renderPrompt, turnsToDrop } from "./prompt";
import { spread } from "./seed";

/** What is used of a piece of WebLLM's stream, of a chat or of a completion. */
interface Chunk {
  choices: readonly ({ finish_reason: string | null } & ({ delta: { content?: string | null } } | { text: string }))[];
  usage?: CompletionUsage | null;
}

export class WebllmWriter implements Writer {
  /** What is being written is held to this, where WebLLM was not told so with the question. */
  held: Held | undefined;
  readonly contextSize: number;

  constructor(
    private readonly engine: MLCEngine,
    private readonly pipeline: Pipeline,
    private readonly config: Required<ChatOptions>,
  ) {
    this.contextSize = config.context_window_size;
  }

  count(text: string): number {
    return this.pipeline.tokenizer.encode(text).length;
  }

  turnsToDrop(turns: readonly ChatTurn[], reserve: number): number | undefined {
    const count = (text: string) => (text === "" ? 0 : this.count(text));
    return turnsToDrop(this.config.conv_template, turns, this.contextSize, reserve, count);
  }

  render(turns: readonly ChatTurn[]): string {
    const template = this.config.conv_template;
    // Some families begin with a token that WebLLM's chat adds, and its completions do only for models with a manifest.
    const begin = Int32Array.from(this.pipeline.artifact === undefined ? (template.system_prefix_token_ids ?? []) : []);
    return (begin.length > 0 ? this.pipeline.tokenizer.decode(begin) : "") + renderPrompt(template, turns);
  }

  async write(passage: Passage, question: Question): Promise<AsyncIterable<Written>> {
    return this.pieces(await this.begin(passage, question));
  }

  interrupt(): void {
    void this.engine.interruptGenerate();
  }

  /** WebLLM has not read the last token of an answer that it did not end itself: a follow-up must be read as a whole. */
  async over(whole: boolean): Promise<void> {
    if (!whole) await this.engine.resetChat(true);
  }

  private begin({ turns, text, lead, begun, index }: Passage, question: Question): Promise<AsyncIterable<Chunk>> {
    const { sampling, maxTokens, seed } = question;
    const schema = begun === undefined ? undefined : JSON.stringify(question.schema);
    const settings = {
      ...renamed(sampling, ownNames),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      // Each passage draws numbers of its own.
      ...(seed === undefined ? {} : { seed: spread(seed + index) }),
      stream_options: { include_usage: true },
      stream: true as const,
    };
    this.held = undefined;
    if (lead === "")
      return this.engine.chat.completions.create({
        ...settings,
        ...(schema === undefined ? {} : { response_format: { type: "json_object" as const, schema } }),
        messages: turns,
      });
    if (schema !== undefined) this.held = { schema, begun: begun ?? "" };
    return this.engine.completions.create({ ...settings, prompt: text });
  }

  private async *pieces(chunks: AsyncIterable<Chunk>): AsyncIterable<Written> {
    let tokens = 0;
    for await (const { choices, usage } of chunks) {
      const [choice] = choices;
      if (choice) tokens = this.pipeline.getCurRoundCompletionTotalTokens();
      yield {
        text: choice ? (("delta" in choice ? choice.delta.content : choice.text) ?? "") : "",
        tokens,
        ...(choice && choice.finish_reason !== null
          ? { finish: choice.finish_reason === "length" ? ("length" as const) : ("stop" as const) }
          : {}),
        ...(usage ? { figures: figuresOf(usage) } : {}),
      };
    }
  }
}

function figuresOf({ prompt_tokens, completion_tokens, extra }: CompletionUsage): PassageFigures {
  return {
    read: prompt_tokens,
    readSeconds: extra.time_to_first_token_s,
    written: completion_tokens,
    writtenSeconds: Math.max(0, completion_tokens - 1) * extra.time_per_output_token_s,
  };
}
