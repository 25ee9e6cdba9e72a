"""A data center as its users run it: `rushtrade market up` in a process of its own, its gateways, and a served day."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
from websockets.sync.client import connect

from rushtrade.wire import itch50
from support.itch_pieces import messages, unpacked
from support.ports import HOST, claim_ports
from support.up_process import COMMAND, Up, content, up
from support.waiting import COMMAND_S, PATIENCE_S, wait_for


class CenterProcess(Up):
    """One run of `rushtrade market up`."""

    words = ("market", "up")
    last_words = "stop with Ctrl-C\n"

    def status(self) -> dict[str, object] | None:
        """How the data center says it is."""
        answer = self.client.get("/v1/datacenter")
        return answer.json() if answer.status_code == 200 else None

    def wait_for_end(self, seconds: float = COMMAND_S) -> dict[str, object]:
        """Wait until every line has ended its session."""

        def ended() -> object:
            status = self.status()
            return status if status and all(line["ended"] for line in status["lines"]) else None

        return self.wait_until(ended, "the session to end", seconds)


class ReplayProcess(CenterProcess):
    """One run of `rushtrade market replay`."""

    words = ("market", "replay")


center = partial(up, kind=CenterProcess)
"""Run a data center until the block ends."""
replay = partial(up, kind=ReplayProcess)
"""Play a stored day until the block ends."""


class GatewayProcess:
    """One run of `rushtrade market gateway`, on a port of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        port = claim_ports(1)
        self.url = f"http://{HOST}:{port}"
        self._out = (folder / f"gateway-{port}.out").open("w+")
        self._errors = (folder / f"gateway-{port}.err").open("w+")
        command = [str(COMMAND), "market", "gateway", "--port", str(port), "--json", *options]
        self.process = subprocess.Popen(command, stdout=self._out, stderr=self._errors)

    def wait(self) -> None:
        """Wait until it has joined and answers."""

        def up() -> bool:
            assert self.process.poll() is None, self.errors()
            try:
                return httpx.get(f"{self.url}/health", timeout=PATIENCE_S).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(up, "the gateway to answer", COMMAND_S)

    def errors(self) -> str:
        """What it has written on standard error so far."""
        return content(self._errors)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def serving(file: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Serve a recorded day over the real protocols until it has ended."""
    command = [str(COMMAND), "feed", "serve", str(file), "--port", str(port), "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def workstation(url: str, user: str, password: str) -> object:
    """Open the page's socket, logged in."""
    origin = {"Origin": url}
    login = httpx.post(f"{url}/api/session", json={"user": user, "password": password}, headers=origin)
    assert login.status_code == 200, login.text
    cookie = login.cookies["rushtrade_session"]
    return connect(
        f"{url.replace('http', 'ws')}/ws",
        origin=url,
        additional_headers={"Cookie": f"rushtrade_session={cookie}"},
        max_size=None,
        legacy=True,
    )


def hour_without_its_end(shared_data: Path, folder: Path) -> Path:
    """The real hour of AAPL up to where the venue begins to close: its books are still there when the session ends."""
    whole = unpacked(shared_data / "itch" / "AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz")
    found = messages(whole)
    while found[-1][2:3] == b"S":
        found.pop()
    path = folder / "hour.itch"
    path.write_bytes(b"".join(found))
    return path


def plain_trades(file: Path) -> list[tuple[int, int, int]]:
    """Time of day (ns), price, shares of every execution that is printed, by a dictionary of orders."""
    prices: dict[int, int] = {}
    trades = []
    for framed in messages(file.read_bytes()):
        message = itch50.decode(framed[2:])
        if isinstance(message, (itch50.AddOrder, itch50.AddOrderAttributed)):
            prices[message.reference] = message.price
        elif isinstance(message, itch50.OrderReplace):
            prices[message.new_reference] = message.price
        elif isinstance(message, itch50.OrderExecuted):
            trades.append((message.timestamp, prices[message.reference], message.shares))
        elif (isinstance(message, itch50.OrderExecutedWithPrice) and message.printable == "Y") or isinstance(
            message, itch50.Trade
        ):
            trades.append((message.timestamp, message.price, message.shares))
    return trades


def load(text: str) -> dict[str, object]:
    """Read one JSON object."""
    return json.loads(text)
