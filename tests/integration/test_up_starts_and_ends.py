"""`rushtrade up` as a process: it says where it is, refuses what it must in words, and ends in order."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.cli.main import command_line
from rushtrade.core.snapshot import SNAPSHOT_FORMAT
from rushtrade.journal.reader import SqliteReader
from support.up_process import COMMAND, Up, quick_directory, up
from support.waiting import COMMAND_S

CREDENTIALS = {
    "trading_url", "data_url", "trading_stream_url", "data_stream_url", "broker_url", "web_url", "api_key",
    "api_secret", "symbol", "symbols",
}  # fmt: skip


def command(*words):
    return subprocess.run(
        [str(COMMAND), *map(str, words)], capture_output=True, text=True, timeout=COMMAND_S, check=False
    )


@pytest.fixture(scope="module")
def house():
    with quick_directory() as directory, up(directory, "--json") as running:
        yield running


def test_json_alone_goes_to_standard_output_and_reaches_the_house(house):
    told = json.loads(house.printed())
    assert told.keys() >= CREDENTIALS
    assert told["web_url"] == f"{house.url}/"
    assert "market open" in house.errors(), "what the house says of itself is apart"


def test_demo_credentials_tell_the_same_while_it_runs(house):
    told = command("demo-credentials", "--data", house.directory, "--json")
    assert json.loads(told.stdout) == json.loads(house.printed())
    shown = command("demo-credentials", "--data", house.directory)
    for value in (house.url, house.login["api_secret"], house.login["web_password"]):
        assert value in shown.stdout


def test_the_page_and_the_login_work_with_what_was_printed(house):
    told = json.loads(house.printed())
    assert house.client.get(told["web_url"]).status_code == 200
    login = {"user": told["web_user"], "password": told["web_password"]}
    assert house.client.post("/api/session", json=login).json()["user"] == told["web_user"]
    assert house.get("/v2/account")["cash"] == "100000.00"
    assert house.market()["label"] == "SIMULATED MARKET"
    assert sorted(asset["symbol"] for asset in house.get("/v2/assets")) == sorted(told["symbols"])


def test_a_second_house_in_the_same_directory_is_refused_in_words(house):
    refused = command("up", "--data", house.directory, "--port", 0)
    assert refused.returncode == 2
    assert f"is being written by process {house.process.pid}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert house.running.exists(), "the first one's announcement stays"
    assert house.get("/v2/clock")["is_open"] is True


def test_a_port_that_is_taken_is_refused_before_anything_is_made(house, tmp_path):
    refused = command("up", "--data", tmp_path / "other", "--port", house.port, "--json")
    assert refused.returncode == 2
    assert "Address already in use; another --port" in json.loads(refused.stdout)["error"]
    assert not (tmp_path / "other").exists()


def test_secrets_are_for_their_owner_alone(house):
    for name in ("demo.json", "credentials.json", "running.json"):
        assert (house.directory / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_on_a_signal_whoever_is_connected_and_keeps_a_snapshot(number):
    with quick_directory() as directory, contextlib.ExitStack() as lines, up(directory) as house:
        for request in (
            b"",
            b"POST /v2/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
            *map(_upgrade, (b"/stream", b"/v2/iex", b"/ws")),
        ):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", house.port)))
            line.sendall(request)
        assert house.order(symbol="SPY", side="buy", type="market", qty="10").status_code == 200
        assert house.end(number) == 0
        assert not house.running.exists()
        with SqliteReader(directory / JOURNAL_FILE) as reader:
            assert reader.newest_snapshot(SNAPSHOT_FORMAT).seq == reader.last().seq
        refused = command("demo-credentials", "--data", directory)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"no house is running on {directory}; start one with: rushtrade up" in refused.stderr


def _upgrade(path):
    return (
        b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )


def test_a_house_that_was_killed_is_not_told_to_run(tmp_path):
    with quick_directory() as directory:
        house = Up(directory)
        assert "stop with Ctrl-C" in house.printed()
        house.kill()
        assert house.running.exists(), "nobody was left to remove it"
        refused = command("demo-credentials", "--data", directory, "--json")
        assert refused.returncode == 2
        assert "no house is running" in json.loads(refused.stdout)["error"]


@pytest.fixture
def switch_interval():
    """A house in this very process sets the interpreter's switch interval; others want their own back."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("name", ["demo.json", "credentials.json"])
def test_a_damaged_login_file_is_named_and_the_rest_left_alone(tmp_path, name, switch_interval):
    (tmp_path / name).write_bytes(b'{"account_id": 1, "api_k')
    refused = CliRunner().invoke(command_line(["up"]), ["up", "--data", str(tmp_path), "--port", "0"])
    assert refused.exit_code == 2
    assert f"{tmp_path / name} cannot be read" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "running.json").exists()
