"""What is on its way between the house and the venues: batches due at an instant of market time."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

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
