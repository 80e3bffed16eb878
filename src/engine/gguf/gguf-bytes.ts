// Reads a file of any size from its beginning, piece by piece, and never past a limit: what a header needs and no more is ever asked for or
// kept. Not for: what the bytes mean (gguf-header.ts).
import { AppError } from "../../platform/app-error";

/** A file whose bytes can be had by ranges: a Blob on this machine, or one that is elsewhere. */
export interface ByteSource {
  /** Bytes of the whole file. */
  readonly size: number;
  /** The bytes from `start` up to but not including `end`, both within the file. Fewer count as damage. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** Why a GGUF file is none. The detail says what is wrong, and where. */
export const badGguf = (what: string) => new AppError("model-invalid", `GGUF: ${what}`, "none");

/** A length or count as shown: 64 bits may say more than numbers hold. */
export const amount = (count: number) => (count === Infinity ? "2^53 or more" : String(count));

export function sourceOf(file: Blob | ByteSource): ByteSource {
  if (!(file instanceof Blob)) return file;
  return {
    size: file.size,
    read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
  };
}

/** Bytes asked for at once: a header of a small model comes in one or two pieces. */
const PIECE = 1 << 20;

/** A place in a file that moves forward. `need` fetches; everything else works on what was fetched and takes no time. */
export class ByteReader {
  private piece: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
  private view = new DataView(this.piece.buffer);
  /** The next byte within the piece, and the place of the piece's beginning within the file. */
  private at = 0;
  private start = 0;

  constructor(
    private readonly source: ByteSource,
    /** No byte at or behind this place is read. */
    private readonly limit: number,
    private readonly signal?: AbortSignal,
  ) {}

  /** Bytes from the beginning of the file up to here. */
  get position(): number {
    return this.start + this.at;
  }

  /** Bytes that can be taken without waiting. */
  get fetched(): number {
    return this.piece.length - this.at;
  }

  /** Bytes that may still be read at all. */
  get left(): number {
    return Math.min(this.limit, this.source.size) - this.position;
  }

  /** Throws AppError "model-invalid" where so many bytes cannot follow, before any of them is read. `what` says what they would be. */
  demand(bytes: number, what: string): void {
    if (bytes <= this.left) return;
    const [size, limit] = [this.source.size, this.limit];
    const says = `${what} at byte ${this.position} takes ${amount(bytes)} bytes`;
    if (bytes > size - this.position) throw badGguf(`${says}, but the file ends at byte ${size}`);
    throw badGguf(`${says}: the header is larger than ${limit} bytes`);
  }

  /** Waits until `bytes` bytes can be taken. Throws as `demand`, and what the source throws. */
  async need(bytes: number, what: string): Promise<void> {
    if (bytes <= this.fetched) return;
    this.demand(bytes, what);
    this.signal?.throwIfAborted();
    const rest = this.piece.subarray(this.at);
    const from = this.position + rest.length;
    const to = Math.min(this.position + Math.max(bytes, PIECE), Math.min(this.limit, this.source.size));
    const more = await this.source.read(from, to);
    if (more.length !== to - from)
      throw badGguf(`the file gave ${more.length} bytes at byte ${from} where there are ${to - from}`);
    const piece = new Uint8Array(rest.length + more.length);
    piece.set(rest);
    piece.set(more, rest.length);
    [this.start, this.at, this.piece, this.view] = [this.position, 0, piece, new DataView(piece.buffer)];
  }

  /** Passes `bytes` bytes without looking at them; nothing is read of what was not fetched. */
  skip(bytes: number, what: string): void {
    this.demand(bytes, what);
    const ahead = Math.min(bytes, this.fetched);
    this.at += ahead;
    if (bytes === ahead) return;
    this.start = this.position + bytes - ahead;
    [this.at, this.piece, this.view] = [0, new Uint8Array(0), new DataView(new ArrayBuffer(0))];
  }

  /** The next bytes, as they lie in the piece: not to be kept. They must have been fetched. */
  take(bytes: number): Uint8Array {
    const taken = this.piece.subarray(this.at, this.at + bytes);
    this.at += bytes;
    return taken;
  }

  /** One number that is `bytes` wide, read by `read` from the place that it is given. It must have been fetched. */
  number<Value>(bytes: number, read: (view: DataView, at: number) => Value): Value {
    const value = read(this.view, this.at);
    this.at += bytes;
    return value;
  }

  uint32(): number {
    return this.number(4, (view, at) => view.getUint32(at, true));
  }

  uint64(): bigint {
    return this.number(8, (view, at) => view.getBigUint64(at, true));
  }

  /** A length or count: 64 bits. Gives Infinity for 2^53 and more, which no limit allows. */
  length(): number {
    const low = this.uint32();
    const high = this.uint32();
    return high < 2 ** 21 ? high * 2 ** 32 + low : Infinity;
  }
}
