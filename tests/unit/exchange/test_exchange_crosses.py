"""Crosses: the price by the order of tests, the executions by priority, and the engine beside a plain computation."""

import numpy as np
import pytest
from exchange_feed_lines import feed_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.exchange.crossing import INTEREST, allocate, find_cross
from rushtrade.exchange.matching import MatchingEngine
from rushtrade.exchange.tables import PHASE_CALL, PHASE_TRADING, SESSION_PRE, SESSION_REGULAR
from rushtrade.wire import order_entry as oe


def interest(text):
    """Lines of `buy 100 @ 10.00`, `sell 50 @ market`, `… hidden`, in order of time."""
    rows = np.zeros(0, INTEREST)
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        side, shares, _, price, *hidden = line.split()
        ticks = 0 if price == "market" else round(float(price) * 10_000)
        row = np.array(
            [(192 * number, int(side == "sell"), ticks, int(shares), number, int(not hidden), 1)], INTEREST
        )
        rows = np.concatenate([rows, row])
    return rows


CASES = [
    # what it shows, orders, reference, price, paired, imbalance, side
    ("most shares", "buy 100 @ 10.02\nbuy 100 @ 10.00\nsell 150 @ 10.00", 10.00, 10.00, 150, 50, 0),
    ("least imbalance", "buy 100 @ 10.05\nsell 100 @ 10.00\nsell 100 @ 10.03", 10.00, 10.00, 100, 0, 2),
    ("nearest to the reference", "buy 100 @ 10.05\nsell 100 @ 10.00", 10.02, 10.02, 100, 0, 2),
    ("reference outside", "buy 100 @ 10.05\nsell 100 @ 10.00", 10.20, 10.05, 100, 0, 2),
    ("market against limit", "buy 300 @ market\nsell 100 @ 10.10", 10.00, 10.10, 100, 200, 0),
    ("market against market", "buy 300 @ market\nsell 100 @ market", 10.00, 10.00, 100, 200, 0),
    ("sellers left", "buy 100 @ 10.00\nsell 300 @ market", 10.00, 10.00, 100, 200, 1),
]


@pytest.mark.parametrize(("what", "orders", "reference", "price", "paired", "imbalance", "side"), CASES)
def test_the_price_of_a_cross_is_found_by_the_order_of_tests(
    what, orders, reference, price, paired, imbalance, side
):
    cross = find_cross(interest(orders), round(reference * 10_000))
    assert (cross.price, cross.paired, cross.imbalance, cross.side) == (
        round(price * 10_000),
        paired,
        imbalance,
        side,
    ), what


@pytest.mark.parametrize("orders", ["", "buy 100 @ 10.00", "buy 100 @ 10.00\nsell 100 @ 10.01"])
def test_without_two_who_would_trade_there_is_no_cross(orders):
    assert find_cross(interest(orders), 100_000) is None


def test_two_markets_without_a_reference_have_no_price():
    assert find_cross(interest("buy 100 @ market\nsell 100 @ market"), 0) is None


def test_markets_come_first_then_better_prices_then_displayed_then_earlier():
    rows = interest(
        """buy 100 @ 10.00 hidden
        buy 100 @ 10.00
        buy 100 @ 10.01
        buy 100 @ market
        buy 100 @ 10.00
        sell 450 @ 10.00"""
    )
    cross = find_cross(rows, 100_000)
    assert cross.paired == 450
    assert [(handle // 192, shares) for handle, shares in allocate(rows, cross)] == [
        (4, 100),
        (3, 100),
        (2, 100),
        (5, 100),
        (1, 50),
        (6, 450),
    ]


rows_of_interest = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from([0, 90, 95, 99, 100, 101, 110]),
        st.integers(1, 30),
        st.integers(0, 1),
    ),
    max_size=25,
)


@given(rows_of_interest, st.sampled_from([0, 94, 100, 200]))
@settings(max_examples=300, deadline=None)
def test_no_other_price_trades_more_or_leaves_less(orders, reference):
    rows = np.array(
        [
            (192 * n, side, price, shares, n, shown, 1)
            for n, (side, price, shares, shown) in enumerate(orders, 1)
        ],
        INTEREST,
    )

    def at(price):
        demand = sum(s for side, p, s, _ in orders if side == 0 and (p == 0 or p >= price))
        supply = sum(s for side, p, s, _ in orders if side == 1 and (p == 0 or p <= price))
        return min(demand, supply), abs(demand - supply)

    prices = {p for _, p, _, _ in orders if p} | ({reference} - {0})
    cross = find_cross(rows, reference)
    if cross is None:
        assert not any(at(price)[0] for price in prices)
        return
    best = min((-at(p)[0], at(p)[1]) for p in prices)
    assert (-cross.paired, cross.imbalance) == best
    executed = allocate(rows, cross)
    limits = {192 * n: (side, price, shares) for n, (side, price, shares, _) in enumerate(orders, 1)}
    for side in (0, 1):
        assert sum(shares for handle, shares in executed if limits[handle][0] == side) == cross.paired
    for handle, shares in executed:
        side, price, size = limits[handle]
        assert 0 < shares <= size
        assert price == 0 or (price >= cross.price if side == 0 else price <= cross.price)


def enter(engine, token, side, shares, price, tif, *, display=oe.DISPLAYED, shown=0, firm=1):
    row = np.zeros(1, oe.ORDER_ENTRY)
    row["kind"], row["side"], row["locate"], row["firm"], row["token"] = oe.ENTER, side, 1, firm, token
    row["shares"], row["price"], row["time_in_force"] = shares, price, tif
    row["display"], row["display_shares"] = display, shown
    engine.submit(row, token)


def reports(engine):
    return [
        (
            row["kind"].item(),
            row["token"].item(),
            row["price"].item(),
            row["shares"].item(),
            chr(row["liquidity"]),
        )
        for row in engine.tables.take_reports()
        if row["kind"] != oe.ACCEPTED
    ]


def test_an_opening_cross_executes_waiting_orders_and_the_book_and_lets_day_orders_go():
    engine = MatchingEngine(("AAPL",))
    engine.begin_session(SESSION_PRE)
    engine.hold_auctions(1)
    enter(
        engine, 1, oe.SELL, 300, 100_000, oe.EXTENDED, display=oe.RESERVE, shown=100
    )  # trades before the open too
    enter(engine, 2, oe.BUY, 200, 0, oe.OPENING)
    enter(engine, 3, oe.BUY, 200, 100_100, oe.DAY)
    enter(engine, 4, oe.BUY, 100, 99_000, oe.OPENING)
    enter(engine, 5, oe.SELL, 50, 100_200, oe.DAY)
    assert reports(engine) == []
    feed_before = feed_lines(engine.tables.take_feed()[1])
    assert [line[0] for line in feed_before] == ["A"]  # waiting orders are not displayed
    rows = engine.interest(1, oe.OPENING)
    cross = find_cross(rows, 100_000)
    assert (cross.price, cross.paired, cross.imbalance, cross.side) == (100_000, 300, 100, 0)
    match = engine.execute(allocate(rows, cross), cross.price, oe.OPENED)
    engine.begin_session(SESSION_REGULAR)
    engine.release(1, oe.OPENING)
    assert reports(engine) == [
        (oe.EXECUTED, 2, 100_000, 200, "O"),
        (oe.EXECUTED, 3, 100_000, 100, "O"),
        (oe.EXECUTED, 1, 100_000, 300, "O"),
        (oe.CANCELED, 4, 0, 100, "\0"),
    ]
    assert feed_lines(engine.tables.take_feed()[1]) == [
        ("C", 1, 5, 1, 100, match, "N", 100_000),  # a reserve order executes part by part
        ("A", 1, 5, 6, "S", 100, 100_000),
        ("C", 1, 5, 6, 100, match, "N", 100_000),
        ("A", 1, 5, 7, "S", 100, 100_000),
        ("C", 1, 5, 7, 100, match, "N", 100_000),
        ("A", 1, 5, 3, "B", 100, 100_100),  # what is left of day orders begins to trade
        ("A", 1, 5, 5, "S", 50, 100_200),
    ]


def test_a_halt_cross_collects_orders_and_trading_goes_on():
    engine = MatchingEngine(("AAPL",))
    engine.open()
    engine.hold_auctions(1)
    enter(engine, 1, oe.SELL, 100, 100_000, oe.DAY)
    engine.set_phase(1, PHASE_CALL)
    enter(engine, 2, oe.BUY, 100, 100_500, oe.DAY)
    enter(engine, 3, oe.BUY, 100, 100_500, oe.IOC)
    assert [(kind, token) for kind, token, *_ in reports(engine)] == [(oe.REJECTED, 3)]
    rows = engine.interest(1, oe.OPENING)
    cross = find_cross(rows, 100_200)
    engine.execute(allocate(rows, cross), cross.price, oe.REOPENED)
    engine.set_phase(1, PHASE_TRADING)
    engine.release(1, oe.OPENING)
    assert reports(engine) == [
        (oe.EXECUTED, 2, 100_200, 100, "H"),
        (oe.EXECUTED, 1, 100_200, 100, "H"),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_after_a_cross_no_share_is_lost_and_no_limit_is_broken(seed):
    rng = np.random.default_rng(seed)
    engine = MatchingEngine(("AAPL",))
    engine.begin_session(SESSION_PRE)
    engine.hold_auctions(1)
    sizes = {}
    for token in range(1, 300):
        side, shares = int(rng.integers(0, 2)), int(rng.integers(1, 50))
        tif = int(rng.choice([oe.DAY, oe.EXTENDED, oe.OPENING, oe.CLOSING]))
        market = tif in (oe.OPENING, oe.CLOSING) and rng.random() < 0.3
        price = 0 if market else 100_000 + 100 * int(rng.integers(-8, 9))
        display = int(rng.choice([oe.DISPLAYED, oe.HIDDEN, oe.RESERVE]))
        shown = int(rng.integers(1, shares + 1)) if display == oe.RESERVE else 0
        enter(engine, token, side, shares, price, tif, display=display, shown=shown)
        sizes[token] = (side, price, shares, tif)
    rows = engine.interest(1, oe.OPENING)
    assert not {sizes[token][3] for token in sizes} - {oe.DAY, oe.EXTENDED, oe.OPENING, oe.CLOSING}
    cross = find_cross(rows, 100_000)
    before = engine.tables.take_reports()
    engine.execute(allocate(rows, cross), cross.price, oe.OPENED)
    after = engine.tables.take_reports()
    crossed = after[after["liquidity"] == oe.OPENED]
    assert crossed["shares"][crossed["side"] == 0].sum() == crossed["shares"][crossed["side"] == 1].sum()
    assert (crossed["price"] == cross.price).all()
    for row in crossed:
        side, price, _, tif = sizes[int(row["token"])]
        assert tif != oe.CLOSING
        assert price == 0 or (price >= cross.price if side == 0 else price <= cross.price)
    engine.begin_session(SESSION_REGULAR)
    engine.release(1, oe.OPENING)
    engine.close()
    said = np.concatenate([before, after, engine.tables.take_reports()])
    gone = said[(said["kind"] == oe.EXECUTED) | (said["kind"] == oe.CANCELED)]
    for token, (_, _, shares, _) in sizes.items():
        assert gone["shares"][gone["token"] == token].sum() == shares, token
