"""Where an account's resting orders stand in the queues of their venues: `order.places` of docs/protocols/workstation.md.

The venue's own report names an order as its feed does, so the data center can tell what lies before it. Nothing is told where nothing is
known (a line in a gap, a hidden order, the rest of a reserve order) or where the user may not see the venue's book: a place in a queue
is depth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rushtrade.domain.orders import ChildStatus
from rushtrade.store import queries

if TYPE_CHECKING:
    from rushtrade.workstation.pushes import Connection

ORDERS_MAX: Final = 50
"""Orders asked for at a time: more than a blotter shows."""


def places(connection: Connection, order_ids: list[int]) -> list[dict[str, Any]]:
    """Give the place of every working child of some orders; orders that are not the account's are passed over."""
    store, market = connection.desk.store, connection.desk.ports.market
    visible = connection.viewer.view.depth
    found = []
    for order_id in order_ids:
        order = store.order(order_id)
        if order is None or order.account_id != connection.account_id:
            continue
        for child in queries.children(store, order_id):
            if child.status != ChildStatus.LIVE or not child.venue_order_id or not visible >> child.venue & 1:
                continue
            place = market.queue_ahead(child.venue, child.venue_order_id)
            if place is not None:
                found.append(
                    {
                        "order_id": order_id,
                        "venue": child.venue,
                        "shares": place.shares,
                        "shares_ahead": place.shares_ahead,
                        "orders_ahead": place.orders_ahead,
                        "level_shares": place.level_shares,
                    }
                )
    return found
