"""Bars, the day and the last sale after any trades, cancels and corrections, against a plain recomputation."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput
from rushtrade.rules.sale_conditions import conditions_on
from rushtrade.tape import news, reports
from rushtrade.tape.lists_kernel import first_by
from rushtrade.tape.tape import Tape, TapeLimits, load_kernels
from rushtrade.tape.tape_kernel import tell_bars, trades_after
from support.slow_tape import TODAY, SlowTape

MIDNIGHT = 1_795_150_800_000_000_000
OPEN, CLOSE = MIDNIGHT + 34_200_000_000_000, MIDNIGHT + 57_600_000_000_000
MINUTE = 60_000_000_000
LETTERS = {
    plan: [*(f"@{letter}" for letter in rows), "@", "@", "@", "@", "@FI", "@TI", "@6X", "@4Z"]
    for plan, rows in conditions_on(TODAY).items()
}
TIMES = st.sampled_from([OPEN - MINUTE, OPEN, OPEN + 1, OPEN + MINUTE, CLOSE - 1, CLOSE, CLOSE + 11 * MINUTE])


def steps(plan):
    trade = st.tuples(
        st.just("trade"),
        TIMES,
        st.integers(0, 3),
        st.integers(1, 9),
        st.integers(1, 5),
        st.integers(0, 2),
        st.sampled_from(LETTERS[plan]),
    )
    cancel = st.tuples(st.just("cancel"), st.integers(1, 40), st.integers(0, 2))
    correct = st.tuples(
        st.just("correct"),
        st.integers(1, 40),
        st.integers(0, 2),
        st.integers(1, 9),
        st.integers(1, 5),
        st.sampled_from(LETTERS[plan]),
    )
    return st.lists(st.one_of(trade, trade, trade, cancel, correct), max_size=40)


def play(tape, slow, step, match):
    kind, *rest = step
    if kind == "trade":
        time, nudge, price, lots, venue, letters = rest
        time += nudge
        shares, price = lots * 100, price * 1_000
        tape.take(reports.trade_row(1, time, price, shares, venue=venue, match=match, letters=letters))
        slow.add(time, price, shares, venue, match, letters)
    elif kind == "cancel":
        number, venue = rest
        tape.take(reports.cancel_row(1, 0, venue=venue, match=number))
        slow.void(venue, number)
    else:
        number, venue, price, lots, letters = rest
        row = reports.correction_row(
            1, 0, price * 1_000, lots * 100, venue=venue, match=number, letters=letters, new_match=match
        )
        tape.take(row)
        slow.correct(venue, number, price * 1_000, lots * 100, letters, match)


def day_of(tape, instrument_id=7):
    day = tape.day(instrument_id)
    return day.open, day.high, day.low, day.close, day.volume, day.trades, day.money, day.priced


def day_of_slow(slow):
    day = slow.day()
    return day.open, day.high, day.low, day.close, day.volume, day.trades, day.money, day.priced


@settings(max_examples=150, deadline=None)
@given(data=st.data(), listed=st.sampled_from("ABC"), hours=st.booleans())
def test_bars_after_any_trades_cancels_and_corrections_are_those_of_the_trades_that_stand(
    data, listed, hours
):
    plan = "UTP" if listed == "C" else "CTA"
    regular = (OPEN, CLOSE) if hours else None
    tape = Tape([7])
    tape.open_day(MIDNIGHT, regular)
    tape.list_on(7, listed)
    slow = SlowTape(MIDNIGHT, regular, listed)
    for match, step in enumerate(data.draw(steps(plan)), start=1):
        play(tape, slow, step, match)
        assert day_of(tape) == day_of_slow(slow)
        last = slow.last()
        assert tape.day(7).last == (last.price if last else 0)
    assert tape.bars(7, 0) == slow.bars()
    assert [trade.broken for trade in tape.trades(7, 0, 99)] == [not one.standing for one in slow.trades]
    assert [trade.conditions for trade in tape.trades(7, 0, 99)] == [one.letters for one in slow.trades]
    assert tape.unmatched() == slow.unmatched


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_news_of_bars_says_at_any_time_what_the_bars_are(data):
    """A reader that keeps the latest news by minute has the tape's bars, whenever it was told."""
    tape, slow = Tape([7]), SlowTape(MIDNIGHT, (OPEN, CLOSE), "A")
    tape.open_day(MIDNIGHT, (OPEN, CLOSE))
    tape.list_on(7, "A")
    kept, told, read = {}, set(), 0
    for match, step in enumerate(data.draw(steps("CTA")), start=1):
        play(tape, slow, step, match)
        if data.draw(st.booleans()):
            tape.tell(data.draw(st.sampled_from([OPEN, OPEN + MINUTE, CLOSE + 60 * MINUTE])))
    tape.tell(CLOSE + 61 * MINUTE)
    for row in tape.bar_news.after(read, 10_000):
        if row["kind"] == news.DAILY:
            daily = row
            continue
        assert (row["kind"] == news.UPDATED) == (row["start"] in told)
        told.add(row["start"])
        kept[int(row["start"])] = tuple(row[list(news.BAR_NEWS.names[3:11])].tolist())
    expected = {
        bar.start_ns: (
            bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades, bar.money // 100, bar.priced
        )
        for bar in tape.bars(7, 0)
    }  # fmt: skip
    assert {start: values for start, values in kept.items() if values[-1]} == expected
    if tape.day(7).priced:
        assert (daily["open"], daily["close"], daily["volume"]) == (
            tape.day(7).open,
            tape.day(7).close,
            tape.day(7).volume,
        )


def report(tape, time, price, shares=100, letters="@", match=1, slot=1):
    tape.take(reports.trade_row(slot, time, price, shares, venue=0, match=match, letters=letters))


@pytest.fixture
def tape():
    tape = Tape([7, 9], TapeLimits(trades_kept=8, days_of_bars=3))
    tape.open_day(MIDNIGHT, (OPEN, CLOSE))
    return tape


def test_a_void_trade_beyond_the_ring_takes_its_volume_away_and_the_bar_says_its_prices_are_not_sure(tape):
    for match in range(1, 13):
        report(tape, OPEN + match, 10_000 * match, match=match)
    tape.take(reports.cancel_row(1, 0, venue=0, match=8))
    (bar,) = tape.bars(7, 0)
    assert (bar.volume, bar.trades, bar.high, bar.partial) == (1_100, 11, 120_000, True)
    tape.take(reports.cancel_row(1, 0, venue=0, match=2))
    assert tape.unmatched() == 1
    assert tape.bars(7, 0)[0].volume == 1_100


def test_cancels_and_corrections_are_news_with_the_trade_as_it_was_and_what_replaced_it(tape):
    report(tape, OPEN + 1, 100_000, match=1)
    report(tape, OPEN + 2, 999_000, match=2)
    tape.take(reports.cancel_row(1, 0, venue=0, match=1))
    tape.take(reports.correction_row(1, 0, 99_900, 300, venue=0, match=2, letters="@F", new_match=3))
    first, second = tape.void_news.after(0, 10)
    assert (first["original"]["match"], first["original"]["broken"], first["replacement"]["number"]) == (
        1,
        1,
        0,
    )
    assert (second["original"]["price"], second["original"]["broken"]) == (999_000, 2)
    assert (second["replacement"]["price"], second["replacement"]["match"]) == (99_900, 3)
    trade = tape.last_trade(7)
    assert (trade.original, trade.time_ns, trade.conditions, trade.number) == (2, OPEN + 2, "@F", 3)
    assert (tape.day(7).high, tape.day(7).volume) == (99_900, 300)
    assert [trade.replaced for trade in tape.trades(7, 0, 9)] == [False, True, False]


def test_a_bar_is_told_once_when_its_minute_is_over_and_again_when_a_late_trade_changes_it(tape):
    report(tape, OPEN + 1, 100_000, match=1)
    tape.tell(OPEN + MINUTE - 1)
    assert [chr(row["kind"]) for row in tape.bar_news.after(0, 9)] == ["d"]
    tape.tell(OPEN + MINUTE)
    tape.tell(OPEN + MINUTE)
    report(tape, OPEN + 2, 101_000, match=2)
    tape.tell(OPEN + MINUTE + 1)
    kinds = [(chr(row["kind"]), row["instrument"], row["high"]) for row in tape.bar_news.after(1, 9)]
    assert kinds == [("b", 7, 100_000), ("u", 7, 101_000)]


def test_news_of_many_instruments_comes_by_minute_and_instrument(tape):
    report(tape, OPEN + MINUTE, 5_000, slot=2)
    report(tape, OPEN, 5_000, slot=2)
    report(tape, OPEN, 6_000, slot=1)
    tape.tell(OPEN + 5 * MINUTE)
    rows = tape.bar_news.after(0, 99)
    minutes = [(row["start"] - OPEN, row["instrument"]) for row in rows if row["kind"] == news.CLOSED]
    assert minutes == [(0, 7), (0, 9), (MINUTE, 9)]


def test_a_ring_of_news_says_what_it_no_longer_has():
    ring = news.NewsRing(np.dtype([("value", "<i8")]), 4)
    for value in range(6):
        ring.append(np.array([(value,)], ring.rows.dtype))
    assert (ring.newest, ring.oldest) == (6, 3)
    assert ring.after(0, 9)["value"].tolist() == [2, 3, 4, 5]
    assert ring.after(4, 1)["value"].tolist() == [4]
    ring.append(np.array([(value,) for value in range(9)], ring.rows.dtype))
    assert ring.after(0, 9)["value"].tolist() == [5, 6, 7, 8]


OFFICIAL = """
what comes                                 open    close
@ 10, @6 12                                -       12
@O 11, @6 12, @M 13                        11      13
@O 11, @Q 10, @6 12                        10      12
@Q 10, @O 11, @M 13, @M 14                 10      14
@6 12, @6 13                               -       13
@M 13, @9 15, @M 14                        -       15
@O 11, @O 12                               11      -
"""


@pytest.mark.parametrize("line", OFFICIAL.strip().splitlines()[1:])
def test_the_official_open_and_close_are_those_of_the_best_print_that_told_them(tape, line):
    comes, opened, closed = line[:43].strip(), *line[43:].split()
    for match, part in enumerate(comes.split(", "), start=1):
        letters, price = part.split()
        report(tape, OPEN + match, int(price) * 10_000, letters=letters, match=match)
    day = tape.day(7)
    assert (day.official_open, day.official_close) == tuple(
        0 if text == "-" else int(text) * 10_000 for text in (opened, closed)
    )


def test_a_void_closing_print_gives_the_official_close_back_to_the_one_before(tape):
    for match, (letters, price) in enumerate([("@O", 9), ("@6", 12), ("@M", 13), ("@O", 8)], start=1):
        report(tape, OPEN + match, price * 10_000, letters=letters, match=match)
    tape.take(reports.cancel_row(1, 0, venue=0, match=3))
    assert (tape.day(7).official_open, tape.day(7).official_close) == (90_000, 120_000)
    tape.take(reports.cancel_row(1, 0, venue=0, match=1))
    assert tape.day(7).official_open == 80_000


def test_the_next_day_begins_with_the_official_close_as_the_previous_one(tape):
    report(tape, OPEN, 100_000, match=1)
    report(tape, OPEN + 5, 110_000, letters="@6", match=2)
    report(tape, OPEN + 6, 111_000, match=3)
    report(tape, OPEN, 50_000, match=4, slot=2)
    tape.open_day(MIDNIGHT + 1_440 * MINUTE, None)
    day = tape.day(7)
    assert (day.previous_close, day.last, day.close, day.volume, day.change) == (
        110_000,
        111_000,
        0,
        0,
        1_000,
    )
    assert tape.day(9).previous_close == 50_000
    tape.open_day(MIDNIGHT + 2_880 * MINUTE, None)
    assert tape.day(7).previous_close == 110_000
    assert [bar.volume for bar in tape.bars(7, 0)] == [300]


def test_an_unknown_instrument_is_a_key_error(tape):
    with pytest.raises(KeyError):
        tape.day(8)


def test_every_kernel_is_ready_before_the_first_trade():
    load_kernels()
    assert tell_bars.signatures
    assert first_by.signatures
    assert trades_after.signatures


def test_the_tape_gives_equal_answers_for_equal_rows(tape):
    other = Tape([7, 9], TapeLimits(trades_kept=8, days_of_bars=3))
    other.open_day(MIDNIGHT, (OPEN, CLOSE))
    for one in (tape, other):
        report(one, OPEN, 100_000)
    assert msgspec.json.encode(tape.day(7)) == msgspec.json.encode(other.day(7))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_restored_tape_answers_like_the_one_its_snapshot_was_taken_of(data):
    limits = TapeLimits(trades_kept=16, days_of_bars=3)
    tape, slow = Tape([7, 9], limits), SlowTape(MIDNIGHT, (OPEN, CLOSE), "A")
    tape.open_day(MIDNIGHT, (OPEN, CLOSE))
    before, after = data.draw(steps("CTA")), data.draw(steps("CTA"))
    for match, step in enumerate(before, start=1):
        play(tape, slow, step, match)
    if data.draw(st.booleans()):
        tape.tell(OPEN + MINUTE)
    if data.draw(st.booleans()):
        tape.open_day(MIDNIGHT + 1_440 * MINUTE, None)
    other = Tape([1], limits)
    other.restore(tape.snapshot())
    assert other.snapshot() == tape.snapshot()
    for match, step in enumerate(after, start=len(before) + 1):
        play(tape, slow, step, match)
        play(other, SlowTape(), step, match)
    for one in (tape, other):
        one.tell(CLOSE + 3_000 * MINUTE)
    assert other.snapshot() == tape.snapshot()
    assert other.trades(7, 0, 99) == tape.trades(7, 0, 99)
    assert other.bars(7, 0) == tape.bars(7, 0)
    assert other.bar_news.after(0, 999).tolist() == tape.bar_news.after(0, 999).tolist()


def test_an_image_that_will_not_do_is_refused_in_words(tape):
    with pytest.raises(InvalidInput, match="no image of a tape"):
        tape.restore(b"\x00")
    with pytest.raises(InvalidInput, match="a ring of 16 trades; 8 would pass"):
        tape.restore(Tape([7], TapeLimits(trades_kept=16)).snapshot())
