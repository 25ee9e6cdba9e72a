"""`rushtrade day`: a whole trading day without a screen, over a recorded market or a generated one."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from rushtrade.app.trading_day import TradingDay, open_core, prepare_day
from rushtrade.cli.report import DOES_NOT_TIE, clearing_files, read_clearing_day, write_files
from rushtrade.cli.terminal import answer_console, print_json, progress_console, refuse_plainly
from rushtrade.core.clocks import MarketClock
from rushtrade.core.sequencer import Core
from rushtrade.core.snapshot import state_hash
from rushtrade.domain.errors import InvalidInput, RushTradeError
from rushtrade.domain.instants import MINUTE
from rushtrade.domain.numbers import MONEY_UNIT, format_cents, format_money
from rushtrade.domain.orders import ROUTE_DART, ROUTE_STRATEGIES
from rushtrade.marketplace.faults import Fault, random_faults
from rushtrade.marketplace.generator import OPENING, GeneratedFlow
from rushtrade.marketplace.itch_source import FlowSource, ItchFile
from rushtrade.risk.valuation import summarize
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.world import World
from rushtrade.rules.world_file import load_world
from rushtrade.scenario.day_tally import DayTally
from rushtrade.scenario.day_traders import MIXED, Traders
from rushtrade.scenario.trade_dates import default_trade_date, parse_trade_date

ACCOUNTS_MAX = 100_000
MINUTES_MAX = 390
"""A regular session; a half day's is shorter, and ends a day that is asked to be longer."""
_MEMORY_DISK = "/dev/shm"  # noqa: S108 - a private directory is made in it


class RouteLine(msgspec.Struct, frozen=True):
    """Executions at one route; fees in dollars, + = we paid the venue."""

    fills: int
    shares: int
    venue_fees: str


class DayReport(msgspec.Struct, frozen=True):
    """What a day came to. Money as decimal text in dollars."""

    file: str
    world: str
    trade_date: str
    accounts: int
    seed: int
    messages: int
    commands: int
    orders: int
    rejects: dict[str, int]
    refused_changes: dict[str, int]
    canceled: int
    expired: int
    fills: int
    shares: int
    value: str
    by_route: dict[str, RouteLine]
    effective_cost: str
    effective_cost_mils_per_share: str
    commission: str
    fees: str
    venue_fees: str
    profit: str
    trial_balance: dict[str, int]
    balanced: bool
    anomalies: int
    state_hash: str
    seconds: float
    messages_per_second: int
    commands_per_second: int
    clearing_files: list[str] = []
    """Names of the files for the clearing firm, written with `--out`."""


class DayPlan(msgspec.Struct, frozen=True):
    """What day is to be run. All of it is known to be good before a directory is touched."""

    market: FlowSource
    accounts: int
    seed: int
    world: World
    trade_date: dt.date
    fault_seed: int = 0
    """Of what venues get wrong; 0: nothing."""
    strategy: str = ROUTE_DART


class BooksDiffer(RushTradeError):  # noqa: N818 - reads as the statement it makes
    """Files, executions and ledger do not agree."""


def day(
    market: Annotated[
        Path | None,
        typer.Option(
            help="ITCH 5.0 file (plain or .gz) whose order flow is the market; default: generated flow."
        ),
    ] = None,
    accounts: Annotated[int, typer.Option(help="Customers who trade.", min=0, max=ACCOUNTS_MAX)] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the customers; the same seed gives the same day.")] = 1,
    world: Annotated[str, typer.Option(help="World: a built-in name or a TOML file.")] = "us-2026",
    date: Annotated[
        str, typer.Option(help="Trade date YYYY-MM-DD; default: the world's last trading day.")
    ] = "",
    minutes: Annotated[
        int, typer.Option(help="Length of a generated day from the open.", min=1, max=MINUTES_MAX)
    ] = 30,
    faults: Annotated[
        int,
        typer.Option(help="Seed of venues' failures (silence, slowness, refusals, lies); 0: none.", min=0),
    ] = 0,
    strategy: Annotated[
        str,
        typer.Option(
            help=f"What orders name that leave the venue to the house: {', '.join(ROUTE_STRATEGIES)}, or {MIXED}."
        ),
    ] = ROUTE_DART,
    out: Annotated[Path | None, typer.Option(help="Keep the journal and the clearing files here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Open seeded customers, let them trade over a recorded or generated market, close the day, and print what it came to."""
    with refuse_plainly(json=json):
        home = load_world(world)
        source: FlowSource = _generated(home, seed, minutes) if market is None else ItchFile(market)
        if strategy != MIXED and strategy not in ROUTE_STRATEGIES:
            raise InvalidInput(
                f"there is no strategy {strategy!r}; {', '.join(ROUTE_STRATEGIES)} or {MIXED} would pass"
            )
        plan = DayPlan(source, accounts, seed, home, _date(date, home), faults, strategy)
        if out is not None:
            report = run_day(plan, out, quiet=json)
            report = msgspec.structs.replace(report, clearing_files=_write_clearing_files(plan, report, out))
        else:
            with tempfile.TemporaryDirectory(prefix="rushtrade-day-", dir=_scratch()) as directory:
                report = run_day(plan, Path(directory), quiet=json)
        if json:
            print_json(report)
        else:
            _print(report)
        if not report.balanced:
            raise typer.Exit(DOES_NOT_TIE)


def _date(text: str, world: World) -> dt.date:
    """Give the trade date that was asked for, else the last trading day of the world."""
    return parse_trade_date(text) if text else default_trade_date(world, time.time_ns())


def _generated(world: World, seed: int, minutes: int) -> GeneratedFlow:
    """Give an order flow from the open on, from the day's seed."""
    return GeneratedFlow(world.symbols, seed, last_time=OPENING + minutes * MINUTE)


def _scratch() -> str | None:
    """Give a directory in memory where there is one: a day nobody keeps need not reach the disk."""
    return _MEMORY_DISK if os.access(_MEMORY_DISK, os.W_OK) else None


def run_day(plan: DayPlan, directory: Path, *, quiet: bool) -> DayReport:
    """Run the day in a data directory that holds no house yet."""
    began = time.perf_counter()
    clock = MarketClock(0)
    core, journal = open_core(directory, clock)
    with journal:
        if core.state.firm_name:
            raise InvalidInput(
                f"{directory} already holds a house; a headless day begins in an empty directory"
            )
        trading_day = prepare_day(core, clock, plan.world, plan.market, plan.trade_date, faults=_faults(plan))
        tally = DayTally()
        core.subscribe(tally.read)
        traders = Traders(plan.seed, [venue.route_code for venue in plan.world.venues], plan.strategy)
        traders.open_accounts(core, plan.accounts)
        deposits = equity(core)
        _trade(trading_day, traders, quiet=quiet)
        trading_day.close()
        seconds = time.perf_counter() - began
        return _report(plan, trading_day, tally, equity(core) - deposits, seconds)


def _faults(plan: DayPlan) -> list[Fault]:
    """Draw what venues get wrong between the first message and the last."""
    if not plan.fault_seed:
        return []
    midnight, first = midnight_ns(plan.trade_date), plan.market.first_time
    last = first if plan.market.last_time is None else plan.market.last_time
    return random_faults(plan.fault_seed, len(plan.world.venues), midnight + first, midnight + last)


def _write_clearing_files(plan: DayPlan, report: DayReport, out: Path) -> list[str]:
    """Write the closed day's files for the clearing firm beside its journal, read back from it; give their names."""
    day, books, directory = read_clearing_day(out, plan.trade_date)
    files, wrong = clearing_files(day, books, directory)
    if wrong or not report.balanced:
        raise BooksDiffer(
            f"{len(wrong):,} differences between files and books of {plan.trade_date}: no clearing files were written; "
            f"rushtrade report clearing --data {out} --date {plan.trade_date} names them"
        )
    write_files(out, files)
    return list(files)


def _trade(trading_day: TradingDay, traders: Traders, *, quiet: bool) -> None:
    trading_day.open()
    flow = trading_day.flow
    last_ns = flow.last_ns or flow.first_ns
    traders.schedule(flow.first_ns, last_ns)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=progress_console(), disable=quiet) as progress:
        task = progress.add_task(f"trading on {flow.source_label}", total=last_ns - flow.first_ns)
        while (next_ns := traders.next_ns) is not None and next_ns < last_ns:
            trading_day.advance(next_ns)
            traders.act(trading_day.house)
            progress.update(task, completed=next_ns - flow.first_ns)
        trading_day.advance(last_ns)
        progress.update(task, completed=last_ns - flow.first_ns)


def equity(core: Core) -> int:
    """Sum of what all customers own, in micro-dollars."""
    state = core.state
    return sum(
        summarize(state.ledger, account, state.risk.prices, state.instruments, state.risk.margin).equity
        for account in state.accounts.values()
    )


def _report(
    plan: DayPlan, trading_day: TradingDay, tally: DayTally, profit: int, seconds: float
) -> DayReport:
    core = trading_day.core
    balance = core.state.ledger.trial_balance()
    names = {0: "USD"} | {key: row.symbol for key, row in core.state.instruments.items()}
    mils = tally.effective_cost * 100 // max(tally.effective_shares, 1)
    return DayReport(
        file=plan.market.label,
        world=plan.world.name,
        trade_date=trading_day.trade_date.isoformat(),
        accounts=plan.accounts,
        seed=plan.seed,
        messages=trading_day.flow.messages,
        commands=tally.commands,
        orders=tally.orders,
        rejects=dict(sorted(tally.rejects.items())),
        refused_changes=dict(sorted(tally.refused_changes.items())),
        canceled=tally.canceled,
        expired=tally.expired,
        fills=tally.fills,
        shares=tally.shares,
        value=format_cents(tally.value),
        by_route={
            plan.world.venues[venue].code: RouteLine(row.fills, row.shares, format_money(row.venue_fees))
            for venue, row in sorted(tally.routes.items())
        },
        effective_cost=format_cents(tally.effective_cost),
        effective_cost_mils_per_share=format_money(mils * MONEY_UNIT // 10_000),
        commission=format_cents(tally.commission),
        fees=format_cents(tally.fees),
        venue_fees=format_money(tally.venue_fees),
        profit=format_cents(profit),
        trial_balance={names[asset]: amount for asset, amount in balance.items()},
        balanced=not any(balance.values()),
        anomalies=tally.anomalies,
        state_hash=state_hash(core.state, core.next_seq).hex(),
        seconds=round(seconds, 3),
        messages_per_second=int(trading_day.flow.messages / seconds),
        commands_per_second=int(tally.commands / seconds),
    )


def _print(report: DayReport) -> None:
    console = answer_console()
    table = Table(
        title=f"{report.trade_date} in world {report.world}, market of {report.file}", show_header=False
    )
    for name, value in (
        ("messages replayed", f"{report.messages:,}"),
        ("orders", f"{report.orders:,} from {report.accounts:,} accounts"),
        (
            "rejected",
            ", ".join(f"{name.lower()} {count}" for name, count in report.rejects.items()) or "none",
        ),
        ("canceled / expired", f"{report.canceled:,} / {report.expired:,}"),
        ("fills", f"{report.fills:,} of {report.shares:,} shares, ${report.value}"),
        (
            "effective cost against the arrival midpoint",
            f"${report.effective_cost} ({report.effective_cost_mils_per_share} mils a share)",
        ),
        ("commission / regulatory fees", f"${report.commission} / ${report.fees}"),
        ("venue fees", f"${report.venue_fees}"),
        ("customers' profit and loss", f"${report.profit}"),
        (
            "trial balance",
            "zero in every asset" if report.balanced else f"DOES NOT BALANCE {report.trial_balance}",
        ),
        ("state hash", report.state_hash),
        (
            "time",
            f"{report.seconds} s, {report.messages_per_second:,} messages/s, {report.commands_per_second:,} commands/s",
        ),
    ):
        table.add_row(name, value)
    console.print(table)
    routes = Table("route", "fills", "shares", "venue fees", title="by route")
    for code, row in report.by_route.items():
        routes.add_row(code, f"{row.fills:,}", f"{row.shares:,}", f"${row.venue_fees}")
    console.print(routes)
    if report.clearing_files:
        console.print(f"for the clearing firm: {', '.join(report.clearing_files)}")
