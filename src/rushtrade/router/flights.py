"""Children under way: what they may still fill, when their answers are due, and which venues have fallen silent.

It knows no quotes and sends nothing. Theory of operation. A child counts with all its unfilled shares until its venue has said
that it is over; a venue that does not answer in time is *silent*, its child stays counted (in doubt) and is never sent
again elsewhere. So fills and answers may cross in flight in any order: what is filled and what is counted never exceed the order.
"""

from __future__ import annotations

import msgspec

from rushtrade.dart.strategies import DAY, RouteChild

FLIGHTS_MAX = 10_000
"""Children of one order; beyond it nothing more is sent."""
GRACE_US = 4_000
GRACE_LATENCIES = 8
"""An answer is due after two latencies; it is missed after eight more and some grace."""


class Flight(msgspec.Struct):
    """One child under way. `shown` and `best` are what was shown when it was sent: shares within its limit, best price.

    Of a child that rests, `shown` is what is thought to be ahead of it, and `due_us` when it began to rest.
    """

    cid: str
    child: RouteChild
    sent_us: int
    due_us: int
    shown: int
    best: int
    filled: int = 0
    ended: bool = False
    resting: bool = False
    silent: bool = False
    canceled_us: int = 0
    """When its cancel was sent last, 0 for never."""

    @property
    def exposed(self) -> int:
        """Shares it may still fill."""
        return 0 if self.ended else self.child.shares - self.filled


class Flights:
    """The children of one order."""

    def __init__(self) -> None:
        self._all: dict[str, Flight] = {}
        self._open: dict[str, Flight] = {}

    def __len__(self) -> int:
        return len(self._all)

    def send(self, flight: Flight) -> None:
        """Take note of a child that is sent."""
        self._all[flight.cid] = self._open[flight.cid] = flight

    def find(self, cid: str) -> Flight | None:
        """Return a child by name."""
        return self._all.get(cid)

    def end(self, flight: Flight) -> None:
        """Take note that a venue has said a child is over."""
        flight.ended = True
        self._open.pop(flight.cid, None)

    def open(self) -> list[Flight]:
        """Return the children that are not over."""
        return list(self._open.values())

    def exposed(self) -> int:
        """Return the shares all children may still fill."""
        return sum(flight.exposed for flight in self._open.values())

    def awaited(self) -> list[Flight]:
        """Return the children whose answer is still expected: not resting, not silent."""
        return [one for one in self._open.values() if not one.resting and not one.silent]

    def fall_silent(self, now_us: int) -> list[Flight]:
        """Mark the children whose answers have not come in time, and return those newly marked."""
        late = [one for one in self.awaited() if now_us >= one.due_us]
        for one in late:
            one.silent = True
        return late


def due_after(send_us: int, latency_us: int, slack_us: int) -> int:
    """Return when an answer has not come in time."""
    return send_us + (2 + GRACE_LATENCIES) * latency_us + GRACE_US + slack_us


def rests(flight: Flight) -> bool:
    """Whether a child stays in a book when it is not filled."""
    return flight.child.kind == DAY
