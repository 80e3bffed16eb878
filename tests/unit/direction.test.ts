// Which way an answer runs: by paragraph, list and table; code and formulas from left to right.
import { describe, expect, test } from "vitest";
import { BlockStream } from "../../src/chat/markdown/blocks";
import { directionOf, layDirections } from "../../src/chat/markdown/direction";
import { renderMarkdown } from "../../src/chat/markdown/render";

function laid(html: string): HTMLElement {
  const root = document.createElement("div");
  root.innerHTML = html;
  layDirections(root);
  return root;
}
/** The elements that have a direction of their own, with it. */
const set = (markdown: string) =>
  [...laid(renderMarkdown(markdown)).querySelectorAll("[dir]")].map(
    (element) => `${element.localName} ${element.getAttribute("dir")}`,
  );

describe("the direction of a text", () => {
  test.each([
    ["Hello", "ltr"],
    ["مرحبا", "rtl"],
    ["שלום", "rtl"],
    ["سلام دنیا", "rtl"],
    ["1. – «مرحبا» Hello", "rtl"],
    ["The word مرحبا means hello", "ltr"],
    ["日本語", "ltr"],
    ["Tiếng Việt", "ltr"],
    ["𞤀𞤣𞤤𞤢𞤥", "rtl"],
    ["2026-11-27, 100 %", undefined],
    ["", undefined],
  ])("%j is %s", (text, direction) => expect(directionOf(text)).toBe(direction));
});

describe("an answer", () => {
  test.each<[string, string[]]>([
    ["Text of Latin letters\n\n- a\n- b\n\n| a |\n|-|\n| b |\n\n> c", []],
    ["مرحبا\n\nHello\n\nשלום", ["p rtl", "p rtl"]],
    ["# عنوان\n\nText", ["h1 rtl"]],
    ["- أولا\n- ثانيا", ["ul rtl"]],
    ["3. أولا\n4. JavaScript هي لغة\n5. ثانيا", ["ol rtl"]],
    ["- one\n- two\n- ثلاثة", []],
    ["- أولا\n  - a\n  - b\n- ثانيا\n\n  Text", ["ul rtl"]],
    ["| الاسم | العمر |\n|-|-|\n| Ali | 3 |\n| علي | 4 |", ["table rtl"]],
    ["| Name | Age |\n|-|-|\n| علي | 3 |", []],
    ["> اقتباس\n>\n> Hello", ["blockquote rtl", "p ltr"]],
    ["`npm install` يثبت الحزم", ["p rtl"]],
    ["$x$ عدد", ["p rtl"]],
    ["<details><summary>المزيد</summary>\n\nText\n\n</details>", ["details rtl", "p ltr"]],
    ["123", []],
  ])("%j", (markdown, expected) => expect(set(markdown)).toEqual(expected));

  test("keeps code as it is, also in a list", () => {
    const root = laid(renderMarkdown("- أولا\n\n  ```js\n  let a;\n  ```"));
    expect(root.querySelector("ul")?.getAttribute("dir")).toBe("rtl");
    expect(root.querySelector("pre")?.hasAttribute("dir")).toBe(false);
  });

  test("has a direction that a model cannot write itself", () => {
    expect(set('<p dir="rtl">Text</p>')).toEqual([]);
  });

  test("that streams runs at its end as the whole does", () => {
    const text =
      "هذا مثال على الكود:\n\n```python\nif x > 3:  # test (a, b).\n    print(x)\n```\n\n- أولا\n- ثانيا\n\nEnd";
    const stream = new BlockStream();
    const shown = () =>
      stream.blocks.map((block) => (block.kind === "html" ? laid(String(block.html)).innerHTML : block.kind));
    for (let i = 1; i <= text.length; i++) stream.update(text.slice(0, i), i === text.length);
    const streamed = shown();
    expect(streamed.filter((html) => html.includes('dir="rtl"'))).toHaveLength(2);
    const whole = new BlockStream();
    whole.update(text, true);
    expect(streamed).toEqual(
      whole.blocks.map((block) => (block.kind === "html" ? laid(String(block.html)).innerHTML : block.kind)),
    );
  });
});
