// Writing records from a thread that has no keys, the service worker, so that only those of the vault open them. Not for: taking them in (records.ts).
import { get, promisifyRequest, type UseStore } from "idb-keyval";
import { AppError } from "../platform/app-error";
import type { RecordKey, StoredRecord } from "./forms";
import { CHANNEL } from "./records";
import { changing, DATABASE, VAULT, vaultIdOf } from "./store";
import { drop } from "./vault/cipher";
import type { VaultRecord } from "./vault/vault";

/**
 * Writes records from a thread that has no keys, the service worker: for a vault that may be locked, so that only its keys open them. Nothing is
 * kept open, since that would hold up whoever erases the database.
 */
export async function writeWithoutKeys(records: readonly [RecordKey, StoredRecord][]): Promise<void> {
  const opening = indexedDB.open(DATABASE);
  opening.onupgradeneeded = () => opening.result.createObjectStore("records");
  const database = await promisifyRequest(opening);
  const store: UseStore = async (mode, use) => use(database.transaction("records", mode).objectStore("records"));
  try {
    while (!(await writeFor((await get<VaultRecord>(VAULT, store)) ?? undefined, records, store)));
  } finally {
    database.close();
  }
  const channel = new BroadcastChannel(CHANNEL);
  for (const [key] of records) channel.postMessage(key);
  channel.close();
}

/** Gives whether the vault was still this one when they were written. */
async function writeFor(
  vault: VaultRecord | undefined,
  records: readonly [RecordKey, StoredRecord][],
  store: UseStore,
): Promise<boolean> {
  const values = vault
    ? await Promise.all(records.map(([key, record]) => drop(vault.inbox.publicKey, key, record)))
    : records;
  const act = (s: IDBObjectStore) => {
    for (const [name, value] of values) s.put(value, name);
  };
  return changing(store, vaultIdOf(vault), act).then(
    () => true,
    (error: unknown) => {
      if (error instanceof AppError && error.code === "vault-changed") return false;
      throw error;
    },
  );
}
