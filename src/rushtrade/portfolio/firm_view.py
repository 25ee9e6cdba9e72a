"""The whole firm in real time: every customer's positions by instrument, all equity, all exposure, and who is short of margin.

The sum of the accounts' views and nothing else, so that the firm's line always equals what its customers see together. The firm's own
income stands beside it, from the ledger. One pass over the accounts: a screen asks for it a few times a second at most.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rushtrade.domain.instruments import EquityClass, Instrument
from rushtrade.domain.transfers import CASH, LedgerCode, ledger_account
from rushtrade.ledger.account import Account
from rushtrade.ledger.ledger import Ledger
from rushtrade.portfolio.account_view import AccountView, view_account
from rushtrade.portfolio.exposure import Exposure, measure
from rushtrade.portfolio.position_line import PositionLine
from rushtrade.risk.checks import RiskView


class FirmPosition(msgspec.Struct, frozen=True, gc=False):
    """What all customers together hold in one instrument. Money in micro-dollars, `short_shares` negative."""

    instrument_id: int
    symbol: str
    equity_class: EquityClass
    holders: int
    """Accounts that hold shares now, long or short."""
    long_shares: int
    short_shares: int
    price: int
    market_value: int
    """Net."""
    unrealised: int
    realised: int
    overnight: int
    traded: int
    charges: int

    @property
    def day_profit(self) -> int:
        """What all holders have earned since the close before, after charges."""
        return self.overnight + self.traded + self.charges


class FirmView(msgspec.Struct, frozen=True):
    """The firm at one moment. Money in micro-dollars."""

    accounts: int
    funded: int
    """Accounts that own money or shares."""
    cash: int
    equity: int
    equity_at_close: int
    held: int
    day_transfers: int
    exposure: Exposure
    positions: tuple[FirmPosition, ...]
    """By instrument id."""
    calls: tuple[tuple[int, int], ...]
    """Accounts below their maintenance requirement: (account id, money missing), the largest first."""
    commission_income: int
    """Since the firm was founded."""
    venue_fees: int
    """What venues have charged the firm, less what they paid; since it was founded."""

    @property
    def day_profit(self) -> int:
        """What all customers have earned since the close before, after charges."""
        return sum(line.day_profit for line in self.positions)


def view_firm(accounts: Iterable[Account], house: RiskView) -> FirmView:
    """View all accounts together as of now."""
    views = [view_account(account, house) for account in accounts]
    calls = [(view.account_id, -view.excess) for view in views if view.excess < 0]
    return FirmView(
        accounts=len(views),
        funded=sum(bool(view.summary.cash or any(line.shares for line in view.positions)) for view in views),
        cash=sum(view.summary.cash for view in views),
        equity=sum(view.summary.equity for view in views),
        equity_at_close=sum(view.equity_at_close for view in views),
        held=sum(view.summary.held for view in views),
        day_transfers=sum(view.day_transfers for view in views),
        exposure=measure(
            (house.instruments[line.instrument_id], line.market_value)
            for view in views
            for line in view.positions
        ),
        positions=_by_instrument(views, house.instruments),
        calls=tuple(sorted(calls, key=lambda call: (-call[1], call[0]))),
        commission_income=_income(house.ledger, LedgerCode.COMMISSION_INCOME),
        venue_fees=-_income(house.ledger, LedgerCode.VENUE_FEES),
    )


def _income(ledger: Ledger, code: LedgerCode) -> int:
    return ledger.balance(ledger_account(0, code), CASH)


def _by_instrument(
    views: Iterable[AccountView], instruments: dict[int, Instrument]
) -> tuple[FirmPosition, ...]:
    lines: dict[int, list[PositionLine]] = {}
    for view in views:
        for line in view.positions:
            lines.setdefault(line.instrument_id, []).append(line)
    return tuple(_summed(instruments[key], lines[key]) for key in sorted(lines))


def _summed(instrument: Instrument, lines: list[PositionLine]) -> FirmPosition:
    return FirmPosition(
        instrument_id=instrument.instrument_id,
        symbol=instrument.symbol,
        equity_class=instrument.equity_class,
        holders=sum(line.shares != 0 for line in lines),
        long_shares=sum(line.shares for line in lines if line.shares > 0),
        short_shares=sum(line.shares for line in lines if line.shares < 0),
        price=lines[0].price,
        market_value=sum(line.market_value for line in lines),
        unrealised=sum(line.unrealised for line in lines),
        realised=sum(line.realised for line in lines),
        overnight=sum(line.overnight for line in lines),
        traded=sum(line.traded for line in lines),
        charges=sum(line.charges for line in lines),
    )
