"""Close of day for the clearing firm: files, round trip, damage, and the three-way tie."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.backoffice.blotter import Blotter
from rushtrade.backoffice.books import Books
from rushtrade.backoffice.cash import CashRow, cash
from rushtrade.backoffice.clearing_files import (
    ClearingDay,
    ClearingFileInvalid,
    file_name,
    manifest_name,
    read_day,
    write_day,
)
from rushtrade.backoffice.clearing_tie import differences
from rushtrade.backoffice.directory import Directory
from rushtrade.backoffice.folding import fold_to_close
from rushtrade.backoffice.positions import positions
from support.booked_frames import HandBook

DAY, NEXT = dt.date(2004, 11, 1), dt.date(2004, 11, 2)
DOLLAR = 1_000_000


@pytest.fixture
def book():
    book = HandBook()
    book.instrument(1, "LU", 35_000)
    book.instrument(2, "DDTX", 1_250)
    book.account(1, "5RT-00001")
    book.account(2, "5RT-00002")
    book.account(3, "5RT-00003")
    book.wire(1, 50_000 * DOLLAR)
    book.wire(2, 8_000 * DOLLAR)
    book.open_day(DAY, dt.date(2004, 11, 4))
    return book


def read_books(book: HandBook, day: dt.date):
    directory, books, blotter = Directory(), Books(), Blotter()
    end = fold_to_close(book.frames, day, directory, books, blotter)
    rows = (
        tuple(blotter.tickets(directory)),
        tuple(positions(books, directory)),
        tuple(cash(books, directory)),
    )
    return ClearingDay(directory.firm, day, end.seq, end.time_ns, *rows), books, directory


def trade(book: HandBook) -> None:
    order = book.accept(1, 1, 1_000)
    book.fill(order, 1, 1, 600, 35_000, commission=4_950_000)
    book.fill(order, 1, 1, 400, 34_999)
    other = book.accept(2, 2, 50_000)
    book.fill(other, 2, 2, 50_000, 1_234, commission=9_950_000)
    out = book.accept(1, 1, -300)
    book.fill(out, 1, 1, -300, 35_200, commission=4_950_000, sec_fee=30_000, taf=30_000)
    book.mark(1, 35_500)


def test_files_read_back_give_the_rows_they_were_written_from(book):
    trade(book)
    book.close_day(DAY)
    day, _, _ = read_books(book, DAY)
    assert len(day.tickets) == 3
    assert read_day(DAY, write_day(day)) == day


def test_every_file_is_sent_on_a_day_on_which_nothing_happened(book):
    book = HandBook()
    book.open_day(DAY, dt.date(2004, 11, 4))
    book.close_day(DAY)
    day, books, directory = read_books(book, DAY)
    files = write_day(day)
    assert sorted(files) == [
        "2004-11-01.cash.csv",
        "2004-11-01.manifest.json",
        "2004-11-01.position.csv",
        "2004-11-01.trade.csv",
    ]
    assert read_day(DAY, files) == day
    assert differences(day, books, directory) == []


def test_a_file_says_firm_date_and_seq_and_ends_with_control_totals(book):
    trade(book)
    closed = book.close_day(DAY)
    day, _, _ = read_books(book, DAY)
    files = write_day(day)
    records = list(csv.reader(io.StringIO(files["2004-11-01.trade.csv"].decode())))
    assert records[0][:6] == ["H", "rushtrade trade file", "1", "Dallas Direct", "2004-11-01", str(closed)]
    assert records[-1] == [
        "T",
        "3",
        "shares_bought=51000",
        "shares_sold=300",
        "principal=10725.96",
        "net=-8633.87",
    ]
    manifest = json.loads(files["2004-11-01.manifest.json"])
    assert [entry["kind"] for entry in manifest["files"]] == ["trade", "position", "cash"]
    for entry in manifest["files"]:
        assert hashlib.sha256(files[entry["name"]]).hexdigest() == entry["sha256"]
        assert len(files[entry["name"]]) == entry["bytes"]


def test_positions_show_trade_date_and_settlement_date_apart_until_they_settle(book):
    trade(book)
    book.close_day(DAY)
    day, _, _ = read_books(book, DAY)
    lucent = day.positions[0]
    assert (lucent.account_number, lucent.symbol) == ("5RT-00001", "LU")
    assert (lucent.previous_shares, lucent.trade_date_shares, lucent.settled_shares) == (0, 700, 0)
    assert (lucent.mark, lucent.market_value) == (35_500, 2_485 * DOLLAR)
    book.open_day(dt.date(2004, 11, 4), dt.date(2004, 11, 9))
    book.close_day(dt.date(2004, 11, 4))
    later, books, directory = read_books(book, dt.date(2004, 11, 4))
    settled = later.positions[0]
    assert (settled.previous_shares, settled.trade_date_shares, settled.settled_shares) == (700, 700, 700)
    assert later.tickets == ()
    assert differences(later, books, directory) == []


def test_cash_rows_tell_how_the_day_got_from_one_balance_to_the_next(book):
    trade(book)
    book.wire(1, -1_000 * DOLLAR)
    book.close_day(DAY)
    day, _, _ = read_books(book, DAY)
    first = day.cash[0]
    assert first == CashRow(
        "5RT-00001", 0, 49_000 * DOLLAR, first.traded, 49_000 * DOLLAR + first.traded, 49_000 * DOLLAR
    )
    assert day.cash[2] == CashRow("5RT-00003", 0, 0, 0, 0, 0)


def test_files_tie_to_executions_and_ledger_day_after_day(book):
    trade(book)
    book.close_day(DAY)
    book.open_day(NEXT, dt.date(2004, 11, 5))
    out = book.accept(1, 1, -700)
    book.fill(out, 1, 1, -700, 36_000, commission=4_950_000)
    book.close_day(NEXT)
    for date in (DAY, NEXT):
        day, books, directory = read_books(book, date)
        assert differences(read_day(date, write_day(day)), books, directory) == []
    assert [row.trade_date_shares for row in day.positions if row.symbol == "LU"] == [0]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda day: {"tickets": day.tickets[:-1]}, {"shares traded", "net money of trades"}),
        (
            lambda day: {"tickets": (msgspec.structs.replace(day.tickets[0], shares=999), *day.tickets[1:])},
            {"ticket and its executions", "shares traded"},
        ),
        (
            lambda day: {"positions": day.positions[1:]},
            {"position on trade date"},
        ),
        (
            lambda day: {
                "positions": (msgspec.structs.replace(day.positions[0], settled_shares=7), *day.positions[1:])
            },
            {"position on settlement date"},
        ),
        (
            lambda day: {"cash": (msgspec.structs.replace(day.cash[0], trade_date=1), *day.cash[1:])},
            {"cash on trade date", "previous cash and today's movements"},
        ),
    ],
)
def test_a_file_that_differs_from_the_books_is_found_out(book, change, what):
    trade(book)
    book.close_day(DAY)
    day, books, directory = read_books(book, DAY)
    wrong = msgspec.structs.replace(day, **change(day))
    assert what <= {difference.what for difference in differences(wrong, books, directory)}


@pytest.mark.parametrize("kind", ["trade", "position", "cash"])
def test_a_changed_byte_is_refused(book, kind):
    trade(book)
    book.close_day(DAY)
    files = write_day(read_books(book, DAY)[0])
    name = file_name(DAY, kind)
    files[name] = files[name].replace(b"5RT-00001", b"5RT-00002", 1)
    with pytest.raises(ClearingFileInvalid, match=f"{kind}.csv: SHA-256 .* the file was changed"):
        read_day(DAY, files)


def reseal(files: dict[str, bytes], kind: str, content: bytes) -> None:
    """Put a changed file under a manifest that agrees with it, as a careless sender would."""
    manifest = json.loads(files[manifest_name(DAY)])
    for entry in manifest["files"]:
        if entry["kind"] == kind:
            entry["sha256"] = hashlib.sha256(content).hexdigest()
    files[manifest_name(DAY)] = json.dumps(manifest).encode()
    files[file_name(DAY, kind)] = content


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"2004-11-04", b"2004-13-04", "line 3: date '2004-13-04'"),
        (b"3.499960", b"3.499961", "average_price 3.499961 does not follow"),
        (b"T,3,", b"T,4,", "trailer"),
        (b"trade file,1,", b"trade file,2,", "first two lines"),
        (b",buy,1000,", b",buy,1000.5,", "line 3"),
        (b"D,", b"X,", "needs a record D"),
    ],
)
def test_a_record_that_cannot_be_right_is_refused_even_under_a_good_hash(book, old, new, message):
    trade(book)
    book.close_day(DAY)
    files = write_day(read_books(book, DAY)[0])
    content = files[file_name(DAY, "trade")]
    assert old in content
    reseal(files, "trade", content.replace(old, new, 1))
    with pytest.raises(ClearingFileInvalid, match=message):
        read_day(DAY, files)


def test_a_missing_file_or_manifest_is_refused(book):
    book.close_day(DAY)
    files = write_day(read_books(book, DAY)[0])
    for name in files:
        with pytest.raises(ClearingFileInvalid, match=f"{name} is missing"):
            read_day(DAY, {other: content for other, content in files.items() if other != name})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.integers(1, 2),
            st.integers(1, 5_000),
            st.integers(1, 900_000),
            st.booleans(),
        ),
        max_size=25,
    )
)
def test_any_trading_day_ties_and_reads_back(trades):
    book = HandBook()
    book.instrument(1, 'QU"OTE, INC', 35_000)
    book.instrument(2, "B,B", 1_250)
    for account in (1, 2, 3):
        book.account(account, f"5RT-{account:05d}")
    book.open_day(DAY, dt.date(2004, 11, 4))
    for account, instrument, shares, price, buys in trades:
        signed = shares if buys else -shares
        order = book.accept(account, instrument, signed)
        book.fill(order, account, instrument, signed, price, commission=shares * 500)
    book.close_day(DAY)
    day, books, directory = read_books(book, DAY)
    back = read_day(DAY, write_day(day))
    assert back == day
    assert differences(back, books, directory) == []
    assert sum(row.trade_date for row in back.cash) == sum(ticket.net for ticket in back.tickets)
