import { describe, expect, test } from "vitest";
import { keyNames, matches } from "../../src/platform/keys";
import type { AnswerResult, AnswerStats, LoadProgress, Question } from "../../src/engine/protocol";
import { mlcForm } from "../../src/engine/store/mlc-form";
import { parseJson, readPins as readPinsOf } from "../../src/engine/store/package";
import { retryAfter } from "../../src/engine/store/fetch-file";
import { en } from "../../src/i18n/en";
import {
  addressOf,
  baseUrlOf,
  groupBuilds,
  knownCards,
  prebuiltCard,
  shippedModels,
  type ModelCard,
} from "../../src/models/catalogue/catalogue";
import { readCandidate } from "../../src/models/catalogue/admit";
import { Notices } from "../../src/ui/notices.svelte";
import { ModelActions } from "../../src/models/model-actions.svelte";
import type { Models } from "../../src/models/models.svelte";
import type { StoreClient } from "../../src/engine/client/store-client";
import { families } from "../../src/models/catalogue/families";
import { licences } from "../../src/models/catalogue/licences";
import { answersIn, compareAnswers, hasReference, referenceOf } from "../../src/evaluation/compare-answers";
import { filterModels, noFilter, type ShownModel } from "../../src/models/filter";
import { firstModel, fitOf, pickBuild, recommend, speakerFor, speaks } from "../../src/models/fit";
import { memoryBudget, type Machine } from "../../src/models/machine";
import { nameOfCountry, nameOfLanguage } from "../../src/platform/format";
import { prebuiltAppConfig } from "@mlc-ai/web-llm";

const { checkForm, limitOf } = mlcForm;
const filesOfModel = (configuration: object, weights: object, manifest?: string) =>
  mlcForm.filesOf([configuration as Record<string, unknown>, weights as Record<string, unknown>], manifest);
const readPins = (content: object) => readPinsOf(content as Record<string, unknown>, mlcForm);

const GIB = 2 ** 30;
const desktop: Machine = {
  halfPrecision: true,
  maxBufferSize: 2 * GIB,
  software: false,
  memory: 16 * GIB,
  memoryIsFloor: false,
  phone: false,
  free: 100e9,
};
const phone: Machine = { ...desktop, memory: 8 * GIB, phone: true, memoryIsFloor: true };
const byId = (id: string) => knownCards.find((c) => c.id === id)!;
const model = (key: string) => groupBuilds(knownCards).find((m) => m.key === key)!;

describe("the catalogue", () => {
  test("has every model of the installed WebLLM, each with a card", () => {
    expect(__PREBUILT_MODELS__.map((m) => m.id)).toEqual(prebuiltAppConfig.model_list.map((m) => m.model_id));
    expect(__PREBUILT_MODELS__.filter((m) => !prebuiltCard(m)).map((m) => m.id)).toEqual([]);
    expect(knownCards).toHaveLength(shippedModels.length + prebuiltAppConfig.model_list.length);
    expect(new Set(knownCards.map((c) => c.id)).size).toBe(knownCards.length);
  });

  test("a model that WebLLM brings without a card is told apart", () => {
    expect(prebuiltCard({ ...__PREBUILT_MODELS__[0]!, id: "Unheard-Of-9B-q4f16_1-MLC" })).toBeUndefined();
  });

  test("keeps no card of a model that WebLLM has no longer", () => {
    const used = new Set(knownCards.map((c) => c.key));
    const members = families.flatMap((f) => Object.keys(f.members));
    expect(members.filter((key) => !used.has(key))).toEqual([]);
    expect(new Set(members).size).toBe(members.length);
  });

  test.each(knownCards.map((card) => [card.id, card] as const))("%s: all that is said of it is in form", (_, card) => {
    expect(card.name).not.toBe("");
    expect(card.publisher).not.toBe("");
    expect(Object.keys(licences)).toContain(card.licence);
    expect(card.languages.length).toBeGreaterThan(0);
    for (const code of card.languages) expect(nameOfLanguage(code, "en"), code).not.toBe(code);
    if (card.country) expect(nameOfCountry(card.country, "en")).not.toBe(card.country);
    if (card.cutoff) expect(card.cutoff).toMatch(/^20\d\d-(0[1-9]|1[0-2])$/);
    expect(card.contextWindow).toBeGreaterThanOrEqual(card.contextSize ?? 0);
    if (card.origin.kind === "own") expect(card.pins).toBeDefined();
    else expect(card.repository).toMatch(/^[\w.-]+\/[\w.-]+$/);
  });

  // WebLLM states the memory a build needs, most of which is its weights: a wrong number of parameters shows here.
  test.each(knownCards.filter((c) => c.origin.kind === "hub").map((card) => [card.id, card] as const))(
    "%s: the calculated size agrees with the memory WebLLM states",
    (_, card) => {
      expect(card.size).toBeLessThanOrEqual(card.memory);
      // Embedding models are built for batches, whose buffers can be larger than the weights.
      if (card.task !== "embedding") expect(card.size).toBeGreaterThan(card.memory * 0.15);
    },
  );

  test("every licence says in each case what it allows", () => {
    for (const { terms, url } of Object.values(licences)) {
      expect(en).toHaveProperty([`licence.${terms}`]);
      expect(en).toHaveProperty([`licence.short.${terms}`]);
      expect(url).toMatch(/^https:/);
    }
  });

  test("takes models from the hub, from the policy's mirror, or from neither", () => {
    const rules = { modelHosts: [], mirror: null };
    const card = byId("Qwen3-0.6B-q4f32_1-MLC");
    expect(addressOf(card, rules)).toMatchObject({
      from: "https://huggingface.co/mlc-ai/Qwen3-0.6B-q4f32_1-MLC/resolve/main/",
      library: expect.stringMatching(/^https:\/\/raw\.githubusercontent\.com\/.*\.wasm$/) as string,
      pinsAtSource: false,
    });
    const mirrored = addressOf(card, { ...rules, mirror: "https://models.example.org/islet/" });
    expect(mirrored).toEqual({
      from: "https://models.example.org/islet/Qwen3-0.6B-q4f32_1-MLC/resolve/main/",
      library: "https://models.example.org/islet/Qwen3-0.6B-q4f32_1-MLC/resolve/main/library.wasm",
      pinsAtSource: true,
    });
    expect(addressOf(card, { ...rules, mirror: "mirror/" })!.from).toMatch(
      /^http:\/\/localhost.*\/mirror\/Qwen3-0\.6B-q4f32_1-MLC\/resolve\/main\/$/,
    );
    expect(addressOf(readCandidate({ id: "x", origin: { kind: "given" } }), rules)).toBeUndefined();
  });
});

describe("the fit", () => {
  test("never offers half precision to an adapter without it: the twin in single precision is taken", () => {
    const without = { ...desktop, halfPrecision: false };
    for (const { key, builds } of groupBuilds(knownCards)) {
      const picked = pickBuild({ key, builds }, without, new Set());
      if (picked.halfPrecision) {
        expect(fitOf(picked, without)).toEqual({ verdict: "no", reason: "half-precision" });
        expect(
          builds.every((b) => fitOf(b, without).verdict === "no"),
          key,
        ).toBe(true);
      }
    }
    expect(pickBuild(model("Qwen3-0.6B"), without, new Set()).id).toBe("Qwen3-0.6B-q4f32_1-MLC");
    expect(pickBuild(model("Qwen3-0.6B"), desktop, new Set()).id).toBe("Qwen3-0.6B-q4f16_1-MLC");
  });

  test("every build whose name says f16 is known to need it, also where WebLLM's list does not say so", () => {
    for (const card of knownCards.filter((c) => c.origin.kind === "hub"))
      expect(card.halfPrecision, card.id).toBe(card.id.includes("f16"));
    expect(byId("Llama-3.2-1B-Instruct-q4f16_1-MLC").halfPrecision).toBe(true);
  });

  test("offers a phone nothing beyond its budget, whatever the browser says of its memory", () => {
    const limit = memoryBudget(phone);
    expect(limit).toBeLessThanOrEqual(2 * GIB);
    for (const card of knownCards) expect(fitOf(card, phone).verdict === "no", card.id).toBe(card.memory > limit);
    expect(fitOf(byId("Qwen3-8B-q4f16_1-MLC"), phone)).toMatchObject({ verdict: "no", reason: "phone" });
  });

  test("says why: memory, storage, buffer, a software adapter", () => {
    const big = byId("Llama-3.1-70B-Instruct-q3f16_1-MLC");
    expect(fitOf(big, desktop)).toMatchObject({ verdict: "no", reason: "memory" });
    const eight = byId("Qwen3-8B-q4f16_1-MLC");
    expect(fitOf(eight, desktop)).toEqual({ verdict: "fits" });
    expect(fitOf(eight, { ...desktop, memory: 8 * GIB })).toMatchObject({ verdict: "tight", reason: "memory" });
    expect(fitOf(eight, { ...desktop, memory: 6 * GIB, memoryIsFloor: true })).toMatchObject({
      verdict: "tight",
      reason: "memory-unknown",
    });
    expect(fitOf(eight, { ...desktop, memory: 4 * GIB })).toMatchObject({ verdict: "no", reason: "memory" });
    expect(fitOf(eight, { ...desktop, free: 1e9 })).toEqual({
      verdict: "no",
      reason: "storage",
      need: eight.size,
      have: 1e9,
    });
    expect(fitOf(eight, { ...desktop, free: 1e9 }, true).verdict).toBe("fits");
    const gemma = byId("gemma-2b-it-q4f16_1-MLC");
    expect(fitOf(gemma, { ...desktop, maxBufferSize: 128e6 })).toMatchObject({ verdict: "no", reason: "buffer" });
    expect(fitOf(eight, { ...desktop, software: true })).toMatchObject({ verdict: "tight", reason: "software" });
    for (const reason of ["half-precision", "buffer", "memory", "memory-unknown", "phone", "storage", "software"])
      expect(en).toHaveProperty([`models.fit.reason.${reason}`]);
  });

  test("takes the build with the shorter context window where the longer one is tight", () => {
    const small = { ...desktop, memory: 9 * GIB };
    expect(pickBuild(model("Llama-3.1-8B-Instruct"), small, new Set()).id).toBe("Llama-3.1-8B-Instruct-q4f16_1-MLC-1k");
  });

  test("keeps to the build that is on the device", () => {
    const id = "Qwen3-0.6B-q0f32-MLC";
    expect(pickBuild(model("Qwen3-0.6B"), desktop, new Set([id])).id).toBe(id);
  });

  describe("for somebody who begins", () => {
    const [starter, tiny, reasoner] = shippedModels as [ModelCard, ModelCard, ModelCard];
    const choice = { offered: groupBuilds(knownCards), usable: [] as ModelCard[], device: { machine: desktop } };

    test.each(["en", "fr", "ja", "vi"])(
      "in %s offers one that is here, or else the starter, and one that speaks it",
      (language) => {
        expect(firstModel(choice, language)).toBe(starter);
        expect(firstModel({ ...choice, usable: [tiny] }, language)).toBe(tiny);
        expect(firstModel({ ...choice, usable: [tiny, reasoner] }, language)).toBe(language === "en" ? tiny : reasoner);
        expect(firstModel({ ...choice, offered: [] }, language)).toBeUndefined();
        const other = speakerFor(choice, language)!;
        expect(speaks(other, language)).toBe(true);
        expect(fitOf(other, desktop).verdict).toBe("fits");
        expect(speakerFor({ ...choice, device: { machine: undefined } }, language)).toBeUndefined();
        expect(speakerFor({ ...choice, offered: [] }, language)).toBeUndefined();
      },
    );

    const software = { ...desktop, software: true, halfPrecision: false, maxBufferSize: GIB };

    test.each(["fr", "ja", "vi"])("in %s offers one that speaks it also where none is recommended", (language) => {
      for (const machine of [software, { ...phone, software: true }, { ...desktop, memory: 1.5 * GIB }]) {
        const other = speakerFor({ ...choice, device: { machine } }, language)!;
        expect(speaks(other, language)).toBe(true);
        expect(fitOf(other, machine).verdict).not.toBe("no");
        expect(other.about).toBeUndefined();
      }
      // One that the policy lets people have, though the project recommends others.
      const few = choice.offered.filter(({ key }) => ["islet-reasoner", "Qwen2.5-3B-Instruct"].includes(key));
      expect(speakerFor({ ...choice, offered: few }, language)!.key).toBe("Qwen2.5-3B-Instruct");
      expect(
        speakerFor({ ...choice, offered: few, device: { machine: { ...desktop, memory: GIB / 2 } } }, language),
      ).toBeUndefined();
    });

    test("says of the starter that it speaks English alone", () => {
      expect(["en", "fr", "ja", "vi"].map((language) => speaks(starter, language))).toEqual([
        true,
        false,
        false,
        false,
      ]);
    });
  });

  test("recommends one each for speed, balance and reasoning, all of which fit, and by language", () => {
    const all = groupBuilds(knownCards);
    for (const machine of [desktop, phone, { ...desktop, halfPrecision: false, memory: 6 * GIB }]) {
      const chosen = recommend(all, machine, "en");
      expect(Object.keys(chosen).sort()).toEqual(["balanced", "fast", "reasoning"]);
      for (const card of Object.values(chosen)) expect(fitOf(card, machine).verdict).toBe("fits");
      expect(chosen.reasoning!.thoughts).toBeDefined();
      expect(chosen.fast!.memory).toBeLessThanOrEqual(chosen.balanced!.memory);
    }
    expect(recommend(all, desktop, "ja").balanced!.key).toBe("gemma-2-2b-jpn-it");
    expect(recommend(all, { ...desktop, memory: GIB / 2 }, "en")).toEqual({});
  });
});

describe("search and filters", () => {
  const list: ShownModel[] = groupBuilds(knownCards).map((m) => {
    const card = pickBuild(m, desktop, new Set());
    return { model: m, card, fit: fitOf(card, desktop), installed: card.id === "islet-tiny" };
  });
  const keys = (filter: Partial<typeof noFilter>) =>
    filterModels(list, { ...noFilter, ...filter }).map(({ card }) => card.key);

  test("find by words of name, family, publisher and licence, in any order", () => {
    expect(keys({ text: "deepseek" })).toEqual(["DeepSeek-R1-Distill-Qwen-7B", "DeepSeek-R1-Distill-Llama-8B"]);
    expect(keys({ text: "8B meta 3.1" })).toEqual(["Llama-3.1-8B-Instruct"]);
    expect(keys({ text: "no such model" })).toEqual([]);
  });

  test("take only what fits, reasons, is here, speaks a language, or has a kind of licence", () => {
    expect(keys({ fits: true })).not.toContain("Llama-3.1-70B-Instruct");
    expect(keys({ reasoning: true })).toContain("Qwen3-4B");
    expect(keys({ reasoning: true })).not.toContain("Llama-3.2-1B-Instruct");
    expect(keys({ installed: true })).toEqual(["islet-tiny"]);
    expect(keys({ language: "vi" })).toContain("Qwen3-4B");
    expect(keys({ language: "vi" })).not.toContain("Phi-4-mini-instruct");
    expect(keys({ terms: "research" })).toContain("Qwen2.5-3B-Instruct");
    expect(keys({ terms: "research" })).not.toContain("Qwen2.5-1.5B-Instruct");
  });

  test("sort by fit, name and size", () => {
    expect(keys({ sort: "smallest" })[0]).toBe("islet-tiny");
    expect(keys({ sort: "largest" })[0]).toMatch(/70B/);
    expect(keys({ sort: "name" }).at(-1)).toBe("WizardMath-7B-V1.1");
    const verdicts = filterModels(list, noFilter).map(({ fit }) => ["fits", "tight", "no"].indexOf(fit.verdict));
    expect(verdicts).toEqual([...verdicts].sort());
  });
});

describe("the files of a model from anywhere", () => {
  const configuration = { tokenizer_files: ["tokenizer.json", "merges.txt"] };
  const shard = (dataPath: unknown, nbytes: unknown = 10) => ({ records: [{ dataPath, nbytes }] });

  test("are read from its configuration and its list of weights", () => {
    expect(filesOfModel(configuration, shard("params_shard_0.bin"))).toEqual({
      "mlc-chat-config.json": {},
      "tensor-cache.json": {},
      "tokenizer.json": {},
      "library.wasm": {},
      "params_shard_0.bin": { bytes: 10 },
    });
    expect(Object.keys(filesOfModel({ tokenizer_files: ["tokenizer.model"] }, shard("a.bin"), "m.json"))).toEqual(
      expect.arrayContaining(["tokenizer.model", "m.json"]),
    );
  });

  test.each([
    [shard("../../etc/passwd")],
    [shard("a/b.bin")],
    [shard("https://example.org/x.bin")],
    [shard("")],
    [shard(".hidden")],
    [shard("__proto__")],
    [shard("constructor")],
    [shard("a\u0000.bin")],
    [shard("x".repeat(500))],
    [shard(7)],
    [shard(null)],
    [shard("a.bin", -1)],
    [shard("a.bin", 0)],
    [shard("a.bin", 1.5)],
    [shard("a.bin", 1e300)],
    [shard("a.bin", "10")],
    [shard("tokenizer.json")],
    [{ records: [] }],
    [{ records: {} }],
    [{}],
    [{ records: [null] }],
  ])("are refused when the list of weights is %j", (weights) => {
    expect(() => filesOfModel(configuration, weights)).toThrow(/model-invalid/);
  });

  test("are refused when there are too many", () => {
    const records = Array.from({ length: 6000 }, (_, i) => ({ dataPath: `${i}.bin`, nbytes: 1 }));
    expect(() => filesOfModel(configuration, { records })).toThrow(/model-invalid/);
  });

  test.each([[{}], [{ tokenizer_files: "tokenizer.json" }], [{ tokenizer_files: ["vocab.txt"] }]])(
    "are refused when the configuration is %j",
    (wrong) => {
      expect(() => filesOfModel(wrong, shard("a.bin"))).toThrow(/model-invalid/);
    },
  );

  const hash = `sha256-${"A".repeat(43)}=`;
  const pins = (files: object, more: object = {}) => ({
    files: {
      "mlc-chat-config.json": { bytes: 1, integrity: hash },
      "tensor-cache.json": { bytes: 1, integrity: hash },
      "library.wasm": { bytes: 1, integrity: hash },
      ...files,
    },
    ...more,
  });

  test("are pinned by islet-model.json, with what it says of the model", () => {
    const facts = { name: "N", parameters: 5, publisher: "", licence: 7, extra: "x" };
    expect(readPins(pins({}, { id: "my-model", facts }))).toEqual({
      id: "my-model",
      facts: { name: "N", parameters: 5 },
      files: pins({}).files,
    });
  });

  test.each([
    [{}],
    [{ files: [] }],
    [{ files: null }],
    [pins({ "../x": { bytes: 1, integrity: hash } })],
    [pins({ a: { bytes: -1, integrity: hash } })],
    [pins({ a: { bytes: 1, integrity: "md5-x" } })],
    [pins({ a: null })],
    [pins({}, { id: "../up" })],
    [{ files: { "library.wasm": { bytes: 1, integrity: hash } } }],
    [JSON.parse(`{"files":{"__proto__":{"bytes":1,"integrity":"${hash}"}}}`) as object],
  ])("are refused when islet-model.json is %j", (content) => {
    expect(() => readPins(content as Record<string, unknown>)).toThrow(/model-invalid/);
  });

  const bytes = (text: string) => new TextEncoder().encode(text).buffer;

  test("are looked at for their form where there is no hash", () => {
    expect(() => checkForm("tokenizer.json", bytes("<html>"))).toThrow(/model-invalid/);
    expect(() => checkForm("library.wasm", bytes("<html>"))).toThrow(/not a WebAssembly module/);
    expect(() => checkForm("library.wasm", bytes("\0asm\u0001"))).not.toThrow();
    expect(() => parseJson(bytes("[1]"), "x.json")).toThrow(/not a JSON object/);
    expect(() => parseJson(new Uint8Array([0xff, 0xfe]).buffer, "x.json")).toThrow(/model-invalid/);
    expect(limitOf("library.wasm")).toBeLessThan(limitOf("params_shard_0.bin"));
  });
});

test("a server's wish to be asked later is heard, within bounds", () => {
  expect(retryAfter(null)).toBe(0);
  expect(retryAfter("3")).toBe(3000);
  expect(retryAfter("-3")).toBe(0);
  expect(retryAfter("nonsense")).toBe(0);
  expect(retryAfter("999999")).toBe(120_000);
  expect(retryAfter("Wed, 21 Oct 2026 07:28:10 GMT", Date.parse("2026-10-21T07:28:00Z"))).toBe(10_000);
});

test("shortcuts are told with no other modifier, by the place of the key where a browser says no more", () => {
  const event = (code: string, more: Partial<KeyboardEventInit> = {}) =>
    new KeyboardEvent("keydown", { code, key: code === "Escape" ? "Escape" : "~", ...more });
  expect(matches("alt+n", event("KeyN", { altKey: true }))).toBe(true);
  expect(matches("alt+n", event("KeyN", { altKey: true, ctrlKey: true }))).toBe(false);
  expect(matches("alt+n", event("KeyM", { altKey: true }))).toBe(false);
  expect(matches("mod+k", event("KeyK", { ctrlKey: true }))).toBe(true);
  expect(matches("escape", event("Escape"))).toBe(true);
  expect(matches("escape", event("Escape", { shiftKey: true }))).toBe(false);
  expect(keyNames("mod+k")).toBe("Ctrl K");
});

describe("what is left over of models", () => {
  const files = baseUrlOf("islet-tiny");
  const actionsWith = (models: object, removed: string[] = []) =>
    new ModelActions(
      models as Models,
      { kept: async () => [files], remove: async (url: string) => void removed.push(url) } as unknown as StoreClient,
      new Notices(),
      { has: () => false, free: false, compare: () => Promise.reject(new Error("nothing to compare")) },
    );
  const downloads = { all: new Map() };

  test("is not looked for before it is known which models are here", async () => {
    let tellKnown = () => {};
    const known = new Promise<void>((resolve) => (tellKnown = resolve));
    const models = { known, downloads, installed: { ids: new Set<string>() } };
    const actions = actionsWith(models);
    const looking = actions.lookForLeftovers();
    await new Promise((resolve) => setTimeout(resolve));
    expect(actions.leftovers).toEqual([]);
    models.installed.ids.add("islet-tiny");
    tellKnown();
    await looking;
    expect(actions.leftovers).toEqual([]);
  });
  test("is not removed when it belongs to a model by then", async () => {
    const removed: string[] = [];
    const models = {
      known: Promise.resolve(),
      downloads,
      installed: { ids: new Set<string>() },
      device: { lookAtStorage() {} },
    };
    const actions = actionsWith(models, removed);
    await actions.lookForLeftovers();
    expect(actions.leftovers).toEqual([files]);
    models.installed.ids.add("islet-tiny");
    await actions.removeLeftovers();
    expect(removed).toEqual([]);
    models.installed.ids.clear();
    await actions.removeLeftovers();
    expect(removed).toEqual([files]);
  });
});

describe("comparing a model's answers with those it should give", () => {
  const pair = (prompt: string) => ({ prompt, text: `${prompt}!` });
  const reference = { tokens: 3, dialogues: [[pair("one")], [pair("two"), pair("three")]] };
  const answering =
    (answerTo: (prompt: string) => string, finish: AnswerResult["finish"] = "length", rate = 6) =>
    async ({ turns }: Question): Promise<AnswerResult> => ({
      thought: "",
      answer: answerTo(turns.at(-1)!.content),
      finish,
      stats: { answerTokens: rate > 0 ? 3 : 1, decodeRate: rate } as AnswerStats,
    });

  test("counts those that are the same, and tells how far it is and how fast it went", async () => {
    const told: LoadProgress[] = [];
    const result = await compareAnswers(
      reference,
      answering((prompt) => `${prompt}!`),
      (p) => told.push(p),
    );
    expect(result).toEqual({ equal: 3, total: 3, rate: 6 });
    expect(told.map(({ done, total }) => [done, total])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
  });
  test("one wrong letter is a difference, and the first one is kept", async () => {
    const ask = answering((prompt) => (prompt === "one" ? "one!" : `${prompt}?`));
    expect(await compareAnswers(reference, ask, () => {})).toMatchObject({
      equal: 1,
      total: 3,
      difference: { question: "two", expected: "two!", given: "two?" },
    });
  });
  test("asks with what went before, takes the likeliest token, and no more tokens than are compared", async () => {
    const asked: Question[] = [];
    const ask = answering((prompt) => prompt);
    await compareAnswers(
      reference,
      (question) => (asked.push(question), ask(question)),
      () => {},
    );
    expect(asked.map(({ turns }) => turns.length)).toEqual([1, 1, 3]);
    expect(asked[2]).toEqual({
      turns: [
        { role: "user", content: "two" },
        { role: "assistant", content: "two!" },
        { role: "user", content: "three" },
      ],
      sampling: { temperature: 0, topP: 1 },
      maxTokens: 3,
    });
  });
  test("a device that answers with one token has no rate", async () => {
    const result = await compareAnswers(
      reference,
      answering(() => "", "stop", 0),
      () => {},
    );
    expect(result).toMatchObject({ equal: 0, rate: 0 });
  });
  test("an answer that is stopped ends it, and counts as nothing", async () => {
    const ask = answering((prompt) => prompt, "stopped");
    await expect(compareAnswers(reference, ask, () => {})).rejects.toMatchObject({ name: "AbortError" });
  });
  test("the starter model has a reference of at least 20 questions and of conversations; others have none", async () => {
    expect(hasReference("toString")).toBe(false);
    expect(hasReference("smollm2-135m-instruct")).toBe(true);
    const reference = await referenceOf("smollm2-135m-instruct");
    expect(new Set(reference.dialogues.map(([first]) => first!.prompt)).size).toBeGreaterThanOrEqual(23);
    expect(answersIn(reference) - reference.dialogues.length).toBeGreaterThanOrEqual(4);
  });
});
