"""Market data in a simulated firm: products, subscribers, grants, use and charges, sensible and not, by seeded chance."""

from __future__ import annotations

from random import Random

from rushtrade.domain import commands as cmd
from rushtrade.domain.data_products import Billing, DataUse, SubscriberKind, UsageRow
from rushtrade.domain.instants import DAY, day_number
from rushtrade.rules.new_york import day_at
from support.data_words import NO, PRODUCTS, YES, agreement
from support.whole_firm import WholeFirm

ACCOUNTS = (1, 2, 3)
CODES = (*PRODUCTS, "NO-SUCH")


def administer_data(firm: WholeFirm, chance: Random) -> None:
    """One step of whoever sells market data; the first defines the price list, and now and then weeks go by."""
    register = firm.house.state.market_data
    if not register.products:
        for code in ("UTP", "ALPHA"):
            firm.do(cmd.DefineDataAgreement(agreement(code)), "desk")
        for product in PRODUCTS.values():
            firm.do(cmd.DefineDataProduct(product), "desk")
    if chance.random() < 0.1:
        firm.house.now_ns += chance.randint(1, 40) * DAY
    number = chance.randint(1, min(len(register.subscribers), 4) + 1)
    product, use = (
        chance.choice(CODES),
        chance.choice((DataUse.DISPLAY, DataUse.DISPLAY, DataUse.NON_DISPLAY)),
    )
    today = day_at(firm.house.now_ns)
    displays, queries = chance.randint(-1, 4), chance.randint(0, 500)
    month = (today.year - (today.month == 1)) * 100 + (today.month - 2) % 12 + 1
    row = UsageRow(number, product, use, displays, queries, chance.random() < 0.2)
    firm.do(
        chance.choice(
            [
                cmd.RegisterSubscriber(
                    f"user {chance.randint(1, 9)}",
                    chance.choice([SubscriberKind.PERSON, SubscriberKind.PERSON, SubscriberKind.TRUST]),
                    chance.choice(ACCOUNTS),
                ),
                cmd.AnswerQuestionnaire(number, 1, chance.choice([NO, NO, YES, NO[:3]])),
                cmd.SignAgreement(number, chance.choice(("UTP", "ALPHA")), 1),
                cmd.GrantMarketData(number, product, use, displays, chance.choice(list(Billing))),
                cmd.GrantMarketData(number, product, use, displays, chance.choice(list(Billing))),
                cmd.RevokeMarketData(number, product, use, "simulation"),
                cmd.ObserveUsage(day_number(today), (row,)),
                cmd.ChargeMarketData(chance.choice([month, month, month + 1]), chance.choice([0, 0, number])),
            ]
        ),
        "desk",
    )
