// One policy file decides what a deployment allows: read at each start, enforced, and shown with who set it and why.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { App, models } from "./app";
import { TestServer } from "./server";

const folder = mkdtempSync(join(tmpdir(), "islet-policy-"));
const built = join(folder, "dist");
const ofFile = join(built, "policy.json");
/** Puts a policy beside the page, as an administrator would with an editor. */
const place = (changes: object) => writeFileSync(ofFile, JSON.stringify({ ...rules, ...changes }));
const noHosts = { modelHosts: [], mirror: null };

const strict = {
  issuer: { name: "the law firm's IT", contact: "it@firm.example" },
  network: noHosts,
  models: { ...rules.models, ids: ["islet-*"] },
  features: { ...rules.features, exportConversations: false, importModels: false, openLinks: false },
  retention: { ...rules.retention, conversations: 30 },
  language: "fr",
  banner: { en: "Trial until June.", fr: "Essai jusqu'en juin." },
  reasons: { "features.exportConversations": { en: "Files of clients stay here." } },
};

let server: TestServer;
test.beforeAll(async () => {
  // The models are not needed twice.
  cpSync("dist", built, { recursive: true, filter: (path) => !/params_shard|models\/.*\.wasm$/.test(path) });
  server = new TestServer("127.0.0.1", built);
  await server.start();
});
test.afterAll(() => server.stop());
test.afterEach(() => place({}));

test("what is locked is gone, and says who locked it and why; the models, the language and the notice are those of the policy", async () => {
  place(strict);
  const app = await App.open({ server, locale: "de-DE" });
  await expect(app.page.getByText("Essai jusqu'en juin.")).toBeVisible();
  // The recommended model of the first visit is not among those that are allowed.
  await expect(app.page.getByRole("heading", { name: models.starter.name })).toHaveCount(0);
  await app.goto("#/settings");
  await app.page.getByRole("combobox", { name: "Langue" }).selectOption("en");
  await expect(app.page.getByText("Trial until June.")).toBeVisible();
  await expect(
    app.page.getByText(
      "Exporting conversations: not allowed. Set by the law firm's IT, it@firm.example. Files of clients stay here.",
    ),
  ).toBeVisible();
  await expect(app.page.getByRole("button", { name: "Import conversations" })).toBeVisible();
  await expect(app.page.getByRole("button", { name: "Export all conversations" })).toHaveCount(0);
  await app.goto("#/models");
  await expect(app.card("tiny")).toBeVisible();
  await expect(app.card("starter")).toHaveCount(0);
  await expect(app.page.getByText("Models shown: 2")).toBeVisible();
  await app.page.getByText(/^Bring your own/).click();
  await expect(app.page.getByRole("button", { name: "Import files or a zip" })).toHaveCount(0);
  await app.goto("#/trust");
  const view = app.page.getByRole("region", { name: "Policy of this site" });
  await view.getByText("Set by: the law firm's IT").click();
  await expect(view.getByRole("row", { name: /^May connect to/ })).toContainText("this site only");
  await expect(view.getByRole("row", { name: /^Models islet-/ })).toBeVisible();
  await expect(view.getByRole("row", { name: /^Conversations are kept/ })).toContainText("at most 30 days");
  await expect(view.getByRole("row", { name: /^Opening links/ })).toContainText("not allowed");
  expect(await app.accessibilityFaults()).toEqual([]);
  await app.close();
});

test("a policy that was narrowed after the build is enforced by the browser, and the change is in the audit log", async () => {
  const app = await App.open({ server, allowed: ["https://huggingface.co"] });
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  const refusedBy = () =>
    app.page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
          setTimeout(() => resolve("nothing"), 3000);
          fetch("https://huggingface.co/", { mode: "no-cors" }).catch(() => {});
        }),
    );
  expect(await refusedBy()).toBe("nothing");
  place({ network: noHosts });
  await app.page.reload();
  await expect(app.composer).toBeVisible();
  expect(await refusedBy()).toBe("connect-src");
  await app.goto("#/trust");
  const log = app.page.getByRole("region", { name: "Audit log" });
  await expect(log.getByRole("listitem").filter({ hasText: "Policy changed" })).toHaveCount(1);
  await app.close();
});

for (const [what, text, says] of [
  [
    "has a wrong field",
    JSON.stringify({ ...rules, features: { ...rules.features, openLinks: "no" } }),
    'features.openLinks is "no". It must be one of these: true, false.',
  ],
  ["is of an old version", JSON.stringify({ ...rules, version: 1 }), "version is 1."],
  [
    "is of a later version",
    JSON.stringify({ ...rules, version: 4, features: ["openLinks"] }),
    "The policy is of version 4, and this version of Islet reads policies up to version 3.",
  ],
  ["is no JSON", "{", "The file is not JSON. The error is at line 1, column 2"],
  [
    "allows hosts that the page was not made for",
    JSON.stringify({ ...rules, network: { modelHosts: ["https://elsewhere.example"], mirror: null } }),
    "the page was made without https://elsewhere.example",
  ],
] as const)
  test(`a policy that ${what} stops the start and says what is wrong`, async () => {
    writeFileSync(ofFile, text);
    const app = await App.open({ server });
    await expect(app.page.getByRole("heading", { name: "The policy of this site is not valid" })).toBeVisible();
    await app.page.getByText("Technical detail", { exact: true }).click();
    await expect(app.page.getByRole("alert")).toContainText(says);
    await expect(app.composer).toHaveCount(0);
    expect(await app.accessibilityFaults()).toEqual([]);
    place({});
    await app.page.getByRole("button", { name: "Try again" }).click();
    await expect(app.composer).toBeVisible();
    await app.close();
  });

test("a feature that this version does not know is off and said to be, as is one that the policy does not name; a file of version 2 goes on", async () => {
  const { openLinks: _, ...named } = rules.features;
  place({ features: { ...named, readMinds: true }, issuer: { name: "the firm" } });
  const warned: string[] = [];
  const app = await App.open({ server });
  app.page.on("console", (message) => warned.push(message.text()));
  await app.page.reload();
  await app.goto("#/trust");
  const view = app.page.getByRole("region", { name: "Policy of this site" });
  await expect(
    view.getByText("Named in the policy, but unknown to this version and therefore off: readMinds"),
  ).toBeVisible();
  await view.getByText("Set by: the firm").click();
  await expect(view.getByRole("row", { name: /^readMinds/ })).toContainText("this version does not know it; it is off");
  await expect(view.getByRole("row", { name: /^Opening links/ })).toContainText(
    /not allowed\s*The policy of this site does not mention it\./,
  );
  expect(warned).toContain("policy.json: features.readMinds: this version does not know it, so it is off.");
  expect(warned).toContain("policy.json: features.openLinks: the policy does not name it, so it is off.");
  expect(await app.accessibilityFaults()).toEqual([]);
  place({ version: 2, issuer: { name: "the firm" }, features: { ...named, openLinks: false } });
  await app.page.reload();
  await view.getByText("Set by: the firm").click();
  await expect(view.getByRole("row", { name: /^Opening links/ })).toContainText(/not allowed\s*Set by the firm\./);
  await app.close();
});

test("a server without a policy stops the start; without a network the last policy holds", async () => {
  const app = await App.open({ server });
  await app.page.evaluate(() => navigator.serviceWorker.ready);
  place({ banner: { en: "Of the server." } });
  await app.page.reload();
  await expect(app.page.getByText("Of the server.")).toBeVisible();
  const answer = (status: number) => {
    server.fault = (path, _request, response) => {
      if (path !== "/policy.json") return false;
      response.writeHead(status).end();
      return true;
    };
  };
  answer(404);
  await app.page.reload();
  await expect(app.page.getByRole("heading", { name: "The policy of this site could not be read" })).toBeVisible();
  answer(503);
  await app.page.reload();
  await expect(app.page.getByText("Of the server.")).toBeVisible();
  server.fault = undefined;
  await app.context.setOffline(true);
  await app.page.reload();
  await expect(app.page.getByText("Of the server.")).toBeVisible();
  await app.close();
});

test("`npm run policy` puts a policy into a build, with page, headers and hashes that agree, and refuses a bad one", async () => {
  const file = join(folder, "wider.json");
  const run = () => execFileSync("node", ["scripts/policy.mjs", file, built], { encoding: "utf8", stdio: "pipe" });
  writeFileSync(file, JSON.stringify({ ...rules, language: "de" }));
  expect(run).toThrow(/is not a policy\. policy\.json: language/);
  const other = "https://elsewhere.example";
  writeFileSync(file, JSON.stringify({ ...rules, network: { modelHosts: [other], mirror: null } }));
  run();
  const app = await App.open({ server });
  await expect(app.composer).toBeVisible();
  const tag = app.page.locator('meta[http-equiv="Content-Security-Policy"]');
  await expect(tag).toHaveCount(1);
  await expect(tag).toHaveAttribute("content", new RegExp(`connect-src 'self' ${other};`));
  expect(readFileSync(join(built, "_headers"), "utf8")).toContain(`connect-src 'self' ${other};`);
  await app.goto("#/trust");
  const view = app.page.getByRole("region", { name: "What you run" });
  await view.getByRole("button", { name: "Compare the files of this page" }).click();
  await expect(view.getByRole("status")).toContainText(/files match the build/);
  await app.close();
  writeFileSync(file, JSON.stringify(rules));
  run();
  expect(readFileSync(join(built, "index.html"), "utf8")).toBe(readFileSync("dist/index.html", "utf8"));
  expect(readFileSync(join(built, "service-worker.js"), "utf8")).toBe(readFileSync("dist/service-worker.js", "utf8"));
});

test.describe("an app that cannot begin with the policy, while a new version of it comes", () => {
  const file = join(folder, "newer.json");
  const put = (policy: object) => {
    writeFileSync(file, JSON.stringify(policy));
    execFileSync("node", ["scripts/policy.mjs", file, built], { stdio: "pipe" });
  };
  const narrow = { ...rules, network: noHosts };
  const waits = () => navigator.serviceWorker.getRegistration().then((registration) => Boolean(registration?.waiting));
  /** The page that the service worker in charge hands out. */
  const page = () => fetch("index.html").then((response) => response.text());
  let app: App;
  /** Makes another version by another policy, and then puts one beside it that the app cannot read. */
  async function open(unreadable: object): Promise<void> {
    app = await App.open({ server });
    await app.page.evaluate(() => navigator.serviceWorker.ready);
    put(narrow);
    writeFileSync(ofFile, JSON.stringify(unreadable));
    await app.page.reload();
    await expect(app.page.getByRole("heading", { name: "The policy of this site is not valid" })).toBeVisible();
  }
  async function begins(): Promise<void> {
    writeFileSync(ofFile, JSON.stringify(narrow));
    await app.page.getByRole("button", { name: "Try again" }).click();
    await expect(app.composer).toBeVisible();
    expect(await app.page.evaluate(waits)).toBe(false);
    const tags = app.page.locator('meta[http-equiv="Content-Security-Policy"]');
    await expect(tags).toHaveCount(1);
    await expect(tags).toHaveAttribute("content", /connect-src 'self';/);
    await app.close();
  }
  test.afterEach(() => put(rules));

  test("takes it at “Try again”", async () => {
    await open({ ...narrow, features: { ...rules.features, openLinks: "no" } });
    await expect.poll(() => app.page.evaluate(waits)).toBe(true);
    await begins();
  });

  test("is replaced by it unasked where the policy is of a later version than the last that it read", async () => {
    await open({ ...narrow, version: 4 });
    await expect(app.page.getByRole("listitem").filter({ hasText: "Islet must be updated first." })).toBeVisible();
    await expect.poll(() => app.page.evaluate(page)).toContain("connect-src &#39;self&#39;;");
    await begins();
  });
});

test("the audit log has the text of conversations where the policy wants it, and says so", async () => {
  const app = await App.open();
  app.server.fault = (path, _request, response) => {
    if (path !== "/policy.json") return false;
    response.writeHead(200).end(JSON.stringify({ ...rules, audit: { content: true } }));
    return true;
  };
  await app.page.reload();
  // Whoever asks is told beforehand.
  await expect(app.page.getByRole("note", { name: "Notice of this site" })).toContainText(
    "questions and answers are written into the audit log",
  );
  await app.load();
  await app.ask("What is 6 + 7?");
  await app.goto("#/trust");
  const log = app.page.getByRole("region", { name: "Audit log" });
  const generation = log.getByRole("listitem").filter({ hasText: "Answer generated" });
  await expect(generation).toContainText("question=What is 6 + 7?");
  await expect(generation).toContainText("answer=13");
  await app.close();
});

test("the app may not load what the policy leaves out, even when it is here already", async () => {
  const app = await App.open();
  await app.load();
  const { server: own } = app;
  own.fault = (path, _request, response) => {
    if (path !== "/policy.json") return false;
    const refused = { ...rules, models: { ...rules.models, publishers: ["Hugging Face"] } };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(refused));
    return true;
  };
  await app.page.reload();
  await app.goto("#/models");
  await expect(app.page.getByText("Running")).toHaveCount(0);
  await expect(app.card("starter")).toBeVisible();
  await expect(app.entry(models.tiny.name).getByRole("button", { name: "Start", exact: true })).toHaveCount(0);
  await app.close();
});
