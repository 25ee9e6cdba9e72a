"""kill -9 under orders, and the house comes back as it was acknowledged: account, orders, positions, login, trade date."""

from __future__ import annotations

import random
import threading
from collections import Counter
from itertools import count

import httpx
import pytest
from typer.testing import CliRunner

from rushtrade.cli.main import command_line
from rushtrade.domain.instants import SECOND, parse_instant
from support.up_process import Up, quick_directory, up
from support.waiting import PATIENCE_S

KILLS = 3
SENDERS = 3
ACKNOWLEDGED_BEFORE_KILL = 60
SYMBOLS = ("SPY", "NVDA", "F")
OPEN = {"new", "accepted", "pending_new", "partially_filled", "pending_cancel", "pending_replace", "held"}
KEPT = (
    "id",
    "client_order_id",
    "symbol",
    "qty",
    "side",
    "type",
    "time_in_force",
    "limit_price",
    "created_at",
)


class Customers:
    """Several senders at once, who remember what was acknowledged to them and what was not answered."""

    def __init__(self) -> None:
        self.taken: dict[str, dict] = {}
        self.refused: dict[str, int] = {}
        self.unanswered: dict[str, dict] = {}
        self.cancelled: set[str] = set()
        self._numbers = count(1)

    def trade(self, house: Up) -> None:
        """Send orders and cancels until the house no longer answers; kill it meanwhile."""
        before = len(self.taken)
        prices = {symbol: _ask(house, symbol) for symbol in SYMBOLS}
        senders = [
            threading.Thread(target=self._send, args=(house, prices, random.Random(before + place)))
            for place in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        house.wait_until(lambda: len(self.taken) >= before + ACKNOWLEDGED_BEFORE_KILL, "orders")
        house.kill()
        for sender in senders:
            sender.join(PATIENCE_S)
            assert not sender.is_alive()

    def _send(self, house: Up, prices: dict[str, float], dice: random.Random) -> None:
        with httpx.Client(base_url=house.url, headers=house.client.headers, timeout=PATIENCE_S) as client:
            while True:
                name = f"order-{next(self._numbers)}"
                body = _wish(name, prices, dice)
                try:
                    answer = client.post("/v2/orders", json=body)
                except httpx.HTTPError:
                    self.unanswered[name] = body
                    return
                if answer.status_code != 200:
                    self.refused[name] = answer.status_code
                    continue
                self.taken[name] = answer.json()
                if dice.random() < 0.2:
                    try:
                        done = client.delete(f"/v2/orders/{self.taken[name]['id']}")
                    except httpx.HTTPError:
                        return
                    if done.status_code == 204:
                        self.cancelled.add(name)


def _ask(house: Up, symbol: str) -> float:
    return house.get(f"/v2/stocks/{symbol}/quotes/latest")["quote"]["ap"]


def _wish(name: str, prices: dict[str, float], dice: random.Random) -> dict:
    symbol = dice.choice(SYMBOLS)
    body = {"symbol": symbol, "qty": "3", "side": "buy", "time_in_force": "day", "client_order_id": name}
    kind = dice.choice(("market", "near", "far", "far", "sell", "gtc"))
    if kind == "market":
        return body | {"type": "market"}
    if kind == "sell":
        return body | {"type": "market", "side": "sell", "qty": "1"}
    factor = {"near": 1.0, "far": 0.97, "gtc": 0.96}[kind]
    price = f"{prices[symbol] * factor:.2f}"
    return body | {"type": "limit", "limit_price": price, "time_in_force": "gtc" if kind == "gtc" else "day"}


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice():
    customers = Customers()
    login = trade_date = None
    with quick_directory() as directory:
        for _ in range(KILLS):
            with up(directory) as house:
                assert login in {None, house.login["api_secret"]}
                assert trade_date in {None, house.market()["trade_date"]}
                login, trade_date = house.login["api_secret"], house.market()["trade_date"]
                check_house(house, customers)
                customers.trade(house)
        with up(directory) as house:
            check_house(house, customers)
            check_repeats(house, customers)
            check_open_orders_work(house)
            check_login(house)
            assert house.end() == 0
        check_journal(directory)


def check_house(house: Up, customers: Customers) -> None:
    """What was acknowledged is there as it was, and positions are what orders say was filled."""
    found = _all_orders(house)
    for name, order in customers.taken.items():
        again = found[name]
        assert {key: again[key] for key in KEPT} == {key: order[key] for key in KEPT}
    for name in customers.refused:
        assert name not in found or found[name]["status"] == "rejected"
    assert found.keys() <= customers.taken.keys() | customers.refused.keys() | customers.unanswered.keys()
    for name in customers.cancelled:
        assert found[name]["status"] not in OPEN, "a cancel that was taken holds"
    while True:  # the market lives: a fill may come between the two questions
        owned = _owned(house)
        positions = {row["symbol"]: int(row["qty"]) for row in house.get("/v2/positions")}
        if _owned(house) == owned:
            break
    assert positions == owned


def _owned(house: Up) -> dict[str, int]:
    """Shares by symbol as the fills of all orders say."""
    owned: Counter[str] = Counter()
    for order in _all_orders(house).values():
        owned[order["symbol"]] += int(order["filled_qty"]) * (1 if order["side"] == "buy" else -1)
    return {symbol: shares for symbol, shares in owned.items() if shares}


def _all_orders(house: Up) -> dict[str, dict]:
    found: dict[str, dict] = {}
    until = ""
    while page := house.get("/v2/orders", status="all", limit=500, direction="desc", before_order_id=until):
        found |= {order["client_order_id"]: order for order in page}
        until = page[-1]["id"]
    return found


def check_repeats(house: Up, customers: Customers) -> None:
    """A client that sends again what was not answered gets one order, whether the first had arrived or not."""
    before = _all_orders(house)
    assert customers.unanswered, "a kill leaves somebody without an answer"
    for name, body in customers.unanswered.items():
        answer = house.client.post("/v2/orders", json=body)
        if name in before:
            assert answer.status_code == 422
            assert answer.json()["existing_order_id"] == before[name]["id"]
    names = [order["client_order_id"] for order in _all_orders(house).values()]
    assert len(names) == len(set(names))


def check_open_orders_work(house: Up) -> None:
    """Open orders stand at venues again: their cancels are answered there; those cancelled before stay so."""
    resting = [order for order in _all_orders(house).values() if order["status"] in OPEN]
    assert any(order["time_in_force"] == "day" for order in resting)
    assert house.client.delete("/v2/orders").status_code == 207
    house.wait_until(lambda: not house.get("/v2/orders", status="open"), "the venues to answer the cancels")
    after = _all_orders(house)
    assert Counter(after[order["client_order_id"]]["status"] for order in resting).keys() <= {
        "canceled",
        "filled",
    }


def check_login(house: Up) -> None:
    """The demo's password is still that of the first day."""
    login = {"user": house.login["web_user"], "password": house.login["web_password"]}
    assert house.client.post("/api/session", json=login).status_code == 200


def check_journal(directory) -> None:
    """All of it, run again, gives the same events, and debits are credits."""
    run = CliRunner().invoke
    commands = command_line(["journal", "report"])
    verified = run(commands, ["journal", "verify", "--data", str(directory)])
    assert verified.exit_code == 0, verified.output
    balanced = run(commands, ["report", "trial-balance", "--data", str(directory), "--json"])
    assert balanced.exit_code == 0, balanced.output


def test_market_time_goes_on_where_it_stood():
    with quick_directory() as directory:
        with up(directory, "--speed", "50") as house:
            begun = house.get("/v2/clock")["timestamp"]
            house.wait_until(lambda: house.get("/v2/clock")["timestamp"] > begun, "time to pass")
            before = house.get("/v2/clock")["timestamp"]
            house.kill()
        with up(directory) as house:
            after = house.get("/v2/clock")["timestamp"]
            # the last durable frame stands at most a second of market time before what the clock last showed
            earlier = parse_instant(after) - parse_instant(before)
            assert -SECOND <= earlier < 30 * 60 * SECOND
