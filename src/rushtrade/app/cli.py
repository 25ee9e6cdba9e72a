"""The command `rushtrade` and its subcommands. Imports of what a command needs happen when it runs."""

from __future__ import annotations

import typer

from rushtrade.app.dart import app as dart
from rushtrade.app.day import day
from rushtrade.app.itch import itch
from rushtrade.app.journal import journal
from rushtrade.app.report import report
from rushtrade.app.scenario import scenario
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
cli.add_typer(journal, name="journal")
cli.add_typer(report, name="report")


def main() -> None:
    """Run the command line."""
    cli()
