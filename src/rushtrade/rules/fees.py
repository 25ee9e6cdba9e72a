"""Regulatory fees by date: SEC Section 31, FINRA's trading activity fee (TAF), the consolidated audit trail (CAT).

=============  ============  ======================================  =====================================
fee            charged on    rate, as an integer                     by which date
=============  ============  ======================================  =====================================
Section 31     sales         cents per million dollars of value      charge date = settlement date
TAF            sales         micro-dollars a share, cap per trade    trade date
CAT            both sides    micro-dollars a share                   trade date
=============  ============  ======================================  =====================================

Amounts are micro-dollars, rounded up to the cent once per order: an order that fills in parts owes, after each part,
the fee on all of it so far less what it was charged before. Nothing here knows orders, accounts or commissions.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain.numbers import CENT, MONEY_PER_PRICE_SHARE, ceil_to_cent
from rushtrade.rules.dated import DatedTable, successive

SECTION_31_UNIT = 100 * 1_000_000
"""A Section 31 rate is a number of cents (100 a dollar) on a million dollars."""


def _advisory(year: int) -> str:
    return f"SEC fee rate advisory for fiscal year {year}"


SECTION_31: DatedTable[int] = DatedTable(
    "Section 31 fee",
    successive(
        [
            (dt.date(2001, 12, 28), 15_00, "traderstatus.com/?p=1215, " + _advisory(2002)),
            (dt.date(2002, 4, 1), 30_10, "traderstatus.com/?p=1215, " + _advisory(2002)),
            (dt.date(2003, 3, 22), 25_20, "traderstatus.com/?p=1215, " + _advisory(2003)),
            (dt.date(2003, 4, 1), 46_80, "traderstatus.com/?p=1215, " + _advisory(2003)),
            (dt.date(2004, 2, 22), 39_00, "traderstatus.com/?p=1215, " + _advisory(2004)),
            (dt.date(2004, 4, 1), 23_40, "traderstatus.com/?p=1215, " + _advisory(2004)),
            (dt.date(2005, 1, 7), 32_90, "traderstatus.com/?p=1215, " + _advisory(2005)),
            (dt.date(2005, 4, 1), 41_80, "traderstatus.com/?p=1215, " + _advisory(2005)),
            (dt.date(2005, 12, 22), 30_70, "traderstatus.com/?p=1215, " + _advisory(2006)),
            (
                dt.date(2007, 3, 17),
                15_30,
                "sec.gov/news/press/2006/2006-194.htm; 30 days after the act of 2007-02-15",
            ),
            (
                dt.date(2008, 1, 25),
                11_00,
                "sec.gov/news/press/2007/2007-89.htm; 30 days after the act of 2007-12-26",
            ),
            (dt.date(2008, 4, 1), 5_60, "finra.org information-notice-031008"),
            (
                dt.date(2009, 4, 10),
                25_70,
                "finra.org information-notice-122009; 30 days after the act of 2009-03-11",
            ),
            (
                dt.date(2010, 1, 15),
                12_70,
                "sec.gov/news/press/2009/2009-100.htm; 30 days after the act of 2009-12-16",
            ),
            (dt.date(2010, 4, 1), 16_90, "finra.org information-notice-031010"),
            (dt.date(2011, 1, 21), 19_20, "sec.gov/news/press/2010/2010-255.htm"),
            (dt.date(2012, 2, 21), 18_00, _advisory(2012) + "; 60 days after the act of 2011-12-23"),
            (
                dt.date(2012, 4, 1),
                22_40,
                "sec.gov/news/press-release/2012-2012-232htm (rate), " + _advisory(2012),
            ),
            (dt.date(2013, 5, 25), 17_40, _advisory(2013) + "; 60 days after the act of 2013-03-26"),
            (dt.date(2014, 3, 18), 22_10, "finra.org information-notice-030314"),
            (dt.date(2015, 2, 14), 18_40, _advisory(2015) + "; 60 days after the act of 2014-12-16"),
            (dt.date(2016, 2, 16), 21_80, "finra.org information-notice-031516 (rate), " + _advisory(2016)),
            (dt.date(2017, 7, 4), 23_10, _advisory(2017) + "; 60 days after the act of 2017-05-05"),
            (dt.date(2018, 5, 22), 13_00, "finra.org information-notice-050718"),
            (dt.date(2019, 4, 16), 20_70, "ftfnews.com/finra-ups-key-fees-by-59-percent, " + _advisory(2019)),
            (dt.date(2020, 2, 18), 22_10, "FINRA information notice 2020-02-03"),
            (dt.date(2021, 2, 25), 5_10, _advisory(2021)),
            (dt.date(2022, 5, 14), 22_90, _advisory(2022) + "; 60 days after the act of 2022-03-15"),
            (dt.date(2023, 2, 27), 8_00, "88 FR 5051 (34-96724)"),
            (dt.date(2024, 5, 22), 27_80, _advisory(2024)),
            (dt.date(2025, 5, 14), 0, "90 FR 15492 (34-102779), FINRA information notice 2025-04-24"),
            (dt.date(2026, 4, 4), 20_60, "FR 2026-04233; until 60 days after the act for fiscal year 2027"),
        ]
    ),
)
"""Cents per million dollars of a covered sale, by charge date."""


class TradingActivityFee(msgspec.Struct, frozen=True):
    """FINRA's fee on sales of covered equities: micro-dollars a share, and the most that one trade is charged."""

    rate: int
    cap: int

    def applies_at(self, price: int) -> bool:
        """False for an execution at a price (in $0.0001) below the fee itself: such sales are not charged."""
        return price * MONEY_PER_PRICE_SHARE >= self.rate


NO_ACTIVITY_FEE = TradingActivityFee(rate=0, cap=0)

TAF: DatedTable[TradingActivityFee] = DatedTable(
    "trading activity fee",
    successive(
        [
            (dt.date(2003, 9, 1), TradingActivityFee(100, 10_000_000), "NASD NTM 03-43, 02-63"),
            (dt.date(2004, 11, 1), TradingActivityFee(75, 3_750_000), "NASD NTM 04-84"),
            (dt.date(2011, 7, 1), TradingActivityFee(90, 4_500_000), "FINRA RN 11-27"),
            (dt.date(2012, 3, 1), TradingActivityFee(95, 4_750_000), "FINRA RN 12-06"),
            (dt.date(2012, 7, 1), TradingActivityFee(119, 5_950_000), "SR-FINRA-2012-023, 77 FR 27527"),
            (dt.date(2022, 1, 1), TradingActivityFee(130, 6_490_000), "SR-FINRA-2020-032, step of 2022"),
            (dt.date(2023, 1, 1), TradingActivityFee(145, 7_270_000), "SR-FINRA-2020-032, step of 2023"),
            (dt.date(2024, 1, 1), TradingActivityFee(166, 8_300_000), "SR-FINRA-2020-032, step of 2024"),
            (
                dt.date(2026, 1, 1),
                TradingActivityFee(195, 9_790_000),
                "SR-FINRA-2024-019, fee adjustment schedule",
            ),
            (dt.date(2026, 10, 1), NO_ACTIVITY_FEE, "pause to 2026-12-31, SR-FINRA-2026-021 (34-106409)"),
            (
                dt.date(2027, 1, 1),
                TradingActivityFee(195, 9_790_000),
                "SR-FINRA-2026-020, held to 2028-12-31",
            ),
        ],
        last=dt.date(2028, 12, 31),
    ),
)
"""Rate and cap by trade date. The first rates of 2002-10 to 2003-08 are not known here."""

CAT: DatedTable[int] = DatedTable(
    "CAT fee",
    (
        *successive(
            [
                (dt.date(1990, 1, 1), 0, "no fee before the CAT funding model"),
                (dt.date(2024, 9, 1), 35, "CAT Fee 2024-1: catnmsplan.com/faq/v6"),
                (
                    dt.date(2024, 10, 1),
                    48,
                    "CAT Fee 2024-1 and Historical CAT Assessment 1 (13): catnmsplan.com/faq/v6",
                ),
                (dt.date(2025, 1, 1), 35, "CAT Fee 2025-1 (22) and Historical CAT Assessment 1 (13)"),
            ],
            last=dt.date(2025, 6, 30),
        ),
        *successive(
            [
                (dt.date(2025, 12, 1), 0, "none billed 2025-12 to 2026-04: catnmsplan.com/cat-fee-alerts"),
                (
                    dt.date(2026, 5, 1),
                    3,
                    "CAT Fee 2026-1 (1) and Historical CAT Assessment 1A (2): CAT fee alerts",
                ),
            ]
        ),
    ),
)
"""Micro-dollars per executed equivalent share, by trade date. What was billed from 2025-07 to 2025-11 is unsettled."""


def section_31_fee(principal: int, rate: int) -> int:
    """Return the fee on a sale of `principal` micro-dollars at `rate` cents per million, up to the next cent."""
    return -(-principal * rate // (SECTION_31_UNIT * CENT)) * CENT


def activity_fee(shares: int, terms: TradingActivityFee) -> int:
    """Return the TAF on a sale of `shares`, up to the next cent, at most the cap."""
    return min(ceil_to_cent(shares * terms.rate), terms.cap)


def audit_trail_fee(shares: int, rate: int) -> int:
    """Return the CAT fee on `shares` bought or sold at `rate` micro-dollars a share, up to the next cent."""
    return ceil_to_cent(shares * rate)
