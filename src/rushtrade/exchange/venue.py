"""One simulated exchange: a firm of its own, met only through messages.

Members' instructions come in as ORDER_ENTRY rows, answers leave as ORDER_REPORT rows, and everybody hears the ITCH 5.0
feed. The exchange has its own order ids, match numbers and feed sequence; nobody looks into its books. It keeps no
clock: every call says what time it is there, and a time before the latest one known counts as that one.

States: made → pre-market → regular session → post-market → closed; `open` goes straight to the regular session. The feed
of a day is the directory, the sessions' events, the order flow, the closing. A venue that holds the crosses of a stock
(`hold_auctions`) takes orders for them, says how they stand (`tell_imbalance`) and crosses at the turns of the sessions
and when a halt ends; elsewhere the orders that waited for the regular session simply begin to trade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange.crossing import Cross, allocate, find_cross
from rushtrade.exchange.image_kernel import put_books
from rushtrade.exchange.matching import MatchingEngine
from rushtrade.exchange.national_kernel import best_shown
from rushtrade.exchange.tables import (
    B_PHASE,
    H_CLOCK,
    H_MIDNIGHT,
    H_REPORTS_USED,
    H_SESSION,
    PHASE_CALL,
    PHASE_HALTED,
    PHASE_TRADING,
    S_LAST,
    S_LAST_TIME,
    SESSION_CLOSED,
    SESSION_POST,
    SESSION_PRE,
    SESSION_REGULAR,
    SHORT_FEED,
    TABLE_BYTES_MAX,
    VenueFullError,
)
from rushtrade.wire import itch50
from rushtrade.wire import order_entry as oe
from rushtrade.wire.compiled import address_of
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rushtrade.wire.order_entry import Rows

TRADING: Final = "T"
HALTED: Final = "H"
PAUSED: Final = "P"
QUOTING: Final = "Q"
_STATES: Final = {PHASE_TRADING: TRADING, PHASE_HALTED: HALTED, PHASE_CALL: QUOTING}
OPENING_CROSS: Final = "O"
CLOSING_CROSS: Final = "C"
HALT_CROSS: Final = "H"
_LIQUIDITY: Final = {OPENING_CROSS: oe.OPENED, CLOSING_CROSS: oe.CLOSED, HALT_CROSS: oe.REOPENED}
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
        self._references: dict[int, int] = {}
        """Stocks whose crosses are held here, and the price these look to before the first trade."""
        self._first_ns, self._end_ns = midnight_ns, midnight_ns + FEED_TIME_SPAN_NS
        self._closed = False

    @property
    def is_open(self) -> bool:
        """True between `open` and `close`."""
        return self.engine.is_open

    @property
    def session(self) -> int:
        """SESSION_CLOSED, SESSION_PRE, SESSION_REGULAR or SESSION_POST."""
        return self._tables.value(H_SESSION)

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
        """Announce the directory, open every stock for trading, and take orders from now on: no pre-market."""
        self._begin(now_ns)
        self._announce([self._event("Q")])
        self.engine.begin_session(SESSION_REGULAR)

    def open_pre_market(self, now_ns: int) -> None:
        """Announce the directory and take orders: those of the extended session trade, day orders and crosses' wait."""
        self._begin(now_ns)
        self.engine.begin_session(SESSION_PRE)

    def _begin(self, now_ns: int) -> None:
        if self.is_open or self._closed:
            raise InvalidInput(f"venue {self.venue} was opened before; an exchange lives for one day")
        self._move_clock(now_ns)
        self._announce([self._event("O"), *self._directory(), self._event("S"), *self._trading()])

    def hold_auctions(self, symbol: str, reference: int) -> None:
        """Hold a stock's crosses here. `reference` is the price they look to before the first trade."""
        locate = self.locate(symbol)
        self.engine.hold_auctions(locate)
        self._references[locate] = reference

    def open_regular_session(self, now_ns: int) -> None:
        """Hold the opening crosses, then let everything trade that has waited for the regular session."""
        self._require_session(SESSION_PRE, "the regular session follows the pre-market")
        self._move_clock(now_ns)
        self._announce([self._event("Q")])
        for locate in self._references:
            self._cross(locate, OPENING_CROSS)
        self.engine.begin_session(SESSION_REGULAR)
        for locate in range(1, len(self.symbols) + 1):
            self.engine.release(locate, oe.OPENING)

    def close_regular_session(self, now_ns: int) -> None:
        """Hold the closing crosses; day orders are cancelled, those of the extended session trade on."""
        self._require_session(SESSION_REGULAR, "the post-market follows the regular session")
        self._move_clock(now_ns)
        for locate in self._references:
            self._cross(locate, CLOSING_CROSS)
            self.engine.release(locate, oe.CLOSING)
        self._announce([self._event("M")])
        self.engine.begin_session(SESSION_POST)
        self.engine.expire(extended=False)

    def _require_session(self, session: int, what: str) -> None:
        if self.session != session:
            raise InvalidInput(f"venue {self.venue}: {what}; it is in session {self.session}")

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

    def displayed_best(self, locate: int, side: int) -> int:
        """Best displayed price of a stock's bids (0) or asks (1); 0 when nothing is displayed."""
        return int(best_shown(self._tables.address, locate, side))

    def halt(self, symbol: str, now_ns: int, *, reason: str = "", paused: bool = False) -> None:
        """Stop trading in a stock: orders rest and may be cancelled, new ones are refused. `paused`: under a price band."""
        self._set_phase(symbol, PHASE_HALTED, PAUSED if paused else HALTED, reason, now_ns)

    def call(self, symbol: str, now_ns: int, *, reason: str = "") -> None:
        """Take orders for a halted stock again; they wait for the cross that `resume` holds."""
        self._set_phase(symbol, PHASE_CALL, QUOTING, reason, now_ns)

    def resume(self, symbol: str, now_ns: int) -> None:
        """Trade a halted stock again; where orders were called for, by a cross."""
        locate = self.locate(symbol)
        called = self._tables.book_value(locate, 0, B_PHASE) == PHASE_CALL
        if called and locate in self._references:
            self._move_clock(now_ns)
            self._cross(locate, HALT_CROSS)
        self._set_phase(symbol, PHASE_TRADING, TRADING, "", now_ns)
        self.engine.release(locate, oe.OPENING if called and self.session != SESSION_PRE else 0)

    def restrict_short_sales(self, symbol: str, now_ns: int, *, on: bool) -> None:
        """Hold short sales to the price test of 242.201, or no longer, and tell everybody."""
        locate = self.locate(symbol)
        self._move_clock(now_ns)
        self.engine.restrict_short_sales(locate, on=on)
        self._announce([itch50.RegShoRestriction(locate, 0, self._feed_time(), symbol, "1" if on else "0")])

    # --- crosses ------------------------------------------------------------------------------------------

    def tell_imbalance(self, symbol: str, cross: str, now_ns: int) -> Cross | None:
        """Say on the feed how a cross ("O", "C", "H") would come out now; None when nobody would trade."""
        locate = self.locate(symbol)
        self._move_clock(now_ns)
        interest, reference = self._interest(locate, cross), self._reference(locate)
        near = find_cross(interest, reference)
        far = find_cross(interest[interest["waits"] == 1], reference)
        side = 2 if near is None else near.side
        self._announce(
            [
                itch50.NetOrderImbalance(
                    locate,
                    0,
                    self._feed_time(),
                    paired_shares=near.paired if near else 0,
                    imbalance_shares=near.imbalance if near else 0,
                    imbalance_direction="O" if near is None else "BSN"[side],
                    stock=symbol,
                    far_price=far.price if far else 0,
                    near_price=near.price if near else 0,
                    reference_price=reference,
                    cross_type=cross,
                    price_variation=" ",
                )
            ]
        )
        return near

    def _interest(self, locate: int, cross: str) -> NDArray[np.void]:
        return self.engine.interest(locate, oe.CLOSING if cross == CLOSING_CROSS else oe.OPENING)

    def _reference(self, locate: int) -> int:
        return self._tables.stock_value(locate, S_LAST) or self._references.get(locate, 0)

    def _cross(self, locate: int, kind: str) -> None:
        """Hold a cross: one price, one match number, one print; a print of nothing says that it was held."""
        interest, symbol = self._interest(locate, kind), self.symbols[locate - 1]
        found = find_cross(interest, self._reference(locate))
        match = 0
        if found is not None:
            match = self.engine.execute(allocate(interest, found), found.price, _LIQUIDITY[kind])
            self._tables.put_stock_value(locate, S_LAST, found.price)
            self._tables.put_stock_value(locate, S_LAST_TIME, self._tables.value(H_CLOCK))
        self._announce(
            [
                itch50.CrossTrade(
                    locate,
                    0,
                    self._feed_time(),
                    shares=found.paired if found else 0,
                    stock=symbol,
                    price=found.price if found else 0,
                    match=match,
                    cross_type=kind,
                )
            ]
        )

    def close(self, now_ns: int) -> None:
        """End the day: every member's order is cancelled with a report, and nothing more is taken."""
        self._move_clock(now_ns)
        session = self.session
        self.engine.close()
        self._closed = True
        if session == SESSION_REGULAR:
            self._announce([self._event("M")])
        if session != SESSION_CLOSED:
            self._announce([self._event("E"), self._event("C")])

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
                _STATES[self._tables.book_value(locate, 0, B_PHASE)],
                " ",
                "",
            )
            for locate, symbol in enumerate(self.symbols, start=1)
        ]

    def _set_phase(self, symbol: str, phase: int, state: str, reason: str, now_ns: int) -> None:
        locate = self.locate(symbol)
        self._move_clock(now_ns)
        self.engine.set_phase(locate, phase)
        self._announce([itch50.StockTradingAction(locate, 0, self._feed_time(), symbol, state, " ", reason)])

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
