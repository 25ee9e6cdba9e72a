"""Rows of the read models: one struct a table, its fields the table's columns in order.

They refuse to know how they are kept. Enumerations stand as plain integers (SQLite binds those without a detour),
prices in $0.0001, money in micro-dollars, times in UTC nanoseconds; 0 = none or not yet, as in the domain.

Ids made here, all of them functions of the journal: an *event id* is ``command seq << 20 | place in the command's
events``; an execution is named by the id of its `OrderFilled`, and what was charged on it by its `charge_id`.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.events import OrderAccepted
from rushtrade.domain.orders import Capacity, Hours, OrderStatus, OrderTerms, OrderType, Side, TimeInForce

EVENT_BITS = 20
"""A command has at most half a million events: the close of a day with as many open orders."""
_CHARGE = 1 << EVENT_BITS - 1


def event_id(seq: int, place: int) -> int:
    """Name event `place` of command `seq`."""
    return seq << EVENT_BITS | place


def charge_id(execution_id: int) -> int:
    """Name the activity that is the commission and fees of an execution."""
    return execution_id | _CHARGE


class Row(msgspec.Struct):
    """Root of all rows."""


class FirmRow(Row):
    """The house. One row."""

    name: str
    world: str
    opened_ns: int
    killed: int
    market_open: int


class CustomerRow(Row):
    """A customer; personal data is elsewhere, under `profile_reference`."""

    customer_id: int
    display_name: str
    profile_reference: str
    registered_ns: int


class AccountRow(Row):
    """An account and what the firm allows it. `limits` is the msgpack of `AccountLimits`."""

    account_id: int
    customer_id: int
    number: str
    kind: int
    state: int
    short_permitted: int
    killed: int
    scheme_id: int
    limits: bytes
    opened_ns: int
    cash: int
    """Trade-date money of the account: settled and unsettled."""
    moved: int
    """1 = money or shares moved since the last equity point."""
    flow: int
    """Money and shares brought in less those taken out since the last equity point, in micro-dollars."""


class InstrumentRow(Row):
    """An instrument as the house knows it."""

    instrument_id: int
    symbol: str
    name: str
    equity_class: int
    kind: int
    round_lot: int
    tradable: int
    halted: int
    marginable: int
    easy_to_borrow: int
    primary_venue: str
    previous_close: int
    defined_ns: int


class RouteRow(Row):
    """A route, and whether the desk has it switched on."""

    venue: int
    code: str
    route_code: str
    mic: str
    name: str
    take_mils: int
    make_mils: int
    take_sub_dollar_ppm: int
    make_sub_dollar_ppm: int
    enabled: int
    reason: str
    link_up: int
    """-1 = no word yet, 0 = down, 1 = up."""
    health: int
    """A `VenueHealth`, and why in words; empty while nothing was wrong."""
    health_reason: str


class SequenceRow(Row):
    """Route-code strings of one equity class."""

    equity_class: int
    sequence: str
    punt_list: str
    legal_codes: str


class OrderRow(Row):
    """A parent order: its terms, where it stands, and when it came there.

    `value` is Σ price × shares of its executions, so that the average price is exact: ``value / filled``.
    `refused` is the `RejectReason` of a refused order, and of the latest refused cancel or replace of a living one.
    """

    order_id: int
    account_id: int
    client_order_id: str
    instrument_id: int
    side: int
    order_type: int
    time_in_force: int
    quantity: int
    limit_price: int
    stop_price: int
    route: str
    display_shares: int
    hidden: int
    not_held: int
    capacity: int
    hours: int
    short_exempt: int
    intent: int
    status: int
    triggered: int
    filled: int
    value: int
    commission: int
    fees: int
    hold_money: int
    hold_shares: int
    strategy: int
    arrival_bid: int
    arrival_ask: int
    replaces: int
    replaced_by: int
    refused: int
    text: str
    origin: str
    trade_date: int
    submitted_ns: int
    accepted_ns: int
    triggered_ns: int
    filled_ns: int
    """Of the last execution."""
    canceled_ns: int
    expired_ns: int
    replaced_ns: int
    failed_ns: int
    updated_ns: int
    updated_seq: int

    @property
    def leaves(self) -> int:
        """Shares that can still execute."""
        return 0 if self.status >= OrderStatus.FILLED else self.quantity - self.filled


def new_order(
    order_id: int, account_id: int, client_order_id: str, terms: OrderTerms, time_ns: int
) -> OrderRow:
    """Make the row of an order as it comes in."""
    return OrderRow(
        order_id=order_id,
        account_id=account_id,
        client_order_id=client_order_id,
        instrument_id=terms.instrument_id,
        side=int(terms.side),
        order_type=int(terms.order_type),
        time_in_force=int(terms.time_in_force),
        quantity=terms.quantity,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        route=terms.route,
        display_shares=terms.display_shares,
        hidden=int(terms.hidden),
        not_held=int(terms.not_held),
        capacity=int(terms.capacity),
        hours=int(terms.hours),
        short_exempt=int(terms.short_exempt),
        intent=0,
        status=int(OrderStatus.NEW),
        triggered=0,
        filled=0,
        value=0,
        commission=0,
        fees=0,
        hold_money=0,
        hold_shares=0,
        strategy=0,
        arrival_bid=0,
        arrival_ask=0,
        replaces=0,
        replaced_by=0,
        refused=0,
        text="",
        origin="",
        trade_date=0,
        submitted_ns=time_ns,
        accepted_ns=0,
        triggered_ns=0,
        filled_ns=0,
        canceled_ns=0,
        expired_ns=0,
        replaced_ns=0,
        failed_ns=0,
        updated_ns=time_ns,
        updated_seq=0,
    )


def terms_of(row: OrderRow) -> OrderTerms:
    """Give back what the customer asked for."""
    return OrderTerms(
        row.instrument_id,
        Side(row.side),
        OrderType(row.order_type),
        TimeInForce(row.time_in_force),
        row.quantity,
        row.limit_price,
        row.stop_price,
        row.route,
        row.display_shares,
        bool(row.hidden),
        bool(row.not_held),
        Capacity(row.capacity),
        Hours(row.hours),
        bool(row.short_exempt),
    )


def order_as_taken(event: OrderAccepted, time_ns: int, trade_date: int, origin: str) -> OrderRow:
    """Make the row of an order as it stands just after it was accepted."""
    row = new_order(event.order_id, event.account_id, event.client_order_id, event.terms, time_ns)
    row.intent, row.replaces, row.accepted_ns = int(event.intent), event.replaces, time_ns
    row.hold_money, row.hold_shares = event.hold_money, event.hold_shares
    row.arrival_bid, row.arrival_ask = event.arrival_bid, event.arrival_ask
    row.trade_date, row.origin = trade_date, origin
    return row


class ChildRow(Row):
    """A child order at a venue. `status` is a `ChildStatus`."""

    token: int
    order_id: int
    venue: int
    price: int
    shares: int
    time_in_force: int
    filled: int
    leaves: int
    status: int
    venue_order_id: int
    reason: str
    sent_ns: int
    answered_ns: int
    ended_ns: int


class PlanRow(Row):
    """A routing decision. `plan` and `stamp` are the msgpack of `Plan` and of the `QuoteStamp` it was taken on."""

    plan_id: int
    order_id: int
    strategy: int
    first_token: int
    expected_cost: int
    expected_shares: int
    plan: bytes
    stamp: bytes
    time_ns: int


class ExecutionRow(Row):
    """Shares of an order executed. `shares` is signed; `cumulative` and `position` are as of just after it."""

    execution_id: int
    order_id: int
    account_id: int
    instrument_id: int
    token: int
    venue: int
    match_number: int
    shares: int
    price: int
    leaves: int
    cumulative: int
    position: int
    liquidity: int
    commission: int
    fees: int
    venue_fee: int
    arrival_bid: int
    arrival_ask: int
    transfers: int
    """How many transfers it made: ids ``(execution_id, 0 …)``."""
    trade_date: int
    time_ns: int


class TransferRow(Row):
    """One movement of the ledger: number `place` of the event `event_id`."""

    event_id: int
    place: int
    code: int
    debit_account: int
    credit_account: int
    asset: int
    amount: int
    time_ns: int


class HoldingRow(Row):
    """Shares of an instrument in an account, as of the last trade."""

    account_id: int
    instrument_id: int
    shares: int


class ActivityRow(Row):
    """Money or shares that moved in an account for another reason than an execution, and charges on executions."""

    activity_id: int
    account_id: int
    kind: str
    net_amount: int
    instrument_id: int
    shares: int
    description: str
    trade_date: int
    time_ns: int


class CloseRow(Row):
    """A trade date: from its opening to its close."""

    trade_date: int
    settlement_date: int
    opens_ns: int
    closes_ns: int
    opened_seq: int
    closed_seq: int
    closed_ns: int


class MarkRow(Row):
    """The last mark of an instrument, and the price positions are valued at."""

    instrument_id: int
    bid: int
    ask: int
    last: int
    price: int


class EquityRow(Row):
    """What an account was worth at a minute or at a close; `flow` is money brought in less taken out since the point before."""

    account_id: int
    time_ns: int
    trade_date: int
    at_close: int
    equity: int
    flow: int
