"""`/v2/{feed}`: quotes, trades and bars as they happen, in JSON or MessagePack.

Theory of operation: one ear at the pulse feeds all sockets. A message is encoded once a symbol and format; quotes wait by
symbol (the newest wins), trades and bars in a bounded queue, and a client that falls behind is told 407 and let go. A
socket's writer sends all that waits as one array, so a slow one gets fewer, larger messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import WebSocket, websocket

from rushtrade.api import shapes
from rushtrade.api.access import Actor, FrontDesk, RateLimit, desk_of
from rushtrade.api.decoding import parse_object
from rushtrade.api.faults import ApiFault
from rushtrade.api.reference import frames_of, local_day, midnight
from rushtrade.api.trade_updates import (
    AUTHENTICATION_S,
    MESSAGES_BURST,
    MESSAGES_PER_SECOND,
    SOCKETS_OF_KEY_MAX,
    finish,
    known_actor,
    receive,
)
from rushtrade.domain.instants import MINUTE, SECOND, format_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


ITEMS_MAX: Final = 20_000
"""Trades and bars that may wait in one socket."""
MESSAGE_BYTES_MAX: Final = 256 * 1024
"""One array; clients refuse more than a megabyte."""
SYMBOLS_MAX: Final = 300
TICK_S: Final = 0.05
TRADES_AT_ONCE: Final = 4_096

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode


CHANNELS: Final = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds")
_ACCOMPANY: Final = ("corrections", "cancelErrors")
_ERRORS: Final = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    410: "invalid subscribe action for this feed",
}


def timestamp(time_ns: int) -> msgspec.msgpack.Ext:
    """Write an instant as the Timestamp extension of MessagePack, to the nanosecond."""
    seconds, rest = divmod(time_ns, SECOND)
    return msgspec.msgpack.Ext(-1, struct.pack(">Q", rest << 34 | seconds))


class Item:
    """One message of the market, encoded once a format."""

    __slots__ = ("_fields", "_json", "_packed", "_time_ns")

    def __init__(self, kind: str, symbol: str, time_ns: int, fields: dict[str, Any]) -> None:
        self._fields = {"T": kind, "S": symbol, **fields}
        self._time_ns = time_ns
        self._json = self._packed = b""

    def encoded(self, *, packed: bool) -> bytes:
        """Give the message in a format."""
        if packed:
            self._packed = self._packed or _pack({**self._fields, "t": timestamp(self._time_ns)})
            return self._packed
        self._json = self._json or _encode({**self._fields, "t": format_instant(self._time_ns)})
        return self._json


def array_of(items: Sequence[bytes], *, packed: bool) -> bytes:
    """Put encoded messages into one array."""
    if not packed:
        return b"[" + b",".join(items) + b"]"
    count = len(items)
    head = bytes([0x90 | count]) if count < 16 else b"\xdd" + struct.pack(">I", count)
    return head + b"".join(items)


class MarketSocket:
    """One market-data socket."""

    def __init__(self, socket: WebSocket[Any, Any, Any], *, packed: bool) -> None:
        self.socket, self.packed = socket, packed
        self.actor: Actor | None = None
        self.channels: dict[str, dict[str, None]] = {name: {} for name in CHANNELS}
        self.close_after = False
        self._control: deque[bytes] = deque()
        self._quotes: dict[str, Item] = {}
        self._items: deque[Item] = deque()
        self._wake = asyncio.Event()

    def wants(self, channel: str, symbol: str) -> bool:
        """Tell whether the client subscribed to a symbol in a channel."""
        chosen = self.channels[channel]
        return symbol in chosen or "*" in chosen

    def put_quote(self, symbol: str, item: Item) -> None:
        """Queue a quote in the place of the one before."""
        self._quotes[symbol] = item

    def put(self, items: Sequence[Item]) -> None:
        """Queue trades or bars."""
        self._items.extend(items)
        if len(self._items) > ITEMS_MAX:
            self._items.clear()
            self.refuse(407, close=True)

    def control(self, message: dict[str, Any]) -> None:
        """Queue a control message: it goes alone."""
        encoded = _pack([message]) if self.packed else _encode([message])
        self._control.append(encoded)
        self._wake.set()

    def refuse(self, code: int, *, close: bool = False) -> None:
        """Queue an error."""
        self.control({"T": "error", "code": code, "msg": _ERRORS[code]})
        self.close_after = self.close_after or close

    def wake(self) -> None:
        """Wake the writer if anything waits."""
        if self._quotes or self._items or self._control:
            self._wake.set()

    async def write(self) -> None:
        """Send what waits, as few arrays as possible."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._control:
                await self._send(self._control.popleft())
            if self.close_after:
                return
            waiting = [*self._items, *self._quotes.values()]
            self._items.clear()
            self._quotes.clear()
            for part in self._parts(waiting):
                await self._send(part)

    def _parts(self, items: Iterable[Item]) -> Iterable[bytes]:
        part: list[bytes] = []
        size = 0
        for item in items:
            encoded = item.encoded(packed=self.packed)
            if part and size + len(encoded) > MESSAGE_BYTES_MAX:
                yield array_of(part, packed=self.packed)
                part, size = [], 0
            part.append(encoded)
            size += len(encoded)
        if part:
            yield array_of(part, packed=self.packed)

    async def _send(self, message: bytes) -> None:
        if self.packed:
            await self.socket.send_bytes(message)
        else:
            await self.socket.send_text(message.decode())


class MarketHub:
    """All market-data sockets."""

    def __init__(self, desk: FrontDesk) -> None:
        self._desk = desk
        self.sockets: dict[MarketSocket, None] = {}
        self._marked: set[int] = set()
        self._told: dict[int, int] = {}
        self._minute = 0
        self._task: asyncio.Task[None] | None = None
        self._end: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to listen and to tick."""
        self._end = self._desk.ports.pulse.subscribe(self._marked.update)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, and send everybody away."""
        if self._end is not None:
            self._end()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for socket in self.sockets:
            socket.close_after = True
            socket.control({"T": "error", "code": 500, "msg": "the house is stopping"})

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self.sockets:
                self._on_tick()
            else:
                self._marked.clear()
                self._told.clear()

    def _on_tick(self) -> None:
        marked = sorted(self._marked)
        self._marked.clear()
        for number in marked:
            self._tell_changes(number)
        minute = self._desk.ports.clock.now_ns() // MINUTE
        if minute > self._minute:
            if self._minute:
                self._tell_bars(self._minute * MINUTE, minute * MINUTE)
            self._minute = minute
        for socket in self.sockets:
            socket.wake()

    def _tell_changes(self, number: int) -> None:
        desk = self._desk
        row = desk.store.image.instruments.get(number)
        if row is None:
            return
        market, symbol = desk.ports.market, row.symbol
        quoted = [socket for socket in self.sockets if socket.wants("quotes", symbol)]
        traded = [socket for socket in self.sockets if socket.wants("trades", symbol)]
        if quoted:
            quote = market.nbbo(number)
            fields = shapes.quote_fields(desk.store.image, row, quote, market.venue_quotes(number))
            item = Item("q", symbol, quote.time_ns, fields)
            for socket in quoted:
                socket.put_quote(symbol, item)
        seen = self._told.get(number)
        total = market.trades_total(number)
        self._told[number] = total
        if traded and seen is not None and total > seen:
            trades = market.trades(number, seen, TRADES_AT_ONCE)
            items = [
                Item("t", symbol, one.time_ns, shapes.trade_fields(desk.store.image, row, one))
                for one in trades
            ]
            for socket in traded:
                socket.put(items)

    def begin(self, symbols: Iterable[str]) -> None:
        """Tell trades of these symbols from now on, not from the last time somebody listened."""
        image = self._desk.store.image
        for symbol in image.symbols if "*" in (chosen := list(symbols)) else chosen:
            row = image.symbols.get(symbol)
            if row is not None:
                total = self._desk.ports.market.trades_total(row.instrument_id)
                self._told.setdefault(row.instrument_id, total)

    def _tell_bars(self, start_ns: int, end_ns: int) -> None:
        desk = self._desk
        for symbol, row in desk.store.image.symbols.items():
            for channel, kind in (("bars", "b"), ("dailyBars", "d")):
                wanting = [socket for socket in self.sockets if socket.wants(channel, symbol)]
                if not wanting:
                    continue
                since = start_ns if kind == "b" else midnight(local_day(start_ns))
                bars = desk.ports.market.bars(row.instrument_id, since, end_ns)
                frames = bars if kind == "b" else frames_of(bars, 1, "Day")
                items = [Item(kind, symbol, bar.start_ns, shapes.bar_fields(bar)) for bar in frames]
                for socket in wanting:
                    socket.put(items)


@websocket(["/v2/sip", "/v2/iex", "/v2/delayed_sip", "/v2/test"])
async def serve_market(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve market data, in JSON or MessagePack as the handshake's Content-Type says."""
    desk = desk_of(socket)
    hub: MarketHub = socket.app.state.market_hub
    await socket.accept()
    packed = "msgpack" in socket.headers.get("content-type", "")
    client = MarketSocket(socket, packed=packed)
    client.control({"T": "success", "msg": "connected"})
    headers = socket.headers
    if "apca-api-key-id" in headers:
        _authenticate(client, hub, desk, headers["apca-api-key-id"], headers.get("apca-api-secret-key"))
    reader = asyncio.create_task(_read_market(client, hub, desk))
    writer = asyncio.create_task(client.write())
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        if not writer.done() and client.close_after:
            await asyncio.wait({writer}, timeout=1.0)
    finally:
        hub.sockets.pop(client, None)
        await finish(socket, reader, writer)


def _authenticate(client: MarketSocket, hub: MarketHub, desk: FrontDesk, key: Any, secret: Any) -> None:
    if client.actor is not None:
        client.refuse(403)
        return
    actor = known_actor(desk, key, secret, "market_data")
    if actor is None:
        client.refuse(402)
        return
    same = [each for each in hub.sockets if each.actor is not None and each.actor.name == actor.name]
    if len(same) >= SOCKETS_OF_KEY_MAX:
        client.refuse(406, close=True)
        return
    client.actor = actor
    hub.sockets[client] = None
    client.control({"T": "success", "msg": "authenticated"})


async def _read_market(client: MarketSocket, hub: MarketHub, desk: FrontDesk) -> None:
    rate = RateLimit(MESSAGES_PER_SECOND, MESSAGES_BURST)
    while not client.close_after:
        timeout = None if client.actor else AUTHENTICATION_S
        try:
            async with asyncio.timeout(timeout):
                raw = await receive(client.socket, rate)
        except TimeoutError:
            client.refuse(404, close=True)
            return
        if raw is None:
            return
        message = _market_message(raw, packed=client.packed)
        if message is None:
            client.refuse(400)
            continue
        action = message.get("action")
        if action == "auth":
            _authenticate(client, hub, desk, message.get("key"), message.get("secret"))
        elif action not in {"subscribe", "unsubscribe"}:
            client.refuse(400)
        elif client.actor is None:
            client.refuse(401)
        else:
            _subscribe(client, hub, message, add=action == "subscribe")


def _market_message(raw: str | bytes, *, packed: bool) -> dict[str, Any] | None:
    """Read a client's message in its format (JSON text is taken from a MessagePack client, too)."""
    try:
        if packed and isinstance(raw, bytes):
            found: Any = msgspec.msgpack.decode(raw)
        else:
            found = parse_object(raw)
    except (ApiFault, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _subscribe(client: MarketSocket, hub: MarketHub, message: dict[str, Any], *, add: bool) -> None:
    asked: dict[str, list[str]] = {}
    for name, symbols in message.items():
        if name in {"action", *_ACCOMPANY}:
            continue
        if name not in CHANNELS:
            client.refuse(410)
            return
        if not isinstance(symbols, list) or not all(isinstance(each, str) for each in symbols):
            client.refuse(400)
            return
        asked[name] = symbols
    for name, symbols in asked.items():
        chosen = client.channels[name]
        if add and len({*chosen, *symbols}) > SYMBOLS_MAX:
            client.refuse(405)
            return
        for symbol in symbols:
            if add:
                chosen[symbol[:16]] = None
            else:
                chosen.pop(symbol, None)
        if name == "trades" and add:
            hub.begin(symbols)
    lists = {name: list(client.channels[name]) for name in CHANNELS}
    told = dict.fromkeys(_ACCOMPANY, lists["trades"])
    client.control({"T": "subscription", **lists, **told})


HANDLERS: Final = [serve_market]
