"""The demo: an account to trade with at once, where its house listens, and `rushtrade demo-credentials`, which tells both.

What makes the account is imported when it is made: whoever only asks where a house runs need not wait for all of it.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from rushtrade.app.data_directory import data_directory
from rushtrade.cli.terminal import print_json, refuse_plainly
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import MONEY_UNIT

if TYPE_CHECKING:
    from rushtrade.api.credentials import CredentialFile
    from rushtrade.api.ports import Permission
    from rushtrade.core.sequencer import Core

CREDENTIALS_FILE = "credentials.json"
DEMO_FILE = "demo.json"
MEMBER_FILE = "member.json"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
DEMO_USER = "demo"
DEMO_DEPOSIT = 100_000 * MONEY_UNIT
RUNNING_FILE = "running.json"
ANSWER_SECONDS_MAX = 2.0
"""How long a running house may take to accept a connection: the kernel does it, however busy the house is."""

_StructT = TypeVar("_StructT", bound=msgspec.Struct)


class DemoLogin(msgspec.Struct, frozen=True):
    """The demo customer's secrets, in a file only its owner can read."""

    account_id: int
    api_key: str
    api_secret: str
    web_user: str
    web_password: str


class Member(msgspec.Struct, frozen=True):
    """Who the house is at exchanges."""

    name: str


class DemoCredentials(msgspec.Struct, frozen=True):
    """Everything a client needs for the running demo."""

    trading_url: str
    data_url: str
    trading_stream_url: str
    data_stream_url: str
    broker_url: str
    web_url: str
    api_key: str
    api_secret: str
    web_user: str
    web_password: str
    account_id: int
    symbol: str
    symbols: list[str]


class RunningHouse(msgspec.Struct, frozen=True):
    """Where a running house listens, for commands run beside it."""

    host: str
    port: int
    process: int
    symbols: list[str]


def demo_credentials_command(
    data: Annotated[
        Path | None, typer.Option(help="Where the house lives.", show_default="the user's data directory")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the addresses, keys and login of the running demo."""
    with refuse_plainly(json=json):
        found = read_demo(data_directory(data))
        if json:
            print_json(found)
        else:
            for name in found.__struct_fields__:
                typer.echo(f"{name:20} {getattr(found, name)}")


HOUSE_PERMISSIONS: tuple[Permission, ...] = (
    "read",
    "trade",
    "market_data",
    "routes",
    "operate",
    "entitlements",
)


def open_demo(
    core: Core, directory: Path, permissions: tuple[Permission, ...] = HOUSE_PERMISSIONS
) -> tuple[CredentialFile, DemoLogin]:
    """Make sure there is a demo account with a key and a login; give them."""
    from rushtrade.scenario.founding import NewAccount, open_customer_accounts  # noqa: PLC0415 - see the module

    credentials = _read_credentials(directory / CREDENTIALS_FILE)
    path = directory / DEMO_FILE
    if path.exists():
        login = _read_private(path, DemoLogin)
        if login.account_id in core.state.accounts and credentials.key(login.api_key) is not None:
            user = credentials.user(login.web_user)
            if user is not None and not user.permissions.issuperset(
                permissions
            ):  # made by an earlier release
                credentials.put_user(user.user, user.name, login.web_password, user.account_ids, permissions)
            return credentials, login
    demo = NewAccount("Demo customer", AccountKind.MARGIN, DEMO_DEPOSIT, short_permitted=True)
    (account_id,) = open_customer_accounts(core, [demo])
    key, secret = credentials.new_key(account_id, permissions, user=DEMO_USER)
    password = secrets.token_urlsafe(9)
    credentials.put_user(DEMO_USER, "Demo customer", password, [account_id], permissions)
    login = DemoLogin(account_id, key, secret, DEMO_USER, password)
    write_private(path, msgspec.json.format(msgspec.json.encode(login), indent=2))
    return credentials, login


def _read_credentials(path: Path) -> CredentialFile:
    from rushtrade.api.credentials import CredentialFile  # noqa: PLC0415 - see the module

    try:
        return CredentialFile(path)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def read_demo(directory: Path) -> DemoCredentials:
    """Read what a client needs from the data directory of a running demo; refused when nobody answers there."""
    running_path, demo_path = directory / RUNNING_FILE, directory / DEMO_FILE
    running = _read_private(running_path, RunningHouse) if running_path.exists() else None
    if running is None or not demo_path.exists() or not _answers(running):
        raise InvalidInput(
            f"no house is running on {directory}; start one with: rushtrade up --data {directory}"
        )
    return demo_credentials(_read_private(demo_path, DemoLogin), running.host, running.port, running.symbols)


def _answers(running: RunningHouse) -> bool:
    """Tell whether the process lives and takes connections: one that was killed leaves its file behind."""
    try:
        os.kill(running.process, 0)
    except PermissionError:
        pass  # it lives, as somebody else's
    except OSError:
        return False
    try:
        socket.create_connection((running.host, running.port), ANSWER_SECONDS_MAX).close()
    except OSError:
        return False
    return True


def demo_credentials(login: DemoLogin, host: str, port: int, symbols: list[str]) -> DemoCredentials:
    """Put the demo's addresses and secrets together."""
    place = f"{_reachable(host)}:{port}"
    return DemoCredentials(
        trading_url=f"http://{place}",
        data_url=f"http://{place}",
        trading_stream_url=f"ws://{place}/stream",
        data_stream_url=f"ws://{place}/v2/sip",
        broker_url=f"http://{place}",
        web_url=f"http://{place}/",
        api_key=login.api_key,
        api_secret=login.api_secret,
        web_user=login.web_user,
        web_password=login.web_password,
        account_id=login.account_id,
        symbol=symbols[0] if symbols else "",
        symbols=symbols,
    )


def _reachable(host: str) -> str:
    """Give the host as a URL from this machine names it: a listener on every address is reached on the loopback one."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - recognised, not bound
    return f"[{address}]" if ":" in address else address


def member_name(directory: Path) -> str:
    """Give the name a house logs in to exchanges with: drawn once, for another house may trade there too."""
    file = directory / MEMBER_FILE
    if not file.exists():
        directory.mkdir(parents=True, exist_ok=True)
        write_private(file, msgspec.json.encode(Member("".join(secrets.choice(LETTERS) for _ in range(6)))))
    return _read_private(file, Member).name


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read: all of it, or what was there before stays."""
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _read_private(path: Path, kind: type[_StructT]) -> _StructT:
    """Read what `write_private` wrote; InvalidInput when it is damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InvalidInput:
    """Say what can be done about a file of the demo that cannot be read."""
    return InvalidInput(
        f"{path} cannot be read: {error}; put back a copy, or remove it to have a new demo login made"
    )
