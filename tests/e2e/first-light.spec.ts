// The main path with the real starter model, against greedy answers of an independent implementation.
import { expect, test } from "playwright/test";
import reference from "../../src/evaluation/reference-answers.json" with { type: "json" };
import { App, onDevice } from "./app";

test.describe.configure({ mode: "serial" });
test.setTimeout(1_200_000);
let app: App;
test.beforeAll(async () => {
  app = await App.open();
});
test.afterAll(() => app.close());

const answers = reference.dialogues.flat();
/** Of a conversation. */
let address: string;

test("a first visit: one button, progress in bytes, and the model is ready", async () => {
  const { page } = app;
  // A fast device passes a phase sooner than a test looks twice.
  const shown = await page.evaluateHandle(() => {
    const texts = new Set<string>();
    new MutationObserver(() => {
      for (const { textContent } of document.querySelectorAll("[role=status]")) texts.add(textContent);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
    return texts;
  });
  await page.getByRole("button", { name: /^Download and start \([\d.]+ MB\)$/ }).click();
  const status = page.getByRole("region", { name: "Loading SmolLM2 135M Instruct" });
  await expect(status).toContainText(/Downloading: [\d.]+ .?B of 10\d(\.\d)? MB/);
  await expect(status).toBeHidden({ timeout: 120_000 });
  expect(await shown.evaluate((texts) => [...texts].join("\n"))).toMatch(/Preparing the graphics device: \d+ of \d+/);
});

test("a question is answered, as it streams, with the independent implementation's text", async () => {
  const { page } = app;
  await app.goto("#/settings");
  await page.getByRole("slider", { name: "Temperature" }).fill("0");
  const { prompt, text } = answers[0]!;
  await app.newConversation();
  await app.send(prompt);
  const answer = async () => (await app.messages()).at(-1)!.content;
  await expect.poll(async () => (await answer()).length, { timeout: 90_000 }).toBeGreaterThanOrEqual(text.length);
  await page.getByRole("button", { name: "Stop" }).click();
  await app.answered();
  expect((await answer()).slice(0, text.length)).toBe(text);
});

test("a question that is asked during a comparison goes before it", async () => {
  const { page } = app;
  await app.goto("#/storage");
  await page.getByRole("button", { name: "Compare answers" }).click();
  await expect(page.getByRole("region", { name: /^Comparing the answers/ })).toContainText(
    `Answers compared: 0 of ${answers.length}`,
  );
  await app.newConversation();
  expect(await app.ask("What is the capital of France?")).toBe("The capital of France is Paris.");
  address = new URL(page.url()).hash;
  await app.goto("#/storage");
  await expect(page.getByRole("region", { name: /^Comparing the answers/ })).toHaveCount(0);
  await expect(page.getByText("word for word")).toHaveCount(0);
});

test("Stop while a long question is read is heard at once, looks like no crash, and the next question is answered", async () => {
  test.skip(onDevice, "a real device reads the question before anybody can press the button");
  const { page } = app;
  await app.newConversation();
  // Three parts of what the device reads at once; they take far longer than a person waits.
  await app.send("The lamp is red, the stone is green, and nobody knows why. ".repeat(90));
  const answer = app.answers.last();
  await expect(answer).toContainText("Reading the question…");
  const began = Date.now();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(answer).toHaveAttribute("data-status", "stopped", { timeout: 10_000 });
  expect(Date.now() - began).toBeLessThan(5_000);
  await expect(answer).toContainText("Stopped.");
  const { content, error, recovered } = (await app.messages()).at(-1)!;
  expect({ content, error, recovered }).toEqual({ content: "", error: undefined, recovered: undefined });
  await app.newConversation();
  expect(await app.ask("What is the capital of France?")).toBe("The capital of France is Paris.");
  expect((await app.messages()).at(-1)!.recovered).toBeUndefined();
  await expect(page.getByText("The model stopped unexpectedly")).toHaveCount(0);
});

test("its greedy answers equal the independent implementation's, 32 tokens of at least 20 prompts, follow-up questions too", async () => {
  const { page } = app;
  expect(reference.tokens).toBe(32);
  expect(reference.dialogues.length).toBeGreaterThanOrEqual(20);
  await app.goto("#/storage");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("compare answers smollm2");
  await page.keyboard.press("Enter");
  const status = page.getByRole("region", {
    name: "Comparing the answers of SmolLM2 135M Instruct with the reference answers",
  });
  await expect(status).toContainText(`Answers compared: 1 of ${answers.length}`);
  await expect(status).toBeHidden({ timeout: 900_000 });
  const facts = page.getByText(
    `${answers.length} of ${answers.length} match those of an independent implementation word for word`,
  );
  await expect(facts).toContainText(/; [\d.]+ tokens per second; /);
  await app.goto("#/report");
  await page.getByRole("button", { name: "Make the report" }).click();
  await expect(facts).toContainText(String(new Date().getFullYear()));
});

test("with the server gone and the browser started again, the conversation is there and the model answers", async () => {
  const { profile, server } = app;
  await app.context.close();
  server.requests = [];
  await server.stop();
  app = await App.open({ server, profile, path: address });
  await app.context.setOffline(true);
  await app.page.reload();
  await expect(app.questions).toContainText("What is the capital of France?");
  await app.newConversation();
  expect(await app.ask("What is the capital of France?")).toBe("The capital of France is Paris.");
});
