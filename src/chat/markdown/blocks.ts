// An answer that streams, cut into blocks: finished blocks are rendered once, and again only when a definition arrives that they wait for; the
// last one is rendered repeatedly. Where a block is finished depends only on the text before it, never on how the text arrived, so that a stream ends
// up the same as the whole text. A long last block is rendered again only when it has grown by a fraction of itself; meanwhile its newest text
// is shown as plain text after it, so that the cost of a token does not grow with the answer.
import type { Tokens } from "marked";
import { cutBlocks, finished, SHORT, type RawBlock } from "./cut";
import { Definitions } from "./definitions";
import { TooMuch } from "./limits";
import { languageOf, lexBlocks, renderBlock, renderCode, type ListPart, type Rendered } from "./render";

export type Block =
  /** `joined`: the list in it goes on in the next block. */
  | { kind: "html"; id: number; html: string; newest: string; joined: boolean }
  /** `text`: what is too much to be laid out, as it was written. */
  | { kind: "plain"; id: number; text: string; newest: string }
  /** `html`: highlighted code. */
  | { kind: "code"; id: number; language: string; code: string; html: string; newest: string };

/** A block, and what it was made of. */
interface Entry extends Pick<Rendered, "own" | "asked"> {
  raw: RawBlock;
  block: Block;
}

/** A long last block is rendered again when it has grown by this fraction. */
const GROWTH = 0.08;
/** An answer with more tags than this continues as plain text: a page with so many elements is slow whatever they are. */
const MOST_TAGS = 60_000;
/** What a block costs apart from its tags. */
const OF_BLOCK = 4;
/** How many characters of finished blocks are rendered again at once. */
const MOST_AGAIN = 10_000;

const nothing: Pick<Rendered, "own" | "asked"> = { own: new Map(), asked: new Map() };

/** In tags. In a browser with Trusted Types, HTML is an object. */
const costOf = (block: Block) => OF_BLOCK + (block.kind === "plain" ? 0 : String(block.html).split("<").length - 1);

export class BlockStream {
  /** What to show: every block before the open ones is final. A block that did not change is the same object. */
  blocks: readonly Block[] = [];
  private text = "";
  private ended = false;
  private entries: Entry[] = [];
  /** How many blocks are final, and where the text of the open ones begins and ended when it was last rendered. */
  private finalCount = 0;
  private openStart = 0;
  private renderedEnd = 0;
  private nextId = 0;
  /** How many tags the blocks after the final ones may have. */
  private room = MOST_TAGS;
  /** How far line ends were looked at, and where blocks were last looked for. */
  private seen = 0;
  private tried = 0;
  /** The list that the open blocks begin within, and its final blocks. */
  private list: ListPart | undefined;
  private listEntries: Entry[] = [];
  /** What the final blocks define; in the end, what all do. */
  private definitions = new Definitions();
  /** Final blocks by the names that they use and nothing has defined yet, and those that are to be rendered again. */
  private waiting = new Map<string, Set<Entry>>();
  private again = new Set<Entry>();

  /** `breaks`: every end of a line is shown as one. */
  constructor(private readonly breaks = false) {}

  /** Some of the text taken so far is still to be rendered: `catchUp` does that. */
  get behind(): boolean {
    return this.again.size > 0;
  }

  /**
   * Takes the whole text so far. Text that does not continue the last one starts over. `ended`: no more is expected; only then is what
   * is shown certain to be final.
   */
  update(text: string, ended = false): void {
    // Whether a line ends in one character or in two is known with the next one.
    const normal = (ended ? text : text.replace(/\r$/, "")).replace(/\r\n?/g, "\n").replaceAll("\0", "\ufffd");
    if (normal.length === this.text.length && normal === this.text && ended === this.ended) return;
    if (this.ended || !normal.startsWith(this.text)) this.restart();
    this.text = normal;
    this.ended = ended;
    const finalBefore = this.finalCount;
    for (let point = this.nextPoint(); point !== undefined; point = this.nextPoint()) this.finish(point);
    const open = normal.length - this.openStart;
    const grown = normal.length - this.renderedEnd;
    const shown = this.blocks.at(-1);
    const ends = /\n(?:\n|```|~~~|#)/.test(normal.slice(Math.max(this.openStart, this.renderedEnd - 4)));
    const enough = ended || open <= SHORT || grown >= open * GROWTH || (ends && shown?.kind === "html");
    if (shown && !enough && this.finalCount === finalBefore) {
      this.blocks = [...this.blocks.slice(0, -1), { ...shown, newest: normal.slice(this.renderedEnd) }];
      return;
    }
    this.showOpen();
    this.catchUp();
  }

  /** Renders again some of the final blocks whose definition has arrived. */
  catchUp(): void {
    let done = 0;
    for (const entry of this.again) {
      if (done > MOST_AGAIN) break;
      this.again.delete(entry);
      done += entry.raw.text.length;
      Object.assign(entry, this.render(entry.raw, entry.block.id, this.definitions, entry.own));
    }
    this.blocks = this.entries.map(({ block }) => block);
  }

  private restart(): void {
    const fresh = {
      blocks: [],
      entries: [],
      finalCount: 0,
      openStart: 0,
      renderedEnd: 0,
      room: MOST_TAGS,
      seen: 0,
      tried: 0,
    };
    Object.assign(this, fresh, { text: "", list: undefined, listEntries: [], definitions: new Definitions() });
    this.waiting.clear();
    this.again.clear();
  }

  /** Where blocks are looked for next: after an empty line or, in a long text without one, after a line. */
  private nextPoint(): number | undefined {
    while (this.room > 0) {
      const end = this.text.indexOf("\n", this.seen);
      if (end < 0) return undefined;
      const empty = this.text.slice(this.seen, end).trim() === "";
      this.seen = end + 1;
      const open = this.seen - this.openStart;
      if (open > SHORT ? this.seen - this.tried >= open * GROWTH : empty) return (this.tried = this.seen);
    }
    return undefined;
  }

  /** Makes the blocks before a point final, except those that may continue after it. */
  private finish(point: number): void {
    const text = this.text.slice(this.openStart, point);
    const raws = cutBlocks(text, this.list);
    this.takeLooseness(raws[0]);
    for (const [i, raw] of raws.slice(0, finished(text, raws)).entries()) {
      if (this.room <= 0) break;
      const entry = this.read(raw, this.finalCount, this.definitions);
      this.entries[this.finalCount++] = entry;
      for (const name of entry.own.keys()) this.wake(name);
      for (const name of entry.asked.keys())
        if (!this.definitions.get(name)) this.waiting.set(name, (this.waiting.get(name) ?? new Set()).add(entry));
      this.room -= costOf(entry.block);
      this.openStart += raw.text.length;
      this.listEntries = raw.joined ? [...this.listEntries, entry] : [];
      this.list = raw.joined ? raws[i + 1]!.list : undefined;
    }
  }

  /** Renders what is not final. */
  private showOpen(): void {
    const scope = new Definitions(this.definitions);
    const open = this.text.slice(this.openStart);
    const raws = this.room > 0 ? cutBlocks(open, this.list) : open === "" ? [] : [{ text: open, joined: false }];
    this.takeLooseness(raws[0]);
    let { room } = this;
    let index = this.finalCount;
    for (const [i, raw] of raws.entries()) {
      if (room <= 0) {
        // What there is no room for becomes one plain block.
        const text = raws.slice(i).map((one) => one.text);
        this.entries[index] = this.plain({ text: text.join(""), joined: false }, this.idAt(index));
        index++;
        break;
      }
      const entry = this.read(raw, index, scope);
      room -= costOf(entry.block);
      this.entries[index++] = entry;
    }
    this.entries.length = index;
    this.renderedEnd = this.text.length;
    if (!this.ended) return;
    // No more will come: what is defined in the open blocks holds for all.
    this.definitions = scope;
    for (const [i, entry] of this.entries.entries()) {
      if (i < this.finalCount) continue;
      for (const name of entry.own.keys()) this.wake(name);
      if (entry.block.kind === "html") this.entries[i] = this.read(entry.raw, i, scope);
    }
  }

  /** The open block at an index: the existing one where nothing changed for it. Adds what it defines to `scope`. */
  private read(raw: RawBlock, index: number, scope: Definitions): Entry {
    const old = this.entries[index];
    const same = old?.raw.text === raw.text && old.raw.joined === raw.joined && sameList(old.raw.list, raw.list);
    const entry = old && same && upToDate(old, scope) ? old : this.render(raw, this.idAt(index), scope);
    for (const [name, definition] of entry.own) scope.add(name, definition);
    return entry;
  }

  private idAt(index: number): number {
    return this.entries[index]?.block.id ?? this.nextId++;
  }

  private render(raw: RawBlock, id: number, definitions: Definitions, before?: Entry["own"]): Entry {
    const { text, list, joined } = raw;
    const code = codeIn(text);
    if (code) {
      const language = languageOf(code.lang);
      return {
        raw,
        block: { kind: "code", id, language, code: code.text, html: renderCode(code.text, language), newest: "" },
        ...nothing,
      };
    }
    try {
      const { html, own, asked } = renderBlock(text, { definitions, before, list, breaks: this.breaks });
      // What it defined it still does.
      return { raw, block: { kind: "html", id, html, newest: "", joined }, own: before ?? own, asked };
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      return this.plain(raw, id);
    }
  }

  private plain(raw: RawBlock, id: number): Entry {
    return { raw, block: { kind: "plain", id, text: raw.text, newest: "" }, ...nothing };
  }

  /** Space between two items means space between all, also in final blocks. */
  private takeLooseness(first: RawBlock | undefined): void {
    if (!this.list || this.list.loose || !first?.list?.loose) return;
    this.list = { ...this.list, loose: true };
    for (const entry of this.listEntries) {
      entry.raw = { ...entry.raw, list: { ...entry.raw.list!, loose: true } };
      this.again.add(entry);
    }
  }

  private wake(name: string): void {
    for (const entry of this.waiting.get(name) ?? []) this.again.add(entry);
    this.waiting.delete(name);
  }
}

const sameList = (a: ListPart | undefined, b: ListPart | undefined) => a?.start === b?.start && a?.loose === b?.loose;

/** Whether a block would be rendered as it is. */
function upToDate({ asked, own }: Entry, scope: Definitions): boolean {
  for (const [name, was] of asked) {
    const now = scope.get(name);
    if (now !== was && now !== own.get(name)) return false;
  }
  const note = [...own.values()].find((one) => "note" in one);
  return !note || note.note === scope.nextNote || [...own.keys()].some((name) => scope.get(name) === note);
}

/** The code that a block consists of. */
function codeIn(text: string): Tokens.Code | undefined {
  if (!/^\s*(?:`{3}|~{3})/.test(text)) return undefined;
  const [token, ...others] = lexBlocks(text).filter(({ type }) => type !== "space");
  return token?.type === "code" && token["codeBlockStyle"] !== "indented" && others.length === 0
    ? (token as Tokens.Code)
    : undefined;
}
