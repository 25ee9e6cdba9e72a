"""Captures as feeds: every wrapping, what is missing or broken in them, and that nothing in them stops the house."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.feeds.capture_feed import CaptureFeed
from rushtrade.feeds.events import tally
from rushtrade.wire import itch50
from rushtrade.wire.soupbintcp import SoupServer
from support.captured import add, mold, pcap, pcapng, tcp, udp


def read(data, piece=1 << 20):
    """Rows, anomalies, gaps and the feed of a capture read in pieces."""
    feed = CaptureFeed()
    parts = [feed.feed(data[at : at + piece]) for at in range(0, len(data), piece)] + [feed.finish()]
    anomalies = {}
    for part in parts:
        for name, count in part.anomalies.items():
            anomalies[name] = anomalies.get(name, 0) + count
    return np.concatenate([part.rows for part in parts]), anomalies, sum(part.gaps for part in parts), feed


FRAMES = [udp(mold(1, [add(1), add(2)])), udp(mold(3, [add(3)])), udp(mold(4, [add(4, side="S")]))]


@pytest.mark.parametrize("wrap", [pcap, pcapng])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_capture_of_any_wrapping_gives_the_same_events(wrap, order):
    rows, anomalies, gaps, feed = read(wrap(FRAMES, order))
    assert (feed.kind, feed.from_midnight, anomalies, gaps) == ("itch50", True, {}, 0)
    assert rows["order"].tolist() == [1, 2, 3, 4]
    assert rows["side"].tolist() == [b"B", b"B", b"B", b"A"]
    assert set(rows["price"].tolist()) == {100_000_000_000}
    assert set(rows["size"].tolist()) == {100_000_000}
    assert set(rows["symbol"].tolist()) == {b"AAPL"}
    assert set(rows["time"].tolist()) == {34_200_000_000_000}


def test_vlan_tags_and_what_a_card_put_behind_a_frame_are_passed_over():
    frames = [udp(mold(1, [add(1)]), vlan=True, padding=16), udp(mold(2, [add(2)]), vlan=True)]
    rows, anomalies, gaps, _ = read(pcap(frames))
    assert (rows["order"].tolist(), anomalies, gaps) == ([1, 2], {}, 0)


def test_missing_numbers_are_a_gap_and_a_repeat_is_counted():
    frames = [udp(mold(at, [add(at)])) for at in (1, 2, 5, 5, 6)]
    rows, anomalies, gaps, _ = read(pcap(frames))
    assert rows["order"].tolist() == [1, 2, 5, 5, 6]
    assert (gaps, anomalies) == (1, {"repeated_packet": 1})


def test_a_line_that_begins_again_is_a_gap():
    frames = [udp(mold(at, [add(1)])) for at in (5000, 5001, 1, 2)]
    assert read(pcap(frames))[1:3] == ({}, 1)


def test_each_session_is_numbered_by_itself():
    frames = [udp(mold(at, [add(1)], session)) for at, session in ((7, "A"), (1, "B"), (8, "A"), (2, "B"))]
    assert read(pcap(frames))[1:3] == ({}, 0)


def test_two_lines_in_one_capture_come_in_the_order_they_were_captured():
    frames = [udp(mold(1, [add(1)])), udp(mold(1, [add(1)]), port=99), udp(mold(2, [add(2)])), udp(mold(2, [add(2)]), port=99)]  # fmt: skip
    rows, _, gaps, _ = read(pcap(frames))
    assert (rows["order"].tolist(), gaps) == ([1, 1, 2, 2], 0)


def test_a_message_that_cannot_be_read_is_counted_and_its_neighbours_are_kept():
    packet = bytearray(mold(3, [add(1), add(2), add(3)]))
    packet[20 + 38 + 2] = ord("~")  # the second message's type
    rows, anomalies, _, _ = read(pcap([udp(mold(1, [add(1), add(2)])), udp(bytes(packet))]))
    assert rows["order"].tolist() == [1, 2, 1, 3]
    assert anomalies == {"unknown_type": 1}


def test_a_packet_cut_inside_a_message_stops_that_packet_only():
    broken = mold(4, [add(4), add(5)])[:-10]
    rows, anomalies, _, _ = read(pcap([*FRAMES[:2], udp(broken), udp(mold(6, [add(6)]))]))
    assert rows["order"].tolist() == [1, 2, 3, 4, 6]
    assert anomalies == {"broken_packet": 1}


def test_other_frames_and_unknown_packets_are_counted():
    frames = [*FRAMES, bytes(60), udp(b"hello", port=5)]
    _, anomalies, _, _ = read(pcap(frames))
    assert anomalies == {"other_frame": 1, "unrecognised_packet": 1}


def soup_stream():
    server = SoupServer()
    stream = server.accept("S", 1)
    for reference in range(1, 6):
        stream += server.send(itch50.encode(add(reference)))
    return stream + server.heartbeat()


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 3, 2), (0, 1, 1, 2, 3)])
def test_segments_of_a_tcp_stream_are_put_in_order(order):
    stream = soup_stream()
    quarter = len(stream) // 4 + 1
    parts = [stream[at : at + quarter] for at in range(0, len(stream), quarter)]
    frames = [tcp(b"", 99, syn=True)] + [tcp(parts[k], 100 + k * quarter) for k in order]
    rows, anomalies, gaps, feed = read(pcap(frames))
    assert tally(rows["type"]) == {"A": 6, "H": 1}  # five orders, and the acceptance of the login
    assert [row["order"] for row in rows if row["symbol"]] == [1, 2, 3, 4, 5]
    assert (feed.kind, gaps) == ("itch50", 0)
    assert anomalies.get("repeated_segment", 0) == len(order) - 4


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_pieces_of_any_size_give_the_same_rows(data):
    wrap = data.draw(st.sampled_from([pcap, pcapng]))
    capture = wrap(FRAMES)
    whole = read(capture)[0]
    assert np.array_equal(read(capture, data.draw(st.integers(1, 200)))[0], whole)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_flipped_and_missing_bytes_never_raise(data):
    wrap = data.draw(st.sampled_from([pcap, pcapng]))
    frames = [*FRAMES, tcp(soup_stream(), 100)]
    capture = bytearray(wrap(frames)[: data.draw(st.integers(24, 800))])
    for at, value in data.draw(st.lists(st.tuples(st.integers(8, 790), st.integers(0, 255)), max_size=12)):
        if at < len(capture):
            capture[at] = value
    rows, *_ = read(bytes(capture), data.draw(st.integers(50, 1000)))
    assert len(rows) <= 20


def test_a_record_longer_than_any_frame_ends_the_reading():
    capture = bytearray(pcap(FRAMES))
    struct.pack_into("<I", capture, 24 + 8, 1 << 30)
    rows, anomalies, _, _ = read(bytes(capture))
    assert (len(rows), anomalies) == (0, {"broken_capture": 1})
