"""Trains the small test model from scratch: python tiny/train.py OUT_DIR [PHASE]. About an hour on one CPU core.

Writes tokenizer.json, weights.npz (float32) and training.json (seed, phases, loss, accuracy on fresh questions). With
PHASE 2 it goes on from the weights that phase 1 left in OUT_DIR."""

import json
import random
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
import training
from architecture_config import TINY as C
from tiny import data

SEED = 20261124
# Steps, highest learning rate, and the long runs of numbers among the questions: first everything, then long runs.
PHASES = [(7000, 3e-3, (0.12, 60)), (3000, 1e-3, (0.6, 25))]
torch.manual_seed(SEED)
torch.set_num_threads(1)


def make_tokenizer():
    rng = random.Random(SEED)
    texts = ["".join(t for t, _ in data.render(data.conversation(rng))) for _ in range(4000)]
    return training.make_tokenizer(texts, C.vocab, data.SPECIAL)


def answer(model, tokenizer, questions, limit=700):
    """Greedy answers in a conversation, one for each question."""
    turns, answers = "", []
    for question in questions:
        turns += f"{data.START}user\n{question}{data.END}\n{data.START}assistant\n"
        answers.append(training.complete(model, tokenizer, turns, limit))
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
    rng = random.Random(SEED + 1 + phase)
    stream = training.batches(tokenizer, lambda: data.render(data.conversation(rng, long)), rng, 4096, C.context)

    def checkpoint():
        model.save(out / "weights.npz")
        print(accuracy(model, tokenizer), flush=True)

    loss = training.train(model, stream, steps, highest, 500, checkpoint)
    return {"phase": phase, "steps": steps, "rate": highest, "long": long, "loss": loss}


def main(out, first=1):
    out, first = Path(out), int(first)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer, model, phases = make_tokenizer(), training.Model(C), []
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    parameters = sum(p.numel() for p in model.parameters())
    if first > 1:
        model.restore(out / "weights.npz")
    for phase in range(first, len(PHASES) + 1):
        phases.append(run_phase(phase, model, tokenizer, out))
    result = accuracy(model, tokenizer, 60)
    print(result, flush=True)
    (out / "training.json").write_text(json.dumps({"seed": SEED, "parameters": parameters, "accuracy": result, "phases": phases}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
