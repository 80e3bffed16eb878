// HTML within Markdown: what is a tag, and what is text that only looks like one (`List<String>`, `<head>`, `<your-name>`). Such text is shown;
// left to a browser, it would be an unknown element and vanish. Not for: making HTML safe, which render.ts does afterwards, whatever comes out here.
import { allowedTags } from "./allowed";
import { escapeHtml } from "./escape";

const attribute = /\s+[a-zA-Z:_][\w.:-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?/.source;
const tagAt = new RegExp(`<(/?)([a-zA-Z][a-zA-Z0-9-]*)(?:${attribute})*\\s*/?>`, "y");

const names = (text: string) => text.split(" ");
const allowed = new Set(allowedTags);
/** Elements that are lost outside of certain others. */
const within = new Map(
  [
    ["table", "caption thead tbody tfoot tr th td"],
    ["ul|ol", "li"],
    ["dl", "dt dd"],
    ["ruby", "rt rp"],
    ["details", "summary"],
    ["math", allowedTags.filter((tag) => /^m[a-z]/.test(tag) && tag !== "mark" && tag !== "math").join(" ") + " none"],
  ].flatMap(([outer, inner]) => names(inner!).map((name) => [name, outer!.split("|")] as const)),
);
/** Elements that begin a block. */
const blocks = new Set(names("blockquote details div dl h1 h2 h3 h4 h5 h6 ol p pre table ul"));
/** Blocks that hold others, over empty lines. */
const holding = /<(\/?)(?:blockquote|details|div|dl|ol|table|ul)(?=[\s/>])/gi;

export const isTagName = (name: string) => allowed.has(name.toLowerCase());

/** Tells the tags of one text from what only looks like some. */
export class TagReader {
  private readonly found = new Map<string, boolean>();
  private readonly text: string;

  constructor(text: string) {
    this.text = text.toLowerCase();
  }

  /**
   * The length of the tag at `from`; 0 where there is none that can be shown. In prose a block (`<div>`) is a word unless it is both opened
   * and closed.
   */
  tagAt(src: string, from: number, prose: boolean): number {
    tagAt.lastIndex = from;
    const [raw, end, tag] = tagAt.exec(src) ?? [];
    const name = tag?.toLowerCase();
    if (raw === undefined || name === undefined || !allowed.has(name)) return 0;
    const outer = within.get(name);
    if (outer && !outer.some((one) => this.has(`<${one}`))) return 0;
    if (prose && blocks.has(name) && !this.has(end ? `<${name}` : `</${name}`)) return 0;
    return raw.length;
  }

  private has(tag: string): boolean {
    let has = this.found.get(tag);
    if (has === undefined) this.found.set(tag, (has = this.text.includes(tag)));
    return has;
  }
}

/** A block of HTML with everything that is not a tag as text. */
export function visibleHtml(html: string): string {
  const reader = new TagReader(html);
  let visible = "";
  let from = 0;
  for (let at = html.indexOf("<"); at >= 0; at = html.indexOf("<", from)) {
    const length = reader.tagAt(html, at, false);
    visible += html.slice(from, at) + (length > 0 ? html.slice(at, at + length) : escapeHtml("<"));
    from = at + Math.max(1, length);
  }
  return visible + html.slice(from);
}

/** How many blocks some HTML opens that it does not close; less than 0 where it closes those of others. */
export function stillOpen(html: string): number {
  let open = 0;
  for (const [, end] of html.matchAll(holding)) open += end ? -1 : 1;
  return open;
}
