"""The exchanges of a market as members and listeners meet them: accounts by port, feeds by number. Without I/O and clock.

A *floor* holds what outlives connections: every venue's feed as numbered messages, and every account at every venue. It hands instructions to
the venues, and what comes out of them to whom it concerns. Accounts are known by a name of one to six letters and digits, and come into being
with their first login: exchanges on loopback ask for no secret. The same name at every venue and port is the same firm, and its firm identifier
is the name's first four letters.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from rushtrade.domain.errors import InvalidInput
from rushtrade.floor.fix_account import TOKEN_SPACE as FIX_TOKENS
from rushtrade.floor.fix_account import FixAccount
from rushtrade.floor.itch_ports import glimpse
from rushtrade.floor.numbered import NumberedMessages
from rushtrade.floor.ouch_account import EntryRow, OuchAccount
from rushtrade.floor.ouch_tokens import TOKEN_SPACE as OUCH_TOKENS
from rushtrade.floor.soup_port import Opened
from rushtrade.wire import ouch50_codes
from rushtrade.wire.exchange_table import VenueCounts
from rushtrade.wire.order_entry import ORDER_ENTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.marketplace.market import Market
    from rushtrade.wire.order_entry import Rows

FIRMS_MAX: Final = 64
"""Names that may log in during a day: more than brokers there are at any test."""
NAME_LETTERS_MAX: Final = 6
"""What a login of SoupBinTCP has room for."""
MPID_LETTERS: Final = 4
FORWARD_NS: Final = 10_000_000_000
"""Market time that passes at once where nobody listens yet."""


class Floor:
    """All venues of a market. `session` names this life of the exchanges."""

    def __init__(self, market: Market, session: str) -> None:
        self.market = market
        self.session = session
        self.now_ns = market.flow.first_ns
        self.is_open = self.finished = False
        self.feeds = [NumberedMessages() for _ in market.venues]
        self._firms: dict[str, int] = {}
        self._ouch: dict[tuple[int, int], OuchAccount] = {}
        self._fix: dict[tuple[int, int], FixAccount] = {}

    def open(self, until_ns: int = 0) -> None:
        """Begin the day, and let it live up to an instant before anybody is there: an earlier life of these exchanges came so far."""
        self.market.open()
        self._spread()
        self.is_open = True
        while self.now_ns < until_ns and not self.finished:
            self.advance(min(self.now_ns + FORWARD_NS, until_ns))

    def counts(self) -> list[VenueCounts]:
        """Count what each venue did so far."""
        rows = []
        for place, venue in enumerate(self.market.world.venues):
            accounts = [account for (at, _), account in self._ouch.items() if at == place]
            by_fix = sum(at == place for at, _ in self._fix)
            said = sum(account.said.next_number - 1 for account in accounts)
            messages = self.feeds[place].next_number - 1
            rows.append(VenueCounts(venue.code, messages, len(accounts) + by_fix, said))
        return rows

    def advance(self, now_ns: int) -> None:
        """Let the market live up to `now_ns`; when its flow ends, or the last session of its day, close it."""
        if self.finished:
            return
        self.now_ns = max(self.now_ns, now_ns)
        self.market.advance(self.now_ns)
        for account in self._ouch.values():
            account.expire(self.now_ns)
        if self.market.is_over(self.now_ns):
            self.market.close(self.now_ns)
            self._spread()
            for account in self._ouch.values():
                account.tell_event(ouch50_codes.END_OF_DAY, self.now_ns)
            self.finished = True
        self._spread()

    # --- logins -------------------------------------------------------------------------------------------

    def open_ouch(self, venue: int, user: str) -> Opened:
        """Let an account trade at a venue by OUCH. Raises InvalidInput for a name that is none."""
        account = self.account(venue, user)
        name = f"{user.upper()}@{venue}"
        receive = partial(self._receive, account)
        return Opened(account.said, receive, name, seat=account.seat, settle=account.settle)

    def open_fix(self, venue: int, user: str, target: str) -> FixAccount:
        """Let an account trade at a venue by FIX; `target` is the venue's code or its MIC."""
        row = self.market.world.venues[venue]
        if target not in {row.code, row.mic}:
            raise InvalidInput(f"TargetCompID is {row.code} or {row.mic}, not {target[:20]!r}")
        firm = self.firm(user)
        account = self._fix.get((venue, firm))
        if account is None:
            account = FixAccount(
                firm, self.market.symbols, lambda entry: self._enter(venue, [entry]), f"{row.code}{firm}"
            )
            self._fix[venue, firm] = account
        return account

    def open_feed(self, venue: int) -> Opened:
        """Let anybody read a venue's feed."""
        return Opened(self.feeds[venue], None)

    def open_books(self, venue: int) -> Opened:
        """Let anybody read a venue's books as they are."""
        image = self.market.venues[venue].book_image(self.now_ns)
        self._spread()
        return Opened(glimpse(image), None, ends=True)

    def account(self, venue: int, user: str) -> OuchAccount:
        """Give the account of a name at a venue."""
        firm = self.firm(user)
        account = self._ouch.get((venue, firm))
        if account is None:
            account = OuchAccount(
                firm,
                user.upper()[:MPID_LETTERS],
                self.market.symbols,
                self.market.flow.midnight_ns,
                lambda rows: self._enter(venue, rows),
            )
            self._ouch[venue, firm] = account
            account.tell_event(ouch50_codes.START_OF_DAY, self.now_ns)
        return account

    def firm(self, user: str) -> int:
        """Give the number of a firm by its name."""
        name = user.upper()
        if not (name.isascii() and name.isalnum() and len(name) <= NAME_LETTERS_MAX):
            raise InvalidInput(f"a user is 1 to {NAME_LETTERS_MAX} letters or digits, not {user!r}")
        if name not in self._firms and len(self._firms) >= FIRMS_MAX:
            raise InvalidInput(f"{FIRMS_MAX} firms trade here today, which is all there is room for")
        return self._firms.setdefault(name, len(self._firms) + 1)

    # --- parts --------------------------------------------------------------------------------------------

    def _receive(self, account: OuchAccount, message: bytes) -> None:
        if self.finished:
            raise InvalidInput("the venue's day is over")
        account.receive(message, self.now_ns)

    def _enter(self, venue: int, rows: Sequence[EntryRow]) -> None:
        self.market.deliver(venue, np.array(rows, ORDER_ENTRY), self.now_ns)
        self._spread()

    def _spread(self) -> None:
        """Hand what the venues have said to feeds and accounts."""
        collected = self.market.collect()
        for packet in collected.packets:
            self.feeds[packet.venue].append_framed(packet.payload)
        for venue, rows in collected.reports:
            self._spread_reports(venue, rows)

    def _spread_reports(self, venue: int, rows: Rows) -> None:
        for row in rows:
            who, token = (venue, int(row["firm"])), int(row["token"])
            ouch, fix = self._ouch.get(who), self._fix.get(who)
            if ouch is not None and token & OUCH_TOKENS:
                ouch.hear(row, self.now_ns)
            elif fix is not None and token & FIX_TOKENS:
                fix.hear(row, self.now_ns)
