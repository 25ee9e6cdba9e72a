"""A stored day played through a market of its own, from its beginning or a moment of it to the end of the span."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from rushtrade.archive.replay import Rebuilt, Restart, StoredReplay
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.instants import format_instant
from rushtrade.domain.numbers import format_price
from rushtrade.market.market_data import MarketData
from rushtrade.rules.sessions import regular_hours

LOOK_SECONDS = 0.01
"""Between two looks at a replay that has a pace."""

Progress = Callable[[str, int, int], None]


class StockAtEnd(msgspec.Struct, frozen=True):
    """How a stock stood when the replay ended; prices as text, empty for none."""

    symbol: str
    bid: str
    ask: str
    last: str
    volume: int
    state: str


class ReplayRun(msgspec.Struct, frozen=True):
    """What a replay said: messages, wall seconds, the market time it came to, and the stocks, the busiest first."""

    trade_date: str
    until: str
    messages: int
    seconds: float
    lines: dict[str, str]
    stocks: list[StockAtEnd]


def run_replay(replay: StoredReplay, progress: Progress | None = None) -> ReplayRun:
    """Play a replay to its end."""
    data = MarketData(dict(enumerate(replay.symbols, 1)), replay.venues)
    hours = _hours(replay)
    data.open_day(replay.midnight_ns, hours)
    begin = time.perf_counter()
    while replay.position().state == "seeking":
        _say(replay, data, hours)
    replay.play()
    while (position := replay.position()).time_ns < position.last_ns and position.state != "ended":
        said = _say(replay, data, hours)
        if progress:
            progress("replay", position.time_ns - position.first_ns, position.last_ns - position.first_ns)
        if position.speed and not said:
            time.sleep(LOOK_SECONDS)
    position = replay.position()
    lines = {line.venue: line.state for line in data.line_states()}
    return ReplayRun(
        position.trade_date,
        format_instant(position.time_ns),
        position.messages,
        round(time.perf_counter() - begin, 6),
        lines,
        _stocks(replay, data),
    )


def _hours(replay: StoredReplay) -> tuple[int, int] | None:
    try:
        return regular_hours(replay.trade_date)
    except RushTradeError:
        return None  # no session that day: nothing is of extended hours by its time


def _say(replay: StoredReplay, data: MarketData, hours: tuple[int, int] | None) -> int:
    said = replay.advance(time.monotonic_ns())
    for each in said:
        if isinstance(each, Restart):
            data.open_day(each.midnight_ns, hours)
        elif isinstance(each, Rebuilt):
            data.rebuild(each.venue, each.sequence, each.payload)
        else:
            data.receive(each)
    return len(said)


def _stocks(replay: StoredReplay, data: MarketData) -> list[StockAtEnd]:
    found = []
    for number, symbol in enumerate(replay.symbols, 1):
        quote = data.nbbo(number)
        bid, ask, last = (
            format_price(price) if price else "" for price in (quote.bid, quote.ask, quote.last)
        )
        found.append(StockAtEnd(symbol, bid, ask, last, data.volume(number), quote.state))
    return sorted(found, key=lambda each: (-each.volume, each.symbol))
