"""A scripted market: where each share trades in each half hour of a session, and the quotes an order meets there.

Prices walk by seeded steps made of sums and products of uniform numbers only, so that a seed gives the same prices on every
machine; each is rounded to its minimum increment before anyone sees it. There are no books: what a venue shows is made for
the order that looks at it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from random import Random
from typing import NamedTuple

import msgspec

from rushtrade.domain.instruments import EquityClass, Instrument
from rushtrade.domain.numbers import PRICE_UNIT
from rushtrade.domain.orders import Side
from rushtrade.domain.quotes import Mark, QuoteStamp
from rushtrade.rules.day import RulesForDay
from rushtrade.rules.world import World

SLOTS = 13
"""Half hours of a full session."""
VENUES_SHOWN = 3
"""Venues whose quotes stand on a stamp: enough for a sweep to choose from."""
DAILY_STEP = {
    EquityClass.LISTED: 0.011,
    EquityClass.NASDAQ: 0.019,
    EquityClass.OTC_BB: 0.034,
    EquityClass.PINK: 0.040,
}
"""Size of a day's typical move, by class."""
SPREAD_PPM = {
    EquityClass.LISTED: 400,
    EquityClass.NASDAQ: 500,
    EquityClass.OTC_BB: 15_000,
    EquityClass.PINK: 22_000,
}
"""Spread as a part of the price; never less than one increment."""


class Touch(NamedTuple):
    """Best bid and offer, $0.0001."""

    bid: int
    ask: int


def seeded_step(rng: Random, size: float) -> float:
    """Give a step around zero, of about the given size: near enough to normal, and the same everywhere."""
    return size * (rng.random() + rng.random() + rng.random() + rng.random() - 2.0) * 1.7


class ScriptedMarket:
    """Prices of all shares of a world through the sessions that are played."""

    def __init__(self, world: World, rng: Random) -> None:
        self._rng = rng
        self.instruments: dict[int, Instrument] = {
            number: _instrument(symbol.instrument(number), symbol.equity_class)
            for number, symbol in enumerate(world.symbols, 1)
        }
        routes = {venue.route_code: venue.index for venue in world.venues}
        self._shown = {
            EquityClass(row.equity_class): [routes[code] for code in row.sequence[:VENUES_SHOWN]]
            for row in world.sequences
        }
        self._price = {key: float(instrument.previous_close) for key, instrument in self.instruments.items()}
        self._touches: list[dict[int, Touch]] = []
        self._rules: RulesForDay | None = None

    def of_class(self, *classes: EquityClass) -> list[int]:
        """Give the ids of all instruments of some equity classes."""
        return [key for key, instrument in self.instruments.items() if instrument.equity_class in classes]

    def open_session(self, rules: RulesForDay) -> None:
        """Walk every price through the half hours of a session."""
        self._rules = rules
        self._touches = [{} for _ in range(SLOTS + 1)]
        for key, instrument in self.instruments.items():
            size = DAILY_STEP[instrument.equity_class]
            price = self._price[key] * (1.0 + seeded_step(self._rng, size / 2))
            for slot in range(SLOTS + 1):
                self._touches[slot][key] = self._touch(instrument, price)
                price *= 1.0 + seeded_step(self._rng, size / 5)
            self._price[key] = self._last(self._touches[SLOTS][key])

    def drift(self, rules: RulesForDay, later: Mapping[str, int], parts: int) -> None:
        """Stand still for a day that is opened quietly, one of `parts` even steps nearer to later prices by symbol."""
        self._rules = rules
        for key, instrument in self.instruments.items():
            price = self._price[key]
            self._price[key] = price + (later.get(instrument.symbol, price) - price) / parts
        touches = {
            key: self._touch(instrument, self._price[key]) for key, instrument in self.instruments.items()
        }
        self._touches = [touches for _ in range(SLOTS + 1)]

    def touch(self, instrument_id: int, slot: int) -> Touch:
        """Give the best bid and offer in a half hour; slot `SLOTS` is the close."""
        return self._touches[slot][instrument_id]

    def increment(self, price: int) -> int:
        """Give the minimum price increment at a price, by the rules of the session."""
        assert self._rules is not None
        return self._rules.ticks.tick(price)

    def beyond(self, price: int, increments: int) -> int:
        """Give the price so many increments above (or, below zero, below) a price, on a whole increment; at least one."""
        assert self._rules is not None
        ticks = self._rules.ticks
        if increments > 0:
            return ticks.round_up(price + increments * ticks.tick(price))
        return max(ticks.round_down(price + increments * ticks.tick(price - 1)), 1)

    def marks(self, slot: int) -> tuple[Mark, ...]:
        """Give the marks of all instruments."""
        return tuple(
            Mark(key, touch.bid, touch.ask, self._last(touch)) for key, touch in self._touches[slot].items()
        )

    def stamp(self, instrument_id: int, slot: int, side: Side, shares: int, time_ns: int) -> QuoteStamp:
        """Give what an order of a size sees: the first venue shows a part of what it wants, the others the rest and more."""
        touch = self.touch(instrument_id, slot)
        instrument = self.instruments[instrument_id]
        far, near, away = (touch.ask, touch.bid, 1) if side is Side.BUY else (touch.bid, touch.ask, -1)
        worse = self.beyond(far, away)
        lot = instrument.round_lot
        first = max(shares * 6 // 10 // lot * lot, lot)
        rows: list[int] = []
        for place, venue in enumerate(self._shown[instrument.equity_class]):
            at, shown = (far, first) if place == 0 else (worse if place == 2 else far, shares + place * lot)
            rows += (venue * 2 + 1 - side, at, shown)
        for venue in self._shown[instrument.equity_class]:
            rows += (venue * 2 + side, near, 5 * lot)
        sizes = (5 * lot, first) if side is Side.BUY else (first, 5 * lot)
        levels = struct.pack(f"<{len(rows)}q", *rows)
        return QuoteStamp(time_ns, touch.bid, sizes[0], touch.ask, sizes[1], self._last(touch), levels)

    def _touch(self, instrument: Instrument, price: float) -> Touch:
        bid = max(int(price), 1)
        bid = max(bid - bid % self.increment(bid), 1)
        spread = bid * SPREAD_PPM[instrument.equity_class] // 1_000_000
        ask = bid + max(spread - spread % self.increment(bid), self.increment(bid))
        if ask >= PRICE_UNIT:
            ask += -ask % self.increment(ask)
        return Touch(bid, ask)

    def _last(self, touch: Touch) -> int:
        middle = (touch.bid + touch.ask) // 2
        return max(middle - middle % self.increment(middle), touch.bid)


def _instrument(instrument: Instrument, equity_class: EquityClass) -> Instrument:
    """Take loan value from shares that are not listed: they have none."""
    marginable = equity_class in {EquityClass.LISTED, EquityClass.NASDAQ}
    return msgspec.structs.replace(instrument, marginable=marginable)
