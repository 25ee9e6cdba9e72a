"""Prices, money and quantities: integers inside, decimal text at the edges, exact both ways.

=========  ==========================================  =====================
what       unit                                        text
=========  ==========================================  =====================
price      $0.0001 (the exchanges' own `Price(4)`)     ``"585.33"``
money      $0.000001 (price × shares × 100)            ``"58533.00"``
quantity   one share                                   ``"100"``
=========  ==========================================  =====================

Nothing in here rounds: a text that needs more digits than the unit has is refused.
"""

from __future__ import annotations

import re

from rushtrade.domain.errors import InvalidInput

PRICE_DIGITS = 4
MONEY_DIGITS = 6
FINE_DIGITS = 9
"""Of a price in a tick store: billionths of a dollar."""
PRICE_UNIT = 10_000
MONEY_UNIT = 1_000_000
CENT = MONEY_UNIT // 100
MONEY_PER_PRICE_SHARE = MONEY_UNIT // PRICE_UNIT
"""One share at a price of one unit costs this much money."""

PRICE_MAX = 10_000_000 * PRICE_UNIT
"""Ten million dollars a share: above any listed stock, far below what could overflow."""
QUANTITY_MAX = 1_000_000_000
"""A billion shares in one order: above any real one."""
MONEY_MAX = 10**12 * MONEY_UNIT
"""A trillion dollars: the largest single amount taken at an edge."""

_SCALE = {digits: int("1" + "0" * digits) for digits in range(19)}
_DECIMAL = re.compile(r"[+-]?(\d{1,18})(?:\.(\d{0,18}))?", re.ASCII)


def _parse(text: str, digits: int, what: str) -> int:
    """Scale a plain decimal text to an integer count of 10**-digits, or refuse it."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{what} {text[:40]!r} is not a plain decimal number such as '12.34'")
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(fraction) > digits:
        raise InvalidInput(f"{what} {text[:40]!r} has more than {digits} digits after the point")
    value: int = int(whole) * _SCALE[digits] + int(fraction.ljust(digits, "0") or "0")
    return -value if text[0] == "-" else value


def _format(value: int, digits: int, shown_min: int) -> str:
    """Write an integer count of 10**-digits as decimal text with at least `shown_min` digits."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), _SCALE[digits])
    text = f"{fraction:0{digits}d}".rstrip("0").ljust(shown_min, "0")
    return f"{sign}{whole}.{text}" if text else f"{sign}{whole}"


def parse_price(text: str) -> int:
    """Turn ``"585.33"`` into 5853300. Refuses signs below zero, exponents and a fifth digit."""
    price = _parse(text, PRICE_DIGITS, "price")
    if not 0 <= price <= PRICE_MAX:
        raise InvalidInput(f"price {text!r} is outside 0 to {format_price(PRICE_MAX)}")
    return price


def format_price(price: int) -> str:
    """Turn 5853300 into ``"585.33"``: two digits at least, four when they are needed."""
    return _format(price, PRICE_DIGITS, 2)


def format_fine_price(price: int) -> str:
    """Turn 585330000000, billionths of a dollar as ticks have them, into ``"585.33"``: two digits at least, nine at most."""
    return _format(price, FINE_DIGITS, 2)


def parse_money(text: str) -> int:
    """Turn ``"-12.5"`` into -12500000 micro-dollars."""
    money = _parse(text, MONEY_DIGITS, "amount")
    if abs(money) > MONEY_MAX:
        raise InvalidInput(f"amount {text!r} is beyond {format_money(MONEY_MAX)}")
    return money


def format_money(money: int) -> str:
    """Turn micro-dollars into dollars: two digits at least, six when they are needed."""
    return _format(money, MONEY_DIGITS, 2)


def format_cents(money: int) -> str:
    """Turn micro-dollars into dollars and cents, half a cent away from zero."""
    return _format(round_to_cent(money) // CENT, 2, 2)


def dollars(money: int) -> str:
    """Write an amount for a sentence: ``"$175,892.72"``, ``"-$3.10"``."""
    cents = round_to_cent(money) // CENT
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def round_to_cent(money: int) -> int:
    """Round micro-dollars to the cent, half away from zero."""
    cents = (abs(money) + CENT // 2) // CENT
    return -cents * CENT if money < 0 else cents * CENT


def ceil_to_cent(money: int) -> int:
    """Round non-negative micro-dollars up to the cent, as brokers round regulatory fees."""
    return -(-money // CENT) * CENT


def parse_quantity(text: str) -> int:
    """Turn ``"100"`` or ``"100.0"`` into 100 shares. Fractions of a share are refused."""
    shares = _parse(text, 0, "quantity")
    if not 0 <= shares <= QUANTITY_MAX:
        raise InvalidInput(f"quantity {text!r} is outside 0 to {QUANTITY_MAX} shares")
    return shares


def notional(price: int, shares: int) -> int:
    """Money of `shares` at `price`, in micro-dollars."""
    return price * shares * MONEY_PER_PRICE_SHARE
