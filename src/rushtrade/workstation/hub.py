"""All workstations of a house: one board, one tick, one ear at the store.

Theory of operation: twenty times a second the board takes up what the pulse has named, every connection is told which of the
things it subscribed to changed, and its writer is woken (`pushes`). What is the same for all is encoded here, once: an execution,
the state of the data center.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rushtrade.domain import events as ev
from rushtrade.domain.routes import VenueHealth
from rushtrade.workstation import views
from rushtrade.workstation.board import Board
from rushtrade.workstation.center import center_body
from rushtrade.workstation.pushes import NEW_DIRECTORY, STOPPING, ReaderState
from rushtrade.workstation.sights import WHOLE, Seen
from rushtrade.workstation.steering import position_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rushtrade.api.access import FrontDesk
    from rushtrade.api.ports import MarketLabel
    from rushtrade.serving.hub import MarketHub
    from rushtrade.serving.items import QuoteItem
    from rushtrade.store.fold import Change
    from rushtrade.workstation.pushes import Connection

TICK_S: Final = 0.05
EXECUTIONS_KEPT: Final = 4_096
BOARDS_MAX: Final = 64
"""Boards of people who see different things; those nobody looks at any more go first."""
REPLAY_LOOK_S: Final = 0.2
DIRECTORY_SETTLES_S: Final = 1.0
"""A day's directory comes within a second; pages are told of it once."""

_encode = msgspec.json.Encoder().encode


def _no_quotes(instrument_ids: Iterable[int]) -> Sequence[QuoteItem]:
    """Give nothing: where no streams run, nobody keeps quotes until they are due."""
    del instrument_ids
    return ()


class Hub:
    """All workstations: one board, one tick, one ear at the store."""

    def __init__(self, desk: FrontDesk, streams: MarketHub | None = None) -> None:
        """`streams` keeps what is shown late until it is due."""
        self.desk = desk
        self._streams = streams
        self.board = Board(desk, self._looked_at)
        """The board of whoever sees everything, and of what is the same for all."""
        self.boards: dict[Seen, Board] = {WHOLE: self.board}
        self.connections: dict[Connection, None] = {}
        self.executions: defaultdict[int, deque[tuple[int, bytes]]] = defaultdict(
            lambda: deque(maxlen=EXECUTIONS_KEPT)
        )
        """By account that somebody looks at: executions of this run, each with its number."""
        self.executions_told: defaultdict[int, int] = defaultdict(int)
        self._label: MarketLabel | None = None
        self._center: tuple[Any, bytes] = (None, b"")
        self._replay: tuple[float, Any, bytes] = (0.0, None, b"")
        """When it was looked at, where the replay was, and the same as JSON without its opening brace."""
        self._rewound = False
        self._directory = (0, 0.0)
        """How many instruments there are, and since when."""
        self._tick: asyncio.Task[None] | None = None
        self._ends: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Begin to listen and to tick."""
        self._ends = [
            self.desk.store.subscribe(self._on_change),
            self.desk.ports.pulse.subscribe(self._mark),
        ]
        self._tick = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, and send everybody away."""
        for end in self._ends:
            end()
        self._ends = []
        if self._tick is not None:
            self._tick.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._tick
        for connection in list(self.connections):
            connection.end(STOPPING)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self.connections:
                self._on_tick()

    def _on_tick(self) -> None:
        label = msgspec.structs.replace(self.desk.ports.label(), progress=None)
        if label != self._label:
            self._label = label
            for connection in self.connections:
                connection.due_at.pop("market", None)
        self._look_at_directory()
        self._look_at_replay()
        changed = [(board, frozenset(board.refresh())) for board in list(self.boards.values())]
        for instrument_id in self.desk.ports.market.touched_depth():
            for board in self.boards.values():
                board.depth_changed(instrument_id)
            for connection in self.connections:
                if instrument_id in connection.depth:
                    connection.depth[instrument_id] = True
        for connection in list(self.connections):
            for board, numbers in changed:
                connection.quotes_touched(board, numbers)
            connection.tick()

    def _mark(self, instrument_ids: Iterable[int]) -> None:
        for board in self.boards.values():
            board.mark(instrument_ids)

    def board_of(self, seen: Seen) -> Board:
        """Give the board of whoever sees this."""
        found = self.boards.get(seen)
        if found is None:
            if len(self.boards) >= BOARDS_MAX:
                used = {board for connection in self.connections for board in connection.boards()}
                self.boards = {
                    each: board for each, board in self.boards.items() if board in used or each == WHOLE
                }
            face = (
                self._streams.face(seen.sight) if self._streams is not None and seen.sight.delay_ns else None
            )
            late = _no_quotes if face is None else face.quotes_now
            found = self.boards[seen] = Board(self.desk, self._looked_at, seen, late)
        return found

    def _look_at_directory(self) -> None:
        """Have pages begin anew when stocks have become known: their directory is that of their hello."""
        count, now = len(self.desk.store.image.instruments), time.monotonic()
        if count != self._directory[0]:
            self._directory = count, now
        if now - self._directory[1] < DIRECTORY_SETTLES_S:
            return
        for connection in self.connections:
            if connection.directory < count:
                connection.end(NEW_DIRECTORY)

    def replay_moved(self) -> None:
        """Have everybody told soon: somebody steered the replay."""
        self._replay = (0.0, self._replay[1], self._replay[2])

    def replay(self) -> bytes:
        """Give where the replay is as JSON without its opening brace; empty where nothing is replayed."""
        return self._replay[2]

    def _look_at_replay(self) -> None:
        """Look where the replay is, a few times a second; behind a step back in time every page begins anew."""
        port, now = self.desk.ports.replay, time.monotonic()
        if port is None or now - self._replay[0] < REPLAY_LOOK_S:
            return
        before, position = self._replay[1], port.position()
        self._replay = now, position, _encode(position_view(position))[1:]
        self._rewound |= before is not None and position.messages < before.messages
        if self._rewound and position.state != "seeking":
            self._rewound = False
            self.board = Board(self.desk, self._looked_at)
            self.boards = {WHOLE: self.board}
            for connection in self.connections:
                connection.end(NEW_DIRECTORY)

    def _looked_at(self) -> set[int]:
        return {number for each in self.connections for number in (*each.watched, *each.prints)}

    def _on_change(self, change: Change) -> None:
        order, execution = change.order, change.execution
        if order is None:
            self._on_house_change(change.event)
            return
        shown = [each for each in self.connections if each.account_id == order.account_id]
        if execution is not None:
            self.executions_told[order.account_id] += 1
            if shown:
                row = _encode(views.execution_view(execution, self.desk.store.image))
                self.executions[order.account_id].append((self.executions_told[order.account_id], row))
            else:
                self.executions.pop(order.account_id, None)
        for connection in shown:
            connection.order_changed(order)

    def _on_house_change(self, event: object) -> None:
        if isinstance(event, (ev.RouteSwitched, ev.SequencesSet)):
            for connection in self.connections:
                connection.routes_changed = True
        elif isinstance(event, ev.VenueHealthChanged):
            self._venue_health_changed(event)
        elif isinstance(event, ev.AnomalyRecorded):
            for connection in self.connections:
                connection.notices.append(("alarm", f"Venue {event.venue}: {event.text}"))

    def _venue_health_changed(self, event: ev.VenueHealthChanged) -> None:
        """Show routes anew; say aloud when one goes out of use and when it is back, not every try between."""
        code = self.desk.store.image.routes[event.venue].code
        for connection in self.connections:
            connection.routes_changed = True
            if event.health is VenueHealth.UNHEALTHY:
                connection.notices.append(("alarm", f"Route {code} is out of use: {event.reason}"))
            elif event.health is VenueHealth.HEALTHY:
                connection.notices.append(("info", f"Route {code} is in use again: {event.reason}"))

    def readers(self) -> list[ReaderState]:
        """How every workstation is, for whoever runs the place."""
        return [connection.reader_state() for connection in self.connections]

    def center(self) -> tuple[Any, bytes]:
        """Give the newest look at the data center, and the same as JSON without its opening brace, encoded once for all."""
        port = self.desk.ports.center
        status = None if port is None else port.status()
        if status is not self._center[0]:
            self._center = status, center_body(status)
        return self._center
