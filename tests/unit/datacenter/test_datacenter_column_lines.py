"""Recorded feeds of every kind as lines of a center: the same end as an independent reading, and faults that harm nobody."""

import asyncio
import datetime as dt
import random

import numpy as np
import pytest

from rushtrade.archive.stored_bars import bars_of, standing
from rushtrade.books.mbo_books import MboBooks
from rushtrade.datacenter.center import LOOK_MESSAGES, PIECE_MESSAGES, Center
from rushtrade.datacenter.fan_out_message import COLUMNS as FAN_OUT_COLUMNS
from rushtrade.datacenter.fan_out_message import Entry, Reader, encode
from rushtrade.datacenter.lines_file import LineRow, kind_at, make_lines
from rushtrade.datacenter.tick_follower import TickFollower
from rushtrade.domain.errors import InvalidInput
from rushtrade.feeds.capture_feed import CaptureFeed
from rushtrade.feeds.dbn import DbnFeed
from rushtrade.feeds.source import Source
from rushtrade.gateway.line import BookImage
from rushtrade.market.answers import QUEUE_ROWS_MAX
from rushtrade.market.market_data import MarketData
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.participants import with_centres
from rushtrade.rules.sessions import regular_hours
from rushtrade.rules.world_file import load_world
from rushtrade.ticks.import_events import EventRows
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire import itch50
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import COLUMNS, FeedPacket
from rushtrade.wire.framing import frame
from support.captured import (
    cqs_quote,
    cta,
    cts_cancel,
    cts_correction,
    cts_status,
    cts_trade,
    iex,
    iex_level,
    iex_trade,
    pcap,
    udp,
    uqdf_band,
    uqdf_quote,
    utp,
)
from support.scripted_line import ScriptedLine

DAY = dt.date(2026, 4, 7)
MIDNIGHT = midnight_ns(DAY)
OPEN = regular_hours(DAY)[0]
SECOND = 10**9
WORLD = load_world("us-2026")


class Desk:
    """A center with lines by their addresses."""

    def __init__(self, *addresses, day=DAY, followers=()):
        rows = [LineRow(f"{each}{'&' if '?' in each else '?'}speed=max") for each in addresses]
        world = with_centres(WORLD, [kind_at(row.address) for row in rows])
        midnight = midnight_ns(day)
        self.codes = [venue.code for venue in world.venues]
        self.lines = make_lines(rows, world, midnight, live=False)
        self.data = MarketData({}, self.codes)
        self.data.open_day(midnight, regular_hours(day))
        self.ids = {}
        self.center = Center("test", self.data, {}, self.lines, self.learn, trade_date=str(day))
        self.center.followers.extend(followers)
        self.now = SECOND

    def learn(self, listings):
        made = {len(self.ids) + number: listing.symbol for number, listing in enumerate(listings, 1)}
        self.ids.update({symbol: number for number, symbol in made.items()})
        self.data.add_instruments(made)
        return made

    def play(self):
        for line in self.lines:
            asyncio.run(line.open())
        self.center.measure(self.now, self.now)
        while not self.center.ended:
            self.now += SECOND
            self.center.look(self.now)
            self.center.measure(self.now, self.now)
        return self

    def status(self, venue):
        return next(line for line in self.center.status.lines if line.venue == venue)


def written(tmp_path, name, *packets):
    path = tmp_path / name
    path.write_bytes(pcap([udp(packet) for packet in packets]))
    return f"file:{path}"


def test_two_tapes_and_an_exchange_feed_one_market(tmp_path):
    tapes = [
        written(
            tmp_path,
            "cqs.pcap",
            cta(1, [cqs_quote(OPEN, "KSS", 13_000_000, 300, 13_020_000, 200), cqs_quote(OPEN, "KSS", 12_990_000, 100, 13_010_000, 100, "P")], "Q"),
            cta(3, [cqs_quote(OPEN + 1, "KSS", 12_000_000, 0, 14_000_000, 0, "S", status="0"), cqs_quote(OPEN + 2, "KSS", 1, 1, 1, 1, "V")], "Q"),
        ),
        written(
            tmp_path,
            "cts.pcap",
            cta(
                1,
                [
                    cts_status(OPEN, "KSS", status="E", restriction="A"),
                    cts_trade(OPEN + SECOND, "KSS", 13_010_000, 100, 7),
                    cts_trade(OPEN + 2 * SECOND, "KSS", 99_000_000, 100, 8, "P"),
                    cts_trade(OPEN + 2 * SECOND, "KSS", 13_020_000, 50, 9, "D", "@  I"),
                    cts_cancel(OPEN + 90 * SECOND, "KSS", 7, 10),
                    cts_correction(OPEN + 95 * SECOND, "KSS", 13_000_000, 80, 8, 11, "P"),
                ],
            ),
        ),
        written(
            tmp_path,
            "deep.pcap",
            iex(1, [iex_level(OPEN + 3, "KSS", "B", 130_100, 100), iex_level(OPEN + 3, "KSS", "A", 130_300, 100)]),
        ),
    ]  # fmt: skip
    desk = Desk(*tapes).play()
    number = desk.ids["KSS"]
    best = desk.data.nbbo(number)
    assert (best.bid, best.ask) == (130_100, 130_100)
    places = [desk.codes[place] for place in range(len(desk.codes)) if best.bid_venues >> place & 1]
    assert places == ["IEX"], "the tape's word about a venue with a line of its own is passed over"
    assert desk.status("CQS").anomalies == {"direct_line": 1}
    bands = desk.data.status(number).bands
    assert (bands.published_low, bands.published_high) == (120_000, 140_000)
    assert desk.data.status(number).short_sale == "1"
    (bar,) = desk.data.bars(number, 0)
    assert (bar.open, bar.high, bar.close, bar.volume, bar.trades) == (130_000, 130_000, 130_000, 130, 2)
    trades = desk.data.trades(number, 0, 9)
    assert [(desk.codes[trade.venue], trade.broken, trade.replaced) for trade in trades] == [
        ("NYSE", True, False), ("ARCA", True, True), ("FINRA", False, False), ("ARCA", False, False),
    ]  # fmt: skip


def test_lots_of_a_tape_are_shares_where_the_rule_or_the_address_says_how_many(tmp_path):
    address = written(tmp_path, "uqdf.pcap", utp(1, [uqdf_quote(OPEN, "AMZN", 767_250_000, 3, 767_310_000, 2), uqdf_band(OPEN, "AMZN", 1, 2)]))  # fmt: skip
    desk = Desk(address).play()
    assert desk.status("UQDF").anomalies["size_in_lots"] == 1
    best = Desk(f"{address}?lot=40").play().data.nbbo(1)
    assert (best.bid_shares, best.ask_shares, best.bid) == (100, 0, 7_672_500)
    earlier = Desk(address, day=dt.date(2016, 9, 15)).play().data.nbbo(1)
    assert (earlier.bid_shares, earlier.ask_shares) == (300, 200), "a day is moved to the one asked for"


def test_a_hole_in_a_captured_line_is_counted_and_the_session_still_ends(tmp_path):
    levels = [
        iex(1 + place, [iex_level(OPEN + place, "KSS", "B", 130_000 + 100 * place, 100)])
        for place in range(100)
    ]
    desk = Desk(written(tmp_path, "deep.pcap", *levels[:50], *levels[53:])).play()
    status = desk.status("IEX")
    assert (status.books, status.gaps, status.counts["holes"], status.counts["given up"]) == ("gap", 1, 1, 3)
    assert "3 messages are missing" in desk.data.line_states()[desk.codes.index("IEX")].fault
    assert not desk.center.status.good


@pytest.mark.parametrize("kind", ["iex", "cta", "utp"])
def test_a_damaged_capture_is_counted_and_ends(tmp_path, kind):
    rng = random.Random(kind)
    made = {
        "iex": [iex(1 + 2 * n, [iex_level(OPEN + n, "KSS", "B", 10_000, n), iex_trade(OPEN + n, "KSS", 10_000, n, n)]) for n in range(40)],
        "cta": [cta(1 + n, [cts_trade(OPEN + n, "KSS", 10**6, n, n)]) for n in range(40)],
        "utp": [utp(1 + n, [uqdf_quote(OPEN + n, "KSS", 10**6, n, 2 * 10**6, n)]) for n in range(40)],
    }  # fmt: skip
    frames = [udp(packet) for packet in made[kind]]
    for turn in range(12):
        broken = [bytearray(each) for each in frames]
        for each in rng.sample(broken[1:], 8):
            for _ in range(rng.randint(1, 20)):
                each[rng.randrange(42, len(each))] = rng.randrange(256)
            del each[rng.randrange(30, len(each) + 1) :]
        rng.shuffle(broken[5:])
        raw = pcap([bytes(each) for each in broken])[: rng.randint(400, 6_000)]
        (tmp_path / f"{turn}.pcap").write_bytes(raw)
        try:
            desk = Desk(f"file:{tmp_path}/{turn}.pcap").play()
        except (WireError, InvalidInput):
            continue  # nothing of it can be recognised any more
        assert all(line.ended for line in desk.center.status.lines)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("bars.csv", b",Open,High,Low,Close,Volume\n2004-08-19,1,2,1,2,5\n", "which is no line"),
        ("x.csv", b"34200.1,1,5,18,5853300,1\n", r"\?symbol=TEXT would pass"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_in_words(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises((InvalidInput, WireError), match=said):
        Desk(f"file:{tmp_path}/{name}").play()


@pytest.mark.market_data
def test_the_recorded_deep_day_ends_as_a_plain_dictionary_does(shared_data):
    path = shared_data / "iex" / "DEEP10.pcap.gz"
    feed, levels, volumes = CaptureFeed(whole=True), {}, {}
    with Source(path) as source:
        found = [feed.feed(piece).rows for piece in source.pieces()]
    for row in np.concatenate([*found, feed.finish().rows])[
        ["action", "symbol", "side", "price", "size"]
    ].tolist():
        action, symbol, side, price, size = row
        if action == b"R":
            levels.clear()
        elif action == b"L":
            levels[symbol.decode(), side == b"A", price // 100_000] = size // 10**6
        elif action in (b"T", b"X"):
            volumes[symbol.decode()] = (
                volumes.get(symbol.decode(), 0) + (1 if action == b"T" else -1) * size // 10**6
            )
    desk = Desk(f"file:{path}", day=dt.date(2017, 4, 25)).play()
    assert desk.status("IEX").messages == 392_021
    assert not desk.status("IEX").gaps
    told = {
        (symbol, bool(row.side), row.price): row.shares
        for symbol, number in desk.ids.items()
        for row in desk.data.montage(number, 100)
    }
    assert told == {at: shares for at, shares in levels.items() if shares}
    assert {
        symbol: desk.data.volume(number) for symbol, number in desk.ids.items() if symbol in volumes
    } == volumes


@pytest.mark.market_data
def test_the_recorded_orders_of_databento_end_in_the_books_of_the_plain_twin(shared_data):
    path = shared_data / "mbo" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    feed, plain = DbnFeed(), MboBooks()
    with Source(path) as source:
        for piece in source.pieces():
            plain.feed(feed.mbo(piece))
    (book,) = plain.books.values()
    desk = Desk(f"file:{path}", day=dt.date(2023, 12, 26)).play()
    assert list(desk.ids) == ["ESH4"]
    for number, side in enumerate("BA"):
        told = desk.data.queue(1, 0, number, 10_000)
        levels = book.depth(side, 10_000)
        wanted = [order for level in levels for order in book.queue(side, level.price)]
        assert len(told) == QUEUE_ROWS_MAX < len(wanted)
        assert [(row.reference, row.shares) for row in told] == wanted[: len(told)]
        rows = [row for row in desk.data.montage(1, 100) if row.side == number]
        assert [(row.price * 100_000, row.shares, row.orders) for row in rows] == [
            tuple(level) for level in levels[:100]
        ]
    assert desk.data.tape.newest == 2_973


def test_a_tapes_centres_have_places_and_are_no_routes():
    world = with_centres(WORLD, ["cqs", "cts", "iex-deep"])
    assert [venue.index for venue in world.venues] == list(range(len(world.venues)))
    assert (
        len({venue.code for venue in world.venues})
        == len({venue.mic for venue in world.venues})
        == len(world.venues)
    )
    assert world.routes_on(DAY) == WORLD.routes_on(DAY)
    assert with_centres(WORLD, ["iex-deep", ""]) is WORLD


def tape_of(tmp_path):
    """A tape of quotes' and trades' sort: trades, a cancel, a correction, bands, a halt."""
    messages = [
        cts_trade(OPEN + n * SECOND, "KSS", 13_000_000 + 10_000 * n, 100 + n, n + 1) for n in range(50)
    ]
    messages += [
        cts_cancel(OPEN + 60 * SECOND, "KSS", 3, 60),
        cts_correction(OPEN + 61 * SECOND, "KSS", 13_500_000, 70, 5, 61),
        cts_status(OPEN + 62 * SECOND, "KSS", 12_000_000, 14_000_000, status="F", luld="A"),
        cts_status(OPEN + 63 * SECOND, "KSS", status="2", reason="M"),
    ]
    return written(tmp_path, "cts.pcap", *(cta(1 + 6 * n, messages[6 * n : 6 * n + 6]) for n in range(9)))


STORED = ("ts_event", "action", "price", "size", "trade_id", "conditions", "message")


def test_the_store_of_a_line_holds_what_an_import_of_its_file_does_and_once_only(tmp_path):
    address = tape_of(tmp_path)
    kept = {}
    for _ in range(2):  # a center that starts anew hears the same file again
        codes = [venue.code for venue in with_centres(WORLD, ["cts"]).venues]
        follower = TickFollower(tmp_path / "live", DAY, MIDNIGHT, codes)
        desk = Desk(address, followers=[follower]).play()
        follower.close(desk.now)
        with TickWriter(tmp_path / "live", DAY) as writer:
            kept = {name: writer.reader().records(name).copy() for name in ("trades", "status")}
    with TickWriter(tmp_path / "import", DAY) as writer:
        rows = EventRows(writer, 0, from_midnight=False, venue="CTS", symbol="")
        raw = (tmp_path / "cts.pcap").read_bytes()
        rows.take(CaptureFeed().feed(raw).rows)
        writer.flush(0)
        wanted = {name: writer.reader().records(name).copy() for name in ("trades", "status")}
    assert len(wanted["trades"]) == 53
    for name in STORED:
        assert kept["trades"][name].tolist() == wanted["trades"][name].tolist()
    assert kept["status"]["detail"].tolist() == wanted["status"]["detail"].tolist()
    bars = bars_of(standing(kept["trades"]), "ohlcv-1m", DAY, np.full(len(standing(kept["trades"])), 100))
    live = desk.data.bars(desk.ids["KSS"], 0)
    assert [(bar.open * 100_000, bar.high * 100_000, bar.low * 100_000, bar.volume) for bar in live] == [
        tuple(row) for row in bars[["open", "high", "low", "volume"]].tolist()
    ]


def test_what_a_host_says_on_makes_the_same_market_at_a_gateway(tmp_path):
    class Said:
        def __init__(self):
            self.ring = []

        def packet(self, packet, now_ns):
            del now_ns
            (message,) = encode(
                Entry(
                    len(self.ring) + 1,
                    FAN_OUT_COLUMNS,
                    packet.venue,
                    packet.sequence,
                    packet.count,
                    packet.payload,
                    0,
                )
            )
            self.ring.append(message)

        def learned(self, symbols, now_ns):
            del now_ns
            self.ring.append(symbols)

        def ignore(self, *_):
            """Nothing to say."""

        image = passed = settled = ignore

    said, reader = Said(), Reader()
    desk = Desk(tape_of(tmp_path), followers=[said]).play()
    other = MarketData({}, desk.codes)
    other.open_day(MIDNIGHT, regular_hours(DAY))
    for each in said.ring:
        if isinstance(each, dict):
            other.add_instruments(each)
            continue
        entry = reader.take(each)
        other.receive(FeedPacket(entry.venue, entry.sequence, entry.count, entry.body, COLUMNS))
    assert other.bars(1, 0) == desk.data.bars(1, 0)
    assert other.trades(1, 0, 99) == desk.data.trades(1, 0, 99)
    assert other.status(1) == desk.data.status(1)


def test_while_books_catch_up_with_an_image_other_lines_are_served():
    data = MarketData({5: "AAPL"}, ["XNAS", "ARCX"])
    data.open_day(MIDNIGHT)
    lines = [ScriptedLine(0, "nasdaq"), ScriptedLine(1, "arca")]
    center = Center("test", data, {5: "AAPL"}, lines, lambda _: {}, trade_date=str(DAY))
    listing = itch50.StockDirectory(
        1, 0, 1, "AAPL", "Q", "N", 100, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N"
    )
    head = frame(itch50.encode(listing))
    adds = [
        frame(itch50.encode(itch50.AddOrder(1, 0, 1, n, "B", 100, "AAPL", 10_000 + n % 50)))
        for n in range(1, 9)
    ]
    block = PIECE_MESSAGES // 8 * 8
    for turn in range(12):
        lines[0].bring(FeedPacket(0, 2 + turn * block, block, b"".join(adds) * (block // 8)))
    while center.look(1):
        assert data.line_states()[0].state == "gap"
    lines[0].images.append(BookImage(0, 2, head))
    center.look(2)
    looks = served = 0
    while data.is_catching_up(0):
        looks += 1
        lines[1].say(head if looks == 1 else adds[0])
        served += center.look(3) >= 1
        assert data.line_states()[1].messages == looks, "the other line has its turn in every look"
        assert data.nbbo(5).bid_venues & 1 == 0 or not data.is_catching_up(0)
    assert looks >= 12 * block // LOOK_MESSAGES >= 2
    assert data.line_states()[0].state == "live"
    assert data.line_states()[0].next_sequence == 2 + 12 * block
