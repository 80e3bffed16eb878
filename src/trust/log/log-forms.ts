// The readers of the audit log's records and of the network ledger's. Nothing in them is repaired: a log says what was written, or it is not
// read and shows as missing. Not for: whether an entry is genuine (audit-chain.ts).
import { amountOf, countOf, fieldsOf, nameOf, oneOf, textOf, timeOf } from "../../platform/values";
import type { Form, RecordKey, StoredRecord } from "../../storage/forms";
import type { AuditData, AuditEntry, AuditHead, SignedHead } from "./audit-chain";
import type { NetworkEntry } from "./network-entry";

const askers = ["page", "store", "engine", "proof", "service-worker", "other"] as const;
const purposes = ["app", "policy", "build", "model", "update", "proof"] as const;
const verdicts = ["sent", "failed", "cache", "blocked"] as const;

const isPlain = (value: unknown) =>
  value === null || value === undefined || ["string", "number", "boolean"].includes(typeof value);

/** Keys of the audit log are in the order of its entries. */
export const entryKey = (seq: number): RecordKey => `audit:${String(seq).padStart(10, "0")}`;

/** An entry exactly as it was written, since its hash covers all of it. */
function readAuditEntry(value: unknown, key: RecordKey): (StoredRecord & AuditEntry) | undefined {
  const from = fieldsOf(value);
  const data = fieldsOf(from?.["data"]);
  const [time, kind] = [nameOf(from?.["time"]), nameOf(from?.["kind"])];
  if (!from || !data || !Object.values(data).every(isPlain) || time === undefined || kind === undefined)
    return undefined;
  const seq = countOf(from["seq"]);
  if (timeOf(Date.parse(time)) === undefined || !seq || entryKey(seq) !== key) return undefined;
  if (nameOf(from["hash"]) === undefined || nameOf(from["previous"]) === undefined) return undefined;
  return { ...from, data: data as AuditData } as unknown as StoredRecord & AuditEntry;
}

/** The stored end of the log. It may have more fields than are checked here. */
export type StoredHead = StoredRecord & SignedHead & { policy: string; base?: AuditHead; signedFrom?: number };

function readAuditHead(value: unknown): StoredHead | undefined {
  const from = fieldsOf(value);
  const sound = countOf(from?.["entries"]) !== undefined && nameOf(from?.["hash"]) !== undefined;
  return sound && textOf(from?.["policy"]) !== undefined ? (value as StoredHead) : undefined;
}

function readNetworkEntry(value: unknown): NetworkEntry | undefined {
  const from = fieldsOf(value);
  const time = timeOf(from?.["time"]);
  const [method, origin] = [nameOf(from?.["method"]), textOf(from?.["origin"])];
  const [path, line] = [textOf(from?.["path"]), from?.["line"]];
  const asker = oneOf(askers, from?.["asker"]);
  const purpose = oneOf(purposes, from?.["purpose"]);
  const verdict = oneOf(verdicts, from?.["verdict"]);
  const [bytes, status] = [amountOrNone(from?.["bytes"]), amountOrNone(from?.["status"])];
  const bytesOut = amountOf(from?.["bytesOut"]);
  if (time === undefined || method === undefined || origin === undefined || path === undefined) return undefined;
  if (!asker || !purpose || !verdict || bytes === undefined || status === undefined || bytesOut === undefined)
    return undefined;
  if (line !== undefined && typeof line !== "string") return undefined;
  const entry = { version: 1, time, method, origin, path, asker, purpose, verdict, bytes, bytesOut, status } as const;
  return line === undefined ? entry : { ...entry, line };
}

const amountOrNone = (value: unknown) => (value === null ? null : amountOf(value));

export const auditForm: Form<StoredRecord & AuditEntry> = { kind: "audit", read: readAuditEntry };

export const auditHeadForm: Form<StoredHead> = { kind: "audit-head", read: readAuditHead };
export const networkForm: Form<NetworkEntry> = { kind: "network", read: readNetworkEntry };
