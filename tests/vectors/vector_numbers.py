"""Exact numbers of the vectors: decimal strings in, integers of the product's units, decimal strings out."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from rushtrade.domain.numbers import format_cents, format_money, parse_money, parse_price

Inputs = dict[str, object]


def only(inputs: dict, *known: str) -> None:
    """Fail on an input that the mapping does not use, rather than answer a question that was not asked."""
    unknown = sorted(set(inputs) - set(known))
    assert not unknown, f"the mapping knows nothing of {unknown}; it uses {sorted(known)}"


def money(text: str | int) -> int:
    return parse_money(str(text))


def price(text: str | int) -> int:
    return parse_price(str(text))


def ppm(text: str | int) -> int:
    """A rate such as "0.25" in parts per million."""
    return parse_money(str(text))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def cents(amount: int) -> str:
    return format_cents(amount)


def plain(amount: int) -> str:
    """Micro-units as a decimal with no more digits than it needs: 0.25, 1, 0."""
    text = format_money(amount)
    return text.rstrip("0").rstrip(".")


def plain_fraction(value: Fraction) -> str:
    """A fraction as a decimal, exactly; six digits when it does not end."""
    if 10**6 * value == int(10**6 * value):
        return plain(int(10**6 * value))
    scaled = int(abs(value) * 2 * 10**6 + 1) // 2
    return format_money(-scaled if value < 0 else scaled)
