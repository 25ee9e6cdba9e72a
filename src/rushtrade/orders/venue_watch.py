"""How venues answer: what each owes, how well it answered lately, and when its route goes out of use and comes back.

It knows no order, no quote and no clock: it is told tokens and instants. Part of the core's state: it changes when events are applied
alone, and is looked at by the clock's command (`core.decide_health`), which decides every change of health.

Theory of operation, a circuit breaker a venue:

```
HEALTHY ──an order unanswered too long, or TRIP points──▶ UNHEALTHY ──its time is over, nothing is owed──▶ PROBING
   ▲                                                          ▲                                           │
   └──────────── one small order is answered well ────────────┼───────────────────────────────────────────┤
                                                              └── refused by the venue, late, unanswered ──┘
```

A late answer or a refusal for the venue's own reasons is two points, a good answer takes one back: a venue that fails one time in three
goes, one that stumbles once does not. The time out of use doubles with every failure that follows soon. A child that is not answered
in time stays owed: it is in doubt, counts with all its shares, and is never sent again; its late answer is what ends it.

An order waits for the house's own disk before it leaves. What the house itself was late by lately (`own_delay_ns`) is given to every venue on top,
else a slow disk would take all of them out of use at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rushtrade.domain.instants import MILLISECOND, SECOND
from rushtrade.domain.orders import TimeInForce
from rushtrade.domain.plans import ChildTerms, Plan, Strategy
from rushtrade.domain.routes import Route, VenueHealth

SILENT_NS = SECOND
"""Longest wait for an answer beyond the line's own time: a second without one is what self-help asks for (Rule 611(b)(1))."""
LATE_NS = 20 * MILLISECOND
"""An answer this much later than the line's own time is late. That is three times its latency: there, back, and as much again of both."""
LATE_POINTS = REFUSAL_POINTS = 2
TRIP = 6
OUT_NS = 5 * SECOND
"""First time out of use."""
OUT_DOUBLINGS_MAX = 5
"""Doublings of it: two minutes and a half at most, so that a venue that is back is found out soon."""
FORGIVEN_NS = 120 * SECOND
"""Health that lasted this long makes the next failure a first one."""
PROBE_SHARES = 100
"""Shares of a larger order that try a venue: what may stay in doubt when it fails again."""

_HEALTHY, _PROBING, _UNHEALTHY = VenueHealth.HEALTHY, VenueHealth.PROBING, VenueHealth.UNHEALTHY


class VenueRecordImage(msgspec.Struct, frozen=True, array_like=True):
    """One venue in a snapshot; `waiting` and `owed` are (token, instant it was sent)."""

    health: VenueHealth
    points: int
    good: int
    refusals: int
    late: int
    failures: int
    since_ns: int
    until_ns: int
    probe: int
    waiting: list[tuple[int, int]]
    owed: list[tuple[int, int]]


class VenueRecord:
    """What is known of one venue."""

    __slots__ = (
        "failures",
        "good",
        "health",
        "late",
        "owed",
        "points",
        "probe",
        "refusals",
        "since_ns",
        "until_ns",
        "waiting",
    )

    def __init__(self) -> None:
        self.health = _HEALTHY
        self.points = 0
        self.good = 0
        """Good answers since health changed last."""
        self.refusals = 0
        self.late = 0
        """What points were given for since there were none."""
        self.failures = 0
        self.since_ns = 0
        self.until_ns = 0
        self.probe = 0
        """Token of the child that tries the venue; 0 = none."""
        self.waiting: dict[int, int] = {}
        """Instants by token, oldest first: what was asked and not answered yet."""
        self.owed: dict[int, int] = {}
        """The same for what was not answered in time."""

    def image(self) -> VenueRecordImage:
        """Return all there is to know."""
        return VenueRecordImage(
            self.health,
            self.points,
            self.good,
            self.refusals,
            self.late,
            self.failures,
            self.since_ns,
            self.until_ns,
            self.probe,
            list(self.waiting.items()),
            list(self.owed.items()),
        )

    @classmethod
    def restore(cls, image: VenueRecordImage) -> VenueRecord:
        """Build the record of a snapshot."""
        record = cls()
        for name in cls.__slots__:
            if name not in {"waiting", "owed"}:
                setattr(record, name, getattr(image, name))
        record.waiting = dict(image.waiting)
        record.owed = dict(image.owed)
        return record


class VenueWatch:
    """The records of all venues of a house."""

    __slots__ = ("_late_ns", "_silent_ns", "own_delay_ns", "probing", "records")

    def __init__(self, routes: Sequence[Route] = ()) -> None:
        self.records = [VenueRecord() for _ in routes]
        self.probing: tuple[int, ...] = ()
        """Venues that a small child order may try."""
        self.own_delay_ns = 0
        self.set_routes(routes)

    def set_routes(self, routes: Sequence[Route]) -> None:
        """Take the latencies of the venues' lines."""
        self._late_ns = [LATE_NS + 3 * route.latency_ns for route in routes]
        self._silent_ns = [SILENT_NS + 3 * route.latency_ns for route in routes]

    # --- what happened -----------------------------------------------------------------------------------

    def sent(self, venue: int, token: int, now_ns: int) -> None:
        """Take note of a child order, or of a question about one, that waits for an answer."""
        record = self.records[venue]
        record.waiting.setdefault(token, now_ns)
        if record.health is _PROBING and not record.probe:
            record.probe = token

    def answered(self, venue: int, token: int, now_ns: int) -> None:
        """Take note of an answer; one nobody waited for is passed over."""
        record = self.records[venue]
        sent_ns = record.waiting.pop(token, 0) or record.owed.pop(token, 0)
        if not sent_ns:
            return
        if now_ns - sent_ns > self._late_ns[venue] + self.own_delay_ns:
            record.late += 1
            record.points += LATE_POINTS
            return
        record.good += 1
        if record.points:
            record.points -= 1
            if not record.points:
                record.refusals = record.late = 0

    def refused(self, venue: int, token: int) -> None:
        """Take note of a refusal for the venue's own reasons."""
        record = self.records[venue]
        if record.waiting.pop(token, 0) or record.owed.pop(token, 0):
            record.refusals += 1
            record.points += REFUSAL_POINTS

    def passed(self, venue: int, token: int) -> None:
        """Take note that nothing is waited for any more, and that it says nothing of the venue."""
        record = self.records[venue]
        record.waiting.pop(token, 0)
        record.owed.pop(token, 0)
        if record.probe == token:
            record.probe = 0

    def begin_anew(self, venue: int, now_ns: int, *, forget: bool = False) -> None:
        """Know nothing ill of a venue: somebody of the desk switched it on, or its session changed, and then what it owes is settled there."""
        record = self.records[venue]
        record.failures = 0
        self._change(record, _HEALTHY, now_ns, 0)
        if forget:
            record.waiting.clear()
            record.owed.clear()

    def change(
        self, venue: int, health: VenueHealth, silent: Sequence[int], now_ns: int, until_ns: int
    ) -> None:
        """Carry out what was decided."""
        record = self.records[venue]
        for token in silent:
            record.owed[token] = record.waiting.pop(token)
        if health is _UNHEALTHY and record.health is not _UNHEALTHY:
            record.failures = self.failures_now(venue, now_ns) + 1
        if health is not record.health:
            self._change(record, health, now_ns, until_ns)

    def _change(self, record: VenueRecord, health: VenueHealth, now_ns: int, until_ns: int) -> None:
        record.health, record.since_ns, record.until_ns = health, now_ns, until_ns
        record.points = record.good = record.refusals = record.late = record.probe = 0
        self._refresh()

    def _refresh(self) -> None:
        self.probing = tuple(venue for venue, one in enumerate(self.records) if one.health is _PROBING)

    # --- questions ---------------------------------------------------------------------------------------

    def is_due(self, now_ns: int, own_delay_ns: int) -> bool:
        """Whether a look at some venue would decide something."""
        for venue, record in enumerate(self.records):
            longest_ns = self._silent_ns[venue] + own_delay_ns
            if record.waiting and now_ns - next(iter(record.waiting.values())) > longest_ns:
                return True
            if record.health is _HEALTHY:
                if record.points >= TRIP:
                    return True
            elif record.health is _PROBING:
                if record.points or record.good:
                    return True
            elif now_ns >= record.until_ns and not record.owed and not record.waiting:
                return True
        return False

    def silent(self, venue: int, now_ns: int, own_delay_ns: int) -> tuple[int, ...]:
        """Give the tokens that a venue should have answered by now, oldest first."""
        longest_ns = self._silent_ns[venue] + own_delay_ns
        tokens = []
        for token, sent_ns in self.records[venue].waiting.items():
            if now_ns - sent_ns <= longest_ns:
                break
            tokens.append(token)
        return tuple(tokens)

    def failures_now(self, venue: int, now_ns: int) -> int:
        """How many failures came before, each soon after the one before it."""
        record = self.records[venue]
        if record.health is _HEALTHY and now_ns - record.since_ns > FORGIVEN_NS:
            return 0
        return record.failures

    def out_until_ns(self, venue: int, now_ns: int) -> int:
        """When a venue that fails now is tried again."""
        return now_ns + (OUT_NS << min(self.failures_now(venue, now_ns), OUT_DOUBLINGS_MAX))

    def with_probe(self, plan: Plan, venue: int) -> Plan:
        """Have a part of a plan's first large enough child try a venue: at once or not at all, within the same limit.

        No more than one such child is at work; an order for one route, or for all at once, is left as it is.
        """
        if self.records[venue].probe or plan.strategy is Strategy.DIRECT:
            return plan
        for place, child in enumerate(plan.children):
            if child.time_in_force is TimeInForce.IOC and child.shares > PROBE_SHARES:
                less = msgspec.structs.replace(child, shares=child.shares - PROBE_SHARES)
                probe = ChildTerms(venue, child.price, PROBE_SHARES, TimeInForce.IOC)
                children = (*plan.children[:place], less, *plan.children[place + 1 :], probe)
                skips = tuple(skip for skip in plan.skips if skip.venue != venue)
                return msgspec.structs.replace(plan, children=children, skips=skips)
        return plan

    # --- snapshot ----------------------------------------------------------------------------------------

    def image(self) -> list[VenueRecordImage]:
        """Return all there is to know."""
        return [record.image() for record in self.records]

    def restore(self, images: Sequence[VenueRecordImage]) -> None:
        """Take the records of a snapshot."""
        self.records = [VenueRecord.restore(image) for image in images]
        self._refresh()
