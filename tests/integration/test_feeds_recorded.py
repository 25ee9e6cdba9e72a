"""Recorded feeds of every kind, read as they were captured: what is known of each file must come out."""

import numpy as np
import pytest

from rushtrade.feeds.capture_feed import CaptureFeed
from rushtrade.feeds.census import take_census
from rushtrade.feeds.recognition import feed_for
from rushtrade.feeds.source import Source

pytestmark = pytest.mark.market_data

NASDAQ_DAY = {
    "AddOrderNoMPID": "A",
    "OrderDelete": "D",
    "NetOrderImbalanceIndicator": "I",
    "LULDAuctionCollar": "J",
}


def events(path):
    with Source(path) as source:
        feed = None
        parts = []
        for piece in source.pieces(1 << 16):
            feed = feed or feed_for(piece)
            parts.append(feed.feed(piece).rows)
        return np.concatenate([*parts, feed.finish().rows])


def test_every_captured_file_is_recognised_and_holds_what_its_name_says(shared_data):
    paths = sorted((shared_data / "pcap").rglob("*.pcap"))
    assert len(paths) == 68
    for path in paths:
        census = take_census(path)
        assert census.messages > 0, path
        assert census.anomalies == {}, path
        kind = {"Cqs": "cqs", "Cts": "cts", "Bbo": "nasdaq-bbo", "Nls": "nasdaq-last-sale-plus-3"}
        expected = kind.get(path.name[:3]) or kind.get(path.parent.name[:3])
        if expected:
            assert census.kind == expected, path
        if path.parent.name.startswith("C"):
            category, letter = path.name[:3].split("_")
            assert census.counts[category + letter] > 0, path
        if path.stem in NASDAQ_DAY:
            assert census.counts == {NASDAQ_DAY[path.stem]: 5}


@pytest.mark.parametrize(
    ("name", "kind", "counts", "gaps", "packets", "anomalies"),
    [
        ("mbo/esh4-glbx-mdp3-20231225.mbo.dbn.zst", "dbn",
         {"A": 29216, "C": 17999, "F": 6371, "M": 12233, "T": 2973}, 0, 0, {}),
        ("iex/DEEP10.pcap.gz", "iex-deep",
         {"5": 14630, "8": 12949, "B": 73, "E": 59, "H": 93638, "O": 93638, "P": 93636, "S": 44, "T": 83343},
         11, 121315, {"cut_packet": 1, "broken_packet": 1}),
        ("itch/AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz", "itch50",
         {"A": 40347, "D": 37015, "E": 4067, "H": 1, "P": 2201, "R": 1, "S": 6, "U": 3928, "X": 477}, 0, 0, {}),
        ("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.gz", "lobster",
         {"1": 44256, "2": 469, "3": 41004, "4": 4067, "5": 2201}, 0, 0, {}),
        ("quotes/taq_XXX_2018-01-02_quotes.csv.gz", "taq-quotes", {"Q": 66695}, 0, 0, {}),
        ("quotes/taq_XXX_2018-01-02_trades.csv.gz", "taq-trades", {"T": 39470}, 0, 0, {}),
    ],
)  # fmt: skip
def test_what_is_known_of_a_file_is_counted(shared_data, name, kind, counts, gaps, packets, anomalies):
    census = take_census(shared_data / name)
    assert (census.kind, census.counts) == (kind, counts)
    assert (census.gaps, census.packets, census.anomalies) == (gaps, packets, anomalies)
    assert census.messages == sum(counts.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("utp_uqdf/QuoteLongFormMessage", {"symbol": b"AMZN", "price": 767_250_000_000, "ask_price": 767_310_000_000}),
        ("utp_uqdf/QuoteShortFormMessage", {"symbol": b"AKAM", "price": 51_230_000_000, "ask_price": 51_240_000_000}),
        ("cta_cqs_cts/Cts.Cta.v2.11.b/T_R_Fractional_Long_Trade",
         {"symbol": b"KSS", "price": 13_300_000_000, "size": 91_000_000, "venue": b"K"}),
        ("cta_cqs_cts/Cts.Cta.v2.11.b/P_R_Fractional_Prior_Day_Trade",
         {"symbol": b"JPM", "price": 295_328_700_000, "size": 169_078}),
        ("cta_cqs_cts/Cqs.Cta.v2.10.a/Q_L_Long_Quote", {"symbol": b"LVWR.WS", "price": 0, "venue": b"N"}),
        ("nasdaq_bbo_nlsplus/Bbo.BboQuotationMessage",
         {"symbol": b"IXJ", "price": 92_580_000_000, "size": 400_000_000, "ask_price": 93_000_000_000}),
        ("nasdaq_bbo_nlsplus/NlsPlus.TradeReportLongPriceMessage",
         {"symbol": b"BRK.A", "price": 664_639_765_000_000, "size": 1_000_000, "venue": b"L"}),
    ],
)  # fmt: skip
def test_a_captured_message_reads_as_it_was_sent(shared_data, name, expected):
    row = events(shared_data / "pcap" / f"{name}.pcap")[0]
    assert {field: row[field].item() for field in expected} == expected


def test_events_of_a_capture_are_the_same_in_pieces(shared_data):
    path = shared_data / "pcap" / "nasdaq_totalview_itch50" / "session_Multiple.Packets.pcap"
    data = path.read_bytes()
    feed = CaptureFeed()
    rows = np.concatenate([feed.feed(data[at : at + 11]).rows for at in range(0, len(data), 11)])
    assert np.array_equal(rows, events(path))
    assert len(rows) == 39


def test_a_compressed_file_cut_short_gives_what_is_there(shared_data, tmp_path):
    path = tmp_path / "cut.gz"
    path.write_bytes((shared_data / "iex" / "DEEP10.pcap.gz").read_bytes()[:1_000_000])
    census = take_census(path)
    assert census.messages > 50_000
    assert census.anomalies["cut_compression"] == 1
