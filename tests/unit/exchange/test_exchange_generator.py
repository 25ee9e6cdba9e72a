"""The generated flow is the same for the same seed, sound as a market, and never absurd."""

from collections import Counter
from datetime import date

import numpy as np
import pytest
from exchange_feed_lines import feed_lines

from rushtrade.domain.errors import InvalidInput
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.generator import OPENING, GeneratedFlow
from rushtrade.marketplace.market import Market
from rushtrade.rules.world import World
from rushtrade.rules.world_file import load_world

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("us-2026")


def replayed(lines):
    """Books of a stream by (stock, side, reference), with every add and execution checked on the way."""
    books, best, counts = {}, {}, Counter()
    for letter, locate, _, *fields in lines:
        counts[letter] += 1
        if letter in "AF":
            reference, side, shares, price = fields[:4]
            books[reference] = [locate, side, shares, price]
        elif letter == "U":
            reference, new, shares, price = fields
            books[new] = [locate, books.pop(reference)[1], shares, price]
        elif letter in "EX":
            order = books[fields[0]]
            assert order[0] == locate
            assert 0 < fields[1] <= order[2]
            order[2] -= fields[1]
            if not order[2]:
                assert letter == "E", "a cancel leaves something, else it is a delete"
                del books[fields[0]]
        elif letter == "D":
            del books[fields[0]]
    return books, best, counts


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(world):
    first, again, other = (GeneratedFlow(world.symbols, seed) for seed in (7, 7, 8))
    pieces = [first.read() for _ in range(5)]
    assert pieces == [again.read() for _ in range(5)]
    assert pieces[0] != other.read()
    assert "simulated" in first.label
    assert first.simulated


def test_a_flow_with_an_end_stops_there_and_stays_stopped(world):
    flow = GeneratedFlow(world.symbols, 1, last_time=OPENING + 20 * SECOND)
    payload = b""
    while piece := flow.read():
        payload += piece
    lines = feed_lines(payload)
    times = [line[2] for line in lines]
    assert times == sorted(times)
    assert times[0] == OPENING
    assert OPENING + 19 * SECOND < times[-1] <= OPENING + 20 * SECOND
    assert flow.read() == b""


def test_orders_are_known_before_anything_happens_to_them_and_the_mix_is_that_of_a_real_day(world):
    flow = GeneratedFlow(world.symbols, 2004)
    lines = feed_lines(b"".join(flow.read() for _ in range(60)))
    _, _, counts = replayed(lines)
    share = {letter: 100 * count / len(lines) for letter, count in counts.items()}
    assert len(lines) > 100_000
    assert 40 < share["A"] < 50
    assert 37 < share["D"] < 46
    assert 6 < share["U"] < 10
    assert 1.5 < share["E"] < 6
    assert set(share) == set("AFEXDUP")


def test_activity_falls_by_rank(world):
    flow = GeneratedFlow(world.symbols, 5)
    counts = Counter(line[1] for line in feed_lines(b"".join(flow.read() for _ in range(60))))
    assert counts[1] > counts[2] > counts[4] > counts[8]
    assert 4 < counts[1] / counts[8] < 14


@pytest.mark.parametrize("seed", [1, 99])
def test_books_over_all_venues_stay_two_sided_uncrossed_and_near_the_start_price(world, seed):
    flow = Flow(GeneratedFlow(world.symbols, seed), 0)
    market = Market(world, flow.symbols, flow)
    market.open()
    books = {}
    for step in range(1, 31):
        market.advance(OPENING + step * 20 * SECOND)
        for packet in market.collect().packets:
            apply(books, packet)
        for locate, symbol in enumerate(world.symbols, start=1):
            bids = [
                price for (_, _), (stock, side, _, price) in books.items() if (stock, side) == (locate, "B")
            ]
            asks = [
                price for (_, _), (stock, side, _, price) in books.items() if (stock, side) == (locate, "S")
            ]
            assert len(bids) > 5
            assert len(asks) > 5
            assert max(bids) < min(asks)
            assert min(asks) - max(bids) <= 50 * 100
            assert 0.7 * symbol.price < max(bids) < 1.3 * symbol.price
    assert flow.counts["unknown_references"] == 0
    assert flow.counts["not_carried"] == 0


def apply(books, packet):
    for line in feed_lines(packet.payload):
        if not isinstance(line, tuple):
            continue
        letter, locate, _, reference, *fields = line
        key = (packet.venue, reference)
        if letter in "AF":
            books[key] = [locate, fields[0], fields[1], fields[2]]
        elif letter in "EX":
            books[key][2] -= fields[0]
            if not books[key][2]:
                del books[key]
        elif letter == "D":
            del books[key]
        elif letter == "U":
            books[packet.venue, fields[0]] = [locate, books.pop(key)[1], fields[1], fields[2]]


def test_prices_stay_sound_over_a_whole_week_of_trading_hours(world):
    flow = GeneratedFlow(world.symbols, 3, messages_per_second=5)
    prices = {number: [] for number in range(1, 9)}
    for _ in range(400):
        piece = flow.read()
        for line in feed_lines(piece)[::50]:
            if line[0] == "A":
                prices[line[1]].append(line[6])
    assert flow._header[1] > OPENING + 32 * 3600 * SECOND
    for number, symbol in enumerate(world.symbols, start=1):
        middle = np.median(prices[number])
        assert 0.7 * symbol.price < middle < 1.3 * symbol.price
        assert min(prices[number]) > 0.6 * symbol.price
        assert max(prices[number]) < 1.4 * symbol.price


def test_settings_that_make_no_market_are_refused_by_name(world):
    with pytest.raises(InvalidInput, match="1 to 256 stocks"):
        GeneratedFlow([], 1)
    with pytest.raises(InvalidInput, match="begins before it ends"):
        GeneratedFlow(world.symbols, 1, last_time=OPENING)
    with pytest.raises(InvalidInput, match="messages per second"):
        GeneratedFlow(world.symbols, 1, messages_per_second=0)


def test_the_world_of_the_flow_covers_its_dates(world):
    assert world.covers(date(2026, 11, 20))
