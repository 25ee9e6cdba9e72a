"""An exit without a limit gets out where the market is, also when it has jumped over the stop."""

from __future__ import annotations

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.orders import Liquidity, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.quotes import Mark
from support.small_house import SmallHouse, levels, quotes


def routed(events):
    return next(event for event in events if isinstance(event, ev.OrderRouted))


def test_a_stop_the_market_jumps_over_is_still_sold():
    house = SmallHouse()
    house.found()
    house.open_account(AccountKind.MARGIN, 100_000)
    calm = quotes(99_900, 100_000, 100_000, levels(1, {0: [(100_000, 500)]}))
    bought = house.do(
        cmd.EnterOrder(1, "in", OrderTerms(1, Side.BUY, OrderType.MARKET, TimeInForce.DAY, 100), calm)
    )
    token, child = routed(bought).first_token, routed(bought).plan.children[0]
    house.do(cmd.ReportAccepted(child.venue, 1, token, 1, 1))
    house.do(cmd.ReportExecuted(child.venue, 2, token, 1, child.price, 100, Liquidity.REMOVED, 1))
    stop = OrderTerms(1, Side.SELL, OrderType.STOP, TimeInForce.DAY, 100, 0, 95_000)
    (accepted,) = house.do(cmd.EnterOrder(1, "stop", stop, calm))
    assert isinstance(accepted, ev.OrderAccepted)

    house.do(cmd.ObserveMarks((Mark(1, 80_000, 80_100, 80_000),)))
    gap = quotes(80_000, 80_100, 80_000, levels(0, {0: [(80_000, 500)]}))
    told = house.do(cmd.RouteOrder(accepted.order_id, gap))
    (sent,) = routed(told).plan.children
    assert (sent.venue, sent.shares) == (0, 100)
    assert sent.price <= 80_000 < accepted.bound
