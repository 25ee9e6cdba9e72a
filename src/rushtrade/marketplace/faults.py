"""Venues that fail on purpose: by a plan of who misbehaves when, so that a house can be tested against it.

==========  =====================================================================================================
fault       what members meet while it lasts
==========  =====================================================================================================
`down`      silence: what they send is carried out, and what the venue says is heard, when it is over
`slow`      everything takes `slow_ns` longer, each way
`rejects`   new orders are refused as if the venue were closed; cancels and replaces go through
`lies`      quotes that are not there: what an order would take is gone when it arrives
==========  =====================================================================================================

Nothing is ever lost or said twice: at the day's end every instruction has its answer. The same plan gives the same day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.domain.chance import drawn
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import SECOND
from rushtrade.exchange.national_kernel import fade
from rushtrade.exchange.tables import H_SESSION, SESSION_CLOSED
from rushtrade.marketplace.door import Door, Heard, Leak, WaitingDoor
from rushtrade.wire import order_entry as oe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rushtrade.exchange.venue import Exchange
    from rushtrade.wire.order_entry import Rows

DOWN: Final = "down"
SLOW: Final = "slow"
REJECTS: Final = "rejects"
LIES: Final = "lies"
KINDS: Final = (DOWN, SLOW, REJECTS, LIES)
FAULTS_MAX: Final = 10_000
"""Faults of one day: a venue that fails more often than every few seconds is down."""
RANDOM_EACH: Final = 3
"""Faults a venue has in a day of random ones, at most."""
RANDOM_SECONDS: Final = 90
SLOW_NS: Final = 50_000_000


class Fault(msgspec.Struct, frozen=True):
    """One venue misbehaves from `first_ns` to the instant before `end_ns`."""

    venue: int
    kind: str
    first_ns: int
    end_ns: int
    slow_ns: int = SLOW_NS


class FaultPlan:
    """The faults of one venue in a day."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = sorted(faults, key=lambda fault: (fault.first_ns, fault.end_ns))
        if len(self._faults) > FAULTS_MAX:
            raise InvalidInput(f"a day has at most {FAULTS_MAX:,} faults a venue, not {len(self._faults):,}")
        for fault in self._faults:
            if fault.kind not in KINDS:
                raise InvalidInput(f"a fault is one of {', '.join(KINDS)}, not {fault.kind!r}")
            if not (fault.first_ns < fault.end_ns and fault.slow_ns >= 0):
                raise InvalidInput(f"a fault begins before it ends and slows by 0 ns or more: {fault}")

    def has(self, kind: str, now_ns: int) -> bool:
        """Tell whether a fault of a kind is on."""
        return any(fault.kind == kind and fault.first_ns <= now_ns < fault.end_ns for fault in self._faults)

    def in_ns(self, now_ns: int) -> int:
        """Nanoseconds what comes now waits."""
        waits = 0
        for fault in self._faults:
            if fault.first_ns <= now_ns < fault.end_ns:
                if fault.kind == DOWN:
                    waits = max(waits, fault.end_ns - now_ns)
                elif fault.kind == SLOW:
                    waits = max(waits, fault.slow_ns)
        return waits

    def out_ns(self, now_ns: int) -> int:
        """Nanoseconds what is said now waits."""
        return self.in_ns(now_ns)

    def feed_ns(self, now_ns: int) -> int:
        """Nanoseconds the feed of now waits."""
        return self.in_ns(now_ns)


def random_faults(seed: int, venues: int, first_ns: int, last_ns: int) -> list[Fault]:
    """Draw a day of faults: up to three a venue, each of any kind and up to a minute and a half."""
    span = max(last_ns - first_ns, 1)
    faults = []
    for venue in range(venues):
        for number in range(drawn(seed, venue) % (RANDOM_EACH + 1)):
            begin = first_ns + drawn(seed, venue, number, 1) % span
            length = (1 + drawn(seed, venue, number, 2) % RANDOM_SECONDS) * SECOND
            kind = KINDS[drawn(seed, venue, number, 3) % len(KINDS)]
            faults.append(Fault(venue, kind, begin, begin + length))
    return faults


class _Misbehaving:
    """What a venue that refuses or lies does with the instructions that reach it."""

    def __init__(self, inner: Door, plan: FaultPlan) -> None:
        self.exchange = inner.exchange
        self._inner = inner
        self._plan = plan

    @property
    def next_ns(self) -> int | None:
        """As the venue itself."""
        return self._inner.next_ns

    @property
    def ready_ns(self) -> int | None:
        """As the venue itself."""
        return self._inner.ready_ns

    def enter(self, batch: Rows, now_ns: int) -> None:
        """Carry instructions out, badly."""
        if self._plan.has(LIES, now_ns):
            for row in batch[batch["kind"] == oe.ENTER]:
                let_fade(self.exchange, int(row["locate"]), int(row["side"]), int(row["price"]))
        tables = self.exchange.engine.tables
        session = tables.value(H_SESSION)
        if self._plan.has(REJECTS, now_ns):
            tables.put(H_SESSION, SESSION_CLOSED)
        self._inner.enter(batch, now_ns)
        tables.put(H_SESSION, session)

    def advance(self, now_ns: int) -> None:
        """As the venue itself."""
        self._inner.advance(now_ns)

    def collect(self, now_ns: int, heard: Heard) -> None:
        """As the venue itself."""
        self._inner.collect(now_ns, heard)

    def close(self, now_ns: int) -> None:
        """As the venue itself."""
        self._inner.close(now_ns)

    def leaks(self) -> list[Leak]:
        """As the venue itself."""
        return self._inner.leaks()


def let_fade(
    exchange: Exchange, locate: int, order_side: int, price: int, shares: int = oe.SHARES_MAX
) -> int:
    """Let what an order would take at a venue go before it arrives; `price` 0 = at any price. Returns the shares."""
    if not 0 < locate <= len(exchange.symbols):
        return 0
    side = 1 if order_side == oe.BUY else 0
    worst = price or (oe.PRICE_MAX if side else 0)
    gone, tables = 0, exchange.engine.tables
    while (found := fade(tables.address, locate, side, worst, shares - gone)) < 0:
        gone += -1 - found
        tables.grow()
    return gone + found


def with_faults(door: Door, faults: Sequence[Fault]) -> Door:
    """Give a venue's door its faults of the day; the door itself when it has none."""
    if not faults:
        return door
    plan = FaultPlan(faults)
    return WaitingDoor(_Misbehaving(door, plan), plan)
