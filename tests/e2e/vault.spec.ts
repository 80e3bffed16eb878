// The vault: with a passphrase nothing of a person can be read in the browser's storage, and everything is there once it is open.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import rules from "../../src/trust/policy.json" with { type: "json" };
import { fr } from "../../src/i18n/fr";
import { ja } from "../../src/i18n/ja";
import { vi } from "../../src/i18n/vi";
import { App, models, numbers, shareApp } from "./app";
import { TestServer } from "./server";

const passphrase = "harbor candle window seven";
const other = "another four words to keep";

/** Everything that lies in the records' database, names and bytes, as one text. */
const rawText = (app: App) =>
  app.page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open("islet/");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const store = opening.result.transaction("records").objectStore("records");
          const parts: string[] = [];
          const cursor = store.openCursor();
          cursor.onerror = () => reject(cursor.error);
          cursor.onsuccess = () => {
            const at = cursor.result;
            if (!at) {
              opening.result.close();
              return resolve(parts.join("\n"));
            }
            const text = (value: unknown): string => {
              if (value instanceof ArrayBuffer) return new TextDecoder("latin1").decode(value);
              if (ArrayBuffer.isView(value)) return new TextDecoder("latin1").decode(value);
              if (typeof value !== "object" || value === null) return String(value);
              return Object.entries(value)
                .map(([k, v]) => `${k}=${text(v)}`)
                .join(" ");
            };
            parts.push(`${String(at.key)} ${text(at.value)}`);
            at.continue();
          };
        };
      }),
  );

/** What must not be found there: words of conversations, settings, names of models, kinds of records. */
const readable =
  /harbor|stone|What is|islet-tiny|message|conversation|settings|language|audit|generation|content|policy|network|assets|GET/;

const field = (app: App, name = "Passphrase") => app.page.getByLabel(name, { exact: true });
const lockedHeading = (app: App) => app.page.getByRole("heading", { name: "Islet is locked" });

async function setPassphrase(app: App, words = passphrase): Promise<void> {
  await app.goto("#/settings");
  await app.page.getByRole("button", { name: "Set a passphrase…" }).click();
  await expect(app.page.getByRole("heading", { name: "Set a passphrase" })).toBeVisible();
  await expect(field(app, "New passphrase")).toBeFocused();
  await field(app, "New passphrase").fill(words);
  await field(app, "Repeat it").fill(words);
  await app.page.getByRole("checkbox").check();
  await app.page.getByRole("button", { name: "Encrypt everything" }).click();
  await expect(app.page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await expect(app.page.locator("main")).toBeFocused();
}

async function unlock(app: App, words = passphrase): Promise<void> {
  await field(app).fill(words);
  await app.page.getByRole("button", { name: "Unlock", exact: true }).click();
}

const lock = (app: App) => app.page.getByRole("navigation").getByRole("button", { name: "Lock now" }).click();

test.describe("a vault that is made and used", () => {
  let app: App;
  shareApp((opened) => (app = opened));

  test("before, everything can be read in the raw database", async () => {
    await app.ask("My word is stone.");
    await app.ask("What is my word?");
    const text = await rawText(app);
    for (const word of ["stone", models.tiny.id, "message:", "settings:", "generation"]) expect(text).toContain(word);
  });

  test("the passphrase must be long, typed twice, and its loss understood", async () => {
    await app.goto("#/settings");
    await app.page.getByRole("button", { name: "Set a passphrase…" }).click();
    const make = app.page.getByRole("button", { name: "Encrypt everything" });
    await expect(app.page.getByText("Nobody can recover a forgotten passphrase.")).toBeVisible();
    expect(await app.accessibilityFaults()).toEqual([]);
    await field(app, "New passphrase").fill("short");
    await field(app, "Repeat it").fill("short");
    await app.page.getByRole("checkbox").check();
    await expect(make).toBeDisabled();
    await field(app, "New passphrase").fill(passphrase);
    await expect(app.page.getByText("The two passphrases do not match.")).toBeVisible();
    await expect(make).toBeDisabled();
    await field(app, "Repeat it").fill(passphrase);
    await app.page.getByRole("checkbox").uncheck();
    await expect(make).toBeDisabled();
    await app.page.getByRole("button", { name: "Back" }).click();
    await expect(app.page.getByRole("heading", { name: "Settings" })).toBeVisible();
  });

  test("with it, nothing can be read there, neither open nor locked, and the conversations are still here", async () => {
    await setPassphrase(app);
    await app.page
      .getByRole("navigation")
      .getByRole("button", { name: /My word is stone/ })
      .first()
      .click();
    await expect(app.answers.last()).toContainText("stone");
    expect(await rawText(app)).not.toMatch(readable);
    await lock(app);
    await expect(lockedHeading(app)).toBeVisible();
    expect(await app.page.content()).not.toMatch(/stone/);
    expect(await app.page.title()).toBe("Islet");
    // What is asked for meanwhile is recorded as well, and lies there as little readable.
    await expect.poll(() => rawText(app)).toContain("drop:");
    expect(await rawText(app)).not.toMatch(readable);
    expect(await app.accessibilityFaults()).toEqual([]);
  });

  test("a wrong passphrase opens nothing and says so; the right one opens everything, and answers go on", async () => {
    await unlock(app, "harbor candle window eight");
    await expect(app.page.getByText("This is not the passphrase")).toBeVisible();
    await expect(field(app)).toBeFocused();
    await unlock(app);
    await expect(app.answers.last()).toContainText("stone");
    await expect(app.composer).toBeFocused();
    await app.send("What is 6 + 7?");
    await app.answered();
    await expect(app.answers.last()).toContainText("13");
    expect(await rawText(app)).not.toMatch(readable);
  });

  test("what was asked for while it was locked is in the network ledger", async () => {
    await app.goto("#/trust");
    await expect.poll(() => rawText(app)).not.toContain("drop:");
    const view = app.page.getByRole("region", { name: "Network ledger" });
    await view.getByRole("combobox", { name: "Why" }).selectOption("the policy");
    // Once at the first visit, and at each of the starts since then.
    await expect(view.getByRole("status")).toContainText(/Entries: [3-9]/);
    expect(await rawText(app)).not.toMatch(readable);
  });

  test("the audit log says when it was opened and locked, and how many attempts failed", async () => {
    await app.goto("#/trust");
    const log = app.page.getByRole("region", { name: "Audit log" });
    await expect(log.getByRole("listitem").filter({ hasText: "Vault unlocked" })).toContainText(
      "by=passphrase failures=1",
    );
    await expect(log.getByRole("listitem").filter({ hasText: "Vault locked" })).toContainText("by=hand");
    await expect(log.getByRole("listitem").filter({ hasText: "Vault changed" })).toContainText("change=created");
    await log.getByRole("button", { name: "Check the log" }).click();
    await expect(log.getByRole("status")).toContainText("unbroken");
  });

  test("a second tab is opened by the first, and both are locked at once", async () => {
    const second = await app.tab("#/new");
    await expect(second.composer).toBeVisible();
    await lock(second);
    await expect(lockedHeading(app)).toBeVisible();
    await expect(lockedHeading(second)).toBeVisible();
    await unlock(second);
    await expect(second.composer).toBeVisible();
    await expect(lockedHeading(app)).toHaveCount(0);
    await second.page.close();
  });

  test("an answer that is being written when it is locked is gone on with afterwards", async () => {
    await app.newConversation();
    await app.send("Count from 1 to 100");
    await expect(app.answers.last()).toContainText("1 2 3");
    await lock(app);
    await expect(lockedHeading(app)).toBeVisible();
    await unlock(app);
    await expect(app.answers.last()).toContainText(numbers(1, 100), { timeout: 120_000 });
  });

  test("after a change of the passphrase the old one opens nothing", async () => {
    await app.goto("#/settings");
    await app.page.getByRole("button", { name: "Change the passphrase…" }).click();
    const dialog = app.page.getByRole("dialog");
    await dialog.getByLabel("Current passphrase").fill("wrong wrong wrong");
    await dialog.getByLabel("New passphrase").fill(other);
    await dialog.getByLabel("Repeat it").fill(other);
    await dialog.getByRole("button", { name: "Change the passphrase" }).click();
    await expect(dialog.getByText("This is not the passphrase")).toBeVisible();
    await dialog.getByLabel("Current passphrase").fill(passphrase);
    await dialog.getByRole("button", { name: "Change the passphrase" }).click();
    await expect(dialog).toHaveCount(0);
    await lock(app);
    await unlock(app, passphrase);
    await expect(app.page.getByText("This is not the passphrase")).toBeVisible();
    await unlock(app, other);
    await expect(app.page.getByRole("heading", { name: "Settings" })).toBeVisible();
  });

  test("a backup has everything, encrypted, and another device restores it with the passphrase", async () => {
    await app.goto("#/settings");
    const [download] = await Promise.all([
      app.page.waitForEvent("download"),
      app.page.getByRole("button", { name: "Make a backup" }).click(),
    ]);
    const path = await download.path();
    const device = await App.open();
    await device.goto("#/settings");
    await device.give("Restore a backup…", path);
    const dialog = device.page.getByRole("dialog");
    await dialog.getByLabel("Passphrase").fill(passphrase);
    await dialog.getByRole("button", { name: "Restore a backup" }).click();
    await expect(dialog.getByText("This is not the passphrase")).toBeVisible();
    await dialog.getByLabel("Passphrase").fill(other);
    await dialog.getByRole("button", { name: "Restore a backup" }).click();
    await expect(device.page.getByText(/^Conversations restored: \d/)).toBeVisible();
    await device.page
      .getByRole("navigation")
      .getByRole("button", { name: /My word is stone/ })
      .first()
      .click();
    await expect(device.questions.first()).toContainText("My word is stone.");
    // A second time nothing is there twice.
    const before = (await device.messages()).length;
    await device.goto("#/settings");
    await device.give("Restore a backup…", path);
    await dialog.getByLabel("Passphrase").fill(other);
    await dialog.getByRole("button", { name: "Restore a backup" }).click();
    await expect(dialog).toHaveCount(0);
    expect((await device.messages()).length).toBe(before);
    const damaged = join(mkdtempSync(join(tmpdir(), "islet-backup-")), "damaged.json");
    writeFileSync(damaged, '{"format":"islet-backup","version":1}');
    await device.give("Restore a backup…", damaged);
    await dialog.getByLabel("Passphrase").fill(other);
    await dialog.getByRole("button", { name: "Restore a backup" }).click();
    await expect(dialog.getByText("This file is not an Islet backup")).toBeVisible();
    await device.close();
  });

  test("without the passphrase again, everything lies readable and nothing is lost", async () => {
    await app.page.getByRole("button", { name: "Remove the passphrase…" }).click();
    await unlockToRemove(app);
    await expect(app.page.getByRole("button", { name: "Set a passphrase…" })).toBeVisible();
    const text = await rawText(app);
    for (const word of ["stone", "message:", "settings:", "generation"]) expect(text).toContain(word);
    expect(text).not.toContain("vault:1");
    await app.page.reload();
    await app.page
      .getByRole("navigation")
      .getByRole("button", { name: /My word is stone/ })
      .first()
      .click();
    await expect(app.questions.first()).toContainText("My word is stone.");
  });
});

async function unlockToRemove(app: App): Promise<void> {
  await field(app).fill(other);
  await app.page.getByRole("button", { name: "Decrypt everything" }).click();
}

for (const [code, texts] of Object.entries({ fr, ja, vi }))
  test(`its screens speak the person's language, on a phone and in the dark: ${code}`, async () => {
    const app = await App.open({
      locale: code,
      colorScheme: "dark",
      viewport: { width: 360, height: 740 },
      path: "#/vault",
    });
    const sound = async () => {
      expect(await app.accessibilityFaults()).toEqual([]);
      expect(await app.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    };
    await expect(app.page.getByRole("heading", { name: texts["vault.set"] })).toBeVisible();
    await expect(app.page.getByText(texts["vault.warning"])).toBeVisible();
    await sound();
    await field(app, texts["vault.new"]).fill(passphrase);
    await field(app, texts["vault.again"]).fill(passphrase);
    await app.page.getByRole("checkbox").check();
    await app.page.getByRole("button", { name: texts["vault.setNow"] }).click();
    await app.page.getByRole("button", { name: texts["vault.lock"] }).last().click();
    await expect(app.page.getByRole("heading", { name: texts["vault.locked"] })).toBeVisible();
    await sound();
    await field(app, texts["vault.passphrase"]).fill("wrong");
    await app.page.getByRole("button", { name: texts["vault.unlock"], exact: true }).click();
    await expect(app.page.getByText(texts["error.passphrase-wrong.title"])).toBeVisible();
    await sound();
    await app.close();
  });

test("whoever forgot the passphrase is told so, and can only erase everything and begin anew", async () => {
  const app = await App.open({ path: "#/vault" });
  await field(app, "New passphrase").fill(passphrase);
  await field(app, "Repeat it").fill(passphrase);
  await app.page.getByRole("checkbox").check();
  await app.page.getByRole("button", { name: "Encrypt everything" }).click();
  await lock(app);
  await app.page.getByText("Passphrase forgotten?").click();
  await expect(app.page.getByText("It cannot be recovered, and without it nothing here can be read.")).toBeVisible();
  await app.page.getByRole("button", { name: "Erase everything…" }).click();
  await app.page.getByRole("button", { name: "Erase everything now" }).click();
  await expect(app.page.getByText("Nothing is left. You can close this tab.")).toBeVisible();
  await app.page.goto("about:blank");
  await app.newConversation();
  await app.goto("#/settings");
  await expect(app.page.getByRole("button", { name: "Set a passphrase…" })).toBeVisible();
  await app.close();
});

test("it locks by itself when nobody works, in every tab, and not while an answer is written", async () => {
  const app = await App.open();
  await app.load();
  await setPassphrase(app);
  await app.page.getByRole("combobox", { name: /^Lock when idle/ }).selectOption("1");
  await app.page.clock.install();
  await app.page.reload();
  await unlock(app);
  await expect(app.page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await app.page.clock.runFor(50_000);
  await app.page.keyboard.press("Shift");
  await app.page.clock.runFor(50_000);
  await expect(lockedHeading(app)).toHaveCount(0);
  await app.page.clock.runFor(20_000);
  await expect(lockedHeading(app)).toBeVisible();
  await app.close();
});

test("a passkey opens it where the browser has one with PRF, until it is removed", async () => {
  // A passkey belongs to the name of a site, not to a number.
  const server = new TestServer("localhost");
  await server.start();
  const app = await App.open({ server });
  const devtools = await app.context.newCDPSession(app.page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await setPassphrase(app);
  await app.page.getByRole("button", { name: "Add a passkey…" }).click();
  const dialog = app.page.getByRole("dialog");
  await dialog.getByLabel("Passphrase").fill(passphrase);
  await dialog.getByRole("button", { name: "Add a passkey" }).click();
  await expect(dialog).toHaveCount(0);
  await lock(app);
  await app.page.getByRole("button", { name: "Unlock with a passkey" }).click();
  await expect(app.page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await app.page.getByRole("button", { name: "Remove passkeys (1)" }).click();
  await expect(app.page.getByRole("button", { name: "Remove passkeys (1)" })).toHaveCount(0);
  await lock(app);
  await expect(lockedHeading(app)).toBeVisible();
  await expect(app.page.getByRole("button", { name: "Unlock with a passkey" })).toHaveCount(0);
  await unlock(app);
  await expect(app.page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await app.close();
  await server.stop();
});

test("a policy can demand it before the first question, and says who does", async () => {
  const server = new TestServer();
  await server.start();
  server.fault = (path, _request, response) => {
    if (path !== "/policy.json") return false;
    const vault = { required: true, lockMinutes: 5 };
    const issuer = { name: "the clinic" };
    response.writeHead(200).end(JSON.stringify({ ...rules, vault, issuer }));
    return true;
  };
  const app = await App.open({ server });
  await expect(app.page.getByRole("heading", { name: "Set a passphrase" })).toBeVisible();
  await expect(app.page.getByText("Set by the clinic.")).toBeVisible();
  await expect(app.page.getByRole("button", { name: "Back" })).toHaveCount(0);
  await field(app, "New passphrase").fill(passphrase);
  await field(app, "Repeat it").fill(passphrase);
  await app.page.getByRole("checkbox").check();
  await app.page.getByRole("button", { name: "Encrypt everything" }).click();
  const idle = app.page.getByRole("combobox", { name: /^Lock when idle/ });
  await expect(idle).toHaveValue("5");
  await expect(idle.getByRole("option", { name: "never" })).toHaveCount(0);
  await expect(app.page.getByRole("button", { name: "Remove the passphrase…" })).toHaveCount(0);
  await app.close();
  await server.stop();
});
