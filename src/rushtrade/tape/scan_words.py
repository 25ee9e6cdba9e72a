"""The words of a scan: numbers, names, texts and signs, each with its place in the line.

```
volume > 1_000_000 and change_percent > 3 and price < 20 and new_high
symbol in ("AAPL", "MSFT") or (relative_volume >= 2.5 and not new_low)
5 < price <= 20 and max(high - open, open - low) > 1.50
```
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

import msgspec

from rushtrade.domain.errors import InvalidInput

LENGTH_MAX: Final = 1_000
"""Characters of a scan: what a person can read."""
DIGITS_MAX: Final = 18
"""Digits of a number on either side of its point: what a 64-bit column holds."""
TEXT_MAX: Final = 16
"""Characters of a text: the longest symbol."""

_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:\d[\d_]*)?\.?\d[\d_]*(?P<scale>[kKmMbB](?![A-Za-z0-9_]))?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"\n]*\"|'[^'\n]*')"
    r"|(?P<sign><=|>=|==|!=|[-+*/()<>,])",
    re.ASCII,
)
_SCALES: Final = {"k": 10**3, "m": 10**6, "b": 10**9}
_INSTEAD: Final = {
    "=": "== compares",
    "&": "the word is and",
    "|": "the word is or",
    "!": "the word is not",
    "%": "percents are plain numbers: change_percent > 3",
    "$": "prices are plain numbers: price < 20",
}


class ScanInvalid(InvalidInput):
    """A scan that cannot be read. `at` is the place of the fault, counted from 0."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(f"column {at + 1}: {message}")
        self.at = at


class Word(msgspec.Struct, frozen=True):
    """One word. `kind` is number, name, text, sign or end; `value` is a number's."""

    kind: str
    text: str
    at: int
    value: Fraction = Fraction(0)


def read_words(line: str) -> list[Word]:
    """Cut a scan into words, the last of which is its end; ScanInvalid says where and why that cannot be done."""
    if len(line) > LENGTH_MAX:
        raise ScanInvalid(LENGTH_MAX, f"{len(line):,} characters are too many; {LENGTH_MAX:,} would pass")
    words: list[Word] = []
    at = 0
    while at < len(line):
        match = _TOKEN.match(line, at)
        if match is None:
            sign = line[at]
            hint = _INSTEAD.get(
                sign, "names, numbers, texts in quotes and + - * / ( ) < <= > >= == != would pass"
            )
            raise ScanInvalid(at, f"{sign!r} means nothing here; {hint}")
        kind = match.lastgroup if match.lastgroup != "scale" else "number"
        if kind == "number":
            words.append(_number(match, at))
        elif kind == "text":
            words.append(_text(match[0], at))
        elif kind in {"name", "sign"}:
            words.append(Word(kind, match[0], at))
        at = match.end()
    words.append(Word("end", "", len(line)))
    return words


def _number(match: re.Match[str], at: int) -> Word:
    scale = _SCALES[match["scale"].lower()] if match["scale"] else 1
    digits = match[0].rstrip("kKmMbB").replace("_", "")
    whole, _, places = digits.partition(".")
    if len(whole) > DIGITS_MAX or len(places) > DIGITS_MAX:
        raise ScanInvalid(at, f"{match[0][:24]} has too many digits; {DIGITS_MAX} would pass")
    value = Fraction(int(whole + places), 10 ** len(places)) * scale
    return Word("number", match[0], at, value)


def _text(quoted: str, at: int) -> Word:
    if len(quoted) - 2 > TEXT_MAX:
        raise ScanInvalid(at, f"a text of {len(quoted) - 2} characters; {TEXT_MAX} would pass")
    return Word("text", quoted[1:-1].upper(), at)
