// An answer that streams, cut into blocks: finished blocks are rendered once and never looked at again, only the last
// one is rendered anew. A long last block is rendered anew only when it has grown by a part of itself, and meanwhile
// its newest text stands plainly behind it, so that the cost of a token does not grow with the answer.
import { TooMuch } from "./limits";
import { lexBlocks, renderCode, renderMarkdown } from "./render";

export type Block =
  | { kind: "html"; id: number; html: string; newest: string }
  /** `text`: what is too much to be laid out, as it was written. */
  | { kind: "plain"; id: number; text: string; newest: string }
  /** `html`: highlighted code. */
  | { kind: "code"; id: number; language: string; code: string; html: string; newest: string };

/** A last block of up to so many characters is rendered anew with every change. */
const SHORT = 2_000;
/** A longer one when it has grown by this part. */
const GROWTH = 0.08;
/** An answer of more tags than this goes on as plain text: a page with so many elements is slow whatever they are. */
const MOST_TAGS = 60_000;
/** What a block costs apart from its tags. */
const OF_BLOCK = 4;
/** So many characters of a block tell whether it goes on from the one before it. */
const CERTAIN = 8;

/** In tags. In a browser with Trusted Types, HTML is an object. */
const costOf = (block: Block) => OF_BLOCK + (block.kind === "plain" ? 0 : String(block.html).split("<").length - 1);

function renderBlock(raw: string, id: number): Block {
  const token = lexBlocks(raw).find((t) => t.type !== "space");
  if (token?.type === "code" && token["codeBlockStyle"] !== "indented") {
    const language = String(token["lang"] ?? "").split(/\s/)[0]!;
    const code = String(token["text"]);
    return { kind: "code", id, language, code, html: renderCode(code, language), newest: "" };
  }
  try {
    return { kind: "html", id, html: renderMarkdown(raw), newest: "" };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return { kind: "plain", id, text: raw, newest: "" };
  }
}

/** The blocks of `text`, as raw Markdown; joined they are `text`. Items of a long list count as blocks of their own. */
export function rawBlocks(text: string): string[] {
  const blocks: string[] = [];
  let at = 0;
  for (const token of lexBlocks(text)) {
    // What the lexer changed in reading is not cut further.
    if (!text.startsWith(token.raw, at)) break;
    at += token.raw.length;
    if (token.type === "space" && blocks.length > 0) blocks[blocks.length - 1] += token.raw;
    else if (token.type === "list" && token.raw.length > SHORT)
      for (const item of token["items"] as { raw: string }[]) blocks.push(item.raw);
    else blocks.push(token.raw);
  }
  if (at < text.length) blocks.push(text.slice(at));
  return blocks;
}

export class BlockStream {
  /** What to show: every block before the open ones is final. A block that did not change is the same object. */
  blocks: readonly Block[] = [];
  private text = "";
  /** How many blocks are final, and where the text of the open ones begins and ended when it was last rendered. */
  private finalCount = 0;
  private openStart = 0;
  private renderedEnd = 0;
  private nextId = 0;
  /** How many tags the blocks after the final ones may have. */
  private room = MOST_TAGS;

  /** Takes the whole text so far. Text that is not a continuation of the last one starts anew. */
  update(text: string): void {
    // Whether a line ends in one character or in two is known with the next one.
    const normal = text.replace(/\r$/, "").replaceAll("\r\n", "\n");
    if (!normal.startsWith(this.text)) this.restart();
    else if (normal.length === this.text.length) return;
    this.text = normal;
    const open = normal.slice(this.openStart);
    const grown = normal.length - this.renderedEnd;
    const shown = this.blocks.at(-1);
    const ends = /\n(?:\n|```|~~~|#)/.test(normal.slice(Math.max(this.openStart, this.renderedEnd - 4)));
    if (shown && open.length > SHORT && grown < open.length * GROWTH && !(ends && shown.kind === "html")) {
      this.blocks = [...this.blocks.slice(0, -1), { ...shown, newest: normal.slice(this.renderedEnd) }];
      return;
    }
    const raws = this.room > 0 ? rawBlocks(open) : [open];
    const fresh = this.render(raws);
    this.blocks = [...this.blocks.slice(0, this.finalCount), ...fresh];
    this.renderedEnd = normal.length;
    // "2" may become "2. " and so belong to the list before it: a block is final when enough stands behind it.
    const stillOpen = Math.min(raws.length > 1 && raws.at(-1)!.trim().length < CERTAIN ? 2 : 1, raws.length);
    for (const block of fresh.slice(0, raws.length - stillOpen)) this.room -= costOf(block);
    this.finalCount = this.blocks.length - stillOpen;
    this.openStart = normal.length - raws.slice(raws.length - stillOpen).reduce((sum, raw) => sum + raw.length, 0);
  }

  private restart(): void {
    Object.assign(this, { blocks: [], finalCount: 0, openStart: 0, renderedEnd: 0, room: MOST_TAGS });
  }

  /** The open blocks, which keep their ids. Those for which there is no room left become one, in `raws` as well. */
  private render(raws: string[]): Block[] {
    const ids = this.blocks.slice(this.finalCount).map((b) => b.id);
    const fresh: Block[] = [];
    for (let { room } = this; fresh.length < raws.length;) {
      const id = ids[fresh.length] ?? this.nextId++;
      if (room <= 0) raws.push(raws.splice(fresh.length).join(""));
      const raw = raws[fresh.length]!;
      const block: Block = room <= 0 ? { kind: "plain", id, text: raw, newest: "" } : renderBlock(raw, id);
      room -= costOf(block);
      fresh.push(block);
    }
    return fresh;
  }
}
