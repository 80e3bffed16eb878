// What thinking costs and brings, on the small reasoning model in the whole app: with and without thought, at each effort, with "auto", and
// with votes. The questions are those that its training never asked (recipes/reasoner), and the prompts that the classifier never saw
// (recipes/need).
import { readFileSync } from "node:fs";
import { test } from "playwright/test";
import type { FlatMessage } from "../messages";
import { needOf } from "../../src/reasoning/need";
import { type App, openWithModel } from "../e2e/app";

interface Asked {
  kind: string;
  language: string;
  text: string;
  answer: string;
}

/** One of so many of the 400 held-out questions is asked. */
const EACH = Number(process.env["ISLET_EACH"] ?? 4);
const questions = (JSON.parse(readFileSync("recipes/reasoner/held-out.json", "utf8")) as Asked[]).filter(
  (_, i) => i % EACH === 0,
);
/** What needs no thought, and is answered as well without. */
const greetings: Asked[] = [
  ["en", "Hello", "Hello! I can add, compare and count days."],
  ["fr", "Bonjour", "Bonjour ! Je sais additionner, comparer et compter les jours."],
  ["ja", "こんにちは", "こんにちは！足し算、比較、日数の計算ができます。"],
  ["vi", "Xin chào", "Xin chào! Tôi biết cộng, so sánh và đếm ngày."],
].map(([language, text, answer]) => ({ kind: "greeting", language: language!, text: text!, answer: answer! }));

const share = (part: number, all: number) => `${((100 * part) / all).toFixed(1)} %`;

async function choose(app: App, effort: string, votes = 1): Promise<void> {
  await app.newConversation();
  await app.page.getByRole("button", { name: /^Thinking/ }).click();
  await app.page.getByRole("radio", { name: new RegExp(`^${effort}`) }).check();
  await app.page.getByRole("combobox", { name: "answers to vote on" }).selectOption(String(votes));
  await app.page.keyboard.press("Escape");
}

/** Asks each question in a conversation of its own. */
async function ask(app: App, asked: readonly { text: string }[]): Promise<FlatMessage[]> {
  const answers: FlatMessage[] = [];
  for (const { text } of asked) {
    await app.newConversation();
    await app.ask(text);
    answers.push((await app.messages()).at(-1)!);
  }
  return answers;
}

function report(name: string, asked: readonly Asked[], answers: readonly FlatMessage[]): void {
  const right = asked.map(({ answer }, i) => answers[i]!.content.trim() === answer);
  const tokens = (of: "thoughtTokens" | "answerTokens") => answers.reduce((sum, m) => sum + m.stats![of], 0);
  const seconds = answers.reduce((sum, m) => sum + m.stats!.seconds, 0);
  const kinds = [...new Set(asked.map(({ kind }) => kind))].map((kind) => {
    const of = right.filter((_, i) => asked[i]!.kind === kind);
    return `${kind} ${share(of.filter(Boolean).length, of.length)}`;
  });
  console.log(
    `${name}: right ${share(right.filter(Boolean).length, right.length)} (${kinds.join(", ")}); ` +
      `thought ${tokens("thoughtTokens")}, answer ${tokens("answerTokens")} tokens; ${seconds.toFixed(0)} s`,
  );
}

test("reasoning", async () => {
  test.setTimeout(3_600_000);
  const app = await openWithModel("reasoner");
  const asked = [...questions, ...greetings];
  console.log(`${questions.length} held-out questions and ${greetings.length} greetings`);
  for (const effort of ["Off", "Low", "Medium", "High", "Auto"]) {
    await choose(app, effort);
    report(effort, asked, await ask(app, asked));
  }
  const sums = questions.filter(({ kind }) => kind === "arithmetic");
  await choose(app, "High", 3);
  report("High, vote of 3, sums", sums, await ask(app, sums));
  // The same temperature without a vote.
  await app.goto("#/settings");
  await app.page.getByRole("slider", { name: "Temperature" }).fill("0.7");
  await choose(app, "High");
  report("High at temperature 0.7, sums", sums, await ask(app, sums));
  await app.goto("#/settings");
  await app.page.getByRole("button", { name: /recommends/ }).click();

  const rows = readFileSync("recipes/need/prompts.tsv", "utf8").trim().split("\n").slice(1);
  const prompts = rows
    .filter((_, i) => i % 3 === 2)
    .flatMap((row) => {
      const [label, ...texts] = row.split("\t");
      return texts.map((text) => ({ text, think: label === "1" }));
    });
  // With the smallest budget: the model knows nothing of these questions, so that more thought would only be more of the same.
  await choose(app, "Low");
  const thought = (await ask(app, prompts)).map((m) => m.stats!.thoughtTokens);
  const spent = (thinks: (i: number) => boolean) => thought.reduce((sum, n, i) => sum + (thinks(i) ? n : 0), 0);
  const all = spent(() => true);
  for (const [name, thinks] of [
    ["always on", () => true],
    ["always off", () => false],
    ["auto", (i: number) => needOf(prompts[i]!.text).think],
    ["ideal", (i: number) => prompts[i]!.think],
  ] as const) {
    const right = prompts.filter(({ think }, i) => think === thinks(i)).length;
    const needed = prompts.filter(({ think }, i) => think && thinks(i)).length;
    console.log(
      `${prompts.length} held-out prompts, ${name}: decided right ${share(right, prompts.length)}, thought about ` +
        `${share(needed, prompts.filter((p) => p.think).length)} of those that need it; ${spent(thinks)} tokens of thought, saved ${share(all - spent(thinks), all)}`,
    );
  }
  await app.close();
});
