// The HTML that an answer may consist of: what Markdown and its math make, and a little that people write by hand. All else would let an answer
// pass for a part of the app: regions, controls, roles, names, classes, layers. Not for: what marks code and links (render.ts).

const text =
  "a abbr b bdi bdo blockquote br cite code dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp small span";
const more = "strong sub sup u ul var wbr ruby rp rt details summary table caption thead tbody tfoot tr th td";
const math =
  "math merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts none mroot mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover";

export const allowedTags = [text, more, math].flatMap((names) => names.split(" "));

const textAttributes = "href title lang start open align colspan rowspan class".split(" ");
const mathAttributes =
  "accent accentunder columnalign columnspacing depth display displaystyle fence form height largeop linethickness lspace mathvariant maxsize minsize movablelimits rowspacing rspace scriptlevel separator stretchy symmetric voffset width xmlns".split(
    " ",
  );

export const allowedAttributes = [...textAttributes, ...mathAttributes];

/** Attributes of math that are lengths, and a length as formulas have it: beyond millions of pixels a browser puts all that follows in one place. */
const lengths = "columnspacing depth height linethickness lspace maxsize minsize rowspacing voffset width".split(" ");
const short = /^[+-]?1?\d?(?:\.\d+)?(?:em|ex|px|pt|width)?$/;

/** The value that an attribute may have on an element; undefined where it is not allowed. */
export function allowedValue(element: Element, name: string, value: string): string | undefined {
  const ofMath = element.namespaceURI === "http://www.w3.org/1998/Math/MathML";
  if (!(ofMath ? mathAttributes : textAttributes).includes(name)) return undefined;
  if (name === "class") return codeClasses(value) || undefined;
  // A cell over thousands of rows or columns takes as long to lay out as those would.
  if (name === "colspan" || name === "rowspan") return /^\d\d?$/.test(value) ? value : undefined;
  if (lengths.includes(name)) return value.split(/\s+/).every((length) => short.test(length)) ? value : undefined;
  // Below 0, letters grow with each level.
  if (name === "scriptlevel") return /^[0-3]$/.test(value) ? value : undefined;
  return value;
}

/** The classes of an element that colour code. */
function codeClasses(names: string): string {
  return names
    .split(/\s+/)
    .filter((name) => /^hljs-[\w-]+$/.test(name))
    .join(" ");
}
