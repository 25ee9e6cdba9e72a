"""Venues that tell levels or quotes instead of orders, beside plain dictionaries and on recorded feeds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.feeds.recognition import feed_for
from rushtrade.feeds.source import Source
from rushtrade.market.level_rows import LevelRows
from rushtrade.market.market_data import MarketData
from rushtrade.market.market_layout import LEVEL_ROW, QUOTE_STATES
from rushtrade.market.nbbo_series import NbboSeries, VenueQuote
from rushtrade.market.quotes import DepthRow, VenueTerms
from rushtrade.rules.new_york import midnight_ns

SECOND = 1_000_000_000
DAY_NS = 1_514_869_200_000_000_000  # 2018-01-02 in New York
SERIES_STATES = {"empty": "unknown", "one-sided": "one_sided", "normal": "good"}


def level(time, price, shares, *, side=0, venue=0, instrument=5, orders=0, complete=1):
    row = np.zeros(1, LEVEL_ROW)
    row["time"], row["price"], row["shares"], row["side"] = DAY_NS + time, price, shares, side
    row["venue"], row["instrument"], row["orders"], row["complete"], row["kind"] = (
        venue,
        instrument,
        orders,
        complete,
        b"L",
    )
    return row


def quote(time, bid, bid_shares, ask, ask_shares, venue=0, instrument=5):
    row = level(time, bid, bid_shares, venue=venue, instrument=instrument)
    row["ask"], row["ask_shares"], row["kind"] = ask, ask_shares, b"Q"
    return row


def market_of(venues, *terms, lot=100):
    market = MarketData({5: "XXX"}, venues, terms=terms)
    market.open_day(DAY_NS)
    market.tell_reference(round_lots={5: lot})
    return market


PRICES = st.integers(1, 12)
LEVELS = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 1), PRICES, st.sampled_from([0, 0, 30, 100, 250]), st.integers(0, 3)
    ),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(LEVELS)
def test_levels_are_what_was_said_last(levels):
    market = market_of(["A", "B"])
    plain = {}
    for time, (venue, side, price, shares, orders) in enumerate(levels, start=1):
        market.receive_levels(level(time, price * 100, shares, side=side, venue=venue, orders=orders))
        plain[venue, side, price * 100] = (shares, orders)
    rows = [
        (venue, side, price, *plain[venue, side, price])
        for venue, side, price in sorted(
            plain, key=lambda at: (at[0], at[1], -at[2] if at[1] == 0 else at[2])
        )
        if plain[venue, side, price][0]
    ]
    assert [tuple(row) for row in market.montage(5, 100)] == rows


QUOTES = st.lists(
    st.tuples(
        st.integers(0, 12 * SECOND),
        st.integers(0, 2),
        st.integers(0, 9),
        st.sampled_from([0, 1, 5]),
        st.integers(0, 9),
        st.sampled_from([0, 2, 5]),
    ),
    max_size=50,
)


@settings(max_examples=80, deadline=None)
@given(quotes=QUOTES, stale=st.sampled_from([0, 10 * SECOND]), at_once=st.booleans())
def test_the_best_of_quotes_is_the_plain_series(quotes, stale, at_once):
    terms = [VenueTerms(stale_ns=stale, by_quote=True)] * 3
    market = market_of(["A", "B", "C"], *terms, lot=1)
    rows, plain, now = [], [], DAY_NS
    for wait, venue, bid, bid_size, ask, ask_size in quotes:
        now += wait
        rows.append(quote(now - DAY_NS, bid * 100, bid_size, ask * 100, ask_size, venue))
        plain.append(VenueQuote(now, "ABC"[venue], bid * 100, bid_size, ask * 100, ask_size))
    if at_once and rows:
        market.receive_levels(np.concatenate(rows))
    else:
        for row in rows:
            market.receive_levels(row)
    series = NbboSeries(stale or 1 << 60)
    wanted = [*series.feed(plain), *series.advance(now + 30 * SECOND)]
    market.advance(now + 30 * SECOND)
    assert changes(market, "ABC") == states_of(wanted)
    times = market.time_in_states(5, now + 30 * SECOND)
    assert (times.locked_ns, times.crossed_ns) == (
        series.time_in_state["locked"],
        series.time_in_state["crossed"],
    )


def changes(market, letters):
    return [
        (
            int(row["time"]),
            *(int(row[name]) for name in ("bid", "bid_shares", "ask", "ask_shares")),
            *(
                " ".join(letter for place, letter in enumerate(letters) if int(row[name]) >> place & 1)
                for name in ("bid_venues", "ask_venues")
            ),
            QUOTE_STATES[row["state"]],
        )
        for row in market.take_bbo_changes()
    ]


def states_of(series):
    """Rows of the plain series as changes: a row that only says who is stale, or that nothing is there yet, changes no best."""
    wanted, known = [], (0, 0, 0, 0, "", "", "unknown")
    for row in series:
        state = SERIES_STATES.get(row.state, row.state)
        told = (row.bid, row.bid_size, row.ask, row.ask_size, row.bid_venues, row.ask_venues, state)
        if told != known:
            wanted.append((row.time, *told))
            known = told
    return wanted


def test_a_step_that_is_not_complete_is_shown_with_the_one_that_completes_it():
    market = market_of(["A"])
    market.receive_levels(level(1, 500, 100))
    market.receive_levels(level(2, 600, 100, side=1))
    market.take_bbo_changes()
    market.receive_levels(level(3, 700, 100, complete=0))  # crossed, but only for a moment
    assert len(market.take_bbo_changes()) == 0
    market.receive_levels(level(3, 600, 0, side=1))
    assert market.take_bbo_changes()["bid"].tolist() == [700]
    assert market.depth(5, 9) == [DepthRow(0, 700, 100, 0, 1), DepthRow(0, 500, 100, 0, 1)]


def test_levels_and_orders_stand_beside_each_other_and_a_feed_begins_anew():
    market = market_of(["A", "B"])
    market.receive_levels(
        np.concatenate([level(1, 500, 100), level(1, 500, 200, venue=1), level(2, 7, 1, instrument=9)])
    )
    market.receive_levels(level(2, 500, 1, venue=9))
    assert market.nbbo(5).bid_shares == 300
    assert market.queue(5, 0, 0, 5) == []
    market.clear_levels(0)
    assert market.nbbo(5).bid_shares == 200


def test_what_does_not_fit_is_counted_and_left_out():
    from rushtrade.feeds.events import EVENT, LOTS, NO_PRICE  # noqa: PLC0415

    events = np.zeros(6, EVENT)
    events["action"], events["symbol"], events["venue"] = b"Q", b"XXX", b"P"
    events["price"], events["size"], events["ask_price"], events["ask_size"] = (
        10_000_000_000,
        3_500_000,
        NO_PRICE,
        0,
    )
    events["symbol"][1], events["venue"][2], events["price"][3], events["action"][5] = (
        b"YYY",
        b"Q",
        10_000_000_001,
        b"N",
    )
    events["unit"][4] = LOTS
    rows = LevelRows({"XXX": 5}, {"P": 0})
    (row,) = rows.take(events)
    assert (row["price"], row["shares"], row["ask"], row["instrument"]) == (100_000, 3, 0, 5)
    counted = {name: count for name, count in rows.left_out.items() if count}
    assert counted == {"unknown_symbol": 1, "unknown_venue": 1, "between_steps": 1, "size_in_lots": 1}


def recorded(path):
    """Events of a recorded feed, all in one array."""
    with Source(path) as source:
        pieces = list(source.pieces())
    feed = feed_for(pieces[0])
    return np.concatenate([*(feed.feed(piece).rows for piece in pieces), feed.finish().rows])


@pytest.mark.market_data
def test_a_recorded_day_of_quotes_is_the_plain_series(shared_data):
    events = recorded(shared_data / "quotes" / "taq_XXX_2018-01-02_quotes.csv.gz")
    events["unit"] = 0  # the plain series takes sizes as they are written
    letters = sorted({venue.decode() for venue in np.unique(events["venue"]).tolist()})
    terms = [VenueTerms(stale_ns=60 * SECOND, by_quote=True)] * len(letters)
    market = market_of(letters, *terms, lot=1)
    rows = LevelRows({"": 5}, {letter: place for place, letter in enumerate(letters)})
    told = []
    for block in np.array_split(rows.take(events), 40):
        market.receive_levels(block)
        told += changes(market, letters)
    assert market.changes_skipped == 0
    assert not any(rows.left_out.values())
    series = NbboSeries(60 * SECOND)
    plain = (
        VenueQuote(
            row["time"],
            row["venue"].decode(),
            row["price"] // 100_000,
            row["size"] // 1_000_000,
            row["ask_price"] // 100_000,
            row["ask_size"] // 1_000_000,
        )
        for row in (dict(zip(events.dtype.names, row, strict=True)) for row in events.tolist())
    )
    wanted = states_of(series.feed(plain))
    assert len(wanted) > 25_000
    assert told == wanted
    times = market.time_in_states(5, told[-1][0])
    assert times.crossed_ns > 0
    assert times.crossed_count == sum(
        row[-1] == "crossed" and before[-1] != "crossed" for before, row in itertools.pairwise(told)
    ) + (told[0][-1] == "crossed")


@pytest.mark.market_data
def test_a_recorded_day_of_levels_is_a_plain_dictionary(shared_data):
    events = recorded(shared_data / "iex" / "DEEP10.pcap.gz")
    levels = events[events["action"] == b"L"]
    symbols = sorted({symbol.decode() for symbol in np.unique(levels["symbol"]).tolist()})
    ids = {symbol: number for number, symbol in enumerate(symbols, start=1)}
    market = MarketData({number: symbol for symbol, number in ids.items()}, ["IEXG"])
    market.open_day(midnight_ns(np.datetime64(int(levels["time"][0]), "ns").astype("datetime64[D]").item()))
    rows = LevelRows(ids, {"": 0})
    for block in np.array_split(rows.take(levels), 7):
        market.receive_levels(block)
    plain = {}
    for symbol, side, price, size in zip(
        *(levels[name].tolist() for name in ("symbol", "side", "price", "size")), strict=True
    ):
        plain[symbol.decode(), side == b"A", price // 100_000] = size // 1_000_000
    found = {
        (symbol, bool(row.side), row.price): row.shares
        for symbol, number in ids.items()
        for row in market.montage(number, 100)
    }
    assert found == {at: shares for at, shares in plain.items() if shares}
    assert sum(rows.left_out.values()) == 0
    states = {market.nbbo(number).state for number in ids.values()}
    assert "good" in states
