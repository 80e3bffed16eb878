// Telling that a model has begun to write the same for ever. Pure; used by the engine worker, for thoughts and answers alike. Not for: what is
// done about it.

/** Bytes of the longest passage whose repetition is seen: about a page. */
const LONGEST = 2048;
/** How often a passage stands one behind the other at least. */
const TIMES = 3;
/** Bytes that a repetition takes at least: of words, and of what repeats for good reasons (rulers, grids, code). */
const WORDS = 400;
const FIGURES = 1200;
/** How many bytes equal those that long before them where words repeat, by the length of what repeats. */
const needed = Uint32Array.from({ length: LONGEST + 1 }, (_, p) => Math.max((TIMES - 1) * p, WORDS - p));

/**
 * The rule: the text ends in one passage, at least three times without anything between, 400 bytes of UTF-8 or more in all: a page three times, a
 * line of 40 letters ten times, a word a hundred times. Refrains that come back after something else are none. What has fewer than two different
 * letters or pictures (rulers, empty tables, grids of zeros, "XXXX") and what stands in a code block, where the rows of a board are alike,
 * takes 1,200 bytes. The number in front of a list's item is not looked at: "1. Yes" and "2. Yes" are the same line. All other numbers are
 * ("5 × 1 = 5", "5 × 2 = 10", records, dates), since tables of them are asked for.
 *
 * Bytes rather than letters, since a letter of Chinese says as much as three of English. For each length of a passage it is counted how many of
 * the last bytes are the same as those so far before them, which takes the same time for each byte, however long the text is.
 */
export class Repetition {
  /** The last bytes, each of them twice, LONGEST apart: so those before any of them stand in one row. */
  private readonly bytes = new Uint8Array(2 * LONGEST);
  private length = 0;
  /** For each length, how many of the last bytes equal the byte that long before them. */
  private readonly same = new Uint32Array(LONGEST + 1);
  private readonly encoder = new TextEncoder();
  /** The line so far, as far as it tells what it begins with. */
  private line = "";
  private inCode = false;
  /** Digits at the beginning of a line, which may be the number of an item. */
  private digits = "";

  /** Takes the next piece of a text. Gives whether the text repeats itself now. */
  push(piece: string): boolean {
    let repeats = false;
    for (const letter of piece) for (const part of this.withoutNumbers(letter)) repeats = this.take(part) || repeats;
    return repeats;
  }

  /** What of a letter is looked at: the digits before it only now, when it is known that they are no item's number. */
  private withoutNumbers(letter: string): string {
    if (letter === "\n") {
      if (/^\s*(`{3}|~{3})/.test(this.line)) this.inCode = !this.inCode;
      this.line = "";
    } else {
      if (/^\s*$/.test(this.line) && /[0-9０-９]/.test(letter)) {
        this.digits += letter;
        return "";
      }
      if (this.line.length < 16) this.line += letter;
    }
    const number = this.digits;
    this.digits = "";
    return /[.)．）、]/.test(letter) ? letter : number + letter;
  }

  private take(letter: string): boolean {
    let repeats = false;
    const { bytes, same } = this;
    for (const byte of this.encoder.encode(letter)) {
      const at = this.length % LONGEST;
      const most = Math.min(LONGEST, this.length);
      for (let period = 1; period <= most; period++) {
        if (bytes[at + LONGEST - period] !== byte) same[period] = 0;
        else if (++same[period]! >= needed[period]!) repeats = true;
      }
      bytes[at] = bytes[at + LONGEST] = byte;
      this.length++;
    }
    return repeats && this.isLong();
  }

  /** Whether what repeats is long enough for what it is. */
  private isLong(): boolean {
    for (let period = 1; period <= LONGEST; period++) {
      const same = this.same[period]!;
      if (same < needed[period]!) continue;
      if (same + period >= FIGURES || (!this.inCode && this.hasWords(period))) return true;
    }
    return false;
  }

  private hasWords(period: number): boolean {
    const end = (this.length % LONGEST) + LONGEST;
    const letters = new TextDecoder()
      .decode(this.bytes.subarray(end - period, end))
      .match(/\p{L}|\p{Extended_Pictographic}/gu);
    return new Set(letters).size > 1;
  }
}
