// Math in Markdown: where a formula begins and ends, and its MathML. Every search looks ahead only as far as a formula may be long, so that
// text full of signs that open one and never close it costs no more than other text. Not for: making the MathML safe (render.ts).
import type { Token, TokenizerAndRendererExtension, Tokens } from "marked";
import temml from "temml";
import { escapeHtml } from "./escape";

/** A longer formula than this, in characters, is shown as it was written. */
const MOST_MATH = 4_000;

interface MathToken extends Tokens.Generic {
  tex: string;
  display: boolean;
  /** Signs of the sentence that stand right behind a formula on lines of its own. */
  tail?: string;
}

/** What may be a formula: the signs that enclose it, and what comes right before and after them. */
interface Candidate {
  open: string;
  tex: string;
  /** Its text without commands and their arguments, such as `\text{...}`, whose words are not prose. */
  bare: string;
  before: string;
  behind: string;
}

const commands = /\\[a-zA-Z]+\*?(?:\s*\{[^{}]*\})?/g;
const functions = "(?:sin|cos|tan|cot|sec|csc|log|ln|exp|min|max|sup|inf|lim|det|dim|ker|gcd|lcm|mod|arg)\\b";
const prose = new RegExp(`(?<![\\p{L}\\\\])(?!${functions})\\p{L}{2,} +(?!${functions})\\p{L}{2,}|[、。，！？]`, "u");
const figures = new RegExp(`^\\d.*(?<!\\p{L})(?!${functions})\\p{L}{2,}.*\\d$`, "u");
const amount = new RegExp(
  `^[\\d.,]*\\d(?: *[/·-]? *(?!${functions})[\\p{L}]{3,}| +\\p{L}{2,}|[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}円€£¥])`,
  "u",
);

/** When a candidate is text after all. For `$`, which also stands for money and in programs, every rule holds; for other signs those marked `always`. */
const rules: { always?: true; isText: (candidate: Candidate) => boolean; because: string }[] = [
  { always: true, isText: ({ tex }) => tex.trim() === "", because: "there is nothing in it" },
  {
    always: true,
    isText: ({ bare }) => prose.test(bare),
    because: "two words beside each other are prose: `kill $$ and wait $$`, `$5 for you, 10$`, `\\[see there\\]`",
  },
  {
    always: true,
    isText: ({ open, behind }) => open === "\\[" && behind.startsWith("("),
    because: "`\\[a\\](b)` is a link that was kept from being one",
  },
  {
    isText: ({ tex }) => /^\s|\s$/.test(tex),
    because: "a formula touches its signs, an amount has a space on one side: `$5 and $6`, `5 $ et 6 $`",
  },
  {
    isText: ({ before }) => /[\p{Script=Latin}\d$\\]/u.test(before),
    because: "a sign behind a figure or a Latin letter is one of money or of a name: `5$/month`, `US$5`, `a$b`",
  },
  {
    isText: ({ behind }) => /^[\d{([]|^(?!(?:th|st|nd|rd|s|e|es)(?![\p{L}\d_]))[\p{Script=Latin}_]/u.test(behind),
    because: "what goes on behind it belongs to the next sign: `$10-$20`, `$HOME/bin:$PATH`, `$A$1`, but `$n$th`",
  },
  {
    isText: ({ tex }) => amount.test(tex),
    because: "an amount and what it is for: `$5/month or 10$`, `$5 each$`, `$10、$20`",
  },
  {
    isText: ({ bare }) => figures.test(bare),
    because: "a word between two amounts of which one has its sign before it: `$5, or 10$`",
  },
  {
    always: true,
    isText: ({ open, behind }) => open.startsWith("$") && behind.startsWith("$"),
    because: "three beside each other are a level of prices: `$ to $$$`",
  },
  {
    isText: ({ tex }) => /^[A-Z][A-Z\d_]{2,}[/:]|^\w+(?:->|::)/.test(tex),
    because: "the name of a variable and a way: `$HOME/$`, `$this->a$`",
  },
];

const isMath = (candidate: Candidate): boolean =>
  !rules.some((rule) => (rule.always || candidate.open === "$") && rule.isText(candidate));

/** What defines macros: a few of them can stand for any amount of text. */
const definition = /\\(?:[egx]?def|let|futurelet|(?:re)?newcommand|providecommand|DeclareMathOperator)(?![a-zA-Z])/;

/** A formula as MathML; one that cannot be laid out as it was written. */
function mathHtml({ raw, tex, display, tail = "" }: MathToken): string {
  if (definition.test(tex)) return escapeHtml(raw.trim());
  try {
    return (
      temml.renderToString(tex, {
        displayMode: display,
        throwOnError: false,
        trust: false,
        maxExpand: 100,
        maxSize: [10, 10],
      }) + tail
    );
  } catch {
    // Some wrong formulas ("_" alone) and very deep ones break Temml all the same.
    return escapeHtml(raw.trim());
  }
}

/** Environments of LaTeX that are a formula of their own, without further signs. */
const environment =
  /^\\begin\{((?:align|alignat|flalign|gather|multline|equation|eqnarray)\*?|aligned|alignedat|gathered|split|cases|rcases|array|[bBpvV]?matrix|smallmatrix)\}/;
/** Those that Temml does not know are laid out as similar ones. */
const unknown = /\\(begin|end)\{(?:eqnarray|flalign)(\*?)\}/g;

/** The signs with which a formula begins at `from`, and those with which it ends; undefined where none begins. */
function signs(src: string, from: number): { open: string; close: string } | undefined {
  const two = src.slice(from, from + 2);
  if (two === "$$") return src[from + 2] === "$" ? undefined : { open: "$$", close: "$$" };
  if (two === "\\[") return { open: two, close: "\\]" };
  if (two === "\\(") return { open: two, close: "\\)" };
  if (two === "\\b") {
    const [open, name] = environment.exec(src.slice(from, from + 30)) ?? [];
    return open === undefined ? undefined : { open, close: `\\end{${name}}` };
  }
  return two[0] === "$" ? { open: "$", close: "$" } : undefined;
}

/** Where a `$…$` that begins at `from` ends: at the next sign of that line that is not escaped. */
const nextDollar = /(?:\\.|[^$\\\n])+/y;

/** The formula that begins at `from`: its token without type and text, and where it ends. `before`: the character before it. */
function formulaAt(src: string, from: number, before: string): { token: MathToken; end: number } | undefined {
  const found = signs(src, from);
  if (!found) return undefined;
  const { open, close } = found;
  const start = from + open.length;
  const within = src.slice(start, start + MOST_MATH + close.length);
  let length: number;
  if (open === "$") {
    nextDollar.lastIndex = 0;
    length = nextDollar.test(within) && within[nextDollar.lastIndex] === "$" ? nextDollar.lastIndex : -1;
  } else length = within.indexOf(close);
  if (length < 1) return undefined;
  const tex = within.slice(0, length);
  const end = start + length + close.length;
  if (!isMath({ open, tex, bare: tex.replace(commands, ""), before, behind: src.slice(end, end + 8) }))
    return undefined;
  const whole = open.startsWith("\\begin") ? src.slice(from, end) : tex.trim();
  return {
    token: { type: "", raw: "", tex: whole.replace(unknown, "\\$1{align$2}"), display: open !== "$" && open !== "\\(" },
    end,
  };
}

const displayLine = /^( {0,3})(?=\$\$|\\\[|\\begin\{)/;
const restOfLine = /([.,;:!?。、，；：！？]?)[ \t]*(?:\n|$)/y;

/** A formula that stands on lines of its own, at the beginning of `src`; it may have empty lines in it. */
function blockMath(src: string): MathToken | undefined {
  const [indent] = displayLine.exec(src) ?? [];
  const found = indent === undefined ? undefined : formulaAt(src, indent.length, "");
  if (!found) return undefined;
  restOfLine.lastIndex = found.end;
  const [rest, tail] = restOfLine.exec(src) ?? [];
  if (rest === undefined) return undefined;
  return { ...found.token, type: "blockMath", raw: src.slice(0, found.end + rest.length), tail: tail! };
}

/** Where a line of the paragraph at the beginning of `src` begins with a formula. */
function blockStart(src: string): number | undefined {
  for (const { 1: formula, index } of src
    .slice(0, MOST_MATH)
    .matchAll(/\n(?:( {0,3}(?:\$\$|\\\[|\\begin\{))|[ \t]*(?:\n|$))/g)) {
    if (formula === undefined) return undefined;
    if (blockMath(src.slice(index + 1))) return index + 1;
  }
  return undefined;
}

/** Where in `text` a formula begins on its own line that later text could still close; undefined where none does. */
export function openMath(text: string): number | undefined {
  const line = /^ {0,3}(?=\$\$|\\\[|\\begin\{)/gm;
  for (let found; (found = line.exec(text));) {
    const from = found.index + found[0].length;
    const { open, close } = signs(text, from) ?? {};
    if (open === undefined || close === undefined) continue;
    const within = text.slice(from + open.length, from + open.length + MOST_MATH + close.length);
    const closed = within.includes(close);
    if (!closed && within.length < MOST_MATH + close.length) return found.index;
    line.lastIndex =
      found.index + (closed ? (blockMath(text.slice(found.index, found.index + MOST_MATH + 99))?.raw.length ?? 1) : 1);
  }
  return undefined;
}

/** A formula within a text, at the beginning of `src`. */
function inlineMath(src: string, tokens: Token[]): MathToken | undefined {
  const found = formulaAt(src, 0, tokens.at(-1)?.raw.slice(-1) ?? "");
  return found && { ...found.token, type: "inlineMath", raw: src.slice(0, found.end) };
}

function inlineStart(src: string): number | undefined {
  const at = src.search(/\$|\\(?:[([]|begin\{)/);
  return at < 0 ? undefined : at;
}

/** Extensions by which marked reads math. */
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
