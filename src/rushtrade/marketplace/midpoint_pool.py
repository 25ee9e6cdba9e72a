"""A midpoint pool: orders nobody sees, executed halfway between the best bid and ask of everybody else.

Theory of operation. Every order that comes in is made hidden and pegged to the midpoint, within its own limit; minimum
quantities, cancels, replaces and the rest are the engine's. The pool's other participants are a *crowd*, drawn by chance
from seed, stock and time: for `crowd_ms` it stands on one side of a stock with some shares, or is not there. Before the
first look at a stock it does not exist; while members' orders rest it comes and goes by itself.

An order that asked at once and found nobody has shown its hand: with `leak_ppm` somebody hears of it, and what it would
have taken next begins to go. Publishes executions alone, as trades of orders nobody saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from rushtrade.domain.chance import drawn, happens
from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange.tables import H_NEXT_MATCH, S_PEGS
from rushtrade.marketplace.door import Heard, Leak, PlainDoor
from rushtrade.wire import order_entry as oe

if TYPE_CHECKING:
    from rushtrade.exchange.venue import Exchange
    from rushtrade.rules.world import PoolTerms
    from rushtrade.wire.order_entry import Rows

HOUSE_FIRM: Final = 0xFFFF
"""The number a venue's own participants trade under; reports to it are for nobody."""
ROUND_LOT: Final = 100
_ENTERING: Final = (oe.ENTER, oe.REPLACE)


def own_rows(count: int) -> Rows:
    """Rows of a venue's own participants, to be filled in."""
    rows = np.zeros(count, oe.ORDER_ENTRY)
    rows["firm"] = HOUSE_FIRM
    return rows


def refuse_house_firm(batch: Rows) -> None:
    """InvalidInput for a member who takes the number of a venue's own participants."""
    if (batch["firm"] == HOUSE_FIRM).any():
        raise InvalidInput(f"firm {HOUSE_FIRM} is a venue's own; members are 1 to {HOUSE_FIRM - 1}")


class MidpointPool(PlainDoor):
    """One pool. Its exchange is told the national quote by whoever supervises it."""

    def __init__(self, exchange: Exchange, terms: PoolTerms, seed: int) -> None:
        super().__init__(exchange)
        self._terms = terms
        self._seed = seed
        self._crowd_ns = terms.crowd_ms * 1_000_000
        self._seen: dict[int, tuple[int, int]] = {}
        """By stock: the time span the crowd was last drawn for, and the token of its order there (0 = none)."""
        self._tokens = 0
        self._leaks: list[Leak] = []
        self._resting: dict[int, None] = {}
        """Stocks in which members' orders may rest."""
        self._next_ns: int | None = None

    @property
    def next_ns(self) -> int | None:
        """When the crowd is drawn anew, while members' orders rest."""
        return self._next_ns

    def enter(self, batch: Rows, now_ns: int) -> None:
        """Carry out instructions, row by row, each with the crowd of its time."""
        refuse_house_firm(batch)
        for row in _hidden(batch).reshape(-1, 1):
            locate = int(row["locate"][0])
            asks = row["kind"][0] == oe.ENTER and 0 < locate <= len(self.exchange.symbols)
            if asks:
                self._draw(locate, now_ns)
            before = self._matches()
            self.exchange.enter(row, now_ns)
            if asks and row["time_in_force"][0] not in (oe.IOC, oe.FOK):
                self._resting[locate] = None
            elif asks and self._matches() == before:
                self._let_slip(row)
        self._plan(now_ns)

    def advance(self, now_ns: int) -> None:
        """Draw the crowd anew where members' orders rest and its time is over."""
        if self._next_ns is None or now_ns < self._next_ns:
            return
        for locate in list(self._resting):
            self._send_crowd_home(locate, now_ns)
            if self._members_rest(locate):
                self._draw(locate, now_ns)
            else:
                del self._resting[locate]
        self._plan(now_ns)

    def collect(self, now_ns: int, heard: Heard) -> None:
        """Say all there is, but for what is the crowd's."""
        collect_for_members(self.exchange, heard)
        del now_ns

    def leaks(self) -> list[Leak]:
        """Take what has got about."""
        leaks, self._leaks = self._leaks, []
        return leaks

    def _plan(self, now_ns: int) -> None:
        self._next_ns = (now_ns // self._crowd_ns + 1) * self._crowd_ns if self._resting else None

    def _matches(self) -> int:
        return self.exchange.engine.tables.value(H_NEXT_MATCH)

    def _members_rest(self, locate: int) -> bool:
        return self.exchange.engine.tables.stock_value(locate, S_PEGS) != 0

    def _send_crowd_home(self, locate: int, now_ns: int) -> None:
        """End the time of a crowd that stands in a stock."""
        span, token = self._seen.get(locate, (-1, 0))
        if token and span != now_ns // self._crowd_ns:
            row = own_rows(1)
            row["kind"], row["original_token"] = oe.CANCEL, token
            self.exchange.enter(row, now_ns)
            self._seen[locate] = (span, 0)

    def _draw(self, locate: int, now_ns: int) -> None:
        """Let the crowd of this time span stand in a stock, in place of that of the last one."""
        span = now_ns // self._crowd_ns
        if self._seen.get(locate, (-1, 0))[0] == span:
            return
        self._send_crowd_home(locate, now_ns)
        token = 0
        names = (self._seed, self.exchange.venue, locate, span)
        if happens(self._terms.crowd_ppm, *names, 1):
            self._tokens = token = self._tokens + 1
            row = own_rows(1)
            row["kind"], row["token"], row["locate"] = oe.ENTER, token, locate
            row["side"] = drawn(*names, 2) & 1
            row["shares"] = self._crowd_shares(drawn(*names, 3))
            row["display"], row["peg"] = oe.HIDDEN, oe.MIDPOINT
            self.exchange.enter(row, now_ns)
        self._seen[locate] = (span, token)

    def _crowd_shares(self, number: int) -> int:
        """Half of the usual size as often as not, then twice that half as often, and so on: tails are heavy."""
        doublings = 0
        while doublings < 6 and number >> doublings & 1:
            doublings += 1
        shares = max(self._terms.crowd_shares // 2, 1) << doublings
        return min(-(-shares // ROUND_LOT) * ROUND_LOT, oe.SHARES_MAX)

    def _let_slip(self, row: Rows) -> None:
        names = (self._seed, self.exchange.venue, int(row["firm"][0]), int(row["token"][0]))
        if self._terms.leak_shares and happens(self._terms.leak_ppm, *names, 4):
            side = 1 if row["side"][0] == oe.BUY else 0
            self._leaks.append(Leak(int(row["locate"][0]), side, self._terms.leak_shares))


def _hidden(batch: Rows) -> Rows:
    """The same instructions as a pool takes them: hidden, and at the midpoint unless they follow another quote."""
    rows = batch.copy()
    new = rows["kind"] == oe.ENTER
    rows["display"][new] = oe.HIDDEN
    rows["display_shares"][np.isin(rows["kind"], _ENTERING)] = 0
    rows["instructions"][new] &= ~np.uint8(oe.ISO)
    plain = new & (rows["peg"] == oe.NO_PEG)
    rows["peg"][plain] = oe.MIDPOINT
    rows["peg_offset"][plain] = 0
    return rows


def collect_for_members(exchange: Exchange, heard: Heard) -> None:
    """Say all there is, but for what is the venue's own participants'."""
    if exchange.has_reports:
        reports = exchange.reports()
        members = reports[reports["firm"] != HOUSE_FIRM]
        if len(members):
            heard.reports.append(members)
    packet = exchange.feed()
    if packet is not None:
        heard.packets.append(packet)
