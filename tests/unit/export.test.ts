// A conversation as Markdown: whatever a message leaves open, the next one is not lost in it.
import { messageOf } from "../messages";
import fc from "fast-check";
import { Lexer, type Token } from "marked";
import { describe, expect, test } from "vitest";
import { closed } from "../../src/chat/markdown/ending";
import { toMarkdown } from "../../src/chat/conversation-transfer";
import type { Message } from "../../src/chat/conversation-records";

const names = { user: "User 8472", assistant: "Answer 8472", thought: "Thought 8472" };

const said = (role: Message["role"], content: string, thought?: string) =>
  messageOf({
    ...{ id: "x", conversationId: "c", parentId: null, role, createdAt: 1, content },
    ...(thought === undefined ? {} : { thought }),
  });

/** The names of the authors that another reader of Markdown finds as headings of the document. */
const authors = (markdown: string) =>
  new Lexer()
    .blockTokens(markdown, [])
    .filter((token): token is Token & { text: string } => token.type === "heading")
    .map(({ text }) => text)
    .filter((text) => text.includes("8472"));

const threeTurns = (text: string) => [said("user", text), said("assistant", text, `hm\n${text}`), said("user", "next")];
const expected = ["User 8472", "Thought 8472", "Answer 8472", "User 8472"];

const left: [string, string, string][] = [
  ["a block of code", "Here:\n```js\nlet a = 1;", "\n```"],
  ["a block of code with a longer fence", "````md\n```js\n```", "\n````"],
  ["a block of code with waves", "~~~\na", "\n~~~"],
  ["a block of code that has only begun", "So:\n\n```", "\n```"],
  ["a block of code that was closed by too short a fence", "````\na\n```", "\n````"],
  ["a comment", "a\n\n<!-- note", "\n-->"],
  ["a comment over code", "<!-- note\n\n```\nx", "\n-->"],
  ["an element whose text is no Markdown", "<pre>\na\n\nb", "\n</pre>"],
  ["an element that is not shown", "<script>\nlet a;", "\n</script>"],
  ["an element in capitals", "<STYLE>\na", "\n</style>"],
  ["an instruction", "<?php\n\necho", "\n?>"],
  ["details", "<details>\n<summary>More</summary>\n\ntext", "\n</details>"],
  ["details within details", "<details>\n\na\n\n<details>\n\ntext", "\n</details>\n</details>"],
  ["a formula", "Then\n\n$$\nx = 1", "\n$$"],
  ["a formula with brackets", "\\[\nx", "\n\\]"],
  ["an environment", "\\begin{align}\nx", "\n\\end{align}"],
];

const whole = [
  "```js\nlet a = 1;\n```",
  "- item\n  ```\n  open in the list",
  "> ```\n> open in the quotation",
  "    ```\n    indented",
  "Use ``` for code",
  "a <!-- b --> c",
  "<details>\n<summary>x</summary>\n\ny\n\n</details>",
  "List<div> and <your-name>",
  "```html\n<!-- a\n<details>\n```",
  "$$\nx\n$$",
  "costs 5$ or $10",
];

describe("Markdown that others can read", () => {
  test.each(left)("%s that is left open is closed", (_, text, end) => {
    expect(closed(text)).toBe(text + end);
    expect(closed(closed(text))).toBe(closed(text));
    expect(authors(toMarkdown("T", threeTurns(text), names))).toEqual(expected);
  });

  test.each(whole)("nothing is added to %j", (text) => {
    expect(closed(text)).toBe(text);
    expect(authors(toMarkdown("T", threeTurns(text), names))).toEqual(expected);
  });

  test("every question is found after any text", () => {
    const pieces = [
      ...[
        "```",
        "````",
        "~~~",
        "```js",
        "- ",
        "  ",
        "   ",
        "    ",
        "\t",
        "> ",
        "1. ",
        "<!-- ",
        "-->",
        "<details>",
        "</details>",
      ],
      ...[
        "<pre>",
        "</pre>",
        "<script>",
        "</script>",
        "<?",
        "?>",
        "<![CDATA[",
        "]]>",
        "<!A",
        "<div>",
        "</div>",
        "$$",
        "\\[",
      ],
      ...["text", "| a |", "|-|", "---", "===", "[a]: b", "`", "<b", "\n", "\n", "\n", "\n\n", " "],
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((all) => all.join(""));
    fc.assert(
      fc.property(text, (one) => {
        expect(authors(toMarkdown("T", threeTurns(one), names))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
