"""Trades kept on the disk mend a tape with a small ring: it is as if it had had everything at hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.archive import todays_trades
from rushtrade.archive.todays_trades import VOIDS_AT_ONCE, TodaysTrades
from rushtrade.tape import reports
from rushtrade.tape.tape import Tape, TapeLimits

MIDNIGHT = 1_795_150_800_000_000_000
OPEN = MIDNIGHT + 34_200_000_000_000
MINUTE = 60_000_000_000
IDS = (7, 9)


def opened(kept):
    tape = Tape(IDS, TapeLimits(trades_kept=kept))
    tape.open_day(MIDNIGHT, (OPEN, OPEN + 390 * MINUTE))
    return tape


def trade(slot, minute, match, price, shares=100, venue=0):
    return reports.trade_row(
        slot, OPEN + minute * MINUTE + match, price, shares, venue=venue, match=match, letters="@"
    )


def both(tapes, row):
    for tape in tapes:
        tape.take(row.copy())


TRADES = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 3), st.integers(1, 9), st.integers(0, 1)),
    min_size=1,
    max_size=40,
)
VOIDS = st.lists(st.tuples(st.integers(0, 39), st.booleans(), st.integers(1, 9)), max_size=8)


@pytest.mark.parametrize("block", [3, 1 << 16])
@settings(max_examples=60, deadline=None)
@given(trades=TRADES, voids=VOIDS)
def test_a_mended_tape_is_the_tape_that_had_everything_at_hand(tmp_path_factory, block, trades, voids):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(todays_trades, "BLOCK", block)
        short, whole = opened(4), opened(1 << 10)
        kept = TodaysTrades(short, tmp_path_factory.mktemp("kept"))
        for match, (slot, minute, price, venue) in enumerate(trades, 1):
            both((short, whole), trade(slot, minute, match, price * 10_000, venue=venue))
            kept.follow()
        for place, corrects, price in voids:
            slot, _, _, venue = trades[place % len(trades)]
            match = place % len(trades) + 1
            if corrects:
                row = reports.correction_row(
                    slot, 0, price * 10_000, 100, venue=venue, match=match, letters="@", new_match=100 + place
                )
            else:
                row = reports.cancel_row(slot, 0, venue=venue, match=match)
            both((short, whole), row)
            while kept.mend().voids:
                pass
        for number in IDS:
            assert short.bars(number, 0) == whole.bars(number, 0)
            assert short.volume(number) == whole.volume(number)
        kept.close()


def test_a_burst_of_voids_is_mended_over_several_looks(tmp_path):
    short, whole = opened(4), opened(1 << 10)
    kept = TodaysTrades(short, tmp_path)
    count = 3 * VOIDS_AT_ONCE
    for match in range(1, count + 9):
        both((short, whole), trade(1, 0, match, 10_000 * match))
        kept.follow()
    for match in range(1, count + 1):
        both((short, whole), reports.cancel_row(1, 0, venue=0, match=match))
    done = [kept.mend().voids for _ in range(5)]
    assert sum(done) == count
    assert max(done) <= VOIDS_AT_ONCE
    assert short.bars(7, 0) == whole.bars(7, 0)


def test_a_disk_that_fails_costs_the_mending_and_nothing_else(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    tape = opened(4)
    kept = TodaysTrades(tape, tmp_path)
    monkeypatch.setattr(todays_trades.os, "pwrite", full)
    for match in range(1, 12):
        tape.take(trade(1, 0, match, 10_000))
        kept.follow()
    tape.take(reports.cancel_row(1, 0, venue=0, match=1))
    assert kept.mend().missing == 1
    assert list(tmp_path.iterdir()) == [], "the files have no name"
