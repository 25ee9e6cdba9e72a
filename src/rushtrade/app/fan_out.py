"""A data center over several processes: the host tells its journal and its books, a gateway does what it is told.

Theory of operation. Both have the same `MarketData`, given the same calls in the same order, and the same state of people and
entitlements, folded from the same frames. So a gateway answers every question as its host would, and a client that resumes at
another gateway finds the numbers of trades it knows. Only the host decides: commands of a gateway's users are sent to it, and
answered once their frame has come back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from rushtrade.api import ports
from rushtrade.api.limits import Limits
from rushtrade.app.entitlements_port import EntitlementsPort
from rushtrade.app.market_host import MarketHost
from rushtrade.app.market_ports import is_of_orders, refuse_order
from rushtrade.core.apply import applications
from rushtrade.core.replay import read_body
from rushtrade.core.state import HouseState
from rushtrade.datacenter.center import Center, Others
from rushtrade.datacenter.fan_out_gateway import FanOutGateway, HostGone
from rushtrade.datacenter.fan_out_host import FanOutHost
from rushtrade.datacenter.fan_out_message import COLUMNS, FRAME, IMAGE, PACKET, TIME, Entry
from rushtrade.datacenter.fan_out_words import (
    IMAGE_FORMAT,
    Command,
    HostImage,
    decode_image,
    encode_image,
)
from rushtrade.datacenter.status import CenterStatus, ClientStatus, LineStatus
from rushtrade.domain.commands import AnyCommand
from rushtrade.domain.errors import InvariantBroken, require
from rushtrade.domain.events import AnyEvent, InstrumentDefined
from rushtrade.domain.frames import FrameBody, decode_body, encode_body
from rushtrade.entitlements.coverage import Coverage
from rushtrade.entitlements.price_list import DisplayRule
from rushtrade.gateway.line import BookImage
from rushtrade.journal.port import JournalReader
from rushtrade.market.market_data import MarketData
from rushtrade.market.market_image import pack
from rushtrade.market.reference import Listing, tell_reference, tell_written
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.sessions import session_on
from rushtrade.store.store import Store
from rushtrade.wire import feed_packet
from rushtrade.wire.feed_packet import FeedPacket

MEASURE_SECONDS = 1.0
FRAME_WAIT_SECONDS = 5.0
"""How long a command's frame may take from the host's disk to a gateway."""
_commands = msgspec.json.Decoder(AnyCommand)


class Decided(msgspec.Struct, frozen=True):
    """What a host answers to a command of a gateway's user."""

    seq: int
    time_ns: int
    events: list[AnyEvent]
    busy: bool = False


class SalesImage(msgspec.Struct, frozen=True):
    """How a host sells its data: the rest stands in its journal."""

    mics: list[str]
    is_own: bool
    displays: DisplayRule
    bounds: Limits = Limits()


def attach_fan_out(
    host: MarketHost,
    url: str,
    submit: ports.Submit,
    journal: JournalReader,
    credentials: Path,
    sales: SalesImage,
) -> None:
    """Have a host tell gateways all it does."""
    frames = [encode_body(read_body(frame)) for frame in journal.frames()]
    host.core.subscribe(lambda body: frames.append(encode_body(body)))

    def image(number: int) -> Callable[[], bytes]:
        data = host.data.image()
        whole = HostImage(
            format=IMAGE_FORMAT,
            number=number,
            name=host.center.name,
            run=fan_out.run,
            venues=host.venues,
            trade_date=host.trade_date,
            midnight_ns=midnight_ns(host.trade_date),
            limits=host.center.alarms.limits,
            sales=msgspec.msgpack.encode(sales),
            frames=list(frames),
            credentials=credentials.read_bytes(),
            data=b"",
            written=host.written,
        )
        return lambda: encode_image(msgspec.structs.replace(whole, data=pack(data)))

    async def decide(command: bytes, actor: str) -> bytes:
        outcome = await submit(_commands.decode(command), f"gateway/{actor}")
        if isinstance(outcome, ports.Busy):
            return msgspec.json.encode(Decided(0, 0, [], busy=True))
        return msgspec.json.encode(Decided(outcome.seq, outcome.time_ns, list(outcome.events)))

    fan_out = FanOutHost(url, host.center.name, image, decide, time.time_ns, host.epoch)
    host.fan_out = fan_out
    host.center.followers.append(fan_out)


class MarketGateway:
    """A copy of a host's data center, kept up by its stream."""

    def __init__(self, link: FanOutGateway, image: HostImage) -> None:
        self.trade_date = image.trade_date
        self.credentials = image.credentials
        self.epoch = image.run
        self.venues = tuple(image.venues)
        self._written = image.written
        self.store = Store(None)
        self.state = HouseState()
        self._link = link
        sales = msgspec.msgpack.decode(image.sales, type=SalesImage)
        self.bounds = sales.bounds
        self.entitlements = EntitlementsPort(
            lambda: self.state.market_data,
            Coverage(sales.mics, is_own=sales.is_own),
            self.submit,
            time.time_ns,
            sales.displays,
            is_account=self.state.accounts.__contains__,
        )
        self._apply_event = applications(self.state)
        self._frames = 0
        self.data = MarketData({}, image.venues)
        for frame in image.frames:
            self._take_frame(frame)
        self.data.restore(image.data)
        symbols = {row.instrument_id: row.symbol for row in self.state.instruments.values()}
        self.center = Center(
            image.name,
            self.data,
            symbols,
            (),
            self._learn,
            trade_date=str(image.trade_date),
            limits=image.limits,
            role="gateway",
        )
        self.clients: Callable[[int], Sequence[ClientStatus]] = lambda _now_ns: ()
        self._measured = 0.0
        self._came = asyncio.Event()

    @property
    def market_time_ns(self) -> int:
        """Newest source time of the feeds; the session's open before the first message."""
        return self.center.market_time_ns or session_on(self.trade_date).open_ns

    def status(self) -> CenterStatus | None:
        """Give the newest look at the data center, as this gateway has it."""
        return self.center.status

    async def quality(self) -> str | None:
        """A gateway writes no ticks: its host judges them."""
        return None

    # ------------------------------------------------------------ what the host says

    def apply(self, entry: Entry) -> None:
        """Do what the host did."""
        if entry.kind in (PACKET, COLUMNS):
            form = feed_packet.COLUMNS if entry.kind == COLUMNS else feed_packet.MESSAGES
            self.data.receive(FeedPacket(entry.venue, entry.sequence, entry.count, entry.body, form))
        elif entry.kind == IMAGE:
            self.center.take_image(BookImage(entry.venue, entry.sequence, entry.body))
        elif entry.kind == TIME:
            self.data.advance(entry.sequence)
        elif entry.kind == FRAME:
            require(entry.sequence == self._frames + 1, "the frames of a journal follow each other")
            self._take_frame(entry.body)
            self._came.set()

    def _take_frame(self, body: bytes) -> None:
        frame: FrameBody = decode_body(body)
        self.state.now_ns = self.state.risk.now_ns = frame.time_ns
        new: dict[int, str] = {}
        for each in frame.entries:
            for event in each.events:
                self._apply_event[type(event)](event)
                if isinstance(event, InstrumentDefined):
                    new[event.instrument.instrument_id] = event.instrument.symbol
        self._frames += 1
        self.store.apply(frame, self._frames)
        self.entitlements.review()
        if new:
            self.data.add_instruments(new)
            tell_reference(self.data, [self.state.instruments[number] for number in new])
            tell_written(self.data, new, self._written)
            if hasattr(self, "center"):
                self.center.symbols.update(new)

    @staticmethod
    def _learn(listings: Sequence[Listing]) -> dict[int, str]:
        raise InvariantBroken(f"a gateway learns stocks from its host, not {listings[0].symbol} from a line")

    # ------------------------------------------------------------ running

    async def open(self) -> None:
        """Nothing to open: it has joined."""

    async def run(self) -> None:
        """Follow until the stream is over; tell listeners what changed, measure once a second."""
        self._link.follow(self.apply)
        while not self._link.over.is_set():
            self.center.tell()
            if time.monotonic() - self._measured >= MEASURE_SECONDS:
                self._measured = time.monotonic()
                self.measure()
            await asyncio.sleep(0.005)
        self.measure()

    def measure(self) -> CenterStatus:
        """Measure everything now: lines are as the host told, books and clients are this gateway's own."""
        now_ns = time.time_ns()
        link = self._link.status(now_ns)
        others = Others(self.clients(now_ns), None, link, self._told_lines(now_ns))
        return self.center.measure(now_ns, time.monotonic_ns(), others)

    def _told_lines(self, now_ns: int) -> list[LineStatus]:
        host, state = self._link.host, self._link.state(now_ns)
        lines = [] if host is None else list(host.lines)
        if state == "live":
            return lines
        word, fault = (
            ("recovering", "this gateway asks its host for what it missed")
            if state == "recovering"
            else ("stale", "this gateway does not hear its host")
        )
        return [
            msgspec.structs.replace(line, state=word, fault=fault) if not line.ended else line
            for line in lines
        ]

    async def close(self) -> None:
        """Leave the host."""
        await self._link.close()
        self.store.close()

    async def submit(self, command: AnyCommand, actor: str) -> ports.Outcome | ports.Busy:
        """Have the host decide a command, and wait until its frame has come here."""
        if is_of_orders(command):
            return refuse_order(self.store.cursor.command_seq + 1, self.state.now_ns)
        question = Command(msgspec.Raw(msgspec.json.encode(command)), actor)
        found = msgspec.json.decode(await self._link.ask(question), type=Decided)
        if found.busy:
            return ports.BUSY
        try:
            async with asyncio.timeout(FRAME_WAIT_SECONDS):
                while self.store.cursor.command_seq < found.seq:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise HostGone("the command was decided by the host; what came of it has not come here") from None
        return ports.Outcome(found.seq, found.time_ns, found.events)


async def join_host(url: str, name: str, gateway: str) -> MarketGateway:
    """Join a host by its snapshot."""
    link = FanOutGateway(url, name, gateway, time.time_ns)
    try:
        return MarketGateway(link, decode_image(await link.join()))
    except BaseException:
        await link.close()
        raise
