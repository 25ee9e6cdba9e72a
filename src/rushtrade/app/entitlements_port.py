"""Who may see what, in a running house: the register of its journal, asked before every message; displays and use counted.

Theory of operation. A session is a login or a key at an address; its viewers (sockets) share one record with the rights worked out when the
register last changed. Asking for a view compares two numbers; when the register, the day or the user's other displays have
changed, rights are worked out anew, and whoever sees something else is called before anything more is sent. Use is counted in memory and
taken to the journal every few seconds; a crash loses the queries of that time and no display that stays open.

Everything here runs on the event loop's thread. Leases go by the machine's clock, days and grants by the market's.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from rushtrade.api.entitlement_ports import Viewer, Watcher
from rushtrade.api.ports import BUSY, Submit
from rushtrade.domain.commands import ObserveUsage, RegisterSubscriber
from rushtrade.domain.data_products import Billing, DataProduct, DataUse, SubscriberKind, UsageRow
from rushtrade.domain.errors import HouseBusy, HouseStopped
from rushtrade.domain.instants import MINUTE, day_from_number, day_number
from rushtrade.entitlements.coverage import Coverage, Right
from rushtrade.entitlements.displays import Displays, Session
from rushtrade.entitlements.price_list import DisplayRule
from rushtrade.entitlements.register import Register
from rushtrade.entitlements.usage_meter import UsageMeter
from rushtrade.entitlements.view import DELAY_MINUTES, NOTHING, View
from rushtrade.rules.new_york import day_at, midnight_ns

LOOK_SECONDS: Final = 1.0
"""How often leases are looked at."""
USAGE_EVERY_LOOKS: Final = 5
"""How often use goes to the journal: a frame, if anything is new."""
ANSWERS_KEPT_MAX: Final = 10_000
"""Rights of watchers outside sessions that are kept; each costs about a kilobyte."""
UNNAMED_MAX: Final = 10_000
"""Queries kept until whoever asked is on the register: a fraction of a second's."""
_USES: Final = {"display": DataUse.DISPLAY, "non_display": DataUse.NON_DISPLAY}
METER, REGISTRAR = "meter", "registrar"
"""Who writes use, and new users, into the journal."""

log = structlog.get_logger(__name__)


class EntitlementsPort:
    """`api.ports.Entitlements` of a house or a data center."""

    def __init__(
        self,
        register: Callable[[], Register],
        coverage: Coverage,
        submit: Submit,
        now_ns: Callable[[], int],
        rule: DisplayRule | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
        is_account: Callable[[int], bool] = lambda _: True,
    ) -> None:
        """`register` gives the register as it is; whoever changes it calls `review` afterwards. `clock` is the machine's."""
        self.coverage = coverage
        self._register_now = register
        self._is_account = is_account
        self._submit = submit
        self._now_ns = now_ns
        self._clock = clock
        self._displays = Displays(rule or DisplayRule())
        self._sessions: dict[tuple[Watcher, str], OpenSession] = {}
        self._answers: dict[Watcher, list[Right]] = {}
        self._seen = -1
        self._day_ends_ns = 0
        self._meter = UsageMeter(self.register, day_number(day_at(now_ns())))
        self._asked_for: dict[Watcher, None] = {}
        self._unnamed: deque[tuple[Watcher, str, bool]] = deque(maxlen=UNNAMED_MAX)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def register(self) -> Register:
        """The register as it is now."""
        return self._register_now()

    @property
    def delay_ns(self) -> int:
        """How late delayed data is."""
        return DELAY_MINUTES * MINUTE

    def now_ns(self) -> int:
        """The market's time, which grants and days go by."""
        return self._now_ns()

    # --- the port ------------------------------------------------------------------------------------------

    def open(self, watcher: Watcher, session: str, changed: Callable[[], None]) -> Viewer:
        """Begin to show data on a session; the sockets of one session are one display."""
        self.review()
        key = watcher, session
        found = self._sessions.get(key)
        if found is None:
            found = self._sessions[key] = OpenSession(watcher, session)
            self._open_display(found)
        viewer = SocketViewer(self, found, changed)
        found.sockets[viewer] = None
        self._register_if_new(watcher)
        return viewer

    def query(self, watcher: Watcher) -> Viewer:
        """Answer for one request outside a session."""
        self._register_if_new(watcher)
        return QueryViewer(self, watcher)

    # --- rights --------------------------------------------------------------------------------------------

    def rights_of(self, watcher: Watcher) -> list[Right]:
        """Give what every product is to somebody outside a session."""
        self.review()
        found = self._answers.get(watcher)
        if found is None:
            if len(self._answers) >= ANSWERS_KEPT_MAX:
                self._answers.clear()
            number, use = self.subscriber_id(watcher), _USES[watcher.use]
            found = self.coverage.rights(self.register, number, use, self._now_ns())
            self._answers[watcher] = found
        return found

    def subscriber_id(self, watcher: Watcher) -> int:
        """Find who somebody is; 0 = nobody the register knows."""
        found = self.register.subscriber_of(watcher.user, watcher.account_id)
        return 0 if found is None else found.subscriber_id

    def review(self) -> None:
        """Work out anew what everybody may see, if anything has changed; call those for whom it is another."""
        register, now_ns, seen = self.register, self._now_ns(), self._seen
        is_over = now_ns >= self._day_ends_ns
        if register.changes == seen and not is_over:
            return
        self._seen = register.changes
        self._answers.clear()
        if is_over:
            self._begin_day(day_number(day_at(now_ns)))
        everybody = is_over or register.changed_for_all > seen
        self._review(
            [each for each in self._sessions.values() if everybody or each.is_concerned(register, seen)]
        )
        for _ in range(len(self._unnamed)):
            watcher, tape, depth = self._unnamed.popleft()
            self.asked(watcher, tape, depth=depth)

    def _begin_day(self, day: int) -> None:
        self._day_ends_ns = midnight_ns(day_from_number(day + 1))
        if self._meter.day != day:
            before, rest = self._meter.day, self._meter.turn(day)
            self._in_background(self._observe(before, rest))

    def _review(self, sessions: list[OpenSession]) -> None:
        changed = [session for session in sessions if self._work_out(session)]
        self._count_displays(sessions)
        for session in changed:
            for socket in list(session.sockets):
                socket.changed()

    def _work_out(self, session: OpenSession) -> bool:
        """Work a session's rights out; tell whether it sees something else now."""
        number, use = self.subscriber_id(session.watcher), _USES[session.watcher.use]
        if session.display is not None and session.display.subscriber_id != number:
            self._displays.close(session.display)
            session.display = Session(number, use, session.name)
            self._displays.open(session.display, self._clock())

        def withheld(product: DataProduct) -> str:
            return self._withheld(session, product)

        before = session.view
        session.rights = self.coverage.rights(self.register, number, use, self._now_ns(), withheld)
        session.view = self.coverage.view(session.rights)
        return session.view != before

    def _withheld(self, session: OpenSession, product: DataProduct) -> str:
        """Say why a product that is granted is not shown on this display; "" when it is."""
        display = session.display
        subscriber = None if display is None else self.register.subscribers.get(display.subscriber_id)
        if display is None or subscriber is None:
            return ""
        grant = subscriber.latest(product.code, display.use, self._now_ns())
        if grant is None:
            return ""
        if grant.billing is Billing.PER_QUERY:
            return f"{product.title} ({product.code}) is granted by the query; a screen or a stream needs it by the month"
        if display.use is DataUse.NON_DISPLAY or self._displays.serves(display, grant.displays_max):
            return ""
        most = grant.displays_max
        return (
            f"{product.title} ({product.code}) is shown on {most} display{'s' if most > 1 else ''} at once, "
            "and others of yours are served before this one: close one of them, or ask the desk for more displays"
        )

    # --- displays ------------------------------------------------------------------------------------------

    def _open_display(self, session: OpenSession) -> None:
        number, use = self.subscriber_id(session.watcher), _USES[session.watcher.use]
        session.display = Session(number, use, session.name)
        self._displays.open(session.display, self._clock())
        self._review(self._beside(session.display))

    def heard(self, session: OpenSession) -> None:
        """Note that a session is there."""
        if session.display is not None:
            known = self._displays.count(session.display.subscriber_id, session.display.use)
            self._displays.beat(session.display, self._clock())
            if self._displays.count(session.display.subscriber_id, session.display.use) != known:
                self._review(self._beside(session.display))

    def closed(self, session: OpenSession) -> None:
        """Let a session's display go, with its last socket."""
        if not session.sockets and self._sessions.pop((session.watcher, session.name), None) is not None:
            display, session.display = session.display, None
            if display is not None:
                self._displays.close(display)
                self._review(self._beside(display))

    def _beside(self, display: Session) -> list[OpenSession]:
        """Sessions of the same subscriber to the same use."""
        return [
            each
            for each in self._sessions.values()
            if each.display is not None
            and (each.display.subscriber_id, each.display.use) == (display.subscriber_id, display.use)
        ]

    # --- use -----------------------------------------------------------------------------------------------

    def _count_displays(self, sessions: list[OpenSession]) -> None:
        shown: dict[tuple[int, str, DataUse, bool], int] = {}
        for session in sessions:
            if session.display is not None and session.display.subscriber_id:
                for right in session.rights:
                    if right.is_shown or right.is_late:
                        number, use = session.display.subscriber_id, session.display.use
                        key = number, right.product.code, use, not right.is_shown
                        shown[key] = shown.get(key, 0) + 1
        for (number, code, use, is_delayed), displays in shown.items():
            self._meter.shown(number, code, use, displays, is_delayed=is_delayed)

    def asked(self, watcher: Watcher, tape: str, *, depth: bool) -> None:
        """Count a query of a tape's stocks; those of somebody who is just being put on the register are counted then."""
        number = self.subscriber_id(watcher)
        if not number and watcher in self._asked_for:
            self._unnamed.append((watcher, tape, depth))
        if number:
            for right in self.rights_of(watcher):
                if (right.is_shown or right.is_late) and self.coverage.answers(
                    right.product, tape, depth=depth
                ):
                    use = _USES[watcher.use]
                    self._meter.queried(number, right.product.code, use, is_delayed=not right.is_shown)

    def _register_if_new(self, watcher: Watcher) -> None:
        """Put somebody who looks for the first time on the register: use without a name cannot be reported."""
        if self.subscriber_id(watcher) or not self.register.products or watcher in self._asked_for:
            return
        if self._is_account(watcher.account_id):
            self._asked_for[watcher] = None
            self._in_background(self._register(watcher))

    async def _register(self, watcher: Watcher) -> None:
        user = watcher.user or f"account:{watcher.account_id}"
        command = RegisterSubscriber(user, SubscriberKind.PERSON, watcher.account_id)
        if await self._submit(command, REGISTRAR) is BUSY:
            del self._asked_for[watcher]

    async def flush(self) -> None:
        """Take what was counted to the journal."""
        while rows := self._meter.take():
            if not await self._observe(self._meter.day, rows):
                return

    async def _observe(self, day: int, rows: list[UsageRow]) -> bool:
        if not rows or await self._submit(ObserveUsage(day, tuple(rows)), METER) is not BUSY:
            return True
        if day == self._meter.day:
            self._meter.put_back(rows)
        else:
            log.warning("use of a day was not journaled: the house was busy", day=day, rows=len(rows))
        return False

    # --- running -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look at leases and days, and take use to the journal, until cancelled."""
        for look in itertools.count(1):
            await asyncio.sleep(LOOK_SECONDS)
            self.review()
            for display in self._displays.expire(self._clock()):
                self._review(self._beside(display))
            if look % USAGE_EVERY_LOOKS == 0:
                await self.flush()

    async def close(self) -> None:
        """Take the last of the use to the journal."""
        with contextlib.suppress(HouseBusy, HouseStopped):
            await self.flush()

    def _in_background(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(work: Coroutine[Any, Any, object]) -> None:
    """Do something nobody waits for; a house that takes no commands is being stopped."""
    with contextlib.suppress(HouseBusy, HouseStopped):
        await work


class OpenSession:
    """A login, or a key at an address: one display, however many sockets."""

    __slots__ = ("display", "name", "rights", "sockets", "view", "watcher")

    def __init__(self, watcher: Watcher, name: str) -> None:
        self.watcher = watcher
        self.name = name
        self.sockets: dict[SocketViewer, None] = {}
        self.display: Session | None = None
        self.rights: list[Right] = []
        self.view: View = NOTHING

    def is_concerned(self, register: Register, seen: int) -> bool:
        """Tell whether the register has changed for this session since it had so many changes."""
        number = 0 if self.display is None else self.display.subscriber_id
        return not number or register.changed_for.get(number, 0) > seen


class SocketViewer:
    """A viewer of a session."""

    def __init__(self, port: EntitlementsPort, session: OpenSession, changed: Callable[[], None]) -> None:
        self._port, self._session, self.changed = port, session, changed

    @property
    def view(self) -> View:
        """What it may see now."""
        self._port.review()
        return self._session.view

    def refusal(self, tape: str, *, depth: bool = False) -> str:
        """Say what is lacking."""
        self._port.review()
        return self._port.coverage.refusal(self._session.rights, tape, depth=depth)

    def asked(self, tape: str, *, depth: bool = False) -> None:
        """Count nothing: a session is charged as a display."""

    def beat(self) -> None:
        """Say that it is there."""
        self._port.heard(self._session)

    def close(self) -> None:
        """Go."""
        self._session.sockets.pop(self, None)
        self._port.closed(self._session)


class QueryViewer:
    """A viewer of one request."""

    def __init__(self, port: EntitlementsPort, watcher: Watcher) -> None:
        self._port, self._watcher = port, watcher

    @property
    def view(self) -> View:
        """What it may see now."""
        return self._port.coverage.view(self._port.rights_of(self._watcher))

    def refusal(self, tape: str, *, depth: bool = False) -> str:
        """Say what is lacking."""
        return self._port.coverage.refusal(self._port.rights_of(self._watcher), tape, depth=depth)

    def asked(self, tape: str, *, depth: bool = False) -> None:
        """Count a query."""
        self._port.asked(self._watcher, tape, depth=depth)

    def beat(self) -> None:
        """Do nothing: it is over at once."""

    def close(self) -> None:
        """Do nothing: it holds nothing."""
