// Telling a model's thought from its answer while the text streams. Pure; used by the engine worker, which hands out both apart.
// Not for: how long a model may think (reasoning/effort.ts), or how a thought is shown.

/** How a model family writes its thoughts: texts as they stand in a prompt, with their white space. */
export interface ThoughtFormat {
  /** What comes before a thought. */
  open: string;
  /** What comes between a thought and the answer. */
  close: string;
  /** A thought of nothing, which makes the model answer at once. */
  empty: string;
}

/** Of Qwen3, DeepSeek-R1 and most others. */
export const thinkTags: ThoughtFormat = {
  open: "<think>\n",
  close: "\n</think>\n\n",
  empty: "<think>\n\n</think>\n\n",
};

export interface AnswerParts {
  thought: string;
  answer: string;
}

export interface Piece {
  part: keyof AnswerParts;
  text: string;
}

/** What an answer needs to be resumed: its parts, and whether its thought is over. */
export interface PartialAnswer extends AnswerParts {
  closed: boolean;
}

/**
 * What the model is to find at the beginning of its own turn, so that it goes on from there. `think`: whether it is to think; undefined for a
 * model that does not.
 */
export function leadOf(
  format: ThoughtFormat,
  think: boolean | undefined,
  { thought, answer, closed }: PartialAnswer,
): string {
  if (think === undefined) return answer;
  if (thought !== "") return format.open + thought + (closed ? format.close + answer : "");
  return think && !closed ? format.open : format.empty + answer;
}

/** How much of the end of `text` could be the beginning of `tag`. */
function overlap(text: string, tag: string): number {
  for (let n = Math.min(text.length, tag.length - 1); n > 0; n--) if (text.endsWith(tag.slice(0, n))) return n;
  return 0;
}

/**
 * Splits a text that comes in chunks of any size, and looks at each character once. A thought is only what stands first; it ends at the first
 * closing tag that is not quoted in code. A tag in a code block that is never closed turns out at the end to have been no quotation: `parts` is
 * then right, and what was handed out before is not.
 */
export class ThoughtParser {
  readonly parts: AnswerParts;
  /** Where the text stands; undefined before that can be told. */
  part: keyof AnswerParts | undefined;
  private readonly open: string;
  private readonly close: string;
  /** What in a thought matters: a closing tag, the end of a line, a mark of code. */
  private readonly signs: RegExp;
  /** What was not read yet: before a thought or an answer is told apart, what may be the beginning of a tag. */
  private unread = "";
  /** There was more than white space. */
  private begun = false;
  /** White space that belongs to the thought if more of it comes. */
  private blank = "";
  /** A closing tag within what may be code, and all after it, until that can be told. */
  private quoted: string | undefined;
  /** How much of what is held back stood already. */
  private given = 0;
  /** How much of the thought was read, its last line, and how many marks of code are on that. */
  private length = 0;
  private line = "";
  private marks = 0;
  /** The mark of the code block that the thought is in, and where the first closing tag in that block stands. */
  private fence: string | undefined;
  private fenced: number | undefined;

  /** `from`: what stands already, and in which part the text goes on where that is known. */
  constructor(
    format: ThoughtFormat,
    private readonly from: AnswerParts & { part?: keyof AnswerParts | undefined } = { thought: "", answer: "" },
  ) {
    this.open = format.open.trim();
    this.close = format.close.trim();
    this.signs = new RegExp(`${this.close.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}|[\n\`]`, "g");
    this.parts = { thought: from.thought, answer: from.answer };
    if (from.part === "answer" || from.thought !== "") this.part = from.part;
    // What stands is read, so that it is known whether the text goes on in code.
    if (this.part === "thought") {
      if (this.readThought(from.thought, false).answer !== undefined) this.part = "answer";
      this.blank = "";
      this.given = (this.quoted ?? this.unread).length;
    }
  }

  /** Takes the next chunk. Gives what is now known to belong to the thought or to the answer. */
  push(chunk: string): Piece[] {
    return this.read(chunk, false);
  }

  /** Gives what was held back. `parts` is complete afterwards. */
  end(): Piece[] {
    const pieces = this.read("", true);
    if (this.part === "thought" && this.fenced !== undefined) {
      const all = this.parts.thought + this.blank;
      this.parts.thought = all.slice(0, this.fenced).trimEnd();
      this.parts.answer = all.slice(this.fenced + this.close.length).trimStart();
    }
    return pieces;
  }

  private read(chunk: string, last: boolean): Piece[] {
    const pieces: Piece[] = [];
    const give = (part: Piece["part"], text: string) => {
      this.parts[part] += text;
      if (text !== "") pieces.push({ part, text });
    };
    let text = chunk;
    if (this.part === undefined) {
      this.unread += chunk;
      // White space alone tells nothing.
      this.begun ||= chunk.trim() !== "";
      if (last || this.begun) this.begin(last);
      if (this.part === undefined) return pieces;
      text = this.unread;
      this.unread = "";
    }
    if (this.part === "thought") {
      const { thought, answer } = this.readThought(text, last);
      give("thought", thought);
      if (answer === undefined) return pieces;
      this.part = "answer";
      text = answer;
    }
    give("answer", this.parts.answer === "" ? text.trimStart() : text);
    return pieces;
  }

  private begin(last: boolean): void {
    const text = this.unread.trimStart();
    if (text.startsWith(this.open)) {
      this.part = "thought";
      this.unread = text.slice(this.open.length);
    } else if (last || !this.open.startsWith(text)) this.part = this.from.part ?? "answer";
  }

  /** What more belongs to the thought, and the beginning of the answer if it is over. */
  private readThought(chunk: string, last: boolean): { thought: string; answer?: string } {
    let text = this.unread + chunk;
    this.unread = "";
    let thought = "";
    if (this.quoted !== undefined) {
      const at = text.search(/[\n`]/);
      this.quoted += text;
      if (at < 0 && !last) return { thought };
      const held = this.quoted;
      this.quoted = undefined;
      if (text[at] !== "`") return { thought, answer: held.slice(this.close.length) };
      thought = this.pass(held.slice(0, held.length - text.length + at));
      text = text.slice(at);
    } else if (this.length === 0 && this.parts.thought === "") text = text.trimStart();
    let from = 0;
    for (const { 0: sign, index } of text.matchAll(this.signs)) {
      // In code that was passed over.
      if (index < from) continue;
      thought += this.pass(text.slice(from, index));
      from = index + sign.length;
      if (sign === "`") this.marks++;
      else if (sign === "\n") thought += this.endLine();
      else if (this.fence !== undefined) this.fenced ??= this.length;
      else {
        const mark = this.marks % 2 === 0 ? from : indexOf(text, /[\n`]/g, from);
        if (mark < 0 && !last) {
          this.quoted = text.slice(index);
          return { thought: this.solid(thought) };
        }
        // In code that began on this line, it is a quotation if the code ends on this line as well.
        if (this.marks % 2 === 0 || text[mark] !== "`")
          return { thought: this.solid(thought), answer: text.slice(from) };
        from = mark;
      }
      if (sign !== "\n") thought += this.pass(text.slice(index, from));
    }
    const sure = text.length - (last ? 0 : overlap(text.slice(from), this.close));
    thought += this.pass(text.slice(from, sure));
    this.unread = text.slice(sure);
    return { thought: this.solid(thought) };
  }

  private pass(text: string): string {
    this.length += text.length;
    this.line += text;
    return text;
  }

  /** Keeps account of code blocks. */
  private endLine(): string {
    const [, mark, after] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(this.line) ?? [];
    if (mark !== undefined && this.fence === undefined && !after!.includes("`")) this.fence = mark;
    else if (mark !== undefined && this.fence !== undefined && mark.startsWith(this.fence) && after!.trim() === "") {
      this.fence = undefined;
      this.fenced = undefined;
    }
    this.length++;
    this.line = "";
    this.marks = 0;
    return "\n";
  }

  /** Holds back white space at the end, which belongs to the thought only if more of it comes. */
  private solid(text: string): string {
    const end = text.trimEnd().length;
    if (end === 0) {
      this.blank += text;
      return "";
    }
    const whole = (this.blank + text.slice(0, end)).slice(this.given);
    this.given = 0;
    this.blank = text.slice(end);
    return whole;
  }
}

/** Where a pattern is found from some place on; -1 for nowhere. */
function indexOf(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
}
