"""Who is a professional, on which day: tables a compliance officer can read."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain import commands as cmd
from rushtrade.domain.data_products import SubscriberKind, SubscriberStatus
from rushtrade.domain.instants import day_number
from rushtrade.entitlements.questionnaire import QUESTIONNAIRES, due_after, status_of
from support.data_words import DataDesk
from support.tables import rows

ANSWERS = """
    # who          | answers to questions 1 to 12 | class
    person         | no no no no no no no no no no no no    | non_professional
    person         | YES no no no no no no no no no no no   | professional
    person         | no YES no no no no no no no no no no   | professional
    person         | no no YES no no no no no no no no no   | professional
    person         | no no no YES no no no no no no no no   | professional
    person         | no no no no YES no no no no no no no   | professional
    person         | no no no no no YES no no no no no no   | professional
    person         | no no no no no no YES no no no no no   | professional
    person         | no no no no no no no YES no no no no   | professional
    person         | no no no no no no no no YES no no no   | professional
    person         | no no no no no no no no no YES no no   | professional
    person         | no no no no no no no no no no YES no   | professional
    person         | no no no no no no no no no no no YES   | professional
    organisation   | no no no no no no no no no no no no    | professional
    trust          | no no no no no no no no no no no no    | professional
"""


@pytest.mark.parametrize(("who", "answers", "status"), rows(ANSWERS))
def test_answers_make_a_class(who, answers, status):
    given_answers = tuple(word == "YES" for word in answers.split())
    assert len(given_answers) == len(QUESTIONNAIRES.on(dt.date(2026, 11, 20)).questions) == 12
    found = status_of(SubscriberKind[who.upper()], given_answers)
    assert found.name.lower() == status


HISTORY = """
    # what happened on which day            | class on that day
    2026-10-10 nothing yet                  | unknown
    2026-10-20 answers no to all            | non_professional
    2026-12-31 nothing                      | non_professional
    2027-10-19 the last day they are fresh  | non_professional
    2027-10-20 due again                    | professional
    2027-11-10 answers no to all            | non_professional
    2027-12-05 answers yes to the first     | professional
    2027-12-06 nothing                      | professional
    # what was so on an earlier day stays so
    2026-12-01 asked again                  | non_professional
    2027-11-01 asked again                  | professional
"""


def test_a_class_has_its_days_and_its_history():
    desk = DataDesk("2026-10-10")
    number = desk.subscriber(answers=None, sign=())
    for words, expected in rows(HISTORY):
        text = words[:10]
        if "answers" in words:
            desk.set_day(text)
            yes = "yes" in words
            desk.ok(cmd.AnswerQuestionnaire(number, 1, (yes,) + (False,) * 11))
        found = desk.register.subscribers[number].status_on(day_number(dt.date.fromisoformat(text)))
        assert ("unknown" if found is None else found.name.lower()) == expected, words


@pytest.mark.parametrize("kind", [SubscriberKind.ORGANISATION, SubscriberKind.TRUST])
def test_an_organisation_is_professional_without_a_question(kind):
    desk = DataDesk()
    number = desk.subscriber("firm", kind)
    assert desk.register.subscribers[number].status_on(0) is SubscriberStatus.PROFESSIONAL
    refusal = desk.refusal(cmd.AnswerQuestionnaire(number, 1, (False,) * 12))
    assert "always professional" in refusal


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        ("2026-01-20", 12, "2027-01-20"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-08-31", 1, "2026-09-30"),
        ("2026-12-01", 1, "2027-01-01"),
    ],
)
def test_answers_are_due_again_on_the_same_day_of_a_later_month(day, months, due):
    assert due_after(dt.date.fromisoformat(day), months) == dt.date.fromisoformat(due)


@given(st.dates(dt.date(2000, 1, 3), dt.date(2100, 1, 1)), st.integers(1, 48))
def test_answers_are_due_later_never_by_more_than_the_months(day, months):
    due = due_after(day, months)
    assert due > day
    assert (due.year - day.year) * 12 + due.month - day.month == months
