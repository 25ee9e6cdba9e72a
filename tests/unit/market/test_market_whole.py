"""A market copied out and put back: the same answers for ever after, and no image believed that is not one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_market_data import INSTRUMENTS, MIDNIGHT, VENUES, interleaved

from rushtrade.domain.errors import InvalidInput
from rushtrade.market.market_data import MarketData
from rushtrade.market.market_image import MAGIC
from rushtrade.wire.feed_packet import FeedPacket


def opened(instruments=INSTRUMENTS, venues=VENUES):
    market = MarketData(instruments, venues)
    market.open_day(MIDNIGHT, (MIDNIGHT + 34_200_000_000_000, MIDNIGHT + 57_600_000_000_000))
    return market


def answers(market):
    """Everything a market says."""
    return {
        number: (
            market.nbbo(number),
            market.displayed(number),
            market.shown_quotes(number),
            market.venue_quotes(number),
            market.montage(number, 100),
            market.depth(number, 100),
            market.participants(number, 100),
            [market.queue(number, venue, side, 9) for venue in range(len(VENUES)) for side in (0, 1)],
            market.stamp(number, 0, 1_000, near=True),
            market.marks([number]),
            market.status(number),
            market.imbalances(number),
            market.trades(number, 0, 4_000),
            market.bars(number, 0),
            market.time_in_states(number, MIDNIGHT + 40_000_000_000_000),
        )
        for number in INSTRUMENTS
    } | {"lines": market.line_states()}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1 << 32), cut=st.integers(0, 300), lost=st.integers(0, 300))
def test_a_market_that_joins_later_says_the_same_from_then_on(seed, cut, lost):
    packets = interleaved(seed, 150, nonsense=0.05)
    cut, lost = cut % len(packets), lost % len(packets)
    first, other = opened(), MarketData({5: "OTHER"}, VENUES)
    for index, packet in enumerate(packets):
        if index == cut:
            first.take_bbo_changes()
            first.take_statuses()
            other.restore(first.snapshot())
            assert answers(other) == answers(first)
        if index == lost:
            continue  # the venue's line has a gap from here on
        first.receive(packet)
        if index >= cut:
            other.receive(packet)
    if lost < len(packets):
        venue = packets[lost].venue
        assert first.rebuild(venue, 1, b"") == other.rebuild(venue, 1, b"")
    assert answers(other) == answers(first)
    assert other.touched() == first.touched()
    assert other.take_bbo_changes().tobytes() == first.take_bbo_changes().tobytes()
    assert other.take_statuses().tobytes() == first.take_statuses().tobytes()
    assert other.snapshot() == first.snapshot()


def test_a_market_that_grew_is_put_back_whole():
    first = opened()
    for packet in interleaved(3, 6_000, ticks=300):
        first.receive(packet)
    first.add_instruments({200: "S3"})
    other = opened()
    other.restore(first.snapshot())
    assert answers(other) == answers(first)
    for packet in interleaved(3, 6_500, ticks=300)[-200:]:
        first.receive(packet)
        other.receive(packet)
    assert answers(other) == answers(first)
    assert other.nbbo(200) == first.nbbo(200)


def test_a_venue_that_waited_for_its_image_still_does():
    first = opened()
    packets = interleaved(8, 100)
    missing = next(index for index, packet in enumerate(packets) if packet.venue == 1 and index > 30)
    for packet in packets[:missing] + packets[missing + 1 :]:
        first.receive(packet)
    other = opened()
    other.restore(first.snapshot())
    assert [line.state for line in other.line_states()] == ["live", "gap", "live"]
    assert other.line_states() == first.line_states()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda raw: b"", "begins with"),
        (lambda raw: b"x" + raw, "begins with"),
        (lambda raw: MAGIC + b"\0\0\0\x09" + raw[12:], "version 9; this program reads version 1"),
        (lambda raw: raw[:-1], "digest"),
        (lambda raw: raw[:200] + bytes([raw[200] ^ 1]) + raw[201:], "digest"),
    ],
)
def test_an_image_that_is_none_is_refused_in_words_and_changes_nothing(spoil, says):
    market = opened()
    market.receive(interleaved(1, 10)[0])
    before = answers(market)
    with pytest.raises(InvalidInput, match=says):
        market.restore(spoil(market.snapshot()))
    assert answers(market) == before


def test_an_image_of_other_venues_is_refused():
    with pytest.raises(InvalidInput, match="XNAS, ARCX, BATS; this market has XNAS"):
        MarketData(INSTRUMENTS, ["XNAS"]).restore(opened().snapshot())


def test_a_repeated_packet_after_joining_is_passed_over():
    first = opened()
    packets = [packet for packet in interleaved(5, 40) if packet.venue == 0]
    for packet in packets:
        first.receive(packet)
    other = opened()
    other.restore(first.snapshot())
    other.receive(FeedPacket(0, packets[-1].sequence, packets[-1].count, packets[-1].payload))
    assert answers(other) == answers(first)
