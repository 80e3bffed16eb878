import type { Form } from "../../src/storage/forms";
import { anyOf } from "../messages";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createStore, get, set } from "idb-keyval";
import { en, type Catalogue } from "../../src/i18n/en";
import { fr } from "../../src/i18n/fr";
import { bestLanguage } from "../../src/i18n/i18n.svelte";
import { ja } from "../../src/i18n/ja";
import { vi } from "../../src/i18n/vi";
import { shippedModels } from "../../src/models/catalogue/catalogue";
import { errorCodes } from "../../src/platform/app-error";
import { formatBytes, formatCount, formatSeconds } from "../../src/platform/format";
import type { AnyRecord, RecordKey, StoredRecord } from "../../src/storage/forms";
import { Records } from "../../src/storage/records";
import { keptDays, setPolicy } from "../../src/trust/current-policy";
import { permits } from "../../src/trust/rules/network-rules";
import { contentSecurityPolicy, readPolicy, refusedBy } from "../../src/trust/rules/policy";
import policyFile from "../../src/trust/rules/policy.json" with { type: "json" };
import { policySchema } from "../../src/trust/rules/policy-schema";
import { isOwnScript } from "../../src/trust/trusted-types";

describe("storage", () => {
  let databases = 0;
  const fresh = () => `test-${databases++}`;

  test("reads an older record in its newest form, and leaves out one from a newer app", async () => {
    const name = fresh();
    const store = createStore(name, "records");
    await set("conversation:old", { version: 1, heading: "x" }, store);
    await set("conversation:future", { version: 9 }, store);
    const records = new Records(name);
    const form: Form<StoredRecord> = {
      ...anyOf("conversation"),
      steps: [({ heading, ...rest }) => ({ ...rest, version: 2, title: heading })],
    };
    expect(await records.all(form)).toEqual(new Map([["conversation:old", { version: 2, title: "x" }]]));
    expect(await records.read("conversation:future", form)).toBeUndefined();
  });

  test("changes a record in one step, and does nothing without one", async () => {
    const name = fresh();
    const records = new Records(name);
    const counted = anyOf("settings") as Form<StoredRecord & { n: number }>;
    await records.write("settings:a", { version: 1, n: 1 } as StoredRecord);
    await Promise.all([1, 2, 3].map(() => records.change("settings:a", counted, (r) => ({ ...r, n: r.n + 1 }))));
    expect(await records.read("settings:a")).toEqual({ version: 1, n: 4 });
    await records.change("settings:none", counted, (r) => r);
    expect(await get("settings:none", createStore(name, "records"))).toBeUndefined();
  });

  test("changes a record of an earlier version in its newest form, and none that it cannot read", async () => {
    const name = fresh();
    const store = createStore(name, "records");
    await set("conversation:old", { version: 1, heading: "x" }, store);
    await set("conversation:future", { version: 9 }, store);
    const records = new Records(name);
    const form = {
      ...anyOf("conversation"),
      steps: [({ heading, ...rest }: AnyRecord) => ({ ...rest, version: 2, title: `${String(heading)}!` })],
    } as Form<StoredRecord & { title: string }>;
    await records.change("conversation:old", form, (r) => ({ ...r, title: `${r.title}?` }));
    expect(await get("conversation:old", store)).toEqual({ version: 2, title: "x!?" });
    const change = records.change("conversation:future", form, (r) => r);
    await expect(change).rejects.toMatchObject({ code: "records-unreadable" });
    expect(await get("conversation:future", store)).toEqual({ version: 9 });
  });

  test("writes all of several records or none", async () => {
    const records = new Records(fresh());
    const two: [RecordKey, StoredRecord][] = [
      ["message:c/1", { version: 1 }],
      ["message:c/2", { version: 1 }],
    ];
    // A browser whose disk is full aborts the transaction after it took the records.
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...args) {
      const request = put.apply(this, args);
      if (args[1] === "message:c/2") this.transaction.abort();
      return request;
    };
    try {
      await expect(records.writeAll(two)).rejects.toThrow(/storage-failed/);
    } finally {
      IDBObjectStore.prototype.put = put;
    }
    expect((await records.all(anyOf("message"))).size).toBe(0);
    await records.writeAll(two);
    expect((await records.all(anyOf("message"))).size).toBe(2);
  });

  test("keeps kinds apart", async () => {
    const records = new Records(fresh());
    await records.write("message:c/1", { version: 1 });
    await records.write("conversation:c", { version: 1 });
    expect([...(await records.all(anyOf("message"))).keys()]).toEqual(["message:c/1"]);
    await records.remove(["message:c/1"]);
    expect((await records.all(anyOf("message"))).size).toBe(0);
  });
});

describe("what may start a worker", () => {
  test("is a script of the app, beside its page, and nothing else", () => {
    const base = "https://islet.example.org/app/index.html#/chat";
    expect(isOwnScript("assets/engine-worker-Ab_c-1.js", base)).toBe(true);
    expect(isOwnScript("https://islet.example.org/app/service-worker.js", base)).toBe(true);
    for (const other of [
      "https://evil.example.org/app/assets/x.js",
      "https://islet.example.org/assets/x.js",
      "models/x/resolve/main/x.js",
      "assets/../models/x.js",
      "assets/x.js.html",
      "blob:https://islet.example.org/1",
      "data:text/javascript,0",
    ])
      expect(isOwnScript(other, base), other).toBe(false);
  });
});

describe("the policy", () => {
  const plain = readPolicy(policyFile);
  const network = { modelHosts: ["https://models.example.org"], mirror: null };
  const own = "https://islet.example.org";

  test("allows the app's own origin and the listed hosts, nothing else", () => {
    expect(permits("https://islet.example.org/models/x", own, network)).toBe(true);
    expect(permits("https://models.example.org/x", own, network)).toBe(true);
    expect(permits("https://models.example.org.evil.test/x", own, network)).toBe(false);
    expect(permits("http://models.example.org/x", own, network)).toBe(false);
    expect(permits("blob:https://islet.example.org/1", "https://other.test", network)).toBe(false);
    expect(permits("not a url", own, network)).toBe(false);
  });

  test("allows all hosts below one that is listed so, and not that one's namesakes", () => {
    const below = { ...network, modelHosts: ["https://*.hf.co"] };
    expect(permits("https://cdn.hf.co/x", own, below)).toBe(true);
    expect(permits("https://hf.co/x", own, below)).toBe(false);
    expect(permits("https://evilhf.co/x", own, below)).toBe(false);
    expect(permits("http://cdn.hf.co/x", own, below)).toBe(false);
  });

  test("puts the listed hosts and the mirror into the Content-Security-Policy, for connections only", () => {
    const cspOf = (mirror: string, place: "header" | "page") =>
      contentSecurityPolicy(readPolicy({ ...plain, network: { ...network, mirror } }), place);
    const csp = cspOf("https://mirror.example.org/m/", "header");
    expect(csp).toContain("connect-src 'self' https://models.example.org https://mirror.example.org;");
    expect(csp.match(/example\.org/g)).toHaveLength(2);
    expect(csp).toContain("default-src 'none'");
    expect(csp).not.toMatch(/unsafe-inline|'unsafe-eval'/);
    expect(cspOf("mirror/", "page")).not.toContain("mirror");
  });

  const withNetwork = (changes: object) => ({ ...plain, network: { ...network, ...changes } });
  test.each([
    [{}, /version is missing/],
    [null, /version is missing/],
    ["", /version is missing/],
    [{ ...plain, version: 1 }, /version/],
    [{ ...plain, models: undefined }, /models/],
    [{ ...plain, colour: "red" }, /colour/],
    [withNetwork({ modelHosts: undefined }), /network/],
    [withNetwork({ modelHosts: ["http://x.org"] }), /network\.modelHosts\[0\]/],
    [withNetwork({ modelHosts: ["https://x.org/path"] }), /network\.modelHosts\[0\]/],
    [withNetwork({ modelHosts: ["https://x.org; script-src *"] }), /network\.modelHosts\[0\]/],
    [withNetwork({ modelHosts: ["https://x.org", "*"] }), /network\.modelHosts\[1\]/],
    [withNetwork({ modelHosts: ["https://*"] }), /network\.modelHosts\[0\]/],
    [withNetwork({ modelHosts: [5] }), /network\.modelHosts\[0\]/],
    [withNetwork({ mirror: undefined }), /network\.mirror is missing/],
    [withNetwork({ mirror: "" }), /network\.mirror/],
    [withNetwork({ mirror: "https://x.org/m" }), /network\.mirror/],
    [withNetwork({ mirror: "https://x.org/; script-src */" }), /network\.mirror/],
    [withNetwork({ mirror: "http://x.org/m/" }), /network\.mirror/],
    [withNetwork({ mirror: "//x.org/m/" }), /network\.mirror/],
    [{ ...plain, models: { ...plain.models, ids: "qwen" } }, /models\.ids/],
    [{ ...plain, models: { ...plain.models, ids: ["a b"] } }, /models\.ids\[0\]/],
    [{ ...plain, features: { ...plain.features, openLinks: "yes" } }, /features\.openLinks/],
    [{ ...plain, version: 2, features: { ...plain.features, telemetry: true } }, /features\.telemetry is not a field/],
    [{ ...plain, retention: { ...plain.retention, conversations: 0 } }, /retention\.conversations/],
    [{ ...plain, retention: { ...plain.retention, conversations: 1.5 } }, /retention\.conversations/],
    [{ ...plain, language: "de" }, /language/],
    [{ ...plain, banner: {} }, /banner/],
    [{ ...plain, banner: { german: "Achtung" } }, /banner: "german" is not a language tag/],
    [{ ...plain, banner: { de: "" } }, /banner\.de is ""/],
    [{ ...plain, issuer: { contact: "x" } }, /issuer/],
    [{ ...plain, reasons: { everything: { en: "because" } } }, /reasons/],
    [{ ...plain, vault: { required: true, lockMinutes: 0 } }, /vault\.lockMinutes/],
  ])("refuses %j and names the field", (file, message) => {
    const read = () => readPolicy(JSON.parse(JSON.stringify(file)));
    expect(read).toThrow(message);
    expect(read).toThrow(/^policy\.json: /);
  });

  test("that is bad stops the build, which says what is wrong and writes nothing", () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-bad-"));
    const file = join(folder, "policy.json");
    writeFileSync(file, JSON.stringify({ ...plain, language: "de" }));
    const build = () =>
      execFileSync("node", ["node_modules/vite/bin/vite.js", "build", "--outDir", join(folder, "dist")], {
        env: { ...process.env, ISLET_POLICY: file },
        stdio: "pipe",
      });
    expect(build).toThrow(/policy\.json: language/);
    expect(existsSync(join(folder, "dist"))).toBe(false);
  }, 60_000);

  test("refuses a name that would reach into every object", () => {
    const text = JSON.stringify(plain).replace("{", '{"__proto__":{"x":1},');
    expect(() => readPolicy(JSON.parse(text))).toThrow(/__proto__/);
  });

  test.each([
    ["mirror/"],
    ["../models/"],
    ["/srv/mirror/"],
    ["https://mirror.example.org/"],
    ["https://mirror.example.org:8443/a/b-c/"],
    ["http://127.0.0.1:4299/mirror/"],
  ])("takes %s for a mirror", (mirror) => {
    expect(readPolicy(withNetwork({ mirror })).network.mirror).toBe(mirror);
  });

  test("is documented: every field of the form is described", () => {
    const undescribed: string[] = [];
    const look = (path: string, part: { description?: string; properties?: object }) => {
      if (path && part.description === undefined) undescribed.push(path);
      for (const [name, inner] of Object.entries(part.properties ?? {})) look(`${path}.${name}`, inner as typeof part);
    };
    const { reasons, $schema, ...properties } = policySchema(3).properties;
    expect([reasons, $schema]).not.toContain(undefined);
    look("", { properties });
    expect(undescribed).toEqual([]);
  });

  test("allows models by id, licence and publisher, each list on its own", () => {
    const card = { id: "Qwen3-0.6B-q4f16_1-MLC", licence: "Apache-2.0", publisher: "Alibaba", known: true };
    const none = plain.models;
    const refused = (model: typeof card, models: typeof none) => refusedBy(model, { ...plain, models });
    expect(refused(card, none)).toBeUndefined();
    expect(refused(card, { ...none, ids: ["Qwen3-*"] })).toBeUndefined();
    expect(refused(card, { ...none, ids: ["Qwen3-0.6B-q4f16_1-MLC"] })).toBeUndefined();
    expect(refused(card, { ...none, ids: ["Qwen3"] })).toBe("models.ids");
    expect(refused(card, { ...none, ids: ["*-Qwen3-*"] })).toBe("models.ids");
    expect(refused({ ...card, id: "Qwen3-0x6B-q4f16_1-MLC" }, { ...none, ids: [card.id] })).toBe("models.ids");
    expect(refused(card, { ...none, ids: [] })).toBe("models.ids");
    expect(refused(card, { ...none, licences: ["MIT"] })).toBe("models.licences");
    expect(refused(card, { ...none, licences: ["MIT", "Apache-2.0"] })).toBeUndefined();
    expect(refused(card, { ...none, publishers: ["Islet"] })).toBe("models.publishers");
  });

  test("shortens how long records are kept, and never lengthens it", () => {
    try {
      setPolicy({ ...plain, retention: { ...plain.retention, conversations: 30 } });
      expect(keptDays("conversations", undefined)).toBe(30);
      expect(keptDays("conversations", 7)).toBe(7);
      expect(keptDays("conversations", 365)).toBe(30);
      expect(keptDays("audit", 7)).toBe(7);
      expect(keptDays("audit", undefined)).toBeUndefined();
    } finally {
      setPolicy(plain);
    }
  });
});

describe("messages", () => {
  const catalogues = { fr, ja, vi };
  test.each(Object.entries(catalogues))("%s uses the same values as English", (_code, texts) => {
    const values = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((m) => m[1]).sort();
    for (const [key, text] of Object.entries(en))
      expect(values(texts[key as keyof typeof en]), key).toEqual(values(text));
  });

  test("a catalogue that lacks a message does not pass the type check", () => {
    // @ts-expect-error: the type check fails here if it does not.
    const incomplete: Catalogue = { "app.tagline": "x" };
    expect(Object.keys(incomplete).length).toBeLessThan(Object.keys(en).length);
  });

  test("every error has a title and a remedy", () => {
    for (const code of errorCodes) {
      expect(en).toHaveProperty([`error.${code}.title`]);
      expect(en).toHaveProperty([`error.${code}.remedy`]);
    }
  });

  test("the first wanted language that there is wins; English is the last resort", () => {
    expect(bestLanguage(["de-DE", "fr-CA", "en"])).toBe("fr");
    expect(bestLanguage(["VI"])).toBe("vi");
    expect(bestLanguage(["de"])).toBe("en");
  });

  test("numbers are written as the language writes them", () => {
    expect(formatBytes(101_930_012, "en")).toBe("101.9 MB");
    expect(formatBytes(101_930_012, "fr")).toMatch(/^101,9\sMo$/u);
    expect(formatBytes(0, "en")).toBe("0 byte");
    expect(formatCount(134_515_008, "en")).toBe("135M");
    expect(formatSeconds(12.2, "en")).toBe("13 seconds");
    expect(formatSeconds(150, "en")).toBe("3 minutes");
  });
});

describe("the models that are shipped", () => {
  test.each(shippedModels.map((card) => [card.id, card] as const))(
    "%s: every file is there, with the pinned size and hash",
    (id, card) => {
      const folder = `public/models/${id}/resolve/main/`;
      const names = readdirSync(folder).filter((name) => name !== "islet-model.json");
      expect(names.sort()).toEqual(Object.keys(card.pins!).sort());
      for (const name of names) {
        const bytes = readFileSync(folder + name);
        const pinned = card.pins![name]!;
        expect(bytes.length).toBe(pinned.bytes);
        expect(`sha256-${createHash("sha256").update(bytes).digest("base64")}`, name).toBe(pinned.integrity);
      }
    },
  );

  test.each(shippedModels.map((card) => [card.id, card] as const))(
    "%s: the card says the context window of its configuration",
    (id, card) => {
      const config = JSON.parse(readFileSync(`public/models/${id}/resolve/main/mlc-chat-config.json`, "utf8")) as {
        context_window_size: number;
      };
      expect(card.contextSize).toBe(config.context_window_size);
    },
  );
});
