"""One simulated exchange: a firm of its own, met only through messages.

Members' instructions come in as ORDER_ENTRY rows, answers leave as ORDER_REPORT rows, and everybody hears the ITCH 5.0
feed. The exchange has its own order ids, match numbers and feed sequence; nobody looks into its books. It keeps no
clock: every call says what time it is there, and a time before the latest one known counts as that one.

States: made → open → closed. The feed of a day is the directory, the opening, the order flow, the closing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange.image_kernel import put_books
from rushtrade.exchange.matching import MatchingEngine
from rushtrade.exchange.tables import (
    B_HALTED,
    H_CLOCK,
    H_MIDNIGHT,
    H_REPORTS_USED,
    SHORT_FEED,
    TABLE_BYTES_MAX,
    VenueFullError,
)
from rushtrade.wire import itch50
from rushtrade.wire.compiled import address_of
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.wire.order_entry import Rows

TRADING: Final = "T"
HALTED: Final = "H"
IMAGE_BYTES_START: Final = 64 * 1024
ROUND_LOT: Final = 100
FEED_TIME_SPAN_NS: Final = 1 << 48
"""Nanoseconds since midnight take six bytes on the feed: 78 hours."""


class Exchange:
    """One venue. `venue` is its place in the world, `symbols` its directory: locate 1 is the first of them.

    `round_lots` goes into the directory messages alone. `midnight_ns` is the instant feed times count from.
    """

    def __init__(
        self,
        venue: int,
        symbols: Sequence[str],
        midnight_ns: int,
        *,
        round_lots: Sequence[int] | None = None,
        tick: int = 100,
        sub_dollar_tick: int = 1,
    ) -> None:
        self.venue = venue
        self.symbols = tuple(symbols)
        self.engine = MatchingEngine(self.symbols, midnight_ns, tick=tick, sub_dollar_tick=sub_dollar_tick)
        self._tables = self.engine.tables
        self._round_lots = tuple(round_lots or [ROUND_LOT] * len(self.symbols))
        self._locates = {symbol: locate for locate, symbol in enumerate(self.symbols, start=1)}
        if len(self._locates) != len(self.symbols):
            raise InvalidInput(f"venue {venue} lists a symbol twice: {', '.join(self.symbols)}")
        self._next_sequence = 1
        self._first_ns, self._end_ns = midnight_ns, midnight_ns + FEED_TIME_SPAN_NS
        self._closed = False

    @property
    def is_open(self) -> bool:
        """True between `open` and `close`."""
        return self.engine.is_open

    @property
    def next_sequence(self) -> int:
        """Number the next message of the feed will have, those waiting to be collected not counted."""
        return self._next_sequence

    def locate(self, symbol: str) -> int:
        """Number of a stock in the directory."""
        locate = self._locates.get(symbol)
        if locate is None:
            raise InvalidInput(
                f"venue {self.venue} does not list {symbol!r}; it lists {', '.join(self.symbols)}"
            )
        return locate

    def open(self, now_ns: int) -> None:
        """Announce the directory, open every stock for trading, and take orders from now on."""
        if self.is_open or self._closed:
            raise InvalidInput(f"venue {self.venue} was opened before; an exchange lives for one day")
        self._move_clock(now_ns)
        self._announce(
            [self._event("O"), *self._directory(), self._event("S"), *self._trading(), self._event("Q")]
        )
        self.engine.open()

    def enter(self, batch: Rows, now_ns: int) -> None:
        """Carry out members' instructions, row by row. Every row is answered by at least one report."""
        if not self._first_ns <= now_ns < self._end_ns:
            raise self._outside(now_ns)
        self.engine.submit(batch, now_ns)

    @property
    def has_reports(self) -> bool:
        """True when reports wait to be collected."""
        return self._tables.value(H_REPORTS_USED) != 0

    def reports(self) -> Rows:
        """Collect the reports since the last call, in the order in which things happened; read-only."""
        return self._tables.take_reports()

    def feed(self) -> FeedPacket | None:
        """Collect the feed since the last call; None when nothing happened in public."""
        count, payload = self._tables.take_feed()
        if count == 0:
            return None
        packet = FeedPacket(self.venue, self._next_sequence, count, payload)
        self._next_sequence += count
        return packet

    def book_image(self, now_ns: int) -> FeedPacket:
        """Directory, trading states and displayed orders, enough to rebuild a reader's books after a gap.

        Its `sequence` is the number of the first message that is not contained: what waits to be collected, is.
        """
        self._move_clock(now_ns)
        head = [itch50.encode(message) for message in (*self._directory(), *self._trading())]
        orders, payload = self._displayed_orders()
        waiting = self._tables.waiting_messages()
        return FeedPacket(
            self.venue, self._next_sequence + waiting, len(head) + orders, frame_all(head) + payload
        )

    def halt(self, symbol: str, now_ns: int) -> None:
        """Stop trading in a stock: orders rest and may be cancelled, new ones are refused."""
        self._set_halted(symbol, HALTED, now_ns)

    def resume(self, symbol: str, now_ns: int) -> None:
        """Trade a halted stock again."""
        self._set_halted(symbol, TRADING, now_ns)

    def close(self, now_ns: int) -> None:
        """End the day: every member's order is cancelled with a report, and nothing more is taken."""
        self._move_clock(now_ns)
        was_open = self.is_open
        self.engine.close()
        self._closed = True
        if was_open:
            self._announce([self._event("M"), self._event("E"), self._event("C")])

    # --- parts --------------------------------------------------------------------------------------------

    def _outside(self, now_ns: int) -> InvalidInput:
        return InvalidInput(
            f"venue {self.venue} lives from {self._first_ns} to {self._end_ns} ns, as far as feed times reach"
            f" from its midnight; {now_ns} is not in between"
        )

    def _move_clock(self, now_ns: int) -> None:
        if not self._first_ns <= now_ns < self._end_ns:
            raise self._outside(now_ns)
        self._tables.put(H_CLOCK, max(now_ns, self._tables.value(H_CLOCK)))

    def _feed_time(self) -> int:
        return self._tables.value(H_CLOCK) - self._tables.value(H_MIDNIGHT)

    def _event(self, code: str) -> itch50.Message:
        return itch50.SystemEvent(0, 0, self._feed_time(), code)

    def _directory(self) -> list[itch50.Message]:
        time = self._feed_time()
        return [
            itch50.StockDirectory(
                locate=locate,
                tracking=0,
                timestamp=time,
                stock=symbol,
                market_category=" ",
                financial_status=" ",
                round_lot_size=round_lot,
                round_lots_only="N",
                issue_classification="C",
                issue_subtype="Z",
                authenticity="P",
                short_sale_threshold=" ",
                ipo_flag=" ",
                luld_reference_price_tier=" ",
                etp_flag=" ",
                etp_leverage_factor=0,
                inverse_indicator="N",
            )
            for locate, (symbol, round_lot) in enumerate(
                zip(self.symbols, self._round_lots, strict=True), start=1
            )
        ]

    def _trading(self) -> list[itch50.Message]:
        time = self._feed_time()
        return [
            itch50.StockTradingAction(
                locate,
                0,
                time,
                symbol,
                HALTED if self._tables.book_value(locate, 0, B_HALTED) else TRADING,
                " ",
                "",
            )
            for locate, symbol in enumerate(self.symbols, start=1)
        ]

    def _set_halted(self, symbol: str, state: str, now_ns: int) -> None:
        locate = self.locate(symbol)
        self._move_clock(now_ns)
        for side in (0, 1):
            self._tables.put_book_value(locate, side, B_HALTED, int(state == HALTED))
        self._announce([itch50.StockTradingAction(locate, 0, self._feed_time(), symbol, state, " ", "")])

    def _announce(self, messages: Sequence[itch50.Message]) -> None:
        self._tables.append_feed(len(messages), frame_all(itch50.encode(message) for message in messages))

    def _displayed_orders(self) -> tuple[int, bytes]:
        count = np.zeros(1, dtype=np.int64)
        size = IMAGE_BYTES_START
        while size <= TABLE_BYTES_MAX[SHORT_FEED]:
            room = np.empty(size, dtype=np.uint8)
            begin = address_of(room)
            used = put_books(self._tables.address, begin, begin + size, address_of(count))
            if used >= 0:
                return int(count[0]), room[:used].tobytes()
            size *= 2
        raise VenueFullError(
            f"the image of venue {self.venue}'s books is larger than {TABLE_BYTES_MAX[SHORT_FEED]:,} bytes"
        )
