// The policy file as an administrator writes it: what is said where it is wrong, texts in any language, names that match nothing.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi as spy } from "vitest";
import { en } from "../../src/i18n/en";
import { fr } from "../../src/i18n/fr";
import { ja } from "../../src/i18n/ja";
import { vi } from "../../src/i18n/vi";
import { knownCards } from "../../src/models/catalogue/catalogue";
import { tagFor, textFor } from "../../src/trust/current-policy";
import { parsePolicy, readPolicy, unmatched } from "../../src/trust/policy";
import { PolicyError } from "../../src/trust/policy-faults";
import policyFile from "../../src/trust/policy.json" with { type: "json" };

const plain = readPolicy(policyFile);
const refusal = (text: string): PolicyError => {
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicyError) return error;
  }
  throw new Error(`not refused as a policy: ${text.slice(0, 80)}`);
};
const saying = (value: unknown) => refusal(JSON.stringify(value)).message.replace("policy.json: ", "").split("\n");

describe("a policy that is wrong is told in plain sentences", () => {
  const { issuer: _, ...withoutIssuer } = plain;
  test.each<[unknown, string[]]>([
    [
      { ...plain, features: { ...plain.features, openLinks: "no" } },
      ['features.openLinks is "no". It must be one of these: true, false.'],
    ],
    [{ ...plain, language: "de" }, ['language is "de". It must be one of these: "en", "fr", "ja", "vi", null.']],
    [{ ...plain, version: 1 }, ["version is 1. It must be one of these: 2, 3."]],
    [
      { ...plain, retention: { ...plain.retention, audit: 0 } },
      ["retention.audit is 0. It must be a whole number from 1 to 36500, or null."],
    ],
    [
      { ...plain, retention: { ...plain.retention, audit: "30" } },
      ['retention.audit is "30". It must be a whole number from 1 to 36500, or null.'],
    ],
    [{ ...withoutIssuer, isuer: null }, ["isuer is not a field of a policy. Did you mean issuer?"]],
    [withoutIssuer, ["issuer is missing."]],
    [
      { ...plain, vault: { ...plain.vault, colour: 1 } },
      ["vault.colour is not a field of a policy. Fields that can be here: required, lockMinutes."],
    ],
    [
      { ...plain, network: { ...plain.network, modelHosts: ["https://a.example", "b.example"] } },
      [
        'network.modelHosts[1] is "b.example", which is not allowed there. Examples of what is: "https://models.example.org", "https://*.example.org".',
      ],
    ],
    [
      { ...plain, network: { ...plain.network, mirror: "https://x.example/m" } },
      [
        'network.mirror is "https://x.example/m", which is not allowed there. Examples of what is: "mirror/", "https://models.example.org/islet/", null.',
      ],
    ],
    [
      { ...plain, models: { ...plain.models, ids: "Qwen3-*" } },
      ['models.ids is "Qwen3-*", which is not allowed there. Examples of what is: ["Qwen3-*","islet-*"], null.'],
    ],
    [{ ...plain, banner: { german: "x" } }, ['banner: "german" is not a language tag. Examples: en, pt-BR, zh-Hant.']],
    [
      { ...plain, reasons: { "feature.openLinks": { en: "x" } } },
      ["reasons.feature.openLinks is not a field of a policy. Did you mean reasons.features.openLinks?"],
    ],
    [
      { ...plain, language: "de", retention: {}, audit: 5 },
      [
        'language is "de". It must be one of these: "en", "fr", "ja", "vi", null.',
        'audit is 5, which is not allowed there. Examples of what is: {"content":false}.',
        "retention.conversations is missing.",
        "retention.audit is missing.",
        "retention.network is missing.",
      ],
    ],
    [
      5,
      [
        "version is missing.",
        "issuer is missing.",
        "network is missing.",
        "models is missing.",
        "features is missing.",
      ],
    ],
  ])("%#", (value, sentences) => {
    expect(saying(value)).toEqual(sentences);
  });

  test.each([
    ["{", /line 1, column 2/],
    ['{\n "version": 2,\n}', /line 3, column 1/],
    ["", /line 1, column 1/],
    ["<!doctype html><title>Sign in</title>", /A web page came instead of a policy/],
  ])("%j, where it is not even JSON", (text, says) => {
    expect(refusal(text).message).toMatch(says);
  });

  test("and a byte-order mark, as some editors write it, is no fault", () => {
    expect(parsePolicy(`\ufeff${JSON.stringify(plain)}`)).toEqual(plain);
  });

  test("whatever is wrong with it: each sentence is there in every language, and names a field", () => {
    const paths: string[][] = [];
    const collect = (value: unknown, path: string[]) => {
      if (path.length > 0) paths.push(path);
      if (typeof value === "object" && value !== null)
        for (const [name, inner] of Object.entries(value)) collect(inner, [...path, name]);
    };
    collect(
      { ...plain, issuer: { name: "x", contact: "y" }, banner: { en: "x" }, reasons: { models: { de: "x" } } },
      [],
    );
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(undefined, "", [], {}, -1, 1e9, [null], { en: 5 }, { __proto__x: 1 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), odd, (path, value) => {
        const changed = JSON.parse(JSON.stringify(plain)) as Record<string, unknown>;
        let here = changed;
        for (const part of path.slice(0, -1)) here = (here[part] ??= {}) as typeof here;
        if (typeof here !== "object") return;
        here[path.at(-1)!] = value;
        let error: unknown;
        try {
          readPolicy(JSON.parse(JSON.stringify(changed)));
        } catch (thrown) {
          error = thrown;
        }
        if (error === undefined) return;
        expect(error).toBeInstanceOf(PolicyError);
        const { reasons } = error as PolicyError;
        expect(reasons.length).toBeGreaterThan(0);
        for (const { key, values } of reasons)
          for (const catalogue of [en, fr, ja, vi])
            for (const [, name] of catalogue[key].matchAll(/{{(\w+)}}/g))
              expect(String(values[name!] ?? ""), `${key} ${name}`).not.toBe("");
      }),
      { numRuns: 500, seed: Number(process.env["ISLET_SEED"] ?? 20261125) },
    );
  });
});

describe("a text of a policy", () => {
  afterEach(() => void spy.restoreAllMocks());
  const reading = (...languages: string[]) => spy.spyOn(navigator, "languages", "get").mockReturnValue(languages);
  const texts = { en: "E", de: "D", "zh-Hant": "T", "pt-BR": "P", fr: "F" };

  test("can be in any language", () => {
    for (const tag of ["de", "pt-BR", "zh-Hant-TW", "sr-Latn", "EN", "haw"])
      expect(readPolicy({ ...plain, banner: { [tag]: "x" } }).banner).toEqual({ [tag]: "x" });
  });

  test.each([
    // The page is in English, since the app has no German.
    [["de-AT", "en"], "en", "D"],
    [["zh-Hant-HK"], "en", "T"],
    [["zh-TW"], "en", "T"],
    [["pt-PT"], "en", "P"],
    [["nl"], "en", "E"],
    [["fr-CA"], "fr", "F"],
    // Chosen by hand, or by the policy.
    [["de"], "fr", "F"],
    [["de"], "ja", "D"],
    [[], "en", "E"],
  ])("to whom wants %j and sees the page in %s is %s", (languages, language, text) => {
    reading(...languages);
    expect(textFor(texts, language)).toBe(text);
  });

  test("is English where nothing fits, or else the first", () => {
    reading("nl");
    expect(textFor({ de: "D", "en-GB": "E" }, "en")).toBe("E");
    expect(textFor({ de: "D", fr: "F" }, "en")).toBe("D");
    expect(textFor({}, "en")).toBe("");
    expect(tagFor({ "en-GB": "E" }, "en")).toBe("en-GB");
  });
});

describe("a name in a list of a policy that matches no model", () => {
  const models = { ids: ["Qwen3-*", "Quen3-*"], licences: ["Apache-2.0", "apache"], publishers: ["Islet", "OpenAI"] };
  const found = ["models.ids: Quen3-*", "models.licences: apache", "models.publishers: OpenAI"];

  test("is found, and no other", () => {
    expect(unmatched(models, knownCards)).toEqual(found);
    expect(unmatched(plain.models, knownCards)).toEqual([]);
  });

  test("is said by the build and `npm run policy`", () => {
    const script = `
      const { unmatchedNames } = await import("./scripts/unmatched-names.mjs");
      console.log((await unmatchedNames(${JSON.stringify({ models })})).join("\\n"));`;
    const said = execFileSync("node", ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(said.trim().split("\n")).toEqual(
      found.map((name) => `policy.json: ${name}: this matches no model of the catalogue.`),
    );
  }, 60_000);
});
