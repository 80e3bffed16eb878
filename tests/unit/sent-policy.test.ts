// A policy that was sent is compared with the one that is demanded: nothing that is wider passes, and nothing that is as narrow is blamed.
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { contentSecurityPolicy, readPolicy, type Policy } from "../../src/trust/rules/policy";
import { holdsConnections, judge, policiesOf } from "../../src/trust/rules/policy-judgement";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { ownAddress } from "../../src/trust/allowlist-here";

const own = "https://islet.example.org";
const withHosts = (...modelHosts: string[]): Policy => readPolicy({ ...rules, network: { modelHosts, mirror: null } });
const header = (...hosts: string[]) => contentSecurityPolicy(withHosts(...hosts), "header");
const demanded = header("https://models.example", "https://*.hf.co");

describe("a policy that was sent", () => {
  test("is the same, narrower, wider or missing", () => {
    const of = (sent: string | null) => judge(sent, demanded, own, "worker");
    expect(of(demanded)).toEqual({ verdict: "same", wider: [] });
    expect(of(header("https://*.hf.co"))).toEqual({ verdict: "narrower", wider: [] });
    expect(of(header("https://models.example", "https://*.hf.co", "https://elsewhere.example"))).toEqual({
      verdict: "wider",
      wider: ["connect-src https://elsewhere.example"],
    });
    expect(of(null)).toMatchObject({ verdict: "missing" });
    expect(of(null).wider).toContain("connect-src *");
    expect(of("")).toMatchObject({ verdict: "missing" });
  });

  test.each([
    ["connect-src 'self' https://a.hf.co", []],
    ["connect-src 'self' https://*.a.hf.co", []],
    ["connect-src 'self' https://MODELS.example/folder/", []],
    [`connect-src ${own}`, []],
    ["connect-src 'none'", []],
    ["", []],
    // Each lets through what only looks like what is demanded.
    ["connect-src https://elsewhere.example/x.hf.co", ["connect-src https://elsewhere.example/x.hf.co"]],
    ["connect-src https://evilhf.co", ["connect-src https://evilhf.co"]],
    ["connect-src http://models.example", ["connect-src http://models.example"]],
    ["connect-src https://models.example:8443", ["connect-src https://models.example:8443"]],
    ["connect-src https://models.example:*", ["connect-src https://models.example:*"]],
    ["connect-src https:", ["connect-src https:"]],
    ["connect-src data:", ["connect-src data:"]],
    ["connect-src *", ["connect-src *"]],
    ["connect-src https://*.co", ["connect-src https://*.co"]],
  ])("lets through no more than it says: %s", (directive, wider) => {
    const sent = `${directive}; ${demanded.replace(/connect-src [^;]*; /, "")}`;
    expect(judge(sent, demanded, own, "worker").wider).toEqual(wider);
  });

  test("is held to what it leaves out", () => {
    const without = (name: string) => demanded.replace(new RegExp(`${name} [^;]*(; )?`), "");
    expect(judge(without("connect-src"), demanded, own, "worker").wider).toEqual([]);
    expect(judge(without("require-trusted-types-for"), demanded, own, "page").wider).toEqual([
      "require-trusted-types-for *",
    ]);
    expect(judge(without("trusted-types default"), demanded, own, "page").wider).toEqual(["trusted-types *"]);
    expect(judge(without("frame-ancestors"), demanded, own, "page").wider).toEqual(["frame-ancestors *"]);
    // A worker is framed by nobody.
    expect(judge(without("frame-ancestors"), demanded, own, "worker").wider).toEqual([]);
    expect(
      judge(demanded.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'"), demanded, own, "page").wider,
    ).toEqual(["script-src 'unsafe-eval'"]);
  });

  test("counts together with the others, since browsers enforce all of them", () => {
    const wide = header("https://models.example", "https://*.hf.co", "https://elsewhere.example");
    expect(policiesOf(`${wide}, ${demanded}`)).toHaveLength(2);
    expect(judge(`${wide}, ${demanded}`, demanded, own, "worker")).toEqual({ verdict: "same", wider: [] });
    const tag = contentSecurityPolicy(withHosts("https://models.example", "https://*.hf.co"), "page");
    expect(judge(wide, demanded, own, "page", [tag]).wider).toEqual([]);
    // Without a header, what the tag cannot say is open.
    expect(judge(null, demanded, own, "page", [tag])).toEqual({ verdict: "missing", wider: ["frame-ancestors *"] });
  });

  test("the first of two directives of a name counts, in any case of letters", () => {
    const sent = `Connect-Src *; ${demanded}`;
    expect(judge(sent, demanded, own, "worker").wider).toEqual(["connect-src *"]);
  });

  test("opens nothing that another one closes, whatever it is", () => {
    const word = fc.constantFrom(
      "connect-src",
      "default-src",
      "'self'",
      "'none'",
      "*",
      ";",
      ",",
      " ",
      "https://a.b",
      "\t",
      "x",
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const sent = words.join("");
        expect(judge(`${sent}, ${demanded}`, demanded, own, "worker").wider).toEqual([]);
      }),
    );
  });
});

test("connections are held where a header lets through no more than the rules", () => {
  const { network } = withHosts("https://models.example");
  expect(holdsConnections(header("https://models.example"), network, own)).toBe(true);
  expect(holdsConnections(header(), network, own)).toBe(true);
  expect(holdsConnections("default-src 'self'", network, own)).toBe(true);
  expect(holdsConnections(header("https://other.example"), network, own)).toBe(false);
  expect(holdsConnections("script-src 'self'", network, own)).toBe(false);
  expect(holdsConnections(null, network, own)).toBe(false);
  expect(holdsConnections(`${header("https://other.example")}, ${header()}`, network, own)).toBe(true);
});

describe("what came for the page", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test.each([
    ["is what the service worker keeps, where that answered", 12, "index.html"],
    ["is what the server sends, where the page came around the service worker", 0, "?policy"],
  ])("%s", (_, workerStart, file) => {
    vi.stubGlobal("performance", { getEntriesByType: () => [{ workerStart }] });
    // The folder itself is not among what the service worker keeps for others than navigations.
    expect(ownAddress()).toBe(new URL(file, document.baseURI).href);
  });
});
