// Puts together what the headers of a model in several files say ("-00001-of-00003.gguf"), and refuses files that do not belong together. Not for:
// reading a header (gguf-header.ts), or finding the files.
import { badGguf } from "./gguf-bytes";
import type { GgufHeader, GgufTensor } from "./gguf-header";
import { quoted, type GgufMetadata, type GgufValue } from "./gguf-metadata";

/** A model by its headers: of one file, or of all the files it is split into. */
export interface GgufModel {
  /** Of the first file, which says everything. */
  metadata: GgufMetadata;
  tensors: readonly GgufTensor[];
  /** Bytes of all files together. */
  bytes: number;
  /** The headers in the order of their numbers. */
  parts: readonly GgufHeader[];
}

/** Which part of a split model a file is, as it says: `index` from 0, `count` files, `tensors` in all of them. Undefined for a model in one file. */
interface GgufSplit {
  index: number;
  count: number;
  tensors: number;
}

/** More files than any model is split into. */
const MOST_PARTS = 1000;

function wholeNumber(value: GgufValue | undefined, key: string, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw badGguf(`${key} is ${quoted(String(value))}, no number up to ${most}`);
}

/** Which part of a split model a header is of. Throws AppError "model-invalid" where it says nonsense. */
export function splitOf({ metadata }: Pick<GgufHeader, "metadata">): GgufSplit | undefined {
  if (!metadata.has("split.count")) return undefined;
  const count = wholeNumber(metadata.get("split.count"), "split.count", MOST_PARTS);
  // A file that was never split may say so.
  if (count <= 1) return undefined;
  const index = wholeNumber(metadata.get("split.no"), "split.no", count - 1);
  return { index, count, tensors: wholeNumber(metadata.get("split.tensors.count"), "split.tensors.count", 2 ** 31) };
}

/**
 * The model that these headers are of, in any order: one file, or all files of a split model.
 * @throws AppError "model-invalid" where files are missing, stand there twice, or belong to different models.
 */
export function joinParts(headers: readonly GgufHeader[]): GgufModel {
  const [only] = headers;
  if (!only) throw badGguf("there is no file");
  const splits = headers.map(splitOf);
  const [first] = splits;
  if (headers.length === 1 && !first)
    return { metadata: only.metadata, tensors: only.tensors, bytes: only.bytes, parts: [only] };
  const ordered: GgufHeader[] = [];
  headers.forEach((header, i) => {
    const split = splits[i];
    if (!split || !first)
      throw badGguf(`file ${i + 1} of ${headers.length} is a whole model, and no part of a split one`);
    if (split.count !== first.count || split.tensors !== first.tensors)
      throw badGguf(
        `the parts disagree: one of ${first.count} files with ${first.tensors} tensors, and one of ${split.count} with ${split.tensors}`,
      );
    if (ordered[split.index]) throw badGguf(`part ${split.index + 1} of ${split.count} is there twice`);
    ordered[split.index] = header;
  });
  for (let i = 0; i < first!.count; i++) if (!ordered[i]) throw badGguf(`part ${i + 1} of ${first!.count} is missing`);
  return joined(ordered, first!.tensors);
}

function joined(parts: readonly GgufHeader[], stated: number): GgufModel {
  const { metadata } = parts[0]!;
  const architecture = metadata.get("general.architecture");
  const names = new Set<string>();
  parts.forEach((part, i) => {
    const its = part.metadata.get("general.architecture") ?? architecture;
    if (its !== architecture)
      throw badGguf(
        `part ${i + 1} is of architecture ${quoted(String(its))}, part 1 of ${quoted(String(architecture))}`,
      );
    for (const { name } of part.tensors) {
      if (names.has(name)) throw badGguf(`the tensor ${quoted(name)} stands in two parts`);
      names.add(name);
    }
  });
  const tensors = parts.flatMap((part) => part.tensors);
  if (tensors.length !== stated) throw badGguf(`the parts have ${tensors.length} tensors where ${stated} are stated`);
  return { metadata, tensors, bytes: parts.reduce((sum, part) => sum + part.bytes, 0), parts };
}
