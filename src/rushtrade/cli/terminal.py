"""What commands share of the terminal: one JSON object out, one plain sentence when something is refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import msgspec
import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rushtrade.domain.errors import RushTradeError
from rushtrade.journal.errors import JournalError
from rushtrade.wire.errors import WireError

JSON_OPTION = "--json"
PIPED_COLUMNS = 160
"""Width of what is printed into a file or a pipe: no table of ours is cut there."""
REFUSED = 2
"""Exit code when a command was asked something it cannot do."""


def print_json(value: object) -> None:
    """Write one JSON object on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
    sys.stdout.flush()


def printable(text: str) -> str:
    """Give text that any terminal and JSON take: bytes of file names that are no Unicode are shown by their numbers."""
    return text.encode(errors="backslashreplace").decode()


def answer_console(*, soft_wrap: bool = False) -> Console:
    """Give what answers are printed on: names in them are shown as they are, and a pipe gets whole tables.

    A stock called ``[/B]`` or a file called ``[red].itch`` is no markup.
    """
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_COLUMNS
    return Console(markup=False, highlight=False, soft_wrap=soft_wrap, width=width)


def progress_console() -> Console:
    """Give what progress is shown on: beside the answer, on standard error."""
    return Console(stderr=True, markup=False, highlight=False)


@contextmanager
def refuse_plainly(*, json: bool) -> Iterator[None]:
    """Turn an expected failure into a sentence (or a JSON object with `error`) and exit code 2.

    A reader that has gone (`rushtrade … | head`) is no failure: the command ends without a word.
    """
    try:
        yield
    except BrokenPipeError:
        _forget_output()
        raise typer.Exit(REFUSED) from None
    except (RushTradeError, JournalError, WireError, OSError) as error:
        text = printable(_sentence(error))
        if json:
            print_json({"error": text})
        else:
            typer.echo(f"rushtrade: {text}", err=True)
        raise typer.Exit(REFUSED) from None


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _forget_output() -> None:
    """Let what is still buffered for a reader that has gone go nowhere, or the interpreter would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def log_to_standard_error(*, json: bool = False) -> None:
    """Keep what the house says of itself apart from what a command was asked to print; `json`: one object a line, for machines."""
    shown: list[structlog.typing.Processor] = [
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    ]
    if json:
        shown = [
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *shown,
        ],
        logger_factory=_standard_error,
    )


def _standard_error(*_names: str) -> structlog.PrintLogger:
    """Find standard error when something is said, not before: it may be another one by then."""
    return structlog.PrintLogger(sys.stderr)


class ProgressBars:
    """Progress of several things on standard error, when somebody watches; call it with what, done and total."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeRemainingColumn(),
            console=progress_console(),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Move the bar of `what`."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(printable(what), total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)
