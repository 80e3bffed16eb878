// What one tab sets, no other undoes, nor goes by what was set before.
import { beforeEach, expect, test, vi } from "vitest";
import { Retention } from "../../src/app/retention.svelte";
import { Conversations } from "../../src/chat/conversations.svelte";
import { conversationKey, type Conversation } from "../../src/chat/conversation-records";
import { Records } from "../../src/storage/records";
import { readSettings, Settings, type SettingsRecord } from "../../src/storage/settings.svelte";
import { openStore } from "../../src/storage/store";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { NetworkLedger } from "../../src/trust/log/network-ledger.svelte";
import { oneAfterTheOther } from "./locks";

oneAfterTheOther();
beforeEach(async () => {
  await openStore()("readwrite", (s) => void s.clear());
});

test("what two tabs change, each without knowing of the other, is both there", async () => {
  const [one, other] = [new Settings(new Records()), new Settings(new Records())];
  await Promise.all([one.load(), other.load()]);
  await Promise.all([one.save({ keepDays: 30 }), other.save({ temperature: 1 })]);
  await other.save({ language: "fr" });
  const fresh = new Settings(new Records());
  await fresh.load();
  expect(fresh.current).toEqual({ version: 1, keepDays: 30, temperature: 1, language: "fr" });
});

test("every setting that can be saved is there at the next start", async () => {
  const all: Required<Omit<SettingsRecord, "version">> = {
    language: "ja",
    modelId: "islet-tiny",
    temperature: 0.4,
    idleMinutes: 5,
    lockMinutes: 3,
    keepDays: 30,
    keepAuditDays: 365,
    keepNetworkDays: 7,
    effort: "high",
    votes: 3,
    lineBreaks: true,
    theme: "dark",
    sendKey: "mod+enter",
    shortcuts: false,
    watts: 25,
  };
  const [one, fresh] = [new Settings(new Records()), new Settings(new Records())];
  await one.save(all);
  await fresh.load();
  expect(fresh.current).toEqual({ version: 1, ...all });
  // What is no setting is left behind, also where its name is that of something every object has.
  expect(readSettings({ ...all, other: 1, constructor: "x", toString: true })).toEqual({ version: 1, ...all });
});

test("how ends of lines are shown is a choice that stays, and only a yes or a no", async () => {
  const [one, fresh] = [new Settings(new Records()), new Settings(new Records())];
  await one.save({ lineBreaks: true });
  await fresh.load();
  expect(fresh.current.lineBreaks).toBe(true);
  expect(readSettings({ lineBreaks: "yes" }).lineBreaks).toBeUndefined();
});

test("what sends, and whether keys run commands, are choices that stay, and nothing else than these", async () => {
  const [one, fresh] = [new Settings(new Records()), new Settings(new Records())];
  await one.save({ sendKey: "mod+enter", shortcuts: false, theme: "dark" });
  await fresh.load();
  expect(fresh.current).toEqual({ version: 1, sendKey: "mod+enter", shortcuts: false, theme: "dark" });
  expect(readSettings({ sendKey: "space", shortcuts: 1, theme: "blue" })).toEqual({ version: 1 });
});

test("what another tab changes holds here as well", async () => {
  const [one, other] = [new Settings(new Records()), new Settings(new Records())];
  await one.save({ lockMinutes: 1 });
  await vi.waitFor(() => expect(other.current.lockMinutes).toBe(1));
  await one.save({ lockMinutes: undefined });
  await vi.waitFor(() => expect(other.current.lockMinutes).toBeUndefined());
});

test("a tab that has not heard that records are kept longer now deletes none of them", async () => {
  const records = new Records();
  const old: Conversation = { version: 1, id: "1", title: "old", createdAt: 1, updatedAt: 1, leafId: null };
  await records.write(conversationKey("1"), old);
  await records.write("settings:app", { version: 1, keepDays: 30 } as never);
  const audit = new AuditLog(records);
  const [settings, conversations] = [new Settings(records), new Conversations(records, audit)];
  await Promise.all([settings.load(), conversations.load()]);
  // A tab that slept hears of it late.
  await openStore()("readwrite", (s) => void s.put({ version: 1 }, "settings:app"));
  const ledger = new NetworkLedger(records);
  await new Retention({ conversations, audit, ledger, settings, records }).look();
  expect(await records.read(conversationKey("1"))).toEqual(old);
});
