"""`/stream`: an account's orders, as they happen.

Theory of operation: one ear at the store feeds all sockets. An update is encoded once as it happens, with the order as of that
event, and queued by socket, never conflated; a queue that is full ends its socket. What a socket shares with the
market-data stream (reading, finishing, knowing a key) is here, too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from rushtrade.api import shapes
from rushtrade.api.access import Actor, FrontDesk, RateLimit, authorize, desk_of
from rushtrade.api.decoding import parse_object
from rushtrade.api.entities import Kind, public_id
from rushtrade.api.faults import ApiFault
from rushtrade.domain import events as ev
from rushtrade.domain.instants import format_instant
from rushtrade.domain.numbers import format_price

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushtrade.store.fold import Change

UPDATES_MAX: Final = 10_000
"""Trade updates that may wait in one socket."""
CLIENT_BYTES_MAX: Final = 64 * 1024
AUTHENTICATION_S: Final = 10.0
SOCKETS_OF_KEY_MAX: Final = 8
MESSAGES_PER_SECOND, MESSAGES_BURST = 50.0, 100

_encode = msgspec.json.Encoder().encode


def update_name(change: Change) -> str | None:
    """Name what happened to an order in the words of the API; None when it is not told."""
    event, order = change.event, change.order
    kind = type(event)
    if order is None:
        return None
    if kind is ev.OrderAccepted:
        return "accepted" if shapes.status_text(order) == "accepted" else "new"
    if kind is ev.OrderRouted:
        return "new" if order.accepted_ns == change.time_ns and not order.filled else None
    if kind is ev.OrderFilled:
        return "fill" if event.leaves == 0 else "partial_fill"
    return _UPDATES.get(kind)


_UPDATES: Final[dict[type, str]] = {
    ev.CancelRequested: "pending_cancel",
    ev.ReplaceRequested: "pending_replace",
    ev.OrderCanceled: "canceled",
    ev.OrderExpired: "expired",
    ev.OrderReplaced: "replaced",
    ev.ReplaceAbandoned: "order_replace_rejected",
    ev.CancelRefused: "order_cancel_rejected",
}


def update_message(change: Change, name: str, desk: FrontDesk) -> bytes:
    """Write a trade update."""
    assert change.order is not None
    data: dict[str, Any] = {
        "event": name,
        "event_id": change.event_id,
        "execution_id": public_id(Kind.EXECUTION, change.event_id),
        "timestamp": format_instant(change.time_ns),
        "order": shapes.order(change.order, desk.store.image),
    }
    execution = change.execution
    if execution is not None:
        data["price"] = format_price(execution.price)
        data["qty"] = str(abs(execution.shares))
        data["position_qty"] = str(execution.position)
    return _encode({"stream": "trade_updates", "data": data})


class UpdateSocket:
    """One `/stream` socket."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self.socket = socket
        self.actor: Actor | None = None
        self.listens = False
        self.full = False
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()

    def put(self, message: bytes) -> None:
        """Queue a message."""
        if len(self._queue) >= UPDATES_MAX:
            self.full = True
        else:
            self._queue.append(message)
        self._wake.set()

    async def write(self) -> None:
        """Send what is queued, in binary frames of JSON, until the queue was full once."""
        while not self.full:
            while self._queue and not self.full:
                await self.socket.send_bytes(self._queue.popleft())
            await self._wake.wait()
            self._wake.clear()

    def say(self, stream: str, data: dict[str, Any]) -> None:
        """Queue a control message."""
        self.put(_encode({"stream": stream, "data": data}))


class UpdateHub:
    """All `/stream` sockets."""

    def __init__(self, desk: FrontDesk) -> None:
        self._desk = desk
        self._sockets: defaultdict[int, dict[UpdateSocket, None]] = defaultdict(dict)
        self._end: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._end = self._desk.store.subscribe(self._on_change)

    async def stop(self) -> None:
        """Stop listening, and send everybody away."""
        if self._end is not None:
            self._end()
        for sockets in self._sockets.values():
            for socket in sockets:
                socket.full = True
                socket.put(b"")

    def join(self, actor: Actor, socket: UpdateSocket) -> bool:
        """Take a socket in; False when its account has too many."""
        sockets = self._sockets[actor.account_id]
        if len(sockets) >= SOCKETS_OF_KEY_MAX and socket not in sockets:
            return False
        sockets[socket] = None
        return True

    def leave(self, socket: UpdateSocket) -> None:
        """Let a socket go."""
        if socket.actor is not None:
            self._sockets[socket.actor.account_id].pop(socket, None)

    def _on_change(self, change: Change) -> None:
        if change.order is None:
            return
        listeners = [each for each in self._sockets.get(change.order.account_id, ()) if each.listens]
        name = update_name(change) if listeners else None
        if name is not None:
            message = update_message(change, name, self._desk)
            for listener in listeners:
                listener.put(message)


@websocket("/stream")
async def serve_updates(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve an account's order updates."""
    desk = desk_of(socket)
    hub: UpdateHub = socket.app.state.updates
    await socket.accept()
    client = UpdateSocket(socket)
    reader = asyncio.create_task(_read_updates(client, hub, desk))
    writer = asyncio.create_task(client.write())
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(client)
        await finish(socket, reader, writer)


async def finish(
    socket: WebSocket[Any, Any, Any], *tasks: asyncio.Task[None], code: int = 1000, reason: str = ""
) -> None:
    """End the tasks of a socket, and the socket."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with contextlib.suppress(Exception):
        async with asyncio.timeout(1.0):
            await socket.close(code, reason or None)


async def receive(socket: WebSocket[Any, Any, Any], rate: RateLimit) -> str | bytes | None:
    """Take a client's message, text or binary; None when the socket is over, or says too much."""
    try:
        message = await socket.receive()
    except WebSocketDisconnect:
        return None
    if message["type"] != "websocket.receive":
        return None
    data = message.get("bytes")
    raw: str | bytes = data if data is not None else message.get("text") or ""
    return raw if rate.take("") and len(raw) <= CLIENT_BYTES_MAX else None


async def _read_updates(client: UpdateSocket, hub: UpdateHub, desk: FrontDesk) -> None:
    rate = RateLimit(MESSAGES_PER_SECOND, MESSAGES_BURST)
    while True:
        timeout = None if client.actor else AUTHENTICATION_S
        try:
            async with asyncio.timeout(timeout):
                raw = await receive(client.socket, rate)
        except TimeoutError:
            return
        if raw is None:
            return
        try:
            message = parse_object(raw)
        except ApiFault as fault:
            client.say("error", {"message": fault.message})
            continue
        _take_update_message(client, hub, desk, message)


def _take_update_message(
    client: UpdateSocket, hub: UpdateHub, desk: FrontDesk, message: dict[str, Any]
) -> None:
    action, data = message.get("action"), message.get("data")
    data = data if isinstance(data, dict) else {}
    if action in {"authenticate", "auth"}:
        key = data.get("key_id", message.get("key"))
        secret = data.get("secret_key", message.get("secret"))
        hub.leave(client)
        client.actor = known_actor(desk, key, secret, "read")
        if client.actor is not None and not hub.join(client.actor, client):
            client.actor = None
        status = "authorized" if client.actor else "unauthorized"
        client.say("authorization", {"status": status, "action": "authenticate"})
    elif action == "listen":
        if client.actor is None:
            client.say("authorization", {"status": "unauthorized", "action": "listen"})
            return
        asked = data.get("streams")
        client.listens = isinstance(asked, list) and "trade_updates" in asked
        client.say("listening", {"streams": ["trade_updates"] if client.listens else []})
    else:
        client.say("error", {"message": "action is not known: authenticate or listen would pass"})


def known_actor(desk: FrontDesk, key: Any, secret: Any, action: Any) -> Actor | None:
    """Find out who a key and secret belong to, if they may do the action."""
    if not isinstance(key, str) or not isinstance(secret, str):
        return None
    try:
        actor = desk.identify_key(key, secret)
        authorize(actor, action, actor.account_id)
    except ApiFault:
        return None
    return actor


HANDLERS: Final = [serve_updates]
