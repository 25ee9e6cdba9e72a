"""The fees and latencies of a new day: set by a command, used by the next plan, refused when the routes would change; what a route takes."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from rushtrade.core.replay import verify
from rushtrade.core.snapshot import decode_state, encode_state
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.numbers import parse_price
from rushtrade.domain.orders import Display, Liquidity, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.rules.world_file import load_world
from support.small_house import ROUTES, TRADE_DATE, SmallHouse, quotes


def test_new_terms_take_effect_and_switches_stay_as_they_were():
    house = SmallHouse()
    house.found()
    house.do(cmd.SwitchRoute(1, enabled=False, reason="slow"))
    dearer = (msgspec.structs.replace(ROUTES[0], take_mils=25), *ROUTES[1:])
    assert house.do(cmd.SetRoutes(dearer)) == [ev.RoutesSet(dearer)]
    assert house.core.state.desk.routes == dearer
    assert house.core.state.desk.enabled == [True, False, True]
    restored, _ = decode_state(encode_state(house.core.state, house.core.next_seq))
    assert restored.desk.snapshot() == house.core.state.desk.snapshot()
    assert verify(house.journal).commands == house.core.next_seq - 1


def test_other_routes_or_absurd_fees_are_refused_in_words():
    house = SmallHouse()
    house.found()
    for routes, words in (
        (ROUTES[:2], "the routes stay AAA, BBB, CCC"),
        ((ROUTES[1], ROUTES[0], ROUTES[2]), "the routes stay AAA, BBB, CCC"),
        ((msgspec.structs.replace(ROUTES[0], take_mils=10**9), *ROUTES[1:]), "fees lie within"),
    ):
        (refused,) = house.do(cmd.SetRoutes(routes))
        assert isinstance(refused, ev.CommandRefused)
        assert words in refused.text
    assert house.core.state.desk.routes == ROUTES


LIMITED = (
    msgspec.structs.replace(
        ROUTES[0],
        order_types=(OrderType.LIMIT,),
        times_in_force=(TimeInForce.DAY, TimeInForce.IOC),
        displays=(Display.HIDDEN,),
    ),
    msgspec.structs.replace(ROUTES[1], times_in_force=(TimeInForce.IOC, TimeInForce.FOK)),
    ROUTES[2],
)
TAKEN = """
via A 10.00 day hidden     | taken
via A 10.00 ioc            | taken
via A 10.00 gtc            | DISPLAY_NOT_TAKEN: route A (AAA) takes no displayed orders; hidden would pass
via A 10.00 day reserve    | DISPLAY_NOT_TAKEN: route A (AAA) takes no reserve orders; hidden would pass
via A 10.00 fok            | TIME_IN_FORCE_NOT_TAKEN: route A (AAA) takes no fok orders; day or ioc would pass
via A market day           | ORDER_TYPE_NOT_TAKEN: route A (AAA) takes no market orders; limit would pass
via A stop 10.50 day       | ORDER_TYPE_NOT_TAKEN: route A (AAA) takes no market orders; limit would pass
via BBB 10.00 day          | TIME_IN_FORCE_NOT_TAKEN: route B (BBB) takes no day orders; ioc or fok would pass
via BBB market day         | taken
via BBB 10.00 fok          | taken
via C 10.00 day reserve    | taken
via DART 10.00 day         | taken
"""


@pytest.mark.parametrize("line", [line for line in TAKEN.splitlines() if line])
def test_one_route_refuses_what_it_does_not_take_and_says_what_would_pass(line):
    words, _, answer = (part.strip() for part in line.partition("|"))
    house = SmallHouse()
    house.found()
    house.do(cmd.SetRoutes(LIMITED))
    account = house.open_account(AccountKind.MARGIN, 10_000)
    order = cmd.EnterOrder(account, "", read(words.split()), quotes(99_900, 100_000))
    first = house.do(order)[0]
    said = f"{first.reason.name}: {first.text}" if isinstance(first, ev.OrderRejected) else "taken"
    assert said == answer


def read(words):
    _, route, price, *rest = words
    stop = 0
    if price == "stop":
        stop, rest = parse_price(rest[0]), rest[1:]
    kind = {"market": OrderType.MARKET, "stop": OrderType.STOP}.get(price, OrderType.LIMIT)
    return OrderTerms(
        1,
        Side.BUY,
        kind,
        TimeInForce[rest[0].upper()],
        200,
        parse_price(price) if kind is OrderType.LIMIT else 0,
        stop,
        route,
        100 if "reserve" in rest else 0,
        hidden="hidden" in rest,
    )


def test_a_world_says_what_its_venues_take():
    routes = {route.code: route for route in load_world("us-2026").routes_on(dt.date(2026, 11, 20))}
    assert routes["QUIET"].displays == (Display.HIDDEN,)
    assert routes["ALPHAMM"].times_in_force == (TimeInForce.IOC, TimeInForce.FOK)


def test_the_months_volume_at_each_venue_is_known_from_the_journal():
    house = SmallHouse()
    house.found()
    account = house.open_account(AccountKind.MARGIN, 10_000)
    today = TRADE_DATE
    assert house.state.monthly_shares(today) == {0: 0, 1: 0, 2: 0}
    terms = OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 200, 100_000, route="A")
    order = house.do(cmd.EnterOrder(account, "", terms, quotes(99_900, 100_100)))
    token = order[1].first_token
    house.do(cmd.ReportExecuted(0, 1, token, 1, 100_000, 150, Liquidity.ADDED, 1))
    tomorrow = today + dt.timedelta(days=1)
    assert house.state.monthly_shares(today)[0] == 0, "a tier holds from the next day on"
    assert house.state.monthly_shares(tomorrow)[0] == 150
    house.close_day()
    house.open_day(tomorrow)
    assert house.state.monthly_shares(tomorrow) == {0: 150, 1: 0, 2: 0}
    assert house.state.monthly_shares(dt.date(2026, 10, 1)) == {}, "a new month begins at nought"
    again, _ = decode_state(encode_state(house.state, house.core.next_seq))
    assert again.monthly_shares(tomorrow) == {0: 150, 1: 0, 2: 0}
    house.close_day()
    house.open_day(dt.date(2026, 10, 1))
    assert house.state.monthly_shares(dt.date(2026, 10, 2)) == {0: 0, 1: 0, 2: 0}


def test_a_sequence_passes_over_a_route_that_does_not_take_the_order():
    """The Nasdaq sequence is BA, then CA: B takes nothing that rests, A nothing that is shown."""
    house = SmallHouse()
    house.found()
    house.do(cmd.SetRoutes(LIMITED))
    account = house.open_account(AccountKind.MARGIN, 10_000)
    terms = OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 200, 99_000, route="SEQUENCE")
    waiting = house.do(cmd.EnterOrder(account, "", terms, quotes(98_900, 100_000)))[1].plan
    assert [(child.venue, child.time_in_force.name) for child in waiting.children] == [(2, "DAY")]
    assert {skip.venue: skip.reason.name for skip in waiting.skips} == {
        0: "LATER_IN_SEQUENCE",
        1: "TYPE_NOT_TAKEN",
    }
    hidden = msgspec.structs.replace(terms, hidden=True)
    (child,) = house.do(cmd.EnterOrder(account, "", hidden, quotes(98_900, 100_000)))[1].plan.children
    assert child.venue == 0
