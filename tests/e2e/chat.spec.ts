// A conversation with the small test model, whose right answers are known.
import { expect, test } from "playwright/test";
import { App } from "./app";

test.describe.configure({ mode: "serial" });
let app: App;
test.beforeAll(async () => {
  app = await App.open();
  await app.load();
});
test.afterAll(() => app.close());
test.beforeEach(() => app.newConversation());

test("a question gets its streamed answer, with the figures of the answer below it", async () => {
  expect(await app.ask("Count from 1 to 20")).toBe("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
  await expect(app.answers.last()).toContainText("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
  await expect(app.answers.last()).toContainText(/[\d.]+ tokens per second · first token after [\d.]+ s · context \d+ of 1,024 tokens/);
});

test("a later turn knows what was said before", async () => {
  await app.ask("My word is lamp.");
  expect(await app.ask("What is my word?")).toBe("lamp");
});
