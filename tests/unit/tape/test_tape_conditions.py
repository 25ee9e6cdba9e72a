"""What a sale condition lets a trade change, as tables a trader can review."""

import datetime as dt

import pytest

from rushtrade.rules.dated import RuleTableInvalid
from rushtrade.rules.sale_conditions import conditions_on, names_on, read_conditions
from rushtrade.tape import reports
from rushtrade.tape.conditions import letters_of, pack_letters
from rushtrade.tape.tape import Tape

DAY = dt.date(2026, 11, 20)
MIDNIGHT = 1_795_150_800_000_000_000
OPEN, CLOSE = MIDNIGHT + 34_200_000_000_000, MIDNIGHT + 57_600_000_000_000
SECOND = 1_000_000_000

# A regular trade of 100 at 10.00 from venue 0, then one of 100 at 11.00 with the conditions, from venue 1:
# what the last sale, the high and the volume are then.
AFTER_A_REGULAR_TRADE = """
tape  conditions  last   high   volume
A     @           11.00  11.00  200
A     @F          11.00  11.00  200
A     @FE         11.00  11.00  200
A     @I          10.00  10.00  200
A     @FI         10.00  10.00  200
A     @B          10.00  10.00  200
A     C           10.00  10.00  200
A     R           10.00  10.00  200
A     @H          10.00  10.00  200
A     @K          11.00  11.00  200
A     @L          10.00  11.00  200
A     @M          10.00  10.00  100
A     @Q          10.00  10.00  100
A     @O          11.00  11.00  200
A     @P          10.00  11.00  200
A     @T          10.00  10.00  200
A     @U          10.00  10.00  200
A     @V          10.00  10.00  200
A     @X          11.00  11.00  200
A     @Z          10.00  11.00  200
A     @4          10.00  11.00  200
A     @5          11.00  11.00  200
A     @6          11.00  11.00  200
A     @7          10.00  10.00  200
A     @9          11.00  11.00  100
A     @6X         11.00  11.00  200
A     @4I         10.00  10.00  200
A     @N          10.00  10.00  200
A     @?          10.00  10.00  200
B     @L          10.00  11.00  200
C     @           11.00  11.00  200
C     @A          11.00  11.00  200
C     @B          11.00  11.00  200
C     @D          11.00  11.00  200
C     @G          10.00  11.00  200
C     @W          10.00  10.00  200
C     @L          11.00  11.00  200
C     @S          11.00  11.00  200
C     Y           11.00  11.00  200
C     @1          11.00  11.00  200
C     @FT         10.00  10.00  200
C     @OX         11.00  11.00  200
C     @Z          10.00  11.00  200
C     @M          10.00  10.00  100
C     @8          10.00  10.00  200
"""

# The same trade as the first of the day.
AS_THE_FIRST_TRADE = """
tape  conditions  last   high   volume
A     @           11.00  11.00  100
A     @Z          11.00  11.00  100
A     @P          11.00  11.00  100
A     @L          11.00  11.00  100
A     @4          11.00  11.00  100
A     @I          0.00   0.00   100
A     @T          0.00   0.00   100
A     @M          0.00   0.00   0
C     @G          11.00  11.00  100
C     @4Z         11.00  11.00  100
C     @4I         0.00   0.00   100
"""


def rows(table):
    lines = [line.split() for line in table.strip().splitlines()[1:]]
    return [pytest.param(*line, id=f"{line[0]} {line[1]}") for line in lines]


def new_tape(listed="C"):
    tape = Tape([7])
    tape.open_day(MIDNIGHT, (OPEN, CLOSE))
    tape.list_on(7, listed)
    return tape


def report(tape, second, price, letters, venue=0, match=1, shares=100):
    time = OPEN + second * SECOND
    tape.take(reports.trade_row(1, time, price, shares, venue=venue, match=match, letters=letters))


def state(tape):
    day = tape.day(7)
    return f"{day.last / 10_000:.2f}", f"{day.high / 10_000:.2f}", str(day.volume)


@pytest.mark.parametrize(("listed", "letters", "last", "high", "volume"), rows(AFTER_A_REGULAR_TRADE))
def test_a_trade_after_a_regular_one_changes_what_all_its_conditions_allow(
    listed, letters, last, high, volume
):
    tape = new_tape(listed)
    report(tape, 1, 100_000, "@")
    report(tape, 2, 110_000, letters, venue=1, match=2)
    assert state(tape) == (last, high, volume)


@pytest.mark.parametrize(("listed", "letters", "last", "high", "volume"), rows(AS_THE_FIRST_TRADE))
def test_the_first_trade_of_the_day_sets_the_last_where_only_the_first_may(
    listed, letters, last, high, volume
):
    tape = new_tape(listed)
    report(tape, 1, 110_000, letters)
    assert state(tape) == (last, high, volume)


def test_a_sold_last_of_the_venue_that_set_the_last_sets_it_on_tape_a():
    tape = new_tape("A")
    report(tape, 1, 100_000, "@", venue=1)
    report(tape, 2, 110_000, "@L", venue=1, match=2)
    assert state(tape)[0] == "11.00"


@pytest.mark.parametrize(("seconds_after_close", "last"), [(9, "11.00"), (11, "10.00")])
def test_a_sold_last_on_tape_c_counts_until_ten_seconds_after_the_close(seconds_after_close, last):
    tape = new_tape("C")
    report(tape, 1, 100_000, "@")
    close = (CLOSE - OPEN) // SECOND
    report(tape, close + seconds_after_close, 90_000, "@T", match=2)
    report(tape, close - 1, 110_000, "@L", match=3)
    assert state(tape)[0] == last


def test_a_letter_without_a_row_is_counted_and_sets_no_price():
    tape = new_tape("A")
    report(tape, 1, 110_000, "@N")
    assert tape.unknown_conditions() == 1
    assert state(tape) == ("0.00", "0.00", "100")


def test_the_tables_hold_the_letters_of_the_specifications():
    assert "".join(sorted(names_on(DAY, "A"))) == "45679@BCEFHIKLMOPQRTUVXZ"
    assert "".join(sorted(names_on(DAY, "C"))) == "145679@ABCDFGHIKLMOPQRSTUVWXYZ"
    assert names_on(DAY, "B") == names_on(DAY, "A")


@pytest.mark.parametrize("plan", ["CTA", "UTP"])
def test_what_moves_the_last_moves_high_and_low_and_what_moves_those_has_a_price(plan):
    for row in conditions_on(DAY)[plan].values():
        assert row.high_low or row.last == "no", row.letter
        assert row.volume or row.mark in {"official_open", "official_close", "corrected_close"}, row.letter


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("CTA|@|1|Regular|yes|yes", "6 fields; 11 would pass"),
        ("OTC|@|1|Regular|yes|yes|yes|no|yes|yes|", "plan 'OTC'"),
        ("CTA|@@|1|Regular|yes|yes|yes|no|yes|yes|", "letter '@@'"),
        ("CTA|@|9|Regular|yes|yes|yes|no|yes|yes|", "category '9'"),
        ("CTA|@|1|Regular|maybe|yes|yes|no|yes|yes|", "'maybe'; one of yes, no, first"),
        ("CTA|@|1|Regular|yes|2|yes|no|yes|yes|", "'2'; yes or no would pass"),
        ("CTA|@|1|Regular|yes|yes|yes|no|yes|yes|fancy", "'fancy'"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(line, said):
    with pytest.raises(RuleTableInvalid, match="line 2") as told:
        read_conditions(f"# a table\n{line}\n")
    assert said in str(told.value)


def test_a_letter_with_two_rows_is_refused():
    row = "CTA|@|1|Regular|yes|yes|yes|no|yes|yes|\n"
    with pytest.raises(RuleTableInvalid, match="has a row already"):
        read_conditions(row + row)


@pytest.mark.parametrize(("letters", "packed"), [("@", "@"), ("@ TI", "@TI"), ("@6XLM", "@6XL"), ("", "")])
def test_letters_pack_into_four_bytes_without_blanks(letters, packed):
    assert letters_of(pack_letters(letters)) == packed
