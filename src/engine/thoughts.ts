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

/** What an answer needs to be gone on with: its parts, and whether its thought is over. */
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
  if (thought !== "") return format.open + thought + (closed ? format.close + answer : "");
  if (think === undefined) return answer;
  return think && !closed ? format.open : format.empty + answer;
}

/** How much of the end of `text` could be the beginning of `tag`. */
function overlap(text: string, tag: string): number {
  for (let n = Math.min(text.length, tag.length - 1); n > 0; n--) if (text.endsWith(tag.slice(0, n))) return n;
  return 0;
}

/**
 * Splits a text that comes in chunks of any size. A thought is only what stands first; it ends at the first closing tag that is not quoted
 * in code. A tag in a code block that is never closed turns out at the end to have been no quotation: `parts` is then right, and what was
 * handed out before is not.
 */
export class ThoughtParser {
  readonly parts: AnswerParts;
  /** Where the text stands; undefined before that can be told. */
  part: keyof AnswerParts | undefined;
  private readonly open: string;
  private readonly close: string;
  /** All of a thought; before and after it what was not read yet. */
  private text = "";
  /** How much of the thought was handed out, from where a closing tag is to be looked for, and where the first unread line begins. */
  private given = 0;
  private searched = 0;
  private line = 0;
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
    this.parts = { thought: from.thought, answer: from.answer };
    if (from.part === "answer" || from.thought !== "") this.part = from.part;
    if (this.part === "thought") this.text = from.thought;
    this.given = this.text.length;
  }

  /** Takes the next chunk. Gives what is now known to belong to the thought or to the answer. */
  push(chunk: string): Piece[] {
    this.text += chunk;
    return this.read(false);
  }

  /** Gives what was held back. `parts` is complete afterwards. */
  end(): Piece[] {
    const pieces = this.read(true);
    if (this.part === "thought" && this.fenced !== undefined) {
      this.parts.thought = this.text.slice(0, this.fenced).trimEnd();
      this.parts.answer = this.text.slice(this.fenced + this.close.length).trimStart();
    }
    return pieces;
  }

  private read(last: boolean): Piece[] {
    const pieces: Piece[] = [];
    const give = (part: Piece["part"], text: string) => {
      this.parts[part] += text;
      if (text !== "") pieces.push({ part, text });
    };
    if (this.part === undefined) this.begin(last);
    if (this.part === "thought") {
      // White space around a thought belongs to nothing.
      if (this.given === 0 && this.searched === 0) this.text = this.text.trimStart();
      const { index, found } = this.findClose(last);
      const text = this.text.slice(this.given, index).trimEnd();
      this.given += text.length;
      give("thought", text);
      if (found) {
        this.part = "answer";
        this.text = this.text.slice(index + this.close.length);
      }
    }
    if (this.part === "answer") {
      give("answer", this.parts.answer === "" ? this.text.trimStart() : this.text);
      this.text = "";
    }
    return pieces;
  }

  private begin(last: boolean): void {
    const text = this.text.trimStart();
    if (text.startsWith(this.open)) {
      this.part = "thought";
      this.text = text.slice(this.open.length);
    } else if (last || !this.open.startsWith(text)) this.part = this.from.part ?? "answer";
  }

  /** Where the thought is closed; or, if that was not found, up to where it is sure not to be. */
  private findClose(last: boolean): { index: number; found: boolean } {
    for (;;) {
      const index = this.text.indexOf(this.close, this.searched);
      this.readLines(index < 0 ? this.text.length : index);
      if (index < 0) {
        const sure = this.text.length - (last ? 0 : overlap(this.text, this.close));
        this.searched = Math.max(this.searched, this.text.length - this.close.length + 1);
        return { index: sure, found: false };
      }
      const after = index + this.close.length;
      if (this.fence === undefined) {
        const marks = this.text.slice(this.line, index).split("`").length - 1;
        if (marks % 2 === 0) return { index, found: true };
        // In code that began on this line: it is a quotation if the code ends on this line as well.
        const next = /[`\n]/.exec(this.text.slice(after))?.[0];
        if (next === "\n" || (next === undefined && last)) return { index, found: true };
        if (next === undefined) return { index, found: false };
      } else this.fenced ??= index;
      this.searched = after;
    }
  }

  /** Keeps account of code blocks, over the lines that end before `to`. */
  private readLines(to: number): void {
    for (let end = this.text.indexOf("\n", this.line); end >= 0 && end < to; end = this.text.indexOf("\n", this.line)) {
      const [, mark, after] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(this.text.slice(this.line, end)) ?? [];
      if (mark !== undefined && this.fence === undefined && !after!.includes("`")) this.fence = mark;
      else if (mark !== undefined && this.fence !== undefined && mark.startsWith(this.fence) && after!.trim() === "") {
        this.fence = undefined;
        this.fenced = undefined;
      }
      this.line = end + 1;
    }
  }
}
