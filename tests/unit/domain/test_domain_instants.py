"""Instants and dates: exact to the nanosecond, and back."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain import instants as i
from rushtrade.domain.errors import InvalidInput


@given(st.integers(0, 4_000_000_000 * i.SECOND))
def test_an_instant_comes_back_as_it_was(time_ns):
    assert i.parse_instant(i.format_instant(time_ns)) == time_ns


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-20T14:30:00Z", "2026-11-20T09:30:00-05:00"),
        ("2026-11-20T14:30:00.000000001Z", "2026-11-20t14:30:00.000000001999z"),
        ("2026-11-20T14:30:00.5Z", "2026-11-20 16:00:00.500+01:30"),
    ],
)
def test_zones_and_digits_beyond_nanoseconds(text, same):
    assert i.parse_instant(text) == i.parse_instant(same)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-20",
        "2026-11-20T14:30:00",
        "2026-13-20T14:30:00Z",
        "2026-11-20T25:00:00Z",
        "now",
        "2026-11-20T14:30Z",
    ],
)
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(InvalidInput, match="time"):
        i.parse_instant(text)


@given(st.dates())
def test_a_date_comes_back_from_its_number(day):
    assert i.day_from_number(i.day_number(day)) == day


def test_days_count_from_the_epoch():
    assert i.day_number(dt.date(1970, 1, 2)) == 1


def test_what_is_no_date_is_refused():
    with pytest.raises(InvalidInput, match="2026-02-30"):
        i.parse_date("2026-02-30")
