"""One host, gateways over NATS: one is killed in the middle of the stream, one joins late; no client misses a print."""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from rushtrade.domain.numbers import format_price
from support import stored_days
from support.center_process import (
    COMMAND,
    HOST,
    GatewayProcess,
    center,
    hour_without_its_end,
    plain_trades,
    serving,
    workstation,
)
from support.ports import claim_ports
from support.up_process import quick_directory
from support.waiting import COMMAND_S, PATIENCE_S, wait_for

NATS = os.environ.get("RUSHTRADE_NATS", "nats://127.0.0.1:4222")
DATE = "2012-06-21"
SPEED = 90
FAULTS = ("--loss", "0.05", "--dup", "0.01", "--reorder", "8", "--seed", "11")
STORED = stored_days.SYMBOLS[1]
KILLED_AFTER = 1_500
"""Prints the client has seen when its gateway is killed."""

pytestmark = [pytest.mark.market_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def nats_url():
    where = urlsplit(NATS)
    try:
        socket.create_connection((where.hostname, where.port or 4222), 2).close()
    except OSError:
        missing = f"no NATS server answers at {NATS}: start nats-server, or set RUSHTRADE_NATS"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing} (with CI=true this is a failure, not a skip)")
        pytest.skip(missing)
    return NATS


class Follower:
    """A client of `/v1/market` that comes back with the number it has seen, to whichever gateway it is given."""

    def __init__(self, login):
        self._keys = {"APCA-API-KEY-ID": login["api_key"], "APCA-API-SECRET-KEY": login["api_secret"]}
        self.rows, self.gaps, self.jumps, self.epochs = [], [], [], set()
        self.seq = None
        self.since = ""
        self.connections = 0

    def follow(self, url, until):
        """Read until a condition holds, or the gateway is gone."""
        self.connections += 1
        try:
            with connect(
                f"{url.replace('http', 'ws')}/v1/market?feed=sip",
                additional_headers=self._keys,
                max_size=None,
            ) as stream:
                self._read(stream, until)
        except (ConnectionClosed, OSError, InvalidHandshake):
            return

    def _read(self, stream, until):
        hello = json.loads(stream.recv(timeout=PATIENCE_S))
        assert hello["type"] == "hello", hello
        epoch = hello["epochs"]["trades"]
        self.epochs.add(epoch)
        wish = {"do": "subscribe", "channels": {"trades": ["AAPL"]}}
        if self.seq is not None:
            wish["resume"] = {"trades": {"epoch": epoch, "seq": self.seq, "since": self.since}}
        stream.send(json.dumps(wish))
        while not until():
            message = json.loads(stream.recv(timeout=PATIENCE_S))
            if message["type"] == "subscribed" and self.seq is None:
                self.seq = message["seq"]["trades"]
            elif message["type"] == "trades":
                if message["prev"] != self.seq:
                    self.jumps.append((self.seq, message["prev"]))
                self.seq = message["seq"]
                self.rows += message["rows"]
                self.since = message["rows"][-1]["t"]
            elif message["type"] == "gap":
                self.gaps.append(message)


def history(url, login):
    """What a place answers to the same questions."""
    keys = {"APCA-API-KEY-ID": login["api_key"], "APCA-API-SECRET-KEY": login["api_secret"]}
    asked = {
        "trades": ("/v2/stocks/AAPL/trades", {"start": f"{DATE}T13:00:00Z", "limit": 10_000}),
        "bars": ("/v2/stocks/AAPL/bars", {"start": f"{DATE}T13:00:00Z", "timeframe": "1Min", "limit": 1_000}),
        "quote": ("/v2/stocks/AAPL/quotes/latest", {}),
        "snapshot": ("/v2/stocks/AAPL/snapshot", {}),
    }
    found = {}
    with httpx.Client(base_url=url, headers=keys) as client:
        for name, (path, query) in asked.items():
            answer = client.get(path, params=query)
            assert answer.status_code == 200, answer.text
            found[name] = answer.json()
    return found


def depth(url, login):
    """The page's montage at a place."""
    page = workstation(url, login["web_user"], login["web_password"])
    with page:
        page.send(json.dumps({"id": 1, "do": "depth", "symbols": ["AAPL"]}))
        for frame in page:
            if isinstance(frame, str) and (message := json.loads(frame)).get("push") == "depth":
                return {side: message[side] for side in ("bids", "asks")}
    raise AssertionError("no montage came")


def status_of(url, login):
    keys = {"APCA-API-KEY-ID": login["api_key"], "APCA-API-SECRET-KEY": login["api_secret"]}
    return httpx.get(f"{url}/v1/datacenter", headers=keys).json()


@pytest.fixture(scope="module")
def told(shared_data, tmp_path_factory, nats_url):
    """Run it once; give what the client and every place said."""
    folder = tmp_path_factory.mktemp("gateways")
    file = hour_without_its_end(shared_data, folder)
    count = len(plain_trades(file))
    port = claim_ports()
    name = f"test-{os.getpid()}"
    join = ("--nats", nats_url, "--name", name)
    line = f"mold://{HOST}:{port}?venue=NASDAQ&speed={SPEED}"
    gateways = []
    with (
        quick_directory() as home,
        center(home, "--line", line, "--date", DATE, "--symbols", "AAPL", "--no-record", *join) as house,
    ):
        try:
            gateways += [GatewayProcess(folder, *join) for _ in range(2)]
            first, second = gateways
            first.wait()
            second.wait()
            client = Follower(house.login)
            with serving(file, port, "--speed", str(SPEED), *FAULTS) as server:
                client.follow(first.url, lambda: len(client.rows) >= KILLED_AFTER and _kill(first))
                late = GatewayProcess(folder, *join)
                gateways.append(late)
                client.follow(second.url, lambda: len(client.rows) >= count)
                status = house.wait_for_end()
                server.communicate(timeout=PATIENCE_S)
            late.wait()
            places = {"host": house.url, "second": second.url, "late": late.url}
            answers = {key: history(url, house.login) for key, url in places.items()}

            def alike():
                answers.update((key, history(url, house.login)) for key, url in places.items())
                return answers["host"] == answers["second"] == answers["late"]

            with suppress(AssertionError):  # what is not alike in the end is for the tests to tell
                wait_for(alike, "every place to know the same")
            upto = status_of(house.url, house.login)["fan_out"]["number"]
            wait_for(
                lambda: status_of(second.url, house.login)["fan_out"]["number"] >= upto, "the last frames"
            )
            told_second = status_of(second.url, house.login)

            def host_said():  # a status is a picture up to a second old
                found = status_of(house.url, house.login)
                return found if found["fan_out"]["number"] >= told_second["fan_out"]["number"] else None

            told_host = wait_for(host_said, "the host to tell of what its gateway has")
            return {
                "file": file,
                "client": client,
                "status": status,
                "killed": first.process.returncode,
                "answers": answers,
                "montages": {key: depth(url, house.login) for key, url in places.items()},
                "second": told_second,
                "upto": upto,
                "host": told_host,
                "refused": httpx.post(
                    f"{second.url}/v2/orders",
                    json={
                        "symbol": "AAPL",
                        "qty": "1",
                        "side": "buy",
                        "type": "market",
                        "time_in_force": "day",
                    },
                    headers=house.client.headers,
                ),
                "ended": [_ended(gateway) for gateway in (second, late)],
                "errors": second.errors() + late.errors(),
            }
        finally:
            for gateway in gateways:
                if gateway.process.poll() is None:
                    gateway.kill()


def _kill(gateway):
    gateway.kill()
    return False  # go on reading: the client finds out by itself


def _ended(gateway):
    gateway.process.send_signal(signal.SIGTERM)
    return gateway.process.wait(PATIENCE_S)


def test_the_first_gateway_was_killed_in_the_middle(told):
    assert told["killed"] == -signal.SIGKILL
    assert told["client"].connections == 2


def test_the_client_saw_every_print_once_and_in_order_over_two_gateways(told):
    client = told["client"]
    expected = [(format_price(price), shares) for _, price, shares in plain_trades(told["file"])]
    seen = [(format_price(round(row["p"] * 10_000)), row["s"]) for row in client.rows]
    assert client.gaps == []
    assert client.jumps == []
    assert seen == expected


def test_trades_are_numbered_alike_at_every_gateway(told):
    assert len(told["client"].epochs) == 1


def test_every_place_gives_the_same_answers_also_one_that_joined_late(told):
    answers = told["answers"]
    assert len(answers["host"]["trades"]["trades"]) == len(plain_trades(told["file"]))
    for place in ("second", "late"):
        for question, answer in answers["host"].items():
            assert answers[place][question] == answer, (place, question)


def test_every_place_shows_the_same_montage(told):
    montages = told["montages"]
    assert montages["host"]["bids"]
    assert montages["second"] == montages["host"]
    assert montages["late"] == montages["host"]


def test_host_and_gateways_know_of_each_other(told):
    assert told["status"]["fan_out"]["connected"]
    assert told["status"]["fan_out"]["snapshots"] >= 2
    second = told["second"]
    assert second["role"] == "gateway"
    assert [line["venue"] for line in second["lines"]] == ["NASDAQ"]
    assert told["upto"] <= second["fan_out"]["number"] <= told["host"]["fan_out"]["number"]


def test_a_gateway_takes_no_orders_either(told):
    assert told["refused"].status_code == 403
    assert "takes no orders" in told["refused"].json()["message"]


def test_gateways_end_cleanly(told):
    assert told["ended"] == [0, 0]
    assert "Traceback" not in told["errors"], told["errors"]


def past_trades(url, login, day):
    """What a place remembers of an earlier day, by time and price."""
    keys = {"APCA-API-KEY-ID": login["api_key"], "APCA-API-SECRET-KEY": login["api_secret"]}
    query = {"start": f"{day}T00:00:00Z", "end": f"{day}T23:59:59Z", "limit": 10_000}
    answer = httpx.get(f"{url}/v2/stocks/{STORED}/trades", params=query, headers=keys)
    assert answer.status_code == 200, answer.text
    return [(row["t"], row["p"], row["s"]) for row in answer.json()["trades"] or ()]


def test_a_gateway_with_the_hosts_store_remembers_earlier_days_and_one_without_does_not(tmp_path, nats_url):
    day = stored_days.DAY
    with quick_directory() as home:
        stored_days.store_day(home / "ticks", stored_days.pieces_of(4))
        port, name = claim_ports(), f"past-{os.getpid()}"
        join = ("--nats", nats_url, "--name", name)
        later = (day + dt.timedelta(days=7)).isoformat()
        line = ("--line", f"mold://{HOST}:{port}?venue=NASDAQ", "--date", later, "--symbols", STORED)
        gateways = []
        with center(home, *line, *join) as house:
            try:
                gateways += [
                    GatewayProcess(tmp_path, *join, *more) for more in ((), ("--store", str(home / "ticks")))
                ]
                for gateway in gateways:
                    gateway.wait()
                found = [
                    past_trades(url, house.login, day) for url in (house.url, *(g.url for g in gateways))
                ]
                ended = [_ended(gateway) for gateway in gateways]
                errors = "".join(gateway.errors() for gateway in gateways)
            finally:
                for gateway in gateways:
                    if gateway.process.poll() is None:
                        gateway.kill()
    host, without, with_store = found
    assert with_store
    assert with_store == host
    assert without == []
    assert ended == [0, 0]
    assert "Traceback" not in errors
    assert "leaked" not in errors


def test_a_store_that_is_none_is_refused_in_words(tmp_path):
    words = ("market", "gateway", "--nats", NATS, "--name", "nobody", "--store", str(tmp_path / "none"))
    refused = subprocess.run(
        [str(COMMAND), *words], capture_output=True, text=True, timeout=COMMAND_S, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.replace("\n", " ").rstrip().endswith("is no tick store: there is no such directory")
