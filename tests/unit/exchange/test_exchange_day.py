"""A venue's whole day by its feed and its reports: sessions, crosses, imbalances, a halt, a short-sale restriction."""

import numpy as np
import pytest

from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange.venue import Exchange
from rushtrade.wire import itch50
from rushtrade.wire import order_entry as oe
from rushtrade.wire.framing import MessageReader


class Day:
    """A venue with one member; every act is a nanosecond later than the one before."""

    def __init__(self):
        self.venue = Exchange(0, ["AAPL", "MSFT"], 0)
        self.venue.hold_auctions("AAPL", 1_000_000)
        self.now = self.token = 0

    def tick(self):
        self.now += 1
        return self.now

    def enter(self, side, shares, price, tif=oe.DAY, locate=1, **more):
        self.token += 1
        row = np.zeros(1, oe.ORDER_ENTRY)
        row["kind"], row["firm"], row["token"] = oe.ENTER, 1, self.token
        row["side"], row["shares"], row["price"], row["time_in_force"] = side, shares, price, tif
        row["locate"] = locate
        for name, value in more.items():
            row[name] = value
        self.venue.enter(row, self.tick())
        return self.token

    def reports(self):
        return [
            (int(row["kind"]), int(row["token"]), int(row["price"]), int(row["shares"]), int(row["reason"]))
            for row in self.venue.reports()
            if row["kind"] != oe.ACCEPTED
        ]

    def heard(self):
        packet = self.venue.feed()
        if packet is None:
            return []
        reader = MessageReader(itch50.LENGTHS)
        reader.receive_data(packet.payload)
        return [itch50.decode(message) for message in reader]

    def events(self):
        return "".join(m.event for m in self.heard() if isinstance(m, itch50.SystemEvent))


def test_a_day_from_the_pre_market_to_the_end_of_messages():
    day = Day()
    day.venue.open_pre_market(day.tick())
    assert day.events() == "OS"
    early = day.enter(oe.BUY, 100, 1_000_000, oe.EXTENDED)
    day.enter(oe.SELL, 40, 1_000_000, oe.EXTENDED)
    assert [row[:2] for row in day.reports()] == [(oe.EXECUTED, early), (oe.EXECUTED, early + 1)]
    opening = day.enter(oe.SELL, 60, 0, oe.OPENING)
    waiting = day.enter(oe.BUY, 50, 1_001_000)
    closing = day.enter(oe.BUY, 30, 0, oe.CLOSING)
    day.heard()
    assert day.venue.tell_imbalance("AAPL", "O", day.tick()) is not None
    (told,) = day.heard()
    assert (told.paired_shares, told.imbalance_shares, told.imbalance_direction) == (60, 50, "B")
    assert (told.near_price, told.far_price, told.reference_price) == (
        1_001_000,
        1_001_000,
        1_000_000,
    ) or told
    day.venue.open_regular_session(day.tick())
    crosses = [m for m in day.heard() if isinstance(m, itch50.CrossTrade)]
    assert [(m.shares, m.cross_type) for m in crosses] == [(60, "O")]
    executed = [row for row in day.reports() if row[0] == oe.EXECUTED]
    assert {row[1] for row in executed} == {opening, waiting, early}
    assert sum(row[3] for row in executed if row[1] != opening) == 60
    seller = day.enter(oe.SELL, 500, 1_002_000)
    extended = day.enter(oe.SELL, 10, 1_003_000, oe.EXTENDED)
    day.venue.close_regular_session(day.tick())
    said = day.reports()
    assert (oe.EXECUTED, closing, 1_002_000, 30, 0) in said
    assert (oe.EXECUTED, seller, 1_002_000, 30, 0) in said
    assert (oe.CANCELED, seller, 0, 470, oe.REASON_DAY_END) in said
    assert extended not in {row[1] for row in said}
    day.enter(oe.BUY, 10, 1_000_000)
    assert day.reports()[-1][4] == oe.REASON_BAD_SESSION
    day.enter(oe.BUY, 10, 1_003_000, oe.EXTENDED)
    assert (oe.EXECUTED, extended, 1_003_000, 10, 0) in day.reports()
    day.venue.close(day.tick())
    assert day.events() == "MEC"


def test_a_halt_ends_with_a_cross_of_what_was_called_for():
    day = Day()
    day.venue.open(day.tick())
    day.enter(oe.SELL, 100, 1_000_000)
    day.venue.halt("AAPL", day.tick(), reason="T1")
    day.enter(oe.BUY, 100, 1_000_000)
    assert day.reports()[-1][4] == oe.REASON_HALTED
    day.venue.call("AAPL", day.tick(), reason="T2")
    buyer = day.enter(oe.BUY, 150, 1_000_500)
    assert day.reports() == []
    day.heard()
    day.venue.resume("AAPL", day.tick())
    states = [
        (type(m).__name__, m.cross_type if isinstance(m, itch50.CrossTrade) else m.trading_state)
        for m in day.heard()
        if isinstance(m, itch50.CrossTrade | itch50.StockTradingAction)
    ]
    assert states == [("CrossTrade", "H"), ("StockTradingAction", "T")]
    assert (oe.EXECUTED, buyer) in [row[:2] for row in day.reports()]


def test_a_stock_without_crosses_opens_by_letting_orders_trade():
    day = Day()
    day.venue.open_pre_market(day.tick())
    day.enter(oe.BUY, 100, 1_000_000, locate=2)
    day.enter(oe.SELL, 100, 1_000_000, locate=2)
    assert day.enter(oe.BUY, 100, 0, oe.OPENING, locate=2)
    assert [row[4] for row in day.reports()] == [oe.REASON_BAD_SESSION]
    day.venue.open_regular_session(day.tick())
    assert [row[:2] for row in day.reports()] == [(oe.EXECUTED, 1), (oe.EXECUTED, 2)]


def test_while_rule_201_restricts_a_short_sale_takes_only_above_the_national_bid():
    day = Day()
    day.venue.open(day.tick())
    day.enter(oe.BUY, 100, 1_000_000)
    day.venue.restrict_short_sales("AAPL", day.tick(), on=True)
    assert isinstance(day.heard()[-1], itch50.RegShoRestriction)
    day.enter(oe.SELL_SHORT, 100, 1_000_000, oe.IOC)
    assert day.reports()[-1][4] == oe.REASON_SHORT_SALE
    day.enter(oe.SELL_SHORT, 100, 1_000_000)
    assert day.reports()[-1][4] == oe.REASON_SHORT_SALE
    day.enter(oe.SELL_SHORT, 100, 1_000_100)
    assert day.reports() == []
    exempt = day.enter(oe.SELL_SHORT_EXEMPT, 40, 1_000_000)
    long = day.enter(oe.SELL, 60, 1_000_000)
    assert {row[1] for row in day.reports()} >= {exempt, long}


def test_another_venues_better_quote_is_not_traded_through_but_by_an_intermarket_sweep():
    day = Day()
    day.venue.open(day.tick())
    day.venue.engine.keep_rules(trade_through=True, lock_and_cross=True)
    day.enter(oe.SELL, 100, 1_000_500)
    day.venue.engine.set_away(1, 999_000, 1_000_000)
    day.enter(oe.BUY, 100, 1_000_500, oe.IOC)
    assert day.reports()[-1][4] == oe.REASON_PROTECTED_QUOTE
    day.enter(oe.BUY, 100, 1_000_000)
    assert day.reports()[-1][4] == oe.REASON_PROTECTED_QUOTE  # it would lock the other venue's offer
    swept = day.enter(oe.BUY, 100, 1_000_500, oe.IOC, instructions=oe.ISO)
    assert (oe.EXECUTED, swept, 1_000_500, 100, 0) in day.reports()


def test_pegged_orders_follow_the_national_quote_and_are_not_displayed():
    day = Day()
    day.venue.open(day.tick())
    day.venue.engine.set_away(1, 999_000, 1_001_000)
    middle = day.enter(oe.BUY, 100, 0, peg=oe.MIDPOINT, display=oe.HIDDEN)
    day.heard()
    seller = day.enter(oe.SELL, 40, 999_500, oe.IOC)
    assert (oe.EXECUTED, seller, 1_000_000, 40, 0) in day.reports()
    day.venue.engine.set_away(1, 999_200, 1_001_000)
    seller = day.enter(oe.SELL, 40, 999_500, oe.IOC)
    assert (oe.EXECUTED, seller, 1_000_100, 40, 0) in day.reports()
    day.venue.engine.set_away(1, 0, 0)
    day.enter(oe.SELL, 10, 1, oe.IOC)
    assert day.reports()[-1][4] == oe.REASON_IOC_REMAINDER  # nothing to follow: it waits
    day.enter(oe.BUY, 10, 0, peg=oe.PRIMARY)
    assert day.reports()[-1][4] == oe.REASON_BAD_PEG
    day.venue.engine.set_away(1, 999_000, 1_001_000)
    seller = day.enter(oe.SELL, 20, 999_500, oe.IOC)
    assert (oe.EXECUTED, middle, 1_000_000, 20, 0) in day.reports()


@pytest.mark.parametrize("turn", ["open_regular_session", "close_regular_session"])
def test_turns_of_the_day_come_in_their_order(turn):
    day = Day()
    with pytest.raises(InvalidInput, match="follows"):
        getattr(day.venue, turn)(day.tick())
