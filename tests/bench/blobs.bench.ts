// What turning a vault on and off takes with files of ISLET_GIB gigabytes in this browser (2, unless said): how much more memory the page's process has
// at most than before, and that every byte is encrypted, then as it was.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "playwright/test";
import { App } from "../e2e/app";

const GIB = Number(process.env["ISLET_GIB"] ?? 2);
const CHUNK = 1 << 20;
const chunks = GIB * 1024;

/** Megabytes that the processes of this browser's pages have in memory now: the largest of them. */
function memory(profile: string): number {
  const pids = execFileSync("pgrep", ["-f", profile]).toString().trim().split("\n");
  const sizes = pids.map((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=renderer")) return 0;
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has ended.
      return 0;
    }
  });
  return Math.max(...sizes) / 1024;
}

/** Puts the chunks of one blob, and its record, where the app keeps them (storage/blobs). */
async function fill(app: App): Promise<void> {
  await app.page.evaluate(
    async ([count, size]) => {
      const open = (name: string) =>
        new Promise<IDBDatabase>((resolve) => {
          const opening = indexedDB.open(name);
          opening.onsuccess = () => resolve(opening.result);
        });
      const put = (database: IDBDatabase, store: string, key: string, value: unknown) =>
        new Promise<void>((resolve, reject) => {
          const transaction = database.transaction(store, "readwrite");
          transaction.objectStore(store).put(value, key);
          transaction.oncomplete = () => resolve();
          transaction.onabort = () => reject(transaction.error as Error);
        });
      const [blobs, records] = [await open("islet-blobs/"), await open("islet/")];
      const bytes = new Uint8Array(size!);
      for (let at = 0; at < size!; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
      for (let n = 0; n < count!; n++) {
        new DataView(bytes.buffer).setUint32(0, n);
        await put(blobs, "chunks", `b/${String(n).padStart(8, "0")}`, bytes.slice().buffer);
      }
      const times = { createdAt: Date.now(), updatedAt: Date.now() };
      await put(records, "records", "conversation:c", { version: 1, id: "c", title: "c", leafId: null, ...times });
      const blob = { version: 1, id: "b", owner: "conversation:c", size: count! * size!, ...times };
      await put(records, "records", "blob:b", blob);
      blobs.close();
      records.close();
    },
    [chunks, CHUNK] as const,
  );
}

/** How many chunks are encrypted, and whether those that are not begin with their number. */
const look = (app: App) =>
  app.page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open("islet-blobs/");
      opening.onsuccess = () => resolve(opening.result);
    });
    const found = { sealed: 0, plain: 0, other: 0 };
    await new Promise<void>((resolve) => {
      const walking = database.transaction("chunks").objectStore("chunks").openCursor();
      walking.onsuccess = () => {
        const cursor = walking.result;
        if (!cursor) return resolve();
        const [name, value] = [String(cursor.key), cursor.value as ArrayBuffer | { iv?: unknown }];
        if (name !== "vault:1") {
          if (!(value instanceof ArrayBuffer)) found.sealed++;
          else found[new DataView(value).getUint32(0) === Number(name.slice(2)) ? "plain" : "other"]++;
        }
        cursor.continue();
      };
    });
    database.close();
    return found;
  });

test("blobs: a vault is turned on and off over them", async () => {
  const app = await App.open({ withoutGpu: true, path: "#/settings" });
  const { page } = app;
  await expect(page.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
  await fill(app);
  const passphrase = "four words nobody guesses";
  const during = async (name: string, work: () => Promise<void>) => {
    await page.reload();
    await page.waitForTimeout(3000);
    const before = memory(app.profile);
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, memory(app.profile))), 200);
    const start = Date.now();
    await work();
    clearInterval(watch);
    const seconds = (Date.now() - start) / 1000;
    console.log(
      `${name}, ${GIB} GiB: ${seconds.toFixed(0)} s, at most ${(most - before).toFixed(0)} MB more than before`,
    );
    expect(most - before).toBeLessThan(300);
  };
  const settled = { timeout: 1_200_000 };
  await during("on", async () => {
    await page.getByRole("button", { name: "Set a passphrase…" }).click();
    await page.getByLabel("New passphrase", { exact: true }).fill(passphrase);
    await page.getByLabel("Repeat it", { exact: true }).fill(passphrase);
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Encrypt everything" }).click();
    await expect(page.getByRole("button", { name: "Remove the passphrase…" })).toBeVisible(settled);
  });
  expect(await look(app)).toEqual({ sealed: chunks, plain: 0, other: 0 });
  const unlock = async (action: string) => {
    await page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
    await page.getByRole("button", { name: action, exact: true }).click();
  };
  await page.reload();
  await unlock("Unlock");
  await during("off", async () => {
    await unlock("Unlock");
    await page.getByRole("button", { name: "Remove the passphrase…" }).click();
    await unlock("Decrypt everything");
    await expect(page.getByRole("button", { name: "Set a passphrase…" })).toBeVisible(settled);
  });
  expect(await look(app)).toEqual({ sealed: 0, plain: chunks, other: 0 });
  await app.close();
});
