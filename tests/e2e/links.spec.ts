// No address of an answer is looked up or reached before a person has confirmed it. The browser's own log of its network says so: it has what
// no request of a page shows, looking up names and connecting ahead among it.
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, type Locator, type Page } from "playwright/test";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { App } from "./app";
import { TestServer } from "./server";

/** Every planted address has a host of its own, so that the log tells by which way it was reached. */
const hostOf = (name: string) => `${name}.planted.test`;
/** Milliseconds in which a browser that looks up a name or connects ahead has begun to. */
const AHEAD = 400;

async function pressAndLeave(link: Locator, button: "left" | "middle"): Promise<void> {
  const { mouse } = link.page();
  await link.hover();
  await mouse.down({ button });
  await link.page().waitForTimeout(AHEAD);
  await mouse.move(2, 2);
  await mouse.up({ button });
}

/** What a person can do to a link short of opening it. */
const gestures: Record<string, (link: Locator) => Promise<void>> = {
  hover: (link) => link.hover(),
  press: (link) => pressAndLeave(link, "left"),
  "middle-press": (link) => pressAndLeave(link, "middle"),
  focus: (link) => link.focus(),
  menu: async (link) => {
    await link.click({ button: "right" });
    await link.page().keyboard.press("Escape");
  },
  touch: (link) => link.dispatchEvent("touchstart"),
};

/** Other ways in which an answer can name an address; the pointer rests on each. */
const forms: Record<string, (url: string) => string> = {
  bare: (url) => url,
  picture: (url) => `![picture link](${url}/x.png)`,
  html: (url) => `<a href="${url}" ping="${url}" target="_blank" rel="opener">html link</a>`,
  math: (url) => `<math><mtext href="${url}">math link</mtext></math>`,
  hints: (url) => `<link rel="dns-prefetch" href="${url}"><link rel="preconnect" href="${url}">hints link`,
};

const answer = [
  ...Object.keys(gestures).map((name) => `[${name} link](https://${hostOf(name)}/)`),
  ...Object.entries(forms).map(([name, form]) => form(`https://${hostOf(name)}`)),
  `[dialog link](https://${hostOf("dialog")}/)`,
  "[confirmed link](http://somebody:secret@confirmed.test/page?\u202ex)",
  "[mail link](mailto:somebody@mail.planted.test?body=all%20of%20it)",
].join("\n\n");

const message = { conversationId: "c", createdAt: 1, status: "complete" };
const question = { ...message, id: "q", parentId: null, role: "user", content: "q" };
const thought = `[thought link](https://${hostOf("thought")}/)`;
const planted = {
  conversation: { id: "c", title: "Planted", createdAt: 1, updatedAt: 1, leafId: "a" },
  messages: [question, { ...message, id: "a", parentId: "q", role: "assistant", content: answer, thought }],
};
const file = {
  name: "planted.json",
  mimeType: "application/json",
  buffer: Buffer.from(JSON.stringify({ format: "islet-conversations", version: 1, conversations: [planted] })),
};

const logFile = () => join(mkdtempSync(join(tmpdir(), "islet-links-")), "net-log.json");

/** A browser that keeps a log of its network, on a conversation with the planted answer. */
async function openPlanted(log: string, server: TestServer, port = 0): Promise<App> {
  const app = await App.open({
    server,
    path: "#/settings",
    flags: [
      `--log-net-log=${log}`,
      "--net-log-capture-mode=Everything",
      `--host-resolver-rules=MAP islet.test 127.0.0.1,MAP confirmed.test 127.0.0.1:${port}`,
    ],
    allowed: ["http://confirmed.test"],
  });
  await app.give("Import conversations", file);
  await app.page
    .getByRole("navigation")
    .getByRole("button", { name: /^Planted/ })
    .click();
  await app.answers.getByText("Thought", { exact: true }).click();
  return app;
}

const linkIn = (app: App, name: string) =>
  app.answers.getByText(name === "bare" ? `https://${hostOf(name)}` : `${name} link`, {
    // What would be hints to a browser is text before it.
    exact: name !== "hints",
  });
const dialogOf = (app: App) => app.page.getByRole("dialog");

/** Does to the links of the answer everything short of confirming, for each a host of its own. */
async function doEverythingBefore(app: App): Promise<void> {
  for (const [name, gesture] of Object.entries(gestures)) {
    await gesture(linkIn(app, name));
    await app.page.waitForTimeout(AHEAD);
  }
  for (const name of ["thought", ...Object.keys(forms)]) {
    await linkIn(app, name).hover();
    await app.page.waitForTimeout(AHEAD);
  }
}

/** Which hosts of the answer the browser's log of its network names, once the browser is closed. */
function named(log: string): string[] {
  const text = readFileSync(log, "utf8");
  // Before its events the log has the browser's own switches, those of this test among them.
  const events = text.slice(text.indexOf('"events":'));
  const hosts = [...Object.keys(gestures), ...Object.keys(forms), "thought", "dialog", "mail"].map(hostOf);
  return [...hosts, "confirmed.test"].filter((host) => events.includes(host));
}

test("hovering, focusing and pressing a link asks nobody; once it is confirmed the browser goes there, without a trace of the app", async () => {
  const asked: { path: string; headers: IncomingHttpHeaders }[] = [];
  const site = createServer(({ url, headers }, response) => {
    asked.push({ path: url!, headers });
    response.setHeader("Content-Type", "text/html").end("<!doctype html><title>site</title>there");
  }).listen(0, "127.0.0.1");
  const log = logFile();
  const server = new TestServer();
  await server.start();
  const app = await openPlanted(log, server, (site.address() as AddressInfo).port);
  const dialog = dialogOf(app);
  await doEverythingBefore(app);

  await linkIn(app, "dialog").click();
  await pressAndLeave(dialog.getByText("Open", { exact: true }), "left");
  await app.page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();

  await linkIn(app, "confirmed").click();
  expect(asked).toEqual([]);
  const going = app.context.waitForEvent("page");
  await dialog.getByText("Open", { exact: true }).click();
  const there = await going;
  await expect(there.locator("body")).toHaveText("there");
  // By a page of the service worker, which is not left behind among the pages to go back to.
  expect(await there.evaluate(() => [window.opener, document.referrer, history.length])).toEqual([null, "", 1]);
  const [{ path, headers }] = asked.filter((request) => request.path !== "/favicon.ico") as [(typeof asked)[number]];
  expect(path).toBe("/page?%E2%80%AEx");
  for (const name of ["referer", "cookie", "authorization", "origin"]) expect(headers[name]).toBeUndefined();
  await expect(dialog).toBeHidden();
  // What a person opens is no traffic of the app.
  const entries = await app.ledger();
  expect(entries.length).toBeGreaterThan(3);
  for (const { origin, path } of entries) expect(origin + path).not.toMatch(/confirmed|leave/);
  await app.close();
  await server.stop();
  site.close();
  // That it is there shows that the log would have the others too.
  expect(named(log)).toEqual(["confirmed.test"]);
});

test("where links cannot be opened, the address is shown and can be copied, and nobody is asked", async () => {
  const log = logFile();
  const server = new TestServer();
  server.fault = (path, _request, response) => {
    if (path !== "/policy.json") return false;
    const policy = { ...rules, features: { ...rules.features, openLinks: false } };
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(policy));
    return true;
  };
  await server.start();
  const app = await openPlanted(log, server);
  await doEverythingBefore(app);
  await linkIn(app, "dialog").click();
  await expect(dialogOf(app)).toContainText("Links cannot be opened here");
  await expect(dialogOf(app).getByText("Open", { exact: true })).toHaveCount(0);
  await dialogOf(app).getByRole("button", { name: "Copy the address" }).click();
  await expect.poll(() => app.page.evaluate(() => navigator.clipboard.readText())).toBe(`https://${hostOf("dialog")}/`);
  await app.page.keyboard.press("Escape");
  await linkIn(app, "confirmed").click({ button: "middle" });
  await expect(dialogOf(app)).toBeVisible();
  expect(app.context.pages()).toHaveLength(1);
  await app.close();
  await server.stop();
  expect(named(log)).toEqual([]);
});

/** Has the service worker make a page that leads to `url`, as a press in the dialog does. */
const confirmed = (page: Page, url: string) =>
  page.evaluate(
    (address) =>
      new Promise<string | null>((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }: MessageEvent<string | null>) => resolve(data);
        navigator.serviceWorker.controller!.postMessage({ type: "LEAVE", url: address }, [port2]);
      }),
    url,
  );

/** What could be taken for the end of an address, or another one, where the page names it. */
const odd = "http://confirmed.test/'x'?a=1&lt;b=2;url=http://other.test/&quot;,";

test("the page that leads on does so once, for a moment, and only to what was confirmed", async () => {
  let asked = 0;
  const site = createServer((_request, response) => {
    asked++;
    response.setHeader("Content-Type", "text/html").end("<!doctype html><title>site</title>there");
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const app = await App.open({
    withoutGpu: true,
    flags: [`--host-resolver-rules=MAP confirmed.test 127.0.0.1:${(site.address() as AddressInfo).port}`],
    allowed: ["http://confirmed.test"],
  });
  await expect.poll(() => app.page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  for (const url of ["javascript:1", "data:text/html,x", "mailto:a@b.example", "/x", "http://u:p@confirmed.test/"])
    expect(await confirmed(app.page, url), url).toBe(null);
  const other = await app.context.newPage();
  const visit = async (query: string) => {
    await other.goto(`${app.server.url}leave${query}`, { waitUntil: "commit" }).catch(() => {});
    await other.waitForTimeout(AHEAD);
    return other.url();
  };
  for (const guess of ["", "?", "?http://confirmed.test/", "?url=http://confirmed.test/", `?${crypto.randomUUID()}`])
    await visit(guess);
  expect(asked).toBe(0);
  const query = (await confirmed(app.page, odd))!;
  await visit(query);
  await expect.poll(() => other.url()).toBe(odd);
  const visits = asked;
  expect(visits).toBeGreaterThan(0);
  await visit(query);
  expect(asked).toBe(visits);
  await app.close();
  site.close();
});

for (const header of [true, false])
  test(`without a service worker, ${header ? "with" : "without"} the header that lets the page connect to nothing else, the dialog ${header ? "says that it cannot open the address" : "opens the address"}`, async () => {
    const site = createServer((_request, response) => {
      response.setHeader("Content-Type", "text/html").end("<!doctype html><title>site</title>there");
    }).listen(0, "127.0.0.1");
    const server = new TestServer();
    server.fault = (path, _request, response) => {
      if (!header) response.removeHeader("Connection-Allowlist");
      if (path === "/service-worker.js") response.writeHead(404).end();
      return response.writableEnded;
    };
    await server.start();
    const app = await openPlanted(logFile(), server, (site.address() as AddressInfo).port);
    await linkIn(app, "confirmed").click();
    const open = dialogOf(app).getByRole("button", { name: "Open" });
    if (header) {
      await expect(dialogOf(app)).toContainText("so it cannot open the address");
      await expect(open).toHaveCount(0);
      await expect(dialogOf(app).getByRole("button", { name: "Copy the address" })).toBeVisible();
      expect(await app.accessibilityFaults()).toEqual([]);
    } else {
      const going = app.context.waitForEvent("page");
      await open.click();
      await expect((await going).locator("body")).toHaveText("there");
    }
    await app.close();
    await server.stop();
    site.close();
  });

test("the dialog shows where a link leads and what was left out, by keyboard and on a phone; a double click confirms nothing", async () => {
  const server = new TestServer();
  await server.start();
  const app = await openPlanted(logFile(), server);
  const { page } = app;
  const dialog = dialogOf(app);
  await app.answers.getByRole("link", { name: "confirmed link" }).focus();
  await page.keyboard.press("Enter");
  await expect(dialog.locator(".to")).toHaveText("confirmed.test");
  await expect(dialog).toContainText("http://confirmed.test/page?%E2%80%AEx");
  await expect(dialog).toContainText("user name or password");
  await expect(dialog).toContainText("not encrypted");
  await expect(dialog).not.toContainText("secret");
  await page.setViewportSize({ width: 360, height: 640 });
  expect(await app.accessibilityFaults()).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.keyboard.press("Escape");
  await expect(app.answers.getByRole("link", { name: "confirmed link" })).toBeFocused();

  await linkIn(app, "mail").click();
  await expect(dialog.locator(".to")).toHaveText("somebody@mail.planted.test");
  await expect(dialog).toContainText("left out");
  await expect(dialog).not.toContainText("all");
  // As the second press of a double click on the link itself would arrive, where the button comes to lie below the pointer
  await dialog.getByRole("button", { name: "Open" }).dispatchEvent("click", { detail: 2 });
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");

  // The browser may ask, or find no mail program; the page stays.
  await linkIn(app, "mail").click();
  await dialog.getByRole("button", { name: "Open" }).click();
  await expect(dialog).toHaveCount(0);
  await page.waitForTimeout(AHEAD);
  await expect(linkIn(app, "mail")).toBeVisible();

  // A right click is for the browser's own menu.
  await linkIn(app, "mail").click({ button: "right" });
  await expect(dialog).toHaveCount(0);
  await page.keyboard.press("Escape");
  expect(app.context.pages()).toHaveLength(1);
  await app.close();
  await server.stop();
});

test("no screen of the app has a link that leads elsewhere", async () => {
  const app = await App.open();
  for (const screen of ["new", "models", "storage", "trust", "settings", "report"]) {
    await app.goto(`#/${screen}`);
    await expect(app.page.getByRole("heading").first()).toBeVisible();
    for (const summary of await app.page.locator("main summary").all()) await summary.click();
    const elsewhere = await app.page.evaluate(() =>
      [...document.querySelectorAll("body [href], body [ping], body [action], body [src]")].flatMap((element) =>
        ["href", "ping", "action", "src"]
          .map((name) => element.getAttribute(name))
          .filter((address) => address !== null && new URL(address, document.baseURI).origin !== location.origin),
      ),
    );
    expect(elsewhere, screen).toEqual([]);
  }
  await app.goto("#/models");
  await app.card("tiny").getByText("More about Islet Tiny").click();
  await app.card("tiny").getByRole("button", { name: "Read the licence" }).click();
  await expect(dialogOf(app).locator(".to")).toHaveText("www.apache.org");
  await app.close();
});
