// Trains the classifier that decides whether a question is worth a chain of thought: node recipes/need/train.mjs
// Reads prompts.tsv (a row: label, then the same kind of question in four languages), writes src/reasoning/need-weights.json.
// Every third row is held out, in all its languages. Full-batch gradient descent: the same weights each time.
import { readFileSync, writeFileSync } from "node:fs";
import { runnerImport } from "vite";

const STEPS = 4000;
const RATE = 0.5;
const DECAY = 0.004;
const HELD_OUT = 3;

const { signsOf } = (await runnerImport("./src/reasoning/need.ts")).module;

const [head, ...rows] = readFileSync(new URL("prompts.tsv", import.meta.url), "utf8")
  .trim()
  .split("\n");
const languages = head.split("\t").slice(1);
const examples = rows.flatMap((row, i) => {
  const [label, ...texts] = row.split("\t");
  return texts.map((text, l) => ({
    text,
    language: languages[l],
    think: label === "1",
    heldOut: i % HELD_OUT === HELD_OUT - 1,
  }));
});
const names = Object.keys(signsOf(""));
const vector = (text) => names.map((name) => signsOf(text)[name]);
const training = examples.filter((e) => !e.heldOut).map((e) => ({ x: vector(e.text), y: e.think ? 1 : 0 }));

const weights = names.map(() => 0);
let bias = 0;
const score = (x) => x.reduce((sum, value, i) => sum + value * weights[i], bias);
for (let step = 0; step < STEPS; step++) {
  const slope = names.map((_, i) => DECAY * weights[i]);
  let biasSlope = 0;
  for (const { x, y } of training) {
    const error = (1 / (1 + Math.exp(-score(x))) - y) / training.length;
    x.forEach((value, i) => (slope[i] += error * value));
    biasSlope += error;
  }
  slope.forEach((s, i) => (weights[i] -= RATE * s));
  bias -= RATE * biasSlope;
}

const accuracy = (set) => {
  const right = set.filter((e) => score(vector(e.text)) > 0 === e.think).length;
  return Number((right / set.length).toFixed(4));
};
const heldOut = examples.filter((e) => e.heldOut);
for (const e of heldOut)
  if (score(vector(e.text)) > 0 !== e.think) console.log("wrong:", e.think ? "think" : "answer", e.text);
const round = (value) => Number(value.toFixed(4));
const result = {
  bias: round(bias),
  weights: Object.fromEntries(names.map((name, i) => [name, round(weights[i])])),
  prompts: { training: training.length, heldOut: heldOut.length },
  accuracy: {
    training: accuracy(examples.filter((e) => !e.heldOut)),
    heldOut: accuracy(heldOut),
    ...Object.fromEntries(languages.map((l) => [l, accuracy(heldOut.filter((e) => e.language === l))])),
  },
};
writeFileSync(
  new URL("../../src/reasoning/need-weights.json", import.meta.url),
  JSON.stringify(result, null, 2) + "\n",
);
console.log(result);
