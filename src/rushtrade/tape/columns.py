"""What can be asked of all securities at once: a table of columns, one value a security, exact and known or not.

A number is a fraction, `numerator / denominator`, of whole numbers, so that no comparison is ever rounded. A value that is
not known (no quote, no earlier day) is marked so and is neither large nor small. `FIELDS` says every column in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.domain.instants import MINUTE
from rushtrade.tape.tape import Tape

Numbers = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

DOLLAR: Final = 10_000
"""Units of a price in a dollar."""


class Column(msgspec.Struct, frozen=True):
    """A value a security: `kind` is number, flag or text; `known` tells which are. A numerator alone serves flags and texts."""

    kind: str
    numerator: Numbers
    denominator: Numbers | int
    known: Flags


class Field(msgspec.Struct, frozen=True):
    """A column in words."""

    kind: str
    unit: str
    meaning: str


FIELDS: Final[dict[str, Field]] = {
    "symbol": Field("text", "", "the security's symbol"),
    "last": Field("number", "$", "last sale, of today or carried over"),
    "price": Field("number", "$", "the same as last"),
    "open": Field("number", "$", "first sale of the regular session"),
    "high": Field("number", "$", "highest sale of the regular session"),
    "low": Field("number", "$", "lowest sale of the regular session"),
    "previous_close": Field("number", "$", "official close of the day before, or its last sale"),
    "official_open": Field("number", "$", "price of the listing market's opening print"),
    "official_close": Field("number", "$", "price of the listing market's closing print"),
    "vwap": Field("number", "$", "volume-weighted average price of today, all hours"),
    "bid": Field("number", "$", "best bid"),
    "ask": Field("number", "$", "best offer"),
    "spread": Field("number", "$", "ask - bid"),
    "spread_percent": Field("number", "%", "spread in percent of the bid"),
    "change": Field("number", "$", "last - previous_close"),
    "change_percent": Field("number", "%", "change in percent of the previous close"),
    "gap_percent": Field("number", "%", "open against the previous close"),
    "range_percent": Field("number", "%", "high - low in percent of the low"),
    "volume": Field("number", "shares", "shares traded today, all hours"),
    "trades": Field("number", "", "trades of today that count as volume"),
    "dollar_volume": Field("number", "$", "money traded today"),
    "average_volume": Field("number", "shares", "shares usually traded by this time of day"),
    "relative_volume": Field("number", "", "volume against average_volume"),
    "highs": Field("number", "", "how often the day's high has risen"),
    "lows": Field("number", "", "how often the day's low has fallen"),
    "new_high": Field("flag", "", "the last sale stands at a high made today after the first sale"),
    "new_low": Field("flag", "", "the last sale stands at a low made today after the first sale"),
    "year_high": Field("number", "$", "highest sale of the 52 weeks before today"),
    "year_low": Field("number", "$", "lowest sale of the 52 weeks before today"),
    "new_year_high": Field("flag", "", "today's high is above year_high"),
    "new_year_low": Field("flag", "", "today's low is below year_low"),
    "minutes_since_trade": Field("number", "minutes", "time since the last sale"),
    "traded": Field("flag", "", "it traded today"),
}
"""All columns of a scan, by name."""


class Columns(msgspec.Struct, frozen=True):
    """The table of one moment: ids of securities, and columns by name, all as long."""

    ids: npt.NDArray[np.int64]
    by_name: dict[str, Column]


def columns_of(
    tape: Tape,
    now_ns: int,
    symbols: Mapping[int, str],
    quotes: tuple[Numbers, Numbers] | None = None,
) -> Columns:
    """Take the table of a moment. `quotes` are best bid and ask by security in the order of `tape.numbers[1:]`, 0 = none."""
    ids = tape.numbers[1:].copy()
    held = tape.securities[1:]
    none = np.zeros(len(ids), np.int64)
    bid, ask = quotes or (none, none)
    last, before = held["last_price"], held["previous_close"]
    made = {
        "symbol": _text([symbols.get(number, "") for number in ids.tolist()]),
        "last": _price(last),
        "price": _price(last),
        **{name: _price(held[name]) for name in ("open", "high", "low", "previous_close", *_OFFICIAL)},
        "vwap": _ratio(held["value"], held["volume"] * DOLLAR),
        "bid": _price(bid),
        "ask": _price(ask),
        "spread": _number(ask - bid, DOLLAR, (bid > 0) & (ask > 0)),
        "spread_percent": _ratio((ask - bid) * 100, bid, ask > 0),
        "change": _number(last - before, DOLLAR, (last > 0) & (before > 0)),
        "change_percent": _ratio((last - before) * 100, before, last > 0),
        "gap_percent": _ratio((held["open"] - before) * 100, before, held["open"] > 0),
        "range_percent": _ratio((held["high"] - held["low"]) * 100, held["low"]),
        "volume": _number(held["volume"]),
        "trades": _number(held["day_trades"]),
        "dollar_volume": _number(held["value"], DOLLAR),
        "highs": _number(held["highs"].astype(np.int64)),
        "lows": _number(held["lows"].astype(np.int64)),
        "new_high": _flag((held["highs"] > 0) & (held["close"] == held["high"])),
        "new_low": _flag((held["lows"] > 0) & (held["close"] == held["low"])),
        "minutes_since_trade": _number(now_ns - held["last_time"], MINUTE, held["last_time"] > 0),
        "traded": _flag(held["day_trades"] > 0),
    }
    return Columns(ids, {**made, **_history_columns(tape, now_ns)})


_OFFICIAL: Final = ("official_open", "official_close")


def _history_columns(tape: Tape, now_ns: int) -> dict[str, Column]:
    held = tape.securities[1:]
    usual, days = tape.usual_volume(now_ns)
    highs, lows, reaches_back = tape.year_extremes()
    high_known, low_known = reaches_back & (highs > 0), reaches_back & (lows > 0)
    return {
        "average_volume": _number(usual, 1, np.full(len(held), days > 0)),
        "relative_volume": _ratio(held["volume"], usual),
        "year_high": _number(highs, DOLLAR, high_known),
        "year_low": _number(lows, DOLLAR, low_known),
        "new_year_high": Column("flag", held["high"] > highs, 1, high_known),
        "new_year_low": Column("flag", (held["low"] > 0) & (held["low"] < lows), 1, low_known),
    }


def _number(numerator: Numbers, denominator: int = 1, known: Flags | None = None) -> Column:
    return Column("number", numerator, denominator, _all(numerator) if known is None else known)


def _price(prices: Numbers) -> Column:
    return Column("number", prices, DOLLAR, prices > 0)


def _ratio(numerator: Numbers, denominator: Numbers, known: Flags | None = None) -> Column:
    usable = denominator > 0
    return Column(
        "number", numerator, np.where(usable, denominator, 1), usable if known is None else usable & known
    )


def _flag(values: Flags) -> Column:
    return Column("flag", values, 1, _all(values))


def _text(values: Sequence[str]) -> Column:
    texts = np.array(values, dtype="U16")
    return Column("text", texts, 1, _all(texts))


def _all(values: Numbers) -> Flags:
    return np.ones(len(values), np.bool_)
