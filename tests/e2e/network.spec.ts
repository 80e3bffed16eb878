// The network ledger: every request of page and workers is in it, and what it says in sum is what the server saw.
import { expect, test } from "playwright/test";
import { App, models, type Exported } from "./app";
import { Mirror, mirrored, mirrorOrigin } from "./mirror";
import { TestServer } from "./server";

const view = (app: App) => app.page.getByRole("region", { name: "Network ledger" });

/** Paths that the server was asked for and the ledger has not, counted. The browser itself asks for the service worker. */
function missing(server: TestServer, entries: Exported[]): string[] {
  const left = entries.filter(({ verdict }) => verdict === "sent").map(({ path }) => path);
  return server.requests.filter((path) => {
    if (path === "/service-worker.js") return false;
    const at = left.indexOf(path);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

test("from the first visit on, the ledger has every request that the server saw, with who asked and why", async () => {
  const app = await App.open();
  await app.load();
  await app.ask("What is 6 + 7?");
  let entries = await app.ledger();
  expect(missing(app.server, entries)).toEqual([]);
  const weights = entries.filter(
    ({ path }) => path.includes(`/models/${models.tiny.id}/`) && path.includes("params_shard"),
  );
  expect(weights.length).toBeGreaterThan(0);
  for (const entry of weights) {
    expect(entry).toMatchObject({
      asker: "store",
      purpose: "model",
      verdict: "sent",
      status: 200,
      method: "GET",
      bytesOut: 0,
    });
    expect(entry.bytes).toBeGreaterThan(10_000);
  }
  expect(entries.filter(({ asker }) => asker === "service-worker").length).toBeGreaterThan(3);
  const own = new URL(app.server.url).origin;
  expect([...new Set(entries.map(({ origin }) => origin))]).toEqual([own]);
  await expect(view(app).getByText(/^Since .*, zero bytes went to or came from any other host\./)).toBeVisible();
  await expect(view(app).getByText(/Sent as the body of a request: 0/)).toBeVisible();
  expect(await app.accessibilityFaults()).toEqual([]);

  // What is asked around the service worker is seen all the same.
  const devtools = await app.context.newCDPSession(app.page);
  await devtools.send("Page.reload", { ignoreCache: true });
  await expect(app.page.getByRole("heading", { name: "Trust" })).toBeVisible();
  entries = await app.ledger();
  expect(missing(app.server, entries)).toEqual([]);

  // Without a network, everything comes from this device.
  await app.context.setOffline(true);
  const before = (await app.ledger()).length;
  await app.page.reload();
  const later = (await app.ledger()).slice(before);
  expect(later.length).toBeGreaterThan(2);
  expect(later.filter(({ verdict }) => verdict === "sent")).toEqual([]);
  expect(later.filter(({ verdict }) => verdict === "cache").length).toBeGreaterThan(2);
  await app.close();
});

test("what the browser refuses is in it with the line that did it, and no byte went out; it can be filtered", async () => {
  const app = await App.open();
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  await app.goto("#/trust");
  await app.page.getByRole("button", { name: "Try all ways out" }).click();
  await expect(app.page.getByRole("region", { name: "Prove it" }).getByRole("status")).toContainText(
    "ways out are closed",
    {
      timeout: 120_000,
    },
  );
  await view(app).getByRole("combobox", { name: "What happened" }).selectOption("refused");
  await expect(view(app).getByRole("row").nth(5)).toBeVisible();
  const entries = await app.ledger();
  expect(entries.every(({ verdict, bytes, line }) => verdict === "blocked" && bytes === 0 && line)).toBe(true);
  const lines = new Set(entries.map(({ line }) => line));
  for (const line of ["connect-src", "img-src", "font-src", "frame-src", "form-action"]) expect(lines).toContain(line);
  expect(entries.filter(({ asker }) => asker === "proof").length).toBeGreaterThanOrEqual(3);
  await view(app).getByRole("combobox", { name: "What happened" }).selectOption("");
  await view(app).getByRole("combobox", { name: "Why" }).selectOption("the policy");
  for (const row of (await view(app).getByRole("row").all()).slice(1)) await expect(row).toContainText("/policy.json");
  await expect(view(app).getByText(/zero bytes went to or came from any other host/)).toBeVisible();
  app.foreign.length = 0;
  await app.close();
});

test("bytes from another host are counted, and the fact of zero bytes begins after them", async () => {
  test.setTimeout(240_000);
  const mirror = new Mirror();
  await mirror.start();
  const server = new TestServer("127.0.0.1", mirror.app);
  await server.start();
  const app = await App.open({ server, allowed: [mirrorOrigin] });
  await app.goto("#/models");
  await app.entry(mirrored.name).getByRole("button", { name: "Download and start" }).click();
  await expect(app.entry(mirrored.name).getByText("Running")).toBeVisible({ timeout: 120_000 });
  const entries = (await app.ledger()).filter(({ origin }) => origin === mirrorOrigin);
  expect(entries.map(({ path }) => path).sort()).toEqual([...mirror.requests].sort());
  const bytes = entries.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0);
  expect(bytes).toBeGreaterThan(1_000_000);
  await expect(
    view(app).getByText(new RegExp(`${entries.length} requests to other hosts, .*; zero bytes since then`)),
  ).toBeVisible();
  await app.close();
  await server.stop();
  await mirror.stop();
});
