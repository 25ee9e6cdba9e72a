"""Voids and corrections beyond the ring, mended from an archive, are as if the trades had been at hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.tape import reports
from rushtrade.tape.mending import Mending
from rushtrade.tape.tape import Tape, TapeLimits
from rushtrade.tape.tape_layout import TRADE

MIDNIGHT = 1_795_150_800_000_000_000
OPEN = MIDNIGHT + 34_200_000_000_000
MINUTE = 60_000_000_000


class Kept:
    """An archive that keeps every trade as it was filed."""

    def __init__(self, tape):
        self.tape = tape
        self.rows = np.zeros(0, TRADE)

    def follow(self):
        fresh, _ = self.tape.since(len(self.rows), 1_000)
        self.rows = np.concatenate([self.rows, fresh])

    def find(self, instrument_id, venue, match):
        rows = self.rows[(self.rows["venue"] == venue) & (self.rows["match"] == match)]
        return rows[-1:]

    def between(self, instrument_id, start_ns, end_ns):
        return self.rows[(self.rows["time"] >= start_ns) & (self.rows["time"] < end_ns)]


def opened(kept):
    tape = Tape([7], TapeLimits(trades_kept=kept))
    tape.open_day(MIDNIGHT, (OPEN, OPEN + 390 * MINUTE))
    return tape


TRADES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(1, 9),
        st.integers(1, 5),
        st.sampled_from(["@", "@", "@I", "@T", "@6X"]),
    ),
    min_size=1,
    max_size=30,
)
VOIDS = st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.integers(1, 9)), max_size=6)


@settings(max_examples=100, deadline=None)
@given(trades=TRADES, voids=VOIDS)
def test_a_mended_tape_is_the_tape_that_had_everything_at_hand(trades, voids):
    short, whole = opened(4), opened(1 << 10)
    archive = Kept(short)
    mending = Mending(short, archive)
    match = 0
    for minute, price, lots, letters in trades:
        match += 1
        row = reports.trade_row(
            1,
            OPEN + minute * MINUTE + match,
            price * 10_000,
            lots * 100,
            venue=0,
            match=match,
            letters=letters,
        )
        short.take(row.copy())
        whole.take(row)
        archive.follow()
    for number, corrects, price in voids:
        match += 1
        if corrects:
            row = reports.correction_row(
                1, 0, price * 10_000, 100, venue=0, match=number, letters="@", new_match=100 + match
            )
        else:
            row = reports.cancel_row(1, 0, venue=0, match=number)
        short.take(row.copy())
        whole.take(row)
        mending.mend()
        archive.follow()
    assert short.bars(7, 0) == whole.bars(7, 0)
    fields = ("open", "high", "low", "close", "volume", "trades", "money", "priced", "last")
    assert [getattr(short.day(7), name) for name in fields] == [
        getattr(whole.day(7), name) for name in fields
    ]
    told = [
        (int(row["original"]["match"]), int(row["original"]["broken"]), int(row["replacement"]["match"]))
        for row in short.void_news.after(0, 99)
    ]
    assert told == [
        (int(row["original"]["match"]), int(row["original"]["broken"]), int(row["replacement"]["match"]))
        for row in whole.void_news.after(0, 99)
    ]
    assert mending.mend().voids == 0


def test_what_the_archive_does_not_have_is_missing_once():
    tape = opened(4)
    mending = Mending(tape, Kept(tape))
    tape.take(reports.cancel_row(1, 0, venue=0, match=99))
    assert mending.mend().missing == 1
    assert mending.mend().missing == 0
