// Adapts rules of Markdown that look for spaces and punctuation, emphasis and bare addresses, to Chinese, Japanese and Korean, which put no spaces
// between words. Text without their letters is read as CommonMark and GFM say.

/** Their signs, which do not count as punctuation for emphasis, or `**重要：**これは` would not be closed. */
const sign = String.raw`[\u3001-\u303f\u30fb\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffe6]`;
/** Their letters and signs. Beside one, other punctuation opens and closes emphasis as it does beside a space: `彼は**"強調"**した`. */
const letter = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u3001-\u303f\u30fb\u30fc\uff01-\uffef]`;

/** The terms of CommonMark's rules of emphasis: punctuation, here without "~", and what is neither that nor a space. */
const punctuation = (mark: string) => String.raw`(?!${sign}|[~${mark}])[\p{P}\p{S}]`;
const p = punctuation("*");
const other = String.raw`(?:[^\s\p{P}\p{S}]|~|${sign})`;

/**
 * What marked's tokenizer of emphasis looks for: what follows an opening run of marks, and each later run by what it may do. The groups are those
 * that it counts: 1 and 2 can only close, 3 and 4 only open, 5 and 6 do both.
 */
export const emphasisRules = {
  emStrongLDelim: new RegExp(String.raw`^(?:\*+(?:(${p})|([^\s*]))?)|^_+(?:(${punctuation("_")})|([^\s_]))?`, "u"),
  emStrongRDelimAst: new RegExp(
    [
      String.raw`^[^_*]*?__[^_*]*?\*[^_*]*?(?=__)|[^*]+(?=[^*])`,
      String.raw`${p}(\*+)(?=\s|$)`,
      String.raw`(?!${letter}\*+${p})${other}(\*+)(?!\*)(?=\s|${p}|$)`,
      String.raw`(?!${p}\*+${letter})(?:\s|${p})(\*+)(?=${other})`,
      String.raw`\s(\*+)(?!\*)(?=${p})`,
      String.raw`(?:${p}|${letter}(?=\*+${p}))(\*+)(?!\*)(?=${p}|${letter})`,
      String.raw`${other}(\*+)(?=${other})`,
    ].join("|"),
    "gu",
  ),
  punctuation: new RegExp(String.raw`^((?![*_])(?:\s|[\p{P}\p{S}]|${letter}))`, "u"),
};

const foreign = new RegExp(letter, "u");
const foreignLetter = new RegExp(`(?!${sign})${letter}`, "u");

/**
 * Where a bare address ends because a sentence in these languages continues after it: at the end of `src`, as GFM reads it, or before. A letter of
 * theirs belongs to the address only after another such letter or where a part of a path begins (`/wiki/日本`); a sign of theirs never does.
 */
export function endOfAddress(src: string): number {
  for (let at = 0; at < src.length; at++) {
    const char = src[at]!;
    if (!foreign.test(char)) continue;
    const before = src[at - 1] ?? "";
    if (!foreignLetter.test(char) || !(/[/=#?_%-]/.test(before) || foreignLetter.test(before))) return at;
  }
  return src.length;
}
