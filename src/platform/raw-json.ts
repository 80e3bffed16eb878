// Any value that a database can hold as JSON, for people who want to see or keep what no reader accepts. Bytes are in base64. Not for: reading
// it back.
import { toBase64 } from "./encoding";

/** Never throws: what JSON has no form for is written as a text that says what it is. */
export function rawJson(value: unknown): string {
  return JSON.stringify(plain(value, []), null, 1);
}

/** `around`: the objects that the value lies in. */
function plain(value: unknown, around: readonly object[]): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object") return String(value);
  if (value instanceof ArrayBuffer) return { base64: toBase64(new Uint8Array(value)) };
  if (ArrayBuffer.isView(value))
    return { base64: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  if (around.includes(value)) return "(the object that this lies in)";
  const inside = [...around, value];
  if (Array.isArray(value)) return value.map((part) => plain(part, inside));
  if (value instanceof Date) return String(value.getTime());
  if (value instanceof Map || value instanceof Set) return [...value].map((part: unknown) => plain(part, inside));
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part, inside)]));
}
