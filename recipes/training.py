"""Trains a small Llama from scratch: what the recipes of the project's own models share. Each of them brings its text
(data.py), its phases and its measure of accuracy (train.py)."""

import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers


def make_tokenizer(texts, vocab, special, plain=(), han_apart=False):
    """
    Byte-level BPE of `vocab` entries, digits apart, trained on `texts`. `special` tokens are left out of decoded text, `plain` ones are
    not. `han_apart`: Chinese characters are never merged, so that a number that was not among the texts reads like those that were.
    """
    tokenizer = Tokenizer(models.BPE())
    han = [pre_tokenizers.Split(Regex("[一-龯〇]"), "isolated")] if han_apart else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        *han, pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    added = [AddedToken(t, special=True, normalized=False) for t in special] + [AddedToken(t, special=False, normalized=False) for t in plain]
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=added, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    assert tokenizer.get_vocab_size() == vocab, tokenizer.get_vocab_size()
    return tokenizer


def encode(tokenizer, parts):
    """parts: (text, is_learnt) in order. Gives the ids, and for each whether the loss is taken on it."""
    ids, mask = [], []
    for text, learnt in parts:
        part = tokenizer.encode(text).ids
        ids += part
        mask += [learnt] * len(part)
    return ids, mask


class Model(torch.nn.Module):
    """The same Llama as recipes/architecture.py, in PyTorch."""

    def __init__(self, config):
        super().__init__()
        self.c = c = config
        qkv = (c.heads + 2 * c.kv_heads) * c.head_dim
        shapes = {"qkv": (qkv, c.hidden), "o": (c.hidden, c.heads * c.head_dim), "gate_up": (2 * c.inter, c.hidden), "down": (c.hidden, c.inter)}
        self.embed = torch.nn.Parameter(torch.randn(c.vocab, c.hidden) * 0.05)
        self.norm = torch.nn.Parameter(torch.ones(c.hidden))
        self.layers = torch.nn.ModuleList()
        for _ in range(c.layers):
            layer = torch.nn.ParameterDict({n: torch.randn(s) / math.sqrt(s[1]) * (0.5 if n in ("o", "down") else 1) for n, s in shapes.items()})
            layer["attn_norm"], layer["ffn_norm"] = torch.ones(c.hidden), torch.ones(c.hidden)
            self.layers.append(layer)
        angle = torch.outer(torch.arange(c.context).float(), c.rope_theta ** (-torch.arange(0, c.head_dim, 2).float() / c.head_dim))
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def rope(self, x):
        s, half = x.shape[2], self.c.head_dim // 2
        cos, sin, a, b = self.cos[:s], self.sin[:s], x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def forward(self, ids):
        c, (b, s) = self.c, ids.shape
        norm = lambda x, w: F.rms_norm(x, (c.hidden,), w, c.eps)
        x = F.embedding(ids, self.embed)
        for layer in self.layers:
            heads = F.linear(norm(x, layer["attn_norm"]), layer["qkv"]).view(b, s, -1, c.head_dim).transpose(1, 2)
            q, k, v = heads.split([c.heads, c.kv_heads, c.kv_heads], 1)
            group = c.heads // c.kv_heads
            k, v = self.rope(k).repeat_interleave(group, 1), v.repeat_interleave(group, 1)
            attended = F.scaled_dot_product_attention(self.rope(q), k, v, is_causal=True)
            x = x + F.linear(attended.transpose(1, 2).reshape(b, s, -1), layer["o"])
            gate, up = F.linear(norm(x, layer["ffn_norm"]), layer["gate_up"]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer["down"])
        return F.linear(norm(x, self.norm), self.embed)

    def save(self, path):
        np.savez(path, **{n: p.detach().numpy() for n, p in self.named_parameters()})

    def restore(self, path):
        saved = np.load(path)
        self.load_state_dict({n: torch.from_numpy(saved[n]) for n in saved.files})


def batches(tokenizer, draw, rng, tokens, context):
    """Endless batches of conversations of like length, padded, of about `tokens` tokens each. `draw` gives the parts of one."""
    while True:
        pool = sorted((encode(tokenizer, draw()) for _ in range(512)), key=lambda e: len(e[0]))
        groups, i = [], 0
        while i < len(pool):
            n = max(1, tokens // len(pool[min(i + 63, len(pool) - 1)][0]))
            groups.append(pool[i : i + n])
            i += n
        rng.shuffle(groups)
        for group in groups:
            width = min(context, max(len(ids) for ids, _ in group))
            ids, mask = np.zeros((len(group), width), np.int64), np.zeros((len(group), width), bool)
            for r, (a, m) in enumerate(group):
                ids[r, : len(a)], mask[r, : len(m)] = a[:width], m[:width]
            yield torch.from_numpy(ids), torch.from_numpy(mask)


@torch.no_grad()
def complete(model, tokenizer, prompt, limit=700, end=2):
    """The greedy continuation of a prompt, up to the token `end` or `limit` tokens."""
    ids = tokenizer.encode(prompt).ids
    start = len(ids)
    while len(ids) < min(start + limit, model.c.context):
        best = int(model(torch.tensor([ids]))[0, -1].argmax())
        if best == end:
            break
        ids.append(best)
    return tokenizer.decode(ids[start:], skip_special_tokens=False)


def train(model, stream, steps, highest, every, checkpoint):
    """Trains `model` in place for `steps` batches of `stream`. Calls `checkpoint` at each `every` steps. Gives the log of the loss."""
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0}], lr=highest, betas=(0.9, 0.98))
    started, log, recent = time.time(), [], []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = highest * min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        ids, mask = next(stream)
        logits = model(ids[:, :-1])
        target = torch.where(mask[:, 1:], ids[:, 1:], -100)
        loss = F.cross_entropy(logits.reshape(-1, model.c.vocab), target.reshape(-1), ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent.append(loss.item())
        if (step + 1) % 100 == 0:
            log.append({"step": step + 1, "loss": round(sum(recent) / len(recent), 5), "seconds": round(time.time() - started)})
            recent = []
            print(log[-1], flush=True)
        if (step + 1) % every == 0:
            checkpoint()
    return log[4::5]
