// The vault's own record, and turning encryption on and off for all records. Not for: the keys (vault.ts).
import { get, set } from "idb-keyval";
import { named } from "../../platform/deployment";
import { convert, openStore, VAULT } from "../records";
import { Cipher } from "./cipher";
import { createVault, type VaultKeys, type VaultRecord } from "./vault";

/** Every tab that has records open holds this lock, shared; who changes how they lie in storage holds it alone. */
export const recordsLock = named("islet-records-open");

export const readVault = () => get<VaultRecord>(VAULT, openStore());
export const writeVault = (record: VaultRecord) => set(VAULT, record, openStore());

/** Encrypts all records. The caller holds `recordsLock` alone. */
export async function enclose(passphrase: string): Promise<{ record: VaultRecord; keys: VaultKeys }> {
  const vault = await createVault(passphrase);
  await convert(undefined, new Cipher(vault.keys), vault.record);
  return vault;
}

/** Decrypts all records. The caller holds `recordsLock` alone. */
export async function disclose(keys: VaultKeys): Promise<void> {
  await convert(new Cipher(keys), undefined, undefined);
}
