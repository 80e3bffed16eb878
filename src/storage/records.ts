// The only door to IndexedDB for the app's own records. Each record is read by its form (forms.ts), an older one
// migrated. Other tabs hear of every change. While there is a vault, what lies in storage is encrypted. Not for: model
// weights (the runtimes' databases have these), or making a vault (vault/).
import { AppError } from "../platform/app-error";
import { get, promisifyRequest, type UseStore } from "idb-keyval";
import { named } from "../platform/deployment";
import { changing, entriesOf, guarded, openStore, rangeOf } from "./store";
import {
  formed,
  kindOf,
  versionOf,
  type AnyRecord,
  type Form,
  type RecordKey,
  type RecordKind,
  type Storable,
  type StoredRecord,
} from "./forms";
import { DROPPED, type Cipher, type Dropped, type Sealed } from "./vault/cipher";

/**
 * Something that lies in storage and is no record of the current form. `later`: of a later version than this app knows; `form`: its kind's reader refuses
 * it; `closed`: it does not open with the keys there are.
 */
export interface UnreadableRecord {
  /** Under which it lies in storage. */
  name: string;
  kind: RecordKind | undefined;
  /** Where that can be read. */
  key?: RecordKey;
  reason: "later" | "form" | "closed";
  /** As it lies in storage. */
  value: unknown;
}

/** On which each tab hears what another one, or the service worker, wrote. */
export const CHANNEL = named("islet-records");
/** The one kind that the service worker writes, which has no keys. */
export const DROPPED_KIND: RecordKind = "network";

/** What the names of encrypted records look like (vault/cipher.ts). */
const sealedName = new RegExp(`^(x[0-9a-f]{32}:|${DROPPED})`);
/** Any record of a kind, as it is. */
const anyForm = { read: <T>(record: unknown) => record as T };
/** Whether a stored value is the one that was read before. */
export function sameValue(one: unknown, other: unknown): boolean {
  const [a, b] = [one, other] as [Partial<Sealed> | undefined, Partial<Sealed> | undefined];
  if (a?.iv instanceof Uint8Array && b?.iv instanceof Uint8Array) return String(a.iv) === String(b.iv);
  return JSON.stringify(one) === JSON.stringify(other);
}

export class Records {
  /** Called when more records are found that cannot be read, with how many there are by now. They stay as they are. */
  onDamaged: (count: number) => void = () => {};
  /** The names of those that were found. */
  private readonly damaged = new Set<string>();
  private readonly store: UseStore;
  private readonly channel = new BroadcastChannel(CHANNEL);

  constructor(
    databaseName?: string,
    private readonly cipher?: Cipher,
  ) {
    this.store = openStore(databaseName);
  }

  /** Every record of a form, by key, migrated and read. What cannot be read is left out, and told to `onDamaged`. */
  async all<T extends StoredRecord>(form: Form<T>): Promise<Map<RecordKey, T>> {
    return this.readable(await this.stored(await this.prefixOf(form.kind)), form);
  }

  private async readable<T extends StoredRecord>(
    found: readonly [string, unknown][],
    form: Form<T>,
  ): Promise<Map<RecordKey, T>> {
    const result = new Map<RecordKey, T>();
    const bad: string[] = [];
    await Promise.all(
      found.map(async ([name, value]) => {
        const content = await this.opened(name, value).catch(() => undefined);
        const record = content && formed(form, content.key, content.record);
        if (record) result.set(content.key, record);
        else bad.push(name);
      }),
    );
    this.tellDamaged(bad);
    return result;
  }

  /** Everything in storage that cannot be read, by the forms of the kinds. What is of none of these kinds is not the app's to judge. */
  async unreadable(forms: readonly Form<StoredRecord>[]): Promise<UnreadableRecord[]> {
    const kinds = forms.map(({ kind }) => kind);
    const formOf = new Map(forms.map((form) => [form.kind, form]));
    const { cipher } = this;
    const kindOfName = new Map(kinds.map((kind) => [kind as string, kind]));
    if (cipher) for (const kind of kinds) kindOfName.set((await cipher.prefixOf(kind)).slice(0, -1), kind);
    const judge = async ([name, value]: [string, unknown]): Promise<UnreadableRecord[]> => {
      const kind = kindOfName.get(name.slice(0, name.indexOf(":")));
      if (!kind && !sealedName.test(name)) return [];
      const unread = { name, kind, value };
      const content = await this.openedAnyhow(name, value).catch(() => undefined);
      if (!content) return [{ ...unread, reason: "closed" }];
      const { key, record } = content;
      const form = formOf.get(kindOf(key)) ?? { kind: kindOf(key), ...anyForm };
      if (formed(form, key, record) !== undefined) return [];
      const later = Number.isSafeInteger(record?.version) && record.version > versionOf(form);
      return [{ ...unread, key, reason: later ? "later" : "form" }];
    };
    await this.collect();
    const found = await guarded(() => this.store("readonly", (s) => entriesOf(s)));
    return (await Promise.all(found.map(judge))).flat();
  }

  /** Deletes what lies under these names, whatever it is. */
  async removeNamed(names: readonly string[]): Promise<void> {
    await this.changing((s) => {
      for (const name of names) s.delete(name);
    });
    for (const name of names) this.damaged.delete(name);
    for (const name of this.cipher ? [] : names) this.channel.postMessage(name);
  }

  /** How many records of a kind there are. */
  async count(kind: RecordKind): Promise<number> {
    const range = rangeOf(await this.prefixOf(kind));
    return guarded(() => this.store("readonly", (s) => promisifyRequest(s.count(range))));
  }

  /** Undefined where there is none, or none of a form that can be read. Throws AppError where there is one that does not open. */
  async read<T extends StoredRecord>(
    key: RecordKey,
    form: Form<T> = { kind: kindOf(key), ...anyForm },
  ): Promise<T | undefined> {
    const name = await this.nameOf(key);
    const value = await guarded(() => get<unknown>(name, this.store));
    if (value === undefined) return undefined;
    let record: T | undefined;
    try {
      record = formed(form, key, (await guarded(() => this.opened(name, value))).record);
    } finally {
      if (!record) this.tellDamaged([name]);
    }
    return record;
  }

  /** Whether there is a record, of whatever form. */
  async has(key: RecordKey): Promise<boolean> {
    const name = await this.nameOf(key);
    return (await guarded(() => this.store("readonly", (s) => promisifyRequest(s.count(name))))) > 0;
  }

  async write<T extends StoredRecord>(key: RecordKey, record: T & Storable<T>): Promise<void> {
    await this.writeAll([[key, record]]);
  }

  /** Writes all of the records or, if one cannot be written, none. */
  async writeAll(records: readonly [RecordKey, StoredRecord][]): Promise<void> {
    const values = await Promise.all(records.map(([key, record]) => this.closed(key, record)));
    await this.changing((s) => {
      for (const [name, value] of values) s.put(value, name);
    });
    this.announce(records.map(([key]) => key));
  }

  /** Writes a record unless one of those that it belongs to is gone. Gives whether it was written. */
  async writeUnder<T extends StoredRecord>(
    owners: readonly RecordKey[],
    key: RecordKey,
    record: T & Storable<T>,
  ): Promise<boolean> {
    const [name, value] = await this.closed(key, record);
    const names = await Promise.all(owners.map((owner) => this.nameOf(owner)));
    const written = await this.changing(async (s) => {
      const there = await Promise.all(names.map((owner) => promisifyRequest(s.count(owner))));
      if (there.includes(0)) return false;
      s.put(value, name);
      return true;
    });
    if (written) this.announce([key]);
    return written;
  }

  /**
   * Removes those records that belong to one that is not there, of whatever form. Nothing is removed where something was found that cannot be
   * read: it may be what they belong to.
   */
  async removeOrphans(owned: readonly (readonly [owner: RecordKey, key: RecordKey])[]): Promise<void> {
    if (owned.length === 0 || this.damaged.size > 0) return;
    const names = await Promise.all(
      owned.map(async ([owner, key]) => [await this.nameOf(owner), await this.nameOf(key)] as const),
    );
    await this.changing(async (s) => {
      for (const [owner, name] of names) if ((await promisifyRequest(s.count(owner))) === 0) s.delete(name);
    });
    this.announce(owned.map(([, key]) => key));
  }

  /**
   * Reads, changes and writes so that two tabs cannot undo each other, and writes what is `beside` it in the same step. Gives whether there was a
   * record; without one, that of `first` is changed, or nothing is done. Throws AppError "records-unreadable" where what is there has not this form.
   */
  async change<T extends StoredRecord>(
    key: RecordKey,
    form: Form<T>,
    alter: (record: T) => T,
    first?: T,
    beside: readonly [RecordKey, StoredRecord][] = [],
  ): Promise<boolean> {
    const others = await Promise.all(beside.map(([key, record]) => this.closed(key, record)));
    const name = await this.nameOf(key);
    for (;;) {
      const old = await guarded(() => get<unknown>(name, this.store));
      if (old === undefined && !first) return false;
      const record =
        old === undefined ? first : formed(form, key, (await guarded(() => this.opened(name, old))).record);
      if (!record) throw new AppError("records-unreadable", name, "none");
      const [, next] = await this.closed(key, alter(record));
      const act = (s: IDBObjectStore) => {
        for (const [name, value] of others) s.put(value, name);
        s.put(next, name);
      };
      if (!(await this.replace([[name, old]], act))) continue;
      this.announce([key, ...beside.map(([key]) => key)]);
      return old !== undefined;
    }
  }

  /**
   * Decides over all records of a form what to write and what to remove, and does both in one step, or decides anew where another tab changed
   * one of them meanwhile. Throws AppError; then nothing was changed.
   */
  async settle<T extends StoredRecord>(
    form: Form<T>,
    decide: (records: ReadonlyMap<RecordKey, T>) => { write?: [RecordKey, StoredRecord][]; remove?: RecordKey[] },
  ): Promise<void> {
    const prefix = await this.prefixOf(form.kind);
    for (;;) {
      const found = await this.stored(prefix);
      const { write = [], remove = [] } = decide(await this.readable(found, form));
      const values = await Promise.all(write.map(([key, record]) => this.closed(key, record)));
      const names = await Promise.all(remove.map((key) => this.nameOf(key)));
      const act = (s: IDBObjectStore) => {
        for (const [name, value] of values) s.put(value, name);
        for (const name of names) s.delete(name);
      };
      if (!(await this.replace(found, act, rangeOf(prefix)))) continue;
      this.announce([...write.map(([key]) => key), ...remove]);
      return;
    }
  }

  async remove(keys: readonly RecordKey[]): Promise<void> {
    const names = await Promise.all(keys.map((key) => this.nameOf(key)));
    await this.changing((s) => {
      for (const name of names) s.delete(name);
    });
    this.announce(keys);
  }

  private changing<T>(act: (s: IDBObjectStore) => T | Promise<T>): Promise<T> {
    return changing(this.store, this.cipher?.vault, act);
  }

  /**
   * Acts only while what was read is still what lies there: decrypting takes longer than a transaction lives. `range`: nothing else has come
   * into it either. Gives whether it acted.
   */
  private replace(
    read: readonly [string, unknown][],
    act: (s: IDBObjectStore) => void,
    range?: IDBKeyRange,
  ): Promise<boolean> {
    return this.changing(async (s) => {
      const now = range
        ? await entriesOf(s, range)
        : await Promise.all(
            read.map(async ([name]) => [name, await promisifyRequest(s.get(name) as IDBRequest<unknown>)] as const),
          );
      const same =
        now.length === read.length &&
        now.every(([name, value], i) => name === read[i]![0] && sameValue(value, read[i]![1]));
      if (same) act(s);
      return same;
    });
  }

  private announce(keys: readonly RecordKey[]): void {
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
    // What does not open was not made by the service worker for this vault; it stays where it is.
    const opened = await Promise.all(
      dropped.map(async ([name, value]) => {
        const content = await cipher.openDropped(name, value as Dropped, DROPPED_KIND).catch(() => undefined);
        return content ? [{ name, key: content.key, record: content.record }] : [];
      }),
    );
    const contents = [...opened.flat(), ...plain.map(([name, record]) => ({ name, key: name, record }))];
    const values = await Promise.all(contents.map(({ key, record }) => cipher.seal(key, record)));
    await this.changing((s) => {
      for (const [name, value] of values) s.put(value, name);
      for (const { name } of contents) s.delete(name);
    });
    this.announce(contents.map(({ key }) => key as RecordKey));
  }

  /** Only the records whose names begin so are read. */
  private stored(prefix: string): Promise<[string, unknown][]> {
    return guarded(() => this.store("readonly", (s) => entriesOf(s, rangeOf(prefix))));
  }

  private prefixOf(kind: RecordKind): string | Promise<string> {
    return this.cipher ? this.cipher.prefixOf(kind) : `${kind}:`;
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

  /** Opens what `opened` does, and what was dropped in while the vault was locked. */
  private async openedAnyhow(name: string, value: unknown): Promise<{ key: RecordKey; record: AnyRecord }> {
    if (!sealedName.test(name)) {
      if (this.cipher) throw new Error("not encrypted");
      return this.opened(name, value);
    }
    if (!this.cipher) throw new Error("encrypted");
    if (!name.startsWith(DROPPED)) return this.opened(name, value);
    return (await this.cipher.openDropped(name, value as Dropped, DROPPED_KIND)) as {
      key: RecordKey;
      record: AnyRecord;
    };
  }

  private tellDamaged(names: readonly string[]): void {
    const before = this.damaged.size;
    for (const name of names) this.damaged.add(name);
    if (this.damaged.size > before) this.onDamaged(this.damaged.size);
  }
}
