"""Rules on securities that cannot be sold or shorted freely: Rule 144 and Regulation SHO's threshold list, by date."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from fractions import Fraction

import msgspec

from rushtrade.rules.dated import DatedTable, successive


class ResaleTerms(msgspec.Struct, frozen=True):
    """Rule 144: months to hold, and the part of the outstanding shares an affiliate may sell in three months."""

    months_reporting: int
    months_other: int
    volume_percent: int


RULE_144: DatedTable[ResaleTerms] = DatedTable(
    "Rule 144",
    successive(
        [
            (dt.date(1997, 4, 29), ResaleTerms(12, 12, 1), "17 CFR 230.144 as of 33-7390 (one year)"),
            (dt.date(2008, 2, 15), ResaleTerms(6, 12, 1), "17 CFR 230.144(d)(1), (e) as of 33-8869"),
        ]
    ),
)


class ThresholdTerms(msgspec.Struct, frozen=True):
    """Regulation SHO 203(c)(6): shares and part of the outstanding shares failing, and for how many settlement days."""

    fails_min: int
    outstanding_ppm: int
    settlement_days: int


THRESHOLD: DatedTable[ThresholdTerms] = DatedTable(
    "Regulation SHO threshold",
    successive([(dt.date(2005, 1, 3), ThresholdTerms(10_000, 5_000, 5), "17 CFR 242.203(c)(6)")]),
)


class ResaleVolume(msgspec.Struct, frozen=True):
    """What an affiliate may sell in three months, exact, and in whole shares."""

    outstanding_part: Fraction
    average_weekly_volume: Fraction
    shares_max: int


def resale_volume(
    shares_outstanding: int, weekly_volumes: tuple[int, ...], terms: ResaleTerms, *, exchange_listed: bool
) -> ResaleVolume:
    """Return the volume limit: the part of the outstanding shares or, if listed, the average week when that is more."""
    outstanding_part = Fraction(shares_outstanding * terms.volume_percent, 100)
    average = Fraction(sum(weekly_volumes), len(weekly_volumes)) if weekly_volumes else Fraction(0)
    limit = max(outstanding_part, average) if exchange_listed else outstanding_part
    return ResaleVolume(outstanding_part, average, limit.numerator // limit.denominator)


def earliest_resale(acquired: dt.date, months: int) -> dt.date:
    """Return the day some months after securities were acquired and fully paid (the month's last day if shorter)."""
    years, month_index = divmod(acquired.month - 1 + months, 12)
    year, month = acquired.year + years, month_index + 1
    return dt.date(year, month, min(acquired.day, monthrange(year, month)[1]))


def threshold_day(shares_outstanding: int, fails: tuple[int, ...], terms: ThresholdTerms) -> int | None:
    """Return on which settlement day (from 1) the security joins the threshold list, None when it does not."""
    run = 0
    for number, shares in enumerate(fails, start=1):
        enough = (
            shares >= terms.fails_min and shares * 1_000_000 >= shares_outstanding * terms.outstanding_ppm
        )
        run = run + 1 if enough else 0
        if run == terms.settlement_days:
            return number
    return None
