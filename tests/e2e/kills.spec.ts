// The browser is killed in the middle of the transaction that encrypts or decrypts everything: afterwards all records are there, as they were
// or as they were to be.
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { App, conversationsFile } from "./app";
import { TestServer } from "./server";

const passphrase = "harbor candle window seven";
/** As many as the list shows at once. */
const CONVERSATIONS = 90;
const conversations = Array.from({ length: CONVERSATIONS }, (_, n) => ({
  conversation: { title: `Number ${n}`, createdAt: 1, updatedAt: 1, leafId: "a" },
  messages: [{ id: "a", parentId: null, role: "user", content: "word ".repeat(800), createdAt: 1 }],
}));

/** Ends every process of the browser at once, as a power cut would. */
function kill(profile: string): void {
  const pids = execFileSync("pgrep", ["-f", profile], { encoding: "utf8" }).trim().split("\n").map(Number);
  for (const pid of pids)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It went with another one.
    }
}

/** Kills the browser at the n-th record that the page writes from now on; the page waits for it within the transaction. */
async function killAtWrite(app: App, n: number): Promise<{ ended: Promise<void> }> {
  let killed!: () => void;
  const ended = new Promise<void>((resolve) => (killed = resolve));
  await app.page.exposeBinding("killTheBrowser", () => {
    kill(app.profile);
    killed();
  });
  await app.page.evaluate((at) => {
    let count = 0;
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...args) {
      const request = put.apply(this, args);
      if (++count === at) {
        void (window as unknown as { killTheBrowser(): Promise<void> }).killTheBrowser();
        for (const until = performance.now() + 5000; performance.now() < until;);
      }
      return request;
    };
  }, n);
  return { ended };
}

/** Turns encryption on or off, on its own page. */
async function change(app: App, encrypted: boolean): Promise<void> {
  const field = (name: string) => app.page.getByLabel(name, { exact: true });
  if (encrypted) await field("Passphrase").fill(passphrase);
  else {
    await field("New passphrase").fill(passphrase);
    await field("Repeat it").fill(passphrase);
    await app.page.getByRole("checkbox").check();
  }
  const name = encrypted ? "Decrypt everything" : "Encrypt everything";
  await app.page.getByRole("button", { name }).click({ noWaitAfter: true });
}

/** Opens the same profile again, unlocks it where it is encrypted, and looks whether everything is there. Gives whether it is encrypted. */
async function everythingIsThere(app: App): Promise<boolean> {
  const locked = app.page.getByRole("heading", { name: "Islet is locked" });
  const list = app.page.getByRole("navigation").getByRole("listitem");
  await expect(locked.or(list.first())).toBeVisible();
  const encrypted = await locked.isVisible();
  if (encrypted) {
    await app.page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
    await app.page.getByRole("button", { name: "Unlock", exact: true }).click();
  }
  await expect(list).toHaveCount(CONVERSATIONS);
  await expect(app.page.getByText(/could not be read|were changed from outside/)).toHaveCount(0);
  return encrypted;
}

test("a browser that is killed while everything is encrypted or decrypted has lost nothing", async () => {
  const server = new TestServer();
  await server.start();
  const profile = mkdtempSync(join(tmpdir(), "islet-kill-"));
  let app = await App.open({ server, profile, path: "#/settings" });
  await app.give("Import conversations", conversationsFile(conversations));
  expect(await everythingIsThere(app)).toBe(false);
  let encrypted = false;
  // At the first record, in the middle, and not at all; then the same for the way back.
  for (const n of [1, CONVERSATIONS, undefined, 1, CONVERSATIONS]) {
    await app.goto("#/vault");
    await app.page.reload();
    const ended = n === undefined ? undefined : (await killAtWrite(app, n)).ended;
    await change(app, encrypted);
    if (ended) {
      await ended;
      await app.context.close().catch(() => {});
      app = await App.open({ server, profile, path: "#/settings" });
    } else {
      await expect(app.page.getByRole("heading", { name: "Settings" })).toBeVisible();
      encrypted = !encrypted;
      await app.page.getByRole("button", { name: "Lock now" }).first().click();
      await expect(app.page.getByRole("heading", { name: "Islet is locked" })).toBeVisible();
    }
    // In the middle of a transaction nothing of it has happened.
    expect(await everythingIsThere(app), `killed at record ${n}`).toBe(encrypted);
  }
  await app.close();
  await server.stop();
});
