"""A reader in our own dialect: every message says which numbers of its channel it covers.

Every message names the number it follows (`prev`) and the number it reaches (`seq`) in its channel: everything wanted between the two
is in it, so a client whose last `seq` is the next `prev` has missed nothing. Heartbeats carry the numbers, too.
A client that comes back says where it was (`resume`): what the ring still holds is told first, then the market as it happens, and
what it does not hold is named in a `gap` with where to fetch it. The same record tells a slow client what it was not sent.

docs/protocols/market-data-api.md has the protocol to the byte.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import WebSocket

from rushtrade.domain.instants import MILLISECOND, format_instant
from rushtrade.serving import shapes
from rushtrade.serving.channels import ALL, CHANNELS, HAPPENINGS, QUOTES, TRADES, Page
from rushtrade.serving.face import Run
from rushtrade.serving.hub import BEAT_S
from rushtrade.serving.items import MESSAGE_BYTES_MAX, QuoteItem, encode_json
from rushtrade.serving.reader import Batch, Reader, placed
from rushtrade.serving.stream import ASKED, ERRORS, choose_symbols

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rushtrade.serving.hub import MarketHub

PROTOCOL: Final = 1
FRAME: Final = struct.Struct("<BBHIQQq")
QUOTES_FRAME, IMAGE_FLAG = 1, 1
REASON_BYTES_MAX: Final = 120
"""A close frame's reason: the protocol's own bound is 123."""
FETCH_SYMBOLS_MAX: Final = 100
"""Symbols named in the address of a gap; with more, the client puts in its own."""


class Resume(msgspec.Struct, frozen=True):
    """Where a client was in a channel: the numbering, its last number there, and the time of what it has last seen."""

    seq: int
    epoch: str
    since: str = ""


class Request(msgspec.Struct, frozen=True):
    """What a client asks for."""

    do: str
    channels: dict[str, list[str]] = {}
    resume: dict[str, Resume] = {}
    key: str = ""
    secret: str = ""


class OwnSocket(Reader):
    """One socket of this dialect."""

    stream = "v1/market"

    def __init__(self, hub: MarketHub, socket: WebSocket[Any, Any, Any], feed: str, *, binary: bool) -> None:
        super().__init__(hub, socket, feed)
        self.binary = binary
        self._named: set[int] = set()
        self._gaps: list[dict[str, Any]] = []
        self._since: tuple[int, str] = (-1, "")
        """The number a client came back with, and the time it gave with it."""
        self._page: Page | None = None
        """Trades that have left memory, brought back."""
        self._is_lost = False
        """Whether the trades that follow can be had nowhere."""

    # --- answers --------------------------------------------------------------------------------------------

    def say(self, kind: str, **fields: Any) -> None:
        """Queue a message of this socket's own."""
        self.control(_text(kind, **fields))

    def refuse(self, code: int, why: str = "", *, close: bool = False, **more: Any) -> None:
        """Queue an error; with `close`, the last message."""
        self.say("error", code=code, message=f"{ERRORS[code]}: {why}" if why else ERRORS[code], **more)
        if close:
            reached = " ".join(f"{name}={number}" for name, number in self.reached().items())
            self.end(4000 + code, f"{ERRORS[code]} {reached}".strip()[:REASON_BYTES_MAX])

    def insufficient(self, why: str) -> None:
        """Say which product is lacking."""
        self.refuse(409, why)

    def too_slow(self) -> None:
        """Send the client away with the numbers it has reached."""
        self.refuse(407, close=True, seq=self.reached())

    def hello(self) -> None:
        """Say where the client is."""
        image, label = self.hub.desk.store.image, self.hub.desk.ports.label()
        venues = [
            {"index": row.venue, "code": row.code, "mic": row.mic, "name": row.name,
             "letter": shapes.exchange_letter(image, row.venue)}
            for _, row in sorted(image.routes.items())
        ]  # fmt: skip
        self.say(
            "hello",
            protocol=PROTOCOL,
            house=self.hub.desk.ports.house,
            market={"source": label.source, "label": label.label, "trade_date": str(label.trade_date)},
            feed=self.feed or "sip",
            delay_ms=self.sight.delay_ns // MILLISECOND,
            epochs={name: self.hub.epoch_of(name) for name in HAPPENINGS},
            heartbeat_ms=int(1_000 * BEAT_S),
            venues=venues,
        )

    def beat(self) -> None:
        """Say every number reached: all that is wanted up to it has been sent."""
        if self.actor is None:
            return
        if any(self._read(name, self.cursor(name)).items for name in self.reached()):
            return  # a message is on its way, with numbers of its own
        self.told = self.cursors
        state = self.state()
        now_ns = self.hub.desk.ports.clock.now_ns()
        self.say(
            "heartbeat",
            seq=self.reached(),
            clock=format_instant(now_ns),
            server_us=time.time_ns() // 1_000,
            lag_ms=state.lag_ms,
            skipped=self.skipped,
        )

    # --- subscriptions ---------------------------------------------------------------------------------------

    def subscribe(self, request: Request) -> None:
        """Add symbols, each channel from where the client was, if it says so."""
        before = {name: dict(self.channels[name]) for name in CHANNELS}
        running = {name: bool(self.selection.of(name)) for name in CHANNELS}
        choose_symbols(self, request.channels, add=True)
        self._gaps = []
        for channel in HAPPENINGS:
            place = request.resume.get(channel)
            if place is not None and self.selection.of(channel) and not running[channel]:
                self._resume(channel, place)
        for channel in CHANNELS:
            if not running[channel]:
                self.told = placed(self.told, channel, self.cursor(channel))
        self._subscribed()
        for gap in self._gaps:
            self.control(encode_json(gap).decode())
        self._image([name for name in request.channels.get(QUOTES, []) if name not in before[QUOTES]])

    def review(self) -> None:
        """Begin quotes anew when they are others than before, and say where they begin."""
        before = self._face
        super().review()
        if self.viewer is not None and self.face is not before and self.selection.of(QUOTES):
            self.told = placed(self.told, QUOTES, self.cursor(QUOTES))
            self._subscribed()
            self._image(list(self.channels[QUOTES]))

    def unsubscribe(self, request: Request) -> None:
        """Take symbols away."""
        choose_symbols(self, request.channels, add=False)
        self._subscribed()

    def _subscribed(self) -> None:
        chosen = {name: list(self.channels[name]) for name in ASKED if self.channels[name]}
        seq = {name: self.told[CHANNELS.index(name)] for name in self.reached()}
        self.say("subscribed", channels=chosen, seq=seq)

    def _resume(self, channel: str, place: Resume) -> None:
        face = self.face
        newest = face.newest(channel)
        if place.epoch != self.hub.epoch_of(channel) or place.seq > newest or place.seq < 0:
            why = (
                f"number {place.seq:,} was never told: the newest is {newest:,}"
                if place.epoch == self.hub.epoch_of(channel)
                else "the number is of another numbering: this server cannot tell what came after it"
            )
            self._gaps.append(self._gap(channel, None, newest, place.since, why))
            return
        oldest = face.oldest(channel)
        if place.seq >= oldest - 1 or (channel == TRADES and self.hub.past.is_kept):
            self.begin(channel, place.seq)
            self._since = (place.seq, place.since) if channel == TRADES else self._since
            return
        since = place.since or (self._time_before(channel, place.seq))
        self._gaps.append(self._gap(channel, place.seq, oldest - 1, since, "it has left memory"))
        self.begin(channel, oldest - 1)

    def _time_before(self, channel: str, seq: int) -> str:
        if channel == TRADES and self._since[0] == seq and self._since[1]:
            return self._since[1]
        time_ns = self.hub.time_before(seq) if channel == TRADES else 0
        return format_instant(time_ns) if time_ns else ""

    def _gap(self, channel: str, prev: int | None, seq: int, since: str, why: str) -> dict[str, Any]:
        """Say exactly which numbers are not told, and where they can be had."""
        until = ""
        if channel == TRADES and (time_ns := self.hub.time_of(seq + 1)):
            until = format_instant(time_ns)
        return {
            "type": "gap",
            "channel": channel,
            "prev": prev,
            "seq": seq,
            "lost_at_most": None if prev is None else seq - prev,
            "start": since or None,
            "end": until or None,
            "fetch": self._fetch(channel, since, until),
            "why": why,
        }

    def _fetch(self, channel: str, since: str, until: str) -> str | None:
        kind = {TRADES: TRADES, "bars": "bars", "updatedBars": "bars", "dailyBars": "bars"}.get(channel)
        if kind is None:
            return None
        symbols = self.channels[channel]
        query = {"feed": self.feed} if self.feed else {}
        if ALL not in symbols and len(symbols) <= FETCH_SYMBOLS_MAX:
            query["symbols"] = ",".join(symbols)
        if kind == "bars":
            query["timeframe"] = "1Day" if channel == "dailyBars" else "1Min"
        query |= {name: text for name, text in (("start", since), ("end", until)) if text}
        return f"/v2/stocks/{kind}?{urlencode(query)}"

    def _image(self, fresh: Sequence[str]) -> None:
        """Tell quotes that begin to be wanted as they are now."""
        if not fresh:
            return
        image = self.hub.desk.store.image
        known = image.symbols.values() if ALL in fresh else [image.symbols.get(name) for name in fresh]
        items = self.face.quotes_now(row.instrument_id for row in known if row is not None)
        told = self.cursor(QUOTES)
        for message in self._quotes(items, told, told, image=True):
            self.control(message)

    # --- data ----------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Bring back from the tick store what follows, when it has left memory."""
        cursor = self.cursor(TRADES)
        if not self._is_behind(cursor):
            self._page, self._is_lost = None, False
        elif self._page is None or not self._page.holds(cursor):
            self._page = await self.hub.past.page(cursor)
            self._is_lost = self._page is None

    def _is_behind(self, cursor: int) -> bool:
        """Tell whether the trades that follow are for the tick store to tell."""
        oldest = self.hub.prints.oldest
        return cursor < oldest - 1 and self.hub.past.is_kept and bool(self.selection.of(TRADES))

    def _read(self, channel: str, after: int) -> Run:
        """Read on in a channel: in memory, or on the page at hand."""
        if channel != TRADES or self._is_lost or not self._is_behind(after):
            return self.face.read(channel, self.selection, after)
        if self._page is None or not self._page.holds(after):
            return Run((), after, 0, more=True)
        return self.face.read_past(self._page, self.selection, after)

    def _why_lost(self, channel: str) -> str:
        if channel != TRADES or not self.hub.past.is_kept:
            return "the client was too slow"
        return self.hub.past.fault if self._is_lost else "the tick store does not have it"

    def render(self) -> Batch:
        """Make the messages that follow: one a channel with news, a gap before what has left the ring."""
        cursors, told = self.cursors, self.told
        messages: list[str | bytes] = []
        lost, more = 0, False
        for channel in self.reached():
            place = CHANNELS.index(channel)
            run = self._read(channel, cursors[place])
            if run.lost:
                reached = cursors[place] + run.lost
                since = self._time_before(channel, told[place])
                gap = self._gap(channel, told[place], reached, since, self._why_lost(channel))
                messages.append(encode_json(gap).decode())
                told = placed(told, channel, reached)
                lost += run.lost
            if run.items:
                if channel == QUOTES:
                    messages += self._quotes(run.items, told[place], run.upto)
                else:
                    messages += self._happened(channel, run.items, told[place], run.upto, cursors[place])
                told = placed(told, channel, run.upto)
            cursors = placed(cursors, channel, run.upto)
            more = more or run.more
        return Batch(messages, cursors, lost, more, told)

    def _happened(self, channel: str, items: Sequence[Any], prev: int, seq: int, after: int) -> Iterable[str]:
        memo = self.face.memo
        key = ("rows", channel, self.selection, after, seq)
        rows = memo.get(key)
        if rows is None:
            rows = memo[key] = b",".join(item.encoded(packed=False) for item in items).decode()
        yield f'{{"type":"{channel}","prev":{prev},"seq":{seq},"rows":[{rows}]}}'

    def _quotes(
        self, items: Sequence[Any], prev: int, seq: int, *, image: bool = False
    ) -> Iterable[str | bytes]:
        quotes: Sequence[QuoteItem] = items
        each = len(quotes[0].row()) if self.binary and quotes else 0
        at_once = MESSAGE_BYTES_MAX // (each or 256)
        for first in range(0, len(quotes), at_once):
            part = quotes[first : first + at_once]
            reached = seq if first + at_once >= len(quotes) else prev
            if self.binary:
                yield from self._name(part)
                now_ns = self.hub.desk.ports.clock.now_ns()
                head = FRAME.pack(
                    QUOTES_FRAME, PROTOCOL, IMAGE_FLAG * image, len(part), prev, reached, now_ns
                )
                yield head + b"".join([item.row() for item in part])
            else:
                rows = b",".join([item.encoded(packed=False) for item in part]).decode()
                flag = "true" if image else "false"
                yield f'{{"type":"quotes","prev":{prev},"seq":{reached},"image":{flag},"rows":[{rows}]}}'

    def _name(self, items: Sequence[QuoteItem]) -> Iterable[str]:
        """Say which symbols the numbers in a frame stand for, the first time they are used."""
        image = self.hub.desk.store.image
        fresh = [item.instrument_id for item in items if item.instrument_id not in self._named]
        if fresh:
            self._named.update(fresh)
            yield _text("symbols", rows=[[number, image.instruments[number].symbol] for number in fresh])


def _text(kind: str, **fields: Any) -> str:
    return encode_json({"type": kind, **fields}).decode()
