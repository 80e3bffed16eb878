// The vault's own record, and turning encryption on and off for all records. What is changed depends on what is there, so that it is read
// again within the transaction that changes it: another tab may have been faster. Not for: the keys (vault.ts).
import { get, promisifyRequest } from "idb-keyval";
import { AppError } from "../../platform/app-error";
import { named } from "../../platform/deployment";
import { DROPPED_KIND, sameValue } from "../records";
import { changing, entriesOf, guarded, inTheClear, openStore, VAULT, vaultIdOf } from "../store";
import { markVault, recodeChunks, type TellBytes } from "../blobs/chunks";
import { Cipher, DROPPED, type Dropped, type Sealed } from "./cipher";
import { createVault, isVaultRecord, type VaultKeys, type VaultRecord } from "./vault";

/** Every tab that has records open holds this lock, shared; who changes how they lie in storage holds it alone. */
export const recordsLock = named("islet-records-open");

const changed = (detail: string) => new AppError("vault-changed", detail);

/** The vault that lies in storage; undefined where there is none. Throws AppError "vault-unreadable" where there is one that nothing opens. */
export async function readVault(): Promise<VaultRecord | undefined> {
  const record = await guarded(() => get<unknown>(VAULT, openStore()));
  if (record !== undefined && !isVaultRecord(record))
    throw new AppError("vault-unreadable", `${VAULT} is of no form that this version knows`);
  return record;
}

/**
 * Changes what opens the vault of this id, as it is now. Gives its record. Throws AppError "vault-changed" where that vault is gone, or what
 * `change` throws; then nothing was changed.
 */
export async function changeVault(
  id: string,
  change: (record: VaultRecord) => Promise<VaultRecord>,
): Promise<VaultRecord> {
  const store = openStore();
  for (;;) {
    const record = await readVault();
    if (!record || vaultIdOf(record) !== id) throw changed("the vault is another one");
    const next = await change(record);
    const written = await changing(store, id, async (s) => {
      if (!sameValue(await promisifyRequest(s.get(VAULT) as IDBRequest<unknown>), record)) return false;
      s.put(next, VAULT);
      return true;
    });
    if (written) return next;
  }
}

/** Encrypts all records and blobs, when no other tab has them open. `tell` hears how far it is with the blobs. Throws AppError "vault-changed" where there is a vault, or "records-unreadable". */
export async function enclose(
  passphrase: string,
  signal?: AbortSignal,
  tell?: TellBytes,
): Promise<{ record: VaultRecord; keys: VaultKeys }> {
  const vault = await createVault(passphrase);
  const cipher = new Cipher(vault.keys);
  await alone(async () => {
    await convert(undefined, cipher, vault.record);
    // From here on the vault is there: what is cut off or fails now (a full disk) goes on when it is opened, which tells what still fails (Blobs.begin).
    await markVault(cipher.vault)
      .then(() => recodeChunks(cipher, true, tell))
      .catch(() => {});
  }, signal);
  return vault;
}

/** Decrypts all records and blobs, when no other tab has them open. Throws AppError "vault-changed" where their vault is another, or "records-unreadable". */
export async function disclose(keys: VaultKeys, signal?: AbortSignal, tell?: TellBytes): Promise<void> {
  const cipher = new Cipher(keys);
  await alone(async () => {
    if (vaultIdOf(await readVault()) !== cipher.vault) throw changed("the vault is another one");
    // While the vault is still there: what is cut off now is encrypted again when it is opened next.
    await markVault(cipher.vault);
    try {
      const unreadable = await recodeChunks(cipher, false, tell);
      if (unreadable.length > 0) throw new AppError("records-unreadable", unreadable.slice(0, 3).join(", "), "none");
      await convert(cipher, undefined, undefined);
    } catch (error) {
      // The vault is still there, and nothing lies in the clear beside it.
      await recodeChunks(cipher, true).catch(() => {});
      throw error;
    }
    // The vault is gone: where this fails, the next page does it (Blobs.begin).
    await markVault(undefined).catch(() => {});
  }, signal);
}

/** Throws what `signal` says while it waits; once it has the records it goes on to the end. */
function alone(change: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return navigator.locks.request(recordsLock, signal ? { signal } : {}, change);
}

type Entry = [name: string, value: unknown];

/** Makes the form of every record another one, and writes or removes the vault with them: all or nothing. */
async function convert(
  from: Cipher | undefined,
  to: Cipher | undefined,
  vault: VaultRecord | undefined,
): Promise<void> {
  const store = openStore();
  /** What was converted already; the service worker may write meanwhile, and then only that is new. */
  const done = new Map<string, { old: unknown; next: Entry }>();
  const converted = async ([name, value]: Entry): Promise<Entry> => {
    const before = done.get(name);
    if (before && sameValue(before.old, value)) return before.next;
    const { key, record } = await plainOf(name, value, from);
    const next: Entry = to ? await to.seal(key, record) : [key, record];
    done.set(name, { old: value, next });
    return next;
  };
  for (;;) {
    const read = await guarded(() => store("readonly", (s) => entriesOf(s)));
    const there = read.find(([name]) => name === VAULT)?.[1] as VaultRecord | undefined;
    if (vaultIdOf(there) !== from?.vault) throw changed(there ? "there is another vault" : "there is no vault");
    const before = read.filter(([name]) => !inTheClear.has(name));
    const results = await Promise.allSettled(before.map(converted));
    const unreadable = before.filter((_, i) => results[i]!.status === "rejected").map(([name]) => name);
    if (unreadable.length > 0) throw new AppError("records-unreadable", unreadable.join(", "), "none");
    const after = results.map((result) => (result as PromiseFulfilledResult<Entry>).value);
    // Two under one name would be one afterwards.
    if (new Set(after.map(([name]) => name)).size < after.length)
      throw new AppError("records-unreadable", "two records have one name", "none");
    const written = await changing(store, from?.vault, async (s) => {
      const now = (await entriesOf(s)).filter(([name]) => !inTheClear.has(name));
      if (
        now.length !== before.length ||
        !now.every(([name, value], i) => name === before[i]![0] && sameValue(value, before[i]![1]))
      )
        return false;
      for (const [name] of before) s.delete(name);
      for (const [name, value] of after) s.put(value, name);
      if (vault) s.put(vault, VAULT);
      else s.delete(VAULT);
      return true;
    });
    if (written) return;
  }
}

/** What lies under a name. Throws where that cannot be read. */
async function plainOf(
  name: string,
  value: unknown,
  cipher: Cipher | undefined,
): Promise<{ key: string; record: unknown }> {
  if (name.startsWith(DROPPED) || /^x[0-9a-f]{32}:/.test(name)) {
    if (!cipher) throw new Error("encrypted, and there is no vault");
    return name.startsWith(DROPPED)
      ? cipher.openDropped(name, value as Dropped, DROPPED_KIND)
      : cipher.open(name, value as Sealed);
  }
  // Of what is not encrypted, a vault holds only what the service worker wrote before it knew of it.
  if (cipher && !name.startsWith(`${DROPPED_KIND}:`)) throw new Error("not encrypted");
  return { key: name, record: value };
}
