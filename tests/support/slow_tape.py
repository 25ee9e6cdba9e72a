"""The slow twin of the tape: a list of trades, and every answer worked out from those that stand."""

import datetime as dt

from rushtrade.rules.sale_conditions import PLAN_OF_TAPE, conditions_on
from rushtrade.tape.prints import Bar

MINUTE = 60_000_000_000
DAY = 24 * 60 * MINUTE
TODAY = dt.date(2026, 11, 20)
MONEY = 100


class SlowTrade:
    def __init__(self, number, time, price, shares, venue, match, letters):
        self.number, self.time, self.price, self.shares = number, time, price, shares
        self.venue, self.match, self.letters = venue, match, letters
        self.standing = True
        self.last = self.high_low = self.volume = self.extended = False

    @property
    def place(self):
        """Order in time; at the same instant extended hours come after regular ones, later arrivals after earlier."""
        return self.time, self.extended, self.number


class SlowTape:
    """One security. `regular` are the instants of open and close, `tape` its listing's."""

    def __init__(self, midnight=0, regular=None, tape="C", day=TODAY):
        self.midnight, self.regular = midnight, regular
        self.table = conditions_on(day)[PLAN_OF_TAPE[tape]]
        self.trades = []
        self.latest = 0
        self.unmatched = 0

    # ---- in

    def add(self, time, price, shares, venue=0, match=0, letters="@"):
        trade = SlowTrade(len(self.trades) + 1, time, price, shares, venue, match, letters)
        self.latest = max(self.latest, time)
        self.judge(trade)
        self.trades.append(trade)
        return trade

    def judge(self, trade):
        rows = [self.table.get(letter) for letter in trade.letters.replace(" ", "")]
        known = [row for row in rows if row]
        outside = self.regular is None or not self.regular[0] <= trade.time < self.regular[1]
        trade.volume = all(row.volume for row in known)
        trade.extended = any(row.mark.startswith("extended") for row in known)
        if len(known) < len(rows):
            return
        if trade.extended:
            trade.last = outside and all(row.last == "yes" or row.mark == "extended" for row in rows)
            trade.high_low = outside and all(row.high_low or row.mark.startswith("extended") for row in rows)
            return
        trade.high_low = all(row.high_low for row in rows)
        trade.last = all(self.may_set_last(row.last, trade) for row in rows)

    def may_set_last(self, rule, trade):
        if rule in {"yes", "no"}:
            return rule == "yes"
        last = self.last()
        if rule == "first":
            return last is None
        if rule == "same":
            return last is None or last.venue == trade.venue
        return self.regular is None or self.latest < self.regular[1] + 10_000_000_000

    def void(self, venue, match):
        for trade in reversed(self.trades):
            if trade.standing and (trade.venue, trade.match) == (venue, match):
                trade.standing = False
                return trade
        self.unmatched += 1
        return None

    def correct(self, venue, match, price, shares, letters, new_match):
        original = self.void(venue, match)
        if original is not None:
            self.add(original.time, price, shares, venue, new_match, letters)

    # ---- answers

    def standing(self):
        return [trade for trade in self.trades if trade.standing]

    def last(self):
        regular = [trade for trade in self.standing() if trade.last and not trade.extended]
        return max(regular, key=lambda trade: trade.place, default=None)

    def volume(self):
        return sum(trade.shares for trade in self.standing() if trade.volume)

    def bars(self, start_of=lambda time: time // MINUTE * MINUTE):
        spans = {}
        for trade in self.standing():
            spans.setdefault(start_of(trade.time), []).append(trade)
        bars = [bar_of(start, trades) for start, trades in sorted(spans.items())]
        return [bar for bar in bars if bar.priced]

    def day(self):
        """The day: prices of regular hours, volume of all."""
        trades = self.standing()
        regular = bar_of(self.midnight, [trade for trade in trades if not trade.extended])
        whole = bar_of(self.midnight, trades)
        counts = (whole.volume, whole.trades, whole.money, regular.priced)
        return Bar(self.midnight, regular.open, regular.high, regular.low, regular.close, *counts)


def bar_of(start, trades):
    counted = [trade for trade in trades if trade.volume]
    extremes = [trade.price for trade in trades if trade.high_low]
    priced = sorted((trade for trade in trades if trade.last), key=lambda trade: trade.place)
    return Bar(
        start,
        priced[0].price if priced else 0,
        max(extremes, default=0),
        min(extremes, default=0),
        priced[-1].price if priced else 0,
        sum(trade.shares for trade in counted),
        len(counted),
        sum(trade.shares * trade.price for trade in counted) * MONEY,
        len(priced),
    )
