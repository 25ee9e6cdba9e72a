"""Regular-way settlement by date: the cycle, the settlement date, the Regulation T payment date, the ex-date.

Settlement counts settlement days; Regulation T's payment period counts business days, on which bank-only holidays do
count (FINRA margin extension schedule).
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.rules.calendar import ONE_DAY, new_york_calendar
from rushtrade.rules.dated import DatedTable, successive

CYCLES: DatedTable[int] = DatedTable(
    "settlement cycle",
    successive(
        [
            (dt.date(1990, 1, 1), 5, "T+5 by custom until Rule 15c6-1 (NTM 92-54)"),
            (dt.date(1995, 6, 7), 3, "SEC Rule 15c6-1, 34-33023 (NTM 95-36)"),
            (dt.date(2017, 9, 5), 2, "SEC Rule 15c6-1 as amended, 34-80295"),
            (dt.date(2024, 5, 28), 1, "SEC Rule 15c6-1 as amended, 34-96930"),
        ]
    ),
)
"""Settlement days from trade date to settlement, by trade date."""

REG_T_GRACE: DatedTable[int] = DatedTable(
    "Regulation T payment period",
    successive([(dt.date(1990, 1, 1), 2, "12 CFR 220.2: settlement cycle plus two business days")]),
)
"""Business days that the payment period lasts beyond the cycle, by trade date."""

EX_DATE_SEARCH_DAYS = 21
"""Longest cycle ever (five settlement days) with holidays and weekends, with room to spare."""


class Settlement(msgspec.Struct, frozen=True):
    """When a regular-way trade settles, and when a customer must have paid under Regulation T."""

    cycle_days: int
    settlement_date: dt.date
    reg_t_date: dt.date


def settlement_of(trade_date: dt.date) -> Settlement:
    """Return the settlement of a regular-way trade; `InvalidInput` when `trade_date` is no trading day."""
    calendar = new_york_calendar()
    calendar.require_session(trade_date)
    cycle = CYCLES.on(trade_date)
    return Settlement(
        cycle_days=cycle,
        settlement_date=calendar.add_settlement_days(trade_date, cycle),
        reg_t_date=calendar.add_sessions(trade_date, cycle + REG_T_GRACE.on(trade_date)),
    )


def ex_date_of_record_date(record_date: dt.date) -> dt.date:
    """Return the ex-date of a distribution below 25 % of the value (FINRA Rule 11140(b)(1)).

    It is the first trading and settlement day whose regular-way trades settle after the record date.
    """
    calendar = new_york_calendar()
    day = record_date - EX_DATE_SEARCH_DAYS * ONE_DAY
    while True:
        day = calendar.add_settlement_days(day, 1)
        if settlement_of(day).settlement_date > record_date:
            return day


def ex_date_of_payable_date(payable_date: dt.date) -> dt.date:
    """Return the ex-date of a distribution of 25 % or more: the first settlement day after its payable date (11140(b)(2))."""
    return new_york_calendar().add_settlement_days(payable_date, 1)
