"""What an order meets on its way, and what is learned from it: the same lessons for the house and for `dart serve`.

`OrderMemory` is what one order remembers between its plans. `draw_*` turn what came back into counts (`learned`). `RoutingMemory` is the
house's part of the core's state: it folds routing events, and nothing else changes it, so the same journal gives the same memory.

Theory of operation. A lesson waits until so many have come that estimates are worth drawing anew (`Waiting`): at first each one counts at once, later
a sixteenth of what has been taught, at most `PATIENCE_MAX`. Whether quotes ran after an unfilled ask is judged when the order looks at
them for the second time after it, or by what a sweep met that followed it. An order's memory ends with it. Bounds: what `Learned`
keeps, `PATIENCE_MAX` lessons, and a few numbers for each open order that met a route which shows nothing.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from rushtrade.dart.learned import Learned, LearnedCounts
from rushtrade.dart.strategies import TOPICS, Beliefs
from rushtrade.dart.street import DeskStreet
from rushtrade.domain import events as ev
from rushtrade.domain.orders import Side
from rushtrade.domain.plans import Aim, ChildTerms, Sight

MISSED, MET = 0.4, 0.8
"""A sweep that got less than this part of what was shown met quotes that had run; one that got more met quotes that had not."""
PATIENCE_MAX = 64
"""Lessons that wait at most: drawing estimates anew costs as much as twenty plans."""
PATIENCE = 16
_SHOWN = Aim.SHOWN


class Ping(msgspec.Struct, array_like=True):
    """An ask that was not filled before anything was swept: venue, shares left, and what the best price was and showed."""

    venue: int
    rest: int
    best: int
    best_shares: int
    plans: int
    """Plans the order had had."""


class OrderMemory(msgspec.Struct, array_like=True):
    """What one order remembers between plans. Prices are turned: lower is better."""

    klass: str
    side: int = 0
    plans: int = 0
    asks: int = 0
    met: dict[tuple[int, Aim], tuple[int, bool]] = {}
    """By venue and aim: shares it has filled, and whether it has answered with less than was asked."""
    pings: list[Ping] = []
    has_swept: bool = False
    swept_shown: int = 0
    swept_got: int = 0
    """Of a sweep that followed unfilled asks: shares shown for it, and the part of them it got."""
    depth: int = 0
    spared: int = 0
    """Of the last sweep, what its plan's `Sight` says."""

    def note(self, venue: int, aim: Aim, asked: int, filled: int) -> None:
        """Take note of what a venue answered."""
        had, spent = self.met.get((venue, aim), (0, False))
        self.met[venue, aim] = (had + filled, spent or filled < asked)


class Child(msgspec.Struct, array_like=True):
    """One child under way, as far as lessons need it. `paid` is Σ price × shares."""

    order_id: int
    venue: int
    aim: Aim
    shares: int
    left: int
    shown: int
    best: int
    best_shares: int
    follows_asks: bool
    paid: int = 0


class Teaches(Protocol):
    """Who takes lessons: `Learned` itself, or `Waiting` before it."""

    def asked(self, topic: str, klass: str, venue: str, wanted: int, filled: int) -> None:
        """Take in an ask of a hidden place and what it filled."""

    def improved(self, klass: str, venue: str, shares: int, mils: float) -> None:
        """Take in a fill of a market maker and how much better than the quote it was."""

    def unfilled(self, venue: str, over_best: float, *, ran: bool) -> None:
        """Take in whether quotes ran after an unfilled ask."""

    def jumped(self, ticks: int) -> None:
        """Take in by how many ticks the best price was worse after quotes had run."""

    def weighed(self, topic: str, klass: str, venue: str, whole: int, part: int) -> None:
        """Take in shares shown and the part of them that was kept, or faded."""


def draw_ask(
    teacher: Teaches, klass: str, name: str, topic: str, wanted: int, filled: int, better: float | None
) -> None:
    """Learn from the answer to an ask; `better`: by how many mils its fills bettered the quote, on average."""
    teacher.asked(topic, klass, name, wanted, filled)
    if topic == "offer" and filled and better is not None:
        teacher.improved(klass, name, filled, better)


def draw_sweep(teacher: Teaches, klass: str, name: str, wanted: int, filled: int, shown: int) -> None:
    """Learn from what was shown at a venue when it was swept, and from what was found behind it."""
    expected = min(wanted, shown)
    teacher.weighed("kept", "", name, expected, min(filled, expected))
    if wanted > shown > 0 and filled >= shown:
        teacher.asked("behind", klass, name, wanted - shown, filled - shown)


def draw_pings(
    teacher: Teaches, names: tuple[str, ...], memory: OrderMemory, best: int | None, tick: int
) -> None:
    """Tell whether quotes ran after asks: by the best price now (None: not known), or by a sweep that met none of the quotes it was sent for."""
    shown, got = memory.swept_shown, memory.swept_got
    missed = got < MISSED * shown
    if not memory.has_swept or missed or got > MET * shown:
        last = memory.pings[-1]
        for ping in memory.pings:
            worse = best is None or best > ping.best
            ran = ping is last and worse and (missed or (best is not None and not memory.has_swept))
            teacher.unfilled(names[ping.venue], ping.rest / max(ping.best_shares, 1), ran=ran)
            if ran and best is not None:
                teacher.jumped(round((best - ping.best) / max(tick, 1)))
    memory.pings.clear()


class Lesson(msgspec.Struct, frozen=True, array_like=True):
    """One lesson that waits: which of `Learned`'s words it is, and its numbers."""

    word: str
    names: tuple[str, ...]
    numbers: tuple[int, ...]
    measure: float = 0.0


class Waiting:
    """Lessons that wait until estimates are worth drawing anew."""

    def __init__(self, learned: Learned) -> None:
        self.learned = learned
        self.lessons: list[Lesson] = []
        self.taught = 0

    def asked(self, topic: str, klass: str, venue: str, wanted: int, filled: int) -> None:
        """Take in an ask of a hidden place and what it filled."""
        self.lessons.append(Lesson("asked", (topic, klass, venue), (wanted, filled)))

    def improved(self, klass: str, venue: str, shares: int, mils: float) -> None:
        """Take in a fill of a market maker and how much better than the quote it was."""
        self.lessons.append(Lesson("improved", (klass, venue), (shares,), mils))

    def unfilled(self, venue: str, over_best: float, *, ran: bool) -> None:
        """Take in whether quotes ran after an unfilled ask."""
        self.lessons.append(Lesson("unfilled", (venue,), (int(ran),), over_best))

    def jumped(self, ticks: int) -> None:
        """Take in by how many ticks the best price was worse after quotes had run."""
        self.lessons.append(Lesson("jumped", (), (ticks,)))

    def weighed(self, topic: str, klass: str, venue: str, whole: int, part: int) -> None:
        """Take in shares shown and the part of them that was kept, or faded."""
        self.lessons.append(Lesson("weighed", (topic, klass, venue), (whole, part)))

    @property
    def patience(self) -> int:
        """Lessons that are waited for now."""
        return min(PATIENCE_MAX, 1 + self.taught // PATIENCE)

    def take_in(self) -> None:
        """Teach what waits."""
        learned = self.learned
        for lesson in self.lessons:
            match lesson.word:
                case "asked":
                    topic, klass, venue = lesson.names
                    learned.asked(topic, klass, venue, *lesson.numbers)
                case "improved":
                    klass, venue = lesson.names
                    learned.improved(klass, venue, lesson.numbers[0], lesson.measure)
                case "unfilled":
                    learned.unfilled(lesson.names[0], lesson.measure, ran=bool(lesson.numbers[0]))
                case "jumped":
                    learned.jumped(*lesson.numbers)
                case "weighed":
                    topic, klass, venue = lesson.names
                    learned.weighed(topic, klass, venue, *lesson.numbers)
        self.taught += len(self.lessons)
        self.lessons.clear()


class RoutingImage(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot keeps of a routing memory."""

    learned: tuple[LearnedCounts, ...] = ()
    lessons: list[Lesson] = []
    taught: int = 0
    orders: list[tuple[int, OrderMemory]] = []
    children: list[tuple[int, Child]] = []


class RoutingMemory:
    """What the house has learned of its routes, and what its open orders remember."""

    def __init__(self) -> None:
        self.waiting = Waiting(Learned())
        self.orders: dict[int, OrderMemory] = {}
        self.children: dict[int, Child] = {}
        self._beliefs: dict[str, Beliefs] = {}
        self._street: DeskStreet | None = None

    @property
    def learned(self) -> Learned:
        """What has been learned."""
        return self.waiting.learned

    def beliefs(self, street: DeskStreet, klass: str, memory: OrderMemory | None) -> Beliefs:
        """Return what is believed of a class of stock, with what one order has met. Scratch space: until the next call."""
        if self._street is not street:
            self._street = street
            self._beliefs.clear()
        beliefs = self._beliefs.get(klass)
        if beliefs is None:
            beliefs = self._beliefs[klass] = Beliefs(self.learned, klass, street)
        beliefs.recall({} if memory is None else memory.met)
        return beliefs

    # --- events ---------------------------------------------------------------------------------------

    def routed(self, event: ev.OrderRouted, klass: str, side: int, names: tuple[str, ...]) -> None:
        """Take note of a plan that saw something lessons can be drawn from."""
        plan = event.plan
        sight = plan.sight
        if sight is None:
            return
        memory = self.orders.get(event.order_id)
        if memory is None:
            memory = self.orders[event.order_id] = OrderMemory(klass, side)
        self._look_back(memory, sight, names)
        memory.plans += 1
        sweeps = asks = False
        for token, terms in enumerate(plan.children, event.first_token):
            if terms.aim is not _SHOWN:
                asks = True
            elif terms.sweeps:
                sweeps = True
            else:
                continue
            self.children[token] = self._child(event.order_id, memory, terms, sight)
        memory.asks += asks
        if sweeps:
            memory.has_swept = True
            memory.depth, memory.spared = sight.depth if side == Side.BUY else -sight.depth, sight.spared

    def filled(self, event: ev.OrderFilled, names: tuple[str, ...]) -> None:
        """Take note of an execution."""
        child = self.children.get(event.token)
        if child is not None:
            shares = abs(event.signed_shares)
            child.paid += shares * event.price
            child.left -= shares
            if child.left <= 0:
                self._end_child(event.token, child, names)
        if event.leaves == 0:
            self.ended(event.order_id, names)

    def child_ended(self, event: ev.ChildEnded, names: tuple[str, ...]) -> None:
        """Learn from a child that works no more; one that its venue never took taught nothing."""
        child = self.children.get(event.token)
        if child is None:
            return
        if event.refused:
            del self.children[event.token]
        else:
            self._end_child(event.token, child, names)

    def ended(self, order_id: int, names: tuple[str, ...]) -> None:
        """Let go of an order that is over, with what is left to be learned from it."""
        memory = self.orders.pop(order_id, None)
        if memory is not None and memory.pings and memory.has_swept:
            draw_pings(self.waiting, names, memory, None, 1)
            self._taught()

    def replaced(self, order_id: int) -> None:
        """Forget an order that gave way to another, and its children."""
        if self.orders.pop(order_id, None) is not None:
            for token in [token for token, child in self.children.items() if child.order_id == order_id]:
                del self.children[token]

    def begin_day(self) -> None:
        """Begin a day: open orders meet it without memories, and nothing waits to be learned."""
        self.orders.clear()
        self.children.clear()
        self.waiting.take_in()
        self._beliefs.clear()

    def forget(self, venue: int, names: tuple[str, ...]) -> None:
        """Forget what was learned of a venue, or of all of them; below zero means all."""
        self.waiting.take_in()
        if venue < 0:
            self.learned.reset()
            self.waiting.taught = 0
        else:
            self.learned.forget(names[venue])
        self._beliefs.clear()

    # --- snapshot -------------------------------------------------------------------------------------

    def image(self) -> RoutingImage:
        """Return all there is to know."""
        return RoutingImage(
            self.learned.snapshot(),
            self.waiting.lessons,
            self.waiting.taught,
            [(order_id, self.orders[order_id]) for order_id in sorted(self.orders)],
            [(token, self.children[token]) for token in sorted(self.children)],
        )

    @classmethod
    def restore(cls, image: RoutingImage) -> RoutingMemory:
        """Build what a snapshot holds."""
        made = cls()
        made.waiting = Waiting(Learned.restore(image.learned))
        made.waiting.lessons, made.waiting.taught = image.lessons, image.taught
        made.orders.update(image.orders)
        made.children.update(image.children)
        return made

    # --- inside ---------------------------------------------------------------------------------------

    def _child(self, order_id: int, memory: OrderMemory, terms: ChildTerms, sight: Sight) -> Child:
        return Child(
            order_id,
            terms.venue,
            terms.aim,
            terms.shares,
            terms.shares,
            terms.shown or terms.shares,
            sight.best,
            sight.best_shares,
            bool(memory.pings),
        )

    def _look_back(self, memory: OrderMemory, sight: Sight, names: tuple[str, ...]) -> None:
        """See whether quotes ran after earlier asks, and what has faded since the last sweep."""
        way = 1 if memory.side == Side.BUY else -1
        if memory.pings and (memory.has_swept or memory.pings[-1].plans < memory.plans):
            best = way * sight.best if sight.best else None
            draw_pings(self.waiting, names, memory, best, sight.tick)
        if sight.again >= 0 and memory.spared > 0:
            self.waiting.weighed(
                "faded", memory.klass, "", memory.spared, max(memory.spared - sight.again, 0)
            )
            memory.spared = 0
        self._taught()

    def _end_child(self, token: int, child: Child, names: tuple[str, ...]) -> None:
        del self.children[token]
        memory = self.orders.get(child.order_id)
        if memory is None:
            return
        filled = child.shares - child.left
        name = names[child.venue]
        if child.aim is not _SHOWN:
            way = 1 if memory.side == Side.BUY else -1
            better = way * (child.best - child.paid / filled) if filled and child.best else None
            draw_ask(self.waiting, memory.klass, name, TOPICS[child.aim], child.shares, filled, better)
            memory.note(child.venue, child.aim, child.shares, filled)
            if filled < child.shares and not memory.has_swept:
                rest = child.shares - filled
                memory.pings.append(
                    Ping(child.venue, rest, way * child.best, child.best_shares, memory.plans)
                )
        else:
            draw_sweep(self.waiting, memory.klass, name, child.shares, filled, child.shown)
            if child.follows_asks:
                memory.swept_shown += min(child.shares, child.shown)
                memory.swept_got += min(filled, child.shown)
            if filled < child.shares:
                memory.note(child.venue, _SHOWN, 1, 0)
        self._taught()

    def _taught(self) -> None:
        if len(self.waiting.lessons) >= self.waiting.patience:
            self.waiting.take_in()
            self._beliefs.clear()
