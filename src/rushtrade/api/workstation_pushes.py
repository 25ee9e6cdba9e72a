"""What one workstation is pushed, and the hub that wakes them all.

Theory of operation: a connection holds what it subscribed to, sets of what changed, and cursors into rings; it holds no
messages. Its writer sleeps until the hub's tick (20 a second) or an answer wakes it, then writes what is due and
goes back to sleep. While a socket is slow the writer waits in `send`; sets and cursors wait with it, so states are
conflated by themselves and happenings are counted when the ring has moved on. Whatever is the same for all (a quote
row, a print, a montage) is encoded once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rushtrade.api import workstation_views as views
from rushtrade.api.board import Board, prints_after, quotes_frame
from rushtrade.domain import events as ev
from rushtrade.store import queries, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from litestar import WebSocket

    from rushtrade.api.access import Actor, FrontDesk
    from rushtrade.api.ports import MarketLabel
    from rushtrade.market.quotes import Bar
    from rushtrade.store.fold import Change

TICK_S: Final = 0.05
SLOW_S: Final = 10.0
"""A socket that takes nothing for this long is closed."""
ANSWERS_MAX: Final = 128
ORDERS_DIRTY_MAX: Final = 10_000
EXECUTIONS_KEPT: Final = 4_096
IMAGE_ROWS: Final = 500
PRINTS_AT_ONCE: Final = 500
PRINTS_IN_IMAGE: Final = 200
BARS_IN_IMAGE: Final = 960
EVERY_S: Final = {"depth": 0.1, "bars": 0.5, "positions": 0.25, "market": 1.0, "lines": 1.0, "heartbeat": 2.0}

TOO_SLOW, NO_SESSION, STOPPING = 4408, 4401, 1001

_encode = msgspec.json.Encoder().encode


class Hub:
    """All workstations: one board, one tick, one ear at the store."""

    def __init__(self, desk: FrontDesk) -> None:
        self.desk = desk
        self.board = Board(desk, self._looked_at)
        self.connections: dict[Connection, None] = {}
        self.executions: defaultdict[int, deque[tuple[int, bytes]]] = defaultdict(
            lambda: deque(maxlen=EXECUTIONS_KEPT)
        )
        """By account that somebody looks at: executions of this run, each with its number."""
        self.executions_told: defaultdict[int, int] = defaultdict(int)
        self._label: MarketLabel | None = None
        self._tick: asyncio.Task[None] | None = None
        self._ends: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Begin to listen and to tick."""
        self._ends = [
            self.desk.store.subscribe(self._on_change),
            self.desk.ports.pulse.subscribe(self.board.mark),
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
        changed = self.board.refresh()
        for instrument_id in self.desk.ports.market.touched_depth():
            self.board.depth_changed(instrument_id)
            for connection in self.connections:
                if instrument_id in connection.depth:
                    connection.depth[instrument_id] = True
        for connection in list(self.connections):
            connection.quotes_changed.update(connection.watched.intersection(changed))
            connection.tick()

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
        elif isinstance(event, ev.AnomalyRecorded):
            for connection in self.connections:
                connection.notices.append(("alarm", f"Venue {event.venue}: {event.text}"))


class Connection:
    """One workstation's socket."""

    def __init__(
        self, hub: Hub, socket: WebSocket[Any, Any, Any], actor: Actor, user: str, name: str, expires: float
    ) -> None:
        self.hub, self.desk, self.socket, self.actor = hub, hub.desk, socket, actor
        self.user, self.name, self.expires = user, name, expires
        self.account_id = actor.account_id
        self.seq = 0
        self.close_code = 0
        self.answers: deque[bytes] = deque()
        self.notices: deque[tuple[str, str]] = deque(maxlen=64)
        self.watched: set[int] = set()
        self.quotes_changed: set[int] = set()
        self.depth: dict[int, bool] = {}
        self.prints: dict[int, int] = {}
        self.bars: dict[int, Bar | None] = {}
        self.orders_changed: dict[int, None] = {}
        self.executions_seen = 0
        self.images_due = True
        self.routes_changed = False
        self._positions: dict[int, bytes] = {}
        self._account = b""
        self.due_at: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._sending_since = 0.0
        self._writer: asyncio.Task[None] | None = None

    # --- being told ---------------------------------------------------------------------------------

    def tick(self) -> None:
        """Wake the writer; end a socket that takes nothing any more, or whose session is over."""
        if time.time() >= self.expires:
            self.end(NO_SESSION)
        if self._sending_since and time.monotonic() - self._sending_since > SLOW_S:
            self.end(TOO_SLOW)
            if self._writer is not None:
                self._writer.cancel()
        self._wake.set()

    def order_changed(self, order: rows.OrderRow) -> None:
        """Note that an order of the account changed."""
        self.orders_changed[order.order_id] = None
        if len(self.orders_changed) > ORDERS_DIRTY_MAX:
            self.end(TOO_SLOW)
        self._wake.set()

    def answer(self, message: dict[str, Any]) -> None:
        """Queue the answer to a request."""
        self.answers.append(_encode(message))
        if len(self.answers) > 2 * ANSWERS_MAX:
            self.end(TOO_SLOW)
        self._wake.set()

    def end(self, code: int) -> None:
        """Close the socket as soon as possible."""
        self.close_code = self.close_code or code
        self._wake.set()

    def select(self, account_id: int) -> None:
        """Show another account: fresh images of everything that is an account's."""
        self.account_id = account_id
        self.images_due = True
        self._wake.set()

    def watch(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of quotes wanted; all of them are due at once."""
        self.watched = set(instrument_ids)
        self.quotes_changed = set(self.watched)

    def want_depth(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of montages wanted."""
        self.depth = dict.fromkeys(instrument_ids, True)

    def want_prints(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of tapes wanted; a new one begins with its newest prints."""
        wanted = {}
        for number in instrument_ids:
            newest = self.hub.board.watch(number).number
            wanted[number] = self.prints.get(number, max(newest - PRINTS_IN_IMAGE, 0))
        self.prints = wanted

    def want_bars(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of charts wanted; each begins with an image."""
        self.bars = dict.fromkeys(instrument_ids, None)

    # --- writing ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write whatever is due, until the socket ends."""
        self._writer = asyncio.current_task()
        await self._send_text(self._hello())
        while not self.close_code:
            for message in self._due_now():
                self._sending_since = time.monotonic()
                if isinstance(message, bytes):
                    await self._send_text(message)
                else:
                    await self.socket.send_bytes(bytes(message))
                self._sending_since = 0.0
                if self.close_code:
                    break
            else:
                await self._wake.wait()
                self._wake.clear()
        with contextlib.suppress(Exception):
            await self.socket.close(self.close_code, "closed by the house")

    async def _send_text(self, message: bytes) -> None:
        await self.socket.send_text(message.decode())

    def _push(self, kind: str, body: bytes) -> bytes:
        """Put kind and seq in front of an encoded object (given without its opening brace)."""
        self.seq += 1
        return b'{"push":"%s","seq":%d,%s' % (kind.encode(), self.seq, body)

    def _push_object(self, kind: str, body: dict[str, Any]) -> bytes:
        return self._push(kind, _encode(body)[1:])

    def _push_rows(self, kind: str, encoded: list[bytes], *, image: bool, extra: bytes = b"") -> bytes:
        flag = b"true" if image else b"false"
        return self._push(kind, b'"image":%s%s,"rows":[%s]}' % (flag, extra, b",".join(encoded)))

    def _hello(self) -> bytes:
        image = self.desk.store.image
        ids = [self.account_id, *sorted(self.actor.account_ids - {self.account_id})]
        names = [views.account_name(image.accounts[number], image) for number in ids]
        body = views.hello(
            self.desk, self.hub.board, self.user, self.name, sorted(self.actor.permissions), names
        )
        return self._push_object("hello", body)

    def _is_due(self, kind: str, now: float) -> bool:
        if now < self.due_at.get(kind, 0.0):
            return False
        self.due_at[kind] = now + EVERY_S[kind]
        return True

    def _due_now(self) -> Iterable[bytes | bytearray]:
        """Make the messages that are due, one after the other, as the socket takes them.

        Between two of them requests are served: nothing is taken for granted that a request may have changed.
        """
        now = time.monotonic()
        while self.answers:
            yield self.answers.popleft()
        if self._is_due("market", now):
            yield self._push_object("market", views.market_view(self.desk))
        if self._is_due("lines", now):
            yield self._push_object("lines", {"rows": views.line_views(self.desk)})
        while self.notices:
            level, text = self.notices.popleft()
            yield self._push_object("notice", {"level": level, "text": text})
        if self.routes_changed:
            self.routes_changed = False
            yield self._push_object("routes", {"rows": views.route_views(self.desk.store.image)})
        image, self.images_due = self.images_due, False
        if image or self._is_due("positions", now):
            yield from self._account_and_positions(image=image)
        if image:
            yield self._orders_image()
            yield self._executions_image()
        yield from self._happenings()
        yield from self._market_data(now)
        if self._is_due("heartbeat", now):
            yield self._push_object("heartbeat", {"server_us": views.server_us()})

    # --- the account -----------------------------------------------------------------------------------

    def _account_and_positions(self, *, image: bool) -> Iterable[bytes]:
        known, accounts, number = self.desk.store.image, self.desk.ports.accounts, self.account_id
        summary = accounts.account_summary(number)
        account = _encode(views.account_view(known.accounts[number], known, summary))[1:]
        before, self._account = self._account, account
        if account != before or image:
            yield self._push("account", account)
        encoded = {
            view.instrument_id: _encode(views.position_view(view, known))
            for view in accounts.positions(number)
        }
        shown, self._positions = self._positions, encoded
        rows_due = [text for key, text in encoded.items() if image or shown.get(key) != text]
        if rows_due or image:
            yield self._push_rows("positions", rows_due, image=image)

    def _orders_image(self) -> bytes:
        """Write open orders and the newest finished ones."""
        chosen, left_out = queries.blotter(self.desk.store, self.account_id, IMAGE_ROWS)
        encoded = [self._order(row) for row in chosen]
        self.orders_changed.clear()
        return self._push_rows("orders", encoded, image=True, extra=b',"truncated":%d' % left_out)

    def _order(self, row: rows.OrderRow) -> bytes:
        image = self.desk.store.image
        return _encode(views.order_view(row, image, image.children_of.get(row.order_id, {}).values()))

    def _executions_image(self) -> bytes:
        image = self.desk.store.image
        self.executions_seen = self.hub.executions_told[self.account_id]
        newest = queries.executions(self.desk.store, self.account_id, limit=IMAGE_ROWS)
        encoded = [_encode(views.execution_view(row, image)) for row in reversed(newest)]
        return self._push_rows("executions", encoded, image=True)

    def _happenings(self) -> Iterable[bytes]:
        """Write orders that changed, newest state, and every execution."""
        if self.orders_changed:
            waiting = list(self.orders_changed)
            changed = waiting[:IMAGE_ROWS]
            self.orders_changed = dict.fromkeys(waiting[IMAGE_ROWS:])
            found = [row for number in changed if (row := self.desk.store.order(number)) is not None]
            yield self._push_rows("orders", [self._order(row) for row in found], image=False)
        ring = self.hub.executions[self.account_id]
        if not ring or ring[-1][0] <= self.executions_seen:
            return
        if ring[0][0] > self.executions_seen + 1:
            self.end(TOO_SLOW)
            return
        seen, self.executions_seen = self.executions_seen, ring[-1][0]
        yield self._push_rows("executions", [row for number, row in ring if number > seen], image=False)

    # --- the market --------------------------------------------------------------------------------------

    def _market_data(self, now: float) -> Iterable[bytes | bytearray]:
        board = self.hub.board
        if self.quotes_changed:
            changed, self.quotes_changed = sorted(self.quotes_changed & self.watched), set()
            self.seq += 1
            frame = [board.watch(number).row for number in changed]
            yield bytearray(quotes_frame(frame, self.seq, self.desk.ports.clock.now_ns()))
        if any(self.depth.values()) and self._is_due("depth", now):
            for number in list(self.depth):
                if self.depth.get(number):
                    self.depth[number] = False
                    yield self._push("depth", self.hub.board.montage(number))
        for number in list(self.prints):
            yield from self._prints(number)
        if self.bars and self._is_due("bars", now):
            for number in list(self.bars):
                yield from self._bars(number)

    def _prints(self, number: int) -> Iterable[bytes]:
        if number not in self.prints:
            return
        symbol, seen = self.desk.store.image.instruments[number].symbol, self.prints[number]
        skipped, encoded, last = prints_after(self.hub.board.watch(number), seen, PRINTS_AT_ONCE)
        if encoded:
            self.prints[number] = last
            head = b'"symbol":%s,"skipped":%d,"rows":[%s]}'
            yield self._push("trades", head % (_encode(symbol), skipped, b",".join(encoded)))

    def _bars(self, number: int) -> Iterable[bytes]:
        if number not in self.bars:
            return
        last = self.bars[number]
        since = self.hub.board.day_begins() if last is None else last.start_ns
        found = list(self.desk.ports.market.bars(number, since))[-BARS_IN_IMAGE:]
        if not found or found[-1] == last:
            return
        self.bars[number] = found[-1]
        symbol = self.desk.store.image.instruments[number].symbol
        body = {"symbol": symbol, "image": last is None, "rows": [views.bar_row(bar) for bar in found]}
        yield self._push_object("bars", body)
