"""The blotter: statuses people see, and that it stops the house rather than believe what cannot be."""

from __future__ import annotations

import msgspec
import pytest

from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.errors import InvariantBroken
from rushtrade.domain.orders import Liquidity, TimeInForce
from rushtrade.domain.plans import ChildTerms, Plan, Strategy
from rushtrade.orders.fill import venue_fee
from rushtrade.orders.image import order_image, restore_order
from support.order_words import Desk
from support.small_house import ROUTES, SmallHouse

STATUSES = """
asks A 10.05x500 last 10.00        | -
buy 100 RUSH 10.00 day as o1       | pending new
A works A1                         | new
A takes A1 40 @ 10.00              | partially filled
replace o1 limit 9.99 as o2        | pending replace
cancel o1                          | pending cancel
A refuses to cancel A1             | pending replace
A refuses to replace A1 by A2      | partially filled
cancel o1                          | pending cancel
A cancels A1                       | -
buy 100 RUSH mkt day as o3 stop 11 | new
cancel o3                          | -
buy 100 RUSH 10.00 day as o4       | pending new
A refuses A3                       | new
"""


@pytest.fixture
def desk():
    house = SmallHouse()
    house.found()
    return Desk(house, house.open_account(AccountKind.MARGIN, 10_000, short_permitted=True))


def test_an_open_order_has_the_status_people_expect(desk):
    for line in STATUSES.strip().splitlines():
        step, _, status = (part.strip() for part in line.partition("|"))
        desk.play(step)
        found = [
            order.status.name.lower().replace("_", " ") for order in desk.house.state.blotter.orders.values()
        ]
        assert (found or ["-"]) == [status], step


def test_an_order_comes_back_from_its_image(desk):
    desk.play("asks A 10.00x100 · B 10.00x100 bids C 9.95x100")
    desk.play("buy 200 RUSH 10.00 gtc as o1")
    desk.play("A works A1")
    desk.play("A fills A1 40 @ 10.00")
    desk.play("B works B1")
    desk.play("replace o1 total 300 as o2")
    (order,) = desk.house.state.blotter.orders.values()
    image = order_image(order)
    assert order_image(restore_order(image)) == image
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(image), type=type(image)) == image


def resting(desk, line="buy 100 RUSH 10.00 day as o1"):
    desk.play("asks A 10.05x500")
    desk.play(line)
    (order,) = desk.house.state.blotter.orders.values()
    (child,) = order.children.values()
    return desk.house.state.blotter, order, child


def test_an_execution_larger_than_its_child_stops_the_house(desk):
    blotter, order, child = resting(desk)
    filled = ev.OrderFilled(
        order.order_id, 1, 1, child.token, 0, 1, 101, 100_000, 1, Liquidity.ADDED, 0, 0, 0, 0, 0, ()
    )
    with pytest.raises(InvariantBroken, match="never larger than what its child order has left"):
        blotter.filled(filled, 1)


def test_children_larger_than_their_parent_stop_the_house(desk):
    blotter, order, _ = resting(desk)
    one_more = ChildTerms(0, 100_000, 1, TimeInForce.DAY)
    routed = ev.OrderRouted(order.order_id, 999 << 8, Plan(Strategy.DIRECT, (one_more,), (), 0, 0, 1))
    with pytest.raises(InvariantBroken, match="never work more shares than their parent has left"):
        blotter.routed(routed)


def test_an_order_that_ends_before_its_children_stops_the_house(desk):
    blotter, order, _ = resting(desk)
    with pytest.raises(InvariantBroken, match="ends after its children"):
        blotter.ended(ev.OrderCanceled(order.order_id, 1, 100, ""))


@pytest.mark.parametrize(
    ("line", "what"), [("buy 100 RUSH 10.00 day as o1", "money"), ("sell 50 RUSH 10.10 day as o1", "shares")]
)
def test_a_hold_below_zero_stops_the_house(desk, line, what):
    desk.play("bring 100 RUSH 1000")
    blotter, order, child = resting(desk, line)
    account = desk.house.state.accounts[1]
    account.held_money = account.positions[1].closing_held = 0
    blotter.child_ended(ev.ChildEnded(child.token, order.order_id, child.leaves, ""))
    with pytest.raises(InvariantBroken, match=f"{what} held"):
        blotter.ended(ev.OrderCanceled(order.order_id, 1, 100, ""))


@pytest.mark.parametrize(
    ("venue", "price", "shares", "liquidity", "fee"),
    [
        (0, 100_000, 100, Liquidity.REMOVED, 300_000),
        (0, 100_000, 100, Liquidity.ADDED, -200_000),
        (0, 10_000, 100, Liquidity.REMOVED, 300_000),
        (0, 9_999, 100, Liquidity.REMOVED, 299_970),
        (0, 9_999, 1, Liquidity.REMOVED, 3_000),
        (0, 9_999, 100, Liquidity.ADDED, 0),
        (2, 100_000, 100, Liquidity.REMOVED, -100_000),
        (2, 1, 1, Liquidity.ADDED, 1),
    ],
)
def test_what_a_venue_charges(venue, price, shares, liquidity, fee):
    assert venue_fee(ROUTES[venue], price, shares, liquidity) == fee
