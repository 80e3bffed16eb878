// Which signs of a text are formulas and which are money, programs or prose; and emphasis, strikes and addresses in Chinese, Japanese and Korean.
import fc from "fast-check";
import { Marked } from "marked";
import { describe, expect, test } from "vitest";
import { BlockStream } from "../../src/chat/markdown/blocks";
import { renderMarkdown } from "../../src/chat/markdown/render";
import { elementsOf, textOf } from "./markup";

const seed = Number(process.env["ISLET_SEED"] ?? 20261126);

/** The formulas that some HTML has: "d" for each that stands apart, "i" for each within a line. */
const formulasIn = (html: string) =>
  elementsOf(html, "math")
    .map((math) => (math.getAttribute("display") === "block" ? "d" : "i"))
    .join("");

/** The same of a text that streams in pieces of some letters. */
function streamed(text: string, size: number): string {
  const stream = new BlockStream();
  for (let end = size; end < text.length; end += size) stream.update(text.slice(0, end));
  stream.update(text, true);
  return stream.blocks.map((block) => (block.kind === "html" ? formulasIn(block.html) : "")).join("");
}

const S = String.raw;
const fixtures: [text: string, formulas: string][] = [
  // Within a line
  ["where $r$ is the radius", "i"],
  ["with $r = 3$ and $a^2 + b^2 = c^2$.", "ii"],
  ["$x$", "i"],
  ['($x$), "$y$"; $z$: $w$!', "iiii"],
  ["the $n$th term, $2^k$s of them", "ii"],
  ["$a_1$ and $b_1$", "ii"],
  ["$x*y$ and $z*w$", "ii"],
  ["**$x$** is bold", "i"],
  ["| $x$ | $y$ |\n|-|-|\n| $1$ | a |", "iii"],
  ["- $x$\n- $y$", "ii"],
  ["# On $x$", "i"],
  ["> $x$", "i"],
  ["面積は$A$です。", "i"],
  ["円の面積は$\\pi r^2$である", "i"],
  ["넓이는 $A$이다", "i"],
  ["其中$x$是半径", "i"],
  ["Soit $f$, une fonction", "i"],
  ["với $x = 2$, ta có $y$", "ii"],
  ["$5x$ is five times $x$", "ii"],
  ["$\\$5$ is an amount", "i"],
  ["$10\\%$ of it", "i"],
  ["$\\text{number of words} = n$", "i"],
  ["$P(A \\cap B)$", "i"],
  ["$ABC$ is a triangle", "i"],
  ["$-1$ and $+1$", "ii"],
  ["$2\\sin x$", "i"],
  ["$1{,}000$", "i"],
  ["$0.5$", "i"],
  [S`so \(x\) and \(y^2\)`, "ii"],
  [S`\(a\)、\(b\)`, "ii"],
  // Apart, within a sentence and before its signs
  ["The formula is $$E = mc^2$$ as known", "d"],
  ["The area is $$A$$, the rest $$B$$.", "dd"],
  [S`or \[ E = mc^2 \] inline.`, "d"],
  ["Therefore\n\n$$E = mc^2$$.\n", "d"],
  ["Therefore\n\n$$E = mc^2$$,\n\nand", "d"],
  ["公式は$$E = mc^2$$です。", "d"],
  ["$$\nx\n$$", "d"],
  ["$$\nx\n$$.", "d"],
  ["a:\n$$\nx\n- y\n$$\nb", "d"],
  ["$$\na = b\n\nc = d\n$$\n\nend", "d"],
  ["before\n$$\na = b\n\nc = d\n$$", "d"],
  ["\\[\na\n\nb\n\\]", "d"],
  ["- item\n\n  $$\n  x\n  $$\n", "d"],
  ["> $$\n> x\n> $$", "d"],
  ["1. first\n   $$x$$\n2. second", "d"],
  [S`\begin{align} a &= b \\ c &= d \end{align}`, "d"],
  [S`Hence \begin{align*} a &= b \end{align*}, as said`, "d"],
  ["\\begin{equation}\nE = mc^2\n\\end{equation}", "d"],
  ["\\begin{gather}\na\n\nb\n\\end{gather}", "d"],
  ["\\begin{eqnarray}\na &=& b\n\\end{eqnarray}", "d"],
  [S`\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`, "d"],
  [S`\begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}`, "d"],
  // Money
  ["It costs $5 and $6.", ""],
  ["Basic is 5$/month, pro is 10$/month.", ""],
  ["Basic is $5/month, pro is 10$.", ""],
  ["It is $10-$20 each", ""],
  ["US$5 or A$6, NT$7", ""],
  ["$5,000 と $10", ""],
  ["$10、$20", ""],
  ["价格是$10或$20", ""],
  ["$10から$20まで", ""],
  ["De 5 $ à 10 $ par mois", ""],
  ["giá $5, hoặc 10$", ""],
  ["$1.50+$2.50", ""],
  ["$5 for you, $6 for me", ""],
  ["$5 million$", ""],
  ["cheap ($) to dear ($$$)", ""],
  ["$, $$ and $$$", ""],
  ["$20k-$30k", ""],
  ["a $5 (about 4 €) or 10$ note", ""],
  ["\\$5 and \\$6", ""],
  // Programs
  ["Set PATH=$HOME/bin:$PATH, then cd $HOME/$USER now.", ""],
  ["echo $A$B", ""],
  ["let $x = $y;", ""],
  ["$foo->bar($baz)", ""],
  ["$this->a = $this->b", ""],
  ["a prompt like user:$HOME/$ here", ""],
  ["the field $this->a$ and $Foo::b$", ""],
  ["cells $A$1 to $B$2", ""],
  ["$(document) and $.get", ""],
  ["kill $$ and wait for $$", ""],
  ["`$x$` and `$$y$$`", ""],
  ["```\n$$x$$\n$y$\n```", ""],
  ["    $x$", ""],
  [S`C:\Users\me\[new] and \(old) files`, ""],
  [S`\[not a link\](https://example.org)`, ""],
  ["${a} and ${b}", ""],
  // Nothing, or nothing that ends
  ["$$ $$", ""],
  ["$ x $", ""],
  ["one $ only", ""],
  ["$$ never closed\n\nand more", ""],
  [S`\[ never closed`, ""],
  [S`\begin{align} never closed`, ""],
  [S`\begin{verbatim} x \end{verbatim}`, ""],
];

describe("formulas", () => {
  test("have at least 80 cases", () => {
    expect(new Set(fixtures.map(([text]) => text)).size).toBeGreaterThanOrEqual(80);
  });

  test.each(fixtures)("%j: %j", (text, formulas) => {
    expect(formulasIn(renderMarkdown(text))).toBe(formulas);
    for (let size = 1; size <= 7; size++) expect(streamed(text, size)).toBe(formulas);
    // What is no formula is shown as it was written.
    if (formulas === "" && !/[\\`]/.test(text))
      expect(textOf(renderMarkdown(text)).trim()).toBe(text.trim().replaceAll("\n\n", "\n"));
  });

  test("the sign behind a formula on lines of its own is kept", () => {
    expect(textOf(renderMarkdown("$$\na\n\nb\n$$.\n\nc"))).toMatch(/\.\s*c/);
  });

  test("amounts of any currency and figure are never one", { timeout: 60_000 }, () => {
    const amount = fc.tuple(fc.integer({ min: 0, max: 99_999 }), fc.constantFrom("", ".50", ",00", "k", "M"));
    const between = fc.constantFrom("-", " and ", " or ", ", ", "/", " to ", "、", "から", " et ", "+", " – ", " (or ");
    fc.assert(
      fc.property(amount, between, amount, ([a, x], sign, [b, y]) => {
        expect(formulasIn(renderMarkdown(`It is $${a}${x}${sign}$${b}${y} here.`))).toBe("");
        expect(formulasIn(renderMarkdown(`It is ${a}$${sign}${b}$ here.`))).toBe("");
      }),
      { numRuns: 200, seed },
    );
  });
});

describe("Chinese, Japanese and Korean", () => {
  test.each([
    ["**重要：**これは。", "<strong>重要：</strong>これは。"],
    ["含**「重点」**内容", "含<strong>「重点」</strong>内容"],
    ["これは**重要。**です", "これは<strong>重要。</strong>です"],
    ['彼は**"強調"**した', "彼は<strong>&quot;強調&quot;</strong>した"],
    ["彼は**(注)**した", "彼は<strong>(注)</strong>した"],
    ["这是**“强调”**的", "这是<strong>“强调”</strong>的"],
    ["**《书名》**是书", "<strong>《书名》</strong>是书"],
    ['이것은 **"강조"**입니다', "이것은 <strong>&quot;강조&quot;</strong>입니다"],
    ["**강조(强調)**는", "<strong>강조(强調)</strong>는"],
    ["*「あ」*と*い。*う", "<em>「あ」</em>と<em>い。</em>う"],
    ["***「あ」***と", "<em><strong>「あ」</strong></em>と"],
    ["**`code`**です", "<strong><code>code</code></strong>です"],
    ["重要**です**", "重要<strong>です</strong>"],
  ])("%s", (text, html) => {
    expect(renderMarkdown(text).replaceAll('"', "&quot;")).toBe(`<p>${html}</p>\n`);
  });

  test.each([
    "age(1~3), height(80~100)",
    "10~20人、30~40人くらい",
    "5~10分,15~20分",
    "~/a and ~/b",
    "~5 kg~",
    "約~10と~20",
  ])("one tilde strikes nothing: %s", (text) => {
    expect(renderMarkdown(text)).toBe(`<p>${text}</p>\n`);
  });

  test("two tildes strike", () => {
    expect(renderMarkdown("~~old~~ new, ~~古い~~新しい")).toBe("<p><del>old</del> new, <del>古い</del>新しい</p>\n");
  });

  test("no figure between single tildes is ever struck through", { timeout: 60_000 }, () => {
    const range = fc.tuple(fc.nat(999), fc.nat(999)).map(([a, b]) => `${a}~${b}`);
    const word = fc.constantFrom("人", "、", " ", "(", ")", "円", "kg", ",", "から", "약 ");
    fc.assert(
      fc.property(fc.array(fc.oneof(range, word), { maxLength: 12 }), (parts) => {
        expect(elementsOf(renderMarkdown(parts.join("")), "del")).toEqual([]);
      }),
      { numRuns: 300, seed },
    );
  });

  test.each([
    ["詳細は https://example.com/a。次の文", ["https://example.com/a"]],
    ["（https://example.com/b）です。", ["https://example.com/b"]],
    ["https://example.com/aを見て", ["https://example.com/a"]],
    ["https://example.com/a?x=1、https://example.com/b！", ["https://example.com/a?x=1", "https://example.com/b"]],
    ["请访问https://example.com/路径。谢谢", ["https://example.com/路径"]],
    ["https://ja.wikipedia.org/wiki/日本 です", ["https://ja.wikipedia.org/wiki/日本"]],
    ["「https://example.com」", ["https://example.com"]],
    ["https://example.com/a에서", ["https://example.com/a"]],
    ["https://example.com/a.次の文", ["https://example.com/a"]],
    ["www.example.com。次", ["http://www.example.com"]],
    ["see https://example.com/a_b(c).", ["https://example.com/a_b(c)"]],
    ["<https://example.com/日本。です>", ["https://example.com/日本。です"]],
  ])("an address ends where the sentence goes on: %s", (text, urls) => {
    const links = elementsOf(renderMarkdown(text), "a[data-url]").map((link) => link.getAttribute("data-url")!);
    expect(links.map(decodeURI)).toEqual(urls);
  });

  test("emphasis of text without them is what marked makes of it", { timeout: 60_000 }, () => {
    const plain = new Marked({ gfm: true });
    const signs = fc.constantFrom("*", "**", "_", "a", "b ", " ", ".", "(", ")", '"', "é", "1", ",", "-", "я");
    fc.assert(
      fc.property(
        fc.array(signs, { maxLength: 16 }).map((all) => `x${all.join("")}`),
        (text) => {
          const html = (plain.parse(text) as string).replaceAll("&quot;", '"');
          expect(renderMarkdown(text)).toBe(html);
        },
      ),
      { numRuns: 1500, seed },
    );
  });
});
