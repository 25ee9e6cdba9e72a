"""`rushtrade scenario`: build a house's books from a script of customers, venues and prices, through ordinary commands."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rushtrade.app.data_directory import JOURNAL_FILE, data_directory
from rushtrade.backoffice.volume_report import VolumeReport, volume_report
from rushtrade.cli.journal_events import open_events
from rushtrade.cli.report import print_volume
from rushtrade.cli.terminal import answer_console, print_json, progress_console, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.journal.sqlite import SqliteJournal
from rushtrade.scenario.file import Scenario, load_scenario, scenario_names
from rushtrade.scenario.run import ScenarioOutcome, ScenarioPlayer, ScenarioStopped

STOPPED = 130
"""Exit code after Ctrl-C: 128 and the signal's number."""


def scenario(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(scenario_names())}.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Where the house will live; empty or new.", show_default="the user's data directory"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Build a firm's books through ordinary commands, and print the trade volume report read from them."""
    with refuse_plainly(json=json):
        script = load_scenario(name)
        directory = data_directory(data)
        require_empty(directory)
        began = time.perf_counter()
        try:
            outcome = build(script, directory, quiet=json)
        except ScenarioStopped as stop:
            typer.echo(f"rushtrade: {stop}", err=True)
            raise typer.Exit(STOPPED) from None
        found = last_report(script, directory)
        seconds = round(time.perf_counter() - began, 3)
        if json:
            told = msgspec.to_builtins(outcome) | {"data": str(directory), "seconds": seconds}
            print_json(told | {"report": None if found is None else found.as_json()})
        else:
            _print(outcome, found, directory, seconds)


def require_empty(directory: Path) -> None:
    """Refuse to build into a directory that holds anything at all."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InvalidInput(
            f"{directory} is not empty; a scenario founds a house of its own. "
            "Name a new or empty directory with --data, or remove this one first"
        )


def build(script: Scenario, directory: Path, *, quiet: bool) -> ScenarioOutcome:
    """Play a scenario into a new journal in a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    trades = sum(target.trades for target in script.months)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with (
        SqliteJournal(directory / JOURNAL_FILE) as journal,
        stop_on_interrupt() as stopped,
        Progress(*columns, console=progress_console(), disable=quiet) as progress,
    ):
        task = progress.add_task("orders that execute", total=trades)
        journal.new_epoch()
        player = ScenarioPlayer(
            script,
            journal,
            progress=lambda executed: progress.update(task, completed=executed),
            stopped=stopped,
        )
        return player.play()


def last_report(script: Scenario, directory: Path) -> VolumeReport | None:
    """Read the trade volume report of the scenario's last trading month from the books."""
    trading = [target.month for target in script.months if target.trades]
    if not trading:
        return None
    with open_events(directory) as frames:
        return volume_report(frames, trading[-1])


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and a request to terminate into a flag, so that work ends between two steps and never within one."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        asked.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread hears signals
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    earlier = [signal.signal(number, ask) for number in signals]
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in zip(signals, earlier, strict=True):
            signal.signal(number, handler)


def _print(outcome: ScenarioOutcome, found: VolumeReport | None, directory: Path, seconds: float) -> None:
    console = answer_console()
    console.print(
        f"{outcome.firm}: {outcome.orders:,} orders of {outcome.accounts:,} open accounts on {outcome.days} days; "
        f"{outcome.executed_orders:,} executed in {outcome.fills:,} fills, {outcome.rejects:,} were refused."
    )
    console.print(
        f"{outcome.commands:,} commands in {outcome.frames:,} durable frames; trial balance "
        f"{'zero in every asset' if outcome.balanced else 'DOES NOT BALANCE'}; state {outcome.state_hash[:16]}…; {seconds} s."
    )
    if found is not None:
        print_volume(found, console)
    console.print(f"The books are in {directory}.", highlight=False)
