// How far the clock of this device is to be believed when records are deleted for their age, by what was read of it before. Why and what this
// cannot do: docs/decisions/clock.md. Not for: what is deleted (retention.svelte.ts).
import { named } from "../platform/deployment";
import type { RecordKey, Records, StoredRecord } from "../storage/records";

/** A stretch in which the clock went on without a jump: the first and the last time that was read, in milliseconds since 1970. */
export interface Run {
  from: number;
  to: number;
}

export interface Belief {
  /** The time that ages are counted against, in milliseconds since 1970. */
  now: number;
  /** Milliseconds that the clock has jumped ahead of that, which is not believed yet; 0 where it has not. */
  ahead: number;
  /** When a record with this time was really made, at the latest, as far as can be told. */
  timeOf(time: number): number;
}

const HOUR = 3600_000;
const DAY = 24 * HOUR;
/** Milliseconds that nobody may have looked without its being a jump. */
const ABSENCE = 7 * DAY;
/** Milliseconds that a clock is put right by without its being set back; also how long after a look a record can still have its time. */
const SMALL = HOUR;
/** Runs that are kept. */
const MOST = 20;

/** The runs after one more look at the clock. */
export function withLook(runs: readonly Run[], now: number): Run[] {
  const last = runs.at(-1);
  if (last && now >= last.to - SMALL && now <= last.to + ABSENCE)
    return [...runs.slice(0, -1), { from: last.from, to: Math.max(last.to, now) }];
  return [...runs, { from: now, to: now }].slice(-MOST);
}

/**
 * What follows from the runs, of which there is at least one. A clock that goes back is believed at once, since less is then deleted; one that
 * jumps ahead only when it has gone on for a day.
 */
export function beliefOf(runs: readonly Run[]): Belief {
  const last = runs.at(-1)!;
  const before = runs.at(-2);
  const jumped = before !== undefined && last.from > before.to && last.to - last.from < DAY;
  const now = jumped ? before.to : last.to;
  const doubts = doubtsOf(runs, now);
  const doubtOf = (time: number) => doubts.find(({ from, to }) => time >= from - SMALL && time <= to + SMALL);
  return { now, ahead: last.to - now, timeOf: (time) => doubtOf(time)?.real(time) ?? time };
}

interface Doubt extends Run {
  real(time: number): number;
}

/**
 * The runs whose times are wrong: of a clock that was set back, until it passed what was read earlier; and of one that was ahead. What has such a
 * time counts as made when the clock was next right, and never as older.
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
type ClockRecord = StoredRecord & { runs?: unknown };

const isRun = (run: Partial<Run> | null) => Number.isFinite(run?.from) && Number.isFinite(run?.to);

/** Looks at the clock, and keeps that it did. Throws AppError. */
export async function lookAtClock(records: Records, now = Date.now()): Promise<Belief> {
  return navigator.locks.request(LOCK, async () => {
    const { runs } = (await records.read<ClockRecord>(KEY)) ?? {};
    const known = Array.isArray(runs) ? (runs as Run[]).filter(isRun) : [];
    const next = withLook(known, now);
    await records.write(KEY, { version: 1, runs: next } as StoredRecord);
    return beliefOf(next);
  });
}
