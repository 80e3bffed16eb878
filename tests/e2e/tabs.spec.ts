// Several tabs, and tabs that die.
import { execFileSync } from "node:child_process";
import { expect, test } from "playwright/test";
import { App, numbers, shareApp } from "./app";

let app: App;
shareApp((opened) => (app = opened));

test("two tabs that ask in one conversation at once both keep what they wrote", async () => {
  await app.ask("My word is mirror.");
  const other = await app.tab(new URL(app.page.url()).hash);
  await expect(other.questions).toHaveCount(1);
  await app.send("Count from 1 to 120");
  await expect(other.answers.last()).toContainText("Being written in another tab.");
  await other.composer.fill("Count from 2 to 31");
  await other.composer.press("Enter");
  await expect(other.questions.last()).toContainText("Count from 2 to 31");
  await app.answered();
  await other.answered();
  const contents = (await app.messages()).map((m) => m.content);
  expect(contents).toContain(numbers(1, 120));
  expect(contents).toContain(numbers(2, 31));
  // Each tab shows its own branch and offers the other's.
  await expect(app.answers.last()).toContainText(numbers(1, 120));
  await expect(other.answers.last()).toContainText(numbers(2, 31));
  for (const tab of [app, other]) {
    await expect(tab.questions).toHaveCount(2);
    await expect(tab.questions.last()).toContainText("of 2");
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

test("a browser that is killed while it writes loses at most the last second, and goes on when it is opened again", async () => {
  test.skip(process.platform === "win32", "pkill");
  const writer = await App.open();
  await writer.load();
  await writer.send("Count from 1 to 130");
  await expect(writer.answers.last()).toContainText("20 21 22");
  const shown = (await writer.answers.last().locator(".markdown").textContent())!.trim();
  await writer.page.waitForTimeout(1000);
  const address = new URL(writer.page.url()).hash;
  const closed = writer.context.waitForEvent("close");
  execFileSync("pkill", ["-KILL", "-f", writer.profile]);
  await closed;
  const reader = await App.open({ server: writer.server, profile: writer.profile, path: address });
  await expect(reader.answers.last()).toContainText("Interrupted, then resumed.");
  await reader.answered();
  const last = (await reader.messages()).at(-1)!;
  expect(last).toMatchObject({ status: "complete", resumed: true, content: numbers(1, 130) });
  expect(last.content.startsWith(shown)).toBe(true);
  await reader.close();
  await writer.close();
});
