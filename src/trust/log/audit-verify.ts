// Finds everything in which an exported audit log is not what the app wrote. Pure; the app and `npm run verify-audit` use it. It never throws,
// whatever the file. Not for: reading its lines (audit-lines.ts), or making entries (audit-chain.ts).
import { emptyHead, hashOf, type AuditEntry, type AuditHead } from "./audit-chain";
import { readLines, type AuditFault, type FaultKind, type Row } from "./audit-lines";
import { installationOf, isSigned } from "./audit-signature";

/**
 * What is not a fault, but worth knowing. `back`: the entry is earlier than the one before it, by `by` milliseconds; `ahead`: the last entry is later
 * than now; `unsigned-before`: what stood at the end before this entry was not signed, though the same key had signed earlier.
 */
export interface AuditNote {
  entry: number;
  note: "back" | "ahead" | "unsigned-before";
  by: number;
}

export interface Verified {
  entries: number;
  /** Of the last entry. */
  hash: string;
  faults: AuditFault[];
  notes: AuditNote[];
  /** Of the key that the log names last; undefined where it names none. */
  installation: string | undefined;
  /** The first entry with a key; 1 where there always was one. */
  signedFrom: number | undefined;
}

/** What was noted earlier about the log. `unsigned`: it is from a version that did not sign. `now`: milliseconds since 1970. */
export interface Expected {
  head?: string | undefined;
  installation?: string | undefined;
  unsigned?: boolean | undefined;
  now?: number;
}

/** Milliseconds that a clock may be put right by, and that two clocks may differ. */
const TOLERANCE = { back: 1000, ahead: 5 * 60_000 };

type Placed = Row & { entry: AuditEntry };

/**
 * Checks an export: each line byte for byte; that no entry was edited, dropped, moved or replaced; that the end is signed with the key that the log
 * names. A log that somebody recreated with a key of their own is consistent in itself: only its installation or its last hash gives it away, where
 * these were noted before (`expected`).
 */
export async function verify(file: string | Uint8Array, expected: Expected = {}): Promise<Verified> {
  const { rows, faults } = readLines(file);
  const base = rows[0]?.base;
  const end = rows.at(-1);
  const head = end?.head;
  const entries = rows.flatMap((row) => (row.entry ? [row as Placed] : []));
  for (const row of rows)
    if ((row.base && row !== rows[0]) || (row.head && row !== end))
      faults.push({ line: row.line, fault: "misplaced", detail: "a line for the beginning or the end of a log" });
  const chain = await checkChain(rows, entries, base);
  const { last } = chain;
  const after = (end?.line ?? 0) + (head ? 0 : 1);
  const add = (fault: FaultKind, detail: string, line = after) => faults.push({ line, fault, detail });
  if (!head) add("truncated", "the line that says how many entries there are is not there");
  else if (head.entries !== last.entries || head.hash !== last.hash)
    add("truncated", `ends with entry ${last.entries}, but the last line says ${head.entries} entries or another hash`);
  const signing = await checkSigning(entries);
  const { key, installation } = signing;
  // Where the entry that names the key was changed or taken away, that is the fault.
  const whole = faults.length + chain.faults.length === 0;
  if (head && key !== undefined && !(await isSigned(head, key)))
    add("signature", `the last line is not signed with the key of the installation ${installation}`);
  else if (head?.signature !== undefined && key === undefined && whole)
    add("signature", "the last line is signed, but no entry names the key");
  else if (head && head.signature === undefined && key === undefined && expected.unsigned !== true)
    add("unsigned", "nothing is signed: whether the end was cut off and a new last line written cannot be told");
  if (expected.head !== undefined && expected.head !== last.hash)
    add("unexpected", `ends with the hash ${last.hash}, not with ${expected.head}`);
  if (expected.installation !== undefined && expected.installation !== installation)
    add(
      "unexpected",
      `is of the installation ${installation ?? "that it does not name"}, not ${expected.installation}`,
    );
  return {
    entries: last.entries - (base?.entries ?? 0),
    hash: last.hash,
    faults: [...faults, ...chain.faults, ...signing.faults].sort((a, b) => a.line - b.line),
    notes: [...timesOf(entries, expected.now ?? Date.now()), ...signing.notes].sort((a, b) => a.entry - b.entry),
    installation,
    signedFrom: signing.signedFrom,
  };
}

/** Whether every entry follows from the one before. `last`: what the end has to say. */
async function checkChain(rows: readonly Row[], entries: readonly Placed[], base: AuditHead | undefined) {
  const faults: AuditFault[] = [];
  const there = new Set(entries.map(({ entry }) => entry.seq));
  let last: AuditHead = base ?? emptyHead;
  // Whoever cuts off the beginning cannot make the entry that would say so.
  const trimmed = ({ entry: { kind, data } }: Placed) =>
    kind === "log-trimmed" && data["through"] === base?.entries && data["hash"] === base?.hash;
  if (base && !entries.some(trimmed))
    faults.push({ line: 1, fault: "missing", detail: `no entry says that those up to ${base.entries} were deleted` });
  if (entries.length === 0 && rows.at(-1)?.head)
    faults.push({
      line: rows[0]?.line ?? 1,
      fault: "missing",
      detail: "there is no entry; a log always has a first one",
    });
  for (const { entry, line, strange } of entries) {
    const { seq, kind, hash, previous } = entry;
    const add = (fault: FaultKind, detail: string) => faults.push({ line, fault, detail });
    if (!strange && (await hashOf(entry)) !== hash) add("edited", `entry ${seq} is not what its hash says`);
    else if ((seq === 1) !== (kind === "begin")) add("misplaced", `entry ${seq} is "${kind}"; a log begins once`);
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
  return { faults, last };
}

/** Which key the log names, and whether it was always the same. */
async function checkSigning(entries: readonly Placed[]) {
  const faults: AuditFault[] = [];
  const notes: AuditNote[] = [];
  let key: string | undefined;
  let installation: string | undefined;
  let signedFrom: number | undefined;
  for (const { entry, line } of entries) {
    const { kind, seq, data } = entry;
    const named = data["publicKey"];
    if (typeof named !== "string" || !["begin", "signing-begun", "log-trimmed"].includes(kind)) continue;
    const id = await installationOf(named).catch(() => undefined);
    if (id === undefined || id !== data["installation"])
      faults.push({
        line,
        fault: "signature",
        detail: `entry ${seq} names an installation that is not that of its key`,
      });
    if (key === undefined) signedFrom = typeof data["signedFrom"] === "number" ? data["signedFrom"] : seq;
    else if (key !== named)
      faults.push({ line, fault: "rekeyed", detail: `entry ${seq} names another key than the entries before it` });
    else if (kind === "signing-begun") notes.push({ entry: seq, note: "unsigned-before", by: 0 });
    key = named;
    installation = id;
  }
  return { faults, notes, key, installation, signedFrom };
}

/** Where the clock went back, and whether it was ahead at the end. */
function timesOf(entries: readonly Placed[], now: number): AuditNote[] {
  const notes: AuditNote[] = [];
  let before: number | undefined;
  for (const { entry } of entries) {
    const time = Date.parse(entry.time);
    const back = (before ?? time) - time;
    if (back >= TOLERANCE.back) notes.push({ entry: entry.seq, note: "back", by: back });
    before = time;
  }
  const last = entries.at(-1);
  if (last && before !== undefined && before - now > TOLERANCE.ahead)
    notes.push({ entry: last.entry.seq, note: "ahead", by: before - now });
  return notes;
}
