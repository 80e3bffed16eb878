// @vitest-environment node
// What the service worker takes for a file of the build, and for the policy.
import { describe, expect, test } from "vitest";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };
import { en } from "../../src/i18n/en";
import { fr } from "../../src/i18n/fr";
import { ja } from "../../src/i18n/ja";
import { vi } from "../../src/i18n/vi";
import { isWebPage } from "../../src/platform/content-type";
import { integrityOf } from "../../src/platform/integrity";
import { faultOf } from "../../src/pwa/build-file";
import { foreignOf, hasFormOfPolicy, policyAnswer } from "../../src/trust/rules/policy-answer";

const response = (text: string, type: string | null, status = 200) =>
  new Response(text, { status, headers: type === null ? {} : { "content-type": type } });
/** As a redirect that was followed arrives. */
const redirected = (from: Response) => Object.defineProperty(from, "redirected", { value: true });
/** As a redirect that is not to be followed arrives. */
const unfollowed = () => Object.defineProperty(new Response(null), "type", { value: "opaqueredirect" });

test("a web page is known by its type, however that is written", () => {
  for (const type of ["text/html", "Text/HTML;charset=utf-8", " text/html ; x", "application/xhtml+xml"])
    expect(isWebPage(type)).toBe(true);
  for (const type of [null, "", "text/plain", "application/json", "text/html5"]) expect(isWebPage(type)).toBe(false);
});

describe("a file of the build", () => {
  const text = "export {};";
  const hash = integrityOf(new TextEncoder().encode(text).buffer);
  const at = "https://islet.test/app/assets/page-1.js";
  const fault = async (came: Response, url = at) => faultOf(url, came, await hash);

  test("is one whose bytes and type are those of the build, and it can still be read", async () => {
    for (const type of ["text/javascript", "application/javascript; charset=utf-8", "application/x-javascript"])
      expect(await fault(response(text, type))).toBeUndefined();
    const came = response(text, "text/javascript");
    await fault(came);
    expect(await came.text()).toBe(text);
    for (const [name, type] of [
      ["index.html", "text/html; charset=utf-8"],
      ["a.css", "text/css"],
      ["a.svg", "image/svg+xml"],
      ["a.png", "image/png"],
      ["a.png", null],
      ["a.webmanifest", "application/octet-stream"],
    ] as const)
      expect(await fault(response(text, type), `https://islet.test/${name}`)).toBeUndefined();
  });

  test("is none of another type, status or address, nor other, fewer or more bytes", async () => {
    for (const type of ["text/html", "text/plain", null, "text/javascripts"])
      expect(await fault(response(text, type))).toBe("type");
    expect(await fault(response(text, "text/html"), "https://islet.test/a.png")).toBe("type");
    expect(await fault(response(text, "text/javascript", 203))).toBe("status");
    expect(await fault(response("", "text/javascript", 503))).toBe("status");
    expect(await fault(redirected(response(text, "text/javascript")))).toBe("redirected");
    expect(await fault(unfollowed())).toBe("redirected");
    for (const other of ["", text.slice(1), `${text} `, "<!doctype html>"])
      expect(await fault(response(other, "text/javascript"))).toBe("bytes");
  });

  test("is none that breaks off", async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("the network went")) });
    expect(await fault(new Response(body, { headers: { "content-type": "text/javascript" } }))).toBe("bytes");
  });
});

describe("an answer for the policy", () => {
  const kind = async (came: Response) => (await policyAnswer(came)).kind;

  test("is the file, good or bad, when it is JSON by its look, whatever its type says", async () => {
    for (const text of [JSON.stringify(rules), "{", "", "null"])
      for (const type of ["application/json", "text/plain", "application/octet-stream", null])
        expect(await policyAnswer(response(text, type))).toEqual({ kind: "file", text });
  });

  test("is the word that there is none only when the server says so", async () => {
    expect(await kind(response("<h1>not found</h1>", "text/html", 404))).toBe("none");
    expect(await kind(response("", null, 410))).toBe("none");
  });

  test("is foreign when it is a web page, a redirect, a demand to sign in, or trouble", async () => {
    const page = "<!doctype html><title>Sign in</title>";
    for (const type of ["text/html", "application/json", "text/plain", null])
      expect(await kind(response(`\ufeff \n${page}`, type))).toBe("foreign");
    expect(await kind(response(JSON.stringify(rules), "text/html"))).toBe("foreign");
    expect(await kind(redirected(response(JSON.stringify(rules), "application/json")))).toBe("foreign");
    expect(await kind(unfollowed())).toBe("foreign");
    for (const status of [203, 401, 403, 407, 429, 500, 503, 511])
      expect(await kind(response("{}", "application/json", status))).toBe("foreign");
  });

  test("comes with what was seen, which a person reads in their language", async () => {
    const seen = async (came: Response) => {
      const answer = await policyAnswer(came);
      return answer.kind === "foreign" && answer.what;
    };
    expect(await seen(response("<p>", "text/html"))).toBe("page");
    expect(await seen(unfollowed())).toBe("redirect");
    expect(await seen(response("", null, 511))).toBe("HTTP 511");
    for (const what of ["page", "redirect", "HTTP 511"]) expect(foreignOf(what)).toBe(what);
    for (const text of [null, "", "a web page", "HTTP 511. Call us", "pages"]) expect(foreignOf(text)).toBeUndefined();
    for (const texts of [en, fr, ja, vi])
      for (const kind of ["page", "redirect"]) expect(texts).toHaveProperty([`policy.foreign.${kind}`]);
  });

  test("is kept only when it has the form of a policy", () => {
    expect(hasFormOfPolicy(JSON.stringify(rules))).toBe(true);
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      "1",
      '{"version":2}',
      '{"version":"2","network":{}}',
      '{"version":2,"network":null}',
    ])
      expect(hasFormOfPolicy(text)).toBe(false);
  });
});
