"""Top lists of a moment: most active, gainers, losers, unusual volume, new highs and lows.

A list ranks all securities of the tape in one pass. What cannot be known is said: without earlier days there is no usual
volume, without a year of them no high of 52 weeks. Nothing here recommends anything; a rank is a fact about today.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.tape.lists_kernel import first_by
from rushtrade.tape.tape import Tape

ROWS_MAX: Final = 100
"""Securities of one list: what a page shows."""
PPM: Final = 1_000_000

Numbers = npt.NDArray[Any]


class ListRow(msgspec.Struct, frozen=True):
    """A security of a list. Prices in $0.0001, `change_ppm` against the previous close (rounded toward zero), money in micro-dollars.

    `usual_volume` is what usually traded by this time of day, 0 when that is not known.
    """

    instrument_id: int
    last: int
    change: int
    change_ppm: int
    volume: int
    trades: int
    money: int
    high: int
    low: int
    usual_volume: int


class TopList(msgspec.Struct, frozen=True):
    """A list, or why there is none."""

    kind: str
    rows: list[ListRow]
    known: bool = True
    reason: str = ""


class _Moment(msgspec.Struct, frozen=True):
    """What lists are made of: securities by slot from 1 on, and what is known of earlier days."""

    held: Numbers
    usual: Numbers
    usual_days: int
    year_high: Numbers
    year_low: Numbers
    year_known: bool
    change_ppm: Numbers
    moved: Numbers


def _traded(moment: _Moment) -> Numbers:
    return moment.held["day_trades"] > 0


def _unusual(moment: _Moment) -> tuple[Numbers, Numbers]:
    counted = _traded(moment) & (moment.usual > 0)
    return moment.held["volume"] * PPM // np.where(counted, moment.usual, 1), counted


def _new_high(moment: _Moment) -> tuple[Numbers, Numbers]:
    return moment.held["high_time"], moment.held["highs"] > 0


def _new_low(moment: _Moment) -> tuple[Numbers, Numbers]:
    return moment.held["low_time"], moment.held["lows"] > 0


def _new_year_high(moment: _Moment) -> tuple[Numbers, Numbers]:
    counted = (moment.year_high > 0) & (moment.held["high"] > moment.year_high)
    return moment.held["high_time"], counted


def _new_year_low(moment: _Moment) -> tuple[Numbers, Numbers]:
    counted = (moment.held["low"] > 0) & (moment.held["low"] < moment.year_low)
    return moment.held["low_time"], counted


_KEYS: Final[dict[str, Callable[[_Moment], tuple[Numbers, Numbers]]]] = {
    "most_active_volume": lambda moment: (moment.held["volume"], _traded(moment)),
    "most_active_trades": lambda moment: (moment.held["day_trades"], _traded(moment)),
    "most_active_dollars": lambda moment: (moment.held["value"], _traded(moment)),
    "gainers": lambda moment: (moment.change_ppm, moment.moved & (moment.change_ppm > 0)),
    "losers": lambda moment: (-moment.change_ppm, moment.moved & (moment.change_ppm < 0)),
    "unusual_volume": _unusual,
    "new_highs": _new_high,
    "new_lows": _new_low,
    "new_year_highs": _new_year_high,
    "new_year_lows": _new_year_low,
}
KINDS: Final = tuple(_KEYS)
"""Lists there are. New highs and lows are ordered by when they were made, the latest first."""
_YEARLY: Final = ("new_year_highs", "new_year_lows")


def top_list(tape: Tape, kind: str, limit: int, now_ns: int, among: Numbers | None = None) -> TopList:
    """Make a list of at most `limit` securities; InvalidInput for a kind or limit there is none of.

    Only those `among` the ids given count, where any are given.
    """
    if kind not in _KEYS:
        raise InvalidInput(f"there is no list {kind[:40]!r}; {', '.join(KINDS)} would pass")
    if not 1 <= limit <= ROWS_MAX:
        raise InvalidInput(f"{limit} securities; 1 to {ROWS_MAX} would pass")
    moment = _moment(tape, now_ns)
    if kind == "unusual_volume" and moment.usual_days == 0:
        return TopList(kind, [], False, "not known: no earlier day's volume by time of day is at hand")
    if kind in _YEARLY and not moment.year_known:
        return TopList(kind, [], False, "not known: the days at hand do not reach back 52 weeks")
    keys, counted = _KEYS[kind](moment)
    if among is not None:
        counted = counted & np.isin(tape.numbers[1:], among)
    out = np.zeros(limit, np.int64)
    filled = first_by(np.ascontiguousarray(keys), np.ascontiguousarray(counted).view(np.uint8), out)
    ids = tape.numbers[1:]
    return TopList(kind, [_row(moment, int(ids[place]), place) for place in out[:filled].tolist()])


def _moment(tape: Tape, now_ns: int) -> _Moment:
    held = tape.securities[1:]
    usual, days = tape.usual_volume(now_ns)
    year_high, year_low, known = tape.year_extremes()
    before = held["previous_close"]
    moved = (before > 0) & (held["priced"] > 0)
    change = np.where(moved, held["last_price"] - before, 0) * PPM
    ppm = np.sign(change) * (np.abs(change) // np.where(moved, before, 1))
    return _Moment(held, usual, days, year_high, year_low, known, ppm, moved)


def _row(moment: _Moment, instrument_id: int, place: int) -> ListRow:
    row = moment.held[place]
    return ListRow(
        instrument_id=instrument_id,
        last=int(row["last_price"]),
        change=int(row["last_price"] - row["previous_close"]) if row["previous_close"] > 0 else 0,
        change_ppm=int(moment.change_ppm[place]),
        volume=int(row["volume"]),
        trades=int(row["day_trades"]),
        money=int(row["value"]) * MONEY_PER_PRICE_SHARE,
        high=int(row["high"]),
        low=int(row["low"]),
        usual_volume=int(moment.usual[place]),
    )
