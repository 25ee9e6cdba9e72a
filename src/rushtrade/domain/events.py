"""Events: what the house decided. Past tense; applying them is the only way state changes.

Events stand in the journal behind the command that caused them. Tags and field order are the journal's
format: new fields go to the end with a default, a tag is never reused.
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
    SubscriberStatus,
    UsageRow,
)
from rushtrade.domain.instruments import Instrument
from rushtrade.domain.orders import Intent, Liquidity, OrderTerms
from rushtrade.domain.plans import Plan
from rushtrade.domain.quotes import Mark
from rushtrade.domain.rejects import RejectReason
from rushtrade.domain.routes import Route, RouteSequences, VenueHealth
from rushtrade.domain.transfers import Transfer


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=0):
    """Root of all events."""


# --- the firm and its tables ---------------------------------------------------------------------


class FirmOpened(Event, frozen=True, tag=1):
    """The house was founded."""

    name: str
    world: str
    routes: tuple[Route, ...]
    sequences: tuple[RouteSequences, ...]


class InstrumentDefined(Event, frozen=True, tag=2):
    """An instrument was added or changed."""

    instrument: Instrument


class CommissionSchemeDefined(Event, frozen=True, tag=3):
    """A commission scheme was added or changed."""

    terms: CommissionTerms


class CustomerRegistered(Event, frozen=True, tag=4):
    """A customer was registered."""

    customer_id: int
    display_name: str
    profile_reference: str


class AccountOpened(Event, frozen=True, tag=5):
    """An account was opened at the clearing firm under `number`."""

    account_id: int
    customer_id: int
    number: str
    kind: AccountKind
    scheme_id: int
    short_permitted: bool
    limits: AccountLimits


class AccountChanged(Event, frozen=True, tag=6):
    """State, permission, scheme or limits of an account changed."""

    account_id: int
    state: AccountState
    short_permitted: bool
    scheme_id: int
    limits: AccountLimits
    reason: str


class CashTransferred(Event, frozen=True, tag=7):
    """Money came in or went out."""

    account_id: int
    amount: int
    reference: str
    transfers: tuple[Transfer, ...]


class SharesTransferred(Event, frozen=True, tag=8):
    """Shares came in from, or went to, another firm."""

    account_id: int
    instrument_id: int
    shares: int
    cost: int
    reference: str
    transfers: tuple[Transfer, ...]


class CommandRefused(Event, frozen=True, tag=9):
    """An administrative command, or a cancel or replace, was refused."""

    reason: RejectReason
    text: str
    account_id: int
    order_id: int


# --- parent orders ----------------------------------------------------------------------------------


class OrderRejected(Event, frozen=True, tag=20):
    """An order was refused. `first_order_id` names the order that already has the client order id."""

    account_id: int
    client_order_id: str
    terms: OrderTerms
    reason: RejectReason
    text: str
    first_order_id: int


class OrderAccepted(Event, frozen=True, tag=21):
    """An order was accepted and its need is held: micro-dollars of buying power, or shares of the position.

    `bound` is the worst price it may execute at. With `replaces` it takes over what the earlier order had filled
    (its quantity is the total, as FIX counts), and an `OrderReplaced` follows.
    """

    order_id: int
    account_id: int
    client_order_id: str
    terms: OrderTerms
    intent: Intent
    hold_money: int
    hold_shares: int
    replaces: int
    arrival_bid: int
    arrival_ask: int
    bound: int


class OrderRouted(Event, frozen=True, tag=22):
    """DART planned the rest of an order. Child `n` of the plan goes out under token ``seq << 8 | n``."""

    order_id: int
    first_token: int
    plan: Plan


class OrderFilled(Event, frozen=True, tag=23):
    """Shares of an order were executed; the ledger moved by `transfers`, and the hold shrank.

    `fees` is the sum of `sec_fee`, `taf` and `cat_fee`: what this execution added to the order's fees of the day.
    """

    order_id: int
    account_id: int
    instrument_id: int
    token: int
    venue: int
    match_number: int
    signed_shares: int
    price: int
    leaves: int
    liquidity: Liquidity
    commission: int
    fees: int
    venue_fee: int
    hold_money_left: int
    hold_shares_left: int
    transfers: tuple[Transfer, ...]
    sec_fee: int = 0
    taf: int = 0
    cat_fee: int = 0


class OrderTriggered(Event, frozen=True, tag=24):
    """A stop order met its trigger price and becomes a market or limit order."""

    order_id: int
    trade_price: int


class RoutingNeeded(Event, frozen=True, tag=25):
    """Shares of an open order are at no venue: fresh quotes are wanted."""

    order_id: int


class CancelRequested(Event, frozen=True, tag=26):
    """An order is to be cancelled; its working children were told so."""

    order_id: int
    tokens: tuple[int, ...]


class ReplaceRequested(Event, frozen=True, tag=27):
    """An order is to be replaced. `new_token` > 0: sent as a venue replace of `token`; else children are cancelled first."""

    order_id: int
    replacement_id: int
    client_order_id: str
    terms: OrderTerms
    hold_money: int
    hold_shares: int
    token: int
    new_token: int
    venue: int
    shares: int
    price: int
    cancel_tokens: tuple[int, ...]


class OrderCanceled(Event, frozen=True, tag=28):
    """An order ended with shares unfilled; its hold is void."""

    order_id: int
    account_id: int
    leaves: int
    reason: str


class OrderExpired(Event, frozen=True, tag=29):
    """A day order ended with its day; its hold is void."""

    order_id: int
    account_id: int
    leaves: int


class OrderReplaced(Event, frozen=True, tag=30):
    """An order gave way to its replacement, which takes over `filled` shares, the hold and the children."""

    order_id: int
    account_id: int
    replacement_id: int


class ReplaceAbandoned(Event, frozen=True, tag=31):
    """A replace came too late or was refused by the venue; the order stands as it was."""

    order_id: int
    replacement_id: int
    reason: str


# --- child orders -------------------------------------------------------------------------------------


class ChildAccepted(Event, frozen=True, tag=40):
    """A venue works a child order."""

    token: int
    venue_order_id: int


class ChildEnded(Event, frozen=True, tag=41):
    """A child order works no more; `shares` of it went unfilled. `refused` when the venue never took it.

    `fault`: it was refused for reasons of the venue, whatever the order.
    """

    token: int
    order_id: int
    shares: int
    reason: str
    refused: bool = False
    fault: bool = False


class ChildReduced(Event, frozen=True, tag=42):
    """A venue cancelled part of a child order; `leaves` still work."""

    token: int
    order_id: int
    shares: int
    leaves: int


class ChildReplaced(Event, frozen=True, tag=43):
    """A venue replaced a child order under a new token."""

    token: int
    new_token: int
    order_id: int
    venue_order_id: int
    price: int
    leaves: int


class CancelRefused(Event, frozen=True, tag=44):
    """A venue refused to cancel or replace a child; it stands as it was."""

    token: int
    order_id: int
    reason: str


class VenueLinkChanged(Event, frozen=True, tag=45):
    """A venue session came up or went down; orders without an answer are in doubt until it is back.

    `renumbered`: the venue began anew, as `session`, and numbers its reports from 1 again.
    """

    venue: int
    up: bool
    in_doubt: tuple[int, ...]
    renumbered: bool = False
    session: str = ""


class AnomalyRecorded(Event, frozen=True, tag=46):
    """A venue said something its own earlier reports contradict. Nothing was booked from it."""

    venue: int
    token: int
    text: str


class ReportRepeated(Event, frozen=True, tag=47):
    """A venue's report that had been taken before came again; it had no effect."""

    venue: int
    report_seq: int


# --- clock, market, day ------------------------------------------------------------------------------


class MarksObserved(Event, frozen=True, tag=50):
    """Marks changed."""

    marks: tuple[Mark, ...]


class DayOpened(Event, frozen=True, tag=51):
    """A trade date opened. Days are numbers of `day_number`; times are UTC nanoseconds of the regular session."""

    trade_date: int
    settlement_date: int
    opens_ns: int
    closes_ns: int


class TradesSettled(Event, frozen=True, tag=52):
    """Everything due on or before `settlement_date` settled."""

    settlement_date: int
    transfers: tuple[Transfer, ...]


class DayClosed(Event, frozen=True, tag=53):
    """A trade date closed; reports of the day read the journal up to this command seq."""

    trade_date: int


class MarketOpened(Event, frozen=True, tag=54):
    """Venues trade, or stopped trading."""

    is_open: bool


# --- desk ---------------------------------------------------------------------------------------------


class SequencesSet(Event, frozen=True, tag=60):
    """A class's route sequence and punt list were set."""

    equity_class: int
    sequence: str
    punt_list: str


class RouteSwitched(Event, frozen=True, tag=61):
    """A route was enabled or disabled."""

    venue: int
    enabled: bool
    reason: str


class RoutesSet(Event, frozen=True, tag=63):
    """The venues' fees and latencies changed."""

    routes: tuple[Route, ...]


class VenueHealthChanged(Event, frozen=True, tag=64):
    """A venue's answers took its route out of use, have it tried (`until_ns` is past), or brought it back.

    `silent` are the child orders it has not answered in time: they are in doubt, and it is tried when it has answered them all.
    """

    venue: int
    health: VenueHealth
    reason: str
    until_ns: int = 0
    silent: tuple[int, ...] = ()


class OwnDelayNoted(Event, frozen=True, tag=66):
    """From now on venues have so much longer to answer: that is what this house itself needs until orders leave and answers are read."""

    delay_ns: int


class RoutesForgotten(Event, frozen=True, tag=65):
    """What was learned of a venue was forgotten; `venue` -1 = of every one."""

    venue: int
    reason: str


class KillSwitchSet(Event, frozen=True, tag=62):
    """New orders that do not reduce risk were stopped, or allowed again."""

    account_id: int
    engaged: bool
    reason: str


# --- market data -----------------------------------------------------------------------------------------


class DataProductDefined(Event, frozen=True, tag=70):
    """A product of market data was added or changed."""

    product: DataProduct


class DataAgreementDefined(Event, frozen=True, tag=71):
    """A version of an agreement was added."""

    agreement: DataAgreement


class SubscriberRegistered(Event, frozen=True, tag=72):
    """A user of market data was registered."""

    subscriber_id: int
    user: str
    kind: SubscriberKind
    account_id: int


class QuestionnaireAnswered(Event, frozen=True, tag=73):
    """A subscriber declared what they are, on a day; the answers are due again from `due_day` on."""

    subscriber_id: int
    version: int
    answers: tuple[bool, ...]
    status: SubscriberStatus
    day: int
    due_day: int


class AgreementSigned(Event, frozen=True, tag=74):
    """A subscriber signed a version of an agreement, on a day."""

    subscriber_id: int
    agreement: str
    version: int
    day: int


class MarketDataGranted(Event, frozen=True, tag=75):
    """A subscriber has a product from now on."""

    subscriber_id: int
    product: str
    use: DataUse
    displays_max: int
    billing: Billing


class MarketDataRevoked(Event, frozen=True, tag=76):
    """A subscriber has a product no more."""

    subscriber_id: int
    product: str
    use: DataUse
    reason: str


class UsageObserved(Event, frozen=True, tag=77):
    """A day's use of a product was more than the journal knew."""

    day: int
    usage: UsageRow


class MarketDataCharged(Event, frozen=True, tag=78):
    """A month of a product was charged: by the status and use of the subscriber in it."""

    subscriber_id: int
    account_id: int
    product: str
    use: DataUse
    month: int
    status: SubscriberStatus
    displays: int
    queries: int
    amount: int
    transfers: tuple[Transfer, ...]


AnyEvent: TypeAlias = (
    FirmOpened
    | InstrumentDefined
    | CommissionSchemeDefined
    | CustomerRegistered
    | AccountOpened
    | AccountChanged
    | CashTransferred
    | SharesTransferred
    | CommandRefused
    | OrderRejected
    | OrderAccepted
    | OrderRouted
    | OrderFilled
    | OrderTriggered
    | RoutingNeeded
    | CancelRequested
    | ReplaceRequested
    | OrderCanceled
    | OrderExpired
    | OrderReplaced
    | ReplaceAbandoned
    | ChildAccepted
    | ChildEnded
    | ChildReduced
    | ChildReplaced
    | CancelRefused
    | VenueLinkChanged
    | AnomalyRecorded
    | ReportRepeated
    | MarksObserved
    | DayOpened
    | TradesSettled
    | DayClosed
    | MarketOpened
    | SequencesSet
    | RouteSwitched
    | RoutesSet
    | OwnDelayNoted
    | RoutesForgotten
    | VenueHealthChanged
    | KillSwitchSet
    | DataProductDefined
    | DataAgreementDefined
    | SubscriberRegistered
    | QuestionnaireAnswered
    | AgreementSigned
    | MarketDataGranted
    | MarketDataRevoked
    | UsageObserved
    | MarketDataCharged
)
