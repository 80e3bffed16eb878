// Cuts a text where a reader sees no cut: never within what is one character to them, such as an emoji of several parts or a letter with its marks.

const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** No more of a text is looked at than this behind the place where it is cut. */
const AHEAD = 100;

/** The beginning of a text: whole characters, together of at most `most` UTF-16 units. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = characters.segment(text.slice(0, most + AHEAD)).containing(most)?.index ?? 0;
  // A single "character" that is longer than all there is room for: marks upon marks. What is left is at least no half of a letter.
  return end > 0 ? text.slice(0, end) : text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
}
