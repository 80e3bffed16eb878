// Lays quantised weights out anew: from the columns of words that the project's WebGPU kernels read (recipes/kernels.py, recipes/package.py)
// to GGUF's blocks of 32. Nothing is rounded: each block keeps its scale, its minimum and its numbers. Pure.

/** Weights that share a scale. */
const BLOCK = 32;

/**
 * A matrix of a package. `numbers`: words of 4 or 8 bits a weight, one column for each row of the matrix; `scales`: binary16 scales, in columns
 * alike: of 4 bits with its minimum above it, of 8 bits two to a word. `rows`, `columns` of the matrix.
 * @typedef {{ bits: 4 | 8, numbers: Uint32Array, scales: Uint32Array, rows: number, columns: number }} Matrix
 */

/**
 * Weights of 4 bits, scale * number + minimum, as Q5_1, whose fifth bit stays zero. (Q4_1 says the same in fewer bytes, but llama.cpp has no
 * WebAssembly kernel for it and is several times slower.) A block: scale, minimum, 32 fifth bits, then byte j holds weights j and j + 16.
 * @param {Matrix} matrix
 * @param {readonly number[]} order the rows, as they are to come
 */
function q5_1({ numbers, scales, rows, columns }, order) {
  const blocks = columns / BLOCK;
  const out = new Uint8Array(order.length * blocks * 24);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const row of order)
    for (let block = 0; block < blocks; block++, at += 24) {
      // The scale is the lower half of the word, the minimum the upper.
      view.setUint32(at, scales[block * rows + row], true);
      const word = (block * 4 * rows + row) | 0;
      for (let pair = 0; pair < 2; pair++) {
        const low = numbers[word + pair * rows];
        const high = numbers[word + (pair + 2) * rows];
        for (let i = 0; i < 8; i++)
          out[at + 8 + pair * 8 + i] = ((low >>> (4 * i)) & 15) | (((high >>> (4 * i)) & 15) << 4);
      }
    }
  return out;
}

/**
 * Weights of 8 bits, scale * (number - 128), as Q8_0. A block: the scale, then 32 signed bytes.
 * @param {Matrix} matrix
 * @param {readonly number[]} order the rows, as they are to come
 */
function q8_0({ numbers, scales, rows, columns }, order) {
  const blocks = columns / BLOCK;
  const out = new Uint8Array(order.length * blocks * 34);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const row of order)
    for (let block = 0; block < blocks; block++, at += 34) {
      view.setUint16(at, (scales[(block >> 1) * rows + row] >>> (16 * (block & 1))) & 0xffff, true);
      // To take 128 from each byte is to turn its highest bit.
      for (let i = 0; i < 8; i++)
        view.setUint32(at + 2 + 4 * i, numbers[(block * 8 + i) * rows + row] ^ 0x80808080, true);
    }
  return out;
}

/**
 * A tensor of a GGUF file from some rows of a matrix.
 * @param {string} name
 * @param {Matrix} matrix
 * @param {readonly number[]} order
 * @returns {import("./container.mjs").Tensor}
 */
export function tensorOf(name, matrix, order) {
  const shape = [matrix.columns, order.length];
  return matrix.bits === 4
    ? { name, type: "Q5_1", shape, bytes: q5_1(matrix, order) }
    : { name, type: "Q8_0", shape, bytes: q8_0(matrix, order) };
}
