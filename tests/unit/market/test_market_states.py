"""What a stock may do: notices, imbalances, market makers, and price bands against a plain recomputation."""

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_market_national_best import Desk

from rushtrade.rules.new_york import midnight_ns, wall_ns
from rushtrade.rules.price_bands import PRICE_BANDS, bands_around
from rushtrade.wire import itch50

DAY = dt.date(2026, 3, 20)
MIDNIGHT = midnight_ns(DAY)
OPEN, CLOSE = wall_ns(DAY, 570), wall_ns(DAY, 960)
SECOND = 1_000_000_000
DIRECTORY = ("Q", "N", 100, "N", "C", "Z", "P", "N", "N")


def desk_of(tier="1", leverage=0, close=0, day=DAY):
    desk = Desk()
    desk.market.open_day(midnight_ns(day), (wall_ns(day, 570), wall_ns(day, 960)))
    desk.say(0, itch50.StockDirectory(1, 0, 1, "AAPL", *DIRECTORY, tier, "N", leverage, "N"))
    if close:
        desk.market.tell_reference(closes={5: close})
    desk.market.take_statuses()
    desk.match = 0
    return desk


def trade(desk, time, price, shares=100):
    desk.match += 1
    desk.say(0, itch50.Trade(1, 0, time - MIDNIGHT, 0, "B", shares, "AAPL", price, desk.match))


def cross(desk, time, price, kind="O"):
    desk.match += 1
    desk.say(0, itch50.CrossTrade(1, 0, time - MIDNIGHT, 1_000, "AAPL", price, desk.match, kind))


class PlainBands:
    """Price bands worked out from the list of all trades, with the arithmetic of `rules`."""

    def __init__(self, tier, leverage, close):
        self.rule = PRICE_BANDS.on(DAY)
        self.tier, self.leverage, self.close = tier, leverage, close
        self.trades, self.reference, self.since, self.opened = [], 0, 0, False

    def width(self, time):
        close = self.close or self.reference
        doubled = self.rule.is_doubled(self.tier, close, time - OPEN, CLOSE - time)
        return self.rule.width(self.tier, close, doubled=doubled, leverage=self.leverage)

    def bands(self, time):
        return bands_around(self.reference, *self.width(time)) if self.opened else (0, 0)

    def take(self, time, price, opening):
        if opening:
            self.trades, self.opened, self.reference, self.since = [], True, price, time
        self.trades.append((time, price))
        self.renew(time)

    def renew(self, time):
        self.trades = [row for row in self.trades if row[0] > time - self.rule.window_ns]
        prices = [price for _, price in self.trades]
        mean = Fraction(sum(prices), len(prices)) if prices else None
        if not self.opened:
            if time - OPEN >= self.rule.window_ns and (prices or self.close):
                self.opened, self.since = True, time
                self.reference = int(mean + Fraction(1, 2)) if prices else self.close
            return
        stood = time - self.since >= self.rule.hold_ns
        if mean is not None and stood and abs(mean - self.reference) >= Fraction(self.reference, 100):
            self.reference, self.since = int(mean + Fraction(1, 2)), time


TRADES = st.lists(
    st.tuples(
        st.integers(1, 90 * SECOND), st.integers(-300, 300), st.sampled_from(["P", "P", "P", "P", "Q", "odd"])
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(
    tier=st.sampled_from([1, 2]),
    leverage=st.sampled_from([0, 3]),
    close=st.sampled_from([0, 5_000, 20_000, 1_000_000]),
    begin=st.sampled_from([OPEN, OPEN + 600 * SECOND, CLOSE - 1_600 * SECOND]),
    trades=TRADES,
)
def test_price_bands_are_those_of_a_plain_recomputation(tier, leverage, close, begin, trades):
    desk = desk_of(str(tier), leverage, close)
    plain = PlainBands(tier, leverage, close)
    now, price = begin, close or 500_000
    for wait, step, kind in trades:
        now += wait
        price = max(price + price * step // 10_000, 100)
        if now >= CLOSE:
            break
        if kind == "Q":
            cross(desk, now, price)
        else:
            trade(desk, now, price, 100 if kind == "P" else 7)
        if kind != "odd":  # an odd lot does not update the last sale, so it is no eligible trade
            plain.take(now, price, kind == "Q")
        bands = desk.market.status(5).bands
        assert (bands.low, bands.high) == plain.bands(bands_time(plain, now, kind, bands))
        assert bands.reference == (plain.reference if plain.opened else 0)


def bands_time(plain, now, kind, bands):
    """Bands are worked out when something eligible happens: an odd lot brings no new time of day."""
    if kind != "odd":
        plain.seen = now
    return getattr(plain, "seen", now)


def test_bands_follow_the_clock_where_nobody_trades():
    desk = desk_of(close=1_000_000)
    desk.market.advance(OPEN + 299 * SECOND)
    assert desk.market.status(5).bands.high == 0
    desk.market.advance(OPEN + 300 * SECOND)
    bands = desk.market.status(5).bands
    assert (bands.reference, bands.low, bands.high, bands.doubled) == (1_000_000, 950_000, 1_050_000, False)
    desk.market.advance(CLOSE - 25 * 60 * SECOND)
    bands = desk.market.status(5).bands
    assert (bands.low, bands.high, bands.doubled) == (900_000, 1_100_000, True)
    told = desk.market.take_statuses()
    assert [bytes(kind) for kind in told["kind"]] == [b"b", b"b"]
    assert told["high"].tolist() == [1_050_000, 1_100_000]
    assert told["instrument"].tolist() == [5, 5]


WIDTHS = """
day        | tier | leverage | close  | minute | width
2026-03-20 | 1    | 0        | 3.01   | 600    | 5 %
2026-03-20 | 1    | 0        | 3.00   | 600    | 20 %
2026-03-20 | 1    | 0        | 0.75   | 600    | 20 %
2026-03-20 | 1    | 0        | 0.74   | 600    | 75 % or 0.15
2026-03-20 | 2    | 0        | 10.00  | 600    | 10 %
2026-03-20 | 2    | 3        | 10.00  | 600    | 30 %
2026-03-20 | 1    | 3        | 10.00  | 600    | 5 %
2026-03-20 | 1    | 0        | 10.00  | 570    | 5 %
2026-03-20 | 1    | 0        | 10.00  | 935    | 10 %
2026-03-20 | 1    | 0        | 10.00  | 934    | 5 %
2026-03-20 | 2    | 0        | 10.00  | 935    | 10 %
2026-03-20 | 2    | 0        | 2.00   | 935    | 40 %
2019-03-20 | 1    | 0        | 10.00  | 570    | 10 %
2019-03-20 | 1    | 0        | 10.00  | 584    | 10 %
2019-03-20 | 1    | 0        | 10.00  | 585    | 5 %
2019-03-20 | 2    | 0        | 10.00  | 935    | 20 %
2019-03-20 | 2    | 0        | 0.50   | 935    | 150 % or 0.30
"""


@pytest.mark.parametrize("line", WIDTHS.strip().splitlines()[1:])
def test_how_wide_bands_are(line):
    day, tier, leverage, close, minute, width = (part.strip() for part in line.split("|"))
    rule = PRICE_BANDS.on(dt.date.fromisoformat(day))
    ticks = round(float(close) * 10_000)
    doubled = rule.is_doubled(
        int(tier), ticks, (int(minute) - 570) * 60 * SECOND, (960 - int(minute)) * 60 * SECOND
    )
    ppm, most = rule.width(int(tier), ticks, doubled=doubled, leverage=int(leverage))
    told = f"{ppm // 10_000} %" + (f" or {most / 10_000:.2f}" if most else "")
    assert told == width


ROUNDED = """
reference | share % | most | low   | high
10.00     | 5       | 0    | 9.50  | 10.50
10.01     | 5       | 0    | 9.51  | 10.51
0.50      | 75      | 0.15 | 0.35  | 0.65
0.10      | 75      | 0.15 | 0.03  | 0.18
0.05      | 150     | 0.30 | 0.00  | 0.13
"""


@pytest.mark.parametrize("line", ROUNDED.strip().splitlines()[1:])
def test_bands_are_rounded_to_the_cent(line):
    reference, share, most, low, high = (round(float(part) * 10_000) for part in line.split("|"))
    assert bands_around(reference, share, most) == (low, high)


def test_limit_states_are_told_with_their_time():
    desk = desk_of(close=100_000)
    cross(desk, OPEN + SECOND, 100_000)
    assert desk.market.status(5).bands.low == 95_000
    desk.now = OPEN - MIDNIGHT + 2 * SECOND
    desk.book(0, "B 100 9.40", "S 100 10.40")
    assert desk.market.status(5).bands.limit_state == "S"
    desk.book(0, "B 100 9.60")
    assert desk.market.status(5).bands.limit_state == ""
    order = desk.book(0, "B 100 10.50", "S 100 10.50")
    bands = desk.market.status(5).bands
    assert (bands.limit_state, bands.limit_since_ns) == ("U", MIDNIGHT + desk.now)
    desk.say(0, itch50.OrderDelete(1, 0, desk.now + 5, order - 1))
    desk.book(0, "S 100 9.50")
    assert desk.market.status(5).bands.limit_state == "D"
    told = desk.market.take_statuses()
    assert told["state"][told["kind"] == b"l"].tolist() == [b"S", b" ", b"U", b" ", b"D"]


def test_a_reopening_cross_is_the_new_reference():
    desk = desk_of(close=100_000)
    cross(desk, OPEN + SECOND, 100_000)
    desk.say(0, itch50.StockTradingAction(1, 0, OPEN - MIDNIGHT + 60 * SECOND, "AAPL", "P", " ", "LUDP"))
    desk.say(
        0, itch50.LuldAuctionCollar(1, 0, OPEN - MIDNIGHT + 61 * SECOND, "AAPL", 100_000, 105_000, 95_000, 2)
    )
    desk.say(0, itch50.StockTradingAction(1, 0, OPEN - MIDNIGHT + 360 * SECOND, "AAPL", "T", " ", ""))
    cross(desk, OPEN + 360 * SECOND, 90_000, "H")
    status = desk.market.status(5)
    assert (status.bands.reference, status.bands.low) == (90_000, 85_500)
    assert (status.collar_low, status.collar_high, status.collar_extension) == (95_000, 105_000, 2)


def test_every_notice_changes_a_state_and_is_told():
    desk = desk_of()
    desk.say(
        0,
        itch50.SystemEvent(0, 0, 2, "S"),
        itch50.RegShoRestriction(1, 0, 3, "AAPL", "1"),
        itch50.IpoQuotingPeriod(1, 0, 4, "AAPL", 36_000, "A", 250_000),
        itch50.MwcbDeclineLevel(0, 0, 5, 5_000_0000_0000, 4_500_0000_0000, 4_000_0000_0000),
        itch50.MwcbStatus(0, 0, 6, "1"),
        itch50.RetailInterest(1, 0, 7, "AAPL", "A"),
        itch50.NetOrderImbalance(1, 0, 8, 1_000, 300, "B", "AAPL", 101_000, 102_000, 103_000, "O", "L"),
        itch50.MarketParticipantPosition(1, 0, 9, "GSCO", "AAPL", "Y", "N", "A"),
        itch50.MarketParticipantPosition(1, 0, 10, "GSCO", "AAPL", "N", "N", "W"),
    )
    status = desk.market.status(5)
    assert (status.short_sale, status.ipo, status.ipo_price) == ("1", "A", 250_000)
    assert status.ipo_quoting_ns == MIDNIGHT + 36_000 * SECOND
    assert status.venues[0].retail == "A"
    breaker = desk.market.status_board.circuit_breaker()
    assert (breaker.level_1, breaker.level_3, breaker.breached) == (50_000_000, 40_000_000, 1)
    (imbalance,) = desk.market.imbalances(5)
    assert (imbalance.paired, imbalance.imbalance, imbalance.direction, imbalance.cross) == (
        1_000,
        300,
        "B",
        "O",
    )
    assert (imbalance.far, imbalance.near, imbalance.reference, imbalance.variation) == (
        101_000,
        102_000,
        103_000,
        "L",
    )
    (maker,) = desk.market.status_board.market_makers(1)
    assert (maker.participant, maker.is_primary, maker.state) == ("GSCO", False, "W")
    told = desk.market.take_statuses()
    assert b"".join(told["kind"].tolist()) == b"SYKVWNI"
    assert told["instrument"].tolist() == [0, 5, 5, 0, 0, 5, 5]


def test_what_an_image_repeats_is_no_news():
    desk = desk_of()
    messages = (
        itch50.SystemEvent(0, 0, 2, "S"),
        itch50.StockTradingAction(1, 0, 3, "AAPL", "T", " ", ""),
        itch50.RegShoRestriction(1, 0, 4, "AAPL", "0"),
        itch50.OperationalHalt(1, 0, 5, "AAPL", "Q", "T"),
        itch50.LuldAuctionCollar(1, 0, 6, "AAPL", 100, 110, 90, 0),
    )
    desk.say(0, *messages)
    assert len(desk.market.take_statuses()) == 5
    desk.say(0, *messages)
    assert len(desk.market.take_statuses()) == 0


def test_many_market_makers_grow_the_board():
    desk = desk_of()
    names = [f"{number:04d}" for number in range(600)]
    desk.say(0, *(itch50.MarketParticipantPosition(1, 0, 9, name, "AAPL", "N", "N", "A") for name in names))
    assert [maker.participant for maker in desk.market.status_board.market_makers(1)] == names


def test_many_trades_within_the_window_grow_the_board():
    desk = desk_of(close=100_000)
    for number in range(3_000):
        trade(desk, OPEN + SECOND + number, 100_000 + number % 100)
    desk.market.advance(OPEN + 300 * SECOND)
    assert desk.market.status(5).bands.reference == 100_050


def test_published_bands_stand_beside_ours_and_differences_are_counted():
    desk = desk_of(close=1_000_000)
    desk.market.publish_band(1, 5, OPEN, 1, 2)  # nothing of ours to compare with yet
    desk.market.advance(OPEN + 300 * SECOND)
    desk.market.publish_band(1, 5, OPEN + 301 * SECOND, 950_000, 1_050_000)
    desk.market.publish_band(1, 5, OPEN + 302 * SECOND, 940_000, 1_050_000)
    bands = desk.market.status(5).bands
    assert (bands.published_low, bands.published_high, bands.differs) == (940_000, 1_050_000, 1)
    assert bands.published_ns == OPEN + 302 * SECOND
    told = desk.market.take_statuses()
    assert told["state"][told["kind"] == b"p"].tolist() == [b" ", b"=", b"x"]
