// What the service worker keeps is the file of the build and nothing else, whatever answers in the server's place; the last good version,
// and the last good policy, go on.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { expect, test } from "playwright/test";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { App, shareApp } from "./app";

const LOGIN = '<!doctype html><title>Sign in</title><form action="/login">Sign in to the network</form>';
type Answer = (response: ServerResponse) => void;
const answer =
  (type: string, body: string, status = 200): Answer =>
  (response) =>
    void response.writeHead(status, type ? { "content-type": type } : {}).end(body);
const loginPage = answer("text/html", LOGIN);
const redirect: Answer = (response) => void response.writeHead(302, { location: "/login" }).end();
const brokenOff =
  (type: string, body: string): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": type, "content-length": body.length });
    response.write(body.slice(0, body.length / 2), () => response.destroy());
  };

/** Puts answers in the server's place, by path. */
function put(app: App, answers: Record<string, Answer>): void {
  app.server.fault = (path, _request, response) => {
    answers[path]?.(response);
    return path in answers;
  };
}

/** Looks for a new version, and gives what became of it: "redundant" is one that was not installed. */
const update = (app: App) =>
  app.page.evaluate(async () => {
    const registration = (await navigator.serviceWorker.getRegistration())!;
    await registration.update().catch(() => {});
    const worker = registration.installing ?? registration.waiting;
    while (worker?.state === "installing")
      await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
    return worker?.state;
  });

/** The addresses of what is kept whose text contains `text`. */
const keptWith = (app: App, text: string) =>
  app.page.evaluate(async (wanted) => {
    const found: string[] = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys())
        if ((await (await cache.match(request))!.text()).includes(wanted)) found.push(request.url);
    }
    return found;
  }, text);

const works = async (app: App) => {
  await app.page.reload();
  await expect(app.composer).toBeVisible();
};

const integrity = (text: string) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
const built = {
  page: readFileSync("dist/index.html", "utf8"),
  worker: readFileSync("dist/service-worker.js", "utf8"),
  pageScript: `/${/assets\/page-[^"]*\.js/.exec(readFileSync("dist/index.html", "utf8"))![0]}`,
};
/** A later version: another page, and one script more. */
const next = {
  page: built.page.replace("</head>", "<!-- the next version --></head>"),
  script: "export const nextOfTheTest = 'the next version';",
  get worker() {
    const md5 = (text: string) => createHash("md5").update(text).digest("hex");
    return built.worker
      .replace(md5(built.page), md5(this.page))
      .replace(integrity(built.page), integrity(this.page))
      .replace(
        /\[(?=\{"integrity":)/,
        `[{"integrity":"${integrity(this.script)}","revision":null,"url":"assets/next.js"},`,
      );
  },
};

test.describe("a version that is fetched while something answers in the server's place", () => {
  let app: App;
  const good = {
    "/service-worker.js": answer("text/javascript", next.worker),
    "/": answer("text/html", next.page),
    "/assets/next.js": answer("text/javascript", next.script),
  };
  shareApp(
    (opened) => (app = opened),
    async () => {
      const opened = await App.open();
      await opened.page.evaluate(() => navigator.serviceWorker.ready);
      return opened;
    },
  );

  for (const [what, answers] of Object.entries<Record<string, Answer>>({
    "a login page for a script": { "/assets/next.js": loginPage },
    "a login page that says it is a script": { "/assets/next.js": answer("text/javascript", LOGIN) },
    "a redirect for a script": { "/assets/next.js": redirect },
    "a script that calls itself a page": { "/assets/next.js": answer("text/html", next.script) },
    "a script without a type": { "/assets/next.js": answer("", next.script) },
    "a script that breaks off": { "/assets/next.js": brokenOff("text/javascript", next.script) },
    "half of a script": { "/assets/next.js": answer("text/javascript", next.script.slice(0, 20)) },
    "no script": { "/assets/next.js": answer("text/javascript", next.script, 404) },
    "a login page for the page": { "/": loginPage },
    "a redirect for the page": { "/": redirect },
    "an older page": { "/": answer("text/html", built.page) },
  }))
    test(`is not installed with ${what}`, async () => {
      put(app, { ...good, ...answers });
      expect(await update(app)).toBe("redundant");
      expect(await keptWith(app, "Sign in")).toEqual([]);
      if ("/assets/next.js" in answers) expect(await keptWith(app, "const nextOfTheTest")).toEqual([]);
    });

  test("says under Settings in which file's place something else came", async () => {
    put(app, { ...good, "/": loginPage });
    expect(await update(app)).toBe("redundant");
    await app.goto("#/settings");
    await expect(app.page.getByText("something else came in place of index.html")).toBeVisible();
    await app.goto("#/new");
  });

  test("leaves the version that is here at work, with and without a network", async () => {
    put(app, { "/": loginPage, "/index.html": loginPage, [built.pageScript]: loginPage });
    await works(app);
    await app.context.setOffline(true);
    await works(app);
    await app.context.setOffline(false);
  });

  test("is installed once every file is there", async () => {
    put(app, good);
    expect(await update(app)).toBe("installed");
    await app.page.getByRole("button", { name: "Reload" }).click();
    await expect.poll(() => app.page.content().catch(() => "")).toContain("the next version");
    await expect(app.composer).toBeVisible();
    app.server.fault = undefined;
  });
});

test("a first visit with a login page in the place of a script keeps nothing wrong, and the next one keeps everything", async () => {
  const app = await App.open({ path: "policy.schema.json" });
  app.server.fault = (path, _request, response) => {
    if (!path.startsWith("/assets/engine-worker")) return false;
    loginPage(response);
    return true;
  };
  await app.goto();
  await expect(app.composer).toBeVisible();
  const state = () => app.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state);
  await expect.poll(() => app.server.requests.some((path) => path.startsWith("/assets/engine-worker"))).toBe(true);
  await expect
    .poll(() => app.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length))
    .toBe(0);
  expect(await keptWith(app, "Sign in")).toEqual([]);
  app.server.fault = undefined;
  await works(app);
  await expect.poll(state).toBe("activated");
  await app.context.setOffline(true);
  await works(app);
  await app.close();
});

test("what an older version or the disk left that is no file of the build is fetched anew, and never handed out", async () => {
  const app = await App.open();
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  const damage = (pattern: string) =>
    app.page.evaluate(
      async ([text, wanted]) => {
        for (const name of await caches.keys()) {
          const cache = await caches.open(name);
          for (const request of await cache.keys())
            if (request.url.includes(wanted!))
              await cache.put(request, new Response(text, { headers: { "content-type": "text/html" } }));
        }
      },
      [LOGIN, pattern],
    );
  for (const file of ["index.html", "assets/page-", "assets/style-", "icons/icon.svg"]) await damage(file);
  expect((await keptWith(app, "Sign in")).length).toBe(4);
  await works(app);
  await app.page.evaluate(() => fetch("icons/icon.svg"));
  await expect.poll(() => keptWith(app, "Sign in")).toEqual([]);
  // While the login page still answers, it is not taken for the script, and what a person is shown is that page.
  await damage("index.html");
  await damage("assets/page-");
  put(app, { "/": loginPage, [built.pageScript]: loginPage });
  await app.page.reload();
  await expect(app.page.getByText("Sign in to the network")).toBeVisible();
  expect(
    await app.page.evaluate(
      (script) =>
        fetch(script).then(
          () => "handed out",
          () => "refused",
        ),
      built.pageScript,
    ),
  ).toBe("refused");
  app.server.fault = undefined;
  await works(app);
  await expect.poll(() => keptWith(app, "Sign in")).toEqual([]);
  await app.close();
});

test("an app whose older version kept a login page in the place of its script comes back by itself", async () => {
  const older = `
    const name = "workbox-precache-v2-" + registration.scope, script = new URL("${built.pageScript}", location).href;
    const login = () => new Response(${JSON.stringify(LOGIN)}, { headers: { "content-type": "text/html" } });
    const kept = async () => { const cache = await caches.open(name); await cache.put(script, login()); await skipWaiting(); };
    addEventListener("install", (event) => event.waitUntil(kept()));
    addEventListener("activate", (event) => event.waitUntil(clients.claim()));
    addEventListener("fetch", (event) => {
      if (event.request.url === script) event.respondWith(caches.match(script, { cacheName: name }));
    });`;
  const app = await App.open({ path: "policy.schema.json" });
  put(app, { "/service-worker.js": answer("text/javascript", older) });
  await app.goto();
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  await app.page.reload();
  await expect(app.page).toHaveTitle("Islet");
  await expect(app.composer).toHaveCount(0);
  await expect(app.page.getByText("Islet could not start: its program did not arrive")).toBeVisible();
  await expect(app.page.getByText("Islet n’a pas pu démarrer")).toBeVisible();
  // The server has this version now. The page that does not begin cannot ask for it; the browser does, at a visit.
  app.server.fault = undefined;
  await expect(async () => {
    await app.page.reload();
    await expect(app.composer).toBeVisible({ timeout: 3_000 });
  }).toPass();
  expect(await keptWith(app, "Sign in")).toEqual([]);
  await app.close();
});

test("a page at the address of the folder without its slash, whose files lie elsewhere, says that it did not begin", async () => {
  const app = await App.open({ path: "policy.schema.json" });
  put(app, { "/app": answer("text/html", built.page) });
  // As below a path: no file of the build is at the root.
  const { fault } = app.server;
  app.server.fault = (path, request, response) =>
    fault!(path, request, response) || (response.writeHead(404).end(), true);
  await app.goto("app");
  await expect(app.page.getByText("Islet could not start: its program did not arrive")).toBeVisible();
  await expect(app.page.getByText("Islet n’a pas pu démarrer")).toBeVisible();
  await app.close();
});

test("a page whose scripts are blocked says so", async () => {
  const app = await App.open({ path: "policy.schema.json" });
  const session = await app.context.newCDPSession(app.page);
  await session.send("Emulation.setScriptExecutionDisabled", { value: true });
  await app.goto();
  for (const text of ["allow JavaScript", "autorisez JavaScript", "JavaScript を許可", "cho phép JavaScript"])
    await expect(app.page.getByText(text)).toBeVisible();
  await session.send("Emulation.setScriptExecutionDisabled", { value: false });
  await works(app);
  await app.close();
});

test.describe("the policy, while something answers in the server's place", () => {
  let app: App;
  const ofServer = { ...rules, banner: { en: "Of the server." } };
  const says = (policy: Answer) => put(app, { "/policy.json": policy });
  const instead = () => app.page.getByText("Something else answers in place of this site’s server");
  const stops = (name: string) => expect(app.page.getByRole("heading", { name })).toBeVisible();
  shareApp(
    (opened) => (app = opened),
    async () => {
      const opened = await App.open();
      await opened.page.evaluate(() => navigator.serviceWorker.ready);
      return opened;
    },
  );

  for (const [what, other] of Object.entries<Answer>({
    "a login page": loginPage,
    "a login page that says it is JSON": answer("application/json", LOGIN),
    "a login page without a type": answer("", `\n${LOGIN}`),
    "a redirect": redirect,
    "a demand for a password": answer("text/plain", "who are you?", 401),
    "a refusal of a proxy": answer("text/html", LOGIN, 403),
    "a demand to sign in to the network": answer("text/html", LOGIN, 511),
    "a policy that breaks off": brokenOff("application/json", JSON.stringify(ofServer)),
  }))
    test(`is the last one that was read: ${what}`, async () => {
      says(answer("application/json", JSON.stringify(ofServer)));
      await app.page.reload();
      await expect(app.page.getByText("Of the server.")).toBeVisible();
      says(other);
      await works(app);
      await expect(app.page.getByText("Of the server.")).toBeVisible();
      expect(await keptWith(app, "Sign in")).toEqual([]);
      // What breaks off may be the server's own.
      await expect(instead()).toHaveCount(what === "a policy that breaks off" ? 0 : 1);
    });

  test("is said to be the last one until the server answers again", async () => {
    says(loginPage);
    await works(app);
    await expect(instead()).toContainText("a web page");
    // On a phone the words take the lines that they need, and on a screen of four lines a third of it.
    const again = app.page.getByRole("button", { name: "Try again" });
    const bar = app.page.getByRole("status").filter({ has: again });
    for (const [width, height, most] of [
      [360, 740, 0.35],
      [320, 256, 0.34],
    ] as const) {
      await app.page.setViewportSize({ width, height });
      expect((await bar.boundingBox())!.height).toBeLessThan(most * height);
      // At least two lines, the others are scrolled to; and the messages keep a third.
      expect((await bar.boundingBox())!.height).toBeGreaterThan(44);
      expect((await app.page.locator("main .scroll").boundingBox())!.height).toBeGreaterThanOrEqual(height / 3);
      expect(await bar.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
      await again.scrollIntoViewIfNeeded();
      await expect(again).toBeInViewport();
      expect(await app.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
    await app.page.setViewportSize({ width: 1280, height: 800 });
    says(redirect);
    await app.page.getByRole("button", { name: "Try again" }).click();
    await expect(instead()).toContainText("a redirect to another address");
    expect(await app.accessibilityFaults()).toEqual([]);
    says(answer("application/json", JSON.stringify(ofServer)));
    await app.page.getByRole("button", { name: "Try again" }).click();
    await expect(instead()).toHaveCount(0);
  });

  test("is not replaced by a bad one of the server, which stops the start and is not kept for times without a network", async () => {
    says(answer("application/json", '{"error":"sign in"}'));
    await app.page.reload();
    await stops("The policy of this site is not valid");
    says(loginPage);
    await works(app);
    await expect(app.page.getByText("Of the server.")).toBeVisible();
  });

  test("is not what an older version kept in its place", async () => {
    await app.page.evaluate(async (text) => {
      const cache = await caches.open("islet-policy/");
      await cache.put(
        new URL("policy.json", location.href),
        new Response(text, { headers: { "content-type": "text/html" } }),
      );
    }, LOGIN);
    says(loginPage);
    await app.page.reload();
    await stops("The policy of this site could not be read");
    await app.page.getByText("Technical detail", { exact: true }).click();
    app.server.fault = undefined;
    await works(app);
    await expect.poll(() => keptWith(app, "Sign in")).toEqual([]);
  });
});
