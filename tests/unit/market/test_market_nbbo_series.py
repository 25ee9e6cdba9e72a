"""The best bid and offer over many venues: by hand, against a twin that looks at every nanosecond that matters, and recorded."""

import hashlib
import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.feeds.recognition import feed_for
from rushtrade.feeds.source import Source
from rushtrade.market.nbbo_series import QUOTES as COLUMNS
from rushtrade.market.nbbo_series import BestQuote, NbboColumns, NbboSeries, VenueQuote

TABLE = """
    time venue bid size ask size | bid size venues | ask size venues | state stale
       0  P     100  1   110  2  | 100  1   P      | 110  2   P      | normal -
       1  Q     100  3   109  1  | 100  4   P.Q    | 109  1   Q      | normal -
       2  Z     109  1   0    0  | 109  1   Z      | 109  1   Q      | locked -
       3  Z     111  1   112  1  | 111  1   Z      | 109  1   Q      | crossed -
      10  P     99   1   110  1  | 111  1   Z      | 109  1   Q      | crossed -
      11  -     -    -   -    -  | 111  1   Z      | 110  1   P      | crossed Q
      13  -     -    -   -    -  | 99   1   P      | 110  1   P      | normal Q.Z
      14  P     0    0   110  1  | 0    0   -      | 110  1   P      | one-sided Q.Z
      24  -     -    -   -    -  | 0    0   -      | 0    0   -      | empty P.Q.Z
"""


def parse():
    """The table's quotes, and the rows it expects."""
    quotes, rows = [], []
    for line in TABLE.strip().splitlines()[1:]:
        cells = line.replace("|", " ").split()
        words = ["" if cell == "-" else cell.replace(".", " ") for cell in cells]
        if words[1]:
            quotes.append(VenueQuote(int(words[0]), words[1], *map(int, words[2:6])))
        best = (int(words[6]), int(words[7]), words[8], int(words[9]), int(words[10]), words[11])
        rows.append(BestQuote(int(words[0]), *best, words[12], words[13]))
    return quotes, rows


def test_the_series_of_a_table_worked_out_by_hand():
    quotes, rows = parse()
    series = NbboSeries(stale_ns=10)
    got = [*series.feed(quotes), *series.advance(100)]
    unchanged = rows.pop(4)
    assert unchanged[1:] == rows[3][1:]
    assert got == rows
    assert series.time_in_state == {"normal": 3, "locked": 1, "crossed": 10, "one-sided": 10, "empty": 76}


QUOTES = st.lists(
    st.tuples(
        st.integers(0, 8), st.sampled_from("ABC"),
        st.integers(0, 4), st.integers(0, 2), st.integers(0, 4), st.integers(0, 2),
    ),
    max_size=40,
)  # fmt: skip


def twin(quotes, stale_ns, end):
    """Look at every nanosecond."""
    rows, known = [], {}
    for now in range(end):
        for at_now in [[quote] for quote in quotes if quote.time == now] or [[]]:
            for quote in at_now:
                known[quote.venue] = quote
            live = [quote for quote in known.values() if now < quote.time + stale_ns]
            bid = max((quote.bid for quote in live if quote.bid_size), default=0)
            ask = min((quote.ask for quote in live if quote.ask_size and quote.ask), default=0)
            bids = [quote for quote in live if bid and quote.bid == bid and quote.bid_size]
            asks = [quote for quote in live if ask and quote.ask == ask and quote.ask_size]
            rows.append((now, bid, sum(q.bid_size for q in bids), ask, sum(q.ask_size for q in asks)))
    return rows


def changes(rows):
    """Leave out rows that say what the one before said."""
    last, kept = (0, 0, 0, 0), []
    for time, *best in rows:
        if tuple(best) != last:
            kept.append((time, *best))
            last = tuple(best)
    return kept


@given(QUOTES, st.integers(1, 12))
def test_any_quotes_give_what_looking_at_every_nanosecond_gives(steps, stale_ns):
    quotes, now = [], 0
    for step, venue, *best in steps:
        now += step
        quotes.append(VenueQuote(now, venue, *best))
    series = NbboSeries(stale_ns)
    rows = [*series.feed(quotes), *series.advance(now + 50)]
    got = changes((row.time, row.bid, row.bid_size, row.ask, row.ask_size) for row in rows)
    assert got == changes(twin(quotes, stale_ns, now + 51))


@given(QUOTES, st.integers(1, 12), st.integers(1, 10))
def test_pieces_give_the_same_rows(steps, stale_ns, cut):
    quotes = [VenueQuote(*step) for step in steps]  # times go back and forth
    whole = list(NbboSeries(stale_ns).feed(quotes))
    series = NbboSeries(stale_ns)
    pieces = [row for at in range(0, len(quotes), cut) for row in series.feed(quotes[at : at + cut])]
    assert pieces == whole
    assert all(before.time <= after.time for before, after in itertools.pairwise(whole))


def test_a_quote_below_zero_and_a_time_that_goes_back_are_counted():
    series = NbboSeries(10)
    rows = list(
        series.feed(
            [VenueQuote(5, "A", 1, 1, 2, 1), VenueQuote(4, "B", 1, 1, 2, 1), VenueQuote(6, "C", -1, 1, 2, 1)]
        )
    )
    assert [row.time for row in rows] == [5, 5]
    assert series.anomalies == {"time_backwards": 1, "too_many_venues": 0, "bad_quote": 1}


@pytest.mark.market_data
def test_the_recorded_day_of_twelve_venues_is_one_series(shared_data):
    with Source(shared_data / "quotes" / "taq_XXX_2018-01-02_quotes.csv.gz") as source:
        piece = b"".join(source.pieces())
    events = feed_for(piece).feed(piece).rows
    columns = ("time", "venue", "price", "size", "ask_price", "ask_size")
    quotes = [
        VenueQuote(t, v.decode(), *rest)
        for t, v, *rest in zip(*(events[name].tolist() for name in columns), strict=True)
    ]
    assert len({quote.venue for quote in quotes}) == 12
    digests = set()
    for cut in (len(quotes), 1000):
        series = NbboSeries()
        rows = [row for at in range(0, len(quotes), cut) for row in series.feed(quotes[at : at + cut])]
        digests.add(hashlib.sha256(repr(rows).encode()).hexdigest())
    assert len(digests) == 1
    assert series.anomalies == {"time_backwards": 0, "too_many_venues": 0, "bad_quote": 0}
    assert {row.state for row in rows} >= {"normal", "locked", "crossed"}
    assert all((row.bid > row.ask) == (row.state == "crossed") for row in rows if row.bid and row.ask)
    assert sum(series.time_in_state.values()) == quotes[-1].time - quotes[0].time


def columns_of(quotes):
    table = np.array([quote[:1] + quote[2:] for quote in quotes], np.int64).reshape(len(quotes), 5)
    venues = np.array([quote.venue.encode() for quote in quotes], "S4")
    return venues, {name: table[:, place] for place, name in enumerate(COLUMNS)}


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 1 << 30),
    count=st.integers(0, 120),
    venues=st.sampled_from([1, 3, 70]),
    stale_ns=st.integers(1, 30),
    cuts=st.integers(1, 4),
)
def test_columns_say_what_quotes_say(seed, count, venues, stale_ns, cuts):
    rng = random.Random(seed)
    time, quotes = 0, []
    for _ in range(count):
        time += rng.randint(-2, 8)
        venue = f"V{rng.randrange(venues)}"
        quotes.append(
            VenueQuote(
                max(time, 0), venue, *(rng.randint(-1, 4) if rng.random() < 0.3 else 3 for _ in range(4))
            )
        )
    plain, fast = NbboSeries(stale_ns), NbboColumns(stale_ns)
    expected, got = [], []
    for cut in range(cuts):
        part = quotes[cut * count // cuts : (cut + 1) * count // cuts]
        expected += plain.feed(part)
        got += fast.quotes(fast.feed(*columns_of(part)))
    expected += plain.advance(time + 20)
    got += fast.quotes(fast.advance(time + 20))
    assert got == expected
    assert fast.time_in_state == plain.time_in_state
    assert fast.anomalies == plain.anomalies


def test_more_rows_than_are_made_at_a_time_all_come():
    quotes = [VenueQuote(n, "AB"[n % 2], 100 + n % 7, 1, 200, 1) for n in range(40_000)]
    fast = NbboColumns(stale_ns=3)
    assert list(fast.quotes(fast.feed(*columns_of(quotes)))) == list(NbboSeries(stale_ns=3).feed(quotes))


@pytest.mark.market_data
def test_columns_of_the_recorded_day_say_what_its_quotes_say(shared_data):
    with Source(shared_data / "quotes" / "taq_XXX_2018-01-02_quotes.csv.gz") as source:
        data = b"".join(source.pieces())
    events = feed_for(data).feed(data).rows
    names = ("time", "price", "size", "ask_price", "ask_size")
    fast = NbboColumns()
    rows = fast.feed(events["venue"], dict(zip(COLUMNS, (events[name] for name in names), strict=True)))
    quotes = zip(events["venue"].tolist(), *(events[name].tolist() for name in names), strict=True)
    plain = NbboSeries()
    expected = list(plain.feed(VenueQuote(t, v.decode(), *rest) for v, t, *rest in quotes))
    assert list(fast.quotes(rows)) == expected
    assert fast.time_in_state == plain.time_in_state
