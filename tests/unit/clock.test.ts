// Deleting by age on a clock that jumps: nothing recent is ever lost, and what is old goes all the same.
import { networkForm } from "../../src/trust/log/log-forms";
import { begin } from "../messages";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { beliefOf, confirms, lookAtClock, withLook, type Run } from "../../src/app/clock";
import { Retention } from "../../src/app/retention.svelte";
import { Conversations } from "../../src/chat/conversations.svelte";
import { conversationKey, type Conversation } from "../../src/chat/conversation-records";
import { Records } from "../../src/storage/records";
import { Settings } from "../../src/storage/settings.svelte";
import { AuditLog } from "../../src/trust/log/audit-log.svelte";
import { networkKey, type NetworkEntry } from "../../src/trust/log/network-entry";
import { NetworkLedger } from "../../src/trust/log/network-ledger.svelte";
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
  const doubt = (device: number) => ({ doubt: { device, saidWrong: false } });

  test("that goes on is believed, also after a day in which nobody looked", () => {
    expect(after(START)).toMatchObject({ now: START, doubt: undefined });
    expect(after(START, START + DAY)).toMatchObject({ now: START + DAY, doubt: undefined });
    expect(after(START, START - HOUR / 2)).toMatchObject({ now: START, doubt: undefined });
  });

  test("that jumps ahead is not believed, however long it goes on, until it is put right", () => {
    const far = START + 10 * YEAR;
    expect(after(START, START + DAY + 1)).toMatchObject({ now: START, ...doubt(START + DAY + 1) });
    expect(after(START, far)).toMatchObject({ now: START, ...doubt(far) });
    expect(after(START, ...daily(far, 60))).toMatchObject({ now: START, ...doubt(far + 59 * DAY) });
    expect(after(START, far, far + 23 * HOUR, START + HOUR)).toMatchObject({ now: START + HOUR, doubt: undefined });
  });

  test("that jumps back is not believed until it passes what was known, or is put right", () => {
    const back = START - 20 * YEAR;
    expect(after(START, back)).toMatchObject({ now: START, ...doubt(back) });
    expect(after(START, back, START + DAY)).toMatchObject({ now: START + DAY, doubt: undefined });
    expect(after(START, ...daily(START - 5 * DAY, 5))).toMatchObject({ now: START, ...doubt(START - DAY) });
    expect(after(START, ...daily(START - 5 * DAY, 6))).toMatchObject({ now: START, doubt: undefined });
  });

  test("that was said to be right is believed from then on, and until it jumps again", () => {
    const far = START + YEAR;
    const right = withLook(withLook([{ from: START, to: START }], far), far + HOUR, "right");
    expect(beliefOf(right)).toMatchObject({ now: far + HOUR, doubt: undefined });
    expect(beliefOf(withLook(right, far + DAY))).toMatchObject({ now: far + DAY, doubt: undefined });
    expect(beliefOf(withLook(right, far + YEAR))).toMatchObject({ now: far + HOUR, ...doubt(far + YEAR) });
    const back = withLook(right, START, "right");
    expect(beliefOf(back)).toMatchObject({ now: START, doubt: undefined });
    expect(beliefOf(withLook(back, START + DAY))).toMatchObject({ now: START + DAY, doubt: undefined });
  });

  test("that was said to be wrong is not believed, also where it passes what was known", () => {
    const wrong = withLook([{ from: START, to: START }], START + 3 * DAY, "wrong");
    expect(beliefOf(wrong)).toMatchObject({ now: START, doubt: { device: START + 3 * DAY, saidWrong: true } });
    expect(beliefOf(withLook(wrong, START + 4 * DAY))).toMatchObject({ now: START, doubt: { saidWrong: true } });
    expect(beliefOf(withLook(wrong, START + HOUR))).toMatchObject({ now: START + HOUR, doubt: undefined });
  });

  test("is confirmed by a server whose date is within a day of it, and by none that is not known", () => {
    expect(
      [undefined, START - 2 * DAY, START - HOUR, START + DAY, START + 2 * DAY].map((server) => confirms(server, START)),
    ).toEqual([false, false, true, true, false]);
  });

  test("makes nothing old that was written while it was set back, whenever it came right", () => {
    const old = START - 20 * YEAR;
    const back = START + DAY;
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
        const { now, doubt, timeOf } = after(...days.map((n) => n * DAY));
        expect(now).toBeLessThanOrEqual(Math.max(...days) * DAY);
        if (!doubt) expect(now).toBeGreaterThanOrEqual(days.at(-1)! * DAY);
        if (time * DAY <= now) expect(timeOf(time * DAY)).toBeGreaterThanOrEqual(time * DAY);
      }),
    );
  });

  test("is remembered from visit to visit, and a record that is none does no harm", async () => {
    const records = new Records("clock-record");
    await records.write("clock:1", { version: 1, runs: [null, { from: "x" }] } as never);
    expect(await lookAtClock(records, { now: START })).toMatchObject({ now: START });
    const far = { now: START, doubt: { device: START + YEAR, saidWrong: false } };
    expect(await lookAtClock(records, { now: START + YEAR })).toMatchObject(far);
    expect(await lookAtClock(records, { now: START + YEAR, newest: START + YEAR })).toMatchObject(far);
    expect(await lookAtClock(records, { now: START + YEAR, said: "right" })).toMatchObject({ doubt: undefined });
  });

  test("is held against the newest record where nobody has looked before", async () => {
    const look = { now: START, newest: START - 2 * DAY };
    const first = await lookAtClock(new Records("clock-first"), look);
    expect(first).toMatchObject({ now: START - 2 * DAY, doubt: { device: START } });
    const recent = await lookAtClock(new Records("clock-recent"), { ...look, newest: START - HOUR });
    expect(recent).toMatchObject({ now: START, doubt: undefined });
  });
});

describe("deleting by age", () => {
  let n = 0;
  let records: Records;
  let audit: AuditLog;
  let ledger: NetworkLedger;
  let conversations: Conversations;
  let retention: Retention;
  let server: number | undefined;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: START });
    records = new Records(`clock-test-${++n}`);
    audit = new AuditLog(records);
    ledger = new NetworkLedger(records);
    conversations = new Conversations(records, audit);
    const settings = new Settings(records);
    await settings.save({ keepDays: 30, keepAuditDays: 30, keepNetworkDays: 30 });
    server = undefined;
    retention = new Retention({ conversations, audit, ledger, settings, records }, () => server);
    return () => vi.useRealTimers();
  });

  /** Something of each kind, written at a time of this device's clock. */
  async function use(time: number): Promise<void> {
    vi.setSystemTime(time);
    const { id } = await begin(conversations, `at ${time}`);
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
    network: [...(await records.all(networkForm)).values()].map(({ time }) => time).sort((a, b) => a - b),
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

  test("asks where the clock is years ahead, and deletes when a person says that it is right", async () => {
    await look(START);
    await use(START);
    const far = START + 10 * YEAR;
    for (const time of daily(far, 10)) await look(time);
    // Of each kind, and that the log began.
    expect(retention.doubt).toEqual({ known: START, device: far + 9 * DAY, due: 4, saidWrong: false });
    expect(await there()).toEqual(all(START));
    await retention.answer("right");
    await audit.verify();
    expect(retention.doubt).toBeUndefined();
    expect(await there()).toEqual(all());
  });

  test("keeps everything where a person says that the clock is wrong, without asking again", async () => {
    await look(START);
    await use(START);
    await look(START + YEAR);
    await retention.answer("wrong");
    await look(START + YEAR + HOUR);
    expect(retention.doubt).toMatchObject({ due: 4, saidWrong: true });
    expect(await there()).toEqual(all(START));
    await look(START + HOUR);
    expect(retention.doubt).toBeUndefined();
  });

  test.each(["right", "wrong"] as const)("asks nobody who has answered in another tab: %s", async (said) => {
    await look(START);
    await use(START);
    const failed = vi.fn();
    vi.setSystemTime(START + YEAR);
    retention.begin(failed);
    await vi.waitFor(() => expect(retention.doubt).toMatchObject({ due: 4, saidWrong: false }));
    // What both look at is told to the other one, which does not go to and fro between them.
    const there = new Records(`clock-test-${n}`);
    const write = vi.spyOn(records, "write");
    await lookAtClock(there, { now: START + YEAR, said });
    const after = said === "right" ? undefined : { due: 4, saidWrong: true };
    await vi.waitFor(() =>
      after ? expect(retention.doubt).toMatchObject(after) : expect(retention.doubt).toBe(after),
    );
    await lookAtClock(there, { now: START + YEAR });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(write.mock.calls.filter(([key]) => key === "clock:1")).toHaveLength(1);
    expect(failed).not.toHaveBeenCalled();
  });

  test("asks about a clock that went back, and says where nothing is due by it", async () => {
    await look(START);
    await use(START - 40 * DAY);
    await look(START - 3 * DAY);
    expect(retention.doubt).toMatchObject({ known: START, device: START - 3 * DAY, due: 4 });
    await look(START - 35 * DAY);
    expect(retention.doubt).toMatchObject({ due: 0 });
    expect(await there()).toEqual(all(START - 40 * DAY));
  });

  test("asks nobody where the server's date says the same, at once or when it is heard", async () => {
    await look(START);
    await use(START);
    vi.setSystemTime(START + 60 * DAY);
    await retention.lookAgain();
    expect(await there()).toEqual(all(START));
    // One that was kept says nothing of a later day.
    server = START;
    await look(START + 60 * DAY);
    expect(retention.doubt).toMatchObject({ due: 4 });
    server = START + 60 * DAY - HOUR;
    await retention.lookAgain();
    await audit.verify();
    expect(retention.doubt).toBeUndefined();
    expect(await there()).toEqual(all());
  });

  test("deletes nothing in a session whose clock is years ahead, and says that it waits", async () => {
    await look(START);
    await use(START);
    await look(START + 10 * YEAR);
    expect(retention.doubt).toMatchObject({ known: START, device: START + 10 * YEAR });
    await use(START + 10 * YEAR);
    await look(START + 10 * YEAR + HOUR);
    expect(await there()).toEqual(all(START, START + 10 * YEAR));
    await look(START + DAY);
    expect(retention.doubt).toBeUndefined();
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
