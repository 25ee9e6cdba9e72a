"""Supervision as scenarios: bands, limit state, pause, crosses, Rule 201, the breaker, and days before there was any of it.

Left of the bar the time and what a member does; right of it what is said: H halts and resumptions, Q crosses, Y short-sale
states of the listing venue's feed, and the reports of the order.
"""

import datetime as dt

import numpy as np
import pytest
from tests.support.tables import cases
from tests.unit.rules.test_rules_world import SMALL

from rushtrade.exchange.venue import Exchange
from rushtrade.marketplace.national_quotes import NationalQuotes
from rushtrade.marketplace.supervision import Supervision
from rushtrade.rules.sessions import session_on
from rushtrade.rules.world_file import parse_world
from rushtrade.wire import itch50
from rushtrade.wire import order_entry as oe
from rushtrade.wire.framing import MessageReader

SECOND = 1_000_000_000
DAY = dt.date(2026, 11, 20)
WORLD = parse_world(
    SMALL.replace("2026-01-02", "2004-01-02").replace("take_mils = 30", "take_mils = 3").encode(), "small"
)
NAMES = {"LEFT": 0, "RIGHT": 1}
TIMES = {"day": oe.DAY, "ioc": oe.IOC, "ext": oe.EXTENDED, "open": oe.OPENING, "close": oe.CLOSING}
SIDES = {"buy": oe.BUY, "sell": oe.SELL, "short": oe.SELL_SHORT}
WORDS = {oe.EXECUTED: "filled", oe.CANCELED: "canceled", oe.REJECTED: "rejected"}


class Street:
    """Two venues under supervision; stock ABC is listed at RIGHT and closed at 10.00."""

    def __init__(self, day=DAY, **options):
        self.session = session_on(day)
        self.midnight = self.session.midnight_ns
        self.venues = [Exchange(place, ["ABC"], self.midnight) for place in (0, 1)]
        self.quotes = NationalQuotes(self.venues, [True, True], [True, True])
        self.supervision = Supervision(WORLD, self.venues, self.quotes, day, {"ABC": 100_000}, **options)
        self.token = 0
        self.imbalances = 0

    def ns(self, clock):
        hours, minutes, seconds = clock.split(":")
        return self.midnight + round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * SECOND)

    def pass_time(self, until):
        while self.supervision.next_ns is not None and self.supervision.next_ns <= until:
            now = self.supervision.next_ns
            self.supervision.advance(now)
            self.quotes.watch([1], now)
            self.quotes.look(now)

    def act(self, clock, words):
        now = self.ns(clock)
        self.pass_time(now)
        said = self.said()
        if words and words[0] == "open":
            self.supervision.open(now)
            self.pass_time(now)
            self.said()
        elif words:
            self.enter(now, *words)
        self.quotes.watch([1], now)
        self.quotes.look(now)
        return said + self.said()

    def enter(self, now, venue, side, shares, price, tif="day"):
        self.token += 1
        row = np.zeros(1, oe.ORDER_ENTRY)
        row["kind"], row["firm"], row["locate"], row["token"] = oe.ENTER, 1, 1, self.token
        row["side"], row["shares"], row["time_in_force"] = SIDES[side], int(shares), TIMES[tif]
        row["price"] = round(float(price) * 10_000)
        self.venues[NAMES[venue]].enter(row, now)

    def said(self):
        words = []
        for venue in self.venues:
            packet = venue.feed()
            reader = MessageReader()
            reader.receive_data(packet.payload if packet else b"")
            for data in reader:
                words += self.word(itch50.decode(data)) if venue.venue == 1 else []
            for row in venue.reports():
                if int(row["kind"]) in WORDS:
                    word = f"{WORDS[int(row['kind'])]} {int(row['token'])}"
                    if row["kind"] == oe.EXECUTED:
                        word += f" {int(row['shares'])} at {int(row['price']) / 10_000:.2f}"
                    elif row["reason"] != oe.REASON_DAY_END:
                        word += f" ({int(row['reason'])})"
                    words.append(word)
        return words

    def word(self, message):
        if isinstance(message, itch50.StockTradingAction):
            return [f"H {message.trading_state} {message.reason.strip()}".strip()]
        if isinstance(message, itch50.CrossTrade):
            return [f"Q {message.cross_type} {message.shares} at {message.price / 10_000:.2f}"]
        if isinstance(message, itch50.RegShoRestriction):
            return [f"Y {message.action}"]
        if isinstance(message, itch50.NetOrderImbalance):
            self.imbalances += 1
        return []


def play(text, **options):
    """Play a scenario; give expected and said, line by line."""
    street, found = Street(**options), []
    for left, right in text:
        clock, *words = left.split()
        found.append((left, " · ".join(street.act(clock, words)), right))
    return street, found


def test_bands_lie_around_the_last_close_until_there_are_trades():
    street = Street()
    street.act("09:30:00", ["open"])
    assert street.supervision.band("ABC") == (95_000, 105_000)
    street.act("09:31:00", ["LEFT", "sell", "100", "10.40"])
    street.act("09:31:01", ["LEFT", "buy", "100", "10.40"])
    street.act("09:32:00", [])
    assert street.supervision.band("ABC") == (98_800, 109_200), "five per cent around 10.40"


PLAYS = """
== nothing executes outside the band, and nothing rests there
09:30:00 open                        |
09:31:00 LEFT sell 100 10.51         |
09:31:01 LEFT buy 100 10.51          | canceled 2 (25)
09:31:02 LEFT buy 100 10.50 ioc      | canceled 3 (2)

== a best quote that stands at the band for fifteen seconds pauses the stock, and a cross brings it back
09:30:00 open                        |
09:31:00 LEFT sell 500 10.45         |
09:31:01 LEFT buy 100 10.45          | filled 1 100 at 10.45 · filled 2 100 at 10.45
09:31:02 LEFT buy 900 10.50          | filled 1 400 at 10.45 · filled 3 400 at 10.45
09:31:10                             |
09:31:18                             | H P LUDP · H Q
09:31:20 LEFT sell 100 10.50         | rejected 4 (13)
09:32:00 RIGHT sell 300 10.60 open   |
09:33:00 RIGHT buy 200 10.70 open    |
09:36:17                             |
09:36:18                             | Q H 200 at 10.60 · H T · filled 6 200 at 10.60 · filled 5 200 at 10.60 · canceled 5 (23)
09:36:20 LEFT sell 100 10.50         | filled 3 100 at 10.50 · filled 7 100 at 10.50

== a fall of a tenth holds short sales to the price test, today and tomorrow
09:30:00 open                        |
09:31:00 LEFT sell 100 9.50          |
09:31:01 LEFT buy 100 9.50           | filled 1 100 at 9.50 · filled 2 100 at 9.50
09:32:10 LEFT sell 100 9.05          |
09:32:11 LEFT buy 100 9.05           | filled 3 100 at 9.05 · filled 4 100 at 9.05
09:33:10 LEFT sell 100 9.00          |
09:33:11 LEFT buy 100 9.00           | filled 5 100 at 9.00 · filled 6 100 at 9.00
09:33:13                             | Y 1
09:33:14 LEFT buy 100 9.00           |
09:33:15 LEFT short 100 9.00 ioc     | canceled 8 (24)
09:33:16 LEFT sell 100 9.00 ioc      | filled 7 100 at 9.00 · filled 9 100 at 9.00

== the day: pre-market, opening cross, closing cross, post-market
08:00:00 open                        |
08:10:00 RIGHT buy 300 10.10 open    |
08:11:00 RIGHT sell 200 9.90 open    |
08:12:00 LEFT buy 100 9.80 ext       |
08:12:30 LEFT sell 50 9.80 ext       | filled 3 50 at 9.80 · filled 4 50 at 9.80
08:13:00 LEFT buy 100 10.00          |
09:29:59                             |
09:30:00                             | Q O 200 at 10.00 · filled 1 200 at 10.00 · filled 2 200 at 10.00 · canceled 1 (23)
15:00:00 RIGHT sell 300 9.95 close   |
15:01:00 RIGHT buy 100 10.05 close   |
15:59:59                             |
16:00:00                             | canceled 5 · Q C 100 at 10.00 · filled 7 100 at 10.00 · filled 6 100 at 10.00 · canceled 6 (23)
16:00:01 LEFT sell 50 9.80 ext       | filled 3 50 at 9.80 · filled 8 50 at 9.80
"""


@pytest.mark.parametrize("case", cases(PLAYS), ids=lambda case: case.title)
def test_a_day_goes_as_the_rules_of_its_date_say(case):
    _, found = play(case.steps)
    assert [f"{left} | {said}" for left, said, _ in found] == [f"{left} | {want}" for left, _, want in found]


BREAKER = """
== seven per cent halt everything for a quarter of an hour, twenty for the day
09:30:00 open                        |
09:31:00 LEFT sell 100 9.50          |
09:31:01 LEFT buy 100 9.50           | filled 1 100 at 9.50 · filled 2 100 at 9.50
09:32:01 LEFT sell 100 9.30          |
09:32:02 LEFT buy 100 9.30           | filled 3 100 at 9.30 · filled 4 100 at 9.30
09:32:03                             | H H MWC1 · H Q
09:33:00 LEFT sell 100 9.30          | rejected 5 (13)
09:47:02                             |
09:47:03                             | Q H 0 at 0.00 · H T
"""


def test_the_market_wide_breaker_halts_by_level():
    (case,) = cases(BREAKER)
    _, found = play(case.steps, index="ABC")
    assert [f"{left} | {said}" for left, said, _ in found] == [f"{left} | {want}" for left, _, want in found]


def test_before_the_rules_there_are_no_bands_no_crosses_and_no_protected_quotes():
    street = Street(dt.date(2004, 11, 22))
    street.act("09:30:00", ["open"])
    street.act("09:31:00", ["RIGHT", "sell", "100", "10.00"])
    street.act("09:31:01", ["LEFT", "sell", "100", "14.00"])
    said = street.act("09:31:02", ["LEFT", "buy", "100", "14.00", "ioc"])
    assert said == ["filled 2 100 at 14.00", "filled 3 100 at 14.00"], "through a better price, and far away"
    street.act("16:00:01", [])
    assert street.supervision.band("ABC") == (0, 0)
    assert street.imbalances == 0


def test_today_nothing_executes_at_a_worse_price_than_another_venue_shows_but_an_intermarket_sweep():
    street = Street()
    street.act("09:30:00", ["open"])
    street.act("09:31:00", ["RIGHT", "sell", "100", "10.00"])
    street.act("09:31:01", ["LEFT", "sell", "100", "10.05"])
    assert street.act("09:31:02", ["LEFT", "buy", "100", "10.10", "ioc"]) == ["canceled 3 (9)"]
    assert street.act("09:31:03", ["LEFT", "buy", "100", "10.00"]) == ["canceled 4 (9)"], "it would lock"


def test_imbalances_are_told_in_the_cadence_of_the_rule():
    street = Street()
    street.act("09:00:00", ["open"])
    street.act("09:30:00", [])
    assert street.imbalances == 24, "two minutes, every five seconds"
    street.act("16:00:00", [])
    assert street.imbalances == 24 + 60, "ten minutes, every ten seconds"


def test_a_half_day_closes_at_one():
    street = Street(dt.date(2026, 11, 27))
    street.act("09:30:00", ["open"])
    assert street.act("12:59:59", []) == []
    assert street.act("13:00:00", []) == ["Q C 0 at 0.00"]


def test_restricted_stocks_stay_so_the_day_after():
    street = Street(restricted=["ABC"])
    street.supervision.open(street.ns("09:30:00"))
    assert "Y 1" in street.said()


def test_a_stock_that_falls_again_while_restricted_is_restricted_for_another_day():
    first, again = Street(), Street(restricted=["ABC"])
    for street in (first, again):
        assert street.supervision.triggered == {}
        street.supervision._test_short_sales("ABC", 1, street.ns("10:00:00"))
        assert list(street.supervision.triggered) == ["ABC"]


def test_a_market_hands_the_days_falls_to_the_next_one():
    street = Street()
    assert list(street.supervision.restricted) == []
    street.supervision._test_short_sales("ABC", 1, street.ns("10:00:00"))
    assert list(street.supervision.restricted) == [], "of the day before alone"
    assert "Y 1" in street.said(), "and restricted at once"
