"""The usage report: a table an exchange's auditor can check, and that it is a plain count of what the journal says."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.backoffice.folding import decode_events, fold
from rushtrade.core.replay import read_body
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.data_products import DataUse, UsageRow
from rushtrade.domain.instants import day_from_number, day_number
from rushtrade.entitlements.months import month_of
from rushtrade.entitlements.usage_files import usage_csv, usage_images, usage_pdf
from rushtrade.entitlements.usage_report import UsageFold
from support.data_actions import administer_data
from support.data_words import NO, YES, DataDesk
from support.tables import rows
from support.whole_firm import WholeFirm

DISPLAY, PROGRAM = DataUse.DISPLAY, DataUse.NON_DISPLAY

STORY = """
    # day        | who  | what
    2026-11-02   | anna | answers no, signs, gets TAPE-C, uses TAPE-C 2 displays 10 queries
    2026-11-03   | anna | uses TAPE-C 1 displays 5 queries
    2026-11-03   | bert | answers yes, signs, gets TAPE-C, gets AAA-BOOK, uses TAPE-C 3 displays 0 queries
    2026-11-05   | bert | uses AAA-BOOK 1 displays 0 queries
    2026-11-06   | cora | uses late TAPE-C 1 displays 2 queries
    2026-11-09   | dora | answers no, signs, gets program TAPE-C, uses program TAPE-C 0 displays 1 queries
    2026-11-10   | elsa | uses SIMULATED 4 displays 0 queries
    2026-11-12   | fred | answers no, signs, gets AAA-BOOK
    2026-12-01   | gina | answers no, signs, gets TAPE-C, uses TAPE-C 9 displays 9 queries
    2026-12-02   | desk | charges 202611
"""

REPORT = """
    # exchange | product   | users | pro | non-pro | displays | non-display | queries | delayed | charged
    ALPHA      | AAA-BOOK  | 2     | 1   | 1       | 1        | 0           | 0       | 0       | 84
    HOUSE      | SIMULATED | 1     | 1   | 0       | 4        | 0           | 0       | 0       | 0
    UTP        | TAPE-C    | 3     | 1   | 2       | 5        | 1           | 16      | 1       | 525
"""


def play(story):
    """Let the story happen."""
    desk, numbers = DataDesk("2026-11-01"), {}
    for day, who, what in rows(story):
        desk.set_day(day)
        if who != "desk" and who not in numbers:
            numbers[who] = desk.subscriber(who, answers=None, sign=())
        number = numbers.get(who, 0)
        for deed in what.split(", "):
            verb, *words = deed.split()
            use = PROGRAM if "program" in words else DISPLAY
            words = [word for word in words if word not in {"program", "displays", "queries"}]
            if verb == "answers":
                desk.ok(cmd.AnswerQuestionnaire(number, 1, YES if words == ["yes"] else NO))
            elif verb == "signs":
                for code in ("UTP", "ALPHA"):
                    desk.ok(cmd.SignAgreement(number, code, 1))
            elif verb == "gets":
                desk.grant(number, words[0], use, 0)
            elif verb == "charges":
                desk.ok(cmd.ChargeMarketData(int(words[0]), 0))
            else:
                late = words[0] == "late"
                product, displays, queries = words[late:]
                row = UsageRow(number, product, use, int(displays), int(queries), late)
                desk.ok(cmd.ObserveUsage(day_number(dt.date.fromisoformat(day)), (row,)))
    return desk


def report_of(journal, month, seq=0):
    read = UsageFold(month)
    fold((decode_events(frame.body) for frame in journal.frames()), read)
    return read.report(seq)


@pytest.fixture(scope="module")
def november():
    desk = play(STORY)
    return report_of(desk.house.journal, 202611, desk.house.core.next_seq - 1)


def test_the_report_of_a_month(november):
    found = [
        [
            line.exchange, line.product, *map(str, (line.users, line.professional, line.non_professional, line.displays,
            line.non_display, line.queries, line.delayed, line.charged // 1_000_000)),
        ]
        for line in november.lines
    ]  # fmt: skip
    assert found == rows(REPORT)


def test_every_figure_has_its_users_behind_it(november):
    by_product = defaultdict(list)
    for line in november.users:
        by_product[line.product].append(line)
    for line in november.lines:
        own = by_product[line.product]
        assert sum(row.charged for row in own) == line.charged
        assert sum(row.queries for row in own if row.use != "delayed") == line.queries
        assert len({row.user for row in own if row.use != "delayed"}) == line.users
    assert [(row.user, row.use) for row in by_product["TAPE-C"]] == [
        ("anna", "display"), ("bert", "display"), ("cora", "delayed"), ("dora", "non_display"),
    ]  # fmt: skip


def test_a_report_of_a_past_month_stays_as_it_was(november):
    desk = play(STORY)
    desk.set_day("2027-03-01")
    desk.ok(cmd.AnswerQuestionnaire(1, 1, YES))
    desk.ok(cmd.RevokeMarketData(1, "TAPE-C", DISPLAY, "left"))
    again = report_of(desk.house.journal, 202611, november.seq)
    assert again == november


def test_csv_says_the_same_and_no_name_is_a_formula(november):
    read = list(csv.DictReader(io.StringIO(usage_csv(november).decode())))
    assert [(row["product"], row["users"], row["charged"]) for row in read] == [
        ("AAA-BOOK", "2", "84.00"), ("SIMULATED", "1", "0.00"), ("TAPE-C", "3", "525.00"),
    ]  # fmt: skip
    users = list(csv.DictReader(io.StringIO(usage_csv(november, users=True).decode())))
    assert len(users) == len(november.users)
    desk = DataDesk("2026-11-02")
    number = desk.subscriber("=HYPERLINK(1)")
    desk.grant(number, "TAPE-C")
    text = usage_csv(report_of(desk.house.journal, 202611), users=True).decode()
    assert ",'=HYPERLINK(1)," in text


def test_the_page_is_set(november):
    (page,) = usage_images(november)
    assert page.startswith(b"\x89PNG")
    assert usage_pdf(november).startswith(b"%PDF-")
    assert usage_pdf(november) == usage_pdf(november), "printed again it is the same file"
    assert usage_pdf(report_of(DataDesk().house.journal, 202611)).startswith(b"%PDF-"), (
        "a month without users, too"
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32))
def test_the_report_is_a_plain_count_of_the_journal(seed):
    firm, chance = WholeFirm(), Random(seed)
    for _ in range(120):
        administer_data(firm, chance)
    months = {
        month_of(day_from_number(event.day)) for event in _events(firm) if isinstance(event, ev.UsageObserved)
    }
    for month in sorted(months):
        report = report_of(firm.house.journal, month)
        displays, queries, charged = _plain_count(firm, month)
        for line in report.users:
            late = line.use == "delayed"
            use = PROGRAM if line.use == "non_display" else DISPLAY
            if late and (line.user, line.product, DISPLAY, True) not in displays:
                use = PROGRAM
            key = line.user, line.product, use, late
            assert line.displays == displays.pop(key, 0)
            assert line.queries == queries.pop(key, 0)
            assert line.charged == (0 if late else charged.pop(key[:3], 0))
        assert not charged, "whatever was charged stands in the report"
        assert all(late for *_, late in displays), (
            "whoever used a product stands in it, but late users who had it live"
        )
        assert sum(line.charged for line in report.lines) == sum(line.charged for line in report.users)


def _events(firm):
    for frame in firm.house.journal.frames():
        for entry in read_body(frame).entries:
            yield from entry.events


def _plain_count(firm, month):
    """Count with nothing but dictionaries what the events say."""
    users, last, displays, queries, charged = {}, {}, defaultdict(int), defaultdict(int), {}
    for event in _events(firm):
        if isinstance(event, ev.SubscriberRegistered):
            users[event.subscriber_id] = event.user
        elif isinstance(event, ev.UsageObserved) and month_of(day_from_number(event.day)) == month:
            row = event.usage
            last[users[row.subscriber_id], row.product, row.use, row.is_delayed, event.day] = row
        elif isinstance(event, ev.MarketDataCharged) and event.month == month:
            charged[users[event.subscriber_id], event.product, event.use] = event.amount
    for (*key, _), row in last.items():
        displays[tuple(key)] = max(displays[tuple(key)], row.displays)
        queries[tuple(key)] += row.queries
    return displays, queries, charged
