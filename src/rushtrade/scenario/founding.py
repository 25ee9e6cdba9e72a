"""Founding a house: the ordinary commands that make a firm of a world, its shares, customers and accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from rushtrade.core.sequencer import BATCH_COMMANDS_MAX, Core
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.instruments import Instrument
from rushtrade.rules.world import World

FIRM_NAME = "RushTrade"


def execute(core: Core, command: cmd.AnyCommand, actor: str) -> list[ev.AnyEvent]:
    """Carry out one administrative command now; a refusal is raised in its own words."""
    return execute_all(core, [command], actor)


def execute_all(core: Core, commands: Sequence[cmd.AnyCommand], actor: str) -> list[ev.AnyEvent]:
    """Carry out administrative commands now, many to a frame; the first refusal is raised in its own words."""
    events: list[ev.AnyEvent] = []
    for start in range(0, len(commands), BATCH_COMMANDS_MAX):
        tickets = [core.submit(command, actor) for command in commands[start : start + BATCH_COMMANDS_MAX]]
        core.drain()
        for ticket in tickets:
            events.extend(ticket.events or ())
    for event in events:
        if isinstance(event, ev.CommandRefused):
            raise RushTradeError(event.text)
    return events


def found_firm(core: Core, world: World, day: dt.date, instruments: Sequence[Instrument]) -> None:
    """Open the firm on a world, with the routes and fees of a day."""
    execute(core, cmd.OpenFirm(FIRM_NAME, world.name, world.routes_on(day), world.sequences), "desk")
    for terms in world.commissions:
        execute(core, cmd.DefineCommissionScheme(terms), "desk")
    define_instruments(core, instruments)


def define_instruments(core: Core, instruments: Sequence[Instrument]) -> dict[str, int]:
    """Make the house know a market's instruments; a symbol it knows already keeps its id. Gives symbol → id."""
    ids: dict[str, int] = {}
    new: list[cmd.AnyCommand] = []
    for instrument in instruments:
        known = core.state.symbols.get(instrument.symbol) or ids.get(instrument.symbol)
        if known is None:
            known = len(core.state.instruments) + len(new) + 1
            new.append(cmd.DefineInstrument(_numbered(instrument, known)))
        ids[instrument.symbol] = known
    execute_all(core, new, "desk")
    return ids


def _numbered(instrument: Instrument, instrument_id: int) -> Instrument:
    fields = {name: getattr(instrument, name) for name in Instrument.__struct_fields__}
    return Instrument(**fields | {"instrument_id": instrument_id})


class NewAccount(msgspec.Struct, frozen=True):
    """What an account is opened with. Money in micro-dollars."""

    name: str
    kind: AccountKind
    deposit: int
    short_permitted: bool = False
    scheme_id: int = 1
    limits: AccountLimits = AccountLimits()


def open_customer_accounts(core: Core, wanted: Sequence[NewAccount]) -> list[int]:
    """Register customers, open an account for each and take its first deposit, step by step for all. Gives the account ids."""
    registered = execute_all(core, [cmd.RegisterCustomer(row.name, "") for row in wanted], "desk")
    customers = [event.customer_id for event in registered if isinstance(event, ev.CustomerRegistered)]
    first_id = len(core.state.accounts) + 1
    opened = execute_all(
        core,
        [
            cmd.OpenAccount(
                customer_id,
                f"RT{account_id:06d}",
                row.kind,
                row.scheme_id,
                row.short_permitted,
                row.limits,
            )
            for account_id, (row, customer_id) in enumerate(
                zip(wanted, customers, strict=True), start=first_id
            )
        ],
        "desk",
    )
    ids = [event.account_id for event in opened if isinstance(event, ev.AccountOpened)]
    deposits = [
        cmd.TransferCash(account_id, row.deposit, "opening deposit")
        for account_id, row in zip(ids, wanted, strict=True)
        if row.deposit
    ]
    execute_all(core, deposits, "desk")
    return ids
