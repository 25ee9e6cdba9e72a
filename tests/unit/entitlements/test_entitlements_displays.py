"""Displays at once, views of products, months: small rules, each against a plain account of itself."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.data_products import DataUse
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import SECOND
from rushtrade.entitlements import months
from rushtrade.entitlements.coverage import Coverage, Right
from rushtrade.entitlements.displays import Displays, Session
from rushtrade.entitlements.price_list import DisplayRule
from rushtrade.entitlements.usage_meter import UsageMeter
from rushtrade.entitlements.view import ALL_VENUES, EVERYTHING, TAPES
from support.data_words import PRODUCTS, DataDesk

DISPLAY = DataUse.DISPLAY
SESSIONS = [Session(1, DISPLAY, name) for name in "abcde"]


@given(
    st.sampled_from(["newest", "oldest"]),
    st.integers(0, 3),
    st.lists(st.tuples(st.sampled_from(["open", "close", "beat", "wait"]), st.integers(0, 4)), max_size=40),
)
def test_displays_are_served_by_who_opened_when(served, most, deeds):
    displays = Displays(DisplayRule(served, 60 * SECOND))
    order, heard, now_ns = [], {}, 0
    for deed, place in deeds:
        session = SESSIONS[place]
        if deed == "wait":
            now_ns += 25 * SECOND
            gone = [each for each in order if now_ns - heard[each] > 60 * SECOND]
            assert sorted(each.name for each in displays.expire(now_ns)) == sorted(each.name for each in gone)
            order = [each for each in order if each not in gone]
        elif deed == "close":
            displays.close(session)
            order = [each for each in order if each != session]
        else:
            getattr(displays, deed)(session, now_ns)
            heard[session] = now_ns
            order = order if session in order else [*order, session]
        assert displays.count(1, DISPLAY) == len(order)
        lit = order if not most else order[-most:] if served == "newest" else order[:most]
        for each in order:
            assert displays.serves(each, most) == (each in lit)


MICS = ("XXXA", "XXXB", "XXXC")


@given(st.sets(st.sampled_from(sorted(PRODUCTS))), st.sets(st.sampled_from(sorted(PRODUCTS))))
def test_a_view_is_the_sum_of_its_products(shown, late):
    rights = [
        Right(PRODUCTS[code], code in shown, code in late and PRODUCTS[code].is_delayed, "")
        for code in sorted(PRODUCTS)
        if code != "SIMULATED"
    ]
    view = Coverage(MICS, is_own=False).view(rights)
    for venue, book in enumerate(("AAA-BOOK", "BBB-BOOK", "")):
        assert bool(view.depth >> venue & 1) == (book in shown)
        for tape, product in zip(TAPES, ("TAPE-A", "", "TAPE-C"), strict=True):
            assert view.shows(venue, tape) == (product in shown or book in shown)
            assert bool(view.delayed(tape) >> venue & 1) == (bool({product, book} & shown) or product in late)


def test_whoever_has_every_venue_shares_what_is_made_for_all():
    whole = Coverage(MICS, is_own=False).view([Right(PRODUCTS["TAPE-A"], True, False, "")])
    assert whole.top("A") == ALL_VENUES
    own = Coverage(MICS, is_own=True)
    assert own.view([Right(PRODUCTS["SIMULATED"], True, False, "")]) == EVERYTHING
    assert [product.code for product in own.products(DataDesk().register)] == ["SIMULATED"]


def test_a_refusal_names_what_was_lost_first_and_counts_the_rest():
    coverage = Coverage(MICS, is_own=False)
    products = [PRODUCTS[code] for code in ("AAA-BOOK", "BBB-BOOK", "AAA-BOOK")]
    lacking = [Right(product, False, False, f"lacks {product.code}") for product in products]
    assert (
        coverage.refusal(lacking, "C", depth=True)
        == "Lacks AAA-BOOK. Lacks BBB-BOOK. 1 more product is lacking."
    )
    lost = [*lacking[:1], Right(PRODUCTS["BBB-BOOK"], False, False, "taken away", is_lost=True)]
    assert coverage.refusal(lost, "C", depth=True) == "Taken away."


def test_the_meter_counts_the_most_displays_and_all_queries_and_tells_what_is_new():
    desk = DataDesk()
    number = desk.subscriber()
    meter = UsageMeter(desk.register, 7)
    for displays in (1, 3, 2):
        meter.shown(number, "TAPE-C", DISPLAY, displays, is_delayed=False)
    for _ in range(4):
        meter.queried(number, "TAPE-C", DISPLAY, is_delayed=False)
    meter.shown(number, "TAPE-A", DISPLAY, 1, is_delayed=True)
    rows = meter.take()
    assert [(row.product, row.displays, row.queries, row.is_delayed) for row in rows] == [
        ("TAPE-C", 3, 4, False),
        ("TAPE-A", 1, 0, True),
    ]
    assert meter.take() == []
    meter.shown(number, "TAPE-C", DISPLAY, 3, is_delayed=False)
    assert meter.take() == [], "no more than before"
    meter.put_back(rows)
    assert meter.take() == rows
    meter.queried(number, "TAPE-C", DISPLAY, is_delayed=False)
    assert [row.queries for row in meter.turn(8)] == [5], "what was not taken goes with its day"
    assert meter.take() == []


@given(st.dates(dt.date(1990, 1, 1), dt.date(9998, 12, 31)))
def test_a_month_holds_its_days(day):
    month = months.month_of(day)
    assert months.is_month(month)
    assert months.first_day(month) <= day < months.first_day_after(month)
    assert months.parse_month(months.month_text(month)) == month
    assert day.toordinal() - dt.date(1970, 1, 1).toordinal() in months.day_numbers(month)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "26-11", "2026-1", "2026/11", "20261 1", "", "9999-12", "२०२६-११"]
)
def test_a_text_that_is_no_month_is_refused(text):
    with pytest.raises(InvalidInput, match="is not a month such as '2026-11'"):
        months.parse_month(text)
