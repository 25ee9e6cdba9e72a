"""Commands: everything that asks the house to move money, shares, orders or limits. Imperative.

A command is journaled as it came, before anything it causes leaves the process. Its place in the journal,
its *command seq*, gives the ids it creates: an order's id is the seq of the `EnterOrder` that opened it,
a child order's token is ``seq << 8 | n``. Tags and field order are the journal's format: new fields go to
the end with a default, a tag is never reused.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from rushtrade.domain.accounts import AccountKind, AccountLimits, AccountState, CommissionTerms
from rushtrade.domain.data_products import (
    Billing,
    DataAgreement,
    DataProduct,
    DataUse,
    SubscriberKind,
    UsageRow,
)
from rushtrade.domain.instruments import Instrument
from rushtrade.domain.orders import Liquidity, OrderTerms
from rushtrade.domain.quotes import Mark, QuoteStamp
from rushtrade.domain.routes import Route, RouteSequences


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=0):
    """Root of all commands."""


# --- the firm and its tables ---------------------------------------------------------------------


class OpenFirm(Command, frozen=True, tag=1):
    """Found the house: its name, its world's venues and route sequences. Once per journal."""

    name: str
    world: str
    routes: tuple[Route, ...]
    sequences: tuple[RouteSequences, ...]


class DefineInstrument(Command, frozen=True, tag=2):
    """Add an instrument, or replace what is known of it."""

    instrument: Instrument


class DefineCommissionScheme(Command, frozen=True, tag=3):
    """Add a commission scheme, or change it for later orders."""

    terms: CommissionTerms


class RegisterCustomer(Command, frozen=True, tag=4):
    """Register a customer. Personal data stays outside the journal, under `profile_reference`."""

    display_name: str
    profile_reference: str


class OpenAccount(Command, frozen=True, tag=5):
    """Open an account, fully disclosed at the clearing firm under `number`."""

    customer_id: int
    number: str
    kind: AccountKind
    scheme_id: int
    short_permitted: bool
    limits: AccountLimits


class ChangeAccount(Command, frozen=True, tag=6):
    """Set state, short-selling permission, scheme and limits of an account, with the reason."""

    account_id: int
    state: AccountState
    short_permitted: bool
    scheme_id: int
    limits: AccountLimits
    reason: str


class TransferCash(Command, frozen=True, tag=7):
    """Deposit (amount > 0) or withdraw (amount < 0) micro-dollars. `reference` is unique per account."""

    account_id: int
    amount: int
    reference: str


class TransferShares(Command, frozen=True, tag=8):
    """Bring shares in from another firm (or, negative, send them out) at a cost basis in micro-dollars."""

    account_id: int
    instrument_id: int
    shares: int
    cost: int
    reference: str


# --- orders --------------------------------------------------------------------------------------


class EnterOrder(Command, frozen=True, tag=20):
    """Enter an order, with the quotes its risk and routing decisions may use."""

    account_id: int
    client_order_id: str
    terms: OrderTerms
    stamp: QuoteStamp


class CancelOrder(Command, frozen=True, tag=21):
    """Cancel what is left of an order."""

    account_id: int
    order_id: int


class ReplaceOrder(Command, frozen=True, tag=22):
    """Change total quantity, limit or stop price. The replacement is a new order with a new id; 0 = leave as it is."""

    account_id: int
    order_id: int
    client_order_id: str
    quantity: int
    limit_price: int
    stop_price: int
    stamp: QuoteStamp


class CancelAllOrders(Command, frozen=True, tag=23):
    """Cancel every open order of an account; `instrument_id` 0 = in all instruments."""

    account_id: int
    instrument_id: int


class RouteOrder(Command, frozen=True, tag=24):
    """Plan the rest of an order again on fresh quotes: answers a `RoutingNeeded`."""

    order_id: int
    stamp: QuoteStamp


# --- venues: `venue` and `report_seq` number a venue's reports without a hole -------------------------


class ReportAccepted(Command, frozen=True, tag=30):
    """A venue took a child order."""

    venue: int
    report_seq: int
    token: int
    venue_order_id: int
    venue_time_ns: int


class ReportExecuted(Command, frozen=True, tag=31):
    """A venue executed shares of a child order at a price.

    `covers` reports end with `report_seq`: 2 when the acceptance came just before and is told by the execution itself.
    """

    venue: int
    report_seq: int
    token: int
    match_number: int
    price: int
    shares: int
    liquidity: Liquidity
    venue_time_ns: int
    covers: int = 1


class ReportCanceled(Command, frozen=True, tag=32):
    """A venue cancelled shares of a child order; `leaves` are still working."""

    venue: int
    report_seq: int
    token: int
    shares: int
    leaves: int
    reason: str
    venue_time_ns: int


class ReportReplaced(Command, frozen=True, tag=33):
    """A venue replaced `original_token` by `token` with `leaves` shares working at `price`."""

    venue: int
    report_seq: int
    original_token: int
    token: int
    venue_order_id: int
    price: int
    leaves: int
    venue_time_ns: int


class ReportRejected(Command, frozen=True, tag=34):
    """A venue refused a child order, or a cancel or replace of one (`original_token` stays as it was).

    `fault`: for reasons of its own, whatever the order; it is closed.
    """

    venue: int
    report_seq: int
    token: int
    original_token: int
    reason: str
    venue_time_ns: int
    fault: bool = False


class ChangeVenueLink(Command, frozen=True, tag=35):
    """A venue session came up or went down.

    `lost_orders`: the venue has begun anew, knows no earlier order and numbers its reports from 1 again. `session` is what
    the venue calls this life of its own: its reports are asked for again under that name.
    """

    venue: int
    up: bool
    lost_orders: bool
    session: str = ""


class ReportNoted(Command, frozen=True, tag=36):
    """A venue said something about no order (a start or an end of its day, an answer to a question): its number is taken note of."""

    venue: int
    report_seq: int
    text: str
    venue_time_ns: int


# --- clock, market, day ------------------------------------------------------------------------------


class Tick(Command, frozen=True, tag=40):
    """Time has passed: the frame's time is the house's clock. What venues owe is looked at.

    `own_delay_ns`: how long what was decided waited in this house lately, for the disk or for a turn. No venue is to blame for that.
    """

    own_delay_ns: int = 0


class ObserveMarks(Command, frozen=True, tag=41):
    """Conflated quotes and last sales: valuation, and the trigger of stop orders."""

    marks: tuple[Mark, ...]


class OpenDay(Command, frozen=True, tag=42):
    """Open a trade date, a number of `day_number`. Its session, settlement date and fees come from the dated rules."""

    trade_date: int


class CloseDay(Command, frozen=True, tag=43):
    """Close a trade date: day orders expire, due trades settle, the journal's seq of the close is fixed."""

    trade_date: int


class OpenMarket(Command, frozen=True, tag=44):
    """Venues trade (True) or not (False), within the open day."""

    is_open: bool


# --- desk ------------------------------------------------------------------------------------------


class SetSequences(Command, frozen=True, tag=50):
    """Set one class's route sequence and punt list; refused when a code is unknown, doubled or not legal."""

    equity_class: int
    sequence: str
    punt_list: str


class SwitchRoute(Command, frozen=True, tag=51):
    """Enable or disable a route live, with the reason."""

    venue: int
    enabled: bool
    reason: str


class SetRoutes(Command, frozen=True, tag=53):
    """Set the venues' fees and latencies from now on: the same routes in the same order, as the schedules of a new day say."""

    routes: tuple[Route, ...]


class ForgetRoutes(Command, frozen=True, tag=54):
    """Forget what was learned of a venue's hidden liquidity and habits; `venue` -1 = of every one. With the reason."""

    venue: int
    reason: str


class SetKillSwitch(Command, frozen=True, tag=52):
    """Stop (or allow again) all new orders that do not reduce risk; `account_id` 0 = the whole firm."""

    account_id: int
    engaged: bool
    reason: str


# --- market data: who may see what, and what it costs ------------------------------------------------


class DefineDataProduct(Command, frozen=True, tag=60):
    """Add a product of market data with its price list, or change it from now on."""

    product: DataProduct


class DefineDataAgreement(Command, frozen=True, tag=61):
    """Add a version of an exchange's agreement."""

    agreement: DataAgreement


class RegisterSubscriber(Command, frozen=True, tag=62):
    """Register a user of market data, and the account their fees are charged to."""

    user: str
    kind: SubscriberKind
    account_id: int


class AnswerQuestionnaire(Command, frozen=True, tag=63):
    """Answer the questions that tell professionals from others; `version` names the list of questions."""

    subscriber_id: int
    version: int
    answers: tuple[bool, ...]


class SignAgreement(Command, frozen=True, tag=64):
    """Sign a version of an exchange's agreement."""

    subscriber_id: int
    agreement: str
    version: int


class GrantMarketData(Command, frozen=True, tag=65):
    """Let a subscriber have a product, to a use, on so many displays at once (0 = as many as they like)."""

    subscriber_id: int
    product: str
    use: DataUse
    displays_max: int
    billing: Billing


class RevokeMarketData(Command, frozen=True, tag=66):
    """Take a product away, at once."""

    subscriber_id: int
    product: str
    use: DataUse
    reason: str


class ObserveUsage(Command, frozen=True, tag=67):
    """What subscribers made of their products on a day (a number of `day_number`) so far."""

    day: int
    rows: tuple[UsageRow, ...]


class ChargeMarketData(Command, frozen=True, tag=68):
    """Charge a month's fees (`month` is year × 100 + month) to a subscriber; 0 = to all. Never twice."""

    month: int
    subscriber_id: int


AnyCommand: TypeAlias = (
    OpenFirm
    | DefineInstrument
    | DefineCommissionScheme
    | RegisterCustomer
    | OpenAccount
    | ChangeAccount
    | TransferCash
    | TransferShares
    | EnterOrder
    | CancelOrder
    | ReplaceOrder
    | CancelAllOrders
    | RouteOrder
    | ReportAccepted
    | ReportExecuted
    | ReportCanceled
    | ReportReplaced
    | ReportRejected
    | ReportNoted
    | ChangeVenueLink
    | Tick
    | ObserveMarks
    | OpenDay
    | CloseDay
    | OpenMarket
    | SetSequences
    | SwitchRoute
    | SetRoutes
    | ForgetRoutes
    | SetKillSwitch
    | DefineDataProduct
    | DefineDataAgreement
    | RegisterSubscriber
    | AnswerQuestionnaire
    | SignAgreement
    | GrantMarketData
    | RevokeMarketData
    | ObserveUsage
    | ChargeMarketData
)
