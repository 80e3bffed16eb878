// The only door to IndexedDB for the app's own records. Each record carries the version of its form; an older one is
// migrated as it is read. Other tabs hear of every change. While there is a vault, what lies in storage is encrypted. Not for: model
// weights (WebLLM keeps these), or making a vault (vault/).
import {
  createStore,
  del,
  delMany,
  entries,
  get,
  promisifyRequest,
  set,
  setMany,
  update,
  type UseStore,
} from "idb-keyval";
import { AppError } from "../platform/app-error";
import { named } from "../platform/deployment";
import type { VaultRecord } from "./vault/vault";
import { drop, DROPPED, type Cipher, type Dropped, type Sealed } from "./vault/cipher";

/** Kinds of records; a key is "<kind>:<id>", and ids of messages begin with the id of their conversation. */
export type RecordKind =
  "conversation" | "message" | "settings" | "model" | "added-model" | "download" | "audit" | "audit-head" | "network";
export type RecordKey = `${RecordKind}:${string}`;

export interface StoredRecord {
  version: number;
}

/** Turns a record of version n into one of version n + 1; the index in the list is n. Version numbers begin at 1. */
export type Migration = (record: StoredRecord & Record<string, unknown>) => StoredRecord & Record<string, unknown>;
type AnyRecord = StoredRecord & Record<string, unknown>;

const CHANNEL = named("islet-records");
/** The database of the records. */
const DATABASE = named("islet");
/** The one kind that the service worker writes, which has no keys. */
const DROPPED_KIND: RecordKind = "network";

/** The database of the records, for this file and for the vault, whose own record lies in it in the clear. */
export const openStore = (databaseName = DATABASE) => createStore(databaseName, "records");

const kindOf = (key: RecordKey) => key.slice(0, key.indexOf(":")) as RecordKind;
/** All keys that begin with `prefix`, which ends with ":"; ";" is what comes after it. */
const rangeOf = (prefix: string) => IDBKeyRange.bound(prefix, `${prefix.slice(0, -1)};`, false, true);

export class Records {
  /** Called with how many records could not be decrypted: they were changed from outside. */
  onDamaged: (count: number) => void = () => {};
  private readonly store: UseStore;
  private readonly channel = new BroadcastChannel(CHANNEL);

  constructor(
    private readonly migrations: Partial<Record<RecordKind, readonly Migration[]>> = {},
    databaseName?: string,
    private readonly cipher?: Cipher,
  ) {
    this.store = openStore(databaseName);
  }

  /** Every record of a kind, by key, migrated. A record of a later version than this app knows is left out. */
  async all<T extends StoredRecord>(kind: RecordKind): Promise<Map<RecordKey, T>> {
    const found = await this.stored(this.cipher ? await this.cipher.prefixOf(kind) : `${kind}:`);
    const result = new Map<RecordKey, T>();
    let damaged = 0;
    await Promise.all(
      found.map(async ([name, value]) => {
        const content = await this.opened(name, value).catch(() => void damaged++);
        const current = content && this.migrated(kind, content.record);
        if (current) result.set(content.key, current as unknown as T);
      }),
    );
    if (damaged > 0) this.onDamaged(damaged);
    return result;
  }

  /** How many records of a kind there are. */
  async count(kind: RecordKind): Promise<number> {
    const range = rangeOf(this.cipher ? await this.cipher.prefixOf(kind) : `${kind}:`);
    return guarded(() => this.store("readonly", (s) => promisifyRequest(s.count(range))));
  }

  async read<T extends StoredRecord>(key: RecordKey): Promise<T | undefined> {
    const name = await this.nameOf(key);
    const value = await guarded(() => get<unknown>(name, this.store));
    const content = value === undefined ? undefined : await guarded(() => this.opened(name, value));
    return content && (this.migrated(kindOf(key), content.record) as unknown as T | undefined);
  }

  async write(key: RecordKey, record: StoredRecord): Promise<void> {
    const [name, value] = await this.closed(key, record);
    await guarded(() => set(name, value, this.store));
    this.channel.postMessage(key);
  }

  /** Writes all of the records or, if one cannot be written, none. */
  async writeAll(records: [RecordKey, StoredRecord][]): Promise<void> {
    const values = await Promise.all(records.map(([key, record]) => this.closed(key, record)));
    await guarded(() => setMany(values, this.store));
    for (const [key] of records) this.channel.postMessage(key);
  }

  /** Reads, changes and writes so that two tabs cannot undo each other. Does nothing without a record. */
  async change<T extends StoredRecord>(key: RecordKey, alter: (record: T) => T): Promise<void> {
    const found = await guarded(() =>
      this.cipher ? this.changeSealed(this.cipher, key, alter) : this.changePlain(key, alter),
    );
    if (found) this.channel.postMessage(key);
  }

  private async changePlain<T extends StoredRecord>(key: RecordKey, alter: (record: T) => T): Promise<boolean> {
    let found = false;
    const changed = (old: T | undefined) => {
      found = old !== undefined;
      return (old && alter(old)) as T;
    };
    await update<T>(key, changed, this.store);
    if (!found) await del(key, this.store);
    return found;
  }

  /** Decrypting takes longer than a transaction lives: what another tab wrote meanwhile is read, and changed, anew. */
  private async changeSealed<T extends StoredRecord>(cipher: Cipher, key: RecordKey, alter: (record: T) => T) {
    const name = await cipher.nameOf(key);
    for (;;) {
      const old = await get<Sealed>(name, this.store);
      if (!old) return false;
      const { record } = await cipher.open(name, old);
      const [, next] = await cipher.seal(key, alter(record as T));
      const written = await this.store("readwrite", async (s) => {
        const now = (await promisifyRequest(s.get(name))) as Sealed | undefined;
        if (now === undefined || String(now.iv) !== String(old.iv)) return false;
        await promisifyRequest(s.put(next, name));
        return true;
      });
      if (written) return true;
    }
  }

  async remove(keys: RecordKey[]): Promise<void> {
    const names = await Promise.all(keys.map((key) => this.nameOf(key)));
    await guarded(() => delMany(names, this.store));
    for (const key of keys) this.channel.postMessage(key);
  }

  /** Calls back with the key of each record that another tab, or the service worker, wrote or removed. */
  onChangeElsewhere(callback: (key: RecordKey) => void): void {
    this.channel.addEventListener("message", ({ data }: MessageEvent<RecordKey>) => callback(data));
  }

  /** Takes in what the service worker wrote while the vault was locked, or before it knew of one. */
  async collect(): Promise<void> {
    const { cipher } = this;
    if (!cipher) return;
    const [dropped, plain] = await Promise.all([this.stored(DROPPED), this.stored(`${DROPPED_KIND}:`)]);
    if (dropped.length + plain.length === 0) return;
    const contents = await Promise.all([
      // What was not made by the service worker is thrown away.
      ...dropped.map(([name, value]) =>
        cipher.openDropped(name, value as Dropped, DROPPED_KIND).catch(() => undefined),
      ),
      ...plain.map(([key, record]) => ({ key: key as RecordKey, record: record as StoredRecord })),
    ]);
    await this.writeAll(contents.flatMap((c) => (c ? [[c.key, c.record] as [RecordKey, StoredRecord]] : [])));
    const names = [...dropped, ...plain].map(([name]) => name);
    await guarded(() => delMany(names, this.store));
  }

  private stored(prefix: string): Promise<[string, unknown][]> {
    // Only the records of this kind are read.
    const range = rangeOf(prefix);
    return guarded(() =>
      this.store("readonly", async (s) => {
        const [names, values] = await Promise.all([
          promisifyRequest(s.getAllKeys(range)),
          promisifyRequest(s.getAll(range)),
        ]);
        return names.map((name, i): [string, unknown] => [name as string, values[i]]);
      }),
    );
  }

  private nameOf(key: RecordKey): string | Promise<string> {
    return this.cipher ? this.cipher.nameOf(key) : key;
  }

  private closed(key: RecordKey, record: StoredRecord): [string, unknown] | Promise<[string, unknown]> {
    return this.cipher ? this.cipher.seal(key, record) : [key, record];
  }

  private async opened(name: string, value: unknown): Promise<{ key: RecordKey; record: AnyRecord }> {
    if (!this.cipher) return { key: name as RecordKey, record: value as AnyRecord };
    const { key, record } = await this.cipher.open(name, value as Sealed);
    return { key: key as RecordKey, record: record as AnyRecord };
  }

  private migrated(kind: RecordKind, record: AnyRecord): AnyRecord | undefined {
    const steps = this.migrations[kind] ?? [];
    let current = record;
    while (current.version <= steps.length) current = steps[current.version - 1]!(current);
    return current.version === steps.length + 1 ? current : undefined;
  }
}

/** Encrypts, or with the keys that are to be given up decrypts, every record at once. `vault` is written or removed with them. */
export async function convert(
  from: Cipher | undefined,
  to: Cipher | undefined,
  vault: StoredRecord | undefined,
): Promise<void> {
  const store = openStore();
  const stored = (await entries<string, unknown>(store)).filter(([name]) => name !== VAULT);
  const contents = await Promise.all(
    stored.map(async ([name, value]): Promise<{ key: string; record: unknown } | undefined> => {
      if (!from || name.startsWith(`${DROPPED_KIND}:`)) return { key: name, record: value };
      const opening = name.startsWith(DROPPED)
        ? from.openDropped(name, value as Dropped, DROPPED_KIND)
        : from.open(name, value as Sealed);
      // What does not open is of no use without the keys either.
      return opening.catch(() => undefined);
    }),
  );
  const values = await Promise.all(
    contents.flatMap((c) => (c ? [to ? to.seal(c.key, c.record) : ([c.key, c.record] as [string, unknown])] : [])),
  );
  await guarded(() =>
    store("readwrite", (s) => {
      for (const [name] of stored) s.delete(name);
      for (const [name, value] of values) s.put(value, name);
      if (vault) s.put(vault, VAULT);
      else s.delete(VAULT);
      return promisifyRequest(s.transaction);
    }),
  );
}

/**
 * Writes records from a thread that has no keys, the service worker: for a vault that may be locked, so that only its keys open them. Nothing is
 * kept open, since that would hold up whoever erases the database.
 */
export async function writeWithoutKeys(records: [RecordKey, StoredRecord][]): Promise<void> {
  const opening = indexedDB.open(DATABASE);
  opening.onupgradeneeded = () => opening.result.createObjectStore("records");
  const database = await promisifyRequest(opening);
  const store = (mode: IDBTransactionMode) => database.transaction("records", mode).objectStore("records");
  try {
    const vault = (await promisifyRequest(store("readonly").get(VAULT))) as VaultRecord | undefined;
    const values = vault
      ? await Promise.all(records.map(([key, record]) => drop(vault.inbox.publicKey, key, record)))
      : records;
    const writing = store("readwrite");
    for (const [name, value] of values) writing.put(value, name);
    await promisifyRequest(writing.transaction);
  } finally {
    database.close();
  }
  const channel = new BroadcastChannel(CHANNEL);
  for (const [key] of records) channel.postMessage(key);
  channel.close();
}

/** Where the vault's own record lies. */
export const VAULT = "vault:1";

async function guarded<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    throw new AppError(full ? "storage-full" : "storage-failed", String(error));
  }
}
