// What reads text from outside takes about twice as long for twice the text, whatever it is made of. Each reader is tried with each pattern, in doubling
// sizes; what counts is the processor's time, as a ratio, and only where it is more than noise. Sanitising is left out: it is the browser's own
// parser that does it there (tests/e2e/large.spec.ts shows the whole).
import { partsOf } from "../../src/runs/parts";
import { messageOf } from "../messages";
import { describe, expect, test, vi } from "vitest";
import { BlockStream } from "../../src/chat/markdown/blocks";
import { renderCode } from "../../src/chat/markdown/render";
import type { Conversation, Message } from "../../src/chat/conversation-records";
import { hasWords } from "../../src/chat/search";
import { wordsOf } from "../../src/platform/fold";
import { fileName, fromJson, toMarkdown } from "../../src/chat/conversation-transfer";
import { branchTo, childrenOf, firstRead, newestLeaf, shownBranch } from "../../src/chat/tree";
import { mlcForm } from "../../src/engine/store/mlc-form";
import { parseJson, readPins as readPinsOf } from "../../src/engine/store/package";
import { thinkTags, ThoughtParser } from "../../src/engine/thoughts";
import { needOf } from "../../src/reasoning/need";
import { voteOn } from "../../src/reasoning/vote";
import { verify } from "../../src/trust/log/audit-verify";
import { readPolicy } from "../../src/trust/rules/policy";

const { checkForm } = mlcForm;
const filesOfModel = (configuration: object, weights: object, manifest?: string) =>
  mlcForm.filesOf([configuration as Record<string, unknown>, weights as Record<string, unknown>], manifest);
const readPins = (content: object) => readPinsOf(content as Record<string, unknown>, mlcForm);

vi.mock("dompurify", () => ({ default: { sanitize: (html: string) => html, addHook: () => {} } }));

/** Four times the work of the largest size but one would be the square. */
const MOST_RATIO = 3.2;
/** Less is noise, in milliseconds. */
const NOISE = 60;

const timeOf = async (run: () => unknown) => {
  const before = process.cpuUsage().user;
  try {
    await run();
  } catch {
    // Refusing takes time as well.
  }
  return (process.cpuUsage().user - before) / 1000;
};

/** What is wrong with how the time grows; undefined where nothing is. A busy machine gets several tries. */
async function growth(run: (size: number) => () => unknown, size: number, noise = NOISE): Promise<string | undefined> {
  let seen = "";
  for (let tries = 0; tries < 4; tries++) {
    const whole = await timeOf(run(size));
    if (whole < noise) return undefined;
    const half = await timeOf(run(size / 2));
    if (whole / half < MOST_RATIO) return undefined;
    seen = `${Math.round(half)} ms, then ${Math.round(whole)} ms for twice as much`;
  }
  return seen;
}

const repeated = (piece: string) => (size: number) => piece.repeat(Math.ceil(size / piece.length));
const around = (before: string, piece: string, after: string) => (size: number) =>
  before + repeated(piece)(size) + after;
/** Lines that are each deeper than the one before, to about `size` characters. */
const deeper = (step: string, line: string) => (size: number) =>
  Array.from({ length: Math.sqrt((2 * size) / step.length) }, (_, i) => step.repeat(i) + line).join("\n");

const pieces = [
  ...["$$ x ", "$$ x\n\n", "$$x$$\n\n", "$", "$x ", "$x$ ", "\\[ x ", "\\( x ", "\\[\n", "$$\n", "a $$ b\n"],
  ...["> ", ">", "- ", "> - ", "1. ", "- a\n", "- a\n\n", "> a\n\n", "> a\nb\n", "1. a\n", "- [ ] a\n", "* * *\n"],
  ...["[", "[a](", "[a][", "![", "[]", "[a", "[`", "]", "(", "((", "{", "}", "<", "<a ", '<a b="', "</a>", "<!--"],
  ...["<b>", "<div>\n", "<div>\n\n", "<details>", "<math>", "<table><tr><td>", "<p><b>", "<?", "<![CDATA["],
  ...[
    "*",
    "**",
    "*a ",
    "**a ",
    "a**b",
    "*a_ ",
    "_",
    "_a_",
    "~",
    "~~a ",
    "`",
    "`a ",
    "```\n",
    "~~~\n",
    "\\",
    "&",
    "&amp;",
  ],
  ...["| a ", "|a|b|\n|-|-|\n", "a | b\n", "# a\n", "#", "===\n", "a\n===\n", "---\n", "    a\n", "\t", " ", "\n"],
  ...[
    "<!--\n",
    "<T> ",
    "<div> ",
    "<details>\n\n",
    "</div>\n\n",
    "[^a]",
    "[^a]: b\n",
    "[^a]: b\n\n",
    "|a|b|c\n",
    "- [x] a\n",
  ],
  ...["[a]: b\n", '[a]: b "\n', "a@a.", "http://a.", "www.a.", "a_a@", "a\n", "a\n\n", "a", "あ", "e\u0301", "\u2028"],
  ...[
    "answer:",
    "answer ",
    "answer\n",
    "\\boxed{",
    "\\boxed{a}",
    "{\\boxed{",
    "1,000",
    "-1",
    "1 000 ",
    "1.",
    "\"'*",
    "答え",
  ],
  ...[
    "`</think>",
    "</think",
    "<think>",
    "</think>\n",
    "why ",
    "plus 1 ",
    "?",
    ". ",
    '{"a":',
    "[1,",
    '"',
    "\\u0000",
    "// ",
    "/* ",
  ],
];
const patterns: Record<string, (size: number) => string> = {
  ...Object.fromEntries(pieces.map((piece) => [JSON.stringify(piece), repeated(piece)])),
  "a table of one line": (n) => `${repeated("|a")(n / 3)}|\n${repeated("|-")(n / 3)}|\n${repeated("|a")(n / 3)}|`,
  "a long table": around("|a|b|\n|-|-|\n", "|a|b|\n", ""),
  "a table of rows that are wider than its head": around("|a|b|\n|-|-|\n", "|a|b|c|\n", ""),
  "references before what they refer to": around("", "[a][b] and [^c]\n\n", "[b]: https://example.org\n[^c]: d\n"),
  "a deep list": deeper("  ", "- a"),
  "a deep quotation": deeper("> ", "a"),
  "a deep quotation that goes on": around("", "> ", "a\nb"),
  "deep lists in quotations that go on": around("", "> - ", "a\nb\nc"),
  "brackets in brackets": (n) => repeated("[")(n / 2) + repeated("]")(n / 2),
  "emphasis in emphasis": (n) => repeated("*a ")(n / 2) + repeated("b* ")(n / 2),
  "links in links": (n) => repeated("[a ")(n / 2) + repeated("](b)")(n / 2),
  "fractions in fractions": (n) => `$$${repeated("\\frac{1}{")(n)}1${repeated("}")(n / 9)}$$`,
  "groups in a formula": (n) => `$$${repeated("{")(n / 2)}${repeated("}")(n / 2)}$$`,
  "macros of macros": repeated("$\\def\\a#1{\\a{#1#1}}\\a{x}$ "),
  "a boxed answer in braces": (n) => `\\boxed{${repeated("{")(n / 2)}${repeated("}")(n / 2)}}`,
  "an answer in spaces": around("answer", " ", "x"),
  "a mark and then nothing": around("`</think>", "a", ""),
};

const stream = (text: string, step: number, push: (chunk: string) => void) => {
  for (let i = 0; i < text.length; i += step) push(text.slice(i, i + step));
};
const readThoughts = (text: string, step: number) => () => {
  const parser = new ThoughtParser(thinkTags, { thought: "", answer: "", part: "thought" });
  stream(text, step, (chunk) => parser.push(chunk));
  return parser.end();
};
const record = (content: string): Message =>
  messageOf({
    ...{ id: "m", conversationId: "c", parentId: null, role: "user", content, thought: content, createdAt: 1 },
  });
const names = { user: "You", assistant: "Answer", thought: "Thought" };
const bytes = (text: string) => new TextEncoder().encode(text).buffer;
const wrapped = (text: string) =>
  JSON.stringify({
    format: "islet-conversations",
    version: 2,
    conversations: [
      { conversation: { title: text, createdAt: 1, updatedAt: 1, leafId: null }, messages: [record(text)] },
    ],
  });

/** What reads text from outside. */
const readers: Record<string, (text: string) => () => unknown> = {
  "an answer": (text) => () => new BlockStream().update(text),
  "a thought at once": (text) => readThoughts(text, text.length),
  "a thought that streams": (text) => readThoughts(text, 4),
  "a vote": (text) => () => voteOn([text, `${text}1`]),
  "a question": (text) => () => needOf(text),
  "an import": (text) => () => fromJson(text),
  "a text within an import": (text) => {
    const json = wrapped(text);
    return () => fromJson(json);
  },
  "an export": (text) => () => toMarkdown(text, [record(text)], names) + fileName(text),
  "a search": (text) => {
    const searched = { title: text } as Conversation;
    return () => hasWords(wordsOf(text.slice(0, 200)), searched, [record(text)]);
  },
  "a model's file": (text) => () => parseJson(bytes(text), "x.json"),
  "a model's configuration": (text) => {
    const json = bytes(JSON.stringify({ conv_template: { system_template: text } }));
    return () => checkForm("mlc-chat-config.json", json);
  },
  "a model's list of files": (text) => () => readPins({ files: { [text]: { bytes: 1, integrity: text } }, id: text }),
  "a model's weights": (text) => () =>
    filesOfModel({ tokenizer_files: ["tokenizer.json"] }, { records: [{ dataPath: text, nbytes: 1 }] }),
  "a policy": (text) => () => readPolicy({ version: 1, notice: text, network: [text], models: { ids: [text] } }),
  "an audit log": (text) => () => verify(text),
};

describe("twice the text takes about twice the time", () => {
  test("of at least 25 patterns", () => expect(Object.keys(patterns).length).toBeGreaterThan(25));

  test.each(Object.entries(readers))("for %s", { timeout: 120_000 }, async (_, read) => {
    const faults: string[] = [];
    for (const [name, pattern] of Object.entries(patterns)) {
      const fault = await growth((size) => read(pattern(size)), 30_000);
      if (fault) faults.push(`${name}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });

  test("for an answer that streams", { timeout: 120_000 }, async () => {
    const faults: string[] = [];
    for (const [name, pattern] of Object.entries(patterns).filter((_, i) => i % 8 === 0)) {
      const run = (size: number) => () => {
        const blocks = new BlockStream();
        let text = "";
        stream(pattern(size), size / 24, (chunk) => blocks.update((text += chunk)));
      };
      const fault = await growth(run, 24_000);
      if (fault) faults.push(`${name}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });

  const languages = "bash cpp css java javascript json markdown python rust sql typescript xml".split(" ");
  test.each(languages)("for code in %s, as far as it is coloured", { timeout: 60_000 }, async (language) => {
    // Up to the limits of a line and of the whole, beyond which there are no colours: what can be more is more only up to there.
    const lines = (pattern: (size: number) => string) => (size: number) => `${pattern(250)}\n`.repeat(size / 250);
    const faults: string[] = [];
    for (const [name, pattern] of Object.entries(patterns)) {
      const fault = await growth((size) => () => renderCode(lines(pattern)(size), language), 16_000, 150);
      if (fault) faults.push(`${name}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });

  test("for a conversation of one branch, of siblings and in a circle", { timeout: 120_000 }, async () => {
    const one = record("");
    const message = (i: number, parent: number | null) => {
      const parts = partsOf(`text ${i}`, `text ${i}`);
      return [
        `m${i}`,
        { ...one, id: `m${i}`, parentId: parent === null ? null : `m${parent}`, createdAt: i, parts },
      ] as const;
    };
    const shapes: Record<string, (i: number, count: number) => number | null> = {
      branch: (i) => (i === 0 ? null : i - 1),
      siblings: (i) => (i === 0 ? null : 0),
      circle: (i, count) => (i + count - 1) % count,
    };
    for (const [name, parentOf] of Object.entries(shapes)) {
      const run = (count: number) => {
        const messages = new Map(Array.from({ length: count }, (_, i) => message(i, parentOf(i, count))));
        return () => {
          const branch = shownBranch(messages, "gone");
          const leaf = newestLeaf(childrenOf(messages), "m0");
          return [firstRead(branch), branchTo(messages, leaf), toMarkdown("", branch, names)];
        };
      };
      expect(await growth(run, 80_000), name).toBeUndefined();
    }
  });
});

describe("what is too much for a block", () => {
  const shown = (text: string) => {
    const blocks = new BlockStream();
    blocks.update(text);
    return blocks.blocks;
  };

  test.each([
    ["5,000 quotations in one another", `${"> ".repeat(5000)}end`],
    ["5,000 lists in one another", `${"- ".repeat(5000)}end`],
    [
      "a table of 100,000 cells",
      `${"|a".repeat(100)}|\n${"|-".repeat(100)}|\n${`${"|a".repeat(100)}|\n`.repeat(1000)}`,
    ],
    ["5,000 elements in one another", `${"<b>".repeat(5000)}end`],
    ["a paragraph of 200,000 characters", "word ".repeat(40_000)],
    ["10,000 emphases in one another", `${"*a ".repeat(10_000)}end${" b*".repeat(10_000)}`],
  ])("is shown as it was written: %s", (_, text) => {
    const blocks = shown(`before\n\n${text}`);
    expect(blocks.length).toBeGreaterThan(1);
    expect(blocks.slice(1).every((block) => block.kind === "plain")).toBe(true);
    expect(
      blocks
        .slice(1)
        .map((block) => (block.kind === "plain" ? block.text + block.newest : ""))
        .join(""),
    ).toBe(text);
  });

  test("is the rest of an answer with very many elements, in one piece", () => {
    const blocks = shown("*a* b\n\n".repeat(60_000));
    expect(blocks.length).toBeLessThan(20_000);
    expect(blocks.filter((block) => block.kind === "plain")).toHaveLength(1);
    const last = blocks.at(-1)!;
    expect(last.kind === "plain" && last.text.endsWith("*a* b\n\n")).toBe(true);
  });

  test("is nothing that people write", () => {
    const table = `| ${"a | ".repeat(10)}\n|${"-|".repeat(10)}\n${`| ${"b | ".repeat(10)}\n`.repeat(300)}`;
    const list = Array.from({ length: 12 }, (_, i) => `${"  ".repeat(i)}- item`).join("\n");
    const prose = `${"A sentence with *emphasis*, `code` and [a link](https://example.org). ".repeat(100)}\n\n`.repeat(
      20,
    );
    for (const text of [
      table,
      list,
      prose,
      `${"> ".repeat(10)}deep`,
      `$$${"\\frac{1}{".repeat(20)}1${"}".repeat(20)}$$`,
    ])
      expect(shown(text).map((block) => block.kind)).not.toContain("plain");
  });
});
