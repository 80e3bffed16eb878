// What becomes of files that a person lets fall on the page: it stays, and says what Islet can do with them.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { answerDrop } from "../../src/app/dropped";
import type { ConversationActions } from "../../src/chat/conversation-actions.svelte";
import { t } from "../../src/i18n/i18n.svelte";
import type { ModelActions } from "../../src/models/model-actions.svelte";
import { keepPage } from "../../src/platform/keep-page";
import { Notices } from "../../src/ui/notices.svelte";

keepPage();

interface Given {
  files?: string[];
  folder?: boolean;
  types?: string[];
}

/** A drag, as a browser tells of it; jsdom has none. */
function drag(
  type: "dragover" | "drop",
  { files = [], folder = false, types }: Given,
  target: Element = document.body,
) {
  const event = new Event(type, { bubbles: true, cancelable: true }) as DragEvent;
  const given = files.map((name) => new File(["{}"], name));
  const dataTransfer = {
    types: types ?? (files.length > 0 ? ["Files"] : ["text/plain"]),
    files: given,
    items: given.map((file) => ({
      webkitGetAsEntry: () => ({
        isDirectory: folder,
        isFile: !folder,
        fullPath: `/${file.name}`,
        file: (take: (file: File) => void) => take(file),
        createReader: () => ({ readEntries: (take: (entries: unknown[]) => void) => take([]) }),
      }),
      getAsFile: () => file,
    })),
  };
  Object.defineProperty(event, "dataTransfer", { value: dataTransfer });
  target.dispatchEvent(event);
  return event;
}

describe("the page stays", () => {
  afterEach(() => document.body.replaceChildren());

  test.each<[string, Given, "field" | "page", boolean]>([
    ["a file", { files: ["a.txt"] }, "page", true],
    ["a file over a field", { files: ["a.txt"] }, "field", true],
    ["an address", { types: ["text/uri-list", "text/plain"] }, "page", true],
    ["an address over a field, which takes it as text", { types: ["text/uri-list", "text/plain"] }, "field", false],
    ["text", { types: ["text/plain"] }, "page", false],
    ["text over a field", { types: ["text/plain"] }, "field", false],
  ])("%s", (_, given, where, refused) => {
    const target = document.body.appendChild(document.createElement(where === "field" ? "textarea" : "p"));
    for (const type of ["dragover", "drop"] as const) expect(drag(type, given, target).defaultPrevented).toBe(refused);
  });
});

describe("what is said", () => {
  const importFile = vi.fn(async () => {});
  const take = vi.fn(async () => {});
  const toModels = vi.fn();
  let notices: Notices;
  beforeEach(() => {
    vi.clearAllMocks();
    notices = new Notices();
  });
  const answer = (given: Given) => {
    const event = drag("drop", given);
    answerDrop(event, {
      actions: { importFile } as unknown as ConversationActions,
      modelActions: { take } as unknown as ModelActions,
      notices,
      toModels,
    });
    return event;
  };

  test.each<[string, Given, "drop.model" | "drop.conversations" | "drop.other", string]>([
    ["a document", { files: ["report.pdf"] }, "drop.other", "report.pdf"],
    ["a picture", { files: ["photo.png"] }, "drop.other", "photo.png"],
    ["several exports", { files: ["a.json", "b.json"] }, "drop.other", "a.json"],
    ["an export", { files: ["islet.JSON"] }, "drop.conversations", "islet.JSON"],
    ["a folder", { files: ["My model"], folder: true }, "drop.model", "My model"],
    ["a zip", { files: ["model.zip"] }, "drop.model", "model.zip"],
    ["files of a model", { files: ["mlc-chat-config.json", "params_shard_0.bin"] }, "drop.model", "params_shard_0.bin"],
    ["a model of another form", { files: ["llama.gguf"] }, "drop.model", "llama.gguf"],
  ])("of %s", (_, given, key, name) => {
    answer(given);
    expect(notices.list).toHaveLength(1);
    const text = notices.list[0]!.text();
    expect(text).toContain(t(key, { names: "" }).replace(/^\W+/, ""));
    expect(text).toContain(name);
    expect(notices.list[0]!.action !== undefined).toBe(key !== "drop.other");
    // Nothing is taken before a person says so.
    expect(importFile).not.toHaveBeenCalled();
    expect(take).not.toHaveBeenCalled();
  });

  test("names few of many files", () => {
    answer({ files: Array.from({ length: 200 }, (_, i) => `page ${i}.txt`) });
    const text = notices.list[0]!.text();
    expect(text).toContain("page 2.txt…");
    expect(text).not.toContain("page 3.txt");
  });

  test("of text that is dropped is nothing", () => {
    answer({ types: ["text/plain"] });
    expect(notices.list).toEqual([]);
  });

  test("offers to take the conversations of a file", () => {
    const { dataTransfer } = answer({ files: ["islet.json"] });
    notices.list[0]!.action!.run();
    expect(importFile).toHaveBeenCalledWith(dataTransfer!.files[0]);
  });

  test("offers to take a model, and shows where that goes on", async () => {
    answer({ files: ["model.zip"] });
    notices.list[0]!.action!.run();
    expect(toModels).toHaveBeenCalled();
    await vi.waitFor(() => expect(take).toHaveBeenCalledWith([expect.objectContaining({ path: "model.zip" })]));
  });
});
