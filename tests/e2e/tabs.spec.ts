// Several tabs, and tabs that die.
import { expect, test } from "playwright/test";
import { App } from "./app";

test.describe.configure({ mode: "serial" });
let app: App;
test.beforeAll(async () => {
  app = await App.open();
  await app.load();
});
test.afterAll(() => app.close());

test("two tabs on one conversation both keep what they wrote", async () => {
  await app.ask("My word is mirror.");
  const other = await app.tab(new URL(app.page.url()).hash);
  await expect(other.questions).toHaveCount(1);
  await Promise.all([app.send("Count from 1 to 30"), other.send("Count from 2 to 31")]);
  await app.answered();
  await other.answered();
  const contents = (await app.messages()).map((m) => m.content);
  expect(contents).toContain(Array.from({ length: 30 }, (_, i) => i + 1).join(" "));
  expect(contents).toContain(Array.from({ length: 30 }, (_, i) => i + 2).join(" "));
  // Each tab shows its own branch and offers the other's.
  for (const tab of [app, other]) {
    await expect(tab.questions.nth(1)).toContainText("of 2");
    await expect(tab.questions).toHaveCount(2);
  }
  await other.page.close();
});

test("an answer that one tab writes is seen in another as it grows", async () => {
  await app.newConversation();
  await app.send("Count from 1 to 120");
  const other = await app.tab(new URL(app.page.url()).hash);
  await expect(other.answers.last()).toContainText("Being written in another tab.");
  await expect(other.answers.last()).toContainText("10 11 12");
  await app.answered();
  await expect(other.answers.last()).toHaveAttribute("data-status", "complete");
  await other.page.close();
});

test("a tab that is killed while it writes loses at most the last second", async () => {
  const writer = await app.tab("#/new");
  await writer.send("Count from 1 to 130");
  await expect(writer.answers.last()).toContainText("20 21 22");
  const address = new URL(writer.page.url()).hash;
  const secondsAgo = await writer.page.evaluate(() => {
    const shown = document.querySelector("article.assistant:last-of-type .markdown")!.textContent!;
    return new Promise<string>((resolve) => setTimeout(() => resolve(shown), 1000));
  });
  await Promise.all([writer.page.waitForEvent("close").catch(() => {}), crash(writer)]);
  await app.goto(address);
  await expect(app.answers.last()).toContainText("Interrupted: the page was closed while this was written.");
  const last = (await app.messages()).at(-1)!;
  expect(last.status).toBe("interrupted");
  expect(last.content.startsWith(secondsAgo.trim())).toBe(true);
});

/** Ends the process of the page's tab, as the system does when memory runs out. */
async function crash(tab: App): Promise<void> {
  const devtools = await tab.context.newCDPSession(tab.page);
  await devtools.send("Page.crash").catch(() => {});
  await tab.page.close();
}
