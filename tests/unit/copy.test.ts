// What a person hears of copying: that it was done, or that the browser refused it and what to do then.
import { mount, unmount } from "svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { t } from "../../src/i18n/i18n.svelte";
import { copyText } from "../../src/platform/clipboard";
import CopyButton from "../../src/ui/CopyButton.svelte";

let shown: object | undefined;
afterEach(async () => {
  if (shown) await unmount(shown);
  shown = undefined;
  vi.unstubAllGlobals();
});

const refuse = () => Promise.reject(new DOMException("Write permission denied.", "NotAllowedError"));
/** What stands in the place of the clipboard; undefined on a page over plain HTTP. */
const clipboards: [string, { writeText(text: string): Promise<void> } | undefined][] = [
  ["refuses", { writeText: refuse }],
  ["is not there", undefined],
];

async function press(clipboard: object | undefined) {
  vi.stubGlobal("navigator", { ...navigator, clipboard });
  shown = mount(CopyButton, { target: document.body, props: { text: () => "text", label: "Copy" } });
  const button = document.querySelector("button")!;
  button.click();
  const status = document.querySelector("[role=status]")!;
  await vi.waitFor(() => expect(status.textContent.trim()).not.toBe(""));
  return { button, status };
}

describe.each(clipboards)("a clipboard that %s", (_, clipboard) => {
  test("is an error with a remedy of its own", async () => {
    vi.stubGlobal("navigator", { ...navigator, clipboard });
    await expect(copyText("text")).rejects.toMatchObject({ code: "copy-refused", remedy: "none" });
  });

  test("is told at the button, to be seen and heard, for as long as nothing is copied", async () => {
    const { button, status } = await press(clipboard);
    expect(status.className).toContain("refused");
    expect(status.textContent).toContain(t("error.copy-refused.title"));
    expect(status.textContent).toContain(t("error.copy-refused.remedy"));
    expect(button.getAttribute("aria-label")).toBe("Copy");
  });
});

test("a clipboard that takes the text is told at the button", async () => {
  const writeText = vi.fn(async () => {});
  const { button, status } = await press({ writeText });
  expect(writeText).toHaveBeenCalledWith("text");
  expect(status.textContent.trim()).toBe(t("chat.copied"));
  expect(button.getAttribute("aria-label")).toBe(t("chat.copied"));
});

test("no other place writes to the clipboard", async () => {
  const sources = import.meta.glob("../../src/**/*.{ts,svelte}", { query: "?raw", import: "default", eager: true });
  const writers = Object.entries(sources).filter(([, text]) => /clipboard\s*\.\s*write|execCommand/.test(String(text)));
  expect(writers.map(([path]) => path)).toEqual(["../../src/platform/clipboard.ts"]);
});
