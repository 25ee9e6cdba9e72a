"""How statistics of execution are cut, by date: Rule 605 of Regulation NMS and Rule 11Ac1-5 before it.

Kinds of orders, sizes, times to execution and the horizons of realized spreads are rows here, because they are changed by rule and their compliance dates
are moved. What is counted in them is not known here.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain.instants import MICROSECOND, MILLISECOND, MINUTE, SECOND
from rushtrade.domain.numbers import MONEY_UNIT, PRICE_UNIT
from rushtrade.rules.dated import DatedTable, successive

_AMENDED = (
    "amended 17 CFR 242.605, 34-99679 (89 FR 26428), compliance 2026-08-01; the bounds between sizes and between times "
    "were not checked against the printed text"
)


class ExecutionBuckets(msgspec.Struct, frozen=True):
    """How statistics of execution are cut (Rule 605): into kinds of orders, sizes, times to execution; and where spreads are realized.

    Bounds are where a bucket begins; the first begins at nought and the last has no end. `sizes` are shares, or micro-dollars where `by_value`.
    """

    kinds: tuple[str, ...]
    by_value: bool
    sizes: tuple[int, ...]
    times_ns: tuple[int, ...]
    horizons_ns: tuple[int, ...]
    shares_min: int
    """Smaller orders are not covered."""
    near_quote: int
    """How far beyond the quote a resting order may be to be covered, in $0.0001; 0 = any distance."""


EXECUTION_BUCKETS: DatedTable[ExecutionBuckets] = DatedTable(
    "execution statistics",
    successive(
        [
            (
                dt.date(2001, 4, 2),
                ExecutionBuckets(
                    kinds=(
                        "market",
                        "marketable limit",
                        "inside the quote",
                        "at the quote",
                        "near the quote",
                    ),
                    by_value=False,
                    sizes=(100, 500, 2_000, 5_000),
                    times_ns=(0, 10 * SECOND, 30 * SECOND, 60 * SECOND, 300 * SECOND, 1_800 * SECOND),
                    horizons_ns=(5 * MINUTE,),
                    shares_min=100,
                    near_quote=PRICE_UNIT // 10,
                ),
                "17 CFR 240.11Ac1-5, since 2005 242.605, with 242.600(b) before 2024: laws9.com/cfr/text/17/242/605",
            ),
            (
                dt.date(2026, 8, 1),
                ExecutionBuckets(
                    kinds=(
                        "market",
                        "marketable limit",
                        "marketable IOC",
                        "midpoint or better limit",
                        "midpoint or better IOC",
                        "non-marketable limit",
                        "non-marketable IOC",
                        "stop",
                    ),
                    by_value=True,
                    sizes=tuple(
                        dollars * MONEY_UNIT
                        for dollars in (0, 250, 1_000, 5_000, 10_000, 20_000, 50_000, 200_000)
                    ),
                    times_ns=(
                        0,
                        100 * MICROSECOND,
                        10 * MILLISECOND,
                        100 * MILLISECOND,
                        SECOND,
                        10 * SECOND,
                        30 * SECOND,
                        5 * MINUTE,
                    ),
                    horizons_ns=(50 * MILLISECOND, SECOND, 15 * SECOND, MINUTE, 5 * MINUTE),
                    shares_min=1,
                    near_quote=0,
                ),
                _AMENDED,
            ),
        ]
    ),
)
"""Rule 605 and the rule it came from."""
