"""Sizes of the models that the recipes make, apart from architecture.py so that training does not need TVM."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes of one model. `bits`: width of the linear weights (the embedding always has 8). `context`, `chunk`: tokens."""

    hidden: int
    inter: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    rope_theta: float
    eps: float
    bits: int
    context: int
    chunk: int


STARTER = Config(hidden=576, inter=1536, layers=30, heads=9, kv_heads=3, head_dim=64, vocab=49152, rope_theta=100000.0, eps=1e-5, bits=4, context=2048, chunk=512)
TINY = Config(hidden=128, inter=384, layers=4, heads=4, kv_heads=2, head_dim=32, vocab=512, rope_theta=10000.0, eps=1e-5, bits=8, context=1024, chunk=256)
REASONER = Config(hidden=192, inter=512, layers=4, heads=6, kv_heads=2, head_dim=32, vocab=960, rope_theta=10000.0, eps=1e-5, bits=8, context=1024, chunk=256)
CONFIGS = {"starter": STARTER, "tiny": TINY, "reasoner": REASONER}
