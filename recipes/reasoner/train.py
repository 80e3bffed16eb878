"""Trains the small reasoning model from scratch: python reasoner/train.py OUT_DIR [PHASE]. About an hour and a quarter on two CPU cores.

Writes tokenizer.json, weights.npz (float32), held-out.json (questions that it was never asked) and training.json (seed,
phases, loss, accuracy on those with and without thought). With PHASE 2 it goes on from the weights that phase 1 left in OUT_DIR."""

import json
import random
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).parent.parent))
import training
from architecture_config import REASONER as C
from reasoner import data

SEED = 20261125
# Steps, highest learning rate, and how often each kind of question comes: the second phase is for what takes longest to learn.
PHASES = [(9000, 3e-3, data.MIX), (2500, 1e-3, (3, 2, 6, 2))]
TOKENS = 4096
torch.manual_seed(SEED)


def answer(model, tokenizer, text, think):
    """The answer to a question alone: what stands after the thought."""
    prompt = data.asked(text) + ("" if think else data.EMPTY_THOUGHT)
    return training.complete(model, tokenizer, prompt, 400).split(data.CLOSE)[-1].strip()


def held_out(n):
    """n questions of each kind and language that the training never asks, the same ones each time."""
    rng = random.Random(SEED + 1)
    return [data.question(rng, True, kind, language) for kind in data.KINDS for language in data.LANGUAGES for _ in range(n)]


def accuracy(model, tokenizer, n):
    """Share of right answers for each kind of question, with and without thought, on n held-out questions a language."""
    right = {kind.__name__: {"thought": [], "direct": []} for kind in data.KINDS}
    for q in held_out(n):
        for way, think in (("thought", True), ("direct", False)):
            right[q.kind][way].append(answer(model, tokenizer, q.text, think) == q.answer)
    return {kind: {way: round(sum(r) / len(r), 4) for way, r in ways.items()} for kind, ways in right.items()}


def measure(out, record):
    """Writes the questions that the accuracy is measured on, and training.json with it."""
    model = training.Model(C)
    model.restore(out / "weights.npz")
    record["accuracy"] = accuracy(model, Tokenizer.from_file(str(out / "tokenizer.json")), 25)
    print(record["accuracy"], flush=True)
    fields = ("kind", "language", "text", "answer")
    questions = [{f: getattr(q, f) for f in fields} for q in held_out(25)]
    (out / "held-out.json").write_text(json.dumps(questions, ensure_ascii=False, indent=0) + "\n")
    (out / "training.json").write_text(json.dumps(record, indent=1) + "\n")


def run_phase(phase, model, tokenizer, out):
    """Trains `model` in place and writes its weights every 500 steps. Gives the record of the phase."""
    steps, highest, mix = PHASES[phase - 1]
    rng = random.Random(SEED + 1 + phase)
    stream = training.batches(tokenizer, lambda: data.conversation(rng, mix), rng, TOKENS, C.context)

    def checkpoint():
        model.save(out / "weights.npz")
        print(accuracy(model, tokenizer, 3), flush=True)

    loss = training.train(model, stream, steps, highest, 500, checkpoint)
    return {"phase": phase, "steps": steps, "rate": highest, "mix": mix, "loss": loss}


def main(out, first=1):
    out, first = Path(out), int(first)
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    texts = ["".join(t for t, _ in data.conversation(rng)) for _ in range(6000)]
    tokenizer = training.make_tokenizer(texts, C.vocab, data.SPECIAL, (data.THINK, data.CLOSE), han_apart=True)
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    model = training.Model(C)
    if first > 1:
        model.restore(out / "weights.npz")
    phases = [run_phase(phase, model, tokenizer, out) for phase in range(first, len(PHASES) + 1)]
    parameters = sum(p.numel() for p in model.parameters())
    measure(out, {"seed": SEED, "parameters": parameters, "batch": TOKENS, "phases": phases})


if __name__ == "__main__":
    main(*sys.argv[1:])
