// What comes from outside (answers, imports, packages, policies, logs) is hostile until it was read: a corpus of attacks, and random input for
// every parser.
import { anyOf } from "../messages";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TooMuch } from "../../src/chat/markdown/limits";
import { renderCode, renderMarkdown } from "../../src/chat/markdown/render";
import { fromJson } from "../../src/chat/conversation-transfer";
import { mlcForm } from "../../src/engine/store/mlc-form";
import { parseJson, readPins as readPinsOf } from "../../src/engine/store/package";
import { thinkTags, ThoughtParser } from "../../src/engine/thoughts";
import { AppError } from "../../src/platform/app-error";
import { needOf } from "../../src/reasoning/need";
import { finalAnswer, voteOn } from "../../src/reasoning/vote";
import { verify } from "../../src/trust/log/audit-verify";
import { restore } from "../../src/app/backup";
import { Records } from "../../src/storage/records";
import { readBackup } from "../../src/storage/vault/vault";
import { readLink } from "../../src/trust/foreign-link";
import { readPolicy } from "../../src/trust/rules/policy";

const { checkForm } = mlcForm;
const filesOfModel = (configuration: object, weights: object, manifest?: string) =>
  mlcForm.filesOf([configuration as Record<string, unknown>, weights as Record<string, unknown>], manifest);
const readPins = (content: object) => readPinsOf(content as Record<string, unknown>, mlcForm);

// The same input each time: what fails here fails everywhere. Another seed: ISLET_SEED=n npm run test:unit
const runs = { numRuns: 300, seed: Number(process.env["ISLET_SEED"] ?? 20261125) };

/** What in some HTML could load, run or lead somewhere. */
function dangers(html: string): string[] {
  const document = new DOMParser().parseFromString(html, "text/html");
  const found: string[] = [];
  const tags =
    /^(?:script|style|img|image|picture|audio|video|source|track|iframe|frame|object|embed|applet|link|meta|base|form|input|button|textarea|select|svg|use|template|portal|noscript|marquee|animate|set|foreignobject|dialog)$/i;
  const attributes =
    /^(?:on.*|style|src|srcset|srcdoc|poster|background|action|formaction|data|xlink:href|id|name|ping|autofocus|http-equiv|href|target)$/i;
  for (const element of document.querySelectorAll("head *, body *")) {
    if (tags.test(element.localName)) found.push(`<${element.localName}>`);
    for (const { name, value } of element.attributes) {
      if (attributes.test(name)) found.push(`${element.localName} ${name}`);
      // A link that can be opened is reached by keyboard; nothing else takes a place in that order.
      if (name === "tabindex" && !element.matches('a[role="link"][data-url]'))
        found.push(`${element.localName} ${name}`);
      if (name === "data-url" && !readLink(value)) found.push(`data-url ${value}`);
    }
  }
  return found;
}

/** Markdown as HTML; nothing where it is shown as text instead. */
function rendered(text: string): string {
  try {
    return renderMarkdown(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TooMuch);
    return "";
  }
}

const script = "alert(1)";
/** Markdown and HTML that a model may have been taught to write. */
const texts = [
  ...["script", "SCRIPT", "scr<script>ipt", "script/x", "script\n"].map((tag) => `<${tag}>${script}</script>`),
  ...["onerror", "onload", "onclick", "onmouseover", "onfocus", "onpointerenter", "onanimationstart", "ontoggle"].map(
    (event) => `<b ${event}=${script}>x</b>`,
  ),
  ...["img", "image", "audio", "video", "embed", "iframe", "input type=image", "frame", "track", "source"].map(
    (tag) => `<${tag} src=x onerror=${script}>`,
  ),
  ...[
    "javascript",
    "JaVaScRiPt",
    "java\tscript",
    "java&#115;cript",
    "&#x6A;avascript",
    " javascript",
    "vbscript",
    "data",
    "blob",
    "file",
    "filesystem",
    "intent",
    "ws",
  ].flatMap((scheme) => [`[x](${scheme}:${script})`, `<a href="${scheme}:${script}">x</a>`]),
  `<a href="//evil.example">x</a>`,
  `<a href="\u0001javascript:${script}">x</a>`,
  `<a xlink:href="javascript:${script}">x</a>`,
  `<svg><script>${script}</script></svg>`,
  `<svg onload=${script}>`,
  `<svg><use href="data:image/svg+xml,x#y"/></svg>`,
  `<svg><animate attributeName=href values=javascript:${script} /></svg>`,
  `<svg><foreignObject><iframe srcdoc="<script>${script}</script>"></iframe></foreignObject></svg>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${script}></style></mglyph></table></mtext></math>`,
  `<math href="javascript:${script}">x</math>`,
  `<math><maction actiontype="statusline#http://evil.example" xlink:href="javascript:${script}">x</maction></math>`,
  `<math><annotation-xml encoding="text/html"><script>${script}</script></annotation-xml></math>`,
  `$\\href{javascript:${script}}{x}$`,
  `$\\url{javascript:${script}}$`,
  `$\\htmlStyle{position:fixed}{x}$`,
  `$\\htmlData{x=y}{z}$ $\\htmlId{app}{z}$ $\\class{a}{z}$`,
  `$\\includegraphics{https://evil.example/x.png}$`,
  `$\\text{<img src=x onerror=${script}>}$`,
  `$$\\unicode{x3c}script>${script}$$`,
  "$\\def\\a{\\a\\a}\\a$",
  "$$_$",
  "$_$ $^$ $\\left$",
  `$${"\\frac{1}{".repeat(300)}1${"}".repeat(300)}$`,
  `<style>@import url(https://evil.example)</style>`,
  `<p style="background:url(https://evil.example)">x</p>`,
  `<link rel=stylesheet href=https://evil.example>`,
  `<meta http-equiv=refresh content="0;url=https://evil.example">`,
  `<base href=https://evil.example>`,
  `<form action=https://evil.example><button formaction=javascript:${script}>x</button></form>`,
  `<object data="javascript:${script}"></object>`,
  `<template><script>${script}</script></template>`,
  `<noscript><p title="</noscript><img src=x onerror=${script}>"></noscript>`,
  `<div id=app name=cookie>clobbered</div>`,
  `<a id=defaultView></a><a id=defaultView name=x></a>`,
  `<dialog open>Enter your password</dialog>`,
  `<marquee onstart=${script}>x</marquee>`,
  `<details open ontoggle=${script}>x</details>`,
  `<b tabindex=1 autofocus onfocus=${script}>x</b>`,
  `<x contenteditable onblur=${script}>y</x>`,
  "![x](https://evil.example/x.png)",
  `![x](x" onerror="${script})`,
  `![<img src=x onerror=${script}>](https://evil.example)`,
  `[x](https://evil.example "x" onclick="${script}")`,
  `[a]: javascript:${script}\n\n[x][a]`,
  `<javascript:${script}>`,
  `<!--><img src=x onerror=${script}>-->`,
  `<![CDATA[><img src=x onerror=${script}>]]>`,
  `<?xml version="1.0"?><script>${script}</script>`,
  "```html\n<script>alert(1)</script>\n```",
  '```x" onclick="alert(1)\ncode\n```',
  "`<img src=x onerror=alert(1)>`",
  `${"> ".repeat(500)}<script>${script}</script>`,
  `${"- ".repeat(400)}<img src=x onerror=${script}>`,
  `${"[".repeat(3000)}x${"](javascript:0)".repeat(50)}`,
  `${"*".repeat(5000)}x`,
  `${"<b>".repeat(2000)}x`,
  `<a href="https://user:pass@evil.example" ping="https://evil.example">x</a>`,
  `\u202e<script>${script}</script>\u2066`,
  `<\u0000script>${script}</script>`,
];

const conversation = { id: "c", title: "t", createdAt: 1, updatedAt: 1, leafId: "m" };
const message = { id: "m", conversationId: "c", parentId: null, role: "user", content: "q", createdAt: 1 };
const exported = (c: unknown, messages: unknown) =>
  JSON.stringify({ format: "islet-conversations", version: 1, conversations: [{ conversation: c, messages }] });
/** Files that claim to be exported conversations. */
const imports = [
  ...["", "{", "null", "[]", "0", '"x"', "{}", "\ufeff{}", "[".repeat(100_000), '{"a":'.repeat(50_000)],
  `{"format":"islet-conversations","version":1,"conversations":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
  `{"format":"islet-conversations","version":1,"conversations":{"length":1e9}}`,
  `{"format":"islet-conversations","version":1e999,"conversations":[]}`,
  exported(null, []),
  exported(conversation, null),
  exported(conversation, { length: 3 }),
  exported({ ...conversation, title: { toString: 1 } }, []),
  exported({ ...conversation, createdAt: "now" }, []),
  exported({ ...conversation, leafId: "nowhere" }, [message]),
  exported(conversation, [{ ...message, role: "system" }]),
  exported(conversation, [{ ...message, content: ["x"] }]),
  exported(conversation, [{ ...message, parentId: "nowhere" }]),
  exported(conversation, [{ ...message, createdAt: null }]),
  "x".repeat(50_000_001),
];

const bytes = (text: string) => new TextEncoder().encode(text).buffer;
const integrity = `sha256-${"A".repeat(43)}=`;
const pins = (changes: object, more: object = {}) => ({
  files: {
    ...Object.fromEntries(
      ["mlc-chat-config.json", "tensor-cache.json", "library.wasm"].map((n) => [n, { bytes: 1, integrity }]),
    ),
    ...changes,
  },
  ...more,
});
const named = (name: string) =>
  JSON.parse(`{${JSON.stringify(name)}:{"bytes":1,"integrity":"${integrity}"}}`) as object;
/** Packages of models that were not made by MLC or Islet. */
const packages: (() => unknown)[] = [
  ...[
    "../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "..",
    ".hidden",
    "",
    "a\u0000",
    "x".repeat(200),
    "con:",
    "__proto__",
    "constructor",
    "toString",
    "%2e%2e",
  ].map((name) => () => readPins(pins(named(name)))),
  ...[0, -1, 1.5, Infinity, 2 ** 53, "1", null, {}, 1e12].map(
    (size) => () => readPins(pins({ "params_shard_0.bin": { bytes: size, integrity } })),
  ),
  ...["", "sha256-", "md5-x", `sha256-${"A".repeat(44)}`, 5, null].map(
    (hash) => () => readPins(pins({ "params_shard_0.bin": { bytes: 1, integrity: hash } })),
  ),
  () => readPins({ files: null }),
  () => readPins({ files: [] }),
  () =>
    readPins({ files: Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`f${i}`, { bytes: 1, integrity }])) }),
  () => readPins(pins({}, { id: "../../x" })),
  () => readPins(pins({}, { id: "__proto__" })),
  () => filesOfModel({}, { records: [] }),
  () => filesOfModel({ tokenizer_files: ["tokenizer.json"] }, { records: Array(10_000).fill({}) }),
  () => filesOfModel({ tokenizer_files: ["tokenizer.json"] }, { records: [{ dataPath: "../x.bin", nbytes: 1 }] }),
  () => filesOfModel({ tokenizer_files: ["tokenizer.json"] }, { records: [{ dataPath: "library.wasm", nbytes: 1 }] }),
  () => filesOfModel({ tokenizer_files: ["../tokenizer.json"] }, { records: [{ dataPath: "x.bin", nbytes: 1 }] }),
  ...[
    { conv_template: 5 },
    { conv_template: { system_template: "x".repeat(1e6) } },
    { conv_template: { system_template: "{system_message}".repeat(5000) } },
    { conv_template: { role_templates: { user: "{user_message}".repeat(5000) } } },
    { conv_template: { role_templates: { user: 5 } } },
    { conv_template: { roles: { user: "<|im_start|>".repeat(1e5) } } },
    { conv_template: [], prefill_chunk_size: "all" },
    { conv_template: { seps: [] } },
    { conv_template: { seps: ["\n".repeat(1e6)] } },
    { conv_template: { stop_str: [""] } },
    { conv_template: { stop_str: "." } },
    { conv_template: { stop_token_ids: Array(1e5).fill(1) } },
    { conv_template: { stop_token_ids: ["2"] } },
    { prefill_chunk_size: 0 },
    { prefill_chunk_size: -2 },
    { context_window_size: 1.5 },
    { context_window_size: "1e999" },
    { temperature: "hot" },
    { top_p: -1 },
  ].map((configuration) => () => checkForm("mlc-chat-config.json", bytes(JSON.stringify(configuration)))),
  () => checkForm("library.wasm", bytes("MZ not wasm")),
  () => checkForm("tokenizer.json", bytes("<html>")),
  () => parseJson(bytes("[1]"), "x.json"),
  () => parseJson(new Uint8Array([0xff, 0xfe, 0x7b]).buffer, "x.json"),
  () => parseJson(bytes("[".repeat(200_000)), "x.json"),
];

describe("the corpus", () => {
  test("has at least a hundred inputs", () => {
    expect(texts.length + imports.length + packages.length).toBeGreaterThanOrEqual(100);
    expect(new Set(texts).size).toBe(texts.length);
  });

  test.each(texts.map((text) => [text.slice(0, 70), text]))("as Markdown leads nowhere: %j", (_, text) => {
    expect(dangers(rendered(text))).toEqual([]);
    for (const language of ["html", "xml", "javascript", "markdown", "no such language"])
      expect(dangers(`<pre>${renderCode(text, language)}</pre>`)).toEqual([]);
  });

  test.each(imports.map((text, i) => [i, text.slice(0, 70), text] as const))(
    "as an import is refused with a reason (%i): %j",
    (_i, _s, text) => {
      expect(() => fromJson(text)).toThrow(AppError);
      expect(() => fromJson(text)).toThrow(/import-invalid/);
    },
  );

  test.each(packages.map((read, i) => [i, read] as const))("as a model is refused with a reason (%i)", (_, read) => {
    expect(read).toThrow(AppError);
    expect(read).toThrow(/model-invalid/);
  });

  test("pollutes no prototype", () => {
    const json = exported(conversation, [{ ...message }]).replace('"content"', '"__proto__":{"polluted":1},"content"');
    fromJson(json);
    readPins(JSON.parse(JSON.stringify(pins({})).replace("{", '{"__proto__":{"polluted":1},')) as never);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("random input", () => {
  const pieces = fc.constantFrom(
    ...[
      "<",
      ">",
      "&",
      "`",
      "```\n",
      "~~~\n",
      "$",
      "$$",
      "\\",
      "\n",
      "# ",
      "- ",
      "> ",
      "|",
      "[",
      "](",
      ")",
      "*",
      "_",
      "!",
      '"',
      "'",
      "=",
    ],
    ...[
      "script",
      "svg",
      "math",
      "onerror",
      "href",
      "javascript:",
      "</think>",
      "<think>",
      "\\href{",
      "}",
      "&#",
      ";",
      "x",
      " ",
      "\u0000",
      "\u2028",
    ],
  );
  const markup = fc
    .array(fc.oneof(pieces, fc.string({ maxLength: 4, unit: "binary" })), { maxLength: 60 })
    .map((a) => a.join(""));

  test("as Markdown or code never throws, loads, runs or leads elsewhere", () => {
    fc.assert(
      fc.property(markup, (text) => {
        expect(dangers(rendered(text))).toEqual([]);
        expect(dangers(`<pre>${renderCode(text, "xml")}</pre>`)).toEqual([]);
      }),
      runs,
    );
  }, 60_000);

  test("as a stream with thoughts comes to the same in any chunks, and loses nothing but tags and white space", () => {
    fc.assert(
      fc.property(markup, fc.array(fc.nat(80), { maxLength: 8 }), fc.boolean(), (text, cuts, inside) => {
        const parse = (chunks: string[]) => {
          const parser = new ThoughtParser(thinkTags, {
            thought: "",
            answer: "",
            ...(inside ? { part: "thought" } : {}),
          });
          for (const chunk of chunks) parser.push(chunk);
          parser.end();
          return parser.parts;
        };
        const at = [0, ...cuts.map((c) => Math.min(c, text.length)).sort((a, b) => a - b), text.length];
        const whole = parse([text]);
        expect(parse(at.slice(1).map((end, i) => text.slice(at[i], end)))).toEqual(whole);
        const solid = (t: string) => t.replace(/<\/?think>/g, "").replace(/\s/g, "");
        expect(solid(whole.thought + whole.answer)).toBe(solid(text));
      }),
      { ...runs, numRuns: 2000 },
    );
  });

  test("as an import, a policy or a log is read or refused, never anything else", async () => {
    const json = fc.oneof(fc.json(), fc.string(), markup);
    const shaped = fc.record({
      format: fc.constant("islet-conversations"),
      version: fc.constant(1),
      conversations: fc.jsonValue(),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          json,
          shaped.map((v) => JSON.stringify(v)),
        ),
        (text) => {
          try {
            fromJson(text);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        },
      ),
      runs,
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.record({
            version: fc.constant(1),
            modelHosts: fc.jsonValue(),
            mirror: fc.jsonValue(),
            ownModels: fc.jsonValue(),
          }),
        ),
        (value) => {
          try {
            readPolicy(value);
          } catch (error) {
            expect((error as Error).message).toMatch(/^policy\.json: /);
          }
        },
      ),
      runs,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          json,
          fc.array(fc.json(), { maxLength: 5 }).map((l) => l.join("\n")),
        ),
        async (text) => {
          const { faults } = await verify(text);
          expect(faults.length).toBeGreaterThan(0);
        },
      ),
      runs,
    );
  }, 60_000);

  test("as a backup, or as what is in one, is refused, never anything else, and changes nothing", async () => {
    const records = new Records("hostile-restore");
    const refused = async (action: Promise<unknown>) => {
      await expect(action).rejects.toMatchObject({
        code: expect.stringMatching(/^(backup|import)-invalid$/) as string,
      });
      for (const kind of ["conversation", "message", "settings"] as const)
        expect((await records.all(anyOf(kind))).size).toBe(0);
    };
    const entry = fc.tuple(
      fc.oneof(fc.string(), fc.constantFrom("message:1/1", "conversation:1", "audit:1", "vault:1", "__proto__:1")),
      fc.oneof(
        fc.jsonValue(),
        fc.record({ version: fc.nat(), id: fc.jsonValue(), conversationId: fc.constant("1"), content: fc.jsonValue() }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
        await refused(readBackup(new Blob([text]), "passphrase"));
        await refused(restore(records, text));
      }),
      runs,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 3 }), async (list) => {
        await refused(restore(records, JSON.stringify({ records: list })));
      }),
      runs,
    );
  }, 60_000);

  test("as files of a model is read or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (a, b) => {
        for (const read of [
          () => readPins({ files: a, ...b }),
          () => filesOfModel({ tokenizer_files: ["tokenizer.json"], ...a }, { records: Object.values(b) }),
        ])
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
      }),
      runs,
    );
  });

  test("as a question or an answer gets a decision and a vote", () => {
    fc.assert(
      fc.property(fc.array(markup, { minLength: 1, maxLength: 5 }), (answers) => {
        expect(needOf(answers[0]!).probability).toBeGreaterThanOrEqual(0);
        expect(typeof finalAnswer(answers[0]!)).toBe("string");
        expect(voteOn(answers).chosen).toBeLessThan(answers.length);
      }),
      runs,
    );
  });
});
