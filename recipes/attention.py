"""Attention for one sequence over a paged key-value cache, and the cache made from it.

The stock kernels of TVM serve many sequences, sliding windows and token trees, at the price of compiling twice as
many pipelines at every load. The browser runs one sequence at a time, so these kernels leave all that out.
Scores are kept in base 2, as the cache's merge of partial results expects: lse = log2(sum of 2^score).
"""

import math

import tvm
from tvm import relax as rx
from tvm.relax.frontend.nn.llm.kv_cache import (
    PagedKVCache,
    RopeMode,
    _compact_kv_copy,
    _copy_single_page,
    _kv_cache_debug_get_kv,
    _kv_cache_transpose_append,
    llama_rope_with_position_map,
)
from tvm.script import tirx as T

PAGE = 16
LOG2E = math.log2(math.e)
LOWEST = -5.0e4
THREADS = 64
TILE = 512  # cached positions that one pass of the decode kernel scores


def _prefill(h_kv, h_q, d, paged):
    """Many new rows. One thread serves one row for the query heads that share a key head, so that a key that is
    loaded once serves them all. `paged`: keys and values come from the pages, else from the new rows themselves."""
    group = h_q // h_kv

    def body(q, out, lse, key, value, rows, limit, scale):
        @T.macro
        def attend():
            for bx in T.thread_binding((rows + THREADS - 1) // THREADS, thread="blockIdx.x"):
                for by in T.thread_binding(h_kv, thread="blockIdx.y"):
                    for tx in T.thread_binding(THREADS, thread="threadIdx.x"):
                        with T.sblock("attend"):
                            T.reads()
                            T.writes()
                            qs = T.sblock_alloc_buffer((group * d,), "float32", scope="local")
                            os = T.sblock_alloc_buffer((group * d,), "float32", scope="local")
                            score = T.sblock_alloc_buffer((group,), "float32", scope="local")
                            top = T.sblock_alloc_buffer((group,), "float32", scope="local")
                            total = T.sblock_alloc_buffer((group,), "float32", scope="local")
                            shrink = T.sblock_alloc_buffer((1,), "float32", scope="local")
                            one = T.sblock_alloc_buffer((1,), "float32", scope="local")
                            if bx * THREADS + tx < rows:
                                for g in T.unroll(group):
                                    top[g] = T.float32(LOWEST)
                                    total[g] = T.float32(0)
                                    for i in T.unroll(d):
                                        qs[g * d + i] = q[bx * THREADS + tx, by * group + g, i] * (scale * T.float32(LOG2E))
                                        os[g * d + i] = T.float32(0)
                                for j in T.serial(limit(bx * THREADS + tx)):
                                    for g in T.unroll(group):
                                        score[g] = T.float32(0)
                                    for i in T.unroll(d):
                                        one[0] = key(j, by, i)
                                        for g in T.unroll(group):
                                            score[g] = score[g] + qs[g * d + i] * one[0]
                                    for g in T.unroll(group):
                                        if score[g] > top[g]:
                                            shrink[0] = T.exp2(top[g] - score[g])
                                            top[g] = score[g]
                                            total[g] = total[g] * shrink[0]
                                            for i in T.unroll(d):
                                                os[g * d + i] = os[g * d + i] * shrink[0]
                                        score[g] = T.exp2(score[g] - top[g])
                                        total[g] = total[g] + score[g]
                                    for i in T.unroll(d):
                                        one[0] = value(j, by, i)
                                        for g in T.unroll(group):
                                            os[g * d + i] = os[g * d + i] + score[g] * one[0]
                                for g in T.unroll(group):
                                    for i in T.unroll(d):
                                        out[bx * THREADS + tx, by * group + g, i] = os[g * d + i] / total[g]
                                    lse[bx * THREADS + tx, by * group + g] = top[g] + T.log2(total[g])

        return attend

    if paged:

        @T.prim_func(s_tir=True)
        def prefill_paged(
            q_h: T.handle, q_indptr_h: T.handle, pages_h: T.handle, page_indptr_h: T.handle, page_values_h: T.handle,
            length_h: T.handle, k_pos_h: T.handle, q_pos_h: T.handle, out_h: T.handle, lse_h: T.handle,
            causal: T.int32, rotary_mode: T.int32, rope_scale: T.float32, rope_theta: T.float32, sm_scale: T.float32,
        ):
            T.func_attr({"global_symbol": "batch_prefill_paged_kv", "tirx.is_scheduled": True})
            batch, rows, nnz, count = T.int32(), T.int32(), T.int32(), T.int32()
            pages_at, o1, o2, o3, o4, o5, o6 = T.int64(), T.int32(), T.int32(), T.int32(), T.int32(), T.int32(), T.int32()
            q = T.match_buffer(q_h, (rows, h_q, d), "float32")
            q_indptr = T.match_buffer(q_indptr_h, (batch + 1,), "int32", elem_offset=o1)
            pages = T.match_buffer(pages_h, (count, 2, h_kv, PAGE, d), "float32", elem_offset=pages_at)
            page_indptr = T.match_buffer(page_indptr_h, (batch + 1,), "int32", elem_offset=o2)
            page_values = T.match_buffer(page_values_h, (nnz,), "int32", elem_offset=o3)
            length = T.match_buffer(length_h, (batch,), "int32", elem_offset=o4)
            k_pos = T.match_buffer(k_pos_h, (batch,), "int32", elem_offset=o5)
            q_pos = T.match_buffer(q_pos_h, (rows,), "int32", elem_offset=o6)
            out = T.match_buffer(out_h, (rows, h_q, d), "float32")
            lse = T.match_buffer(lse_h, (rows, h_q), "float32")
            body(
                q, out, lse,
                lambda j, h, i: pages[page_values[j // PAGE], 0, h, j % PAGE, i],
                lambda j, h, i: pages[page_values[j // PAGE], 1, h, j % PAGE, i],
                rows,
                # Cached positions, of which a causal row sees all but those that come after it.
                lambda row: (page_indptr[1] - 1) * PAGE + length[0] - causal * (rows - 1 - row),
                sm_scale,
            )()

        return prefill_paged

    @T.prim_func(s_tir=True)
    def prefill_ragged(
        q_h: T.handle, q_indptr_h: T.handle, k_h: T.handle, v_h: T.handle, kv_indptr_h: T.handle, q_pos_h: T.handle,
        k_pos_h: T.handle, out_h: T.handle, lse_h: T.handle,
        causal: T.int32, rotary_mode: T.int32, rope_scale: T.float32, rope_theta: T.float32, sm_scale: T.float32,
    ):
        T.func_attr({"tirx.is_scheduled": True})
        batch, rows, columns = T.int32(), T.int32(), T.int32()
        o1, o2, o3, o4 = T.int32(), T.int32(), T.int32(), T.int32()
        q = T.match_buffer(q_h, (rows, h_q, d), "float32")
        q_indptr = T.match_buffer(q_indptr_h, (batch + 1,), "int32", elem_offset=o1)
        k = T.match_buffer(k_h, (columns, h_kv, d), "float32")
        v = T.match_buffer(v_h, (columns, h_kv, d), "float32")
        kv_indptr = T.match_buffer(kv_indptr_h, (batch + 1,), "int32", elem_offset=o2)
        q_pos = T.match_buffer(q_pos_h, (rows,), "int32", elem_offset=o3)
        k_pos = T.match_buffer(k_pos_h, (batch,), "int32", elem_offset=o4)
        out = T.match_buffer(out_h, (rows, h_q, d), "float32")
        lse = T.match_buffer(lse_h, (rows, h_q), "float32")
        body(
            q, out, lse, lambda j, h, i: k[j, h, i], lambda j, h, i: v[j, h, i], rows,
            lambda row: columns - causal * (rows - 1 - row), sm_scale,
        )()

    return prefill_ragged


def _decode(h_kv, h_q, d):
    """One new row. One group of threads per key head: first each thread scores some of the cached positions, then
    each thread sums the values of some of the dimensions."""
    group = h_q // h_kv
    dims = max(1, d // THREADS)
    busy = min(d, THREADS)

    @T.prim_func(s_tir=True)
    def decode_paged(
        q_h: T.handle, pages_h: T.handle, page_indptr_h: T.handle, page_values_h: T.handle, length_h: T.handle,
        k_pos_h: T.handle, q_pos_h: T.handle, out_h: T.handle, lse_h: T.handle,
        rotary_mode: T.int32, rope_scale: T.float32, rope_theta: T.float32, sm_scale: T.float32,
    ):
        T.func_attr({"global_symbol": "batch_decode_paged_kv", "tirx.is_scheduled": True})
        batch, nnz, count = T.int32(), T.int32(), T.int32()
        pages_at, o1, o2, o3, o4, o5 = T.int64(), T.int32(), T.int32(), T.int32(), T.int32(), T.int32()
        q = T.match_buffer(q_h, (batch, h_q, d), "float32")
        pages = T.match_buffer(pages_h, (count, 2, h_kv, PAGE, d), "float32", elem_offset=pages_at)
        page_indptr = T.match_buffer(page_indptr_h, (batch + 1,), "int32", elem_offset=o1)
        page_values = T.match_buffer(page_values_h, (nnz,), "int32", elem_offset=o2)
        length = T.match_buffer(length_h, (batch,), "int32", elem_offset=o3)
        k_pos = T.match_buffer(k_pos_h, (batch,), "int32", elem_offset=o4)
        q_pos = T.match_buffer(q_pos_h, (batch,), "int32", elem_offset=o5)
        out = T.match_buffer(out_h, (batch, h_q, d), "float32")
        lse = T.match_buffer(lse_h, (batch, h_q), "float32")
        for bx in T.thread_binding(batch, thread="blockIdx.x"):
            for by in T.thread_binding(h_kv, thread="blockIdx.y"):
                for tx in T.thread_binding(THREADS, thread="threadIdx.x"):
                    with T.sblock("attend"):
                        T.reads()
                        T.writes()
                        scores = T.sblock_alloc_buffer((group * TILE,), "float32", scope="shared")
                        weight = T.sblock_alloc_buffer((group * TILE,), "float32", scope="shared")
                        tops = T.sblock_alloc_buffer((group * THREADS,), "float32", scope="shared")
                        qs = T.sblock_alloc_buffer((group * d,), "float32", scope="local")
                        os = T.sblock_alloc_buffer((group * dims,), "float32", scope="local")
                        score = T.sblock_alloc_buffer((group,), "float32", scope="local")
                        mine = T.sblock_alloc_buffer((group,), "float32", scope="local")
                        top = T.sblock_alloc_buffer((group,), "float32", scope="local")
                        before = T.sblock_alloc_buffer((group,), "float32", scope="local")
                        total = T.sblock_alloc_buffer((group,), "float32", scope="local")
                        one = T.sblock_alloc_buffer((1,), "float32", scope="local")
                        page = T.sblock_alloc_buffer((1,), "int32", scope="local")
                        place = T.sblock_alloc_buffer((1,), "int32", scope="local")
                        left = T.sblock_alloc_buffer((1,), "int32", scope="local")
                        have = T.sblock_alloc_buffer((1,), "int32", scope="local")
                        have[0] = (page_indptr[1] - 1) * PAGE + length[0]
                        for g in T.unroll(group):
                            top[g] = T.float32(LOWEST)
                            total[g] = T.float32(0)
                            for i in T.unroll(d):
                                qs[g * d + i] = q[bx, by * group + g, i] * (sm_scale * T.float32(LOG2E))
                            for i in T.unroll(dims):
                                os[g * dims + i] = T.float32(0)
                        for tile in T.serial((have[0] + TILE - 1) // TILE):
                            left[0] = T.min(have[0] - tile * TILE, TILE)
                            for g in T.unroll(group):
                                mine[g] = T.float32(LOWEST)
                            for n in T.serial((left[0] + THREADS - 1) // THREADS):
                                place[0] = tile * TILE + T.min(n * THREADS + tx, left[0] - 1)
                                page[0] = page_values[place[0] // PAGE]
                                for g in T.unroll(group):
                                    score[g] = T.float32(0)
                                for i in T.unroll(d):
                                    one[0] = pages[page[0], 0, by, place[0] % PAGE, i]
                                    for g in T.unroll(group):
                                        score[g] = score[g] + qs[g * d + i] * one[0]
                                for g in T.unroll(group):
                                    scores[g * TILE + n * THREADS + tx] = score[g]
                                    mine[g] = T.max(mine[g], score[g])
                            for g in T.unroll(group):
                                tops[g * THREADS + tx] = mine[g]
                                before[g] = top[g]
                            T.tvm_storage_sync("shared")
                            for n in T.serial(THREADS):
                                for g in T.unroll(group):
                                    top[g] = T.max(top[g], tops[g * THREADS + n])
                            for n in T.serial((left[0] + THREADS - 1) // THREADS):
                                for g in T.unroll(group):
                                    weight[g * TILE + n * THREADS + tx] = T.exp2(scores[g * TILE + n * THREADS + tx] - top[g])
                            T.tvm_storage_sync("shared")
                            for g in T.unroll(group):
                                before[g] = T.exp2(before[g] - top[g])
                                total[g] = total[g] * before[g]
                                for i in T.unroll(dims):
                                    os[g * dims + i] = os[g * dims + i] * before[g]
                            for n in T.serial(left[0]):
                                page[0] = page_values[(tile * TILE + n) // PAGE]
                                for g in T.unroll(group):
                                    score[g] = weight[g * TILE + n]
                                    total[g] = total[g] + score[g]
                                for i in T.unroll(dims):
                                    one[0] = pages[page[0], 1, by, n % PAGE, (i * THREADS + tx) % d]
                                    for g in T.unroll(group):
                                        os[g * dims + i] = os[g * dims + i] + score[g] * one[0]
                            T.tvm_storage_sync("shared")
                        if tx < busy:
                            for g in T.unroll(group):
                                for i in T.unroll(dims):
                                    out[bx, by * group + g, i * THREADS + tx] = os[g * dims + i] / total[g]
                        if tx == 0:
                            for g in T.unroll(group):
                                lse[bx, by * group + g] = top[g] + T.log2(total[g])

    return decode_paged


def _merge(h, d):
    """Two partial results become one, in the place of the first. One thread serves one head of one row: in TVM's own kernel
    several threads read a head's sum that any of them may have replaced already, which is right only where they run in step."""

    @T.prim_func(s_tir=True)
    def merge_state(v_h: T.handle, s_h: T.handle, v_other_h: T.handle, s_other_h: T.handle):
        T.func_attr({"global_symbol": "tir_attention_merge_state", "tirx.is_scheduled": True})
        rows = T.int32()
        v = T.match_buffer(v_h, (rows, h, d), "float32")
        s = T.match_buffer(s_h, (rows, h), "float32")
        v_other = T.match_buffer(v_other_h, (rows, h, d), "float32")
        s_other = T.match_buffer(s_other_h, (rows, h), "float32")
        for bx in T.thread_binding((rows * h + THREADS - 1) // THREADS, thread="blockIdx.x"):
            for tx in T.thread_binding(THREADS, thread="threadIdx.x"):
                with T.sblock("merge"):
                    T.reads()
                    T.writes()
                    top = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    mine = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    other = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    total = T.sblock_alloc_buffer((1,), "float32", scope="local")
                    if bx * THREADS + tx < rows * h:
                        mine[0] = s[(bx * THREADS + tx) // h, (bx * THREADS + tx) % h]
                        other[0] = s_other[(bx * THREADS + tx) // h, (bx * THREADS + tx) % h]
                        top[0] = T.max(mine[0], other[0])
                        mine[0] = T.exp2(mine[0] - top[0])
                        other[0] = T.exp2(other[0] - top[0])
                        total[0] = mine[0] + other[0]
                        for i in T.serial(d):
                            v[(bx * THREADS + tx) // h, (bx * THREADS + tx) % h, i] = (
                                v[(bx * THREADS + tx) // h, (bx * THREADS + tx) % h, i] * mine[0]
                                + v_other[(bx * THREADS + tx) // h, (bx * THREADS + tx) % h, i] * other[0]
                            ) / total[0]
                        s[(bx * THREADS + tx) // h, (bx * THREADS + tx) % h] = top[0] + T.log2(total[0])

    return merge_state


class KVCache(PagedKVCache):
    """The paged cache of TVM's runtime with the kernels above; tree attention, sliding windows and MLA are left empty."""

    def __init__(self, config, shape, target):
        """shape: max_batch_size, max_total_seq_len, prefill_chunk_size, page_size, support_sliding_window (TIR variables)."""
        c = config
        bb = rx.BlockBuilder.current()
        kernel = lambda f, name: rx.Tuple([tvm.ir.StringImm("tirx"), bb.add_func(f, name)])
        append = bb.add_func(_kv_cache_transpose_append(c.kv_heads, c.head_dim, "float32"), "kv_cache_transpose_append")
        nothing = rx.Tuple([])
        args = [
            rx.ShapeExpr([*shape, 1024]),
            rx.ShapeExpr([0, c.layers]),
            rx.prim_value(c.heads), rx.prim_value(c.kv_heads), rx.prim_value(c.head_dim), rx.prim_value(c.head_dim),
            rx.ShapeExpr([0] * c.layers),  # every layer: multi-head attention
            rx.prim_value(False),
            rx.prim_value(RopeMode.NORMAL), rx.prim_value(1), rx.prim_value(c.rope_theta), rx.prim_value(0),
            rx.op.zeros((), "float32"),
            append, append,
            kernel(_prefill(c.kv_heads, c.heads, c.head_dim, paged=False), "tir_attention_prefill_ragged"),
            kernel(_prefill(c.kv_heads, c.heads, c.head_dim, paged=True), "tir_attention_prefill"),
            kernel(_decode(c.kv_heads, c.heads, c.head_dim), "tir_attention_decode"),
            nothing, nothing, nothing, nothing, nothing,
            rx.Tuple([bb.add_func(_merge(c.heads, c.head_dim), "tir_attention_merge_state")]),
            bb.add_func(llama_rope_with_position_map(c.rope_theta, 1, c.head_dim, c.heads, c.kv_heads, "float32", {}, c.head_dim), "tir_split_rotary"),
            bb.add_func(_copy_single_page(c.kv_heads, PAGE, c.head_dim, "float32", target), "kv_cache_copy_single_page"),
            bb.add_func(_kv_cache_debug_get_kv(c.layers, c.kv_heads, c.head_dim, "float32"), "kv_cache_debug_get_kv"),
            bb.add_func(_compact_kv_copy(c.kv_heads, c.head_dim, "float32", target), "kv_cache_compact_kv_copy"),
        ]
        super().__init__(_expr=rx.call_pure_packed("vm.builtin.paged_attention_kv_cache_create", *args, ty_args=rx.AnyType()), _name="paged_kv_cache")
