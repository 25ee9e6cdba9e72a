"""The DART route: sweep by all-in cost, fill whole, rest."""

from __future__ import annotations

import dart_plain
import dart_words as words
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.dart.planning import plan
from rushtrade.dart.sweeping import PLANS_MAX, SWEEP_ROUNDS_MAX, RouteNeed
from rushtrade.domain.errors import InvariantBroken
from rushtrade.domain.numbers import parse_money
from rushtrade.domain.orders import Side, TimeInForce
from rushtrade.domain.plans import Plan, Strategy
from rushtrade.domain.quotes import NO_QUOTE, QuoteStamp

# Venues of `dart_words.FOUR`: A takes 30 mils, B 6 (slow), C pays 10, D 30 (nearest). Make fees −20, 0, +18, −20.

SWEEPS = """
# need              | off/down | quotes met                                         | children                              | skips
# the better price wins, whatever the fee within a tick
buy  100 10.01 day  |          | A 10.00x100 · C 10.01x100                          | A 100@10.00 IOC                       | B no known book · C filled cheaper elsewhere · D no known book
sell 100 10.00 day  |          | A 10.01x100 · C 10.00x100                          | A 100@10.01 IOC                       | B no known book · C filled cheaper elsewhere · D no known book
# a fee above the difference in price turns the order round
buy  100 10.01 day  |          | A 10.0000x100 · B 10.0010x100                      | B 100@10.001 IOC                      | A filled cheaper elsewhere · C no known book · D no known book
sell 100 10.00 day  |          | A 10.0010x100 · B 10.0000x100                      | B 100@10.00 IOC                       | A filled cheaper elsewhere · C no known book · D no known book
# equal cost: the lower fee
buy  100 10.01 day  |          | A 10.0000x900 · B 10.0024x100                      | B 100@10.0024 IOC                     | A filled cheaper elsewhere · C no known book · D no known book
# equal cost and fee: more shares shown, then the nearer venue
buy  100 10.01 day  |          | A 10.00x200 · D 10.00x100                          | A 100@10.00 IOC                       | B no known book · C no known book · D filled cheaper elsewhere
buy  100 10.01 day  |          | A 10.00x200 · D 10.00x200                          | D 100@10.00 IOC                       | A filled cheaper elsewhere · B no known book · C no known book
# levels of one venue become one child at the deepest price needed
buy  500 10.02 ioc  |          | A 10.00x100 10.01x100 10.02x100 · B 10.01x200      | A 300@10.02 IOC · B 200@10.01 IOC     | C no known book · D no known book
buy  350 10.02 ioc  |          | A 10.00x100 10.01x100 10.02x100 · B 10.01x200      | A 150@10.01 IOC · B 200@10.01 IOC     | C no known book · D no known book
# nothing beyond the limit
buy  500 10.00 ioc  |          | A 10.00x100 10.01x100 · B 10.01x200                | A 100@10.00 IOC                       | B no liquidity within limit · C no known book · D no known book
sell 500 10.00 ioc  |          | A 10.00x100 9.99x100 · B 9.99x200                  | A 100@10.00 IOC                       | B no liquidity within limit · C no known book · D no known book
buy  500 9.99  ioc  |          | A 10.00x100                                        | -                                     | A no liquidity within limit · B no known book · C no known book · D no known book
# routes that are off or down get nothing, and it is said when they show a quote within the limit
buy  100 10.01 day  | A/D      | A 10.00x100 · B 10.01x100 · D 10.00x100            | B 100@10.01 IOC                       | A disabled within limit · C no known book · D link down within limit
buy  100 10.01 day  | A/D      | A 10.02x100 · B 10.01x100 · D 10.02x100            | B 100@10.01 IOC                       | A disabled · C no known book · D link down
# routes not open to the class
buy 900 10.01 ioc class=2 |    | A 10.00x100 · B 10.00x100 · D 10.01x100            | A 100@10.00 IOC · D 100@10.01 IOC     | B not legal · C not legal
buy 900 10.01 day class=3 |    | A 10.00x100                                        | -                                     | A not legal · B not legal · C not legal · D not legal
buy 900 10.01 day class=9 |    | A 10.00x100                                        | -                                     | A not legal · B not legal · C not legal · D not legal
# below a dollar the fee is a share of the value: A's 0.3 % of .5000 is 15 units
buy  100 0.51  ioc  |          | A 0.5000x100 · B 0.5001x100                        | A 100@0.50 IOC                        | B filled cheaper elsewhere · C no known book · D no known book
# at a dollar sharp the fee is mils a share: B 6, D 30
buy  100 1.00  ioc  |          | B 1.00x100 · D 1.00x100                            | B 100@1.00 IOC                        | A no known book · C no known book · D filled cheaper elsewhere
# all or nothing: one venue shows all, the cheapest of them
buy  300 10.01 fok  |          | A 10.00x200 10.01x200 · B 10.01x300 · C 10.00x100  | A 300@10.01 FOK                       | B filled cheaper elsewhere · C too small · D no known book
buy  300 10.01 fok  |          | A 10.00x100 10.01x200 · B 10.00x300 · C 10.00x100  | B 300@10.00 FOK                       | A filled cheaper elsewhere · C too small · D no known book
buy  500 10.01 fok  |          | A 10.00x100 10.01x200 · B 10.00x300 · C 10.00x100  | -                                     | A too small · B too small · C too small · D no known book
# at equal cost: the lower fee, then more shares shown, then the nearer venue
buy  300 10.01 fok  |          | A 10.0000x300 · B 10.0024x300                      | B 300@10.0024 FOK                     | A filled cheaper elsewhere · C no known book · D no known book
buy  300 10.01 fok  |          | A 10.00x400 · D 10.00x300                          | A 300@10.00 FOK                       | B no known book · C no known book · D filled cheaper elsewhere
buy  300 10.01 fok  |          | A 10.00x300 · D 10.00x400                          | D 300@10.00 FOK                       | A filled cheaper elsewhere · B no known book · C no known book
buy  300 10.01 fok  |          | A 10.00x300 · D 10.00x300                          | D 300@10.00 FOK                       | A filled cheaper elsewhere · B no known book · C no known book
buy  500 10.01 fok  | B/       | A 10.00x100 · B 10.00x900                          | -                                     | A too small · B disabled within limit · C no known book · D no known book
"""


@pytest.mark.parametrize(("need", "switches", "far", "children", "skips"), words.table(SWEEPS))
def test_a_sweep_takes_what_costs_least_all_in(need, switches, far, children, skips):
    off, _, down = switches.partition("/")
    want = words.need(need)
    made = plan(words.desk(off, down), want, words.stamp(want.side, far))
    assert (words.children(made), words.skips(made)) == (children, skips)
    assert made.strategy is Strategy.SWEEP
    assert made.progress == 1


RESTS = """
# need                    | quotes met                  | own side                                            | child                   | skips
# the queue ahead weighs a mil a 500 shares: A pays 20 mils, worth 10,000 shares of queue
buy 100 10.00 day         | A 10.01x100                 | A 10.00x9000 · B 10.00x100 · C 10.00x100            | A 100@10.00 DAY         | B not chosen · C not chosen · D no known book
buy 100 10.00 day         | A 10.01x100                 | A 10.00x9999 · B 10.00x100 · C 10.00x100            | A 100@10.00 DAY         | B not chosen · C not chosen · D no known book
buy 100 10.00 day         | A 10.01x100                 | A 10.00x10200 · B 10.00x100 · C 10.00x100           | B 100@10.00 DAY         | A not chosen · C not chosen · D no known book
# equal weight: the shorter queue; equal queue: the nearer venue
buy 100 10.00 day         | A 10.01x100                 | A 10.00x10100 · B 10.00x100                         | B 100@10.00 DAY         | A not chosen · C no known book · D no known book
buy 100 10.00 day         | A 10.01x100                 | A 10.00x300 · D 10.00x300                           | D 100@10.00 DAY         | A not chosen · B no known book · C no known book
# a queue behind our price is no queue
buy 100 10.00 day         | A 10.01x100                 | A 10.00x100 · D 9.99x9000                           | D 100@10.00 DAY         | A not chosen · B no known book · C no known book
sell 100 10.00 day        | A 9.99x100                  | A 10.00x100 · D 10.01x9000                          | D 100@10.00 DAY         | A not chosen · B no known book · C no known book
# a known book comes before an unknown one; without any, make fee and latency decide
buy 100 10.00 day         | C 10.01x100                 |                                                     | C 100@10.00 DAY         | A no known book · B no known book · D no known book
buy 100 10.00 day         |                             |                                                     | D 100@10.00 DAY         | A no known book · B no known book · C no known book
# show part of it, or nothing
buy 900 10.00 day show=100 | A 10.01x100                |                                                     | A 900@10.00 DAY show=100 | B no known book · C no known book · D no known book
buy 900 10.00 day hidden  | A 10.01x100                 |                                                     | A 900@10.00 DAY hidden  | B no known book · C no known book · D no known book
# rounds spent: rest where taking is cheapest, and say what was left standing
buy 100 10.00 day round=4 | A 10.00x50 · B 10.00x100    |                                                     | B 100@10.00 DAY         | A rounds spent · C no known book · D no known book
buy 100 10.00 day round=4 | A 10.01x50                  |                                                     | A 100@10.00 DAY         | B no known book · C no known book · D no known book
"""


@pytest.mark.parametrize(("need", "far", "near", "child", "skips"), words.table(RESTS))
def test_what_cannot_be_taken_rests_where_queue_and_fee_weigh_least(need, far, near, child, skips):
    want = words.need(need)
    made = plan(words.desk(), want, words.stamp(want.side, far, near))
    assert (words.children(made), words.skips(made)) == (child, skips)
    assert made.strategy is Strategy.POST
    assert made.progress == want.progress + 1


def test_a_rest_over_a_quote_that_cannot_be_reached_says_so():
    want = words.need("buy 100 10.00 day")
    made = plan(words.desk("A", "D"), want, words.stamp(Side.BUY, "A 9.99x100 · B 10.01x100 · D 10.00x100"))
    assert words.children(made) == "B 100@10.00 DAY"
    assert words.skips(made) == "A disabled within limit · C no known book · D link down within limit"


@pytest.mark.parametrize(
    ("kind", "rounds"), [("ioc", SWEEP_ROUNDS_MAX), ("fok", SWEEP_ROUNDS_MAX), ("day", PLANS_MAX)]
)
def test_an_order_that_always_comes_back_ends_after_its_rounds(kind, rounds):
    met = words.stamp(Side.BUY, "A 10.00x100")
    progress, plans = 0, 0
    while (made := plan(words.desk(), words.need(f"buy 100 10.00 {kind} round={progress}"), met)).children:
        progress, plans = made.progress, plans + 1
    assert plans == rounds
    assert words.skips(made) == "A rounds spent · B rounds spent · C rounds spent · D rounds spent"


COSTS = """
# need             | quotes met                        | shares | money: price × shares + take fees (a sale: less)
buy  300 10.00 ioc | A 10.00x100 · B 10.00x200         | 300    | 3000.42
sell 300 10.00 ioc | A 10.00x100 · B 10.00x200         | 300    | 2999.58
buy  100 10.00 ioc | C 10.00x100                       | 100    | 999.90
buy  100 1.00  ioc | C 1.00x100                        | 100    | 99.90
buy  100 0.50  ioc | A 0.50x100                        | 100    | 50.15
sell 1   0.0001 ioc | A 0.0001x100                     | 1      | 0.000099
buy  300 10.01 fok | A 10.00x200 10.01x100             | 300    | 3001.90
buy  300 10.00 day | A 10.01x200                       | 0      | 0.00
buy  300 10.01 day round=4 | A 10.00x100 10.01x100     | 200    | 2001.60
"""


@pytest.mark.parametrize(("need", "far", "shares", "cost"), words.table(COSTS))
def test_a_plan_says_what_it_expects_to_take_and_its_money(need, far, shares, cost):
    want = words.need(need)
    made = plan(words.desk(), want, words.stamp(want.side, far))
    assert (made.expected_shares, made.expected_cost) == (int(shares), parse_money(cost))


def test_rows_that_cannot_be_true_are_no_liquidity():
    rows = [
        (1, 100_000, -5),
        (1, 0, 100),
        (1, -100_000, 100),
        (1, 100_000, 10**12),
        (1, 2**62, 100),
        (2 * 99 + 1, 100_000, 100),
        (-3, 100_000, 100),
    ]
    met = QuoteStamp(0, 0, 0, 100_000, 100, 0, words.pack(rows))
    made = plan(words.desk(), words.need("buy 100 10.00 ioc"), met)
    assert made.children == ()
    assert words.skips(made) == "A no known book · B no known book · C no known book · D no known book"


def test_venues_alike_in_everything_go_by_their_number():
    desk = words.desk(routes=tuple(words.route(venue) for venue in range(4)))
    met = words.stamp(Side.BUY, "B 10.00x100 · C 10.00x100 · D 10.00x100", "B 9.99x100 · C 9.99x100")
    for kind in ("ioc", "fok"):
        assert (
            words.children(plan(desk, words.need(f"buy 100 10.00 {kind}"), met))
            == f"B 100@10.00 {kind.upper()}"
        )
    assert words.children(plan(desk, words.need("buy 100 9.99 day"), met)) == "D 100@9.99 DAY"
    rest = words.stamp(Side.BUY, "B 10.00x100 · C 10.00x100", "B 9.99x100 · C 9.99x100")
    assert words.children(plan(desk, words.need("buy 100 9.99 day"), rest)) == "B 100@9.99 DAY"


def test_only_rows_side_by_side_are_a_venues_book():
    rows = [(1, 100_000, 100), (3, 100_000, 100), (1, 100_100, 200)]
    met = QuoteStamp(0, 0, 0, 100_000, 200, 0, words.pack(rows))
    made = plan(words.desk(), words.need("buy 300 10.01 fok"), met)
    assert words.children(made) == "-"
    assert words.skips(made) == "A too small · B too small · C no known book · D no known book"
    swept = plan(words.desk(), words.need("buy 300 10.01 ioc"), met)
    assert words.children(swept) == "A 100@10.00 IOC · B 100@10.00 IOC"


def test_an_order_without_any_quote_rests_or_ends():
    assert words.children(plan(words.desk(), words.need("buy 100 10.00 day"), NO_QUOTE)) == "D 100@10.00 DAY"
    assert words.children(plan(words.desk(), words.need("buy 100 10.00 ioc"), NO_QUOTE)) == "-"


def test_a_need_without_shares_or_price_or_with_a_torn_stamp_stops_the_house():
    for text in ("buy 0 10.00 ioc", "buy 100 0 ioc"):
        with pytest.raises(InvariantBroken, match="shares and a price"):
            plan(words.desk(), words.need(text), NO_QUOTE)
    with pytest.raises(InvariantBroken, match="whole rows"):
        plan(words.desk(), words.need("buy 100 10.00 ioc"), QuoteStamp(0, 0, 0, 0, 0, 0, b"\0" * 25))


# --- properties -------------------------------------------------------------------------------------------


PRICES_NEAR_TEN_DOLLARS = st.integers(99_900, 100_300)
PRICES_ACROSS_A_DOLLAR = st.integers(9_950, 10_050)
PRICES_OF_NEXT_TO_NOTHING = st.integers(1, 12)


@st.composite
def markets(draw, prices=PRICES_NEAR_TEN_DOLLARS):
    """A desk of up to ten venues with switches, a need, and a stamp in the order stamps have."""
    count = draw(st.integers(4, 10))
    routes = tuple(
        words.route(
            venue,
            take=draw(st.sampled_from((-10, 0, 6, 30))),
            make=draw(st.sampled_from((-20, 0, 18))),
            latency=draw(st.sampled_from((50, 100))),
            ppm=draw(st.sampled_from((0, 1000, 3000))),
        )
        for venue in range(count)
    )
    desk = words.desk(routes=routes)
    for venue in range(count):
        desk.switch_route(venue, draw(st.integers(0, 5)) > 0)
        desk.set_link(venue, draw(st.integers(0, 5)) > 0)
        desk.set_health(venue, draw(st.integers(0, 5)) > 0)
    side, shown = draw(st.sampled_from(Side)), st.integers(1, 500)
    far, near = [], []
    for venue in range(count):
        asks = sorted(draw(st.lists(prices, max_size=4)), reverse=side == Side.SELL)
        far += [(venue * 2 + 1 - side, price, draw(shown)) for price in asks]
        if draw(st.booleans()):
            near.append((venue * 2 + side, draw(prices), draw(shown)))
    kind = draw(st.sampled_from(("rest", "now", "whole")))
    want = RouteNeed(
        equity_class=draw(st.sampled_from((1, 1, 1, 2, 3))),
        side=side,
        shares=draw(st.integers(1, 3000)),
        price=draw(prices),
        may_rest=kind == "rest",
        whole=kind == "whole",
        progress=draw(st.integers(0, 5)) if kind == "rest" else draw(st.integers(0, 3)),
    )
    return desk, want, QuoteStamp(0, 0, 0, 0, 0, 0, words.pack(far + near))


def as_decision(made: Plan) -> dart_plain.Decision:
    takes = [child for child in made.children if child.time_in_force is not TimeInForce.DAY]
    rests = [child for child in made.children if child.time_in_force is TimeInForce.DAY]
    return dart_plain.Decision(
        taken={child.venue: child.shares for child in takes},
        worst={child.venue: child.price for child in takes},
        shares=made.expected_shares,
        money=made.expected_cost,
        rest_at=rests[0].venue if rests else None,
        reasons={skip.venue: skip.reason for skip in made.skips},
    )


@settings(max_examples=400, deadline=None)
@given(st.one_of(markets(), markets(PRICES_ACROSS_A_DOLLAR), markets(PRICES_OF_NEXT_TO_NOTHING)))
def test_the_plain_twin_decides_the_same(market):
    desk, want, met = market
    assert as_decision(plan(desk, want, met)) == dart_plain.decide(desk, want, met)


@settings(max_examples=300, deadline=None)
@given(markets())
def test_children_stay_within_the_order_and_the_desk(market):
    desk, want, met = market
    made = plan(desk, want, met)
    assert sum(child.shares for child in made.children) <= want.shares
    assert made.expected_shares <= want.shares
    states = desk.states(want.equity_class)
    for child in made.children:
        assert child.shares > 0
        assert child.price <= want.price if want.side == Side.BUY else child.price >= want.price
        assert states[child.venue] == 0
    named = [child.venue for child in made.children] + [skip.venue for skip in made.skips]
    assert sorted(named) == list(range(len(desk.routes)))
    assert plan(desk, want, met) == made


def least_cost(offers: list[list[tuple[int, int]]], shares: int) -> int:
    """Brute force: the least cost of `shares` single shares over venues of rising costs."""
    if shares == 0:
        return 0
    costs = []
    for index, offer in enumerate(offers):
        if offer:
            cost, shown = offer[0]
            rest = [(cost, shown - 1), *offer[1:]] if shown > 1 else offer[1:]
            costs.append(cost + least_cost([*offers[:index], rest, *offers[index + 1 :]], shares - 1))
    return min(costs)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(100_000, 100_040), st.integers(1, 2)), max_size=2),
        min_size=4,
        max_size=4,
    ),
    st.integers(1, 5),
    st.sampled_from(Side),
)
def test_no_split_of_the_shares_is_cheaper(books, shares, side):
    desk = words.desk()
    books = [sorted(book, reverse=side == Side.SELL) for book in books]
    rows = [(v * 2 + 1 - side, price, shown) for v, book in enumerate(books) for price, shown in book]
    want = RouteNeed(1, side, shares, 100_040 if side == Side.BUY else 100_000, may_rest=False, whole=False)
    made = plan(desk, want, QuoteStamp(0, 0, 0, 0, 0, 0, words.pack(rows)))
    shown_in_all = sum(shown for book in books for _, shown in book)
    assert made.expected_shares == min(shares, shown_in_all)
    sign = 1 if side == Side.BUY else -1
    offers = [
        [(sign * price + desk.routes[venue].take_mils, shown) for price, shown in book]
        for venue, book in enumerate(books)
    ]
    assert sign * made.expected_cost == 100 * least_cost(offers, made.expected_shares)
