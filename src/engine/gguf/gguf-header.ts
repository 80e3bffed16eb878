// Reads the header of a GGUF file: everything before the weights. Whatever a stranger's file says is checked before it is believed, and no more is
// read than the header has. Not for: what a model is by its header (gguf-facts.ts), or files that belong together (gguf-parts.ts).
import { amount, badGguf, ByteReader, sourceOf, type ByteSource } from "./gguf-bytes";
import { quoted, readPair, readText, type GgufMetadata, type GgufValue } from "./gguf-metadata";
import { tensorType } from "./gguf-types";

export interface GgufTensor {
  name: string;
  /** Weights in a row first. One to four sizes, each at least 1. */
  shape: readonly number[];
  /** As in gguf-types.ts. */
  type: string;
  /** How many weights there are. */
  weights: number;
  /** Where it lies, in bytes from the beginning of the file, and how many bytes it takes. */
  start: number;
  bytes: number;
}

export interface GgufHeader {
  version: 2 | 3;
  metadata: GgufMetadata;
  tensors: readonly GgufTensor[];
  /** Where the weights begin, in bytes from the beginning of the file, and what their places are multiples of. */
  dataStart: number;
  alignment: number;
  /** Bytes of the whole file. */
  bytes: number;
}

/**
 * No header is larger. The largest of today's carry 260,000 tokens, their merges and a copy of tokenizer.json, some 40 MB; what is larger is none
 * that a model needs, and reading it would hold up the page's storage worker for seconds.
 */
export const LARGEST_HEADER = 64 * 2 ** 20;
/** More than ten times what the largest published models have: about 60 keys, and 3,000 tensors, or 50,000 where each expert is one. */
const MOST_KEYS = 4096;
const MOST_TENSORS = 2 ** 17;
/** The runtime has room for names of 63 bytes, and for four sizes of a tensor. */
const LONGEST_NAME = 63;
const MOST_SIZES = 4;
/** A key or tensor with nothing in it takes so many bytes. */
const LEAST_KEY = 8 + 4 + 1;
const LEAST_TENSOR = 8 + 4 + 4 + 8;
/** A larger alignment would only be a way to blow up a file. */
const LARGEST_ALIGNMENT = 2 ** 16;
const ALIGNMENT = "general.alignment";

/** Reads what every GGUF file begins with, and says of older ones and of other files what they are. */
async function readPreamble(reader: ByteReader): Promise<{ version: 2 | 3; tensors: number; keys: number }> {
  await reader.need(8, "the beginning");
  const magic = String.fromCharCode(...reader.take(4));
  if (magic !== "GGUF") {
    const older = ["ggml", "ggmf", "ggjt", "lmgg", "fmgg", "tjgg"].includes(magic);
    throw badGguf(
      older
        ? `the file is of GGUF's forerunner ("${magic}")`
        : `the file begins with ${quoted(magic)}, not with "GGUF"`,
    );
  }
  const version = reader.uint32();
  if (version !== 0 && version % 65_536 === 0)
    throw badGguf("the file is written in big-endian order, for other processors");
  if (version === 1) throw badGguf("the file is of version 1 of the format, which the runtime no longer reads");
  if (version !== 2 && version !== 3)
    throw badGguf(`the file is of version ${version} of the format; 2 and 3 are known`);
  await reader.need(16, "the number of tensors and keys");
  const tensors = reader.length();
  const keys = reader.length();
  if (keys > MOST_KEYS) throw badGguf(`${amount(keys)} keys are stated; at most ${MOST_KEYS} are allowed`);
  if (tensors > MOST_TENSORS)
    throw badGguf(`${amount(tensors)} tensors are stated; at most ${MOST_TENSORS} are allowed`);
  reader.demand(keys * LEAST_KEY + tensors * LEAST_TENSOR, `a header of ${keys} keys and ${tensors} tensors`);
  return { version, tensors, keys };
}

async function readMetadata(reader: ByteReader, keys: number, keepTokens: boolean): Promise<GgufMetadata> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keys; i++) {
    const [key, value] = await readPair(reader, i, keepTokens);
    if (metadata.has(key)) throw badGguf(`the key ${quoted(key)} stands twice`);
    metadata.set(key, value);
  }
  return metadata;
}

function alignmentOf(metadata: GgufMetadata): number {
  const alignment = metadata.get(ALIGNMENT) ?? 32;
  if (
    typeof alignment !== "number" ||
    alignment < 8 ||
    alignment > LARGEST_ALIGNMENT ||
    !Number.isInteger(Math.log2(alignment))
  )
    throw badGguf(`${ALIGNMENT} is ${quoted(String(alignment))}, no power of two from 8 to ${LARGEST_ALIGNMENT}`);
  return alignment;
}

/** A tensor as stated; `start` counts from where the weights begin. */
async function readTensor(reader: ByteReader, index: number): Promise<GgufTensor> {
  const name = await readText(reader, LONGEST_NAME, `the name of tensor ${index}`);
  const where = `tensor ${quoted(name)}`;
  await reader.need(4, where);
  const sizes = reader.uint32();
  if (sizes > MOST_SIZES) throw badGguf(`${where} has ${sizes} sizes; at most ${MOST_SIZES} are allowed`);
  await reader.need(sizes * 8 + 12, where);
  const shape: number[] = [];
  let weights = 1;
  for (let i = 0; i < sizes; i++) {
    const size = reader.length();
    weights *= size;
    // A size of nothing would make room for any other.
    if (size < 1 || !Number.isSafeInteger(weights))
      throw badGguf(`${where} has a size of ${amount(size)} for its side ${i}`);
    shape.push(size);
  }
  const number = reader.uint32();
  const type = tensorType(number);
  if (!type) throw badGguf(`${where} is of type ${number}, which the runtime does not know`);
  if ((shape[0] ?? 1) % type.block !== 0)
    throw badGguf(`${where} has rows of ${shape[0] ?? 1} weights, which ${type.name} packs by ${type.block}`);
  const start = reader.length();
  const bytes = (weights / type.block) * type.bytes;
  if (!Number.isSafeInteger(bytes)) throw badGguf(`${where} takes more bytes than any file has`);
  return { name, shape, type: type.name, weights, start, bytes };
}

async function readTensors(reader: ByteReader, count: number): Promise<GgufTensor[]> {
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const tensor = await readTensor(reader, i);
    if (names.has(tensor.name)) throw badGguf(`the tensor ${quoted(tensor.name)} stands twice`);
    names.add(tensor.name);
    tensors.push(tensor);
  }
  return tensors;
}

const aligned = (bytes: number, alignment: number) => Math.ceil(bytes / alignment) * alignment;

/** Gives the tensors with their places in the file. The runtime takes only those that follow each other without a gap, in the order in which they are listed. */
function placed(tensors: readonly GgufTensor[], dataStart: number, alignment: number, bytes: number): GgufTensor[] {
  let next = 0;
  return tensors.map((tensor) => {
    const where = `tensor ${quoted(tensor.name)}`;
    const { start } = tensor;
    if (start % alignment !== 0) throw badGguf(`${where} begins at byte ${amount(start)}, no multiple of ${alignment}`);
    const end = dataStart + start + tensor.bytes;
    if (end > bytes) throw badGguf(`${where} ends at byte ${end}, but the file at byte ${bytes}`);
    if (start < next) throw badGguf(`${where} begins at byte ${start}, within the one before, which ends at ${next}`);
    if (start > next) throw badGguf(`${where} begins at byte ${start}, with nothing between it and byte ${next}`);
    next = aligned(start + tensor.bytes, alignment);
    return { ...tensor, start: dataStart + start };
  });
}

/**
 * Reads the header of a GGUF file of version 2 or 3. Of a file that is elsewhere it asks for pieces of 1 MiB from the beginning, until the header is there.
 * @param file its bytes, and how many the whole has.
 * @param keepTokens whether the texts of all tokens are kept, some 10 MB.
 * @throws AppError "model-invalid", whose detail says what is wrong and where; what the source throws; and an "AbortError" once `signal` is aborted.
 */
export async function readHeader(
  file: Blob | ByteSource,
  signal?: AbortSignal,
  keepTokens = false,
): Promise<GgufHeader> {
  const source = sourceOf(file);
  const reader = new ByteReader(source, LARGEST_HEADER, signal);
  const { version, tensors: count, keys } = await readPreamble(reader);
  const metadata = await readMetadata(reader, keys, keepTokens);
  const alignment = alignmentOf(metadata);
  const tensors = await readTensors(reader, count);
  const dataStart = aligned(reader.position, alignment);
  const bytes = source.size;
  return { version, metadata, tensors: placed(tensors, dataStart, alignment, bytes), dataStart, alignment, bytes };
}
