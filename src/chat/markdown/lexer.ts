// marked's reading of Markdown, held to the limits, and kept from losing what was written: what only looks like a tag is text, a definition that leads
// nowhere is text, and a row of a table keeps all of its cells. Not for: which parts of a text are read when (blocks.ts).
import { Lexer, Tokenizer, type MarkedOptions, type Token, type Tokens, type TokensList } from "marked";
import { readLink } from "../../trust/foreign-link";
import { emphasisRules, endOfAddress } from "./cjk";
import type { Definition, Definitions } from "./definitions";
import { MOST_ADDRESS, MOST_INLINE, MOST_NESTED, MOST_RUNS, TooMuch } from "./limits";
import { isTagName, TagReader } from "./raw-html";

/** A pipe that ends a cell. */
const pipe = /(?<!\\)(?:\\\\)*\|/g;
const lastPipe = /(?<!\\)(?:\\\\)*\|$/;

/** How many cells a row of a table has. */
function cellsIn(row: string): number {
  const bare = row.trim();
  const pipes = bare.match(pipe)?.length ?? 0;
  return pipes + 1 - (bare.startsWith("|") ? 1 : 0) - (lastPipe.test(bare) ? 1 : 0);
}

class BoundedTokenizer extends Tokenizer {
  private get reader() {
    return this.lexer as unknown as BoundedLexer;
  }

  // Methods that read a match again, or look ahead to the end of the text, are held to the limits.

  override blockquote(src: string): Tokens.Blockquote | undefined {
    return this.reader.within(() => super.blockquote(src));
  }

  override list(src: string): Tokens.List | undefined {
    return this.reader.within(() => super.list(src));
  }

  override url(src: string): Tokens.Link | undefined {
    const link = super.url(src.slice(0, MOST_ADDRESS));
    if (!link || link.raw.length >= MOST_ADDRESS) return undefined;
    const end = endOfAddress(link.raw);
    return end < link.raw.length ? super.url(src.slice(0, end)) : link;
  }

  // One tilde is a range in Chinese, Japanese and Korean (10~20), and an estimate elsewhere.
  override del(src: string, maskedSrc: string, prevChar = ""): Tokens.Del | undefined {
    return src.startsWith("~~") ? super.del(src, maskedSrc, prevChar) : undefined;
  }

  // Others lose text, or take what is not theirs.

  override html(src: string): Tokens.HTML | undefined {
    const [, name] = /^ {0,3}<\/?([a-zA-Z][a-zA-Z0-9-]*)(?=[\s/>]|$)/.exec(src) ?? [];
    return name !== undefined && isTagName(name) ? super.html(src) : undefined;
  }

  override tag(src: string): Tokens.Tag | undefined {
    const tag = super.tag(src);
    // In CommonMark, text within inline elements is always read as Markdown; marked would leave that of some unescaped.
    this.lexer.state.inRawBlock = false;
    if (!tag || this.reader.tags.tagAt(src, 0, true) > 0) return tag && { ...tag, inRawBlock: false };
    return { type: "text", raw: tag.raw, text: tag.raw, escaped: false } as unknown as Tokens.Tag;
  }

  override def(src: string): Tokens.Def | undefined {
    const found = super.def(src);
    const blank = found?.raw.search(/\n[ \t]*\n/) ?? -1;
    // A title does not span an empty line.
    if (found && blank >= 0) return this.def(found.raw.slice(0, blank + 1));
    return found && readLink(found.href) ? found : undefined;
  }

  override table(src: string): Tokens.Table | undefined {
    const queued = this.lexer.inlineQueue.length;
    const table = super.table(src);
    if (!table) return undefined;
    const [head, marks, ...rows] = table.raw.split("\n");
    const most = rows.reduce((so, row) => Math.max(so, cellsIn(row)), 0);
    const more = most - table.header.length;
    if (more <= 0) return table;
    if (most * rows.length > MOST_RUNS) throw new TooMuch();
    // As wide as its widest row.
    const widened = [head!, marks!].map((row, i) => {
      const bare = row.trimEnd();
      return bare + (lastPipe.test(bare) ? "" : " |") + (i === 0 ? " |" : "-|").repeat(more);
    });
    this.lexer.inlineQueue.length = queued;
    return { ...super.table([...widened, ...rows].join("\n"))!, raw: table.raw };
  }
}

/** Reads a block. Throws `TooMuch` for a text that is beyond a limit. */
export class BoundedLexer extends Lexer {
  /** What the text itself defines. */
  readonly own = new Map<string, Definition>();
  /** The names that it uses or defines, and what was known of each. */
  readonly asked = new Map<string, Definition | undefined>();
  private depth = 0;
  private runs = 0;
  private run = "";
  private runDepth = 0;
  private runTags: TagReader | undefined;
  private notes = 0;

  /** `definitions`: what the text around it defines; `before`: what this text defined when it was last read. */
  constructor(
    options: MarkedOptions,
    private readonly definitions?: Definitions,
    private readonly before?: ReadonlyMap<string, Definition>,
  ) {
    const tokenizer = new BoundedTokenizer();
    super({ ...options, tokenizer });
    tokenizer.rules = { ...tokenizer.rules, inline: { ...tokenizer.rules.inline, ...emphasisRules } };
    const linkOf = (name: string | symbol) => {
      const known = this.known(String(name));
      return known && "href" in known ? known : undefined;
    };
    this.tokens.links = new Proxy(this.tokens.links, {
      get: (_, name) => linkOf(name),
      getOwnPropertyDescriptor: (_, name) => {
        const value = linkOf(name);
        return value && { value, configurable: true, enumerable: true, writable: true };
      },
      set: (_, name, link: Definition) => {
        this.own.set(String(name), link);
        return true;
      },
    });
  }

  /** What a name stands for. */
  known(name: string): Definition | undefined {
    const known = this.definitions?.get(name);
    this.asked.set(name, known);
    return known ?? this.own.get(name);
  }

  /** The number of a footnote that is defined here; undefined for a name that is taken. */
  defineNote(name: string): number | undefined {
    const known = this.known(name);
    if (known && known !== this.before?.get(name)) return undefined;
    const definition = known && "note" in known ? known : { note: (this.definitions?.nextNote ?? 1) + this.notes++ };
    this.own.set(name, definition);
    return definition.note;
  }

  /** Tells tags in the paragraph, heading or cell that is being read. */
  get tags(): TagReader {
    return (this.runTags ??= new TagReader(this.run));
  }

  override blockTokens(src: string, tokens?: Token[], lastParagraphClipped?: boolean): Token[];
  override blockTokens(src: string, tokens?: TokensList, lastParagraphClipped?: boolean): TokensList;
  override blockTokens(src: string, tokens?: Token[], lastParagraphClipped?: boolean): Token[] {
    return this.within(() => super.blockTokens(src, tokens, lastParagraphClipped));
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    if (src.length > MOST_INLINE || ++this.runs > MOST_RUNS) throw new TooMuch();
    if (this.runDepth === 0) {
      this.run = src;
      this.runTags = undefined;
    }
    this.runDepth++;
    try {
      return this.within(() => super.inlineTokens(src, tokens));
    } finally {
      this.runDepth--;
    }
  }

  /** Reads what lies one level deeper. */
  within<T>(read: () => T): T {
    if (this.depth === MOST_NESTED) throw new TooMuch();
    this.depth++;
    try {
      return read();
    } finally {
      this.depth--;
    }
  }
}
