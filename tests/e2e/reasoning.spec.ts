// Thoughts, their budget, the decision whether to have them, their price, votes, comparison and resumption: on the small reasoning model.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "playwright/test";
import { App, models, openWithModel, shareApp } from "./app";

let app: App;
shareApp(
  (opened) => (app = opened),
  () => openWithModel("reasoner"),
);
test.beforeEach(() => app.newConversation());

/** Its thought has six steps, more than low effort has tokens for. The sum is 209. */
const hard = "What is forty plus nine plus thirty-one minus twelve plus fifty-five plus six plus eighty?";
const easy = "What is twenty plus thirty?";

const picker = () => app.page.getByRole("button", { name: /^Thinking/ });
async function choose(effort: string, once = false): Promise<void> {
  await picker().click();
  if (once) await app.page.getByRole("checkbox", { name: "For the next question only" }).check();
  await app.page.getByRole("radio", { name: new RegExp(`^${effort}`) }).check();
  await app.page.keyboard.press("Escape");
}
const last = async () => (await app.messages()).at(-1)!;

test("a thought is streamed apart from the answer, folded away, with its time and tokens", async () => {
  await choose("High");
  await app.send(hard);
  await expect(app.answers.last()).toContainText(/Thinking for \d+ s · \d+ tokens/);
  await app.answered();
  await expect(app.answers.last()).toContainText(/Thought for [\d.]+ s · \d+ tokens/);
  const { thought, content, stats, cut } = await last();
  expect(cut).toBeUndefined();
  expect(thought).toContain("40 + 9 = 49");
  expect(content).toBe("209");
  expect(stats!.thoughtTokens).toBeGreaterThan(stats!.answerTokens);
  await expect(app.answers.last()).not.toContainText(/40 \+ 9 = \d+/);
  await app.answers
    .last()
    .getByText(/^Thought for/)
    .click();
  await expect(app.answers.last()).toContainText(/40 \+ 9 = \d+/);
  await app.answers.last().getByRole("button", { name: "Copy the thought" }).click();
  await expect.poll(() => app.page.evaluate(() => navigator.clipboard.readText())).toBe(thought);
  expect(await app.accessibilityFaults()).toEqual([]);
});

test("with effort off the model answers at once, and the conversation remembers the effort", async () => {
  await choose("Off");
  const answer = await app.ask(easy);
  expect(answer).toMatch(/^\d+$/);
  const { thought, stats } = await last();
  expect(thought).toBeUndefined();
  expect(stats!.thoughtTokens).toBe(0);
  await expect(app.answers.last()).not.toContainText("Thought");
  await app.page.reload();
  await expect(picker()).toHaveText("Off");
});

test("an effort for the next question only is gone after it", async () => {
  await choose("Off");
  await app.ask(easy);
  await choose("High", true);
  await expect(picker()).toHaveText("High (once)");
  await app.ask(easy);
  expect((await last()).thought).toBeTruthy();
  await expect(picker()).toHaveText("Off");
  await app.ask(easy);
  expect((await last()).thought).toBeUndefined();
});

test("at its budget a thought is closed and the answer begins; nothing that was streamed is lost", async () => {
  await choose("High");
  await app.ask(hard);
  const whole = (await last()).thought!;
  await choose("Low");
  await app.ask(hard);
  const { thought, content, cut, status, stats } = await last();
  expect({ cut, status }).toEqual({ cut: "budget", status: "complete" });
  // Low effort has a sixteenth of the window of 1,024 tokens.
  expect(stats!.thoughtTokens).toBe(64);
  expect(whole.startsWith(thought!)).toBe(true);
  expect(thought!.length).toBeLessThan(whole.length);
  expect(content).toMatch(/^\d+$/);
  await expect(app.answers.last()).toContainText("The thought reached its budget and was closed.");
});

test("'Answer now' closes the thought while it streams", async () => {
  await choose("High");
  await app.send(hard);
  await expect(app.answers.last()).toContainText(/Thinking for \d+ s · [2-9]\d tokens/);
  await app.page.getByRole("button", { name: "Answer now" }).click();
  await app.answered();
  const { thought, content, cut } = await last();
  expect(cut).toBe("answer-now");
  expect(thought).toContain("40 + 9");
  expect(content).toMatch(/^\d+$/);
  await expect(app.answers.last()).toContainText("The thought was closed because you asked for the answer.");
});

test("a thought is not fed back: what a later question reads has the answers alone", async () => {
  await choose("High");
  await app.ask(hard);
  const first = (await last()).stats!;
  await app.ask(easy);
  const second = (await last()).stats!;
  expect(first.thoughtTokens).toBeGreaterThan(60);
  // The second prompt has the first question and answer, and no room for a thought.
  expect(second.promptTokens - first.promptTokens).toBeLessThan(first.thoughtTokens / 2);
});

test("auto thinks where it is worth it, says why, and is overridden with one click", async () => {
  await choose("Auto");
  await app.ask("Hello");
  expect((await last()).thought).toBeUndefined();
  await expect(app.answers.last()).toContainText("Auto answered at once: ");
  await app.ask(hard);
  const thinking = await last();
  expect(thinking.thought).toBeTruthy();
  expect(thinking.need!.because).toContain("numbers");
  await expect(app.answers.last()).toContainText(/Auto thought about it: .*it has numbers/);
  await app.answers.last().getByRole("button", { name: "Answer without thinking" }).click();
  await expect(app.answers.last()).toContainText("2 of 2");
  await app.answered();
  const { thought, effort } = await last();
  expect({ thought, effort }).toEqual({ thought: undefined, effort: "off" });
});

test("the palette has every action of thinking", async () => {
  const palette = async () => {
    await app.page.keyboard.press("Control+k");
    const options = await app.page.getByRole("dialog", { name: "Commands" }).getByRole("option").allTextContents();
    await app.page.keyboard.press("Escape");
    return options.map((text) => text.trim());
  };
  await choose("Auto");
  await app.send(hard);
  await expect(app.answers.last()).toContainText(/Thinking for/);
  await app.page.keyboard.press("Alt+a");
  await app.answered();
  expect((await last()).cut).toBe("answer-now");
  const options = await palette();
  for (const action of ["Thinking: Off", "Thinking: Auto", "Compare answers", "Answer without thinking"])
    expect(
      options.some((text) => text.startsWith(action)),
      action,
    ).toBe(true);
  expect(options.some((text) => text.startsWith("Copy the thought"))).toBe(true);
});

test("the price of an answer: tokens, time, energy, the conversation's sum, and hosted prices with their date", async () => {
  await choose("High");
  await app.ask(hard);
  await app.ask(easy);
  const [one, two] = (await app.messages()).flatMap((m) => m.stats ?? []).slice(-2);
  await app.answers
    .last()
    .getByText(/tokens per second · first token/)
    .click();
  const row = (name: string) => app.answers.last().getByRole("row", { name }).getByRole("cell");
  const whole = (n: number) => n.toLocaleString("en-GB");
  await expect(row("Tokens read")).toHaveText(
    [two, { ...two, promptTokens: one!.promptTokens + two!.promptTokens }].map((s) => whole(s!.promptTokens)),
  );
  await expect(row("Tokens of thought")).toHaveText(
    [two!.thoughtTokens, one!.thoughtTokens + two!.thoughtTokens].map(whole),
  );
  await expect(row("Tokens of the answer")).toHaveText(
    [two!.answerTokens, one!.answerTokens + two!.answerTokens].map(whole),
  );
  const energy = async () => Number((await row("Watt-hours").first().textContent())!);
  const before = await energy();
  expect(before).toBeCloseTo((two!.seconds * 40) / 3600, 2);
  await expect(app.answers.last()).toContainText("A hosted model would charge (list prices of 30 Apr 2026)");
  const output = two!.thoughtTokens + two!.answerTokens;
  const dollars = Number((await row("GPT-5.5").first().textContent())!.replace(/[^\d.]/g, ""));
  expect(dollars).toBeCloseTo((two!.promptTokens * 5 + output * 30) / 1e6, 3);
  expect(await app.accessibilityFaults()).toEqual([]);

  const address = new URL(app.page.url()).hash;
  await app.goto("#/settings");
  await app.page.getByRole("spinbutton", { name: "Power while a model writes" }).fill("400");
  await app.page.keyboard.press("Tab");
  await app.goto(address);
  await app.answers
    .last()
    .getByText(/tokens per second · first token/)
    .click();
  expect((await energy()) / before).toBeCloseTo(10, 0);
  await app.goto("#/settings");
  await app.page.getByRole("button", { name: "Estimated" }).click();
});

test("several answers are voted on with high effort, with the price before and after", async () => {
  await choose("High");
  await picker().click();
  await expect(app.page.getByRole("radio", { name: /^High up to 512 tokens of thought/ })).toBeVisible();
  await app.page.getByRole("combobox", { name: "answers to vote on" }).selectOption("3");
  await expect(app.page.getByRole("radio", { name: /^High up to 1,536 tokens of thought/ })).toBeVisible();
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.page.keyboard.press("Escape");
  await app.send(hard);
  await expect(app.answers.last()).toContainText("Answer 2 of 3", { timeout: 60_000 });
  await app.answered();
  const { vote, content, stats } = await last();
  expect(vote!.finals).toHaveLength(3);
  expect(vote!.finals[vote!.chosen]).toBe(content);
  expect(vote!.votes).toBe(vote!.finals.filter((f) => f === content).length);
  await expect(app.answers.last()).toContainText(
    `${vote!.votes} of 3 answers agree. They came to: ${vote!.finals.join(" · ")}.`,
  );
  // All three are paid for.
  await choose("High", true);
  await picker().click();
  await app.page.getByRole("combobox", { name: "answers to vote on" }).selectOption("1");
  await app.page.keyboard.press("Escape");
  await app.ask(hard);
  expect(stats!.thoughtTokens).toBeGreaterThan(2 * (await last()).stats!.thoughtTokens);
});

test("two efforts are compared side by side, one after the other, and one is kept", async () => {
  await app.composer.fill(hard);
  await app.page.getByRole("button", { name: "Compare" }).click();
  const dialog = app.page.getByRole("dialog", { name: "Compare answers" });
  await expect(dialog.getByRole("textbox", { name: "The question" })).toHaveValue(hard);
  expect(await app.accessibilityFaults()).toEqual([]);
  await dialog.getByRole("combobox", { name: "Thinking" }).last().selectOption("off");
  await expect(dialog).toContainText("Choose two models or two efforts.");
  await expect(dialog.getByRole("button", { name: "Ask both" })).toBeDisabled();
  await dialog.getByRole("combobox", { name: "Thinking" }).last().selectOption("high");
  await dialog.getByRole("button", { name: "Ask both" }).click();
  const comparison = app.page.getByRole("region", { name: "Compare answers" });
  await expect(comparison.getByRole("heading")).toHaveText([
    "Islet Reasoner · Thinking: Off",
    "Islet Reasoner · Thinking: High",
  ]);
  await expect(comparison.getByRole("button", { name: "Keep this one" })).toHaveCount(2, { timeout: 60_000 });
  const boxes = await Promise.all((await comparison.getByRole("article").all()).map((a) => a.boundingBox()));
  expect(boxes[0]!.y).toBe(boxes[1]!.y);
  await expect(comparison.getByText(/tokens per second/)).toHaveCount(2);
  await expect(comparison.getByText(/^[\d.]+ s, \d+ tokens written$/)).toHaveCount(2);
  expect(await app.accessibilityFaults()).toEqual([]);
  await comparison.getByRole("button", { name: "Keep this one" }).first().click();
  await expect(comparison).toHaveCount(0);
  await expect(app.answers).toHaveCount(1);
  await expect(app.answers.last()).toContainText("1 of 2");
  expect((await app.messages()).filter((m) => m.comparison)).toEqual([]);
});

test("two models are compared, and the conversation goes on with the one that is kept", async () => {
  const second = await App.open();
  const before = app;
  app = second;
  await app.load("tiny");
  await app.load("reasoner");
  await app.composer.fill("What is 3 + 4?");
  await app.page.getByRole("button", { name: "Compare" }).click();
  const dialog = app.page.getByRole("dialog", { name: "Compare answers" });
  await dialog.getByRole("combobox", { name: "Model" }).last().selectOption(models.tiny.name);
  await dialog.getByRole("button", { name: "Ask both" }).click();
  const comparison = app.page.getByRole("region", { name: "Compare answers" });
  await expect(comparison.getByRole("button", { name: "Keep this one" })).toHaveCount(2, { timeout: 60_000 });
  await expect(comparison.getByRole("heading")).toHaveText(["Islet Reasoner · Thinking: Off", "Islet Tiny"]);
  await comparison.getByRole("button", { name: "Keep this one" }).last().click();
  expect(await app.ask("Repeat: stone lamp")).toBe("stone lamp");
  expect((await last()).modelId).toBe(models.tiny.id);
  app = before;
  await second.close();
});

test("thoughts are exported apart from answers", async () => {
  await choose("High");
  await app.ask(hard);
  const { thought, content } = await last();
  const first = app.page.getByRole("navigation").getByRole("listitem").first();
  await first.getByRole("button", { name: /^Actions for/ }).click();
  const [download] = await Promise.all([
    app.page.waitForEvent("download"),
    app.page.getByRole("menuitem", { name: "Export as Markdown" }).click(),
  ]);
  const text = readFileSync(await download.path(), "utf8");
  const quoted = thought!.split("\n").map((line) => `> ${line}`);
  expect(text.endsWith(["## Thought", "", ...quoted, "", "## Answer", "", content, ""].join("\n"))).toBe(true);
});

test("an answer whose tab is killed in the middle of a thought goes on from there when it is opened again, and says so", async () => {
  test.skip(process.platform === "win32", "pkill");
  const writer = await App.open();
  await writer.load("reasoner");
  const before = app;
  app = writer;
  await choose("High");
  await writer.send(hard);
  await expect(writer.answers.last()).toContainText(/Thinking for \d+ s · [3-9]\d tokens/);
  // What is saved twice a second is what a killed tab leaves.
  await writer.page.waitForTimeout(600);
  const address = new URL(writer.page.url()).hash;
  const closed = writer.context.waitForEvent("close");
  execFileSync("pkill", ["-KILL", "-f", writer.profile]);
  await closed;
  app = before;
  const reader = await App.open({ server: writer.server, profile: writer.profile, path: address });
  await expect(reader.answers.last()).toContainText("Interrupted, then resumed.", {
    timeout: 60_000,
  });
  await reader.answered();
  const { thought, content, resumed, status, stats } = (await reader.messages()).at(-1)!;
  expect({ resumed, status }).toEqual({ resumed: true, status: "complete" });
  // One thought, without a seam.
  expect(thought!.match(/40 \+ 9 = 49/g)).toHaveLength(1);
  expect(content).toMatch(/^\d+$/);
  expect(stats!.thoughtTokens).toBeGreaterThan(60);
  await reader.close();
  await writer.close();
});

test("an answer whose engine dies in the middle of a thought recovers by itself, and comes to the same", async () => {
  await choose("High");
  await app.send(hard);
  await expect(app.answers.last()).toContainText(/Thinking for \d+ s · [3-6]\d tokens/);
  await (await app.engine()).evaluate(() => self.close());
  await expect(app.answers.last()).toContainText("The model stopped unexpectedly. It is restarting");
  await app.answered();
  const { thought, content, recovered } = await last();
  expect(recovered).toBe(true);
  expect(thought!.match(/40 \+ 9 = 49/g)).toHaveLength(1);
  expect(content).toBe("209");
});

test("an answer that was stopped goes on from where it stands", async () => {
  await choose("High");
  await app.ask(hard);
  const whole = (await last()).thought!;
  await app.answers.last().getByRole("button", { name: "Answer again" }).click();
  await expect(app.answers.last()).toContainText(/Thinking for \d+ s · [2-5]\d tokens/);
  await app.page.getByRole("button", { name: "Stop" }).click();
  await app.answered();
  await expect(app.answers.last()).toContainText("Stopped.");
  const part = (await last()).thought!;
  expect(whole.startsWith(part)).toBe(true);
  expect(part.length).toBeLessThan(whole.length);
  await app.answers.last().getByRole("button", { name: "Continue" }).click();
  await expect(app.answers.last()).toContainText("Interrupted, then resumed");
  await app.answered();
  const { thought, status } = await last();
  expect(status).toBe("complete");
  expect(thought).toBe(whole);
});
