"""The tick store's follower across ends of its process: a day that is gone on with holds every row once, a sealed one stays as it is."""

from __future__ import annotations

import contextlib
import datetime as dt
import random

import numpy as np
import pytest

from rushtrade.archive.day_quality import judge_day
from rushtrade.datacenter.tick_follower import SEALED_BEFORE, TickFollower
from rushtrade.market.market_data import MarketData
from rushtrade.rules.new_york import midnight_ns
from rushtrade.ticks import writer
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.days import day_directory, live_part, read_manifest
from rushtrade.ticks.schemas import F_NUMBERED, RUN, SCHEMAS
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame
from support.itch_pieces import time_of
from support.random_streams import RandomStream

DATE = dt.date(2026, 11, 20)
MIDNIGHT = midnight_ns(DATE)
VENUES = ("XNAS", "ARCX")
NOW = MIDNIGHT + 10 * 3600 * 10**9
KEPT = ("feed", "mbo", "trades", "tbbo", "bbo", "status", "definition")


def day_of(seed, messages=3_000):
    """Packets of two venues in the order of their times, with numbers without a hole."""
    chance = random.Random(seed)
    streams = [RandomStream(seed + venue, nonsense=0.0) for venue in range(2)]
    said = []
    for venue, stream in enumerate(streams):
        framed = [frame(each) for each in [*stream.directory(), *(stream.message() for _ in range(messages))]]
        said += [(time_of(each), venue, place, each) for place, each in enumerate(framed, start=1)]
    packets = []
    for _, venue, number, message in sorted(said):
        last = packets[-1] if packets else None
        if last and last.venue == venue and chance.random() < 0.8:
            packets[-1] = FeedPacket(venue, last.sequence, last.count + 1, last.payload + message)
        else:
            packets.append(FeedPacket(venue, number, 1, message))
    return packets


class Process:
    """A data center's market and follower over a directory."""

    def __init__(self, directory):
        self.symbols = {number: f"S{number}" for number in range(1, 6)}
        self.data = MarketData(self.symbols, list(VENUES))
        self.data.open_day(MIDNIGHT)
        self.follower = TickFollower(directory, DATE, MIDNIGHT, VENUES)

    def hear(self, packets):
        for packet in packets:
            self.data.receive(packet)
            self.follower.packet(packet, NOW)
            self.follower.settled(self.data, self.symbols, NOW)

    def end(self):
        self.follower.close(NOW)


def rows(directory):
    """What is durable of the live day, without the times of receipt and without the numbers of a process."""
    reader = ColumnsReader(day_directory(directory, DATE) / "live")
    found = {}
    for schema in KEPT:
        passed_over = {"ts_recv", "sequence"} if schema == "tbbo" else {"ts_recv"}
        names = [column.name for column in SCHEMAS[schema].columns if column.name not in passed_over]
        found[schema] = sorted(zip(*(reader.column(schema, name).tolist() for name in names), strict=True))
    found["payload"] = reader.payload("feed").tobytes()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_day_gone_on_with_holds_every_row_once(tmp_path, seed):
    packets = day_of(seed)
    once, twice = tmp_path / "once", tmp_path / "twice"
    whole = Process(once)
    whole.hear(packets)
    whole.end()
    for until in (random.Random(seed).randrange(1, len(packets)), len(packets)):
        process = Process(twice)
        process.hear(packets[:until])
        process.end()
    expected, found = rows(once), rows(twice)
    assert {name: len(each) for name, each in found.items()} == {
        name: len(each) for name, each in expected.items()
    }
    assert found == expected


def test_every_trade_is_kept_with_its_number_and_a_later_process_numbers_behind_the_earlier_ones(tmp_path):
    packets = day_of(6)
    first = Process(tmp_path)
    first.hear(packets[: len(packets) // 2])
    told, matches = first.data.tape.newest, first.data.tape.since(0, 1 << 18)[0]["match"]
    first.end()
    second = Process(tmp_path)
    second.hear(packets)
    again = second.data.tape.since(0, 1 << 18)[0]["match"]
    second.end()
    reader = ColumnsReader(day_directory(tmp_path, DATE) / "live")
    trades, events = reader.records("tbbo"), reader.records("line_events")
    assert (trades["flags"] & F_NUMBERED > 0).all()
    assert trades["sequence"][:told].tolist() == list(range(1, told + 1))
    assert trades["trade_id"][:told].tolist() == matches.tolist()
    later = trades[told:]
    assert 0 < len(later) < len(again)
    assert again[later["sequence"] - told - 1].tolist() == later["trade_id"].tolist()
    assert events["event"].tolist() == [RUN, RUN]
    assert events["first_sequence"].tolist() == [0, told]
    assert events["detail"].tolist() == [first.follower.run.encode(), second.follower.run.encode()]


def test_a_packet_that_reaches_beyond_what_is_stored_is_kept_from_there(tmp_path):
    packets = [each for each in day_of(9) if each.venue == 0]
    first = Process(tmp_path)
    first.hear(packets[:10])
    first.end()
    numbers = packets[9].sequence + packets[9].count
    joined = b"".join(each.payload for each in packets[:20])
    whole = FeedPacket(0, 1, sum(each.count for each in packets[:20]), joined)
    second = Process(tmp_path)
    second.hear([whole])
    second.end()
    reader = ColumnsReader(day_directory(tmp_path, DATE) / "live")
    assert reader.payload("feed").tobytes() == joined
    assert reader.column("feed", "sequence").tolist()[-1] == numbers


def test_another_session_under_the_same_numbers_is_not_taken_for_the_stored_one(tmp_path):
    one, other = (
        [frame(itch50.encode(itch50.SystemEvent(0, 0, time, "O"))) for time in (at, at + 1)]
        for at in (1_000, 2_000)
    )
    for messages in (one, other):
        process = Process(tmp_path)
        process.hear([FeedPacket(0, 1, 2, b"".join(messages))])
        process.end()
    reader = ColumnsReader(day_directory(tmp_path, DATE) / "live")
    assert reader.payload("feed").tobytes() == b"".join(one + other)


def test_a_sealed_day_stays_as_it_is_and_the_desk_is_told(tmp_path):
    packets = day_of(3, 400)
    process = Process(tmp_path)
    process.hear(packets)
    process.follower.seal_soon()
    process.end()
    sealed = read_manifest(day_directory(tmp_path, DATE))
    again = Process(tmp_path)
    again.hear(packets)
    status = again.follower.status(NOW)
    assert (status.state, status.fault, status.behind_ms) == ("sealed", SEALED_BEFORE, 0)
    again.end()
    assert read_manifest(day_directory(tmp_path, DATE)) == sealed
    assert live_part(day_directory(tmp_path, DATE), sealed) is None


def sealed_or_not(process):
    """Wait until the attempt under way is over; give how the store is then."""
    with contextlib.suppress(OSError):
        process.follower._seal.result(60)
    return process.follower.status(NOW)


def test_a_day_that_cannot_be_sealed_says_why_and_is_sealed_when_the_disk_has_room(tmp_path, monkeypatch):
    process = Process(tmp_path)
    process.hear(day_of(5, 50))
    real, full = writer.seal, [True]

    def disk(*given):
        if full:
            raise OSError(28, "No space left on device")
        return real(*given)

    monkeypatch.setattr(writer, "seal", disk)
    process.follower.seal_soon()
    status = sealed_or_not(process)
    assert status.state == "stopped"
    assert status.fault == "The day could not be sealed: [Errno 28] No space left on device"
    full.clear()
    process.follower.flush_soon(NOW)
    status = sealed_or_not(process)
    assert (status.state, status.fault) == ("sealed", "")
    process.end()
    found = read_manifest(day_directory(tmp_path, DATE))
    assert 0 < found.rows("ohlcv-1d") <= len(found.instruments)  # made once, not with every attempt


def test_bests_of_a_day_begun_before_are_counted_from_where_it_stopped(tmp_path):
    packets = day_of(7)
    half = Process(tmp_path)
    half.hear(packets[: len(packets) // 2])
    half.end()
    before = ColumnsReader(day_directory(tmp_path, DATE) / "live").column("bbo", "ts_event").max()
    Process(tmp_path).end()
    reader = ColumnsReader(day_directory(tmp_path, DATE) / "live")
    assert int(np.max(reader.column("bbo", "ts_event"))) == int(before)


def test_best_quotes_that_were_not_read_in_time_are_counted_in_the_store_and_told_by_the_quality_report(
    tmp_path,
):
    process = Process(tmp_path)
    process.follower.settled(process.data, process.symbols, NOW)
    process.hear(day_of(3, messages=300)[:50])
    process.data.changes_skipped += 12
    process.follower.settled(process.data, process.symbols, NOW)
    process.follower.settled(process.data, process.symbols, NOW)
    process.end()
    events = ColumnsReader(day_directory(tmp_path, DATE) / "live").records("line_events")
    told = events[events["event"] != RUN]
    assert [(row["event"], row["count"]) for row in told] == [(b"skipped", 12)]
    assert any("12 best quotes" in note for note in judge_day(tmp_path, DATE).notes)
