"""WebGPU kernels of the model library: matrix products on quantised weights, sampling, and logit processors.

Weights lie transposed in 32-bit words, (k // per_word, n), so that neighbouring threads read neighbouring words.
Quantised formats, blocks of 32 along k:
  4 bits: w = q * scale + min, one word per block holds both as binary16 (GGUF's Q4_1)
  8 bits: w = (q - 128) * scale, one word holds the binary16 scales of two blocks (GGUF's Q8_0)
The kernels need neither shader-f16 nor subgroups. On a CPU adapter a load from a buffer costs about as much as twenty
multiplications, and a store to a private variable about as much as five, so each load serves several products and
each sum of eight products is one expression with one store.
"""

from functools import reduce

from tvm import te, tirx
from tvm.script import tirx as T

LANES = 32  # threads along the columns of a product
ROWS = 16  # rows of a prefill tile
MATRIX_COLUMNS = 12  # at most so many columns per thread in prefill
VECTOR_COLUMNS = 12  # and in decode


def half_to_float(bits):
    """binary16 bits as float32 without a float16 type: move the exponent field, then rescale by 2^112."""
    magnitude = tirx.reinterpret("float32", (bits & tirx.const(0x7FFF, "uint32")) << tirx.const(13, "uint32"))
    sign = tirx.reinterpret("float32", ((bits & tirx.const(0x8000, "uint32")) << tirx.const(16, "uint32")) | tirx.const(0x3F800000, "uint32"))
    return magnitude * tirx.const(2.0**112, "float32") * sign


def scale_rows(bits, k):
    """How many rows of scale words a weight of k inputs has."""
    return k // 32 if bits == 4 else k // 64


def scale_of(bits, words, block, column):
    if bits == 4:
        return half_to_float(words[block, column] & tirx.const(0xFFFF, "uint32"))
    return half_to_float((words[block // 2, column] >> ((block % 2) * 16).astype("uint32")) & tirx.const(0xFFFF, "uint32"))


def min_of(bits, words, block, column):
    if bits == 4:
        return half_to_float(words[block, column] >> tirx.const(16, "uint32"))
    return scale_of(bits, words, block, column) * tirx.const(-128.0, "float32")


def columns_per_thread(n, most):
    """The largest number of columns up to `most` that divides the n columns evenly among threads."""
    return next(c for c in range(most, 0, -1) if n % (LANES * c) == 0)


def digit(word, e, bits):
    """The e-th quantised value of a word, as float32 (by way of int32: unsigned conversion is slow on a CPU)."""
    return tirx.Cast("float32", tirx.Cast("int32", (word >> tirx.const(e * bits, "uint32")) & tirx.const((1 << bits) - 1, "uint32")))


def dot8(start, *factors):
    """start + a0 * b0 + ... + a7 * b7 as one expression; factors: a0 .. a7, b0 .. b7."""
    return reduce(lambda total, e: total + factors[e] * factors[e + 8], range(8), start)


def first_word(bits, words, block, quarter, column):
    """The word that holds the first four of the eight values of a quarter of a block."""
    return words[block * 4 + quarter, column] if bits == 4 else words[block * 8 + quarter * 2, column]


def second_word(bits, words, first, block, quarter, column):
    """The word that holds the other four: with 4 bits the same one, so that it is not loaded twice."""
    return first if bits == 4 else words[block * 8 + quarter * 2 + 1, column]


def vector_product(bits, k, n):
    """out[0, 0, j] = sum over k of x[0, 0, k] * w[k, j]; each thread computes a few columns."""
    cols = columns_per_thread(n, VECTOR_COLUMNS)
    width, per = cols * LANES, 32 // bits

    @T.prim_func(private=True, s_tir=True)
    def kernel(xh: T.handle, qh: T.handle, sh: T.handle, oh: T.handle):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        x = T.match_buffer(xh, (1, 1, k), "float32")
        q = T.match_buffer(qh, (k // per, n), "uint32")
        s = T.match_buffer(sh, (scale_rows(bits, k), n), "uint32")
        out = T.match_buffer(oh, (1, 1, n), "float32")
        for bx in T.thread_binding(n // width, thread="blockIdx.x"):
            for tx in T.thread_binding(LANES, thread="threadIdx.x"):
                with T.sblock("product"):
                    T.reads()
                    T.writes()
                    acc = T.sblock_alloc_buffer((cols,), "float32", scope="local")
                    dot = T.sblock_alloc_buffer((cols,), "float32", scope="local")
                    total = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    for c in T.unroll(cols):
                        acc[c] = T.float32(0)
                    for b in T.serial(k // 32):
                        total[0] = T.float32(0)
                        for c in T.unroll(cols):
                            dot[c] = T.float32(0)
                        for w in T.serial(4):
                            x0: T.let[T.float32] = x[0, 0, b * 32 + w * 8]
                            x1: T.let[T.float32] = x[0, 0, b * 32 + w * 8 + 1]
                            x2: T.let[T.float32] = x[0, 0, b * 32 + w * 8 + 2]
                            x3: T.let[T.float32] = x[0, 0, b * 32 + w * 8 + 3]
                            x4: T.let[T.float32] = x[0, 0, b * 32 + w * 8 + 4]
                            x5: T.let[T.float32] = x[0, 0, b * 32 + w * 8 + 5]
                            x6: T.let[T.float32] = x[0, 0, b * 32 + w * 8 + 6]
                            x7: T.let[T.float32] = x[0, 0, b * 32 + w * 8 + 7]
                            total[0] = total[0] + x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7
                            for c in T.unroll(cols):
                                lo: T.let[T.uint32] = first_word(bits, q, b, w, bx * width + c * LANES + tx)
                                hi: T.let[T.uint32] = second_word(bits, q, lo, b, w, bx * width + c * LANES + tx)
                                dot[c] = dot8(
                                    dot[c], x0, x1, x2, x3, x4, x5, x6, x7,
                                    digit(lo, 0, bits), digit(lo, 1, bits), digit(lo, 2, bits), digit(lo, 3, bits),
                                    digit(hi, 4 % per, bits), digit(hi, 5 % per, bits), digit(hi, 6 % per, bits), digit(hi, 7 % per, bits),
                                )
                        for c in T.unroll(cols):
                            acc[c] = (
                                acc[c]
                                + scale_of(bits, s, b, bx * width + c * LANES + tx) * dot[c]
                                + min_of(bits, s, b, bx * width + c * LANES + tx) * total[0]
                            )
                    for c in T.unroll(cols):
                        out[0, 0, bx * width + c * LANES + tx] = acc[c]

    return kernel


def matrix_product(bits, k, n):
    """Prefill: each thread keeps ROWS x cols outputs, so that a load of x serves cols products and a weight ROWS."""
    cols = columns_per_thread(n, MATRIX_COLUMNS)
    width, per = cols * LANES, 32 // bits

    @T.prim_func(private=True, s_tir=True)
    def kernel(xh: T.handle, qh: T.handle, sh: T.handle, oh: T.handle):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        rows = T.int32()
        x = T.match_buffer(xh, (1, rows, k), "float32")
        q = T.match_buffer(qh, (k // per, n), "uint32")
        s = T.match_buffer(sh, (scale_rows(bits, k), n), "uint32")
        out = T.match_buffer(oh, (1, rows, n), "float32")
        for by in T.thread_binding((rows + ROWS - 1) // ROWS, thread="blockIdx.y"):
            for bx in T.thread_binding(n // width, thread="blockIdx.x"):
                for tx in T.thread_binding(LANES, thread="threadIdx.x"):
                    with T.sblock("product"):
                        T.reads()
                        T.writes()
                        acc = T.sblock_alloc_buffer((ROWS * cols,), "float32", scope="local")
                        xs = T.sblock_alloc_buffer((ROWS * 8,), "float32", scope="local")
                        scale = T.sblock_alloc_buffer((cols,), "float32", scope="local")
                        low = T.sblock_alloc_buffer((cols,), "float32", scope="local")
                        row = T.sblock_alloc_buffer((ROWS,), "int32", scope="local")
                        for t in T.unroll(ROWS):
                            row[t] = T.min(by * ROWS + t, rows - 1)
                        for i in T.unroll(ROWS * cols):
                            acc[i] = T.float32(0)
                        for b in T.serial(k // 32):
                            for c in T.unroll(cols):
                                scale[c] = scale_of(bits, s, b, bx * width + c * LANES + tx)
                                low[c] = min_of(bits, s, b, bx * width + c * LANES + tx)
                            for w in T.serial(4):
                                for t in T.unroll(ROWS):
                                    for e in T.unroll(8):
                                        xs[t * 8 + e] = x[0, row[t], b * 32 + w * 8 + e]
                                for c in T.unroll(cols):
                                    lo: T.let[T.uint32] = first_word(bits, q, b, w, bx * width + c * LANES + tx)
                                    hi: T.let[T.uint32] = second_word(bits, q, lo, b, w, bx * width + c * LANES + tx)
                                    v0: T.let[T.float32] = digit(lo, 0, bits) * scale[c] + low[c]
                                    v1: T.let[T.float32] = digit(lo, 1, bits) * scale[c] + low[c]
                                    v2: T.let[T.float32] = digit(lo, 2, bits) * scale[c] + low[c]
                                    v3: T.let[T.float32] = digit(lo, 3, bits) * scale[c] + low[c]
                                    v4: T.let[T.float32] = digit(hi, 4 % per, bits) * scale[c] + low[c]
                                    v5: T.let[T.float32] = digit(hi, 5 % per, bits) * scale[c] + low[c]
                                    v6: T.let[T.float32] = digit(hi, 6 % per, bits) * scale[c] + low[c]
                                    v7: T.let[T.float32] = digit(hi, 7 % per, bits) * scale[c] + low[c]
                                    for t in T.unroll(ROWS):
                                        acc[t * cols + c] = dot8(
                                            acc[t * cols + c], v0, v1, v2, v3, v4, v5, v6, v7,
                                            xs[t * 8], xs[t * 8 + 1], xs[t * 8 + 2], xs[t * 8 + 3],
                                            xs[t * 8 + 4], xs[t * 8 + 5], xs[t * 8 + 6], xs[t * 8 + 7],
                                        )
                        for t in T.unroll(ROWS):
                            if by * ROWS + t < rows:
                                for c in T.unroll(cols):
                                    out[0, by * ROWS + t, bx * width + c * LANES + tx] = acc[t * cols + c]

    return kernel


def embedding_rows(bits, k):
    """Rows of an 8-bit embedding as float32: ids (s,), q (k // 4, n), scales (k // 64, n) -> (s, k)."""

    def compute(ids, q, s):
        def element(i, j):
            value = (q[j // 4, ids[i]] >> ((j % 4) * 8).astype("uint32")) & tirx.const(0xFF, "uint32")
            return (value.astype("float32") - tirx.const(128.0, "float32")) * scale_of(bits, s, j // 32, ids[i])

        return te.compute((ids.shape[0], k), element, name="embed")

    return compute


def nucleus_sample(vocab):
    """Draws one id from probs (1, vocab), restricted to the smallest set of largest probabilities with sum >= top_p.

    No sorting: the threshold is found by bisection on the bit pattern of the probability (for positive floats it has
    the order of the value), then the inverse of the cumulative distribution is taken over the entries at or above it.
    Entries equal to the threshold are all kept. With top_p >= 1 every entry is kept.
    """
    threads = 256
    chunk = (vocab + threads - 1) // threads

    @T.prim_func(private=True, s_tir=True)
    def kernel(ph: T.handle, uh: T.handle, th: T.handle, oh: T.handle):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        probs = T.match_buffer(ph, (1, vocab), "float32")
        u = T.match_buffer(uh, (1,), "float32")
        top_p = T.match_buffer(th, (1,), "float32")
        out = T.match_buffer(oh, (1,), "int32")
        for bx in T.thread_binding(1, thread="blockIdx.x"):
            for tx in T.thread_binding(threads, thread="threadIdx.x"):
                with T.sblock("sample"):
                    T.reads()
                    T.writes()
                    part = T.sblock_alloc_buffer((threads,), "float32", scope="shared")
                    low = T.sblock_alloc_buffer((1,), "int32", scope="local")
                    high = T.sblock_alloc_buffer((1,), "int32", scope="local")
                    middle = T.sblock_alloc_buffer((1,), "int32", scope="local")
                    acc = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    total = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    piece = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    found = T.sblock_alloc_buffer((1,), "int32", scope="local")
                    last = T.sblock_alloc_buffer((1,), "int32", scope="local")
                    before = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    drawn = T.sblock_alloc_buffer((1,), "int32", scope="local")
                    low[0] = 0
                    high[0] = 0x3F800000
                    if top_p[0] >= T.float32(1):
                        high[0] = 0
                    for _step in T.serial(31):
                        middle[0] = (low[0] + high[0] + 1) // 2
                        acc[0] = T.float32(0)
                        if low[0] < high[0]:
                            for j in T.serial(chunk):
                                if j * threads + tx < vocab:
                                    piece[0] = probs[0, j * threads + tx]
                                    if T.reinterpret("int32", piece[0]) >= middle[0]:
                                        acc[0] = acc[0] + piece[0]
                        part[tx] = acc[0]
                        T.tvm_storage_sync("shared")
                        total[0] = T.float32(0)
                        for j in T.serial(threads):
                            total[0] = total[0] + part[j]
                        if low[0] < high[0]:
                            if total[0] >= top_p[0]:
                                low[0] = middle[0]
                            else:
                                high[0] = middle[0] - 1
                        T.tvm_storage_sync("shared")
                    # Thread tx sums its own run of neighbouring entries; thread 0 finds the run, then the entry.
                    acc[0] = T.float32(0)
                    for j in T.serial(chunk):
                        if tx * chunk + j < vocab:
                            piece[0] = probs[0, tx * chunk + j]
                            if T.reinterpret("int32", piece[0]) >= low[0]:
                                acc[0] = acc[0] + piece[0]
                    part[tx] = acc[0]
                    T.tvm_storage_sync("shared")
                    if tx == 0:
                        total[0] = T.float32(0)
                        for j in T.serial(threads):
                            total[0] = total[0] + part[j]
                        acc[0] = total[0] * u[0]
                        total[0] = T.float32(0)
                        before[0] = T.float32(0)
                        found[0] = -1
                        last[0] = 0
                        for j in T.serial(threads):
                            piece[0] = part[j]
                            if found[0] == -1 and piece[0] > T.float32(0):
                                last[0] = j
                                before[0] = total[0]
                                if total[0] + piece[0] > acc[0]:
                                    found[0] = j
                                else:
                                    total[0] = total[0] + piece[0]
                        # Rounding can leave the target just past the end: then the last run that is not empty holds it.
                        if found[0] == -1:
                            found[0] = last[0]
                            total[0] = before[0]
                        drawn[0] = -1
                        last[0] = found[0] * chunk
                        for j in T.serial(chunk):
                            if found[0] * chunk + j < vocab:
                                piece[0] = probs[0, found[0] * chunk + j]
                                if drawn[0] == -1 and piece[0] > T.float32(0):
                                    if T.reinterpret("int32", piece[0]) >= low[0]:
                                        total[0] = total[0] + piece[0]
                                        last[0] = found[0] * chunk + j
                                        if total[0] > acc[0]:
                                            drawn[0] = last[0]
                        out[0] = T.if_then_else(drawn[0] == -1, last[0], drawn[0])

    return kernel


@T.prim_func(s_tir=True)
def apply_bitmask_inplace(var_logits: T.handle, var_seq_ids: T.handle, var_bitmask: T.handle):
    """Grammar: logits of tokens whose bit is 0 become the lowest float."""
    T.func_attr({"global_symbol": "apply_bitmask_inplace", "tirx.noalias": True, "tirx.is_scheduled": True})
    batch, vocab, num_seq, words = T.int32(), T.int32(), T.int32(), T.int32()
    logits = T.match_buffer(var_logits, (batch, vocab), "float32")
    seq_ids = T.match_buffer(var_seq_ids, (num_seq,), "int32")
    bitmask = T.match_buffer(var_bitmask, (batch, words), "int32")
    for bx in T.thread_binding((num_seq * vocab + 255) // 256, thread="blockIdx.x"):
        for tx in T.thread_binding(256, thread="threadIdx.x"):
            with T.sblock("mask"):
                i = T.axis.spatial(num_seq * vocab, bx * 256 + tx)
                T.where(bx * 256 + tx < num_seq * vocab)
                logits[seq_ids[i // vocab], i % vocab] = T.if_then_else(
                    T.bitwise_and(T.shift_right(bitmask[seq_ids[i // vocab], i % vocab // 32], i % vocab % 32), 1) == 1,
                    logits[seq_ids[i // vocab], i % vocab],
                    T.float32(-3.4e38),
                )


@T.prim_func(s_tir=True)
def apply_logit_bias_inplace(var_logits: T.handle, var_pos2seq: T.handle, var_ids: T.handle, var_bias: T.handle):
    """Adds the bias of each listed token to its logit."""
    T.func_attr({"global_symbol": "apply_logit_bias_inplace", "tirx.noalias": True, "tirx.is_scheduled": True})
    batch, vocab, n = T.int32(), T.int32(), T.int32()
    logits = T.match_buffer(var_logits, (batch, vocab), "float32")
    pos2seq = T.match_buffer(var_pos2seq, (n,), "int32")
    ids = T.match_buffer(var_ids, (n,), "int32")
    bias = T.match_buffer(var_bias, (n,), "float32")
    for bx in T.thread_binding((n + 255) // 256, thread="blockIdx.x"):
        for tx in T.thread_binding(256, thread="threadIdx.x"):
            with T.sblock("bias"):
                i = T.axis.spatial(n, bx * 256 + tx)
                T.where(bx * 256 + tx < n)
                logits[pos2seq[i], ids[i]] = logits[pos2seq[i], ids[i]] + bias[i]


@T.prim_func(s_tir=True)
def apply_penalty_inplace(var_logits: T.handle, var_seq_ids: T.handle, var_pos2seq: T.handle, var_ids: T.handle, var_counts: T.handle, var_penalties: T.handle):
    """Presence, frequency and repetition penalties (columns 0, 1, 2) of tokens seen before."""
    T.func_attr({"global_symbol": "apply_penalty_inplace", "tirx.noalias": True, "tirx.is_scheduled": True})
    batch, vocab, n, num_seq = T.int32(), T.int32(), T.int32(), T.int32()
    logits = T.match_buffer(var_logits, (batch, vocab), "float32")
    seq_ids = T.match_buffer(var_seq_ids, (num_seq,), "int32")
    pos2seq = T.match_buffer(var_pos2seq, (n,), "int32")
    ids = T.match_buffer(var_ids, (n,), "int32")
    counts = T.match_buffer(var_counts, (n,), "int32")
    penalties = T.match_buffer(var_penalties, (num_seq, 3), "float32")
    for bx in T.thread_binding((n + 255) // 256, thread="blockIdx.x"):
        for tx in T.thread_binding(256, thread="threadIdx.x"):
            with T.sblock("penalty"):
                i = T.axis.spatial(n, bx * 256 + tx)
                T.where(bx * 256 + tx < n)
                logits[seq_ids[pos2seq[i]], ids[i]] = logits[seq_ids[pos2seq[i]], ids[i]] - (
                    penalties[pos2seq[i], 0] + T.cast(counts[i], "float32") * penalties[pos2seq[i], 1]
                )
                logits[seq_ids[pos2seq[i]], ids[i]] = T.if_then_else(
                    logits[seq_ids[pos2seq[i]], ids[i]] < T.float32(0),
                    logits[seq_ids[pos2seq[i]], ids[i]] * penalties[pos2seq[i], 2],
                    logits[seq_ids[pos2seq[i]], ids[i]] / penalties[pos2seq[i], 2],
                )
