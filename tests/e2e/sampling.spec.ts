// The sampling kernel draws from the distribution it should: chi-square tests of many draws from known logits.
import { expect, test } from "playwright/test";
import { shareApp, type App } from "./app";
import { openLibrary } from "./library/harness";

interface Draw {
  /** Probability of a token id before top-p, at temperature 1; ids that are not named have none. */
  probabilities: Record<number, number>;
  temperature: number;
  topP: number;
  draws: number;
}

async function draw(app: App, { probabilities, temperature, topP, draws }: Draw): Promise<Map<number, number>> {
  const tokens = await app.page.evaluate(
    async ({ probabilities, temperature, topP, draws }) => {
      const { tvm, device, fullVocabSize } = window.library.pipeline;
      const logits = new Float32Array(fullVocabSize).fill(-1e9);
      for (const [id, p] of Object.entries(probabilities)) logits[Number(id)] = Math.log(p);
      tvm.beginScope();
      const onDevice = tvm.detachFromCurrentScope(tvm.empty([1, 1, fullVocabSize], "float32", device));
      onDevice.copyFrom(logits);
      tvm.endScope();
      tvm.setSeed(20261124);
      const drawn: number[] = [];
      for (let i = 0; i < draws; i++)
        drawn.push(await window.library.pipeline.sampleFromRawLogits(onDevice, { temperature, top_p: topP }));
      onDevice.dispose();
      return drawn;
    },
    { probabilities, temperature, topP, draws },
  );
  const counts = new Map<number, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}

/** What the draws should follow: temperature first, then the smallest set of likeliest tokens whose sum reaches top-p; ties stay together. */
function expectedProbabilities({ probabilities, temperature, topP }: Draw): Map<number, number> {
  const hot = Object.entries(probabilities).map(([id, p]): [number, number] => [Number(id), p ** (1 / temperature)]);
  const total = hot.reduce((sum, [, p]) => sum + p, 0);
  const sorted = hot.map(([id, p]): [number, number] => [id, p / total]).sort((a, b) => b[1] - a[1]);
  const kept: [number, number][] = [];
  let sum = 0;
  for (const [id, p] of sorted) {
    if (sum >= topP && Math.abs(p - kept.at(-1)![1]) > 1e-9) break;
    kept.push([id, p]);
    sum += p;
  }
  return new Map(kept.map(([id, p]) => [id, p / sum]));
}

/** The value that chi-square with `degrees` of freedom exceeds once in 10,000 times (Wilson and Hilferty 1931). */
function criticalValue(degrees: number): number {
  const z = 3.719;
  return degrees * (1 - 2 / (9 * degrees) + z * Math.sqrt(2 / (9 * degrees))) ** 3;
}

async function expectFit(app: App, setting: Draw): Promise<void> {
  const counts = await draw(app, setting);
  const expected = expectedProbabilities(setting);
  expect(
    [...counts.keys()].filter((id) => !expected.has(id)),
    "tokens outside of the set",
  ).toEqual([]);
  if (expected.size === 1) return;
  let chiSquare = 0;
  for (const [id, p] of expected) {
    expect(p * setting.draws, "draws expected of each token").toBeGreaterThan(5);
    chiSquare += ((counts.get(id) ?? 0) - p * setting.draws) ** 2 / (p * setting.draws);
  }
  expect(chiSquare).toBeLessThan(criticalValue(expected.size - 1));
}

for (const { model, last, draws } of [
  { model: "tiny", last: 511, draws: 2000 },
  { model: "starter", last: 49151, draws: 300 },
] as const)
  test.describe(`the ${model} library`, () => {
    let app: App;
    shareApp(
      (opened) => (app = opened),
      () => openLibrary(model),
    );

    /** Spread over the vocabulary, its first and last token among them. */
    const probabilities = { 0: 0.3, 7: 0.2, 100: 0.15, 101: 0.1, 255: 0.1, 256: 0.05, 300: 0.05, [last]: 0.05 };

    test("top-p 1 draws every token at its probability", () =>
      expectFit(app, { probabilities, temperature: 1, topP: 1, draws }));
    test("temperature sharpens before top-p cuts", () =>
      expectFit(app, { probabilities, temperature: 0.7, topP: 0.9, draws }));
    test("a high temperature flattens", () => expectFit(app, { probabilities, temperature: 1.5, topP: 1, draws }));
    test("tokens tied at the edge of top-p are all kept", () =>
      expectFit(app, { probabilities, temperature: 1, topP: 0.7, draws }));
    test("a top-p below the likeliest token leaves only that one", () =>
      expectFit(app, { probabilities, temperature: 1, topP: 0.1, draws: 50 }));
    test("temperature 0 always takes the likeliest token", async () => {
      expect(await draw(app, { probabilities, temperature: 0, topP: 1, draws: 50 })).toEqual(new Map([[0, 50]]));
    });
  });
