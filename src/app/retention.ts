// How long each kind of record is kept: by what a person chose and what the policy allows. Not for: how it is chosen (RetentionSection.svelte).
import type { Conversations } from "../chat/conversations.svelte";
import type { Settings } from "../storage/settings.svelte";
import type { AuditLog } from "../trust/audit-log.svelte";
import { keptDays } from "../trust/current-policy";
import type { NetworkLedger } from "../trust/network-ledger.svelte";
import type { Retained } from "../trust/policy";

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
}

/** Deletes the records of a kind that are older than so many days. Gives how many; each kind says so in the audit log. Throws AppError. */
export async function removeOlder(
  rooms: Omit<Rooms, "settings">,
  kind: Retained,
  days: number,
  by: "age" | "hand",
): Promise<number> {
  const limit = Date.now() - days * DAY;
  if (kind === "conversations") return rooms.conversations.expire(days);
  if (kind === "audit") return rooms.audit.removeBefore(limit, by);
  return noteTrimmed(rooms.audit, await rooms.ledger.removeBefore(limit), by);
}

function noteTrimmed(audit: AuditLog, entries: number, by: "age" | "hand"): number {
  if (entries > 0) audit.note("network-trimmed", { entries, by });
  return entries;
}

/** Deletes what is too old, now and from time to time. for as long as the page lives. Failures go to `onFailed`. */
export function keepToRetention(rooms: Rooms, onFailed: (error: unknown) => void): void {
  const look = async () => {
    for (const [kind, setting] of Object.entries(settingOf) as [Retained, (typeof settingOf)[Retained]][]) {
      const days = keptDays(kind, rooms.settings.current[setting]);
      if (days !== undefined) await removeOlder(rooms, kind, days, "age");
    }
    noteTrimmed(rooms.audit, await rooms.ledger.removeExcess(), "age");
  };
  const run = () => void look().catch(onFailed);
  run();
  setInterval(run, INTERVAL);
}
