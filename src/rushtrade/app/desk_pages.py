"""For whoever operates the house: how the data center is, as JSON, and the runbook an alarm names.

The data center's own page is the workstation's bundle.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.enums import MediaType

from rushtrade.api.access import authorize, desk_of
from rushtrade.api.faults import invalid, not_found
from rushtrade.domain.errors import InvalidInput
from rushtrade.serving.callers import logged_in
from rushtrade.workstation.center import center_body

PACKAGE: Final = Path(__file__).resolve().parents[1]
RUNBOOKS: Final = (PACKAGE / "runbooks", PACKAGE.parents[1] / "docs" / "runbooks")
"""Within an installed package, and within a checkout."""
QUALITY_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The report carries its own style and pictures, and nothing else: it can be kept as a file."""
SCORECARD_ROWS: Final = ("route", "strategy", "symbol")
HOUSE: Final = 0
"""In place of an account id: all of them."""
DIGITS_MAX: Final = 19
"""A number of more is none of ours."""
_NAME: Final = re.compile(r"[a-z][a-z-]{0,40}", re.ASCII)


def read_runbook(name: str) -> str | None:
    """Give a runbook's text by its name; None when there is none."""
    if not _NAME.fullmatch(name):
        return None
    for folder in RUNBOOKS:
        path = folder / f"{name}.md"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return None


@get("/runbooks/{name:str}", include_in_schema=False)
async def show_runbook(request: Request[Any, Any, Any]) -> Response[str]:
    """Show what an alarm means and what ends it, as the text it is."""
    text = read_runbook(request.path_params["name"])
    if text is None:
        raise not_found(f"there is no runbook {request.path_params['name'][:40]!r}")
    return Response(text, media_type=MediaType.TEXT, headers={"Cache-Control": "no-cache"})


@get("/v1/datacenter", tags=["data center"])
async def show_center(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show how the data center is: lines, books, store, clients, alarms; the shape of the `datacenter` push. Needs `operate`."""
    desk = desk_of(request)
    desk.admit(request, "operate")
    port = desk.ports.center
    status = None if port is None else port.status()
    if status is None:
        raise not_found("this house has not looked at its data center yet")
    return Response(b"{" + center_body(status), media_type=MediaType.JSON)


@get("/datacenter/quality", include_in_schema=False)
async def show_quality(request: Request[Any, Any, Any]) -> Response[str]:
    """Show the quality of today's data as far as it is on the disk: gaps, lag, crossed time, outliers."""
    desk = desk_of(request)
    actor = logged_in(request)
    if actor is None:
        actor = desk.admit(request, "operate")
    authorize(actor, "operate", actor.account_id)
    port = desk.ports.center
    made = None if port is None else await port.quality()
    if made is None:
        raise not_found("this house writes no ticks, so there is nothing to judge")
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": QUALITY_POLICY}
    return Response(made, media_type=MediaType.HTML, headers=headers)


async def _scorecard(request: Request[Any, Any, Any], form: str) -> bytes:
    """Admit whoever operates the house, and read what its orders cost."""
    desk = desk_of(request)
    actor = logged_in(request)
    if actor is None:
        actor = desk.admit(request, "operate")
    authorize(actor, "operate", actor.account_id)
    return await _scored(request, form, HOUSE)


async def _scored(request: Request[Any, Any, Any], form: str, account_id: int) -> bytes:
    """Read what orders cost in a thread: the first look reads the whole journal."""
    by = request.query_params.get("by", "route")
    if by not in SCORECARD_ROWS:
        raise invalid(f"by={by[:40]!r} is no row of a scorecard; {', '.join(SCORECARD_ROWS)} would pass")
    scorecard = desk_of(request).ports.scorecard
    if scorecard is None:
        raise not_found("this process has no journal of orders, so there is nothing to score")
    try:
        return await asyncio.to_thread(scorecard, by, form, account_id)
    except InvalidInput as error:
        raise not_found(str(error)) from None


@get("/v1/scorecard/own", tags=["routing"])
async def show_own_scores(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show what an account's own orders cost, as `/v1/scorecard` does the house's. Needs `read`; `account_id` names one of several."""
    desk = desk_of(request)
    actor = logged_in(request)
    if actor is None:
        actor = desk.admit(request, "read")
    named = request.query_params.get("account_id", "")
    account_id = int(named) if named.isascii() and named.isdecimal() and len(named) < DIGITS_MAX else 0
    if named and account_id == 0:
        raise invalid(f"account_id={named[:40]!r} is no number of an account")
    account_id = account_id or actor.account_id
    authorize(actor, "read", account_id)
    return Response(await _scored(request, "json", account_id), media_type=MediaType.JSON)


@get("/v1/scorecard", tags=["routing"])
async def show_scores(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show what orders cost, by `route`, `strategy` or `symbol`: the rows of `rushtrade dart scorecard`. Needs `operate`."""
    return Response(await _scorecard(request, "json"), media_type=MediaType.JSON)


@get("/scorecard", include_in_schema=False)
async def show_scorecard(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show the same as a page: a picture of cost by row, and the table."""
    made = await _scorecard(request, "html")
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": QUALITY_POLICY}
    return Response(made, media_type=MediaType.HTML, headers=headers)


HANDLERS: Final = [show_runbook, show_center, show_quality, show_scores, show_own_scores, show_scorecard]
