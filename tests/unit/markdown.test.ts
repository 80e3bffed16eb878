import { describe, expect, test } from "vitest";
import { BlockStream, type Block } from "../../src/chat/markdown/blocks";
import { cutBlocks } from "../../src/chat/markdown/cut";
import { renderMarkdown } from "../../src/chat/markdown/render";
import { markupOf } from "./markup";

const answer = `# Title

A paragraph with **bold**, \`code\` and $a^2$.

1. One

2. Two with more text

3. Three

| a | b |
|---|---|
| 1 | 2 |

\`\`\`python
def f(x):

    return "# no heading"
\`\`\`

$$
x = \\frac{1}{2}
$$

> quoted

- last
- list
`;

/** What a stream shows, without the ids. */
function shown(stream: BlockStream): string {
  const text = (b: Block) => (b.kind === "plain" ? b.text : b.kind === "code" ? `[${b.language}]${b.html}` : b.html);
  return stream.blocks.map((b) => text(b) + b.newest).join("");
}

function whole(text: string): string {
  const stream = new BlockStream();
  stream.update(text);
  return shown(stream);
}

describe("an answer that streams", () => {
  test.each([1, 2, 3, 7, 31])(
    "looks the same at its end as when it came at once, in pieces of %i characters",
    (size) => {
      const stream = new BlockStream();
      for (let i = size; i < answer.length + size; i += size) stream.update(answer.slice(0, i));
      expect(shown(stream)).toBe(whole(answer));
    },
  );

  test("keeps finished blocks where a piece ends between the two characters that end a line", () => {
    const stream = new BlockStream();
    const text = "First paragraph.\r\n\r\nSecond paragraph is long enough.\r\n\r\nThird one.";
    stream.update(text.slice(0, text.indexOf("Third") - 1));
    const [before] = stream.blocks;
    stream.update(text);
    expect(stream.blocks[0]).toBe(before);
    expect(shown(stream)).toBe(whole(text));
  });

  test("keeps finished blocks as they are, the same objects", () => {
    const stream = new BlockStream();
    stream.update("First paragraph.\n\nSecond paragraph is long enough.\n\nThird");
    const before = stream.blocks.slice(0, 2);
    stream.update("First paragraph.\n\nSecond paragraph is long enough.\n\nThird paragraph grows.");
    expect(stream.blocks[0]).toBe(before[0]);
  });

  test("that is one very long block is rendered anew only now and then, and loses nothing meanwhile", () => {
    const stream = new BlockStream();
    const words = Array.from({ length: 5000 }, (_, i) => `w${i}`);
    let text = "";
    let renders = 0;
    let before = "";
    for (const word of words) {
      text += ` ${word}`;
      stream.update(text);
      const last = stream.blocks.at(-1)!;
      const html = last.kind === "plain" ? last.text : last.html;
      if (text.length > 4000 && html !== before) renders++;
      before = html;
      expect(shown(stream)).toContain(word);
    }
    expect(renders).toBeLessThan(60);
  });

  test("that is replaced by another starts anew", () => {
    const stream = new BlockStream();
    stream.update("One text.");
    stream.update("Another.");
    expect(shown(stream)).toBe(whole("Another."));
  });

  test("is cut into blocks that together are the text", () => {
    expect(
      cutBlocks(answer)
        .map(({ text }) => text)
        .join(""),
    ).toBe(answer);
  });
});

describe("what a model writes cannot reach out of its place", () => {
  test.each([
    ['<img src="https://example.org/x.png">', /<img|src=/],
    ["![x](https://example.org/x.png)", /<img/],
    ["<script>alert(1)</script>", /<script/],
    ['<a href="javascript:alert(1)">x</a>', /javascript:/],
    ["[x](javascript:alert(1))", /javascript:/],
    ["[x](data:text/html,hi)", /data:/],
    ["<iframe src=https://example.org></iframe>", /iframe/],
    ["<style>body{display:none}</style>", /<style/],
    ['<p style="position:fixed">x</p>', /style=/],
    ["<form action=https://example.org><input></form>", /<form|<input/],
    ["<svg><image href=https://example.org/x.png></svg>", /<image|<svg/],
    ["<b onclick=alert(1)>x</b>", /onclick/],
    ["<video poster=https://example.org/x.png></video>", /video|poster/],
    ["$\\href{javascript:alert(1)}{x}$", /javascript:/],
    ["$\\includegraphics{https://example.org/x.png}$", /<img|src=/],
    ['<math><annotation-xml encoding="text/html"><img src=x></annotation-xml></math>', /<img/],
    ['<div id="app" name="x">y</div>', /id=|name=/],
  ])("%s", (markdown, forbidden) => {
    expect(markupOf(renderMarkdown(markdown))).not.toMatch(forbidden);
  });

  test("what is harmless stays", () => {
    expect(renderMarkdown("**bold** [x](https://example.org) $a<b$")).toMatch(
      /<strong>bold<\/strong>.*data-url="https:\/\/example.org".*<math/s,
    );
    expect(renderMarkdown("3. three\n4. four")).toContain('<ol start="3">');
  });

  test("prices are no math", () => {
    expect(renderMarkdown("It costs $5 and $6.")).not.toContain("<math");
  });
});
