"""All exchanges of a world as a house meets them over sockets: an order line and a feed line a venue, and the market's time.

It refuses to know the core: commands go to `submit`, and what is open is asked of whoever owns it. One thread; nothing blocks.

Theory of operation. Whoever moves the house calls `advance` as often as it looks at anything. Feeds are drained into the market data, and order
lines are heard; what they say becomes commands in the order in which it came. A line that went down puts the venue's children in doubt. One
that is up again has repeated everything; when the core has decided that, `reconcile` says what is certain of the rest. Market time is what the
feeds say: `time` follows the newest message, and goes on from where it stood when exchanges begin anew at an earlier hour.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog

from rushtrade.domain.commands import AnyCommand, ChangeVenueLink
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import parse_date
from rushtrade.gateway.line import BookImage, Line
from rushtrade.gateway.line_address import line_at
from rushtrade.gateway.order_gateway import OrderGateway, VenueLink
from rushtrade.gateway.resync import OpenOrder, reconcile
from rushtrade.market.market_data import MarketData
from rushtrade.sessions.order_line import BeganAnew, CameUp, LineState, OrderLine, WentDown
from rushtrade.sessions.ouch_session import OuchSession
from rushtrade.wire.exchange_table import ExchangeTable
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.order_entry import Rows

TOKEN_BITS = 8
"""A child order's token is its command's seq above so many bits."""
BACKWARDS_NS = 1_000_000_000
"""How far feeds may fall behind market time before they are taken for those of exchanges that began anew."""
ASK_IMAGE_NS = 1_000_000_000
PAUSE_SECONDS = 0.002
"""Between two looks where the house itself waits for venues."""

log = structlog.get_logger(__name__)


class Owner(Protocol):
    """What the street asks of the house."""

    gateway: OrderGateway

    def hear(self, packet: FeedPacket, now_ns: int) -> None:
        """Take a packet of a feed into the market data."""

    def rebuild(self, image: BookImage, now_ns: int) -> bool:
        """Take an image of a venue's books into the market data; False when it does not join what follows it."""

    def tell(self, commands: Sequence[AnyCommand], actor: str) -> None:
        """Take commands, to be decided in their order."""

    def tell_then(self, command: AnyCommand, actor: str, then: Callable[[int], None]) -> None:
        """Take a command; `then` is called with its seq when it, and all before it, is durable."""

    def open_orders(self) -> Iterable[OpenOrder]:
        """Give the open orders, by id."""

    def next_token(self) -> int:
        """Give a token above every one there is."""


class Street:
    """Every venue of one table. `wanted` says for each venue of the world where its stream is gone on with: session and number."""

    def __init__(
        self,
        table: ExchangeTable,
        codes: Sequence[str],
        user: str,
        data: MarketData,
        wanted: Sequence[tuple[str, int]],
    ) -> None:
        self.table = table
        self.trade_date: dt.date = parse_date(table.trade_date)
        self.lines: list[Line] = []
        """The feeds, in the order of the table."""
        self.order_lines: dict[int, OrderLine] = {}
        self._data = data
        self._owner: Owner | None = None
        self._asked_ns: dict[int, int] = {}
        self._unsent: list[AnyCommand] = []
        self._shift_ns = self._newest_ns = 0
        for row in table.venues:
            if not 0 <= row.venue < len(codes) or codes[row.venue] != row.code:
                raise InvalidInput(
                    f"the table of exchanges has {row.code} as venue {row.venue} of world {table.world};"
                    f" here that is {codes[row.venue] if row.venue < len(codes) else 'none'}"
                )
            words = OuchSession(row.venue, table.symbols, table.midnight_ns)
            session, number = wanted[row.venue]
            self.order_lines[row.venue] = OrderLine((row.host, row.ouch), user, words, session, number)
            self.lines.append(line_at(row.mold_line, row.venue, table.midnight_ns))

    def links(self, venues: int) -> list[VenueLink]:
        """Give a link a venue of the world, also for those the table does not have."""
        return [self.order_lines.get(venue) or _NoLine(self, venue) for venue in range(venues)]

    async def open(self) -> None:
        """Open the feeds. Raises OSError or InvalidInput with what is wrong, and leaves nothing open."""
        opened: list[Line] = []
        try:
            for line in self.lines:
                await line.open()
                opened.append(line)
        except BaseException:
            for line in opened:
                await line.close()
            raise

    def join(self, owner: Owner) -> None:
        """Belong to a house: its open orders are known to the lines, and in doubt until their venues are heard."""
        self._owner = owner
        for order in owner.open_orders():
            for token, child in sorted(order.children.items()):
                line = self.order_lines.get(child.venue)
                if line is not None:
                    line.words.adopt(token, child.leaves, child.shares - child.leaves, child.replace_token)

    async def close(self) -> None:
        """Log out and let everything go. Safe to repeat."""
        for order_line in self.order_lines.values():
            order_line.close()
        for line in self.lines:
            await line.close()

    # --- what a house asks of exchanges ---------------------------------------------------------------------

    @property
    def next_ns(self) -> int | None:
        """Nobody knows when others speak."""
        return None

    def advance(self, until_ns: int) -> None:
        """Hear feeds and venues; the time is theirs."""
        del until_ns
        self.look(time.time_ns())

    def deliver(self, venue: int, batch: Rows, now_ns: int) -> None:
        """Send a venue orders."""
        self.order_lines[venue].send(batch, now_ns)

    def collect(self) -> tuple[Sequence[tuple[int, Rows]], Sequence[FeedPacket]]:
        """Give nothing: what is heard goes to its owner at once."""
        return (), ()

    # --- what is heard --------------------------------------------------------------------------------------

    def look(self, now_ns: int) -> None:
        """Take what feeds and venues have said by the machine's clock."""
        owner = self._owner
        if owner is None:
            return
        for line in self.lines:
            self._drain(owner, line, now_ns)
        if self._unsent:
            unsent, self._unsent = self._unsent, []
            owner.tell(unsent, "gateway")
        next_token = owner.next_token()
        for venue, order_line in self.order_lines.items():
            order_line.next_token = next_token
            order_line.step(now_ns)
            for said in order_line.take():
                self._hear(owner, venue, said)

    def tell_unsent(self, commands: Sequence[AnyCommand]) -> None:
        """Keep what was not sent for the next look: its sender is in the middle of a frame."""
        self._unsent += commands

    def _drain(self, owner: Owner, line: Line, now_ns: int) -> None:
        for packet in line.drain(now_ns):
            owner.hear(packet, now_ns)
        image = line.image()
        if image is not None and not owner.rebuild(image, now_ns):
            self._ask_image(line, "the image does not join what follows it", now_ns)

    def _ask_image(self, line: Line, why: str, now_ns: int) -> None:
        if now_ns - self._asked_ns.get(line.venue, 0) >= ASK_IMAGE_NS:
            self._asked_ns[line.venue] = now_ns
            line.ask_image(why)

    def _hear(self, owner: Owner, venue: int, said: WentDown | BeganAnew | CameUp | list[AnyCommand]) -> None:
        name = self.table.venues[list(self.order_lines).index(venue)].code
        if isinstance(said, list):
            owner.tell(said, f"venue:{venue}")
        elif isinstance(said, WentDown):
            log.warning("venue lost", venue=name, why=said.why)
            owner.tell([ChangeVenueLink(venue, up=False, lost_orders=False)], "gateway")
        elif isinstance(said, BeganAnew):
            log.info("venue began anew", venue=name, session=said.session)
            owner.tell([ChangeVenueLink(venue, up=True, lost_orders=True, session=said.session)], "gateway")
        else:
            log.info("venue up", venue=name)
            up = ChangeVenueLink(venue, up=True, lost_orders=False)
            owner.tell_then(up, "gateway", lambda seq: self._reconcile(owner, venue, seq))

    def _reconcile(self, owner: Owner, venue: int, seq: int) -> None:
        """Everything the venue had said is decided: say what is certain of the rest."""
        has = self.order_lines[venue].words.has
        orders = list(owner.open_orders())
        certain = reconcile(owner.gateway, orders, venue, has, seq << TOKEN_BITS, self._newest_ns)
        if certain:
            owner.tell(certain, "gateway")

    # --- how it stands --------------------------------------------------------------------------------------

    def time(self, now_ns: int) -> int:
        """Market time by the feeds, never before `now_ns`: the house's clock, which has to go on."""
        newest = max((state.last_time_ns for state in self._data.line_states()), default=0)
        if newest < self._newest_ns - BACKWARDS_NS or (not self._newest_ns and 0 < newest < now_ns):
            self._shift_ns = max(now_ns - newest, 0)
            if self._shift_ns > BACKWARDS_NS:
                log.warning("the exchanges' time is behind the house's", by_ms=self._shift_ns // 1_000_000)
        self._newest_ns = newest or self._newest_ns
        return max(now_ns, newest + self._shift_ns)

    @property
    def finished(self) -> bool:
        """True when every venue has ended its day."""
        return all(line.state is LineState.OVER for line in self.order_lines.values())

    @property
    def is_up(self) -> bool:
        """True when every venue takes orders and its books are known."""
        known = {place for place, state in enumerate(self._data.line_states()) if state.state == "live"}
        return all(line.state is LineState.UP and venue in known for venue, line in self.order_lines.items())

    @property
    def is_silent(self) -> bool:
        """True when no venue has ever answered, however often it was called."""
        return all(line.never_answered for line in self.order_lines.values())

    def faults(self) -> list[str]:
        """Say of every venue that takes no orders why."""
        return [
            f"{row.code} at {row.host}:{row.ouch}: {line.fault or 'no answer yet'}"
            for row, line in zip(self.table.venues, self.order_lines.values(), strict=True)
            if line.state is not LineState.UP
        ]

    def wait(self, done: Callable[[], bool], seconds: float, step: Callable[[], None]) -> bool:
        """Take steps until something is done, at most so long; the house itself waits here: when it opens and closes."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() >= deadline:
                return False
            step()
            time.sleep(PAUSE_SECONDS)
        return True


class StreetFlow:
    """What drives the market, as far as a member is told."""

    progress = 0.0
    last_ns: int | None = None
    """Nobody tells members when the flow ends."""

    def __init__(self, street: Street, data: MarketData) -> None:
        table = street.table
        self.source_label, self.simulated = table.market, table.simulated
        self.symbols = tuple(table.symbols)
        self.first_ns = table.first_ns
        self._data = data

    @property
    def messages(self) -> int:
        """Messages of all feeds so far."""
        return sum(state.messages for state in self._data.line_states())


class _NoLine:
    """The link of a venue the exchanges do not have: nothing goes there."""

    def __init__(self, street: Street, venue: int) -> None:
        self._words = OuchSession(venue, street.table.symbols, street.table.midnight_ns)
        self._street = street

    def send(self, rows: Rows, now_ns: int) -> None:
        """Tell that the rows were not sent."""
        del now_ns
        self._words.refuse(rows)
        self._street.tell_unsent(self._words.take())
