// The only door to IndexedDB for the app's own records. Each record carries the version of its form; an older one is
// migrated as it is read. Other tabs hear of every change. Not for: model weights (WebLLM keeps these).
import { createStore, del, delMany, get, promisifyRequest, set, setMany, update, type UseStore } from "idb-keyval";
import { AppError } from "../platform/app-error";

/** Kinds of records; a key is "<kind>:<id>", and ids of messages begin with the id of their conversation. */
export type RecordKind =
  "conversation" | "message" | "settings" | "model" | "added-model" | "download" | "audit" | "audit-head";
export type RecordKey = `${RecordKind}:${string}`;

export interface StoredRecord {
  version: number;
}

/** Turns a record of version n into one of version n + 1; the index in the list is n. Version numbers begin at 1. */
export type Migration = (record: StoredRecord & Record<string, unknown>) => StoredRecord & Record<string, unknown>;

const CHANNEL = "islet-records";

export class Records {
  private readonly store: UseStore;
  private readonly channel = new BroadcastChannel(CHANNEL);

  constructor(
    private readonly migrations: Partial<Record<RecordKind, readonly Migration[]>> = {},
    databaseName = "islet",
  ) {
    this.store = createStore(databaseName, "records");
  }

  /** Every record of a kind, by key, migrated. A record of a later version than this app knows is left out. */
  async all<T extends StoredRecord>(kind: RecordKind): Promise<Map<RecordKey, T>> {
    // Only the records of this kind are read: ";" is what comes after ":".
    const range = IDBKeyRange.bound(`${kind}:`, `${kind};`, false, true);
    const [keys, found] = await guarded(() =>
      this.store("readonly", (s) =>
        Promise.all([promisifyRequest(s.getAllKeys(range)), promisifyRequest(s.getAll(range))]),
      ),
    );
    const result = new Map<RecordKey, T>();
    for (const [i, record] of (found as (StoredRecord & Record<string, unknown>)[]).entries()) {
      const current = this.migrated(kind, record);
      if (current) result.set(keys[i] as RecordKey, current as unknown as T);
    }
    return result;
  }

  async read<T extends StoredRecord>(key: RecordKey): Promise<T | undefined> {
    const record = await guarded(() => get<StoredRecord & Record<string, unknown>>(key, this.store));
    const kind = key.slice(0, key.indexOf(":")) as RecordKind;
    return record && (this.migrated(kind, record) as unknown as T | undefined);
  }

  async write(key: RecordKey, record: StoredRecord): Promise<void> {
    await guarded(() => set(key, record, this.store));
    this.channel.postMessage(key);
  }

  /** Writes all of the records or, if one cannot be written, none. */
  async writeAll(records: [RecordKey, StoredRecord][]): Promise<void> {
    await guarded(() => setMany(records, this.store));
    for (const [key] of records) this.channel.postMessage(key);
  }

  /** Reads, changes and writes in one transaction, so that two tabs cannot undo each other. Does nothing without a record. */
  async change<T extends StoredRecord>(key: RecordKey, alter: (record: T) => T): Promise<void> {
    let found = false;
    await guarded(() =>
      update<T>(
        key,
        (old) => {
          found = old !== undefined;
          return (old && alter(old)) as T;
        },
        this.store,
      ),
    );
    if (!found) await guarded(() => del(key, this.store));
    else this.channel.postMessage(key);
  }

  async remove(keys: RecordKey[]): Promise<void> {
    await guarded(() => delMany(keys, this.store));
    for (const key of keys) this.channel.postMessage(key);
  }

  /** Calls back with the key of each record that another tab wrote or removed. */
  onChangeElsewhere(callback: (key: RecordKey) => void): void {
    this.channel.addEventListener("message", ({ data }: MessageEvent<RecordKey>) => callback(data));
  }

  private migrated(kind: RecordKind, record: StoredRecord & Record<string, unknown>) {
    const steps = this.migrations[kind] ?? [];
    let current = record;
    while (current.version <= steps.length) current = steps[current.version - 1]!(current);
    return current.version === steps.length + 1 ? current : undefined;
  }
}

async function guarded<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    throw new AppError(full ? "storage-full" : "storage-failed", String(error));
  }
}
