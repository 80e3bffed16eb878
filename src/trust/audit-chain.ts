// The chain of the audit log: each entry holds the hash of the one before, so that a change anywhere shows. Pure; the app and
// `npm run verify-audit` use the same rules. Not for: which events are recorded (the rooms).
import { toHex } from "../platform/encoding";

/** What happened. */
export type AuditKind =
  | "begin"
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
  /** The hash of the entry before; of the first one, 64 zeros. */
  previous: string;
  /** SHA-256, in hexadecimal, of all the above as `canonical` writes it. */
  hash: string;
}

/** What an export says at its end, and the app keeps apart from the entries: how many there are and the last hash. */
export interface AuditHead {
  entries: number;
  hash: string;
}

/** What is wrong, and with which line of an export (from 1). `detail` is technical, in English. */
export interface AuditFault {
  line: number;
  fault: "unreadable" | "edited" | "missing" | "misplaced" | "unchained" | "truncated";
  detail: string;
}

const FIRST_PREVIOUS = "0".repeat(64);

/** JSON with its keys in order, so that the same entry has the same bytes everywhere. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
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
export function toJsonLines(entries: readonly AuditEntry[], head: AuditHead, base: AuditHead = emptyHead): string {
  const first = base.entries > 0 ? [{ base }] : [];
  return [...first, ...entries, { head }].map((line) => canonical(line) + "\n").join("");
}

type Line = Partial<AuditEntry> & { head?: AuditHead; base?: AuditHead };

function readLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}

function isHead(value: unknown): value is AuditHead {
  const { entries, hash } = (value ?? {}) as Partial<AuditHead>;
  return Number.isSafeInteger(entries) && (entries as number) > 0 && typeof hash === "string";
}

/**
 * Finds every way in which an export is not what the app wrote: an entry that was edited, dropped, moved or replaced, and an end that was cut
 * off. A log that was made anew from its beginning is consistent in itself: to notice that, compare its last hash with one noted before
 * (`known`).
 */
export async function verify(
  text: string,
  known?: string,
): Promise<{ entries: number; hash: string; faults: AuditFault[] }> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const read = lines.map(readLine);
  const head = read.at(-1)?.head;
  const base = isHead(read[0]?.base) ? read[0].base : undefined;
  const entries = read.slice(base ? 1 : 0, head ? -1 : undefined);
  const there = new Set(entries.map((entry) => entry?.seq));
  const faults: AuditFault[] = [];
  let last: AuditHead = base ?? emptyHead;
  // Whoever cuts off the beginning cannot make the entry that would say so.
  const trimmed = ({ kind, data }: Partial<AuditEntry>) =>
    kind === "log-trimmed" && data?.["through"] === base?.entries && data?.["hash"] === base?.hash;
  if (base && !entries.some((entry) => entry && trimmed(entry)))
    faults.push({ line: 1, fault: "missing", detail: `no entry says that those up to ${base.entries} were deleted` });
  for (const [i, entry] of entries.entries()) {
    const line = i + (base ? 2 : 1);
    const add = (fault: AuditFault["fault"], detail: string) => faults.push({ line, fault, detail });
    if (typeof entry?.seq !== "number" || typeof entry.hash !== "string") {
      add("unreadable", "not an entry of an audit log");
      continue;
    }
    const { seq, hash, previous } = entry;
    if ((await hashOf(entry as AuditEntry)) !== hash) add("edited", `entry ${seq} is not what its hash says`);
    if (seq <= last.entries) {
      add("misplaced", `entry ${seq} comes after entry ${last.entries}`);
      continue;
    }
    const gap = Array.from({ length: Math.min(seq - last.entries - 1, 1000) }, (_, n) => last.entries + 1 + n);
    const lacking = gap.filter((n) => !there.has(n));
    if (lacking.length > 0) add("missing", `entries ${lacking[0]} to ${lacking.at(-1)} are not there`);
    else if (gap.length > 0) add("misplaced", `entry ${seq} comes before entry ${gap[0]}`);
    else if (previous !== last.hash) add("unchained", `entry ${seq} does not follow from the entry before it`);
    last = { entries: seq, hash };
  }
  const end = { line: lines.length + 1, fault: "truncated" as const };
  if (!head) faults.push({ ...end, detail: "the line that says how many entries there are is not there" });
  else if (head.entries !== last.entries || head.hash !== last.hash)
    faults.push({ ...end, detail: `ends with entry ${last.entries}, but there were ${head.entries}` });
  if (known !== undefined && known !== last.hash)
    faults.push({ ...end, detail: `ends with the hash ${last.hash}, not with ${known}` });
  return { entries: last.entries - (base?.entries ?? 0), hash: last.hash, faults };
}
