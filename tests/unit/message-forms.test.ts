// Messages through the versions of their record, and through a file: nothing of one is lost on the way.
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { backupOf, restore } from "../../src/app/backup";
import { conversationForm, messageForm } from "../../src/chat/conversation-forms";
import type { Conversation, Message } from "../../src/chat/conversation-records";
import { fromJson, toJson } from "../../src/chat/conversation-transfer";
import type { Json } from "../../src/platform/values";
import type { Part, Source } from "../../src/runs/parts";
import type { RunFacts, RunStatus } from "../../src/runs/run-facts";
import type { RecordKey, StoredRecord } from "../../src/storage/forms";
import { Records } from "../../src/storage/records";
import { openStore, VAULT } from "../../src/storage/store";
import { Cipher } from "../../src/storage/vault/cipher";
import { createVault, deriveWith } from "../../src/storage/vault/vault";
import { oneAfterTheOther } from "./locks";

const numbers = [
  ...["promptTokens", "thoughtTokens", "answerTokens", "prefillRate", "decodeRate", "secondsToFirstToken"],
  ...["seconds", "thoughtSeconds", "contextUsed", "contextSize"],
];
const statuses: RunStatus[] = ["complete", "stopped", "length", "failed", "interrupted", "repeated"];
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
/** The fields that have a value. */
const given = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
const text = fc.string({ minLength: 1, maxLength: 20, unit: "binary" });
const amount = fc.double({ min: 0, max: 1e9, noNaN: true }).map((n) => n + 0);
const count = fc.nat({ max: 1_000_000 });

const source: fc.Arbitrary<Source> = fc
  .record({ document: text, title: fc.string(), place: some(fc.string()), quote: some(fc.string()) })
  .map((s) => given(s) as unknown as Source);
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json);
const error = fc.constant({ code: "device-lost", detail: "gone", remedy: "retry" } as const);
const part: fc.Arbitrary<Part> = fc
  .oneof(
    fc.record({ kind: fc.constant("text"), text: fc.string(), sources: some(fc.array(source, { maxLength: 2 })) }),
    fc.record({ kind: fc.constant("thought"), text: fc.string() }),
    fc.record({ kind: fc.constant("call"), id: text, tool: text, input: json }),
    fc.record({ kind: fc.constant("result"), id: text, text: fc.string(), error: some(error) }),
    fc.record({ kind: fc.constant("file"), blob: text, type: fc.string({ maxLength: 50 }), name: text }),
  )
  .map((p) => given(p) as unknown as Part);
const run: fc.Arbitrary<RunFacts> = fc
  .record({
    status: fc.constantFrom(...statuses),
    modelId: some(text),
    stats: some(
      fc.tuple(...numbers.map(() => amount)).map((n) => Object.fromEntries(numbers.map((k, i) => [k, n[i]]))),
    ),
    provenance: some(fc.record({ digest: text, temperature: amount, topP: amount, version: text })),
    error: some(error),
    droppedTurns: some(count),
    recovered: some(fc.boolean()),
    effort: some(fc.constantFrom("off", "low", "medium", "high", "auto")),
    need: some(
      fc.record({
        think: fc.boolean(),
        probability: fc.double({ min: 0, max: 1, noNaN: true }).map((n) => n + 0),
        because: fc.constant(["logic"]),
      }),
    ),
    cut: some(fc.constantFrom("budget", "answer-now", "repetition")),
    vote: some(fc.record({ finals: fc.array(fc.string(), { maxLength: 3 }), chosen: count, votes: count })),
    seconds: some(amount),
    resumed: some(fc.boolean()),
    comparison: some(text),
  })
  .map((facts) => given(facts) as unknown as RunFacts);
/** A conversation and its messages, each under one before it. */
const conversations = fc
  .record({
    title: fc.string(),
    manner: fc.record({ effort: some(fc.constantFrom("low", "high")), votes: some(fc.constantFrom(1, 3, 5)) }),
    messages: fc.array(fc.record({ parts: fc.array(part, { maxLength: 4 }), run, parent: fc.nat(), at: fc.nat() }), {
      maxLength: 5,
    }),
  })
  .map(({ title, manner, messages: list }) => {
    const messages = list.map(({ parts, run, parent, at }, i): Message => {
      const role = i % 2 === 0 ? "user" : "assistant";
      const parentId = i === 0 ? null : `m${parent % i}`;
      const message = { version: 2 as const, id: `m${i}`, conversationId: "c", parentId, role, parts, createdAt: at };
      return role === "user" ? (message as Message) : ({ ...message, run } as Message);
    });
    const leafId = messages.at(-1)?.id ?? null;
    const conversation = { version: 1, id: "c", title, createdAt: 1, updatedAt: 2, leafId, ...given(manner) };
    return { conversation: conversation as Conversation, messages };
  });

describe("a conversation through a file", () => {
  test(
    "comes back with all that it has: sources, calls, figures, provenance, need, vote, cut, effort",
    { timeout: 60_000 },
    () => {
      fc.assert(
        fc.property(conversations, ({ conversation, messages }) => {
          const [back] = fromJson(toJson([{ conversation, messages }]));
          const ids = new Map(back!.messages.map((m, i) => [m.id, messages[i]!.id]));
          const named = (id: string | null) => (id === null ? null : ids.get(id)!);
          const there = back!.messages.map((m) => ({
            ...{ ...m, id: named(m.id), conversationId: "c", parentId: named(m.parentId) },
          }));
          expect(there).toEqual(messages);
          expect({ ...back!.conversation, id: "c", leafId: named(back!.conversation.leafId) }).toEqual(conversation);
        }),
      );
    },
  );
});

const stats = Object.fromEntries(numbers.map((name, i) => [name, i]));
const version1: [RecordKey, StoredRecord & Record<string, unknown>][] = [
  ["conversation:c", { version: 1, id: "c", title: "T", createdAt: 1, updatedAt: 2, leafId: "a" }],
  [
    "message:c/q",
    {
      ...{ version: 1, id: "q", conversationId: "c", parentId: null, role: "user", content: "Q?", createdAt: 1 },
      status: "complete",
    },
  ],
  [
    "message:c/a",
    {
      ...{ version: 1, id: "a", conversationId: "c", parentId: "q", role: "assistant", content: "A", createdAt: 2 },
      ...{ status: "stopped", modelId: "m", thought: "hm", effort: "auto", cut: "budget", stats, droppedTurns: 1 },
      ...{ need: { think: true, probability: 0.5, because: ["logic"] }, vote: { finals: ["A"], chosen: 0, votes: 1 } },
      ...{ provenance: { digest: "d", temperature: 0, topP: 1, version: "0" }, resumed: true, comparison: "k" },
    },
  ],
  [
    "message:c/e",
    {
      ...{ version: 1, id: "e", conversationId: "c", parentId: "q", role: "assistant", content: "", createdAt: 3 },
      ...{ status: "failed", error: { code: "device-lost", detail: "", remedy: "retry" } },
    },
  ],
];
const now: Message[] = [
  {
    ...{ version: 2, id: "q", conversationId: "c", parentId: null, role: "user", createdAt: 1 },
    parts: [{ kind: "text", text: "Q?" }],
  },
  {
    ...{ version: 2, id: "a", conversationId: "c", parentId: "q", role: "assistant", createdAt: 2 },
    parts: [
      { kind: "thought", text: "hm" },
      { kind: "text", text: "A" },
    ],
    run: {
      ...{ status: "stopped", modelId: "m", effort: "auto", cut: "budget", stats: stats as never, droppedTurns: 1 },
      ...{ need: { think: true, probability: 0.5, because: ["logic"] }, vote: { finals: ["A"], chosen: 0, votes: 1 } },
      ...{ provenance: { digest: "d", temperature: 0, topP: 1, version: "0" }, resumed: true, comparison: "k" },
    },
  },
  {
    ...{ version: 2, id: "e", conversationId: "c", parentId: "q", role: "assistant", createdAt: 3, parts: [] },
    run: { status: "failed", error: { code: "device-lost", detail: "", remedy: "retry" } },
  },
];
const byTime = (messages: Iterable<Message>) => [...messages].sort((a, b) => a.createdAt - b.createdAt);

describe("records of version 1", () => {
  beforeEach(async () => {
    oneAfterTheOther();
    deriveWith(() => Promise.resolve(new Uint8Array(32)));
    await openStore()("readwrite", (s) => void s.clear());
  });

  test("in the clear are read as those of now", async () => {
    await new Records().writeAll(version1);
    const records = new Records();
    expect(byTime((await records.all(messageForm)).values())).toEqual(now);
  });

  test("in a vault are read as those of now", async () => {
    const { record, keys } = await createVault("a long passphrase");
    await openStore()("readwrite", (s) => void s.put(record, VAULT));
    await new Records(undefined, new Cipher(keys)).writeAll(version1);
    const records = new Records(undefined, new Cipher(keys));
    expect(byTime((await records.all(messageForm)).values())).toEqual(now);
    const whole = await records.read("message:c/a", messageForm);
    await records.write("message:c/a", whole!);
    expect(await records.read("message:c/a", messageForm)).toEqual(now[1]);
  });

  test("of a backup are restored as those of now", async () => {
    const records = new Records();
    await restore(records, JSON.stringify({ records: version1 }));
    expect(byTime((await records.all(messageForm)).values())).toEqual(now);
    // And come out of the next one as these.
    const found = JSON.parse(await backupOf(records)) as { records: [RecordKey, Message][] };
    const messages = found.records.filter(([key]) => key.startsWith("message:")).map(([, m]) => m);
    expect(byTime(messages)).toEqual(now);
  });

  test("of an exported file come in as those of now", () => {
    const conversation = version1[0]![1];
    const messages = version1.slice(1);
    const file = {
      ...{ format: "islet-conversations", version: 1 },
      conversations: [{ conversation, messages: messages.map(([, m]) => m) }],
    };
    const [back] = fromJson(JSON.stringify(file));
    expect(back!.messages.map(({ parts, run }) => ({ parts, run }))).toEqual(
      now.map(({ parts, run }) => ({ parts, run })),
    );
    expect(conversationForm.read(back!.conversation, `conversation:${back!.conversation.id}`)).toEqual(
      back!.conversation,
    );
  });
});
