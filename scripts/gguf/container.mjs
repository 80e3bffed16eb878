// The container of a GGUF file, version 3: header, metadata, list of tensors, weights. Not for: what stands in it.
// Source: ggml, docs/gguf.md. Pure, and of the web platform only.

/** What llama.cpp calls the types of values (in metadata) and of tensors. */
const VALUE = { uint32: 4, float32: 6, bool: 7, string: 8, array: 9, int32: 5 };
const TENSOR = { F32: 0, F16: 1, Q5_1: 7, Q8_0: 8 };

const VERSION = 3;

/** Bytes of which the place of each tensor is a multiple: GGUF's default, which therefore need not be stated. */
const ALIGNMENT = 32;

/**
 * One piece of metadata. `list`: its value is an array of that type.
 * @typedef {{ key: string, type: "uint32" | "int32" | "float32" | "bool" | "string", list?: boolean, value: unknown }} Entry
 */

/**
 * One tensor. `shape`: the length of a row first, as GGUF has it.
 * @typedef {{ name: string, type: keyof typeof TENSOR, shape: number[], bytes: Uint8Array }} Tensor
 */

const utf8 = new TextEncoder();

/** Bytes that grow, little endian. */
class Bytes {
  #held = new Uint8Array(2 ** 16);
  #view = new DataView(this.#held.buffer);
  length = 0;

  /** Makes room for `more` bytes, and says where they begin. */
  #room(more) {
    const at = this.length;
    this.length += more;
    if (this.length > this.#held.length) {
      const grown = new Uint8Array(Math.max(this.length, 2 * this.#held.length));
      grown.set(this.#held);
      this.#held = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  raw(bytes) {
    const at = this.#room(bytes.length);
    this.#held.set(bytes, at);
  }

  uint32(n) {
    const at = this.#room(4);
    this.#view.setUint32(at, n, true);
  }

  int32(n) {
    const at = this.#room(4);
    this.#view.setInt32(at, n, true);
  }

  uint64(n) {
    const at = this.#room(8);
    this.#view.setBigUint64(at, BigInt(n), true);
  }

  float32(n) {
    const at = this.#room(4);
    this.#view.setFloat32(at, n, true);
  }

  bool(yes) {
    const at = this.#room(1);
    this.#view.setUint8(at, yes ? 1 : 0);
  }

  string(text) {
    const bytes = utf8.encode(text);
    this.uint64(bytes.length);
    this.raw(bytes);
  }

  pad() {
    this.#room(padding(this.length));
  }

  get bytes() {
    return this.#held.subarray(0, this.length);
  }
}

const padding = (length) => -length & (ALIGNMENT - 1);

/**
 * The file in pieces, in order: all before the weights, then each tensor with what fills up to the next. The same input gives the same bytes.
 * @param {readonly Entry[]} metadata
 * @param {readonly Tensor[]} tensors
 * @returns {Uint8Array[]}
 */
export function container(metadata, tensors) {
  const head = new Bytes();
  head.raw(utf8.encode("GGUF"));
  head.uint32(VERSION);
  head.uint64(tensors.length);
  head.uint64(metadata.length);
  for (const { key, type, list, value } of metadata) {
    head.string(key);
    head.uint32(list ? VALUE.array : VALUE[type]);
    if (list) {
      head.uint32(VALUE[type]);
      head.uint64(value.length);
    }
    for (const one of list ? value : [value]) head[type](one);
  }
  let place = 0;
  for (const { name, type, shape, bytes } of tensors) {
    head.string(name);
    head.uint32(shape.length);
    for (const size of shape) head.uint64(size);
    head.uint32(TENSOR[type]);
    head.uint64(place);
    place += bytes.length + padding(bytes.length);
  }
  head.pad();
  return [head.bytes, ...tensors.flatMap(({ bytes }) => [bytes, new Uint8Array(padding(bytes.length))])];
}
