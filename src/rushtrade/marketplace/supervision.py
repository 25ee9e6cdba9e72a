"""Supervision of all venues of a world: the hours of the day, the crosses, and what volatile prices set off.

Theory of operation. `advance` does everything that is due by an instant, in order of time, from an agenda; the market lets
its flow happen up to each entry first. Once a second prices are looked at, once in thirty seconds bands are set anew. All
of it is switched by the dated rules of the trade date:

===================  ==============================================================================================
rule                 what happens here
===================  ==============================================================================================
611, 610(e)          venues are told to keep them; they know the others' quotes from `national_quotes`
price bands          around the mean of five minutes' trades; a national best quote that stands at a band for 15 s pauses
                     the stock everywhere for five minutes; it reopens with a cross where it is listed
Rule 201             a trade at 10 % below the last close or lower restricts short sales for the day and the next
market-wide breaker  the index's stock falls by a level: all stocks are halted; the third level ends their day
crosses              imbalances, then the cross, at the listing venue at the open, at the close and after a pause
===================  ==============================================================================================

A day that begins inside the regular session begins there: there is no opening cross. Knows no members and no orders.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from rushtrade.domain.instruments import EquityClass
from rushtrade.exchange.venue import CLOSING_CROSS, HALT_CROSS, OPENING_CROSS
from rushtrade.marketplace.volatility import Volatility
from rushtrade.rules.market_structure import (
    CROSSES,
    LOCKED_CROSSED,
    MARKET_WIDE_BREAKER,
    ORDER_PROTECTION,
    SHORT_SALE_TEST,
    CrossCadence,
)
from rushtrade.rules.price_bands import MINUTE_NS, TIER_1, TIER_2
from rushtrade.rules.sessions import session_on

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from rushtrade.exchange.venue import Exchange
    from rushtrade.marketplace.national_quotes import NationalQuotes
    from rushtrade.rules.world import World

OFF_EXCHANGE: Final = (EquityClass.OTC_BB, EquityClass.PINK)
"""Classes no price bands are for. Of the others, a world's own stocks are of tier 1, those only a record knows of tier 2."""
LOOK_NS: Final = 1_000_000_000
MILLION: Final = 1_000_000
PAUSE_REASON: Final = "LUDP"
BREAKER_REASONS: Final = ("MWC1", "MWC2", "MWC3")
"""Reasons of a halt as the feeds spell them."""


class Supervision:
    """One day of all venues.

    `closes`: last close by symbol, where one is known; `restricted`: stocks under Rule 201 since yesterday; `index`: the
    symbol whose fall sets off the market-wide breaker, if there is one.
    """

    def __init__(
        self,
        world: World,
        venues: Sequence[Exchange],
        quotes: NationalQuotes,
        day: dt.date,
        closes: Mapping[str, int],
        *,
        restricted: Sequence[str] = (),
        index: str = "",
    ) -> None:
        self._venues = tuple(venues)
        self._quotes = quotes
        self._symbols = self._venues[0].symbols
        self._closes = closes
        self._index = index
        self._crosses = CROSSES.on(day)
        self._short_test = SHORT_SALE_TEST.on(day)
        self._breaker = MARKET_WIDE_BREAKER.on(day)
        self.session = session_on(day)
        tiers = dict.fromkeys(self._symbols, TIER_2)
        tiers |= {row.symbol: 0 if row.equity_class in OFF_EXCHANGE else TIER_1 for row in world.symbols}
        self._volatility = Volatility(venues, quotes, day, closes, tiers, self.session)
        places = {venue.code: venue.index for venue in world.venues}
        self._primary = {
            row.symbol: self._venues[places[row.primary_venue]]
            for row in world.symbols
            if row.symbol in self._symbols and world.venue(row.primary_venue).kind == "lit"
        }
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._count = 0
        self._paused: dict[str, None] = {}
        self._level = 0
        self.restricted = dict.fromkeys(restricted)
        self.triggered: dict[str, None] = {}
        """Stocks that fell far enough today for Rule 201: restricted for the rest of the day and all of the next."""
        rules = {"trade_through": ORDER_PROTECTION.on(day), "lock_and_cross": LOCKED_CROSSED.on(day)}
        for venue, row in zip(self._venues, world.venues, strict=True):
            if row.kind == "lit":
                venue.engine.keep_rules(**rules)

    @property
    def next_ns(self) -> int | None:
        """When the next thing is due."""
        return self._agenda[0][0] if self._agenda else None

    def open(self, now_ns: int) -> None:
        """Open every venue in the session of the hour, and plan the day from there."""
        session = self.session
        early = self._crosses is not None and now_ns < session.open_ns
        for venue in self._venues:
            if early:
                venue.open_pre_market(now_ns)
            else:
                venue.open(now_ns)
        if self._crosses is not None and now_ns < session.close_ns:
            for symbol, venue in self._primary.items():
                venue.hold_auctions(symbol, self._closes.get(symbol, 0))
            if early:
                self._plan(session.open_ns, self._open_regular)
                self._tell_before(self._crosses.opening, session.open_ns, OPENING_CROSS, now_ns)
            self._plan(session.close_ns, self._close_regular)
            self._tell_before(self._crosses.closing, session.close_ns, CLOSING_CROSS, now_ns)
        for symbol in self.restricted:
            self._restrict(symbol, now_ns)
        self._plan(max(now_ns, session.open_ns), self._look)

    def advance(self, now_ns: int) -> None:
        """Do what is due by now."""
        while self._agenda and self._agenda[0][0] <= now_ns:
            due_ns, _, act = heapq.heappop(self._agenda)
            act(due_ns)

    def band(self, symbol: str) -> tuple[int, int]:
        """Return a stock's lower and upper price band; 0, 0 while it has none."""
        return self._volatility.band(symbol)

    # --- sessions -----------------------------------------------------------------------------------------

    def _open_regular(self, now_ns: int) -> None:
        for venue in self._venues:
            venue.open_regular_session(now_ns)

    def _close_regular(self, now_ns: int) -> None:
        self._volatility.end()
        for venue in self._venues:
            venue.close_regular_session(now_ns)

    def _tell_before(self, cadence: CrossCadence, cross_ns: int, kind: str, now_ns: int) -> None:
        """Plan the imbalance messages before the crosses of all stocks."""
        first = max(cross_ns - cadence.before_ns, now_ns)

        def tell(at_ns: int) -> None:
            for symbol, venue in self._primary.items():
                if symbol not in self._paused:
                    venue.tell_imbalance(symbol, kind, at_ns)
            if at_ns + cadence.every_ns < cross_ns:
                self._plan(at_ns + cadence.every_ns, tell)

        if first < cross_ns:
            self._plan(first, tell)

    # --- prices -------------------------------------------------------------------------------------------

    def _look(self, now_ns: int) -> None:
        """Look at prices once a second while the regular session lasts."""
        if now_ns >= self.session.close_ns:
            return
        for symbol, price in self._volatility.look(now_ns):
            self._test_short_sales(symbol, price, now_ns)
            if symbol == self._index:
                self._test_breaker(price, now_ns)
        for symbol in self._volatility.due_pauses(now_ns):
            self._pause(symbol, now_ns)
        self._plan(now_ns + LOOK_NS, self._look)

    def _test_short_sales(self, symbol: str, price: int, now_ns: int) -> None:
        close = self._closes.get(symbol, 0)
        if self._short_test is None or symbol in self.triggered or not close:
            return
        if price * MILLION <= close * (MILLION - self._short_test.decline_ppm):
            self.triggered[symbol] = None
            if symbol not in self.restricted:
                self._restrict(symbol, now_ns)

    def _restrict(self, symbol: str, now_ns: int) -> None:
        if symbol in self._symbols:
            for venue in self._venues:
                venue.restrict_short_sales(symbol, now_ns, on=True)

    # --- pauses -------------------------------------------------------------------------------------------

    def _pause(self, symbol: str, now_ns: int) -> None:
        """Pause a stock everywhere, call for orders where it is listed, and plan its return."""
        self._halt(symbol, PAUSE_REASON, now_ns, paused=True)
        if self._crosses is not None:
            self._plan_return(symbol, now_ns + self._crosses.pause_ns, now_ns)

    def _halt(self, symbol: str, reason: str, now_ns: int, *, paused: bool = False) -> None:
        self._paused[symbol] = None
        for venue in self._venues:
            venue.halt(symbol, now_ns, reason=reason, paused=paused)
        self._volatility.lift(symbol)

    def _plan_return(self, symbol: str, return_ns: int, now_ns: int) -> None:
        if return_ns >= self.session.close_ns:
            return  # the closing cross is next; until then nothing trades
        primary, crosses = self._primary.get(symbol), self._crosses
        if primary is not None:
            primary.call(symbol, now_ns)
        if primary is not None and crosses is not None:

            def tell(at_ns: int) -> None:
                if symbol in self._paused:
                    primary.tell_imbalance(symbol, HALT_CROSS, at_ns)
                    if at_ns + crosses.halt.every_ns < return_ns:
                        self._plan(at_ns + crosses.halt.every_ns, tell)

            self._plan(max(now_ns, return_ns - crosses.halt.before_ns), tell)
        self._plan(return_ns, lambda at_ns: self._return(symbol, at_ns))

    def _return(self, symbol: str, now_ns: int) -> None:
        """Trade again: first where the stock is listed, by a cross, then everywhere."""
        if symbol not in self._paused or self._level == len(BREAKER_REASONS):
            return
        del self._paused[symbol]
        primary = self._primary.get(symbol)
        for venue in ([primary] if primary is not None else []) + [
            venue for venue in self._venues if venue is not primary
        ]:
            venue.resume(symbol, now_ns)
        self._volatility.begin(symbol, now_ns)

    # --- the whole market ---------------------------------------------------------------------------------

    def _test_breaker(self, price: int, now_ns: int) -> None:
        """Halt all stocks when the index has fallen by the next level; each level once a day."""
        breaker, close = self._breaker, self._closes.get(self._index, 0)
        if breaker is None or not close:
            return
        fall = (close - price) * MILLION
        level = sum(fall >= close * ppm for ppm in breaker.level_ppm)
        late = now_ns >= self.session.midnight_ns + breaker.last_minute * MINUTE_NS
        if level <= self._level or (late and level < len(breaker.level_ppm)):
            return
        self._level = level
        for symbol in self._symbols:
            if symbol not in self._paused or level == len(breaker.level_ppm):
                self._halt(symbol, BREAKER_REASONS[level - 1], now_ns)
                if level < len(breaker.level_ppm):
                    self._plan_return(symbol, now_ns + breaker.halt_minutes * MINUTE_NS, now_ns)
        if level == len(breaker.level_ppm):
            self._agenda = [entry for entry in self._agenda if entry[0] >= self.session.close_ns]
            heapq.heapify(self._agenda)

    def _plan(self, due_ns: int, act: Callable[[int], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (due_ns, self._count, act))
