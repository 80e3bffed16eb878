// Which model is in memory: switching within a conversation, two at once where memory allows, rest when idle, the last one at the start.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { App, models } from "./app";

/** Brings a second model: the small test model under another name. */
async function bringSecond(app: App): Promise<void> {
  const folder = join(mkdtempSync(join(tmpdir(), "islet-second-")), "second");
  cpSync(`public/models/${models.tiny.id}/resolve/main`, folder, { recursive: true });
  rmSync(join(folder, "islet-model.json"));
  await app.goto("#/models");
  await app.page.getByText("Bring your own").click();
  await app.give("Import a folder", folder);
  await expect(app.entry("second").getByText("On this device")).toBeVisible();
}

const engines = (app: App) => app.page.workers().filter((w) => w.url().includes("/engine-worker"));
const picker = (app: App) => app.page.getByRole("button", { name: /^Model that answers/ });
async function pick(app: App, name: string): Promise<void> {
  await picker(app).click();
  await app.page.getByRole("menuitem", { name, exact: true }).click();
}

test("the model can be switched within a conversation; both stay in memory, and each answer says who wrote it", async () => {
  const app = await App.open();
  await app.load();
  await bringSecond(app);
  await app.newConversation();
  await app.ask("My word is stone.");
  await pick(app, "second");
  await expect(picker(app)).toHaveText("second");
  expect(await app.ask("What is my word?")).toBe("stone");
  const [first, second] = (await app.messages()).filter((m) => m.role === "assistant");
  expect([first!.modelId, second!.modelId]).toEqual([models.tiny.id, "second"]);
  await expect(app.answers.first()).toContainText("Islet Tiny");
  await expect(app.answers.last()).toContainText("second");
  expect(engines(app)).toHaveLength(2);
  await app.goto("#/models");
  await expect(app.card("tiny").getByText("In memory")).toBeVisible();
  await app.page.goBack();

  // Back to the first without loading it again: its engine has been there all the time.
  const shown = app.page.evaluate(
    () =>
      new Promise<boolean>((resolve) => {
        let loading = false;
        const observer = new MutationObserver(() => (loading ||= document.querySelector("section.loading") !== null));
        observer.observe(document.body, { childList: true, subtree: true });
        setTimeout(() => {
          observer.disconnect();
          resolve(loading);
        }, 1000);
      }),
  );
  await pick(app, models.tiny.name);
  await shown;
  expect(engines(app)).toHaveLength(2);
  expect(await app.ask("What is 1 + 5?")).toBe("6");
  await app.close();
});

test("where memory does not allow two, the one before makes room", async () => {
  const app = await App.open();
  // Room for either of the two, in bytes: 0.75 * 0.015 GiB.
  await app.context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "deviceMemory", { get: () => 0.015 });
  });
  await app.page.reload();
  await app.load();
  await bringSecond(app);
  await app.entry("second").getByRole("button", { name: "Start" }).click();
  await expect(app.entry("second").getByText("Running")).toBeVisible();
  await expect(app.card("tiny").getByText("On this device")).toBeVisible();
  expect(engines(app)).toHaveLength(1);
  await app.newConversation();
  expect(await app.ask("What is 2 + 3?")).toBe("5");
  await pick(app, models.tiny.name);
  expect(await app.ask("What is 3 + 3?")).toBe("6");
  expect(engines(app)).toHaveLength(1);
  await app.close();
});

test("a model that nobody asks rests after the set time, and the next question wakes it", async () => {
  const app = await App.open();
  await app.page.clock.install();
  await app.page.reload();
  await app.load();
  expect(await app.ask("What is 2 + 3?")).toBe("5");
  await app.page.clock.fastForward("29:00");
  await expect(app.page.getByText("resting; the next question wakes it")).toHaveCount(0);
  await app.page.clock.fastForward("02:00");
  await expect(app.page.getByText("resting; the next question wakes it")).toBeVisible();
  expect(await app.ask("What is 4 + 3?")).toBe("7");
  await expect(app.page.getByText("resting; the next question wakes it")).toHaveCount(0);
  await app.goto("#/settings");
  await app.page.getByRole("combobox", { name: "Unload the model when idle" }).selectOption({ label: "Never" });
  await app.page.clock.fastForward("10:00:00");
  await app.newConversation();
  await expect(app.page.getByText("resting; the next question wakes it")).toHaveCount(0);
  await app.close();
});
