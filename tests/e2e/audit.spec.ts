// The audit log's signature and retention on a clock that jumps, in a real browser; no model is needed. The rules themselves: the unit tests.
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { App, shareApp } from "./app";

let app: App;
shareApp(
  (opened) => (app = opened),
  () => App.open({ withoutGpu: true }),
);

const log = () => app.page.getByRole("region", { name: "Audit log" });
const checked = () => log().getByRole("status");

async function check(): Promise<string> {
  await app.goto("#/settings");
  await app.goto("#/trust");
  await log().getByRole("button", { name: "Check the log" }).click();
  await expect(checked()).toContainText("Installation:");
  return /Installation:\s*([0-9a-f]{64})/.exec(await checked().innerText())![1]!;
}

/** Puts another end in the place of the stored one, as somebody with the developer tools would. */
const cutOff = () =>
  app.page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("islet/");
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("records", "readwrite");
          const store = transaction.objectStore("records");
          const head = store.get("audit-head:1");
          const first = store.get("audit:0000000001");
          first.onsuccess = () => store.put({ ...head.result, entries: 1, hash: first.result.hash }, "audit-head:1");
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
          transaction.onerror = () => reject(transaction.error);
        };
      }),
  );

test("the log names this browser's installation, the same after a reload and for the script, which compares it", async () => {
  const installation = await check();
  await expect(checked()).toContainText(/unbroken\. .*Signed with the key of this installation/s);
  await app.page.reload();
  expect(await check()).toBe(installation);
  const [download] = await Promise.all([
    app.page.waitForEvent("download"),
    log().getByRole("button", { name: "Export the log" }).click(),
  ]);
  const command = ["scripts/verify-audit.mjs", await download.path(), "--installation"];
  expect(execFileSync("node", [...command, installation], { encoding: "utf8" })).toContain(installation);
  expect(() => execFileSync("node", [...command, "0".repeat(64)], { stdio: "pipe" })).toThrow();
  expect(await app.accessibilityFaults()).toEqual([]);
});

test("a clock that is years ahead deletes nothing, but asks; a person answers, and where the clock went back is said", async () => {
  const now = Date.now();
  const message = { id: "a", conversationId: "c", parentId: null, role: "user", content: "x", createdAt: now };
  const conversation = { id: "c", title: "Recent lamp", createdAt: now, updatedAt: now, leafId: "a" };
  const file = {
    format: "islet-conversations",
    version: 1,
    conversations: [{ conversation, messages: [{ ...message, status: "complete" }] }],
  };
  const list = () => app.page.getByRole("navigation").getByRole("listitem");
  await app.goto("#/settings");
  const path = join(mkdtempSync(join(tmpdir(), "islet-clock-")), "conversations.json");
  writeFileSync(path, JSON.stringify(file));
  await app.give("Import conversations", path);
  await expect(list()).toHaveCount(1);
  await app.goto("#/settings");
  await app.page
    .getByRole("combobox", { name: "Conversations, after their last change" })
    .selectOption({ label: "7 days" });
  await app.page.clock.setFixedTime(now + 10 * 365 * 24 * 3600_000);
  await app.page.reload();
  const question = app.page.getByText(
    /^The date on this device is .* Old enough to be deleted by the date on this device: 1/,
  );
  await expect(question).toBeVisible();
  await expect(list()).toHaveCount(1);
  expect(await app.accessibilityFaults()).toEqual([]);
  // On a phone the words have the whole line, and the buttons stand below them.
  await app.page.setViewportSize({ width: 320, height: 640 });
  expect((await question.boundingBox())!.width).toBeGreaterThan(260);
  expect((await question.boundingBox())!.x).toBeGreaterThanOrEqual(0);
  await app.page.setViewportSize({ width: 1280, height: 800 });
  const other = await app.tab("#/new");
  const otherQuestion = other.page.getByText(/^The date on this device is /);
  await expect(otherQuestion).toBeVisible();
  await app.page.getByRole("button", { name: "Wrong: keep everything" }).click();
  await expect(question).toHaveCount(0);
  await expect(otherQuestion).toHaveCount(0);
  await other.page.close();
  await expect(app.page.getByText("Nothing is deleted for its age until the date is corrected")).toBeVisible();
  // Something is noted on the wrong day, and then on the right one.
  const save = async (times: number) => {
    await app.goto("#/settings");
    await Promise.all([
      app.page.waitForEvent("download"),
      app.page.getByRole("button", { name: "Export all conversations" }).click(),
    ]);
    // What is handed out is noted a moment later.
    await app.goto("#/trust");
    await expect(log().getByRole("listitem").filter({ hasText: "Conversations exported" })).toHaveCount(times);
  };
  await save(1);
  await app.page.clock.setFixedTime(now + 60_000);
  await app.page.reload();
  await expect(list()).toContainText("Recent lamp");
  await save(2);
  await check();
  await expect(checked()).toContainText(/Entry \d+ is 3,650 days earlier than the entry before it/);
  await expect(checked()).toContainText("unbroken");
});

test("an end that was written anew behind the app's back is found by its signature", async () => {
  await cutOff();
  await check();
  await expect(checked()).toContainText("The signature does not fit the installation");
});
