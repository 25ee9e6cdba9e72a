"""Market data in the words of tests: a price list of round figures, and a house that knows it."""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.data_products import (
    Billing,
    DataAgreement,
    DataPrice,
    DataProduct,
    DataUse,
    Level,
    SubscriberKind,
)
from rushtrade.domain.instants import DAY, day_number
from rushtrade.domain.numbers import MONEY_UNIT, parse_money
from rushtrade.rules.new_york import midnight_ns
from support.small_house import SmallHouse

NO, YES = (False,) * 12, (True,) + (False,) * 11


def price(first, pro, non, non_display="0", query="0.00", *, per_display=False):
    """A row of prices: dollars a month, the same price a query for everybody."""
    amounts = [parse_money(text) for text in (pro, non, non_display, query, query)]
    return DataPrice(day_number(dt.date.fromisoformat(first)), *amounts, per_display, "a test")


PRODUCTS = {
    "TAPE-C": DataProduct(
        "TAPE-C",
        "UTP",
        "Level I of tape C",
        Level.LEVEL_1,
        ("C",),
        (),
        "UTP",
        False,
        True,
        (price("2020-01-01", "24", "1", "500", "0.0075"), price("2027-01-01", "26", "2", "500", "0.0075")),
    ),
    "TAPE-A": DataProduct(
        "TAPE-A",
        "CTA",
        "Level I of tape A",
        Level.LEVEL_1,
        ("A",),
        (),
        "",
        False,
        True,
        (price("2020-01-01", "45", "1", "750", "0.01", per_display=True),),
    ),
    "AAA-BOOK": DataProduct(
        "AAA-BOOK",
        "ALPHA",
        "Book of the Alpha Exchange",
        Level.DEPTH,
        (),
        ("XXXA",),
        "ALPHA",
        False,
        False,
        (price("2020-01-01", "70", "14"),),
    ),
    "BBB-BOOK": DataProduct(
        "BBB-BOOK",
        "HOUSE",
        "Book of the Beta Exchange",
        Level.DEPTH,
        (),
        ("XXXB",),
        "",
        False,
        False,
        (price("2026-12-10", "10", "5"),),
    ),
    "SIMULATED": DataProduct(
        "SIMULATED", "HOUSE", "The simulated market", Level.HOUSE, (), (), "", True, False, ()
    ),
}


def agreement(code, version=1, first="2020-01-01", grace_days=30):
    day = day_number(dt.date.fromisoformat(first))
    return DataAgreement(code, version, code, f"{code} agreement", day, grace_days, "ab" * 32)


class DataDesk:
    """A small house whose clock is set by the day, with a price list."""

    def __init__(self, day="2026-11-20", house=None):
        self.house = house or SmallHouse()
        if house is None:
            self.house.found()
            self.house.open_account(AccountKind.CASH, 1_000)
        self.set_day(day)
        for code in ("UTP", "ALPHA"):
            self.ok(cmd.DefineDataAgreement(agreement(code)))
        for product in PRODUCTS.values():
            self.ok(cmd.DefineDataProduct(product))

    @property
    def state(self):
        return self.house.state

    @property
    def register(self):
        return self.state.market_data

    def set_day(self, text):
        """Noon in New York."""
        self.house.now_ns = midnight_ns(dt.date.fromisoformat(text)) + DAY // 2

    def do(self, command):
        return self.house.do(command, "desk")

    def ok(self, command):
        events = self.do(command)
        assert not [event for event in events if type(event).__name__ == "CommandRefused"], events
        return events

    def refusal(self, command):
        (event,) = self.do(command)
        assert type(event).__name__ == "CommandRefused", event
        return event.text

    def subscriber(self, user="anna", kind=SubscriberKind.PERSON, answers=NO, sign=("UTP", "ALPHA")):
        """Register a user with answers and signatures on file; give the number."""
        (event,) = self.ok(cmd.RegisterSubscriber(user, kind, 1))
        number = event.subscriber_id
        if kind is SubscriberKind.PERSON and answers is not None:
            self.ok(cmd.AnswerQuestionnaire(number, 1, answers))
        for code in sign:
            self.ok(cmd.SignAgreement(number, code, 1))
        return number

    def grant(self, number, product, use=DataUse.DISPLAY, displays=1, billing=Billing.MONTHLY):
        return self.ok(cmd.GrantMarketData(number, product, use, displays, billing))

    def may(self, number, product, use=DataUse.DISPLAY):
        return self.register.may(number, product, use, self.house.now_ns)


def changed(product, **fields):
    return cmd.DefineDataProduct(msgspec.structs.replace(product, **fields))


def dollars_of(money):
    return f"{money // MONEY_UNIT}.{money % MONEY_UNIT:06d}".rstrip("0").rstrip(".")
