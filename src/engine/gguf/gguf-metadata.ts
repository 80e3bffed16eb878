// Reads the metadata of a GGUF file: what it says of itself, as keys with values. Long lists (a vocabulary has hundreds of thousands of words)
// are checked and counted, and their beginning kept; nothing else of them stays in memory. Not for: what the keys mean (gguf-facts.ts).
import { shortened } from "../../platform/shortened";
import { amount, badGguf, type ByteReader } from "./gguf-bytes";
import { valueTypes, type ValueType } from "./gguf-types";

type GgufScalar = number | bigint | boolean | string;

/** A list, or a text too long to be kept: how long it is, and the values it begins with. Of a long text, `type` is "text" and nothing is kept. */
interface GgufList {
  type: ValueType;
  /** How many values there are, or bytes of a long text. */
  count: number;
  values: readonly GgufScalar[];
}

/** Whole numbers are numbers as far as these hold them exactly, and bigints beyond. */
export type GgufValue = GgufScalar | GgufList;
export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** Keys have at most so many bytes, by the format. */
const LONGEST_KEY = 65_535;
/** A text longer than this is none that is shown or used; the longest chat templates have some 50 kB. */
const LONGEST_TEXT = 1 << 20;
/** Values kept of a list: enough for one number a layer, or for languages. Of the tokenizer's lists only the length is used. */
const KEPT = 1024;
/** The texts of all tokens, in their order. */
export const TOKENS = "tokenizer.ggml.tokens";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text in these bytes. Throws AppError "model-invalid" where they are not UTF-8. */
function utf8(bytes: Uint8Array, where: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw badGguf(`${where} is not UTF-8`);
  }
}

/** Whether bytes are all ASCII, which spares decoding most tokens. */
function ascii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 127) return false;
  return true;
}

/** Key and name as shown in a sentence about what is wrong. */
export const quoted = (name: string) => JSON.stringify(shortened(name, 80));

/** Reads a text of at most `most` bytes, with its length before it. */
export async function readText(reader: ByteReader, most: number, what: string): Promise<string> {
  await reader.need(8, `the length of ${what}`);
  const bytes = reader.length();
  if (bytes > most) {
    reader.demand(bytes, what);
    throw badGguf(`${what} has ${bytes} bytes; at most ${most} are allowed`);
  }
  await reader.need(bytes, what);
  return utf8(reader.take(bytes), what);
}

/** Checks a text that is too long to be kept, piece by piece. */
async function passText(reader: ByteReader, bytes: number, what: string): Promise<void> {
  const checker = new TextDecoder("utf-8", { fatal: true });
  for (let left = bytes; left > 0;) {
    const part = Math.min(left, LONGEST_TEXT);
    await reader.need(part, what);
    left -= part;
    try {
      checker.decode(reader.take(part), { stream: left > 0 });
    } catch {
      throw badGguf(`${what} is not UTF-8`);
    }
  }
}

async function readTextValue(reader: ByteReader, what: string): Promise<GgufValue> {
  await reader.need(8, `the length of ${what}`);
  const bytes = reader.length();
  reader.demand(bytes, what);
  if (bytes > LONGEST_TEXT) {
    await passText(reader, bytes, what);
    return { type: "text", count: bytes, values: [] };
  }
  await reader.need(bytes, what);
  return utf8(reader.take(bytes), what);
}

const exact = (value: bigint) =>
  BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;

/** Takes one value of a type of fixed width, which must have been fetched. */
function takeScalar(reader: ByteReader, type: ValueType, width: number, where: string): GgufScalar {
  const number = (read: (view: DataView, at: number) => number) => reader.number(width, read);
  switch (type) {
    case "uint8":
      return number((view, at) => view.getUint8(at));
    case "int8":
      return number((view, at) => view.getInt8(at));
    case "uint16":
      return number((view, at) => view.getUint16(at, true));
    case "int16":
      return number((view, at) => view.getInt16(at, true));
    case "uint32":
      return number((view, at) => view.getUint32(at, true));
    case "int32":
      return number((view, at) => view.getInt32(at, true));
    case "float32":
      return number((view, at) => view.getFloat32(at, true));
    case "float64":
      return number((view, at) => view.getFloat64(at, true));
    case "uint64":
      return exact(reader.uint64());
    case "int64":
      return exact(reader.number(8, (view, at) => view.getBigInt64(at, true)));
    default: {
      const byte = number((view, at) => view.getUint8(at));
      if (byte > 1) throw badGguf(`${where} is a boolean of ${byte}`);
      return byte === 1;
    }
  }
}

function valueType(number: number, where: string): (typeof valueTypes)[number] {
  const type = valueTypes[number];
  if (!type) throw badGguf(`${where} is of type ${number}, which there is not`);
  return type;
}

/** Passes the texts of a list, keeping the first ones. It waits only where the next one has not been fetched: a million of them is no long task. */
async function readTexts(reader: ByteReader, count: number, kept: number, where: string): Promise<string[]> {
  const values: string[] = [];
  for (let i = 0; i < count; i++) {
    if (reader.fetched < 8) await reader.need(8, `the length of item ${i} of ${where}`);
    const bytes = reader.length();
    if (bytes > reader.fetched) {
      reader.demand(bytes, `item ${i} of ${where}`);
      if (bytes > LONGEST_TEXT)
        throw badGguf(`item ${i} of ${where} has ${bytes} bytes; at most ${LONGEST_TEXT} are allowed`);
      await reader.need(bytes, `item ${i} of ${where}`);
    }
    const item = reader.take(bytes);
    if (i < kept) values.push(utf8(item, `item ${i} of ${where}`));
    else if (!ascii(item)) utf8(item, `item ${i} of ${where}`);
  }
  return values;
}

async function readList(reader: ByteReader, kept: number, where: string): Promise<GgufList> {
  await reader.need(12, `the length of ${where}`);
  const [type, width] = valueType(reader.uint32(), `each item of ${where}`);
  if (type === "array") throw badGguf(`${where} is a list of lists, which the runtime cannot read`);
  const count = reader.length();
  // A text takes eight bytes at least: a count that no file of this size can have is refused before anything is read.
  reader.demand(count * (type === "text" ? 8 : width), `${where}, a list of ${amount(count)} values,`);
  if (type === "text") return { type, count, values: await readTexts(reader, count, kept, where) };
  const values: GgufScalar[] = [];
  await reader.need(Math.min(count, kept) * width, where);
  for (let i = 0; i < Math.min(count, kept); i++) values.push(takeScalar(reader, type, width, `item ${i} of ${where}`));
  reader.skip((count - values.length) * width, where);
  return { type, count, values };
}

/**
 * Reads the next key and its value. Throws AppError "model-invalid", with the key and what is wrong.
 * @param index which of the keys it is, for what is said of one that cannot be read.
 */
export async function readPair(
  reader: ByteReader,
  index: number,
  keepTokens: boolean,
): Promise<[key: string, value: GgufValue]> {
  const key = await readText(reader, LONGEST_KEY, `key ${index}`);
  if (key === "") throw badGguf(`key ${index} is empty`);
  const where = quoted(key);
  await reader.need(4, `the type of ${where}`);
  const [type, width] = valueType(reader.uint32(), where);
  if (type === "text") return [key, await readTextValue(reader, where)];
  if (type === "array") {
    const kept = key === TOKENS && keepTokens ? Infinity : key.startsWith("tokenizer.") ? 0 : KEPT;
    return [key, await readList(reader, kept, where)];
  }
  await reader.need(width, where);
  return [key, takeScalar(reader, type, width, where)];
}
