// Models that the build does not know: as what they come in, whatever the way, and what is said of their hashes.
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { restore } from "../../src/app/backup";
import type { Engines } from "../../src/engine/client/engines";
import type { DownloadOrder, StoredModel } from "../../src/engine/protocol";
import { admit, readCandidate } from "../../src/models/catalogue/admit";
import { knownCard, knownCards } from "../../src/models/catalogue/catalogue";
import { readInstalled } from "../../src/models/model-forms";
import { Models } from "../../src/models/models.svelte";
import { addModel, exportModel, importModel } from "../../src/models/add-models";
import { Records, type StoredRecord } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/audit-log.svelte";
import { setPolicy } from "../../src/trust/current-policy";
import { readPolicy, refusedBy, type Policy } from "../../src/trust/policy";
import policyFile from "../../src/trust/policy.json" with { type: "json" };
import { givenFolder, provideLocks, storeOnThisThread } from "./browser";

provideLocks();
const plain = readPolicy(policyFile);
const tiny = "public/models/islet-tiny/resolve/main";
const pins = JSON.parse(readFileSync(`${tiny}/islet-model.json`, "utf8")) as { files: StoredModel["files"] };
/** A model of the catalogue of which the build has no hashes. */
const hub = "Qwen3-0.6B-q4f16_1-MLC";
const signal = new AbortController().signal;
const tell = () => {};
let n = 0;

function rooms(download: (order: DownloadOrder) => Promise<StoredModel> = async () => Promise.reject(new Error("no"))) {
  const records = new Records({}, `admit-${++n}`);
  const store = storeOnThisThread((order) => download(order), ["tokenizer.json"]);
  const audit = new AuditLog(records);
  const engines = { prepare() {}, cancel() {}, unload: async () => {}, loadedIds: [] } as unknown as Engines;
  const models = new Models(engines, store, records, new Settings(records), audit);
  Object.defineProperty(navigator, "storage", {
    configurable: true,
    value: {
      estimate: async () => ({ usage: 0, quota: 1e12 }),
      persisted: async () => true,
      persist: async () => true,
    },
  });
  return { records, store, models };
}
const packageOf = (id: string, facts: object = {}) =>
  givenFolder("stick", tiny, { "islet-model.json": JSON.stringify({ id, facts, files: pins.files }) });
const withModels = (models: Partial<Policy["models"]>): Policy => ({
  ...plain,
  models: { ids: null, licences: null, publishers: null, ...models },
});

beforeEach(() => setPolicy(plain));

describe("a package that calls itself by the id of a catalogue model", () => {
  test("is not that model: it says it is, under an id of its own, and its hashes are only its own", async () => {
    const { models, store } = rooms();
    const claims = { name: "Qwen3 0.6B", publisher: "Alibaba", licence: "Apache-2.0" };
    const card = await importModel(models, store, packageOf(hub, claims), tell, signal);
    expect(card).toMatchObject({
      id: `${hub}-given`,
      known: false,
      name: "Model that calls itself “Qwen3 0.6B”",
      publisher: "",
      licence: "",
      origin: { kind: "given" },
      says: { ...claims, id: hub },
    });
    expect(models.installed.ids).toEqual(new Set([`${hub}-given`]));
    expect(models.installed.models.get(card.id)).toMatchObject({ hashes: "package", known: false });
    // That of the catalogue is still to be had, and not here.
    expect(models.installed.card(hub)).toBe(knownCard(hub));
    expect(models.isInstalled(knownCard(hub)!)).toBe(false);
    // What it is to be run by is what it would be as that model.
    expect(models.installed.source(card)).toMatchObject({ id: card.id, contextSize: 4096 });
    expect(card.thoughts).toEqual(knownCard(hub)!.thoughts);
  });

  test("is the same when only its folder is named so, and then not even its package states hashes", async () => {
    const { models, store } = rooms();
    const given = givenFolder(hub, tiny, { "islet-model.json": undefined });
    const card = await importModel(models, store, given, tell, signal);
    expect(card).toMatchObject({ id: `${hub}-given`, known: false, says: { name: "Qwen3 0.6B" } });
    expect(models.installed.models.get(card.id)!.hashes).toBe("recorded");
  });

  test("is that model where the build knows its hashes and they are these; otherwise nothing is kept", async () => {
    const { models, store } = rooms();
    const card = await importModel(models, store, packageOf("islet-tiny", { publisher: "Somebody" }), tell, signal);
    expect(card).toBe(knownCard("islet-tiny"));
    expect(models.installed.models.get(card.id)).toMatchObject({ hashes: "build", known: true });
    const other = rooms();
    const forged = givenFolder("islet-tiny", tiny, { "tokenizer.json": "{}", "islet-model.json": undefined });
    await expect(importModel(other.models, other.store, forged, tell, signal)).rejects.toMatchObject({
      code: "model-invalid",
    });
    expect(other.models.installed.ids.size).toBe(0);
  });

  test("says so again on the device to which it is exported", async () => {
    const { models, store } = rooms();
    const claims = { name: "Qwen3 0.6B", publisher: "Alibaba", licence: "Apache-2.0", parameters: 7 };
    const card = await importModel(models, store, packageOf(hub, claims), tell, signal);
    const exported: unknown[] = [];
    const watched = { ...store, export: async (...args: unknown[]) => void exported.push(...args.slice(0, 2)) };
    await exportModel(models, watched as typeof store, card, undefined, tell, signal);
    expect(exported).toEqual([expect.objectContaining({ id: hub }), claims]);
  });
});

test.each([
  ["Qwen3-0.6B", "the name that builds of one model share"],
  ["qwen3-0.6b-q4f16_1-mlc", "an id in other letters"],
  ["SmolLM2-135M-Instruct", "the name of a model"],
])("a model of its own named %s, like %s, is no build of it and says so", async (id) => {
  const { models, store } = rooms();
  const given = givenFolder(id, tiny, { "islet-model.json": undefined });
  const card = await importModel(models, store, given, tell, signal);
  expect(card.known).toBe(false);
  expect(card.name).toMatch(/^Model that calls itself “/);
  const group = models.installed.catalogue.find(({ builds }) => builds.some((b) => b.id === card.id));
  expect(group!.builds.map((b) => b.id)).toEqual([card.id]);
  expect(models.installed.cards.filter((c) => c.known)).toEqual(knownCards);
});

test("what a model says of itself is a text of one line without signs that could make it look like another", () => {
  const said = readCandidate({
    id: "x",
    origin: { kind: "given" },
    facts: { name: "A”\n\u202eB \u0000 “C", publisher: "x".repeat(500), licence: 7, parameters: -1, extra: "y" },
    size: 1000,
  });
  expect(said.says).toEqual({ name: "A' B 'C", publisher: "x".repeat(100) });
  expect(said).toMatchObject({ id: "x", name: "x", size: 1000, sizeIsExact: true, publisher: "", licence: "" });
});

test.each([
  [{ id: "../up", origin: { kind: "given" } }, "model-invalid"],
  [{ id: 7, origin: { kind: "given" } }, "model-invalid"],
  [{ id: "__proto__", origin: { kind: "given" } }, undefined],
  [{ id: "x", origin: { kind: "own" } }, "model-invalid"],
  [
    { id: "x", origin: { kind: "hub", base: "https://huggingface.co/", library: "https://huggingface.co/" } },
    "model-invalid",
  ],
  [{ id: "x", origin: null }, "model-invalid"],
  [
    { id: "x", origin: { kind: "address", base: "javascript:0", library: "https://huggingface.co/l" } },
    "address-invalid",
  ],
  [{ id: "x", origin: { kind: "address", base: "https://huggingface.co/", library: 5 } }, "address-invalid"],
  [
    { id: "x", origin: { kind: "address", base: "https://evil.example/", library: "https://huggingface.co/l" } },
    "not-allowed",
  ],
  [
    { id: hub, origin: { kind: "address", base: "https://huggingface.co/", library: "https://huggingface.co/l" } },
    "model-known",
  ],
])("%j is let in, or refused with %s", (candidate, code) => {
  const letIn = () => admit(candidate);
  if (code === undefined) expect(letIn().known).toBe(false);
  else expect(letIn).toThrow(expect.objectContaining({ code }) as Error);
});

test("what a model says of itself satisfies no list of a policy, whatever it says and however it is called", () => {
  const given = { kind: "given" };
  const facts = { name: "Qwen3 0.6B", publisher: "Alibaba", licence: "Apache-2.0" };
  const cards = [hub, "islet-mine", "Qwen3-mine"].map((id) => readCandidate({ id, origin: given, facts }));
  for (const models of [{ ids: ["*"] }, { licences: ["Apache-2.0"] }, { publishers: ["Alibaba"] }])
    for (const card of cards) {
      expect(refusedBy(card, withModels(models))).toBe(`models.${Object.keys(models)[0]}`);
      expect(refusedBy(card, plain)).toBeUndefined();
      expect(refusedBy(card, { ...plain, features: { ...plain.features, addModels: false } })).toBe(
        "features.addModels",
      );
    }
});

describe("of an installed model is said", () => {
  const base = { version: 1, installedAt: 1, verifiedAt: 1, usedAt: 1 };
  const from = (base: string) => `${base}resolve/main/`;
  const read = (record: object) => {
    const { id } = record as { id: string };
    const read = readInstalled({ ...base, files: pins.files, ...record }, `model:${id}`);
    return [read?.hashes, read?.known];
  };
  const names = Object.keys(pins.files);
  const hubBase = from(`https://huggingface.co/mlc-ai/${hub}/`);

  test("that the build published its hashes only where it did, whatever a record says", () => {
    expect(read({ id: "islet-tiny", source: "x", hashes: "recorded", known: false })).toEqual(["build", true]);
    expect(read({ id: hub, source: hubBase, hashes: "build", known: true })).toEqual(["recorded", true]);
    const files = { ...pins.files, "tokenizer.json": { bytes: 2, integrity: "sha256-x" } };
    expect(read({ id: "islet-tiny", source: "x", files, hashes: "build", known: true })[0]).toBe("recorded");
  });

  test("what can be said where an older version kept it, which counted a package's own hashes as published", () => {
    expect(read({ id: "islet-tiny", source: "islet-tiny", pinned: names })).toEqual(["build", true]);
    expect(read({ id: hub, source: "a-stick", pinned: names })).toEqual(["package", false]);
    expect(read({ id: hub, source: "https:x", pinned: names })).toEqual(["package", false]);
    expect(read({ id: hub, source: "a-stick", pinned: [] })).toEqual(["recorded", false]);
    expect(read({ id: hub, source: hubBase, pinned: [] })).toEqual(["recorded", true]);
    // After a repair it counted what it had recorded itself.
    expect(read({ id: hub, source: hubBase, pinned: names })).toEqual(["recorded", true]);
    // Such as a backup could bring, in the place of the catalogue's.
    expect(read({ id: hub, source: "https://evil.example/", pinned: [] })).toEqual(["recorded", false]);
    setPolicy({ ...plain, network: { modelHosts: [], mirror: "https://mirror.example/m/" } });
    expect(read({ id: hub, source: `https://mirror.example/m/${hub}/resolve/main/`, pinned: names })).toEqual([
      "recorded",
      true,
    ]);
  });

  test("that it says it is that model, where an older version kept a package under the id of one; it can be removed", async () => {
    const { models, records } = rooms();
    const old = { ...base, id: hub, files: pins.files, pinned: names, source: "a-stick" };
    await records.write(`model:${hub}`, old as StoredRecord);
    await models.installed.load();
    const card = models.installed.card(hub)!;
    expect(card).toMatchObject({
      known: false,
      name: "Model that calls itself “Qwen3 0.6B”",
      origin: { kind: "given" },
    });
    expect(models.installed.cards.filter((c) => c.id === hub)).toHaveLength(1);
    setPolicy(withModels({ ids: ["Qwen3-*"], licences: ["Apache-2.0"] }));
    expect(models.mayUse(card)).toBe(false);
    await models.remove(card);
    expect(models.installed.card(hub)).toBe(knownCard(hub));
  });

  test("nothing that an added record says in the place of the catalogue", async () => {
    const { models, records } = rooms();
    const added = (card: object) => ({ version: 1, card }) as StoredRecord;
    const evil = { kind: "address", base: "https://huggingface.co/evil/", library: "https://huggingface.co/evil/l" };
    const forged = { ...knownCard(hub)!, origin: evil, known: true };
    await records.write(`added-model:${hub}`, added(forged));
    await records.write("added-model:islet-tiny", added({ ...forged, id: "islet-tiny", origin: { kind: "given" } }));
    await records.write("added-model:mine", added({ ...forged, id: "mine", key: hub, name: "Mine" }));
    await records.write("added-model:own", added({ ...forged, id: "own", origin: { kind: "own" }, pins: pins.files }));
    await models.installed.load();
    expect(models.installed.card(hub)).toBe(knownCard(hub));
    expect(models.installed.card("islet-tiny")).toBe(knownCard("islet-tiny"));
    expect(models.installed.card("own")).toBeUndefined();
    // An older version kept what a model said of itself as if it were so.
    const mine = models.installed.card("mine")!;
    expect(mine).toMatchObject({ known: false, key: "own/mine", publisher: "", licence: "", origin: evil });
    expect(mine.says).toMatchObject({ name: "Mine", publisher: knownCard(hub)!.publisher, licence: "Apache-2.0" });
    expect(mine.pins).toBeUndefined();
  });

  test("what its source stated, or what was recorded, also after a repair", async () => {
    const came: DownloadOrder[] = [];
    const { models } = rooms(async (order) => {
      came.push(order);
      return { files: pins.files, compared: order.files !== undefined || order.pinsAtSource };
    });
    const card = knownCard(hub)!;
    await models.downloads.bring(card);
    expect(models.installed.models.get(hub)).toMatchObject({ hashes: "recorded", known: true });
    // It finds a damaged file; what is fetched anew is held to what was recorded.
    await models.mend(card, tell);
    expect(came[1]!.files).toEqual(pins.files);
    expect(models.installed.models.get(hub)).toMatchObject({ hashes: "recorded", known: true });
    setPolicy({ ...plain, network: { modelHosts: [], mirror: "https://mirror.example/m/" } });
    await models.installed.remove(hub);
    await models.downloads.bring(card);
    expect(models.installed.models.get(hub)).toMatchObject({ hashes: "mirror", known: true });
    await models.mend(card, tell);
    expect(models.installed.models.get(hub)!.hashes).toBe("mirror");
    await models.downloads.bring(knownCard("islet-tiny")!);
    expect(models.installed.models.get("islet-tiny")!.hashes).toBe("build");
  });
});

describe("a model from an address", () => {
  const library = "https://huggingface.co/owner/a/resolve/main/l.wasm";
  test("takes no id of the catalogue, and none that is taken", async () => {
    const { models } = rooms();
    await expect(addModel(models, `evil/${hub}`, library)).rejects.toMatchObject({ code: "model-known" });
    await expect(addModel(models, "evil/islet-tiny", library)).rejects.toMatchObject({ code: "model-known" });
    const card = await addModel(models, "owner/Qwen3-0.6B", library);
    expect(card).toMatchObject({ id: "Qwen3-0.6B", known: false, name: "Model that calls itself “Qwen3 0.6B”" });
    await expect(addModel(models, "owner/Qwen3-0.6B", library)).rejects.toMatchObject({ code: "model-known" });
    const other = await addModel(models, "https://huggingface.co/other/Qwen3-0.6B/tree/main", library);
    expect(other).toMatchObject({ id: "other-Qwen3-0.6B", known: false });
    await expect(addModel(models, "other/Qwen3-0.6B", library)).rejects.toMatchObject({ code: "model-known" });
    expect(models.installed.card("Qwen3-0.6B")).toBeDefined();
    expect(await addModel(models, "owner/a-model", library)).toMatchObject({ name: "a-model", known: false });
  });
});

describe("a backup", () => {
  const address = (host: string) => ({ kind: "address", base: `https://${host}/m/`, library: `https://${host}/l` });
  const card = (id: string, host = "huggingface.co") => ({ id, name: "x", origin: address(host), size: 1 });
  const backup = (...cards: { id: string }[]) =>
    JSON.stringify({ records: cards.map((card) => [`added-model:${card.id}`, { version: 1, card }]) });

  test("brings models of the person's own as they would come in now, and says which it left out", async () => {
    const { records, models } = rooms();
    const text = backup(card("good"), card(hub), card("../up"), card("elsewhere", "evil.example"));
    expect(await restore(records, text)).toEqual({ conversations: 0, leftOut: [hub, "../up", "elsewhere"] });
    await models.installed.load();
    expect(models.installed.card("good")).toMatchObject({ known: false, publisher: "" });
    expect(models.installed.card(hub)).toBe(knownCard(hub));
    expect(models.installed.card("elsewhere")).toBeUndefined();
  });

  test.each([
    ["features.addModels", { ...plain, features: { ...plain.features, addModels: false } }],
    ["models.ids", withModels({ ids: ["*"] })],
    ["network", { ...plain, network: { modelHosts: [], mirror: null } }],
  ])("brings no model that the policy leaves out by %s", async (_field, policy) => {
    setPolicy(policy);
    const { records } = rooms();
    expect(await restore(records, backup(card("good")))).toEqual({ conversations: 0, leftOut: ["good"] });
    expect((await records.all("added-model")).size).toBe(0);
  });

  test("loosens no setting, and neither keeps longer nor deletes earlier what is here", async () => {
    const restored = async (here: object | undefined, from: object, policy: Policy = plain) => {
      setPolicy(policy);
      const { records } = rooms();
      if (here) await records.write("settings:app", { version: 1, ...here });
      await restore(records, JSON.stringify({ records: [["settings:app", { version: 1, ...from }]] }));
      return records.read<StoredRecord>("settings:app");
    };
    const from = { language: "fr", lockMinutes: 0, keepDays: 365, keepAuditDays: 30, temperature: 1 };
    expect(await restored(undefined, from)).toEqual({ version: 1, ...from, lockMinutes: 15 });
    expect(await restored({ lockMinutes: 0 }, { lockMinutes: 0 })).toEqual({ version: 1, lockMinutes: 0 });
    expect(await restored({ lockMinutes: 60 }, { lockMinutes: 5 })).toEqual({ version: 1, lockMinutes: 5 });
    expect(await restored({ language: "ja", keepDays: 7 }, from)).toEqual({
      ...{ version: 1, language: "ja", temperature: 1, lockMinutes: 15, keepDays: 7 },
    });
    const strict: Policy = {
      ...plain,
      retention: { conversations: 90, audit: 10, network: null },
      vault: { required: true, lockMinutes: 3 },
    };
    expect(await restored(undefined, from, strict)).toEqual({
      ...{ version: 1, ...from, lockMinutes: 3, keepDays: 90, keepAuditDays: 10 },
    });
  });
});
