// How much work a block of Markdown may cost. Lexers and browsers take far longer over text that nests deeply or never closes what it opens than over
// other text of the same length; a block beyond these limits is shown as it was written. Not for: reading within them (lexer.ts).

/** Quotations, lists and emphasis within one another; a quotation or a list counts twice. */
export const MOST_NESTED = 100;
/** Characters of one paragraph, heading or cell: what is within one is found by looking ahead through all of it. */
export const MOST_INLINE = 20_000;
/** Paragraphs, cells and emphases of one block. */
export const MOST_RUNS = 6_000;
/** Elements of one block of HTML, and within one another. */
const MOST_ELEMENTS = 6_000;
const MOST_NESTED_ELEMENTS = 200;
/** How long a bare address may be, in characters. */
export const MOST_ADDRESS = 2_000;

/** Thrown by what reads a block that is beyond a limit. */
export class TooMuch extends Error {}

/** Elements that have no end, or whose end is understood where the next one begins. */
const unclosed = new Set(
  "area br col embed hr img input link meta source track wbr dd dt li option p rp rt tbody td tfoot th thead tr".split(
    " ",
  ),
);

/** The number of elements in some HTML. Throws `TooMuch` where it, or how deep they nest, is beyond the limits. */
export function countElements(html: string): number {
  let elements = 0;
  let depth = 0;
  for (const [, end, name] of html.matchAll(/<(\/?)([a-zA-Z][^\s/>]*)/g)) {
    const step = unclosed.has(name!.toLowerCase()) ? 0 : 1;
    if (end === "/") depth = Math.max(0, depth - step);
    else {
      elements++;
      depth += step;
    }
    if (elements > MOST_ELEMENTS || depth > MOST_NESTED_ELEMENTS) throw new TooMuch();
  }
  return elements;
}
