"""The JSON-lines protocol of `rushtrade dart serve`, without I/O: a line in, a line or nothing out.

It keeps what an order needs between its messages (books, children under way, beliefs) and tells the estimates of a world what came
back. Decisions are `strategies` and `working`. It knows no clock: time is what the messages say.

Theory of operation. `world` starts new estimates from the probes of its history; they are read again when the first order says that
a venue is of another kind than the probes let guess. `start` and every `update` end in one plan, unless answers are still on their way: a new
plan is made when all have come, or when they are overdue. A child counts until its venue has said it is over.
"""

from __future__ import annotations

import msgspec

from rushtrade.dart import strategies as st
from rushtrade.dart.learned import Learned
from rushtrade.dart.lessons import OrderMemory, Ping, draw_ask, draw_pings, draw_sweep
from rushtrade.dart.street import NO_PRICE, Street
from rushtrade.dart.working import WORK_US_MIN, Resting, Worked, work
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import PRICE_UNIT, QUANTITY_MAX
from rushtrade.router.flights import FLIGHTS_MAX, Flight, Flights, due_after, rests
from rushtrade.router.line_messages import (
    EVENT,
    SPARE_ORDERS,
    SPARE_WORLD,
    START,
    UPDATE,
    WORLD,
    AnswerLine,
    OrderLine,
    Probe,
    ReportLine,
    StartLine,
    UpdateLine,
    guess_kinds,
    read_probe,
    take_probes,
    terms_of,
    write_books,
)

LINE_BYTES_MAX = 16 * 1024 * 1024
"""A history of 100,000 probes."""
SLACK_US_MIN, SLACK_US_MAX = 80, 2_000


class OneOrder:
    """An order while it lives."""

    def __init__(self, line: StartLine, learned: Learned) -> None:
        if line.side not in {"B", "S"}:
            raise InvalidInput(f'side is "B" or "S", not {line.side!r}')
        if not 1 <= line.qty <= QUANTITY_MAX:
            raise InvalidInput(f"qty lies between 1 and {QUANTITY_MAX}, not {line.qty}")
        self.sign = 1 if line.side == "B" else -1
        self.side, self.klass, self.shares = line.side, line.klass, int(line.qty)
        self.tick = max(round(line.tick * PRICE_UNIT), 1)
        self.deadline_us = int(line.deadline_us)
        self.street = Street(tuple(terms_of(venue) for venue in line.venues))
        self.beliefs = st.Beliefs(learned, line.klass, self.street)
        self.flights = Flights()
        self.worked = Worked()
        self.now_us = self.filled = self.steps = 0
        self.said_filled = 0
        self.memory = OrderMemory(line.klass)
        self.swept: tuple[int, int, int] | None = None
        """After a sweep: when it had arrived, the price looked to, and shares expected there."""

    @property
    def left(self) -> int:
        """Shares not filled, as far as reports say."""
        return self.shares - self.filled

    @property
    def free(self) -> int:
        """Shares that may be sent."""
        return min(self.left - self.flights.exposed(), self.shares - self.said_filled)

    def is_doubtful(self, flight: Flight) -> bool:
        """Whether a cancel has had no answer in time: the child still counts, but nothing waits for it."""
        latency = self.street.venues[flight.child.venue].latency_us
        return flight.canceled_us > 0 and self.now_us > due_after(flight.canceled_us, latency, SLACK_US_MAX)


class LineRouter:
    """Answers the lines of one process, order after order."""

    def __init__(self, strategy: str = "best") -> None:
        if strategy != "work" and strategy not in st.TAKING:
            raise InvalidInput(
                f"there is no strategy {strategy!r}; there are {', '.join((*st.TAKING, 'work'))}"
            )
        self.strategy = strategy
        self.learned = Learned()
        self.order: OneOrder | None = None
        self._history: list[Probe] = []
        self._kinds: dict[str, str] = {}
        self._world = b""
        self._names = 0

    def take(self, line: bytes) -> bytes | None:
        """Take one line; return the answer's line, or None where the protocol wants none.

        Raises:
            InvalidInput: the line cannot be read, or asks what cannot be; nothing was changed.

        """
        if len(line) > LINE_BYTES_MAX:
            raise InvalidInput(f"a line has at most {LINE_BYTES_MAX} bytes, this one has {len(line)}")
        try:
            event = EVENT.decode(line).ev
            if event == "start":
                return self._answer(self._start(START.decode(line)))
            if event == "update":
                return self._answer(self._update(UPDATE.decode(line)))
            if event == "world":
                self._begin_world(line)
            elif event == "end":
                self._end()
            else:
                raise InvalidInput(f"ev is world, start, update or end, not {event!r}")
        except msgspec.DecodeError as error:
            raise InvalidInput(f"the line is no message of this protocol: {error}") from None
        except OverflowError:
            raise InvalidInput("a number of the line is beyond any price, size or time there is") from None
        return None

    def load_kernels(self) -> None:
        """Bring the compiled kernels into the process, so that the first order finds them ready."""
        spare = LineRouter(self.strategy)
        spare.take(SPARE_WORLD)
        for line in SPARE_ORDERS:
            spare.take(line)

    # --- messages -----------------------------------------------------------------------------------------

    def _begin_world(self, line: bytes) -> None:
        """Begin new estimates; the very same world said again changes nothing."""
        if line == self._world:
            return
        message = WORLD.decode(line)
        self._world, self.order = line, None
        self.learned = Learned()
        self._history = [probe for probe in map(read_probe, message.history) if probe is not None]
        self._kinds = guess_kinds(self._history)
        take_probes(self.learned, self._history, self._kinds)

    def _start(self, line: StartLine) -> AnswerLine:
        if self._history:
            kinds = {venue.name: venue.kind for venue in line.venues if venue.name in self._kinds}
            if kinds != {name: kind for name, kind in self._kinds.items() if name in kinds}:
                self.learned = Learned()
                take_probes(self.learned, self._history, self._kinds | kinds)
            self._history = []
        order = OneOrder(line, self.learned)
        for at, venue in enumerate(order.street.venues):
            if self.learned.down_chance(venue.name) > DOWN_CHANCE_MAX:
                order.street.switch(at, usable=False)
        write_books(order.street, line.book, order.sign)
        self.order = order
        return self._plan(order)

    def _update(self, line: UpdateLine) -> AnswerLine:
        order = self.order
        if order is None:
            raise InvalidInput("an update needs an order: send start first")
        order.now_us = max(order.now_us, int(line.t_us))
        order.said_filled = int(line.filled)
        if line.book is not None:
            write_books(order.street, line.book, order.sign)
        self._learn_from_quotes(order)
        for report in line.reports:
            self._take_report(order, report)
        if order.memory.has_swept:
            self._learn_from_quotes(order)
        late = order.flights.fall_silent(order.now_us)
        for flight in late:
            self._suspect(order, flight.child.venue)
        answer = self._plan(order)
        for flight in late:
            flight.canceled_us = order.now_us
            answer.cancels.append(flight.cid)
        return answer

    def _end(self) -> None:
        order = self.order
        if order is not None:
            self._learn_from_quotes(order)
            self._learn_from_end(order)
        self.order = None

    def _learn_from_end(self, order: OneOrder) -> None:
        """An order that ends early, with all that is left of it under way, has been filled by what was under way."""
        awaited = order.flights.awaited()
        if (
            order.flights.exposed() == order.left
            and max((one.due_us for one in awaited), default=order.deadline_us) < order.deadline_us
        ):
            for flight in awaited:
                flight.filled = flight.child.shares
                self._learn_from_fills(order, flight, [])

    # --- plans ----------------------------------------------------------------------------------------------

    def _plan(self, order: OneOrder) -> AnswerLine:
        awaited = order.flights.awaited()
        if order.left <= 0 or (order.free <= 0 and not order.flights.open()):
            return AnswerLine()
        if awaited:
            return AnswerLine(wake_us=min(one.due_us for one in awaited))
        if order.now_us >= order.deadline_us or len(order.flights) >= FLIGHTS_MAX:
            return AnswerLine()
        works = self.strategy == "work" or (self.strategy == "best" and order.deadline_us >= WORK_US_MIN)
        if not works and order.free <= 0:
            return AnswerLine(wake_us=order.now_us + st.REPEAT_US)
        parent = st.ParentOrder(
            order.shares,
            order.left,
            order.free,
            order.klass,
            order.tick,
            order.now_us,
            order.deadline_us,
            self._slack_us(),
            order.steps,
        )
        if works:
            resting = tuple(
                self._resting(order, one)
                for one in order.flights.open()
                if one.resting and not order.is_doubtful(one)
            )
            plan = work(parent, order.street, order.beliefs, self.learned, resting, order.worked)
        else:
            plan = st.TAKING[self.strategy](parent, order.street, order.beliefs)
        return self._send(order, plan)

    def _send(self, order: OneOrder, plan: st.RoutePlan) -> AnswerLine:
        best = order.street.best_far()
        orders, free = [], order.free
        for child in plan.children:
            if child.shares <= 0 or child.shares > free:
                continue
            free -= child.shares
            orders.append(self._launch(order, child, best))
        if orders:
            order.steps += 1
            if any(child.purpose == "sweep" for child in plan.children):
                order.memory.has_swept = True
                self._expect(order, plan)
        for cid in plan.cancels:
            flight = order.flights.find(cid)
            if flight is not None:
                flight.canceled_us = order.now_us
        wake = plan.wake_us
        if orders:
            soonest = min((one.due_us for one in order.flights.awaited()), default=None)
            wake = soonest if wake is None else wake
        return AnswerLine(orders, list(plan.cancels), wake)

    def _launch(self, order: OneOrder, child: st.RouteChild, best: int) -> OrderLine:
        self._names += 1
        cid = f"d{self._names}"
        venue = order.street.venues[child.venue]
        sent = max(child.send_us, order.now_us)
        due = due_after(sent, venue.latency_us, self._slack_us() + int(2 * self.learned.lateness(venue.name)))
        shown = (
            order.street.queue(child.venue, child.price)
            if child.kind == st.DAY
            else order.street.shown_at(child.venue, child.price)
        )
        order.flights.send(Flight(cid, child, sent, due, shown, best))
        price = order.sign * child.price / PRICE_UNIT
        return OrderLine(cid, venue.name, order.side, child.shares, price, child.kind, child.send_us)

    def _answer(self, answer: AnswerLine) -> bytes:
        return msgspec.json.encode(answer) + b"\n"

    def _slack_us(self) -> int:
        late = self.learned.lateness("")
        return int(min(max(1.3 * late + 50, SLACK_US_MIN), SLACK_US_MAX)) if late else st.SLACK_US

    def _resting(self, order: OneOrder, flight: Flight) -> Resting:
        child = flight.child
        shown = order.street.queue(child.venue, child.price)
        ahead = max(min(flight.shown, shown - flight.exposed), 0) if not flight.filled else 0
        flight.shown = ahead
        waited = order.now_us - flight.due_us
        canceling = flight.canceled_us > 0
        return Resting(flight.cid, child.venue, child.price, flight.exposed, ahead, waited, canceling)

    # --- learning ---------------------------------------------------------------------------------------------

    def _take_report(self, order: OneOrder, report: ReportLine) -> None:
        flight = order.flights.find(report.cid)
        if flight is None or flight.ended:
            return
        child, name = flight.child, order.street.names[flight.child.venue]
        fills = [(float(row[0]), int(row[1])) for row in report.fills if len(row) > 1 and row[1] > 0]
        got = min(sum(shares for _, shares in fills), flight.exposed)
        flight.filled += got
        order.filled += got
        if not flight.silent and not flight.resting:
            late = order.now_us - flight.sent_us - 2 * order.street.venues[child.venue].latency_us
            self.learned.answered(name, late)
            if child.send_us == 0:
                self.learned.answered("", late)
        flight.silent = False
        if report.state == "open" and flight.exposed > 0:
            if rests(flight) and not flight.resting:
                flight.resting, flight.due_us = True, order.now_us
            return
        order.flights.end(flight)
        if report.state == "reject":
            self._suspect(order, child.venue)
            return
        self.learned.tried(name, down=False)
        self._learn_from_fills(order, flight, fills)

    def _learn_from_fills(self, order: OneOrder, flight: Flight, fills: list[tuple[float, int]]) -> None:
        child, name = flight.child, order.street.names[flight.child.venue]
        wanted, filled = child.shares, flight.filled
        memory = order.memory
        if child.purpose in {"mid", "offer"}:
            better = None
            if fills and flight.best < NO_PRICE:
                paid = sum(order.sign * price * PRICE_UNIT * qty for price, qty in fills)
                better = flight.best - paid / sum(qty for _, qty in fills)
            draw_ask(self.learned, order.klass, name, child.purpose, wanted, filled, better)
            order.beliefs.met(child.venue, child.purpose, wanted, filled)
            if filled < wanted and not memory.has_swept:
                at_best = order.street.shown(order.street.best_far())
                memory.pings.append(Ping(child.venue, wanted - filled, flight.best, at_best, order.steps))
        elif child.purpose == "sweep":
            draw_sweep(self.learned, order.klass, name, wanted, filled, flight.shown)
            if memory.pings:
                memory.swept_shown += min(wanted, flight.shown)
                memory.swept_got += min(filled, wanted, flight.shown)
            if filled < wanted:
                order.beliefs.met(child.venue, "behind", 1, 0)

    def _learn_from_quotes(self, order: OneOrder) -> None:
        """See whether quotes ran after unfilled asks, and what faded after a sweep."""
        memory = order.memory
        if memory.pings and not (memory.has_swept and order.flights.awaited()):
            best = order.street.best_far()
            draw_pings(
                self.learned,
                order.street.names,
                memory,
                best if best < NO_PRICE else -NO_PRICE,
                order.tick,
            )
        if order.swept is not None and order.now_us >= order.swept[0]:
            _, price, expected = order.swept
            shown = order.street.shown(price)
            self.learned.weighed("faded", order.klass, "", expected, max(expected - shown, 0))
            order.swept = None

    def _expect(self, order: OneOrder, plan: st.RoutePlan) -> None:
        """Remember what should still be shown near the price of a sweep when it is over."""
        deepest = max(child.price for child in plan.children if child.purpose == "sweep")
        price = deepest + order.tick
        taken = sum(child.shares for child in plan.children if child.purpose == "sweep")
        expected = order.street.shown(price) - taken
        slow = max(venue.latency_us + venue.feed_us for venue in order.street.venues)
        order.swept = (order.now_us + slow + FADED_AFTER_US, price, expected) if expected > 0 else None

    def _suspect(self, order: OneOrder, venue: int) -> None:
        """Keep away from a venue that rejects or is silent for the rest of this order."""
        order.street.switch(venue, usable=False)
        self.learned.tried(order.street.names[venue], down=True)


DOWN_CHANCE_MAX = 0.6
"""A venue more often out of order than this is left out from the start; its count fades, so that it is tried again."""
FADED_AFTER_US = 1_500
"""Others need some time to see what was executed and to take their quotes back."""
