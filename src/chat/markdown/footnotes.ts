// Footnotes in Markdown: `[^1]` in a text, and `[^1]: what it says` on a line of its own. A note is shown where it is defined, and leads back to where it
// is named. Not for: which number it has (definitions.ts), and what pressing one does (link-element.ts).
import type { TokenizerAndRendererExtension, Tokens } from "marked";
import { noteName } from "./definitions";
import type { BoundedLexer } from "./lexer";

const begin = /^ {0,3}\[\^([^\]\s]{1,100})\]:[ \t]*/;
const named = /^\[\^([^\]\s]{1,100})\]/;
/** A line that begins a block of its own, and so does not continue the note before it. */
const otherBlock = /^ {0,3}(?:\[\^[^\]\s]+\]:|#{1,6}(?:\s|$)|```|~~~|>|[-*+][ \t]|\d{1,9}[.)][ \t]|\||<)/;

/** How far into a paragraph, in characters, a note is looked for that ends it. */
const MOST_AHEAD = 4_000;

interface NoteToken extends Tokens.Generic {
  /** Undefined for a label that was defined before. */
  note: number | undefined;
}

/** The note at the beginning of `src`: its lines, and what is indented after an empty line. */
function linesOf(src: string): { raw: string; text: string } {
  let text = "";
  let end = 0;
  for (let at = 0, empty = false; at < src.length;) {
    const next = src.indexOf("\n", at) + 1 || src.length;
    const line = src.slice(at, next);
    const blank = line.trim() === "";
    if (at > 0 && !blank && (empty ? !/^(?: {2}|\t)/.test(line) : otherBlock.test(line))) break;
    text += at === 0 ? line.replace(begin, "") : line.replace(/^(?: {1,4}|\t)/, "");
    empty = blank;
    at = next;
    if (!blank) end = at;
  }
  return { raw: src.slice(0, end), text };
}

/** Extensions by which marked reads footnotes. */
export const noteExtensions: TokenizerAndRendererExtension[] = [
  {
    name: "note",
    level: "block",
    start(src) {
      const found = /\n(?:( {0,3}\[\^[^\]\s]{1,100}\]:)|[ \t]*(?:\n|$))/.exec(src.slice(0, MOST_AHEAD));
      return found?.[1] === undefined ? undefined : found.index + 1;
    },
    tokenizer(src): NoteToken | undefined {
      const label = begin.exec(src)?.[1];
      if (label === undefined) return undefined;
      const { raw, text } = linesOf(src);
      const note = (this.lexer as BoundedLexer).defineNote(noteName(label));
      // A second definition is text.
      const tokens =
        note === undefined
          ? [{ type: "paragraph", raw, text: raw, tokens: this.lexer.inline(raw) }]
          : this.lexer.blockTokens(text);
      return { type: "note", raw, note, tokens };
    },
    renderer(token) {
      const { note, tokens } = token as NoteToken;
      const text = this.parser.parse(tokens!);
      if (note === undefined) return text;
      return `<ol start="${note}"><li>${text}<a href="#ref-${note}">↩</a></li></ol>`;
    },
  },
  {
    name: "noteName",
    level: "inline",
    tokenizer(src) {
      const [raw, label] = named.exec(src) ?? [];
      const known = label === undefined ? undefined : (this.lexer as BoundedLexer).known(noteName(label));
      return known && "note" in known ? { type: "noteName", raw: raw!, note: known.note } : undefined;
    },
    renderer: ({ note }) => `<sup><a href="#note-${String(note)}">${String(note)}</a></sup>`,
  },
];
