// How far the clock of this device can be trusted when records are deleted for their age, judged by its earlier readings. Why, and what this
// cannot do: docs/decisions/clock.md. Not for: what is deleted (retention.svelte.ts).
import { named } from "../platform/deployment";
import { fieldsOf } from "../platform/values";
import type { Form, RecordKey, StoredRecord } from "../storage/forms";
import type { Records } from "../storage/records";

/** A stretch in which the clock ran without a jump: the first and the last time that was read, in milliseconds since 1970. */
export interface Run {
  from: number;
  to: number;
  /** A person, or the server's own date, said that it is right; or a person that it is wrong. */
  said?: "right" | "wrong";
}

export interface Belief {
  /** The time that ages are counted against, in milliseconds since 1970. */
  now: number;
  /** What this device shows instead, and whether a person said that it is wrong; undefined where it is believed. */
  doubt: { device: number; saidWrong: boolean } | undefined;
  /** When a record with this time was really made, at the latest, as far as can be told. */
  timeOf(time: number): number;
}

const HOUR = 3600_000;
const DAY = 24 * HOUR;
/** The longest gap between two readings that is not a jump, in milliseconds; also how far a server's date may be from a correct clock. */
const ABSENCE = DAY;
/** The largest correction that does not count as setting the clock back, in milliseconds; also how long after a reading a record can still have its time. */
const SMALL = HOUR;
/** Runs that are kept. */
const MOST = 60;

/** The runs after one more look at the clock. */
export function withLook(runs: readonly Run[], now: number, said?: Run["said"]): Run[] {
  const last = runs.at(-1);
  const goesOn = last && now >= last.to - SMALL && now <= last.to + ABSENCE;
  const run: Run = goesOn ? { ...last, to: Math.max(last.to, now) } : { from: now, to: now };
  return [...(goesOn ? runs.slice(0, -1) : runs), said ? { ...run, said } : run].slice(-MOST);
}

/**
 * What follows from the runs (at least one). A clock is trusted while it continues from the last trusted time, within a
 * day; otherwise only where it was said to be right.
 */
export function beliefOf(runs: readonly Run[]): Belief {
  const [first, ...rest] = runs;
  let now = first!.to;
  let believed = true;
  for (const { from, to, said } of rest) {
    believed = said === "right" || (said === undefined && from <= now + ABSENCE && to >= now - SMALL);
    if (believed) now = to;
  }
  const { to: device, said } = runs.at(-1)!;
  const doubts = doubtsOf(runs, now);
  const doubtOf = (time: number) => doubts.find(({ from, to }) => time >= from - SMALL && time <= to + SMALL);
  return {
    now,
    doubt: believed ? undefined : { device, saidWrong: said === "wrong" },
    timeOf: (time) => doubtOf(time)?.real(time) ?? time,
  };
}

/** Whether a server's date, in milliseconds since 1970, confirms what this device shows; a server that is not known says nothing. */
export const confirms = (server: number | undefined, now: number): boolean =>
  server !== undefined && Math.abs(server - now) <= ABSENCE;

interface Doubt extends Run {
  real(time: number): number;
}

/**
 * The runs whose times are wrong: the clock had been set back and had not yet passed an earlier reading, or it was ahead. A record with such a time
 * counts as made when the clock was next right, and never as older.
 */
function doubtsOf(runs: readonly Run[], now: number): Doubt[] {
  return runs.flatMap(({ from, to }, i): Doubt[] => {
    const newest = Math.max(...runs.slice(0, i).map((run) => (run.to <= now ? run.to : -Infinity)));
    const next = (after: number) => runs.slice(i + 1).find((run) => run.from > after && run.from <= now)?.from ?? now;
    if (from > now) return [{ from, to, real: () => next(-Infinity) }];
    if (from >= newest) return [];
    const real = (time: number) => (to > newest ? newest + Math.max(0, time - from) : next(newest));
    return [{ from, to: Math.min(to, newest), real: (time) => Math.min(now, real(time)) }];
  });
}

const KEY: RecordKey = "clock:1";
const LOCK = named("islet-clock");
type ClockRecord = StoredRecord & { runs: Run[] };

const isRun = (run: Partial<Run> | null) => Number.isFinite(run?.from) && Number.isFinite(run?.to);

/** Runs that make no sense are left out. */
function readClock(value: unknown): ClockRecord | undefined {
  const runs = fieldsOf(value)?.["runs"];
  return { version: 1, runs: Array.isArray(runs) ? (runs as Run[]).filter(isRun) : [] };
}

export const clockForm: Form<ClockRecord> = { kind: "clock", read: readClock };

const keptRuns = async (records: Records): Promise<Run[]> => (await records.read(KEY, clockForm))?.runs ?? [];

/** Calls back with what was said of the clock when another tab has looked at it. */
export function onLookElsewhere(records: Records, callback: (said: Run["said"]) => void): void {
  records.onChangeElsewhere((key) => {
    if (key === KEY)
      void keptRuns(records).then(
        (runs) => callback(runs.at(-1)?.said),
        () => {},
      );
  });
}

/**
 * Looks at the clock, and keeps that it did, and what was said of it. `newest`: the time of the newest record, which is the last that is known
 * where nobody has looked before. Throws AppError.
 */
export async function lookAtClock(
  records: Records,
  { now = Date.now(), newest, said }: { now?: number; newest?: number | undefined; said?: Run["said"] } = {},
): Promise<Belief> {
  return navigator.locks.request(LOCK, async () => {
    const kept = await keptRuns(records);
    const known = kept.length > 0 || newest === undefined ? kept : [{ from: newest, to: newest }];
    const next = withLook(known, now, said);
    await records.write(KEY, { version: 1, runs: next } as StoredRecord);
    return beliefOf(next);
  });
}
