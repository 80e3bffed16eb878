// With a vault, nothing that a person wrote or read is in the browser's whole profile folder afterwards: not in its databases, and not in
// what it keeps of tabs, forms, downloads and history.
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, test } from "playwright/test";
import { App } from "./app";

/** A word for each place where a person's words go; none is in any dictionary, nor begins like another. */
const words = {
  passphrase: "chumbelwick",
  title: "zorblatmine",
  question: "quivenhaste",
  answer: "brambulorix",
  asked: "pelnitrovas",
  draft: "fenwickzapo",
  edited: "tulvagornek",
  renamed: "glimdoverax",
  searched: "ostrablinkt",
  palette: "marnupeskil",
} as const;
type Place = keyof typeof words;

/** Milliseconds after which the browser has written what it keeps of a tab: some seconds. */
const SETTLING = 5_000;

function* filesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (entry.isFile()) yield path;
  }
}

/** Where planted words are, as "place: file". A compressor (LevelDB's Snappy) leaves the first of a word in a block as it is. */
function tracesIn(profile: string, places: readonly Place[] = Object.keys(words) as Place[]): string[] {
  const found = new Set<string>();
  for (const path of filesIn(profile)) {
    const bytes = readFileSync(path);
    for (const place of places)
      if (bytes.includes(words[place]) || bytes.includes(Buffer.from(words[place], "utf16le")))
        found.add(`${place}: ${relative(profile, path)}`);
  }
  return [...found].sort();
}

/** A conversation to import. The Japanese makes the browser store that text in another encoding. */
function conversation(): string {
  const file = join(mkdtempSync(join(tmpdir(), "islet-traces-")), "conversations.json");
  const message = (id: string, parentId: string | null, role: string, content: string) => ({
    ...{ id, parentId, role, content },
    ...{ createdAt: 1, status: "complete" },
  });
  const messages = [
    message("a", null, "user", `What is a ${words.question}?`),
    message("b", "a", "assistant", `日本語 ${words.answer}`),
  ];
  const about = { title: `On ${words.title}`, createdAt: 1, updatedAt: 1, leafId: "b" };
  writeFileSync(
    file,
    JSON.stringify({ format: "islet-conversations", version: 1, conversations: [{ conversation: about, messages }] }),
  );
  return file;
}

async function importAndOpen(app: App): Promise<void> {
  await app.goto("#/settings");
  await app.give("Import conversations", conversation());
  await app.page
    .getByRole("navigation")
    .getByRole("button", { name: new RegExp(`On ${words.title}`) })
    .first()
    .click();
  await expect(app.answers.last()).toContainText(words.answer);
}

test("the search finds what lies there without a vault", async () => {
  const app = await App.open({ withoutGpu: true });
  await importAndOpen(app);
  await expect(app.page).toHaveTitle(new RegExp(words.title));
  await app.page.waitForTimeout(SETTLING);
  await app.close();
  const traces = tracesIn(app.profile);
  for (const place of ["title", "question", "answer"] as const)
    expect(traces.some((trace) => trace.startsWith(place))).toBe(true);
});

test("with a vault no word of a person is in the browser's folder, after it was locked and after the browser ended", async () => {
  const app = await App.open({ path: "#/vault" });
  const { page } = app;
  await page.getByLabel("New passphrase", { exact: true }).fill(`harbor ${words.passphrase}`);
  await page.getByLabel("Repeat it", { exact: true }).fill(`harbor ${words.passphrase}`);
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Encrypt everything" }).click();
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await app.load();
  await app.send(`What is a ${words.asked}?`);
  await expect(app.answers.last()).toHaveAttribute("data-status", /complete|length/);
  await importAndOpen(app);
  await expect(page).toHaveTitle("Islet");

  // A file's name is in the browser's history of downloads.
  const actions = () => page.getByRole("button", { name: new RegExp(`Actions.*${words.title}`) });
  await actions().click();
  const saving = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Export as Markdown" }).click();
  expect((await saving).suggestedFilename()).toMatch(/^islet-conversation-\d{4}-\d\d-\d\d\.md$/);

  // What is being written is kept by browsers for the case that they end.
  await actions().click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("dialog").getByRole("textbox").fill(words.renamed);
  await page.waitForTimeout(SETTLING);
  await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
  await app.questions.first().getByRole("button", { name: "Edit" }).click();
  await app.questions.first().getByRole("textbox").fill(words.edited);
  await app.composer.fill(words.draft);
  await page.getByRole("searchbox").fill(words.searched);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Commands" }).fill(words.palette);
  await page.waitForTimeout(SETTLING);
  await page.keyboard.press("Escape");
  await page.getByRole("navigation").getByRole("button", { name: "Lock now" }).click();
  await expect(page.getByRole("heading", { name: "Islet is locked" })).toBeVisible();
  await page.waitForTimeout(SETTLING);
  await app.close();
  expect(tracesIn(app.profile)).toEqual([]);
});
