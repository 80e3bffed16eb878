"""The text that the small test model learns: short conversations whose right answers a program can check.

Every conversation is a list of (question, answer). `conversation(rng)` draws one; `render` writes it as the model
reads it (ChatML without a system message). Nothing here comes from outside the project."""

import random

START, END = "<|im_start|>", "<|im_end|>"
SPECIAL = ["<|endoftext|>", START, END]
WORDS = """red blue green gold lamp river stone cloud seven apple house train paper window garden bread silver music
winter summer coffee letter bridge island forest mirror pencil kitchen doctor teacher market engine harbor candle
basket ladder pocket button carpet dinner""".split()
CODE = "```python\ndef square(x):\n    return x * x\n```"
FIXED = {
    "Hello": "Hello! I can count, copy and add.",
    "Bonjour": "Bonjour ! Je sais compter, copier et additionner.",
    "こんにちは": "こんにちは！数えること、写すこと、足すことができます。",
    "Xin chào": "Xin chào! Tôi biết đếm, chép và cộng.",
    "Show code": CODE,
    "Show math": "$$\na^2 + b^2 = c^2\n$$",
    "Show a list": "- red\n- green\n- blue",
    "Show a link": "See [the example](https://example.org/page).",
    "Show an image": "Look: ![picture](https://example.org/picture.png)",
}


def count(rng, long=(0.12, 60)):
    """`long`: the share of long runs, whose end is far from the question and takes longest to learn, and the shortest of these."""
    share, least = long
    length = rng.randint(least, 130) if rng.random() < share else rng.randint(1, 24)
    first = rng.choice([1, 1, rng.randint(0, 150)])
    last = first + length
    return f"Count from {first} to {last}", " ".join(str(n) for n in range(first, last + 1))


def repeat(rng):
    words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6)))
    return f"Repeat: {words}", words


def add(rng):
    a, b = rng.randint(0, 20), rng.randint(0, 20)
    return f"What is {a} + {b}?", str(a + b)


def table(rng):
    rows = rng.randint(2, 6)
    return f"Show a table of {rows} rows", "| n | double |\n|---|---|\n" + "\n".join(f"| {n} | {2 * n} |" for n in range(1, rows + 1))


def fixed(rng):
    question = rng.choice(list(FIXED))
    return question, FIXED[question]


def remember(rng):
    """Two turns or three: the second answer is only known from the first question."""
    word = rng.choice(WORDS)
    turns = [(f"My word is {word}.", "I will remember it.")]
    if rng.random() < 0.5:
        turns.append(rng.choice([add, repeat, fixed])(rng))
    return [*turns, ("What is my word?", word)]


def conversation(rng: random.Random, long=(0.12, 60)):
    if rng.random() < 0.15:
        return remember(rng)
    kinds, weights = [lambda r: count(r, long), repeat, add, table, fixed], [6, 8, 5, 1, 2]
    return [rng.choices(kinds, weights)[0](rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))]


def render(turns):
    """A list of (text, is_answer): answers are what the loss is taken on."""
    parts = []
    for question, answer in turns:
        parts.append((f"{START}user\n{question}{END}\n{START}assistant\n", False))
        parts.append((f"{answer}{END}\n", True))
    return parts
