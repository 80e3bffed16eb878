// What a policy forbids is nowhere in the app, whichever address and tab; what a package says of itself is shown as that; a wrong policy is
// told in the reader's language. No model runs here.
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import rules from "../../src/trust/policy.json" with { type: "json" };
import { en } from "../../src/i18n/en";
import { App, models } from "./app";
import { TestServer } from "./server";

const hub = "Qwen3-0.6B-q4f16_1-MLC";
let policy: object = rules;
const server = new TestServer();
test.beforeAll(async () => {
  await server.start();
  server.fault = (path, _request, response) => {
    if (path !== "/policy.json") return false;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(policy));
    return true;
  };
});
test.afterAll(() => server.stop());

const strict = {
  ...rules,
  network: { modelHosts: [], mirror: null },
  models: { ids: ["islet-reasoner", "Quen*"], licences: null, publishers: null },
  features: Object.fromEntries(Object.keys(rules.features).map((feature) => [feature, false])),
  retention: { conversations: 30, audit: 30, network: 30 },
  banner: { en: "In English.", de: "Auf Deutsch." },
  vault: { required: true, lockMinutes: 60 },
};
/** Every control that this policy takes away. */
const gone = [
  "chat.import",
  "chat.exportAll",
  "chat.exportJson",
  "chat.exportMarkdown",
  "vault.makeBackup",
  "vault.restore",
  "vault.remove",
  "vault.removeNow",
  "own.folder",
  "own.file",
  "own.add",
  "storage.exportZip",
  "storage.exportFolder",
  "storage.check",
] as const;
const routes = ["new", "models", "storage", "trust", "report", "settings", "vault", "erase", "anything"];

async function nothingForbidden({ page }: App, where: string): Promise<void> {
  for (const key of gone)
    await expect(page.getByRole("button", { name: new RegExp(`^${en[key]}…?$`) }), `${where}: ${en[key]}`).toHaveCount(
      0,
    );
  await expect(page.getByRole("heading", { name: models.tiny.name }), where).toHaveCount(0);
  await expect(page.getByText(en["own.address"], { exact: true }), where).toHaveCount(0);
}

test("what a policy forbids is on no screen, in no tab and under no address; the passphrase it wants cannot be removed", async () => {
  policy = strict;
  const app = await App.open({ server, withoutGpu: true, locale: "de-DE" });
  const words = "four words that stay";
  // Before there is a passphrase no address leads past setting one.
  for (const route of ["settings", "models", "vault"]) {
    await app.goto(`#/${route}`);
    await app.page.reload();
    await expect(app.page.getByRole("heading", { name: en["vault.set"] })).toBeVisible();
    await nothingForbidden(app, route);
  }
  await app.page.getByLabel(en["vault.new"], { exact: true }).fill(words);
  await app.page.getByLabel(en["vault.again"], { exact: true }).fill(words);
  await app.page.getByRole("checkbox").check();
  await app.page.getByRole("button", { name: en["vault.setNow"] }).click();
  await expect(app.page.getByText("Auf Deutsch.")).toBeVisible();
  await expect(app.page.locator("bdi[lang=de]")).toHaveText("Auf Deutsch.");
  const second = await app.tab("#/new");
  await expect(second.page.getByText("Auf Deutsch.")).toBeVisible();
  for (const tab of [app, second])
    for (const route of routes) {
      await tab.goto(`#/${route}`);
      // These take the place of the app, and only when the page is loaded.
      if (["vault", "erase"].includes(route)) await tab.page.reload();
      await expect(tab.page.getByRole("heading", { level: 1 }).or(tab.page.locator("h2")).first()).toBeVisible();
      await nothingForbidden(tab, route);
      if (route === "vault") {
        await expect(tab.page.getByRole("heading", { name: en["vault.remove"] })).toBeVisible();
        await expect(tab.page.getByText(/^Passphrase: required/)).toBeVisible();
        await expect(tab.page.getByLabel("Passphrase")).toHaveCount(0);
        await tab.page.getByRole("button", { name: en["vault.back"] }).click();
      }
      if (route === "erase") {
        await tab.page.getByRole("button", { name: en["erase.back"] }).click();
        await expect(tab.page.getByText("Auf Deutsch.")).toBeVisible();
      }
      if (route === "trust")
        await expect(tab.page.getByText(`${en["policy.unmatched"]}: models.ids: Quen*`)).toBeVisible();
    }
  await app.page.keyboard.press("Control+k");
  const palette = app.page.getByRole("dialog");
  for (const key of [
    "chat.import",
    "chat.exportAll",
    "own.folder",
    "own.address",
    "vault.remove",
    "vault.restore",
  ] as const)
    await expect(palette.getByRole("option", { name: new RegExp(`^${en[key]}`) }), key).toHaveCount(0);
  await app.close();
});

test("a package that calls itself by the id of another model is shown as what it says, and satisfies no policy", async () => {
  policy = rules;
  const app = await App.open({ server, withoutGpu: true });
  const folder = join(mkdtempSync(join(tmpdir(), "islet-forged-")), "stick");
  cpSync(`public/models/${models.tiny.id}/resolve/main`, folder, { recursive: true });
  const pins = JSON.parse(readFileSync(join(folder, "islet-model.json"), "utf8")) as object;
  const facts = { name: "Qwen3 0.6B", publisher: "Alibaba (Qwen)", licence: "Apache-2.0" };
  writeFileSync(join(folder, "islet-model.json"), JSON.stringify({ ...pins, id: hub, facts }));
  await app.goto("#/models");
  await app.page.getByText(/^Bring your own/).click();
  await app.give("Import a folder", folder);
  const name = "Model that calls itself “Qwen3 0.6B”";
  const entry = app.entry(name);
  await expect(entry.getByText("On this device", { exact: true })).toBeVisible();
  await expect(entry).toHaveAttribute("data-id", `${hub}-given`);
  await entry.getByText(`More about ${name}`).click();
  await expect(entry).toContainText(
    "All 5 files match the hashes stated by their own package; nobody else vouches for them.",
  );
  await expect(entry).toContainText("It says “Apache-2.0”; nobody has checked that.");
  await expect(entry).toContainText("Not in the catalogue");
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.page.getByLabel("Search models").fill("Qwen3 0.6B");
  await expect(app.entry("Qwen3 0.6B")).toBeVisible();
  await expect(app.entry("Qwen3 0.6B").getByText("On this device", { exact: true })).toHaveCount(0);
  for (const screen of ["storage", "trust"]) {
    await app.goto(`#/${screen}`);
    await expect(app.page.getByRole("main")).toContainText(
      "It describes itself as: name “Qwen3 0.6B”, publisher “Alibaba (Qwen)”, licence “Apache-2.0”. Nobody has checked that.",
    );
  }
  // What it says is just what this policy wants.
  policy = { ...rules, models: { ids: ["Qwen3-*"], licences: ["Apache-2.0"], publishers: ["Alibaba (Qwen)"] } };
  await app.goto("#/models");
  await app.page.reload();
  await expect(app.entry("Qwen3 0.6B")).toBeVisible();
  await expect(app.entry(name)).toHaveCount(0);
  await app.goto("#/storage");
  const stored = app.page.getByRole("article", { name });
  await expect(stored.getByRole("button", { name: "Check and repair" })).toHaveCount(0);
  await stored.getByRole("button", { name: "Remove from this device" }).click();
  await expect(stored).toHaveCount(0);
  await app.close();
});

test("a policy that is wrong is told in the reader's language, field by field", async () => {
  policy = { ...rules, language: undefined, langage: "fr", vault: { required: "oui", lockMinutes: 0 } };
  const app = await App.open({ server, withoutGpu: true, locale: "fr-FR" });
  const alert = app.page.getByRole("alert");
  await expect(alert.getByRole("listitem")).toHaveText([
    'vault.required vaut "oui". Valeurs possibles : true, false.',
    "vault.lockMinutes vaut 0. Valeurs possibles : un nombre entier de 1 à 1440, ou null.",
    "langage n’est pas un champ d’une politique. Vouliez-vous dire language ?",
  ]);
  await app.page.setViewportSize({ width: 360, height: 700 });
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.close();
});
