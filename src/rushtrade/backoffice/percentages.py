"""Percentages as a report prints them: exact division, half-up at the row's decimals, a sign for gains."""

from __future__ import annotations

import re
from fractions import Fraction

from rushtrade.domain.errors import InvalidInput

_PERCENT = re.compile(r"([+-]?\d{1,12}(?:\.(\d{1,12}))?)%", re.ASCII)

NOT_APPLICABLE = "n/a"
"""A change from nothing has no percentage."""


def change_percent(current: int, prior: int) -> Fraction | None:
    """Give (current - prior) / prior in percent, or None when there was nothing before."""
    return Fraction(100 * (current - prior), prior) if prior else None


def half_up(value: Fraction, decimals: int) -> str:
    """Write a fraction with `decimals` digits, halves away from zero; the sign of a loss stays when it rounds to 0."""
    scale = 10**decimals
    units = (abs(value.numerator) * scale * 2 + value.denominator) // (2 * value.denominator)
    whole, part = divmod(units, scale)
    return f"{'-' if value < 0 else ''}{whole}{f'.{part:0{decimals}d}' if decimals else ''}"


def change_text(current: int, prior: int, decimals: int) -> str:
    """Write a change as printed: ``"+56%"``, ``"+11.7%"``, ``"-3%"``, ``"n/a"``."""
    percent = change_percent(current, prior)
    if percent is None:
        return NOT_APPLICABLE
    return f"{'+' if percent > 0 else ''}{half_up(percent, decimals)}%"


def implied_prior(current: int, shown: str, decimals: int) -> tuple[int, int]:
    """Give the smallest and largest prior count that would print `shown` beside `current`.

    Raises:
        InvalidInput: not a percentage with that many decimals above -100%, or no whole number prints it.

    """
    percent = _read(shown, decimals)
    half = Fraction(1, 2 * 10**decimals)
    if current <= 0 or percent - half <= -100:
        raise InvalidInput(
            f"change {shown!r} of {current}: needs a count above zero and a change above -100%"
        )
    lowest = max(1, int(current / (1 + (percent + half) / 100)))
    highest = int(current / (1 + (percent - half) / 100)) + 1
    while lowest <= highest and not _prints(current, lowest, percent, decimals):
        lowest += 1
    while lowest <= highest and not _prints(current, highest, percent, decimals):
        highest -= 1
    if lowest > highest:
        raise InvalidInput(f"no whole number before {current} prints {shown!r}")
    return lowest, highest


def _prints(current: int, prior: int, percent: Fraction, decimals: int) -> bool:
    exact = change_percent(current, prior)
    return exact is not None and Fraction(half_up(exact, decimals)) == percent


def _read(shown: str, decimals: int) -> Fraction:
    match = _PERCENT.fullmatch(shown.strip())
    if match is None or len(match[2] or "") != decimals:
        raise InvalidInput(f"change {shown!r} is not a percentage with {decimals} decimals such as '+82%'")
    return Fraction(match[1])
