// Nothing that was written vanishes: what only looks like a tag is shown, never taken for one and dropped, wherever it stands.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allowedTags } from "../../src/chat/markdown/allowed";
import { renderMarkdown } from "../../src/chat/markdown/render";
import { fieldCases } from "./markdown-cases";

const page = (text: string) => new DOMParser().parseFromString(renderMarkdown(text), "text/html").body;
const shown = (text: string) => page(text).textContent.replace(/\s+/g, " ").trim();

const lookalikes = [
  ...["<String>", "<your-name>", "<head>", "</head>", "<think>", "</think>", "<T extends Object>", "<K, V>", "<title>"],
  ...[
    "<script>",
    "</script>",
    '<script src="x.js">',
    "<style>",
    "<iframe src=x>",
    "<textarea>",
    "<noscript>",
    "<svg/>",
  ],
  ...[
    "<!-- a comment -->",
    "<!DOCTYPE html>",
    "<?php echo 1 ?>",
    "<![CDATA[ x ]]>",
    '<img src="a.png" alt="b">',
    "<html>",
  ],
  ...["<td>", "<li>", "<mi>", "<summary>", "<div>", "</div>", "<p>", "<details>", "<input type=text>", "<foo_bar_baz>"],
  ...["<a.b>", "a < b > c", "x<y", "<", "<>", "</", "<3", "<xmp>", "<plaintext>", "<template>", "<frameset>", "<body>"],
];

describe("what looks like a tag and is none is shown as it was written", () => {
  test.each(lookalikes)("%s", (tag) => {
    expect(shown(`Use ${tag} here.`)).toBe(`Use ${tag} here.`);
    expect(shown(`**Use ${tag}** here.`)).toBe(`Use ${tag} here.`);
    expect(shown(`# Use ${tag}`)).toBe(`Use ${tag}`);
    expect(shown(`- Use ${tag}\n- more`)).toBe(`Use ${tag} more`);
    expect(shown(`> Use ${tag}`)).toBe(`Use ${tag}`);
    expect(shown(`| Use ${tag} |\n|---|\n| Or ${tag} |`)).toBe(`Use ${tag} Or ${tag}`);
    expect(shown(`[Use ${tag}](https://example.org)`)).toBe(`Use ${tag}`);
    expect(shown(`\`${tag}\``)).toBe(tag);
  });

  test.each(lookalikes.filter((tag) => !/^<\/?(?:div|p|details|summary)>$/.test(tag)))(
    "%s at the beginning of a line and within HTML",
    (tag) => {
      expect(shown(`${tag}\nand more`)).toBe(`${tag} and more`);
      expect(shown(`Before\n${tag}\nand more`)).toBe(`Before ${tag} and more`);
      expect(shown(`<div>\nUse ${tag} here.\n</div>`)).toBe(`Use ${tag} here.`);
      expect(shown(`<details><summary>More</summary>\n\nUse ${tag} here.\n\n</details>`)).toBe(`MoreUse ${tag} here.`);
    },
  );

  test("a script is shown, and is none", () => {
    const body = page("<script>\nalert(1)\n</script>\n\n<div><script>alert(2)</script></div>");
    expect(body.querySelector("script")).toBeNull();
    expect(body.textContent).toContain("<script>alert(2)</script>");
  });
});

describe("tags that an answer may have still work", () => {
  test.each([
    ["a<br>b", "br"],
    ["H<sub>2</sub>O", "sub"],
    ["x<sup>2</sup>", "sup"],
    ["<kbd>Ctrl</kbd>+<kbd>C</kbd>", "kbd"],
    ["<details><summary>More</summary>text</details>", "details > summary"],
    ["| a |\n|---|\n| <ul><li>x</li></ul> |", "td ul > li"],
    ["Before <div>words</div> after", "div"],
    ["<table><tr><td>x</td></tr></table>", "table td"],
    ["<mark>x</mark> and <u>y</u>", "mark"],
    ["<math><mi>x</mi></math>", "math > mi"],
    ["text <math><mi>x</mi></math>", "math > mi"],
    ["<ruby>漢<rt>kan</rt></ruby>", "ruby > rt"],
    ["<SUB>x</SUB>", "sub"],
  ])("%s", (text, selector) => {
    expect(page(text).querySelector(selector)).not.toBeNull();
    expect(page(text).textContent).not.toContain("<");
  });

  test("text in <code> is read as text, whatever is in it", () => {
    expect(shown("<code>List<String> a<b</code> and <kbd>x<y</kbd>")).toBe("List<String> a<b and x<y");
  });
});

describe("nor does anything else", () => {
  test("a row of a table with more cells than its head keeps them", () => {
    expect(shown("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n| 4 |")).toBe("a b 1 2 3 4");
    expect(shown("a | b\n---|---\n1 | 2 | 3 | 4")).toBe("a b 1 2 3 4");
  });

  test("a pipe in the code of a cell is one", () => {
    const cells = [...page("| a | b |\n|---|---|\n| `x \\| y` | 2 |").querySelectorAll("td")];
    expect(cells.map((cell) => cell.innerHTML)).toEqual(["<code>x | y</code>", "2"]);
  });

  test("what looks like the definition of a link and leads nowhere is text", () => {
    expect(shown("[Note]: important\n\n[Alice]: hello")).toBe("[Note]: important [Alice]: hello");
    expect(shown("[a]: javascript:alert(1)")).toBe("[a]: javascript:alert(1)");
    expect(shown("[a]: https://example.org")).toBe("");
  });

  test("a definition has no title that goes over an empty line", () => {
    expect(shown('[a]: https://example.org\n"b\n\nc"')).toBe('"b c"');
  });

  test("no letter of any text", { timeout: 60_000 }, () => {
    // Signs of Markdown are none of these letters; what takes a letter for a sign (a link's address, a language, a reference) is left out.
    const pieces = fc.constantFrom(
      ...[
        "\n",
        "\n\n",
        "# ",
        "- ",
        "1. ",
        "> ",
        "**",
        "*",
        "_",
        "~~",
        " ",
        "| ",
        "|---|\n",
        "[",
        "]",
        "(",
        ")",
        "[x] ",
      ],
      ...[
        "<",
        ">",
        "</",
        "<!--",
        "-->",
        "<?",
        "<!X ",
        "/>",
        '"',
        "=",
        "<b>",
        "</b>",
        "<div>\n",
        "</div>",
        "<script>",
        "</style>",
      ],
      ...["<String>", "<td>", "<mi>", "<br>", "</sub>", "<title>", "<pre>", "<details>", "<table>", "<li>"],
      ...["Wörter", "漢字", "word ", "ß", "é"],
    );
    const tag = new RegExp(`</?(?:${allowedTags.join("|")})(?:\\s[^<>]*)?/?>`, "gi");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (list) => {
        const text = list.join("");
        // Behind such a mark stands the name of a language.
        fc.pre(!text.includes("~~~"));
        const letters = (of: string) => of.replace(tag, " ").match(/[\p{L}]+/gu) ?? [];
        // A box of a task is a sign.
        const missing = letters(text.replace(/\[x\] /g, " ")).join("");
        const there = letters(page(text).textContent).join("");
        // In order, each letter is found.
        let at = 0;
        for (const letter of missing) {
          at = there.indexOf(letter, at) + 1;
          if (at === 0)
            expect.fail(`${JSON.stringify(letter)} of ${JSON.stringify(text)} is not in ${JSON.stringify(there)}`);
        }
      }),
      { numRuns: 400, seed: Number(process.env["ISLET_SEED"] ?? 20261126) },
    );
  });

  test.each(Object.keys(fieldCases).filter((name) => name.startsWith("generics")))("in %s", (name) => {
    expect(shown(fieldCases[name]!)).toBe(fieldCases[name]);
  });
});
