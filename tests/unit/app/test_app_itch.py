"""`rushtrade itch`: the numbers it prints, and how it says that a file cannot be read."""

import gzip
import json

import pytest
import typer
from typer.testing import CliRunner

from rushtrade.cli.itch import itch, parse_time
from rushtrade.domain.errors import InvalidInput
from rushtrade.wire import itch50
from rushtrade.wire.framing import frame_all

SECOND = 1_000_000_000
NOON = 12 * 3600 * SECOND


def add(reference, side, shares, price, stock, locate, time):
    return itch50.AddOrder(locate, 0, time, reference, side, shares, stock, price)


DAY = [
    itch50.SystemEvent(0, 0, NOON, "O"),
    add(1, "B", 100, 1_000_100, "AAPL", 1, NOON),
    add(2, "B", 50, 1_000_100, "AAPL", 1, NOON + 1),
    add(3, "S", 10, 1_000_250, "AAPL", 1, NOON + 2),
    add(4, "S", 7, 5_000, "PENNY", 2, NOON + 3),
    itch50.OrderDelete(1, 0, NOON + SECOND, 1),
]


@pytest.fixture
def day(tmp_path):
    path = tmp_path / "day.itch.gz"
    path.write_bytes(gzip.compress(frame_all(map(itch50.encode, DAY))))
    return str(path)


def run(*arguments):
    app = typer.Typer()
    app.command()(itch)
    return CliRunner().invoke(app, list(arguments))


def answer(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_counts_the_file_and_shows_the_book(day):
    got = answer(day, "--symbol", "aapl")
    assert got.pop("seconds") >= 0
    assert got == {
        "messages": 6,
        "counts": {"A": 4, "D": 1, "S": 1},
        "symbol": "AAPL",
        "bids": [["100.01", 50, 1]],
        "asks": [["100.025", 10, 1]],
    }


def test_the_book_at_a_time_and_the_counts_of_the_whole_file(day):
    got = answer(day, "--symbol", "AAPL", "--at", "12:00:00.999999999")
    assert got["bids"] == [["100.01", 150, 2]]
    assert got["messages"] == 6
    got = answer(day, "--symbol", "AAPL", "--at", "12:00:01")
    assert got["bids"] == [["100.01", 50, 1]]


def test_depth_bounds_the_levels(tmp_path):
    path = tmp_path / "plain"
    path.write_bytes(
        frame_all(itch50.encode(add(k, "B", 1, 10_000 + k, "AAPL", 1, NOON)) for k in range(1, 31))
    )
    assert len(answer(str(path))["bids"]) == 10
    assert answer(str(path), "--depth", "2")["bids"] == [["1.003", 1, 1], ["1.0029", 1, 1]]
    assert answer(str(path))["symbol"] == "AAPL"


def test_without_a_symbol_several_stocks_show_no_book(day):
    got = answer(day)
    assert (got["symbol"], got["bids"], got["asks"]) == (None, [], [])


def test_a_person_sees_a_table_of_counts_and_the_book(day):
    result = run(day, "--symbol", "PENNY")
    assert result.exit_code == 0
    for piece in ("6 messages", "add order", "order delete", "PENNY at the end of the file", "0.50"):
        assert piece in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--symbol", "MSFT"], "has no stock 'MSFT'; it has AAPL, PENNY"),
        (["--symbol", "PENNY", "--at", "11:00:00"], "no stock by that time"),
        (["--at", "25:00:00"], "not a time of the day"),
        (["--at", "noon"], "not a time such as '09:30:00'"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_would_pass(day, arguments, said):
    result = run(day, *arguments, "--json")
    assert result.exit_code == 2
    assert said in json.loads(result.stdout)["error"]
    assert said in run(day, *arguments).stderr


def test_a_missing_a_cut_and_a_foreign_file_end_with_code_2(day, tmp_path):
    cut = tmp_path / "cut"
    cut.write_bytes(frame_all(map(itch50.encode, DAY))[:-5])
    foreign = tmp_path / "notes.txt"
    foreign.write_text("these are no messages")
    for path, said in [(tmp_path / "none", "No such file"), (cut, "ends inside"), (foreign, "message type")]:
        result = run(str(path), "--json")
        assert result.exit_code == 2
        assert said in json.loads(result.stdout)["error"]
        assert run(str(path)).exit_code == 2


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("00:00:00", 0),
        ("09:30:00", 34_200 * SECOND),
        ("23:59:59.999999999", 86_400 * SECOND - 1),
        ("00:00:01.5", 1_500_000_000),
    ],
)
def test_times_of_the_day_read_to_the_nanosecond(text, time):
    assert parse_time(text) == time


@pytest.mark.parametrize(
    "text", ["", "9:30:00", "09:30", "09:60:00", "09:30:00.", "09:30:00.1234567891", "-1:00:00"]
)
def test_other_texts_are_no_times(text):
    with pytest.raises(InvalidInput, match="--at"):
        parse_time(text)


def test_a_digest_is_added_when_asked_for(day):
    plain, summed = answer(day), answer(day, "--digest")
    assert "digest" not in plain
    assert len(summed.pop("digest")) == 64
    assert {**summed, "seconds": 0} == {**plain, "seconds": 0}


def test_every_change_of_a_best_price_is_a_line(day, tmp_path):
    path = tmp_path / "best.csv"
    answer(day, "--bbo", str(path))
    assert path.read_text().splitlines() == [
        "time_ns,symbol,bid,bid_shares,ask,ask_shares",
        f"{NOON},AAPL,100.01,100,,",
        f"{NOON + 1},AAPL,100.01,150,,",
        f"{NOON + 2},AAPL,100.01,150,100.025,10",
        f"{NOON + 3},PENNY,,,0.50,7",
        f"{NOON + SECOND},AAPL,100.01,50,100.025,10",
    ]
