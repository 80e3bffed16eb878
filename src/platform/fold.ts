// Text as it is searched in: what a person need not type to find a word, and what an input method writes otherwise, is folded away. The
// one such function; every search uses it on both sides. Not for: sorting, names of files, or whether two texts are the same.

/**
 * Letters and signs that Unicode does not take apart, and what people type for them. Lower case: the text is so by then.
 * What it does take apart (é, ễ, ﬁ, ｶﾞ, ①) needs no line here.
 */
const spelled: Readonly<Record<string, string>> = {
  // A stroke, not a mark: Vietnamese and Croatian, Polish, Danish and Norwegian, Maltese, Sámi.
  ...{ đ: "d", ł: "l", ø: "o", ħ: "h", ŧ: "t" },
  // Two letters on a keyboard without them: French, Danish, German (ẞ is ß by now), Icelandic.
  ...{ œ: "oe", æ: "ae", ß: "ss", þ: "th", ð: "d" },
  // Turkish has I as the capital of ı, and İ as that of i. All four are one letter here, since a text does not say its language.
  ı: "i",
  // Greek writes σ so at the end of a word, where a word that is half typed does not end yet.
  ς: "σ",
  // Arabic and Persian keyboards give other letters for the same ones; alef and ya at the end of a word are often left plain.
  ...{ ی: "ي", ى: "ي", ک: "ك", ة: "ه" },
  // Marks of Japanese that stand beside the letter, as some input methods leave them; and two signs for "from … to".
  ...{ "゛": "\u3099", "゜": "\u309a", "〜": "~" },
  // Editors and phones set quotation marks and dashes; keyboards have the plain ones.
  ...{ "‘": "'", "’": "'", ʼ: "'", "׳": "'", "“": '"', "”": '"', "״": '"' },
  ...{ "‐": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "־": "-", "⁄": "/" },
};
const spelledLetters = new RegExp(`[${Object.keys(spelled).join("")}]`, "gu");

/** Not seen and not typed: soft hyphens, joiners, marks of direction, selectors of variants; and the tatweel, which only lengthens a word. */
const unseen = /[\p{Default_Ignorable_Code_Point}\u0640]/gu;

/**
 * Marks that make another letter, which has its own key: й is no и, ї no і, ў no у, ѓ no г, ќ no к. (ё is often written е, so its mark is
 * none of these.) The dakuten of Japanese (か, が) and the vowels of Thai and Hindi are not among `optional` at all.
 */
const ownLetters = /и\u0306|у\u0306|і\u0308|г\u0301|к\u0301/g;

/** Accents of Latin, Greek and Cyrillic; vowel marks of Hebrew and Arabic, which most texts leave out, and the hamza and madda on letters. */
const optional =
  // eslint-disable-next-line no-misleading-character-class -- marks alone are what is meant
  /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]/g;

/** Katakana that have a hiragana, at a distance of 0x60: whichever is written, it is read the same. */
const katakana = /[\u30a1-\u30f6\u30fd\u30fe]/g;
const hiraganaOf = (letter: string) => String.fromCharCode(letter.charCodeAt(0) - 0x60);

const PLAIN = /^[\0-\x7f]*$/;

/**
 * A text as it is compared with another folded one: upper and lower case, composed and decomposed, full and half width, hiragana and
 * katakana are alike, and accents count for nothing. Folding what is folded changes nothing.
 */
export function fold(text: string): string {
  // Most code and much English; nothing but its case can differ.
  if (PLAIN.test(text)) return text.toLowerCase();
  return (
    text
      .replace(/[゛゜]/g, (mark) => spelled[mark]!)
      .normalize("NFKD")
      .replace(unseen, "")
      // What stood between two marks may be gone: they have an order.
      .normalize("NFD")
      .toLowerCase()
      .replace(spelledLetters, (letter) => spelled[letter]!)
      .replace(ownLetters, (letter) => letter.normalize("NFC"))
      .replace(optional, "")
      .replace(katakana, hiraganaOf)
      // Letters of Korean and Japanese are whole again: 가 is not found in 각, nor か in が.
      .normalize("NFC")
  );
}

/** The words of a query, folded, as `holdsAll` wants them. */
export const wordsOf = (query: string): string[] => fold(query).split(/\s+/).filter(Boolean);

/** Whether every word stands somewhere in a folded text. */
export const holdsAll = (words: readonly string[], folded: string): boolean =>
  words.every((word) => folded.includes(word));
