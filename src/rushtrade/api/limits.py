"""Token buckets: how often a key, an account or an address may ask.

A bucket refills with time and is bounded by its burst. The table of buckets is bounded too: the bucket that was
asked longest ago goes first, and by then it is full again or its owner has stopped.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKETS_MAX: Final = 10_000
"""Owners remembered at a time; each costs some 200 bytes."""


class Bucket:
    """Tokens of one owner."""

    __slots__ = ("tokens", "updated")

    def __init__(self, tokens: float, updated: float) -> None:
        self.tokens = tokens
        self.updated = updated


class RateLimit:
    """`per_second` tokens a second, at most `burst` at once, for each owner."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, owner: str) -> bool:
        """Take a token; False when there is none."""
        now = self._clock()
        bucket = self._buckets.get(owner)
        if bucket is None:
            bucket = self._buckets[owner] = Bucket(float(self.burst), now)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(owner)
            gained = (now - bucket.updated) * self.per_second
            bucket.tokens = min(float(self.burst), bucket.tokens + gained)
            bucket.updated = now
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True

    def left(self, owner: str) -> int:
        """Tokens an owner has now."""
        bucket = self._buckets.get(owner)
        return self.burst if bucket is None else int(bucket.tokens)

    def full_in(self, owner: str) -> float:
        """Seconds until the owner's bucket is full again."""
        bucket = self._buckets.get(owner)
        return 0.0 if bucket is None else (self.burst - bucket.tokens) / self.per_second

    def wait(self, owner: str) -> float:
        """Seconds until the owner's next token."""
        bucket = self._buckets.get(owner)
        return 0.0 if bucket is None else max(0.0, (1.0 - bucket.tokens) / self.per_second)
