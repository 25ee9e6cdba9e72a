"""Counts of a day, folded from its durable frames: what was asked, refused, filled, where, and what it cost."""

from __future__ import annotations

from collections import Counter

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE


class RouteTally:
    """Executions at one route."""

    __slots__ = ("fills", "shares", "venue_fees")

    def __init__(self) -> None:
        self.fills = 0
        self.shares = 0
        self.venue_fees = 0


class DayTally:
    """Reads frames; money in micro-dollars."""

    def __init__(self) -> None:
        self.commands = 0
        self.orders = 0
        self.rejects: Counter[str] = Counter()
        self.refused_changes: Counter[str] = Counter()
        self.canceled = 0
        self.expired = 0
        self.fills = 0
        self.shares = 0
        self.value = 0
        self.commission = 0
        self.fees = 0
        self.venue_fees = 0
        self.anomalies = 0
        self.routes: dict[int, RouteTally] = {}
        self.effective_cost = 0
        """Σ (price - midpoint at arrival) × shares, as the customer pays it, over orders that met a two-sided quote."""
        self.effective_shares = 0
        self._double_mids: dict[int, int] = {}

    def read(self, body: FrameBody) -> None:
        """Take a frame in."""
        self.commands += len(body.entries)
        for entry in body.entries:
            if type(entry.command) is cmd.EnterOrder:
                self.orders += 1
            for event in entry.events:
                if type(event) is ev.OrderFilled:
                    self._fill(event)
                elif type(event) is ev.OrderAccepted:
                    if 0 < event.arrival_bid <= event.arrival_ask:
                        self._double_mids[event.order_id] = event.arrival_bid + event.arrival_ask
                elif type(event) is ev.OrderRejected:
                    self.rejects[event.reason.name] += 1
                elif type(event) is ev.CommandRefused:
                    self.refused_changes[event.reason.name] += 1
                elif type(event) is ev.OrderCanceled:
                    self.canceled += 1
                elif type(event) is ev.OrderExpired:
                    self.expired += 1
                elif type(event) is ev.AnomalyRecorded:
                    self.anomalies += 1

    def _fill(self, event: ev.OrderFilled) -> None:
        shares = abs(event.signed_shares)
        self.fills += 1
        self.shares += shares
        self.value += event.price * shares * MONEY_PER_PRICE_SHARE
        self.commission += event.commission
        self.fees += event.fees
        self.venue_fees += event.venue_fee
        route = self.routes.setdefault(event.venue, RouteTally())
        route.fills += 1
        route.shares += shares
        route.venue_fees += event.venue_fee
        double_mid = self._double_mids.get(event.order_id)
        if double_mid is not None:
            self.effective_shares += shares
            self.effective_cost += (
                (2 * event.price - double_mid) * event.signed_shares * MONEY_PER_PRICE_SHARE // 2
            )
