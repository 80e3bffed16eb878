// The main path with the real starter model, against greedy answers of an independent implementation.
import { readFileSync } from "node:fs";
import { expect, test } from "playwright/test";
import { App } from "./app";

test.describe.configure({ mode: "serial" });
test.setTimeout(1_200_000);
let app: App;
test.beforeAll(async () => {
  app = await App.open();
});
test.afterAll(() => app.close());

interface Case {
  prompt: string;
  tokens: number[];
  text: string;
}
const { cases } = JSON.parse(readFileSync("tests/fixtures/starter-greedy.json", "utf8")) as { cases: Case[] };

test("a first visit: one button, progress in bytes, and the model is ready", async () => {
  const { page } = app;
  await page.getByRole("button", { name: /^Download and start \([\d.]+ MB\)$/ }).click();
  const status = page.getByRole("region", { name: "Loading SmolLM2 135M Instruct" });
  await expect(status).toContainText(/Downloading: [\d.]+ .?B of 10\d(\.\d)? MB/);
  await expect(status).toContainText(/Preparing the graphics device: \d+ of \d+/);
  await expect(status).toBeHidden({ timeout: 120_000 });
});

test("its greedy answers equal the independent implementation's, 32 tokens of at least 20 prompts", async () => {
  const { page } = app;
  expect(cases.length).toBeGreaterThanOrEqual(20);
  await app.goto("#/settings");
  await page.getByRole("slider", { name: "Temperature" }).fill("0");
  for (const { prompt, text, tokens } of cases) {
    expect(tokens).toHaveLength(32);
    await app.newConversation();
    await app.send(prompt);
    const answer = async () => (await app.messages()).at(-1)!.content;
    await expect.poll(async () => (await answer()).length, { timeout: 90_000 }).toBeGreaterThanOrEqual(text.length);
    await page.getByRole("button", { name: "Stop" }).click();
    await app.answered();
    expect((await answer()).slice(0, text.length), prompt).toBe(text);
  }
});

test("with the server gone and the browser started again, the conversation is there and the model answers", async () => {
  const { profile, server } = app;
  const address = new URL(app.page.url()).hash;
  await app.context.close();
  server.requests = [];
  await server.stop();
  app = await App.open({ server, profile, path: address });
  await app.context.setOffline(true);
  await app.page.reload();
  await expect(app.questions).toContainText(cases.at(-1)!.prompt);
  await app.newConversation();
  expect(await app.ask("What is the capital of France?")).toBe("The capital of France is Paris.");
});
