"""The command `rushtrade` and its subcommands. Only what the command asked for needs is imported."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module

import typer

from rushtrade.cli.terminal import JSON_OPTION, REFUSED, print_json

COMMANDS = {
    "up": ("rushtrade.cli.up", "up"),
    "demo-credentials": ("rushtrade.cli.demo", "demo_credentials_command"),
    "day": ("rushtrade.cli.day", "day"),
    "itch": ("rushtrade.cli.itch", "itch"),
    "scenario": ("rushtrade.cli.scenario", "scenario"),
    "dart": ("rushtrade.cli.dart", "app"),
    "exchange": ("rushtrade.cli.exchange", "app"),
    "feed": ("rushtrade.cli.feed", "app"),
    "market": ("rushtrade.cli.market", "app"),
    "ticks": ("rushtrade.cli.ticks", "app"),
    "journal": ("rushtrade.cli.journal", "journal"),
    "report": ("rushtrade.cli.report", "report"),
    "entitlements": ("rushtrade.cli.entitlements", "app"),
}
"""Where each command is: module and name."""


def command_line(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Put the command line together, of all commands or of those named."""
    app = typer.Typer(
        name="rushtrade", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
    )
    app.callback()(rushtrade)
    for name in names:
        module, member = COMMANDS[name]
        found = getattr(import_module(module), member)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def rushtrade() -> None:
    """Run an open, self-hosted direct-access brokerage."""


def main() -> None:
    """Run the command line. Whoever asked for JSON gets JSON, also when the words after the command were not understood."""
    words = sys.argv[1:]
    app = command_line(words[:1] if words and words[0] in COMMANDS else COMMANDS)
    if JSON_OPTION not in words:
        app()
        return
    try:
        code = app(standalone_mode=False)
    except Exception as error:
        tell = getattr(error, "format_message", None)  # what Typer raises for words it does not know
        if tell is None:
            raise
        print_json({"error": tell()})
        code = REFUSED
    sys.exit(code if isinstance(code, int) else 0)
