"""Decisions on market data: products and agreements, who subscribes, who may see what, what was used, what it costs."""

from __future__ import annotations

import datetime as dt

from rushtrade.core.decide_firm import TEXT_MAX, refused
from rushtrade.core.decide_orders import Events
from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountState
from rushtrade.domain.data_products import Billing, DataProduct, DataUse, SubscriberKind, UsageRow
from rushtrade.domain.errors import RuleMissing
from rushtrade.domain.instants import day_number
from rushtrade.domain.transfers import CASH, LedgerCode, Transfer, TransferCode, ledger_account
from rushtrade.entitlements.catalogue import HOUSE_EXCHANGE, agreement_problem, product_problem
from rushtrade.entitlements.charges import Charge, charges_of, is_over
from rushtrade.entitlements.months import is_month, month_text
from rushtrade.entitlements.questionnaire import QUESTIONNAIRES, due_after, status_of
from rushtrade.entitlements.subscriber import Subscriber
from rushtrade.rules.new_york import day_at

_PAYABLE = ledger_account(0, LedgerCode.MARKET_DATA_PAYABLE)
_INCOME = ledger_account(0, LedgerCode.MARKET_DATA_INCOME)
DISPLAYS_MAX = 1_000
"""Displays a grant may name; more is a contract of another kind."""
COUNT_MAX = 10**12
"""Displays or queries of a day that can be counted: beyond any program, within 64 bits when added up."""
USAGE_ROWS_MAX = 4_096
"""Rows of use one command may bring: what a minute changes in a large house, and a frame stays small."""


def define_product(state: HouseState, command: cmd.DefineDataProduct, seq: int) -> Events:
    """Add or change a product."""
    del seq
    problem = product_problem(command.product, state.market_data.agreements)
    return refused(problem) if problem else [ev.DataProductDefined(command.product)]


def define_agreement(state: HouseState, command: cmd.DefineDataAgreement, seq: int) -> Events:
    """Add the next version of an agreement."""
    del seq
    agreement = command.agreement
    problem = agreement_problem(agreement, state.market_data.agreements.get(agreement.code, []))
    return refused(problem) if problem else [ev.DataAgreementDefined(agreement)]


def register_subscriber(state: HouseState, command: cmd.RegisterSubscriber, seq: int) -> Events:
    """Register a user of market data under the next number."""
    del seq
    register = state.market_data
    if not command.user.isprintable() or not 0 < len(command.user) <= TEXT_MAX:
        return refused(f"a user's name has 1 to {TEXT_MAX} printable characters")
    known = register.users.get(command.user)
    if known is not None:
        return refused(f"user {command.user!r} is subscriber {known} already")
    if command.account_id not in state.accounts:
        return refused(
            f"there is no account {command.account_id} to charge the fees of {command.user!r} to",
            command.account_id,
        )
    number = len(register.subscribers) + 1
    return [ev.SubscriberRegistered(number, command.user, command.kind, command.account_id)]


def answer_questionnaire(state: HouseState, command: cmd.AnswerQuestionnaire, seq: int) -> Events:
    """Take a person's answers; what they were before stays on file."""
    del seq
    subscriber = state.market_data.subscribers.get(command.subscriber_id)
    if subscriber is None:
        return _no_subscriber(command.subscriber_id)
    if subscriber.kind is not SubscriberKind.PERSON:
        what = "a trust" if subscriber.kind is SubscriberKind.TRUST else "an organisation"
        return refused(f"{subscriber.user} is {what}, always professional: no questions are asked of it")
    today = _today(state)
    form = QUESTIONNAIRES.on(today)
    if command.version != form.version:
        return refused(f"the questions in force are version {form.version}, not {command.version}")
    if len(command.answers) != len(form.questions):
        return refused(f"{len(form.questions)} questions need as many answers, not {len(command.answers)}")
    status = status_of(subscriber.kind, command.answers)
    due = day_number(due_after(today, form.months))
    return [
        ev.QuestionnaireAnswered(
            command.subscriber_id, command.version, command.answers, status, day_number(today), due
        )
    ]


def sign_agreement(state: HouseState, command: cmd.SignAgreement, seq: int) -> Events:
    """Take a signature under a version that is in force, or is announced."""
    del seq
    register = state.market_data
    subscriber = register.subscribers.get(command.subscriber_id)
    if subscriber is None:
        return _no_subscriber(command.subscriber_id)
    versions = register.agreements.get(command.agreement, [])
    if not versions:
        known = ", ".join(sorted(register.agreements)) or "none"
        return refused(f"there is no agreement {command.agreement[:40]!r}; there are: {known}")
    today = day_number(_today(state))
    in_force = register.version_in_force(command.agreement, today)
    first = versions[0].version if in_force is None else in_force.version
    if not first <= command.version <= versions[-1].version:
        passes = f"{first}" if first == versions[-1].version else f"{first} to {versions[-1].version}"
        return refused(
            f"version {command.version} of {command.agreement} cannot be signed now; version {passes} would pass"
        )
    if subscriber.signed(command.agreement, today) >= command.version:
        return refused(
            f"{subscriber.user} has signed version {command.version} of {command.agreement} before"
        )
    return [ev.AgreementSigned(command.subscriber_id, command.agreement, command.version, today)]


def grant(state: HouseState, command: cmd.GrantMarketData, seq: int) -> Events:
    """Let a subscriber have a product, once answers and agreement are on file; granted again, its terms change."""
    del seq
    register = state.market_data
    subscriber = register.subscribers.get(command.subscriber_id)
    if subscriber is None:
        return _no_subscriber(command.subscriber_id)
    product = register.products.get(command.product)
    if product is None:
        return _no_product(state, command.product)
    if not 0 <= command.displays_max <= DISPLAYS_MAX:
        return refused(f"{command.displays_max} displays are outside 0 (no limit) to {DISPLAYS_MAX}")
    account = state.accounts[subscriber.account_id]
    if account.state is AccountState.CLOSED:
        return refused(f"account {account.number}, which fees are charged to, is closed", account.account_id)
    missing = [] if product.is_open else register.missing(subscriber, product, state.now_ns)
    if missing:
        return refused(
            f"{product.code} cannot be granted to {subscriber.user} yet: they must {' and '.join(missing)}"
        )
    if command.billing is Billing.PER_QUERY:
        problem = _query_problem(product, command.use)
        if problem:
            return refused(problem)
    latest = subscriber.latest(product.code, command.use, state.now_ns)
    terms = (command.displays_max, command.billing)
    if latest is not None and not latest.to_ns and terms == (latest.displays_max, latest.billing):
        return refused(f"{subscriber.user} has {product.code} on these terms already")
    return [
        ev.MarketDataGranted(
            command.subscriber_id, product.code, command.use, command.displays_max, command.billing
        )
    ]


def _query_problem(product: DataProduct, use: DataUse) -> str:
    """Say why a product is not sold by the query; "" when it is."""
    if use is DataUse.NON_DISPLAY:
        return f"{product.code} for a program is charged by the month, not by the query"
    if not any(row.query_professional or row.query_non_professional for row in product.prices):
        return f"{product.code} has no price by the query; it is granted by the month"
    return ""


def revoke(state: HouseState, command: cmd.RevokeMarketData, seq: int) -> Events:
    """Take a product away, or one that is open to all from this subscriber."""
    del seq
    register = state.market_data
    subscriber = register.subscribers.get(command.subscriber_id)
    if subscriber is None:
        return _no_subscriber(command.subscriber_id)
    product = register.products.get(command.product)
    if product is None:
        return _no_product(state, command.product)
    if not 0 < len(command.reason) <= TEXT_MAX:
        return refused(f"a product is taken away for a reason, of 1 to {TEXT_MAX} characters")
    latest = subscriber.latest(product.code, command.use, state.now_ns)
    has = product.is_open if latest is None else not latest.to_ns
    if not has:
        return refused(
            f"{subscriber.user} has no {product.code} for {_use(command.use)}; there is nothing to take away"
        )
    return [ev.MarketDataRevoked(command.subscriber_id, product.code, command.use, command.reason)]


def observe_usage(state: HouseState, command: cmd.ObserveUsage, seq: int) -> Events:
    """Take note of a day's use; what is no more than was known changes nothing."""
    del seq
    if len(command.rows) > USAGE_ROWS_MAX:
        return refused(f"{len(command.rows)} rows of use are too many; {USAGE_ROWS_MAX} would pass")
    if not 0 <= command.day <= day_number(_today(state)):
        return refused(f"day number {command.day} is not today or a day before")
    events: Events = []
    for row in command.rows:
        if row.subscriber_id not in state.market_data.subscribers:
            return _no_subscriber(row.subscriber_id)
        if row.product not in state.market_data.products:
            return _no_product(state, row.product)
        if not (0 <= row.displays <= COUNT_MAX and 0 <= row.queries <= COUNT_MAX):
            return refused(f"displays and queries are counted from 0 to {COUNT_MAX}")
        more = _more_than_known(state, command.day, row)
        if more is not None:
            events.append(ev.UsageObserved(command.day, more))
    return events


def _more_than_known(state: HouseState, day: int, row: UsageRow) -> UsageRow | None:
    """Give the day's use with this row taken in; None when it says nothing new, or speaks of a day that is past."""
    subscriber = state.market_data.subscribers[row.subscriber_id]
    known = subscriber.usage(row.product, row.use, is_delayed=row.is_delayed)
    if known is None or known.day < day:
        return row
    displays, queries = (
        max(row.displays, known.usage.displays),
        max(row.queries, known.usage.queries),
    )
    if known.day > day or (displays, queries) == (known.usage.displays, known.usage.queries):
        return None
    return UsageRow(row.subscriber_id, row.product, row.use, displays, queries, row.is_delayed)


def charge(state: HouseState, command: cmd.ChargeMarketData, seq: int) -> Events:
    """Charge a month that is over: each product of each subscriber once, whatever is asked how often."""
    del seq
    month, subscribers = command.month, state.market_data.subscribers
    if not is_month(month):
        return refused(f"{month} is no month; a month is year × 100 + month, such as 202611")
    if not is_over(month, state.now_ns):
        return refused(
            f"{month_text(month)} is not over yet in this house, where it is {_today(state)}; "
            "a month is charged from the first of the next one on"
        )
    if command.subscriber_id and command.subscriber_id not in subscribers:
        return _no_subscriber(command.subscriber_id)
    chosen = [command.subscriber_id] if command.subscriber_id else sorted(subscribers)
    try:
        owed = [one for number in chosen for one in charges_of(state.market_data, subscribers[number], month)]
    except RuleMissing as error:
        return refused(str(error))
    events: Events = [
        _charged(state, one, month)
        for one in owed
        if one.amount and not _was_charged(subscribers[one.subscriber_id], one, month)
    ]
    if not events:
        before = " it was charged before;" if any(one.amount for one in owed) else ""
        return refused(f"nothing is owed for {month_text(month)}:{before} nothing was charged")
    return events


def _was_charged(subscriber: Subscriber, one: Charge, month: int) -> bool:
    return (one.product, one.use, month) in subscriber.charged


def _charged(state: HouseState, one: Charge, month: int) -> ev.MarketDataCharged:
    product: DataProduct = state.market_data.products[one.product]
    ours = _INCOME if product.exchange == HOUSE_EXCHANGE else _PAYABLE
    customer = ledger_account(one.account_id, LedgerCode.CUSTOMER_SETTLED)
    transfer = Transfer(TransferCode.MARKET_DATA_FEE, customer, ours, CASH, one.amount)
    return ev.MarketDataCharged(
        one.subscriber_id,
        one.account_id,
        one.product,
        one.use,
        month,
        one.status,
        one.displays,
        one.queries,
        one.amount,
        (transfer,),
    )


def _today(state: HouseState) -> dt.date:
    return day_at(state.now_ns)


def _use(use: DataUse) -> str:
    return "display" if use is DataUse.DISPLAY else "non-display use"


def _no_subscriber(subscriber_id: int) -> Events:
    return refused(f"there is no subscriber {subscriber_id}")


def _no_product(state: HouseState, code: str) -> Events:
    known = ", ".join(sorted(state.market_data.products)) or "none"
    return refused(f"there is no product {code[:40]!r}; there are: {known}")
