// One bad record hides none of the others: records of every kind that no reader takes are placed into storage, and everything else is still
// there; they are listed, handed out and removed.
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { fr } from "../../src/i18n/fr";
import { ja } from "../../src/i18n/ja";
import { vi } from "../../src/i18n/vi";
import { App, shareApp } from "./app";

const day = 24 * 3600_000;
const message = (c: string, id: string, parentId: string | null, more: object = {}) => ({
  ...{ version: 1, id, conversationId: c, parentId, role: "user", content: `Text of ${id}.` },
  ...{ createdAt: Date.now() - day, status: "complete", ...more },
});
const conversation = (id: string, more: object = {}) => ({
  ...{
    version: 1,
    id,
    title: `Title ${id}`,
    createdAt: Date.now() - day,
    updatedAt: Date.now() - day,
    leafId: `${id}2`,
  },
  ...more,
});

/** What can be shown, if not all of it as it is written. */
const shown: Record<string, unknown> = {
  "conversation:good": conversation("good"),
  "message:good/good1": message("good", "good1", null),
  "message:good/good2": message("good", "good2", "good1", {
    role: "assistant",
    stats: "x",
    need: { think: 1 },
    vote: [],
  }),
  "conversation:late": conversation("late", { updatedAt: 1e300, votes: 1e9 }),
  "message:late/late1": message("late", "late1", null, { createdAt: NaN }),
  "message:late/late2": message("late", "late2", "late1", { role: "assistant", status: "failed", error: { code: 5 } }),
  "conversation:circle": conversation("circle"),
  "message:circle/circle1": message("circle", "circle1", "circle2"),
  "message:circle/circle2": message("circle", "circle2", "circle1"),
  "network:2026-01-01T00:00:00.000Z good": {
    ...{ version: 1, time: Date.now() - day, method: "GET", origin: "https://good.example", path: "/", asker: "page" },
    ...{ purpose: "model", verdict: "sent", bytes: 5, bytesOut: 0, status: 200 },
  },
};
/** What no reader takes. */
const bad: Record<string, unknown> = {
  "conversation:none": null,
  "conversation:next": { ...conversation("next"), version: 2 },
  "message:good/bad": message("good", "bad", "good2", { content: { text: "x" } }),
  "model:broken": { version: 1, id: "broken", files: { a: null }, usedAt: "x" },
  "added-model:broken": { version: 1, card: { id: "broken", languages: ["x-"], origin: null } },
  "download:broken": { version: 1, id: "broken", pins: [] },
  "audit:9999999999": { version: 1, seq: 9_999_999_999, time: "soon", kind: "begin", data: null },
  "network:bad": { version: 1, time: 1e300, origin: "https://bad.example", path: "/" },
  "network:worse": "text",
};

/** Puts records into storage as they are. */
const place = (app: App, records: Record<string, unknown>) =>
  app.page.evaluate(
    (all) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("islet/");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("records", "readwrite");
          for (const [key, record] of Object.entries(all)) transaction.objectStore("records").put(record, key);
          transaction.onabort = () => reject(transaction.error);
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    records,
  );

/** The names of everything in storage. */
const names = (app: App) =>
  app.page.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open("islet/");
        opening.onsuccess = () => {
          const reading = opening.result.transaction("records").objectStore("records").getAllKeys();
          reading.onerror = () => reject(reading.error);
          reading.onsuccess = () => {
            opening.result.close();
            resolve(reading.result as string[]);
          };
        };
      }),
  );

const section = (app: App) => app.page.getByRole("region", { name: "Records that could not be read" });
const inList = (app: App) => app.page.getByRole("navigation").getByRole("listitem");

let app: App;
shareApp(
  (opened) => (app = opened),
  () => App.open({ path: "#/settings" }),
);

test("an import whose times are out of range is listed, and so are all others after the next start", async () => {
  const file = join(tmpdir(), `islet-out-of-range-${process.pid}.json`);
  const { version: _, ...rest } = conversation("imported", { updatedAt: 1e300, leafId: "a" });
  const messages = [
    { id: "a", conversationId: "imported", parentId: null, role: "user", content: "hi", createdAt: 1e300 },
  ];
  writeFileSync(
    file,
    JSON.stringify({ format: "islet-conversations", version: 1, conversations: [{ conversation: rest, messages }] }),
  );
  await app.give("Import conversations", file);
  await expect(inList(app).filter({ hasText: "Title imported" })).toBeVisible();
  await app.page.reload();
  await expect(inList(app).filter({ hasText: "Title imported" })).toBeVisible();
});

test("with bad records of every kind in storage, all others are shown, and it is said that there are some", async () => {
  await place(app, { ...shown, ...bad });
  await app.page.reload();
  for (const title of ["good", "late", "circle", "imported"])
    await expect(inList(app).filter({ hasText: `Title ${title}` })).toBeVisible();
  await expect(app.page.getByText(/Records that could not be read: \d/).first()).toBeVisible();
  for (const id of ["good", "late", "circle"]) {
    await inList(app)
      .getByRole("button", { name: `Title ${id}` })
      .first()
      .click();
    await expect(app.page.getByText(`Text of ${id}2.`)).toBeVisible();
    await expect(app.page.getByText(`Text of ${id}1.`)).toBeVisible();
  }
  await app.goto("#/trust");
  const ledger = app.page.getByRole("region", { name: "Network ledger" });
  await ledger.getByRole("combobox", { name: "Host" }).first().selectOption("https://good.example");
  await expect(ledger.getByRole("row")).toHaveCount(2);
  const log = app.page.getByRole("region", { name: "Audit log" });
  await expect(log.getByRole("listitem").filter({ hasText: "The log began" })).toBeVisible();
  await app.goto("#/models");
  await expect(app.card("tiny")).toBeVisible();
});

test("the storage screen lists them by kind and key, hands them out as they lie there, and removes only what is asked", async () => {
  await app.goto("#/storage");
  const items = section(app).getByRole("listitem");
  await expect(items).toHaveCount(Object.keys(bad).length);
  for (const key of Object.keys(bad))
    await expect(items.filter({ has: app.page.getByText(key, { exact: true }) })).toHaveCount(1);
  await expect(items.filter({ hasText: "conversation:next" })).toContainText("written by a later version of Islet");
  expect(await app.accessibilityFaults()).toEqual([]);

  const saving = app.page.waitForEvent("download");
  await section(app).getByRole("button", { name: "Save as a file: all of them" }).click();
  const file = JSON.parse(readFileSync(await (await saving).path(), "utf8")) as {
    records: { key: string; value: unknown }[];
  };
  expect(Object.fromEntries(file.records.map(({ key, value }) => [key, value]))).toEqual(
    JSON.parse(JSON.stringify(bad)),
  );
  expect(await names(app)).toEqual(expect.arrayContaining(Object.keys({ ...shown, ...bad })));

  // By keyboard.
  await section(app).getByRole("button", { name: "Remove: conversation:none" }).focus();
  await app.page.keyboard.press("Enter");
  await expect(app.page.getByRole("dialog")).toContainText("conversation:none");
  await app.page.getByRole("button", { name: "Delete for good" }).press("Enter");
  await expect(items).toHaveCount(Object.keys(bad).length - 1);
  const left = await names(app);
  expect(left).not.toContain("conversation:none");
  expect(left).toEqual(
    expect.arrayContaining(Object.keys({ ...shown, "message:good/bad": 0, "conversation:next": 0 })),
  );
});

test("on a phone, in the dark and in every language nothing of it is cut off or untranslated", async () => {
  await app.page.setViewportSize({ width: 360, height: 800 });
  await app.page.emulateMedia({ colorScheme: "dark" });
  for (const [language, text] of Object.entries({ fr, ja, vi })) {
    await app.goto("#/settings");
    await app.page.locator("select:has(option[value=vi])").first().selectOption(language);
    await app.goto("#/storage");
    const region = app.page.getByRole("region", { name: text["damage.title"] });
    await expect(region).toContainText(text["damage.kind.network"]);
    await expect(region).toContainText(text["damage.reason.later"]);
    expect(await app.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await region.evaluate((e) => e.scrollWidth - e.clientWidth)).toBeLessThanOrEqual(0);
    expect(await app.accessibilityFaults()).toEqual([]);
  }
});
