"""Reading a running data center (or house) from a terminal: over its API, with a key, as any other client does."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from rushtrade.cli.demo import read_demo
from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput, RushTradeError

ANSWER_SECONDS_MAX = 15.0
ANSWER_BYTES_MAX = 64 << 20
"""More than any of these answers has."""
KEY_VARIABLE, SECRET_VARIABLE = "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"
LEVELS_MAX = 40
"""What one montage shows."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DataOption = Annotated[
    Path | None,
    typer.Option(
        help="Data directory of the data center: says where it listens, and the demo's key.",
        show_default="'market' in the user's data directory",
    ),
]
UrlOption = Annotated[
    str, typer.Option(help=f"Another address, of a gateway for instance; key from {KEY_VARIABLE}, if set.")
]


class Place(msgspec.Struct, frozen=True):
    """A running data center, and who asks."""

    url: str
    key: str
    secret: str
    user: str = ""
    password: str = ""


def find_place(directory: Path, url: str) -> Place:
    """Find a data center and a key for it. InvalidInput when there is none."""
    key, secret = os.environ.get(KEY_VARIABLE, ""), os.environ.get(SECRET_VARIABLE, "")
    if url and key and secret:
        return Place(url.rstrip("/"), key, secret)
    try:
        demo = read_demo(directory)
    except InvalidInput:
        raise InvalidInput(
            f"no data center is running on {directory}; start one with: rushtrade market up --data {directory}"
        ) from None
    address = url.rstrip("/") or demo.web_url.rstrip("/")
    return Place(address, demo.api_key, demo.api_secret, demo.web_user, demo.web_password)


def ask(place: Place, path: str, **query: object) -> Any:
    """Ask over HTTP; a refusal is told in the words of whoever refused."""
    wanted = urllib.parse.urlencode({name: value for name, value in query.items() if value not in (None, "")})
    address = f"{place.url}{path}?{wanted}" if wanted else f"{place.url}{path}"
    if not address.startswith(("http://", "https://")):
        raise InvalidInput(f"--url {place.url[:60]!r} is no address such as http://127.0.0.1:8100")
    headers = {"APCA-API-KEY-ID": place.key, "APCA-API-SECRET-KEY": place.secret}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - the scheme is checked above
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
            return json.loads(answer.read(ANSWER_BYTES_MAX))
    except urllib.error.HTTPError as error:
        raise RushTradeError(_refusal(error)) from None
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise RushTradeError(f"{place.url} does not answer: {reason}") from None


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        found = json.loads(error.read(1 << 16))
        return str(found["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.url} answers {error.code}"


def status(data: DataOption = None, url: UrlOption = "", as_json: JsonOption = False) -> None:
    """Say whether the data is good, or exactly why not: lines, gaps, lag, books, store, clients, alarms."""
    from rushtrade.cli.market import center_directory  # noqa: PLC0415 - each knows the other

    with refuse_plainly(json=as_json):
        found = ask(find_place(center_directory(data), url), "/v1/datacenter")
        if as_json:
            print_json(found)
        else:
            _print_status(found)
        if not found["good"]:
            raise typer.Exit(1)


def _print_status(found: dict[str, Any]) -> None:
    from rich.table import Table  # noqa: PLC0415 - told only when asked for

    console = answer_console()
    console.print(("GOOD  " if found["good"] else "NOT GOOD  ") + found["verdict"])
    for alarm in found["alarms"]:
        console.print(f"{alarm['severity'].upper()}: {alarm['text']}")
        console.print(f"  do: {alarm['do']}")
        console.print(f"  see: {alarm['runbook']}")
    lines = Table(
        "venue", "state", "lag ms", "messages", "a second", "gaps", "missing", "asked", "images", "why"
    )
    for line in found["lines"]:
        lag = (
            ("not live" if line["messages"] else "")
            if line["lag_us"] == -1
            else f"{line['lag_us'] / 1000:,.1f}"
        )
        numbers = (line["messages"], line["messages_per_second"], line["gaps"], line["missing"])
        asked = (line["counts"].get("requests", 0), line["counts"].get("images", 0))
        cells = [f"{number:,}" for number in (*numbers, *asked)]
        lines.add_row(line["venue"], line["state"], lag, *cells, line["fault"])
    console.print(lines)
    books = found["books"]
    names = ("instruments", "good", "one_sided", "locked", "crossed", "halted", "unknown", "empty")
    console.print("books: " + ", ".join(f"{books[name]:,} {name.replace('_', ' ')}" for name in names))
    store = found["store"]
    if store is not None:
        rows = ", ".join(f"{count:,} {schema}" for schema, count in store["rows"].items())
        behind = f"behind {store['behind_ms']:,} ms, {store['bytes']:,} bytes, {store['free_bytes']:,} free"
        console.print(f"store: {store['state']}, {behind}; {rows}")
    fan_out = found["fan_out"]
    if fan_out is not None:
        link = "connected" if fan_out["connected"] else f"not connected ({fan_out['fault']})"
        console.print(
            f"fan-out: {fan_out['server']} {link}, number {fan_out['number']:,}, lag {fan_out['lag_ms']:,} ms"
        )
    late = max((client["lag_ms"] for client in found["clients"]), default=0)
    console.print(f"clients: {len(found['clients']):,}, the latest {late:,} ms behind")


def top(
    kind: Annotated[
        str,
        typer.Argument(
            help="most_active_volume, …_trades, …_dollars, gainers, losers, unusual_volume, new_highs and the like."
        ),
    ] = "most_active_volume",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many stocks.")] = 20,
    data: DataOption = None,
    url: UrlOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show a list of the day: facts of the tape, ranked."""
    from rushtrade.cli.market import center_directory  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        place = find_place(center_directory(data), url)
        found = ask(place, f"/v1/market/lists/{urllib.parse.quote(kind, safe='')}", top=limit)
        if as_json:
            print_json(found)
            return
        if not found["known"]:
            raise InvalidInput(found["reason"])
        _print_days(found["rows"])


def scan(
    expression: Annotated[
        str, typer.Argument(help="What must be true, such as 'volume > 1_000_000 and price < 20'.")
    ],
    order: Annotated[str, typer.Option(help="Field the found stocks are ordered by.")] = "volume",
    rising: Annotated[bool, typer.Option(help="Smallest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many stocks.")] = 50,
    data: DataOption = None,
    url: UrlOption = "",
    as_json: JsonOption = False,
) -> None:
    """Find the stocks of which something is true; `rushtrade market fields` lists what may be named."""
    from rushtrade.cli.market import center_directory  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        place = find_place(center_directory(data), url)
        query = {"expression": expression, "order": order, "limit": limit, "rising": str(rising).lower()}
        found = ask(place, "/v1/market/scan", **query)
        if as_json:
            print_json(found)
            return
        _print_days(found["rows"])
        typer.echo(f"{found['total']:,} found")


def fields(data: DataOption = None, url: UrlOption = "", as_json: JsonOption = False) -> None:
    """List the fields a scan may name."""
    from rushtrade.cli.market import center_directory  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        found = ask(find_place(center_directory(data), url), "/v1/market/scan/fields")
        if as_json:
            print_json({"fields": found})
            return
        _print_table(("field", "kind", "unit", "meaning"), found)


def _print_days(rows: list[dict[str, Any]]) -> None:
    columns = ("symbol", "price", "change", "percent_change", "high", "low", "volume", "trade_count")
    _print_table(columns, rows)


def _print_table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415

    table = Table()
    for name in columns:
        numbers = bool(rows) and all(isinstance(row[name], int | float | None) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*("" if row[name] is None else _cell(row[name]) for name in columns))
    answer_console().print(table)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def nbbo(
    symbols: Annotated[list[str], typer.Argument(help="Stocks.")],
    data: DataOption = None,
    url: UrlOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the national best bid and offer of stocks."""
    from rushtrade.cli.market import center_directory  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        place = find_place(center_directory(data), url)
        found = ask(place, "/v2/stocks/quotes/latest", symbols=",".join(symbols))["quotes"]
        if as_json:
            print_json({"quotes": found})
            return
        names = {
            "bp": "bid",
            "bs": "shares",
            "bx": "at",
            "ap": "ask",
            "as": "ask shares",
            "ax": "ask at",
            "t": "time",
        }
        for symbol in symbols:
            if symbol not in found:
                ask(
                    place, f"/v2/assets/{urllib.parse.quote(symbol, safe='')}"
                )  # refused when it is no stock of this place
        rows = [
            {"symbol": symbol, **{word: (found.get(symbol) or {}).get(name) for name, word in names.items()}}
            for symbol in symbols
        ]
        _print_table(("symbol", *names.values()), rows)


def book(
    symbol: Annotated[str, typer.Argument(help="A stock.")],
    levels: Annotated[int, typer.Option(min=1, max=LEVELS_MAX, help="Rows of each side.")] = 10,
    data: DataOption = None,
    url: UrlOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the montage of a stock: levels of every venue, best first. Asked for with the demo's login, as the page does."""
    from rushtrade.cli.market import center_directory  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        found = _montage(find_place(center_directory(data), url), symbol)
        sides = {side: found[side][:levels] for side in ("bids", "asks")}
        if as_json:
            print_json({"symbol": symbol, "state": found["state"], **sides})
            return
        blank = ("", "", "", "")
        rows = [
            {"orders": bid[2], "shares": bid[1], "at": bid[3], "bid": bid[0]}
            | {"ask": ask_[0], "ask at": ask_[3], "ask shares": ask_[1], "ask orders": ask_[2]}
            for place in range(max(map(len, sides.values()), default=0))
            for bid, ask_ in (
                tuple(side[place] if place < len(side) else blank for side in (sides["bids"], sides["asks"])),
            )
        ]
        answer_console().print(f"{symbol}: {found['state']}")
        _print_table(("orders", "shares", "at", "bid", "ask", "ask at", "ask shares", "ask orders"), rows)


def _montage(place: Place, symbol: str) -> dict[str, Any]:
    """Log in as the page does, ask for one montage, name its venues."""
    from websockets.sync.client import connect  # noqa: PLC0415 - for this command alone
    from websockets.typing import Origin  # noqa: PLC0415

    if not place.user:
        raise InvalidInput(
            "a montage is asked for with a login: name the data center's directory with --data"
        )
    body = json.dumps({"user": place.user, "password": place.password}).encode()
    headers = {"Content-Type": "application/json"}
    login = urllib.request.Request(f"{place.url}/api/session", body, headers)  # noqa: S310 - http by now
    try:
        with urllib.request.urlopen(login, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        address = f"ws{place.url.removeprefix('http')}/ws"
        with connect(
            address, origin=Origin(place.url), additional_headers={"Cookie": cookie}, max_size=None
        ) as socket:
            socket.send(json.dumps({"id": 1, "do": "depth", "symbols": [symbol]}))
            return _read_montage(socket, symbol)
    except urllib.error.HTTPError as error:
        raise RushTradeError(_refusal(error)) from None
    except (urllib.error.URLError, OSError) as error:
        raise RushTradeError(f"{place.url} does not answer: {error}") from None


def _read_montage(socket: Any, symbol: str) -> dict[str, Any]:
    """Read pushes until the montage came; each row is price, shares, orders, venue."""
    venues: dict[int, str] = {}
    while True:
        frame = socket.recv(timeout=ANSWER_SECONDS_MAX)
        if isinstance(frame, bytes):
            continue
        message = json.loads(frame)
        if "error" in message:
            raise RushTradeError(message["error"]["message"])
        if message.get("push") == "hello":
            venues = {venue["index"]: venue["code"] for venue in message["venues"]}
        elif message.get("push") == "depth" and message["symbol"] == symbol:
            for side in ("bids", "asks"):
                message[side] = [[*row[:3], venues.get(row[3], "")] for row in message[side]]
            found: dict[str, Any] = message
            return found


COMMANDS = (status, top, scan, fields, nbbo, book)
