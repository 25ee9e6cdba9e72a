"""What an account is worth and what it may still spend: one set of functions for every check and every screen.

Prices are valuation prices, `domain.quotes.mark_price`: data that says nothing moves no check.

Margin account: initial requirement by Regulation T (12 CFR 220.12), maintenance by FINRA 4210(c); an account
below the minimum equity of FINRA 4210(b) gets no credit. Cash account: what it has, less what open orders hold.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.instruments import Instrument, InstrumentKind
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.transfers import CASH
from rushtrade.ledger.account import Account
from rushtrade.ledger.ledger import Ledger
from rushtrade.ledger.position import Position
from rushtrade.rules.margin import MILLION, MarginRules

_CASH_ACCOUNT = AccountKind.CASH
_WITHOUT_LOAN_VALUE = (InstrumentKind.WARRANT, InstrumentKind.RESTRICTED)


class AccountSummary(msgspec.Struct, frozen=True, gc=False):
    """One account at one moment, in micro-dollars."""

    cash: int
    settled_cash: int
    long_value: int
    short_value: int
    """Negative: what it would cost to buy the short positions back."""
    equity: int
    initial_requirement: int
    maintenance_requirement: int
    held: int
    buying_power: int
    multiplier: int
    unrealised: int
    realised: int
    day_profit: int


class PositionValue(msgspec.Struct, frozen=True, gc=False):
    """One position at a valuation price, in micro-dollars. The day's profit is the sum of its three parts."""

    market_value: int
    unrealised: int
    overnight: int
    """The day's move of the shares held since the close before; 0 where no close before is known."""
    traded: int
    """Today's executions, against the price now."""
    charges: int
    """Commission and fees of today's executions, negative."""

    @property
    def day_profit(self) -> int:
        """What the position has earned since the close before, after charges."""
        return self.overnight + self.traded + self.charges


def value_position(position: Position, price: int, instrument: Instrument) -> PositionValue:
    """Value a position at a price: the one place where shares become money."""
    unit = price * MONEY_PER_PRICE_SHARE
    carried, close = position.day_open_shares, instrument.previous_close * MONEY_PER_PRICE_SHARE
    value = position.shares * unit
    return PositionValue(
        market_value=value,
        unrealised=value - position.cost,
        overnight=carried * (unit - close) if close else 0,
        traded=position.day_cash + (position.shares - carried) * unit,
        charges=-position.day_charges,
    )


def initial_rate_ppm(instrument: Instrument, rules: MarginRules) -> int:
    """Initial requirement of an instrument in parts per million of its value; the whole of it without loan value."""
    if not instrument.marginable or instrument.kind in _WITHOUT_LOAN_VALUE:
        return MILLION
    return rules.initial_ppm


def short_requirement(price: int, shares: int, rate_ppm: int, rules: MarginRules) -> int:
    """Margin a short position needs beside its proceeds: a rate, but not under FINRA's maintenance."""
    value = price * shares * MONEY_PER_PRICE_SHARE
    return max(value * rate_ppm // MILLION, rules.maintenance_short.requirement(shares, price))


def initial_margin(
    ledger: Ledger,
    account: Account,
    prices: Mapping[int, int],
    instruments: Mapping[int, Instrument],
    rules: MarginRules,
) -> tuple[int, int]:
    """Give (equity, initial requirement) of an account's positions at valuation prices."""
    equity = ledger.trade_date_balance(account.account_id, CASH)
    requirement = 0
    for instrument_id, position in account.positions.items():
        shares = position.shares
        if shares == 0:
            continue
        price = prices.get(instrument_id, 0)
        value = price * shares * MONEY_PER_PRICE_SHARE
        equity += value
        rate = initial_rate_ppm(instruments[instrument_id], rules)
        requirement += (
            value * rate // MILLION
            if shares > 0
            else short_requirement(price, -shares, rules.initial_ppm, rules)
        )
    return equity, requirement


def funds_and_credit(
    ledger: Ledger,
    account: Account,
    prices: Mapping[int, int],
    instruments: Mapping[int, Instrument],
    rules: MarginRules,
) -> tuple[int, bool]:
    """Give the micro-dollars an order's requirement may take, and whether the account may borrow.

    This is what `check_order` enforces and `summarize` shows. Credit needs a margin account at or above the minimum equity.
    """
    if account.kind is _CASH_ACCOUNT:
        return ledger.trade_date_balance(account.account_id, CASH) - account.held_money, False
    equity, requirement = initial_margin(ledger, account, prices, instruments, rules)
    return equity - requirement - account.held_money, equity >= rules.minimum_equity


def funds_available(
    ledger: Ledger,
    account: Account,
    prices: Mapping[int, int],
    instruments: Mapping[int, Instrument],
    rules: MarginRules,
) -> int:
    """Give the micro-dollars an account may still commit or withdraw."""
    return funds_and_credit(ledger, account, prices, instruments, rules)[0]


def summarize(
    ledger: Ledger,
    account: Account,
    prices: Mapping[int, int],
    instruments: Mapping[int, Instrument],
    rules: MarginRules,
) -> AccountSummary:
    """Value an account. `buying_power` is `funds_available` times the credit the account has."""
    cash = ledger.trade_date_balance(account.account_id, CASH)
    long_value = short_value = maintenance = unrealised = realised = day_profit = 0
    for instrument_id, position in account.positions.items():
        shares = position.shares
        price = prices.get(instrument_id, 0)
        valued = value_position(position, price, instruments[instrument_id])
        value = valued.market_value
        realised += position.realised
        day_profit += valued.day_profit
        unrealised += valued.unrealised
        if shares > 0:
            long_value += value
            full = initial_rate_ppm(instruments[instrument_id], rules) == MILLION
            maintenance += value * (MILLION if full else rules.maintenance_long_ppm) // MILLION
        elif shares < 0:
            short_value += value
            maintenance += rules.maintenance_short.requirement(-shares, price)
    equity, initial = initial_margin(ledger, account, prices, instruments, rules)
    funds, credit = funds_and_credit(ledger, account, prices, instruments, rules)
    multiplier = 2 if credit else 1
    return AccountSummary(
        cash=cash,
        settled_cash=ledger.settled_balance(account.account_id, CASH),
        long_value=long_value,
        short_value=short_value,
        equity=equity,
        initial_requirement=initial,
        maintenance_requirement=maintenance,
        held=account.held_money,
        buying_power=max(funds, 0) * multiplier,
        multiplier=multiplier,
        unrealised=unrealised,
        realised=realised,
        day_profit=day_profit,
    )
