// Finding text however it is written: what is alike for a person who searches, and what is not.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fold, holdsAll, wordsOf } from "../../src/platform/fold";

const finds = (query: string, text: string) => holdsAll(wordsOf(query), fold(text));

/** What is typed, the text that it finds. */
const alike: Record<string, readonly (readonly [query: string, text: string])[]> = {
  English: [
    ["cafe naive", "Naïve café"],
    ["don't", "Don’t"],
    ["wi-fi", "Wi‑Fi"],
    ["co-op", "co\u00adop co–op"],
    ["office", "oﬃce"],
  ],
  French: [
    ["oeuvre", "Œuvre"],
    ["œuvre", "OEUVRE"],
    ["garcon", "GARÇON"],
    ["ete", "e\u0301te\u0301"],
    ["l'aide", "l’aide"],
  ],
  Vietnamese: [
    ["nguyen", "Nguyễn"],
    ["nguyen", "Nguye\u0302\u0303n"],
    ["NGUYỄN", "nguyen"],
    ["dong da", "Đống Đa"],
    ["đ", "Duong"],
    ["mat khau", "mật khẩu"],
    ["uong", "Ương"],
  ],
  German: [
    ["strasse", "Straße"],
    ["STRAẞE", "strasse"],
    ["uber", "Über"],
  ],
  Nordic: [
    ["ol", "Øl"],
    ["smorrebrod", "smørrebrød"],
    ["aeble", "Æble"],
    ["angstrom", "Ångström"],
    ["thor", "Þór"],
  ],
  Polish: [["lodz", "Łódź"]],
  Turkish: [
    ["istanbul", "İSTANBUL"],
    ["İstanbul", "istanbul"],
    ["isik", "IŞIK"],
    ["ışık", "Işık"],
    ["ISIK", "ışık"],
  ],
  Greek: [
    ["οδοσ", "ΟΔΟΣ"],
    ["ΟΔΟΣ", "οδός"],
    ["οδος κα", "οδός, καλή"],
  ],
  Cyrillic: [
    ["елка", "Ёлка"],
    ["ёлка", "ЕЛКА"],
    ["замок", "за\u0301мок"],
    ["мой", "МОЙ"],
  ],
  Arabic: [
    ["محمد", "مُحَمَّد"],
    ["مُحَمَّد", "محمد"],
    ["احمد", "أحمد"],
    ["كتاب", "کتاب"],
    ["سلام", "ســلام"],
    ["میخواهم", "می\u200cخواهم"],
    ["لا", "ﻻ"],
  ],
  Hebrew: [
    ["שלום", "שָׁלוֹם"],
    ["שָׁלוֹם", "שלום"],
    ["בן-גוריון", "בן־גוריון"],
  ],
  Japanese: [
    ["さくら", "サクラ"],
    ["サクラ", "さくら"],
    ["ｶﾞｲﾄﾞ", "ガイド"],
    ["がいど", "ｶﾞｲﾄﾞ"],
    ["か\u3099いど", "ガイド"],
    ["カ゛イド", "ガイド"],
    ["ＡＢＣ１２３", "abc123"],
    ["らーめん", "ラーメン"],
    ["東京 大阪", "大阪　東京"],
    ["10~20", "１０〜２０"],
    ["ぱすわーど", "パスワード"],
  ],
  Korean: [
    ["한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"],
    ["\u1112\u1161\u11ab", "한국"],
  ],
};

/** What is typed, the text that it must not find. */
const apart: Record<string, readonly (readonly [query: string, text: string])[]> = {
  Japanese: [
    ["か", "が"],
    ["か", "か\u3099"],
    ["が", "か"],
    ["は", "ぱ"],
    ["ぱ", "ば"],
    ["ﾊ", "ﾊﾟ"],
    ["つ", "っ"],
  ],
  Korean: [
    ["가", "각"],
    ["한", "하"],
  ],
  Cyrillic: [
    ["и", "й"],
    ["мои", "мой"],
    ["і", "ї"],
  ],
  Thai: [["กา", "กี"]],
  Hindi: [
    ["की", "का"],
    ["कि", "की"],
  ],
};

describe.each(Object.entries(alike))("in %s", (_, cases) => {
  test.each(cases)("“%s” finds “%s”", (query, text) => {
    expect(finds(query, text)).toBe(true);
  });
});
describe.each(Object.entries(apart))("in %s", (_, cases) => {
  test.each(cases)("“%s” does not find “%s”", (query, text) => {
    expect(finds(query, text)).toBe(false);
  });
});

describe("for any text", () => {
  const letters = [..."aeiIİıßẞœøđĐéễ éかがカガｶﾞ゛ﾟ가각ᄀ\u1161йиёїі\u0301\u0306\u0308\u3099\u0640\u064eأک־ﬃΣς \t'’"];
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.array(fc.constantFrom(...letters)).map((list) => list.join("")),
  );
  const often = { numRuns: 3000 };

  test("folding what is folded changes nothing", () => {
    fc.assert(
      fc.property(text, (t) => fold(fold(t)) === fold(t)),
      often,
    );
  });

  test("composed and decomposed are alike", () => {
    fc.assert(
      fc.property(text, (t) => {
        const folded = fold(t);
        return fold(t.normalize("NFC")) === folded && fold(t.normalize("NFD")) === folded;
      }),
      often,
    );
  });

  test("every word of a text is found in it", () => {
    fc.assert(
      fc.property(text, (t) => t.split(/\s+/).every((word) => finds(word, t)) && finds(t, t)),
      often,
    );
  });

  test("nothing that one could read is folded to nothing", () => {
    // What is left when marks, joiners and the tatweel that Arabic marks stand on are taken away.
    const isRead = (t: string) => /(?![\p{Default_Ignorable_Code_Point}\u0640])[\p{L}\p{N}]/u.test(t.normalize("NFKD"));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (t) => !isRead(t) || fold(t) !== ""),
      often,
    );
    for (let code = 0; code < 0x30000; code++) {
      const letter = String.fromCodePoint(code);
      if (isRead(letter) && fold(letter) === "") expect.fail(`U+${code.toString(16)} ${letter}`);
    }
  });

  test("every letter of Unicode: folded once for all, and the same from either form", () => {
    for (let code = 0; code < 0x20000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const letter = String.fromCodePoint(code);
      const folded = fold(letter);
      if (fold(folded) !== folded || fold(letter.normalize("NFD")) !== folded)
        expect.fail(`U+${code.toString(16)} ${letter}: ${folded}, then ${fold(folded)}`);
    }
  });
});
