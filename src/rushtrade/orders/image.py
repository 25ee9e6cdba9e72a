"""An open order and its children as they stand in a snapshot."""

from __future__ import annotations

import msgspec

from rushtrade.domain.orders import ChildStatus, Intent, OrderTerms
from rushtrade.domain.plans import ChildTerms
from rushtrade.orders.order import Child, Order, Replacement


class ChildImage(msgspec.Struct, frozen=True, array_like=True):
    """One child order."""

    token: int
    terms: ChildTerms
    venue: int
    price: int
    shares: int
    leaves: int
    status: ChildStatus
    venue_order_id: int
    replace_token: int


class OrderImage(msgspec.Struct, frozen=True, array_like=True):
    """One parent order."""

    order_id: int
    account_id: int
    client_order_id: str
    terms: OrderTerms
    intent: Intent
    bound: int
    accepted_ns: int
    hold_money: int
    hold_shares: int
    filled: int
    filled_money: int
    commission: int
    day_shares: int
    day_money: int
    sec_fee: int
    taf: int
    cat_fee: int
    triggered: bool
    progress: int
    refusals: int
    routing_needed: bool
    cancel_reason: str
    replacement: Replacement | None
    extra_money: int
    extra_shares: int
    arrival_bid: int
    arrival_ask: int
    children: list[ChildImage]


_PLAIN = tuple(name for name in OrderImage.__struct_fields__ if name != "children")
_MADE_WITH = ("order_id", "account_id", "client_order_id", "terms", "intent", "bound", "accepted_ns")


def order_image(order: Order) -> OrderImage:
    """Take the image of an order."""
    return OrderImage(
        **{name: getattr(order, name) for name in _PLAIN},
        children=[_child_image(order.children[token]) for token in sorted(order.children)],
    )


def _child_image(child: Child) -> ChildImage:
    return ChildImage(**{name: getattr(child, name) for name in ChildImage.__struct_fields__})


def restore_order(image: OrderImage) -> Order:
    """Build the order an image was taken of."""
    order = Order(*(getattr(image, name) for name in _MADE_WITH))
    for name in _PLAIN:
        setattr(order, name, getattr(image, name))
    for row in image.children:
        child = Child(row.token, image.order_id, row.terms)
        for name in ChildImage.__struct_fields__:
            setattr(child, name, getattr(row, name))
        order.children[row.token] = child
    return order
