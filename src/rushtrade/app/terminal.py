"""What commands share of the terminal: one JSON object out, one plain sentence when something is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import structlog
import typer

from rushtrade.domain.errors import RushTradeError
from rushtrade.journal.errors import JournalError
from rushtrade.wire.errors import WireError

REFUSED = 2
"""Exit code when a command was asked something it cannot do."""


def print_json(value: object) -> None:
    """Write one JSON object on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


@contextmanager
def refuse_plainly(*, json: bool) -> Iterator[None]:
    """Turn an expected failure into a sentence (or a JSON object with `error`) and exit code 2."""
    try:
        yield
    except (RushTradeError, JournalError, WireError, OSError) as error:
        text = str(error) or type(error).__name__
        if json:
            print_json({"error": text})
        else:
            typer.echo(f"rushtrade: {text}", err=True)
        raise typer.Exit(REFUSED) from None


def log_to_standard_error() -> None:
    """Keep what the house says of itself apart from what a command was asked to print."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
