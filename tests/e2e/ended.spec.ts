// A deployment that ends locks nobody out: where its policy cannot be read, or says that it is over, people still take their conversations
// along, as far as its last valid policy lets them, and erase everything.
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { en } from "../../src/i18n/en";
import { fr } from "../../src/i18n/fr";
import { ja } from "../../src/i18n/ja";
import { vi } from "../../src/i18n/vi";
import rules from "../../src/trust/policy.json" with { type: "json" };
import { App } from "./app";
import { TestServer } from "./server";

const passphrase = "harbor candle window seven";
const server = new TestServer();

/** From now on the server answers for the policy with this; undefined: with the one that was built. */
function answerForPolicy(status: number | undefined, body: unknown = "gone"): void {
  server.fault =
    status === undefined
      ? undefined
      : (path, _request, response) => {
          if (path !== "/policy.json") return false;
          response.statusCode = status;
          response.setHeader("Content-Type", typeof body === "string" ? "text/html" : "application/json");
          response.end(typeof body === "string" ? body : JSON.stringify(body));
          return true;
        };
}

const conversations = ["Harbor", "Candle"].map((title, i) => ({
  conversation: { id: title, title, createdAt: 1_700_000_000_000 + i, updatedAt: 1_700_000_000_000 + i, leafId: "a" },
  messages: [
    {
      ...{ id: "q", parentId: null, role: "user", content: `About ${title}?`, createdAt: 1_700_000_000_000 },
      status: "complete",
    },
    {
      id: "a",
      parentId: "q",
      role: "assistant",
      content: `${title}.`,
      createdAt: 1_700_000_000_001,
      status: "stopped",
    },
  ],
}));

const exportButton = (app: App) => app.page.getByRole("button", { name: "Export all conversations" });
const eraseButton = (app: App) => app.page.getByRole("button", { name: "Erase everything…" });

/** Presses a button that hands out a file, and gives its text. */
async function saved(app: App, button: string): Promise<string> {
  const saving = app.page.waitForEvent("download");
  // By keyboard.
  await app.page.getByRole("button", { name: button }).press("Enter");
  return readFileSync(await (await saving).path(), "utf8");
}

const titlesIn = (json: string) =>
  (JSON.parse(json) as { conversations: { conversation: { title: string } }[] }).conversations
    .map(({ conversation }) => conversation.title)
    .sort();

test.describe.configure({ mode: "serial" });
let app: App;
test.beforeAll(async () => {
  await server.start();
  app = await App.open({ server, path: "#/settings" });
  const file = join(tmpdir(), `islet-ended-${process.pid}.json`);
  writeFileSync(file, JSON.stringify({ format: "islet-conversations", version: 1, conversations }));
  await app.give("Import conversations", file);
  await expect(app.page.getByRole("navigation").getByText("Harbor")).toBeVisible();
  // From now on the service worker stands before the page.
  await app.page.reload();
  await expect(app.page.getByRole("navigation").getByText("Harbor")).toBeVisible();
});
test.afterAll(async () => {
  await app.close();
  await server.stop();
});

test("without a policy the conversations can be exported, and the log says so", async () => {
  answerForPolicy(404);
  await app.page.reload();
  await expect(app.page.getByRole("heading", { name: en["error.policy-missing.title"] })).toBeVisible();
  expect(titlesIn(await saved(app, "Export all conversations"))).toEqual(["Candle", "Harbor"]);
  await expect(app.page.getByText("Conversations exported: 2.")).toBeVisible();
  await expect(app.page.getByRole("button", { name: "Make a backup" })).toHaveCount(0);
  await expect(eraseButton(app)).toBeVisible();
  answerForPolicy(undefined);
  await app.goto("#/trust");
  await app.page.reload();
  const log = app.page.getByRole("region", { name: "Audit log" });
  await expect(log.getByRole("listitem").filter({ hasText: "Conversations exported" })).toHaveCount(1);
});

test("on a phone, in the dark and in every language it can be read and used", async () => {
  answerForPolicy(404);
  await app.page.setViewportSize({ width: 360, height: 740 });
  await app.page.emulateMedia({ colorScheme: "dark" });
  for (const [language, texts] of Object.entries({ fr, ja, vi, en })) {
    await app.page.evaluate(
      (chosen) =>
        new Promise<void>((resolve) => {
          const opening = indexedDB.open("islet/");
          opening.onsuccess = () => {
            const transaction = opening.result.transaction("records", "readwrite");
            transaction.objectStore("records").put({ version: 1, language: chosen }, "settings:app");
            transaction.oncomplete = () => (opening.result.close(), resolve());
          };
        }),
      language,
    );
    await app.page.reload();
    await expect(app.page.getByRole("button", { name: texts["chat.exportAll"] })).toBeVisible();
    await expect(app.page.getByText(texts["rescue.text"])).toBeVisible();
    expect(await app.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await app.accessibilityFaults()).toEqual([]);
  }
  await app.page.setViewportSize({ width: 1280, height: 800 });
});

test("a policy that says that it is over shows its text in place of the app, without a network too", async () => {
  answerForPolicy(200, { ...rules, ended: { en: "The pilot ended in May.", fr: "Le pilote est terminé." } });
  await app.page.reload();
  await expect(app.page.getByRole("heading", { name: "Islet is no longer offered here" })).toBeVisible();
  await expect(app.page.getByText("The pilot ended in May.")).toBeVisible();
  await expect(app.page.getByRole("navigation")).toHaveCount(0);
  await server.stop();
  await app.page.reload();
  await expect(app.page.getByText("The pilot ended in May.")).toBeVisible();
  expect(titlesIn(await saved(app, "Export all conversations"))).toEqual(["Candle", "Harbor"]);
  await server.start();
});

test("where the last valid policy forbade it nothing can be exported, whatever is answered now; erasing is always possible", async () => {
  answerForPolicy(200, { ...rules, features: { ...rules.features, exportConversations: false } });
  await app.page.reload();
  await expect(app.page.getByRole("navigation").getByText("Harbor")).toBeVisible();
  for (const [status, body] of [[404], [200, { version: 3 }]] as const) {
    answerForPolicy(status, body);
    await app.page.reload();
    await expect(app.page.getByText(en["rescue.forbidden"])).toBeVisible();
    await expect(exportButton(app)).toHaveCount(0);
    await expect(eraseButton(app)).toBeVisible();
  }
  // A valid one that allows it is the last one from now on.
  answerForPolicy(undefined);
  await app.page.reload();
  await expect(app.page.getByRole("navigation").getByText("Harbor")).toBeVisible();
});

test("what is encrypted is unlocked there and backed up; everything is erased, and the backup brings it back elsewhere", async () => {
  await app.goto("#/settings");
  await app.page.getByRole("button", { name: "Set a passphrase…" }).click();
  await app.page.getByLabel("New passphrase", { exact: true }).fill(passphrase);
  await app.page.getByLabel("Repeat it", { exact: true }).fill(passphrase);
  await app.page.getByRole("checkbox").check();
  await app.page.getByRole("button", { name: "Encrypt everything" }).click();
  await expect(app.page.getByRole("heading", { name: "Settings" })).toBeVisible();

  answerForPolicy(404);
  await app.page.reload();
  await expect(exportButton(app)).toHaveCount(0);
  await app.page.getByRole("button", { name: "Unlock…" }).press("Enter");
  await app.page.getByLabel("Passphrase", { exact: true }).fill("harbor candle window eight");
  await app.page.getByRole("button", { name: "Unlock", exact: true }).click();
  await expect(app.page.getByText("This is not the passphrase")).toBeVisible();
  await app.page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await app.page.getByRole("button", { name: "Unlock", exact: true }).click();
  expect(titlesIn(await saved(app, "Export all conversations"))).toEqual(["Candle", "Harbor"]);
  const backup = await saved(app, "Make a backup");
  expect(backup).not.toMatch(/Harbor|Candle/);
  expect(await app.accessibilityFaults()).toEqual([]);

  await eraseButton(app).click();
  await app.page.getByRole("button", { name: "Erase everything now" }).click();
  await expect(app.page.getByText("Nothing is left. You can close this tab.")).toBeVisible();
  const left = await app.page.evaluate(async () => [
    ...(await indexedDB.databases()).map(({ name }) => name),
    ...(await caches.keys()),
    ...(await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope),
  ]);
  expect(left).toEqual([]);

  answerForPolicy(undefined);
  await app.goto("?again#/settings");
  await app.page.getByRole("button", { name: "Restore a backup…" }).waitFor();
  await expect(app.page.getByRole("navigation").getByText("Harbor")).toHaveCount(0);
  const file = join(tmpdir(), `islet-ended-${process.pid}.backup.json`);
  writeFileSync(file, backup);
  await app.give("Restore a backup…", file);
  const dialog = app.page.getByRole("dialog");
  await dialog.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await dialog.getByRole("button", { name: "Restore a backup" }).click();
  await expect(app.page.getByText("Conversations restored: 2")).toBeVisible();
  await expect(app.page.getByRole("navigation").getByText("Candle")).toBeVisible();
});
