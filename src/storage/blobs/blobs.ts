// Binary records of any size: files of a conversation, for instance. What is known of each is a record like others, which says to which record it
// belongs; its bytes lie in chunks (chunks.ts). A blob never changes. Not for: models, which their runtimes keep.
import { createContext } from "svelte";
import { AppError } from "../../platform/app-error";
import { named } from "../../platform/deployment";
import { amountOf, fieldsOf, nameOf, timeOf } from "../../platform/values";
import type { Form, RecordKey, StoredRecord } from "../forms";
import type { Records } from "../records";
import type { Cipher } from "../vault/cipher";
import {
  blobOf,
  CHUNK,
  chunkName,
  chunkNames,
  chunksOf,
  markVault,
  readChunk,
  recodeChunks,
  removeChunks,
  writeChunk,
  type ChunkName,
} from "./chunks";

export interface BlobRecord extends StoredRecord {
  version: 1;
  id: string;
  /** The record that it belongs to, and is deleted with. */
  owner: RecordKey;
  /** Bytes. */
  size: number;
  createdAt: number;
}

export const blobKey = (id: string): RecordKey => `blob:${id}`;

export const blobForm: Form<BlobRecord> = {
  kind: "blob",
  read(value, key) {
    const from = fieldsOf(value);
    const [id, owner, size] = [nameOf(from?.["id"]), nameOf(from?.["owner"]), amountOf(from?.["size"])];
    if (!from || id === undefined || blobKey(id) !== key || id.includes("/")) return undefined;
    if (owner === undefined || !owner.includes(":") || !Number.isSafeInteger(size)) return undefined;
    return { version: 1, id, owner: owner as RecordKey, size: size!, createdAt: timeOf(from["createdAt"]) ?? 0 };
  },
};

/** Held, shared, while a blob is being written: its chunks belong to no record yet. Who looks for what belongs to nothing holds it alone. */
const writing = named("islet-blobs-written");

export class Blobs {
  constructor(
    private readonly records: Records,
    private readonly cipher?: Cipher,
  ) {}

  /**
   * Once, by a page that holds the records: whatever a tab that was killed left half done is finished. Chunks that lie in the clear while there is a
   * vault are encrypted; what belongs to nothing is removed. Throws AppError, "files-in-clear" where a vault has no room to encrypt them.
   */
  async begin(): Promise<void> {
    await markVault(this.cipher?.vault);
    await this.sweep();
    if (this.cipher) await recodeChunks(this.cipher, true).catch(inTheClear);
  }

  /**
   * Stores a blob that belongs to a record, and gives its id. Throws AppError "storage-full", "storage-failed" or "vault-changed", or an AbortError where
   * `signal` is aborted or the owner was deleted; then nothing of it stays.
   */
  async write(owner: RecordKey, content: Blob, signal?: AbortSignal): Promise<string> {
    const id = crypto.randomUUID();
    await navigator.locks.request(writing, { mode: "shared" }, async () => {
      try {
        for (let n = 0; n < chunksOf(content.size); n++) {
          signal?.throwIfAborted();
          const bytes = await content.slice(n * CHUNK, (n + 1) * CHUNK).arrayBuffer();
          await writeChunk(chunkName(id, n), bytes, this.cipher);
        }
        const record: BlobRecord = { version: 1, id, owner, size: content.size, createdAt: Date.now() };
        if (!(await this.records.writeUnder([owner], blobKey(id), record)))
          throw new DOMException("what it belongs to was deleted", "AbortError");
      } catch (error) {
        await removeChunks(id, this.cipher).catch(() => {});
        throw error;
      }
    });
    return id;
  }

  /** The record of a blob. Throws AppError "records-unreadable" where there is none. */
  async about(id: string): Promise<BlobRecord> {
    const record = await this.records.read(blobKey(id), blobForm);
    if (!record) throw unreadable(blobKey(id));
    return record;
  }

  /** The bytes of a blob, chunk by chunk. Fails with AppError "records-unreadable" where one is missing or does not open. */
  async *chunks(id: string): AsyncGenerator<[ChunkName, ArrayBuffer]> {
    const { size } = await this.about(id);
    for (let n = 0; n < chunksOf(size); n++) {
      const name = chunkName(id, n);
      const bytes = await readChunk(name, this.cipher);
      if (bytes?.byteLength !== Math.min(CHUNK, size - n * CHUNK)) throw unreadable(name);
      yield [name, bytes];
    }
  }

  /** The whole of a blob: the browser keeps it, not the page's memory. Throws AppError "records-unreadable". */
  async read(id: string): Promise<Blob> {
    const parts: Blob[] = [];
    for await (const [, bytes] of this.chunks(id)) parts.push(new Blob([bytes]));
    return new Blob(parts);
  }

  /** Every blob that is here. */
  async all(): Promise<BlobRecord[]> {
    return [...(await this.records.all(blobForm)).values()];
  }

  /** Removes blobs whose owner is gone, and chunks of no blob that nobody is writing. */
  async sweep(): Promise<void> {
    const all = await this.all();
    await this.records.removeOrphans(all.map(({ owner, id }) => [owner, blobKey(id)] as const));
    await navigator.locks.request(writing, { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      for (const id of new Set((await chunkNames()).map(blobOf)))
        if (!(await this.records.has(blobKey(id)))) await removeChunks(id, this.cipher);
    });
  }

  /**
   * Takes the blobs of a backup that are not here: their chunks first, and when all are here, `writeRecords`. Throws what that throws, or AppError
   * "backup-invalid" where one is not whole; then nothing of them stays.
   */
  async restore(
    found: readonly BlobRecord[],
    chunks: AsyncIterable<readonly [string, ArrayBuffer]>,
    writeRecords: () => Promise<void>,
  ): Promise<void> {
    // Alone: another tab may take the same ones from the same backup.
    await navigator.locks.request(writing, async () => {
      const here = new Set((await this.all()).map(({ id }) => id));
      const wanted = found.filter(({ id }) => !here.has(id));
      try {
        await this.take(wanted, chunks);
        await writeRecords();
      } catch (error) {
        for (const { id } of wanted) await removeChunks(id, this.cipher).catch(() => {});
        throw error;
      }
    });
  }

  private async take(
    wanted: readonly BlobRecord[],
    chunks: AsyncIterable<readonly [string, ArrayBuffer]>,
  ): Promise<void> {
    const left = new Map<string, number>();
    for (const { id, size } of wanted)
      for (let n = 0; n < chunksOf(size); n++) left.set(chunkName(id, n), Math.min(CHUNK, size - n * CHUNK));
    for await (const [name, bytes] of chunks) {
      if (left.get(name) !== bytes.byteLength) continue;
      left.delete(name);
      await writeChunk(name as ChunkName, bytes, this.cipher);
    }
    if (left.size > 0)
      throw new AppError("backup-invalid", `missing: ${[...left.keys()].slice(0, 3).join(", ")}`, "none");
  }
}

function inTheClear(error: unknown): never {
  if (error instanceof AppError && error.code === "storage-full")
    throw new AppError("files-in-clear", error.detail, "free-space");
  throw error;
}

const unreadable = (name: string) => new AppError("records-unreadable", name, "none");

export const [useBlobs, provideBlobs] = createContext<Blobs>();
