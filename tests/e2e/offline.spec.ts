// Installed, offline, updated: the promises of a progressive web app.
import { expect, test } from "playwright/test";
import { App, models, numbers } from "./app";
import { TestServer } from "./server";

test("meets what Chrome asks of an app that can be installed", async () => {
  const app = await App.open();
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  const devtools = await app.context.newCDPSession(app.page);
  const { errors } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  // The profile of a test counts as a private one, which is the one thing that Chrome may hold against it.
  expect(installabilityErrors.filter((e) => e.errorId !== "in-incognito")).toEqual([]);
  const manifest = await app.page.evaluate(async () => {
    const response = await fetch(document.querySelector<HTMLLinkElement>("link[rel=manifest]")!.href);
    return (await response.json()) as Record<"icons" | "screenshots" | "shortcuts", { src?: string; url?: string }[]>;
  });
  const files = [...manifest.icons, ...manifest.screenshots].map((f) => f.src!);
  const answers = await app.page.evaluate(
    (urls) => Promise.all(urls.map(async (u) => (await fetch(u)).headers.get("content-type"))),
    files,
  );
  expect(answers.every((type) => type?.startsWith("image/"))).toBe(true);
  expect(manifest.shortcuts.length).toBeGreaterThan(0);
  await app.close();
});

// WebLLM itself caches no library that comes from "localhost", which is where `npm start` serves.
for (const host of ["localhost", "127.0.0.1"] as const)
  test(`the second start takes the model from IndexedDB, and a third one answers with the network gone: ${host}`, async () => {
    const server = new TestServer(host);
    await server.start();
    const first = await App.open({ server });
    await first.page.evaluate(() => navigator.serviceWorker.ready);
    await first.load();
    await first.ask("My word is stone.");
    const databases = await first.page.evaluate(async () => (await indexedDB.databases()).map((d) => d.name));
    expect(databases).toEqual(expect.arrayContaining(["islet/", "webllm/config", "webllm/model", "webllm/wasm"]));
    const address = new URL(first.page.url()).hash;
    await first.close();

    server.requests = [];
    const second = await App.open({ server, profile: first.profile, path: address });
    expect(await second.ask("What is 6 + 7?")).toBe("13");
    expect(server.modelRequests()).toEqual([]);
    await second.close();

    await server.stop();
    const third = await App.open({ server, profile: first.profile, path: address });
    await third.context.setOffline(true);
    await third.page.reload();
    await expect(third.questions.first()).toContainText("My word is stone.");
    expect(await third.ask("What is my word?")).toBe("stone");
    await third.close();
  });

test("the shell is precached, the weights are not", async () => {
  const app = await App.open();
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  const cached = await app.page.evaluate(async () => {
    const keys = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return keys.flat().map((request) => new URL(request.url).pathname);
  });
  expect(cached).toContain("/index.html");
  expect(cached.filter((path) => path.includes(models.tiny.id) || path.includes(models.starter.id))).toEqual([]);
  await app.close();
});

test("a new version waits for the person's word, and then for the end of the answer", async () => {
  const app = await App.open();
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  await app.load();
  const worker = await (await fetch(`${app.server.url}service-worker.js`)).text();
  app.server.fault = (path, _request, response) => {
    if (path !== "/service-worker.js") return false;
    response.writeHead(200, { "content-type": "text/javascript" }).end(`${worker}\n// a newer version`);
    return true;
  };
  await app.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())!.update());
  await expect(app.page.getByText("A new version is ready.")).toBeVisible();
  await app.page.evaluate(() => Object.assign(window, { oldPage: true }));
  await app.send("Count from 1 to 100");
  await expect(app.answers.last()).toContainText("5 6 7");
  await app.page.getByRole("button", { name: "Reload" }).click();
  await expect(app.page.getByText("The page reloads when the answer is finished.")).toBeVisible();
  await expect(app.answers.last()).toContainText("20 21 22");
  expect(await app.page.evaluate(() => "oldPage" in window)).toBe(true);
  await app.page.waitForFunction(() => !("oldPage" in window));
  await app.answered();
  const { content, status } = (await app.messages()).at(-1)!;
  expect([content, status]).toEqual([numbers(1, 100), "complete"]);
  await expect(app.page.getByText("A new version is ready.")).toHaveCount(0);
  await app.close();
});
