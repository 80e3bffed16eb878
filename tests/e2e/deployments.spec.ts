// Several applications on one origin: each deployment has its own records, and erasing one touches nothing of the others.
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { expect, test } from "playwright/test";
import { App, conversationsFile } from "./app";
import { TestServer } from "./server";

const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};
/** A file with one conversation of this title. */
const conversation = (title: string) =>
  conversationsFile([{ conversation: { title, createdAt: 1, updatedAt: 1, leafId: null }, messages: [] }]);

test("two deployments under one origin share nothing, and erasing one leaves the other and everybody else", async () => {
  const server = new TestServer();
  await server.start();
  // The same build once more, below the first.
  server.fault = (path, _request, response) => {
    if (!path.startsWith("/b/")) return false;
    const file = join("dist", path === "/b/" ? "index.html" : path.slice("/b/".length));
    if (!existsSync(file)) return false;
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
    return true;
  };
  const above = await App.open({ server, path: "#/settings" });
  await above.give("Import conversations", conversation("Of the one above"));
  await expect(above.page.getByRole("navigation").getByText("Of the one above")).toBeVisible();
  await above.page.evaluate(() => navigator.serviceWorker.ready);
  // The page above does not answer for the folder below it.
  const below = await above.tab("b/#/settings");
  await expect(below.page.getByRole("navigation").getByText("No conversations yet.")).toBeVisible();
  await below.give("Import conversations", conversation("Of the one below"));
  await expect(below.page.getByRole("navigation").getByText("Of the one below")).toBeVisible();
  await below.page.evaluate(() => navigator.serviceWorker.ready);
  const model = (base: string) => `${base}models/left-over/resolve/main/params_shard_0.bin`;
  const foreign = "https://elsewhere.example/other/resolve/main/params_shard_0.bin";
  await above.goto("#/storage");
  await expect(above.page.getByRole("heading", { name: "Storage", level: 1 })).toBeVisible();
  await above.page.evaluate(
    async (keys) => {
      const open = (name: string, store: string, keyPath?: string) =>
        new Promise<IDBDatabase>((resolve, reject) => {
          const opening = indexedDB.open(name, 1);
          opening.onupgradeneeded = () => opening.result.createObjectStore(store, keyPath ? { keyPath } : {});
          opening.onsuccess = () => resolve(opening.result);
          opening.onerror = () => reject(opening.error);
        });
      const models = await open("webllm/model", "urls", "url");
      for (const url of keys) models.transaction("urls", "readwrite").objectStore("urls").put({ url, data: 1 });
      models.close();
      (await open("another-application", "things")).close();
      await caches.open("another-application");
      localStorage.setItem("another-application", "1");
      await (await navigator.storage.getDirectory()).getFileHandle("another-application", { create: true });
    },
    [model(server.url), model(`${server.url}b/`), foreign],
  );
  // What belongs to nobody here is offered for removal, and only that.
  await above.page.reload();
  await expect(above.page.getByText("models/left-over")).toHaveCount(1);
  await expect(above.page.getByText("elsewhere.example")).toHaveCount(0);

  await below.goto("b/#/erase");
  await below.page.reload();
  await expect(below.page.getByText("IndexedDB: islet/b/")).toBeVisible();
  await expect(below.page.getByText("another-application")).toHaveCount(0);
  await expect(below.page.getByText("IndexedDB: islet/", { exact: true })).toHaveCount(0);
  await below.page.getByRole("button", { name: "Erase everything now" }).click();
  await expect(below.page.getByText("Nothing is left. You can close this tab.")).toBeVisible({ timeout: 20_000 });
  const left = await above.page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open("webllm/model");
      opening.onsuccess = () => resolve(opening.result);
    });
    const keys = await new Promise<IDBValidKey[]>((resolve) => {
      const reading = database.transaction("urls").objectStore("urls").getAllKeys();
      reading.onsuccess = () => resolve(reading.result);
    });
    database.close();
    const files: string[] = [];
    for await (const name of (await navigator.storage.getDirectory()).keys()) files.push(name);
    return {
      keys: keys.map(String).sort(),
      databases: (await indexedDB.databases()).map(({ name }) => name!).sort(),
      caches: (await caches.keys()).filter((name) => !name.includes("workbox")),
      scopes: (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope),
      local: Object.keys(localStorage),
      files,
    };
  });
  expect(left).toEqual({
    keys: [model(server.url), foreign].sort(),
    databases: ["another-application", "islet-blobs/", "islet/", "webllm/model"],
    caches: expect.arrayContaining(["another-application", "islet-policy/"]),
    scopes: [server.url],
    local: ["another-application"],
    files: ["another-application"],
  });
  expect(left.caches).not.toContain("islet-policy/b/");
  await above.goto("#/settings");
  await expect(above.page.getByRole("navigation").getByText("Of the one above")).toBeVisible();
  await above.close();
  await server.stop();
});
