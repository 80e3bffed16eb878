// What the server really sends, against the policy: headers that are missing, wider or older than it hold back nothing that the policy forbids,
// or it is said what still runs.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, type Worker } from "playwright/test";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { App, models } from "./app";
import { TestServer } from "./server";

const folder = mkdtempSync(join(tmpdir(), "islet-sent-"));
const built = join(folder, "dist");
const hub = "https://huggingface.co";
const other = "https://elsewhere.example";
const withHosts = (...modelHosts: string[]) => JSON.stringify({ ...rules, network: { modelHosts, mirror: null } });
/** By an administrator's editor. */
const narrowByHand = (...hosts: string[]) => writeFileSync(join(built, "policy.json"), withHosts(...hosts));
/** By `npm run policy`. */
function put(...hosts: string[]): void {
  writeFileSync(join(folder, "mine.json"), withHosts(...hosts));
  execFileSync("node", ["scripts/policy.mjs", join(folder, "mine.json"), built], { stdio: "pipe" });
}

let server: TestServer;
/** What the server sends in place of its Content-Security-Policy; null for none. */
let sent: string | null | undefined;
let app: App;

test.beforeAll(async () => {
  cpSync("dist", built, { recursive: true, filter: (path) => !/params_shard|models\/.*\.wasm$/.test(path) });
});
test.beforeEach(async () => {
  put(hub);
  sent = undefined;
  server = new TestServer("127.0.0.1", built);
  await server.start();
  server.fault = (_path, _request, response) => {
    if (sent === null) response.removeHeader("Content-Security-Policy");
    else if (sent !== undefined) response.setHeader("Content-Security-Policy", sent);
    return false;
  };
});
test.afterEach(async () => {
  // What was tried is not what the app asked for.
  app.foreign.length = 0;
  await app.close();
  await server.stop();
});

async function open(): Promise<void> {
  app = await App.open({ server, allowed: [hub, other] });
  await app.context.route(/^https:/, (route) => route.fulfill({ status: 204 }));
  await app.page.evaluate(() => navigator.serviceWorker.ready);
}

/** The line of the policy that refuses `url` there, or "nothing". */
const refusal = (where: App["page"] | Worker, url: string) =>
  (where as Worker).evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const seen = (event: Event) => resolve((event as SecurityPolicyViolationEvent).effectiveDirective);
        addEventListener("securitypolicyviolation", seen, { once: true });
        // The page is isolated, so that also what is sent can come to nothing; what the policy refuses is told at once.
        const ended = () => setTimeout(() => resolve("nothing"), 1000);
        fetch(address, { mode: "no-cors" }).then(ended, ended);
      }),
    `${url}/`,
  );

/** The worker that downloads; it begins when it is needed. */
async function storeWorker(): Promise<Worker> {
  await app.goto("#/storage");
  const all = () => app.page.workers().filter((worker) => worker.url().includes("/store-worker"));
  await expect.poll(() => all().length).toBe(1);
  return all()[0]!;
}

const view = () => app.page.getByRole("region", { name: "Policy of this site" });
const row = (name: string) => view().getByRole("row", { name: new RegExp(`^${name} `) });

test("a server that sends the policy's headers is told so, in the trust screen", async () => {
  await open();
  await app.goto("#/trust");
  await expect(view().getByRole("status")).toContainText(/The page and its workers were sent this policy.*\(9 of 9\)/);
  await view().getByText("Policy as sent").click();
  for (const name of [
    ...["Page", "Service worker", "store-worker", "engine-worker", "probe-worker", "argon2-worker"],
    ...["llama-worker", "llama-main-worker", "llama-thread-worker"],
  ])
    await expect(row(name)).toContainText("as this policy demands");
  expect(await app.accessibilityFaults()).toEqual([]);
});

for (const [what, header, says] of [
  ["none", null, "no header; open because of that: default-src *"],
  ["those of another policy", `default-src 'self'; connect-src 'self' ${other}`, `connect-src ${other}`],
] as const)
  test(`a server that sends ${what}: it is said where, and workers that begin under the service worker are held all the same`, async () => {
    sent = header;
    await open();
    await app.goto("#/trust");
    await expect(view().getByRole("status")).toContainText("Not sent as this policy demands: 2.");
    await expect(row("Service worker")).toContainText(says);
    await expect(row("Page")).toContainText(header === null ? "no header" : "lets through more");
    await expect(row("Page")).toContainText("frame-ancestors *");
    await app.page.reload();
    await expect(view().getByRole("status")).toContainText("Not sent as this policy demands: 1.");
    await expect(row("Service worker")).toContainText(says);
    for (const name of ["Page", "store-worker", "engine-worker"])
      await expect(row(name)).toContainText(/(as|narrower than) this policy demands/);
    expect(await app.accessibilityFaults()).toEqual([]);
    expect(await refusal(await storeWorker(), other)).toBe("connect-src");
    expect(await refusal(app.page, other)).toBe("connect-src");
  });

test("a policy that was narrowed by hand holds in a page that is open, at once and plainly, and in its workers from the next start", async () => {
  await open();
  expect(await refusal(app.page, hub)).toBe("nothing");
  narrowByHand();
  await app.startModel("tiny");
  await expect(app.page.getByText("The policy of this site has changed. Until you reload")).toBeVisible();
  await expect(app.page.getByRole("heading", { name: "The policy of this site has changed" }).first()).toBeVisible();
  expect(await refusal(app.page, hub)).toBe("connect-src");
  expect(server.modelRequests()).toEqual([]);
  await app.page.getByRole("button", { name: "Reload", exact: true }).click();
  await expect(app.page.getByText("The policy of this site has changed. Until you reload")).toHaveCount(0);
  // The stored scripts came with the older policy; the service worker adds the one of now.
  expect(await refusal(await storeWorker(), hub)).toBe("connect-src");
  await app.goto("#/trust");
  await expect(row("Service worker")).toContainText(`lets through more: connect-src ${hub}`);
  await expect(row("store-worker")).toContainText("as this policy demands");
});

test("a policy that `npm run policy` widens while the app is installed and open: the old page goes on with less, and the new version has it", async () => {
  await open();
  put(hub, other);
  // An administrator tells the server, as the command says.
  await server.stop();
  await server.start();
  await app.page.reload();
  await expect(app.page.getByText("A new version is ready.")).toBeVisible();
  await expect(app.composer).toBeVisible();
  expect(await refusal(app.page, other)).toBe("connect-src");
  await app.page.getByRole("button", { name: "Reload", exact: true }).click();
  await expect(app.page.getByText("A new version is ready.")).toHaveCount(0);
  await expect(app.page.locator('meta[http-equiv="Content-Security-Policy"]')).toHaveAttribute(
    "content",
    new RegExp(`connect-src 'self' ${hub} ${other};`),
  );
  expect(await refusal(app.page, other)).toBe("nothing");
});

test("a policy that `npm run policy` narrows while the app is installed and open holds for page and workers before the new version is accepted, and names what still runs", async () => {
  await open();
  // A tab that stays as it is, with a worker that has begun.
  const second = await app.tab("#/storage");
  const told = async () => (await navigator.locks.query()).held!.some(({ name }) => name!.includes("store-worker"));
  await expect.poll(() => second.page.evaluate(told)).toBe(true);
  put();
  await app.page.reload();
  await expect(app.page.getByText("A new version is ready.")).toBeVisible();
  expect(await refusal(app.page, hub)).toBe("connect-src");
  expect(await refusal(await storeWorker(), hub)).toBe("connect-src");
  expect(readFileSync(join(built, "_headers"), "utf8")).toContain("connect-src 'self';");
  await app.goto("#/trust");
  await expect(row("store-worker, still running from before")).toContainText(`lets through more: connect-src ${hub}`);
});

test("a download is not led on to where nothing checks it", async () => {
  sent = null;
  const plain = server.fault!;
  server.fault = (path, request, response) => {
    plain(path, request, response);
    // No service worker stands before the page.
    if (path === "/service-worker.js") response.writeHead(404).end();
    else if (path.includes(`/models/${models.tiny.id}/`))
      response.writeHead(302, { location: `${other}${path}` }).end();
    return response.writableEnded;
  };
  app = await App.open({ server, allowed: [other] });
  let reached = 0;
  await app.context.route(/^https:/, (route) => (reached++, route.fulfill({ status: 204 })));
  await app.startModel("tiny");
  await expect(app.page.getByText("Nothing would check where this download leads").first()).toBeVisible();
  expect(reached).toBe(0);
});
