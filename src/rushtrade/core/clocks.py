"""Where the house's time comes from, market time moved by whoever runs the day; and the longest of what lately took time."""

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


class LongestLately:
    """The longest of the durations noted within the last one to two spans. Memory: two numbers."""

    __slots__ = ("_before_ns", "_now_ns", "_span", "_span_ns")

    def __init__(self, span_ns: int) -> None:
        self._span_ns = span_ns
        self._span = 0
        self._now_ns = self._before_ns = 0

    def note(self, duration_ns: int, now_ns: int) -> None:
        """Take note of a duration that ended now."""
        self._turn(now_ns)
        self._now_ns = max(self._now_ns, duration_ns)

    def longest_ns(self, now_ns: int) -> int:
        """Give the longest."""
        self._turn(now_ns)
        return max(self._now_ns, self._before_ns)

    def _turn(self, now_ns: int) -> None:
        span = now_ns // self._span_ns
        if span > self._span:
            self._before_ns = self._now_ns if span == self._span + 1 else 0
            self._now_ns = 0
            self._span = span
