// Telling thoughts from answers, for every way in which a text can arrive in chunks.
import { describe, expect, test } from "vitest";
import { leadOf, ThoughtParser, thinkTags, type AnswerParts, type ThoughtFormat } from "../../src/engine/thoughts";
import { families } from "../../src/models/catalogue/families";

const formats = families.flatMap((f) => [f, ...Object.values(f.members)]).flatMap((f) => f.thoughts ?? []);
const gemma = formats.find((f) => f.open.startsWith("<|channel>"))!;
const ministral = formats.find((f) => f.open.startsWith("[THINK]"))!;

interface Fixture extends AnswerParts {
  name: string;
  format: ThoughtFormat;
  inside: boolean;
  text: string;
}

const of = (
  name: string,
  text: string,
  thought: string,
  answer: string,
  format = thinkTags,
  inside = false,
): Fixture => ({ name, format, inside, text, thought, answer });

const unclosed = "a block that is never closed";
const code = "Write\n```html\n<think>\nno\n</think>\n```\nand end.";
const fixtures: Fixture[] = [
  of("Qwen3", "<think>\nTwo and two.\n</think>\n\nFour.", "Two and two.", "Four."),
  of("Qwen3 with an empty thought", "<think>\n\n</think>\n\nFour.", "", "Four."),
  of("DeepSeek-R1, opened by the prompt", "Two and two.\n</think>\n\nFour.", "Two and two.", "Four.", thinkTags, true),
  of("opened by the prompt and once more", "<think>\nTwo.\n</think>\n\nFour.", "Two.", "Four.", thinkTags, true),
  of("opened by the prompt and empty", "\n</think>\n\nFour.", "", "Four.", thinkTags, true),
  of("Gemma 4", "<|channel>thought\nTwo.\n<channel|>Four.", "Two.", "Four.", gemma),
  of("Gemma 4, opened by the prompt", "Two.\n<channel|>Four.", "Two.", "Four.", gemma, true),
  of("Ministral 3", "[THINK]Two [x] and [/T two.[/THINK]Four.", "Two [x] and [/T two.", "Four.", ministral),
  of("unclosed", "<think>\nTwo and\n two <", "Two and\n two <", ""),
  of("unclosed in the tag", "<think>\nTwo.\n</thin", "Two.\n</thin", ""),
  of("absent", "Four is <think>not</think> it.", "", "Four is <think>not</think> it."),
  of("absent and nearly a tag", "<thinker> is a word.", "", "<thinker> is a word."),
  of("absent and very short", "<th", "", "<th"),
  of("nothing", "", "", ""),
  of("nothing inside", "", "", "", thinkTags, true),
  of("quoted on a line", "<think>\nThe tag `</think>` ends it.\n</think>\nYes.", "The tag `</think>` ends it.", "Yes."),
  of("quoted in a block", `<think>\n${code}\n</think>\n\nDone.`, code, "Done."),
  of("quoted between tildes", "a\n~~~\n</think>\n~~~\nb</think>c", "a\n~~~\n</think>\n~~~\nb", "c", thinkTags, true),
  of(
    "quoted in a longer fence",
    "````\n```\n</think>\n````\n</think>x",
    "````\n```\n</think>\n````",
    "x",
    thinkTags,
    true,
  ),
  of(unclosed, "a\n```\nb = 1\n</think>\n\nThe `b`.", "a\n```\nb = 1", "The `b`.", thinkTags, true),
  of("a mark never closed", "it`s two\n and it`s </think>\nFour.", "it`s two\n and it`s", "Four.", thinkTags, true),
  of("a mark never closed, at the end", "it`s </think>", "it`s", "", thinkTags, true),
  of(
    "tags in the answer",
    "<think>a</think>`<think>`, </think>\n```\n</think>",
    "a",
    "`<think>`, </think>\n```\n</think>",
  ),
  of("white space and other scripts", " \n<think> \n考える。\n二\n \n</think>\n\n 四。\n", "考える。\n二", "四。\n"),
  of("a second thought", "<think>a</think>b<think>c</think>d", "a", "b<think>c</think>d"),
];

/** What comes of a text in these chunks, and what was handed out on the way. */
function parse({ format, inside }: Pick<Fixture, "format" | "inside">, chunks: string[]) {
  const parser = new ThoughtParser(format, { thought: "", answer: "", ...(inside ? { part: "thought" } : {}) });
  const given: AnswerParts = { thought: "", answer: "" };
  for (const piece of [...chunks.flatMap((c) => parser.push(c)), ...parser.end()]) given[piece.part] += piece.text;
  return { parts: parser.parts, given };
}

describe("a thought is told from the answer", () => {
  for (const fixture of fixtures)
    test(`${fixture.name}: whole, character by character, and with every split into three`, () => {
      const { name, text, thought, answer } = fixture;
      const expected = JSON.stringify({ thought, answer });
      const check = (chunks: string[]) => {
        const { parts, given } = parse(fixture, chunks);
        if (JSON.stringify(parts) !== expected || (name !== unclosed && JSON.stringify(given) !== expected))
          expect({ chunks, parts, given }).toEqual({ thought, answer });
      };
      check([text]);
      check([...text]);
      for (let i = 0; i <= text.length; i++)
        for (let j = i; j <= text.length; j++) check([text.slice(0, i), text.slice(i, j), text.slice(j)]);
      expect(parse(fixture, [text]).parts).toEqual({ thought, answer });
    });

  test("a thought and an answer that stand already are gone on with, white space and all", () => {
    const go = (from: AnswerParts & { part: keyof AnswerParts }, chunks: string[]) => {
      const parser = new ThoughtParser(thinkTags, from);
      const pieces = [...chunks.flatMap((c) => parser.push(c)), ...parser.end()];
      return { pieces: pieces.map((p) => p.text).join("|"), ...parser.parts };
    };
    const thought = go({ thought: "2 + 2", answer: "", part: "thought" }, [" = 4", "\n</think>", "\n\nFour."]);
    expect(thought).toEqual({ pieces: " = 4|Four.", thought: "2 + 2 = 4", answer: "Four." });
    const answer = go({ thought: "2 + 2", answer: "It is", part: "answer" }, [" <think>", " four."]);
    expect(answer).toEqual({ pieces: " <think>| four.", thought: "2 + 2", answer: "It is <think> four." });
    const quoted = go({ thought: "a\n```\nb", answer: "", part: "thought" }, ["\n</think>\n```\nc", "</think>d"]);
    expect(quoted).toMatchObject({ thought: "a\n```\nb\n</think>\n```\nc", answer: "d" });
  });

  test("what a model finds at the beginning of its turn opens, closes or leaves out the thought", () => {
    const nothing = { thought: "", answer: "", closed: false };
    expect(leadOf(thinkTags, undefined, nothing)).toBe("");
    expect(leadOf(thinkTags, true, nothing)).toBe("<think>\n");
    expect(leadOf(thinkTags, false, nothing)).toBe("<think>\n\n</think>\n\n");
    expect(leadOf(thinkTags, true, { ...nothing, thought: "Two" })).toBe("<think>\nTwo");
    expect(leadOf(thinkTags, true, { thought: "Two", answer: "", closed: true })).toBe("<think>\nTwo\n</think>\n\n");
    expect(leadOf(thinkTags, true, { thought: "", answer: "", closed: true })).toBe(thinkTags.empty);
    expect(leadOf(gemma, true, { thought: "Two", answer: "F", closed: true })).toBe(
      "<|channel>thought\nTwo\n<channel|>F",
    );
    expect(leadOf(thinkTags, undefined, { thought: "", answer: "Fo", closed: true })).toBe("Fo");
  });

  test("every family of the catalogue that reasons writes its thoughts in a way that is read back", () => {
    expect(formats.length).toBeGreaterThanOrEqual(5);
    for (const format of formats) {
      const { open, close, empty } = format;
      const read = (text: string) => parse({ format, inside: false }, [text]).parts;
      expect(read(`${open}a thought${close}an answer`)).toEqual({ thought: "a thought", answer: "an answer" });
      expect(read(`${empty}an answer`)).toEqual({ thought: "", answer: "an answer" });
    }
  });
});
