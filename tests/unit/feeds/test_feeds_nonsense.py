"""Files of every kind, damaged at random: they are counted or refused in words; nothing else may happen."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.feeds.census import take_census
from rushtrade.feeds.events import NO_PRICE
from rushtrade.feeds.text_feeds import TextFeed
from rushtrade.wire import itch50
from rushtrade.wire.errors import WireError
from rushtrade.wire.framing import frame_all
from support.captured import add, mold, pcap, pcapng, tcp, udp

FRAMES = [udp(mold(1, [add(1), add(2)])), tcp(b"\0\1H\0\4SAbc", 5)]
IEX = struct.pack("<BBHIIHHqqq", 1, 0, 0x8004, 1, 9, 32, 1, 0, 1, 5) + struct.pack(
    "<HcBq8sIq", 30, b"8", 1, 5, b"AAPL    ", 9, 10**15
)
CTA = (
    struct.pack(">BH2cIBIIH", 2, 46, b"Q", b"O", 1, 1, 5, 5, 0)
    + struct.pack(">H3c", 26, b"C", b"A", b"S")
    + bytes(21)
)
SEEDS = [
    pcap(FRAMES),
    pcapng(FRAMES),
    pcap([udp(IEX), udp(CTA)]),
    frame_all(itch50.encode(add(number)) for number in range(1, 9)),
    b"DBN\1" + struct.pack("<I", 4) + bytes(4) + (bytes([14, 0xA0]) + bytes(54)) * 3,
    b"34200.004241176,1,16113575,18,5853300,1\n" * 4,
    b"ts_us_utc,EX,BID,BIDSIZ,OFR,OFRSIZ\n" + b"1514883853125000,P,156.57,1,158.85,1\n" * 3,
]
DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 400), st.sampled_from(["set", "cut", "put"]), st.binary(min_size=1, max_size=24)
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(seed=st.sampled_from(SEEDS), damage=DAMAGE)
def test_a_damaged_file_is_counted_or_refused(tmp_path_factory, seed, damage):
    data = bytearray(seed)
    for at, how, what in damage:
        if how == "cut":
            del data[at : at + len(what)]
        else:
            data[at : at + (len(what) if how == "set" else 0)] = what
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)
    try:
        census = take_census(path)
    except WireError:
        return
    assert census.messages == sum(census.counts.values())
    assert all(count > 0 for count in census.anomalies.values())


def test_a_price_beyond_eight_bytes_is_no_price_and_no_other_one(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(pcap([udp(IEX)]))
    from rushtrade.feeds.capture_feed import CaptureFeed  # noqa: PLC0415

    feed = CaptureFeed()
    rows = feed.feed(path.read_bytes()).rows
    assert (feed.kind, rows["price"].tolist(), rows["size"].tolist()) == ("iex-deep", [NO_PRICE], [9_000_000])


def test_a_number_beyond_its_column_costs_its_line_alone():
    feed = TextFeed("34200.0,1,1,1,1,1")
    events = feed.feed(b"34200.0,1,1,1,1,1\n34200.0,1,99999999999999999999999,1,1,1\n34200.0,1,3,1,1,1\n")
    assert events.rows["order"].tolist() == [1, 3]
    assert events.anomalies == {"bad_line": 1}


@pytest.mark.parametrize("flip", [0, 4, 19])
def test_a_cta_block_that_does_not_add_up_is_counted(tmp_path, flip):
    total = sum(CTA) & 0xFFFF
    block = bytearray(CTA[:18] + struct.pack(">H", total) + CTA[20:])
    path = tmp_path / "capture"
    path.write_bytes(pcap([udp(bytes(block))]))
    assert take_census(path).anomalies == {}
    block[20 + flip + 3] ^= 1
    path.write_bytes(pcap([udp(bytes(block))]))
    assert take_census(path).anomalies["bad_checksum"] == 1
