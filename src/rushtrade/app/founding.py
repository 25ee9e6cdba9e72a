"""Founding a house: the ordinary commands that make a firm of a world, its shares, customers and accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from rushtrade.core.sequencer import Core
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.instruments import Instrument
from rushtrade.rules.world import World

FIRM_NAME = "RushTrade"


def execute(core: Core, command: cmd.AnyCommand, actor: str) -> list[ev.AnyEvent]:
    """Carry out one administrative command now; a refusal is raised in its own words."""
    ticket = core.submit(command, actor)
    core.drain()
    events = ticket.events or []
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
    for instrument in instruments:
        known = core.state.symbols.get(instrument.symbol)
        if known is None:
            known = len(core.state.instruments) + 1
            execute(core, cmd.DefineInstrument(_numbered(instrument, known)), "desk")
        ids[instrument.symbol] = known
    return ids


def _numbered(instrument: Instrument, instrument_id: int) -> Instrument:
    fields = {name: getattr(instrument, name) for name in Instrument.__struct_fields__}
    return Instrument(**fields | {"instrument_id": instrument_id})


def open_customer_account(
    core: Core,
    name: str,
    *,
    kind: AccountKind,
    deposit: int,
    short_permitted: bool = False,
    scheme_id: int = 1,
    limits: AccountLimits | None = None,
    number: Callable[[int], str] = lambda account_id: f"RT{account_id:06d}",
) -> int:
    """Register a customer, open an account for them, and take their first deposit (micro-dollars). Gives the account id."""
    (registered,) = execute(core, cmd.RegisterCustomer(name, ""), "desk")
    assert isinstance(registered, ev.CustomerRegistered)
    account_id = len(core.state.accounts) + 1
    execute(
        core,
        cmd.OpenAccount(
            registered.customer_id,
            number(account_id),
            kind,
            scheme_id,
            short_permitted,
            limits or AccountLimits(),
        ),
        "desk",
    )
    if deposit:
        execute(core, cmd.TransferCash(account_id, deposit, "opening deposit"), "desk")
    return account_id
