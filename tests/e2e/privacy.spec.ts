// The browser enforces what the policy file promises. (That no test's app asks another origin is checked in app.ts.)
import { readFileSync } from "node:fs";
import { expect, test } from "playwright/test";
import policy from "../../src/trust/policy.json" with { type: "json" };
import { App } from "./app";

const elsewhere = "https://example.org/";

test("the page's own policy blocks every way out, in the page and in both workers", async () => {
  const app = await App.open();
  await app.load();
  const attempts = (url: string) => {
    const blocked = new Promise<string>((resolve) => {
      addEventListener(
        "securitypolicyviolation",
        (event) => resolve((event as SecurityPolicyViolationEvent).effectiveDirective),
        {
          once: true,
        },
      );
      setTimeout(() => resolve("not blocked"), 3000);
    });
    void fetch(url).catch(() => {});
    return blocked;
  };
  expect(await app.page.evaluate(attempts, elsewhere)).toBe("connect-src");
  for (const name of ["/engine-worker", "/store-worker"])
    expect(
      await app.page
        .workers()
        .find((worker) => worker.url().includes(name))!
        .evaluate(attempts, elsewhere),
    ).toBe("connect-src");
  for (const [element, directive] of [
    ["img", "img-src"],
    ["script", "script-src-elem"],
    ["iframe", "frame-src"],
  ] as const) {
    const effective = await app.page.evaluate(
      ([tag, url]) =>
        new Promise<string>((resolve) => {
          document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), {
            once: true,
          });
          document.body.append(Object.assign(document.createElement(tag), { src: url }));
        }),
      [element, elsewhere] as const,
    );
    expect(effective).toBe(directive);
  }
  const inline = await app.page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        document.addEventListener("securitypolicyviolation", (event) => resolve(event.blockedURI), { once: true });
        document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = true" }));
      }),
  );
  expect(inline).toBe("inline");
  expect(await app.page.evaluate(() => "ran" in window)).toBe(false);
  // The attempts of this test were seen, so one of the app's own would have been seen by every other test.
  expect(app.foreign).toContain(elsewhere);
  app.foreign.length = 0;
  await app.close();
});

test("the policy stands in the page, in the headers of the server and in _headers, and allows nothing but the app's own origin and the listed hosts", async () => {
  const app = await App.open();
  const header = (await app.page.reload())!.headers()["content-security-policy"]!;
  const page = await app.page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  expect(header).toBe(`${page}; frame-ancestors 'none'`);
  expect(readFileSync("dist/_headers", "utf8")).toContain(header);
  const sources = header.split(";").flatMap((directive) => directive.trim().split(" ").slice(1));
  expect([...new Set(sources)].sort()).toEqual(["'none'", "'self'", "'wasm-unsafe-eval'", ...policy.modelHosts].sort());
  // The hosts are for connections; nothing that runs or is shown comes from them.
  for (const directive of header.split(";"))
    if (directive.includes("https:")) expect(directive).toMatch(/^ ?connect-src /);
  await app.close();
});

test("the build has no inline script or style, and names no other origin to load from", () => {
  const html = readFileSync("dist/index.html", "utf8");
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
});
