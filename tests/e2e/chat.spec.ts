// A conversation with the small test model, whose right answers are known.
import { readFileSync } from "node:fs";
import { expect, test } from "playwright/test";
import { type App, numbers, shareApp } from "./app";

let app: App;
shareApp((opened) => (app = opened));
test.beforeEach(() => app.newConversation());

test("a question gets its streamed answer, with the figures of the answer below it", async () => {
  expect(await app.ask("Count from 1 to 20")).toBe(numbers(1, 20));
  await expect(app.answers.last()).toContainText(numbers(1, 20));
  await expect(app.page.getByRole("status").filter({ hasText: "The answer is finished." })).toHaveCount(1);
  await expect(app.answers.last()).toContainText(
    /[\d.]+ tokens per second · first token after [\d.]+ s · context \d+ of 1,024 tokens/,
  );
});

test("a later turn knows what was said before", async () => {
  await app.ask("My word is lamp.");
  expect(await app.ask("What is my word?")).toBe("lamp");
});

test("a later turn reads what is new and nothing is missing between; after a stopped answer all is read", async () => {
  const figures = async () => {
    const { promptTokens, answerTokens, contextUsed } = (await app.messages()).at(-1)!.stats!;
    return { read: promptTokens, written: answerTokens, all: contextUsed };
  };
  await app.ask("My word is lamp.");
  const first = await figures();
  await app.ask("What is my word?");
  const second = await figures();
  // The token that ended the first answer was written but not read.
  expect(second.read).toBe(second.all - second.written - (first.all - 1));
  await app.send("Count from 1 to 120");
  await expect(app.answers.last()).toContainText("5 6 7");
  await app.page.getByRole("button", { name: "Stop" }).click();
  await app.answered();
  await app.ask("What is my word?");
  const last = await figures();
  expect(last.read).toBe(last.all - last.written);
});

test("an answer can be stopped, and what was streamed stays", async () => {
  await app.send("Count from 1 to 120");
  await expect(app.answers.last()).toContainText("10 11 12");
  await app.page.getByRole("button", { name: "Stop" }).click();
  await app.answered();
  await expect(app.answers.last()).toContainText("Stopped.");
  const { content, status } = (await app.messages()).at(-1)!;
  expect(status).toBe("stopped");
  expect(numbers(1, 120).startsWith(content)).toBe(true);
  expect(content.length).toBeLessThan(numbers(1, 120).length);
});

test("after a reload the same conversation is open and its model goes on", async () => {
  await app.ask("My word is river.");
  await app.page.reload();
  await expect(app.questions).toHaveText([/My word is river\./]);
  expect(await app.ask("What is my word?")).toBe("river");
});

test("answering again keeps the old answer as a branch", async () => {
  await app.ask("What is 2 + 3?");
  await app.answers.last().getByRole("button", { name: "Answer again" }).click();
  await expect(app.answers.last()).toContainText("2 of 2");
  await app.answered();
  await app.answers.last().getByRole("button", { name: "Previous version" }).click();
  await expect(app.answers.last()).toContainText("1 of 2");
  await expect(app.answers).toHaveCount(1);
});

test("an edited question starts a branch, and the old one is still there", async () => {
  await app.ask("Repeat: red lamp");
  const edit = app.questions.last().getByRole("button", { name: "Edit" });
  const field = app.questions.last().getByRole("textbox");
  await edit.click();
  expect(await app.accessibilityFaults()).toEqual([]);
  await expect(field).toBeFocused();
  await field.fill("Repeat: nothing");
  await app.page.keyboard.press("Escape");
  await expect(edit).toBeFocused();
  await edit.press("Enter");
  await expect(field).toHaveValue("Repeat: red lamp");
  await app.questions.last().getByRole("button", { name: "Cancel" }).click();
  await expect(edit).toBeFocused();
  await edit.press("Enter");
  await field.fill("Repeat: green stone");
  await app.page.getByRole("button", { name: "Send the change" }).click();
  await expect(app.composer).toBeFocused();
  await expect(app.answers.last()).toContainText("green stone");
  await app.answered();
  await expect(app.questions.last()).toContainText("2 of 2");
  await app.questions.last().getByRole("button", { name: "Previous version" }).click();
  await expect(app.questions.last()).toContainText("Repeat: red lamp");
  await expect(app.answers.last()).toContainText("red lamp");
});

test("code is highlighted and can be copied", async () => {
  await app.ask("Show code");
  await expect(app.answers.last().locator(".hljs-keyword", { hasText: "def" })).toBeVisible();
  await app.answers.last().getByRole("button", { name: "Copy the code" }).click();
  await expect
    .poll(() => app.page.evaluate(() => navigator.clipboard.readText()))
    .toBe("def square(x):\n    return x * x");
});

test("a whole answer can be copied as it was written", async () => {
  const text = await app.ask("Show a list");
  await app.answers.last().getByRole("button", { name: "Copy", exact: true }).click();
  await expect.poll(() => app.page.evaluate(() => navigator.clipboard.readText())).toBe(text);
});

test("tables and math are drawn", async () => {
  await app.ask("Show a table of 3 rows");
  await expect(app.answers.last().getByRole("cell")).toHaveText(["1", "2", "2", "4", "3", "6"]);
  await app.ask("Show math");
  await expect(app.answers.last().locator("math msup")).toHaveCount(3);
});

test("a link opens only after it was confirmed", async () => {
  await app.ask("Show a link");
  await app.answers.last().getByRole("link", { name: "the example" }).click();
  const dialog = app.page.getByRole("dialog", { name: "Open this address?" });
  await expect(dialog).toContainText("https://example.org/page");
  expect(await app.accessibilityFaults()).toEqual([]);
  await expect(dialog.getByRole("button", { name: "Open" })).toBeVisible();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
  await app.answers.last().getByRole("link", { name: "the example" }).click({ button: "middle" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect(app.context.pages()).toHaveLength(1);
});

test("a picture in an answer is not loaded but offered as a link", async () => {
  await app.ask("Show an image");
  await expect(app.answers.last().getByRole("link", { name: "picture" })).toBeVisible();
  await expect(app.answers.last().locator("img")).toHaveCount(0);
});

test("Enter that ends a word of an input method does not send", async () => {
  await app.composer.fill("にほん");
  await app.composer.dispatchEvent("keydown", { key: "Enter", isComposing: true });
  // Safari's, which comes when the word has ended.
  await app.composer.dispatchEvent("keydown", { key: "Enter", keyCode: 229, isComposing: false });
  await expect(app.questions).toHaveCount(0);
  await expect(app.composer).toHaveValue("にほん");
  await app.composer.fill("");
});

test("what is written stays over a reload, in the conversation in which it was written", async () => {
  const { page } = app;
  await app.composer.fill("a question that begins one");
  await page.getByRole("navigation").getByRole("listitem").first().getByRole("button").first().click();
  await expect(app.composer).toHaveValue("");
  await app.composer.fill("half a question");
  await page.waitForTimeout(300);
  await page.reload();
  await expect(app.composer).toHaveValue("half a question");
  await app.composer.fill("");
  await app.newConversation();
  await expect(app.composer).toHaveValue("a question that begins one");
  await app.composer.fill("");
});

test("what sends is a choice, and a new line can always be written", async () => {
  const { page } = app;
  const choose = async (sendKey: string) => {
    await app.goto("#/settings");
    await page.getByRole("combobox", { name: "What sends a question" }).selectOption(sendKey);
    await app.newConversation();
  };
  await choose("mod+enter");
  await app.composer.pressSequentially("Repeat:");
  await app.composer.press("Enter");
  await app.composer.pressSequentially("blue door");
  await expect(app.composer).toHaveValue("Repeat:\nblue door");
  await app.composer.press("Control+Enter");
  await expect(app.questions).toHaveText([/Repeat:\s*blue door/]);
  await app.answered();
  await choose("enter");
});

test("a file that is dropped is answered, and takes the place of nothing", async () => {
  const { page } = app;
  const address = page.url();
  const dataTransfer = await page.evaluateHandle(() => {
    const given = new DataTransfer();
    given.items.add(new File(["text"], "notes.txt"));
    return given;
  });
  await app.composer.dispatchEvent("drop", { dataTransfer });
  await expect(page.getByText("notes.txt: Islet does not read files in a conversation.")).toBeVisible();
  await expect(app.composer).toHaveValue("");
  expect(page.url()).toBe(address);
});

test("a conversation is found by a word in it, renamed, deleted and had back", async () => {
  await app.ask("Repeat: harbor candle");
  await app.newConversation();
  await app.ask("Repeat: basket");
  const { page } = app;
  const list = page.getByRole("navigation").getByRole("listitem");
  await page.getByRole("searchbox").fill("candle");
  await expect(list).toHaveCount(1);
  await list.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("dialog").getByRole("textbox").fill("Light in the harbor");
  await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
  await expect(list).toContainText("Light in the harbor");
  await list.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(list).toHaveText("Nothing found.");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(list.getByRole("button", { name: /^Light in the harbor/ })).toBeFocused();
  await expect(list).toContainText("Light in the harbor");
  await page.getByRole("searchbox").fill("");
});

test("conversations go out as JSON and come back with every branch, and go out as Markdown", async () => {
  const { page } = app;
  await app.ask("Repeat: silver bridge");
  await app.answers.last().getByRole("button", { name: "Answer again" }).click();
  await expect(app.answers.last()).toContainText("2 of 2");
  await app.answered();
  const first = page.getByRole("navigation").getByRole("listitem").first();
  const save = async (item: string) => {
    await first.getByRole("button", { name: /^Actions for/ }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: item }).click(),
    ]);
    return { name: download.suggestedFilename(), path: await download.path() };
  };
  const markdown = await save("Export as Markdown");
  expect(markdown.name).toBe("Repeat silver bridge.md");
  expect(readFileSync(markdown.path, "utf8")).toBe(
    "# Repeat: silver bridge\n\n## You\n\nRepeat: silver bridge\n\n## Answer\n\nsilver bridge\n",
  );
  const json = await save("Export as JSON");
  const before = await page.getByRole("navigation").getByRole("listitem").count();
  await app.goto("#/settings");
  await app.give("Import conversations", json.path);
  await expect(page.getByText("Conversations imported: 0. Already here, unchanged: 1.")).toBeVisible();
  await expect(page.getByRole("navigation").getByRole("listitem")).toHaveCount(before);
  await first.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(page.getByRole("navigation").getByRole("button", { name: /^Repeat: silver bridge/ })).toHaveCount(0);
  await app.goto("#/settings");
  await app.give("Import conversations", json.path);
  await expect(page.getByText("Conversations imported: 1.")).toBeVisible();
  await expect(page.getByRole("navigation").getByRole("listitem")).toHaveCount(before);
  await page
    .getByRole("navigation")
    .getByRole("button", { name: /^Repeat: silver bridge/ })
    .nth(0)
    .click();
  await expect(app.answers.last()).toContainText("2 of 2");
});

test("an answer with tasks, a table, a footnote and code in a list can be read, reached and heard", async () => {
  const { page } = app;
  const content =
    "- [x] done\n- [ ] todo\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |\n\n1. Run\n\n   ```sh\n   ls\n   ```\n\nClaim[^1].\nSecond line.\n\n1. أولا `let a`\n2. ثانيا\n\n[^1]: The source.\n";
  const question = { id: "q", conversationId: "c", parentId: null, role: "user", content: "Field cases", createdAt: 1 };
  const answer = { ...question, id: "a", parentId: "q", role: "assistant", status: "complete", content, createdAt: 2 };
  const conversation = { id: "c", title: "Field cases", createdAt: 1, updatedAt: 2, leafId: "a" };
  const conversations = [{ conversation, messages: [question, answer] }];
  await app.goto("#/settings");
  await page.getByRole("checkbox", { name: "Keep single line breaks" }).check();
  await app.give("Import conversations", {
    name: "x.json",
    mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify({ format: "islet-conversations", version: 1, conversations })),
  });
  await page
    .getByRole("navigation")
    .getByRole("button", { name: /^Field cases/ })
    .click();
  const shown = app.answers.last();
  await expect(shown.getByRole("checkbox", { name: "Done", exact: true })).toBeChecked();
  await expect(shown.getByRole("checkbox", { name: "To do" })).not.toBeChecked();
  await expect(shown.getByRole("cell", { name: "1" })).toHaveCSS("text-align", /center$/);
  await expect(shown.getByRole("cell", { name: "2" })).toHaveCSS("text-align", /right$/);
  await expect(shown.locator("p br")).toHaveCount(1);
  const arabic = shown.getByRole("listitem").filter({ hasText: "أولا" });
  await expect(arabic).toHaveCSS("direction", "rtl");
  await expect(arabic.locator("code")).toHaveCSS("direction", "ltr");
  await expect(shown.getByText("Second line.")).toHaveCSS("direction", "ltr");
  await shown.getByRole("button", { name: "Copy the code" }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe("ls");
  await shown.getByRole("link", { name: "Footnote 1", exact: true }).press("Enter");
  await expect(shown.getByRole("link", { name: /^Back to/ })).toBeFocused();
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.goto("#/settings");
  await page.getByRole("checkbox", { name: "Keep single line breaks" }).uncheck();
});

test("a file that is no export is refused with a reason, and nothing changes", async () => {
  const { page } = app;
  const before = await app.messages();
  await app.goto("#/settings");
  const file = { name: "x.json", mimeType: "application/json", buffer: Buffer.from('{"format":"other"}') };
  await app.give("Import conversations", file);
  await expect(page.getByRole("alert")).toContainText("This file cannot be imported");
  await page.getByRole("button", { name: "Dismiss" }).click();
  expect(await app.messages()).toEqual(before);
});

test("a full context window ends an answer visibly; the next question leaves the oldest turns out, visibly too", async () => {
  // Each exchange takes about 350 of the 1,024 tokens, so the third one does not fit whole.
  await app.ask("Count from 1 to 110");
  await app.ask("Count from 1 to 110");
  await app.ask("Count from 1 to 110");
  await expect(app.answers.last()).toContainText("The context window is full");
  expect(await app.ask("What is 4 + 4?")).toBe("8");
  await expect(app.page.getByRole("note")).toHaveText(/The model no longer reads what is above/);
  await expect(app.page.getByRole("alert")).toHaveCount(0);
  const last = (await app.messages()).at(-1)!;
  expect(last.droppedTurns).toBeGreaterThan(0);
  expect(last.stats!.contextUsed).toBeLessThan(last.stats!.contextSize);
});

test("a message that can never fit is refused with advice, and is not lost", async () => {
  const long = "red lamp stone ".repeat(500);
  await app.send(long);
  await app.answered();
  await expect(app.page.getByRole("alert")).toContainText("This message is longer than the model can read");
  expect((await app.messages()).at(-2)!.content).toBe(long.trim());
});

test("what is being written outlives a look at another screen", async () => {
  await app.composer.fill("not sent yet");
  await app.page.getByRole("button", { name: "Models", exact: true }).click();
  await app.page.goBack();
  await expect(app.composer).toHaveValue("not sent yet");
  await app.composer.fill("");
});

test("a question that waits for its model can be taken back, and the model still loads", async () => {
  await app.page.reload();
  await app.composer.fill("Count from 1 to 20");
  await app.composer.press("Enter");
  await expect(app.answers.last()).toContainText("Waiting for the model…");
  await app.page.getByRole("button", { name: "Stop" }).click();
  await app.answered();
  await expect(app.answers.last()).toContainText("Stopped.");
  await app.answers.last().getByRole("button", { name: "Answer again" }).click();
  await expect(app.answers.last()).toContainText(numbers(1, 20));
  await app.answered();
});

test("a model can be unloaded and started again", async () => {
  await app.goto("#/models");
  await app.card("tiny").getByRole("button", { name: "Unload" }).click();
  await expect(app.card("tiny").getByText("On this device")).toBeVisible();
  await app.load();
  expect(await app.ask("What is 1 + 1?")).toBe("2");
});

test("the runtime statistics are WebLLM's own", async () => {
  await app.ask("What is 1 + 1?");
  await app.goto("#/settings");
  await app.page.getByRole("button", { name: "Runtime statistics" }).click();
  await expect(app.page.getByText(/prefill: [\d.]+ tokens?\/s/)).toBeVisible();
});

test("a question that the browser cannot store is not lost, and can be sent again", async () => {
  const { page } = app;
  await page.evaluate(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...args) {
      const request = put.apply(this, args);
      this.transaction.abort();
      return request;
    };
    Object.assign(window, { makeRoom: () => (IDBObjectStore.prototype.put = put) });
  });
  await app.composer.fill("What is 5 + 5?");
  await app.composer.press("Enter");
  await expect(page.getByRole("alert")).toContainText("The browser could not save");
  await expect(app.composer).toHaveValue("What is 5 + 5?");
  await expect(app.questions).toHaveCount(0);
  expect((await app.messages()).filter((m) => m.content === "What is 5 + 5?")).toEqual([]);
  await page.getByRole("button", { name: "Dismiss" }).click();
  await page.evaluate(() => (window as unknown as { makeRoom(): void }).makeRoom());
  await app.newConversation();
  expect(await app.ask("What is 5 + 5?")).toBe("10");
});
