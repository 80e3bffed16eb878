// Deleting by age on a clock that jumps: nothing recent is ever lost, and what is old goes all the same.
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { beliefOf, lookAtClock, withLook, type Run } from "../../src/app/clock";
import { Retention } from "../../src/app/retention.svelte";
import { Conversations } from "../../src/chat/conversations.svelte";
import { conversationKey, type Conversation } from "../../src/chat/records";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/audit-log.svelte";
import { networkKey, type NetworkEntry } from "../../src/trust/network-entry";
import { NetworkLedger } from "../../src/trust/network-ledger.svelte";
import { oneAfterTheOther } from "./locks";

oneAfterTheOther();

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const START = Date.parse("2026-05-01T09:00:00.000Z");

/** What is believed after these looks at the clock. */
const after = (...looks: number[]) => beliefOf(looks.reduce<Run[]>((runs, now) => withLook(runs, now), []));
const daily = (from: number, days: number) => Array.from({ length: days }, (_, n) => from + n * DAY);

describe("the clock", () => {
  test("that goes on is believed, also after some days in which nobody looked", () => {
    expect(after(START)).toMatchObject({ now: START, ahead: 0 });
    expect(after(START, START + 6 * DAY)).toMatchObject({ now: START + 6 * DAY, ahead: 0 });
  });

  test("that jumps ahead is believed only when it has gone on for a day", () => {
    const far = START + 10 * YEAR;
    expect(after(START, far)).toMatchObject({ now: START, ahead: 10 * YEAR });
    expect(after(START, far, far + 23 * HOUR)).toMatchObject({ now: START });
    expect(after(START, far, far + 23 * HOUR, START + HOUR)).toMatchObject({ now: START + HOUR, ahead: 0 });
    expect(after(START, far, far + 23 * HOUR, far + DAY)).toMatchObject({ now: far + DAY, ahead: 0 });
  });

  test("of somebody who opens the app once a month is believed at the next visit at the latest", () => {
    const visits = Array.from({ length: 4 }, (_, n) => START + n * 30 * DAY);
    expect(after(...visits)).toMatchObject({ now: START + 60 * DAY, ahead: 30 * DAY });
  });

  test("that is set back is believed at once: less is old then", () => {
    expect(after(START, START - 20 * YEAR)).toMatchObject({ now: START - 20 * YEAR, ahead: 0 });
  });

  test("makes nothing old that was written while it was set back, whenever it came right", () => {
    const old = START - 20 * YEAR;
    const back = START + 2 * DAY;
    const { now, timeOf } = after(START, old, back, back + DAY);
    expect(now).toBe(back + DAY);
    for (const time of [old - HOUR / 2, old, old + HOUR / 2]) expect(timeOf(time)).toBe(back);
    expect(timeOf(START)).toBe(START);
    expect(timeOf(old + 2 * HOUR)).toBe(old + 2 * HOUR);
    // Set back by five days and never put right: it passes the old time by itself.
    const passed = after(START, ...daily(START - 5 * DAY, 40));
    expect(passed.timeOf(START - 5 * DAY + HOUR)).toBe(START + HOUR);
    expect(passed.timeOf(START + 10 * DAY)).toBe(START + 10 * DAY);
  });

  test("does not keep for ever what was written while it was ahead", () => {
    const far = START + 10 * YEAR;
    const { now, timeOf } = after(START, far, START + HOUR, ...daily(START + DAY, 30));
    expect(now).toBe(START + 30 * DAY);
    expect(timeOf(far + HOUR / 2)).toBe(START + HOUR);
  });

  test("never makes anything older than its own time, nor believes more than was read, whatever was read", () => {
    const looks = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(looks, fc.integer({ min: 0, max: 3000 }), (days, time) => {
        const { now, ahead, timeOf } = after(...days.map((n) => n * DAY));
        expect(now).toBeLessThanOrEqual(Math.max(...days) * DAY);
        expect(ahead).toBeGreaterThanOrEqual(0);
        if (time * DAY <= now) expect(timeOf(time * DAY)).toBeGreaterThanOrEqual(time * DAY);
      }),
    );
  });

  test("is remembered from visit to visit, and a record that is none does no harm", async () => {
    const records = new Records({}, "clock-record");
    await records.write("clock:1", { version: 1, runs: [null, { from: "x" }] } as never);
    expect(await lookAtClock(records, START)).toMatchObject({ now: START });
    expect(await lookAtClock(records, START + YEAR)).toMatchObject({ now: START, ahead: YEAR });
  });
});

describe("deleting by age", () => {
  let n = 0;
  let records: Records;
  let audit: AuditLog;
  let ledger: NetworkLedger;
  let conversations: Conversations;
  let retention: Retention;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: START });
    records = new Records({}, `clock-test-${++n}`);
    audit = new AuditLog(records);
    ledger = new NetworkLedger(records);
    conversations = new Conversations(records, audit);
    const settings = new Settings(records);
    await settings.save({ keepDays: 30, keepAuditDays: 30, keepNetworkDays: 30 });
    retention = new Retention({ conversations, audit, ledger, settings, records });
    return () => vi.useRealTimers();
  });

  /** Something of each kind, written at a time of this device's clock. */
  async function use(time: number): Promise<void> {
    vi.setSystemTime(time);
    const { id } = await conversations.create(`at ${time}`, {});
    const conversation = (await records.read<Conversation>(conversationKey(id)))!;
    expect(conversation.updatedAt).toBe(time);
    const entry: NetworkEntry = {
      ...{ version: 1, time, method: "GET", origin: "https://x.example", path: "/", asker: "page", purpose: "app" },
      ...{ verdict: "sent", bytes: 1, bytesOut: 0, status: 200 },
    };
    await records.write(networkKey(entry), entry);
    await audit.append("generation", { time });
  }
  async function look(time: number): Promise<void> {
    vi.setSystemTime(time);
    await retention.look(time);
    // What the ledger and the conversations note.
    await audit.verify();
  }
  const there = async () => ({
    conversations: [...conversations.all.values()].map(({ title }) => Number(title.slice(3))).sort((a, b) => a - b),
    network: [...(await records.all<NetworkEntry>("network")).values()].map(({ time }) => time).sort((a, b) => a - b),
    audit: (await audit.entries()).filter(({ kind }) => kind === "generation").map(({ data }) => data["time"]),
  });
  const all = (...times: number[]) => ({ conversations: times, network: times, audit: times });

  test("deletes what is old of each kind, and nothing else", async () => {
    await look(START);
    await use(START);
    await use(START + 5 * DAY);
    for (const time of daily(START, 32)) await look(time);
    expect(await there()).toEqual(all(START + 5 * DAY));
    expect((await audit.verify()).faults).toEqual([]);
  });

  test("deletes nothing in a session whose clock is years ahead, and says that it waits", async () => {
    await look(START);
    await use(START);
    await look(START + 10 * YEAR);
    expect(retention.ahead).toBe(10 * YEAR);
    await use(START + 10 * YEAR);
    await look(START + 10 * YEAR + HOUR);
    expect(await there()).toEqual(all(START, START + 10 * YEAR));
    await look(START + DAY);
    expect(retention.ahead).toBe(0);
    expect((await there()).conversations).toContain(START);
    // What was written while it was ahead goes when its time has come.
    for (const time of daily(START + 2 * DAY, 31)) await look(time);
    // In the log it counts as the entry after it, which says that the others are gone.
    expect(await there()).toEqual({ conversations: [], network: [], audit: [START + 10 * YEAR] });
    for (const time of daily(START + 33 * DAY, 31)) await look(time);
    expect(await there()).toEqual(all());
    expect((await audit.verify()).faults).toEqual([]);
  });

  test("deletes nothing that was written on a clock that was set back by years, until it is old by the right one", async () => {
    await look(START);
    await use(START);
    await look(START - 25 * YEAR);
    await use(START - 25 * YEAR + HOUR / 2);
    for (const time of daily(START + DAY, 20)) await look(time);
    const found = await there();
    expect(found.conversations).toEqual([START - 25 * YEAR + HOUR / 2, START]);
    expect(found.network).toEqual([START - 25 * YEAR + HOUR / 2, START]);
    expect(found.audit).toEqual([START, START - 25 * YEAR + HOUR / 2]);
    for (const time of daily(START + 21 * DAY, 15)) await look(time);
    expect(await there()).toEqual(all());
  });

  test("of the audit log stops at the first entry that is newer: five recent ones do not go with an old one after them", async () => {
    await look(START);
    for (let i = 0; i < 5; i++) await use(START + i);
    await use(START - 100 * DAY);
    for (let i = 6; i < 8; i++) await use(START + i);
    vi.setSystemTime(START + HOUR);
    await audit.removeBefore(START - 30 * DAY, "age");
    const { faults, notes, entries } = await audit.verify();
    expect({ faults, entries }).toEqual({ faults: [], entries: 9 });
    expect(notes).toMatchObject([{ entry: 7, note: "back" }]);
    expect(Math.round(notes[0]!.by / DAY)).toBe(100);
    // What is truly old goes, with what stands between.
    await audit.removeBefore(START + 7, "age");
    expect((await there()).audit).toEqual([START + 7]);
  });

  test("by hand deletes all, whatever their times are", async () => {
    await look(START);
    await use(START + 10 * YEAR);
    await use(START - 10 * YEAR);
    vi.setSystemTime(START);
    for (const kind of ["conversations", "network", "audit"] as const) await retention.removeAll(kind);
    expect(await there()).toEqual(all());
    expect((await audit.verify()).faults).toEqual([]);
  });

  test("states an end that is later than now", async () => {
    await use(START + YEAR);
    vi.setSystemTime(START);
    expect((await audit.verify()).notes).toMatchObject([{ note: "ahead", by: YEAR }]);
  });
});
