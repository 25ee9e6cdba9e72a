"""`/v1/market`: the socket of our own dialect, for those who must know that nothing is missing (see `own_reader`).

A program comes with a key in the handshake or in its first message, a page with its login, from its own origin only.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import WebSocket, websocket

from rushtrade.api.access import Actor, FrontDesk, RateLimit, desk_of
from rushtrade.api.faults import ApiFault
from rushtrade.api.trade_updates import (
    AUTHENTICATION_S,
    MESSAGES_BURST,
    MESSAGES_PER_SECOND,
    known_actor,
    receive,
)
from rushtrade.serving.callers import ACTION, logged_in, own_origin
from rushtrade.serving.channels import ACCOMPANY, ALL
from rushtrade.serving.own_reader import OwnSocket, Request
from rushtrade.serving.sight import read_feed
from rushtrade.serving.stream import ASKED, ERRORS, SYMBOL_LENGTH_MAX, run_reader

if TYPE_CHECKING:
    from rushtrade.serving.hub import MarketHub

_decode = msgspec.json.Decoder(Request).decode


@websocket("/v1/market")
async def serve_own(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve the market in our own dialect."""
    desk = desk_of(socket)
    hub: MarketHub = socket.app.state.market_hub
    await socket.accept()
    query = socket.query_params
    binary = query.get("quotes", "json") == "binary"
    client = OwnSocket(hub, socket, "", binary=binary)
    try:
        client.feed = read_feed(query.get("feed", ""))
    except ApiFault as fault:
        client.say("error", code=400, message=fault.message)
        client.end(4400, ERRORS[400])
    headers = socket.headers
    if "apca-api-key-id" in headers:
        key, secret = headers["apca-api-key-id"], headers.get("apca-api-secret-key")
        _let_in(client, known_actor(desk, key, secret, ACTION))
    elif own_origin(headers) and (actor := logged_in(socket)) is not None:
        _let_in(client, actor if ACTION in actor.permissions else None)
    await run_reader(client, _read(client, desk))


def _let_in(client: OwnSocket, actor: Actor | None) -> None:
    if client.actor is not None:
        client.refuse(403)
    elif actor is None:
        client.refuse(402)
    elif client.hub.is_full(actor):
        most = client.hub.desk.ports.limits.sockets_of_key
        client.refuse(406, f"{most} sockets of a key or user would pass", close=True)
    else:
        client.open(actor)
        client.hello()


async def _read(client: OwnSocket, desk: FrontDesk) -> None:
    rate = RateLimit(MESSAGES_PER_SECOND, MESSAGES_BURST)
    while not client.close_after:
        try:
            async with asyncio.timeout(None if client.actor else AUTHENTICATION_S):
                raw = await receive(client.socket, rate)
        except TimeoutError:
            client.refuse(404, close=True)
            return
        if raw is None:
            return
        try:
            request = _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            client.refuse(400, str(error)[:120])
            continue
        _take(client, desk, request)


def _take(client: OwnSocket, desk: FrontDesk, request: Request) -> None:
    if request.do == "auth":
        _let_in(client, known_actor(desk, request.key, request.secret, ACTION))
    elif request.do not in {"subscribe", "unsubscribe"}:
        client.refuse(400, "auth, subscribe or unsubscribe would pass")
    elif client.actor is None:
        client.refuse(401)
    else:
        _choose(client, request)


def _choose(client: OwnSocket, request: Request) -> None:
    most = client.hub.desk.ports.limits.symbols_of_channel
    unknown = sorted((set(request.channels) | set(request.resume)) - {*ASKED, *ACCOMPANY})
    if unknown:
        client.refuse(410, f"{unknown[0][:40]!r} is no channel; {', '.join(ASKED)} would pass")
        return
    channels = {
        name: [symbol.upper()[:SYMBOL_LENGTH_MAX] for symbol in symbols]
        for name, symbols in request.channels.items()
        if name not in ACCOMPANY
    }
    request = msgspec.structs.replace(request, channels=channels)
    if request.do == "unsubscribe":
        client.unsubscribe(request)
        return
    for name, symbols in channels.items():
        if len({*client.channels[name], *symbols} - {ALL}) > most:
            client.refuse(405, f"{most} symbols a channel, or '*', would pass")
            return
    why = client.lacks(channels)
    if why is not None:
        client.insufficient(why)
        return
    client.subscribe(request)


HANDLERS: Final = [serve_own]
