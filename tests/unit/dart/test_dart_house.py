"""The house's orders on a desk with a pool and a market maker: what is asked first, what is learned from it, what is never done."""

from __future__ import annotations

import dart_words as words
import msgspec
import pytest
from dart_journal import BUY_500, Journal
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.explain import explain
from rushtrade.dart.lessons import PATIENCE_MAX, OrderMemory, RoutingImage, RoutingMemory
from rushtrade.dart.planning import CHILD_SHARES_MAX, plan
from rushtrade.dart.sweeping import SWEEP_ROUNDS_MAX
from rushtrade.dart.taking import ASKS_MAX, REPEATS_MAX
from rushtrade.dart.trace_text import lines, steps
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.orders import ROUTE_STRATEGIES, Liquidity, Side, TimeInForce
from rushtrade.domain.plans import Aim, Plan, SkipReason, Strategy
from rushtrade.domain.routes import RouteKind, RouteSequences

POOL, MAKER = 4, 5
SIX = (
    *words.FOUR,
    msgspec.structs.replace(words.route(POOL, take=10, make=10, latency=200), kind=RouteKind.DARK),
    msgspec.structs.replace(words.route(MAKER, take=0, make=0, latency=400), kind=RouteKind.MAKER),
)
CLASSES = (RouteSequences(1, "BAD", "CA", "ABCDEF"),)
CODES = tuple(route.code for route in SIX)
WIDE = "A 10.10x300 10.11x500 · D 10.10x200 10.12x400"
NEAR = "A 10.00x300"


def desk(*switched_off: int) -> RoutingDesk:
    made = RoutingDesk(SIX, CLASSES)
    for venue in switched_off:
        made.switch_route(venue, enabled=False)
    return made


def met(side: Side, far: str = WIDE, near: str = NEAR):
    return words.stamp(side, far, near)


def need(text: str, **more):
    return msgspec.structs.replace(words.need(text), **more)


class Orders:
    """Orders that are routed, answered and taught, event by event."""

    def __init__(self) -> None:
        self.desk = desk()
        self.routing = RoutingMemory()
        self.token = 0

    def plan(self, order: int, text: str, far: str = WIDE, near: str = NEAR, **more) -> tuple[Plan, int]:
        want = need(text, **more)
        made = plan(self.desk, want, met(want.side, far, near), self.routing, self.routing.orders.get(order))
        first = self.token
        self.token += max(len(made.children), 1)
        self.routing.routed(ev.OrderRouted(order, first, made), "listed", want.side, CODES)
        return made, first

    def fill(self, order: int, token: int, shares: int, price: int, leaves: int) -> None:
        self.routing.filled(
            ev.OrderFilled(
                order, 1, 1, token, 0, 1, shares, price, leaves, Liquidity.REMOVED, 0, 0, 0, 0, 0, ()
            ),
            CODES,
        )

    def come_back(self, order: int, token: int, shares: int) -> None:
        self.routing.child_ended(ev.ChildEnded(token, order, shares, "not executed at once"), CODES)


def aims(made: Plan) -> list[tuple[int, Aim]]:
    return [(child.venue, child.aim) for child in made.children]


def test_a_wide_market_is_asked_before_it_is_swept():
    made = plan(desk(), words.need("buy 200 10.12 day"), met(Side.BUY))
    (child,) = made.children
    assert (made.strategy, child.venue in {POOL, MAKER}, child.time_in_force) == (
        Strategy.SEEK,
        True,
        TimeInForce.IOC,
    )
    assert child.price == 101_000, "an ask is bounded by the best offer; a pool fills it at the midpoint"
    assert not child.sweeps
    assert 0 < made.seek_money < 2_030_000_000 > made.sweep_money > 0, (
        "either way less than 200 shares at 10.15"
    )
    assert (made.expected_shares, made.expected_cost) == (0, 0), "nothing is shown for it"


def test_a_sale_is_asked_at_the_bid_and_costs_are_below_zero():
    made = plan(
        desk(), words.need("sell 200 9.98 day"), met(Side.SELL, "A 10.00x300 9.99x500", "A 10.10x300")
    )
    (child,) = made.children
    assert (made.strategy, child.price) == (Strategy.SEEK, 100_000)
    assert made.seek_money < made.sweep_money < 0


def test_a_desk_where_everything_is_shown_sweeps_by_all_in_cost_as_ever():
    want, stamp = words.need("buy 700 10.12 day"), met(Side.BUY)
    lit = plan(RoutingDesk(words.FOUR, words.SEQUENCES), want, stamp)
    closed = plan(desk(POOL, MAKER), want, stamp)
    assert (lit.strategy, lit.sight) == (Strategy.SWEEP, None)
    assert closed.children == lit.children
    assert [skip.reason for skip in closed.skips[-2:]] == [SkipReason.DISABLED, SkipReason.DISABLED]


def test_who_shows_nothing_and_is_not_asked_is_left_out_for_that_reason():
    made = plan(desk(), words.need("buy 200 10.12 day SNAPSHOT"), met(Side.BUY))
    assert words.children(made) == "A 200@10.10 IOC"
    assert [(skip.venue, skip.reason) for skip in made.skips if skip.venue >= POOL] == [
        (POOL, SkipReason.NOT_ASKED),
        (MAKER, SkipReason.NOT_ASKED),
    ]


def test_what_rests_rests_where_quotes_are_shown():
    dark_only = desk(0, 1, 2, 3)
    assert plan(dark_only, words.need("buy 200 10.00 day"), met(Side.BUY)).children == ()
    made = plan(desk(), words.need("buy 200 10.00 day"), met(Side.BUY))
    assert (made.strategy, made.children[0].venue) == (Strategy.POST, 3)


def test_an_immediate_order_asks_and_sweeps_in_its_one_plan():
    made = plan(desk(), need("buy 900 10.12 ioc", once=True), met(Side.BUY))
    assert made.strategy is Strategy.SWEEP
    assert {child.aim for child in made.children} > {Aim.SHOWN}
    assert sum(child.shares for child in made.children) <= 900
    assert all(child.sweeps == (child.aim is Aim.SHOWN) for child in made.children)


def test_an_order_asks_each_place_until_it_has_answered_with_less():
    orders = Orders()
    seen = []
    for _ in range(6):
        made, token = orders.plan(1, "buy 400 10.12 day")
        if made.strategy is not Strategy.SEEK:
            break
        seen += aims(made)
        orders.come_back(1, token, made.children[0].shares)
    assert len(seen) == len(dict.fromkeys(seen)) > 0, "nobody who came back empty is asked again"
    assert made.strategy is Strategy.SWEEP
    assert sum(child.shares for child in made.children if child.aim is Aim.SHOWN) >= 300


def test_a_place_that_fills_is_asked_more_and_one_that_never_does_less():
    orders = Orders()
    for order in range(1, 80):
        made, token = orders.plan(order, "buy 200 10.12 day", route="SEEK")
        for number, child in enumerate(made.children):
            if child.venue == MAKER:
                orders.fill(order, token + number, child.shares, 100_950, 200 - child.shares)
            else:
                orders.come_back(order, token + number, child.shares)
        orders.routing.ended(order, CODES)
    learned = orders.routing.learned
    assert learned.better("listed", CODES[MAKER]) == pytest.approx(50, rel=0.1), (
        "half a cent better than the offer"
    )
    made, _ = orders.plan(99, "buy 200 10.12 day")
    assert aims(made) == [(MAKER, Aim.OFFER)]


def test_a_run_after_an_ask_is_learned_from_the_sweep_that_met_nothing():
    orders = Orders()
    made, token = orders.plan(1, "buy 400 10.20 day", route="SEEK")
    asked = made.children[0].venue
    orders.come_back(1, token, made.children[0].shares)
    made, token = orders.plan(1, "buy 400 10.20 day", route="SEEK")
    assert made.strategy is Strategy.SWEEP
    for number, child in enumerate(made.children):
        orders.come_back(1, token + number, child.shares)
    orders.plan(1, "buy 400 10.20 day", "A 10.13x300 · D 10.13x200", route="SEEK")
    orders.routing.waiting.take_in()
    told = orders.routing.learned.explain()
    assert told[f"ran/*/{CODES[asked]}"]["ran"] == 1
    assert told["jump/*/*"] == {"seen": 1, "of_it": 3}, "three ticks of a cent"


def test_what_fades_after_a_sweep_is_learned_by_the_next_look():
    orders = Orders()
    made, token = orders.plan(1, "buy 900 10.11 day", route="SWEEP")
    spared = made.sight.spared
    assert spared > 0
    for number, child in enumerate(made.children):
        orders.come_back(1, token + number, child.shares)
    orders.plan(1, "buy 900 10.11 day", "D 10.10x100", route="SWEEP")
    orders.routing.waiting.take_in()
    whole, gone = (orders.routing.learned.explain()["faded/listed/*"][key] for key in ("seen", "of_it"))
    assert (whole, gone) == (spared, max(spared - 100, 0))


def test_lessons_wait_for_each_other_once_much_is_known_and_estimates_stand_until_then():
    orders = Orders()
    for order in range(1, 400):
        made, token = orders.plan(order, "buy 200 10.12 day")
        for number, child in enumerate(made.children):
            orders.come_back(order, token + number, child.shares)
        orders.routing.ended(order, CODES)
    waiting = orders.routing.waiting
    assert 1 < waiting.patience <= PATIENCE_MAX
    assert len(waiting.lessons) < waiting.patience
    image = msgspec.msgpack.decode(msgspec.msgpack.encode(orders.routing.image()), type=RoutingImage)
    back = RoutingMemory.restore(image)
    want, stamp = words.need("buy 300 10.12 day"), met(Side.BUY)
    assert plan(desk(), want, stamp, back) == plan(desk(), want, stamp, orders.routing)
    assert msgspec.msgpack.encode(back.image()) == msgspec.msgpack.encode(orders.routing.image())


def test_an_order_that_is_over_leaves_nothing_behind_but_lessons():
    orders = Orders()
    made, token = orders.plan(1, "buy 200 10.12 day")
    assert orders.routing.orders
    assert orders.routing.children
    orders.fill(1, token, made.children[0].shares, 100_500, 0)
    assert not orders.routing.orders
    assert not orders.routing.children
    orders.plan(2, "buy 200 10.12 day")
    orders.routing.replaced(2)
    assert not orders.routing.orders
    assert not orders.routing.children


def test_what_was_learned_of_one_venue_or_of_all_is_forgotten_on_demand():
    orders = Orders()
    for order in range(1, 9):
        made, token = orders.plan(order, "buy 200 10.12 day")
        orders.come_back(order, token, made.children[0].shares)
        made, token = orders.plan(order, "buy 200 10.12 day")
        orders.come_back(order, token, made.children[0].shares)
    orders.routing.waiting.take_in()
    known = {key.split("/")[-1] for key in orders.routing.learned.explain()}
    assert {CODES[0], CODES[POOL]} <= known
    orders.routing.forget(POOL, CODES)
    assert CODES[0] in {key.split("/")[-1] for key in orders.routing.learned.explain()}
    assert CODES[POOL] not in {key.split("/")[-1] for key in orders.routing.learned.explain()}
    orders.routing.forget(-1, CODES)
    assert orders.routing.learned.explain() == {}
    want, stamp = words.need("buy 300 10.12 day"), met(Side.BUY)
    assert plan(desk(), want, stamp, orders.routing) == plan(desk(), want, stamp)


def test_a_snapshot_is_one_sweep_and_a_repeat_one_price_after_the_other():
    first = plan(desk(), words.need("buy 900 10.12 day SNAPSHOT"), met(Side.BUY))
    assert (
        words.children(first) == "A 500@10.11 IOC · D 400@10.12 IOC"
        or sum(c.shares for c in first.children) == 900
    )
    assert plan(desk(), words.need("buy 100 10.12 day SNAPSHOT round=1"), met(Side.BUY)).children == ()
    repeated = plan(desk(), words.need("buy 900 10.12 day REPEAT"), met(Side.BUY))
    assert words.children(repeated) == "A 300@10.10 IOC · D 200@10.10 IOC"
    rests = plan(desk(), words.need("buy 900 10.09 day REPEAT"), met(Side.BUY))
    assert rests.strategy is Strategy.POST
    spent = plan(desk(), words.need(f"buy 900 10.12 day REPEAT round={REPEATS_MAX}"), met(Side.BUY))
    assert spent.strategy is Strategy.POST


@pytest.mark.parametrize("route", ROUTE_STRATEGIES)
@pytest.mark.parametrize("kind", ["day", "ioc", "fok"])
def test_an_order_that_venues_send_back_every_time_ends(route, kind):
    orders = Orders()
    progress = plans = 0
    while True:
        made, token = orders.plan(7, f"buy 400 10.12 {kind} {route} round={progress}", once=kind == "ioc")
        plans += 1
        if not made.children:
            break
        for number, child in enumerate(made.children):
            orders.come_back(7, token + number, child.shares)
        progress = made.progress
        assert plans <= ASKS_MAX + SWEEP_ROUNDS_MAX * 2 + REPEATS_MAX + len(SIX), "an end is bounded"


def test_children_above_what_a_venue_takes_are_cut_and_a_whole_one_is_not_sent():
    large = 2 * CHILD_SHARES_MAX + 5
    rest = plan(desk(), words.need(f"buy {large} 10.00 day show=100"), met(Side.BUY))
    assert [child.shares for child in rest.children] == [CHILD_SHARES_MAX, CHILD_SHARES_MAX, 5]
    assert {child.venue for child in rest.children} == {rest.children[0].venue}
    assert [child.display_shares for child in rest.children] == [100, 100, 5]
    whole = plan(desk(), words.need(f"buy {large} 10.12 fok"), met(Side.BUY, f"A 10.10x{large}"))
    assert whole.children == ()
    assert {skip.reason for skip in whole.skips} == {SkipReason.TOO_SMALL}


LEVELS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(99_900, 101_500), st.integers(1, 2_000)), min_size=0, max_size=12
)


@settings(max_examples=150, deadline=None)
@given(
    levels=LEVELS,
    shares=st.integers(1, 5_000),
    limit=st.integers(99_900, 101_500),
    route=st.sampled_from(list(ROUTE_STRATEGIES)),
    kind=st.sampled_from(["day", "ioc", "fok"]),
    side=st.sampled_from(list(Side)),
    spent=st.sets(st.sampled_from([(POOL, Aim.MIDDLE), (MAKER, Aim.OFFER), (0, Aim.SHOWN)])),
    progress=st.integers(0, 5),
)
def test_no_plan_is_larger_than_its_need_or_beyond_its_limit_and_every_route_has_its_reason(
    levels, shares, limit, route, kind, side, spent, progress
):
    rows = []
    for venue in range(4):
        own = sorted({price: (price, size) for at, price, size in levels if at == venue}.values())
        rows += [
            (venue * 2 + 1 - side, price, size) for price, size in (own if side is Side.BUY else own[::-1])
        ]
    near = 99_000 if side is Side.BUY else 102_000
    quote = (near, 100, 100_000, 100) if side is Side.BUY else (100_000, 100, near, 100)
    stamp = words.QuoteStamp(0, *quote, 0, words.pack(rows))
    want = need(
        f"{side.name.lower()} {shares} {limit / 10_000:.4f} {kind} {route} round={progress}",
        once=kind == "ioc",
    )
    memory = OrderMemory("listed", int(side))
    for venue, aim in sorted(spent):
        memory.note(venue, aim, 1, 0)
    made = plan(desk(), want, stamp, RoutingMemory(), memory)
    assert made == plan(desk(), want, stamp, RoutingMemory(), memory), "the same question has one answer"
    assert sum(child.shares for child in made.children) <= shares
    for child in made.children:
        assert child.price <= limit if side is Side.BUY else child.price >= limit
        assert child.venue < POOL or child.time_in_force is TimeInForce.IOC
    for venue, aim in spent:
        assert (venue, aim) not in aims(made) or aim is Aim.SHOWN
    placed = sorted({child.venue for child in made.children} | {skip.venue for skip in made.skips})
    assert placed == list(range(len(SIX)))
    assert len(made.skips) + len({child.venue for child in made.children}) == len(SIX)


@settings(max_examples=100, deadline=None)
@given(
    levels=LEVELS,
    limit=st.integers(99_900, 101_500),
    side=st.sampled_from(list(Side)),
    off=st.integers(-1, 3),
)
def test_a_street_shows_what_a_stamp_shows_within_the_limit(levels, limit, side, off):
    made = desk(*([off] if off >= 0 else []))
    way = 1 if side is Side.BUY else -1
    books = {
        venue: sorted({price: (way * price, size) for at, price, size in levels if at == venue}.values())
        for venue in range(4)
    }
    rows = [
        (venue * 2 + 1 - side, way * price, size) for venue, book in books.items() for price, size in book
    ]
    stamp = words.QuoteStamp(0, 0, 0, 0, 0, 0, words.pack(rows))
    best, there = made.street.show(stamp, made.sheet, made.state_row(1), 1 - side, limit, 1)
    within = {venue: [row for row in book if row[0] <= way * limit] for venue, book in books.items()}
    for venue, book in within.items():
        found = made.street.far[venue].tolist()
        assert found[: found.index(next(row for row in found if row[1] == 0))] == [list(row) for row in book]
    tops = [book[0] for venue, book in within.items() if book and venue != off]
    assert best == min((price for price, _ in tops), default=2**62)
    assert there == sum(size for price, size in tops if price == best)
    assert made.street.shown(way * limit) == sum(
        size for venue, book in within.items() for _, size in book if venue != off
    )


def test_the_trace_says_what_was_asked_for_what_was_weighed_and_what_came_of_it():
    journal = Journal()
    journal.desk = desk()
    order = journal.enter(BUY_500, "A 10.00x100 10.01x100 · D 10.00x300", "A 9.90x500")
    asked = journal.story(order).story.decisions[0].plan.children[0]
    back = cmd.ReportCanceled(asked.venue, 2, order << 8, asked.shares, 0, "not executed at once", 0)
    journal.add(back, ev.ChildEnded(order << 8, order, asked.shares, "not executed at once"))
    trace = explain(journal.story(order).story, SIX)
    told = "\n".join(lines(trace))
    assert "Decision 1, 2026-03-02T14:30:00.002Z: seek, 500 shares up to 10.01" in told
    assert "weighed for all of it, with fees: asking first " in told
    what = {Aim.MIDDLE: "asked for the midpoint", Aim.OFFER: "asked for the quote or better"}[asked.aim]
    assert f"{CODES[asked.venue]} {asked.shares}@10.00 IOC".replace("@", " @ ") in told
    assert what in told
    (first, *_) = steps(trace)
    assert (first.route, first.why) == (CODES[asked.venue], f"shows nothing, {what}")
