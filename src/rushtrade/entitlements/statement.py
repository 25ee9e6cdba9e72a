"""What a page, an API and a command show of entitlements: plain rows of names, amounts and sentences.

Money is decimal text, days are dates, instants UTC text: everything here can be written as JSON as it stands. Worked out
from a register for an instant; it refuses to know who may ask.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import msgspec

from rushtrade.domain.data_products import DataPrice, DataProduct, DataUse, SubscriberKind
from rushtrade.domain.errors import RuleMissing
from rushtrade.domain.events import MarketDataCharged
from rushtrade.domain.instants import day_from_number, day_number, format_instant
from rushtrade.domain.numbers import format_money
from rushtrade.entitlements.charges import charges_of, price_in
from rushtrade.entitlements.coverage import Right
from rushtrade.entitlements.months import month_of, month_text
from rushtrade.entitlements.questionnaire import QUESTIONNAIRES
from rushtrade.entitlements.register import Register
from rushtrade.entitlements.subscriber import Grant, Subscriber
from rushtrade.rules.new_york import day_at

RECERTIFY_NOTICE_DAYS = 30
"""How long before answers are due again a subscriber is told."""


class QuestionnaireView(msgspec.Struct, frozen=True):
    """The questions in force, and how the subscriber stands: `status` unknown before the first answers."""

    version: int
    questions: tuple[str, ...]
    status: str
    answered_on: str | None
    due_on: str | None
    is_due: bool
    is_due_soon: bool
    is_asked: bool
    """False for organisations and trusts: they are professional without a question."""


class AgreementView(msgspec.Struct, frozen=True):
    """An agreement as it concerns a subscriber. `text` is empty where the text is not at hand."""

    code: str
    version: int
    title: str
    exchange: str
    in_force_since: str
    signed_version: int
    signed_on: str | None
    must_sign: bool
    text: str = ""
    digest: str = ""


class GrantView(msgspec.Struct, frozen=True):
    """A grant, past or present."""

    product: str
    use: str
    displays_max: int
    billing: str
    since: str
    until: str | None
    reason: str


class ProductView(msgspec.Struct, frozen=True):
    """A product as it is to a subscriber: what it costs them by the month, and why it is not shown."""

    code: str
    title: str
    exchange: str
    level: str
    tapes: tuple[str, ...]
    venues: tuple[str, ...]
    agreement: str
    state: str
    """shown, late or refused"""
    reason: str
    professional: str
    non_professional: str
    non_display: str
    query: str
    yours: str | None
    """What a month costs this subscriber, or None while nobody can know."""
    source: str
    grant: GrantView | None


class ProductLine(msgspec.Struct, frozen=True):
    """A product as it stands in the price list, with today's prices."""

    code: str
    exchange: str
    title: str
    level: str
    tapes: tuple[str, ...]
    venues: tuple[str, ...]
    agreement: str
    is_open: bool
    is_delayed: bool
    professional: str
    non_professional: str
    non_display: str
    query: str
    source: str
    is_carried: bool
    """True when the market that runs has any of it."""


class OwedView(msgspec.Struct, frozen=True):
    """What a month has cost, or would cost as it stands."""

    month: str
    product: str
    use: str
    status: str
    displays: int
    queries: int
    amount: str
    is_charged: bool


class ChargeRow(msgspec.Struct, frozen=True):
    """One charge."""

    subscriber_id: int
    account_id: int
    product: str
    use: str
    status: str
    displays: int
    queries: int
    amount: str


class ChargedView(msgspec.Struct, frozen=True):
    """What one command charged for a month."""

    month: str
    command_seq: int
    total: str
    charges: list[ChargeRow]


class SubscriberFile(msgspec.Struct, frozen=True):
    """Everything a subscriber may see of their own file."""

    subscriber_id: int
    user: str
    kind: str
    account_id: int
    questionnaire: QuestionnaireView
    agreements: list[AgreementView]
    products: list[ProductView]
    history: list[GrantView]
    owed: list[OwedView]


class SubscriberLine(msgspec.Struct, frozen=True):
    """A subscriber in one line, for the desk."""

    subscriber_id: int
    user: str
    kind: str
    account_id: int
    status: str
    due_on: str | None
    is_due: bool
    products: tuple[str, ...]
    unsigned: tuple[str, ...]


def file_of(
    register: Register,
    subscriber: Subscriber,
    rights: list[Right],
    at_ns: int,
    texts: dict[tuple[str, int], str] | None = None,
) -> SubscriberFile:
    """Put a subscriber's file together; `rights` are those of the market that runs."""
    day = day_number(day_at(at_ns))
    return SubscriberFile(
        subscriber.subscriber_id,
        subscriber.user,
        subscriber.kind.name.lower(),
        subscriber.account_id,
        questionnaire_view(subscriber, day),
        [
            _agreement(register, subscriber, code, day, texts or {})
            for code in sorted(register.agreements)
            if register.version_in_force(code, day) is not None
        ],
        [_product(subscriber, right, at_ns, day) for right in rights],
        [_grant(row) for row in reversed(subscriber.grants)],
        owed_view(register, subscriber, month_of(day_from_number(day))),
    )


def questionnaire_view(subscriber: Subscriber, day: int) -> QuestionnaireView:
    """Say how a subscriber stands on a day."""
    form = QUESTIONNAIRES.on(day_from_number(day))
    declared = subscriber.declaration_on(day)
    is_asked = subscriber.kind is SubscriberKind.PERSON
    due = declared.due_day if declared is not None and is_asked else 0
    return QuestionnaireView(
        form.version,
        form.questions if is_asked else (),
        status_text(subscriber, day),
        day_from_number(declared.day).isoformat() if declared is not None else None,
        day_from_number(due).isoformat() if due else None,
        bool(due) and day >= due,
        bool(due) and due - RECERTIFY_NOTICE_DAYS <= day < due,
        is_asked,
    )


def status_text(subscriber: Subscriber, day: int) -> str:
    """Name a subscriber's class on a day."""
    status = subscriber.status_on(day)
    return "unknown" if status is None else status.name.lower()


def _agreement(
    register: Register, subscriber: Subscriber, code: str, day: int, texts: dict[tuple[str, int], str]
) -> AgreementView:
    row = register.version_in_force(code, day)
    assert row is not None
    signed = subscriber.signed(code, day)
    signature = next(
        (each for each in subscriber.signatures if (each.agreement, each.version) == (code, signed)), None
    )
    return AgreementView(
        code,
        row.version,
        row.title,
        row.exchange,
        day_from_number(row.first_day).isoformat(),
        signed,
        None if signature is None else day_from_number(signature.day).isoformat(),
        signed < row.version,
        texts.get((code, row.version), ""),
        row.digest,
    )


def _grant(row: Grant) -> GrantView:
    return GrantView(
        row.product,
        row.use.name.lower(),
        row.displays_max,
        row.billing.name.lower(),
        format_instant(row.from_ns),
        format_instant(row.to_ns) if row.to_ns else None,
        row.reason,
    )


def _product(subscriber: Subscriber, right: Right, at_ns: int, day: int) -> ProductView:
    product = right.product
    price = price_on(product, day)
    grants = [row for use in DataUse if (row := subscriber.latest(product.code, use, at_ns)) is not None]
    held = next((row for row in grants if row.holds_at(at_ns)), None)
    status = subscriber.status_on(day)
    yours = None
    if price is not None and status is not None:
        yours = format_money(price.professional if status.name == "PROFESSIONAL" else price.non_professional)
    elif price is None and product.is_open:
        yours = format_money(0)
    return ProductView(
        product.code,
        product.title,
        product.exchange,
        product.level.name.lower(),
        product.tapes,
        product.venues,
        product.agreement,
        "shown" if right.is_shown else "late" if right.is_late else "refused",
        right.reason,
        *price_texts(price),
        yours,
        price.source if price is not None else "",
        None if held is None else _grant(held),
    )


def price_on(product: DataProduct, day: int) -> DataPrice | None:
    """Give the prices a month that holds a day is charged at; None when there are none."""
    if not product.prices:
        return None
    try:
        return price_in(product, month_of(day_from_number(day)))
    except RuleMissing:
        return None


def price_texts(price: DataPrice | None) -> tuple[str, str, str, str]:
    """Write prices: a month of a professional, of another, of a program; a query of another."""
    if price is None:
        return "", "", "", ""
    a, b, c, d = (
        format_money(amount)
        for amount in (
            price.professional,
            price.non_professional,
            price.non_display,
            price.query_non_professional,
        )
    )
    return a, b, c, d if price.query_professional or price.query_non_professional else ""


def product_lines(register: Register, carried: Container[str], at_ns: int) -> list[ProductLine]:
    """List the price list; `carried` are the codes of what the running market has."""
    day = day_number(day_at(at_ns))
    lines = []
    for code, product in sorted(register.products.items(), key=lambda row: (row[1].exchange, row[0])):
        price = price_on(product, day)
        lines.append(
            ProductLine(
                code,
                product.exchange,
                product.title,
                product.level.name.lower(),
                product.tapes,
                product.venues,
                product.agreement,
                product.is_open,
                product.is_delayed,
                *price_texts(price),
                price.source if price is not None else "",
                code in carried,
            )
        )
    return lines


def owed_view(register: Register, subscriber: Subscriber, month: int) -> list[OwedView]:
    """Say what a month costs a subscriber as it stands; what has no price for it is left out."""
    try:
        charges = charges_of(register, subscriber, month)
    except RuleMissing:
        return []
    return [
        OwedView(
            month_text(month),
            one.product,
            one.use.name.lower(),
            one.status.name.lower(),
            one.displays,
            one.queries,
            format_money(one.amount),
            (one.product, one.use, month) in subscriber.charged,
        )
        for one in charges
    ]


def charged_view(month: int, seq: int, charged: Sequence[MarketDataCharged]) -> ChargedView:
    """Say what command `seq` charged for a month."""
    rows = [
        ChargeRow(
            event.subscriber_id,
            event.account_id,
            event.product,
            event.use.name.lower(),
            event.status.name.lower(),
            event.displays,
            event.queries,
            format_money(event.amount),
        )
        for event in charged
    ]
    return ChargedView(month_text(month), seq, format_money(sum(event.amount for event in charged)), rows)


def line_of(register: Register, subscriber: Subscriber, at_ns: int) -> SubscriberLine:
    """Put a subscriber into one line."""
    day = day_number(day_at(at_ns))
    view = questionnaire_view(subscriber, day)
    held = dict.fromkeys(row.product for row in subscriber.grants if row.holds_at(at_ns))
    needed = dict.fromkeys(register.products[code].agreement for code in held)
    return SubscriberLine(
        subscriber.subscriber_id,
        subscriber.user,
        subscriber.kind.name.lower(),
        subscriber.account_id,
        view.status,
        view.due_on,
        view.is_due,
        tuple(sorted(held)),
        tuple(code for code in needed if code and register.version_to_sign(subscriber, code, day)),
    )
