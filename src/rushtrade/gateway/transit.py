"""What is on its way between the house and the venues: batches due at an instant of market time."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

from rushtrade.domain.chance import drawn
from rushtrade.wire.order_entry import Rows


class OrdersOut:
    """Order-entry rows on their way to a venue."""

    __slots__ = ("rows", "venue")

    def __init__(self, venue: int, rows: Rows) -> None:
        self.venue = venue
        self.rows = rows


class ReportsIn:
    """Report rows on their way back."""

    __slots__ = ("rows", "venue")

    def __init__(self, venue: int, rows: Rows) -> None:
        self.venue = venue
        self.rows = rows


class Way:
    """One way of a line: how long what is sent takes. A longer or shorter while by chance, but nothing overtakes."""

    __slots__ = ("_count", "_jitter_ns", "_last_ns", "_latency_ns", "_name")

    def __init__(self, latency_ns: int, jitter_ns: int = 0, name: int = 0) -> None:
        self._latency_ns = latency_ns
        self._jitter_ns = jitter_ns
        self._name = name
        """What tells its chance from that of other ways."""
        self._count = 0
        self._last_ns = 0

    def arrival_ns(self, now_ns: int) -> int:
        """When what is sent now arrives."""
        due_ns = now_ns + self._latency_ns
        if self._jitter_ns:
            self._count += 1
            due_ns = max(due_ns + drawn(self._name, self._count) % (self._jitter_ns + 1), self._last_ns)
            self._last_ns = due_ns
        return due_ns


CargoT = TypeVar("CargoT")


class Transit(Generic[CargoT]):
    """A queue by due time; what is due at the same instant arrives in the order it was sent."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, CargoT]] = []
        self._count = 0

    def send(self, due_ns: int, cargo: CargoT) -> None:
        """Put something on its way."""
        self._count += 1
        heapq.heappush(self._heap, (due_ns, self._count, cargo))

    @property
    def next_ns(self) -> int | None:
        """When the next thing arrives; None when nothing is on its way."""
        return self._heap[0][0] if self._heap else None

    def arrived(self, now_ns: int) -> list[CargoT]:
        """Take out what has arrived by now, in order."""
        heap = self._heap
        arrived: list[CargoT] = []
        while heap and heap[0][0] <= now_ns:
            arrived.append(heapq.heappop(heap)[2])
        return arrived
