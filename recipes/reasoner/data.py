"""The text that the small reasoning model learns: sums, comparisons and dates in four languages, each with the thoughts
that lead to its answer.

`question(rng, held_out)` draws a Question; `render` writes it as the model reads it (ChatML; thoughts in <think>, as
Qwen3 has them). Nothing here comes from outside the project."""

import dataclasses
import random
import zlib

from reasoner.words import WORDS

START, END, THINK, CLOSE = "<|im_start|>", "<|im_end|>", "<think>", "</think>"
SPECIAL = ["<|endoftext|>", START, END]
LANGUAGES = ("en", "fr", "ja", "vi")
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche".split(),
    "ja": "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日".split(),
    "vi": ["thứ hai", "thứ ba", "thứ tư", "thứ năm", "thứ sáu", "thứ bảy", "chủ nhật"],
}
MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
}
SIGNS = {
    "en": {"+": " plus ", "-": " minus ", "*": " times "},
    "fr": {"+": " plus ", "-": " moins ", "*": " fois "},
    "ja": {"+": "たす", "-": "ひく", "*": "かける"},
    "vi": {"+": " cộng ", "-": " trừ ", "*": " nhân "},
}
SUM = {"en": "What is {}?", "fr": "Combien font {} ?", "ja": "{}はいくつですか？", "vi": "{} bằng bao nhiêu?"}
OR = {"en": " or ", "fr": " ou ", "ja": "と", "vi": " hay "}
LARGEST = {
    "en": "Which is the largest: {}?", "fr": "Lequel est le plus grand : {} ?", "ja": "{}ではどれが一番大きいですか？", "vi": "Số nào lớn nhất: {}?",
}
SMALLEST = {
    "en": "Which is the smallest: {}?", "fr": "Lequel est le plus petit : {} ?", "ja": "{}ではどれが一番小さいですか？", "vi": "Số nào nhỏ nhất: {}?",
}
WEEKDAY = {
    "en": "What day is {n} days after {day}?", "fr": "Quel jour est {n} jours après {day} ?", "ja": "{day}の{n}日後は何曜日ですか？", "vi": "{n} ngày sau {day} là thứ mấy?",
}
SPAN = {
    "en": "How many days are there from {a} to {b}?", "fr": "Combien de jours y a-t-il du {a} au {b} ?", "ja": "{a}から{b}まで何日ありますか？", "vi": "Từ {a} đến {b} có bao nhiêu ngày?",
}
HELLO = {
    "en": ("Hello", "Hello! I can add, compare and count days."),
    "fr": ("Bonjour", "Bonjour ! Je sais additionner, comparer et compter les jours."),
    "ja": ("こんにちは", "こんにちは！足し算、比較、日数の計算ができます。"),
    "vi": ("Xin chào", "Xin chào! Tôi biết cộng, so sánh và đếm ngày."),
}


@dataclasses.dataclass(frozen=True)
class Question:
    kind: str
    language: str
    text: str
    thought: str
    answer: str

    @property
    def held_out(self):
        """One question in twenty is never trained on, whichever draw it comes from."""
        return zlib.crc32(self.text.encode()) % 20 == 0


def writer(rng, language):
    """How one question writes its numbers: in words mostly, else in digits."""
    return WORDS[language] if rng.random() < 0.7 else str


def calculate(a, sign, b):
    return a + b if sign == "+" else a - b if sign == "-" else a * b


def chain(rng, operands, highest):
    """Operands and the signs between them, worked from left to right, never below zero. A product only comes first."""
    values, signs, total = [rng.randint(0, highest)], [], 0
    if operands > 1 and rng.random() < 0.2:
        values, signs = [rng.randint(2, 12), rng.randint(2, 9)], ["*"]
    total = calculate(values[0], *signs, values[1]) if signs else values[0]
    while len(values) < operands:
        b = rng.randint(0, highest)
        sign = "-" if b <= total and rng.random() < 0.4 else "+"
        total = calculate(total, sign, b)
        values.append(b)
        signs.append(sign)
    return values, signs


def spoken(language, write, values, signs):
    return write(values[0]) + "".join(SIGNS[language][s] + write(v) for s, v in zip(signs, values[1:]))


def steps(values, signs):
    """The lines that work a chain out, and its value. A single number is its own line."""
    total, lines = values[0], []
    for sign, value in zip(signs, values[1:]):
        result = calculate(total, sign, value)
        lines.append(f"{total} {sign} {value} = {result}")
        total = result
    return lines or [str(total)], total


def arithmetic(rng, language, operands=None):
    values, signs = chain(rng, operands or rng.choice([2, 2, 3, 3, 4, 5, 6, 7, 8]), 99)
    lines, total = steps(values, signs)
    said = str(values[0]) + "".join(f" {s} {v}" for s, v in zip(signs, values[1:]))
    if len(signs) > 1:
        lines = [said, *lines]
    text = SUM[language].format(spoken(language, writer(rng, language), values, signs))
    return Question("arithmetic", language, text, "\n".join(lines), str(total))


def comparison(rng, language):
    largest, write, lines, best = rng.random() < 0.6, writer(rng, language), [], None
    terms, seen = [], set()
    for _ in range(rng.choice([2, 2, 3, 4])):
        values, signs = chain(rng, rng.choice([1, 2, 2]), 99)
        worked, total = steps(values, signs)
        if total in seen:
            continue
        seen.add(total)
        terms.append(spoken(language, write, values, signs))
        lines += worked
        if best is not None:
            lines.append(f"{best} {'<' if best < total else '>'} {total}")
        if best is None or (total > best) == largest:
            best = total
    if len(terms) < 2:
        return comparison(rng, language)
    text = (LARGEST if largest else SMALLEST)[language].format(OR[language].join(terms))
    return Question("comparison", language, text, "\n".join(lines), str(best))


def weekday(rng, language):
    first, n = rng.randrange(7), rng.randint(1, 365)
    days, (weeks, rest) = DAYS[language], divmod(n, 7)
    lines = [f"{n} = {weeks} * 7 + {rest}", f"0 {days[first]}", *(f"{i} {days[(first + i) % 7]}" for i in range(1, rest + 1))]
    text = WEEKDAY[language].format(n=writer(rng, language)(n), day=days[first])
    return Question("weekday", language, text, "\n".join(lines), days[(first + rest) % 7])


def date(language, month, day):
    if language == "ja":
        return f"{month + 1}月{day}日"
    if language == "vi":
        return f"ngày {day} tháng {month + 1}"
    first = "er" if language == "fr" and day == 1 else ""
    return f"{day}{first} {MONTHS[language][month]}"


def span(rng, language):
    """In a year of 365 days."""
    a, b = sorted([rng.randrange(12), rng.randrange(12)])
    first, last = rng.randint(1, MONTH_DAYS[a]), rng.randint(1, MONTH_DAYS[b])
    if a == b and first >= last:
        return span(rng, language)
    if a == b:
        total = last - first
        lines = [f"{last} - {first} = {total}"]
    else:
        total = MONTH_DAYS[a] - first
        lines = [f"{a + 1}: {MONTH_DAYS[a]} - {first} = {total}"]
        for month in range(a + 1, b + 1):
            more = last if month == b else MONTH_DAYS[month]
            lines.append(f"{month + 1}: {total} + {more} = {total + more}")
            total += more
    text = SPAN[language].format(a=date(language, a, first), b=date(language, b, last))
    return Question("span", language, text, "\n".join(lines), str(total))


def hello(_rng, language):
    text, answer = HELLO[language]
    return Question("hello", language, text, HELLO[language][0], answer)


KINDS = (arithmetic, comparison, weekday, span)
MIX = (6, 4, 2, 3)


def question(rng: random.Random, held_out=False, kind=None, language=None, mix=MIX):
    """Draws a question of the training set, or of those that are held out. `mix`: how often each kind comes."""
    while True:
        draw = kind or (hello if rng.random() < 0.02 else rng.choices(KINDS, mix)[0])
        q = draw(rng, language or rng.choice(LANGUAGES))
        if q.held_out == held_out or (q.kind == "hello" and not held_out):
            return q


def asked(text):
    return f"{START}user\n{text}{END}\n{START}assistant\n"


# Where no thought is wanted, the prompt ends in an empty one.
EMPTY_THOUGHT = f"{THINK}\n\n{CLOSE}\n\n"


def conversation(rng, mix=MIX, share=(0.55, 0.33)):
    """
    A list of (text, is_learnt). Of the answers, the first part of `share` is given after a thought, the second at once, and the
    rest after a thought that was cut short and closed, as the app does when a thought costs too much. Earlier answers of a
    conversation stand without their thoughts.
    """
    parts = []
    for _ in range(rng.choice([0, 0, 0, 1])):
        before = question(rng, mix=mix)
        parts += [(asked(before.text), False), (f"{before.answer}{END}\n", False)]
    q, way = question(rng, mix=mix), rng.random()
    parts.append((asked(q.text), False))
    if way < share[0]:
        parts.append((f"{THINK}\n{q.thought}\n{CLOSE}\n\n{q.answer}{END}\n", True))
    elif way < sum(share):
        parts += [(EMPTY_THOUGHT, False), (f"{q.answer}{END}\n", True)]
    else:
        cut = q.thought[: rng.randint(1, len(q.thought))].rstrip()
        parts += [(f"{THINK}\n{cut}", True), (f"\n{CLOSE}\n\n", False), (f"{q.answer}{END}\n", True)]
    return parts
