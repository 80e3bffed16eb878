// An answer that streams, cut into blocks: finished blocks are rendered once and never looked at again, only the last
// one is rendered anew. A long last block is rendered anew only when it has grown by a part of itself, and meanwhile
// its newest text stands plainly behind it, so that the cost of a token does not grow with the answer.
import { highlight, lex, renderMarkdown } from "./render";

export type Block =
  | { kind: "html"; id: number; html: string; newest: string }
  /** `html`: highlighted code. */
  | { kind: "code"; id: number; language: string; code: string; html: string; newest: string };

/** A last block of up to so many characters is rendered anew with every change. */
const SHORT = 2_000;
/** A longer one when it has grown by this part. */
const GROWTH = 0.08;

function renderBlock(raw: string, id: number): Block {
  const token = lex(raw).find((t) => t.type !== "space");
  if (token?.type === "code" && token["codeBlockStyle"] !== "indented") {
    const language = String(token["lang"] ?? "").split(/\s/)[0]!;
    const code = String(token["text"]);
    return { kind: "code", id, language, code, html: highlight(code, language), newest: "" };
  }
  return { kind: "html", id, html: renderMarkdown(raw), newest: "" };
}

/** The blocks of `text`, as raw Markdown; joined they are `text`. Items of a long list count as blocks of their own. */
export function rawBlocks(text: string): string[] {
  const blocks: string[] = [];
  for (const token of lex(text)) {
    if (token.type === "space" && blocks.length > 0) blocks[blocks.length - 1] += token.raw;
    else if (token.type === "list" && token.raw.length > SHORT)
      blocks.push(...(token["items"] as { raw: string }[]).map((i) => i.raw));
    else blocks.push(token.raw);
  }
  return blocks;
}

export class BlockStream {
  /** What to show: every block but the last is final. A block that did not change is the same object. */
  blocks: readonly Block[] = [];
  private text = "";
  /** Where the last block begins, and how long it was when it was last rendered. */
  private lastStart = 0;
  private renderedLength = 0;
  private nextId = 0;

  /** Takes the whole text so far. Text that is not a continuation of the last one starts anew. */
  update(text: string): void {
    const normal = text.replaceAll("\r\n", "\n");
    if (!normal.startsWith(this.text)) Object.assign(this, { blocks: [], lastStart: 0, renderedLength: 0 });
    else if (normal.length === this.text.length) return;
    this.text = normal;
    const last = normal.slice(this.lastStart);
    const shown = this.blocks.at(-1);
    const grown = last.length - this.renderedLength;
    const ends = /\n(?:\n|```|~~~|#)/.test(last.slice(Math.max(0, this.renderedLength - 4)));
    if (shown && last.length > SHORT && grown < last.length * GROWTH && !(ends && shown.kind === "html")) {
      this.blocks = [...this.blocks.slice(0, -1), { ...shown, newest: last.slice(this.renderedLength) }];
      return;
    }
    const raws = rawBlocks(last);
    const finished = shown ? this.blocks.slice(0, -1) : [];
    const fresh = raws.map((raw, i) => renderBlock(raw, i === 0 && shown ? shown.id : this.nextId++));
    this.blocks = [...finished, ...fresh];
    this.lastStart = normal.length - (raws.at(-1)?.length ?? 0);
    this.renderedLength = raws.at(-1)?.length ?? 0;
  }
}
