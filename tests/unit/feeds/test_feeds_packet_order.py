"""Captured packets put in the order of their numbers: two ways made one, late ones waited for, repeats left out."""

import itertools
import random

import numpy as np
import pytest

from rushtrade.feeds.capture_feed import CaptureFeed
from rushtrade.feeds.lines import RESTART_MESSAGES_MIN
from rushtrade.feeds.packet_order import HELD_PACKETS_MAX
from support.captured import add, cta, cts_trade, iex, iex_level, mold, pcap, udp

SECOND = 1_000_000_000
DAY = 1_700_000_000 * SECOND
PACKETS = 120


def packets_of(kind, count=PACKETS):
    """Packets of three messages each, numbered from 1."""
    made = []
    for place in range(count):
        first, times = 1 + 3 * place, [DAY + (3 * place + each) * SECOND for each in range(3)]
        if kind == "mold":
            made.append(mold(first, [add(first + each, time=each + 10 * place) for each in range(3)]))
        elif kind == "iex":
            made.append(iex(first, [iex_level(time, "AAPL", "B", 10_000, place) for time in times]))
        else:
            made.append(cta(first, [cts_trade(time, "KSS", 13_300_000, 5, time) for time in times]))
    return made


def read(frames, piece=1 << 20):
    feed = CaptureFeed(whole=True)
    raw = pcap(frames)
    found = [feed.feed(raw[at : at + piece]) for at in range(0, len(raw), piece)]
    found.append(feed.finish())
    anomalies = {}
    for each in found:
        for name, count in each.anomalies.items():
            anomalies[name] = anomalies.get(name, 0) + count
    return np.concatenate([each.rows for each in found]), anomalies


KINDS = pytest.mark.parametrize("kind", ["mold", "iex", "cta"])


@KINDS
@pytest.mark.parametrize("seed", range(3))
def test_two_ways_that_lose_repeat_and_reorder_make_the_whole_line(kind, seed):
    rng = random.Random(seed)
    packets = packets_of(kind)
    wanted, _ = read([udp(packet) for packet in packets])
    assert len(wanted) == 3 * PACKETS
    sent = []
    for place, packet in enumerate(packets):
        lost = rng.choice([0, 1, None]) if place else None
        for way in range(2):
            if way != lost:
                sent += [(place + rng.random() * 8, udp(packet, port=26_000 + way))] * rng.choice([1, 1, 2])
    sent.sort(key=lambda each: each[0] if each[0] >= 8 else -1)
    rows, anomalies = read([frame for _, frame in sent], piece=rng.randrange(200, 2_000))
    assert (rows == wanted).all()
    assert anomalies == {"repeated_packet": len(sent) - PACKETS}


@KINDS
def test_missing_numbers_are_said_where_they_are_missing(kind):
    packets = packets_of(kind)
    kept = [udp(packet) for place, packet in enumerate(packets) if place not in (40, 41, 80)]
    rows, _ = read(kept)
    said = np.flatnonzero(rows["action"] == b"G")
    assert [(int(at), int(rows["order"][at])) for at in said] == [(120, 6), (120 + 1 + 38 * 3, 3)]
    assert not (rows["action"] == b"R").any()


def test_a_line_that_begins_anew_says_so_before_its_first_message():
    count = RESTART_MESSAGES_MIN // 3 + 2
    packets = [udp(packet) for packet in packets_of("iex", count)]
    rows, _ = read(packets + packets[:5])
    assert np.flatnonzero(rows["action"] == b"R").tolist() == [3 * count]
    assert len(rows) == 3 * count + 1 + 15


def test_no_more_than_a_bounded_number_of_packets_waits_for_a_lost_one():
    packets = [udp(packet) for packet in packets_of("iex")]
    feed = CaptureFeed(whole=True)
    raw = pcap([packets[0], *packets[2 : 2 + HELD_PACKETS_MAX + 1]])
    rows = feed.feed(raw).rows
    assert (rows["action"] == b"G").sum() == 1
    assert len(rows) == 3 + 1 + 3 * (HELD_PACKETS_MAX + 1)


def test_a_census_still_counts_packets_as_they_were_captured():
    packets = [udp(packet) for packet in packets_of("iex", 4)]
    feed = CaptureFeed()
    found = feed.feed(pcap(list(itertools.chain(packets, packets[:1]))))
    assert len(found.rows) == 15
    assert found.anomalies == {"repeated_packet": 1}
