"""The command `rushtrade` and its subcommands. Imports of what a command needs happen when it runs."""

from __future__ import annotations

import sys

import typer

from rushtrade.app.dart import app as dart
from rushtrade.app.day import day
from rushtrade.app.feed import app as feed
from rushtrade.app.itch import itch
from rushtrade.app.journal import journal
from rushtrade.app.report import report
from rushtrade.app.scenario import scenario
from rushtrade.app.terminal import JSON_OPTION, REFUSED, print_json
from rushtrade.app.up import demo_credentials_command, up

cli = typer.Typer(
    name="rushtrade",
    help="An open, self-hosted direct-access brokerage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
cli.command()(up)
cli.command("demo-credentials")(demo_credentials_command)
cli.command()(day)
cli.command()(itch)
cli.command()(scenario)
cli.add_typer(dart, name="dart")
cli.add_typer(feed, name="feed")
cli.add_typer(journal, name="journal")
cli.add_typer(report, name="report")


def main() -> None:
    """Run the command line. Whoever asked for JSON gets JSON, also when the words after the command were not understood."""
    if JSON_OPTION not in sys.argv[1:]:
        cli()
        return
    try:
        code = cli(standalone_mode=False)
    except Exception as error:
        tell = getattr(error, "format_message", None)  # what Typer raises for words it does not know
        if tell is None:
            raise
        print_json({"error": tell()})
        code = REFUSED
    sys.exit(code if isinstance(code, int) else 0)
