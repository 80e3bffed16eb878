// The proof that nothing leaves: what it says of each way out is what arrives at a machine that listens, and nothing else does.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { build, type Plugin } from "vite";
import { en } from "../../src/i18n/en";
import { connectionAllowlist } from "../../src/trust/rules/allowlist";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { App } from "./app";
import { Listener } from "./listener";
import { TestServer, type Fault } from "./server";

const places = ["page", "proof", "engine", "store", "argon2", "service"] as const;
/** What the browser looks up or connects to whatever the Content-Security-Policy says, and its own test shows closed. */
const early = ["preconnect-page", "iframe-page", "framenavigation-page", "form-page"];
const allowlist = connectionAllowlist(rules);
const region = (app: App) => app.page.getByRole("region", { name: "Prove it" });

type Found = Record<string, { verdict: string; line: string }>;

/** The ways by the names that their hosts have, "fetch-page"; hosts of the policy by their own. */
async function results(app: App): Promise<Found> {
  const titles = Object.fromEntries(places.map((place) => [en[`probe.place.${place}`], place]));
  const ways = Object.entries(en).filter(([key]) => key.startsWith("probe.way."));
  const ids = Object.fromEntries(ways.map(([key, label]) => [label, key.slice("probe.way.".length)]));
  const found: Found = {};
  let place = "";
  const rows = await region(app)
    .getByRole("row")
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
  for (const [title, verdict, line] of rows.slice(1)) {
    if (verdict === undefined) place = titles[title!]!;
    else found[`${ids[title!] ?? title}-${place}`] = { verdict, line: line! };
  }
  return found;
}

async function prove(app: App): Promise<Found> {
  await region(app).getByRole("button", { name: "Try all ways out" }).click();
  await expect(region(app).getByRole("status")).toContainText("ways out are closed", { timeout: 120_000 });
  return results(app);
}

interface Opened {
  app: App;
  listener: Listener;
  /** Ends everything, and gives what arrived, and whose names were only looked up. */
  close: () => Promise<{ arrived: string[]; datagrams: boolean; lookedUp: string[] }>;
}

async function open({
  server = new TestServer(),
  fault,
}: { server?: TestServer; fault?: Fault } = {}): Promise<Opened> {
  const listener = new Listener();
  await listener.start();
  const netLog = join(mkdtempSync(join(tmpdir(), "islet-net-")), "net.json");
  if (server.url.endsWith(":0/")) await server.start();
  server.fault = fault;
  const app = await App.open({ server, withoutGpu: true, flags: listener.flags(netLog) });
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  await app.goto("#/trust");
  const close = async () => {
    // The tests' watch sees attempts; what got out is for the listener to say.
    expect(app.foreign.filter((url) => !new URL(url).hostname.endsWith(".islet-probe.example"))).toEqual([]);
    app.foreign.length = 0;
    await app.close();
    await server.stop();
    await listener.stop();
    return {
      arrived: [...listener.arrived].sort(),
      datagrams: listener.datagrams,
      lookedUp: listener.lookedUp(netLog),
    };
  };
  return { app, listener, close };
}

const having = (found: Found, verdict: string) => Object.keys(found).filter((way) => found[way]!.verdict === verdict);
/** A build with another policy, or without one in the page. */
async function other(policy: object, plugins: Plugin[] = []): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), "islet-loose-"));
  writeFileSync(join(folder, "policy.json"), JSON.stringify(policy));
  process.env["ISLET_POLICY"] = join(folder, "policy.json");
  const server = new TestServer("127.0.0.1", join(folder, "dist"));
  try {
    await build({ logLevel: "error", build: { outDir: join(folder, "dist"), copyPublicDir: false }, plugins });
    await server.start();
  } finally {
    delete process.env["ISLET_POLICY"];
  }
  return server;
}

/** Has a server leave headers out, as one that was set up otherwise. */
const without =
  (names: RegExp): Fault =>
  (_path, _request, response) => {
    const set = response.setHeader.bind(response);
    response.setHeader = (name, value) => (names.test(name) ? response : set(name, value));
    for (const name of response.getHeaderNames()) if (names.test(name)) response.removeHeader(name);
    return false;
  };

test("every way out of the page and of each worker is closed by the line that is named; nothing arrives, and no name is looked up", async () => {
  const { app, close } = await open();
  const found = await prove(app);
  const blocked = "refused by the policy";
  const connect = { verdict: blocked, line: `connect-src 'self' ${rules.network.modelHosts.join(" ")}` };
  const types = { verdict: blocked, line: "require-trusted-types-for 'script'" };
  for (const place of places)
    for (const way of ["fetch", "websocket", "eventsource", "webtransport"])
      expect(found[`${way}-${place}`], `${way} from ${place}`).toEqual(connect);
  for (const way of ["fetchlater", "xhr", "ping", "beacon", "backgroundfetch"])
    expect(found[`${way}-page`], way).toEqual(connect);
  for (const way of ["image", "svgimage", "cssurl", "icon", "preload"])
    expect(found[`${way}-page`], way).toEqual({ verdict: blocked, line: "img-src 'self'" });
  for (const way of ["media", "font", "prefetch"])
    expect(found[`${way}-page`], way).toEqual({ verdict: blocked, line: "default-src 'none'" });
  for (const way of ["stylesheet", "cssinline"])
    expect(found[`${way}-page`], way).toEqual({ verdict: blocked, line: "style-src 'self'" });
  for (const way of ["script", "inline", "evaluated", "speculation", "srcdoc", "object", "embed", "blobworker"])
    expect(found[`${way}-page`], way).toEqual(types);
  expect(found["base-page"]).toEqual({ verdict: blocked, line: "base-uri 'none'" });
  for (const way of ["navigation", "refresh", "download", "popup", "passkey", "fedcm", "webrtc", "push", "payment"])
    expect(found[`${way}-page`]?.verdict, way).toBe("closed by Islet itself");
  for (const way of ["clientnavigate", "clientopen", "push"])
    expect(found[`${way}-service`]?.verdict, way).toBe("closed by Islet itself");
  expect(having(found, "let it through")).toEqual([]);
  expect(having(found, "no answer, so it could not be tried")).toEqual([]);
  for (const way of [...early, "dnsprefetch-page", "framewebrtc-page", "link-page"])
    expect(found[way], way).toEqual({ verdict: blocked, line: `Connection-Allowlist: ${allowlist}` });
  expect(having(found, "cannot be closed by a page")).toEqual([]);
  await expect(region(app).getByRole("status")).toContainText(`All ${Object.keys(found).length} ways out are closed.`);
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.page.setViewportSize({ width: 360, height: 740 });
  expect(await app.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  expect(await close()).toEqual({ arrived: [], datagrams: false, lookedUp: [] });
});

test("from a server without the header Connection-Allowlist what it alone closes is said not to be closable, and nothing else arrives", async () => {
  const { app, close } = await open({ fault: without(/^connection-allowlist/i) });
  const found = await prove(app);
  const sum = Object.keys(found).length;
  const notClosable = having(found, "cannot be closed by a page");
  expect(notClosable).toEqual(expect.arrayContaining([...early, "dnsprefetch-page", "link-page"]));
  for (const way of notClosable) expect(found[way]!.line, way).toMatch(/\w{3}/);
  const status = region(app).getByRole("status");
  await expect(status).toContainText(`${sum - notClosable.length} of ${sum} ways out are closed.`);
  await expect(status).toContainText(`no page can close in this browser: ${notClosable.length}.`);
  // What is not closable is what arrives, and only that.
  const { arrived, datagrams, lookedUp } = await close();
  expect([...arrived, ...lookedUp].filter((way) => !notClosable.includes(way))).toEqual([]);
  expect(datagrams).toBe(false);
});

test("the service worker adds the header to the page that it hands out, and the proof reads it there", async () => {
  const { app, close } = await open({ fault: without(/^connection-allowlist/i) });
  await app.page.reload();
  const found = await prove(app);
  expect(found["preconnect-page"]!.line).toBe(`Connection-Allowlist: ${allowlist}`);
  await expect(region(app).getByRole("status")).toContainText(`All ${Object.keys(found).length} ways out are closed.`);
  expect(await close()).toEqual({ arrived: [], datagrams: false, lookedUp: [] });
});

test("without a policy every way is open, the proof says so, and each arrives: the attempts are real", async () => {
  const bare: Plugin = {
    name: "without-policy",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ""),
    },
  };
  const { app, close } = await open({
    server: await other(rules, [bare]),
    fault: without(/^(content-security|permissions|cross-origin|connection-allowlist)/i),
  });
  // The service worker would hold the workers to the policy that it has read.
  await app.page.evaluate(async () => {
    for (const name of await caches.keys()) if (name.includes("islet-policy")) await caches.delete(name);
  });
  const found = await prove(app);
  // A base address asks for nothing itself; what is fetched in the background or ahead begins when the browser likes, also after this test;
  // WebTransport has no name in the clear.
  const unnamed = /^(base|backgroundfetch|speculation|webtransport)-/;
  const open_ = having(found, "let it through");
  const { arrived, datagrams, lookedUp } = await close();
  expect(arrived.filter((way) => !unnamed.test(way))).toEqual(
    [...open_.filter((way) => !unnamed.test(way)), ...early].sort(),
  );
  expect(open_.length).toBeGreaterThan(60);
  expect(open_).toContain("webtransport-page");
  expect(datagrams).toBe(true);
  expect(lookedUp).toEqual(["dnsprefetch-page", "framewebrtc-page"]);
});

test("hosts that the policy names are asked only when a person wants it, and are said to be let through from each worker", async () => {
  const host = "named.islet-probe.example";
  const network = { modelHosts: [`https://${host}`], mirror: null };
  const { app, listener, close } = await open({ server: await other({ ...rules, network }) });
  const asked = async () => Object.entries(await prove(app)).filter(([way]) => way.startsWith(host));
  expect(await asked()).toEqual([]);
  expect([...listener.arrived]).not.toContain("named");
  await region(app).getByRole("checkbox").check();
  expect((await asked()).map(([way, { verdict }]) => [way, verdict])).toEqual(
    places.slice(1).map((place) => [`${host}-${place}`, "let through: the policy names this host"]),
  );
  const { arrived } = await close();
  expect(arrived).toEqual(["named"]);
});
