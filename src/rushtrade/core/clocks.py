"""Where the house's time comes from: market time moved by whoever runs the day."""

from __future__ import annotations


class MarketClock:
    """Market time in ns UTC. It only goes forward."""

    __slots__ = ("now_ns",)

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        """Give the time now."""
        return self.now_ns

    def move(self, now_ns: int) -> None:
        """Move on to an instant; one that has passed already changes nothing."""
        self.now_ns = max(self.now_ns, now_ns)
