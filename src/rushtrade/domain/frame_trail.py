"""Which orders and accounts a journal entry is about, directly or through a child order's token.

Commands of venues name tokens only, and some events do too: what they belong to was said by an earlier event. So a trail
is followed from the journal's first entry, and remembers two numbers an order and one a child.
"""

from __future__ import annotations

from collections.abc import Sequence

from rushtrade.domain import events as ev
from rushtrade.domain.frames import Entry


class Trail:
    """Which orders and accounts an entry is about, learned from the entries before it."""

    def __init__(self) -> None:
        self._order_of: dict[int, int] = {}
        self._account_of: dict[int, int] = {}
        self._charged_to: dict[int, int] = {}
        """By subscriber of market data: the account their fees are charged to."""

    def follow(self, entry: Entry) -> tuple[frozenset[int], frozenset[int]]:
        """Give the orders and accounts of an entry. Every entry must pass here, oldest first."""
        for event in entry.events:
            self._learn(event)
        parts = [entry.command, *entry.events]
        tokens = _numbers(parts, ("token", "new_token", "original_token"))
        tokens += [token for part in parts for token in getattr(part, "in_doubt", ())]
        orders = _numbers(parts, ("order_id", "replacement_id", "replaces", "first_order_id"))
        orders += [self._order_of.get(token, 0) for token in tokens]
        accounts = _numbers(parts, ("account_id",))
        accounts += [self._account_of.get(order, 0) for order in orders]
        usages = [part.usage for part in parts if isinstance(part, ev.UsageObserved)]
        subscribers = _numbers([*parts, *usages], ("subscriber_id",))
        accounts += [self._charged_to.get(number, 0) for number in subscribers]
        return frozenset(orders) - {0}, frozenset(accounts) - {0}

    def _learn(self, event: ev.AnyEvent) -> None:
        match event:
            case ev.OrderAccepted():
                self._account_of[event.order_id] = event.account_id
            case ev.SubscriberRegistered():
                self._charged_to[event.subscriber_id] = event.account_id
            case ev.OrderRouted():
                for place in range(len(event.plan.children)):
                    self._order_of[event.first_token + place] = event.order_id
            case ev.ReplaceRequested():
                self._order_of[event.new_token] = event.order_id
            case ev.ChildReplaced():
                self._order_of[event.new_token] = event.order_id


def _numbers(parts: Sequence[object], names: Sequence[str]) -> list[int]:
    """Give what stands in fields of these names; 0 where there is none."""
    return [getattr(part, name, 0) for part in parts for name in names]
