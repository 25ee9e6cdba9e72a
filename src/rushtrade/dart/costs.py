"""What a share costs at a venue: fees exactly, waiting by a documented weight. In millionths of $0.0001 (of a mil).

The sweep kernel works by the same rules over arrays; this is the same for one price at a time, for explanations and desks.
"""

from __future__ import annotations

from rushtrade.domain.numbers import PRICE_UNIT
from rushtrade.domain.routes import Route

MILLION = 1_000_000
QUEUE_WEIGHT = 2_000
"""What one share waiting ahead of us weighs against the make fee: 500 shares weigh one mil."""


def take_fee(route: Route, price: int) -> int:
    """Fee for taking one share at a price; below zero is a rebate."""
    return route.take_mils * MILLION if price >= PRICE_UNIT else price * route.take_sub_dollar_ppm


def make_fee(route: Route, price: int) -> int:
    """Fee for giving one share at a price; below zero is a rebate."""
    return route.make_mils * MILLION if price >= PRICE_UNIT else price * route.make_sub_dollar_ppm


def format_fine(value: int) -> str:
    """Write such a number as dollars, exactly: four digits at least."""
    whole, fraction = divmod(abs(value), PRICE_UNIT * MILLION)
    text = f"{whole}.{fraction:010d}"
    text = text[:-6] + text[-6:].rstrip("0")
    return f"-{text}" if value < 0 else text
