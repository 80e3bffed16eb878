// Deletes records for their age, by what a person chose and what the policy allows, or by hand. Not for: how it is chosen
// (RetentionSection.svelte), or how far the clock is believed (clock.ts).
import type { Conversation } from "../chat/conversation-records";
import type { Conversations } from "../chat/conversations.svelte";
import type { Records } from "../storage/records";
import type { Settings } from "../storage/settings.svelte";
import { countOlder } from "../trust/log/audit-chain";
import type { AuditLog } from "../trust/log/audit-log.svelte";
import { keptDays, serverTime } from "../trust/current-policy";
import type { NetworkLedger } from "../trust/log/network-ledger.svelte";
import type { Retained } from "../trust/rules/policy";
import { confirms, lookAtClock, onLookElsewhere, type Belief, type Run } from "./clock";

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

/** A clock that is not believed. */
export interface ClockDoubt {
  /** The last time that was believed, and what this device shows, in milliseconds since 1970. */
  known: number;
  device: number;
  /** How many records are too old by this device's date. */
  due: number;
  /** A person has said that it is wrong. */
  saidWrong: boolean;
}

export class Retention {
  /** How far the clock was believed at the last look. */
  private belief = $state.raw<Belief>({ now: Date.now(), doubt: undefined, timeOf: (time) => time });
  /** Nothing is deleted for its age meanwhile. */
  doubt = $state.raw<ClockDoubt | undefined>(undefined);

  /** `server`: what the date is now by the site's server, in milliseconds since 1970; undefined where that is not known. */
  constructor(
    private readonly rooms: Rooms,
    private readonly server: () => number | undefined = serverTime,
  ) {}

  /** Deletes what is too old, now and from time to time, for as long as the page lives. Failures go to `onFailed`. */
  begin(onFailed: (error: unknown) => void): void {
    const run = () => void this.look().catch(onFailed);
    run();
    setInterval(run, INTERVAL);
    // A person who has answered in another tab is not asked here. Other tabs hear of every look, so this one looks only when the answer differs.
    onLookElsewhere(this.rooms.records, (said) => {
      if (this.doubt && said !== (this.doubt.saidWrong ? "wrong" : undefined)) run();
    });
  }

  /** Looks again where the clock is in doubt: the server may have told its date meanwhile. Throws AppError. */
  async lookAgain(): Promise<void> {
    if (this.doubt) await this.look();
  }

  /** A person says whether the date that this device shows is right. If so, what is too old is deleted. Throws AppError. */
  async answer(said: Run["said"]): Promise<void> {
    await this.look(Date.now(), said);
  }

  /** Looks at the clock, and deletes what is too old where it is believed. Throws AppError. */
  async look(now = Date.now(), answer?: Run["said"]): Promise<void> {
    const { settings, ledger, records, conversations } = this.rooms;
    // Another tab may have chosen to keep more.
    await settings.load();
    const newest = conversations.newest;
    const said = confirms(this.server(), now) ? "right" : answer;
    this.belief = await lookAtClock(records, { now, newest, said });
    const { doubt } = this.belief;
    ledger.timeOf = this.belief.timeOf;
    let due = 0;
    for (const [kind, setting] of Object.entries(settingOf) as [Retained, (typeof settingOf)[Retained]][]) {
      const days = keptDays(kind, settings.current[setting]);
      if (days === undefined) continue;
      if (doubt) due += await this.countOld(kind, doubt.device, days);
      else await this.removeOld(kind, days);
    }
    this.doubt = doubt && { known: this.belief.now, due, ...doubt };
    this.noteTrimmed(await ledger.removeExcess(), "age");
  }

  /** The conversations that are older than so many days. */
  oldConversations(days: number): Conversation[] {
    return this.rooms.conversations.keptWhere(isOld(this.belief, days));
  }

  /** Deletes every record of a kind by hand. Returns how many. Throws AppError. */
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

  /** How many records of a kind would be too old if it were `now`. */
  private async countOld(kind: Retained, now: number, days: number): Promise<number> {
    const { conversations, audit, ledger } = this.rooms;
    const limit = now - days * DAY;
    const old = (time: number) => time <= limit;
    if (kind === "conversations") return conversations.keptWhere(old).length;
    return kind === "audit" ? countOlder(await audit.entries(), limit, now) : ledger.countWhere(old);
  }

  private noteTrimmed(entries: number, by: "age" | "hand"): number {
    if (entries > 0) this.rooms.audit.note("network-trimmed", { entries, by });
    return entries;
  }
}
