// A conversation of 20,000 messages, 5,000 conversations, and answers made to hold up the page: imported, opened and searched, with the page at hand
// all the while. What is measured is the longest time in which the page did not react; the bound is far above what it takes, for busy machines.
import { expect, test } from "playwright/test";
import { App, shareApp } from "./app";

/** Milliseconds. */
const LONGEST_TASK = 4_000;

const MESSAGES = 20_000;
const message = (i: number, parent: number | null, content: string) => ({
  id: `m${i}`,
  conversationId: "c",
  parentId: parent === null ? null : `m${parent}`,
  role: i % 2 === 0 ? "user" : "assistant",
  content,
  createdAt: i + 1,
  status: "complete",
});
type Given = ReturnType<typeof message>;
const conversation = (title: string, updatedAt: number, messages: Given[]) => ({
  conversation: { id: "c", title, createdAt: 1, updatedAt, leafId: messages.at(-1)?.id ?? null },
  messages,
});

const table = `${"|a".repeat(100)}|\n${"|-".repeat(100)}|\n${`${"|a".repeat(100)}|\n`.repeat(1000)}`;
/** Each ends in words that must be there. */
const hostile = {
  "math that never ends": `${"$$ x ".repeat(10_000)}the end of math`,
  "a table of 100,000 cells": `${table}\nthe end of the table`,
  "quotations in one another": `${"> ".repeat(5_000)}the end of quotations`,
  "lists in one another": `${"- ".repeat(5_000)}the end of lists`,
  "elements in one another": `${"<div><b>".repeat(5_000)}the end of elements`,
  brackets: `${"[".repeat(20_000)}${"](x)".repeat(5_000)} the end of brackets`,
  emphasis: `${"*a **b _c ".repeat(5_000)} the end of emphasis`,
  "very many blocks": `${"- *a* `b`\n\n".repeat(20_000)}\n\nthe end of blocks`,
  "very long text": `${"A line of text that goes on. ".repeat(10)}\n`.repeat(4_000) + "the end of text",
};

const file = (conversations: ReturnType<typeof conversation>[]) => ({
  name: "large.json",
  mimeType: "application/json",
  buffer: Buffer.from(JSON.stringify({ format: "islet-conversations", version: 1, conversations })),
});

let app: App;
shareApp(
  (opened) => (app = opened),
  async () => {
    const opened = await App.open({
      path: "#/settings",
      before: async (page) => {
        await page.addInitScript(() => {
          const tasks: number[] = [];
          Object.assign(window, { longTasks: tasks });
          new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration))).observe({
            type: "longtask",
          });
        });
      },
    });
    await opened.give(
      "Import conversations",
      file([
        conversation(
          "The long one",
          9_000,
          Array.from({ length: MESSAGES }, (_, i) => message(i, i === 0 ? null : i - 1, `Message **${i}**`)),
        ),
        ...Object.entries(hostile).map(([title, answer], i) =>
          conversation(title, 8_000 - i, [message(0, null, title), message(1, 0, answer)]),
        ),
        ...Array.from({ length: 5_000 }, (_, i) => conversation(`Small ${i}`, i, [message(0, null, `word${i} x`)])),
      ]),
    );
    await expect(opened.page.getByText("Conversations imported: 5,010.")).toBeVisible({ timeout: 60_000 });
    return opened;
  },
);

/** The longest time for which the page did not react since this was last asked, in milliseconds. */
const longestTask = () =>
  app.page.evaluate(() => Math.max(0, ...(window as unknown as { longTasks: number[] }).longTasks.splice(0)));
const open = (title: string) =>
  app.page
    .getByRole("navigation")
    .getByRole("button", { name: new RegExp(`^${title}`) })
    .first()
    .click();

test("a conversation of 20,000 messages opens at its end, and can be read from its beginning", async () => {
  await longestTask();
  await open("The long one");
  await expect(app.answers.last()).toContainText("Message 19999", { timeout: 20_000 });
  expect(await app.page.getByRole("article").count()).toBeLessThan(250);
  const earlier = app.page.getByRole("button", { name: "Show earlier messages" });
  await expect(app.page.getByText("Messages 19,951 to 20,000 of 20,000")).toBeAttached();
  const first = app.questions.first();
  await earlier.scrollIntoViewIfNeeded();
  const place = (await first.boundingBox())!.y;
  await earlier.press("Enter");
  await expect(app.page.getByText("Messages 19,901 to 20,000 of 20,000")).toBeAttached();
  // What was read stays where it is.
  const same = app.page.getByRole("article").filter({ hasText: "19950" });
  await expect.poll(async () => Math.abs((await same.boundingBox())!.y - place), { timeout: 15_000 }).toBeLessThan(80);
  for (let i = 0; i < 4; i++) await earlier.press("Enter");
  expect(await app.page.getByRole("article").count()).toBeLessThanOrEqual(200);
  await expect(app.page.getByRole("button", { name: "Show later messages" })).toBeAttached();
  await app.page.getByRole("button", { name: "Go to the beginning" }).press("Enter");
  await expect(app.questions.first()).toContainText("Message **0**");
  await expect(earlier).toHaveCount(0);
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.page.getByRole("button", { name: "Show later messages" }).press("Enter");
  await expect(app.answers.last()).toContainText("Message 99");
  await app.page.getByRole("button", { name: "Go to the end" }).click();
  await expect(app.answers.last()).toContainText("Message 19999");
  expect(await longestTask()).toBeLessThan(LONGEST_TASK);
});

for (const [title, answer] of Object.entries(hostile))
  test(`an answer shows to its end and holds up nothing: ${title}`, async () => {
    await app.newConversation();
    await longestTask();
    await open(title);
    const end = /the end of [\w ]+$/.exec(answer)![0];
    await expect(app.answers.last()).toContainText(end, { timeout: 30_000 });
    // The page takes what is typed meanwhile.
    const search = app.page.getByRole("searchbox", { name: "Search conversations" });
    await search.fill("word4999");
    await expect(app.page.getByRole("navigation").locator("li .title")).toHaveText(["Small 4999"]);
    await search.fill("");
    expect(await longestTask()).toBeLessThan(LONGEST_TASK);
  });

test("the list of 5,000 conversations is shown in parts, and all of it is searched", async () => {
  const titles = app.page.getByRole("navigation").locator("li .title");
  await longestTask();
  await expect(titles).toHaveCount(100);
  await app.page.getByRole("navigation").getByRole("button", { name: "Show more" }).press("Enter");
  await expect(titles).toHaveCount(200);
  await expect(app.page.getByRole("navigation").locator("li .open").nth(100)).toBeFocused();
  const search = app.page.getByRole("searchbox", { name: "Search conversations" });
  await search.pressSequentially("word4321 x");
  await expect(titles).toHaveText(["Small 4321"]);
  await search.fill("message **12345**");
  await expect(titles).toHaveText(["The long one"]);
  await search.fill("");
  await app.page.keyboard.press("Control+k");
  await app.page.getByRole("combobox").pressSequentially("small 1234");
  await expect(app.page.getByRole("option")).toHaveCount(1);
  await app.page.keyboard.press("Enter");
  await expect(app.questions).toHaveText([/word1234 x/]);
  expect(await longestTask()).toBeLessThan(LONGEST_TASK);
});
