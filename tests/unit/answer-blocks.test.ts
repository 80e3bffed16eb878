// Blocks of an answer as they are on the page: lists that were cut, references and footnotes across blocks, boxes of tasks, code wherever it stands.
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import Markdown from "../../src/chat/markdown/Markdown.svelte";
import { language, setLanguage } from "../../src/i18n/i18n.svelte";
import { fieldCases } from "./markdown-cases";

let page: HTMLElement;
let shown: object | undefined;
const links: string[] = [];
beforeEach(() => {
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => setTimeout(run, 0));
  page = document.body.appendChild(document.createElement("main"));
});
afterEach(async () => {
  if (shown) await unmount(shown);
  shown = undefined;
  page.remove();
  vi.unstubAllGlobals();
});

async function show(text: string, more: { growing?: boolean; breaks?: boolean } = {}) {
  shown = mount(Markdown, { target: page, props: { text, onLink: (url: string) => links.push(url), ...more } });
  for (let i = 0; i < 20; i++) await new Promise((done) => setTimeout(done, 2));
  await tick();
}
const all = (selector: string) => [...page.querySelectorAll<HTMLElement>(selector)];
const enter = (element: HTMLElement) =>
  element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));

describe("an answer on the page", () => {
  test("a long list of which each item says 1 counts on, in as few lists as it is cut into", async () => {
    await show(fieldCases["a long list that begins with 1 each time"]!);
    const lists = all("ol") as HTMLOListElement[];
    expect(lists.length).toBeLessThan(4);
    const numbers = lists.flatMap((list) => [...list.children].map((_, i) => list.start + i));
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(all("li > p")).toEqual([]);
  });

  test("is loose throughout where its last items are", async () => {
    await show(fieldCases["a long list with space at its end"]!);
    expect(all("li")).toHaveLength(41);
    expect(all("li > p")).toHaveLength(41);
  });

  test("a reference leads where its definition says, blocks later, and is a word without one", async () => {
    await show(`${fieldCases.references}\n\nSee [no docs][2].`);
    expect(all("a[data-url]").map((a) => [a.textContent, a.dataset["url"]])).toEqual([
      ["the docs", "https://example.com/docs"],
    ]);
    expect(page.textContent).toContain("See [no docs][2].");
    expect(page.textContent).not.toContain("[1]:");
  });

  test("a footnote is a link to its note, and its note one back to where it was named, by keyboard", async () => {
    await show("Claim[^b], and[^a].\n\nAgain[^b], but[^none].\n\n[^b]: The **source**.\n[^a]: Other.\n\n    More.\n");
    const named = all("sup a");
    expect(named.map((a) => a.textContent)).toEqual(["1", "2", "1"]);
    expect(all("ol > li strong").map((e) => e.textContent)).toEqual(["source"]);
    expect((all("ol") as HTMLOListElement[]).map(({ start }) => start)).toEqual([1, 2]);
    expect(all("ol li p").map((p) => p.textContent)).toContain("More.");
    for (const link of all("a[data-mark]")) expect([link.tabIndex, link.getAttribute("role")]).toEqual([0, "link"]);
    expect(named[0]!.getAttribute("aria-label")).toBe("Footnote 1");
    expect(page.textContent).toContain("but[^none].");
    Element.prototype.scrollIntoView ??= () => {};
    const scrolled = vi.spyOn(Element.prototype, "scrollIntoView").mockImplementation(() => {});
    enter(named[2]!);
    const back = all("ol a")[0]!;
    expect(document.activeElement).toBe(back);
    enter(back);
    expect(document.activeElement).toBe(named[2]);
    enter(all("ol a")[1]!);
    expect(document.activeElement).toBe(named[1]);
    expect(scrolled).toHaveBeenCalledTimes(3);
    expect(all("[id]")).toEqual([]);
  });

  test("boxes of tasks are told apart, and say what they are in the person's language", async () => {
    const before = language();
    setLanguage("fr");
    await show("- [x] done\n- [ ] todo\n");
    setLanguage(before);
    const boxes = all("li > input[type=checkbox]") as HTMLInputElement[];
    expect(boxes.map((box) => [box.checked, box.disabled])).toEqual([
      [true, true],
      [false, true],
    ]);
    await tick();
    expect((all("input") as HTMLInputElement[]).map((box) => box.getAttribute("aria-label"))).toEqual([
      "Done",
      "To do",
    ]);
    expect(all("li").map((li) => li.textContent.trim())).toEqual(["done", "todo"]);
  });

  test("each in its first line, where there is space between them", async () => {
    await show("- [x] done\n\n- [ ] todo\n");
    expect(all("li > p > input")).toHaveLength(2);
  });

  test("what stands between <details> and its end is in it", async () => {
    await show(fieldCases.details!);
    const [details] = all("details");
    expect(details!.querySelector("summary")!.textContent).toBe("More");
    expect(details!.textContent).toContain("Hidden text.");
    expect(details!.querySelector("pre")).not.toBeNull();
    expect(details!.textContent).not.toContain("after");
    expect(page.textContent).toContain("after");
  });

  test("code in a list, a quotation and HTML is framed like any other, and can be copied and reached", async () => {
    const writeText = vi.fn(async () => {});
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
    await show(
      "1. Do\n\n   ```python\n   def f():\n       pass\n   ```\n\n> ```\n> quoted\n> ```\n\n    indented\n\n<pre>raw</pre>",
    );
    expect(all("figure figcaption span:first-child").map((e) => e.textContent)).toEqual([
      "python",
      "code",
      "code",
      "code",
    ]);
    expect(all("li .hljs-keyword").map((e) => e.textContent)).toContain("def");
    for (const pre of all("pre")) expect(pre.tabIndex).toBe(0);
    all("figure button").forEach((button) => button.click());
    expect(writeText.mock.calls.flat()).toEqual(["def f():\n    pass", "quoted", "indented", "raw"]);
  });

  test("a table is as its marks say, and can be reached to be scrolled", async () => {
    await show("| item | centre | price |\n|:--|:-:|--:|\n| a | b | 10 |\n");
    expect(all("td").map((cell) => cell.getAttribute("align"))).toEqual(["left", "center", "right"]);
    expect(all("[role=group][tabindex='0'] table")).toHaveLength(1);
  });

  test("single ends of lines are shown where a person chose that", async () => {
    await show("one\ntwo", { breaks: true });
    expect(all("br")).toHaveLength(1);
  });

  test("and are spaces otherwise", async () => {
    await show("one\ntwo");
    expect(all("br")).toHaveLength(0);
  });

  test("what came last of a long paragraph is laid out when no more comes", async () => {
    await show(`${"word ".repeat(1000)}**bold**`);
    expect(all("strong")).toHaveLength(1);
  });
});
