"""What commands share of the terminal: one JSON object out, one plain sentence when something is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
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
