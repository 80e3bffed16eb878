// Reads a GGUF file and a package of the recipes back to numbers, for the test that compares them. Written from the two formats' descriptions
// (ggml's docs/gguf.md and ggml-common.h; recipes/package.py), apart from the code that writes (scripts/gguf). Trusts what it reads.
import { readFileSync } from "node:fs";

export interface ReadTensor {
  /** Rows and columns; a vector is one row. */
  rows: number;
  columns: number;
  type: number;
  /** Bytes from its place to the next tensor's, or to the end. */
  room: number;
  /** The numbers of one row, exactly: a product of binary16 and a small whole number, and a sum of two such, are exact in a double. */
  row: (row: number) => Float64Array;
}

const half = (bits: number): number => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) throw new Error("not a finite number");
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
};
const halves = Float64Array.from({ length: 65536 }, (_, bits) => (((bits >> 10) & 31) === 31 ? NaN : half(bits)));

/** Bytes of a block, and how it becomes numbers. */
const kinds: Record<
  number,
  { block: number; bytes: number; read: (v: DataView, at: number, out: Float64Array, to: number) => void }
> = {
  0: { block: 1, bytes: 4, read: (v, at, out, to) => void (out[to] = v.getFloat32(at, true)) },
  7: {
    block: 32,
    bytes: 24,
    read(v, at, out, to) {
      const [scale, least, fifth] = [
        halves[v.getUint16(at, true)]!,
        halves[v.getUint16(at + 2, true)]!,
        v.getUint32(at + 4, true),
      ];
      for (let j = 0; j < 32; j++) {
        const byte = v.getUint8(at + 8 + (j & 15));
        const number = (j < 16 ? byte & 15 : byte >> 4) + 16 * ((fifth >>> j) & 1);
        out[to + j] = scale * number + least;
      }
    },
  },
  8: {
    block: 32,
    bytes: 34,
    read(v, at, out, to) {
      const scale = halves[v.getUint16(at, true)]!;
      for (let j = 0; j < 32; j++) out[to + j] = scale * v.getInt8(at + 2 + j);
    },
  },
};

/** What stands in a GGUF file of version 3. Numbers of 64 bits come as such. */
export function readGguf(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const u32 = () => view.getUint32((at += 4) - 4, true);
  const u64 = () => Number(view.getBigUint64((at += 8) - 8, true));
  const text = () => {
    const length = u64();
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(at, (at += length)));
  };
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return view.getInt32((at += 4) - 4, true);
    if (type === 6) return view.getFloat32((at += 4) - 4, true);
    if (type === 7) return view.getUint8(at++) === 1;
    if (type === 8) return text();
    if (type !== 9) throw new Error(`a value of type ${type}`);
    const [of, length] = [u32(), u64()];
    return Array.from({ length }, () => value(of));
  };
  const magic = new TextDecoder().decode(bytes.subarray(0, 4));
  at = 4;
  const version = u32();
  const [tensorCount, valueCount] = [u64(), u64()];
  const metadata = new Map(Array.from({ length: valueCount }, () => [text(), value(u32())] as const));
  const listed = Array.from({ length: tensorCount }, () => {
    const name = text();
    const shape = Array.from({ length: u32() }, u64);
    return { name, shape, type: u32(), place: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  const tensors = new Map<string, ReadTensor>();
  listed.forEach(({ name, shape, type, place }, i) => {
    const [columns, rows = 1] = shape as [number, number?];
    const { block, bytes: size, read } = kinds[type]!;
    const room = (listed[i + 1]?.place ?? bytes.length - start) - place;
    const row = (row: number) => {
      const out = new Float64Array(columns);
      let from = start + place + (row * columns * size) / block;
      for (let to = 0; to < columns; to += block, from += size) read(view, from, out, to);
      return out;
    };
    tensors.set(name, { rows, columns, type, room, row });
  });
  return { magic, version, metadata, tensors };
}

/** The matrices and vectors of a package: of 4 bits (a word of scales is scale and minimum of one block) or 8 (scales of two blocks). */
export function readPackage(folder: string) {
  const cache = JSON.parse(readFileSync(`${folder}/tensor-cache.json`, "utf8")) as {
    records: { dataPath: string; records: { name: string; shape: number[]; byteOffset: number; nbytes: number }[] }[];
  };
  const raw = new Map<string, { shape: number[]; words: Uint32Array }>();
  for (const { dataPath, records } of cache.records) {
    const shard = readFileSync(`${folder}/${dataPath}`);
    for (const { name, shape, byteOffset, nbytes } of records)
      raw.set(name, {
        shape,
        words: new Uint32Array(Uint8Array.from(shard.subarray(byteOffset, byteOffset + nbytes)).buffer),
      });
  }
  const left = new Set(raw.keys());
  const take = (name: string) => {
    if (!left.delete(name)) throw new Error(`${name} is not there, or was read before`);
    return raw.get(name)!;
  };
  const vector = (name: string) => Float64Array.from(new Float32Array(take(name).words.buffer));
  const matrix = (name: string, bits: 4 | 8) => {
    const [numbers, scales] = [take(`${name}.q`), take(`${name}.s`)];
    const [words, rows] = numbers.shape as [number, number];
    const each = 32 / bits;
    const mask = 2 ** bits - 1;
    const row = (row: number) => {
      const out = new Float64Array(words * each);
      for (let column = 0; column < out.length; column++) {
        const number = (numbers.words[Math.floor(column / each) * rows + row]! >>> ((column % each) * bits)) & mask;
        const block = Math.floor(column / 32);
        const pair = scales.words[(bits === 4 ? block : block >> 1) * rows + row]!;
        out[column] =
          bits === 4
            ? halves[pair & 65535]! * number + halves[pair >>> 16]!
            : halves[block % 2 === 0 ? pair & 65535 : pair >>> 16]! * (number - 128);
      }
      return out;
    };
    return { rows, columns: words * each, row };
  };
  return { vector, matrix, left };
}
