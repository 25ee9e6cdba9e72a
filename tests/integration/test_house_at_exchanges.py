"""A house at exchanges in other processes: orders by OUCH, books by packets, and what is known after either side was killed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from rushtrade.cli.main import command_line
from rushtrade.core.replay import read_body
from rushtrade.domain import events as ev
from rushtrade.floor.port_table import ports_of
from rushtrade.journal import SqliteReader
from rushtrade.rules.world_file import load_world
from rushtrade.wire import ouch50 as ouch
from rushtrade.wire.exchange_table import ExchangeTable
from support.exchange_process import Exchanges, SoupConnection
from support.ports import claim_ports
from support.up_process import COMMAND, up
from support.waiting import COMMAND_S

SYMBOL = "F"
CODES = ("NASDAQ", "NYSE", "ARCA")
VENUES = ",".join(CODES)


@pytest.fixture
def table(tmp_path):
    return tmp_path / "exchanges.json"


@pytest.fixture
def exchanges(table):
    running = Exchanges("--table", str(table), "--venue", VENUES, first_port=claim_ports(30))
    yield running
    if running.process.poll() is None:
        assert running.end()[0] == 0


def at(table: Path) -> tuple[str, ...]:
    return "--exchanges", str(table)


def ask(house) -> float:
    found = house.wait_until(
        lambda: house.client.get(f"/v2/stocks/{SYMBOL}/quotes/latest").json().get("quote"), "a quote"
    )
    return found["ap"]


def entered(house, **body):
    answer = house.order(symbol=SYMBOL, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def status(house, order_id):
    return house.get(f"/v2/orders/{order_id}")["status"]


def resting(house, below: float = 0.97) -> str:
    """An order that rests at an exchange, accepted there."""
    order_id = entered(house, type="limit", side="buy", qty="100", limit_price=f"{ask(house) * below:.2f}")
    works_at_a_venue(house, order_id)
    return order_id


def works_at_a_venue(house, order_id):
    """Wait until every child of the order that has not ended was taken by its venue."""

    def found():
        working = children(house, order_id)
        return working and not set(working.values()) - {"taken"}

    house.wait_until(found, "a venue to take the order")


def children(house, order_id):
    """The order's children that have not ended, by token, as the journal tells them."""
    number = int(order_id.split("-", 1)[1].replace("-", ""), 16) & 0xFFFF_FFFF
    found = {}
    with SqliteReader(house.directory / "journal.sqlite") as journal:
        for frame in journal.frames():
            for entry in read_body(frame).entries:
                for event in entry.events:
                    if isinstance(event, ev.OrderRouted) and event.order_id == number:
                        tokens = range(event.first_token, event.first_token + len(event.plan.children))
                        found |= dict.fromkeys(tokens, "sent")
                    elif isinstance(event, ev.ChildAccepted) and event.token in found:
                        found[event.token] = "taken"
                    elif isinstance(event, ev.ChildEnded):
                        found.pop(event.token, None)
                    elif isinstance(event, ev.VenueLinkChanged):
                        found |= dict.fromkeys(found.keys() & set(event.in_doubt), "in doubt")
    return found


def links(house):
    return {row["code"]: row["link"] for row in house.get("/rushtrade/v1/routes")["routes"]}


def sound(directory: Path) -> None:
    """The journal gives the same events again, debits are credits, and no venue contradicted itself."""
    run = CliRunner().invoke
    commands = command_line(["journal", "report"])
    for words in (["journal", "verify"], ["report", "trial-balance"]):
        done = run(commands, [*words, "--data", str(directory)])
        assert done.exit_code == 0, done.output
    shown = run(commands, ["journal", "stats", "--data", str(directory), "--json"])
    assert "AnomalyRecorded" not in shown.output


def test_orders_are_filled_replaced_and_cancelled_at_exchanges_of_another_process(exchanges, table, tmp_path):
    with up(tmp_path / "house", *at(table)) as house:
        told = links(house)
        assert {code for code, link in told.items() if link == "up"} == set(CODES)
        price = ask(house)
        bought = entered(house, type="market", side="buy", qty="300")
        house.wait_until(lambda: status(house, bought) == "filled", "the fill")
        whole = entered(
            house, type="limit", side="buy", qty="200", limit_price=f"{price * 1.02:.2f}", time_in_force="fok"
        )
        house.wait_until(lambda: status(house, whole) == "filled", "the fill")
        first = resting(house)
        changed = house.client.patch(f"/v2/orders/{first}", json={"qty": "150"}).json()["id"]
        house.wait_until(lambda: status(house, first) == "replaced", "the replace")
        house.client.delete(f"/v2/orders/{changed}")
        house.wait_until(lambda: status(house, changed) == "canceled", "the cancel")
        assert {row["symbol"]: row["qty"] for row in house.get("/v2/positions")} == {SYMBOL: "500"}
        assert house.end() == 0
    sound(tmp_path / "house")


def test_what_exchanges_did_while_the_house_was_dead_is_booked_once_when_it_is_back(
    exchanges, table, tmp_path
):
    with up(tmp_path / "house", *at(table)) as house:
        order_id = resting(house, 0.99)
        price = float(house.get(f"/v2/orders/{order_id}")["limit_price"])
        other = resting(house, 0.5)
        house.kill()
    for venue in exchanges.venues.values():  # another member sells down to our bid, wherever it stands
        seller = SoupConnection(venue["ouch"], "SELLER")
        seller.opened()
        sell = ouch.EnterOrder(1, "S", 900_000, SYMBOL, round(price * 10_000), "3", "Y", "A", "Y", "N", "S")
        seller.say(sell)
        assert [said.type for said in seller.hear("C")][:2] == ["S", "A"]
        seller.close()
    with up(tmp_path / "house", *at(table)) as house:
        house.wait_until(lambda: status(house, order_id) == "filled", "the fill of a while ago")
        assert {row["symbol"]: row["qty"] for row in house.get("/v2/positions")} == {SYMBOL: "100"}
        assert status(house, other) == "new"
        house.client.delete(f"/v2/orders/{other}")
        house.wait_until(lambda: status(house, other) == "canceled", "the cancel of an order of another life")
        assert house.end() == 0
    sound(tmp_path / "house")


def test_orders_at_exchanges_that_were_killed_are_in_doubt_and_go_out_again_when_those_have_forgotten_them(
    exchanges, table, tmp_path
):
    with up(tmp_path / "house", *at(table)) as house:
        order_id = resting(house)
        exchanges.kill()
        house.wait_until(lambda: "up" not in links(house).values(), "the lines to be told down")
        assert list(children(house, order_id).values()) == ["in doubt"]
        refused = entered(house, type="market", side="buy", qty="10")
        assert status(house, refused) != "filled"
        again = Exchanges("--table", str(table), "--venue", VENUES, first_port=None)
        assert again.venues["NASDAQ"]["ouch"] == exchanges.venues["NASDAQ"]["ouch"], "on the same ports"
        house.wait_until(lambda: list(links(house).values()).count("up") == len(CODES), "the lines to be up")
        works_at_a_venue(house, order_id)
        bought = house.wait_until(lambda: _bought(house), "an order to be filled")
        assert bought
        house.client.delete(f"/v2/orders/{order_id}")
        house.wait_until(lambda: status(house, order_id) == "canceled", "the cancel")
        assert house.end() == 0
        assert again.end()[0] == 0
    sound(tmp_path / "house")


def _bought(house) -> bool:
    """Whether a market order is filled, once the books are known again."""
    answer = house.order(symbol=SYMBOL, type="market", side="buy", qty="10")
    if answer.status_code != 200:
        return False
    order_id = answer.json()["id"]
    house.wait_until(
        lambda: status(house, order_id) in {"filled", "canceled", "rejected", "expired"},
        "an end of the order",
    )
    return status(house, order_id) == "filled"


def test_the_house_goes_on_at_the_exchanges_time_and_says_where_it_trades(exchanges, table, tmp_path):
    with up(tmp_path / "house", *at(table)) as house:
        center = house.get("/v1/datacenter")
        assert {line["kind"] for line in center["lines"]} == {"mold"}
        first = house.get("/v2/clock")["timestamp"]
        house.wait_until(lambda: house.get("/v2/clock")["timestamp"] > first, "market time to go on")
        assert "at 3 exchanges by their ports" in house.printed()


def test_exchanges_say_how_they_stand(exchanges, table):
    def asked(*options):
        words = [COMMAND, "exchange", "status", str(table), *options]
        return subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_S, check=False)

    assert asked().returncode == 0
    told = json.loads(asked("--json").stdout)
    assert told["up"] is True
    assert told["session"] == exchanges.told["session"]
    double = subprocess.run(
        [COMMAND, "exchange", "up", "--table", str(table), "--json"],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert double.returncode == 2
    assert "exchanges are up already" in json.loads(double.stdout)["error"]
    exchanges.end()
    gone = asked("--json")
    assert gone.returncode == 2
    assert "there is no such file" in json.loads(gone.stdout)["error"]


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (None, [], "there is no such file; `rushtrade exchange up --table"),
        ("{}", [], "it is no table of exchanges: Object missing required field `world`"),
        ("left behind", [], "none of 3 exchanges answers: NASDAQ at 127.0.0.1:"),
        ("left behind", ["--world", "us-2004"], "the exchanges of"),
        ("left behind", ["--speed", "3"], "--exchanges brings market, date and speed with it"),
    ],
)
def test_a_house_that_finds_no_exchanges_says_so_in_a_sentence(table, tmp_path, content, options, words):
    if content == "left behind":
        world = load_world("us-2026")
        named = [(row.index, row.code, row.mic) for row in world.venues[: len(CODES)]]
        ports = ports_of(named, "127.0.0.1", claim_ports(30))
        symbols = [row.symbol for row in world.symbols]
        left = ExchangeTable(world.name, "2026-11-20", "GONE", 0, 0, "simulated", True, 1.0, symbols, ports)
        table.write_bytes(msgspec.json.encode(left))
    elif content is not None:
        table.write_text(content)
    done = subprocess.run(
        [COMMAND, "up", *at(table), "--data", str(tmp_path / "house"), "--port", "0", "--json", *options],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert words in json.loads(done.stdout)["error"]
