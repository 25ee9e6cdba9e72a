"""The center against scripted lines: what the books are given, what is asked for, what followers hear, what a desk sees."""

from __future__ import annotations

import msgspec
import pytest

from rushtrade.datacenter.center import LOOK_MESSAGES, PIECE_MESSAGES, Center, Others, pieces
from rushtrade.datacenter.directory import FOUND_ROOM, Directory
from rushtrade.datacenter.limits import AlarmLimits, check_limits
from rushtrade.datacenter.status import ClientStatus, FanOutStatus, StoreStatus
from rushtrade.domain.errors import InvalidInput
from rushtrade.gateway.line import BookImage
from rushtrade.market.answers import CHANGES_KEPT
from rushtrade.market.market_data import MarketData
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame
from support.scripted_line import ScriptedLine

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
LIMITS = AlarmLimits()


def directory_of(symbol, locate=1):
    return frame(
        itch50.encode(
            itch50.StockDirectory(
                locate, 0, 1, symbol, "Q", "N", 100, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N"
            )
        )
    )


def add(reference, side, shares, price, locate=1, time=1_000, symbol="AAPL"):
    return frame(itch50.encode(itch50.AddOrder(locate, 0, time, reference, side, shares, symbol, price)))


class Follower:
    def __init__(self):
        self.heard = []
        self.settlings = 0

    def packet(self, packet, now_ns):
        self.heard.append(("packet", packet.venue, packet.sequence))

    def image(self, image, now_ns):
        self.heard.append(("image", image.venue, image.sequence))

    def settled(self, data, symbols, now_ns):
        self.settlings += 1

    def passed(self, market_ns, now_ns):
        self.heard.append(("passed", market_ns))

    def learned(self, symbols, now_ns):
        self.heard.append(("learned", symbols))


class Desk:
    """A center of two lines, and what a test wants to say to it."""

    def __init__(self, limits=LIMITS):
        self.data = MarketData({5: "AAPL"}, ["XNAS", "ARCX"])
        self.data.open_day(NOW)
        self.lines = [ScriptedLine(0, "nasdaq"), ScriptedLine(1, "arca")]
        self.learned = []
        self.now = NOW
        self.center = Center(
            "test", self.data, {5: "AAPL"}, self.lines, self.learn, trade_date="2026-11-20", limits=limits
        )
        self.follower = Follower()
        self.center.followers.append(self.follower)

    def learn(self, listings):
        self.learned += [listing.symbol for listing in listings]
        return {}

    def look(self):
        return self.center.look(self.now)

    def after(self, seconds=1, others=None, clock_set_by=0):
        """Let time pass and take a measure."""
        self.now += int(seconds * SECOND)
        return self.center.measure(self.now + clock_set_by, self.now, others)

    def raised(self, **what):
        return {alarm.code: alarm.subject for alarm in self.after(**what).alarms}


@pytest.fixture
def desk():
    return Desk()


def test_messages_of_the_lines_become_quotes_and_listeners_hear_what_changed(desk):
    touched = []
    end = desk.center.on_touched(touched.extend)
    desk.look()
    touched.clear()
    desk.lines[0].say(directory_of("AAPL"), add(1, "B", 100, 1_000_000))
    desk.lines[1].say(directory_of("AAPL"), add(1, "S", 200, 1_010_000))
    assert desk.look() == 4
    quote = desk.data.nbbo(5)
    assert (quote.bid, quote.ask, quote.state) == (1_000_000, 1_010_000, "good")
    assert touched == [5]
    end()
    desk.lines[0].say(add(2, "B", 100, 1_000_100))
    desk.look()
    assert touched == [5]


def test_followers_hear_exactly_what_the_books_were_given_in_the_same_order(desk):
    desk.lines[0].say(directory_of("AAPL"))
    desk.lines[1].say(directory_of("NEWS"), directory_of("AAPL"))
    desk.lines[1].images.append(BookImage(1, 9, directory_of("AAPL") + directory_of("IMAGED")))
    desk.look()
    assert desk.follower.heard == [
        ("packet", 0, 1),
        ("learned", {}),
        ("packet", 1, 1),
        ("learned", {}),
        ("image", 1, 9),
    ]


def test_a_stock_nobody_knew_is_made_known_once_before_its_messages_are_given_to_the_books(desk):
    desk.lines[0].say(directory_of("AAPL"), directory_of("ZZZ", 2), directory_of("ZZZ", 2))
    desk.lines[1].say(directory_of("ZZZ", 7))
    desk.look()
    assert desk.learned == ["ZZZ"]


def test_a_directory_of_more_stocks_than_one_walk_finds_is_read_to_its_end():
    count = FOUND_ROOM * 2 + 5
    found = Directory(["S00000"]).new_in(b"".join(directory_of(f"S{n:05}") for n in range(count)))
    assert [listing.symbol for listing in found] == [f"S{n:05}" for n in range(1, count)]


@pytest.mark.parametrize("cut", [1, 2, 20, 40])
def test_a_directory_message_that_is_cut_is_not_read(cut):
    payload = add(1, "B", 100, 1) + directory_of("ZZZ")
    assert Directory([]).new_in(payload[:-cut]) == []


def test_a_symbol_no_house_can_carry_is_left_out():
    assert Directory([]).new_in(directory_of("A B") + directory_of("\xe9") + directory_of("")) == []


def test_a_gap_is_seen_at_the_next_measure_with_its_reason_and_ends_with_the_image(desk):
    desk.lines[0].say(directory_of("AAPL"), add(1, "B", 100, 1_000_000))
    desk.lines[1].say(directory_of("AAPL"), add(1, "S", 200, 1_010_000))
    desk.look()
    assert desk.after().good
    desk.lines[0].bring(FeedPacket(0, 5, 1, add(9, "B", 100, 1_000_500)))
    desk.look()
    status = desk.after()
    assert not status.good
    assert "XNAS is in a gap" in status.verdict
    assert "messages 3 to 4 are missing" in status.verdict
    assert desk.data.nbbo(5).bid == 0
    desk.lines[0].images.append(
        BookImage(0, 5, directory_of("AAPL") + add(1, "B", 100, 1_000_000) + add(2, "B", 50, 1_000_200))
    )
    desk.look()
    assert desk.data.nbbo(5).bid == 1_000_500  # the packet that was held follows
    assert desk.after().good


def test_books_that_lost_their_way_have_an_image_asked_for_once_a_second(desk):
    desk.lines[0].bring(FeedPacket(0, 1, 1, b"\0\5hello"))
    desk.look()
    desk.after(0.5)
    desk.after(0.1)
    assert len(desk.lines[0].asked) == 1
    assert "packet 1" in desk.lines[0].asked[0]
    desk.after(1)
    assert len(desk.lines[0].asked) == 2


def test_an_image_that_does_not_join_is_asked_for_again(desk):
    desk.lines[0].bring(FeedPacket(0, 9, 1, add(9, "B", 100, 1_000_500)))
    desk.look()
    desk.lines[0].images.append(BookImage(0, 3, directory_of("AAPL")))
    desk.look()
    assert desk.lines[0].asked == ["the image does not join what follows it"]


def test_a_line_that_mends_itself_is_not_asked_for_an_image(desk):
    desk.lines[0].bring(FeedPacket(0, 9, 1, add(9, "B", 100, 1_000_500)))
    desk.lines[0].be(state="gap")
    desk.look()
    desk.after()
    assert desk.lines[0].asked == []


def test_rates_are_of_the_last_second_and_lag_has_a_history(desk):
    desk.after()
    desk.lines[0].be(messages=500, packets={"A": 30, "B": 20}, lag_ns=2_000_000)
    line = desk.after(0.5).lines[0]
    assert (line.messages_per_second, line.packets_per_second) == (1_000, 100)
    assert line.lag_us == 2_000
    assert line.lag_history_us[-2:] == (-1, 2_000)


def test_the_center_has_ended_when_every_line_has(desk):
    desk.lines[0].be(state="closed", ended=True)
    desk.after()
    assert not desk.center.ended
    desk.lines[1].be(state="closed", ended=True, silence_ns=3_600 * SECOND, lag_ns=99 * SECOND)
    assert desk.after().alarms == []  # nothing more is expected of a line that ended
    assert desk.center.ended


# ------------------------------------------------------------ alarms, each made to happen


def beyond(limit_ms):
    return (limit_ms + 1) * 1_000_000


def test_alarm_line_silent(desk):
    desk.lines[1].be(state="stale", silence_ns=beyond(LIMITS.line_silent_ms))
    assert desk.raised() == {"line-silent": "arca"}


def test_alarm_line_lag(desk):
    desk.lines[1].be(lag_ns=beyond(LIMITS.line_lag_ms))
    assert desk.raised() == {"line-lag": "arca"}


def test_alarm_gap_open(desk):
    desk.lines[0].bring(FeedPacket(0, 5, 1, add(9, "B", 100, 1_000_500)))
    desk.look()
    assert desk.raised() == {}
    assert desk.raised(seconds=LIMITS.gap_open_ms / 1_000) == {}
    assert desk.raised(seconds=0.1) == {"gap-open": "nasdaq"}


def test_alarm_clock_skew_of_a_source(desk):
    desk.lines[0].be(lag_ns=-beyond(LIMITS.clock_skew_ms))
    assert desk.raised() == {"clock-skew": "nasdaq"}


def test_alarm_clock_skew_of_this_machine_lasts_a_minute(desk):
    desk.after()
    step = -beyond(LIMITS.clock_skew_ms)
    assert desk.raised(clock_set_by=step) == {"clock-skew": "this machine's clock was set"}
    for _ in range(58):
        assert desk.raised(clock_set_by=step)
    for _ in range(6):
        found = desk.raised(clock_set_by=step)
    assert found == {}


def test_alarm_bad_packets(desk):
    desk.after()
    desk.lines[0].be(malformed=LIMITS.bad_packets_per_minute, foreign=1)
    assert desk.raised() == {"bad-packets": "nasdaq"}
    for _ in range(64):
        found = desk.raised()
    assert found == {}


def test_alarm_market_crossed(desk):
    desk.lines[0].say(directory_of("AAPL"), add(1, "B", 100, 1_020_000))
    desk.lines[1].say(directory_of("AAPL"), add(1, "S", 200, 1_010_000))
    desk.look()
    status = desk.after()
    assert status.books.crossed == 1
    assert status.alarms == []
    assert desk.raised(seconds=LIMITS.market_crossed_ms / 1_000 + 1) == {"market-crossed": "AAPL"}


STORE = StoreStatus("/ticks", "writing", {"mbo": 1}, 1 << 20, 1 << 40, 100, 100)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("disk-space", {"free_bytes": LIMITS.disk_free_bytes - 1}),
        ("store-behind", {"behind_ms": LIMITS.store_behind_ms + 1}),
    ],
)
def test_alarms_of_the_store(desk, code, change):
    assert desk.raised(others=Others(store=STORE)) == {}
    assert desk.raised(others=Others(store=msgspec.structs.replace(STORE, **change))) == {code: "/ticks"}


def test_alarm_client_lag_ends_when_the_client_leaves(desk):
    late = ClientStatus("demo@market", "market", NOW, 3, 10, 900, LIMITS.client_lag_ms + 1, 7)
    status = desk.after(others=Others(clients=[late]))
    assert [alarm.code for alarm in status.alarms] == ["client-lag"]
    assert status.alarms[0].text.endswith("7 prints were skipped.")
    assert desk.raised() == {}


def test_alarm_fan_out(desk):
    link = FanOutStatus("nats://127.0.0.1", False, 1, 1, 1, LIMITS.fan_out_lag_ms + 1, 0, 0, fault="refused")
    assert desk.raised(others=Others(fan_out=link)) == {"fan-out": "nats://127.0.0.1"}


def test_an_alarm_says_since_when_how_much_what_passes_what_to_do_and_where_to_read(desk):
    desk.lines[0].be(lag_ns=1_500_000_000)
    first = desk.after().alarms[0]
    desk.lines[0].be(lag_ns=2_500_000_000)
    desk.after()
    desk.lines[0].be(lag_ns=1_200_000_000)
    now = desk.after().alarms[0]
    assert now.since_ns == first.since_ns == desk.now - 2 * SECOND
    assert (now.value, now.worst, now.limit, now.unit) == (1_200, 2_500, 1_000, "ms")
    assert now.text == "A line's messages come late: nasdaq, 1,200 ms (at most 1,000 ms passes)."
    assert now.do
    assert now.runbook == "docs/runbooks/line-lag.md"


def test_an_alarm_does_not_flicker(desk):
    for lag in (1_500, 900, 1_500, 900):
        desk.lines[0].be(lag_ns=lag * 1_000_000)
        assert desk.raised() == {"line-lag": "nasdaq"}
    assert [desk.raised(), desk.raised()] == [{"line-lag": "nasdaq"}, {}]
    turns = [(turn.raised, turn.alarm.worst) for turn in desk.center.alarms.history]
    assert turns == [(True, 1_500), (False, 1_500)]


def test_limits_are_configuration():
    desk = Desk(check_limits(AlarmLimits(line_lag_ms=10)))
    desk.lines[0].be(lag_ns=11_000_000)
    assert desk.raised() == {"line-lag": "nasdaq"}


@pytest.mark.parametrize("wrong", [{"line_lag_ms": -1}, {"gap_open_ms": 86_400_001}])
def test_a_limit_that_could_never_be_met_or_missed_is_refused(wrong):
    with pytest.raises(InvalidInput, match="would pass"):
        check_limits(AlarmLimits(**wrong))


def test_a_severe_alarm_is_the_verdict_and_a_warning_is_told(desk):
    desk.lines[0].be(lag_ns=2 * SECOND)
    status = desk.after()
    assert status.good
    assert "1 warning: A line's messages come late" in status.verdict
    status = desk.after(others=Others(store=msgspec.structs.replace(STORE, free_bytes=0)))
    assert not status.good
    assert status.verdict.startswith("The books are known, but: The disk")
    assert [alarm.severity for alarm in status.alarms] == ["alarm", "warning"]


class BestReader(Follower):
    """Keeps every best quote the market tells, as the tick store does."""

    def __init__(self):
        super().__init__()
        self.bids = []

    def settled(self, data, symbols, now_ns):
        self.bids += data.take_bbo_changes()["bid"].tolist()


def rising(count, first=1):
    """Messages of which each makes a new best bid."""
    return [add(number, "B", 100, 10_000 + number * 100) for number in range(first, first + count)]


def test_a_burst_longer_than_the_ring_of_best_quotes_loses_none(desk):
    reader = BestReader()
    desk.center.followers.append(reader)
    burst = CHANGES_KEPT + 3 * PIECE_MESSAGES + 7
    desk.lines[0].say(directory_of("AAPL"), *rising(burst))
    while desk.look():
        pass
    assert reader.bids == [10_000 + number * 100 for number in range(1, burst + 1)]
    assert desk.data.changes_skipped == 0
    told = [(sequence, venue) for kind, venue, sequence in reader.heard if kind == "packet"]
    assert told == [(1 + PIECE_MESSAGES * place, 0) for place in range(-(-(burst + 1) // PIECE_MESSAGES))]


def test_what_waited_behind_a_gap_is_shown_once_all_of_it_is_in_the_books(desk):
    desk.lines[0].say(directory_of("AAPL"))
    desk.look()
    desk.lines[0].next_number += 1  # a message nobody saw
    burst = CHANGES_KEPT + 2 * PIECE_MESSAGES
    desk.lines[0].say(*rising(burst))
    while desk.look():
        pass
    reader = BestReader()
    desk.center.followers.append(reader)
    desk.lines[0].images.append(BookImage(0, 3, directory_of("AAPL")))
    desk.look()
    assert desk.data.is_catching_up(0)
    assert reader.bids == []
    while desk.look():
        pass
    assert reader.bids == [10_000 + burst * 100]
    assert desk.data.changes_skipped == 0


def test_a_busy_line_holds_nobody_up_and_its_session_lasts_until_all_of_it_was_taken(desk):
    desk.lines[0].say(directory_of("AAPL"), *rising(2 * LOOK_MESSAGES))
    desk.lines[1].say(directory_of("AAPL"), add(1, "S", 100, 90_000_000))
    for line in desk.lines:
        line.be(state="closed", ended=True)
    desk.lines[0].images.append(BookImage(0, 2 * LOOK_MESSAGES + 2, directory_of("AAPL")))
    taken = desk.look()
    assert taken <= LOOK_MESSAGES + PIECE_MESSAGES
    assert desk.data.nbbo(5).ask == 90_000_000
    desk.after()
    assert not desk.center.ended
    desk.lines[0].say(add(2 * LOOK_MESSAGES + 1, "B", 1, 100))  # not drained before the rest was taken
    assert not any(kind == "image" for kind, *_ in desk.follower.heard)
    while desk.look():
        pass
    assert ("image", 0, 2 * LOOK_MESSAGES + 2) in desk.follower.heard
    desk.after()
    assert desk.center.ended


def test_a_packet_cut_short_is_not_cut_into_pieces(desk):
    whole = FeedPacket(0, 1, PIECE_MESSAGES + 2, directory_of("AAPL") + b"".join(rising(3)) + b"\x00")
    assert list(pieces(whole)) == [whole]
    desk.lines[0].bring(whole)
    desk.look()
    assert desk.data.line_states()[0].state == "gap"
