"""A scenario's inputs, read strictly from TOML: the firm, its world, and the month-ends its books have to reach.

It holds what was published and what was chosen, and says nothing of how the books get there.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from importlib import resources
from itertools import pairwise
from pathlib import Path

import msgspec

from rushtrade.backoffice.volume_report import Month, parse_month
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import parse_money
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.toml_tables import TomlTable
from rushtrade.rules.world import World
from rushtrade.rules.world_file import load_world

MONTHS_MAX = 120
"""Ten years of a firm."""
ACCOUNTS_MAX = 1_000_000
TRADES_MAX = 10_000_000
SHARES_MAX = 10**12
SUFFIX = ".toml"
WORLD_SUFFIX = ".world.toml"


class MonthTarget(msgspec.Struct, frozen=True):
    """What the books show at a month's end. A month without trades is quiet."""

    month: Month
    accounts: int
    assets: int
    trades: int
    shares: int

    def sessions(self) -> tuple[dt.date, ...]:
        """Trade dates to play: all of the month, or the last one of a quiet month."""
        sessions = new_york_calendar().sessions(self.month.first_day, self.month.last_day)
        return sessions if self.trades else sessions[-1:]


class Scenario(msgspec.Struct, frozen=True):
    """Everything a scenario starts from. `later_prices` are those the last month begins with, $0.0001."""

    name: str
    title: str
    firm: str
    seed: int
    world: World
    months: tuple[MonthTarget, ...]
    later_prices: dict[str, int]


def scenario_names() -> tuple[str, ...]:
    """Give the names of the scenarios that come with the product."""
    names = [entry.name for entry in _folder().iterdir()]
    return tuple(
        sorted(
            name.removesuffix(SUFFIX)
            for name in names
            if name.endswith(SUFFIX) and not name.endswith(WORLD_SUFFIX)
        )
    )


def load_scenario(name: str) -> Scenario:
    """Read a scenario that comes with the product.

    Raises:
        InvalidInput: no such scenario, or a key or value that cannot be used.

    """
    if name not in scenario_names():
        raise InvalidInput(f"there is no scenario {name!r}; there is {', '.join(scenario_names())}")
    file = f"{name}{SUFFIX}"
    table = TomlTable(file, "", tomllib.loads((_folder() / file).read_text("utf-8")))
    world_file = table.text("world")
    world = load_world(Path(str(_folder() / world_file)))
    prices = table.table("prices")
    scenario = Scenario(
        name=table.text("name"),
        title=table.text("title"),
        firm=table.text("firm"),
        seed=table.whole("seed", 0, 2**31),
        world=world,
        months=tuple(_month(row) for row in table.tables("month", MONTHS_MAX)),
        later_prices={symbol.symbol: prices.price(symbol.symbol) for symbol in world.symbols},
    )
    prices.close([symbol.symbol for symbol in world.symbols])
    table.close(("name", "title", "firm", "world", "seed", "month", "prices"))
    _require_order(file, scenario.months)
    return scenario


def _month(table: TomlTable) -> MonthTarget:
    target = MonthTarget(
        month=parse_month(table.text("month")),
        accounts=table.whole("accounts", 1, ACCOUNTS_MAX),
        assets=parse_money(table.text("assets")),
        trades=table.whole("trades", 1, TRADES_MAX) if table.has("trades") else 0,
        shares=table.whole("shares", 1, SHARES_MAX) if table.has("shares") else 0,
    )
    if target.shares < target.trades or (target.shares and not target.trades):
        raise table.fail("shares", target.shares, f"at least one share a trade, {target.trades} trades")
    table.close(("month", "accounts", "assets", "trades", "shares"))
    return target


def _require_order(file: str, months: tuple[MonthTarget, ...]) -> None:
    for earlier, later in pairwise(months):
        if later.month <= earlier.month:
            raise InvalidInput(
                f"{file}: month {later.month} stands behind {earlier.month}; months go forward"
            )


def _folder() -> Path:
    return Path(str(resources.files("rushtrade.scenario") / "scripts"))
