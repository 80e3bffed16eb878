// Reads the lines of an exported audit log, byte for byte: each has one form only, the one that the app writes. Pure. Not for: whether they follow
// from one another (audit-verify.ts).
import { canonical, type AuditEntry, type AuditHead, type SignedHead } from "./audit-chain";
import { shortened } from "../../platform/shortened";

export type FaultKind =
  /** A line that is none of an audit log. */
  | "unreadable"
  /** A line that says what it should, but is not written as the app writes it. */
  | "form"
  | "edited"
  | "missing"
  | "misplaced"
  | "unchained"
  | "truncated"
  /** Nothing in the log names a key, and nothing is signed. */
  | "unsigned"
  /** The end is not signed with the key that the log names. */
  | "signature"
  /** An entry names another key than those before. */
  | "rekeyed"
  /** It is not the log, or not of the installation, that was noted before. */
  | "unexpected";

/** What is wrong, and with which line of an export (from 1). `detail` is technical, in English. */
export interface AuditFault {
  line: number;
  fault: FaultKind;
  detail: string;
}

/** A line of a log: an entry, the first line of a log that was shortened, or the last line. `strange`: it has extra keys. */
export interface Row {
  line: number;
  strange: boolean;
  base?: AuditHead;
  entry?: AuditEntry;
  head?: SignedHead;
}

/** Faults of form after which the rest of a file is not read. */
const MOST_FAULTS = 1000;

/** The most bytes of a line that is read: no question and answer come near. */
const LONGEST = 16 * 1024 * 1024;

/** The words of each kind of line. */
const keysOf = {
  base: ["entries", "hash"],
  head: ["entries", "hash", "signature"],
  entry: ["seq", "time", "kind", "data", "previous", "hash"],
} as const;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isHash = (value: unknown) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown) => {
  const time = new Date(typeof value === "string" ? value : NaN);
  return !Number.isNaN(time.getTime()) && time.toISOString() === value;
};
const isHead = (value: unknown): value is SignedHead =>
  isRecord(value) &&
  isCount(value["entries"]) &&
  isHash(value["hash"]) &&
  ["undefined", "string"].includes(typeof value["signature"]);
const isPlain = (value: unknown) => value === null || ["string", "number", "boolean"].includes(typeof value);

function isEntry(value: Record<string, unknown>): boolean {
  const { seq, time, kind, data, previous, hash } = value;
  if (!isCount(seq) || seq === 0 || !isTime(time) || typeof kind !== "string") return false;
  // Nothing deeper is ever written; so no depth of nesting can exhaust the stack further on.
  return isRecord(data) && Object.values(data).every(isPlain) && isHash(previous) && isHash(hash);
}

/** Which line of a log a value is, and its extra keys. Undefined where it is none. */
function readValue(value: unknown): { row: Omit<Row, "line" | "strange">; strange: string[] } | undefined {
  if (!isRecord(value)) return undefined;
  const strangeIn = (record: object, known: readonly string[]) => Object.keys(record).filter((k) => !known.includes(k));
  for (const name of ["base", "head"] as const) {
    const head = value[name];
    if (isHead(head))
      return { row: { [name]: head }, strange: [...strangeIn(value, [name]), ...strangeIn(head, keysOf[name])] };
  }
  if (!isEntry(value)) return undefined;
  return { row: { entry: value as unknown as AuditEntry }, strange: strangeIn(value, keysOf.entry) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One line without its line break. Returns what can be read of it and what is wrong with its form. */
function readLine(text: string, line: number): { row?: Row; fault?: AuditFault } {
  const fault = (fault: FaultKind, detail: string): AuditFault => ({ line, fault, detail });
  if (text === "") return { fault: fault("form", "a blank line") };
  // A mark or a carriage return alone does not make the line unreadable.
  const mark = text.startsWith("\uFEFF");
  const content = text.slice(mark ? 1 : 0).replace(/\r$/, "");
  const read = readValue(parsed(content));
  if (!read) return { fault: fault("unreadable", "not a line of an audit log") };
  const strange = read.strange.slice(0, 5).map((word) => JSON.stringify(shortened(word, 40)));
  const row = { ...read.row, line, strange: strange.length > 0 };
  if (row.strange) return { row, fault: fault("form", `has what does not belong there: ${strange.join(", ")}`) };
  if (mark) return { row, fault: fault("form", "begins with a byte-order mark") };
  if (content !== text) return { row, fault: fault("form", "ends with a carriage return") };
  if (canonical(parsed(content)) === text) return { row };
  const ways = "a repeated key, another order, a space or another spelling";
  return { row, fault: fault("form", `not byte for byte as the app writes it: ${ways}`) };
}

/** All lines of a log, and what is wrong with their form. */
export function readLines(file: string | Uint8Array): { rows: Row[]; faults: AuditFault[] } {
  const bytes = typeof file === "string" ? new TextEncoder().encode(file) : file;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const rows: Row[] = [];
  const faults: AuditFault[] = [];
  let line = 0;
  for (let from = 0; from < bytes.length; line++) {
    const found = bytes.indexOf(10, from);
    const to = found < 0 ? bytes.length : found;
    const { row, fault } = decode(decoder, bytes.subarray(from, to), line + 1);
    if (row) rows.push(row);
    if (fault) faults.push(fault);
    if (found < 0) faults.push({ line: line + 1, fault: "form", detail: "the last line has no line break" });
    from = to + 1;
    if (faults.length < MOST_FAULTS) continue;
    faults.push({ line: line + 1, fault: "unreadable", detail: "too much is wrong: the rest was not read" });
    break;
  }
  return { rows, faults };
}

function decode(decoder: TextDecoder, bytes: Uint8Array, line: number): { row?: Row; fault?: AuditFault } {
  if (bytes.length > LONGEST) return { fault: { line, fault: "unreadable", detail: "longer than any line of a log" } };
  try {
    return readLine(decoder.decode(bytes), line);
  } catch {
    return { fault: { line, fault: "unreadable", detail: "not UTF-8" } };
  }
}
