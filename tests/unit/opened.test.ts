// A feature that needs something of the browser opens it where the policy allows it, and nowhere else. No feature of today does, so that the table
// has two more here.
// @vitest-environment jsdom
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Feature, FeatureRow } from "../../src/trust/rules/features";
import { judge } from "../../src/trust/rules/policy-judgement";
import policyFile from "../../src/trust/rules/policy.json" with { type: "json" };

const [speak, listen] = ["speak", "listen"] as string[] as Feature[];
vi.mock("../../src/trust/rules/features", async (original) => {
  const table = await original<{ features: Record<string, FeatureRow> }>();
  const more: Record<string, FeatureRow> = {
    speak: {
      description: "Asking by voice.",
      inVersion2: "denied",
      shipped: true,
      opens: { permissions: ["microphone"], sources: { "media-src": ["blob:"], "img-src": ["blob:"] } },
    },
    listen: {
      description: "Hearing answers.",
      inVersion2: "allowed",
      shipped: false,
      opens: { permissions: ["autoplay"] },
    },
  };
  return { ...table, features: { ...table.features, ...more } };
});

// The setup of the tests has read the table already.
vi.resetModules();
const { allows, featureRemarks } = await import("../../src/trust/rules/feature-rules");
const { contentSecurityPolicy, readPolicy, responseHeaders } = await import("../../src/trust/rules/policy");
const { shippedPolicy } = await import("../../src/trust/rules/shipped-policy");

const stating = (stated: object) => readPolicy({ ...policyFile, features: { ...policyFile.features, ...stated } });
const permissions = (policy: ReturnType<typeof stating>) => responseHeaders(policy)["Permissions-Policy"]!;

describe("what a feature needs of the browser", () => {
  test("is open where the policy allows the feature, for this site alone", () => {
    const policy = stating({ speak: true });
    expect(permissions(policy)).toContain("microphone=(self)");
    expect(permissions(policy)).toContain("camera=()");
    for (const place of ["header", "page"] as const) {
      expect(contentSecurityPolicy(policy, place)).toContain("; media-src blob:");
      expect(contentSecurityPolicy(policy, place)).toContain("; img-src 'self' blob:;");
    }
  });

  test.each([{}, { speak: false }])("is closed where the policy says %j", (stated) => {
    const policy = stating(stated);
    expect(permissions(policy)).toContain("microphone=()");
    expect(contentSecurityPolicy(policy, "header")).toContain("; img-src 'self';");
    expect(contentSecurityPolicy(policy, "header")).toContain("; media-src 'none'");
  });

  test("is missed where the server sends it open and the policy does not allow it any more", () => {
    const [open, closed] = [stating({ speak: true }), stating({})].map((policy) =>
      contentSecurityPolicy(policy, "header"),
    );
    expect(judge(open!, closed!, "https://islet.example", "page").wider).toEqual(["img-src blob:", "media-src blob:"]);
    expect(judge(closed!, open!, "https://islet.example", "page")).toEqual({ verdict: "narrower", wider: [] });
    // A server that knows nothing of the feature is as strict.
    const older = closed!.replace("; media-src 'none'", "");
    expect(judge(older, closed!, "https://islet.example", "page")).toEqual({ verdict: "same", wider: [] });
  });
});

describe("a feature that came after version 2", () => {
  const two = readPolicy({ ...policyFile, version: 2 });

  test("means for files of that version what the table says", () => {
    expect([speak, listen].map((feature) => allows(two, feature!))).toEqual([false, true]);
    expect(permissions(two)).toContain("microphone=()");
    expect(permissions(two)).toContain("autoplay=(self)");
    expect(featureRemarks(two)).toContain("policy.json: features.speak: the policy does not name it, so it is off.");
    expect(featureRemarks(two).filter((remark) => remark.includes("listen"))).toEqual([]);
    // Such a file may name it all the same.
    expect(allows(readPolicy({ ...two, features: { ...two.features, speak: true, listen: false } }), speak!)).toBe(
      true,
    );
  });

  test("is in the project's own policy as the table says, with no change to policy.json", () => {
    expect([speak, listen].map((feature) => allows(shippedPolicy, feature!))).toEqual([true, false]);
    expect(featureRemarks(shippedPolicy)).toEqual([]);
  });
});

describe("a page that was made without what a feature needs", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    document.head.innerHTML = "";
  });
  async function begin(newer: boolean) {
    vi.resetModules();
    const tag = document.createElement("meta");
    tag.httpEquiv = "Content-Security-Policy";
    tag.content = contentSecurityPolicy(stating({}), "page");
    document.head.append(tag);
    const file = { ...policyFile, features: { ...policyFile.features, speak: true } };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(file))));
    const registration = { active: {}, ...(newer ? { waiting: {} } : {}), update: () => Promise.resolve() };
    vi.stubGlobal("navigator", { serviceWorker: { getRegistration: () => Promise.resolve(registration) } });
    const current = await import("../../src/trust/current-policy");
    await current.startPolicy();
    return current;
  }

  test("begins without the feature while the page that has it comes, and not at all where none comes", async () => {
    const { allowed } = await begin(true);
    expect([allowed(speak!), allowed("openLinks")]).toEqual([false, true]);
    document.head.innerHTML = "";
    await expect(begin(false)).rejects.toMatchObject({
      code: "policy-invalid",
      detail: expect.stringContaining("the page was made without features.speak") as string,
    });
  });
});
