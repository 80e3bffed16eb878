// How much work a block of Markdown may make. Lexers and browsers take far longer over text that nests deep or never closes what it opens than over
// other text of its length; a block that asks for more than these limits is shown as it was written. Not for: cutting a text into blocks
// (blocks.ts).
import { Lexer, Tokenizer, type MarkedOptions, type Token, type Tokens, type TokensList } from "marked";

/** Quotations, lists and emphasis within one another; a quotation or a list counts twice. */
const MOST_NESTED = 100;
/** Characters of one paragraph, heading or cell: what is within one is found by looking ahead through all of it. */
const MOST_INLINE = 20_000;
/** Paragraphs, cells and emphases of one block. */
const MOST_RUNS = 6_000;
/** Elements of one block of HTML, and within one another. */
const MOST_ELEMENTS = 6_000;
const MOST_NESTED_ELEMENTS = 200;
/** How long a bare address may be, in characters. */
const MOST_ADDRESS = 2_000;

/** Thrown by what reads a block that is beyond a limit. */
export class TooMuch extends Error {}

/** Of marked's tokenizers, those that read what they found once more, or look as far as the text goes, are held to the limits. */
class BoundedTokenizer extends Tokenizer {
  private readonly within = <T>(read: () => T) => (this.lexer as unknown as BoundedLexer).within(read);

  override blockquote(src: string): Tokens.Blockquote | undefined {
    return this.within(() => super.blockquote(src));
  }

  override list(src: string): Tokens.List | undefined {
    return this.within(() => super.list(src));
  }

  override url(src: string): Tokens.Link | undefined {
    const link = super.url(src.slice(0, MOST_ADDRESS));
    return link && link.raw.length < MOST_ADDRESS ? link : undefined;
  }
}

/** marked's own reading, which gives up with `TooMuch` on a text that is beyond a limit. */
export class BoundedLexer extends Lexer {
  private depth = 0;
  private runs = 0;

  constructor(options: MarkedOptions) {
    super({ ...options, tokenizer: new BoundedTokenizer() });
  }

  override blockTokens(src: string, tokens?: Token[], lastParagraphClipped?: boolean): Token[];
  override blockTokens(src: string, tokens?: TokensList, lastParagraphClipped?: boolean): TokensList;
  override blockTokens(src: string, tokens?: Token[], lastParagraphClipped?: boolean): Token[] {
    return this.within(() => super.blockTokens(src, tokens, lastParagraphClipped));
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    if (src.length > MOST_INLINE || ++this.runs > MOST_RUNS) throw new TooMuch();
    return this.within(() => super.inlineTokens(src, tokens));
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

/** Elements that have no end, or whose end is understood where the next one begins. */
const unclosed = new Set(
  "area br col embed hr img input link meta source track wbr dd dt li option p rp rt tbody td tfoot th thead tr".split(
    " ",
  ),
);

/** The number of elements in some HTML. Throws `TooMuch` where it, or how deep they nest, is beyond the limits. */
export function countElements(html: string): number {
  let elements = 0;
  let depth = 0;
  for (const [, end, name] of html.matchAll(/<(\/?)([a-zA-Z][^\s/>]*)/g)) {
    const step = unclosed.has(name!.toLowerCase()) ? 0 : 1;
    if (end === "/") depth = Math.max(0, depth - step);
    else {
      elements++;
      depth += step;
    }
    if (elements > MOST_ELEMENTS || depth > MOST_NESTED_ELEMENTS) throw new TooMuch();
  }
  return elements;
}
