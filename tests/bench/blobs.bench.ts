// What turning a vault on and off takes with files of ISLET_GIB gigabytes in this browser (2, unless said): how much more memory the page's process has
// at most than before, and that every byte is encrypted, then as it was.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "playwright/test";
import { App } from "../e2e/app";
import { fill, look } from "../e2e/blobs";

const GIB = Number(process.env["ISLET_GIB"] ?? 2);
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

test("blobs: a vault is turned on and off over them", async () => {
  const app = await App.open({ withoutGpu: true, path: "#/settings" });
  const { page } = app;
  await expect(page.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
  await fill(app, chunks);
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
