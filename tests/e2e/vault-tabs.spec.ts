// Two tabs that change the encryption at the same moment, each without knowing of the other: one does it, the other changes nothing.
import { expect, test } from "playwright/test";
import { App, conversationsFile } from "./app";

const words = ["harbor candle window seven", "another four words to keep"] as const;
const heading = (app: App, name: string) => app.page.getByRole("heading", { name });

/** In a tab that is locked. */
async function unlock(app: App, passphrase: string): Promise<void> {
  await app.page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await app.page.getByRole("button", { name: "Unlock", exact: true }).click();
}

test("two tabs that set a passphrase, then two that remove it, lose nothing", async () => {
  const one = await App.open({ path: "#/settings" });
  const conversation = { title: "What must stay", createdAt: 1, updatedAt: 1, leafId: null };
  await one.give("Import conversations", conversationsFile([{ conversation, messages: [] }]));
  const listed = (app: App) => app.page.getByRole("navigation").getByText("What must stay");
  await expect(listed(one)).toBeVisible();
  await one.page.goto("about:blank");
  await one.goto("#/vault");
  const two = await one.tab("#/vault");
  const tabs = [one, two] as const;
  for (const [i, tab] of tabs.entries()) {
    await tab.page.getByLabel("New passphrase", { exact: true }).fill(words[i]!);
    await tab.page.getByLabel("Repeat it", { exact: true }).fill(words[i]!);
    await tab.page.getByRole("checkbox").check();
  }
  // A browser draws nothing in a tab behind another one, which a click would wait for.
  await Promise.all(
    tabs.map((tab) => tab.page.getByRole("button", { name: "Encrypt everything" }).dispatchEvent("click")),
  );
  /** Which tab says that it was too late; -1 while none does. */
  const refused = async () => {
    const seen = tabs.map((tab) =>
      tab.page.getByText("Another tab changed the passphrase or the encryption").isVisible(),
    );
    return (await Promise.all(seen)).indexOf(true);
  };
  await expect.poll(refused).toBeGreaterThanOrEqual(0);
  const first = 1 - (await refused());
  // The late one may still have asked it to let go of the records, which locks it.
  await expect(tabs[first]!.page.getByRole("heading", { name: /^(Settings|Islet is locked)$/ })).toBeVisible();
  // Both tabs anew, with the passphrase of the one that was faster.
  await tabs[1 - first]!.page.goto("about:blank");
  await tabs[first]!.page.reload();
  await expect(heading(tabs[first]!, "Islet is locked")).toBeVisible();
  await unlock(tabs[first]!, words[1 - first]!);
  await expect(tabs[first]!.page.getByText("This is not the passphrase")).toBeVisible();
  await unlock(tabs[first]!, words[first]!);
  await expect(listed(tabs[first]!)).toBeVisible();

  for (const tab of tabs) {
    await tab.page.goto("about:blank");
    await tab.goto("#/vault");
    await tab.page.getByLabel("Passphrase", { exact: true }).fill(words[first]!);
  }
  // A browser draws nothing in a tab behind another one, which a click would wait for.
  await Promise.all(
    tabs.map((tab) => tab.page.getByRole("button", { name: "Decrypt everything" }).dispatchEvent("click")),
  );
  await expect.poll(refused).toBeGreaterThanOrEqual(0);
  for (const tab of tabs) {
    await tab.page.goto("about:blank");
    await tab.goto("#/settings");
    await expect(listed(tab)).toBeVisible();
  }
  await one.close();
});
