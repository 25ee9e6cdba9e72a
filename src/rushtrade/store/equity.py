"""What accounts are worth, minute by minute and at each close: the points of their equity history.

The price of a share is the house's one rule, `domain.quotes.mark_price`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.store import rows

if TYPE_CHECKING:
    from rushtrade.store.image import Image

EQUITY_ACCOUNTS_MAX: Final = 500
"""With more accounts in the market than this, a minute gives an equity point only to those that moved."""


def equity_of(image: Image, account: rows.AccountRow) -> int:
    """Money of an account and the value of its shares at their marks."""
    total = account.cash
    for instrument_id, held in image.holdings[account.account_id].items():
        if held.shares:
            mark = image.marks.get(instrument_id)
            price = image.instruments[instrument_id].previous_close if mark is None else mark.price
            total += held.shares * price * MONEY_PER_PRICE_SHARE
    return total


def take_equity(image: Image, time_ns: int, *, at_close: bool = False) -> None:
    """Add a point to the equity of every account that may have changed; at a close, of every account."""
    chosen = list(image.accounts.values())
    if not at_close:
        holders = [
            row
            for row in chosen
            if row.moved or any(h.shares for h in image.holdings[row.account_id].values())
        ]
        chosen = holders if len(holders) <= EQUITY_ACCOUNTS_MAX else [row for row in chosen if row.moved]
    points = image.added[rows.EquityRow]
    for row in chosen:
        worth = equity_of(image, row)
        points.append(
            rows.EquityRow(row.account_id, time_ns, image.trade_date, int(at_close), worth, row.flow)
        )
        if row.moved or row.flow:
            row.moved = row.flow = 0
            image.changed[rows.AccountRow][row.account_id] = row


class Series(msgspec.Struct, frozen=True):
    """What an account was worth over time, and what it earned. Money brought in is no profit: it raises the base."""

    base: int
    times_ns: list[int]
    equity: list[int]
    profit: list[int]
    return_on_base: list[float]
    flows: dict[str, list[int]]
    """Money brought in (CSD) and taken out (CSW) during each step, where there was any."""


def series_of(points: list[rows.EquityRow], step_ns: int) -> Series:
    """Make a series of points, one a step (`step_ns` 0: of every point as it is)."""
    steps = points if step_ns == 0 else _last_of_each(points, step_ns)
    base = steps[0].equity if steps else 0
    brought = 0
    profits, returns, flows = [], [], []
    for number, point in enumerate(steps):
        flow = point.flow if number else 0
        brought += flow
        profit = point.equity - base - brought
        invested = base + brought
        profits.append(profit)
        returns.append(profit / invested if invested > 0 else 0.0)
        flows.append(flow)
    split = {"CSD": [max(flow, 0) for flow in flows], "CSW": [min(flow, 0) for flow in flows]}
    return Series(
        base,
        [point.time_ns for point in steps],
        [point.equity for point in steps],
        profits,
        returns,
        {name: series for name, series in split.items() if any(series)},
    )


def _last_of_each(points: list[rows.EquityRow], step_ns: int) -> list[rows.EquityRow]:
    """Keep the last point of each step, with the money that came in during the whole step."""
    kept: dict[int, rows.EquityRow] = {}
    for point in points:
        begins = point.time_ns // step_ns * step_ns
        before = kept.get(begins)
        flow = point.flow + (before.flow if before else 0)
        kept[begins] = rows.EquityRow(
            point.account_id, begins, point.trade_date, point.at_close, point.equity, flow
        )
    return list(kept.values())
