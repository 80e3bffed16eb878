// Deletes records for their age, by what a person chose and what the policy allows, or by hand. Not for: how it is chosen
// (RetentionSection.svelte), or how far the clock is believed (clock.ts).
import type { Conversation } from "../chat/records";
import type { Conversations } from "../chat/conversations.svelte";
import type { Records } from "../storage/records";
import type { Settings } from "../storage/settings.svelte";
import type { AuditLog } from "../trust/audit-log.svelte";
import { keptDays } from "../trust/current-policy";
import type { NetworkLedger } from "../trust/network-ledger.svelte";
import type { Retained } from "../trust/policy";
import { lookAtClock, type Belief } from "./clock";

const DAY = 24 * 3600_000;
/** Milliseconds between two looks at what has become too old. */
const INTERVAL = 3600_000;

/** Where a person's choice for a kind is kept. */
export const settingOf = {
  conversations: "keepDays",
  audit: "keepAuditDays",
  network: "keepNetworkDays",
} as const satisfies Record<Retained, string>;

interface Rooms {
  conversations: Conversations;
  audit: AuditLog;
  ledger: NetworkLedger;
  settings: Settings;
  records: Records;
}

/** Whether a record that has this time is so many days old. */
const isOld = ({ now, timeOf }: Belief, days: number) => {
  const limit = now - days * DAY;
  return (time: number) => timeOf(time) <= limit;
};

export class Retention {
  /** How far the clock was believed at the last look. */
  private belief = $state.raw<Belief>({ now: Date.now(), ahead: 0, timeOf: (time) => time });
  /** Milliseconds that the clock has jumped ahead, which is not believed yet; 0 where it has not. */
  readonly ahead = $derived(this.belief.ahead);

  constructor(private readonly rooms: Rooms) {}

  /** Deletes what is too old, now and from time to time, for as long as the page lives. Failures go to `onFailed`. */
  begin(onFailed: (error: unknown) => void): void {
    const run = () => void this.look().catch(onFailed);
    run();
    setInterval(run, INTERVAL);
  }

  /** Looks at the clock, and deletes what is too old by what is believed of it. Throws AppError. */
  async look(now = Date.now()): Promise<void> {
    const { settings, ledger, records } = this.rooms;
    // Another tab may have chosen to keep more.
    await settings.load();
    this.belief = await lookAtClock(records, now);
    ledger.timeOf = this.belief.timeOf;
    for (const [kind, setting] of Object.entries(settingOf) as [Retained, (typeof settingOf)[Retained]][]) {
      const days = keptDays(kind, settings.current[setting]);
      if (days !== undefined) await this.removeOld(kind, days);
    }
    this.noteTrimmed(await ledger.removeExcess(), "age");
  }

  /** The conversations that are older than so many days. */
  oldConversations(days: number): Conversation[] {
    return this.rooms.conversations.keptWhere(isOld(this.belief, days));
  }

  /** Deletes every record of a kind by hand. Gives how many. Throws AppError. */
  async removeAll(kind: Retained): Promise<number> {
    const { conversations, audit, ledger } = this.rooms;
    if (kind === "conversations") return conversations.removeWhere(() => true);
    if (kind === "audit") return audit.removeBefore(Infinity, "hand");
    return this.noteTrimmed(await ledger.removeWhere(() => true), "hand");
  }

  private async removeOld(kind: Retained, days: number): Promise<void> {
    const { conversations, audit, ledger } = this.rooms;
    const { now } = this.belief;
    const old = isOld(this.belief, days);
    if (kind === "conversations") await conversations.removeWhere(old);
    else if (kind === "audit") await audit.removeBefore(now - days * DAY, "age", now);
    else this.noteTrimmed(await ledger.removeWhere(old), "age");
  }

  private noteTrimmed(entries: number, by: "age" | "hand"): number {
    if (entries > 0) this.rooms.audit.note("network-trimmed", { entries, by });
    return entries;
  }
}
