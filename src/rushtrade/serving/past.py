"""Past trades, quotes and bars of one instrument: what is in memory, and before that what the tick store kept.

Every reader gives rows in order of time, each with the fields clients are sent. What memory still holds begins at one instant: older
rows come from the archive, later ones from memory, so that none comes twice. Where a reader sees less than all venues, trades
are left out by venue, bars are made again from the trades that are left, and the archive's quotes, which are of all
venues, are not shown.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from rushtrade.api.reference import left_edge, local_day, midnight, read_timeframe
from rushtrade.domain.instants import DAY, HOUR, MINUTE
from rushtrade.domain.instants import format_instant as instant
from rushtrade.entitlements.view import ALL_VENUES
from rushtrade.serving import shapes
from rushtrade.serving.questions import Span
from rushtrade.serving.sight import quote_in
from rushtrade.tape.conditions import pack_letters
from rushtrade.tape.frames import Bars, fold, values_of
from rushtrade.tape.tape import Tape
from rushtrade.tape.tape_layout import TRADE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import numpy.typing as npt

    from rushtrade.api.access import FrontDesk
    from rushtrade.api.ports import PastTrade
    from rushtrade.serving.sight import Sight
    from rushtrade.store import rows
    from rushtrade.tape.prints import Bar

TRADES_AGAIN_MAX: Final = 1_000_000
"""Archived trades that bars are made of again for a reader of few venues: a busy stock's busy day."""
_REPORT: Final = ord("T")
_LENGTHS: Final = {"Min": MINUTE, "Hour": HOUR}


class Row(NamedTuple):
    """One row of an answer."""

    time_ns: int
    fields: dict[str, Any]


class Scope(NamedTuple):
    """Whose rows are read, by whom."""

    desk: FrontDesk
    row: rows.InstrumentRow
    sight: Sight

    @property
    def mask(self) -> int:
        """Venues that may be shown."""
        return self.sight.mask_of(self.row)

    @property
    def until_ns(self) -> int:
        """Latest instant that may be shown."""
        return self.desk.ports.clock.now_ns() - self.sight.delay_ns


if TYPE_CHECKING:
    Reader = Callable[[Scope, Span, int], Awaitable[list[Row]]]
    """Gives rows of a span, at most so many."""


# --- trades -------------------------------------------------------------------------------------------------


async def read_trades(scope: Scope, span: Span, limit: int) -> list[Row]:
    """Give trades, at most `limit`."""
    oldest = scope.desk.ports.market.tape.reaches_back_to_ns
    high = min(span.high_ns, scope.until_ns)
    past: list[PastTrade] = []
    if span.low_ns < oldest:
        past = await archived_trades(
            scope, span.low_ns, min(high, oldest - 1), limit, newest_first=span.newest_first
        )
    held = held_prints(scope)
    held = held[(held["time"] >= max(span.low_ns, oldest)) & (held["time"] <= high)]
    if span.newest_first:
        found = [_print_row(scope, record) for record in held[::-1][:limit]]
        return [*found, *(_past_row(scope, one) for one in past)][:limit]
    found = [_past_row(scope, one) for one in past]
    return [*found, *(_print_row(scope, record) for record in held[: limit - len(found)])]


def held_prints(scope: Scope) -> npt.NDArray[np.void]:
    """Give the trades in memory that stand and may be shown, in order of time."""
    held = scope.desk.ports.market.tape.of(scope.row.instrument_id)
    shown = held["broken"] == 0
    if scope.mask != ALL_VENUES:
        shown &= (scope.mask >> held["venue"].astype(np.int64)) & 1 == 1
    held = held[shown]
    found: npt.NDArray[np.void] = held[np.argsort(held["time"], kind="stable")]
    return found


async def read_marked(scope: Scope, span: Span, letters: frozenset[str]) -> list[Row]:
    """Give trades of a whole span that carry one of some sale conditions."""
    oldest = scope.desk.ports.market.tape.reaches_back_to_ns
    high = min(span.end_ns, scope.until_ns)
    past = await archived_trades(
        scope, span.start_ns, min(high, oldest - 1), TRADES_AGAIN_MAX, letters="".join(sorted(letters))
    )
    held = held_prints(scope)
    held = held[(held["time"] >= max(span.start_ns, oldest)) & (held["time"] <= high)]
    marked = np.zeros(len(held), np.bool_)
    for byte in range(4):
        marked |= np.isin((held["conditions"] >> (8 * byte)) & 0xFF, [ord(letter) for letter in letters])
    return [*(_past_row(scope, one) for one in past), *(_print_row(scope, one) for one in held[marked])]


async def archived_trades(
    scope: Scope, start_ns: int, end_ns: int, limit: int, *, newest_first: bool = False, letters: str = ""
) -> list[PastTrade]:
    """Give the archive's trades that may be shown."""
    archive = scope.desk.ports.archive
    if archive is None or end_ns < start_ns:
        return []
    found = await asyncio.to_thread(
        archive.trades,
        scope.row.symbol,
        start_ns,
        end_ns,
        scope.mask,
        limit,
        newest_first=newest_first,
        letters=letters,
    )
    return list(found)


def _print_row(scope: Scope, record: np.void) -> Row:
    fields = shapes.print_fields(scope.desk.store.image, scope.row, record)
    time_ns = int(record["time"])
    return Row(time_ns, {"t": instant(time_ns), **fields})


def _past_row(scope: Scope, one: PastTrade) -> Row:
    return Row(
        one.time_ns,
        {
            "t": instant(one.time_ns),
            "x": shapes.exchange_letter(scope.desk.store.image, one.venue),
            "p": shapes.price_number(one.price),
            "s": one.shares,
            "c": list(one.conditions) or ["@"],
            "i": one.number,
            "z": shapes.tape_of(scope.row),
        },
    )


def latest_trade(scope: Scope) -> Row | None:
    """Give the latest trade that may be shown."""
    trade = scope.desk.ports.market.tape.last_trade(scope.row.instrument_id)
    if trade is not None and not scope.sight.delay_ns and scope.mask >> trade.venue & 1:
        fields = shapes.trade_fields(scope.desk.store.image, scope.row, trade)
        return Row(trade.time_ns, {"t": instant(trade.time_ns), **fields})
    held = held_prints(scope)
    held = held[held["time"] <= scope.until_ns]
    return _print_row(scope, held[-1]) if len(held) else None


# --- quotes -------------------------------------------------------------------------------------------------


async def read_quotes(scope: Scope, span: Span, limit: int) -> list[Row]:
    """Give best bids and offers as they changed, at most `limit`: the archive's, then those in memory.

    Of some venues only the latest is known: the past is kept of all of them together.
    """
    high = min(span.high_ns, scope.until_ns)
    if scope.mask != ALL_VENUES:
        latest = None if scope.sight.delay_ns else latest_quote(scope)
        return [latest] if latest is not None and span.low_ns <= latest.time_ns <= high else []
    news = scope.desk.ports.market.best_news
    held = news.after(0, len(news.rows))
    oldest = int(held["time"][0]) if len(held) else high + 1
    own = held[
        (held["instrument"] == scope.row.instrument_id)
        & (held["time"] >= max(span.low_ns, oldest))
        & (held["time"] <= high)
    ]
    past = await _archived_quotes(
        scope, span.low_ns, min(high, oldest - 1), limit, newest_first=span.newest_first
    )
    if span.newest_first:
        return [*(_change_row(scope, one) for one in own[::-1][:limit]), *past][:limit]
    return [*past, *(_change_row(scope, one) for one in own[: max(limit - len(past), 0)])]


def _change_row(scope: Scope, change: np.void) -> Row:
    time_ns = int(change["time"])
    fields = shapes.change_fields(scope.desk.store.image, scope.row, change)
    return Row(time_ns, {"t": instant(time_ns), **fields})


async def _archived_quotes(
    scope: Scope, start_ns: int, end_ns: int, limit: int, *, newest_first: bool
) -> list[Row]:
    archive = scope.desk.ports.archive
    if archive is None or scope.mask != ALL_VENUES or end_ns < start_ns:
        return []
    past = await asyncio.to_thread(
        archive.quotes, scope.row.symbol, start_ns, end_ns, limit, newest_first=newest_first
    )
    image = scope.desk.store.image
    return [
        Row(one.time_ns, {"t": instant(one.time_ns), **shapes.past_quote_fields(image, scope.row, one)})
        for one in past
    ]


def latest_quote(scope: Scope) -> Row | None:
    """Give the best bid and offer as it is now."""
    quote = quote_in(scope.desk, scope.row.instrument_id, scope.mask)
    if quote.state == "unknown":
        return None
    fields = shapes.quote_fields(scope.desk.store.image, scope.row, quote)
    return Row(quote.time_ns, {"t": instant(quote.time_ns), **fields})


async def known_quote(scope: Scope) -> Row | None:
    """Give the best bid and offer as this reader may know it: now, or late from the archive."""
    if not scope.sight.delay_ns:
        return latest_quote(scope)
    span = Span(0, scope.until_ns, newest_first=True)
    found = await read_quotes(scope, span, 1)
    return found[0] if found else None


# --- bars ---------------------------------------------------------------------------------------------------


def bar_reader(timeframe: str) -> Reader:
    """Make the reader of bars of one length."""
    count, unit = read_timeframe(timeframe)

    async def read(scope: Scope, span: Span, limit: int) -> list[Row]:
        edge = left_edge(span.low_ns, count, unit)
        bars = await bars_of_length(scope, edge, min(span.high_ns, scope.until_ns), count, unit)
        found = [bar_row(bar) for bar in bars if span.low_ns <= bar.start_ns <= span.high_ns]
        return (found[::-1] if span.newest_first else found)[:limit]

    return read


def bar_row(bar: Bar) -> Row:
    """Write a bar."""
    return Row(bar.start_ns, {"t": instant(bar.start_ns), **shapes.bar_fields(bar)})


async def bars_of_length(scope: Scope, start_ns: int, end_ns: int, count: int, unit: str) -> list[Bar]:
    """Put the minutes of a span together."""
    minutes = await minutes_of(scope, start_ns, end_ns)
    starts = minutes["key"] & ~np.int64(1)
    if unit in _LENGTHS:
        length = count * _LENGTHS[unit]
        return values_of(fold(minutes, starts // length * length))
    hours = starts // HOUR * HOUR
    edges = {hour: left_edge(hour, count, unit) for hour in np.unique(hours).tolist()}
    return values_of(fold(minutes, np.array([edges[hour] for hour in hours.tolist()], np.int64)))


async def minutes_of(scope: Scope, start_ns: int, end_ns: int) -> Bars:
    """Give the minutes of a span: the archive's, then the tape's; or those made again of the trades that may be shown."""
    tape, number = scope.desk.ports.market.tape, scope.row.instrument_id
    if scope.mask != ALL_VENUES or scope.sight.delay_ns:
        return await _minutes_again(scope, start_ns, end_ns)
    found = tape.minutes(number, start_ns, end_ns + 1)
    archive = scope.desk.ports.archive
    first = int(found["key"][0]) & ~1 if len(found) else end_ns + 1
    if archive is None or start_ns >= first:
        return found
    past = await asyncio.to_thread(archive.minutes, scope.row.symbol, start_ns, first - 1)
    return np.concatenate([past, found]) if len(past) else found


async def _minutes_again(scope: Scope, start_ns: int, end_ns: int) -> Bars:
    """Make minutes of the trades that may be shown, day by day, under the tape's own rules."""
    oldest = scope.desk.ports.market.tape.reaches_back_to_ns
    end_ns = min(end_ns, scope.until_ns)
    past = await archived_trades(scope, start_ns, min(end_ns, oldest - 1), TRADES_AGAIN_MAX)
    held = held_prints(scope)
    held = held[(held["time"] >= max(start_ns, oldest)) & (held["time"] <= end_ns)]
    return minutes_of_prints(scope, np.concatenate([_as_reports(past), held]))


def minutes_of_prints(scope: Scope, prints: npt.NDArray[np.void]) -> Bars:
    """Make minutes of trades under the tape's own rules, as if there had been no others."""
    trades = prints.copy()
    trades["kind"], trades["printable"], trades["instrument"], trades["previous"] = _REPORT, 1, 1, 0
    trades["match"] = np.arange(1, len(trades) + 1)
    days = np.array([midnight(local_day(time)) for time in trades["time"].tolist()], np.int64)
    tape = Tape([1])
    tape.list_on(1, shapes.tape_of(scope.row))
    made = [tape.minutes(1, 0, 0)]
    for begins in np.unique(days).tolist():
        tape.open_day(begins, _regular(scope.desk, begins))
        tape.take(np.ascontiguousarray(trades[days == begins]))
        made.append(tape.minutes(1, begins, begins + 2 * DAY))
    return np.concatenate(made)


def _regular(desk: FrontDesk, midnight_ns: int) -> tuple[int, int] | None:
    day = local_day(midnight_ns)
    sessions = desk.ports.clock.sessions(day, day)
    return (sessions[0].opens_ns, sessions[0].closes_ns) if sessions else None


def _as_reports(past: list[PastTrade]) -> npt.NDArray[np.void]:
    made = np.zeros(len(past), TRADE)
    for place, one in enumerate(past):
        made["time"][place], made["price"][place], made["shares"][place] = one.time_ns, one.price, one.shares
        made["venue"][place], made["conditions"][place] = one.venue, pack_letters(one.conditions)
    return made
