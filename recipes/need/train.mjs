// Trains the classifier that decides whether a question is worth a chain of thought: node recipes/need/train.mjs
// Reads prompts.tsv (a row: label, then the same kind of question in four languages; every third row is held out, in all its languages) and
// sums.tsv (a row: label, language, a question with or without a calculation, and what was asked before it, if anything). Measures on what it
// held out and on sums-held-out.tsv, which it never trains on. Writes src/reasoning/need-weights.json. Full-batch gradient descent: the same
// weights each time.
import { readFileSync, writeFileSync } from "node:fs";
import { runnerImport } from "vite";

const STEPS = 4000;
const RATE = 0.5;
const DECAY = 0.001;
const HELD_OUT = 3;

const { signsOf } = (await runnerImport("./src/reasoning/need.ts")).module;

const read = (file) => {
  const [head, ...rows] = readFileSync(new URL(file, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  return { head, rows };
};
const names = Object.keys(signsOf(""));
const example = (label, language, text, earlier) => {
  const found = signsOf(text, earlier ? [earlier] : []);
  return { text, language, think: label === "1", x: names.map((name) => found[name]) };
};

const prompts = read("prompts.tsv");
const languages = prompts.head.slice(1);
const ofRows = (held) =>
  prompts.rows
    .filter((_, i) => (i % HELD_OUT === HELD_OUT - 1) === held)
    .flatMap(([label, ...texts]) => texts.map((text, l) => example(label, languages[l], text)));
const sumsOf = (file) => read(file).rows.map((row) => example(...row));
const [kinds, heldOut] = [ofRows(false), ofRows(true)];
const [sums, sumsHeldOut] = [sumsOf("sums.tsv"), sumsOf("sums-held-out.tsv")];
const training = [...kinds, ...sums];

const weights = names.map(() => 0);
let bias = 0;
const score = (x) => x.reduce((sum, value, i) => sum + value * weights[i], bias);
for (let step = 0; step < STEPS; step++) {
  const slope = names.map((_, i) => DECAY * weights[i]);
  let biasSlope = 0;
  for (const { x, think } of training) {
    const error = (1 / (1 + Math.exp(-score(x))) - (think ? 1 : 0)) / training.length;
    x.forEach((value, i) => (slope[i] += error * value));
    biasSlope += error;
  }
  slope.forEach((s, i) => (weights[i] -= RATE * s));
  bias -= RATE * biasSlope;
}

const isRight = ({ x, think }) => score(x) > 0 === think;
const accuracy = (set) => Number((set.filter(isRight).length / set.length).toFixed(4));
for (const [name, set] of Object.entries({ kinds, heldOut, sums, sumsHeldOut }))
  for (const e of set) if (!isRight(e)) console.log(`wrong (${name}):`, e.think ? "think" : "answer", e.text);
const round = (value) => Number(value.toFixed(4));
const byLanguage = (set) =>
  Object.fromEntries(
    [...new Set(set.map((e) => e.language))].map((l) => [l, accuracy(set.filter((e) => e.language === l))]),
  );
const result = {
  bias: round(bias),
  weights: Object.fromEntries(names.map((name, i) => [name, round(weights[i])])),
  prompts: { training: training.length, heldOut: heldOut.length, sumsHeldOut: sumsHeldOut.length },
  accuracy: {
    training: accuracy(training),
    heldOut: accuracy(heldOut),
    ...byLanguage(heldOut),
    sumsHeldOut: accuracy(sumsHeldOut),
  },
};
writeFileSync(
  new URL("../../src/reasoning/need-weights.json", import.meta.url),
  JSON.stringify(result, null, 2) + "\n",
);
console.log(result, byLanguage(sumsHeldOut));
