// The key pair with which this browser signs its audit log. It lies among the records, and in the clear also while there is a vault: a key that
// cannot be extracted cannot be written as JSON, and it says nothing of a person. Not for: what is signed (trust/log/audit-signature.ts).
import { promisifyRequest } from "idb-keyval";
import { toBase64 } from "../platform/encoding";
import type { StoredRecord } from "./forms";
import { openStore, SIGNING } from "./store";

export interface SigningKey extends StoredRecord {
  version: 1;
  /** As base64 of its SPKI. */
  publicKey: string;
  /** ECDSA, P-256; no script can read it. */
  privateKey: CryptoKey;
}

const isKey = (value: Partial<SigningKey> | undefined): value is SigningKey =>
  typeof value?.publicKey === "string" && value.privateKey instanceof CryptoKey;

/** The key of this browser, made the first time. However many tabs ask at once, all get the same. Throws a DOMException. */
export async function signingKey(databaseName?: string): Promise<SigningKey> {
  const store = openStore(databaseName);
  const read = (s: IDBObjectStore) => promisifyRequest(s.get(SIGNING)) as Promise<SigningKey | undefined>;
  const there = await store("readonly", read);
  if (isKey(there)) return there;
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const publicKey = toBase64(new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)));
  const made: SigningKey = { version: 1, publicKey, privateKey: pair.privateKey };
  // One transaction reads and writes: whoever comes second finds the key of the first.
  return store("readwrite", async (s) => {
    const now = await read(s);
    if (isKey(now)) return now;
    await promisifyRequest(s.put(made, SIGNING));
    return made;
  });
}
