"""`rushtrade day` over files that are short, strange, damaged or not there: a sentence or a sound day, never a traceback."""

from __future__ import annotations

import gzip
import json
import random

import pytest
from typer.testing import CliRunner

from rushtrade.cli.main import command_line
from rushtrade.wire import itch50
from rushtrade.wire.framing import frame_all
from support.itch_pieces import OPEN, SECOND, first_seconds, generated, messages, unpacked

HOUR = "itch/AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz"
DATE = "2026-11-20"
CUTS = 24
FLIPS = 24


def run(file, *options):
    return CliRunner().invoke(
        command_line(["day"]),
        ["day", "--market", str(file), "--date", DATE, "--accounts", "3", "--json", *map(str, options)],
    )


def told(done):
    """The one JSON object of a run that ended in order."""
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    answer = json.loads(done.stdout)
    if done.exit_code == 0:
        assert answer["balanced"] is True
        assert answer["anomalies"] == 0
    else:
        assert done.exit_code == 2
        assert answer.keys() == {"error"}
    return answer


def refusal(file, *options):
    done = run(file, *options)
    assert done.exit_code == 2, done.output
    return told(done)["error"]


@pytest.fixture(scope="module")
def flow():
    """Some seconds of a generated flow of two stocks."""
    return generated(stocks=2, seconds=20, seed=5)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "market.itch"


def put(file, stream):
    file.write_bytes(stream)
    return file


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"", "holds no message"),
        (b"\0\0", "holds no message"),
        (gzip.compress(b"", mtime=0), "holds no message"),
        (b"\x1f\x8b", "compressed data are damaged or cut off"),
        (b"\x1f\x8b\x08\0garbage all along", "compressed data are damaged or cut off"),
        (b"time,type,order,price\n34200.1,1,1,5853300\n", "which is not ITCH 5.0"),
        (b"\xff" * 5_000, "which is not ITCH 5.0"),
        (frame_all([itch50.encode(itch50.SystemEvent(0, 0, OPEN, "O"))]), "names no stock"),
        (
            frame_all([itch50.encode(itch50.SystemEvent(0, 0, OPEN, "O"))]) + b"\0\x0cS",
            "ends inside a message",
        ),
    ],
)
def test_what_is_no_market_is_refused_with_the_reason(file, stream, words):
    assert words in refusal(put(file, stream))


def test_a_file_that_is_not_there_or_no_file(file, tmp_path):
    assert "No such file" in refusal(file)
    assert "Is a directory" in refusal(tmp_path)
    unspeakable = tmp_path / "\udcff\udcfe"
    assert "No such file" in refusal(unspeakable)


def test_nothing_is_left_behind_by_a_refusal(file, tmp_path):
    out = tmp_path / "house"
    refusal(put(file, b"no market"), "--out", out)
    refusal(put(file, generated(1, 1)), "--out", out, "--date", "2026-11-21")
    assert not out.exists()


def test_a_market_of_two_stocks_balances_in_both(file, flow):
    answer = told(run(put(file, flow), "--accounts", "30"))
    assert answer["trial_balance"].keys() == {"USD", "SPY", "NVDA"}
    assert answer["fills"] > 0


@pytest.mark.parametrize("kept", [1, 2, 3, 40])
def test_a_market_that_is_over_at_once_closes_in_order(file, flow, kept):
    found = messages(flow)
    answer = told(run(put(file, b"".join(found[:kept]))))
    assert answer["messages"] == kept
    assert answer["fills"] == 0


def test_times_after_the_day_are_refused(file, flow):
    found = messages(flow)
    late = bytearray(found[-1])
    late[7:13] = (25 * 3600 * SECOND).to_bytes(6, "big")
    assert "24 hours" in refusal(put(file, b"".join([*found[:-1], bytes(late)])))


def test_a_file_cut_anywhere_is_refused_or_a_shorter_day(file, flow):
    dice = random.Random(20)
    ends = [0]
    for message in messages(flow):
        ends.append(ends[-1] + len(message))
    for cut in (*dice.sample(range(len(flow)), CUTS), *dice.sample(ends[200:], 4)):
        done = run(put(file, flow[:cut]), "--accounts", "1")
        answer = told(done)
        assert ("error" in answer) == (cut not in ends or cut < ends[1]), (cut, answer)


def test_a_gzip_file_cut_anywhere_is_refused(file, flow):
    packed = gzip.compress(flow)
    for cut in random.Random(21).sample(range(1, len(packed)), CUTS):
        assert refusal(put(file, packed[:cut]))


def test_a_file_with_a_flipped_byte_is_refused_or_a_sound_day(file, flow):
    dice = random.Random(22)
    ran = 0
    for _ in range(FLIPS):
        stream = bytearray(flow)
        stream[dice.randrange(len(stream))] ^= 1 << dice.randrange(8)
        ran += "error" not in told(run(put(file, bytes(stream)), "--accounts", "1"))
    assert 0 < ran < FLIPS, "some flips hurt and some do not"


def test_a_packed_file_with_a_flipped_byte_is_refused(file, flow):
    dice = random.Random(23)
    packed = gzip.compress(flow, mtime=0)
    for _ in range(FLIPS):
        stream = bytearray(packed)
        stream[dice.randrange(20, len(stream))] ^= 1 << dice.randrange(8)
        assert refusal(put(file, bytes(stream)))


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2026-11-21", "not a trading day of XNYS; the ones around it are 2026-11-20 and 2026-11-23"),
        ("2026-11-26", "not a trading day"),
        ("2012-06-21", "world us-2026 does not cover 2012-06-21"),
        ("2028-01-03", "world us-2026 does not cover 2028-01-03"),
        ("2035-03-01", "dates covered"),
        ("0001-01-01", "dates covered"),
        ("9999-12-31", "dates covered"),
        ("2026-13-01", "not a calendar date"),
        ("20.11.2026", "not a calendar date"),
    ],
)
def test_a_date_without_a_market_is_refused_with_those_around_it(file, date, words):
    assert words in refusal(put(file, generated(1, 1)), "--date", date)


def test_a_date_to_come_has_its_rules_already(file):
    answer = told(run(put(file, generated(1, 2)), "--date", "2027-01-04"))
    assert answer["trade_date"] == "2027-01-04"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no world"),
        (b"", "missing"),
        (b"\xff\xfe\0", "is not TOML"),
        (b"[[venues]]\n", "missing"),
    ],
)
def test_a_world_that_is_none_is_refused(file, tmp_path, content, words):
    world = "atlantis"
    if content is not None:
        world = tmp_path / "world.toml"
        world.write_bytes(content)
    assert words in refusal(put(file, generated(1, 1)), "--world", world)


@pytest.mark.parametrize("place", ["/etc/passwd", "/proc/1/nowhere/house"])
def test_a_place_where_no_house_can_live_is_named(file, place):
    assert place.rpartition("/")[0] in refusal(put(file, generated(1, 1)), "--out", place)


@pytest.mark.market_data
def test_the_first_minute_of_the_recorded_hour_is_a_day_too(file, shared_data):
    stream = first_seconds(unpacked(shared_data / HOUR), 60)
    answer = told(run(put(file, stream)))
    assert answer["messages"] == len(messages(stream))
