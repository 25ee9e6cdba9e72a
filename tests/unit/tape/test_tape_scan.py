"""Scans: read or refused with the place of the fault, and worked out exactly, against fractions one row at a time."""

import operator
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput
from rushtrade.tape.columns import FIELDS, Column, Columns, columns_of
from rushtrade.tape.scan import Scan
from rushtrade.tape.scan_tree import DEPTH_MAX, read_scan
from rushtrade.tape.scan_words import LENGTH_MAX, ScanInvalid
from rushtrade.tape.tape import Tape

NUMBERS = [name for name, field in FIELDS.items() if field.kind == "number"]
FLAGS = [name for name, field in FIELDS.items() if field.kind == "flag"]

# ---------------------------------------------------------------- refusals

REFUSED = """
1    |                                  | a scan says something
8    | volume                           | the whole is a number; true or false would pass
7    | price = 20                       | '=' means nothing here; == compares
7    | volume & new_high                | the word is and
6    | price @ 3                        | '@' means nothing
1    | prise > 3                        | 'prise' is no field; did you mean price
1    | zzz > 3                          | 'zzz' is no field; such as symbol
9    | price > "A"                      | a number > a text compares nothing
10   | symbol > "A"                     | > compares numbers; == and != would pass
1    | volume and new_high              | the left of and is a number
14   | new_high and volume              | the right of and is a number
5    | not volume > 1 + new_high        | a side of + is true or false
9    | price > (3                       | the end stands where ')' should
11   | price > 3 3                      | '3' cannot follow here
9    | price >                          | the end stands where a field
1    | wiggle(3) > 1                    | 'wiggle' is no function; abs, min, max, known
1    | abs(1, 2) > 1                    | abs of 2 values; 1 would pass
1    | min(1) > 1                       | min of 1 values; 2 to 8 would pass
12   | symbol in (1)                    | an item of the list is a number; a text would pass
1    | new_high in (1)                  | true or false is in no list
11   | symbol == "ABCDEFGHIJKLMNOPQ"    | a text of 17 characters
11   | volume < 1111111111111111111     | too many digits
"""


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_a_scan_that_cannot_be_one_is_refused_with_its_place(line):
    _, text, said = (part.strip() for part in line.split("|"))
    with pytest.raises(ScanInvalid) as told:
        read_scan(text)
    assert said in str(told.value)
    assert 0 <= told.value.at <= len(text)
    assert str(told.value).startswith(f"column {told.value.at + 1}: ")


@pytest.mark.parametrize(
    ("text", "column"),
    [("price > 3 and prise < 4", 15), ("price > 3 3", 11), ("(price > 3", 11), ("volume ? 3", 8)],
)
def test_the_place_is_that_of_the_word_at_fault(text, column):
    with pytest.raises(ScanInvalid, match=f"column {column}:"):
        read_scan(text)


def test_length_depth_and_parts_are_bounded():
    for text, said in (
        ("volume > 1 or " * 80 + "new_high", "1,000 would pass"),
        ("(" * (DEPTH_MAX + 1) + "new_high" + ")" * (DEPTH_MAX + 1), "within each other"),
        ("not " * (DEPTH_MAX + 1) + "new_high", "within each other"),
        ("-" * (DEPTH_MAX + 1) + "1 > 1", "within each other"),
        ("1" + "+1" * 200 + " > 1", "parts are too many"),
    ):
        with pytest.raises(ScanInvalid, match=said):
            read_scan(text)
    assert len("(" * DEPTH_MAX) < LENGTH_MAX
    read_scan("(" * DEPTH_MAX + "new_high" + ")" * DEPTH_MAX)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_scan_or_refused(text):
    try:
        kind, told = read_scan(text).kind, ""
    except ScanInvalid as error:
        kind, told = "", str(error)
    assert kind == "flag" or told.startswith("column ")


WORDS = [*FIELDS, "and", "or", "not", "in", "(", ")", "+", "-", "*", "/", "<", "<=", "==", "!=", "3", "1.5k",
         '"A"', "abs", "min", ",", "known", "true"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_words_are_a_scan_that_works_or_are_refused(words):
    try:
        scan = Scan(" ".join(words))
    except ScanInvalid:
        return
    assert scan.flags(columns_of(Tape([1, 2]), 0, {})).shape == (2,)


# ---------------------------------------------------------------- worked out

VALUES = st.one_of(
    st.none(),
    st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10_000),
    st.integers(-(1 << 60), 1 << 60).map(Fraction),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(("price", "volume", "change_percent"), VALUES),
            **{name: st.one_of(st.none(), st.booleans()) for name in ("new_high", "new_low")},
        }
    ),
    min_size=1,
    max_size=6,
)


def table(rows):
    """Columns of the rows; fields nobody set are unknown."""
    by_name = {}
    for name, field in FIELDS.items():
        values = [row.get(name) for row in rows]
        known = np.array([value is not None for value in values])
        if field.kind == "number":
            tops = np.array([value.numerator if value is not None else 7 for value in values], np.int64)
            bottoms = np.array([value.denominator if value is not None else 3 for value in values], np.int64)
            by_name[name] = Column("number", tops, bottoms, known)
        else:
            kind = np.bool_ if field.kind == "flag" else "U16"
            by_name[name] = Column(field.kind, np.array([value or False for value in values], kind), 1, known)
    return Columns(np.arange(1, len(rows) + 1), by_name)


CONSTANTS = st.sampled_from(["0", "1", "3", "2.5", "1_000k", "999999999999999999", "0.000001"])


def numbers(depth):
    leaf = st.one_of(
        CONSTANTS.map(lambda text: (text, text)),
        st.sampled_from(["price", "volume", "change_percent"]).map(lambda name: (name, name)),
    )
    if depth == 0:
        return leaf
    inner = numbers(depth - 1)
    pair = st.tuples(inner, st.sampled_from("+-*/"), inner).map(
        lambda parts: (f"({parts[0][0]} {parts[1]} {parts[2][0]})", (parts[1], parts[0][1], parts[2][1]))
    )
    call = st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
        lambda parts: (f"{parts[0]}({parts[1][0]}, {parts[2][0]})", (parts[0], parts[1][1], parts[2][1]))
    )
    one = st.tuples(st.sampled_from(["abs", "-"]), inner).map(
        lambda parts: (f"{parts[0]}({parts[1][0]})", (parts[0] + "1", parts[1][1]))
    )
    return st.one_of(leaf, pair, call, one)


def flags(depth):
    compare = st.tuples(
        numbers(2),
        st.lists(
            st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers(1)), min_size=1, max_size=2
        ),
    ).map(
        lambda parts: (
            parts[0][0] + "".join(f" {sign} {other[0]}" for sign, other in parts[1]),
            ("compare", parts[0][1], [(sign, other[1]) for sign, other in parts[1]]),
        )
    )
    leaf = st.one_of(
        compare, st.sampled_from(["new_high", "new_low", "true", "false"]).map(lambda name: (name, name))
    )
    if depth == 0:
        return leaf
    inner = flags(depth - 1)
    pair = st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
        lambda parts: (f"({parts[0][0]}) {parts[1]} ({parts[2][0]})", (parts[1], parts[0][1], parts[2][1]))
    )
    turned = inner.map(lambda part: (f"not ({part[0]})", ("not", part[1])))
    known = numbers(1).map(lambda part: (f"known({part[0]})", ("known", part[1])))
    return st.one_of(leaf, pair, turned, known)


SIGNS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def number_of(tree, row):
    """The plain value: a fraction, or None when it is not known."""
    if isinstance(tree, str):
        if tree in row:
            return row[tree]
        text = tree.replace("_", "")
        return Fraction(text[:-1]) * 1_000 if text.endswith("k") else Fraction(text)
    values = [number_of(part, row) for part in tree[1:]]
    if None in values:
        return None
    sign = tree[0]
    if sign in {"abs1", "-1"}:
        return abs(values[0]) if sign == "abs1" else -values[0]
    if sign == "/":
        return values[0] / values[1] if values[1] else None
    plain = {"+": operator.add, "-": operator.sub, "*": operator.mul, "min": min, "max": max}
    return plain[sign](*values)


def flag_of(tree, row):
    """The plain truth: True, False, or None when it is not known."""
    if isinstance(tree, str):
        return {"true": True, "false": False}.get(tree, row.get(tree))
    if tree[0] == "known":
        return number_of(tree[1], row) is not None
    if tree[0] == "not":
        inner = flag_of(tree[1], row)
        return None if inner is None else not inner
    if tree[0] == "compare":
        values = [number_of(tree[1], row), *(number_of(part, row) for _, part in tree[2])]
        parts = [
            None if None in pair else SIGNS[sign](*pair)
            for (sign, _), pair in zip(tree[2], pairwise(values), strict=True)
        ]
    else:
        parts = [flag_of(part, row) for part in tree[1:]]
    decides = tree[0] == "or"
    if decides in parts:
        return decides
    return None if None in parts else not decides


@settings(max_examples=400, deadline=None)
@given(rows=ROWS, scan=flags(2))
def test_a_scan_says_of_every_row_what_plain_fractions_say(rows, scan):
    text, tree = scan
    expected = [flag_of(tree, row) is True for row in rows]
    assert Scan(text).flags(table(rows)).tolist() == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('symbol in ("aapl", "IBM")', [1, 3]),
        ('symbol != "IBM" and traded', [1, 2]),
        ("5 < price <= 20", [2]),
        ("price < 1k and volume >= 1_000_000", [1, 2]),
        ("change_percent > 3", [1]),
        ("volume * price > 1b or not known(price)", [1, 3]),
        ("change_percent != 3", [1]),
        ("not change_percent > 3", []),
    ],
)
def test_scans_of_a_desk(text, found):
    rows = [
        {"symbol": "AAPL", "price": Fraction(500), "volume": Fraction(10**7), "change_percent": Fraction(7, 2),
         "traded": True},
        {"symbol": "F", "price": Fraction(20), "volume": Fraction(10**6), "traded": True},
        {"symbol": "IBM", "volume": Fraction(5), "traded": False},
    ]  # fmt: skip
    assert Scan(text).find(table(rows)).ids == found


def test_what_is_found_comes_in_the_order_asked_for_unknown_last():
    rows = [{"price": price, "volume": Fraction(1), "traded": True} for price in map(Fraction, (3, 9, 5, 9))]
    rows.append({"volume": Fraction(1), "traded": True})
    columns = table(rows)
    assert Scan("traded").find(columns, "price").ids == [2, 4, 3, 1, 5]
    assert Scan("traded").find(columns, "price", rising=True).ids == [1, 3, 2, 4, 5]
    assert Scan("traded").find(columns, "volume", 2).ids == [1, 2]
    assert Scan("traded").find(columns, "volume", 2).total == 5
    with pytest.raises(InvalidInput, match="no field"):
        Scan("traded").find(columns, "beauty")
    with pytest.raises(InvalidInput, match="limit 0"):
        Scan("traded").find(columns, limit=0)


def test_every_field_is_a_column():
    columns = columns_of(Tape([4, 7]), 10**18, {4: "A"})
    assert set(columns.by_name) == set(FIELDS)
    for name, column in columns.by_name.items():
        assert column.kind == FIELDS[name].kind
        assert len(column.known) == len(column.numerator) == 2
