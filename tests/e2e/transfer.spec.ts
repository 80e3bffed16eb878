// Models by hand: out to a zip or a folder, in from a zip, a folder or dropped files, with no network; and hostile packages.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { App, models, numbers, shareApp } from "./app";
import { TestServer } from "./server";

const source = `public/models/${models.tiny.id}/resolve/main`;

/** A copy of the small test model in a folder of this name; `alter` may change it. */
function folderOf(name: string, alter: (path: string) => void = () => {}): string {
  const folder = join(mkdtempSync(join(tmpdir(), "islet-usb-")), name);
  cpSync(source, folder, { recursive: true });
  alter(folder);
  return folder;
}

async function openOwn(app: App): Promise<void> {
  await app.goto("#/models");
  const folder = app.page.getByRole("button", { name: "Import a folder" });
  if (!(await folder.isVisible())) await app.page.getByText("Bring your own").click();
}

test("export, wipe the profile, import, answer: with the network gone", async () => {
  const server = new TestServer();
  await server.start();
  const first = await App.open({ server });
  await first.load();
  await first.goto("#/storage");
  const saving = first.page.waitForEvent("download");
  await first.page.getByRole("button", { name: "Export as a zip" }).click();
  const zip = join(mkdtempSync(join(tmpdir(), "islet-usb-")), (await saving).suggestedFilename());
  await (await saving).saveAs(zip);
  expect(zip).toMatch(/islet-tiny\.zip$/);
  await first.close();

  const second = await App.open({ server });
  await second.page.evaluate(() => navigator.serviceWorker.ready);
  server.requests = [];
  await server.stop();
  await second.context.setOffline(true);
  await second.page.reload();
  await openOwn(second);
  await second.give("Import files or a zip", zip);
  await expect(second.page.getByText("Islet Tiny is on this device.")).toBeVisible();
  await second.card("tiny").getByText("More about Islet Tiny").click();
  await expect(second.card("tiny")).toContainText("All 5 files match the hashes published with this version of Islet");
  await second.load();
  expect(await second.ask("Count from 1 to 40")).toBe(numbers(1, 40));
  expect(server.requests).toEqual([]);
  await second.close();
});

test.describe("on one device", () => {
  let app: App;
  shareApp((opened) => (app = opened), App.open);
  test.beforeEach(() => openOwn(app));
  const shows = (text: string) => expect(app.page.getByRole("alert")).toContainText(text);
  const dismiss = () => app.page.getByRole("button", { name: "Dismiss" }).click();

  test("a folder with a model of the catalogue is held to its published hashes", async () => {
    const wrong = folderOf(models.tiny.id, (path) => {
      const shard = readFileSync(join(path, "params_shard_0.bin"));
      shard[500]! ^= 1;
      writeFileSync(join(path, "params_shard_0.bin"), shard);
      // The package's own hashes are no proof: whoever changed a file can change them too.
      rmSync(join(path, "islet-model.json"));
    });
    await app.give("Import a folder", wrong);
    await shows("These files are not a complete model");
    await app.page.getByText("Technical detail", { exact: true }).click();
    await shows("params_shard_0.bin is not the file that was published");
    await dismiss();
    await expect(app.card("tiny").getByText("On this device")).toHaveCount(0);
    await app.give("Import a folder", folderOf(models.tiny.id));
    await expect(app.card("tiny").getByText("On this device")).toBeVisible();
  });

  test("a folder with another model is offered as one's own, answers, and can be removed", async () => {
    const folder = folderOf("Our model (2)", (path) => rmSync(join(path, "islet-model.json")));
    await app.give("Import a folder", folder);
    const own = app.entry("Our-model-2");
    await expect(own.getByText("On this device")).toBeVisible();
    await own.getByRole("button", { name: "Start" }).click();
    await expect(own.getByText("Running")).toBeVisible();
    await app.newConversation();
    expect(await app.ask("What is 4 + 4?")).toBe("8");
    await openOwn(app);
    await app.give("Import a folder", folder);
    await shows("There is already a model with this name");
    await dismiss();
    await own.getByRole("button", { name: "Remove from this device" }).click();
    await expect(own).toHaveCount(0);
  });

  test("dropped files are taken too", async () => {
    const names = ["mlc-chat-config.json", "tensor-cache.json", "tokenizer.json", "params_shard_0.bin", "library.wasm"];
    const files = names.map((name) => ({ name, base64: readFileSync(join(source, name)).toString("base64") }));
    const transfer = await app.page.evaluateHandle((given) => {
      const data = new DataTransfer();
      for (const { name, base64 } of given)
        data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
      return data;
    }, files);
    await app.page.getByRole("group", { name: /^Drop a model here/ }).dispatchEvent("drop", { dataTransfer: transfer });
    const own = app.entry("mlc-chat-config.json");
    await expect(own.getByText("On this device")).toBeVisible();
    await own.getByRole("button", { name: "Remove from this device" }).click();
    await expect(own).toHaveCount(0);
  });

  test("into a folder goes what a mirror or another device can read", async () => {
    // The dialog of the browser cannot be driven here; it would give a folder of this kind.
    await app.page.evaluate(() => {
      window.showDirectoryPicker = () => navigator.storage.getDirectory();
    });
    await app.goto("#/storage");
    await app.page.getByRole("button", { name: "Export to a folder" }).click();
    await expect(app.page.getByText(/^Islet Tiny was written to/)).toBeVisible();
    const written = await app.page.evaluate(async (id) => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(id);
      const files: Record<string, { bytes: number; integrity: string }> = {};
      let pins = "";
      for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemFileHandle]>) {
        const file = await handle.getFile();
        if (name === "islet-model.json") pins = await file.text();
        else {
          const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
          files[name] = { bytes: file.size, integrity: `sha256-${btoa(String.fromCharCode(...digest))}` };
        }
      }
      return { files, pins };
    }, models.tiny.id);
    const pins = JSON.parse(readFileSync(join(source, "islet-model.json"), "utf8")) as { files: object };
    expect(written.files).toEqual(pins.files);
    expect(JSON.parse(written.pins)).toMatchObject({
      id: models.tiny.id,
      facts: { name: "Islet Tiny", licence: "Apache-2.0" },
      files: pins.files,
    });
  });

  const hostile: Record<string, [alter: (path: string) => void, says: string]> = {
    "whose list of weights leads out of its folder": [
      (path) => {
        rmSync(join(path, "islet-model.json"));
        const records = [{ dataPath: "../../../secret.bin", nbytes: 909824, records: [] }];
        writeFileSync(join(path, "tensor-cache.json"), JSON.stringify({ records }));
      },
      "not a file name",
    ],
    "whose hashes are for other names": [
      (path) => writeFileSync(join(path, "islet-model.json"), JSON.stringify({ files: { __proto__x: {} } })),
      "not a SHA-256",
    ],
    "that lacks a shard": [(path) => rmSync(join(path, "params_shard_0.bin")), "params_shard_0.bin is missing"],
    "that lacks its library": [(path) => rmSync(join(path, "library.wasm")), "library is missing"],
    "whose library is a web page": [
      (path) => {
        rmSync(join(path, "islet-model.json"));
        writeFileSync(join(path, "library.wasm"), "<html>");
      },
      "not a WebAssembly module",
    ],
    "whose configuration is no JSON": [
      (path) => {
        rmSync(join(path, "islet-model.json"));
        writeFileSync(join(path, "mlc-chat-config.json"), "[".repeat(100_000));
      },
      "mlc-chat-config.json",
    ],
    "of two models": [(path) => cpSync(source, join(path, "second"), { recursive: true }), "more than one model"],
    "with no model": [(path) => rmSync(join(path, "mlc-chat-config.json")), "there is no mlc-chat-config.json"],
  };
  for (const [name, [alter, says]] of Object.entries(hostile))
    test(`a package ${name} is refused, and nothing of it is kept`, async () => {
      await app.give("Import a folder", folderOf("hostile", alter));
      await shows("These files are not a complete model");
      await app.page.getByText("Technical detail", { exact: true }).click();
      await shows(says);
      await dismiss();
      await app.goto("#/storage");
      await expect(app.page.getByRole("heading", { name: "hostile" })).toHaveCount(0);
      await expect(app.page.getByRole("heading", { name: "Leftover files" })).toHaveCount(0);
    });

  test("a zip that is none is refused", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "islet-usb-")), "model.zip");
    writeFileSync(file, "PK not really");
    await app.give("Import files or a zip", file);
    await shows("These files are not a complete model");
    await dismiss();
  });

  test("an imported model that was damaged says that it must be imported again", async () => {
    await app.give(
      "Import a folder",
      folderOf("stick", (path) => rmSync(join(path, "islet-model.json"))),
    );
    await expect(app.entry("stick").getByText("On this device")).toBeVisible();
    await app.putFile(`${app.server.url}models/stick/resolve/main/params_shard_0.bin`);
    await app.goto("#/storage");
    const stored = app.page.getByRole("article", { name: "stick" });
    await stored.getByRole("button", { name: "Check and repair" }).click();
    await shows("The imported model is damaged");
    await dismiss();
    await stored.getByRole("button", { name: "Remove from this device" }).click();
    await expect(stored).toHaveCount(0);
  });

  test("files that belong to nothing are shown as left over, and removed", async () => {
    const gone = `${app.server.url}models/gone/resolve/main/`;
    await app.putFile(`${gone}x.bin`);
    await app.putFile("https://example.org/of-another-application/x.bin");
    await app.goto("#/storage");
    await expect(app.page.getByText(gone)).toBeVisible();
    await expect(app.page.getByText("of-another-application")).toHaveCount(0);
    expect(await app.accessibilityFaults()).toEqual([]);
    await app.page.getByRole("button", { name: "Remove leftover files" }).click();
    await expect(app.page.getByRole("heading", { name: "Leftover files" })).toHaveCount(0);
  });
});
