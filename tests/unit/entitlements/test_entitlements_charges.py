"""What a month costs whom: a table by product, class, use and days; charged once, and the books balance."""

from __future__ import annotations

import datetime as dt

import pytest

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.data_products import Billing, DataUse, SubscriberStatus, UsageRow
from rushtrade.domain.instants import day_number
from rushtrade.domain.transfers import CASH, LedgerCode, ledger_account
from rushtrade.entitlements.charges import charges_of
from support.books_check import check_books
from support.data_words import NO, YES, DataDesk, dollars_of
from support.tables import rows

# The subscriber answered on 2026-11-10 (all "no") or is a professional from then on; "turns" means: answers "yes" on that day.
FEES = """
    # product  | class    | use         | billing | granted    | taken away | turns      | displays | queries | month   | owed
    TAPE-C     | non      | display     | month   | 2026-11-10 |            |            | 1        | 0       | 2026-11 | 1
    TAPE-C     | pro      | display     | month   | 2026-11-10 |            |            | 1        | 0       | 2026-11 | 24
    # a day of a month is a month; a month without a day is none
    TAPE-C     | pro      | display     | month   | 2026-11-30 |            |            | 1        | 0       | 2026-11 | 24
    TAPE-C     | pro      | display     | month   | 2026-11-10 | 2026-11-11 |            | 1        | 0       | 2026-11 | 24
    TAPE-C     | pro      | display     | month   | 2026-11-10 | 2026-11-11 |            | 1        | 0       | 2026-12 | nothing
    TAPE-C     | pro      | display     | month   | 2026-11-10 | 2026-12-01 |            | 1        | 0       | 2026-12 | 24
    TAPE-C     | pro      | display     | month   | 2026-12-01 |            |            | 1        | 0       | 2026-11 | nothing
    # prices of the month's first day
    TAPE-C     | non      | display     | month   | 2026-11-10 |            |            | 1        | 0       | 2026-12 | 1
    TAPE-C     | non      | display     | month   | 2026-11-10 |            |            | 1        | 0       | 2027-01 | 2
    BBB-BOOK   | non      | display     | month   | 2026-12-12 |            |            | 1        | 0       | 2026-12 | 5
    # whoever was a professional on one day of the grant pays as one
    TAPE-C     | non      | display     | month   | 2026-11-10 |            | 2026-11-30 | 1        | 0       | 2026-11 | 24
    TAPE-C     | non      | display     | month   | 2026-11-10 | 2026-11-20 | 2026-11-30 | 1        | 0       | 2026-11 | 1
    TAPE-C     | non      | display     | month   | 2026-11-10 |            | 2026-12-01 | 1        | 0       | 2026-11 | 1
    # answers that are due again make a professional
    TAPE-C     | non      | display     | month   | 2026-11-10 |            |            | 1        | 0       | 2027-10 | 2
    TAPE-C     | non      | display     | month   | 2026-11-10 |            |            | 1        | 0       | 2027-11 | 26
    # by display or by user
    TAPE-C     | pro      | display     | month   | 2026-11-10 |            |            | 3        | 0       | 2026-11 | 24
    TAPE-A     | pro      | display     | month   | 2026-11-10 |            |            | 3        | 0       | 2026-11 | 135
    TAPE-A     | pro      | display     | month   | 2026-11-10 |            |            | 0        | 0       | 2026-11 | 45
    TAPE-A     | non      | display     | month   | 2026-11-10 |            |            | 3        | 0       | 2026-11 | 1
    # by the query, up to a month
    TAPE-C     | non      | display     | query   | 2026-11-10 |            |            | 1        | 0       | 2026-11 | nothing
    TAPE-C     | non      | display     | query   | 2026-11-10 |            |            | 1        | 100     | 2026-11 | 0.75
    TAPE-C     | non      | display     | query   | 2026-11-10 |            |            | 1        | 900     | 2026-11 | 1
    TAPE-C     | pro      | display     | query   | 2026-11-10 |            |            | 1        | 900     | 2026-11 | 6.75
    # a program pays its own price, whoever runs it
    TAPE-C     | non      | non_display | month   | 2026-11-10 |            |            | 0        | 0       | 2026-11 | 500
    TAPE-A     | pro      | non_display | month   | 2026-11-10 |            |            | 0        | 0       | 2026-11 | 750
    # depth, and the house's own
    AAA-BOOK   | non      | display     | month   | 2026-11-10 |            |            | 1        | 0       | 2026-11 | 14
    AAA-BOOK   | pro      | display     | month   | 2026-11-10 |            |            | 1        | 0       | 2026-11 | 70
    SIMULATED  | pro      | display     | month   | 2026-11-10 |            |            | 9        | 0       | 2026-11 | nothing
"""


def play(product, status, use, billing, granted, taken, turns, displays, queries):
    """Let the days pass as a row says."""
    desk = DataDesk("2026-11-10")
    number = desk.subscriber(answers=YES if status == "pro" else NO)
    days = sorted({day for day in (granted, taken, turns) if day})
    for day in days:
        desk.set_day(day)
        if day == granted:
            desk.grant(
                number,
                product,
                DataUse[use.upper()],
                0,
                Billing["PER_QUERY" if billing == "query" else "MONTHLY"],
            )
            row = UsageRow(number, product, DataUse[use.upper()], int(displays), int(queries))
            desk.ok(cmd.ObserveUsage(day_number(dt.date.fromisoformat(day)), (row,)))
        if day == taken:
            desk.ok(cmd.RevokeMarketData(number, product, DataUse[use.upper()], "a test"))
        if day == turns:
            desk.ok(cmd.AnswerQuestionnaire(number, 1, YES))
    return desk, number


@pytest.mark.parametrize(
    (
        "product",
        "status",
        "use",
        "billing",
        "granted",
        "taken",
        "turns",
        "displays",
        "queries",
        "month",
        "owed",
    ),
    rows(FEES),
)
def test_a_month_costs_what_the_price_list_says(
    product, status, use, billing, granted, taken, turns, displays, queries, month, owed
):
    desk, number = play(product, status, use, billing, granted, taken, turns, displays, queries)
    desk.set_day("2027-12-05")
    before = desk.state.ledger.trade_date_balance(1, CASH)
    events = desk.do(cmd.ChargeMarketData(int(month.replace("-", "")), number))
    if owed == "nothing":
        assert "nothing is owed" in events[0].text
        assert desk.state.ledger.trade_date_balance(1, CASH) == before
        return
    (event,) = events
    assert dollars_of(event.amount) == owed
    assert desk.state.ledger.trade_date_balance(1, CASH) == before - event.amount
    home = LedgerCode.MARKET_DATA_INCOME if product == "BBB-BOOK" else LedgerCode.MARKET_DATA_PAYABLE
    assert desk.state.ledger.balance(ledger_account(0, home), CASH) == event.amount
    check_books(desk.state)


def test_a_month_is_charged_once_however_often_it_is_asked():
    desk = DataDesk("2026-11-10")
    anna, bert = desk.subscriber("anna"), desk.subscriber("bert", answers=YES)
    for number in (anna, bert):
        desk.grant(number, "TAPE-C")
    desk.set_day("2026-12-01")
    (event,) = desk.ok(cmd.ChargeMarketData(202611, bert))
    assert (event.subscriber_id, event.status) == (bert, SubscriberStatus.PROFESSIONAL)
    (event,) = desk.ok(cmd.ChargeMarketData(202611, 0))
    assert event.subscriber_id == anna, "who was charged is not charged again"
    for number in (anna, bert, 0):
        assert "it was charged before; nothing was charged" in desk.refusal(
            cmd.ChargeMarketData(202611, number)
        )
    desk.set_day("2027-01-02")
    assert len(desk.ok(cmd.ChargeMarketData(202612, 0))) == 2


def test_a_product_without_a_price_for_the_month_is_said_not_given_away():
    desk = DataDesk("2026-11-10")
    number = desk.subscriber()
    desk.grant(number, "BBB-BOOK")
    desk.set_day("2026-12-01")
    assert "BBB-BOOK has no price for 2026-11; it has prices from 2026-12-10 on" in desk.refusal(
        cmd.ChargeMarketData(202611, 0)
    )


def test_a_fee_is_money_taken_out_and_no_loss_of_the_day():
    desk = DataDesk("2026-11-10")
    number = desk.subscriber()
    desk.grant(number, "TAPE-C")
    desk.set_day("2026-12-01")
    before = desk.state.accounts[1].day_transfers
    (event,) = desk.ok(cmd.ChargeMarketData(202611, 0))
    assert isinstance(event, ev.MarketDataCharged)
    assert desk.state.accounts[1].day_transfers == before - event.amount


def test_use_of_a_month_is_its_largest_day_and_all_queries():
    desk = DataDesk("2026-11-10")
    number = desk.subscriber()
    desk.grant(number, "TAPE-A", displays=0)
    observed = [  # day, displays, queries: rows of one day say how much there was so far
        (10, 1, 5),
        (10, 3, 9),
        (10, 2, 9),
        (10, 2, 12),
        (12, 1, 4),
        (11, 9, 9),  # a day before the last one known is past
        (12, 2, 2),
    ]
    for day, displays, queries in observed:
        desk.set_day("2026-11-15")
        day_of = day_number(dt.date(2026, 11, day))
        desk.ok(cmd.ObserveUsage(day_of, (UsageRow(number, "TAPE-A", DataUse.DISPLAY, displays, queries),)))
    (owed,) = charges_of(desk.register, desk.register.subscribers[number], 202611)
    assert (owed.displays, owed.queries) == (3, 12 + 4)
