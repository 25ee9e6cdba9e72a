"""`/v2/{feed}`: trades, quotes, bars, halts and corrections as they happen, in JSON or MessagePack, as clients of that API expect.

Every message is an array; answers come alone. Quotes are the newest of their symbol, everything else is told whole and in order: a
client that is so slow that trades have left the ring, or that takes nothing for ten seconds, is told 407 with the
numbers it had reached, and let go. How it is made once for all is the business of `face` and `reader`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import WebSocket, websocket

from rushtrade.api.access import FrontDesk, RateLimit, desk_of
from rushtrade.api.decoding import parse_object
from rushtrade.api.faults import ApiFault
from rushtrade.api.trade_updates import (
    AUTHENTICATION_S,
    MESSAGES_BURST,
    MESSAGES_PER_SECOND,
    finish,
    known_actor,
    receive,
)
from rushtrade.serving.channels import ACCOMPANY, ALL, CHANNELS, HAPPENINGS, QUOTES, TRADES
from rushtrade.serving.items import arrays_of, encode_json, encode_packed
from rushtrade.serving.reader import Batch, Reader
from rushtrade.serving.sight import FEEDS, NOT_CARRIED, not_carried

if TYPE_CHECKING:
    from rushtrade.serving.face import Face
    from rushtrade.serving.hub import MarketHub

SYMBOL_LENGTH_MAX: Final = 16
SLOW, INSUFFICIENT = 407, 409
ERRORS: Final = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    408: "v2 not enabled",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
    411: "insufficient scope",
    413: "message too large",
    500: "internal error",
}
ASKED: Final = tuple(name for name in CHANNELS if name not in ACCOMPANY)
"""Channels a client names."""
_ORDER: Final = (TRADES, QUOTES, *(name for name in HAPPENINGS if name not in {TRADES, *ACCOMPANY}))


class MarketSocket(Reader):
    """One socket of this dialect."""

    stream = "v2"

    def __init__(self, hub: MarketHub, socket: WebSocket[Any, Any, Any], feed: str, *, packed: bool) -> None:
        super().__init__(hub, socket, feed)
        self.packed = packed

    def say(self, message: dict[str, Any]) -> None:
        """Queue an answer: it goes alone."""
        if self.packed:
            self.control(encode_packed([message]))
        else:
            self.control(encode_json([message]).decode())

    def refuse(self, code: int, why: str = "", *, close: bool = False, **more: Any) -> None:
        """Queue an error."""
        text = f"{ERRORS[code]}: {why}" if why else ERRORS[code]
        self.say({"T": "error", "code": code, "msg": text, **more})
        if close:
            self.end(4000 + code, ERRORS[code])

    def insufficient(self, why: str) -> None:
        """Say which product is lacking."""
        self.refuse(INSUFFICIENT, why)

    def too_slow(self) -> None:
        """Say 407, with the numbers reached."""
        self.refuse(SLOW, close=True, epoch=self.hub.epoch, reached=self.reached())

    def missed(self, lost: int) -> None:
        """End it: the dialect has no word for what is lost, and the client must not go on as if nothing were."""
        del lost
        if not self.close_after:
            self.too_slow()

    def render(self) -> Batch:
        """Make the arrays that follow."""
        face = self.face
        key = (self.packed, self.selection, self.cursors)
        found = face.memo.get(key)
        if found is None:
            found = face.memo[key] = self._arrays(face)
        return found

    def _arrays(self, face: Face) -> Batch:
        packed, cursors = self.packed, self.cursors
        after, encoded = [], []
        lost, more = 0, False
        for channel, cursor in zip(CHANNELS, cursors, strict=True):
            if not self.selection.of(channel):
                after.append(cursor)
                continue
            run = face.read(channel, self.selection, cursor)
            encoded += [item.encoded(packed=packed) for item in run.items]
            after.append(run.upto)
            lost += run.lost
            more = more or run.more
        if lost:
            return Batch([], cursors, lost, more=False)
        arrays = list(arrays_of(encoded, packed=packed))
        messages: list[str | bytes] = [*arrays] if packed else [each.decode() for each in arrays]
        return Batch(messages, tuple(after), 0, more)


@websocket([*(f"/v2/{feed}" for feed in (*FEEDS, *NOT_CARRIED)), "/v1beta1/boats", "/v1beta1/overnight"])
async def serve_market(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve market data, in JSON or MessagePack as the handshake's Content-Type says."""
    desk = desk_of(socket)
    hub: MarketHub = socket.app.state.market_hub
    await socket.accept()
    packed = "msgpack" in socket.headers.get("content-type", "")
    feed = socket.scope["path"].rpartition("/")[2]
    client = MarketSocket(hub, socket, feed, packed=packed)
    client.say({"T": "success", "msg": "connected"})
    if feed in NOT_CARRIED:
        client.refuse(409, not_carried(feed), close=True)
    headers = socket.headers
    if "apca-api-key-id" in headers:
        _authenticate(client, hub, desk, headers["apca-api-key-id"], headers.get("apca-api-secret-key"))
    await run_reader(client, _read(client, hub, desk))


async def run_reader(client: Reader, reading: Any) -> None:
    """Read and write a socket until one of the two ends, then let go of what it holds."""
    reader = asyncio.create_task(reading)
    writer = asyncio.create_task(client.write())
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        if not writer.done() and client.close_after:
            await asyncio.wait({writer}, timeout=1.0)
    finally:
        client.close()
        await finish(client.socket, reader, writer, code=client.close_code, reason=client.close_reason)


def _authenticate(client: MarketSocket, hub: MarketHub, desk: FrontDesk, key: Any, secret: Any) -> None:
    if client.actor is not None:
        client.refuse(403)
        return
    actor = known_actor(desk, key, secret, "market_data")
    if actor is None:
        client.refuse(402)
    elif hub.is_full(actor):
        client.refuse(406, f"{desk.ports.limits.sockets_of_key} sockets of a key would pass", close=True)
    else:
        client.open(actor)
        client.say({"T": "success", "msg": "authenticated"})


async def _read(client: MarketSocket, hub: MarketHub, desk: FrontDesk) -> None:
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
        message = _message(raw, packed=client.packed)
        action = None if message is None else message.get("action")
        if message is None or action not in {"auth", "subscribe", "unsubscribe"}:
            client.refuse(400)
        elif action == "auth":
            _authenticate(client, hub, desk, message.get("key"), message.get("secret"))
        elif client.actor is None:
            client.refuse(401)
        else:
            _subscribe(client, message, add=action == "subscribe")


def _message(raw: str | bytes, *, packed: bool) -> dict[str, Any] | None:
    """Read a client's message in its format (JSON text is taken from a MessagePack client, too)."""
    try:
        if packed and isinstance(raw, bytes):
            found: Any = msgspec.msgpack.decode(raw)
        else:
            found = parse_object(raw)
    except (ApiFault, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _subscribe(client: MarketSocket, message: dict[str, Any], *, add: bool) -> None:
    asked: dict[str, list[str]] = {}
    for name, symbols in message.items():
        if name in {"action", *ACCOMPANY}:
            continue
        if name not in ASKED:
            client.refuse(410, f"{str(name)[:40]!r} is no channel; {', '.join(_ORDER)} would pass")
            return
        if not isinstance(symbols, list) or not all(isinstance(each, str) for each in symbols):
            client.refuse(400)
            return
        asked[name] = [symbol.upper()[:SYMBOL_LENGTH_MAX] for symbol in symbols]
    symbols_max = client.hub.desk.ports.limits.symbols_of_channel
    if add:
        for name, symbols in asked.items():
            if len({*client.channels[name], *symbols} - {ALL}) > symbols_max:
                client.refuse(405, f"{symbols_max} symbols a channel, or '*', would pass")
                return
        why = client.lacks(asked)
        if why is not None:
            client.insufficient(why)
            return
    choose_symbols(client, asked, add=add)
    lists = {name: list(client.channels[name]) for name in _ORDER}
    client.say({"T": "subscription", **lists, **dict.fromkeys(ACCOMPANY, lists[TRADES])})


def choose_symbols(client: Reader, asked: dict[str, list[str]], *, add: bool) -> None:
    """Add symbols to what a reader wants, or take them away; corrections and cancels go with trades."""
    for name, symbols in asked.items():
        for channel in (name, *ACCOMPANY) if name == TRADES else (name,):
            chosen = client.channels[channel]
            for symbol in symbols:
                if add:
                    chosen[symbol] = None
                else:
                    chosen.pop(symbol, None)
    client.choose()


HANDLERS: Final = [serve_market]
