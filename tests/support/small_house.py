"""A small house for the tests: three venues, eight shares, three commission schemes, one trade date in which every fee is charged.

A takes and gives as most exchanges do, B is cheap and slow, C pays takers. Everything is set up by ordinary commands.
"""

from __future__ import annotations

import datetime as dt
import struct

from rushtrade.core.sequencer import Core
from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind, AccountLimits, CommissionTerms
from rushtrade.domain.events import AnyEvent
from rushtrade.domain.instants import day_number
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.routes import Route, RouteSequences
from support.memory_journal import MemoryJournal

ROUTES = (
    Route(0, "AAA", "A", "XXXA", "Alpha Exchange", 30, -20, 3000, 0, 100_000),
    Route(1, "BBB", "B", "XXXB", "Beta Exchange", 6, 0, 3000, 0, 400_000),
    Route(2, "CCC", "C", "XXXC", "Gamma Exchange", -10, 18, 0, 3000, 200_000),
)
SEQUENCES = (
    RouteSequences(EquityClass.LISTED, "AB", "", "ABC"),
    RouteSequences(EquityClass.NASDAQ, "BA", "CA", "ABC"),
    RouteSequences(EquityClass.OTC_BB, "C", "", "C"),
    RouteSequences(EquityClass.PINK, "", "", ""),
)

_CLOSE = 100_000
_COMMON, _NASDAQ = InstrumentKind.COMMON, EquityClass.NASDAQ
INSTRUMENTS = (
    # id, symbol, name, class, kind, round lot, tradable, halted, marginable, easy to borrow, primary, close before
    Instrument(1, "RUSH", "Rush Holdings", _NASDAQ, _COMMON, 100, True, False, True, True, "AAA", _CLOSE),
    Instrument(2, "TUFF", "Tuff Borrowing", _NASDAQ, _COMMON, 100, True, False, True, False, "AAA", _CLOSE),
    Instrument(3, "HALT", "Halt Industries", _NASDAQ, _COMMON, 100, True, True, True, True, "AAA", _CLOSE),
    Instrument(4, "DEAD", "Dead Ltd.", _NASDAQ, _COMMON, 100, False, False, True, True, "AAA", _CLOSE),
    Instrument(
        5, "WARR", "Warrants", _NASDAQ, InstrumentKind.WARRANT, 100, True, False, True, True, "AAA", _CLOSE
    ),
    Instrument(
        6,
        "REST",
        "Restricted",
        _NASDAQ,
        InstrumentKind.RESTRICTED,
        100,
        True,
        False,
        True,
        True,
        "AAA",
        _CLOSE,
    ),
    Instrument(7, "OTCB", "Board", EquityClass.OTC_BB, _COMMON, 100, True, False, True, True, "CCC", _CLOSE),
    Instrument(8, "NEWS", "New Listing", _NASDAQ, _COMMON, 100, True, False, True, True, "AAA", 0),
)
SCHEMES = (
    CommissionTerms(1, "half a cent a share, a dollar at least", 5_000, 0, 1_000_000, 0),
    CommissionTerms(2, "free", 0, 0, 0, 0),
    CommissionTerms(3, "per trade", 0, 4_950_000, 0, 0),
)

TRADE_DATE = dt.date(2026, 9, 28)
"""A Monday on which Section 31, TAF and CAT fees are all charged; its trades settle on Tuesday."""
OPENING_NS = 1_790_602_200 * 10**9
"""09:30 in New York on that day."""

MILLION = 1_000_000


def levels(side: int, quotes: dict[int, list[tuple[int, int]]]) -> bytes:
    """Pack (price, shares) levels of venues, side 0 = bids, 1 = asks."""
    return b"".join(
        struct.pack("<3q", venue * 2 + side, price, shares)
        for venue, rows in sorted(quotes.items())
        for price, shares in rows
    )


class SmallHouse:
    """A core over a journal in memory, with a clock that the test moves."""

    def __init__(
        self, journal: MemoryJournal | None = None, state: HouseState | None = None, next_seq: int = 1
    ):
        self.journal = journal if journal is not None else MemoryJournal()
        self.now_ns = max(OPENING_NS, self.journal.last().time_ns)
        self.core = Core(self.journal, self._clock, state=state, next_seq=next_seq)

    @property
    def state(self) -> HouseState:
        return self.core.state

    def _clock(self) -> int:
        self.now_ns += 1_000
        return self.now_ns

    def do(self, command: cmd.AnyCommand, actor: str = "test") -> list[AnyEvent]:
        """Carry out one command in a frame of its own."""
        ticket = self.core.submit(command, actor)
        self.core.step()
        assert ticket.events is not None
        return ticket.events

    def found(self, day: dt.date = TRADE_DATE) -> None:
        """Found the firm, its tables and one customer, and open the day and its market."""
        self.do(cmd.OpenFirm("Small House", "three-venues", ROUTES, SEQUENCES), "desk")
        for instrument in INSTRUMENTS:
            self.do(cmd.DefineInstrument(instrument), "desk")
        for scheme in SCHEMES:
            self.do(cmd.DefineCommissionScheme(scheme), "desk")
        self.do(cmd.RegisterCustomer("Ann", "profile/1"), "desk")
        self.open_day(day)

    def open_day(self, day: dt.date) -> None:
        self.do(cmd.OpenDay(day_number(day)), "calendar")
        self.do(cmd.OpenMarket(is_open=True), "calendar")

    def close_day(self) -> list[AnyEvent]:
        return self.do(cmd.CloseDay(self.state.trade_date), "calendar")

    def open_account(
        self,
        kind: AccountKind,
        dollars: int,
        *,
        short_permitted: bool = False,
        scheme_id: int = 2,
        limits: AccountLimits | None = None,
    ) -> int:
        """Open an account with a deposit; gives its id."""
        account_id = len(self.state.accounts) + 1
        self.do(
            cmd.OpenAccount(
                1, f"S{account_id:03d}", kind, scheme_id, short_permitted, limits or AccountLimits()
            ),
            "desk",
        )
        if dollars:
            self.do(cmd.TransferCash(account_id, dollars * MILLION, "opening deposit"), "desk")
        return account_id

    def instrument_id(self, symbol: str) -> int:
        """The id of a symbol; one that nothing has when the house does not know it."""
        return self.state.symbols.get(symbol, 99)


def quotes(bid: int, ask: int, last: int = 0, rows: bytes = b"", shares: int = 1_000) -> QuoteStamp:
    """Build a stamp of one best bid and offer, with levels already packed."""
    return QuoteStamp(0, bid, shares if bid else 0, ask, shares if ask else 0, last, rows)
