"""One account in real time: its positions, its exposure, and the line that sums it up.

The amounts of the line are `risk.valuation.summarize`, the numbers by which orders are accepted or refused; this module adds
where the day's profit came from and how the money stands in the market. It holds no state: a view is worked out from the
account, the ledger and the prices of the moment, and is the same whenever those are.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.accounts import AccountKind, AccountState
from rushtrade.ledger.account import Account
from rushtrade.portfolio.exposure import Exposure, measure
from rushtrade.portfolio.position_line import PositionLine, position_line
from rushtrade.risk.checks import RiskView
from rushtrade.risk.valuation import AccountSummary, summarize


class AccountView(msgspec.Struct, frozen=True):
    """An account at one moment. Money in micro-dollars."""

    account_id: int
    number: str
    kind: AccountKind
    state: AccountState
    summary: AccountSummary
    exposure: Exposure
    positions: tuple[PositionLine, ...]
    """By instrument id; one closed today stays, with zero shares."""
    equity_at_close: int
    """Equity at the close before."""
    day_transfers: int
    """Money wired in today, less what went out: no profit."""

    @property
    def overnight(self) -> int:
        """The day's move of what was held since the close before."""
        return sum(line.overnight for line in self.positions)

    @property
    def traded(self) -> int:
        """What today's executions have earned against the prices now."""
        return sum(line.traded for line in self.positions)

    @property
    def charges(self) -> int:
        """Commission and fees of today's executions, negative."""
        return sum(line.charges for line in self.positions)

    @property
    def excess(self) -> int:
        """Equity above the maintenance requirement; negative = a call."""
        return self.summary.equity - self.summary.maintenance_requirement


def view_account(account: Account, house: RiskView) -> AccountView:
    """View an account as of now."""
    summary = summarize(house.ledger, account, house.prices, house.instruments, house.margin)
    lines = tuple(
        position_line(
            position, house.prices.get(instrument_id, 0), house.instruments[instrument_id], summary.equity
        )
        for instrument_id, position in sorted(account.positions.items())
    )
    return AccountView(
        account_id=account.account_id,
        number=account.number,
        kind=account.kind,
        state=account.state,
        summary=summary,
        exposure=measure((house.instruments[line.instrument_id], line.market_value) for line in lines),
        positions=lines,
        equity_at_close=account.equity_at_close,
        day_transfers=account.day_transfers,
    )
