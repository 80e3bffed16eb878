// Math in Markdown: where a formula begins and ends, and its MathML. Every search looks only so far ahead as a formula may be long, so that
// text full of signs that open one and close none costs no more than other text. Not for: making the MathML safe (render.ts).
import type { TokenizerAndRendererExtension, Tokens } from "marked";
import temml from "temml";
import { escapeHtml } from "./escape";

/** A longer formula than this, in characters, is shown as it was written. */
const MOST_MATH = 4_000;

interface MathToken extends Tokens.Generic {
  tex: string;
  display: boolean;
}

/** What defines macros: a few of them can stand for any amount of text. */
const definition = /\\(?:[egx]?def|let|futurelet|(?:re)?newcommand|providecommand|DeclareMathOperator)(?![a-zA-Z])/;

/** A formula as MathML; one that cannot be laid out as it was written. */
function mathHtml({ raw, tex, display }: MathToken): string {
  if (definition.test(tex)) return escapeHtml(raw.trim());
  try {
    return temml.renderToString(tex, {
      displayMode: display,
      throwOnError: false,
      trust: false,
      maxExpand: 100,
      maxSize: [10, 10],
    });
  } catch {
    // Some wrong formulas ("_" alone) and very deep ones break Temml all the same.
    return escapeHtml(raw.trim());
  }
}

/** The formula between marks of which the first begins at `from`; undefined where none is closed in time. */
function between(src: string, from: number, open: string, close: string) {
  const start = from + open.length;
  const length = src.slice(start, start + MOST_MATH + close.length).indexOf(close);
  if (length < 1) return undefined;
  return { tex: src.slice(start, start + length).trim(), end: start + length + close.length };
}

const displayMarks: Record<string, string> = { $$: "$$", "\\[": "\\]" };
const displayLine = /^( {0,3})(\$\$|\\\[)/;
const restOfLine = /[ \t]*(?:\n|$)/y;

/** A formula that stands on lines of its own, at the beginning of `src`. */
function blockMath(src: string): MathToken | undefined {
  const [, indent, open] = displayLine.exec(src) ?? [];
  if (indent === undefined || open === undefined) return undefined;
  const found = between(src, indent.length, open, displayMarks[open]!);
  if (!found) return undefined;
  restOfLine.lastIndex = found.end;
  if (!restOfLine.test(src)) return undefined;
  return { type: "blockMath", raw: src.slice(0, restOfLine.lastIndex), tex: found.tex, display: true };
}

/** Where a line of the paragraph at the beginning of `src` begins with a formula. */
function blockStart(src: string): number | undefined {
  for (const { 1: formula, index } of src.matchAll(/\n(?:( {0,3}(?:\$\$|\\\[))|[ \t]*(?:\n|$))/g)) {
    if (formula === undefined) return undefined;
    if (blockMath(src.slice(index + 1))) return index + 1;
  }
  return undefined;
}

/** A formula within a text, at the beginning of `src`. */
function inlineMath(src: string): MathToken | undefined {
  const mark = src.slice(0, 2);
  const display = displayMarks[mark];
  const close = display ?? (mark === "\\(" ? "\\)" : undefined);
  if (close !== undefined) {
    const found = between(src, 0, mark, close);
    if (!found || found.tex === "") return undefined;
    return { type: "inlineMath", raw: src.slice(0, found.end), tex: found.tex, display: display !== undefined };
  }
  const [raw, tex] = /^\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/.exec(src.slice(0, MOST_MATH)) ?? [];
  return raw === undefined ? undefined : { type: "inlineMath", raw, tex: tex!.trim(), display: false };
}

function inlineStart(src: string): number | undefined {
  const found = ["$", "\\(", "\\["].map((mark) => src.indexOf(mark)).filter((index) => index >= 0);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** What teaches marked to read math. */
export const mathExtensions: TokenizerAndRendererExtension[] = [
  {
    name: "blockMath",
    level: "block",
    start: blockStart,
    tokenizer: blockMath,
    renderer: (token) => `<p>${mathHtml(token as MathToken)}</p>`,
  },
  {
    name: "inlineMath",
    level: "inline",
    start: inlineStart,
    tokenizer: inlineMath,
    renderer: (token) => mathHtml(token as MathToken),
  },
];
