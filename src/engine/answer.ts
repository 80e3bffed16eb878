// One answer of the loaded model, whatever runtime writes it: its prompt, its stream, and the end of its thought when that has cost enough. Not for:
// how a runtime renders a prompt or writes a passage (`Writer`, in its folder).
import { AppError, isCancelled } from "../platform/app-error";
import { Figures, type PassageFigures } from "./figures";
import type { AnswerResult, ChatTurn, Question } from "./protocol";
import { Repetition } from "./repetition";
import type { Asked } from "./serve";
import { leadOf, thinkTags, ThoughtParser, type AnswerParts, type PartialAnswer, type Piece } from "./thoughts";

/** Tokens of the context window that a prompt leaves for what is written, and a thought for the answer, as parts of the window. */
const ANSWER_SHARE = 0.25;
const AFTER_THOUGHT_SHARE = 0.125;

/** The turns that a model reads, and the text that they become, up to where it is to write. */
export interface Prompt {
  turns: ChatTurn[];
  text: string;
}

/** What is to be written in one go. */
export interface Passage {
  turns: ChatTurn[];
  /** All that the model reads. */
  text: string;
  /** The end of `text` that is no part of the prompt: the model's own turn as far as it stands. */
  lead: string;
  /** What stands of an answer that is held to the question's schema; undefined where none is held. */
  begun: string | undefined;
  /** Counts the passages of this answer. */
  index: number;
}

/** A piece of a passage. */
export interface Written {
  text: string;
  /** Tokens of this passage so far. */
  tokens: number;
  /** With the last piece. "length": the window is full, or there are as many tokens as were asked for. */
  finish?: "stop" | "length";
  /** At the end. */
  figures?: PassageFigures;
}

/** What a runtime does of an answer. */
export interface Writer {
  /** Tokens of the context window. */
  readonly contextSize: number;
  /** The tokens of a text. */
  count(text: string): number | Promise<number>;
  /** How many of the oldest turns must be left out so that so many tokens are left; undefined where the last question alone does not fit. */
  turnsToDrop(turns: readonly ChatTurn[], reserve: number): Promise<number | undefined> | number | undefined;
  /** What the model reads of these turns. Throws AppError. */
  render(turns: readonly ChatTurn[]): string;
  /** Writes a passage of an answer to this question, as it comes. Throws an AbortError where it was interrupted while it was read. */
  write(passage: Passage, question: Question): AsyncIterable<Written> | Promise<AsyncIterable<Written>>;
  /** Ends the passage that is written: with its end, "stop", or an AbortError. */
  interrupt(): void;
  /** The answer is over. `whole`: the model itself came to its end. */
  over(whole: boolean): Promise<void> | void;
}

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
  private hurrying = false;
  private stretches = 0;
  private readonly tokens: Record<keyof AnswerParts, number> = { thought: 0, answer: 0 };
  private readonly figures = new Figures();

  constructor(
    private readonly writer: Writer,
    private readonly question: Question,
    private readonly asked: Pick<Asked, "signal" | "started" | "token">,
  ) {
    asked.signal.addEventListener("abort", () => this.writer.interrupt());
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
    const { contextSize } = this.writer;
    const { thinking, continueFrom } = this.question;
    let state: PartialAnswer = continueFrom ?? { thought: "", answer: "", closed: thinking?.think === false };
    this.tokens.thought = await this.count(state.thought);
    this.tokens.answer = await this.count(state.answer);
    const prompt = await this.prompt(
      Math.max(Math.floor(contextSize * ANSWER_SHARE), this.tokens.thought + this.tokens.answer + 32),
    );
    const room = contextSize - (await this.count(prompt.text)) - Math.floor(contextSize * AFTER_THOUGHT_SHARE);
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
        await this.writer.over(finish === "stop" && !this.stopping);
        const stats = this.figures.sumUp(this.tokens, (performance.now() - began) / 1000, contextSize);
        return { ...parts, ...(cut ? { cut } : {}), finish: this.stopping ? "stopped" : finish, stats };
      }
      cut = stretch.cut;
      state = { ...parts, closed: true };
    }
  }

  private count(text: string): number | Promise<number> {
    return text === "" ? 0 : this.writer.count(text);
  }

  /** The turns that leave `reserve` tokens, and the text that they become. */
  private async prompt(reserve: number): Promise<Prompt> {
    const { turns } = this.question;
    const dropped = await this.writer.turnsToDrop(turns, reserve);
    if (dropped === undefined) {
      const tokens = await this.count(turns.at(-1)!.content);
      throw new AppError(
        "prompt-too-long",
        `${tokens} tokens; the context window holds ${this.writer.contextSize}`,
        "none",
      );
    }
    this.asked.started(dropped);
    const left = turns.slice(dropped);
    return { turns: left, text: this.writer.render(left) };
  }

  /** Runs the model to its end, to where its thought is to be closed, or to where an answer begins that is to be held to a schema. */
  private async stream(prompt: Prompt, state: PartialAnswer, budget: number): Promise<Stretch> {
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
    // What is not being written yet cannot be interrupted.
    if (this.stopping) throw new DOMException("stopped", "AbortError");
    const pieces = await this.writer.write(
      { turns: prompt.turns, text, lead, begun: holding ? state.answer : undefined, index: this.stretches++ },
      this.question,
    );
    let finish: Written["finish"];
    let closed: AnswerResult["cut"];
    const repetition = { thought: new Repetition(), answer: new Repetition() };
    let repeats = false;
    let written = 0;
    let before = 0;
    for await (const piece of pieces) {
      // The tag that ends a thought is one of its tokens.
      const wasThought = parser.part === "thought";
      const pieces = heard(parser.push(piece.text));
      const now = performance.now();
      const thinks = parser.part === "thought";
      if (piece.tokens > written) this.tokens[thinks || wasThought ? "thought" : "answer"] += piece.tokens - written;
      if ((thinks || wasThought) && written > 0) this.figures.thoughtSeconds += (now - before) / 1000;
      written = piece.tokens;
      before = now;
      this.give(pieces);
      for (const { part, text } of pieces) if (repetition[part].push(text) && part === parser.part) repeats = true;
      if (piece.finish !== undefined) finish = piece.finish;
      else if (thinks && closed === undefined) closed = repeats ? "repetition" : this.endOfThought(budget);
      const turning = schema !== undefined && !holding && parser.part === "answer";
      if (this.stopping || repeats || turning || closed !== undefined) this.writer.interrupt();
      if (piece.figures) this.figures.note(piece.figures);
    }
    if (finish === undefined) throw new AppError("device-lost", "the answer ended without an end");
    this.give(heard(parser.end()));
    this.figures.used = (await this.count(text)) + written;
    // A thought that was over by itself in that very moment needs no end.
    const over = parser.part !== "thought";
    const why = over || closed === undefined ? {} : { cut: closed };
    // Without an answer held to it, a schema is not met.
    if (schema && !holding)
      return { parts: { ...parser.parts, answer: "" }, finish, goesOn: finish === "stop", ...why };
    return { parts: parser.parts, finish: over && repeats ? "repeated" : finish, goesOn: "cut" in why, ...why };
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
