// The command palette: every action of the app is in it, found by words, run by keyboard, shown with its shortcut.
import { expect, test, type Page } from "playwright/test";
import { App, shareApp } from "./app";

let app: App;
shareApp((opened) => (app = opened));
const palette = () => app.page.getByRole("dialog", { name: "Commands" });
const options = () => palette().getByRole("option");

async function openPalette(): Promise<void> {
  await app.page.keyboard.press("Control+k");
  await expect(palette()).toBeVisible();
}

test("opens by Ctrl K and by its button, finds by words in any order, and runs by Enter", async () => {
  await app.goto("#/new");
  await openPalette();
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.page.keyboard.press("Escape");
  await expect(palette()).toHaveCount(0);
  await app.page.getByRole("button", { name: /^Commands/ }).click();
  await app.page.keyboard.type("francais langu");
  await expect(options()).toHaveText(["Language: Français"]);
  await app.page.keyboard.press("Enter");
  await expect(palette()).toHaveCount(0);
  await expect(app.page.locator("html")).toHaveAttribute("lang", "fr");
  await app.page.keyboard.press("Control+k");
  await app.page.keyboard.type("langue english");
  await app.page.keyboard.press("Enter");
  await expect(app.page.locator("html")).toHaveAttribute("lang", "en");
  await openPalette();
  await app.page.keyboard.type("no such thing");
  await expect(palette().getByText("No action matches these words.")).toBeVisible();
  await app.page.keyboard.press("Escape");
});

test("moves by arrow keys, and says to a screen reader where it is", async () => {
  await app.goto("#/new");
  await openPalette();
  await expect(options().first()).toHaveAttribute("aria-selected", "true");
  await app.page.keyboard.press("ArrowDown");
  await expect(options().nth(1)).toHaveAttribute("aria-selected", "true");
  const id = await options().nth(1).getAttribute("id");
  await expect(app.page.getByRole("combobox")).toHaveAttribute("aria-activedescendant", id!);
  await app.page.keyboard.press("ArrowUp");
  await app.page.keyboard.press("ArrowUp");
  await expect(options().last()).toHaveAttribute("aria-selected", "true");
  await app.page.keyboard.press("Escape");
});

test("shortcuts do what the palette says they do", async () => {
  await app.goto("#/new");
  const { page } = app;
  for (const [keys, screen] of [
    ["Alt+m", "Models"],
    ["Alt+s", "Storage"],
    ["Alt+t", "Trust"],
    ["Alt+p", "Settings"],
  ] as const) {
    await page.keyboard.press(keys);
    await expect(page.getByRole("heading", { name: screen, level: 1 })).toBeVisible();
  }
  await page.keyboard.press("Alt+n");
  await expect(app.composer).toBeFocused();
  await app.send("Count from 1 to 100");
  await expect(app.answers.last()).toContainText("5 6 7");
  await page.keyboard.press("Escape");
  await app.answered();
  expect((await app.messages()).at(-1)!.status).toBe("stopped");
  await page.keyboard.press("Alt+c");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe((await app.messages()).at(-1)!.content);
  await page.keyboard.press("Alt+e");
  await expect(page.getByRole("textbox", { name: "Edit" })).toHaveValue("Count from 1 to 100");
  await page.getByRole("textbox", { name: "Edit" }).fill("What is 3 + 3?");
  await page.getByRole("button", { name: "Send the change" }).click();
  await expect(app.answers.last()).toContainText(/^\s*6\s/);
  await app.answered();
  await page.keyboard.press("Alt+r");
  await expect(app.answers.last()).toContainText("2 of 2");
  await app.answered();
  const search = page.getByRole("searchbox", { name: "Search conversations" });
  await page.keyboard.press("Alt+f");
  await expect(search).toBeFocused();
  // On a phone it is in the menu, which opens.
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: 400, height: 700 });
  await expect(search).toBeHidden();
  await page.keyboard.press("Alt+f");
  await expect(search).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(search).toBeHidden();
  await page.setViewportSize(size);
});

test("a command does what a button of another screen does, and not only shows that screen", async () => {
  const { page } = app;
  const run = async (label: string) => {
    await openPalette();
    await page.keyboard.type(label);
    await expect(options().first()).toHaveText(label);
    await page.keyboard.press("Enter");
  };
  await app.goto("#/new");
  await run("Check the log");
  await expect(page.getByRole("region", { name: "Audit log" }).getByRole("status")).toContainText(/unbroken/i);
  await run("Add a model from an address");
  await expect(page.getByLabel("Hugging Face repository or address")).toBeVisible();
  await run("Free space");
  await expect(page.getByRole("dialog", { name: "Free space" })).toBeVisible();
  await page.keyboard.press("Escape");
  await run("Delete the network ledger…");
  await expect(page.getByRole("dialog", { name: "Delete the network ledger" })).toBeVisible();
  await page.keyboard.press("Escape");
  // Also one that waits until what it takes along was read.
  const [download] = await Promise.all([page.waitForEvent("download"), run("Export these entries")]);
  expect(download.suggestedFilename()).toMatch(/network/);
  // Once: whoever comes back to the screen finds it as it is.
  await app.goto("#/new");
  await app.goto("#/storage");
  await expect(page.getByRole("heading", { name: "Storage", level: 1 })).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

/** Names of all buttons that are shown. */
const buttons = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, [role=menuitem]")]
      .filter((b) => b.checkVisibility() && !(b as HTMLButtonElement).disabled && b.closest("[inert]") === null)
      .map((b) => (b.getAttribute("aria-label") ?? b.textContent).trim()),
  );

test("every button of every screen has its action in the palette", async () => {
  const { page } = app;
  // Ways to what the palette lists one by one, or to what a person must look at first.
  const ways = [
    /^Actions for/,
    /^Commands/,
    /^Model that answers/,
    "Choose a model",
    "Copy",
    "Copied",
    "Edit",
    "Send",
    "Read the licence",
    "Where the weights come from",
    "All models…",
    "Show older entries",
    "Previous version",
    "Next version",
    "Add",
  ];
  const shown = new Set<string>();
  const listed = new Set<string>();
  const look = async () => {
    for (const name of await buttons(page)) shown.add(name);
    await openPalette();
    for (const text of await options().allTextContents()) listed.add(text);
    await page.keyboard.press("Escape");
    await expect(palette()).toHaveCount(0);
  };
  await app.newConversation();
  await app.ask("What is 1 + 1?");
  await look();
  await page
    .getByRole("button", { name: /^Actions for/ })
    .first()
    .click();
  for (const name of await buttons(page)) shown.add(name);
  await page.keyboard.press("Escape");
  await app.goto("#/models");
  await page.getByText("Bring your own").click();
  await look();
  for (const screen of ["storage", "trust", "settings"]) {
    await app.goto(`#/${screen}`);
    await look();
  }
  const titles = new Set(await page.locator("nav li .title").allTextContents());
  const lacking = [...shown].filter(
    (name) =>
      !ways.some((way) => (typeof way === "string" ? way === name : way.test(name))) &&
      ![...titles].some((title) => name.startsWith(title)) &&
      // What only shows a screen is called so.
      ![...listed].some((label) =>
        [name, `Open: ${name}`].some((one) => label.startsWith(one.replace(/ \(.*\)$|…$/, ""))),
      ),
  );
  expect(shown.size).toBeGreaterThan(20);
  expect(lacking).toEqual([]);
});
