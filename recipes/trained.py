"""Quantises a model that the project trained to 8 bits and writes it as a WebLLM model:
python trained.py tiny|reasoner TRAINED_DIR LIBRARY.wasm OUT_DIR"""

import sys
from pathlib import Path

import numpy as np

import package
from architecture_config import CONFIGS


def tensors(trained, layers):
    out = {}

    def linear(target, name):
        out[f"{target}.q"], out[f"{target}.s"] = package.words8(*package.quantise8(trained[name]))

    linear("embed_tokens", "embed")
    out["norm.weight"] = trained["norm"]
    for i in range(layers):
        for target, name in (("attn.qkv", "qkv"), ("attn.o", "o"), ("ffn.gate_up", "gate_up"), ("ffn.down", "down")):
            linear(f"layers.{i}.{target}", f"layers.{i}.{name}")
        for name in ("attn_norm", "ffn_norm"):
            out[f"layers.{i}.{name}.weight"] = trained[f"layers.{i}.{name}"]
    return out


def main(which, trained, library, out):
    c, trained = CONFIGS[which], Path(trained)
    config = package.chat_config(c, package.BYTE_LEVEL, package.chatml(""), bos_token_id=1, eos_token_id=2, pad_token_id=2, bits_per_param=8.6)
    package.write_model(out, library, tensors(dict(np.load(trained / "weights.npz")), c.layers), config, trained / "tokenizer.json")


if __name__ == "__main__":
    main(*sys.argv[1:])
