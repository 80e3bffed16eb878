// A policy that changed holds in what is open and in what the service worker hands out, whatever the stored headers say.
// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fetchFile, MemorySink } from "../../src/engine/store/fetch-file";
import { mlcForm } from "../../src/engine/store/mlc-form";
import { ALLOWLIST, connectionAllowlist } from "../../src/trust/rules/allowlist";
import { contentSecurityPolicy, readPolicy } from "../../src/trust/rules/policy";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };

const hub = "https://huggingface.co";
const withHosts = (...modelHosts: string[]) => ({ ...rules, network: { modelHosts, mirror: null } });
const csp = (...hosts: string[]) => contentSecurityPolicy(readPolicy(withHosts(...hosts)), "header");
const CSP = "Content-Security-Policy";

beforeEach(() => vi.resetModules());
afterEach(() => {
  vi.unstubAllGlobals();
  document.head.innerHTML = "";
});

describe("the service worker", () => {
  const scope = `${location.origin}/app/`;
  const script = location.href;
  /** The part of it, with what is kept here: policy.json, and the header that its own script came with. */
  async function begin(kept: { policy?: string; own?: string }) {
    const stored = new Map<string, Response>();
    if (kept.policy !== undefined) stored.set(`${scope}policy.json`, new Response(kept.policy));
    stored.set(script, new Response(null, { headers: kept.own ? { [CSP]: kept.own } : {} }));
    vi.stubGlobal("registration", { scope });
    vi.stubGlobal("caches", { match: (key: string) => Promise.resolve(stored.get(key)?.clone()) });
    const part = await import("../../src/pwa/policy-headers");
    part.keepOwnHeaders();
    const respond = async (path: string, headers: Record<string, string>) => {
      const response = new Response("x", { headers });
      const given = await part.boundToPolicy.handlerWillRespond({ request: new Request(scope + path), response });
      return { given, same: given === response };
    };
    const answer = async (path: string, header: string | null) => {
      // With the allowlist in force, of which the next test is.
      const allowlist = {
        [ALLOWLIST]: connectionAllowlist(
          kept.policy?.startsWith("{") ? (JSON.parse(kept.policy) as typeof rules) : withHosts(),
        ),
      };
      const { given, same } = await respond(path, { ...allowlist, ...(header === null ? {} : { [CSP]: header }) });
      return { header: given.headers.get(CSP), same, text: await given.text() };
    };
    const allowlist = async (path: string, header: string | null) => {
      const { given } = await respond(path, header === null ? {} : { [ALLOWLIST]: header });
      return given.headers.get(ALLOWLIST);
    };
    return { ...part, answer, allowlist };
  }

  test("gives pages and scripts of workers the policy in force, where what is stored came with a wider one or none", async () => {
    const { answer } = await begin({ policy: JSON.stringify(withHosts()) });
    for (const path of ["", "index.html", "assets/store-worker-Ab-1.js"]) {
      expect(await answer(path, null)).toEqual({ header: csp(), same: false, text: "x" });
      expect((await answer(path, csp(hub))).header).toBe(`${csp(hub)}, ${csp()}`);
      // As it is stored, where that is enough.
      expect(await answer(path, csp())).toEqual({ header: csp(), same: true, text: "x" });
    }
    expect((await answer("assets/page-x.js", null)).same).toBe(true);
  });

  test("adds the allowlist to them, narrows one that is wider, and never widens one", async () => {
    const { allowlist } = await begin({ policy: JSON.stringify(withHosts(hub)) });
    const list = (...hosts: string[]) => connectionAllowlist(withHosts(...hosts));
    for (const path of ["", "index.html", "assets/store-worker-Ab-1.js"]) {
      expect(await allowlist(path, null)).toBe(list(hub));
      expect(await allowlist(path, list(hub, "https://elsewhere.example"))).toBe(list(hub));
      expect(await allowlist(path, list())).toBe(list());
      expect(await allowlist(path, "(response-origin)")).toBe("(response-origin)");
    }
    expect(await allowlist("assets/page-x.js", null)).toBe(null);
  });

  test("never widens, allows nothing by a policy that it cannot read, and adds nothing before one was read", async () => {
    const wide = await begin({ policy: JSON.stringify(withHosts(hub)) });
    expect((await wide.answer("", csp())).header).toBe(csp());
    vi.resetModules();
    const broken = await begin({ policy: "<!doctype html>" });
    expect((await broken.answer("", csp(hub))).header).toBe(`${csp(hub)}, ${csp()}`);
    vi.resetModules();
    expect((await (await begin({})).answer("", null)).same).toBe(true);
  });

  test("lets nothing be led on by itself while it is held by less than the policy", async () => {
    const elsewhere = new URL("https://models.example/x");
    const ask = { request: new Request(elsewhere) };
    for (const [own, held] of [
      [csp(), true],
      [csp(hub), false],
      [undefined, false],
    ] as const) {
      // prettier-ignore
      vi.resetModules();
      const part = await begin({ policy: JSON.stringify(withHosts()), ...(own ? { own } : {}) });
      expect((await part.heldFast.requestWillFetch(ask)).redirect).toBe(held ? "follow" : "error");
      expect(part.leavesAlone(elsewhere)).toBe(!held);
      expect(part.leavesAlone(new URL(`${location.origin}/models/x`))).toBe(false);
    }
  });
});

describe("a page that is open", () => {
  /** The page as it starts, with a tag for `built` and the policy file of the server, which can be changed. */
  async function begin(built: string[], file: object) {
    const server = { text: JSON.stringify(file), status: 200 };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(server.text, { status: server.status })));
    document.head.innerHTML = `<meta http-equiv="${CSP}">`;
    document.querySelector("meta")!.content = contentSecurityPolicy(readPolicy(withHosts(...built)), "page");
    const current = await import("../../src/trust/current-policy");
    await current.startPolicy();
    const watch = await import("../../src/trust/policy-watch.svelte");
    const tags = () => [...document.querySelectorAll<HTMLMetaElement>("meta")].map(({ content }) => content);
    return { server, current, tags, ...watch };
  }

  test("is held to a policy that was narrowed since, brings nothing more, and ends what is under way", async () => {
    const { server, tags, policyWatch, demandSamePolicy } = await begin([hub], withHosts(hub));
    let ended = 0;
    policyWatch.onNetworkChanged = () => ended++;
    await demandSamePolicy();
    expect(tags()).toHaveLength(1);
    server.text = JSON.stringify(withHosts());
    await expect(demandSamePolicy()).rejects.toMatchObject({ code: "policy-changed" });
    expect(tags()[0]).toContain("connect-src 'self';");
    expect([tags().length, ended]).toEqual([2, 1]);
    // Also when it is changed back: the tag stays.
    server.text = JSON.stringify(withHosts(hub));
    await expect(demandSamePolicy()).rejects.toMatchObject({ code: "policy-changed" });
    expect([tags().length, ended]).toEqual([2, 1]);
  });

  test("is told of a change of anything else, which ends nothing", async () => {
    const { server, policyWatch, demandSamePolicy } = await begin([hub], withHosts(hub));
    let ended = 0;
    policyWatch.onNetworkChanged = () => ended++;
    server.text = JSON.stringify({ ...withHosts(hub), features: { ...rules.features, importModels: false } });
    await expect(demandSamePolicy()).rejects.toMatchObject({ code: "policy-changed" });
    expect([policyWatch.changed, ended]).toEqual([true, 0]);
  });

  test.each([
    ["a server in trouble", "", 503],
    ["a deployment that ended", "gone", 404],
    ["a login page", "<!doctype html><title>Log in</title>", 200],
    ["the same, written otherwise", JSON.stringify(withHosts(hub), null, 4), 200],
  ])("goes on as it was for %s", async (_what, text, status) => {
    const { server, policyWatch, demandSamePolicy } = await begin([hub], withHosts(hub));
    Object.assign(server, { text, status });
    await demandSamePolicy();
    expect(policyWatch.changed).toBe(false);
  });

  test("begins with what it was made for when a wider policy comes with a new version, and not at all when none comes", async () => {
    await expect(begin([], withHosts(hub))).rejects.toMatchObject({ code: "policy-invalid" });
    vi.resetModules();
    const registration = { active: {}, waiting: {}, update: () => Promise.resolve() };
    vi.stubGlobal("navigator", { serviceWorker: { getRegistration: () => Promise.resolve(registration) } });
    const { current, tags, demandSamePolicy } = await begin(["https://*.hf.co"], withHosts(hub, "https://*.hf.co"));
    expect(current.policy.network).toEqual({ modelHosts: ["https://*.hf.co"], mirror: null });
    expect(tags()).toHaveLength(1);
    await demandSamePolicy();
  });
});

test("a download is not led on where the browser does not hold the worker to the policy, and is where it does", async () => {
  const asked: (string | undefined)[] = [];
  vi.stubGlobal("fetch", (_url: string, { redirect }: RequestInit) => {
    asked.push(redirect);
    // What `fetch` gives for a redirect that it does not follow.
    return Promise.resolve(redirect === "manual" ? ({ type: "opaqueredirect" } as Response) : new Response("too much"));
  });
  const bring = (held: boolean) =>
    fetchFile(`${hub}/x.bin`, "x.bin", { bytes: 0 }, {
      network: { modelHosts: [hub], mirror: null },
      form: mlcForm,
      held,
      signal: new AbortController().signal,
      onBytes: () => {},
      onRetry: () => {},
    }, new MemorySink(mlcForm)); // prettier-ignore
  await expect(bring(false)).rejects.toMatchObject({ code: "redirect-unchecked" });
  await expect(bring(true)).rejects.toMatchObject({ code: "download-corrupt" });
  expect(asked).toEqual(["manual", "follow"]);
});
