"""`work`: an order with time rests behind the queues that will be served, asks pools in between, and takes the rest in good time.

Pure, like the other strategies; what rests is handed in. Theory of operation, on top of the split of Cont and Kukanov:

- The next share rests where it is most likely to be filled by the end: the part of past outflows, scaled to the time left, that
  reaches beyond the queue and what already rests there. Static splits post more than the order to be sure; here never more
  than the order, and the split is made again as queues move.
- Shares that no queue is likely to serve are kept in *reserve*: offered to pools and market makers now and again, and
  taken in slices no larger than what is shown at the best price, so that quotes can come back between them.
- An order left behind by the best price is taken back and put at the new one.
- Before the end everything is taken back, and what is left is routed as an order without time.
"""

from __future__ import annotations

import msgspec
import numpy as np

from rushtrade.dart import strategies as st
from rushtrade.dart.learned import Learned
from rushtrade.dart.street import NO_PRICE, Street

WORK_US_MIN = 5_000_000
"""An order with less time is not worked: queues are not served that fast."""
MINUTE_US = 60_000_000
END_US = 500_000
"""Before the deadline everything is taken back."""
LOOK_US = 500_000
RENEW_US = 5_000_000
"""A pool that has answered is asked again after so long."""
RENEWED = 0.3
"""What a pool asked before is thought to hold, as a part of what it holds at first, until known better."""
CHANCE_MIN = 0.12
"""A share less likely to be filled than this is kept in reserve."""
CHANCE_ASK = 0.3
"""While pools are being asked, shares less likely to be filled than this wait for their answers."""
CHANCE_REST = 0.5
"""A share likelier to be filled than this is never taken back for a slice."""
SLICE_US = 4_000_000
"""Between slices quotes need so long to come back; slices begin as late as that allows, because queues may still be served."""
CHUNKS = 24
"""Parts in which shares are dealt to queues."""
OUTFLOW_FIRST = 0.6
"""Outflow of a minute expected of a queue never seen, as a part of what is shown."""
WAITED_US_MIN = 3_000_000
"""A place in a queue is kept at least so long."""
MOVE_BETTER = 0.3
"""How much likelier a fill must be elsewhere for resting shares to give up their place."""


class Resting(msgspec.Struct, frozen=True):
    """One child that rests: its turned price, shares left, and shares thought to be ahead of it."""

    cid: str
    venue: int
    price: int
    shares: int
    ahead: int
    waited_us: int
    canceling: bool = False


class Worked(msgspec.Struct):
    """What one order's work remembers between plans."""

    taken_us: int = -MINUTE_US
    """When a slice was taken last."""
    asked_us: int = -RENEW_US
    renewals: int = 0
    asking: bool = True
    """Whether pools are still being asked: shares that are not likely to be filled in a queue wait for that."""
    to_take: int = 0
    """Shares taken back from queues to be taken in a slice."""


def work(
    order: st.ParentOrder,
    street: Street,
    beliefs: st.Beliefs,
    learned: Learned,
    resting: tuple[Resting, ...],
    memory: Worked,
) -> st.RoutePlan:
    """Plan the next step of a worked order."""
    left_us = order.deadline_us - END_US - order.now_us
    if left_us <= 0:
        cancels = tuple(one.cid for one in resting if not one.canceling)
        if resting:
            return st.RoutePlan(
                "work", (), cancels, order.now_us + 20_000, "takes everything back before the end"
            )
        if order.free <= 0:
            return st.RoutePlan("work", wake_us=order.now_us + 20_000, reason="waits for answers in doubt")
        return msgspec.structs.replace(st.best(order, street, beliefs), strategy="work")
    near = street.best_near()
    stale = tuple(one.cid for one in resting if one.price < near and not one.canceling)
    if stale or any(one.canceling for one in resting):
        return st.RoutePlan(
            "work", (), stale, order.now_us + LOOK_US, "takes back what the best price left behind"
        )
    if order.now_us - memory.asked_us >= RENEW_US:
        _renew(order, street, beliefs, memory)
    parts, reserve = deal(order, street, learned, left_us, memory)
    chances = _chances(order, street, learned, resting, left_us)
    unfilled = reserve + sum(one.shares * (1 - chance) for one, chance in zip(resting, chances, strict=True))
    unfilled += sum(parts.values()) * (1 - CHANCE_REST)
    slices = _slice(order, street, beliefs, resting, chances, memory, reserve, unfilled, left_us)
    if slices is not None:
        return slices
    children = tuple(
        st.RouteChild(venue, shares, near, st.DAY, "rest") for venue, shares in parts.items() if shares > 0
    )
    if children:
        return st.RoutePlan(
            "work", children, wake_us=order.now_us + 1_000, reason="joins the queues that will be served"
        )
    if reserve > 0 and memory.asking:
        asked = _ask(order, street, beliefs, memory, reserve)
        if asked is not None:
            return asked
        return st.RoutePlan("work", wake_us=order.now_us + 1_000, reason="no pool is worth asking")
    moved = _move(order, street, learned, resting, chances, left_us) if not reserve else ()
    return st.RoutePlan("work", (), moved, order.now_us + LOOK_US, f"waits; {reserve} in reserve")


def _ask(
    order: st.ParentOrder, street: Street, beliefs: st.Beliefs, memory: Worked, reserve: int
) -> st.RoutePlan | None:
    """Ask pools with the reserve, while one is worth it."""
    scaled = msgspec.structs.replace(order, free=reserve)
    asked = st.seek_only(scaled, street, beliefs, order.tick * order.left / max(reserve, 1))
    if asked.children:
        return msgspec.structs.replace(asked, strategy="work", reason=f"reserve of {reserve}: {asked.reason}")
    memory.asking = False
    return None


def _slice(
    order: st.ParentOrder,
    street: Street,
    beliefs: st.Beliefs,
    resting: tuple[Resting, ...],
    chances: list[float],
    memory: Worked,
    reserve: int,
    unfilled: float,
    left_us: int,
) -> st.RoutePlan | None:
    """Take a slice when its time has come: what will not be filled is more than the best price shows.

    Shares in reserve go first, then those taken back from the queue that is least likely to serve them.
    """
    at_best = max(street.shown(street.best_far()), 1)
    due = unfilled > at_best and left_us <= SLICE_US * unfilled / at_best
    due = due and order.now_us - memory.taken_us >= SLICE_US
    if not due and not memory.to_take:
        return None
    ready = min(max(reserve, min(memory.to_take, order.free)), at_best)
    if ready > 0:
        memory.to_take, memory.taken_us = 0, order.now_us
        piece = msgspec.structs.replace(order, free=ready)
        plan = st.sweep(piece, street, beliefs)
        return msgspec.structs.replace(plan, strategy="work", reason=f"takes a slice of {ready}")
    if not resting:
        return None
    worst = min(range(len(resting)), key=lambda at: (chances[at], at))
    if chances[worst] > CHANCE_REST:
        return None
    memory.to_take = min(resting[worst].shares, at_best)
    return st.RoutePlan(
        "work", (), (resting[worst].cid,), order.now_us + LOOK_US, "takes back a slice from its queue"
    )


def deal(
    order: st.ParentOrder,
    street: Street,
    learned: Learned,
    left_us: int,
    memory: Worked,
) -> tuple[dict[int, int], int]:
    """Deal the free shares to the queues likeliest to serve them; return shares by venue and the reserve."""
    near = street.best_near()
    if near <= -NO_PRICE or order.free <= 0:
        return {}, max(order.free, 0)
    places = [at for at in street.lit() if street.near[at, 0, 1] > 0]
    flows = {at: _flows(street, learned, order.klass, at, left_us) for at in places}
    ahead = {at: street.queue(at, near) for at in places}
    parts = dict.fromkeys(places, 0)
    reserve = order.free - min(memory.to_take, order.free)
    least = CHANCE_ASK if memory.asking else CHANCE_MIN
    chunk = max(-(-order.free // CHUNKS), 1)
    while reserve > 0 and places:
        part = min(chunk, reserve)
        chances = [
            (_chance(flows[at], ahead[at] + parts[at] + part / 2), -street.venues[at].make, -at)
            for at in places
        ]
        chance, _, place = max(chances)
        if chance < least:
            break
        parts[-place] += part
        reserve -= part
    return parts, reserve + min(memory.to_take, order.free)


def _renew(order: st.ParentOrder, street: Street, beliefs: st.Beliefs, memory: Worked) -> None:
    """Think of the pools as asked a while ago: others may have come there, fewer than at first."""
    memory.asked_us, memory.asking = order.now_us, True
    if memory.renewals:
        for source, (venue, topic) in enumerate(beliefs.places):
            if topic != "behind" and street.is_usable(venue):
                if memory.renewals == 1:
                    beliefs.fills[source] *= RENEWED
                beliefs.renew(venue, topic)
    memory.renewals += 1


def _chances(
    order: st.ParentOrder, street: Street, learned: Learned, resting: tuple[Resting, ...], left_us: int
) -> list[float]:
    """Return how likely each resting child is to be filled in the time left."""
    return [
        _chance(_flows(street, learned, order.klass, one.venue, left_us), one.ahead + one.shares / 2)
        for one in resting
    ]


def _move(
    order: st.ParentOrder,
    street: Street,
    learned: Learned,
    resting: tuple[Resting, ...],
    chances: list[float],
    left_us: int,
) -> tuple[str, ...]:
    """Name the one child that should give up its place: a fill is far likelier behind another queue."""
    near = street.best_near()
    waited = [at for at, one in enumerate(resting) if one.waited_us >= WAITED_US_MIN]
    if not waited:
        return ()
    best = max(
        (
            _chance(_flows(street, learned, order.klass, at, left_us), street.queue(at, near))
            for at in street.lit()
            if street.near[at, 0, 1] > 0
        ),
        default=0.0,
    )
    worst = min(waited, key=lambda at: (chances[at], at))
    return (resting[worst].cid,) if chances[worst] + MOVE_BETTER < best else ()


def _flows(street: Street, learned: Learned, klass: str, venue: int, left_us: int) -> tuple[float, ...]:
    """Return what may leave a queue in the time left: past minutes, scaled."""
    past = learned.outflows(klass, street.names[venue])
    share = left_us / MINUTE_US
    shown = float(street.near[venue, 0, 1]) * OUTFLOW_FIRST
    thought = (0.3 * shown, shown, 2 * shown) if len(past) < 6 else ()
    return tuple(share * float(one) for one in (*past, *thought))


def _chance(flows: tuple[float, ...], depth: float) -> float:
    return float(np.mean(np.asarray(flows) > depth)) if flows else 0.0
