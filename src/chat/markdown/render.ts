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
import { Marked, type Token } from "marked";
import { trustedHtml } from "../../trust/trusted-types";
import { allowedAttributes, allowedTags, allowedValue } from "./allowed";
import { escapeHtml } from "./escape";
import { BoundedLexer, countElements, TooMuch } from "./limits";
import { withoutAddress } from "./link-element";
import { mathExtensions } from "./math";

const languages = { bash, cpp, css, java, javascript, json, markdown, python, rust, sql, typescript, xml };
for (const [name, grammar] of Object.entries(languages)) hljs.registerLanguage(name, grammar);

/** Longer code than this, in characters, is shown without colours: highlighting it would hold up the page. */
const MOST_HIGHLIGHTED = 20_000;
/** So is code with a longer line, or with more white space in one place: grammars look ahead through all of it, from each place in it. */
const LONGEST_LINE = 1_000;
const longBlank = /\s{500}/;
const marked = new Marked({
  gfm: true,
  extensions: mathExtensions,
  renderer: {
    code: ({ text, lang }) => `<pre><code>${highlight(text, lang ?? "")}</code></pre>`,
    // A picture would be a request to wherever it lies; its address is offered as a link instead.
    image: ({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text || href)}</a>`,
  },
});

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

/** Markdown as sanitised HTML. Throws `TooMuch` where it asks for more work than a block may. */
export function renderMarkdown(text: string): string {
  const html = marked.parser(new BoundedLexer(marked.defaults).lex(text));
  countElements(html);
  return trusted(html);
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
