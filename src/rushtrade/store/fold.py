"""The one fold: what an event changes in the rows. Live and in a rebuild it is this code and no other.

It refuses to know the database; what is not in the image it asks of `Archive`. Nothing here reads a clock: the same
frames give the same rows on any machine.

Theory of operation: `frame` walks the commands of a frame in order and hands each event to the function named for
its type in `handlers` (`house_events`, `order_events`); an event type that is not named there is an error, so that none
is left out unseen. A handler gives back the order it concerned; a listener then hears of it with the row *as of that event*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import msgspec

from rushtrade.domain.instants import MINUTE
from rushtrade.domain.transfers import CASH, LedgerCode, Transfer
from rushtrade.store import rows
from rushtrade.store.equity import take_equity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rushtrade.domain.commands import AnyCommand
    from rushtrade.domain.frames import FrameBody
    from rushtrade.store.image import Image

_OWNER_BITS: Final = 4
_CODE_MASK: Final = 15
_CUSTOMER_CODE_MAX: Final = int(LedgerCode.CUSTOMER_UNSETTLED)
"""Account numbers taken apart as `domain.transfers` does, without a call for each: six transfers a fill come by here."""


class Archive(Protocol):
    """Rows that were written and let go of."""

    def order(self, order_id: int) -> rows.OrderRow | None:
        """Find an order."""

    def child(self, token: int) -> rows.ChildRow | None:
        """Find a child order."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """What an event did. The rows are the live ones: read them now, keep no reference."""

    event_id: int
    time_ns: int
    event: Any
    actor: str
    order: rows.OrderRow | None
    execution: rows.ExecutionRow | None


class Fold:
    """Applies frames to an image."""

    def __init__(self, image: Image, archive: Archive, handlers: Mapping[type, Handler]) -> None:
        self.image = image
        self.handlers = handlers
        self.archive = archive
        self.listener: Callable[[Change], None] | None = None
        self.seq = 0
        self.place = 0
        self.time_ns = 0
        self.minute = 0
        self.actor = ""
        self.command: AnyCommand | None = None
        self.execution: rows.ExecutionRow | None = None

    @property
    def event_id(self) -> int:
        """Name of the event being applied."""
        return rows.event_id(self.seq, self.place)

    def frame(self, body: FrameBody, after_seq: int) -> None:
        """Apply the commands of a frame that come after `after_seq`."""
        self.time_ns = body.time_ns
        minute = body.time_ns // MINUTE
        if minute > self.minute:
            if self.minute:
                take_equity(self.image, minute * MINUTE)
            self.minute = minute
        handlers = self.handlers
        seq = body.first_seq
        for entry in body.entries:
            if seq > after_seq:
                self.seq, self.actor, self.command = seq, entry.actor, entry.command
                for place, event in enumerate(entry.events):
                    self.place, self.execution = place, None
                    order = handlers[type(event)](self, event)
                    if self.listener is not None:
                        change = Change(self.event_id, self.time_ns, event, self.actor, order, self.execution)
                        self.listener(change)
            seq += 1

    def add_activity(
        self,
        activity_id: int,
        account_id: int,
        kind: str,
        net: int,
        instrument_id: int,
        shares: int,
        description: str,
    ) -> None:
        """Keep a row for an account's list of activities."""
        self.image.added[rows.ActivityRow].append(
            rows.ActivityRow(
                activity_id,
                account_id,
                kind,
                net,
                instrument_id,
                shares,
                description,
                self.image.trade_date,
                self.time_ns,
            )
        )

    def post(self, transfers: tuple[Transfer, ...]) -> None:
        """Move the money and shares of customers, and keep the transfers."""
        event_id, time_ns, image = self.event_id, self.time_ns, self.image
        add = image.added[rows.TransferRow].append
        for place, move in enumerate(transfers):
            debit, credit, asset, amount = move.debit_account, move.credit_account, move.asset, move.amount
            add(rows.TransferRow(event_id, place, int(move.code), debit, credit, asset, amount, time_ns))
            payer, payee = debit >> _OWNER_BITS, credit >> _OWNER_BITS
            if payer != payee:
                if payer and debit & _CODE_MASK <= _CUSTOMER_CODE_MAX:
                    self._move(payer, asset, -amount)
                if payee and credit & _CODE_MASK <= _CUSTOMER_CODE_MAX:
                    self._move(payee, asset, amount)

    def _move(self, owner: int, asset: int, amount: int) -> None:
        row = self.image.accounts[owner]
        row.moved = 1
        self.image.changed[rows.AccountRow][owner] = row
        if asset == CASH:
            row.cash += amount
        else:
            self.image.holding(owner, asset).shares += amount


Handler: TypeAlias = "Callable[[Fold, Any], rows.OrderRow | None]"
"""Applies one type of event and gives back the order it concerned, if any."""
