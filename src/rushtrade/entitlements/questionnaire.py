"""Professional or not: the questions, in which version on which day, and what the answers make of a subscriber.

A natural person is non-professional when every answer is "no"; any "yes", an organisation, a trust, or answers that are no longer
fresh make a professional: whatever is in doubt pays the professional price. The questions follow what exchanges ask in
their subscriber agreements, in words of our own; a firm that must use an exchange's very words puts them beside these.

Refuses to know who answered, and what anything costs.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from rushtrade.domain.data_products import SubscriberKind, SubscriberStatus
from rushtrade.rules.dated import DatedTable, successive


class Questionnaire(msgspec.Struct, frozen=True):
    """One version of the questions; answers are good for `months`, then they are due again."""

    version: int
    questions: tuple[str, ...]
    months: int


_TWELVE: Final = (
    "Will you use the data for a business, or for anything that is not your own personal investing?",
    "Do you receive the data for a company, partnership, trust, club or other entity, or in its name?",
    "Are you registered or qualified with the Securities and Exchange Commission?",
    "Are you registered or qualified with the Commodity Futures Trading Commission?",
    "Are you registered or qualified with a state's securities agency, an exchange, or a securities or futures association?",
    "Do you do work, for a bank or another employer exempt from registration, that would have to be registered elsewhere?",
    "Are you engaged as an investment adviser, whether or not you are registered as one?",
    "Do you manage assets, or give advice on securities, for anybody but yourself?",
    "Do you trade with the money of any other person or entity?",
    "Do you trade for the benefit of a company, partnership or other entity?",
    "Have you agreed to share the profit of your trading, or to be paid for it?",
    "Do you get office space, equipment or other benefits in return for your trading or advice?",
)

QUESTIONNAIRES: DatedTable[Questionnaire] = DatedTable(
    "market data questionnaire",
    successive(
        [
            (
                dt.date(2000, 1, 3),
                Questionnaire(1, _TWELVE, months=12),
                "exchanges' non-professional forms (help.en-us.firstrade.com/article/878); certified again every year",
            ),
        ]
    ),
)
"""The questions by the day on which they are answered."""


def status_of(kind: SubscriberKind, answers: tuple[bool, ...]) -> SubscriberStatus:
    """Class a subscriber: non-professional is a person who answered "no" to everything."""
    if kind is SubscriberKind.PERSON and not any(answers):
        return SubscriberStatus.NON_PROFESSIONAL
    return SubscriberStatus.PROFESSIONAL


def due_after(day: dt.date, months: int) -> dt.date:
    """Give the day so many months later: the first on which answers of `day` are due again."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    following = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))
