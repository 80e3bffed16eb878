"""Sizes of the models that the recipes make, apart from architecture.py so that training does not need TVM. The
figures are in architectures.json, which the build reads too, to write the weights as GGUF (scripts/gguf)."""

import dataclasses
import json
from pathlib import Path


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


CONFIGS = {name: Config(**sizes) for name, sizes in json.loads(Path(__file__).with_name("architectures.json").read_text()).items()}
STARTER, TINY, REASONER = CONFIGS["starter"], CONFIGS["tiny"], CONFIGS["reasoner"]
