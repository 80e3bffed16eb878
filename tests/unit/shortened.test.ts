// No text that is cut ends in a part of what a reader takes for one character.
import { begin } from "../messages";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Conversations } from "../../src/chat/conversations.svelte";
import { conversationForm } from "../../src/chat/conversation-forms";
import { fileName } from "../../src/chat/conversation-transfer";
import { shortened } from "../../src/platform/shortened";
import { textOf } from "../../src/platform/values";
import { Records } from "../../src/storage/records";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";

/** Characters of several parts: a family, a flag, a skin tone, a heart with its variant, a keycap, letters with marks, Hangul, Devanagari. */
const whole = ["👨‍👩‍👧‍👦", "🇻🇳", "👍🏽", "❤️", "1️⃣", "e\u0301", "ệ".normalize("NFD"), "\u1112\u1161\u11ab", "क्षि", "😀"];

test.each(whole)("%s is kept whole or left out, wherever it is cut", (one) => {
  const text = `ab${one}cd`;
  for (let most = 0; most <= text.length; most++) {
    const cut = shortened(text, most);
    expect(cut.length).toBeLessThanOrEqual(most);
    expect(text.startsWith(cut)).toBe(true);
    expect(cut.length <= 2 || cut.includes(one)).toBe(true);
  }
});

test("what is short enough is as it was, and what is cut begins with whole characters as many as there is room for", () => {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...whole), fc.string({ unit: "grapheme", maxLength: 3 }))),
      fc.nat(60),
      (parts, most) => {
        const text = parts.join("");
        const cut = shortened(text, most);
        if (text.length <= most) return cut === text;
        let fits = "";
        for (const { segment } of segmenter.segment(text)) {
          if (fits.length + segment.length > most) break;
          fits += segment;
        }
        return cut === fits || (fits === "" && text.startsWith(cut) && cut.isWellFormed() && cut.length <= most);
      },
    ),
  );
});

test("a letter with more marks than there is room for is cut among its marks", () => {
  const marked = `a${"\u0301".repeat(500)}`;
  expect(shortened(marked, 10)).toBe(marked.slice(0, 10));
  expect(shortened(`😀${"\u0301".repeat(500)}`, 1)).toBe("");
});

test("a text of a megabyte is cut at once", () => {
  const long = "👨‍👩‍👧‍👦 ".repeat(100_000);
  const began = performance.now();
  for (let i = 0; i < 100; i++) shortened(long, 61);
  expect(performance.now() - began).toBeLessThan(500);
});

describe("what is cut", () => {
  const family = "👨‍👩‍👧‍👦";
  const question = `${"a".repeat(55)}${family}${"b".repeat(100)}`;

  test("the title of a new conversation", async () => {
    const records = new Records();
    const conversations = new Conversations(records, new AuditLog(records));
    expect((await begin(conversations, question)).title).toBe("a".repeat(55));
  });

  test("a title that a person gives, and one of a file", async () => {
    const records = new Records();
    const conversations = new Conversations(records, new AuditLog(records));
    const { id } = await begin(conversations, "x");
    await conversations.rename(id, `${"a".repeat(995)}${family}`);
    expect(conversations.all.get(id)!.title).toBe("a".repeat(995));
    const stored = {
      version: 1,
      id: "1",
      title: `${"a".repeat(995)}${family}`,
      createdAt: 1,
      updatedAt: 1,
      leafId: null,
    };
    expect(conversationForm.read(stored, "conversation:1")!.title).toBe("a".repeat(995));
    expect(textOf(family, 3)!.isWellFormed()).toBe(true);
  });

  test("the name of a file", () => expect(fileName(question)).toBe("a".repeat(55)));
});
