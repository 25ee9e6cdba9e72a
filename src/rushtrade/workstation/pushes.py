"""What one workstation is pushed.

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
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from rushtrade.store import queries, rows
from rushtrade.workstation import views
from rushtrade.workstation.board import prints_after, quotes_frame
from rushtrade.workstation.looking import Looking
from rushtrade.workstation.stock_facts import facts_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from litestar import WebSocket

    from rushtrade.api.access import Actor
    from rushtrade.workstation.hub import Hub

SLOW_S: Final = 10.0
"""A socket that takes nothing for this long is closed."""
ANSWERS_MAX: Final = 128
ORDERS_DIRTY_MAX: Final = 10_000
IMAGE_ROWS: Final = 500
PRINTS_AT_ONCE: Final = 500
BARS_IN_IMAGE: Final = 960
EVERY_S: Final = {
    "depth": 0.1,
    "bars": 0.5,
    "stock": 0.5,
    "positions": 0.25,
    "market": 1.0,
    "lines": 1.0,
    "heartbeat": 2.0,
}

TOO_SLOW, NO_SESSION, STOPPING, NEW_DIRECTORY = 4408, 4401, 1001, 4410

_encode = msgspec.json.Encoder().encode


class ReaderState(NamedTuple):
    """How one socket is, as the streams of market data say it of theirs."""

    name: str
    stream: str
    since_ns: int
    subscriptions: int
    sent: int
    waiting: int
    lag_ms: int
    """How long the socket has taken nothing."""
    skipped: int


class Connection(Looking):
    """One workstation's socket."""

    def __init__(
        self,
        hub: Hub,
        socket: WebSocket[Any, Any, Any],
        actor: Actor,
        user: str,
        name: str,
        expires: float,
        display: str = "",
    ) -> None:
        """`display` names the login: its sockets are one display of market data."""
        self.socket, self.actor = socket, actor
        self.user, self.name, self.expires = user, name, expires
        self.account_id = actor.account_id
        self.since_ns = time.time_ns()
        self.directory = len(hub.desk.store.image.instruments)
        """Instruments its hello named."""
        self.seq = 0
        self.close_code = 0
        self.answers: deque[bytes] = deque()
        self.orders_changed: dict[int, None] = {}
        self.wants_center = False
        self._center_shown: Any = None
        self._replay_shown = b""
        self.executions_seen = 0
        self.images_due = True
        self.routes_changed = False
        self._positions: dict[int, bytes] = {}
        self._account = b""
        self.due_at: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._sending_since = 0.0
        self._lag_s = 0.0
        """Longest that a message waited to be taken since the heartbeat before."""
        self._writer: asyncio.Task[None] | None = None
        super().__init__(hub, actor, display)

    # --- being told ---------------------------------------------------------------------------------

    def wake(self) -> None:
        """Have what is due written soon."""
        self._wake.set()

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

    def want_center(self, *, on: bool) -> None:
        """Ask for the state of the data center, or no longer."""
        self.wants_center, self._center_shown = on, None
        self._wake.set()

    def reader_state(self) -> ReaderState:
        """How this socket is, for whoever runs the place."""
        late = time.monotonic() - self._sending_since if self._sending_since else 0.0
        wanted = sum(map(len, (self.watched, self.depth, self.prints, self.bars, self.facts)))
        waiting = len(self.answers) + len(self.orders_changed) + len(self.quotes_changed)
        return ReaderState(
            f"{self.user}/{self.account_id}",
            "workstation",
            self.since_ns,
            wanted,
            self.seq,
            waiting,
            int(late * 1000),
            0,
        )

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
                self._lag_s = max(self._lag_s, time.monotonic() - self._sending_since)
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
        self.directory = len(image.instruments)
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
        if self.wants_center:
            status, body = self.hub.center()
            if status is not None and status is not self._center_shown:
                self._center_shown = status
                yield self._push("datacenter", body)
        replay = self.hub.replay()
        if replay != self._replay_shown:
            self._replay_shown = replay
            yield self._push("replay", replay)
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
            self.viewer.beat()
            lag_ms, self._lag_s = int(1_000 * self._lag_s), 0.0
            yield self._push_object("heartbeat", {"server_us": views.server_us(), "lag_ms": lag_ms})

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
        if self.quotes_changed:
            changed, self.quotes_changed = sorted(self.quotes_changed & self.watched), set()
            self.seq += 1
            frame = [self.board(number).watch(number).row for number in changed]
            yield bytearray(quotes_frame(frame, self.seq, self.desk.ports.clock.now_ns()))
        if any(self.depth.values()) and self._is_due("depth", now):
            for number in list(self.depth):
                if self.depth.get(number):
                    self.depth[number] = False
                    yield self._push("depth", self.board(number).montage(number))
        for number in list(self.prints):
            yield from self._prints(number)
        if self.bars and self._is_due("bars", now):
            for number in list(self.bars):
                yield from self._bars(number)
        if self.facts and self._is_due("stock", now):
            for number in list(self.facts):
                yield from self._facts(number)

    def _facts(self, number: int) -> Iterable[bytes]:
        if number not in self.facts:
            return
        body = _encode(facts_body(self.desk, number, self.board(number).seen))[1:]
        if body != self.facts[number]:
            self.facts[number] = body
            yield self._push("stock", body)

    def _prints(self, number: int) -> Iterable[bytes]:
        if number not in self.prints:
            return
        symbol, seen = self.desk.store.image.instruments[number].symbol, self.prints[number]
        skipped, encoded, last = prints_after(self.board(number).watch(number), seen, PRINTS_AT_ONCE)
        if encoded:
            self.prints[number] = last
            head = b'"symbol":%s,"skipped":%d,"rows":[%s]}'
            yield self._push("trades", head % (_encode(symbol), skipped, b",".join(encoded)))

    def _bars(self, number: int) -> Iterable[bytes]:
        if number not in self.bars:
            return
        last = self.bars[number]
        since = self.hub.board.day_begins() if last is None else last.start_ns
        found = list(self.board(number).bars(number, since))[-BARS_IN_IMAGE:]
        if not found or found[-1] == last:
            return
        self.bars[number] = found[-1]
        symbol = self.desk.store.image.instruments[number].symbol
        body = {"symbol": symbol, "image": last is None, "rows": [views.bar_row(bar) for bar in found]}
        yield self._push_object("bars", body)
