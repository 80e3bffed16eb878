"""Trains the small test model from scratch: python train.py OUT_DIR [PHASE]. About an hour on one CPU core.

Writes tokenizer.json, weights.npz (float32) and training.json (seed, phases, loss, accuracy on fresh questions). With
PHASE 2 it goes on from the weights that phase 1 left in OUT_DIR."""

import json
import math
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

sys.path.insert(0, str(Path(__file__).parent.parent))
from architecture_config import TINY as C
from tiny import data

SEED = 20261124
# Steps, highest learning rate, and the long runs of numbers among the questions: first everything, then long runs.
PHASES = [(7000, 3e-3, (0.12, 60)), (3000, 1e-3, (0.6, 25))]
torch.manual_seed(SEED)
torch.set_num_threads(1)


def make_tokenizer():
    """Byte-level BPE of C.vocab entries, digits apart, trained on the generated text."""
    rng = random.Random(SEED)
    texts = ["".join(t for t, _ in data.render(data.conversation(rng))) for _ in range(4000)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(t, special=True, normalized=False) for t in data.SPECIAL]
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=C.vocab, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    assert tokenizer.get_vocab_size() == C.vocab, tokenizer.get_vocab_size()
    return tokenizer


def encode(tokenizer, turns):
    ids, mask = [], []
    for text, answer in data.render(turns):
        part = tokenizer.encode(text).ids
        ids += part
        mask += [answer] * len(part)
    return ids, mask


class Model(torch.nn.Module):
    """The same Llama as recipes/architecture.py, in PyTorch."""

    def __init__(self):
        super().__init__()
        qkv = (C.heads + 2 * C.kv_heads) * C.head_dim
        shapes = {"qkv": (qkv, C.hidden), "o": (C.hidden, C.heads * C.head_dim), "gate_up": (2 * C.inter, C.hidden), "down": (C.hidden, C.inter)}
        self.embed = torch.nn.Parameter(torch.randn(C.vocab, C.hidden) * 0.05)
        self.norm = torch.nn.Parameter(torch.ones(C.hidden))
        self.layers = torch.nn.ModuleList()
        for _ in range(C.layers):
            layer = torch.nn.ParameterDict({n: torch.randn(s) / math.sqrt(s[1]) * (0.5 if n in ("o", "down") else 1) for n, s in shapes.items()})
            layer["attn_norm"], layer["ffn_norm"] = torch.ones(C.hidden), torch.ones(C.hidden)
            self.layers.append(layer)
        angle = torch.outer(torch.arange(C.context).float(), C.rope_theta ** (-torch.arange(0, C.head_dim, 2).float() / C.head_dim))
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def rope(self, x):
        s, half = x.shape[2], C.head_dim // 2
        cos, sin, a, b = self.cos[:s], self.sin[:s], x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def forward(self, ids):
        b, s = ids.shape
        norm = lambda x, w: F.rms_norm(x, (C.hidden,), w, C.eps)
        x = F.embedding(ids, self.embed)
        for layer in self.layers:
            heads = F.linear(norm(x, layer["attn_norm"]), layer["qkv"]).view(b, s, -1, C.head_dim).transpose(1, 2)
            q, k, v = heads.split([C.heads, C.kv_heads, C.kv_heads], 1)
            group = C.heads // C.kv_heads
            k, v = self.rope(k).repeat_interleave(group, 1), v.repeat_interleave(group, 1)
            attended = F.scaled_dot_product_attention(self.rope(q), k, v, is_causal=True)
            x = x + F.linear(attended.transpose(1, 2).reshape(b, s, -1), layer["o"])
            gate, up = F.linear(norm(x, layer["ffn_norm"]), layer["gate_up"]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer["down"])
        return F.linear(norm(x, self.norm), self.embed)


def batches(tokenizer, rng, tokens, long):
    """Endless batches of conversations of like length, padded, of about `tokens` tokens each."""
    while True:
        pool = sorted((encode(tokenizer, data.conversation(rng, long)) for _ in range(512)), key=lambda e: len(e[0]))
        groups, i = [], 0
        while i < len(pool):
            n = max(1, tokens // len(pool[min(i + 63, len(pool) - 1)][0]))
            groups.append(pool[i : i + n])
            i += n
        rng.shuffle(groups)
        for group in groups:
            width = min(C.context, max(len(ids) for ids, _ in group))
            ids, mask = np.zeros((len(group), width), np.int64), np.zeros((len(group), width), bool)
            for r, (a, m) in enumerate(group):
                ids[r, : len(a)], mask[r, : len(m)] = a[:width], m[:width]
            yield torch.from_numpy(ids), torch.from_numpy(mask)


@torch.no_grad()
def answer(model, tokenizer, questions, limit=700):
    """Greedy answers in a conversation, one for each question."""
    turns, answers = "", []
    for question in questions:
        turns += f"{data.START}user\n{question}{data.END}\n{data.START}assistant\n"
        ids = tokenizer.encode(turns).ids
        start = len(ids)
        while len(ids) < min(start + limit, C.context):
            best = int(model(torch.tensor([ids]))[0, -1].argmax())
            if best == 2:
                break
            ids.append(best)
        answers.append(tokenizer.decode(ids[start:]))
        turns += answers[-1] + data.END + "\n"
    return answers


def accuracy(model, tokenizer, n=12):
    rng, result = random.Random(SEED + 1), {}
    for kind in (data.count, data.repeat, data.add, data.table, data.fixed):
        cases = [kind(rng) for _ in range(n)]
        result[kind.__name__] = sum(answer(model, tokenizer, [q], 300)[0] == a for q, a in cases) / n
    talks = [data.remember(rng) for _ in range(n)]
    result["remember"] = sum(answer(model, tokenizer, [q for q, _ in t])[-1] == t[-1][1] for t in talks) / n
    return result


def run_phase(phase, model, tokenizer, out):
    """Trains `model` in place and writes its weights every 500 steps. Gives the record of the phase."""
    steps, highest, long = PHASES[phase - 1]
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0}], lr=highest, betas=(0.9, 0.98))
    stream = batches(tokenizer, random.Random(SEED + 1 + phase), 4096, long)
    started, log, recent = time.time(), [], []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = highest * min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        ids, mask = next(stream)
        logits = model(ids[:, :-1])
        target = torch.where(mask[:, 1:], ids[:, 1:], -100)
        loss = F.cross_entropy(logits.reshape(-1, C.vocab), target.reshape(-1), ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent.append(loss.item())
        if (step + 1) % 100 == 0:
            log.append({"step": step + 1, "loss": round(sum(recent) / len(recent), 5), "seconds": round(time.time() - started)})
            recent = []
            print(log[-1], flush=True)
        if (step + 1) % 500 == 0:
            np.savez(out / "weights.npz", **{n: p.detach().numpy() for n, p in model.named_parameters()})
            print(accuracy(model, tokenizer), flush=True)
    return {"phase": phase, "steps": steps, "rate": highest, "long": long, "loss": log[4::5]}


def main(out, first=1):
    out, first = Path(out), int(first)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer, model, phases = make_tokenizer(), Model(), []
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    parameters = sum(p.numel() for p in model.parameters())
    if first > 1:
        saved = np.load(out / "weights.npz")
        model.load_state_dict({n: torch.from_numpy(saved[n]) for n in saved.files})
    for phase in range(first, len(PHASES) + 1):
        phases.append(run_phase(phase, model, tokenizer, out))
    result = accuracy(model, tokenizer, 60)
    print(result, flush=True)
    (out / "training.json").write_text(json.dumps({"seed": SEED, "parameters": parameters, "accuracy": result, "phases": phases}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
