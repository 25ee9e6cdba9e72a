"""Lines of a house whose exchanges live in the same process: nothing to drain, and the same health to show.

The house gives their packets to its market data itself; this only says how they are, in the words of any other line, so that
one page and one set of alarms serve both. Lag is not known: the house itself says when a message in transit arrives.
"""

from __future__ import annotations

from collections.abc import Callable

from rushtrade.gateway.line import CLOSED, BookImage, LineHealth, StateClock
from rushtrade.market.market_data import MarketData
from rushtrade.wire.feed_packet import FeedPacket


class EmbeddedLine:
    """The line of one venue of the house."""

    def __init__(self, data: Callable[[], MarketData], venue: int, name: str) -> None:
        """`data` gives the market data of the day."""
        self.venue, self.name = venue, name
        self._data = data
        self._state = StateClock()

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    def drain(self, now_ns: int) -> list[FeedPacket]:
        """Give nothing: the house gives packets to its market data itself."""
        del now_ns
        return []

    def image(self) -> BookImage | None:
        """Give none: the house fetches images itself."""
        return None

    def ask_image(self, reason: str) -> None:
        """Nothing to ask."""

    def descriptors(self) -> list[int]:
        """None."""
        return []

    def health(self, now_ns: int) -> LineHealth:
        """How the line is, by what became of its books."""
        books = self._data().line_states()[self.venue]
        return LineHealth(
            venue=self.venue,
            name=self.name,
            kind="embedded",
            state=books.state,
            since_ns=self._state.since(books.state, now_ns),
            reason=books.fault,
            session="",
            next_number=books.next_sequence,
            messages=books.messages,
            rate=0,
            packets={},
            repeats=0,
            holes=books.gaps,
            missing=0,
            requests=0,
            given_up=0,
            malformed=0,
            foreign=0,
            connections=0,
            images=0,
            gap_since_ns=0,
            lag_ns=None,
            source_ns=books.last_time_ns,
            silence_ns=0,
            ended=books.state == CLOSED,
        )
