"""What the tapes say besides quotes and trades: corrections, cancels, bands, halts, the short-sale test, reference data."""

import struct

import numpy as np
import pytest

from rushtrade.feeds.layouts import control_numbers
from rushtrade.feeds.recognition import feed_for
from support.captured import (
    cqs_quote,
    cta,
    cta_head,
    cts_cancel,
    cts_correction,
    cts_status,
    cts_trade,
    iex,
    iex_state,
    iex_trade,
    pcap,
    udp,
    uqdf_band,
    uqdf_quote,
    uqdf_state,
    utp,
)

DAY = 1_775_548_800 * 1_000_000_000


def rows_of(packet):
    raw = pcap([udp(packet)])
    feed = feed_for(raw)
    found = feed.feed(raw)
    assert not found.anomalies
    return feed.kind, found.rows


def shown(row, *names):
    return tuple(value.decode() if isinstance(value, bytes) else value for value in row[list(names)].tolist())


def test_the_consolidated_tape_reports_trades_cancels_and_corrections():
    short = struct.pack(
        ">2sc2IBIQ5sccHH3s", b"TT", b"P", DAY // 10**9, 9, 1, 1, 12, b"KSS  ", b"F", b"2", 1331, 70, b"NAA"
    )
    kind, rows = rows_of(
        cta(
            1,
            [
                cts_trade(DAY, "KSS", 13_300_000, 100, 10, conditions="@  I"),
                cts_cancel(DAY + 1, "KSS", 10, 11),
                cts_correction(DAY + 2, "KSS", 13_250_000, 90, 12, 13, venue="P"),
                short,
            ],
        )
    )
    assert kind == "cts"
    names = ("action", "venue", "symbol", "price", "size", "order", "original", "conditions")
    assert [shown(row, *names) for row in rows] == [
        ("T", "N", "KSS", 13_300_000_000, 100_000_000, 10, 0, "@  I"),
        ("X", "N", "KSS", 0, 0, 11, 10, "@   "),
        ("K", "P", "KSS", 13_250_000_000, 90_000_000, 13, 12, "@   "),
        ("T", "P", "KSS", 13_310_000_000, 70_000_000, 12, 0, "F"),
    ]


@pytest.mark.parametrize(
    ("packet", "wanted"),
    [
        (cta(1, [cqs_quote(DAY, "KSS", 9 * 10**6, 0, 11 * 10**6, 0, status="0")], "Q"), ("B", 9, 11, "")),
        (cta(1, [cts_status(DAY, "KSS", 9 * 10**6, 11 * 10**6, status="F", luld="A")]), ("B", 9, 11, "")),
        (cta(1, [cts_status(DAY, "KSS", status="2", reason="M")]), ("H", 0, 0, "H")),
        (cta(1, [cts_status(DAY, "KSS", status="3", restriction="C")]), ("H", 0, 0, "T")),
        (cta(1, [cts_status(DAY, "KSS", status="E", restriction="A")]), ("Y", 0, 0, "1")),
        (utp(1, [uqdf_band(DAY, "ANDA", 9 * 10**6, 11 * 10**6)]), ("B", 9, 11, "")),
        (utp(1, [uqdf_state(DAY, "ANDA", "AH", "P", bytes(12) + b"LUDP  ")]), ("H", 0, 0, "P")),
        (utp(1, [uqdf_state(DAY, "ANDA", "AV", "1")]), ("Y", 0, 0, "1")),
        (utp(1, [uqdf_state(DAY, "ANDA", "AK", "H", bytes(8) + b"Z")]), ("h", 0, 0, "H")),
        (iex(1, [iex_state(DAY, "ZIEXT", b"H", b"O", b"IPO1")]), ("H", 0, 0, "Q")),
        (iex(1, [iex_state(DAY, "ZIEXT", b"O", b"N")]), ("h", 0, 0, "T")),
        (iex(1, [iex_state(DAY, "ZIEXT", b"P", b"\1", b"A")]), ("Y", 0, 0, "1")),
        (iex(1, [iex_state(DAY, "ZIEXT", b"P", b"\0", b" ")]), ("Y", 0, 0, "0")),
    ],
)  # fmt: skip
def test_bands_and_states_of_every_feed_are_in_the_same_words(packet, wanted):
    _, (row,) = rows_of(packet)
    action, low, high, state = wanted
    assert (row["action"].decode(), int(row["price"]), int(row["ask_price"])) == (
        action,
        low * 10**9,
        high * 10**9,
    )
    assert chr(row["flags"]).strip("\0") == state


def test_a_reference_message_says_round_lot_last_close_and_tier():
    head = cta_head("AS", "S", DAY, 0, "JENA")[:-1]
    _, (row,) = rows_of(
        cta(1, [head + b" " * 11 + b"N" + struct.pack(">QQHcc", 10_210_000, 0, 40, b"1", b"2") + bytes(139)])
    )
    assert shown(row, "action", "symbol", "price", "size") == ("D", "JENA", 10_210_000_000, 40_000_000)
    assert chr(row["flags"]) == "2"


def test_an_odd_lot_and_an_extended_hours_trade_of_iex_carry_the_tapes_letters():
    _, rows = rows_of(
        iex(
            1,
            [
                iex_trade(DAY, "A", 10, 5, 1, 0x60),
                iex_trade(DAY, "A", 10, 500, 2, 0x80),
                iex_trade(DAY, "A", 10, 5, 3),
            ],
        )
    )
    assert rows["conditions"].tolist() == [b"TI", b"F", b""]


def test_quotes_of_uqdf_are_in_round_lots():
    kind, (row,) = rows_of(utp(1, [uqdf_quote(DAY, "AMZN", 767_250_000, 3, 767_310_000, 2)]))
    assert (kind, int(row["size"]), int(row["unit"])) == ("uqdf", 3_000_000, 1)


def test_numbers_in_letters_are_numbers_of_their_own():
    texts = np.array([b"    383993", b"A1        ", b"A2        ", b"          "], "S10")
    numbers = control_numbers(texts).tolist()
    assert numbers[0] == 383_993
    assert numbers[3] == 0
    assert len({*numbers}) == 4
    assert all(1 << 60 <= number < 1 << 63 for number in numbers[1:3])
