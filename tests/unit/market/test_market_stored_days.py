"""A stored day gives back what was live: at any instant, and played again."""

from __future__ import annotations

from random import Random

import pytest

from rushtrade.archive.replay import Rebuilt, Restart, StoredReplay
from rushtrade.archive.stored_feed import write_itch
from rushtrade.books.mbo_books import MboBook
from rushtrade.domain.errors import InvalidInput
from rushtrade.market import ticks
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.wire.feed_packet import FeedPacket
from support.stored_days import DAY, SYMBOLS, face, hear_until, market, pieces_of, store_day

SECOND = 1_000_000_000


def say(data, said):
    for each in said:
        if isinstance(each, Restart):
            data.open_day(each.midnight_ns)
        elif isinstance(each, Rebuilt):
            assert data.rebuild(each.venue, each.sequence, each.payload)
        else:
            data.receive(each)


def run_to(replay, data, goal):
    now = 1
    while True:
        say(data, replay.advance(now))
        now += SECOND // 10
        if replay.position().time_ns >= goal:
            return


def test_a_moment_is_what_the_running_market_showed_then(tmp_path):
    pieces = pieces_of(1)
    store_day(tmp_path, pieces)
    chance = Random(4)
    first, last = pieces[0].time_ns, pieces[-1].time_ns
    with ticks.open_store(tmp_path) as store:
        for _ in range(6):
            instant = chance.randrange(first, last)
            data = market()
            hear_until(data, pieces, instant)
            for number, symbol in SYMBOLS.items():
                moment = store.at(instant, symbol, depth=100)
                quote, stored = data.nbbo(number), moment.nbbo
                assert (stored.bid, stored.bid_shares, stored.ask, stored.ask_shares, stored.state) == (
                    quote.bid,
                    quote.bid_shares,
                    quote.ask,
                    quote.ask_shares,
                    quote.state,
                )
                assert [row[1:] for row in moment.montage] == [row[1:] for row in data.montage(number, 100)]
                assert moment.last_price == quote.last * 100_000 == stored.last * 100_000


def test_a_live_day_shows_the_same_moment_as_the_sealed_one(tmp_path):
    pieces = pieces_of(2)
    store_day(tmp_path / "live", pieces, sealed=False)
    store_day(tmp_path / "sealed", pieces)
    instant = pieces[len(pieces) // 2].time_ns
    moments = []
    for name in ("live", "sealed"):
        with ticks.open_store(tmp_path / name) as store:
            moments.append([store.at(instant, symbol) for symbol in SYMBOLS.values()])
    assert moments[0] == moments[1]


def test_recorded_rows_make_the_books_by_the_plain_rules(tmp_path):
    pieces = pieces_of(3, venues=1)
    store_day(tmp_path, pieces, venues=1, sealed=False)
    rows = ColumnsReader(tmp_path / DAY.isoformat() / "live").records("mbo")
    books: dict[int, MboBook] = {}
    for row in rows:
        book = books.setdefault(int(row["instrument_id"]), MboBook())
        book.apply(row["action"], row["side"], int(row["order_id"]), int(row["price"]), int(row["size"]))
    data = market(1)
    hear_until(data, pieces, pieces[-1].time_ns)
    assert all(not any(book.anomalies.values()) for book in books.values())
    for number in SYMBOLS:
        for side, letter in ((0, "B"), (1, "A")):
            ours = [
                (level.price // 100_000, level.size, level.orders)
                for level in books[number].depth(letter, 1000)
            ]
            theirs = [(r.price, r.shares, r.orders) for r in data.montage(number, 100) if r.side == side]
            assert ours[:100] == theirs


@pytest.mark.parametrize("sealed", [True, False])
def test_a_replay_shows_at_any_moment_what_was_shown_then(tmp_path, sealed):
    pieces = pieces_of(5)
    store_day(tmp_path, pieces, sealed=sealed)
    replay, data = StoredReplay(tmp_path, DAY), market()
    chance = Random(9)
    first, last = replay.position().first_ns, replay.position().last_ns
    for _ in range(8):
        goal = chance.randrange(first, last)
        replay.seek(goal)
        run_to(replay, data, goal)
        told = market()
        hear_until(told, pieces, goal)
        assert face(data) == face(told)
        assert data.tape.volume(1) == told.tape.volume(1)
        assert replay.position().time_ns == goal
        assert replay.position().state == "paused"


def test_a_replay_from_checkpoints_shows_the_same_books(tmp_path, monkeypatch):
    monkeypatch.setattr("rushtrade.archive.stored_feed.CHECKPOINT_MESSAGES", 500)
    monkeypatch.setattr("rushtrade.archive.replay.REPLAY_MESSAGES", 100)
    monkeypatch.setattr("rushtrade.archive.stored_feed.take_checkpoints.__defaults__", (500,))
    pieces = pieces_of(6)
    store_day(tmp_path, pieces)
    replay, data = StoredReplay(tmp_path, DAY), market()
    first, last = replay.position().first_ns, replay.position().last_ns
    replay.seek(last)
    run_to(replay, data, last)
    for part in (9, 6, 3):
        goal = first + (last - first) * part // 10
        replay.seek(goal)
        said = replay.advance(1)
        assert isinstance(said[0], Restart)
        assert sum(isinstance(each, Rebuilt) for each in said) == 2
        say(data, said)
        run_to(replay, data, goal)
        told = market()
        hear_until(told, pieces, goal)
        assert face(data) == face(told)
        assert not replay.position().whole_tape


def test_a_step_says_so_many_messages_and_stands_still(tmp_path):
    pieces = pieces_of(7, venues=1, messages=300)
    store_day(tmp_path, pieces, venues=1)
    replay = StoredReplay(tmp_path, DAY)
    replay.step(3)
    said = [each for each in replay.advance(1) if isinstance(each, FeedPacket)]
    assert sum(each.count for each in said) == 3
    assert replay.position().messages == 3
    assert replay.advance(2 * SECOND) == []
    replay.step()
    (fourth,) = replay.advance(3 * SECOND)
    assert (fourth.sequence, fourth.count) == (4, 1)


def test_speed_is_a_multiple_of_the_days_own_pace(tmp_path):
    pieces = pieces_of(8, venues=1)
    store_day(tmp_path, pieces, venues=1)
    replay = StoredReplay(tmp_path, DAY, speed=2.0)
    first = replay.position().first_ns
    replay.play()
    replay.advance(SECOND)
    replay.advance(SECOND + SECOND // 2)
    assert replay.position().time_ns == first + SECOND
    replay.pause()
    replay.advance(100 * SECOND)
    assert replay.position().time_ns == first + SECOND
    replay.play(speed=0)
    now = 200 * SECOND
    while replay.position().state != "ended":
        now += 1
        replay.advance(now)
    assert replay.position().messages == sum(piece.packet.count for piece in pieces)


def test_a_seek_outside_of_the_day_and_a_wild_speed_are_refused(tmp_path):
    store_day(tmp_path, pieces_of(9, venues=1, messages=50), venues=1)
    replay = StoredReplay(tmp_path, DAY)
    with pytest.raises(InvalidInput, match="is not within this replay"):
        replay.seek(5)
    with pytest.raises(InvalidInput, match="speed -1"):
        replay.play(speed=-1)
    with pytest.raises(InvalidInput, match="can be stepped"):
        replay.step(0)


def test_messages_come_out_as_they_went_in(tmp_path):
    pieces = pieces_of(10, venues=1)
    store_day(tmp_path, pieces, venues=1)
    out = tmp_path / "day.itch"
    written = write_itch(tmp_path, DAY, out, [], (None, None), "")
    assert out.read_bytes() == b"".join(piece.packet.payload for piece in pieces)
    assert written == sum(piece.packet.count for piece in pieces)
