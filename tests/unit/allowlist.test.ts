// The header Connection-Allowlist names the hosts of the policy and no other, as the browser matches them; and no list that was sent is widened.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ALLOWLIST, connectionAllowlist, narrowedAllowlist } from "../../src/trust/rules/allowlist";
import { headersFile, readPolicy, responseHeaders } from "../../src/trust/rules/policy";
import rules from "../../src/trust/rules/policy.json" with { type: "json" };

const withHosts = (...modelHosts: string[]) => ({ network: { modelHosts, mirror: null as string | null } });
const list = (...hosts: string[]) => connectionAllowlist(withHosts(...hosts));

test("it is sent with every file, and names the app's own origin and the hosts of the policy", () => {
  const header =
    '(response-origin "mailto:*" "https://huggingface.co/*" "https://*.hf.co/*" "https://raw.githubusercontent.com/*");redirects=allow';
  const policy = readPolicy(rules);
  expect(responseHeaders(policy)[ALLOWLIST]).toBe(header);
  expect(headersFile(policy)).toContain(`  ${ALLOWLIST}: ${header}\n`);
  expect(list()).toBe('(response-origin "mailto:*");redirects=allow');
  const mirror = { network: { modelHosts: [], mirror: "http://127.0.0.1:4299/mirror/" } };
  expect(connectionAllowlist(mirror)).toBe('(response-origin "mailto:*" "http://127.0.0.1:4299/*");redirects=allow');
  expect(connectionAllowlist({ network: { modelHosts: [], mirror: "mirror/" } })).toBe(list());
});

const a = "https://a.example";
const b = "https://*.b.example";
test.each([
  ["none", null, list(a, b)],
  ["the same", list(a, b), list(a, b)],
  ["a narrower one", list(b), list(b)],
  ["one that follows no redirects", "(response-origin)", "(response-origin)"],
  ["a wider one", list(a, "https://c.example", b), list(a, b)],
  ["another one", list("https://c.example"), list()],
  ["one below a wildcard, which is not told apart", list("https://x.b.example"), list()],
  ["one that lets WebRTC through", "(response-origin);webrtc=allow", list(a, b)],
  ["two lists, of which browsers heed none", `${list(a)}, ${list(b)}`, list(a, b)],
  ["what is no list", "*", list(a, b)],
])("in place of %s: what it lets through and the policy as well", (_what, sent, wanted) => {
  expect(narrowedAllowlist(sent, withHosts(a, b))).toBe(wanted);
});

test("what is handed out names no host beyond the policy, whatever was sent", () => {
  const hosts = fc.uniqueArray(fc.constantFrom(a, b, "https://c.example", "https://d.example", "http://127.0.0.1:1"));
  fc.assert(
    fc.property(hosts, hosts, (sent, demanded) => {
      const given = narrowedAllowlist(list(...sent), withHosts(...demanded));
      const common = sent.filter((host) => demanded.includes(host));
      expect(given).toBe(list(...common));
    }),
  );
});
