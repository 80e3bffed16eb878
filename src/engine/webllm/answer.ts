// One answer of the loaded model: its prompt, its stream, and the end of its thought when that has cost enough. Not for: loading models.
import type { ChatOptions, MLCEngine } from "@mlc-ai/web-llm";
import { AppError, isCancelled } from "../../platform/app-error";
import type { AnswerResult, ChatTurn, Question } from "../protocol";
import { Repetition } from "../repetition";
import type { Asked } from "../serve";
import { leadOf, thinkTags, ThoughtParser, type AnswerParts, type PartialAnswer, type Piece } from "../thoughts";
import { Figures } from "./figures";
import { inOwnNames } from "../store/mlc-names";
import type { Held } from "./patches/grammar";
import type { Pipeline } from "./patches/internals";
import { spread } from "./seed";
import { renderPrompt, turnsToDrop } from "./prompt";

/** Tokens of the context window that a prompt leaves for what is written, and a thought for the answer, as parts of the window. */
const ANSWER_SHARE = 0.25;
const AFTER_THOUGHT_SHARE = 0.125;

/** How much of an answer was written in one go, and what comes next. */
interface Stretch {
  parts: AnswerParts;
  finish: AnswerResult["finish"];
  /** The thought is over, and the answer is written in a stretch of its own. */
  goesOn: boolean;
  /** Why the thought was closed, where the model did not do it. */
  cut?: AnswerResult["cut"];
}

export class Answer {
  /** What is being written is held to this, where WebLLM was not told so with the question. */
  held: Held | undefined;
  private hurrying = false;
  private stretches = 0;
  private readonly contextSize: number;
  private readonly tokens: Record<keyof AnswerParts, number> = { thought: 0, answer: 0 };
  private readonly figures = new Figures();

  constructor(
    private readonly engine: MLCEngine,
    private readonly pipeline: Pipeline,
    private readonly config: Required<ChatOptions>,
    private readonly question: Question,
    private readonly asked: Pick<Asked, "signal" | "started" | "token">,
  ) {
    this.contextSize = config.context_window_size;
    asked.signal.addEventListener("abort", () => void this.engine.interruptGenerate());
  }

  /** It is to end; what was written stays. */
  get stopping(): boolean {
    return this.asked.signal.aborted;
  }

  /** Closes the thought, if the model is thinking. */
  answerNow(): void {
    this.hurrying = true;
  }

  /** Streams the answer. Throws AppError. */
  async write(): Promise<AnswerResult> {
    const began = performance.now();
    const { thinking, continueFrom } = this.question;
    let state: PartialAnswer = continueFrom ?? { thought: "", answer: "", closed: thinking?.think === false };
    this.tokens.thought = this.count(state.thought);
    this.tokens.answer = this.count(state.answer);
    const prompt = this.prompt(
      Math.max(Math.floor(this.contextSize * ANSWER_SHARE), this.tokens.thought + this.tokens.answer + 32),
    );
    const room = this.contextSize - this.count(prompt.text) - Math.floor(this.contextSize * AFTER_THOUGHT_SHARE);
    const budget = Math.max(1, Math.min(thinking?.budget ?? Infinity, room));
    let cut: AnswerResult["cut"];
    for (;;) {
      const stretch = await this.stream(prompt, state, budget).catch((error: unknown): Stretch => {
        // It was stopped while the prompt was read. A device that is lost ends what waits for it in the same way.
        if (!this.stopping || !isCancelled(error)) throw error;
        return { parts: { thought: state.thought, answer: state.answer }, finish: "stop", goesOn: false };
      });
      const { parts, finish } = stretch;
      if (!stretch.goesOn || this.stopping) {
        // WebLLM has not read the last token of an answer that it did not end itself: a follow-up must be read as a whole.
        if (this.stopping || finish !== "stop") await this.engine.resetChat(true);
        const stats = this.figures.sumUp(this.tokens, (performance.now() - began) / 1000, this.contextSize);
        return { ...parts, ...(cut ? { cut } : {}), finish: this.stopping ? "stopped" : finish, stats };
      }
      cut = stretch.cut;
      state = { ...parts, closed: true };
    }
  }

  private count(text: string): number {
    return text === "" ? 0 : this.pipeline.tokenizer.encode(text).length;
  }

  /** The turns that leave `reserve` tokens, and the text that they become. */
  private prompt(reserve: number) {
    const template = this.config.conv_template;
    const dropped = turnsToDrop(template, this.question.turns, this.contextSize, reserve, (text) => this.count(text));
    if (dropped === undefined) {
      const tokens = this.count(this.question.turns.at(-1)!.content);
      throw new AppError("prompt-too-long", `${tokens} tokens; the context window holds ${this.contextSize}`, "none");
    }
    this.asked.started(dropped);
    const turns = this.question.turns.slice(dropped);
    // Some families begin with a token that WebLLM's chat adds, and its completions do only for models with a manifest.
    const begin = Int32Array.from(this.pipeline.artifact === undefined ? (template.system_prefix_token_ids ?? []) : []);
    const text = (begin.length > 0 ? this.pipeline.tokenizer.decode(begin) : "") + renderPrompt(template, turns);
    return { turns, text };
  }

  /** Runs the model to its end, to where its thought is to be closed, or to where an answer begins that is to be held to a schema. */
  private async stream(prompt: ReturnType<Answer["prompt"]>, state: PartialAnswer, budget: number): Promise<Stretch> {
    const { thinking, schema } = this.question;
    const format = thinking?.format ?? thinkTags;
    const tag = format.open.trim();
    const lead = leadOf(format, thinking?.think, state);
    const opens = prompt.text.trimEnd().endsWith(tag);
    const inThought = state.thought !== "" || thinking?.think || opens;
    const parser = new ThoughtParser(format, {
      ...state,
      // Of a model that neither is said to think nor is opened a thought by its template, tags are text like any other.
      part: state.closed || !(thinking || opens) ? "answer" : inThought ? "thought" : undefined,
    });
    const text = prompt.text + (opens && lead.startsWith(tag) ? lead.slice(format.open.length) : lead);
    // A thought is free; what of an answer is not held to its schema yet is written anew.
    const holding = schema !== undefined && parser.part === "answer";
    const heard = (all: Piece[]) => (schema && !holding ? all.filter(({ part }) => part === "thought") : all);
    const chunks = await this.begin(prompt.turns, text, lead, holding ? state.answer : undefined);
    let finish: AnswerResult["finish"] | undefined;
    let closed: AnswerResult["cut"];
    const repetition = { thought: new Repetition(), answer: new Repetition() };
    let repeats = false;
    let written = 0;
    let before = 0;
    for await (const chunk of chunks) {
      const choice = chunk.choices[0];
      if (choice) {
        // The tag that ends a thought is one of its tokens.
        const wasThought = parser.part === "thought";
        const pieces = heard(parser.push(("delta" in choice ? choice.delta.content : choice.text) ?? ""));
        const total = this.pipeline.getCurRoundCompletionTotalTokens();
        const now = performance.now();
        const thinks = parser.part === "thought";
        if (total > written) this.tokens[thinks || wasThought ? "thought" : "answer"] += total - written;
        if ((thinks || wasThought) && written > 0) this.figures.thoughtSeconds += (now - before) / 1000;
        written = total;
        before = now;
        this.give(pieces);
        for (const { part, text } of pieces) if (repetition[part].push(text) && part === parser.part) repeats = true;
        if (choice.finish_reason !== null) finish = choice.finish_reason === "length" ? "length" : "stop";
        else if (thinks && closed === undefined) closed = repeats ? "repetition" : this.endOfThought(budget);
        const turning = schema !== undefined && !holding && parser.part === "answer";
        if (this.stopping || repeats || turning || closed !== undefined) void this.engine.interruptGenerate();
      }
      if (chunk.usage) this.figures.note(chunk.usage);
    }
    if (finish === undefined) throw new AppError("device-lost", "the answer ended without an end");
    this.give(heard(parser.end()));
    this.figures.used = this.count(text) + written;
    // A thought that was over by itself in that very moment needs no end.
    const over = parser.part !== "thought";
    const why = over || closed === undefined ? {} : { cut: closed };
    // Without an answer held to it, a schema is not met.
    if (schema && !holding)
      return { parts: { ...parser.parts, answer: "" }, finish, goesOn: finish === "stop", ...why };
    return { parts: parser.parts, finish: over && repeats ? "repeated" : finish, goesOn: "cut" in why, ...why };
  }

  /**
   * Begins to generate what comes after `lead`, which ends `text`. `begun`: what stands of an answer that is to be held to the schema; undefined
   * where none is held. WebLLM's chat keeps what it has read from one question to the next; only its completions go on from a text.
   */
  private begin(turns: ChatTurn[], text: string, lead: string, begun: string | undefined) {
    const { sampling, maxTokens, seed } = this.question;
    const schema = begun === undefined ? undefined : JSON.stringify(this.question.schema);
    const settings = {
      ...inOwnNames(sampling),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      // Each stretch draws numbers of its own.
      ...(seed === undefined ? {} : { seed: spread(seed + this.stretches++) }),
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

  /** Why the thought that streams is to be closed now, if it is. */
  private endOfThought(budget: number): AnswerResult["cut"] {
    if (this.tokens.thought >= budget) return "budget";
    return this.hurrying ? "answer-now" : undefined;
  }

  private give(pieces: Piece[]): void {
    for (const piece of pieces) this.asked.token({ ...piece, tokens: this.tokens[piece.part] });
  }
}
