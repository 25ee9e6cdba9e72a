"""Portfolio views in the words of a screen: what the tables of this folder print after each line."""

from __future__ import annotations

from rushtrade.domain.numbers import format_cents, format_money, format_price
from rushtrade.portfolio.account_view import AccountView, view_account
from rushtrade.portfolio.exposure import Exposure
from rushtrade.portfolio.firm_view import view_firm
from rushtrade.portfolio.position_line import PositionLine
from support.order_words import Desk
from support.small_house import INSTRUMENTS

SYMBOLS = {row.instrument_id: row.symbol for row in INSTRUMENTS} | {0: "nothing"}


def shown(desk: Desk, line: str) -> str:
    """Carry out a line, or show what it asks for: ``show RUSH``, ``show account``, ``show exposure``, ``show firm``."""
    match line.split():
        case ["show", "account"]:
            return account_words(view(desk))
        case ["show", "exposure"]:
            return exposure_words(view(desk).exposure)
        case ["show", "firm"]:
            return firm_words(desk)
        case ["show", "calls"]:
            calls = view_firm(desk.house.state.accounts.values(), desk.house.state.risk).calls
            return ", ".join(f"#{account} is short of ${format_cents(money)}" for account, money in calls)
        case ["show", symbol]:
            (found,) = [one for one in view(desk).positions if one.symbol == symbol]
            return position_words(found)
    desk.play(line)
    return ""


def view(desk: Desk) -> AccountView:
    state = desk.house.state
    return view_account(state.accounts[desk.account_id], state.risk)


def position_words(line: PositionLine) -> str:
    weight = "-" if line.weight_ppm is None else f"{line.weight_ppm} ppm"
    return (
        f"{line.shares}@{format_money(line.average_cost)} at {format_price(line.price)} = {format_cents(line.market_value)}, "
        f"{weight}, open {format_cents(line.unrealised)}, realised {format_cents(line.realised)}, "
        f"day {day_words(line)}"
    )


def day_words(line: PositionLine | AccountView) -> str:
    parts = (line.overnight, line.traded, line.charges)
    return f"{format_cents(sum(parts))} = {' + '.join(format_cents(part) for part in parts)}"


def account_words(found: AccountView) -> str:
    summary = found.summary
    return (
        f"equity {format_cents(summary.equity)}, cash {format_cents(summary.cash)}, "
        f"buying power {format_cents(summary.buying_power)}, excess {format_cents(found.excess)}, "
        f"day {day_words(found)}"
    )


def exposure_words(found: Exposure) -> str:
    classes = [
        f"{row.equity_class.name} {format_cents(row.long)}/{format_cents(row.short)}"
        for row in found.by_class
    ]
    return (
        f"gross {format_cents(found.gross)}, net {format_cents(found.net)}, "
        f"largest {SYMBOLS[found.largest_instrument_id]} {found.concentration_ppm} ppm, {', '.join(classes) or 'no class'}"
    )


def firm_words(desk: Desk) -> str:
    firm = view_firm(desk.house.state.accounts.values(), desk.house.state.risk)
    lines = [
        f"{row.symbol} {row.long_shares}/{row.short_shares} of {row.holders} day {format_cents(row.day_profit)}"
        for row in firm.positions
    ]
    return (
        f"{firm.funded} of {firm.accounts} accounts, equity {format_cents(firm.equity)}, "
        f"day {format_cents(firm.day_profit)}, commissions {format_cents(firm.commission_income)}, "
        f"venues {format_cents(firm.venue_fees)}: {', '.join(lines) or 'nothing held'}"
    )
