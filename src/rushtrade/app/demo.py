"""The demo: an account to trade with at once, and what a client needs to reach it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec

from rushtrade.api.credentials import CredentialFile
from rushtrade.api.ports import Permission
from rushtrade.core.sequencer import Core
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.scenario.founding import NewAccount, open_customer_accounts

CREDENTIALS_FILE = "credentials.json"
DEMO_FILE = "demo.json"
DEMO_USER = "demo"
DEMO_DEPOSIT = 100_000 * MONEY_UNIT


class DemoLogin(msgspec.Struct, frozen=True):
    """The demo customer's secrets, in a file only its owner can read."""

    account_id: int
    api_key: str
    api_secret: str
    web_user: str
    web_password: str


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


def open_demo(core: Core, directory: Path) -> tuple[CredentialFile, DemoLogin]:
    """Make sure there is a demo account with a key and a login; give them."""
    credentials = CredentialFile(directory / CREDENTIALS_FILE)
    path = directory / DEMO_FILE
    if path.exists():
        login = msgspec.json.decode(path.read_bytes(), type=DemoLogin)
        if login.account_id in core.state.accounts and credentials.key(login.api_key) is not None:
            return credentials, login
    demo = NewAccount("Demo customer", AccountKind.MARGIN, DEMO_DEPOSIT, short_permitted=True)
    (account_id,) = open_customer_accounts(core, [demo])
    permissions: tuple[Permission, ...] = ("read", "trade", "market_data", "routes")
    key, secret = credentials.new_key(account_id, permissions)
    password = secrets.token_urlsafe(9)
    credentials.put_user(DEMO_USER, "Demo customer", password, [account_id], permissions)
    login = DemoLogin(account_id, key, secret, DEMO_USER, password)
    write_private(path, msgspec.json.format(msgspec.json.encode(login), indent=2))
    return credentials, login


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


class RunningHouse(msgspec.Struct, frozen=True):
    """Where a running house listens, for commands run beside it."""

    host: str
    port: int
    process: int
    symbols: list[str]


RUNNING_FILE = "running.json"


def read_demo(directory: Path) -> DemoCredentials:
    """Read what a client needs from the data directory of a running demo."""
    running_path, demo_path = directory / RUNNING_FILE, directory / DEMO_FILE
    if not running_path.exists() or not demo_path.exists():
        raise InvalidInput(
            f"no house is running on {directory}; start one with: rushtrade up --data {directory}"
        )
    running = msgspec.json.decode(running_path.read_bytes(), type=RunningHouse)
    login = msgspec.json.decode(demo_path.read_bytes(), type=DemoLogin)
    return demo_credentials(login, running.host, running.port, running.symbols)


def demo_credentials(login: DemoLogin, host: str, port: int, symbols: list[str]) -> DemoCredentials:
    """Put the demo's addresses and secrets together."""
    http, socket = f"http://{host}:{port}", f"ws://{host}:{port}"
    return DemoCredentials(
        trading_url=http,
        data_url=http,
        trading_stream_url=f"{socket}/stream",
        data_stream_url=f"{socket}/v2/iex",
        broker_url=http,
        web_url=f"{http}/",
        api_key=login.api_key,
        api_secret=login.api_secret,
        web_user=login.web_user,
        web_password=login.web_password,
        account_id=login.account_id,
        symbol=symbols[0],
        symbols=symbols,
    )
