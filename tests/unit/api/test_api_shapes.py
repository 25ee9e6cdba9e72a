"""Ids read back, averages are exact, prints find their place, tokens come back with time."""

import asyncio
import json
import uuid
from fractions import Fraction

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_house import AAPL, MSFT, PINK, standing_house
from rushtrade.api.access import BUCKETS_MAX, FrontDesk, RateLimit
from rushtrade.api.credentials import CredentialFile, check_password, check_secret, hash_password
from rushtrade.api.entities import Kind, public_id, read_id
from rushtrade.api.shapes import ratio_text
from rushtrade.domain.errors import InvalidInput
from rushtrade.serving.items import array_of
from rushtrade.workstation.board import PRINTS_KEPT, Board, Watched, prints_after, quotes_frame


@given(st.sampled_from(Kind), st.integers(0, 2**62 - 1))
def test_a_public_id_is_a_version_4_uuid_that_reads_back(kind, number):
    text = public_id(kind, number)
    assert uuid.UUID(text).version == 4
    assert uuid.UUID(text).variant == uuid.RFC_4122
    assert read_id(kind, text) == number
    assert read_id(kind, text.upper()) == number
    assert all(read_id(other, text) is None for other in Kind if other is not kind)


@given(st.uuids(version=4))
def test_a_strangers_uuid_names_nothing(stranger):
    assert read_id(Kind.ORDER, str(stranger)) is None


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**12), st.integers(0, 12))
def test_a_ratio_is_written_to_the_nearest_digit(numerator, denominator, digits):
    text = ratio_text(numerator, denominator, digits)
    error = abs(Fraction(text) - Fraction(numerator, denominator))
    assert error <= Fraction(1, 2 * 10**digits)
    assert text != "-0"
    assert not text.endswith(".")


class Hands:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_bucket_gives_its_burst_and_then_its_rate():
    clock = Hands()
    limit = RateLimit(10, 3, clock)
    assert [limit.take("a") for _ in range(4)] == [True, True, True, False]
    assert limit.take("b")
    assert limit.wait("a") == pytest.approx(0.1)
    clock.now = 0.25
    assert [limit.take("a") for _ in range(3)] == [True, True, False]
    clock.now = 100.0
    assert limit.take("a")
    assert limit.left("a") == 2
    assert limit.full_in("a") == pytest.approx(0.1)


def test_the_table_of_buckets_is_bounded():
    limit = RateLimit(1, 1, Hands())
    for number in range(BUCKETS_MAX + 10):
        limit.take(str(number))
    assert len(limit._buckets) == BUCKETS_MAX


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 600))
def test_a_slow_reader_is_told_how_many_prints_it_missed(total, seen, limit):
    watched = Watched(0)
    for number in range(1, total + 1):
        watched.prints.append((number, b"%d" % number))
    seen = min(seen, total)
    skipped, found, last = prints_after(watched, seen, limit)
    kept = range(max(total - PRINTS_KEPT, 0) + 1, total + 1)
    expected = [number for number in kept if number > seen][:limit]
    assert [int(row) for row in found] == expected
    assert skipped == (max(kept.start - seen - 1, 0) if expected else 0)
    assert last == (expected[-1] if expected else seen)


def test_the_board_builds_the_day_so_far_and_keeps_it_up():
    house = standing_house()
    for shares in (100, 200):
        reference = house.feed.order(0, AAPL, "B", 1_872_500, 200)
        house.feed.execute(0, AAPL, reference, shares)
    board = Board(FrontDesk(house.ports()), set)
    house.feed.subscribe(board.mark)
    watched = board.watch(AAPL)
    assert (watched.prints_today, watched.volume, watched.number) == (2, 300, 2)
    reference = house.feed.order(0, AAPL, "S", 1_872_510, 100)
    house.feed.execute(0, AAPL, reference, 100)
    reference = house.feed.order(0, AAPL, "S", 1_872_530, 5)
    house.feed.execute(0, AAPL, reference, 5)
    assert board.refresh() == [AAPL]
    assert board.refresh() == []
    assert board.watch(AAPL) is watched
    assert watched.prints_today == 4
    assert watched.volume == house.market.volume(AAPL) == 405
    assert watched.high == 1_872_510, "an odd lot counts as volume and moves no price"
    assert len(watched.row) == 104
    frame = quotes_frame([watched.row], 2**32 + 7, 5)
    assert len(frame) == 16 + 104
    assert frame[:8] == bytes([1, 1, 1, 0, 7, 0, 0, 0])


def test_credentials_survive_and_give_nothing_away(tmp_path):
    path = tmp_path / "credentials.json"
    keys = CredentialFile(path)
    key_id, secret = keys.new_key(7)
    keys.put_user("demo", "Demo", "correct horse", [7])
    written = path.read_text()
    assert secret not in written
    assert "correct horse" not in written
    assert path.stat().st_mode & 0o077 == 0
    again = CredentialFile(path)
    assert check_secret(again.key(key_id), secret)
    assert not check_secret(again.key(key_id), secret[:-1] + "!")
    assert not check_secret(again.key("nobody"), secret)
    assert again.user("demo").account_ids == (7,)


async def _passwords():
    house = standing_house()
    house.keys.add_user("demo", hash_password("correct horse"))
    user = house.keys.user("demo")
    return [
        await check_password(user, "correct horse"),
        await check_password(user, "wrong horse"),
        await check_password(None, "correct horse"),
        await check_password(user, "x" * 1000),
    ]


def test_a_password_is_the_users_or_not():
    assert asyncio.run(_passwords()) == [True, False, False, False]


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_a_password_of_no_use_is_refused(password):
    with pytest.raises(InvalidInput, match="8 to 256"):
        hash_password(password)


@given(st.lists(st.integers(0, 127), max_size=70))
def test_encoded_items_join_into_one_array(numbers):
    packed = array_of([msgpack.packb(number) for number in numbers], packed=True)
    assert msgpack.unpackb(packed) == numbers
    assert json.loads(array_of([str(number).encode() for number in numbers], packed=False)) == numbers


def test_the_board_lets_go_of_what_nobody_looks_at(monkeypatch):
    monkeypatch.setattr("rushtrade.workstation.board.WATCHED_MAX", 2)
    board = Board(FrontDesk(standing_house().ports()), lambda: {MSFT})
    kept = board.watch(MSFT)
    board.watch(AAPL)
    board.watch(PINK)
    board.mark([AAPL, MSFT, PINK])
    assert board.refresh() == [MSFT, PINK]
    assert board.watch(MSFT) is kept
