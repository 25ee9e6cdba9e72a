"""What commands share of the terminal: one JSON object out, one plain sentence when something is refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import structlog
import typer
from rich.console import Console

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


def log_to_standard_error() -> None:
    """Keep what the house says of itself apart from what a command was asked to print."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=_standard_error,
    )


def _standard_error(*_names: str) -> structlog.PrintLogger:
    """Find standard error when something is said, not before: it may be another one by then."""
    return structlog.PrintLogger(sys.stderr)
