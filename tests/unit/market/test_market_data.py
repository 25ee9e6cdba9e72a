"""The data center against its slow twin, and what it says while a line is in a gap."""

import random
import struct
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_market import SlowMarket

from rushtrade.domain.errors import InvariantBroken
from rushtrade.domain.quotes import Mark, QuoteStamp
from rushtrade.market.market_data import MarketData, MarketLimits, load_kernels
from rushtrade.market.market_kernel import receive, take_touched
from rushtrade.market.quote_kernel import displayed, marks, montage, stamp
from rushtrade.market.quotes import MontageRow, VenueQuote
from rushtrade.tape.tape import TRADES_READ_MAX
from rushtrade.tape.tape_kernel import take, trades_after
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
from support.random_streams import RandomStream

MIDNIGHT = 1_340_251_200_000_000_000
INSTRUMENTS = {17: "S2", 4: "S1", 99: "NEVER"}
VENUES = ("XNAS", "ARCX", "BATS")


def interleaved(seed, count, nonsense=0.02, ticks=40):
    """Packets of all venues, each line in its own order. Every venue numbers stocks its own way."""
    lines = [
        RandomStream(
            seed + venue, 3, nonsense, ticks, first_reference=1, locate_of_first=1 + 7 * venue
        ).packets(venue, count)
        for venue in range(len(VENUES))
    ]
    rng = random.Random(seed)
    packets = []
    while any(lines):
        packets.append(rng.choice([line for line in lines if line]).pop(0))
    return packets


def rows_of(levels):
    return list(struct.iter_unpack("<3q", levels))


def assert_same(fast, slow):
    for instrument_id in INSTRUMENTS:
        best = fast.displayed(instrument_id)
        quote = (best.time_ns, best.bid, best.bid_shares, best.ask, best.ask_shares, best.last)
        assert quote == slow.quote(instrument_id)
        assert best.state == slow.state(best.bid, best.ask)
        nbbo = fast.nbbo(instrument_id)
        national, odds = slow.national(instrument_id)
        assert (
            (nbbo.bid, nbbo.bid_shares, nbbo.bid_venues),
            (nbbo.ask, nbbo.ask_shares, nbbo.ask_venues),
        ) == national
        assert ((nbbo.odd_bid, nbbo.odd_bid_shares), (nbbo.odd_ask, nbbo.odd_ask_shares)) == odds
        assert (nbbo.time_ns, nbbo.last, nbbo.state) == (
            best.time_ns,
            best.last,
            slow.state(nbbo.bid, nbbo.ask),
        )
        assert fast.venue_quotes(instrument_id) == slow.venue_quotes(instrument_id)
        assert fast.montage(instrument_id, 5) == slow.montage(instrument_id, 5)
        trades = fast.trades(instrument_id, 0, TRADES_READ_MAX)
        told = [msgspec.structs.replace(trade, effects=0) for trade in trades]
        assert told == slow.trades[instrument_id][:TRADES_READ_MAX]
        assert fast.bars(instrument_id, 0) == slow.bars(instrument_id)
        assert fast.volume(instrument_id) == slow.volume(instrument_id)
        assert fast.marks([instrument_id]) == [Mark(instrument_id, nbbo.bid, nbbo.ask, nbbo.last)]
        for side in (0, 1):
            for shares, near in ((1, False), (350, True), (10**9, True)):
                stamp = fast.stamp(instrument_id, side, shares, near=near)
                assert stamp == QuoteStamp(*quote, stamp.levels)
                assert rows_of(stamp.levels) == slow.stamp_levels(instrument_id, side, shares, near=near)


def changes_of(market):
    return [
        (
            row["time"],
            row["instrument"],
            (row["bid"], row["bid_shares"], row["bid_venues"]),
            (row["ask"], row["ask_shares"], row["ask_venues"]),
        )
        for row in market.take_bbo_changes()
    ]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1 << 32), nonsense=st.sampled_from([0.0, 0.05, 0.3]), ticks=st.sampled_from([2, 40])
)
def test_any_packets_of_several_venues_show_what_the_slow_twin_shows(seed, nonsense, ticks):
    fast = MarketData(INSTRUMENTS, VENUES)
    fast.open_day(MIDNIGHT)
    slow = SlowMarket(INSTRUMENTS, len(VENUES), MIDNIGHT)
    fast.touched()
    fast.touched_depth()
    for index, packet in enumerate(interleaved(seed, 150, nonsense, ticks)):
        fast.receive(packet)
        slow.receive(packet)
        if index % 7 == 0:
            assert fast.touched() == sorted(slow.touched)
            slow.touched.clear()
        if index % 11 == 0:
            assert fast.touched_depth() == sorted(slow.depth_touched)
            slow.depth_touched.clear()
        if index % 25 == 0:
            assert_same(fast, slow)
            assert changes_of(fast) == slow.changes
            slow.changes.clear()
    assert_same(fast, slow)
    assert fast.changes_skipped == 0
    assert [line.state for line in fast.line_states()] == ["live"] * 3


def test_a_long_flow_of_several_venues_grows_everything_and_still_agrees():
    fast = MarketData(INSTRUMENTS, VENUES)
    fast.open_day(MIDNIGHT)
    slow = SlowMarket(INSTRUMENTS, len(VENUES), MIDNIGHT)
    for packet in interleaved(7, 12_000, ticks=300):
        fast.receive(packet)
        slow.receive(packet)
    assert_same(fast, slow)
    assert sum(line.messages for line in fast.line_states()) == 3 * 12_004


def test_a_replay_in_big_chunks_shows_the_same_as_packet_by_packet():
    packets = RandomStream(21, 3, ticks=30).packets(0, 20_000)
    small, big = (MarketData({4: "S1", 17: "S2"}, ["XNAS"]) for _ in range(2))
    for market in (small, big):
        market.open_day(MIDNIGHT)
    for packet in packets:
        small.receive(packet)
    total = sum(packet.count for packet in packets)
    big.receive(FeedPacket(0, 1, total, b"".join(packet.payload for packet in packets)))
    for instrument_id in (4, 17):
        assert big.nbbo(instrument_id) == small.nbbo(instrument_id)
        assert big.status(instrument_id) == small.status(instrument_id)
        assert big.montage(instrument_id, 100) == small.montage(instrument_id, 100)
        assert big.bars(instrument_id, 0) == small.bars(instrument_id, 0)
        assert big.trades(instrument_id, 3, 900) == small.trades(instrument_id, 3, 900)
    assert big.line_states() == small.line_states()
    assert big.take_bbo_changes().tobytes() == small.take_bbo_changes().tobytes()
    assert big.take_statuses().tobytes() == small.take_statuses().tobytes()


# ---------------------------------------------------------------- by hand

HEAD = (1, 0, 1_000)


def packet(sequence, *messages, venue=0):
    return FeedPacket(venue, sequence, len(messages), frame_all(map(itch50.encode, messages)))


def add(reference, side, shares, price, locate=1, time=1_000):
    return itch50.AddOrder(locate, 0, time, reference, side, shares, "AAPL", price)


def execute(reference, shares, match, time=1_000):
    return itch50.OrderExecuted(1, 0, time, reference, shares, match)


@pytest.fixture
def market():
    market = MarketData(
        {5: "AAPL"}, ["XNAS", "ARCX"], MarketLimits(trades_kept=8, held_packets=4, days_of_bars=2)
    )
    market.open_day(MIDNIGHT)
    market.touched()
    return market


def test_the_sizes_of_venues_at_the_same_best_price_add_up(market):
    market.receive(packet(1, add(1, "B", 100, 50_000), add(2, "S", 300, 50_100)))
    market.receive(packet(1, add(1, "B", 25, 50_000), add(2, "S", 70, 50_200), venue=1))
    nbbo = market.displayed(5)
    assert (nbbo.bid, nbbo.bid_shares, nbbo.ask, nbbo.ask_shares, nbbo.state) == (
        50_000,
        125,
        50_100,
        300,
        "good",
    )
    assert market.venue_quotes(5) == [
        VenueQuote(50_000, 100, 50_100, 300),
        VenueQuote(50_000, 25, 50_200, 70),
    ]
    assert market.montage(5, 9)[1] == MontageRow(0, 1, 50_100, 300, 1)


@pytest.mark.parametrize(
    ("ask", "state"), [(50_100, "good"), (50_000, "locked"), (49_900, "crossed"), (None, "one_sided")]
)
def test_a_pair_of_quotes_is_called_by_its_name(market, ask, state):
    market.receive(packet(1, add(1, "B", 100, 50_000)))
    market.receive(packet(1, *([add(1, "S", 100, ask)] if ask else []), venue=1))
    assert market.displayed(5).state == state


def test_nothing_known_is_unknown_and_an_instrument_never_named_stays_so(market):
    assert market.displayed(5).state == "unknown"
    assert market.stamp(5, 0, 100, near=True) == QuoteStamp(0, 0, 0, 0, 0, 0, b"")
    assert market.last_trade(5) is None
    assert market.bars(5, 0) == []


def test_a_missed_message_takes_the_venue_out_until_it_is_rebuilt(market):
    market.receive(packet(1, add(1, "B", 100, 50_000)))
    market.receive(packet(1, add(1, "B", 100, 49_000), venue=1))
    market.touched()
    market.receive(packet(3, add(3, "B", 100, 50_300)))
    assert market.touched() == [5]
    assert market.displayed(5).bid == 49_000
    assert [row.venue for row in market.montage(5, 9)] == [1]
    line = market.line_states()[0]
    assert (line.state, line.gaps, line.next_sequence) == ("gap", 1, 0)
    assert "messages 2 to 2 are missing" in line.fault
    market.receive(packet(4, add(4, "B", 100, 50_400)))
    image = packet(3, add(1, "B", 100, 50_000), add(2, "B", 100, 50_200))
    assert market.rebuild(0, image.sequence, image.payload)
    assert [row.price for row in market.montage(5, 9) if row.venue == 0] == [50_400, 50_300, 50_200, 50_000]
    line = market.line_states()[0]
    assert (line.state, line.next_sequence, line.fault) == ("live", 5, "")


def test_an_image_older_than_the_packets_kept_leaves_the_gap_open(market):
    market.receive(packet(1, add(1, "B", 100, 50_000)))
    for number in range(5, 11):
        market.receive(packet(number, add(number, "B", 100, 50_000 + number)))
    assert not market.rebuild(0, 5, packet(5, add(1, "B", 100, 50_000)).payload)
    assert market.line_states()[0].state == "gap"
    assert market.displayed(5).state == "unknown"
    assert market.rebuild(0, 11, b"")
    market.receive(packet(11, add(20, "S", 10, 60_000)))
    assert market.displayed(5).ask == 60_000


def test_a_heartbeat_with_a_later_number_shows_the_gap(market):
    market.receive(packet(1, add(1, "B", 100, 50_000)))
    market.receive(FeedPacket(0, 2, 0, b""))
    assert market.line_states()[0].state == "live"
    market.receive(FeedPacket(0, 3, 0, b""))
    assert market.line_states()[0].state == "gap"


def test_a_repeated_packet_is_passed_over_and_an_overlap_is_taken_from_its_first_new_message(market):
    first = packet(1, add(1, "B", 100, 50_000), add(2, "B", 100, 50_100))
    market.receive(first)
    market.receive(first)
    market.receive(packet(2, add(2, "B", 100, 50_100), add(3, "B", 100, 50_200)))
    assert [row.price for row in market.montage(5, 9)] == [50_200, 50_100, 50_000]
    line = market.line_states()[0]
    assert (line.next_sequence, line.messages, line.anomalies["duplicate_reference"]) == (4, 3, 0)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (FeedPacket(0, 2, 1, b"\0\3AAA"), "length"),
        (FeedPacket(0, 2, 1, b"\0\1?"), "unknown message type"),
        (FeedPacket(0, 2, 1, b"\0\x24A"), "ends inside"),
        (FeedPacket(0, 2, 1, b""), "says 1 messages and holds 0"),
        (FeedPacket(0, 2, 2, packet(2, add(2, "B", 1, 1)).payload), "says 2 messages and holds 1"),
    ],
)
def test_a_packet_that_cannot_be_read_is_a_gap_with_a_reason(market, broken, said):
    market.receive(packet(1, add(1, "B", 100, 50_000)))
    market.receive(broken)
    line = market.line_states()[0]
    assert line.state == "gap"
    assert said in line.fault
    assert market.displayed(5).state == "unknown"


def test_noise_on_a_line_never_stops_the_data_center(market):
    rng = random.Random(5)
    stream = RandomStream(6, 1)
    for number in range(3000):
        good = frame_all(stream.messages(rng.randint(1, 4)))
        cut = good[: rng.randrange(len(good) + 1)]
        payload = rng.choice([good, cut, rng.randbytes(rng.randrange(60))])
        market.receive(FeedPacket(0, rng.choice([1, number, number * 3]), rng.randrange(4), payload))
        if number % 50 == 0:
            market.rebuild(0, number + 1, rng.choice([b"", good, cut]))
        market.displayed(5)
    assert market.line_states()[0].gaps > 10


def test_the_end_of_messages_closes_the_line_and_its_quotes(market):
    market.receive(packet(1, add(1, "B", 100, 50_000), execute(1, 10, 1)))
    market.receive(packet(3, itch50.SystemEvent(0, 0, 2_000, "C")))
    assert market.line_states()[0].state == "closed"
    nbbo = market.displayed(5)
    assert (nbbo.bid, nbbo.last, nbbo.state) == (0, 50_000, "unknown")


def test_a_reader_sees_by_the_numbers_what_the_ring_no_longer_holds(market):
    market.receive(packet(1, add(1, "B", 1000, 50_000), *(execute(1, 1, match) for match in range(1, 21))))
    assert [trade.number for trade in market.trades(5, 0, 100)] == list(range(13, 21))
    assert [trade.number for trade in market.trades(5, 15, 2)] == [16, 17]
    assert market.trades(5, 20, 10) == []
    assert market.trades_total(5) == 20
    assert market.last_trade(5).number == 20


def test_a_cross_print_that_is_not_printable_is_no_trade(market):
    hidden = itch50.OrderExecutedWithPrice(*HEAD, 1, 10, 7, "N", 51_000)
    shown = itch50.OrderExecutedWithPrice(*HEAD, 1, 10, 8, "Y", 51_100)
    market.receive(packet(1, add(1, "B", 100, 50_000), hidden, shown))
    assert [(trade.price, trade.match) for trade in market.trades(5, 0, 9)] == [(51_100, 8)]


@pytest.mark.parametrize(
    ("price", "place"),
    [(49_999, 1), (50_000, 2), (50_001, 3), (50_199, 3), (50_200, 4), (50_201, 5)],
    ids=["below the bid", "at the bid", "just above it", "just below the ask", "at the ask", "above the ask"],
)
def test_a_print_stands_to_the_best_quote_of_all_venues(market, price, place):
    market.receive(packet(1, add(1, "B", 100, 49_000), add(2, "S", 100, 50_200)))
    market.receive(packet(1, add(1, "B", 100, 50_000), add(2, "S", 100, 51_000), venue=1))
    market.receive(packet(3, itch50.Trade(1, 0, 1_000, 0, "B", 5, "AAPL", price, 1)))
    assert [trade.place for trade in market.trades(5, 0, 9)] == [place]


def test_a_print_is_placed_by_the_quote_it_takes_away_whatever_follows_in_its_packet(market):
    book = [add(1, "B", 100, 50_000), add(2, "S", 100, 50_200), add(3, "S", 100, 50_300)]
    sweep = [execute(2, 100, 1), execute(3, 40, 2), execute(1, 100, 3)]
    market.receive(packet(1, *book, *sweep, add(4, "B", 100, 50_250), add(5, "B", 100, 49_000)))
    assert [(trade.price, trade.place) for trade in market.trades(5, 0, 9)] == [
        (50_200, 4),
        (50_300, 4),
        (50_000, 2),
    ]


@pytest.mark.parametrize("ask", [None, 50_000, 49_900], ids=["one-sided", "locked", "crossed"])
def test_a_print_has_no_place_without_a_good_quote(market, ask):
    market.receive(packet(1, add(1, "B", 100, 50_000), *([add(2, "S", 100, ask)] if ask else [])))
    market.receive(packet(3 if ask else 2, execute(1, 10, 1)))
    assert [trade.place for trade in market.trades(5, 0, 9)] == [0]


def test_a_venue_in_a_gap_has_no_say_in_the_place_of_a_print(market):
    market.receive(packet(1, add(1, "B", 100, 50_100)))
    market.receive(packet(9, add(9, "B", 100, 50_100)))
    market.receive(packet(1, add(1, "B", 100, 50_000), add(2, "S", 9, 50_200), execute(1, 10, 1), venue=1))
    assert [trade.place for trade in market.trades(5, 0, 9)] == [2]


MINUTE = 60_000_000_000


def test_a_broken_trade_leaves_last_volume_and_bar(market):
    shapes = [(1, 50_000), (2, 50_900), (3, 49_000), (4, 50_100)]
    prints = [
        itch50.Trade(1, 0, MINUTE + match, 0, "B", 10 * match, "AAPL", price, match)
        for match, price in shapes
    ]
    market.receive(packet(1, *prints))
    for match in (2, 4, 4, 77):
        market.receive(
            packet(market.line_states()[0].next_sequence, itch50.BrokenTrade(1, 0, MINUTE + 9, match))
        )
    (bar,) = market.bars(5, 0)
    assert (bar.open, bar.high, bar.low, bar.close) == (50_000, 50_000, 49_000, 49_000)
    assert (bar.volume, bar.trades, bar.money) == (40, 2, (50_000 * 10 + 49_000 * 30) * 100)
    assert bar.average == Fraction(50_000 * 10 + 49_000 * 30, 40)
    assert market.last_trade(5).match == 3
    assert market.displayed(5).last == 49_000
    assert market.volume(5) == 40
    assert [trade.broken for trade in market.trades(5, 0, 9)] == [False, True, False, True]


def test_bars_belong_to_the_minute_of_their_trades_whatever_venue_reports_first(market):
    early = itch50.Trade(1, 0, 2 * MINUTE - 1, 0, "B", 5, "AAPL", 40_000, 1)
    late = itch50.Trade(1, 0, 2 * MINUTE, 0, "B", 7, "AAPL", 41_000, 1)
    later = itch50.Trade(1, 0, 2 * MINUTE - 2, 0, "B", 1, "AAPL", 39_000, 2)
    market.receive(packet(1, late))
    market.receive(packet(1, early, later, venue=1))
    bars = market.bars(5, 0)
    assert [(bar.start_ns - MIDNIGHT, bar.open, bar.close, bar.volume) for bar in bars] == [
        (MINUTE, 39_000, 40_000, 6),
        (2 * MINUTE, 41_000, 41_000, 7),
    ]
    assert market.displayed(5).last == 41_000
    assert [bar.volume for bar in market.bars(5, MIDNIGHT + 2 * MINUTE)] == [7]
    assert [bar.volume for bar in market.bars(5, MIDNIGHT, MIDNIGHT + 2 * MINUTE)] == [6]


def test_a_new_day_empties_books_and_keeps_the_bars_of_so_many_days(market):
    day = 86_400_000_000_000
    for number in range(4):
        market.open_day(MIDNIGHT + number * day)
        assert market.displayed(5).bid == 0
        market.receive(packet(1, add(1, "B", 100, 50_000), execute(1, 1 + number, 1)))
        assert market.displayed(5).bid == 50_000
        assert market.volume(5) == 1 + number
    assert [bar.volume for bar in market.bars(5, 0)] == [3, 4]
    assert market.trades_total(5) == 4


def test_a_stamp_stops_at_ten_levels_a_venue_and_says_which_venue(market):
    market.receive(packet(1, *(add(k, "S", 10, 50_000 + k) for k in range(1, 16))))
    market.receive(packet(1, add(1, "S", 500, 50_500), add(2, "B", 7, 49_000), venue=1))
    rows = rows_of(market.stamp(5, 0, 400, near=True).levels)
    assert rows == [(1, 50_000 + k, 10) for k in range(1, 11)] + [(3, 50_500, 500), (2, 49_000, 7)]
    assert rows_of(market.stamp(5, 0, 15, near=False).levels) == [
        (1, 50_001, 10),
        (1, 50_002, 10),
        (3, 50_500, 500),
    ]


def test_two_instruments_of_one_symbol_are_refused():
    with pytest.raises(InvariantBroken, match="same symbol"):
        MarketData({1: "AAPL", 2: "AAPL"}, ["XNAS"])


def test_an_instrument_nobody_knows_is_a_key_error(market):
    with pytest.raises(KeyError):
        market.displayed(6)


def test_every_kernel_is_ready_before_the_first_packet():
    load_kernels()
    assert all(
        kernel.signatures
        for kernel in (receive, take, stamp, displayed, montage, take_touched, trades_after, marks)
    )


def test_a_packet_that_announces_the_end_of_a_session_where_none_is_opens_a_gap():
    """Two zero bytes behind the last message mean an end in a file; in a packet they are one message too few."""
    system_event = b"\0\x0cS" + bytes(11)
    for payload in (b"\0\0", system_event + b"\0\0"):
        data = MarketData({1: "AAPL"}, ["N"])
        data.open_day(0)
        data.receive(FeedPacket(0, 1, 2, payload))
        (line,) = data.line_states()
        assert (line.state, "end of the session" in line.fault) == ("gap", True)
        assert not data.rebuild(0, 1, payload)


def listing():
    return itch50.StockDirectory(
        1, 0, 1, "AAPL", "Q", "N", 100, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N"
    )


def test_what_waited_for_an_image_is_taken_in_pieces_while_other_lines_are_served():
    market = MarketData({1: "AAPL"}, ["A", "B"])
    market.open_day(0)
    market.receive(packet(1, listing()))
    market.receive(packet(1, listing(), venue=1))
    for number in range(10, 60):
        market.receive(packet(number, add(number, "B", 100, 40_000 + number)))
    assert market.begin_rebuild(0, 20, packet(1, listing(), add(1, "B", 100, 30_000)).payload)
    assert market.is_catching_up(0)
    taken = 0
    while market.is_catching_up(0):
        assert market.line_states()[0].state == "gap"
        assert market.nbbo(1).bid_venues & 1 == 0
        taken += market.catch_up(0, 7)
        number = market.line_states()[1].next_sequence
        market.receive(packet(number, add(taken, "B", 100, 1_000 + taken), venue=1))
        assert market.nbbo(1).bid == 1_000 + taken or not market.is_catching_up(0)
        if taken < 30:
            market.receive(
                packet(59 + taken // 7, add(500 + taken, "B", 100, 50_000))
            )  # the line goes on meanwhile
    assert market.line_states()[0].state == "live"
    assert market.line_states()[0].next_sequence == 64
    assert market.nbbo(1).bid == 50_000


def test_a_second_hole_among_what_waited_leaves_the_rest_waiting_for_another_image():
    market = MarketData({1: "AAPL"}, ["A"])
    market.open_day(0)
    for number in (10, 11, 13, 14):
        market.receive(packet(number, add(number, "B", 100, 40_000 + number)))
    assert not market.rebuild(0, 10, packet(1, listing()).payload)
    assert "messages 12 to 12 are missing" in market.line_states()[0].fault
    market.receive(packet(15, add(15, "B", 100, 40_015)))
    restored = MarketData({1: "AAPL"}, ["A"])
    restored.restore(market.snapshot())
    for each in (market, restored):
        assert each.rebuild(0, 13, packet(1, listing()).payload)
        assert each.nbbo(1).bid == 40_015
        assert each.line_states()[0].next_sequence == 16
