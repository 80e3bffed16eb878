"""The Llama architecture as a model library: quantised weights, a paged key-value cache, sampling on the GPU."""

import tvm
from tvm import te, tirx
from tvm.relax.frontend import nn
from tvm.relax.frontend.nn import Tensor, op
from tvm.relax.frontend.nn.llm.kv_cache import PagedKVCache

import kernels
from architecture_config import Config
from attention import KVCache


class Linear(nn.Module):
    """y = x w for x (1, s, k), without bias."""

    def __init__(self, k, n, bits):
        self.k, self.n, self.bits = k, n, bits
        self.q = nn.Parameter((k * bits // 32, n), "uint32")
        self.s = nn.Parameter((kernels.scale_rows(bits, k), n), "uint32")

    def forward(self, x):
        one = isinstance(x.shape[1], int) and x.shape[1] == 1
        kernel = (kernels.vector_product if one else kernels.matrix_product)(self.bits, self.k, self.n)
        name = f"{'vector' if one else 'matrix'}_product_{self.k}x{self.n}"
        return op.tensor_ir_op(kernel, name, [x, self.q, self.s], Tensor.placeholder([1, x.shape[1], self.n], "float32"))


class Embedding(Linear):
    """Token embedding, tied with the output head."""

    def __init__(self, vocab, hidden):
        super().__init__(hidden, vocab, 8)

    def lookup(self, ids):
        return op.tensor_expr_op(kernels.embedding_rows(8, self.k), "embed", [ids, self.q, self.s])


class Attention(nn.Module):
    def __init__(self, c):
        self.c = c
        self.qkv = Linear(c.hidden, (c.heads + 2 * c.kv_heads) * c.head_dim, c.bits)
        self.o = Linear(c.heads * c.head_dim, c.hidden, c.bits)

    def forward(self, x, cache, layer):
        c, (b, s, _) = self.c, x.shape
        qkv = op.reshape(self.qkv(x), (b, s, c.heads + 2 * c.kv_heads, c.head_dim))
        attended = cache.attention_with_fused_qkv(layer, qkv, c.heads, sm_scale=c.head_dim**-0.5)
        return self.o(op.reshape(attended, (b, s, c.heads * c.head_dim)))


class FeedForward(nn.Module):
    def __init__(self, c):
        self.gate_up = Linear(c.hidden, 2 * c.inter, c.bits)
        self.down = Linear(c.inter, c.hidden, c.bits)

    def forward(self, x):
        gate, up = op.split(self.gate_up(x), 2, axis=-1)
        return self.down(op.silu(gate) * up)


class Layer(nn.Module):
    def __init__(self, c):
        self.attn_norm = nn.RMSNorm(c.hidden, -1, c.eps, bias=False)
        self.attn = Attention(c)
        self.ffn_norm = nn.RMSNorm(c.hidden, -1, c.eps, bias=False)
        self.ffn = FeedForward(c)

    def forward(self, x, cache, layer):
        x = x + self.attn(self.attn_norm(x), cache, layer)
        return x + self.ffn(self.ffn_norm(x))


class Llama(nn.Module):
    """The functions that WebLLM calls: embed, prefill, decode, softmax_with_temperature, create_tir_paged_kv_cache."""

    def __init__(self, config: Config, target):
        self.c, self.target = config, target
        self.embed_tokens = Embedding(config.vocab, config.hidden)
        self.layers = nn.ModuleList([Layer(config) for _ in range(config.layers)])
        self.norm = nn.RMSNorm(config.hidden, -1, config.eps, bias=False)

    def embed(self, input_ids: Tensor):
        return self.embed_tokens.lookup(input_ids)

    def _hidden(self, x, cache):
        for i, layer in enumerate(self.layers):
            x = layer(x, cache, i)
        return x

    def prefill(self, input_embed: Tensor, paged_kv_cache: PagedKVCache):
        hidden = self._hidden(input_embed, paged_kv_cache)
        last = op.tensor_expr_op(lambda x: te.compute((1, 1, x.shape[2]), lambda b, _, k: x[b, x.shape[1] - 1, k], name="last"), "last_position", [hidden])
        return self.embed_tokens(self.norm(last)), paged_kv_cache

    def decode(self, input_embed: Tensor, paged_kv_cache: PagedKVCache):
        return self.embed_tokens(self.norm(self._hidden(input_embed, paged_kv_cache))), paged_kv_cache

    def softmax_with_temperature(self, logits: Tensor, temperature: Tensor):
        return op.softmax(logits / op.reshape(temperature, (temperature.shape[0], 1, 1)), axis=-1)

    def create_tir_paged_kv_cache(self, max_batch_size: tirx.Var, max_total_seq_len: tirx.Var, prefill_chunk_size: tirx.Var, page_size: tirx.Var, support_sliding_window: tirx.Var) -> PagedKVCache:
        return KVCache(self.c, [max_batch_size, max_total_seq_len, prefill_chunk_size, page_size, support_sliding_window], self.target)

    def spec(self):
        hidden, cache = self.c.hidden, nn.spec.Object(object_type=PagedKVCache)
        packed = {"param_mode": "packed", "effect_mode": "none"}
        plain = {"param_mode": "none", "effect_mode": "none"}
        sizes = ["max_batch_size", "max_total_seq_len", "prefill_chunk_size", "page_size", "support_sliding_window"]
        return nn.spec.ModuleSpec.from_raw({
            "embed": {"input_ids": nn.spec.Tensor(["seq_len"], "int32"), "$": packed},
            "prefill": {"input_embed": nn.spec.Tensor([1, "seq_len", hidden], "float32"), "paged_kv_cache": cache, "$": packed},
            "decode": {"input_embed": nn.spec.Tensor([1, 1, hidden], "float32"), "paged_kv_cache": cache, "$": packed},
            "softmax_with_temperature": {"logits": nn.spec.Tensor(["batch", 1, "vocab"], "float32"), "temperature": nn.spec.Tensor(["batch"], "float32"), "$": plain},
            "create_tir_paged_kv_cache": {**{s: int for s in sizes}, "$": plain},
        }, self)


class Sampler(nn.Module):
    """WebLLM sorts probabilities, then samples from the sorted ones. The kernel here needs no order, so the "sorted"
    probabilities are the probabilities themselves."""

    def __init__(self, vocab):
        self.kernel = kernels.nucleus_sample(vocab)
        self.vocab = vocab

    def argsort_probs(self, probs: Tensor):
        return probs, op.tensor_expr_op(lambda p: te.compute(p.shape, lambda b, j: j.astype("int32"), name="iota"), "iota", [probs])

    def sample_with_top_p(self, sorted_probs: Tensor, sorted_indices: Tensor, uniform_samples: Tensor, sample_indices: Tensor, top_p: Tensor):
        return op.tensor_ir_op(self.kernel, "nucleus_sample", [sorted_probs, uniform_samples, top_p], Tensor.placeholder([1], "int32"))

    def spec(self):
        row = lambda dtype: nn.spec.Tensor([1, self.vocab], dtype)
        one = lambda dtype: nn.spec.Tensor([1], dtype)
        plain = {"param_mode": "none", "effect_mode": "none"}
        return nn.spec.ModuleSpec.from_raw({
            "argsort_probs": {"probs": row("float32"), "$": plain},
            "sample_with_top_p": {"sorted_probs": row("float32"), "sorted_indices": row("int32"), "uniform_samples": one("float32"), "sample_indices": one("int32"), "top_p": one("float32"), "$": plain},
        }, self)
