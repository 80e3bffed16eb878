// The audit log of this browser: appends what happens, one tab at a time, signs its end, and hands it out whole. Not for: how entries are
// chained (audit-chain.ts), signed (audit-signature.ts) and checked (audit-verify.ts), or how they are shown (AuditView.svelte).
import { AppError } from "../../platform/app-error";
import { named } from "../../platform/deployment";
import { download } from "../../platform/save-file";
import type { RecordKey, StoredRecord } from "../../storage/forms";
import type { Records } from "../../storage/records";
import { signingKey, type SigningKey } from "../../storage/signing-key";
import {
  countOlder,
  digestOf,
  emptyHead,
  nextEntry,
  toJsonLines,
  type AuditData,
  type AuditEntry,
  type AuditKind,
} from "./audit-chain";
import { installationOf, isSigned, signHead } from "./audit-signature";
import { verify } from "./audit-verify";
import { auditForm, auditHeadForm, entryKey, type StoredHead } from "./log-forms";

type Stored<T> = T & StoredRecord;
/**
 * `policy`: the digest of the policy that was in force; `base`: the last entry that was deleted for its age; `signedFrom`: the entry from which on
 * there was a key.
 */

const LOCK = named("islet-audit");
const HEAD: RecordKey = "audit-head:1";

export class AuditLog {
  /** Called when something could not be recorded. */
  onFailed: (error: unknown) => void = () => {};

  /** Grows when this or another tab has written something. */
  written = $state(0);

  /** `readKey`: the key that signs the log. */
  constructor(
    private readonly records: Records,
    private readonly readKey: () => Promise<SigningKey> = signingKey,
  ) {
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
    return this.locked(async (head, key) => void (await this.write(await this.bound(head, key), key, kind, data)));
  }

  /** Records that there is a log from now on, or that the policy is another one than at the last start. Throws AppError. */
  start(version: string, policy: object): Promise<void> {
    return this.locked(async (head, key) => {
      const digest = await digestOf(policy);
      if (head.entries === 0)
        return void (await this.bound({ ...head, policy: digest }, key, { version, policy: digest }));
      const current = await this.bound(head, key);
      if (current.policy === digest) return;
      const data = { version, from: current.policy, to: digest };
      await this.write({ ...current, policy: digest }, key, "policy-changed", data);
    });
  }

  private async locked(act: (head: StoredHead, key: SigningKey) => Promise<void>): Promise<void> {
    await navigator.locks.request(LOCK, async () => act(await this.head(), await this.readKey()));
  }

  /**
   * The head. Where it is not signed with this key, an entry that names the key is added first: the first of a log, or the first since there is a
   * key. What was there before that entry is not signed, and the entry says so.
   */
  private async bound(head: StoredHead, key: SigningKey, about: AuditData = {}): Promise<StoredHead> {
    if (await isSigned(head, key.publicKey)) return head;
    const kind = head.entries === 0 ? "begin" : "signing-begun";
    const data = { ...about, publicKey: key.publicKey, installation: await installationOf(key.publicKey) };
    return this.write({ ...head, signedFrom: head.signedFrom ?? head.entries + 1 }, key, kind, data);
  }

  private async write(head: StoredHead, key: SigningKey, kind: AuditKind, data: AuditData): Promise<StoredHead> {
    const entry = await nextEntry(head, new Date().toISOString(), kind, data);
    const next: StoredHead = { ...head, entries: entry.seq, hash: entry.hash };
    next.signature = await signHead(next, key);
    await this.records.writeAll([
      [entryKey(entry.seq), { version: 1, ...entry } as Stored<AuditEntry>],
      [HEAD, next],
    ]);
    this.written++;
    return next;
  }

  /** All entries, the oldest first. */
  async entries(): Promise<AuditEntry[]> {
    const stored = [...(await this.records.all(auditForm))].sort(([a], [b]) => (a < b ? -1 : 1));
    return stored.map(([, { version: _, ...entry }]) => entry);
  }

  /**
   * Deletes the entries from before a time, in milliseconds since 1970 (Infinity: all), and records that it did: the oldest ones only, up to the
   * first that is newer. `now`: of a clock that is believed. Gives how many. Throws AppError.
   */
  async removeBefore(time: number, by: "age" | "hand", now = Date.now()): Promise<number> {
    let count = 0;
    await this.locked(async (found, key) => {
      const head = await this.bound(found, key);
      const entries = await this.entries();
      const kept = entries.filter(({ seq }) => seq > (head.base?.entries ?? 0));
      count = time === Infinity ? kept.length : countOlder(kept, time, now);
      const last = kept[count - 1];
      if (last) {
        // First record the deletion, then delete: if cut off in between, they are deleted the next time.
        const base = { entries: last.seq, hash: last.hash };
        const trimmed = { through: base.entries, hash: base.hash, by, signedFrom: head.signedFrom ?? 1 };
        const owner = { publicKey: key.publicKey, installation: await installationOf(key.publicKey) };
        await this.write({ ...head, base }, key, "log-trimmed", { ...trimmed, ...owner });
      }
      const gone = entries.filter(({ seq }) => seq <= (last?.seq ?? head.base?.entries ?? 0));
      if (gone.length === 0) return;
      await this.records.remove(gone.map(({ seq }) => entryKey(seq)));
      this.written++;
    });
    return count;
  }

  /** The log as a file: an entry a line, and at the end how many there are, signed. */
  export(): Promise<string> {
    // Under the lock, so that nothing is appended between the two.
    return navigator.locks.request(LOCK, async () => {
      const { entries, hash, signature, base = emptyHead } = await this.head();
      const kept = (await this.entries()).filter(({ seq }) => seq > base.entries);
      return toJsonLines(kept, signature === undefined ? { entries, hash } : { entries, hash, signature }, base);
    });
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
    const head = await this.records.read(HEAD, auditHeadForm);
    if (head) return head;
    // A log must not start again over the entries of one whose head cannot be read or is gone.
    if (await this.records.has(HEAD)) throw new AppError("storage-failed", `${HEAD} cannot be read`);
    const entries = await this.entries();
    if (entries.length < (await this.records.count("audit")))
      throw new AppError("storage-failed", `${HEAD} is gone, and entries cannot be read`);
    const [first, last] = [entries[0], entries.at(-1)];
    if (!first || !last) return { version: 1, policy: "", ...emptyHead };
    // Not signed: the entry that follows says so.
    const base = first.seq > 1 ? { base: { entries: first.seq - 1, hash: first.previous } } : {};
    return { version: 1, policy: "", entries: last.seq, hash: last.hash, ...base };
  }
}
