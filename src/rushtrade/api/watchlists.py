"""Watchlists over HTTP: lists of stocks an account keeps, in the order its owner put them. Another account's do not exist."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Response, delete, get, post, put

from rushtrade.api import shapes
from rushtrade.api.access import Actor, FrontDesk, desk_of
from rushtrade.api.decoding import documented, read_body, read_query
from rushtrade.api.entities import Kind, public_id, read_id
from rushtrade.api.faults import invalid, not_found, not_taken
from rushtrade.api.trading import Asked, answer
from rushtrade.api.watchlist_file import LISTS_MAX, NAME_MAX, SYMBOLS_MAX, Watchlist, Watchlists
from rushtrade.domain.instants import format_instant

# --- requests -------------------------------------------------------------------------------------------------


class NewBody(msgspec.Struct, frozen=True):
    """A list to be made, or what one becomes."""

    name: str = ""
    symbols: list[str] | None = None


class AddBody(msgspec.Struct, frozen=True):
    """A stock to be put at the end of a list."""

    symbol: str


class NameQuery(msgspec.Struct, frozen=True):
    """A list by its name."""

    name: str = ""


def _view(desk: FrontDesk, found: Watchlist, *, assets: bool) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": public_id(Kind.WATCHLIST, found.number),
        "account_id": public_id(Kind.ACCOUNT, found.account_id),
        "name": found.name,
        "created_at": format_instant(found.created_ns),
        "updated_at": format_instant(found.updated_ns),
    }
    if assets:
        known = desk.store.image.instruments
        view["assets"] = [shapes.asset(known[number]) for number in found.instruments if number in known]
    return view


def _admit(request: Asked) -> tuple[FrontDesk, Actor, Watchlists]:
    desk = desk_of(request)
    return desk, desk.admit(request, "read"), desk.ports.watchlists


def _find(request: Asked) -> tuple[FrontDesk, Watchlists, Watchlist]:
    """Find the list a path or a name means, of the caller's account."""
    desk, actor, lists = _admit(request)
    text = request.path_params.get("watchlist_id")
    if text is None:
        name = read_query(request.query_params.multi_items(), NameQuery).name
        if not name:
            raise invalid("name is required")
        found = next((each for each in lists.of(actor.account_id) if each.name == name), None)
        shown = repr(name[:NAME_MAX])
    else:
        number = read_id(Kind.WATCHLIST, text)
        found = next((each for each in lists.of(actor.account_id) if each.number == number), None)
        shown = text[:40]
    if found is None:
        raise not_found(f"watchlist not found for {shown}")
    return desk, lists, found


def _instrument(desk: FrontDesk, text: str) -> int:
    row = desk.instrument(text.strip().upper()) or desk.instrument(text.strip())
    if row is None:
        raise not_taken(f"asset not found for {text[:40]!r}")
    return row.instrument_id


def _instruments(desk: FrontDesk, symbols: list[str] | None) -> list[int]:
    found = list(dict.fromkeys(_instrument(desk, symbol) for symbol in symbols or []))
    if len(found) > SYMBOLS_MAX:
        raise invalid(f"symbols: {len(found)} are too many, {SYMBOLS_MAX} would pass")
    return found


def _check_name(lists: Watchlists, account_id: int, name: str, own: Watchlist | None = None) -> str:
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise invalid(f"name: 1 to {NAME_MAX} printable characters would pass")
    if any(each.name == name and each is not own for each in lists.of(account_id)):
        raise not_taken(f"watchlist name must be unique: there is a list {name!r}")
    return name


# --- handlers ---------------------------------------------------------------------------------------------------


@get("/v2/watchlists")
async def list_watchlists(request: Asked) -> Response[Any]:
    """List watchlists, without their stocks."""
    desk, actor, lists = _admit(request)
    return answer([_view(desk, each, assets=False) for each in lists.of(actor.account_id)])


@post("/v2/watchlists", status_code=HTTPStatus.OK, operation_class=documented(body=NewBody))
async def make_watchlist(request: Asked) -> Response[Any]:
    """Make a watchlist."""
    desk, actor, lists = _admit(request)
    body = read_body(await request.body(), NewBody)
    name = _check_name(lists, actor.account_id, body.name)
    if len(lists.of(actor.account_id)) >= LISTS_MAX:
        raise not_taken(f"the account has {LISTS_MAX} watchlists: delete one first")
    instruments = _instruments(desk, body.symbols)
    made = lists.add(actor.account_id, name, instruments, desk.ports.clock.now_ns())
    return answer(_view(desk, made, assets=True))


@get("/v2/watchlists/{watchlist_id:str}")
async def show_watchlist(request: Asked) -> Response[Any]:
    """Show a watchlist with its stocks."""
    desk, _, found = _find(request)
    return answer(_view(desk, found, assets=True))


@get("/v2/watchlists:by_name", operation_class=documented(query=NameQuery))
async def show_watchlist_named(request: Asked) -> Response[Any]:
    """Show a watchlist by its name."""
    desk, _, found = _find(request)
    return answer(_view(desk, found, assets=True))


async def _put(request: Asked) -> Response[Any]:
    desk, lists, found = _find(request)
    body = read_body(await request.body(), NewBody)
    name = _check_name(lists, found.account_id, body.name, found) if body.name else found.name
    instruments = found.instruments if body.symbols is None else _instruments(desk, body.symbols)
    found.name, found.instruments = name, instruments
    lists.change(found, desk.ports.clock.now_ns())
    return answer(_view(desk, found, assets=True))


@put("/v2/watchlists/{watchlist_id:str}", operation_class=documented(body=NewBody))
async def change_watchlist(request: Asked) -> Response[Any]:
    """Give a watchlist another name, other stocks, or both."""
    return await _put(request)


@put("/v2/watchlists:by_name", operation_class=documented(body=NewBody, query=NameQuery))
async def change_watchlist_named(request: Asked) -> Response[Any]:
    """Change a watchlist by its name."""
    return await _put(request)


async def _add(request: Asked) -> Response[Any]:
    desk, lists, found = _find(request)
    body = read_body(await request.body(), AddBody)
    number = _instrument(desk, body.symbol)
    if number not in found.instruments:
        if len(found.instruments) >= SYMBOLS_MAX:
            raise invalid(f"the list has {SYMBOLS_MAX} stocks: take one out first")
        found.instruments.append(number)
        lists.change(found, desk.ports.clock.now_ns())
    return answer(_view(desk, found, assets=True))


@post(
    "/v2/watchlists/{watchlist_id:str}", status_code=HTTPStatus.OK, operation_class=documented(body=AddBody)
)
async def add_to_watchlist(request: Asked) -> Response[Any]:
    """Put a stock at the end of a watchlist."""
    return await _add(request)


@post(
    "/v2/watchlists:by_name",
    status_code=HTTPStatus.OK,
    operation_class=documented(body=AddBody, query=NameQuery),
)
async def add_to_watchlist_named(request: Asked) -> Response[Any]:
    """Put a stock at the end of a watchlist by its name."""
    return await _add(request)


@delete("/v2/watchlists/{watchlist_id:str}/{symbol:str}", status_code=HTTPStatus.OK)
async def take_from_watchlist(request: Asked) -> Response[Any]:
    """Take a stock out of a watchlist."""
    desk, lists, found = _find(request)
    number = _instrument(desk, request.path_params["symbol"])
    if number not in found.instruments:
        raise not_found(f"{request.path_params['symbol'][:40]} is not in the watchlist")
    found.instruments.remove(number)
    lists.change(found, desk.ports.clock.now_ns())
    return answer(_view(desk, found, assets=True))


def _drop(request: Asked) -> Response[None]:
    _, lists, found = _find(request)
    lists.drop(found)
    return Response(None, status_code=HTTPStatus.NO_CONTENT)


@delete("/v2/watchlists/{watchlist_id:str}", status_code=HTTPStatus.NO_CONTENT)
async def drop_watchlist(request: Asked) -> Response[None]:
    """Delete a watchlist."""
    return _drop(request)


@delete(
    "/v2/watchlists:by_name",
    status_code=HTTPStatus.NO_CONTENT,
    operation_class=documented(query=NameQuery),
)
async def drop_watchlist_named(request: Asked) -> Response[None]:
    """Delete a watchlist by its name."""
    return _drop(request)


HANDLERS: Final = [
    list_watchlists,
    make_watchlist,
    show_watchlist,
    show_watchlist_named,
    change_watchlist,
    change_watchlist_named,
    add_to_watchlist,
    add_to_watchlist_named,
    take_from_watchlist,
    drop_watchlist,
    drop_watchlist_named,
]
