"""A house as its users run it: `rushtrade up` in a process of its own on a loopback port, and what speaks to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from support.waiting import COMMAND_S, PATIENCE_S, wait_for

COMMAND = Path(sys.executable).with_name("rushtrade")
MEMORY_DISK = Path("/dev/shm")


@contextlib.contextmanager
def quick_directory() -> Iterator[Path]:
    """A directory in memory where there is one: thousands of commits need not wait for a disk. Kills are as real there."""
    home = MEMORY_DISK if os.access(MEMORY_DISK, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="rushtrade-test-", dir=home) as directory:
        yield Path(directory) / "house"


class Up:
    """One run of `rushtrade up`. `client` speaks to its API as the demo customer."""

    words = ("up",)
    last_words = "in the journal\n"
    """What its announcement for people ends with."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self._out = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in `end`
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        command = [str(COMMAND), *self.words, "--data", str(directory), "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=self._out, stderr=self._errors)
        self.running = directory / "running.json"
        try:
            wait_for(
                lambda: self._announced() or self.process.poll() is not None,
                "the house to come up",
                COMMAND_S,
            )
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise
        if self.process.poll() is not None:
            raise AssertionError(f"the house ended with {self.process.returncode}: {self.errors()}")
        where = json.loads(self.running.read_text())
        self.login = json.loads((directory / "demo.json").read_text())
        self.port = where["port"]
        self.url = f"http://127.0.0.1:{self.port}"
        keys = {"APCA-API-KEY-ID": self.login["api_key"], "APCA-API-SECRET-KEY": self.login["api_secret"]}
        self.client = httpx.Client(base_url=self.url, headers=keys, timeout=PATIENCE_S)

    def _announced(self) -> bool:
        """Only this process's own file counts: one that was killed leaves its file behind."""
        try:
            ours = json.loads(self.running.read_text())["process"] == self.process.pid
        except FileNotFoundError:
            return False
        return ours and self.printed().endswith(("}\n", self.last_words))

    def get(self, path: str, **query: object) -> object:
        """GET something that is there."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, **body: object) -> httpx.Response:
        """POST an order; numbers are told as text."""
        return self.client.post("/v2/orders", json={"time_in_force": "day", **body})

    def market(self) -> dict[str, object]:
        """What the page is told of the market."""
        return self.get("/api/market")

    def wait_until(self, condition, what: str, seconds: float = PATIENCE_S) -> object:
        """Wait until the condition gives something true; give that."""

        def found() -> object:
            assert self.process.poll() is None, f"the house ended: {self.errors()}"
            return condition()

        return wait_for(found, what, seconds)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask the process to end, and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.waited()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.waited()

    def waited(self) -> int:
        """Wait for the end of the process."""
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(
                f"the house did not end within {PATIENCE_S} seconds: {self.errors()}"
            ) from None
        self.client.close()
        return code

    def printed(self) -> str:
        """What it has written on standard output so far."""
        return content(self._out)

    def errors(self) -> str:
        """What it has written on standard error so far."""
        return content(self._errors)


@contextlib.contextmanager
def up(directory: Path, *options: str, kind: type[Up] = Up) -> Iterator[Up]:
    """Run a house until the block ends; a log without tracebacks belongs to it."""
    house = kind(directory, *options)
    try:
        yield house
    finally:
        if house.process.poll() is None:
            house.kill()
    assert "Traceback" not in house.errors(), house.errors()
    assert "request failed" not in house.errors(), house.errors()


def content(file) -> str:
    """What a process has written to its file so far."""
    position = os.lseek(file.fileno(), 0, os.SEEK_CUR)
    text = os.pread(file.fileno(), 1 << 20, 0)
    os.lseek(file.fileno(), position, os.SEEK_SET)
    return text.decode(errors="replace")
