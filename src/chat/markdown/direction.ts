// Which way an answer runs: each paragraph and heading by its first letter, as browsers do for `dir="auto"`, which Chromium does not evaluate again when
// text is added later; a list or a table as a whole, by most of its items or cells. Code and formulas run from left to right (Markdown.svelte).
type Direction = "ltr" | "rtl";

/** Letters of Hebrew, Arabic, Syriac, Thaana, N’Ko and the older scripts that run from right to left, where Unicode keeps them. */
const fromRight = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const letter = /\p{L}/u;

/** What has a direction of its own. */
const paragraphs = "p, h1, h2, h3, h4, h5, h6, blockquote, div, details, summary";
const wholes = "ul, ol, dl, table";
/** What says nothing of the direction of the text around it. */
const foreign = "code, pre, math, input";

/** By the first letter of a text; undefined where there is none. */
export function directionOf(text: string): Direction | undefined {
  const [first] = letter.exec(text) ?? [];
  return first === undefined ? undefined : fromRight.test(first) ? "rtl" : "ltr";
}

function directionIn(element: Element): Direction | undefined {
  for (const node of element.childNodes) {
    if (node instanceof Element && node.matches(foreign)) continue;
    const found = node instanceof Element ? directionIn(node) : directionOf(node.textContent ?? "");
    if (found) return found;
  }
  return undefined;
}

function directionOfMost(parts: Iterable<Element>): Direction | undefined {
  let right = 0;
  let left = 0;
  for (const part of parts) {
    const direction = directionIn(part);
    if (direction === "rtl") right++;
    else if (direction) left++;
  }
  return right + left === 0 ? undefined : right > left ? "rtl" : "ltr";
}

/** Sets `dir` on what is under `root`, which runs from left to right, where it differs from that around it. */
export function layDirections(root: Element): void {
  for (const element of root.querySelectorAll(`${paragraphs}, ${wholes}`)) {
    // An item or a cell runs as the whole does.
    if (element.parentElement?.closest(wholes)) continue;
    const parts = element.matches("table") ? element.querySelectorAll("th, td") : element.children;
    const direction = element.matches(wholes) ? directionOfMost(parts) : directionIn(element);
    const around = element.parentElement?.closest("[dir]")?.getAttribute("dir") ?? "ltr";
    if (direction && direction !== around) element.setAttribute("dir", direction);
  }
}
