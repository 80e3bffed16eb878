// Where a text is cut into blocks that are rendered one by one: as marked finds them, except that a long list becomes several, and HTML that spans
// empty lines (`<details>`) is one block with its content. Not for: when a block of a stream is finished (blocks.ts).
import type { Token, Tokens } from "marked";
import { openMath } from "./math";
import { stillOpen } from "./raw-html";
import { lexBlocks, type ListPart } from "./render";

/** A list longer than this, in characters, is cut into parts of about this length. */
export const SHORT = 2_000;
/** The most characters that HTML may hold; if it is open for longer, it holds nothing. */
const MOST_HELD = 20_000;

export interface RawBlock {
  text: string;
  /** For a part of a long list. */
  list?: ListPart;
  /** The list goes on in the next block. */
  joined: boolean;
}

/** The blocks that make up a text. `list`: the long list that it begins within. */
export function cutBlocks(text: string, list?: ListPart): RawBlock[] {
  const blocks: RawBlock[] = [];
  const tokens = lexBlocks(text);
  const ends = endsOf(tokens);
  let at = 0;
  for (let i = 0; i < tokens.length;) {
    const token = tokens[i]!;
    const end = ends.get(i) ?? i + 1;
    const raw = tokens.slice(i, end).reduce((all, one) => all + one.raw, "");
    // What the lexer changed in reading is not cut further.
    if (!text.startsWith(raw, at)) break;
    if (token.type === "space" && blocks.length > 0) blocks.at(-1)!.text += raw;
    else if (token.type === "list" && (raw.length > SHORT || (list && at === 0)))
      blocks.push(...partsOf(token as Tokens.List, at === 0 ? list : undefined));
    else blocks.push({ text: raw, joined: false });
    at += raw.length;
    i = end;
  }
  if (at < text.length) blocks.push({ text: text.slice(at), joined: false });
  return blocks;
}

/** For each token of HTML, by index, where what it opens ends (an index, exclusive); right after itself where it holds nothing. */
function endsOf(tokens: readonly Token[]): Map<number, number> {
  const ends = new Map<number, number>();
  const open: { from: number; start: number; depth: number }[] = [];
  let depth = 0;
  let at = 0;
  const close = (to: number) => {
    const { from, start } = open.pop()!;
    ends.set(from, at - start > MOST_HELD ? from + 1 : to);
  };
  for (const [i, { type, raw }] of tokens.entries()) {
    if (type === "html") open.push({ from: i, start: at, depth });
    at += raw.length;
    if (type === "html") depth += stillOpen(raw);
    while (open.length > 0 && open.at(-1)!.depth >= depth) close(i + 1);
  }
  while (open.length > 0) close(tokens.length);
  return ends;
}

function partsOf(token: Tokens.List, within: ListPart | undefined): RawBlock[] {
  const loose = token.loose || (within?.loose ?? false);
  let start = within ? within.start : token.ordered ? Number(token.start) : undefined;
  const parts: RawBlock[] = [];
  let text = "";
  let items = 0;
  const cut = (joined: boolean) => {
    parts.push({ text, list: { start, loose }, joined });
    if (start !== undefined) start += items;
    text = "";
    items = 0;
  };
  for (const item of token.items) {
    if (text.length >= SHORT) cut(true);
    text += item.raw;
    items++;
  }
  cut(false);
  return parts;
}

/** How many of the first blocks of `text`, which ends with a line, no later text can change. */
export function finished(text: string, blocks: readonly RawBlock[]): number {
  // A formula may go on over empty lines, a definition may have its title on the next line.
  const formula = openMath(text) ?? Infinity;
  let end = 0;
  const goesOn = blocks.findIndex(({ text: raw }, i) => {
    end += raw.length;
    const last = i === blocks.length - 1;
    return last || end > formula || (i === blocks.length - 2 && /^ {0,3}\[/.test(raw) && !/\n[ \t]*\n$/.test(raw));
  });
  return Math.max(0, goesOn);
}
