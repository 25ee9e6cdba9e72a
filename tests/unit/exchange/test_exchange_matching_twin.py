"""The compiled matching engine says what its slow twin says, instruction by instruction."""

import numpy as np
import pytest
from exchange_feed_lines import feed_lines
from exchange_slow_venue import SlowVenue
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.exchange.matching import MatchingEngine
from rushtrade.exchange.tables import PHASE_CALL, PHASE_HALTED, PHASE_TRADING
from rushtrade.wire import order_entry as oe

STOCKS = ("AAPL", "MSFT")
COMMANDS = 1_000_000
BATCH = 10_000


def random_batch(rng, first_token, size):
    """Mostly sensible instructions around one price, some absurd; cancels and replaces of recent tokens."""
    rows = np.zeros(size, oe.ORDER_ENTRY)
    kinds = [oe.ENTER, oe.CANCEL, oe.REPLACE, oe.ASK_STATUS, 9]
    rows["kind"] = rng.choice(kinds, size, p=[0.5, 0.34, 0.13, 0.029, 0.001])
    rows["side"] = rng.integers(0, 2, size) * rng.choice([1, oe.SELL_SHORT, oe.SELL_SHORT_EXEMPT], size)
    rows["locate"] = rng.choice([1, 2, 0, 3], size, p=[0.6, 0.398, 0.001, 0.001])
    rows["token"] = first_token + np.arange(size)
    firms = np.array([1, 2, 65_535])[
        rows["token"] % 3
    ]  # so that most instructions name orders of their own firm
    rows["firm"] = np.where(rng.random(size) < 0.01, rng.choice([0, 1, 2], size), firms)
    repeated = rng.random(size) < 0.01
    rows["token"][repeated] -= rng.integers(1, 300, repeated.sum())
    rows["original_token"] = np.maximum(0, rows["token"] - 3 * rng.geometric(0.02, size))
    rows["time_in_force"] = rng.choice([oe.DAY, oe.IOC, oe.FOK, 1], size, p=[0.8, 0.14, 0.055, 0.005])
    rows["display"] = rng.choice([oe.DISPLAYED, oe.HIDDEN, oe.RESERVE, 3], size, p=[0.7, 0.15, 0.148, 0.002])
    offset = rng.geometric(0.15, size) - 4
    rows["price"] = 1_000_000 + 100 * np.where(rows["side"] == oe.BUY, -offset, offset)
    absurd = rng.choice([0, 1, -100, 55, oe.PRICE_MAX, oe.PRICE_MAX + 100], size)
    rows["price"] = np.where(rng.random(size) < 0.03, absurd, rows["price"])
    rows["shares"] = rng.integers(1, 12, size) * rng.choice([1, 10, 100], size)
    rows["shares"] = np.where(
        rng.random(size) < 0.002, rng.choice([0, -1, 999_999, 1_000_000], size), rows["shares"]
    )
    rows["shares"] = np.where((rows["kind"] == oe.CANCEL) & (rng.random(size) < 0.7), 0, rows["shares"])
    reserve = (rows["display"] == oe.RESERVE) & (rows["kind"] == oe.ENTER)
    rows["display_shares"] = np.where(reserve | (rng.random(size) < 0.01), rng.integers(0, 200, size), 0)
    rows["minimum_shares"] = np.where(rng.random(size) < 0.05, rng.integers(-1, 500, size), 0)
    return rows


def adorned(rng, rows):
    """The same with all that orders can be told beside: pegs, instructions, self-match prevention, mass cancels."""
    size = len(rows)
    rows["time_in_force"] = np.where(
        rng.random(size) < 0.15,
        rng.choice([oe.OPENING, oe.CLOSING, oe.EXTENDED], size),
        rows["time_in_force"],
    )
    rows["peg"] = rng.choice([0, oe.MIDPOINT, oe.PRIMARY, oe.MARKET, 4], size, p=[0.7, 0.1, 0.1, 0.09, 0.01])
    pegged = (rows["peg"] > 0) & (rng.random(size) < 0.95)
    rows["display"] = np.where(pegged, oe.HIDDEN, rows["display"])
    rows["display_shares"] = np.where(pegged, 0, rows["display_shares"])
    rows["price"] = np.where(pegged & (rng.random(size) < 0.5), 0, rows["price"])
    offsets = rng.choice([0, 100, -100, 7, oe.PRICE_MAX], size, p=[0.6, 0.15, 0.15, 0.09, 0.01])
    rows["peg_offset"] = np.where(rows["peg"] > oe.MIDPOINT, offsets, 0)
    rows["instructions"] = rng.choice([0, oe.POST_ONLY, oe.ISO, 3, 4], size, p=[0.7, 0.15, 0.1, 0.04, 0.01])
    rows["prevention"] = rng.integers(0, 4, size) * (rng.random(size) < 0.4)
    rows["group"] = rng.integers(0, 3, size)
    rows["capacity"] = rng.choice([0, 65, 80, 82, 1], size, p=[0.5, 0.3, 0.1, 0.09, 0.01])
    hidden = rows["display"] == oe.HIDDEN
    rows["minimum_shares"] = np.where(
        hidden & (rng.random(size) < 0.3), rng.integers(0, 60, size), rows["minimum_shares"]
    )
    every = rng.random(size) < 0.004
    rows["kind"] = np.where(every, oe.CANCEL_ALL, rows["kind"])
    rows["side"] = np.where(every, rng.choice([oe.BUY, oe.SELL, oe.BOTH_SIDES, 3], size), rows["side"])
    return rows


def agree(engine, twin, batch, now):
    """Run one batch through both and compare all that was said."""
    engine.submit(batch, now)
    for row in batch.tolist():
        twin.submit(row, now)
    compare(engine, twin)


def compare(engine, twin):
    """All that was said since the last time."""
    assert engine.tables.take_reports().tolist() == twin.reports
    count, payload = engine.tables.take_feed()
    lines = feed_lines(payload)
    assert lines == twin.feed
    assert count == len(lines)
    twin.reports.clear()
    twin.feed.clear()


def new_pair():
    engine = MatchingEngine(STOCKS)
    engine.open()
    return engine, SlowVenue(STOCKS)


def test_a_million_random_instructions_give_equal_reports_and_equal_feed():
    rng = np.random.default_rng(20041105)
    engine, twin = new_pair()
    for begin in range(0, COMMANDS, BATCH):
        agree(engine, twin, random_batch(rng, begin + 1, BATCH), begin)
    engine.close()
    twin.close()
    assert sorted(row[7:] for row in engine.tables.take_reports().tolist()) == sorted(
        row[7:] for row in twin.reports
    )


def turn(rng, engine, twin):
    """One of the things that happen to a venue from outside, to both."""
    locate = int(rng.choice([1, 1, 2]))
    kind = rng.choice(["away", "away", "away", "band", "short", "phase", "session", "rules", "auctions"])
    if kind == "away":
        bid, ask = 1_000_000 - 100 * int(rng.integers(-3, 6)), 1_000_000 + 100 * int(rng.integers(-3, 6))
        bid, ask = (int(price) * int(rng.random() < 0.9) for price in (bid, ask))
        engine.set_away(locate, bid, ask)
        twin.set_away(locate, bid, ask)
    elif kind == "band":
        band = (0, 0) if rng.random() < 0.4 else (999_500 + int(rng.integers(-5, 5)) * 100, 1_000_600)
        engine.set_band(locate, *band)
        twin.bands[locate] = band
    elif kind == "short":
        on = bool(rng.random() < 0.5)
        engine.restrict_short_sales(locate, on=on)
        (twin.short_test.add if on else twin.short_test.discard)(locate)
    elif kind == "phase":
        phase = int(rng.choice([PHASE_TRADING, PHASE_TRADING, PHASE_HALTED, PHASE_CALL]))
        engine.set_phase(locate, phase)
        twin.set_phase(locate, halted=phase == PHASE_HALTED, called=phase == PHASE_CALL)
        over = int(rng.choice([0, oe.OPENING, oe.CLOSING]))
        engine.release(locate, over)
        twin.release(locate, over)
    elif kind == "session":
        twin.session = int(rng.choice([1, 2, 2, 3]))
        engine.begin_session(twin.session)
        for each in (1, 2):
            engine.release(each, 0)
            twin.release(each)
        if rng.random() < 0.2:
            engine.expire(extended=False)
            twin.expire(extended=False)
    elif kind == "rules":
        twin.protects, twin.forbids_locks = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
        engine.keep_rules(trade_through=twin.protects, lock_and_cross=twin.forbids_locks)
    else:
        engine.hold_auctions(locate)
        twin.auctions.add(locate)


@pytest.mark.parametrize("seed", range(4))
def test_all_kinds_of_orders_through_all_turns_of_a_day_are_answered_as_the_twin_answers_them(seed):
    rng = np.random.default_rng(seed)
    engine, twin = new_pair()
    first = 1
    for now in range(1_500):
        size = int(rng.integers(1, 40))
        agree(engine, twin, adorned(rng, random_batch(rng, first, size)), now)
        first += size
        turn(rng, engine, twin)
        compare(engine, twin)
    engine.close()
    twin.close()
    compare(engine, twin)


def entry(draw_kind):
    return st.fixed_dictionaries(
        {
            "kind": draw_kind,
            "side": st.sampled_from([0, 1, 0, 1, 2, 3, 4, 255]),
            "time_in_force": st.sampled_from([oe.DAY, oe.DAY, oe.IOC, oe.FOK, oe.EXTENDED, 1, 255]),
            "display": st.integers(0, 3),
            "locate": st.integers(0, 3),
            "firm": st.integers(0, 2),
            "token": st.integers(-1, 24),
            "original_token": st.integers(-1, 24),
            "price": st.sampled_from(
                [0, 1, 99, 9_999, 10_000, 10_050, 10_100, 10_200, oe.PRICE_MAX, oe.PRICE_MAX + 1, -1]
            ),
            "shares": st.one_of(
                st.integers(-1, 9), st.sampled_from([100, oe.SHARES_MAX, oe.SHARES_MAX + 1, 1 << 62])
            ),
            "display_shares": st.sampled_from([0, 0, 0, 1, 2, 5, -1]),
            "minimum_shares": st.sampled_from([0, 0, 0, 1, 4, -1, 1 << 62]),
            "peg": st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255]),
            "instructions": st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255]),
            "prevention": st.sampled_from([0, 0, 1, 2, 3, 4]),
            "capacity": st.sampled_from([0, 0, 65, 82, 1]),
            "group": st.sampled_from([0, 0, 1, (1 << 32) - 1]),
            "peg_offset": st.sampled_from([0, 0, 0, 100, -50, 1 << 62, -(1 << 62)]),
        }
    )


@given(st.lists(entry(st.integers(0, 6)), max_size=40), st.integers(1, 7))
@settings(max_examples=300, deadline=None)
def test_every_edge_of_an_instruction_is_answered_as_the_twin_answers_it(entries, batch_size):
    engine, twin = new_pair()
    rows = np.zeros(len(entries), oe.ORDER_ENTRY)
    for row, fields in zip(rows, entries, strict=True):
        for name, value in fields.items():
            row[name] = value
    for begin in range(0, len(rows), batch_size):
        agree(engine, twin, rows[begin : begin + batch_size], begin)


near = st.sampled_from([10_000, 10_100, 10_200])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 2),
            near,
            st.integers(1, 9),
            st.sampled_from([oe.DAY, oe.IOC, oe.FOK]),
        ),
        max_size=60,
    )
)
@settings(max_examples=200, deadline=None)
def test_crowded_books_of_three_prices_match_as_the_twin_matches_them(orders):
    engine, twin = new_pair()
    rows = np.zeros(len(orders), oe.ORDER_ENTRY)
    rows["kind"], rows["locate"], rows["firm"] = oe.ENTER, 1, 1
    for token, (row, (side, display, price, shares, time_in_force)) in enumerate(
        zip(rows, orders, strict=True), 1
    ):
        row["token"], row["side"], row["display"], row["price"] = token, side, display, price
        row["shares"], row["time_in_force"] = shares, time_in_force
        row["display_shares"] = min(2, shares) if display == oe.RESERVE else 0
    agree(engine, twin, rows, 1)
