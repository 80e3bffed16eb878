// Writes GGUF files for tests, right ones and wrong ones: each field can be said to be something else than it is. Not for: weights that mean anything.
import { tensorType, valueTypes, type ValueType } from "../../src/engine/gguf/gguf-types";

/** A value with its type, as it is to be written. "raw" writes the bytes that are given, with nothing around them. */
export type FileValue =
  | { type: Exclude<ValueType, "array" | "text">; value: number | bigint | boolean }
  | { type: "text"; value: string | Uint8Array }
  | { type: "array"; items: ValueType; values: readonly (number | bigint | boolean | string | Uint8Array)[] }
  | { type: "raw"; code: number; bytes: Uint8Array };

export interface FileTensor {
  name: string | Uint8Array;
  shape: readonly (number | bigint)[];
  /** The number of its type; 0 is F32. */
  type?: number;
  /** Where it says that it begins; right if left out. */
  offset?: number | bigint;
}

export interface FilePlan {
  magic?: string;
  version?: number;
  metadata?: readonly (readonly [key: string | Uint8Array, value: FileValue])[];
  tensors?: readonly FileTensor[];
  /** What the file says there are; what there are if left out. */
  keyCount?: number | bigint;
  tensorCount?: number | bigint;
  alignment?: number;
  /** Bytes behind what was stated, in the place of what should stand there. */
  tail?: Uint8Array;
  /** Bytes of weights; as many as the tensors take if left out. They are zeros. */
  data?: number;
}

export const text = (value: string | Uint8Array): FileValue => ({ type: "text", value });
export const uint32 = (value: number): FileValue => ({ type: "uint32", value });
export const texts = (values: readonly (string | Uint8Array)[]): FileValue => ({
  type: "array",
  items: "text",
  values,
});
export const numbers = (...values: number[]): FileValue => ({ type: "array", items: "uint32", values });

/** Bytes that are written one after the other, little end first. */
export class Bytes {
  private readonly parts: Uint8Array[] = [];
  length = 0;

  raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  number(type: Exclude<ValueType, "array" | "text">, value: number | bigint | boolean): this {
    const view = new DataView(new ArrayBuffer(8));
    const width = valueTypes.find(([name]) => name === type)![1];
    if (type === "uint64" || type === "int64") view.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
    else if (type === "float32") view.setFloat32(0, Number(value), true);
    else if (type === "float64") view.setFloat64(0, Number(value), true);
    else view.setUint32(0, Number(value) >>> 0, true);
    return this.raw(new Uint8Array(view.buffer, 0, width));
  }

  text(value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    return this.number("uint64", bytes.length).raw(bytes);
  }

  value(value: FileValue): this {
    const code = (type: ValueType) => valueTypes.findIndex(([name]) => name === type);
    if (value.type === "raw") return this.number("uint32", value.code).raw(value.bytes);
    this.number("uint32", code(value.type));
    if (value.type === "text") return this.text(value.value);
    if (value.type !== "array") return this.number(value.type, value.value);
    this.number("uint32", code(value.items)).number("uint64", value.values.length);
    for (const item of value.values)
      if (typeof item === "string" || item instanceof Uint8Array) this.text(item);
      else this.number(value.items as "uint32", item);
    return this;
  }

  toUint8Array(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

const aligned = (bytes: number, alignment: number) => Math.ceil(bytes / alignment) * alignment;

/** The header, padded to where the weights begin, and how many bytes of weights belong to it. */
export function ggufHeader(plan: FilePlan): { header: Uint8Array<ArrayBuffer>; data: number } {
  const { metadata = [], tensors = [], alignment = 32 } = plan;
  const bytes = new Bytes().raw(new TextEncoder().encode(plan.magic ?? "GGUF")).number("uint32", plan.version ?? 3);
  bytes.number("uint64", plan.tensorCount ?? tensors.length).number("uint64", plan.keyCount ?? metadata.length);
  for (const [key, value] of metadata) bytes.text(key).value(value);
  let next = 0;
  for (const { name, shape, type = 0, offset } of tensors) {
    bytes.text(name).number("uint32", shape.length);
    for (const size of shape) bytes.number("uint64", size);
    bytes.number("uint32", type).number("uint64", offset ?? next);
    const { block, bytes: packed } = tensorType(type) ?? { block: 1, bytes: 1 };
    const weights = shape.reduce<number>((product, size) => product * Number(size), 1);
    next = aligned(Number(offset ?? next) + (weights / block) * packed, alignment);
  }
  if (plan.tail) bytes.raw(plan.tail);
  bytes.raw(new Uint8Array(aligned(bytes.length, alignment) - bytes.length));
  return { header: bytes.toUint8Array(), data: plan.data ?? next };
}

/** A whole file. */
export function ggufFile(plan: FilePlan): Blob {
  const { header, data } = ggufHeader(plan);
  return new Blob([header, new Uint8Array(data)]);
}
