"""An account that trades at one venue by OUCH 5.0: its messages become rows, the venue's reports its numbered messages. Without I/O.

An account outlives its connections: what was said to it is kept by number (`said`), and is read again by whoever comes back. Its numbers of
orders only rise; one that does not has been seen before and is passed over, so that everything may be sent again after a broken line without
harm. `AccountQuery` tells the next one that will be taken.

Theory of operation. An order's token at the venue is made of its number here and what the row is for (`token_of`), so a report says by itself
which order and which instruction it answers. What a report does not repeat (symbol, options, the firm's own id) is kept for as long as the order
lives. Orders that end by time are cancelled here, when the market's time has come (`expire`). New orders that came together go to the venue
together (`settle`): one walk through the venue for all of them. Anything that depends on what became of them settles them first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rushtrade.domain.instants import SECOND
from rushtrade.floor.numbered import NumberedMessages
from rushtrade.floor.ouch_terms import (
    CANCEL_REASONS,
    REJECT_REASONS,
    Terms,
    liquidity_of,
    replace_refusal,
    terms_of,
    terms_said,
)
from rushtrade.floor.ouch_tokens import (
    Purpose,
    channel_of,
    for_purpose,
    index_of,
    purpose_of,
    reference_of,
    token_of,
)
from rushtrade.floor.soup_port import Seat
from rushtrade.wire import order_entry as oe
from rushtrade.wire import ouch50 as ouch
from rushtrade.wire import ouch50_codes as code
from rushtrade.wire import ouch50_options as tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

EntryRow = tuple[int, ...]
"""The fields of one ORDER_ENTRY row, in their order."""
BATCH_ROWS_MAX: Final = 1_024
"""New orders that wait for each other, at most."""
_PLAIN: Final = (oe.NO_PEG, 0, oe.NO_PREVENTION, 0, 0, 0)


class _Entered(msgspec.Struct):
    """An order that lives, or is on its way."""

    order: ouch.EnterOrder
    terms: Terms
    size: int
    cumulative: int = 0
    leaves: int = 0


class OuchAccount:
    """One account at one venue. `enter` hands rows to the venue; answers come back through `hear`."""

    def __init__(
        self,
        firm: int,
        mpid: str,
        symbols: Sequence[str],
        midnight_ns: int,
        enter: Callable[[Sequence[EntryRow]], None],
    ) -> None:
        self.firm = firm
        self.mpid = mpid
        self.seat = Seat()
        self.said = NumberedMessages()
        self.repeated = 0
        """Messages whose number had been used: passed over."""
        self._locates = {symbol: locate for locate, symbol in enumerate(symbols, start=1)}
        self._midnight_ns = midnight_ns
        self._enter = enter
        self._new: list[EntryRow] = []
        """Orders that came and are not at the venue yet."""
        self._next: dict[int, int] = {}
        self._orders: dict[int, _Entered] = {}
        self._mass: dict[int, ouch.MassCancel] = {}
        self._ends: list[tuple[int, int]] = []
        self._enabled = True
        self._now_ns = midnight_ns
        self._handlers: dict[type[ouch.Message], Callable[[Any, int], None]] = {
            ouch.EnterOrder: self._on_enter,
            ouch.ReplaceOrder: self._on_replace,
            ouch.CancelOrder: self._on_cancel,
            ouch.ModifyOrder: self._on_modify,
            ouch.MassCancel: self._on_mass_cancel,
            ouch.DisableOrderEntry: self._on_disable,
            ouch.EnableOrderEntry: self._on_enable,
            ouch.AccountQuery: self._on_query,
        }
        self._hearers: dict[int, Callable[[np.void, int], None]] = {
            oe.ACCEPTED: self._hear_accepted,
            oe.EXECUTED: self._hear_executed,
            oe.CANCELED: self._hear_canceled,
            oe.REPLACED: self._hear_replaced,
            oe.REJECTED: self._hear_rejected,
            oe.BROKEN: self._hear_broken,
            oe.ALL_CANCELED: self._hear_all_canceled,
        }

    @property
    def orders(self) -> int:
        """Orders that live."""
        return len(self._orders)

    def receive(self, message: bytes, now_ns: int) -> None:
        """Do what a message of the firm says. Raises WireError, in words, when it is none."""
        self._now_ns = now_ns
        said = ouch.decode_inbound(message)
        options = dict(getattr(said, "options", None) or ())
        index = options.get(tag.USER_REF_INDEX, 0)
        if not isinstance(said, ouch.EnterOrder):
            self.settle()
        self._handlers[type(said)](said, index if isinstance(index, int) else 0)

    def settle(self) -> None:
        """Hand new orders to the venue."""
        if self._new:
            rows, self._new = self._new, []
            self._enter(rows)

    def hear(self, report: np.void, now_ns: int) -> None:
        """Tell the firm of a report about one of its orders."""
        self._now_ns = now_ns
        hearer = self._hearers.get(int(report["kind"]))
        if hearer is not None:
            hearer(report, int(report["token"]))

    def tell_event(self, event: str, now_ns: int) -> None:
        """Say that the day starts or ends."""
        self._now_ns = now_ns
        self._say(ouch.SystemEvent(self._time(), event))

    def expire(self, now_ns: int) -> None:
        """Cancel orders whose time has come."""
        self._now_ns = now_ns
        while self._ends and self._ends[0][0] <= now_ns:
            _, token = heapq.heappop(self._ends)
            if token in self._orders:
                self._enter([self._cancel_row(token, Purpose.EXPIRY, 0)])

    # --- what the firm says -------------------------------------------------------------------------------

    def _on_enter(self, order: ouch.EnterOrder, index: int) -> None:
        if not self._take_number(order.user_ref_num, index):
            return
        terms = terms_of(order, self.mpid)
        if not self._enabled:
            terms = code.FIRM_NOT_AUTHORIZED
        if isinstance(terms, int):
            self._reject(order.user_ref_num, index, terms, order.client_order_id)
            return
        token = token_of(order.user_ref_num, index)
        self._orders[token] = _Entered(order, terms, order.quantity)
        if terms.seconds:
            heapq.heappush(self._ends, (self._now_ns + terms.seconds * SECOND, token))
        self._new.append(self._enter_row(token, order, terms))
        if len(self._new) >= BATCH_ROWS_MAX:
            self.settle()

    def _enter_row(self, token: int, order: ouch.EnterOrder, terms: Terms) -> EntryRow:
        return (
            oe.ENTER,
            terms.side,
            terms.time_in_force,
            terms.display,
            self._locates.get(order.symbol, 0),
            self.firm,
            token,
            0,
            terms.price,
            order.quantity,
            terms.display_shares,
            terms.minimum_shares,
            self._now_ns,
            terms.peg,
            terms.instructions,
            terms.prevention,
            terms.capacity,
            terms.group,
            terms.peg_offset,
        )

    def _on_replace(self, replace: ouch.ReplaceOrder, index: int) -> None:
        if not self._take_number(replace.user_ref_num, index):
            return
        old = token_of(replace.original_ref_num, index)
        entered = self._orders.get(old)
        reason = code.REPLACE_NOT_ALLOWED
        if not self._enabled:
            reason = code.FIRM_NOT_AUTHORIZED
        elif entered is not None:
            reason = replace_refusal(replace, entered.order, pegged=entered.terms.peg != oe.NO_PEG)
        if reason or entered is None:
            self._reject(replace.user_ref_num, index, reason, replace.client_order_id)
            return
        order = msgspec.structs.replace(
            entered.order,
            user_ref_num=replace.user_ref_num,
            quantity=replace.quantity,
            price=replace.price,
            client_order_id=replace.client_order_id,
        )
        new = token_of(replace.user_ref_num, index)
        floor = dict(replace.options or ()).get(tag.MAX_FLOOR, 0)
        shown = floor if isinstance(floor, int) else 0
        self._orders[new] = _Entered(order, entered.terms, replace.quantity, entered.cumulative)
        row = (oe.REPLACE, 0, 0, 0, 0, self.firm, new, old, replace.price, replace.quantity, shown, 0)
        self._enter([(*row, self._now_ns, *_PLAIN)])

    def _on_cancel(self, cancel: ouch.CancelOrder, index: int) -> None:
        self._make_smaller(cancel.user_ref_num, index, cancel.quantity, Purpose.CANCEL)

    def _on_modify(self, modify: ouch.ModifyOrder, index: int) -> None:
        entered = self._orders.get(token_of(modify.user_ref_num, index))
        if entered is not None and modify.side != entered.order.side:
            # Another mark would have to be checked anew against the short-sale test: that is a new order.
            self._say(ouch.CancelReject(self._time(), modify.user_ref_num, channel_of(index)))
            return
        self._make_smaller(modify.user_ref_num, index, modify.quantity, Purpose.MODIFY)

    def _make_smaller(self, reference: int, index: int, size: int, purpose: Purpose) -> None:
        token = token_of(reference, index)
        entered = self._orders.get(token)
        if entered is None or size >= entered.cumulative + entered.leaves:
            self._say(ouch.CancelReject(self._time(), reference, channel_of(index)))
            return
        self._enter([self._cancel_row(token, purpose, max(size - entered.cumulative, 0))])

    def _cancel_row(self, token: int, purpose: Purpose, leave: int) -> EntryRow:
        instruction = for_purpose(token, purpose)
        row = (oe.CANCEL, 0, 0, 0, 0, self.firm, instruction, token, 0, leave, 0, 0)
        return (*row, self._now_ns, *_PLAIN)

    def _on_mass_cancel(self, mass: ouch.MassCancel, index: int) -> None:
        if not self._take_number(mass.user_ref_num, index):
            return
        options = dict(mass.options or ())
        side = {code.BUY: oe.BUY, code.SELL: oe.SELL, "": oe.BOTH_SIDES, None: oe.BOTH_SIDES}.get(
            options.get(tag.SIDE)  # type: ignore[arg-type]  # bytes are no key, and give None like what is missing
        )
        group = options.get(tag.GROUP_ID, 0)
        if mass.firm not in {"", self.mpid}:
            self._reject(mass.user_ref_num, index, code.FIRM_NOT_AUTHORIZED, "")
        elif mass.symbol and mass.symbol not in self._locates:
            self._reject(mass.user_ref_num, index, code.BAD_SYMBOL, "")
        elif side is None:
            self._reject(mass.user_ref_num, index, code.BAD_SIDE, "")
        else:
            token = token_of(mass.user_ref_num, index, Purpose.MASS_CANCEL)
            self._mass[token] = mass
            locate = self._locates.get(mass.symbol, 0)
            row = (oe.CANCEL_ALL, side, 0, 0, locate, self.firm, token, 0, 0, 0, 0, 0, self._now_ns)
            self._enter([(*row, *_PLAIN[:4], group if isinstance(group, int) else 0, 0)])

    def _on_disable(self, disable: ouch.DisableOrderEntry, index: int) -> None:
        if self._switch(disable.user_ref_num, index, disable.firm, enabled=False):
            about = (self._time(), disable.user_ref_num, self.mpid)
            self._say(ouch.DisableOrderEntryResponse(*about, channel_of(index) or ()))

    def _on_enable(self, enable: ouch.EnableOrderEntry, index: int) -> None:
        if self._switch(enable.user_ref_num, index, enable.firm, enabled=True):
            about = (self._time(), enable.user_ref_num, self.mpid)
            self._say(ouch.EnableOrderEntryResponse(*about, channel_of(index) or ()))

    def _switch(self, reference: int, index: int, firm: str, *, enabled: bool) -> bool:
        if not self._take_number(reference, index):
            return False
        if firm not in {"", self.mpid}:
            self._reject(reference, index, code.FIRM_NOT_AUTHORIZED, "")
            return False
        self._enabled = enabled
        return True

    def _on_query(self, _query: ouch.AccountQuery, index: int) -> None:
        self._say(ouch.AccountQueryResponse(self._time(), self._next.get(index, 1), channel_of(index)))

    def _take_number(self, reference: int, index: int) -> bool:
        """Whether a number is new; one that was used is what a broken line repeats."""
        if reference < self._next.get(index, 1):
            self.repeated += 1
            return False
        self._next[index] = reference + 1
        return True

    # --- what the venue says ------------------------------------------------------------------------------

    def _hear_accepted(self, report: np.void, token: int) -> None:
        entered = self._orders[token]
        order, leaves = entered.order, int(report["leaves"])
        entered.leaves = leaves
        state = code.LIVE if leaves else code.DEAD
        head = (self._time(), order.user_ref_num)
        self._say(ouch.OrderAccepted(*head, *terms_said(order, entered.size, report, state)))
        self._forget_if_over(token, leaves)

    def _hear_replaced(self, report: np.void, token: int) -> None:
        old = self._orders.pop(int(report["original_token"]), None)
        entered, leaves = self._orders[token], int(report["leaves"])
        entered.leaves, entered.cumulative = leaves, int(report["cumulative"])
        order = entered.order
        state = code.LIVE if leaves else code.DEAD
        head = (self._time(), reference_of(int(report["original_token"])), order.user_ref_num)
        self._say(ouch.OrderReplaced(*head, *terms_said(order, entered.size, report, state)))
        if old is not None and old.terms.seconds and leaves:
            self._keep_end(int(report["original_token"]), token)
        self._forget_if_over(token, leaves)

    def _keep_end(self, old: int, new: int) -> None:
        """Let a replacement end when the first order would have."""
        self._ends = [(end, new if token == old else token) for end, token in self._ends]
        heapq.heapify(self._ends)

    def _hear_executed(self, report: np.void, token: int) -> None:
        entered, leaves = self._orders.get(token), int(report["leaves"])
        flag = chr(int(report["liquidity"]))
        if entered is not None:
            entered.cumulative, entered.leaves = int(report["cumulative"]), leaves
            flag = liquidity_of(int(report["liquidity"]), entered.terms)
        shares, price, match = (int(report[name]) for name in ("shares", "price", "match_number"))
        about = (self._time(), reference_of(token), shares, price, flag, match)
        self._say(ouch.OrderExecuted(*about, channel_of(index_of(token)) or ()))
        self._forget_if_over(token, leaves)

    def _hear_canceled(self, report: np.void, token: int) -> None:
        entered, leaves = self._orders.get(token), int(report["leaves"])
        if entered is not None:
            entered.leaves = leaves
        purpose = purpose_of(int(report["original_token"]))
        about, channel = (self._time(), reference_of(token)), channel_of(index_of(token))
        if purpose is Purpose.MODIFY and entered is not None and leaves:
            size = entered.cumulative + leaves
            self._say(ouch.OrderModified(*about, entered.order.side, size, channel))
        else:
            reason = CANCEL_REASONS.get(int(report["reason"]), code.CANCELED_BY_SYSTEM)
            reason = code.CANCELED_BY_TIME if purpose is Purpose.EXPIRY else reason
            self._say(ouch.OrderCanceled(*about, int(report["shares"]), reason, channel))
        self._forget_if_over(token, leaves)

    def _hear_rejected(self, report: np.void, token: int) -> None:
        purpose, index = purpose_of(token), index_of(token)
        if purpose is Purpose.ORDER:
            entered = self._orders.pop(token, None)
            reason = REJECT_REASONS.get(int(report["reason"]), code.OTHER)
            name = "" if entered is None else entered.order.client_order_id
            self._reject(reference_of(token), index, reason, name)
        elif purpose is Purpose.MASS_CANCEL:
            self._mass.pop(token, None)
            self._reject(reference_of(token), index, code.OTHER, "")
        elif purpose is not Purpose.EXPIRY:
            self._say(ouch.CancelReject(self._time(), reference_of(token), channel_of(index)))

    def _hear_broken(self, report: np.void, token: int) -> None:
        entered = self._orders.get(token)
        name = "" if entered is None else entered.order.client_order_id
        match = int(report["match_number"])
        about = (self._time(), reference_of(token), match, code.SUPERVISORY, name)
        self._say(ouch.BrokenTrade(*about, channel_of(index_of(token))))

    def _hear_all_canceled(self, _report: np.void, token: int) -> None:
        mass = self._mass.pop(token, None)
        if mass is not None:
            about = (self._time(), mass.user_ref_num, self.mpid, mass.symbol)
            self._say(ouch.MassCancelResponse(*about, mass.options or ()))

    # --- parts --------------------------------------------------------------------------------------------

    def _forget_if_over(self, token: int, leaves: int) -> None:
        if not leaves:
            self._orders.pop(token, None)

    def _reject(self, reference: int, index: int, reason: int, name: str) -> None:
        self.settle()  # what came before is answered before
        self._say(ouch.Rejected(self._time(), reference, reason, name, channel_of(index)))

    def _say(self, message: ouch.Message) -> None:
        self.said.append(ouch.encode(message))

    def _time(self) -> int:
        return self._now_ns - self._midnight_ns
