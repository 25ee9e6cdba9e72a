"""An account that trades at one venue by FIX 4.2: its messages become rows, the venue's reports execution reports. Without I/O.

An account outlives its connections: its numbers and what was said to it are in its store, and reports that come while it is away are numbered and
kept, so the session's own resend delivers them. A ClOrdID is used once a day; an order sent again with PossResend is answered with how it stands.

Theory of operation. Every instruction has a token of its own at the venue (`TOKEN_SPACE`, then counted), and `_asked` knows the ClOrdID of each that is
not answered yet. An order is known by the ClOrdID it has now; a replace gives it another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import format_money, format_price, notional, parse_price, parse_quantity
from rushtrade.floor import fix_terms as fx
from rushtrade.floor.fix_terms import FixTerms, order_reject, terms_of
from rushtrade.wire import fix42 as fix
from rushtrade.wire import order_entry as oe
from rushtrade.wire.fix42_store import MemoryStore, keep_for_later, stamp

if TYPE_CHECKING:
    import numpy as np

    from rushtrade.floor.ouch_account import EntryRow
    from rushtrade.wire.fix42 import Field, FixMessage
    from rushtrade.wire.fix42_session import FixSession

TOKEN_SPACE: Final = 1 << 61
"""Tokens of FIX orders: apart from those of other ports of the same firm."""
IDS_MAX: Final = 1 << 20
"""ClOrdIDs of a day; each is remembered, for it may not be used twice."""
UNSUPPORTED_TYPE: Final = "3"
_PLAIN: Final = (oe.NO_PEG, 0, oe.NO_PREVENTION, 0, 0, 0)


class _Order(msgspec.Struct):
    """An order of the day."""

    name: str
    symbol: str
    side: str
    price: int
    size: int
    token: int
    venue_id: int = 0
    status: str = fx.NEW
    cumulative: int = 0
    leaves: int = 0
    value: int = 0
    """Of what was executed, in micro-dollars."""


class _Asked(msgspec.Struct, frozen=True):
    """A cancel or replace that is not answered yet."""

    kind: str
    name: str
    original: str
    size: int = 0
    price: int = 0


class FixAccount:
    """One account at one venue. `enter` hands rows to the venue; answers come back through `hear`."""

    def __init__(
        self, firm: int, symbols: Sequence[str], enter: Callable[[EntryRow], None], exec_prefix: str
    ) -> None:
        self.firm = firm
        self.store = MemoryStore()
        self.session: FixSession | None = None
        """The connection there is, if any."""
        self._locates = {symbol: locate for locate, symbol in enumerate(symbols, start=1)}
        self._symbols = tuple(symbols)
        self._enter = enter
        self._exec_prefix = exec_prefix
        self._tokens = self._executions = 0
        self._used: set[str] = set()
        self._orders: dict[str, _Order] = {}
        self._by_token: dict[int, _Order] = {}
        self._asked: dict[int, _Asked] = {}
        self._now_ns = 0

    def receive(self, message: FixMessage, now_ns: int) -> None:
        """Do what a message of the firm says."""
        self._now_ns = now_ns
        handlers = {
            fx.ORDER: self._on_order,
            fx.CANCEL: self._on_change,
            fx.REPLACE: self._on_change,
            fx.STATUS_REQUEST: self._on_status,
        }
        handler = handlers.get(message.type)
        if handler is None:
            words = f"messages of type {message.type[:8]} are not taken; {', '.join(handlers)} are"
            number = message.get(fix.MSG_SEQ_NUM)
            about = [(fix.REF_SEQ_NUM, number), (fix.REF_MSG_TYPE, message.type)]
            self._say(
                fx.BUSINESS_REJECT, [*about, (fx.BUSINESS_REJECT_REASON, UNSUPPORTED_TYPE), (fx.TEXT, words)]
            )
            return
        missing = next((tag for tag in fx.REQUIRED[message.type] if not message.get(tag)), 0)
        if missing:
            if self.session is not None:
                self.session.reject(message, fix.REQUIRED_MISSING, "Required tag missing", missing)
            return
        handler(message)

    def hear(self, report: np.void, now_ns: int) -> None:
        """Tell the firm of a report about one of its orders."""
        self._now_ns = now_ns
        kind, token = int(report["kind"]), int(report["token"])
        order = self._by_token.get(token)
        if kind == oe.REPLACED:
            self._hear_replaced(report, token)
        elif kind == oe.REJECTED and token in self._asked:
            self._refuse_change(self._asked.pop(token), int(report["reason"]))
        elif order is None:
            return
        elif kind == oe.ACCEPTED:
            order.venue_id, order.leaves = int(report["venue_order_id"]), int(report["leaves"])
            self._report(order, fx.NEW)
        elif kind == oe.EXECUTED:
            self._hear_executed(report, order)
        elif kind == oe.CANCELED:
            self._hear_canceled(report, order)
        elif kind == oe.REJECTED:
            reason = int(report["reason"])
            order.status = fx.REJECTED
            text = oe.REASON_TEXTS.get(reason, "")
            self._report(order, fx.REJECTED, [(fx.ORD_REJ_REASON, order_reject(reason)), (fx.TEXT, text)])

    # --- what the firm says -------------------------------------------------------------------------------

    def _on_order(self, message: FixMessage) -> None:
        name = message.get(fx.CL_ORD_ID)
        known = self._orders.get(name)
        if known is not None and message.get(fx.POSS_RESEND) == "Y":
            self._report(known, known.status, [], transaction="3")
            return
        symbol, side = message.get(fx.SYMBOL), message.get(fx.SIDE)
        order = _Order(name, symbol, side, 0, 0, 0)
        if name in self._used:
            words = f"ClOrdID {name[:40]} was used before today"
            self._refuse_order(order, fx.DUPLICATE, words)
            return
        try:
            self._use(name)
            terms = terms_of(message)
        except InvalidInput as error:
            self._refuse_order(order, fx.REJECTED_BY_VENUE, str(error))
            return
        order.token, order.price, order.size = self._token(), terms.price, terms.shares
        self._orders[name] = self._by_token[order.token] = order
        self._enter(self._enter_row(order, terms))

    def _enter_row(self, order: _Order, terms: FixTerms) -> EntryRow:
        return (
            oe.ENTER,
            terms.side,
            terms.time_in_force,
            terms.display,
            self._locates.get(order.symbol, 0),
            self.firm,
            order.token,
            0,
            terms.price,
            terms.shares,
            terms.display_shares,
            terms.minimum_shares,
            self._now_ns,
            terms.peg,
            terms.instructions,
            oe.NO_PREVENTION,
            terms.capacity,
            0,
            terms.peg_offset,
        )

    def _on_change(self, message: FixMessage) -> None:
        """Take a cancel or a replace."""
        name, original = message.get(fx.CL_ORD_ID), message.get(fx.ORIG_CL_ORD_ID)
        asked = _Asked(message.type, name, original)
        order = self._orders.get(original)
        if order is None:
            self._refuse_words(asked, None, fx.UNKNOWN_ORDER, f"no order {original[:40]} is known")
            return
        try:
            self._check_change(message, order, name)
            if message.type == fx.REPLACE:
                size, price = parse_quantity(message.get(fx.ORDER_QTY)), order.price
                price = parse_price(message.get(fx.PRICE)) if message.get(fx.PRICE) else price
                asked = _Asked(message.type, name, original, size, price)
        except InvalidInput as error:
            self._refuse_words(asked, order, fx.TOO_LATE_TO_CANCEL, str(error))
            return
        token = self._token()
        self._asked[token] = asked
        kind = oe.REPLACE if message.type == fx.REPLACE else oe.CANCEL
        row = (kind, 0, 0, 0, 0, self.firm, token, order.token, asked.price, asked.size, 0, 0, self._now_ns)
        self._enter((*row, *_PLAIN))

    def _check_change(self, message: FixMessage, order: _Order, name: str) -> None:
        if name in self._used:
            raise InvalidInput(f"ClOrdID {name[:40]} was used before today")
        self._use(name)
        if (message.get(fx.SYMBOL), message.get(fx.SIDE)) != (order.symbol, order.side):
            raise InvalidInput(
                f"order {order.name[:40]} is side {order.side} of {order.symbol}, which cannot be changed"
            )
        if message.type == fx.REPLACE and message.get(fx.PRICE) and not order.price:
            raise InvalidInput("an order without a limit cannot be given one")

    def _on_status(self, message: FixMessage) -> None:
        order = self._orders.get(message.get(fx.CL_ORD_ID))
        if order is not None:
            self._report(order, order.status, [], transaction="3")
            return
        unknown = _Order(message.get(fx.CL_ORD_ID), message.get(fx.SYMBOL), message.get(fx.SIDE), 0, 0, 0)
        unknown.status = fx.REJECTED
        self._report(unknown, fx.REJECTED, [(fx.TEXT, "no such order is known")], transaction="3")

    # --- what the venue says ------------------------------------------------------------------------------

    def _hear_executed(self, report: np.void, order: _Order) -> None:
        shares, price = int(report["shares"]), int(report["price"])
        order.cumulative += shares
        order.leaves = int(report["leaves"])
        order.value += notional(price, shares)
        order.status = fx.PARTIAL if order.leaves else fx.FILLED
        last = [(fx.LAST_SHARES, str(shares)), (fx.LAST_PX, format_price(price))]
        self._report(order, order.status, [*last, (fx.LIQUIDITY, chr(int(report["liquidity"])))])

    def _hear_canceled(self, report: np.void, order: _Order) -> None:
        order.leaves = int(report["leaves"])
        order.status = order.status if order.leaves else fx.CANCELED
        asked = self._asked.pop(int(report["original_token"]), None)
        more = [(fx.TEXT, oe.REASON_TEXTS[int(report["reason"])])]
        if asked is not None:
            self._report(order, fx.CANCELED, [(fx.ORIG_CL_ORD_ID, order.name), *more], name=asked.name)
        else:
            self._report(order, fx.CANCELED, more)

    def _hear_replaced(self, report: np.void, token: int) -> None:
        asked = self._asked.pop(token, None)
        order = self._by_token.pop(int(report["original_token"]), None)
        if asked is None or order is None:
            return
        old = order.name
        order.name, order.size, order.price, order.token = asked.name, asked.size, asked.price, token
        order.venue_id, order.leaves = int(report["venue_order_id"]), int(report["leaves"])
        order.status = fx.REPLACED if order.leaves else fx.CANCELED
        self._by_token[token] = self._orders[asked.name] = order
        self._orders.pop(old, None)
        self._report(order, fx.REPLACED, [(fx.ORIG_CL_ORD_ID, old)])
        order.status = (fx.PARTIAL if order.cumulative else fx.NEW) if order.leaves else order.status

    def _refuse_change(self, asked: _Asked, reason: int) -> None:
        late = fx.UNKNOWN_ORDER if reason == oe.REASON_UNKNOWN_ORDER else fx.TOO_LATE_TO_CANCEL
        words = oe.REASON_TEXTS.get(reason, "the venue refused it")
        self._refuse_words(asked, self._orders.get(asked.original), late, words)

    # --- parts --------------------------------------------------------------------------------------------

    def _refuse_words(self, asked: _Asked, order: _Order | None, reason: str, words: str) -> None:
        about = [
            (fx.ORDER_ID, str(order.venue_id) if order is not None else "NONE"),
            (fx.CL_ORD_ID, asked.name),
            (fx.ORIG_CL_ORD_ID, asked.original),
            (fx.ORD_STATUS, order.status if order is not None else fx.REJECTED),
            (fx.CXL_REJ_RESPONSE_TO, "1" if asked.kind == fx.CANCEL else "2"),
            (fx.CXL_REJ_REASON, reason),
        ]
        self._say(fx.CANCEL_REJECT, [*about, (fx.TEXT, words)])

    def _refuse_order(self, order: _Order, reason: str, words: str) -> None:
        order.status = fx.REJECTED
        self._report(order, fx.REJECTED, [(fx.ORD_REJ_REASON, reason), (fx.TEXT, words)])

    def _report(
        self,
        order: _Order,
        kind: str,
        more: Sequence[Field] = (),
        *,
        name: str = "",
        transaction: str = "0",
    ) -> None:
        """Say how an order stands, and what happened to it."""
        self._executions += 1
        average = order.value // order.cumulative if order.cumulative else 0
        self._say(
            fx.EXECUTION_REPORT,
            [
                (fx.ORDER_ID, str(order.venue_id) if order.venue_id else "NONE"),
                (fx.EXEC_ID, f"{self._exec_prefix}-{self._executions}"),
                (fx.EXEC_TRANS_TYPE, transaction),
                (fx.EXEC_TYPE, kind),
                (fx.ORD_STATUS, order.status),
                (fx.CL_ORD_ID, name or order.name),
                (fx.SYMBOL, order.symbol),
                (fx.SIDE, order.side),
                (fx.ORDER_QTY, str(order.size)),
                *([(fx.PRICE, format_price(order.price))] if order.price else []),
                (fx.LEAVES_QTY, str(order.leaves)),
                (fx.CUM_QTY, str(order.cumulative)),
                (fx.AVG_PX, format_money(average)),
                (fx.TRANSACT_TIME, stamp(self._now_ns)),
                *(field for field in more if field[1]),
            ],
        )

    def _say(self, kind: str, fields: Sequence[Field]) -> None:
        if self.session is not None:
            self.session.send(kind, fields, self._now_ns)
        else:
            keep_for_later(self.store, kind, fields, self._now_ns)

    def _use(self, name: str) -> None:
        if len(self._used) >= IDS_MAX:
            raise InvalidInput(f"{IDS_MAX:,} ClOrdIDs were used today, which is all there is room for")
        self._used.add(name)

    def _token(self) -> int:
        self._tokens += 1
        return TOKEN_SPACE | self._tokens
