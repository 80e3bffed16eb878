// The audit log of this browser: appends what happens, one tab at a time, and hands it out whole. Not for: how entries are chained and
// checked (audit-chain.ts), or how they are shown (AuditView.svelte).
import { AppError } from "../platform/app-error";
import { named } from "../platform/deployment";
import { download } from "../platform/download";
import type { RecordKey, Records, StoredRecord } from "../storage/records";
import {
  digestOf,
  emptyHead,
  nextEntry,
  toJsonLines,
  verify,
  type AuditData,
  type AuditEntry,
  type AuditHead,
  type AuditKind,
} from "./audit-chain";
import { entryKey, readAuditEntry, readAuditHead } from "./log-forms";

type Stored<T> = T & StoredRecord;
/** `policy`: the digest of the policy that was in force; `base`: the last entry that was deleted for its age. */
type StoredHead = Stored<AuditHead & { policy: string; base?: AuditHead }>;

const LOCK = named("islet-audit");
const HEAD: RecordKey = "audit-head:1";

export class AuditLog {
  /** Called when something could not be recorded. */
  onFailed: (error: unknown) => void = () => {};

  /** Grows when this or another tab has written something. */
  written = $state(0);

  constructor(private readonly records: Records) {
    records.onChangeElsewhere((key) => {
      if (key.startsWith("audit:")) this.written++;
    });
  }

  /** Records what happened. The caller does not wait; a failure goes to `onFailed`. */
  note(kind: AuditKind, data: AuditData): void {
    this.append(kind, data).catch((error: unknown) => this.onFailed(error));
  }

  /** Records what happened. Throws AppError when it cannot be stored. */
  append(kind: AuditKind, data: AuditData): Promise<void> {
    return this.locked((head) => this.write(head, kind, data));
  }

  /** Records that there is a log from now on, or that the policy is another one than at the last start. Throws AppError. */
  async start(version: string, policy: object): Promise<void> {
    const digest = await digestOf(policy);
    await this.locked(async (head) => {
      if (head.policy === digest) return;
      const [kind, data] =
        head.entries === 0
          ? (["begin", { version, policy: digest }] as const)
          : (["policy-changed", { version, from: head.policy, to: digest }] as const);
      await this.write({ ...head, policy: digest }, kind, data);
    });
  }

  private async locked(act: (head: StoredHead) => Promise<void>): Promise<void> {
    await navigator.locks.request(LOCK, async () => act(await this.head()));
  }

  private async write(head: StoredHead, kind: AuditKind, data: AuditData): Promise<void> {
    const entry = await nextEntry(head, new Date().toISOString(), kind, data);
    const next: StoredHead = { ...head, entries: entry.seq, hash: entry.hash };
    await this.records.writeAll([
      [entryKey(entry.seq), { version: 1, ...entry } as Stored<AuditEntry>],
      [HEAD, next],
    ]);
    this.written++;
  }

  /** All entries, the oldest first. */
  async entries(): Promise<AuditEntry[]> {
    const stored = [...(await this.records.all("audit", readAuditEntry))].sort(([a], [b]) => (a < b ? -1 : 1));
    return stored.map(([, { version: _, ...entry }]) => entry);
  }

  /** Deletes the entries from before a time, in milliseconds since 1970, and records that it did. Gives how many. Throws AppError. */
  async removeBefore(time: number, by: "age" | "hand"): Promise<number> {
    let count = 0;
    await this.locked(async (head) => {
      const old = (await this.entries()).filter((entry) => Date.parse(entry.time) < time);
      const last = old.at(-1);
      if (!last) return;
      count = old.length;
      // First that they are gone, then their going: cut off between the two, they are deleted the next time.
      const base = { entries: last.seq, hash: last.hash };
      await this.write({ ...head, base }, "log-trimmed", { through: base.entries, hash: base.hash, by });
      await this.records.remove(old.map(({ seq }) => entryKey(seq)));
      this.written++;
    });
    return count;
  }

  /** The log as a file: an entry a line, and at the end how many there are. */
  async export(): Promise<string> {
    const { entries, hash, base = emptyHead } = await this.head();
    const kept = (await this.entries()).filter(({ seq }) => seq > base.entries);
    return toJsonLines(kept, { entries, hash }, base);
  }

  /** Hands the log to the person as a file. */
  async save(): Promise<void> {
    download("islet-audit.jsonl", "application/jsonl", await this.export());
  }

  /** Checks what is stored. */
  async verify() {
    return verify(await this.export());
  }

  private async head(): Promise<StoredHead> {
    const head = await this.records.read<StoredHead>(HEAD, readAuditHead);
    // A log must not begin anew over the entries of one whose head cannot be read.
    if (!head && (await this.records.has(HEAD))) throw new AppError("storage-failed", `${HEAD} cannot be read`);
    return head ?? { version: 1, policy: "", ...emptyHead };
  }
}
