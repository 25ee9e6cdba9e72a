"""Bars of stored trades, by the tape's rules: sale conditions say what opens and closes, moves high and low, and counts as volume.

A trade without conditions (a venue's own print) is a regular one, of extended hours before and after the session, and an odd lot
below the round lot; that is how the tape reads it too. A trade taken back is left out. A bar of a day shows the prices of the
regular session and the volume of all hours. Bars are of all venues together (publisher 0), or of the one there is.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import RushTradeError
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.sessions import regular_hours
from rushtrade.tape import condition_layout as bits
from rushtrade.tape.conditions import rules_on
from rushtrade.ticks.schemas import BAR_SECONDS, NO_PRICE, SCHEMAS

Values = npt.NDArray[Any]
Rows = npt.NDArray[np.void]

ROUND_LOT: Final = 100
"""Where no directory says otherwise."""
NANO: Final = 1_000_000_000
TIMELY_NS: Final = 10 * NANO
TAPE_C: Final = 2


def effects_of(trades: Rows, day: dt.date, round_lots: Values) -> Values:
    """What each trade may change, as bits of `tape.condition_layout`; trades in the order they came."""
    opens, closes = _hours(day)
    letters = _letters(trades, opens, closes, round_lots)
    try:
        rules = rules_on(day).astype(np.int64)[TAPE_C * 256 : TAPE_C * 256 + 256]
    except RushTradeError:  # before the first row of the conditions: every print is a plain one
        return np.full(len(trades), bits.LAST | bits.HIGH_LOW | bits.VOLUME, np.int64)
    allowed = np.full(len(trades), bits.ALLOWED, np.int64)
    told = np.zeros(len(trades), np.int64)
    for place in range(letters.shape[1]):
        column = letters[:, place]
        rule = np.where((column == 0) | (column == BLANK), bits.ALLOWED, rules[column])
        allowed &= rule
        told |= np.where((column == 0) | (column == BLANK), 0, rule & ~bits.ALLOWED)
    effects = allowed | told
    effects = _extended(effects, trades["ts_event"], opens, closes)
    return _settle(effects, trades, closes)


BLANK: Final = ord(" ")


def _hours(day: dt.date) -> tuple[int, int]:
    try:
        return regular_hours(day)
    except RushTradeError:
        return (
            0,
            0,
        )  # no session that day, or before the calendar begins: nothing is of extended hours by its time


def _letters(trades: Rows, opens: int, closes: int, round_lots: Values) -> Values:
    """Four letters a trade; those a venue's own print would carry where it says none."""
    given = np.ascontiguousarray(trades["conditions"]).view(np.uint8).reshape(len(trades), 4).copy()
    plain = trades["conditions"] == b""
    made = np.zeros_like(given)
    made[:, 0] = ord("@")
    cross = trades["message"] == b"Q"
    late = (
        (trades["ts_event"] < opens) | (trades["ts_event"] >= closes)
        if closes
        else np.zeros(len(trades), bool)
    )
    made[:, 1] = np.where(cross, ord("X"), np.where(late, ord("T"), 0))
    made[:, 2] = np.where(~cross & (trades["size"] < round_lots), ord("I"), 0)
    given[plain] = made[plain]
    return given


def _extended(effects: Values, times: Values, opens: int, closes: int) -> Values:
    """A trade of extended hours prices the bars of those hours only."""
    extended = (effects & bits.EXTENDED) != 0
    outside = (times < opens) | (times >= closes) if closes else np.ones(len(times), bool)
    prices = np.where(outside & ((effects & bits.EXTENDED_LAST) != 0), bits.LAST, 0)
    prices |= np.where(outside & ((effects & bits.EXTENDED_HIGH_LOW) != 0), bits.HIGH_LOW, 0)
    return np.where(extended, (effects & ~(bits.LAST | bits.HIGH_LOW)) | prices, effects)


def _settle(effects: Values, trades: Rows, closes: int) -> Values:
    """Decide every "only if", in the order the trades came: few trades have one."""
    only = bits.ONLY_FIRST | bits.ONLY_SAME_VENUE | bits.ONLY_TIMELY
    restricted = np.flatnonzero(((effects & bits.LAST) != 0) & ((effects & only) != 0))
    if not len(restricted):
        return effects
    plain = ((effects & bits.LAST) != 0) & ((effects & (only | bits.EXTENDED)) == 0)
    latest = np.maximum.accumulate(trades["ts_event"])
    settled = effects.copy()
    before: dict[int, list[int]] = {}
    marks = np.flatnonzero(plain).tolist()
    at = 0
    for row in restricted.tolist():
        while at < len(marks) and marks[at] < row:
            before[int(trades["instrument_id"][marks[at]])] = [int(trades["publisher_id"][marks[at]])]
            at += 1
        rule, held = int(effects[row]), before.get(int(trades["instrument_id"][row]))
        same = held is not None and held[0] == int(trades["publisher_id"][row])
        refused = bool(rule & bits.ONLY_FIRST and held is not None)
        refused |= bool(rule & bits.ONLY_SAME_VENUE and held is not None and not same)
        refused |= bool(rule & bits.ONLY_TIMELY and closes and int(latest[row]) >= closes + TIMELY_NS)
        if refused:
            settled[row] &= ~bits.LAST
        elif not rule & bits.EXTENDED:
            before[int(trades["instrument_id"][row])] = [int(trades["publisher_id"][row])]
    return settled


def standing(trades: Rows) -> Rows:
    """Trades that were not taken back: neither notices, nor what a notice names.

    A correction is a notice and a trade of one sequence: the trade then stands at the time of the one it replaces.
    """
    void = trades[trades["action"] == b"X"]
    kept: Rows = trades[(trades["action"] == b"T") & (trades["price"] != NO_PRICE)]
    named = void[void["trade_id"] > 0]
    if not len(named):
        return kept
    keys, sequences = ["publisher_id", "trade_id"], ["publisher_id", "sequence"]
    broken = np.isin(_pair(kept, keys), _pair(named, keys))
    gone, kept = kept[broken], kept[~broken]
    times = dict(zip(_pair(gone, keys).tolist(), gone["ts_event"].tolist(), strict=True))
    originals = dict(zip(_pair(named, sequences).tolist(), _pair(named, keys).tolist(), strict=True))
    for place in np.flatnonzero(np.isin(_pair(kept, sequences), _pair(named, sequences))).tolist():
        row = kept[place : place + 1]
        row["ts_event"] = times.get(originals[int(_pair(row, sequences)[0])], int(row["ts_event"][0]))
    return kept


def _pair(rows: Rows, names: list[str]) -> Values:
    found: Values = rows[names[1]].astype(np.uint64) * np.uint64(65_599) + rows[names[0]].astype(np.uint64)
    return found


def bars_of(trades: Rows, schema: str, day: dt.date, round_lots: Values) -> Rows:
    """Bars of standing trades in the order they came; `round_lots` by trade."""
    if not len(trades):
        return SCHEMAS[schema].empty(0)
    effects = effects_of(trades, day, round_lots)
    width = BAR_SECONDS[schema] * NANO
    if schema == "ohlcv-1d":
        starts = np.full(len(trades), midnight_ns(day))
        effects = np.where(effects & bits.EXTENDED, effects & ~(bits.LAST | bits.HIGH_LOW), effects)
    else:
        starts = trades["ts_event"] // width * width
    order = np.lexsort((trades["ts_event"], starts, trades["instrument_id"]))
    rows, effects, starts = trades[order], effects[order], starts[order]
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (starts[1:] != starts[:-1]) | (rows["instrument_id"][1:] != rows["instrument_id"][:-1])
    begins = np.flatnonzero(fresh)
    made = SCHEMAS[schema].empty(len(begins))
    made["ts_event"], made["instrument_id"] = starts[begins], rows["instrument_id"][begins]
    venues = np.unique(trades["publisher_id"])
    made["publisher_id"] = venues[0] if len(venues) == 1 else 0
    _fill(made, rows, effects, begins)
    found: Rows = made[(made["trades"] > 0) | (made["open"] != NO_PRICE)]
    return found


def _fill(made: Rows, rows: Rows, effects: Values, begins: Values) -> None:
    price = rows["price"]
    volume = np.where(effects & bits.VOLUME, rows["size"], 0)
    made["volume"] = np.add.reduceat(volume, begins)
    made["trades"] = np.add.reduceat((effects & bits.VOLUME != 0).astype(np.int64), begins)
    low, high = np.iinfo(np.int64).min, NO_PRICE
    moves = effects & bits.HIGH_LOW != 0
    highest = np.maximum.reduceat(np.where(moves, price, low), begins)
    made["high"] = np.where(highest == low, NO_PRICE, highest)
    made["low"] = np.minimum.reduceat(np.where(moves, price, high), begins)
    places = np.arange(len(rows))
    sets = effects & bits.LAST != 0
    first = np.minimum.reduceat(np.where(sets, places, len(rows)), begins)
    last = np.maximum.reduceat(np.where(sets, places, -1), begins)
    priced = last >= 0
    made["open"][priced], made["close"][priced] = price[first[priced]], price[last[priced]]
    # a sum of billionths times shares outgrows eight bytes: summed in units of $0.0001, as the tape does
    value = np.add.reduceat(price // 100_000 * volume, begins)
    made["vwap"] = np.where(made["volume"] > 0, _divided(value, made["volume"]), NO_PRICE)


def _divided(value: Values, volume: Values) -> Values:
    """Average price in billionths, rounded down: whole steps of $0.0001 first, then what is left of them."""
    shares = np.maximum(volume, 1)
    whole, rest = np.divmod(value, shares)
    averaged: Values = whole * 100_000 + rest * 100_000 // shares
    return averaged
