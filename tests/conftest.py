"""What every test may ask for: the data beside the checkout, and how long the fault loops run."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest
import websockets.asyncio.client
import websockets.sync.client

from support.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fault", "fault loops")
    kills_default = 50 if os.environ.get("CI") == "true" else 10
    group.addoption(
        "--kills", type=int, default=kills_default, help="how often a writer is killed (CI: 50, night: 1000)"
    )
    group.addoption(
        "--disk-seeds", type=int, default=25, help="power failures of a simulated disk (night: 10000)"
    )


def pytest_configure() -> None:
    """Give network clients the tests' patience, and their way past any proxy: they speak to this machine alone."""
    for call in (httpx.get, httpx.post, httpx.delete, httpx.Client.__init__, httpx.AsyncClient.__init__):
        call.__kwdefaults__ |= {"timeout": PATIENCE_S, "trust_env": False}
    for call in (websockets.asyncio.client.connect.__init__, websockets.sync.client.connect):
        call.__kwdefaults__ |= {"open_timeout": PATIENCE_S, "ping_timeout": PATIENCE_S, "proxy": None}


@pytest.fixture(autouse=True)
def no_terminal_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests' own terminal is wide is nothing to a pipe."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    """How often a kill -9 loop kills."""
    return request.config.getoption("--kills")


@pytest.fixture(scope="session")
def disk_seeds(request: pytest.FixtureRequest) -> int:
    """How many power failures of a simulated disk are tried."""
    return request.config.getoption("--disk-seeds")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recorded market data beside the checkout (see its README)."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """The worked examples of brokerage arithmetic beside the checkout."""
    return _shared("vectors")


def _shared(name: str) -> Path:
    root = Path(os.environ.get("RUSHTRADE_SHARED") or REPOSITORY.parent / "shared")
    folder = root / name
    if folder.is_dir():
        return folder
    missing = f"{folder} is missing: set RUSHTRADE_SHARED to the folder that holds {name}/"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{missing} (with CI=true this is a failure, not a skip)")
    pytest.skip(missing)
