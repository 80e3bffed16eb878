// The database of the app's own records: one store of names and values. Every transaction that changes it looks, within itself, whether the
// vault is still the one that its writer knows, so that no page that missed a change can write what nobody could read. Not for: what
// records are (records.ts), or keys (vault/).
import { createStore, promisifyRequest, type UseStore } from "idb-keyval";
import { AppError } from "../platform/app-error";
import { named } from "../platform/deployment";
import type { VaultRecord } from "./vault/vault";

export const DATABASE = named("islet");
/** Where the vault's own record lies. */
export const VAULT = "vault:1";
/** Where the key lies that signs the audit log (signing-key.ts); no JSON. */
export const SIGNING = "signing:1";
/** Says that records of an older version were taken over (legacy.ts). */
export const ADOPTED = "legacy:1";
/** Names that stay as they are while there is a vault: what they hold says nothing of a person. */
export const inTheClear: ReadonlySet<string> = new Set([VAULT, SIGNING, ADOPTED]);

export const openStore = (databaseName = DATABASE): UseStore => createStore(databaseName, "records");

/** What tells one vault from another, whatever opens it; undefined without one. */
export const vaultIdOf = (vault: VaultRecord | undefined): string | undefined =>
  // One that was damaged is no vault that anybody knows, but not none.
  vault === undefined ? undefined : String((vault as Partial<VaultRecord> | null)?.inbox?.publicKey);

/** All keys that begin with `prefix`, which ends with ":"; ";" is what comes after it. */
export const rangeOf = (prefix: string) => IDBKeyRange.bound(prefix, `${prefix.slice(0, -1)};`, false, true);

export async function entriesOf(s: IDBObjectStore, range?: IDBKeyRange): Promise<[string, unknown][]> {
  const [names, values] = await Promise.all([promisifyRequest(s.getAllKeys(range)), promisifyRequest(s.getAll(range))]);
  return names.map((name, i): [string, unknown] => [name as string, values[i]]);
}

/**
 * Changes the store in one transaction: all of it or nothing. `act` waits for nothing but requests of this store. Throws AppError
 * "vault-changed" where the vault is not `vaultId` (undefined: none); then `act` was not called.
 */
export function changing<T>(
  store: UseStore,
  vaultId: string | undefined,
  act: (s: IDBObjectStore) => T | Promise<T>,
): Promise<T> {
  return guarded(() =>
    store("readwrite", async (s) => {
      const vault = (await promisifyRequest(s.get(VAULT))) as VaultRecord | undefined;
      if (vaultIdOf(vault) !== vaultId)
        throw new AppError(
          "vault-changed",
          `${vault ? "a" : "no"} vault where ${vaultId ? "another" : "none"} was known`,
        );
      try {
        const result = await act(s);
        await promisifyRequest(s.transaction);
        return result;
      } catch (error) {
        // What was thrown is why it ended, whether the transaction is still there to be ended or not.
        try {
          s.transaction.abort();
        } catch {
          // It is over already.
        }
        throw error;
      }
    }),
  );
}

/** Turns what the browser says of its storage into AppErrors "storage-full" and "storage-failed". */
export async function guarded<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    throw new AppError(full ? "storage-full" : "storage-failed", String(error));
  }
}
