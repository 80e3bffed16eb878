// The browser enforces what the policy file promises. (That no test's app asks another origin is checked in app.ts.)
import { readFileSync } from "node:fs";
import { expect, test } from "playwright/test";
import policy from "../../src/trust/rules/policy.json" with { type: "json" };
import { App } from "./app";

const elsewhere = "https://example.org/";

test("the policy holds in the page and in both of its workers (probe.spec.ts has every way out)", async () => {
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
  app.foreign.length = 0;
  await app.close();
});

test("the policy stands in the page, in the headers of the server and in _headers, and allows nothing but the app's own origin and the listed hosts", async () => {
  const app = await App.open();
  const header = (await app.page.reload())!.headers()["content-security-policy"]!;
  const page = await app.page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  expect(header).toBe(`${page}; frame-ancestors 'none'`);
  expect(readFileSync("dist/_headers", "utf8")).toContain(header);
  const names = header.split(";").map((directive) => directive.trim().split(" "));
  const sources = names.filter(([name]) => !name!.includes("trusted-types")).flatMap(([, ...rest]) => rest);
  expect(header).toContain(
    "require-trusted-types-for 'script'; trusted-types default islet dompurify svelte-trusted-html",
  );
  expect([...new Set(sources)].sort()).toEqual(
    ["'none'", "'self'", "'wasm-unsafe-eval'", ...policy.network.modelHosts].sort(),
  );
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
