// The chain of the audit log: each entry holds the hash of the one before, so that a change anywhere shows. Pure; the app and
// `npm run verify-audit` use the same rules. Not for: which events are recorded (the rooms), who signs (audit-signature.ts), or finding what
// is wrong with an export (audit-verify.ts).
import { toHex } from "../../platform/encoding";

/** What happened. `signing-begun`: the end of the log was not signed, and is from here on. */
export type AuditKind =
  | "begin"
  | "signing-begun"
  | "model-installed"
  | "model-loaded"
  | "answers-compared"
  | "model-removed"
  | "model-exported"
  | "generation"
  | "conversations-imported"
  | "conversations-exported"
  | "conversation-deleted"
  | "policy-changed"
  | "unlocked"
  | "locked"
  | "vault-changed"
  | "backup-made"
  | "backup-restored"
  | "log-trimmed"
  | "network-trimmed";

export type AuditData = Readonly<Record<string, string | number | boolean | null>>;

export interface AuditEntry {
  /** From 1 without a gap. */
  seq: number;
  /** ISO 8601, in UTC. */
  time: string;
  kind: AuditKind;
  data: AuditData;
  /** The hash of the entry before; for the first one, 64 zeros. */
  previous: string;
  /** SHA-256, in hexadecimal, of all the above as `canonical` writes it. */
  hash: string;
}

/** How many entries there are and the last hash: what an export says at its end, and the app keeps apart from the entries. */
export interface AuditHead {
  entries: number;
  hash: string;
}

/** With a signature of both (audit-signature.ts), in hexadecimal; without one, written before there was a key. */
export type SignedHead = AuditHead & { signature?: string };

const FIRST_PREVIOUS = "0".repeat(64);

/**
 * JSON without spaces, with its keys in the order of their UTF-16 units, so that the same entry has the same bytes everywhere. What JSON does
 * not know is written as JSON.stringify does: a key without a value is left out, a number that is none is null, a surrogate alone is escaped.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, v]) => `${JSON.stringify(key)}:${canonical(v)}`).join(",")}}`;
}

/** SHA-256 of a value as `canonical` writes it, in hexadecimal. */
export async function digestOf(value: unknown): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(value))));
  return toHex(digest);
}

export function hashOf({ hash: _, ...hashed }: Omit<AuditEntry, "hash"> & { hash?: string }): Promise<string> {
  return digestOf(hashed);
}

/** The entry that follows `head`. */
export async function nextEntry(head: AuditHead, time: string, kind: AuditKind, data: AuditData): Promise<AuditEntry> {
  const entry = { seq: head.entries + 1, time, kind, data, previous: head.hash };
  return { ...entry, hash: await hashOf(entry) };
}

export const emptyHead: AuditHead = { entries: 0, hash: FIRST_PREVIOUS };

/**
 * An export: an entry a line, and the head as the last line. `base`: the last entry that was deleted since it was too old; its line is the first,
 * and an entry of the kind "log-trimmed" says the same.
 */
export function toJsonLines(entries: readonly AuditEntry[], head: SignedHead, base: AuditHead = emptyHead): string {
  const first = base.entries > 0 ? [{ base }] : [];
  return [...first, ...entries, { head }].map((line) => canonical(line) + "\n").join("");
}

/**
 * How many entries, from the first on, are older than `limit` (milliseconds since 1970). The count ends at the first newer one: an old time after a
 * newer one comes from a clock that was set back, and counts as the newest before it; a time after `now` from a clock that was ahead, and counts
 * as the one after it.
 */
export function countOlder(entries: readonly Pick<AuditEntry, "time">[], limit: number, now: number): number {
  let newest = -Infinity;
  let count = 0;
  for (const [i, entry] of entries.entries()) {
    const time = Date.parse(entry.time);
    if (!(time <= now)) continue;
    newest = Math.max(newest, time);
    if (newest >= limit) break;
    count = i + 1;
  }
  return count;
}
