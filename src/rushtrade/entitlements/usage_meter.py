"""The meter: what each user made of each product today, counted up to the next time somebody takes it to the journal.

Most displays at once, and queries. A meter that begins within a day goes on from what the journal knows, so that a restart loses
only what was never taken. Counting costs a dictionary's step; a row is given only when it says more than the one before.
"""

from __future__ import annotations

from rushtrade.domain.data_products import DataUse, UsageRow
from rushtrade.entitlements.register import Register

ROWS_AT_ONCE = 4_096
"""Rows taken at a time; one command holds as many."""


class UsageMeter:
    """Counts of one day."""

    def __init__(self, register: Register, day: int) -> None:
        self.day = day
        self._register = register
        self._counts: dict[tuple[int, str, DataUse, bool], list[int]] = {}
        self._waiting: dict[tuple[int, str, DataUse, bool], None] = {}

    def turn(self, day: int) -> list[UsageRow]:
        """Begin another day; give what of the one before has not been taken."""
        rest = [self._row(key) for key in self._waiting]
        self._counts.clear()
        self._waiting.clear()
        self.day = day
        return rest

    def shown(
        self, subscriber_id: int, product: str, use: DataUse, displays: int, *, is_delayed: bool
    ) -> None:
        """Count displays that are open now."""
        key = subscriber_id, product, use, is_delayed
        count = self._count(key)
        if displays > count[0]:
            count[0] = displays
            self._waiting[key] = None

    def queried(self, subscriber_id: int, product: str, use: DataUse, *, is_delayed: bool) -> None:
        """Count one query."""
        key = subscriber_id, product, use, is_delayed
        self._count(key)[1] += 1
        self._waiting[key] = None

    def take(self) -> list[UsageRow]:
        """Give the rows that say more than when last taken, at most `ROWS_AT_ONCE`; the others wait."""
        keys = list(self._waiting)[:ROWS_AT_ONCE]
        for key in keys:
            del self._waiting[key]
        return [self._row(key) for key in keys]

    def put_back(self, rows: list[UsageRow]) -> None:
        """Have rows taken again that did not reach the journal."""
        for row in rows:
            self._waiting[row.subscriber_id, row.product, row.use, row.is_delayed] = None

    def _count(self, key: tuple[int, str, DataUse, bool]) -> list[int]:
        found = self._counts.get(key)
        if found is None:
            subscriber = self._register.subscribers.get(key[0])
            known = None if subscriber is None else subscriber.usage(key[1], key[2], is_delayed=key[3])
            today = known is not None and known.day == self.day
            found = [known.usage.displays, known.usage.queries] if known is not None and today else [0, 0]
            self._counts[key] = found
        return found

    def _row(self, key: tuple[int, str, DataUse, bool]) -> UsageRow:
        subscriber_id, product, use, is_delayed = key
        displays, queries = self._counts[key]
        return UsageRow(subscriber_id, product, use, displays, queries, is_delayed)
