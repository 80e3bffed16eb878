// An answer that goes round in circles is ended; what repeats for good reasons is not. 60 texts each way.
import { describe, expect, test } from "vitest";
import reference from "../../src/evaluation/reference-answers.json";
import { Repetition } from "../../src/engine/repetition";

/** After how many letters a repetition is told; undefined for never. */
function toldAfter(text: string, size = 4): number | undefined {
  const repetition = new Repetition();
  const letters = [...text];
  for (let at = 0; at < letters.length; at += size)
    if (repetition.push(letters.slice(at, at + size).join(""))) return Math.min(letters.length, at + size);
  return undefined;
}
const lines = (n: number, line: (i: number) => string) => Array.from({ length: n }, (_, i) => line(i + 1)).join("\n");
const join = (n: number, part: (i: number) => string, by = " ") =>
  Array.from({ length: n }, (_, i) => part(i + 1)).join(by);
const paragraph = `The lake lies in a wide valley, and its water is clear to the ground. In spring the snow of the hills makes
it rise by a metre or two, so that the lower meadows stand under water for some weeks; in August one can walk to the island.`;
const paragraphs = [paragraph, paragraph.replace("lake", "pond"), paragraph.replace("spring", "autumn")];
const page = lines(9, (i) => `${paragraph} It was so in the year ${1900 + i * 7}, and will be.`);
const code = "```js\nfor (let i = 0; i < list.length; i++) {\n  total += list[i].price * list[i].count;\n}\n```\n";
const words = "stone river lamp cloud green paper seven house bread north silver garden winter clock apple".split(" ");
/** Words in an order that does not come back, the same each time. */
const mixed = (n: number, seed = 7) =>
  join(n, () => words[(seed = (seed * 1103515245 + 12345) % 2 ** 31) % words.length]!);

const cycling: Record<string, string> = {
  "one word": "word ".repeat(200),
  "one short word without spaces": "yes".repeat(400),
  "a word and a comma": "apple, ".repeat(120),
  "one letter": "a".repeat(2000),
  laughter: "ha ".repeat(400),
  "a line": "I am a helpful assistant.\n".repeat(40),
  "a line with a blank one": "I am a helpful assistant.\n\n".repeat(40),
  "a sentence on one line": "The sun is a star. ".repeat(60),
  "a sentence after a good beginning": `${mixed(300)}. ${"And so it goes on and on. ".repeat(40)}`,
  "two sentences by turns": "The cat sat on the mat. The dog lay by the door. ".repeat(20),
  "three sentences by turns": "It rains. It is cold. We stay at home and read. ".repeat(20),
  "a paragraph three times": `${paragraph}\n\n`.repeat(3),
  "a paragraph three times after another": `${mixed(200)}\n\n${`${paragraph}\n\n`.repeat(3)}`,
  "three paragraphs three times": `${paragraphs.join("\n\n")}\n\n`.repeat(3),
  "a page three times": `${page.slice(0, 1900)}\n\n`.repeat(3),
  "a question and its answer": "Q: What is it?\nA: It is a lamp.\n\n".repeat(20),
  "a dialogue": "User: Can you help me?\nAssistant: Of course, what do you need?\n".repeat(10),
  "a numbered list whose number grows": lines(60, (i) => `${i}. The importance of education.`),
  "a numbered list with brackets": lines(60, (i) => `${i}) Eat more vegetables every day.`),
  "a numbered list of two items by turns": lines(80, (i) => `${i}. ${i % 2 ? "Read the manual." : "Ask a friend."}`),
  "a numbered list that begins anew": `${lines(5, (i) => `${i}. Step of ${words[i]}`)}\n`.repeat(12),
  "an indented numbered list": lines(60, (i) => `   ${i}. Check the results again.`),
  "a Japanese numbered list": lines(60, (i) => `${i}、水を飲む。`),
  "a numbered list in full width": lines(60, (i) => `${String.fromCharCode(0xff10 + (i % 10))}．水を飲む。`),
  "a list with dashes": "- Drink water\n".repeat(60),
  "a list of links": "- [Home](https://example.org/)\n".repeat(40),
  "a heading and a line": "## Summary\n\nThis is the summary.\n\n".repeat(20),
  "a thought that doubts": "Wait, let me think again. ".repeat(40),
  "a thought that counts on": "But the answer is 42. Let me check. 6 times 7 is 42. So ".repeat(20),
  "a phrase without an end": "and then he said that ".repeat(40),
  "the same French line": "Je suis un assistant et je suis là pour vous aider.\n".repeat(20),
  "a French sentence": "L'éducation est très importante pour l'avenir. ".repeat(20),
  "French words": "c'est-à-dire, ".repeat(60),
  "a Japanese sentence": "これは重要なことです。".repeat(30),
  "Japanese lines": "私はアシスタントです。\n".repeat(30),
  "two Japanese sentences": "空は青いです。海も青いです。".repeat(20),
  "a Japanese paragraph three times":
    "春になると雪が解けて川の水が増え、低いところにある畑は何週間も水の中に沈みます。夏には島まで歩いて渡ることができます。\n".repeat(
      3,
    ),
  "one Japanese word": "はい、".repeat(80),
  "a Chinese sentence": "今天天气很好，我们去公园吧。".repeat(25),
  "a Chinese word": "你好".repeat(120),
  "one Chinese letter": "的".repeat(600),
  "a Korean sentence": "오늘은 날씨가 좋습니다. ".repeat(25),
  "a Vietnamese sentence": "Hôm nay trời đẹp quá. ".repeat(30),
  "a Vietnamese line": "Tôi là trợ lý của bạn và tôi rất vui được giúp đỡ.\n".repeat(15),
  "Vietnamese in decomposed letters": "Cảm ơn bạn rất nhiều. ".normalize("NFD").repeat(30),
  "an Arabic sentence": "السلام عليكم ورحمة الله. ".repeat(20),
  "a Hindi sentence": "यह बहुत महत्वपूर्ण है। ".repeat(20),
  "a Russian sentence": "Это очень важно для всех нас. ".repeat(20),
  "a code block": code.repeat(8),
  "a line of code": `\`\`\`python\n${"    result = result + value\n".repeat(80)}`,
  "an import of code": `\`\`\`ts\n${'import { thing } from "./thing";\n'.repeat(60)}`,
  "two pictures": "🌊🔥".repeat(80),
  "one picture": "😀".repeat(400),
  "pictures with words": "Good luck! 🍀 ".repeat(50),
  "blank lines": "\n".repeat(1500),
  "a ruler without end": "-".repeat(1500),
  "zeros without end": "0, ".repeat(600),
  "a row of a table": `| Name | Age |\n|---|---|\n${"| Alice | 30 |\n".repeat(60)}`,
  "JSON without end": `{"items": [${'{"name": "item", "value": null}, '.repeat(40)}`,
  "a fraction": `It is 0.${"142857".repeat(300)}`,
  "a formula": "$$a^2 + b^2 = c^2$$\n\n".repeat(40),
  HTML: "<p>Hello, world!</p>\n".repeat(40),
};

const sound: Record<string, string> = {
  prose: mixed(1500),
  "a paragraph that is said twice": `${paragraph}\n\n${paragraph}\n`,
  "three paragraphs that differ by a word": paragraphs.join("\n\n"),
  "a refrain after each verse": lines(
    6,
    (i) => `${mixed(40, i)}\n\nOh, the river runs so wide, and it carries us home.\n`,
  ),
  "a refrain that is sung twice at the end": `${mixed(80)}\n${"The river runs so wide, and it carries us home. ".repeat(2)}`,
  "a round":
    "Frère Jacques, Frère Jacques,\nDormez-vous ? Dormez-vous ?\nSonnez les matines ! Sonnez les matines !\nDing, ding, dong ! Ding, ding, dong !",
  "a birthday song": "Happy birthday to you\nHappy birthday to you\nHappy birthday, dear Ann\nHappy birthday to you",
  "a song of nothing but na": `${"Na na na na, ".repeat(20)}hey, goodbye`,
  "a counting song": lines(
    20,
    (i) => `${100 - i} bottles of milk on the wall, ${100 - i} bottles of milk. Take one down, pass it around.`,
  ),
  "a villanelle": lines(
    6,
    (i) =>
      `${mixed(9, i)}\n${mixed(8, i * 3)}\n${i % 2 ? "Do not go home before the night." : "Sing, sing against the end of light."}`,
  ),
  "a psalm": lines(12, (i) => `${mixed(6, i)}, for his love is for ever.`),
  "an anaphora": lines(14, (i) => `I have a dream that ${mixed(7, i)}.`),
  "a poem of short lines": lines(30, (i) => mixed(2, i)),
  laughter: "Ha ha ha ha ha ha ha! That was a good one.",
  "a stretched word": `Noooo${"o".repeat(80)}! I said it is sooo${"o".repeat(40)} late.`,
  "lines with a number each": lines(200, (i) => `${i}`),
  "a long list of numbers": join(600, String, ", "),
  "a row of even numbers": join(400, (i) => String(2 * i)),
  "a multiplication table": lines(60, (i) => `7 × ${i} = ${7 * i}`),
  "a table of squares": `| n | n² |\n|---|---|\n${lines(80, (i) => `| ${i} | ${i * i} |`)}`,
  "a table of twelve by twelve": lines(12, (y) => `| ${join(12, (x) => String(x * y), " | ")} |`),
  "a table with equal cells": `| Day | Morning | Evening |\n|---|---|---|\n${lines(31, (i) => `| ${i} May | Rest | Rest |`)}`,
  "a table with empty cells": `| a | b | c | d |\n|---|---|---|---|\n${"|   |   |   |   |\n".repeat(20)}`,
  "a table whose ruler is wide": `|${"-".repeat(60)}|`.repeat(5),
  "a table of translations": lines(
    25,
    (i) => `| ${words[i % 15]}${i} | ${words[(i * 7) % 15]}${i} | ${words[(i * 4) % 15]}${i} |`,
  ),
  "a truth table": lines(32, (i) => `| ${[16, 8, 4, 2, 1].map((b) => (i & b ? "T" : "F")).join(" | ")} |`),
  "true and false": lines(40, (i) => `${i}. ${(i * i * 7) % 5 > 2 ? "True" : "False"}`),
  "twenty items that are alike": lines(20, (i) => `${i}. To be done`),
  "a list of dates": lines(
    90,
    (i) => `- 2024-${String((i % 12) + 1).padStart(2, "0")}-${String((i % 28) + 1).padStart(2, "0")}: open`,
  ),
  "days of a plan": lines(30, (i) => `Day ${i}: rest`),
  "steps that differ by their number": lines(30, (i) => `Step ${i}: press the button and wait for ${i} seconds.`),
  "a table of contents": lines(40, (i) => `Chapter ${i} ${".".repeat(40)} ${i * 9}`),
  "a ruler": `Above\n${"-".repeat(300)}\nBelow`,
  "rulers between parts": lines(12, (i) => `${mixed(12, i)}\n\n---\n`),
  "a long ruler of boxes": `${"═".repeat(200)}\n${mixed(10)}\n${"═".repeat(200)}`,
  "a box": `┌${"─".repeat(70)}┐\n${`│${" ".repeat(70)}│\n`.repeat(4)}└${"─".repeat(70)}┘`,
  "a filled square": `${"X".repeat(40)}\n`.repeat(20),
  "a triangle": lines(30, (i) => "*".repeat(i)),
  "a tree": lines(20, (i) => " ".repeat(20 - i) + "*".repeat(2 * i - 1)),
  "a chess board": `\`\`\`\n${". # . # . # . #\n# . # . # . # .\n".repeat(4)}\`\`\``,
  "a grid of zeros": `[\n${`  [${"0, ".repeat(8)}0],\n`.repeat(9)}]`,
  "a grid of None": `\`\`\`python\nboard = [\n${"    [None, None, None, None, None, None, None, None],\n".repeat(8)}]\n\`\`\``,
  "a calendar in HTML": `\`\`\`html\n<table>\n${`<tr>${"<td></td>".repeat(7)}</tr>\n`.repeat(6)}</table>\n\`\`\``,
  "a form in HTML": `\`\`\`html\n${lines(15, (i) => `<label for="f${i}">Field ${i}</label><input id="f${i}" type="text">`)}\n\`\`\``,
  "nested brackets": `${"(".repeat(60)}x${")".repeat(60)}`,
  "closing braces": `\`\`\`js\n${lines(12, (i) => `${"  ".repeat(12 - i)}}`)}\n\`\`\``,
  "records in JSON": `[\n${lines(60, (i) => `  { "id": ${i}, "name": "User ${i}", "active": true },`)}\n]`,
  "records in CSV": lines(80, (i) => `${i},Alice,active`),
  "null values in JSON": `{\n${lines(25, (i) => `  "field_${i}": null,`)}\n}`,
  "a switch": `\`\`\`c\n${lines(30, (i) => `  case ${i}: return ${i * 3};`)}\n\`\`\``,
  "tests that are alike": `\`\`\`ts\n${lines(12, (i) => `test("adds ${i}", () => expect(add(${i}, 1)).toBe(${i + 1}));`)}\n\`\`\``,
  "calls in a row": `\`\`\`python\n${"turtle.forward(100)\nturtle.right(90)\n".repeat(4)}\`\`\``,
  "two code blocks that are alike": code.repeat(2),
  base64: Buffer.from(mixed(200)).toString("base64"),
  "binary numbers": lines(128, (i) => i.toString(2).padStart(8, "0")),
  "digits of a number":
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798",
  "a short fraction": `1/7 = 0.${"142857".repeat(20)}…`,
  pictures: "🟩🟩🟨⬜⬜\n🟩🟩🟩⬜⬜\n🟩🟩🟩🟩🟩\n".repeat(2),
  "Japanese prose": lines(
    30,
    (i) => `第${i}に、${[..."春夏秋冬山川海空雪花"].map((c, n) => c.repeat(((i * n) % 3) + 1)).join("と")}を見る。`,
  ),
  "a Japanese refrain": lines(8, (i) => `${i}日目、雨が降る。静かに、静かに。\n`),
  "Vietnamese verses": lines(20, (i) => `Ngày thứ ${i}, tôi đi ${words[i % 15]}, rồi ${words[(i * 4) % 15]}.`),
  "a dictionary": lines(60, (i) => `- **${words[i % 15]}${i}**: a kind of ${words[(i * 11) % 15]}`),
};

describe("a text that goes round in circles", () => {
  test("there are 60 of each kind", () => {
    expect(Object.keys(cycling).length).toBeGreaterThanOrEqual(60);
    expect(Object.keys(sound).length).toBeGreaterThanOrEqual(60);
  });

  test.each(Object.entries(cycling))("is told: %s", (_, text) => expect(toldAfter(text)).toBeDefined());

  test.each(Object.entries(sound))("is none: %s", (_, text) => {
    const at = toldAfter(text);
    expect(at === undefined ? at : text.slice(Math.max(0, at - 300), at)).toBeUndefined();
  });

  test("none of what an independent implementation of the starter model wrote is one", () => {
    const answers = JSON.stringify(reference)
      .match(/"(?:[^"\\]|\\.)*"/g)!
      .map((text) => JSON.parse(text) as string);
    expect(answers.length).toBeGreaterThan(10);
    for (const text of answers) expect(toldAfter(text)).toBeUndefined();
  });

  test("is told soon, and the same however it is cut into pieces", () => {
    const text = `${mixed(100)}. ${"I am a helpful assistant. ".repeat(40)}`;
    const told = toldAfter(text, 1)!;
    expect(told - mixed(100).length).toBeLessThan(450);
    for (const size of [2, 3, 7, 50]) expect(toldAfter(text, size)).toBe(Math.ceil(told / size) * size);
  });

  test("takes the same time for each letter, however long the text is", () => {
    const repetition = new Repetition();
    const text = mixed(2000);
    const time = () => {
      const began = performance.now();
      repetition.push(text);
      return performance.now() - began;
    };
    time();
    const early = time();
    for (let i = 0; i < 6; i++) time();
    expect(time()).toBeLessThan(4 * early + 20);
  });
});
