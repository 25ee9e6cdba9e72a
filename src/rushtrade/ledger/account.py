"""One customer account as the house's books know it: permissions, positions, and what open orders hold.

Money is not kept here: an account's cash is its balance in the `Ledger`. Holds are: `held_money` is the buying power
promised to open orders that open a position, `Position.closing_held` the shares promised to orders that close one.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.accounts import AccountKind, AccountLimits, AccountState
from rushtrade.domain.orders import OrderTerms, Side
from rushtrade.ledger.position import Position


class Account:
    """State of one account. Mutable; changed by applied events only."""

    __slots__ = (
        "account_id",
        "client_order_ids",
        "customer_id",
        "day_transfers",
        "equity_at_close",
        "held_money",
        "killed",
        "kind",
        "last_entry",
        "limits",
        "number",
        "open_orders",
        "positions",
        "references",
        "scheme_id",
        "short_permitted",
        "state",
    )

    def __init__(
        self,
        account_id: int,
        customer_id: int,
        number: str,
        kind: AccountKind,
        scheme_id: int,
        limits: AccountLimits,
        *,
        short_permitted: bool,
    ) -> None:
        self.account_id = account_id
        self.customer_id = customer_id
        self.number = number
        self.kind = kind
        self.state = AccountState.ENABLED
        self.killed = False
        self.short_permitted = short_permitted
        self.scheme_id = scheme_id
        self.limits = limits
        self.held_money = 0
        self.open_orders: dict[int, tuple[int, Side, int, bool]] = {}
        """Open orders, oldest first: (instrument id, side, limit price or 0, opens a position)."""
        self.positions: dict[int, Position] = {}
        self.client_order_ids: dict[str, int] = {}
        """Every client order id ever taken, and the order it named first."""
        self.references: dict[str, None] = {}
        """References of transfers in and out ever taken."""
        self.last_entry: tuple[OrderTerms, int] | None = None
        """Terms and time of the last order taken: what a duplicate is measured against."""
        self.equity_at_close = 0
        """Equity when the day began: that of the close before, with what was wired in since."""
        self.day_transfers = 0
        """Money that came in today, less what went out."""

    def position(self, instrument_id: int) -> Position:
        """Give the position in an instrument, a new empty one when there is none."""
        position = self.positions.get(instrument_id)
        if position is None:
            position = self.positions[instrument_id] = Position()
        return position

    def shares(self, instrument_id: int) -> int:
        """Signed shares held."""
        position = self.positions.get(instrument_id)
        return 0 if position is None else position.shares

    def begin_day(self) -> None:
        """Start counting a new day."""
        self.day_transfers = 0
        for instrument_id, position in list(self.positions.items()):
            position.begin_day()
            if not position.shares and not position.realised:
                del self.positions[instrument_id]

    def image(self) -> AccountImage:
        """Take the image of the account; equal accounts give equal images."""
        return AccountImage(
            account_id=self.account_id,
            customer_id=self.customer_id,
            number=self.number,
            kind=self.kind,
            state=self.state,
            killed=self.killed,
            short_permitted=self.short_permitted,
            scheme_id=self.scheme_id,
            limits=self.limits,
            held_money=self.held_money,
            open_orders=[(key, *row) for key, row in sorted(self.open_orders.items())],
            last_entry=self.last_entry,
            positions=[[key, *self.positions[key].snapshot()] for key in sorted(self.positions)],
            client_order_ids=sorted(self.client_order_ids.items()),
            references=sorted(self.references),
            equity_at_close=self.equity_at_close,
            day_transfers=self.day_transfers,
        )


class AccountImage(msgspec.Struct, frozen=True):
    """An account as it stands in a snapshot."""

    account_id: int
    customer_id: int
    number: str
    kind: AccountKind
    state: AccountState
    killed: bool
    short_permitted: bool
    scheme_id: int
    limits: AccountLimits
    held_money: int
    open_orders: list[tuple[int, int, Side, int, bool]]
    last_entry: tuple[OrderTerms, int] | None
    positions: list[list[int]]
    client_order_ids: list[tuple[str, int]]
    references: list[str]
    equity_at_close: int
    day_transfers: int

    def restore(self) -> Account:
        """Build the account."""
        account = Account(
            self.account_id,
            self.customer_id,
            self.number,
            self.kind,
            self.scheme_id,
            self.limits,
            short_permitted=self.short_permitted,
        )
        account.state = self.state
        account.killed = self.killed
        account.held_money = self.held_money
        account.open_orders = {row[0]: row[1:] for row in self.open_orders}
        account.last_entry = self.last_entry
        account.positions = {row[0]: Position.restore(row[1:]) for row in self.positions}
        account.client_order_ids = dict(self.client_order_ids)
        account.references = dict.fromkeys(self.references)
        account.equity_at_close = self.equity_at_close
        account.day_transfers = self.day_transfers
        return account
