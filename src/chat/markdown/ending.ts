// Closes what a text leaves open at its end, so that something else can follow it in a Markdown file. Other programs read that file, so CommonMark's
// rules apply. Not for: showing a text.
import { Lexer, type Token, type TokensList } from "marked";

/** Finds only the outermost blocks: what is in a list or a quotation ends with it. */
class OutermostLexer extends Lexer {
  private within = false;

  override blockTokens(src: string, tokens?: Token[], lastParagraphClipped?: boolean): Token[];
  override blockTokens(src: string, tokens?: TokensList, lastParagraphClipped?: boolean): TokensList;
  override blockTokens(src: string, tokens: Token[] = [], lastParagraphClipped?: boolean): Token[] {
    if (this.within) return tokens;
    this.within = true;
    return super.blockTokens(src, tokens, lastParagraphClipped);
  }
}

const fence = /^ {0,3}(`{3,}|~{3,})/;
/** HTML whose text is not read as Markdown, up to its end, over empty lines too. */
const unread = /^ {0,3}<(?:(!--)|(\?)|(!\[CDATA\[)|(![a-z])|(script|pre|style|textarea)(?=[\s>]|$))/i;
const formula = /^ {0,3}(\$\$|\\\[|\\begin\{([a-z]+\*?)\})/gm;

/** The fence that would close a block of code; undefined where it is closed, or has none. */
function openFence(raw: string): string | undefined {
  const [, mark] = fence.exec(raw) ?? [];
  if (mark === undefined) return undefined;
  const last = raw.trimEnd().split("\n").slice(1).at(-1) ?? "";
  const [, end] = fence.exec(last) ?? [];
  return end?.startsWith(mark) && last.trim() === end ? undefined : mark;
}

/** The end of HTML without which later text would not be read as Markdown; undefined where it is there or not needed. */
function openElement(raw: string): string | undefined {
  const [, comment, instruction, data, declaration, element] = unread.exec(raw) ?? [];
  const ends: [string | undefined, string][] = [
    [comment, "-->"],
    [instruction, "?>"],
    [data, "]]>"],
    [declaration, ">"],
    [element, `</${element}>`.toLowerCase()],
  ];
  const [, end] = ends.find(([opened]) => opened) ?? [];
  return end === undefined || raw.trimStart().slice(2).toLowerCase().includes(end) ? undefined : end;
}

/** The ends of folded parts that are still open and would hide what follows. */
function openDetails(tokens: readonly Token[]): string[] {
  let open = 0;
  for (const { type, raw } of tokens)
    if (type === "html")
      for (const [, end] of raw.matchAll(/<(\/?)details(?=[\s/>])/gi)) open = Math.max(0, open + (end ? -1 : 1));
  return Array.from({ length: open }, () => "</details>");
}

/** The end of a formula on its own lines that is begun and never ended; undefined where there is none. */
function openFormula(tokens: readonly Token[]): string | undefined {
  const prose = tokens.map(({ type, raw }) => (type === "paragraph" || type === "space" ? raw : "\n")).join("");
  const begin = new RegExp(formula);
  for (let found; (found = begin.exec(prose));) {
    const [, sign, environment] = found;
    const end = environment ? `\\end{${environment}}` : sign === "$$" ? sign : "\\]";
    const at = prose.indexOf(end, begin.lastIndex);
    if (at < 0) return end;
    begin.lastIndex = at + end.length;
  }
  return undefined;
}

/** Markdown that leaves nothing open: no code, HTML or formula in which what follows would be lost. */
export function closed(text: string): string {
  const tokens = new OutermostLexer().blockTokens(text, []);
  const { type, raw } = tokens.at(-1) ?? { type: "", raw: "" };
  const last = type === "code" ? openFence(raw) : type === "html" ? openElement(raw) : undefined;
  const ends = [last, openFormula(tokens), ...openDetails(tokens)].filter((end) => end !== undefined);
  return [text, ...ends].join("\n");
}
