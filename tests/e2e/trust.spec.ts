// What shows that the app does what it says: the audit log.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { build } from "vite";
import { App, models, openWithModel, shareApp } from "./app";

let app: App;
shareApp((opened) => (app = opened));

const log = () => app.page.getByRole("region", { name: "Audit log" });
async function openLog(): Promise<void> {
  await app.goto("#/settings");
  await app.goto("#/trust");
  await expect(log().getByRole("listitem").first()).toBeVisible();
}

test("the audit log has what was done, with counts and hashes and without a word of the conversation", async () => {
  await app.newConversation();
  await app.ask("Repeat: harbor candle");
  await app.answers.last().getByRole("button", { name: "Copy", exact: true }).click();
  const first = app.page.getByRole("navigation").getByRole("listitem").first();
  await first.getByRole("button", { name: /^Actions for/ }).click();
  await Promise.all([
    app.page.waitForEvent("download"),
    app.page.getByRole("menuitem", { name: "Export as JSON" }).click(),
  ]);
  await openLog();
  const { stats } = (await app.messages()).at(-1)!;
  await expect(log().getByRole("listitem").first()).toContainText("Conversations exported");
  const generation = log().getByRole("listitem").filter({ hasText: "Answer generated" }).first();
  await expect(generation).toContainText(`model=${models.tiny.id}`);
  await expect(generation).toContainText(/digest=[0-9a-f]{64}/);
  await expect(generation).toContainText(`promptTokens=${stats!.promptTokens}`);
  await expect(generation).toContainText(`answerTokens=${stats!.answerTokens}`);
  await expect(log()).toContainText("Model installed");
  await expect(log()).toContainText("Model loaded");
  await expect(log().getByRole("listitem").last()).toContainText("The log began");
  await expect(log()).not.toContainText("harbor");
  expect(await app.accessibilityFaults()).toEqual([]);
  await log().getByRole("combobox", { name: "Kind of entry" }).selectOption("generation");
  await expect(log().getByRole("listitem").filter({ hasText: "Model loaded" })).toHaveCount(0);
});

test("the log is unbroken, in the app and by the script for an export of it", async () => {
  await openLog();
  await log().getByRole("button", { name: "Check the log" }).click();
  await expect(log().getByRole("status")).toContainText(/\d+ entries, unbroken\. The last hash:\s*[0-9a-f]{64}/);
  const [download] = await Promise.all([
    app.page.waitForEvent("download"),
    log().getByRole("button", { name: "Export the log" }).click(),
  ]);
  const said = execFileSync("node", ["scripts/verify-audit.mjs", await download.path()], { encoding: "utf8" });
  const hash = /[0-9a-f]{64}/.exec(said)![0];
  await expect(log().getByRole("status")).toContainText(hash);
});

test("an entry that was changed behind the app's back is found", async () => {
  await openLog();
  await app.page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("islet/");
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("records", "readwrite");
          const store = transaction.objectStore("records");
          const reading = store.get("audit:0000000002");
          reading.onsuccess = () =>
            store.put({ ...reading.result, time: "2001-01-01T00:00:00.000Z" }, "audit:0000000002");
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
          transaction.onerror = () => reject(transaction.error);
        };
      }),
  );
  await log().getByRole("button", { name: "Check the log" }).click();
  await expect(log().getByRole("status")).toContainText("The log was changed. Faults found: 1.");
  await expect(log().getByRole("status")).toContainText("Line 2 was edited.");
});

test.describe("what runs here", () => {
  const view = () => app.page.getByRole("region", { name: "What you run" });

  test("says version and commit, and that the files of the page are those of the build, whose hash it shows", async () => {
    const record = readFileSync("dist/build.json");
    const { commit } = JSON.parse(record.toString()) as { commit: string };
    await app.goto("#/trust");
    await expect(view()).toContainText(commit || "unknown");
    await view().getByRole("button", { name: "Compare the files of this page" }).click();
    await expect(view().getByRole("status")).toContainText(/All \d+ files match the build/);
    await expect(view().getByRole("status")).toContainText(createHash("sha256").update(record).digest("hex"));
    await view()
      .getByText(/^Packages in it/)
      .click();
    await expect(view().getByRole("listitem").filter({ hasText: "@mlc-ai/web-llm" })).toContainText("Apache-2.0");
    expect(await app.accessibilityFaults()).toEqual([]);
  });

  test("a file that is not that of the build is named", async () => {
    await app.server.stop();
    await app.server.start();
    const asset = Object.keys((JSON.parse(readFileSync("dist/build.json", "utf8")) as { files: object }).files).find(
      (f) => f.endsWith("wide.png"),
    )!;
    app.server.fault = (path, _request, response) => {
      if (!path.endsWith(asset)) return false;
      response.end("something else");
      return true;
    };
    await view().getByRole("button", { name: "Compare the files of this page" }).click();
    await expect(view().getByRole("status")).toContainText(`Files that do not match the build: 1. ${asset}`);
    app.server.fault = undefined;
  });

  test("the bill of materials names every package whose code is in the build, with licence and hash", () => {
    const { bomFormat, components } = JSON.parse(readFileSync("dist/sbom.json", "utf8")) as {
      bomFormat: string;
      components: { name: string; purl: string; licenses: unknown[]; hashes: { alg: string; content: string }[] }[];
    };
    expect(bomFormat).toBe("CycloneDX");
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["@mlc-ai/web-llm", "svelte", "dompurify", "workbox-precaching"]));
    for (const { licenses, hashes, purl } of components) {
      expect(licenses.length, purl).toBe(1);
      expect(hashes[0]!.content, purl).toMatch(/^[0-9a-f]{128}$/);
    }
  });

  test("two builds of the same sources are the same, byte by byte", async () => {
    test.setTimeout(120_000);
    const records: string[] = [];
    for (const _ of [1, 2]) {
      const outDir = mkdtempSync(join(tmpdir(), "islet-build-"));
      await build({ logLevel: "error", build: { outDir, copyPublicDir: false } });
      records.push(readFileSync(join(outDir, "build.json"), "utf8"));
    }
    expect(Object.keys((JSON.parse(records[0]!) as { files: object }).files).length).toBeGreaterThan(8);
    expect(records[1]).toBe(records[0]);
  });

  test("an answer says which model made it, from which bytes, with which settings and which build", async () => {
    await app.newConversation();
    await app.ask("What is 2 + 2?");
    const { provenance } = (await app.messages()).at(-1)!;
    await app.answers
      .last()
      .getByText(/tokens per second · first token/)
      .click();
    await expect(app.answers.last()).toContainText(
      `Made by ${models.tiny.id}, whose files have the hash ${provenance!.digest}`,
    );
    await expect(app.answers.last()).toContainText(`Temperature: 0, Top p: 1, Islet ${provenance!.version}`);
    await app.goto("#/trust");
    const list = app.page.getByRole("region", { name: "Models on this device" });
    await expect(list).toContainText(provenance!.digest);
    await expect(list).toContainText("Apache-2.0");
  });
});

test("the evidence report shows what was found on this device now, and can be printed", async () => {
  await app.goto("#/trust");
  await app.page.getByRole("button", { name: "Evidence report…" }).click();
  await app.page.getByRole("button", { name: "Make the report" }).click();
  const report = app.page.getByRole("article", { name: "Evidence report" });
  await expect(report).toBeVisible({ timeout: 60_000 });
  await expect(report).toContainText(/\d+ of \d+ ways out are closed|All \d+ ways out are closed/);
  await expect(report).not.toContainText("Ways out that are open");
  await expect(report).toContainText("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'");
  await expect(report).toContainText(/Since .*, zero bytes went to or came from any other host/);
  await expect(report.getByRole("row", { name: /^SHA-256 of the policy [0-9a-f]{64}/ })).toBeVisible();
  await expect(report).toContainText("Network ledger: no limit");
  await expect(report).toContainText("The records in this browser are not encrypted.");
  await expect(report).toContainText(/All \d+ files match the build/);
  await expect(report).toContainText(/Islet Tiny Islet · Apache-2\.0 · [\d.]+ MB/);
  // Another test of this file has changed an entry behind the app's back, and the report says so.
  await expect(report).toContainText("The log was changed. Faults found: 1.");
  await expect(report.getByRole("row", { name: /^EU AI Act, Art\. 12/ })).toContainText("The audit log");
  await expect(report).toContainText("That answers are right, fair or fit for a purpose.");
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.page.emulateMedia({ media: "print" });
  await expect(app.page.getByRole("navigation")).toBeHidden();
  await expect(app.page.getByRole("button", { name: "Make the report" })).toBeHidden();
  await expect(app.page.getByRole("link", { name: "Skip to content" })).toBeHidden();
  const pages = await app.page.pdf();
  expect(pages.subarray(0, 5).toString()).toBe("%PDF-");
  expect(pages.toString("latin1").match(/\/Type\s*\/Page\b/g)!.length).toBeGreaterThan(1);
  await app.page.emulateMedia({ media: null });
  app.foreign.length = 0;
});

test.describe("retention and erasure", () => {
  let own: App;
  test.beforeAll(async () => (own = await openWithModel()));
  test.afterAll(() => own.close());

  test("conversations that are older than they may be are gone when the app opens, and the log says so", async () => {
    await own.ask("Repeat: old lamp");
    await own.newConversation();
    await own.ask("Repeat: new lamp");
    // As if the first one had been written ten days ago.
    await own.page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const opening = indexedDB.open("islet/");
          opening.onsuccess = () => {
            const transaction = opening.result.transaction("records", "readwrite");
            const store = transaction.objectStore("records");
            const reading = store.getAll();
            reading.onsuccess = () => {
              const old = reading.result.find((r: { title?: string }) => r.title === "Repeat: old lamp");
              store.put({ ...old, updatedAt: Date.now() - 10 * 24 * 3600_000 }, `conversation:${old.id}`);
            };
            transaction.oncomplete = () => {
              opening.result.close();
              resolve();
            };
          };
        }),
    );
    await own.page.reload();
    const list = own.page.getByRole("navigation").getByRole("listitem");
    await expect(list).toHaveCount(2);
    await own.goto("#/settings");
    const keep = own.page.getByRole("combobox", { name: "Conversations, after their last change" });
    await keep.selectOption({ label: "7 days" });
    await expect(own.page.getByText("Already older than that: 1.")).toBeVisible();
    await expect(list).toHaveCount(2);
    await own.page.reload();
    await expect(list).toHaveCount(1);
    await expect(list).toContainText("Repeat: new lamp");
    expect((await own.messages()).some((m) => m.content.includes("old lamp"))).toBe(false);
    await own.goto("#/trust");
    await expect(own.page.getByRole("listitem").filter({ hasText: "Conversation deleted" })).toHaveCount(1);
  });

  test("each kind of record can be deleted by hand; the audit log goes on from there and stays unbroken", async () => {
    await own.goto("#/settings");
    const remove = async (what: string) => {
      await own.page.getByRole("button", { name: `${what}…` }).click();
      await own.page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
      await expect(own.page.getByText(/^Deleted: \d/).last()).toBeVisible();
      await expect(own.page.getByRole("dialog")).toHaveCount(0);
    };
    await remove("Delete all conversations");
    await expect(own.page.getByRole("navigation").getByText("No conversations yet.")).toBeVisible();
    await expect.poll(() => own.messages()).toEqual([]);
    await remove("Delete the network ledger");
    await remove("Delete the audit log");
    await own.goto("#/trust");
    const kept = own.page.getByRole("region", { name: "Audit log" });
    await expect(kept.getByRole("listitem")).toHaveCount(1);
    await expect(kept.getByRole("listitem")).toContainText("Old entries deleted");
    await kept.getByRole("button", { name: "Check the log" }).click();
    await expect(kept.getByRole("status")).toContainText("1 entries, unbroken");
    await expect(own.page.getByRole("region", { name: "Network ledger" }).getByText(/Entries: \d\b/)).toBeVisible();
  });

  test("'Erase everything' leaves no database, cache, file or service worker, with another tab open", async () => {
    const other = await own.tab("#/new");
    await own.page.evaluate(() => navigator.serviceWorker.ready);
    await own.goto("#/trust");
    await own.page.getByRole("button", { name: "Erase everything…" }).click();
    await expect(own.page.getByRole("heading", { name: "Erase everything" })).toBeVisible();
    await expect(own.page.getByText("IndexedDB: islet/")).toBeVisible();
    await expect(own.page.getByText("IndexedDB: webllm/model")).toBeVisible();
    await expect(own.page.getByText(/^Cache: /).first()).toBeVisible();
    await expect(own.page.getByText(/^Service worker: /)).toBeVisible();
    expect(await own.accessibilityFaults()).toEqual([]);
    await own.page.getByRole("button", { name: "Erase everything now" }).click();
    await expect(own.page.getByText("Nothing is left. You can close this tab.")).toBeVisible({ timeout: 20_000 });
    await expect(other.page.getByText("Nothing is left. You can close this tab.")).toBeVisible({ timeout: 20_000 });
    const left = await own.page.evaluate(async () => ({
      databases: await indexedDB.databases(),
      caches: await caches.keys(),
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      local: localStorage.length + sessionStorage.length,
    }));
    expect(left).toEqual({ databases: [], caches: [], workers: 0, local: 0 });
    await other.page.close();
  });

  test("after that the app begins as new", async () => {
    await own.page.goto("about:blank");
    await own.newConversation();
    await expect(own.page.getByRole("navigation").getByText("No conversations yet.")).toBeVisible();
    expect(await own.messages()).toEqual([]);
  });
});
