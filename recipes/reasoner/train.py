"""Trains the small reasoning model from scratch: python reasoner/train.py OUT_DIR. About an hour and a quarter on two CPU cores.

Writes tokenizer.json, weights.npz (float32) and training.json (seed, loss, accuracy with and without thought on questions
that were held out)."""

import json
import random
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
import training
from architecture_config import REASONER as C
from reasoner import data

SEED = 20261125
STEPS, HIGHEST, TOKENS = 9000, 3e-3, 4096
torch.manual_seed(SEED)


def answer(model, tokenizer, text, think):
    """The answer to a question alone: what stands after the thought."""
    prompt = data.asked(text) + ("" if think else data.EMPTY_THOUGHT)
    return training.complete(model, tokenizer, prompt, 400).split(data.CLOSE)[-1].strip()


def accuracy(model, tokenizer, n):
    """Share of right answers for each kind of question, with and without thought: n held-out questions a language and kind."""
    rng, result = random.Random(SEED + 1), {}
    for kind in data.KINDS:
        asked = [data.question(rng, True, kind, language) for language in data.LANGUAGES for _ in range(n)]
        result[kind.__name__] = {
            way: round(sum(answer(model, tokenizer, q.text, think) == q.answer for q in asked) / len(asked), 4)
            for way, think in (("thought", True), ("direct", False))
        }
    return result


def main(out):
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    texts = ["".join(t for t, _ in data.conversation(rng)) for _ in range(6000)]
    tokenizer = training.make_tokenizer(texts, C.vocab, data.SPECIAL, (data.THINK, data.CLOSE), han_apart=True)
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    model, rng = training.Model(C), random.Random(SEED + 2)
    parameters = sum(p.numel() for p in model.parameters())
    stream = training.batches(tokenizer, lambda: data.conversation(rng), rng, TOKENS, C.context)

    def checkpoint():
        model.save(out / "weights.npz")
        print(accuracy(model, tokenizer, 3), flush=True)

    loss = training.train(model, stream, STEPS, HIGHEST, 1500, checkpoint)
    result = accuracy(model, tokenizer, 25)
    print(result, flush=True)
    record = {"seed": SEED, "parameters": parameters, "steps": STEPS, "rate": HIGHEST, "batch": TOKENS, "loss": loss, "accuracy": result}
    (out / "training.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
