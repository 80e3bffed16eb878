// Files of conversations in a real browser: counted, encrypted with the rest, and gone with what they belong to.
import { expect, test } from "playwright/test";
import { App, shareApp } from "./app";
import { fill, look } from "./blobs";

let app: App;
shareApp(
  (opened) => (app = opened),
  () => App.open({ withoutGpu: true, path: "#/settings" }),
);
const passphrase = "harbor candle window seven";

test("Storage counts them", async () => {
  await expect(app.page.getByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
  await fill(app, 3);
  await app.page.reload();
  await app.goto("#/storage");
  await expect(app.page.getByText("Files of conversations: 3.1 MB.")).toBeVisible();
  expect(await look(app)).toEqual({ sealed: 0, plain: 3, other: 0 });
});

test("with a passphrase they are encrypted, and without it again they are as they were", async () => {
  const { page } = app;
  await app.goto("#/settings");
  await page.getByRole("button", { name: "Set a passphrase…" }).click();
  await page.getByLabel("New passphrase", { exact: true }).fill(passphrase);
  await page.getByLabel("Repeat it", { exact: true }).fill(passphrase);
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Encrypt everything" }).click();
  await expect(page.getByRole("button", { name: "Remove the passphrase…" })).toBeVisible();
  expect(await look(app)).toEqual({ sealed: 3, plain: 0, other: 0 });
  await page.getByRole("button", { name: "Remove the passphrase…" }).click();
  await page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await page.getByRole("button", { name: "Decrypt everything" }).click();
  await expect(page.getByRole("button", { name: "Set a passphrase…" })).toBeVisible();
  expect(await look(app)).toEqual({ sealed: 0, plain: 3, other: 0 });
});

test("they go with their conversation", async () => {
  const { page } = app;
  await app.goto("#/settings");
  await page.getByRole("button", { name: "Delete all conversations…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
  await expect.poll(() => look(app)).toEqual({ sealed: 0, plain: 0, other: 0 });
});
