// Files that are kept as Blobs, in parts: what comes is written away as it comes, so that a file of gigabytes is never in memory, and goes on where it
// stood when it broke off. Not for: asking a server for it (fetch-file.ts), or where it is kept (artifact-store.ts).
import { createSHA256, type IHasher } from "hash-wasm";
import { integrityFrom } from "../../platform/integrity";
import type { ModelFile } from "../protocol";
import { removeFiles, storePart, type Kept, type PartMark, unfinishedFile } from "./artifact-store";
import type { Sink } from "./fetch-file";

/** Bytes of a part; only the last one of a file has fewer. */
export const PART = 1 << 24;

const integrityNow = (hasher: IHasher) => integrityFrom(Uint8Array.from(hasher.digest("binary")));

/** SHA-256 of what comes from a stream, in the form of subresource integrity, and how many bytes it were. `onBytes` hears of each piece. */
export async function hashOf(
  stream: ReadableStream<Uint8Array>,
  onBytes: (n: number) => void = () => {},
): Promise<ModelFile> {
  const hasher = await createSHA256();
  let bytes = 0;
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return { bytes, integrity: integrityNow(hasher) };
    hasher.update(value);
    bytes += value.length;
    onBytes(value.length);
  }
}

/** Writes one file, part by part. */
export class PartWriter implements Sink {
  private waiting: Uint8Array<ArrayBuffer>[] = [];
  private waitingBytes = 0;

  private constructor(
    private readonly kept: Kept,
    private readonly name: string,
    private readonly hasher: IHasher,
    private mark: PartMark,
  ) {}

  /** Begins a file, or goes on with what is there of it. Throws AppError "storage-failed". */
  static async open(kept: Kept, name: string): Promise<PartWriter> {
    const [hasher, mark] = [await createSHA256(), await unfinishedFile(kept, name)];
    if (mark) hasher.load(mark.hash);
    return new PartWriter(kept, name, hasher, mark ?? { parts: 0, hash: new Uint8Array(), source: "" });
  }

  /** Bytes that are there. */
  get at(): number {
    return this.mark.parts * PART;
  }

  /** Bytes that have come. */
  get came(): number {
    return this.at + this.waitingBytes;
  }

  /** What the server said the file is, of which bytes are there; "" where it did not say. */
  get source(): string {
    return this.mark.source;
  }

  /** What was there is thrown away, and the file begins anew, as what the server says it is. */
  async restart(source: string): Promise<void> {
    // Else another page would go on with it.
    if (this.mark.parts > 0) await removeFiles(this.kept.baseUrl, [this.name]);
    this.hasher.init();
    [this.waiting, this.waitingBytes, this.mark] = [[], 0, { parts: 0, hash: new Uint8Array(), source }];
  }

  /** Forgets what was written since the last part. */
  rewind(): void {
    [this.waiting, this.waitingBytes] = [[], 0];
    if (this.mark.parts > 0) this.hasher.load(this.mark.hash);
    else this.hasher.init();
  }

  /** Takes what comes next. Throws AppError "storage-full" or "storage-failed". */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const piece = bytes.subarray(from, from + PART - this.waitingBytes);
      this.hasher.update(piece);
      this.waiting.push(piece);
      this.waitingBytes += piece.length;
      from += piece.length;
      if (this.waitingBytes === PART) await this.keep();
    }
  }

  private async keep(size?: number): Promise<void> {
    const mark = { ...this.mark, parts: this.mark.parts + 1, hash: this.hasher.save() };
    await storePart(
      this.kept,
      this.name,
      new Blob(this.waiting),
      size === undefined ? mark : { parts: mark.parts, size },
    );
    [this.mark, this.waiting, this.waitingBytes] = [mark, [], 0];
  }

  /** What the file is, all of which has come: its last part is still to be kept, by `finish`. */
  judge(): ModelFile {
    const state = this.hasher.save();
    const file = { bytes: this.came, integrity: integrityNow(this.hasher) };
    this.hasher.load(state);
    return file;
  }

  /** Its form is looked at when all files of the model are there (check.ts). */
  check(): void {}

  /** From now on the file is there. Throws AppError "storage-full" or "storage-failed". */
  async finish(): Promise<void> {
    await this.keep(this.came);
  }
}
