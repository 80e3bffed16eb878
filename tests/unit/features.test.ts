// What a policy says of features, and what it means: nothing that it does not name is allowed, nothing that this version does not know stops the
// app, and files of version 2 mean what they meant.
// @vitest-environment jsdom
import { createHash } from "node:crypto";
import { mount, unmount } from "svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { digestOf } from "../../src/trust/audit-chain";
import { allowed, demand, lockOf, policy, setPolicy } from "../../src/trust/current-policy";
import { allows, featureNames, featureRemarks, unknownFeatures } from "../../src/trust/feature-rules";
import { features } from "../../src/trust/features";
import { contentSecurityPolicy, headersFile, parsePolicy, readPolicy, restricts } from "../../src/trust/policy";
import policyFile from "../../src/trust/policy.json" with { type: "json" };
import { policySchema } from "../../src/trust/policy-schema";
import PolicyView from "../../src/trust/PolicyView.svelte";
import { shippedPolicy } from "../../src/trust/shipped-policy";

/** A file as an organisation had it before there was version 3. */
const OF_VERSION_2 =
  '{"version":2,"issuer":{"name":"IT of the firm"},"network":{"modelHosts":["https://models.example"],"mirror":"mirror/"},"models":{"ids":null,"licences":["MIT"],"publishers":null},"features":{"importConversations":true,"exportConversations":false,"importModels":true,"exportModels":false,"addModels":false,"openLinks":true},"retention":{"conversations":30,"audit":null,"network":null},"language":"fr","banner":null,"audit":{"content":false},"vault":{"required":false,"lockMinutes":15},"reasons":{"features.addModels":{"en":"Ask us."}}}';
const two = parsePolicy(OF_VERSION_2);
const withFeatures = (stated: object, more: object = {}) => readPolicy({ ...policyFile, features: stated, ...more });
const sentences = (value: object) => {
  try {
    readPolicy(value);
  } catch (error) {
    return (error as Error).message.replace("policy.json: ", "").split("\n");
  }
  throw new Error("not refused");
};

afterEach(() => setPolicy(shippedPolicy));

describe("a file of version 2", () => {
  test("gives the permissions, the headers and the digest that it gave before there was version 3", async () => {
    expect(Object.fromEntries(featureNames.map((feature) => [feature, allows(two, feature)]))).toMatchObject({
      importConversations: true,
      exportConversations: false,
      importModels: true,
      exportModels: false,
      addModels: false,
      openLinks: true,
    });
    expect(restricts(two, "features.exportModels")).toBe(true);
    expect(restricts(two, "features.openLinks")).toBe(false);
    expect(contentSecurityPolicy(two, "page")).toBe(
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self' https://models.example; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types default islet dompurify svelte-trusted-html",
    );
    const headers = headersFile(two);
    expect(createHash("sha256").update(headers).digest("hex"), headers).toBe(
      "6ecca1f7b8380c09a818224c7358efe579968a0482cfe2d69c50607b52ff2975",
    );
    expect(await digestOf(two)).toBe("4a440dd4aae52201b7d95a9dd1490087fd22bf47a42e127864db0c8e29897a1c");
  });

  test("must name every feature of its time and can name no other, as before", () => {
    const { openLinks: _, ...without } = two.features;
    expect(sentences({ ...two, features: without })).toEqual(["features.openLinks is missing."]);
    expect(sentences({ ...two, features: { ...without, openLink: true } })).toEqual([
      "features.openLink is not a field of a policy. Did you mean features.openLinks?",
    ]);
    expect(sentences({ ...two, features: { ...two.features, telemetry: true } })).toEqual([
      `features.telemetry is not a field of a policy. Fields that can be here: ${featureNames.join(", ")}.`,
    ]);
    expect(sentences({ ...two, features: { ...two.features, openLinks: "yes" } })).toEqual([
      'features.openLinks is "yes". It must be one of these: true, false.',
    ]);
    expect(sentences({ ...two, reasons: { "features.telemetry": { en: "x" } } })[0]).toMatch(/^reasons\.features/);
  });
});

describe("a file of version 3", () => {
  test("denies each feature that it does not name, and says that nobody locked it", () => {
    setPolicy(withFeatures({ openLinks: true }, { issuer: { name: "IT" } }));
    expect(featureNames.filter(allowed)).toEqual(["openLinks"]);
    expect(() => demand("exportModels")).toThrow("not-allowed");
    expect(lockOf("features.exportModels", "en")).toMatchObject({ unstated: true });
    expect(featureRemarks(policy)).toContain(
      "policy.json: features.exportModels: the policy does not name it, so it is off.",
    );
    setPolicy(withFeatures({ exportModels: false }, { issuer: { name: "IT" } }));
    expect(lockOf("features.exportModels", "en")).toMatchObject({ by: "IT", unstated: false });
  });

  test.each([true, false, "ask", null, { hosts: [] }, 5])(
    "is not stopped by a feature that is not known here, be it %j, and has it off",
    (value) => {
      const read = withFeatures({ ...shippedPolicy.features, telemetry: value });
      expect(unknownFeatures(read)).toEqual(["telemetry"]);
      expect(featureRemarks(read)).toEqual([
        "policy.json: features.telemetry: this version does not know it, so it is off.",
      ]);
      for (const feature of featureNames) expect(allows(read, feature)).toBe(allows(shippedPolicy, feature));
      expect(headersFile(read)).toBe(headersFile(shippedPolicy));
    },
  );

  test("can give a reason for a feature that is not known here, but for nothing else", () => {
    expect(withFeatures({}, { reasons: { "features.telemetry": { en: "x" } } }).reasons).toHaveProperty([
      "features.telemetry",
    ]);
    expect(sentences({ ...policyFile, reasons: { "features.telemetry": { en: 5 } } })[0]).toMatch(
      /^reasons\.features\.telemetry\.en is 5/,
    );
    expect(sentences({ ...policyFile, reasons: { "feature.openLinks": { en: "x" } } })).toEqual([
      "reasons.feature.openLinks is not a field of a policy. Did you mean reasons.features.openLinks?",
    ]);
  });

  test("is still wrong where a feature that is known is neither true nor false", () => {
    for (const value of ["yes", 1, null, {}])
      expect(sentences({ ...policyFile, features: { ...policyFile.features, openLinks: value } })).toEqual([
        `features.openLinks is ${JSON.stringify(value)}. It must be one of these: true, false.`,
      ]);
    expect(sentences({ ...policyFile, features: true })[0]).toMatch(/^features is true, which is not allowed there/);
  });

  test("takes nothing from what every object has", () => {
    const read = parsePolicy(
      JSON.stringify({ ...policyFile, features: { toString: true } }).replace('"toString"', '"__proto__"'),
    );
    expect(unknownFeatures(read)).toEqual(["__proto__"]);
    expect(featureNames.filter((feature) => allows(read, feature))).toEqual([]);
    expect(allows({ version: 3, features: Object.create({ openLinks: true }) as object }, "openLinks")).toBe(false);
  });

  test.each([undefined, null, "x", [], 5])(
    "that is no file, as the service worker may keep one (%j), allows nothing",
    (kept) => {
      expect(featureNames.filter((feature) => allows({ version: 3, features: kept }, feature))).toEqual([]);
    },
  );
});

test.each([4, 17])("a file of version %d is told to be too new, and nothing else of it is blamed", (version) => {
  expect(sentences({ version, network: "elsewhere", features: ["openLinks"] })).toEqual([
    `The policy is of version ${version}, and this version of Islet reads policies up to version 3. Islet must be updated first.`,
  ]);
});

test("the project's own policy names nothing that the table does not have, or has otherwise", () => {
  for (const feature of featureNames) expect(shippedPolicy.features[feature]).toBe(features[feature].shipped);
  expect(unknownFeatures(shippedPolicy)).toEqual([]);
  expect(shippedPolicy).toMatchObject(policyFile);
});

test("what a feature opens in the Permissions-Policy is closed there without it", () => {
  const closed = headersFile(withFeatures({}));
  for (const { opens } of Object.values(features))
    for (const name of opens?.permissions ?? []) expect(closed).toContain(`${name}=()`);
});

test("the schema that a build hands out describes every feature, for policies and for the reasons in them", () => {
  for (const version of [2, 3] as const) {
    const { features: group, reasons } = policySchema(version).properties;
    expect(group.properties).toEqual(
      Object.fromEntries(
        featureNames.map((name) => [name, { description: features[name].description, type: "boolean" }]),
      ),
    );
    for (const name of featureNames) expect(reasons.properties).toHaveProperty([`features.${name}`]);
  }
});

test("a person sees which features are off because this version does not know them, and which because nobody named them", async () => {
  setPolicy(withFeatures({ openLinks: true, telemetry: true }));
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no server")));
  const shown = mount(PolicyView, { target: document.body, props: { unmatched: [] } });
  await vi.waitFor(() => expect(document.body.textContent).toContain("SHA-256"));
  expect(document.querySelector(".bad")!.textContent).toBe(
    "Named in the policy, but unknown to this version and therefore off: telemetry",
  );
  const row = (name: string) =>
    [...document.querySelectorAll("tr")].find((tr) => tr.textContent.includes(name))!.textContent;
  expect(row("telemetry")).toMatch(/this version does not know it; it is off/);
  expect(row("Exporting models")).toMatch(/not allowed\s*The policy of this site does not mention it\.\s*$/);
  expect(row("Opening links")).toMatch(/allowed\s*$/);
  await unmount(shown);
  vi.unstubAllGlobals();
});
