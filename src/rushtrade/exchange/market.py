"""The market of a world: one exchange per venue, and the flow that gives them their books.

Composition only. Which venues there are, and in which order, is the world's business; every venue is named by its place
in the world. Time comes in with every call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rushtrade.exchange.venue import Exchange
from rushtrade.wire import order_entry as oe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.exchange.flow import Flow
    from rushtrade.rules.world import World
    from rushtrade.wire.feed_packet import FeedPacket
    from rushtrade.wire.order_entry import Rows


class Collected(NamedTuple):
    """What left the venues since the last look: reports by venue, and the feeds of those where something happened."""

    reports: list[tuple[int, Rows]]
    packets: list[FeedPacket]


def load_kernels() -> None:
    """Bring every compiled kernel of a venue into the process, so that a member's first order finds them ready.

    From the cache on disk this takes a fraction of a second; the first time on a machine they are compiled, which takes
    some seconds.
    """
    venue = Exchange(0, ["A"], 0)
    venue.open(0)
    rows = np.zeros(4, oe.ORDER_ENTRY)
    rows["kind"] = (oe.ENTER, oe.ENTER, oe.REPLACE, oe.CANCEL)
    rows["side"] = (oe.BUY, oe.SELL, 0, 0)
    rows["locate"] = rows["firm"] = 1
    rows["token"] = (1, 2, 3, 4)
    rows["original_token"] = (0, 0, 1, 3)
    rows["price"] = 10_000
    rows["shares"] = (200, 100, 200, 0)
    venue.enter(rows, 0)
    venue.reports()
    venue.feed()
    venue.book_image(0)
    venue.close(0)


class Market:
    """All venues of `world`, each listing `symbols` (locate = place in `symbols`, from 1), driven by `flow`.

    `round_lots` (of each symbol, shares) goes into the venues' directories.
    """

    def __init__(
        self,
        world: World,
        symbols: Sequence[str],
        flow: Flow,
        *,
        round_lots: Sequence[int] | None = None,
        tick: int = 100,
        sub_dollar_tick: int = 1,
    ) -> None:
        self.world = world
        self.flow = flow
        self.symbols = tuple(symbols)
        self.venues = tuple(
            Exchange(
                venue.index,
                self.symbols,
                flow.midnight_ns,
                round_lots=round_lots,
                tick=tick,
                sub_dollar_tick=sub_dollar_tick,
            )
            for venue in world.venues
        )
        flow.bind(self.venues, [venue.weight for venue in world.venues])

    @property
    def is_open(self) -> bool:
        """True between `open` and `close`."""
        return all(venue.is_open for venue in self.venues)

    @property
    def finished(self) -> bool:
        """True when the flow has ended: there is no market any more."""
        return self.flow.finished

    def open(self, now_ns: int | None = None) -> None:
        """Open every venue, at the time of the flow's first message unless told otherwise."""
        for venue in self.venues:
            venue.open(self.flow.first_ns if now_ns is None else now_ns)

    def advance(self, until_ns: int) -> None:
        """Let the background flow happen up to `until_ns`."""
        self.flow.advance(until_ns)

    def deliver(self, venue_index: int, batch: Rows, now_ns: int) -> None:
        """Hand instructions to one venue; what the flow did before `now_ns` should have been let happen."""
        self.venues[venue_index].enter(batch, now_ns)

    def collect(self) -> Collected:
        """Take what left the venues since the last call, in venue order."""
        reports: list[tuple[int, Rows]] = []
        packets: list[FeedPacket] = []
        for venue in self.venues:
            if venue.has_reports:
                reports.append((venue.venue, venue.reports()))
            packet = venue.feed()
            if packet is not None:
                packets.append(packet)
        return Collected(reports, packets)

    def close(self, now_ns: int) -> None:
        """End the day at every venue: members' orders are cancelled with reports."""
        for venue in self.venues:
            venue.close(now_ns)
