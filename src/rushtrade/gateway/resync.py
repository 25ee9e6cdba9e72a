"""After a restart or a broken line: what the gateway takes over of the house's open orders, and what it sends again.

It refuses to know how the orders were restored, and sends nothing by itself. Theory of operation: the owner first has the venue repeat every
report after the last one the house has taken, and lets the core decide them. What is then still unanswered was lost on the way out, or its
answer is still to come; it goes out again under the same tokens, which a venue carries out once and otherwise answers with what it knows
(`resend`). A venue that tells which instructions have reached it needs no guess (`reconcile`): what has not reached it ends in the house's books, and
is planned anew on fresh quotes; what has, waits for its answer. Cancels alone go out again, for a second one harms nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from rushtrade.domain.commands import AnyCommand, ReportAccepted, ReportCanceled, ReportRejected
from rushtrade.domain.orders import ChildStatus, Intent, OrderTerms
from rushtrade.domain.plans import ChildTerms
from rushtrade.gateway.order_gateway import OrderGateway


class OpenChild(Protocol):
    """A child order of the house, as far as a venue is concerned."""

    token: int
    terms: ChildTerms
    venue: int
    price: int
    shares: int
    leaves: int
    status: ChildStatus
    venue_order_id: int
    replace_token: int


class Change(Protocol):
    """A replace that is not decided yet."""

    @property
    def terms(self) -> OrderTerms:
        """Terms the order is to have."""


class OpenOrder(Protocol):
    """A parent order of the house."""

    order_id: int
    terms: OrderTerms
    intent: Intent
    filled: int
    cancel_reason: str

    @property
    def children(self) -> Mapping[int, OpenChild]:
        """Children that are not done, by token."""

    @property
    def replacement(self) -> Change | None:
        """The replace on its way, if there is one."""


def adopt_orders(gateway: OrderGateway, orders: Iterable[OpenOrder]) -> None:
    """Make a new gateway know the open orders of a restored state."""
    for order in orders:
        terms = order.terms
        gateway.adopt(order.order_id, terms, order.intent, terms.quantity - order.filled)
        for _, child in sorted(order.children.items()):
            gateway.adopt_child(
                child.token, order.order_id, child.venue, child.leaves, hidden=child.terms.hidden
            )


def resend(gateway: OrderGateway, orders: Iterable[OpenOrder], venue: int, now_ns: int) -> None:
    """Send one venue again what it has not answered: orders, replaces, cancels, and questions about what is in doubt."""
    for order in orders:
        for _, child in sorted(order.children.items()):
            if child.venue == venue:
                _resend_child(gateway, order, child, now_ns)
    gateway.flush(now_ns)


def _resend_child(gateway: OrderGateway, order: OpenOrder, child: OpenChild, now_ns: int) -> None:
    if child.venue_order_id or child.leaves < child.shares:
        if child.status is ChildStatus.IN_DOUBT:
            gateway.ask_status(child.token, now_ns)
    elif not gateway.resend(child.token, child.terms, now_ns):
        return
    change = order.replacement
    if change is not None and child.replace_token:
        executed = child.shares - child.leaves
        total = executed + change.terms.quantity - order.filled
        price = change.terms.limit_price or child.price
        gateway.resend_replace(child.token, child.replace_token, total, price, now_ns)
    if order.cancel_reason or (change is not None and not child.replace_token):
        gateway.resend_cancel(child.token, now_ns)


NOT_REACHED = "the line broke before it reached the venue"


def reconcile(
    gateway: OrderGateway,
    orders: Iterable[OpenOrder],
    venue: int,
    has: Callable[[int], bool],
    token_end: int,
    now_ns: int,
) -> list[AnyCommand]:
    """Give what is certain of a venue's children after everything it had said was decided, and send their cancels again.

    `has`: whether an instruction has reached the venue, by token. Tokens from `token_end` on were planned since.
    """
    certain: list[AnyCommand] = []
    for order in orders:
        for token, child in sorted(order.children.items()):
            if child.venue != venue or token >= token_end:
                continue
            taken = bool(child.venue_order_id) or child.leaves < child.shares
            if not taken and not has(token):
                certain.append(ReportCanceled(venue, 0, token, child.leaves, 0, NOT_REACHED, now_ns))
                continue
            if taken and child.status is ChildStatus.IN_DOUBT:
                certain.append(ReportAccepted(venue, 0, token, child.venue_order_id, now_ns))
            if child.replace_token and not has(child.replace_token):
                certain.append(ReportRejected(venue, 0, child.replace_token, token, NOT_REACHED, now_ns))
            if order.cancel_reason or (order.replacement is not None and not child.replace_token):
                gateway.resend_cancel(token, now_ns)
    gateway.flush(now_ns)
    return certain
