// Where the bytes of blobs lie: a database of their own, one entry for each chunk, so that none has to be in memory as a whole. While there is a
// vault each chunk is encrypted, bound to its place. Not for: what a blob is (blobs.ts).
import { createStore, promisifyRequest, type UseStore } from "idb-keyval";
import { named } from "../../platform/deployment";
import { changing, guarded, VAULT } from "../store";
import type { Cipher, Sealed } from "../vault/cipher";

export const BLOB_DATABASE = named("islet-blobs");
/** Bytes of a chunk; only the last one of a blob has fewer. */
export const CHUNK = 1 << 20;

type StoredChunk = ArrayBuffer | Sealed;

/** A chunk is the nth of a blob, whose id is a random number: names say nothing of what lies there. */
export type ChunkName = `${string}/${string}`;
export const chunkName = (id: string, n: number): ChunkName => `${id}/${String(n).padStart(8, "0")}`;
export const blobOf = (name: ChunkName): string => name.slice(0, name.indexOf("/"));
/** How many chunks so many bytes make. */
export const chunksOf = (size: number): number => Math.ceil(size / CHUNK);

let open: UseStore | undefined;
const store: UseStore = (mode, act) => (open ??= createStore(BLOB_DATABASE, "chunks"))(mode, act);

const isSealed = (stored: StoredChunk): stored is Sealed => "iv" in stored;
const change = <T>(cipher: Cipher | undefined, act: (s: IDBObjectStore) => T | Promise<T>) =>
  changing(store, cipher?.vault, act);

/**
 * Says of which vault the chunks are from now on. Whoever knows another one, or none, can no longer change them. For a page that knows that nobody
 * changes the vault meanwhile (`recordsLock`).
 */
export async function markVault(vault: string | undefined): Promise<void> {
  // What `changing` looks for in the database of the records as well.
  const act = (s: IDBObjectStore) =>
    vault === undefined ? s.delete(VAULT) : s.put({ inbox: { publicKey: vault } }, VAULT);
  await guarded(() => store("readwrite", (s) => (act(s), promisifyRequest(s.transaction))));
}

/** Hears how far something is, in bytes. */
export type TellBytes = (done: number, total: number) => void;

/** The names of all chunks, in the order of their blobs. */
export async function chunkNames(): Promise<ChunkName[]> {
  const keys = await guarded(() => store("readonly", (s) => promisifyRequest(s.getAllKeys())));
  return keys.filter((key): key is ChunkName => key !== VAULT);
}

/** Throws AppError "storage-full", "storage-failed", or "vault-changed". */
export async function writeChunk(name: ChunkName, bytes: ArrayBuffer, cipher: Cipher | undefined): Promise<void> {
  const stored = cipher ? await cipher.sealBytes(name, bytes) : bytes;
  await change(cipher, (s) => void s.put(stored, name));
}

/** The bytes of a chunk; undefined where there is none, or none that opens. Throws AppError "storage-failed". */
export async function readChunk(name: ChunkName, cipher: Cipher | undefined): Promise<ArrayBuffer | undefined> {
  const stored = await storedChunk(name);
  return stored && plain(name, stored, cipher);
}

const storedChunk = (name: ChunkName): Promise<StoredChunk | undefined> =>
  guarded(() => store("readonly", (s) => promisifyRequest(s.get(name) as IDBRequest<StoredChunk | undefined>)));

async function plain(name: string, stored: StoredChunk, cipher: Cipher | undefined): Promise<ArrayBuffer | undefined> {
  return isSealed(stored) ? cipher?.openBytes(name, stored).catch(() => undefined) : stored;
}

/** Removes all chunks of a blob. */
export async function removeChunks(id: string, cipher: Cipher | undefined): Promise<void> {
  await change(cipher, (s) => void s.delete(IDBKeyRange.bound(chunkName(id, 0), `${id}0`, false, true)));
}

/**
 * Encrypts the chunks that are not (`sealed`), or decrypts those that are, one after the other and each in one step: wherever it ends, every chunk is
 * one or the other, and opens with the keys. What does not open stays as it is. `tell` hears how far it is, to a chunk. Gives the names of those that
 * do not open.
 */
export async function recodeChunks(cipher: Cipher, sealed: boolean, tell: TellBytes = () => {}): Promise<ChunkName[]> {
  const unreadable: ChunkName[] = [];
  const names = await chunkNames();
  for (const [n, name] of names.entries()) {
    tell(n * CHUNK, names.length * CHUNK);
    const stored = await storedChunk(name);
    if (!stored || isSealed(stored) === sealed) continue;
    const bytes = await plain(name, stored, cipher);
    if (!bytes) unreadable.push(name);
    else {
      const next = sealed ? await cipher.sealBytes(name, bytes) : bytes;
      await change(cipher, async (s) => {
        // One that was removed meanwhile does not come back.
        if ((await promisifyRequest(s.count(name))) > 0) s.put(next, name);
      });
    }
  }
  return unreadable;
}
