// Budgets, the decision whether to think, votes and prices.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { AnswerStats } from "../../src/engine/protocol";
import { thinkTags } from "../../src/engine/thoughts";
import { budgetOf, thinkingOf } from "../../src/reasoning/effort";
import { needOf, signsOf } from "../../src/reasoning/need";
import weights from "../../src/reasoning/need-weights.json";
import { hostedPrices, priceOf, sumOf } from "../../src/reasoning/price";
import prices from "../../src/reasoning/prices.json";
import { finalAnswer, voteOn } from "../../src/reasoning/vote";

describe("effort", () => {
  test("a budget grows with the effort and with the context window, up to a limit", () => {
    expect((["off", "low", "medium", "high"] as const).map((e) => budgetOf(e, 4096))).toEqual([0, 256, 1024, 2048]);
    expect((["off", "low", "medium", "high"] as const).map((e) => budgetOf(e, 131_072))).toEqual([0, 512, 2048, 8192]);
    expect(thinkingOf(thinkTags, "off", 4096)).toEqual({ format: thinkTags, think: false });
    expect(thinkingOf(thinkTags, "low", 1024)).toEqual({ format: thinkTags, think: true, budget: 64 });
  });
});

describe("whether a question needs a thought", () => {
  const [head, ...rows] = readFileSync("recipes/need/prompts.tsv", "utf8").trim().split("\n");
  const heldOut = rows
    .filter((_, i) => i % 3 === 2)
    .flatMap((row) => {
      const [label, ...texts] = row.split("\t");
      return texts.map((text) => ({ text, think: label === "1" }));
    });

  test("there are at least 400 prompts in four languages, no two alike, both kinds equally often", () => {
    expect(head!.split("\t")).toEqual(["think", "en", "fr", "ja", "vi"]);
    const texts = rows.flatMap((row) => row.split("\t").slice(1));
    expect(texts.length).toBeGreaterThanOrEqual(400);
    expect(new Set(texts).size).toBe(texts.length);
    expect(rows.filter((row) => row.startsWith("1")).length).toBe(rows.length / 2);
  });

  test("the weights are those of this code: the stated accuracy is what it has on the held-out prompts", () => {
    expect(Object.keys(weights.weights)).toEqual(Object.keys(signsOf("")));
    const right = heldOut.filter(({ text, think }) => needOf(text).think === think).length;
    expect(right / heldOut.length).toBeCloseTo(weights.accuracy.heldOut, 3);
    expect(weights.accuracy.heldOut).toBeGreaterThan(0.9);
    expect(weights.prompts.heldOut).toBe(heldOut.length);
  });

  test("a decision is explained by signs of the question that speak for it", () => {
    const sum = needOf("What is forty-seven plus thirty-eight minus nineteen?");
    expect(sum).toMatchObject({ think: true, because: expect.arrayContaining(["numbers"]) });
    expect(sum.probability).toBeGreaterThan(0.5);
    const thanks = needOf("Merci !");
    expect(thanks).toMatchObject({ think: false, because: expect.arrayContaining(["short"]) });
    expect(thanks.probability).toBeLessThan(0.5);
  });

  test("composed and decomposed letters are the same, and an empty question needs nothing", () => {
    const text = "Bốn mươi bảy cộng ba mươi tám bằng bao nhiêu?";
    expect(signsOf(text.normalize("NFD"))).toEqual(signsOf(text));
    expect(needOf("").think).toBe(false);
  });
});

describe("votes", () => {
  test.each([
    ["42", "42"],
    ["The sum is **1,250.0**.", "1250"],
    ["First 3, then 4.\n\nSo it is 7.", "7"],
    ["Thus $\\boxed{\\frac{1}{2}}$ of 10.", "\\frac{1}{2}"],
    ["It rains 3 days. Answer: Tuesday!", "tuesday"],
    ["La réponse est : « jeudi ».", "jeudi"],
    ["答えは 火曜日。", "火曜日"],
    ["Đáp án: thứ tư.", "thứ tư"],
    ["木曜日", "木曜日"],
    ["-3.50", "-3.5"],
    ["", ""],
  ])("the final answer of %j is %j", (answer, final) => expect(finalAnswer(answer)).toBe(final));

  test("the first answer that gives the most frequent final answer is taken", () => {
    expect(voteOn(["It is 7.", "8", "So: 8."])).toEqual({ finals: ["7", "8", "8"], chosen: 1, votes: 2 });
    expect(voteOn(["7", "8", "9"])).toMatchObject({ chosen: 0, votes: 1 });
    expect(voteOn(["", "", "9"])).toMatchObject({ chosen: 2, votes: 1 });
    expect(voteOn(["", ""])).toMatchObject({ chosen: 0, votes: 0 });
  });
});

describe("price", () => {
  const stats = (changes: Partial<AnswerStats>): AnswerStats => ({
    ...{ promptTokens: 100, thoughtTokens: 300, answerTokens: 100, prefillRate: 1, decodeRate: 1 },
    ...{ secondsToFirstToken: 1, seconds: 90, thoughtSeconds: 60, contextUsed: 500, contextSize: 1000 },
    ...changes,
  });

  test("energy is power times time, and a sum adds each figure", () => {
    const price = priceOf(stats({}), 40);
    expect(price.energy).toBe(1);
    expect(sumOf([price, price])).toEqual({
      promptTokens: 200,
      thoughtTokens: 600,
      answerTokens: 200,
      seconds: 180,
      energy: 2,
    });
    expect(sumOf([]).energy).toBe(0);
  });

  test("a hosted model charges thoughts as output, by a table that says when and where it was read", () => {
    const [first] = hostedPrices(priceOf(stats({}), 40));
    const { input, output } = prices.models[0]!;
    expect(first!.dollars).toBeCloseTo((100 * input + 400 * output) / 1e6, 9);
    expect(new Date(prices.checked).getTime()).toBeLessThan(Date.now());
    expect(prices.source).toMatch(/^https:/);
    for (const { input, output } of prices.models) expect(0 < input && input <= output).toBe(true);
  });
});
