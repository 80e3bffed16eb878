// Small inputs that stand for kinds on which programs like this one failed, and longer ones of which random texts are made.

const lazyNumbers = (items: number) =>
  Array.from({ length: items }, (_, i) => `1. Item ${i + 1} ${"word ".repeat(14)}word`).join("\n");

export const fieldCases: Record<string, string> = {
  "a Windows path": String.raw`Open C:\Users\me\[new] and look for the file there. Then close it again.`,
  "display math within a sentence": String.raw`The area of a circle is $$A = \pi r^2$$ and its circumference is $$C = 2\pi r$$, where $r$ is the radius. So with $r = 3$ the area is about 28.3.`,
  "bracketed math in a line": String.raw`We know that \[ x = 2 \] holds, so \[y\]. Then it ends.`,
  "math over an empty line": "Before.\n\n$$\na = b\n\nc = d\n$$\n\nAfter it comes a text.\n\nAnd another.",
  generics:
    "Use List<String> and Map<K, V>; put it in the <head> tag, write <your-name>. Use <think> and </think> tags.",
  tasks: "- [x] done\n- [ ] todo\n",
  "tasks with space": "- [x] done\n\n- [ ] todo\n",
  "a table": "| item | centre | price |\n|:--|:-:|--:|\n| a | `x \\| y` | 10 |\n| c | d | 1000 | more |\n",
  references:
    "See [the docs][1].\n\nAnother paragraph that is long.\n\nClaim[^1].\n\n[1]: https://example.com/docs\n[^1]: The source.\n",
  details: "<details>\n<summary>More</summary>\n\nHidden **text**.\n\n```js\nlet a = 1;\n```\n\n</details>\n\nafter\n",
  "a long list that begins with 1 each time": lazyNumbers(40),
  "a long list with space at its end": `${lazyNumbers(40)}\n\n1. The last one.`,
  "a title over an empty line": '[a]: https://example.org\n"not\n\na title"\n\n[a] and more text.\n\nThe end.\n',
  "ends of lines of every kind": "a\r\nb\rc\n\r\n- d\r\n\r\n- e\0\ud800\r",
  "a number that becomes an item": "1. one\n\n123456789. two\n\nand a text that is long enough",
  "a row that is no row": "text\n| a | b |\n|---|---|x\n| 1 | 2 |\n\nmore\n",
};

export const repeats = [
  lazyNumbers(40),
  `${lazyNumbers(30)}\n\n1. loose\n\n1. more`,
  "A sentence with *emphasis*, `code` and [a reference][1].\n".repeat(60),
  "- item\n".repeat(500),
  `\`\`\`js\n${"let a = 1;\n\n".repeat(200)}\`\`\``,
  `<details>\n<summary>x</summary>\n\n${"Words in it.\n\n".repeat(100)}</details>`,
  `<div>\n\n${"Words in it.\n\n".repeat(300)}`,
  "[1]: https://example.org\n[2]: https://example.com\n",
  "[^1]: A note.\n[^b]: Another.\n\n    More of it.\n",
  "As said[^1], and elsewhere[^b], see [x][2].",
  `$$\n${"x + \n\n".repeat(60)}`,
  "| a | b |\n|---|---|\n".concat("| 1 | 2 |\n".repeat(200)),
  "> quoted\n".repeat(300),
  "# a\n".repeat(700),
];
