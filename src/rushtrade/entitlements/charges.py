"""What a month of market data costs a subscriber: grants that held in it, at the prices and the status of that month.

A month is charged whole, however few of its days a grant held: exchanges do. Whoever was a professional on any day on which
a grant held is charged as one. The price is that of the month's first day; of a product that came within the month, its first.

Refuses to know money's way: `core` makes transfers of what is worked out here.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.data_products import Billing, DataPrice, DataProduct, DataUse, SubscriberStatus
from rushtrade.domain.errors import RuleMissing
from rushtrade.domain.instants import day_from_number, day_number
from rushtrade.entitlements.months import day_numbers, month_text, span_ns
from rushtrade.entitlements.register import Register
from rushtrade.entitlements.subscriber import Grant, Subscriber
from rushtrade.rules.new_york import day_at, midnight_ns


class Charge(msgspec.Struct, frozen=True, gc=False):
    """One product of one subscriber in one month. `amount` in micro-dollars; 0 = free."""

    subscriber_id: int
    account_id: int
    product: str
    use: DataUse
    status: SubscriberStatus
    displays: int
    queries: int
    amount: int


def charges_of(register: Register, subscriber: Subscriber, month: int) -> list[Charge]:
    """Work out what a subscriber owes for a month, by product and use in order, whether charged before or not.

    Raises:
        RuleMissing: a product has no price for that month; the message names both.

    """
    items: dict[tuple[str, DataUse], list[Grant]] = {}
    for grant in subscriber.grants_in(*span_ns(month)):
        if grant.to_ns != grant.from_ns:
            items.setdefault((grant.product, grant.use), []).append(grant)
    return [
        _charge(subscriber, register.products[product], use, month, items[product, use])
        for product, use in sorted(items)
    ]


def price_in(product: DataProduct, month: int) -> DataPrice:
    """Give the prices a product has in a month."""
    days = day_numbers(month)
    earlier = [row for row in product.prices if row.first_day <= days[0]]
    within = [row for row in product.prices if row.first_day in days]
    found = earlier[-1] if earlier else next(iter(within), None)
    if found is None:
        since = (
            day_from_number(product.prices[0].first_day).isoformat() if product.prices else "no day at all"
        )
        raise RuleMissing(
            f"{product.code} has no price for {month_text(month)}; it has prices from {since} on"
        )
    return found


def _charge(
    subscriber: Subscriber, product: DataProduct, use: DataUse, month: int, grants: list[Grant]
) -> Charge:
    status = status_in(subscriber, month, grants)
    displays, queries = subscriber.month_use.get((product.code, use, month), (0, 0))
    amount = 0
    if product.prices or not product.is_open:
        amount = _amount(price_in(product, month), use, status, displays, queries, grants[-1].billing)
    return Charge(
        subscriber.subscriber_id, subscriber.account_id, product.code, use, status, displays, queries, amount
    )


def _amount(
    price: DataPrice, use: DataUse, status: SubscriberStatus, displays: int, queries: int, billing: Billing
) -> int:
    if use is DataUse.NON_DISPLAY:
        return price.non_display
    professional = status is SubscriberStatus.PROFESSIONAL
    month = price.professional if professional else price.non_professional
    if professional and price.per_display:
        month *= max(displays, 1)
    if billing is Billing.PER_QUERY:
        return min(
            queries * (price.query_professional if professional else price.query_non_professional), month
        )
    return month


def status_in(subscriber: Subscriber, month: int, grants: list[Grant]) -> SubscriberStatus:
    """Class a subscriber over a month: professional when they were one on any day on which a grant held."""
    for day in day_numbers(month):
        begins = midnight_ns(day_from_number(day))
        ends = midnight_ns(day_from_number(day + 1))
        if any(grant.meets(begins, ends) for grant in grants):
            status = subscriber.status_on(day)
            if status is not SubscriberStatus.NON_PROFESSIONAL:
                return SubscriberStatus.PROFESSIONAL
    return SubscriberStatus.NON_PROFESSIONAL


def is_over(month: int, now_ns: int) -> bool:
    """True when a month lies behind an instant, in New York."""
    return day_number(day_at(now_ns)) > day_numbers(month)[-1]
