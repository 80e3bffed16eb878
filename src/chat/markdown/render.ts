// Markdown of an answer to safe HTML: code highlighted, math as MathML, and nothing that loads from elsewhere.
// Not for: deciding which part of a streaming answer is rendered when (blocks.ts).
import DOMPurify from "dompurify";
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import { Marked, type Token, type Tokens } from "marked";
import { trustedHtml } from "../../trust/trusted-types";
import { allowedAttributes, allowedTags, allowedValue } from "./allowed";
import { escapeHtml } from "./escape";
import type { Definition, Definitions } from "./definitions";
import { noteExtensions } from "./footnotes";
import { BoundedLexer } from "./lexer";
import { countElements, TooMuch } from "./limits";
import { withoutAddress } from "./link-element";
import { mathExtensions } from "./math";
import { visibleHtml } from "./raw-html";

const languages = { bash, cpp, css, java, javascript, json, markdown, python, rust, sql, typescript, xml };
for (const [name, grammar] of Object.entries(languages)) hljs.registerLanguage(name, grammar);

/** Longer code than this, in characters, is shown without colours: highlighting it would hold up the page. */
const MOST_HIGHLIGHTED = 20_000;
/** So is code with a longer line, or with more white space in one place: grammars look ahead through all of it, from each place in it. */
const LONGEST_LINE = 1_000;
const longBlank = /\s{500}/;
const marked = new Marked({
  gfm: true,
  extensions: [...mathExtensions, ...noteExtensions],
  renderer: {
    // CodeBlock.svelte takes its place, which names the language and has the colours.
    code: ({ text, lang }) => `<pre title="${escapeHtml(languageOf(lang))}"><code>${escapeHtml(text)}</code></pre>`,
    // A picture would be a request to wherever it lies; its address is offered as a link instead.
    image: ({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text || href)}</a>`,
    checkbox: ({ checked }) => `<a href="#task-${checked ? "done" : "open"}"></a> `,
    html: ({ text, block }) => (block ? visibleHtml(text) : text),
  },
});

/** The language of code, from the text after the fence. */
export const languageOf = (info: string | undefined) => info?.split(/\s/)[0] ?? "";

/** The blocks of a text; what lies in them is not read. Where the text goes beyond a limit, the rest of it is one token of the type "plain". */
export function lexBlocks(text: string): Token[] {
  const tokens: Token[] = [];
  try {
    return new BoundedLexer(marked.defaults).blockTokens(text, tokens);
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    const raw = text.slice(tokens.reduce((length, token) => length + token.raw.length, 0));
    return [...tokens, { type: "plain", raw }];
  }
}

/** Code as HTML with highlight.js's classes; escaped text for a language that is not known, or for code that is too long. */
function highlight(code: string, language: string): string {
  const long = code.length > MOST_HIGHLIGHTED || code.split("\n").some((line) => line.length > LONGEST_LINE);
  if (long || longBlank.test(code) || !hljs.getLanguage(language)) return escapeHtml(code);
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

/** A part of a longer list: the number of its first item, where it has numbers, and whether there is space between its items. */
export interface ListPart {
  start: number | undefined;
  loose: boolean;
}

/** How a block is read: what is known from the text around it. */
export interface Reading {
  definitions?: Definitions;
  /** What the block defined when it was last read. */
  before?: ReadonlyMap<string, Definition> | undefined;
  list?: ListPart | undefined;
  /** Every end of a line is shown as one. */
  breaks?: boolean;
}

export interface Rendered {
  html: string;
  /** See `BoundedLexer`. */
  own: ReadonlyMap<string, Definition>;
  asked: ReadonlyMap<string, Definition | undefined>;
}

/** A block of Markdown as sanitised HTML, and what it defines and uses. Throws `TooMuch` where it asks for more work than a block may. */
export function renderBlock(text: string, { definitions, before, list, breaks = false }: Reading): Rendered {
  const lexer = new BoundedLexer({ ...marked.defaults, breaks }, definitions, before);
  const tokens = lexer.lex(text);
  const [first] = tokens;
  if (list && first?.type === "list") beginList(first as Tokens.List, list);
  const html = marked.parser(tokens);
  countElements(html);
  return { html: trusted(html), own: lexer.own, asked: lexer.asked };
}

function beginList(token: Tokens.List, { start, loose }: ListPart): void {
  if (start !== undefined) token.start = start;
  if (!loose || token.loose) return;
  for (const { tokens } of token.items) {
    for (const inner of tokens) if (inner.type === "text") inner.type = "paragraph";
    // A box stands in the first line.
    if (tokens[0]?.type === "checkbox" && tokens[1]?.type === "paragraph") tokens[1].tokens!.unshift(tokens.shift()!);
  }
}

/** Markdown as sanitised HTML. Throws `TooMuch` where it asks for more work than a block may. */
export function renderMarkdown(text: string): string {
  return renderBlock(text, {}).html;
}

/** Code as sanitised HTML. */
export function renderCode(code: string, language: string): string {
  return trusted(highlight(code, language));
}

DOMPurify.addHook("afterSanitizeAttributes", withoutAddress);

DOMPurify.addHook("uponSanitizeAttribute", (element, attribute) => {
  const value = allowedValue(element, attribute.attrName, attribute.attrValue);
  if (value === undefined) attribute.keepAttr = false;
  else attribute.attrValue = value;
});

const trusted = trustedHtml(sanitise);

function sanitise(html: string): string {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: allowedTags,
    ALLOWED_ATTR: allowedAttributes,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
  });
}
