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
import { Marked, type TokenizerAndRendererExtension, type Tokens, type TokensList } from "marked";
import temml from "temml";
import { trustedHtml } from "../../trust/trusted-types";
import { withoutAddress } from "./link-element";

const languages = { bash, cpp, css, java, javascript, json, markdown, python, rust, sql, typescript, xml };
for (const [name, grammar] of Object.entries(languages)) hljs.registerLanguage(name, grammar);

/** Longer code than this, in characters, is shown without colours: highlighting it would hold up the page. */
const MOST_HIGHLIGHTED = 20_000;
const MOST_MATH = 4_000;

function mathHtml(tex: string, displayMode: boolean): string {
  if (tex.length > MOST_MATH) return escapeHtml(tex);
  try {
    return temml.renderToString(tex, {
      displayMode,
      throwOnError: false,
      trust: false,
      maxExpand: 100,
      maxSize: [10, 10],
    });
  } catch {
    // Some wrong formulas ("_" alone) break Temml all the same.
    return escapeHtml(tex);
  }
}

interface MathToken extends Tokens.Generic {
  tex: string;
}

function mathExtension(
  name: string,
  level: "block" | "inline",
  starts: RegExp,
  pattern: RegExp,
): TokenizerAndRendererExtension {
  return {
    name,
    level,
    start: (src) => src.match(starts)?.index,
    tokenizer(src): MathToken | undefined {
      const match = pattern.exec(src);
      return match ? { type: name, raw: match[0], tex: (match[1] ?? match[2] ?? "").trim() } : undefined;
    },
    renderer: (token) => mathHtml((token as MathToken).tex, level === "block"),
  };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

const marked = new Marked({
  gfm: true,
  extensions: [
    mathExtension("blockMath", "block", /\$\$|\\\[/, /^(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/),
    mathExtension(
      "inlineMath",
      "inline",
      /\$|\\\(/,
      /^(?:\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)|\\\(([\s\S]+?)\\\))/,
    ),
  ],
  renderer: {
    code: ({ text, lang }) => `<pre><code>${highlight(text, lang ?? "")}</code></pre>`,
    // A picture would be a request to wherever it lies; its address is offered as a link instead.
    image: ({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text || href)}</a>`,
  },
});

export function lex(text: string): TokensList {
  return marked.lexer(text);
}

/** Code as HTML with highlight.js's classes; escaped text for a language that is not known, or for very long code. */
function highlight(code: string, language: string): string {
  if (code.length > MOST_HIGHLIGHTED || !hljs.getLanguage(language)) return escapeHtml(code);
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

/** Markdown as sanitised HTML. */
export function renderMarkdown(text: string): string {
  return trusted(marked.parse(text, { async: false }));
}

/** Code as sanitised HTML. */
export function renderCode(code: string, language: string): string {
  return trusted(highlight(code, language));
}

DOMPurify.addHook("afterSanitizeAttributes", withoutAddress);

const trusted = trustedHtml(sanitise);

function sanitise(html: string): string {
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true, mathMl: true },
    FORBID_TAGS: [
      "style",
      "img",
      "picture",
      "audio",
      "video",
      "source",
      "track",
      "form",
      "input",
      "button",
      "textarea",
      "select",
      "dialog",
      "template",
      "slot",
      "marquee",
    ],
    FORBID_ATTR: [
      "style",
      "id",
      "name",
      "srcset",
      "src",
      "background",
      "poster",
      "autofocus",
      "tabindex",
      "xlink:href",
    ],
  });
}
