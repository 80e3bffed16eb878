// What numbers in a GGUF file stand for: types of tensors with their sizes, types of metadata, and the names of quantisations. Data alone, and
// what can be reckoned from it. Not for: reading a file (gguf-header.ts).

/** How a type of tensor lies in a file: `block` weights together take `bytes` bytes. */
export interface TensorType {
  name: string;
  block: number;
  bytes: number;
}

/**
 * The types by their number, as the runtime has them: read from the table of types (name, weights a block, bytes a block) in the data of
 * wllama.wasm of @wllama/wllama 3.13.0 (llama.cpp b12211). Numbers that are left out were withdrawn (4, 5, 31 to 33, 36 to 38).
 */
const types: Readonly<Record<number, readonly [name: string, block: number, bytes: number]>> = {
  0: ["F32", 1, 4],
  1: ["F16", 1, 2],
  2: ["Q4_0", 32, 18],
  3: ["Q4_1", 32, 20],
  6: ["Q5_0", 32, 22],
  7: ["Q5_1", 32, 24],
  8: ["Q8_0", 32, 34],
  9: ["Q8_1", 32, 36],
  10: ["Q2_K", 256, 84],
  11: ["Q3_K", 256, 110],
  12: ["Q4_K", 256, 144],
  13: ["Q5_K", 256, 176],
  14: ["Q6_K", 256, 210],
  15: ["Q8_K", 256, 292],
  16: ["IQ2_XXS", 256, 66],
  17: ["IQ2_XS", 256, 74],
  18: ["IQ3_XXS", 256, 98],
  19: ["IQ1_S", 256, 50],
  20: ["IQ4_NL", 32, 18],
  21: ["IQ3_S", 256, 110],
  22: ["IQ2_S", 256, 82],
  23: ["IQ4_XS", 256, 136],
  24: ["I8", 1, 1],
  25: ["I16", 1, 2],
  26: ["I32", 1, 4],
  27: ["I64", 1, 8],
  28: ["F64", 1, 8],
  29: ["IQ1_M", 256, 56],
  30: ["BF16", 1, 2],
  34: ["TQ1_0", 256, 54],
  35: ["TQ2_0", 256, 66],
  39: ["MXFP4", 32, 17],
  40: ["NVFP4", 64, 36],
  41: ["Q1_0", 128, 18],
  42: ["Q2_0", 64, 18],
  43: ["F8_E4M3", 1, 1],
};

/** The type of tensors with this number; undefined where the runtime has none. */
export function tensorType(number: number): TensorType | undefined {
  const type = Object.hasOwn(types, number) ? types[number] : undefined;
  return type && { name: type[0], block: type[1], bytes: type[2] };
}

/** Types of metadata by their number, with the bytes that one value takes; a text and an array say their length themselves (0 here). */
export const valueTypes = [
  ["uint8", 1],
  ["int8", 1],
  ["uint16", 2],
  ["int16", 2],
  ["uint32", 4],
  ["int32", 4],
  ["float32", 4],
  ["boolean", 1],
  ["text", 0],
  ["array", 0],
  ["uint64", 8],
  ["int64", 8],
  ["float64", 8],
] as const;
export type ValueType = (typeof valueTypes)[number][0];

/** What `general.file_type` says, by its number: the mixture of types that a file was quantised with. */
const mixtures: Readonly<Record<number, string>> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  7: "Q8_0",
  8: "Q5_0",
  9: "Q5_1",
  10: "Q2_K",
  11: "Q3_K_S",
  12: "Q3_K_M",
  13: "Q3_K_L",
  14: "Q4_K_S",
  15: "Q4_K_M",
  16: "Q5_K_S",
  17: "Q5_K_M",
  18: "Q6_K",
  19: "IQ2_XXS",
  20: "IQ2_XS",
  21: "Q2_K_S",
  22: "IQ3_XS",
  23: "IQ3_XXS",
  24: "IQ1_S",
  25: "IQ4_NL",
  26: "IQ3_S",
  27: "IQ3_M",
  28: "IQ2_S",
  29: "IQ2_M",
  30: "IQ4_XS",
  31: "IQ1_M",
  32: "BF16",
  36: "TQ1_0",
  37: "TQ2_0",
  38: "MXFP4",
};

/** The name of a quantisation by the number in `general.file_type`; undefined for numbers that are new or no number. */
export function mixtureName(number: unknown): string | undefined {
  return typeof number === "number" && Object.hasOwn(mixtures, number) ? mixtures[number] : undefined;
}
