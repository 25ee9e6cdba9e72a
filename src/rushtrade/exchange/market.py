"""The market of a world: one exchange per venue, and the flow that gives them their books.

Composition only. Which venues there are, and in which order, is the world's business; every venue is named by its place
in the world. Time comes in with every call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rushtrade.exchange.venue import Exchange

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
