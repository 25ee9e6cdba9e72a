"""`rushtrade market replay`: a stored day played through a data center, as if it came over its lines now."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from rushtrade.cli.terminal import log_to_standard_error, refuse_plainly
from rushtrade.domain.instants import parse_date

CENTER = "replay"


def replay(
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="The stored day.")],
    begin: Annotated[
        str, typer.Option("--from", help="Begin at this time: HH:MM:SS in New York, or RFC 3339.")
    ] = "",
    end: Annotated[str, typer.Option("--to", help="End at this time.")] = "",
    speed: Annotated[str, typer.Option(help="Multiple of the day's own pace, or max.")] = "1",
    paused: Annotated[bool, typer.Option("--paused", help="Stand still until somebody plays it.")] = False,
    store: Annotated[
        Path | None,
        typer.Option(help="The tick store.", show_default="'ticks' in the house's data directory"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Where the data center lives.", show_default="'replay' in the user's data directory"
        ),
    ] = None,
    world: Annotated[str, typer.Option(help="World: a built-in name or a TOML file.")] = "us-2026",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 8100,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the address and demo login as one JSON object.")
    ] = False,
) -> None:
    """Play a stored day through a data center: page, APIs and streams show it as they would have, until interrupted."""
    from rushtrade.app.data_directory import data_directory  # noqa: PLC0415 - numba is loaded only when needed
    from rushtrade.app.listening import listen  # noqa: PLC0415
    from rushtrade.app.market_service import CenterPlan  # noqa: PLC0415
    from rushtrade.archive.replay import StoredReplay, speed_of  # noqa: PLC0415
    from rushtrade.cli.market import sales_of, serve_center  # noqa: PLC0415
    from rushtrade.datacenter.limits import AlarmLimits  # noqa: PLC0415
    from rushtrade.market.ticks import instant_of  # noqa: PLC0415
    from rushtrade.rules.world_file import load_world  # noqa: PLC0415

    with refuse_plainly(json=as_json), contextlib.suppress(KeyboardInterrupt):
        log_to_standard_error()
        date = parse_date(day)
        first, last = (instant_of(date, text) if text else None for text in (begin, end))
        played = StoredReplay(
            store or data_directory(None) / "ticks", date, speed=speed_of(speed), begin_ns=first, end_ns=last
        )
        if not paused:
            played.play()
        symbols = [symbol for symbol in played.symbols if len(symbol) <= 8]
        plan = CenterPlan(
            CENTER,
            load_world(world),
            date,
            [],
            symbols,
            AlarmLimits(),
            None,
            sales_of("", licensed=False),
            played,
        )
        listening = listen(host, port)
        serve_center(plan, data or data_directory(None) / CENTER, listening, "", json=as_json)
