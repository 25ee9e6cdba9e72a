"""Access to quotations by date: the fee cap of Rule 610(c) and the order protection switch of Rule 611.

The amended cap of 2024 ($0.001) has been exempted again and again; a row is added when a date is final.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.rules.dated import DatedTable, successive


class AccessFeeCap(msgspec.Struct, frozen=True):
    """Most that a trading center may charge for taking a protected quotation: mils a share from $1 up, ppm of value below."""

    take_mils: int
    take_sub_dollar_ppm: int


NO_CAP = AccessFeeCap(take_mils=1_000_000, take_sub_dollar_ppm=1_000_000)
"""Before Regulation NMS nothing capped an ECN's fee but the value of the trade itself."""

FEE_CAPS: DatedTable[AccessFeeCap] = DatedTable(
    "access fee cap",
    successive(
        [
            (dt.date(2000, 1, 1), NO_CAP, "no cap before Regulation NMS"),
            (
                dt.date(2007, 3, 5),
                AccessFeeCap(take_mils=30, take_sub_dollar_ppm=3_000),
                "17 CFR 242.610(c), trading phase date 2007-03-05 (34-55160); amended cap of 34-101070 exempted (FR 2025-19926)",
            ),
        ]
    ),
)

ORDER_PROTECTION: DatedTable[bool] = DatedTable(
    "order protection rule",
    successive(
        [
            (dt.date(2000, 1, 1), False, "no Rule 611 before Regulation NMS"),
            (
                dt.date(2007, 10, 8),
                True,
                "17 CFR 242.611, completion date 2007-10-08; rescission only proposed (34-105655)",
            ),
        ]
    ),
)
"""Whether a protected quotation may not be traded through. The pilot of 250 stocks (from 2007-07-09) is left out."""
