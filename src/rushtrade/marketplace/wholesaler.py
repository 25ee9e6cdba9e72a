"""A wholesale market maker: looks at each order, and trades against it at a price better than the national quote, or not.

Theory of operation. An order that could be executed at the national quote is taken with `accept_ppm`, up to `shares_max`
shares, at the quote less `improve_ppm` of the spread; chance comes from seed, firm and token. What is not taken comes back
at once: nothing rests here, and only IOC and FOK orders are taken. The market maker's side of a trade is a hidden order
that stands for the length of one instruction, so that executions, reports and tokens are the engine's like anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rushtrade.domain.chance import MILLION, happens
from rushtrade.exchange.tables import S_AWAY_ASK, S_AWAY_BID
from rushtrade.marketplace.door import Heard, PlainDoor
from rushtrade.marketplace.midpoint_pool import collect_for_members, own_rows, refuse_house_firm
from rushtrade.wire import order_entry as oe

if TYPE_CHECKING:
    from rushtrade.exchange.venue import Exchange
    from rushtrade.rules.world import MakerTerms
    from rushtrade.wire.order_entry import Rows

NOT_TAKEN: Final = 255
"""A time in force no venue takes: the engine refuses it in its own words."""


class Wholesaler(PlainDoor):
    """One market maker. Its exchange is told the national quote by whoever supervises it, and has the finest price grid."""

    def __init__(self, exchange: Exchange, terms: MakerTerms, seed: int) -> None:
        super().__init__(exchange)
        self._terms = terms
        self._seed = seed
        self._tokens = 0

    def enter(self, batch: Rows, now_ns: int) -> None:
        """Carry out instructions, row by row."""
        refuse_house_firm(batch)
        for row in batch.copy().reshape(-1, 1):
            if row["kind"][0] != oe.ENTER:
                self.exchange.enter(row, now_ns)
                continue
            if row["time_in_force"][0] not in (oe.IOC, oe.FOK):
                row["time_in_force"] = NOT_TAKEN
            row["display"], row["display_shares"] = oe.HIDDEN, 0
            row["instructions"] &= ~oe.ISO & 0xFF
            price = self._price(row)
            if price:
                self._tokens += 1
                self.exchange.enter(self._own_side(row, price), now_ns)
            self.exchange.enter(row, now_ns)
            if price:
                self.exchange.enter(self._withdrawal(), now_ns)

    def collect(self, now_ns: int, heard: Heard) -> None:
        """Say all there is, but for what is the market maker's own."""
        del now_ns
        collect_for_members(self.exchange, heard)

    def _price(self, row: Rows) -> int:
        """Where the market maker trades against an order; 0 when it does not."""
        locate, token = int(row["locate"][0]), int(row["token"][0])
        if not 0 < locate <= len(self.exchange.symbols) or row["peg"][0] != oe.NO_PEG:
            return 0
        tables = self.exchange.engine.tables
        bid, ask = (tables.stock_value(locate, place) for place in (S_AWAY_BID, S_AWAY_ASK))
        if not 0 < bid < ask:
            return 0
        limit, buys = int(row["price"][0]), row["side"][0] == oe.BUY
        if limit and (limit < ask if buys else limit > bid):
            return 0
        if not happens(
            self._terms.accept_ppm, self._seed, self.exchange.venue, int(row["firm"][0]), token, 1
        ):
            return 0
        better = (ask - bid) * self._terms.improve_ppm // MILLION
        return ask - better if buys else bid + better

    def _own_side(self, row: Rows, price: int) -> Rows:
        own = own_rows(1)
        own["kind"], own["token"], own["locate"] = oe.ENTER, self._tokens, row["locate"]
        own["side"] = oe.SELL if row["side"][0] == oe.BUY else oe.BUY
        own["price"] = price
        own["shares"] = min(max(int(row["shares"][0]), 1), self._terms.shares_max)
        own["display"] = oe.HIDDEN
        return own

    def _withdrawal(self) -> Rows:
        own = own_rows(1)
        own["kind"], own["original_token"] = oe.CANCEL, self._tokens
        return own
