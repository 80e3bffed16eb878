// Whatever lies in storage or comes in a file: each reader gives a record that can be drawn, or refuses it; none throws.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forms } from "../../src/app/record-forms";
import { conversationForm, messageForm } from "../../src/chat/conversation-forms";
import { conversationKey, messageKey, type Conversation, type Message } from "../../src/chat/conversation-records";
import { fromJson, toJson, toMarkdown, treesOf } from "../../src/chat/conversation-transfer";
import { childrenOf, newestLeaf, shownBranch } from "../../src/chat/tree";
import { addedForm, downloadForm, installedForm } from "../../src/models/model-forms";
import { bytesOf } from "../../src/models/installed.svelte";
import {
  formatBytes,
  formatCount,
  formatDays,
  formatMoment,
  formatNumber,
  formatSeconds,
  formatTime,
  nameOfCountry,
  nameOfLanguage,
} from "../../src/platform/format";
import type { Form, RecordKey, RecordKind, StoredRecord } from "../../src/storage/forms";
import { readSettings } from "../../src/storage/settings.svelte";
import { auditForm, networkForm } from "../../src/trust/log/log-forms";

const runs = { numRuns: 1000 };
const languages = ["en", "fr", "ja", "vi"];

/** Any JSON, with the values that hurt most. */
const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(1e300, -1e300, NaN, Infinity, -1, 0.5, 8.64e15, 8.65e15, 2 ** 53, "", null, undefined, true),
  fc.constantFrom<unknown>({}, [], [null], { __proto__: null }, "constructor", "__proto__", new Date(NaN), 10n, /x/),
);
/** A record of these fields, each as it should be or anything else, some of them missing. */
const distorted = (fields: Record<string, unknown>) =>
  fc.record(
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, anything),
      ]),
    ),
    { requiredKeys: [] },
  );

const hash = "0".repeat(64);
const file = { bytes: 3, integrity: "sha256-x" };
const stats = Object.fromEntries(
  [
    ...["promptTokens", "thoughtTokens", "answerTokens", "prefillRate", "decodeRate", "secondsToFirstToken"],
    ...["seconds", "thoughtSeconds", "contextUsed", "contextSize"],
  ].map((name, i) => [name, i + 0.5]),
);
const sources = [
  { document: "d", title: "Rules", place: "page 3", quote: "No." },
  { document: "e", title: "" },
];
const parts = [
  { kind: "thought", text: "hm" },
  { kind: "text", text: "x", sources },
  { kind: "call", id: "1", tool: "search", input: { words: ["a", null, 1.5, true] } },
  { kind: "result", id: "1", text: "r", sources, error: { code: "unknown", detail: "d", remedy: "none" } },
  { kind: "file", blob: "b", type: "image/png", name: "n.png" },
];
const run = {
  ...{ status: "stopped", modelId: "islet-tiny", stats, droppedTurns: 2, recovered: true, effort: "low" },
  provenance: { digest: hash, temperature: 0.5, topP: 1, version: "0.1.0" },
  error: { code: "device-lost", detail: "d", remedy: "retry", bytes: 5 },
  need: { think: true, probability: 0.7, because: ["logic", "numbers"] },
  ...{ cut: "budget", vote: { finals: ["1", "2"], chosen: 0, votes: 1 }, seconds: 2.5, resumed: true, comparison: "k" },
};
/** A whole record of each kind, with every field there can be. */
const whole = {
  conversation: {
    ...{ version: 1, id: "c", title: "T", createdAt: 1, updatedAt: 2, leafId: "m", deletedAt: 3 },
    ...{ effort: "high", votes: 3 },
  },
  message: {
    ...{ version: 2, id: "m", conversationId: "c", parentId: "p", role: "assistant", createdAt: 1 },
    parts,
    run,
  },
  settings: {
    ...{ version: 1, language: "fr", modelId: "m", temperature: 1, idleMinutes: 5, keepDays: 30, keepAuditDays: 1 },
    ...{ keepNetworkDays: 2, lockMinutes: 0, effort: "auto", votes: 3, watts: 20 },
  },
  model: {
    ...{ version: 1, id: "m", files: { a: file, b: file }, source: "s", installedAt: 1, verifiedAt: 2 },
    ...{ hashes: "package", known: false },
    usedAt: 3,
    comparison: {
      ...{ at: 1, adapter: "gpu", equal: 1, total: 2, rate: 3.5 },
      difference: { question: "q", expected: "e", given: "g" },
    },
  },
  download: { version: 1, id: "m", paused: false, start: true, addedAt: 5, pins: { a: file } },
  audit: {
    ...{ version: 1, seq: 1, time: "2026-01-01T00:00:00.000Z", kind: "begin", data: { a: 1, b: null, c: "x" } },
    ...{ previous: hash, hash },
  },
  "audit-head": { version: 1, entries: 1, hash, policy: hash, more: [1] },
  network: {
    ...{ version: 1, time: 5, method: "GET", origin: "https://x.example", path: "/", asker: "page", purpose: "app" },
    ...{ verdict: "sent", bytes: null, bytesOut: 0, status: 200, line: "connect-src 'self'" },
  },
} satisfies Partial<Record<RecordKind, object>>;
const card = { id: "m", origin: { kind: "address", base: "https://x.example/m/", library: "https://x.example/l" } };
const keys: Partial<Record<RecordKind, RecordKey>> = {
  ...{ conversation: "conversation:c", message: "message:c/m", model: "model:m", download: "download:m" },
  ...{ "added-model": "added-model:m", audit: "audit:0000000001" },
};
const kinds = Object.keys(whole) as (keyof typeof whole)[];

describe("the readers of records", () => {
  test.each(kinds)("%s: what is whole is read as it is", (kind) => {
    expect(forms[kind].read(whole[kind], keys[kind] ?? `${kind}:1`)).toEqual(whole[kind]);
  });

  test("added-model: a card is made anew of what it may say", () => {
    const added = addedForm.read(
      { version: 1, card: { ...card, name: "N", publisher: "P", languages: "x" } },
      "added-model:m",
    );
    expect(added?.card).toMatchObject({
      ...card,
      says: { name: "N", publisher: "P" },
      publisher: "",
      languages: [],
      size: 0,
    });
    expect(addedForm.read(JSON.parse(JSON.stringify(added)), "added-model:m")).toEqual(added);
  });

  test("of no kind throws, whatever it is given", { timeout: 60_000 }, () => {
    const entries = [...Object.entries(whole), ["added-model", { version: 1, card }] as const];
    for (const [kind, record] of entries) {
      const { read } = forms[kind as RecordKind] as Form<StoredRecord>;
      const key = keys[kind as RecordKind] ?? (`${kind}:1` as RecordKey);
      fc.assert(
        fc.property(fc.oneof(anything, distorted(record as Record<string, unknown>)), (value) => {
          const once = read(value, key);
          // What was read is of its kind, and is kept as it is.
          if (once !== undefined) expect(read(structuredClone(once), key)).toEqual(once);
        }),
        runs,
      );
    }
  });

  test("what they give can be drawn: sorted, dated, counted, in every language", { timeout: 60_000 }, () => {
    const draw = (conversation: Conversation, messages: Message[]) => {
      const tree = new Map(messages.map((m) => [m.id, m]));
      shownBranch(tree, conversation.leafId);
      const children = childrenOf(tree);
      for (const m of messages) newestLeaf(children, m.id);
      toMarkdown(conversation.title, messages, { user: "u", assistant: "a", thought: "t" });
      for (const language of languages) {
        expect(formatMoment(conversation.updatedAt, language)).toMatch(/\d/);
        for (const n of messages.flatMap((m) => Object.values(m.run?.stats ?? {})))
          expect(formatNumber(n, language)).toMatch(/[\d०-९]/);
      }
      const [back] = fromJson(toJson(treesOf([conversation], messages)));
      expect(back!.messages).toHaveLength(messages.length);
    };
    fc.assert(
      fc.property(
        distorted(whole.conversation),
        fc.array(distorted({ ...whole.message, parentId: "m2" }), { maxLength: 4 }),
        (c, list) => {
          const conversation = conversationForm.read({ ...c, id: "c" }, "conversation:c")!;
          const messages = list.flatMap((m, i) => {
            const id = `m${i}`;
            return messageForm.read({ ...m, id, conversationId: "c" }, messageKey({ id, conversationId: "c" })) ?? [];
          });
          draw(conversation, messages);
        },
      ),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(distorted(whole.model), distorted(whole.network), distorted(whole.audit), (m, n, a) => {
        const model = installedForm.read(m, "model:m");
        const network = networkForm.read(n, "network:1");
        const audit = auditForm.read(a, "audit:0000000001");
        for (const language of languages) {
          if (model) expect(formatBytes(bytesOf(model), language)).toMatch(/\d/);
          if (model) expect(formatMoment(model.usedAt, language)).toMatch(/\d/);
          if (network) expect(formatTime(network.time, language)).toMatch(/\d/);
          if (audit) expect(formatTime(audit.time, language)).toMatch(/\d/);
        }
        if (network) new Date(network.time).toISOString();
      }),
      { numRuns: 300 },
    );
  });

  test("a record under the name of another is none", () => {
    expect(conversationForm.read(whole.conversation, conversationKey("other"))).toBeUndefined();
    expect(messageForm.read(whole.message, "message:c/other")).toBeUndefined();
    expect(installedForm.read(whole.model, "model:other")).toBeUndefined();
    expect(downloadForm.read(whole.download, "download:other")).toBeUndefined();
  });

  test("a conversation whose times are none is not old: its age deletes it not", () => {
    const before = Date.now();
    const read = conversationForm.read({ ...whole.conversation, createdAt: -5, updatedAt: 1e300 }, "conversation:c")!;
    expect(read.updatedAt).toBeGreaterThanOrEqual(before);
    expect(conversationForm.read({ ...whole.conversation, updatedAt: "x" }, "conversation:c")!.updatedAt).toBe(1);
  });

  test("settings that would delete everything at once, or never end, are none", () => {
    expect(readSettings({ keepDays: 0, keepAuditDays: 0.5, keepNetworkDays: -1, constructor: 1 })).toEqual({
      version: 1,
    });
    expect(readSettings({ keepDays: 1e300, idleMinutes: 1e300, votes: 1e9 })).toEqual({
      ...{ version: 1, keepDays: 36_500, idleMinutes: 1440, votes: 25 },
    });
  });

  test("a model whose bytes are not said is not installed", () => {
    for (const files of [undefined, null, { a: null }, { a: { bytes: -1, integrity: "x" } }, { a: { bytes: 1 } }])
      expect(installedForm.read({ ...whole.model, files }, "model:m")).toBeUndefined();
  });
});

describe("an import", () => {
  test("whose times are out of range is brought within it, and nothing in it lies in the future", () => {
    const conversation = { ...whole.conversation, updatedAt: 1e300, createdAt: Date.now() + 1e9 };
    const messages = [{ ...whole.message, parentId: null, createdAt: 8.65e15 }];
    const [read] = fromJson(
      JSON.stringify({ format: "islet-conversations", version: 2, conversations: [{ conversation, messages }] }),
    );
    for (const time of [read!.conversation.updatedAt, read!.conversation.createdAt, read!.messages[0]!.createdAt])
      expect(time).toBeLessThanOrEqual(Date.now());
  });

  test("in which two messages have one name is refused: one would take the other's place", () => {
    const messages = [whole.message, whole.message].map((m) => ({ ...m, parentId: null }));
    const text = JSON.stringify({
      ...{ format: "islet-conversations", version: 2 },
      conversations: [{ conversation: whole.conversation, messages }],
    });
    expect(() => fromJson(text)).toThrow(/messages\[1\]\.id is that of another message/);
  });

  test("of what was exported around a message that could not be read comes back", () => {
    const gap = ["a", "c"].map((id, i) => ({ ...whole.message, id, parentId: i ? "b" : null }) as unknown as Message);
    const [tree] = treesOf([{ ...whole.conversation, leafId: "b" } as Conversation], gap);
    const [back] = fromJson(toJson([tree!]));
    expect(back!.messages.map((m) => m.parentId)).toEqual([null, null]);
  });
});

describe("formatters", () => {
  test("never throw, for any number, time or name", () => {
    const numbers = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.constantFrom(NaN, Infinity, -Infinity, 8.64e15, 8.65e15, -0),
    );
    fc.assert(
      fc.property(numbers, fc.string(), fc.constantFrom(...languages), (n, text, language) => {
        const texts = [
          ...[formatBytes(n, language), formatNumber(n, language), formatCount(n, language), formatDays(n, language)],
          ...[
            formatSeconds(n, language),
            formatMoment(n, language),
            formatTime(n, language),
            formatTime(text, language),
          ],
          ...[nameOfLanguage(text, language) || "-", nameOfCountry(text, language) || "-"],
        ];
        for (const one of texts) expect(one).not.toBe("");
      }),
      runs,
    );
  });

  test("a moment far in the future is a day", () => {
    expect(formatMoment(Date.UTC(9999, 0, 2), "en")).toMatch(/9999/);
    expect(formatMoment(1e300, "en")).toBe("–");
  });
});
