"""Whole numbers from 0 to 999 as words of four languages, for the questions of the small reasoning model."""

EN = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
EN_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
FR = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf".split()
FR_TENS = "- - vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()
JA = "〇一二三四五六七八九"
VI = "không một hai ba bốn năm sáu bảy tám chín".split()


def english(n):
    if n >= 100:
        return f"{EN[n // 100]} hundred" + (f" and {english(n % 100)}" if n % 100 else "")
    if n < 20:
        return EN[n]
    return EN_TENS[n // 10] + (f"-{EN[n % 10]}" if n % 10 else "")


def french(n):
    if n >= 100:
        head = "cent" if n < 200 else f"{FR[n // 100]} cent"
        return f"{head} {french(n % 100)}" if n % 100 else head + ("s" if n >= 200 else "")
    if n < 20:
        return FR[n]
    ten, rest = n // 10, n % 10
    if ten in (7, 9):
        rest += 10
    if rest == 0:
        return FR_TENS[ten] + ("s" if ten == 8 else "")
    joint = "-et-" if rest in (1, 11) and ten < 8 else "-"
    return f"{FR_TENS[ten]}{joint}{FR[rest]}"


def japanese(n):
    if n == 0:
        return "零"
    parts = [(n // 100, "百"), (n // 10 % 10, "十"), (n % 10, "")]
    return "".join(("" if digit == 1 and unit else JA[digit]) + unit for digit, unit in parts if digit)


def vietnamese(n):
    if n >= 100:
        rest = n % 100
        joint = " linh " if rest < 10 else " "
        return f"{VI[n // 100]} trăm" + (joint + vietnamese(rest) if rest else "")
    if n < 10:
        return VI[n]
    ten, one = divmod(n, 10)
    head = "mười" if ten == 1 else f"{VI[ten]} mươi"
    last = {0: "", 1: "một" if ten == 1 else "mốt", 5: "lăm"}.get(one, VI[one])
    return f"{head} {last}".strip()


WORDS = {"en": english, "fr": french, "ja": japanese, "vi": vietnamese}
