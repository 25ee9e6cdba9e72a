"""The workstation's login and socket, as docs/protocols/workstation.md has them."""

import asyncio
import json
import struct

import httpx
import pytest
import websockets

from api_house import AAPL, ACCOUNT, KEY, OTHER_ACCOUNT, PINK, SECRET
from rushtrade.api.credentials import hash_password
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.wire.itch50 import AddOrder
from served_house import served
from support.waiting import PATIENCE_S, until

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def server():
    with served() as running:
        keys = running.house.keys
        hashed = hash_password(PASSWORD)
        keys.add_user("demo", hashed, (ACCOUNT, OTHER_ACCOUNT))
        keys.add_user("viewer", hashed, (ACCOUNT,), ("read",))
        keys.add_user("desk", hashed, (ACCOUNT,), ("read", "trade", "market_data", "routes"))
        keys.add_user("homeless", hashed, (99,))
        sessions = running.sessions
        sessions._of_user.burst = sessions._of_address.burst = 10_000
        sessions._of_user.per_second = sessions._of_address.per_second = 10_000.0
        yield running


def log_in(server, user="demo", password=PASSWORD, **more):
    return httpx.post(f"{server.url}/api/session", json={"user": user, "password": password}, **more)


class Page:
    """One workstation page: requests out, answers by id, pushes by kind; checks the seq of every push."""

    def __init__(self, socket):
        self.socket = socket
        self.number = 0
        self.answers = {}
        self.pushes = []
        self.seq = 0
        self.reader = asyncio.create_task(self._read())

    async def _read(self):
        async for message in self.socket:
            if isinstance(message, bytes):
                kind, version, rows, seq, clock = struct.unpack_from("<BBHIq", message)
                assert (kind, version, len(message)) == (1, 1, 16 + 104 * rows)
                self._take({"push": "quotes", "seq": seq, "clock": clock, "raw": message[16:]})
                continue
            found = json.loads(message)
            if "push" in found:
                self._take(found)
            else:
                self.answers[found["id"]] = found

    def _take(self, push):
        self.seq += 1
        assert push["seq"] == self.seq, "a push is missing"
        self.pushes.append(push)

    async def ask(self, do, **arguments):
        self.number += 1
        await self.socket.send(json.dumps({"id": self.number, "do": do, **arguments}))
        return await self.until(lambda: self.answers.pop(self.number, None))

    async def ok(self, do, **arguments):
        found = await self.ask(do, **arguments)
        assert "ok" in found, found
        return found["ok"]

    async def error(self, do, **arguments):
        found = await self.ask(do, **arguments)
        assert "error" in found, found
        return found["error"]

    async def until(self, condition):
        def found():
            assert not self.reader.done(), self.reader.exception()
            return condition()

        return await until(found)

    def of(self, kind):
        return [push for push in self.pushes if push["push"] == kind]

    async def next(self, kind, which=lambda push: True):
        """The first push of a kind, from now on, that is wanted."""
        start = len(self.pushes)
        return await self.until(
            lambda: next((each for each in self.pushes[start:] if each["push"] == kind and which(each)), None)
        )


def on_page(server, script, user="demo"):
    """Log in, open the socket, run a script, and give what it gives."""

    async def run():
        cookie = log_in(server, user).cookies["rushtrade_session"]
        headers = {"Cookie": f"rushtrade_session={cookie}"}
        async with websockets.connect(
            f"{server.ws_url}/ws", additional_headers=headers, origin=server.url
        ) as socket:
            page = Page(socket)
            try:
                await page.until(lambda: page.of("executions"))
                return await script(page)
            finally:
                page.reader.cancel()

    return asyncio.run(run())


ORDER = {
    "symbol": "AAPL", "side": "buy", "type": "limit", "time_in_force": "day", "quantity": 100, "limit_price": "187.24",
    "stop_price": None, "route": "DART", "display": None, "binding": "hotkey:ctrl+1",
}  # fmt: skip


# --- login ----------------------------------------------------------------------------------------------------


def test_a_login_gives_a_cookie_no_script_can_read(server):
    answer = log_in(server)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert len(answer.cookies["rushtrade_session"]) >= 43
    session = answer.json()
    assert [each["account_id"] for each in session["accounts"]] == [ACCOUNT, OTHER_ACCOUNT]
    shown = httpx.get(f"{server.url}/api/session", cookies=dict(answer.cookies))
    assert shown.json() == session


@pytest.mark.parametrize(("user", "password"), [("nobody", PASSWORD), ("homeless", PASSWORD), ("demo2", "x")])
def test_a_wrong_login_says_nothing_about_which_half_was_wrong(server, user, password):
    answer = log_in(server, user, password)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "login_refused"
    assert "set-cookie" not in answer.headers


def test_a_sixth_guess_within_a_minute_waits():
    with served() as fresh:
        fresh.house.keys.add_user("guessed", hash_password(PASSWORD))
        codes = [log_in(fresh, "guessed", f"guess {number}").status_code for number in range(6)]
        assert codes == [401] * 5 + [429]
        refused = log_in(fresh, "guessed")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Origin": "https://evil.example"}, None, 403),
        ({"Content-Type": "text/plain"}, b'{"user":"demo","password":"x"}', 403),
        ({"Content-Type": "application/json"}, b"{", 400),
        ({"Content-Type": "application/json"}, b'{"user":"demo"}', 400),
        ({"Content-Type": "application/json"}, b"x" * 5000, 413),
    ],
)
def test_a_login_from_elsewhere_or_in_another_form_is_refused(server, headers, content, status):
    body = {"content": content} if content is not None else {"json": {"user": "demo", "password": PASSWORD}}
    answer = httpx.post(f"{server.url}/api/session", headers=headers, **body)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "reason", "message"}


def test_no_session_is_401_and_the_market_needs_none(server):
    assert httpx.get(f"{server.url}/api/session").status_code == 401
    assert httpx.get(f"{server.url}/api/session", cookies={"rushtrade_session": "guess"}).status_code == 401
    assert httpx.get(f"{server.url}/api/market").json()["label"] == "SIMULATED MARKET"


def test_a_logout_ends_the_session_and_its_sockets(server):
    async def run():
        cookies = dict(log_in(server).cookies)
        headers = {"Cookie": f"rushtrade_session={cookies['rushtrade_session']}"}
        async with websockets.connect(
            f"{server.ws_url}/ws", additional_headers=headers, origin=server.url
        ) as socket:
            await socket.recv()
            async with httpx.AsyncClient(cookies=cookies) as client:
                assert (await client.delete(f"{server.url}/api/session")).status_code == 204
                assert (await client.get(f"{server.url}/api/session")).status_code == 401
            return await close_code_of(socket)

    assert asyncio.run(run()) == 4401


async def close_code_of(socket):
    """Read until the other side closes."""
    async with asyncio.timeout(PATIENCE_S):
        await socket.wait_closed()
    return socket.close_code


def closed_with(server, headers=None, origin=None, *frames):
    async def run():
        async with websockets.connect(
            f"{server.ws_url}/ws", additional_headers=headers, origin=origin
        ) as socket:
            for frame in frames:
                await socket.send(frame)
            return await close_code_of(socket)

    return asyncio.run(run())


def cookie_of(server):
    return {"Cookie": f"rushtrade_session={log_in(server, 'viewer').cookies['rushtrade_session']}"}


def test_a_socket_says_in_its_close_code_why_it_is_refused(server):
    cookie = cookie_of(server)
    assert closed_with(server, None, server.url) == 4401
    assert closed_with(server, {"Cookie": "rushtrade_session=guess"}, server.url) == 4401
    assert closed_with(server, cookie, None) == 4403
    assert closed_with(server, cookie, "https://evil.example") == 4403
    for frame in (
        "no json",
        "[]",
        '{"do":"ping"}',
        '{"id":0,"do":"ping"}',
        '{"id":"1","do":"ping"}',
        "x" * 17_000,
    ):
        assert closed_with(server, cookie, server.url, frame) == 4409
    assert (
        closed_with(server, cookie, server.url, '{"id":2,"do":"ping","client_us":1}', '{"id":2,"do":"ping"}')
        == 4409
    )


def test_a_ninth_socket_of_a_session_is_one_too_many(server):
    async def run():
        headers = cookie_of(server)
        sockets = []
        try:
            for _ in range(8):
                one = await websockets.connect(
                    f"{server.ws_url}/ws", additional_headers=headers, origin=server.url
                )
                await one.recv()
                sockets.append(one)
            ninth = await websockets.connect(
                f"{server.ws_url}/ws", additional_headers=headers, origin=server.url
            )
            return await close_code_of(ninth)
        finally:
            for one in sockets:
                await one.close()

    assert asyncio.run(run()) == 4429


# --- pushes ---------------------------------------------------------------------------------------------------


def test_a_page_begins_with_everything_it_needs_in_order(server):
    async def script(page):
        return page.pushes

    pushes = on_page(server, script)
    assert [push["push"] for push in pushes[:7]] == [
        "hello", "market", "lines", "account", "positions", "orders", "executions",
    ]  # fmt: skip
    hello = pushes[0]
    assert [venue["code"] for venue in hello["venues"]] == ["NASDAQ", "ARCA"]
    assert (hello["venues"][0]["take"], hello["venues"][0]["make"]) == ("0.003", "-0.002")
    assert [(each["index"], each["symbol"]) for each in hello["symbols"]] == [
        (0, "AAPL"),
        (1, "MSFT"),
        (2, "PINKY"),
    ]
    assert hello["strategies"][1]["sequences"]["listed"] == "QP"
    assert hello["limits"]["watch"] == 200
    assert all(push.get("image") for push in pushes[4:7])


def test_watched_quotes_come_in_rows_of_the_documented_layout(server):
    async def script(page):
        assert await page.ok("watch", symbols=["AAPL", "PINKY"]) == {"symbols": 2}
        first = await page.until(lambda: page.of("quotes"))

        def lift(house):
            house.feed.execute(0, AAPL, house.feed.order(0, AAPL, "S", 1_872_500, 160), 160)

        before = len(page.pushes)
        await asyncio.to_thread(server.call, lift, server.house)
        await page.until(lambda: any(each["push"] == "quotes" for each in page.pushes[before:]))
        return first[0]["raw"], page.of("quotes")[-1]["raw"]

    first, last = on_page(server, script)
    rows = {row[0]: row for row in struct.iter_unpack("<iBBBBHHi11q", first)}
    assert set(rows) == {0, 2}
    _, state, flags, _, _, bids, asks, prints, bid, ask, *_ = rows[0]
    assert (state, flags & 8, bids, asks, bid, ask) == (1, 8, 1, 1, 1_872_400, 1_872_600)
    assert rows[2][1] == 0
    (row,) = struct.iter_unpack("<iBBBBHHi11q", last)
    assert row[0] == 0
    assert (row[3], row[4], row[10], row[13]) == (4, 0, 1_872_500, 160)
    assert row[7] == prints + 1
    assert row[14] >= 160
    assert row[15] == 1_870_000


def test_the_montage_is_whole_and_sorted(server):
    async def script(page):
        await page.ok("depth", symbols=["AAPL"])
        return (await page.until(lambda: page.of("depth")))[0]

    depth = on_page(server, script)
    assert (depth["symbol"], depth["state"]) == ("AAPL", "good")
    assert depth["bids"][0] == ["187.24", 300, 1, 0]
    assert [row[3] for row in depth["asks"][:2]] == [0, 1]
    prices = [float(row[0]) for row in depth["asks"]]
    assert prices == sorted(prices)


def test_prints_are_lossless_and_numbered(server):
    def print_one(house):
        house.feed.execute(0, AAPL, house.feed.order(0, AAPL, "B", 1_872_500, 107), 107)

    async def script(page):
        await page.ok("trades", symbols=["AAPL"])
        await page.ok("bars", symbols=["AAPL"])
        for _ in range(30):
            await asyncio.to_thread(server.call, print_one, server.house)
        total = server.house.market.trades_total(AAPL)
        await page.until(lambda: any(row[0] == total for push in page.of("trades") for row in push["rows"]))
        await page.until(lambda: page.of("bars"))
        return page.of("trades"), page.of("bars")

    trades, bars = on_page(server, script)
    numbers = [row[0] for push in trades for row in push["rows"]]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert trades[-1]["rows"][-1][2:5] == ["187.25", 107, 0]
    assert all(push["skipped"] == 0 for push in trades)
    assert bars[0]["image"] is True


def test_a_scan_finds_stocks_and_is_refused_with_the_place_of_its_fault(server):
    async def script(page):
        return (
            await page.ok("scan", expression='symbol == "AAPL" and bid < ask', order="symbol"),
            await page.error("scan", expression="volume >"),
            await page.error("scan", expression="traded", limit=0),
        )

    found, open_end, none = on_page(server, script)
    assert ([row["symbol"] for row in found["rows"]], found["total"]) == (["AAPL"], 1)
    assert (open_end["reason"], open_end["message"].startswith("column 9: the end stands where")) == (
        "bad_request",
        True,
    )
    assert "limit 0 is outside 1 to 1,000" in none["message"]


# --- requests ---------------------------------------------------------------------------------------------------


def test_a_resting_order_says_what_is_before_it_in_its_queue(server):
    reference = 7_700_001

    def rest(order_id):
        """The venue takes the order, and its feed shows it behind another one."""
        house = server.house
        (child,) = house.store.image.children_of[order_id].values()
        house.commit((cmd.Tick(), "venue:0", [ev.ChildAccepted(child.token, reference)]))
        house.feed.say(
            child.venue,
            AddOrder(1, 0, 1_000, reference - 1, "B", 300, "AAPL", 1_500_000),
            AddOrder(1, 0, 1_001, reference, "B", 100, "AAPL", 1_500_000),
        )

    async def script(page):
        taken = await page.ok("order.enter", **{**ORDER, "client_order_id": "", "limit_price": "150.00"})
        number = taken["order_id"]
        unknown = await page.ok("order.places", order_ids=[number, 4711])
        await asyncio.to_thread(server.call, rest, number)
        found = await page.ok("order.places", order_ids=[number, 4711])
        await page.ok("order.cancel", order_id=number)
        return number, unknown, found

    number, unknown, found = on_page(server, script)
    assert unknown == {"places": []}
    (place,) = found["places"]
    assert (place["order_id"], place["shares"], place["shares_ahead"], place["orders_ahead"]) == (
        number,
        100,
        300,
        1,
    )


def test_an_order_lives_on_the_page_from_key_to_fill(server):
    async def script(page):
        entered = await page.ok("order.enter", **ORDER, client_order_id="w-life-1")
        number = entered["order_id"]
        assert entered == {"order_id": number, "state": "New", "repeated": False}
        again = await page.ok("order.enter", **ORDER, client_order_id="w-life-1")
        assert again == {"order_id": number, "state": "New", "repeated": True}
        other = await page.error("order.enter", **{**ORDER, "quantity": 50}, client_order_id="w-life-1")
        assert other["reason"] == "DUPLICATE_CLIENT_ORDER_ID"
        assert str(number) in other["message"]
        await asyncio.to_thread(server.call, server.house.fill, number, 40, 1_872_400)
        execution = await page.until(
            lambda: [
                row for push in page.of("executions") for row in push["rows"] if row["order_id"] == number
            ]
        )
        order = await page.until(
            lambda: [
                row
                for push in page.of("orders")
                for row in push["rows"]
                if row["order_id"] == number and row["filled"] == 40
            ]
        )
        position = await page.until(
            lambda: [
                row
                for push in page.of("positions")
                for row in push["rows"]
                if row["symbol"] == "AAPL" and row["quantity"]
            ]
        )
        trace = await page.ok("order.explain", order_id=number)
        moved = await page.ok("order.replace", order_id=number, limit_price="187.20")
        canceled = await page.ok("order.cancel", order_id=moved["order_id"])
        gone = await page.until(
            lambda: [
                row
                for push in page.of("orders")
                for row in push["rows"]
                if row["order_id"] == moved["order_id"] and row["state"] == "Canceled"
            ]
        )
        late = await page.error("order.cancel", order_id=number)
        return execution[0], order[0], position[-1], trace, moved, canceled, gone[0], late

    execution, order, position, trace, moved, canceled, gone, late = on_page(server, script)
    assert (execution["quantity"], execution["price"], execution["net"]) == (40, "187.24", "-7489.95")
    assert (order["state"], order["leaves"], order["average_price"]) == ("PartiallyFilled", 60, "187.24")
    assert order["working"] == [{"venue": 0, "price": "187.24", "shares": 60}]
    assert order["origin"] == "workstation"
    assert (position["quantity"], position["average_cost"]) == (40, "187.24")
    assert trace["text"]
    assert trace["nbbo"]["bid"] == "187.24"
    assert [(step["route"], step["venue"], step["action"], step["cost"]) for step in trace["steps"]] == [
        ("NASDAQ", 0, "sent", "187.2430"),
        ("ARCA", 1, "skipped", None),
    ]
    assert trace["children"][0]["filled"] == 40
    assert moved["state"] in {"PendingReplace", "PartiallyFilled", "New"}
    assert canceled["state"] in {"PendingCancel", "Canceled"}
    assert (gone["filled"], gone["leaves"], gone["replaces"]) == (40, 0, order["order_id"])
    assert late["reason"] == "ORDER_NOT_OPEN"
    _, actor = next(
        entry for entry in server.house.commands if getattr(entry[0], "client_order_id", "") == "w-life-1"
    )
    assert actor == f"account:{ACCOUNT}/user:demo/hotkey:ctrl+1"


def test_sales_never_go_through_zero_by_mistake(server):
    async def script(page):
        held = next(
            (row["quantity"] for row in page.of("positions")[-1]["rows"] if row["symbol"] == "AAPL"), 0
        )
        sell = await page.error("order.enter", **{**ORDER, "side": "sell", "quantity": held + 1})
        preview = await page.ok("order.preview", **{**ORDER, "side": "sell", "quantity": held + 1})
        msft = await page.ok(
            "order.enter", **{**ORDER, "symbol": "MSFT", "side": "sell_short", "limit_price": "400.00"}
        )
        await asyncio.to_thread(server.call, server.house.fill, msft["order_id"], 100, 4_000_000)
        return held, sell, preview, await page.ok("order.preview", **ORDER)

    held, sell, preview, good = on_page(server, script)
    assert sell["reason"] == "INSUFFICIENT_SHARES"
    assert ("or fewer would pass" if held else "sell_short") in sell["message"]
    assert preview["reject"]["reason"] == "INSUFFICIENT_SHARES"
    assert good["reject"] is None
    assert good["plan"][0]["route"] == "NASDAQ"


@pytest.mark.parametrize(
    ("do", "arguments", "reason", "said"),
    [
        ("order.fly", {}, "unknown_do", "order.fly"),
        ("watch", {}, "bad_request", "symbols is required"),
        ("watch", {"symbols": ["AAPL"], "fast": True}, "bad_request", "fast"),
        ("watch", {"symbols": ["NOPE"]}, "unknown_symbol", "NOPE"),
        ("depth", {"symbols": ["AAPL"] * 9}, "bad_request", "8 would pass"),
        ("order.enter", {**ORDER, "quantity": 0}, "bad_request", "1 to 9,999,999"),
        ("order.enter", {**ORDER, "quantity": "100"}, "order", ""),
        ("order.enter", {**ORDER, "quantity": 1.5}, "bad_request", "whole number"),
        ("order.enter", {**ORDER, "limit_price": None}, "bad_request", "limit orders need limit_price"),
        ("order.enter", {**ORDER, "type": "market"}, "bad_request", "market orders take no limit_price"),
        ("order.enter", {**ORDER, "stop_price": "1"}, "bad_request", "take no stop_price"),
        ("order.enter", {**ORDER, "limit_price": "1e5"}, "bad_request", "plain decimal"),
        ("order.enter", {**ORDER, "side": "hold"}, "bad_request", "buy or sell or sell_short would pass"),
        ("order.enter", {**ORDER, "client_order_id": "a b"}, "bad_request", "client_order_id"),
        ("order.enter", {**ORDER, "route": "NOPE"}, "ROUTE_UNKNOWN", "NOPE"),
        ("order.enter", {**ORDER, "quantity": 1_000_000}, "BUYING_POWER", "buying power"),
        ("order.cancel", {"order_id": 1}, "unknown_order", "1"),
        ("order.cancel", {"order_id": 10**30}, "bad_request", "whole number"),
        ("order.replace", {"order_id": 4711, "quantity": 5}, "unknown_order", "4711"),
        ("order.explain", {"order_id": 4711}, "unknown_order", "4711"),
        ("order.places", {"order_ids": list(range(1, 52))}, "bad_request", "50 would pass"),
        ("account.select", {"account_id": 99}, "unknown_account", "99"),
        ("route.switch", {"code": "NASDAQ", "enabled": False}, "not_permitted", "routes"),
        ("ping", {"client_us": "x"}, "bad_request", "whole number"),
    ],
)  # fmt: skip
def test_each_wrong_request_is_answered_with_its_reason(server, do, arguments, reason, said):
    async def script(page):
        return await page.ask(do, **arguments)

    found = on_page(server, script)
    if reason == "order":
        assert "ok" in found
        return
    assert found["error"]["reason"] == reason
    assert said in found["error"]["message"]


def test_a_viewer_sees_and_does_not_act(server):
    async def script(page):
        return [
            (await page.error("order.enter", **ORDER))["reason"],
            (await page.error("order.cancel_all"))["reason"],
            (await page.error("watch", symbols=["AAPL"]))["reason"],
        ]

    assert on_page(server, script, "viewer") == ["not_permitted"] * 3


def test_a_switched_route_is_told_to_every_page(server):
    async def script(page):
        done = await page.ok("route.switch", code="ARCA", enabled=False)
        told = await page.until(lambda: page.of("routes"))
        await page.ok("route.switch", code="ARCA", enabled=True)
        return done, told[0]["rows"]

    done, rows = on_page(server, script, "desk")
    assert done == {"code": "ARCA", "enabled": False}
    assert [row["enabled"] for row in rows] == [True, False]


def test_another_account_is_shown_on_request_with_fresh_images(server):
    async def script(page):
        before = len(page.pushes)
        assert await page.ok("account.select", account_id=OTHER_ACCOUNT) == {"account_id": OTHER_ACCOUNT}
        await page.until(lambda: any(each["push"] == "executions" for each in page.pushes[before:]))
        return page.pushes[before:]

    pushes = on_page(server, script)
    account = next(push for push in pushes if push["push"] == "account")
    assert account["account_id"] == OTHER_ACCOUNT
    assert [push["image"] for push in pushes if push["push"] in {"orders", "executions", "positions"}][
        :3
    ] == [True] * 3


def test_requests_beyond_the_rate_are_refused_and_answered(server):
    async def script(page):
        for number in range(1, 161):
            await page.socket.send(json.dumps({"id": number, "do": "ping", "client_us": number}))
        await page.until(lambda: len(page.answers) == 160)
        return page.answers

    answers = on_page(server, script)
    refused = [each for each in answers.values() if "error" in each]
    assert refused
    assert {each["error"]["reason"] for each in refused} == {"rate_limited"}
    assert len(answers) == 160


def test_a_full_inbox_is_busy(server):
    async def script(page):
        server.house.busy = True
        try:
            return await page.error("order.enter", **ORDER)
        finally:
            server.house.busy = False

    assert on_page(server, script)["reason"] == "busy"


def test_cancel_all_counts_what_it_asked_for(server):
    async def script(page):
        await page.ok("order.cancel_all")
        for _ in range(3):
            await page.ok("order.enter", **ORDER)
        return await page.ok("order.cancel_all", symbol="MSFT"), await page.ok(
            "order.cancel_all", symbol="AAPL"
        )

    assert on_page(server, script) == ({"orders": 0}, {"orders": 3})


def test_orders_of_the_trading_api_appear_on_the_page_at_once(server):
    async def script(page):
        async with httpx.AsyncClient() as client:
            headers = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
            body = {
                "symbol": "AAPL",
                "qty": 1,
                "side": "buy",
                "type": "limit",
                "limit_price": 187.0,
                "time_in_force": "day",
            }
            order = (await client.post(f"{server.url}/v2/orders", headers=headers, json=body)).json()
        number = int(order["id"][-12:], 16)
        found = await page.until(
            lambda: [row for push in page.of("orders") for row in push["rows"] if row["order_id"] == number]
        )
        return found[0]["origin"]

    assert on_page(server, script) == "api"


def test_money_and_prices_are_never_json_numbers(server):
    async def script(page):
        await page.ok("depth", symbols=["AAPL"])
        await page.until(lambda: page.of("depth"))
        return [push for push in page.pushes if push["push"] != "quotes"]

    def floats(value):
        if isinstance(value, dict):
            return [each for inner in value.values() for each in floats(inner)]
        if isinstance(value, list):
            return [each for inner in value for each in floats(inner)]
        return [value] if isinstance(value, float) else []

    assert floats(on_page(server, script)) == []


def test_a_page_of_an_unknown_pink_sheet_shows_no_quote(server):
    async def script(page):
        await page.ok("watch", symbols=["PINKY"])
        return (await page.until(lambda: page.of("quotes")))[0]["raw"]

    (row,) = struct.iter_unpack("<iBBBBHHi11q", on_page(server, script))
    assert (row[1], row[8], row[9], row[15]) == (0, 0, 0, 10_000)
    assert server.house.market.trades_total(PINK) == 0
    assert server.call(lambda: server.house.store.image.accounts[ACCOUNT].cash) > MONEY_UNIT


def test_a_session_that_is_over_closes_its_sockets(server):
    def expire():
        for connection in server.workstations.connections:
            connection.expires = 0.0

    async def script(page):
        await asyncio.to_thread(server.call, expire)
        return await close_code_of(page.socket)

    assert on_page(server, script) == 4401


def test_a_socket_that_takes_nothing_is_let_go(server):
    def get_stuck():
        for connection in server.workstations.connections:
            connection._sending_since = 1e-9

    async def script(page):
        await asyncio.to_thread(server.call, get_stuck)
        return await close_code_of(page.socket)

    assert on_page(server, script) == 4408


def test_subscriptions_may_change_while_everything_moves(server):
    def move(house):
        reference = house.feed.order(0, AAPL, "B", 1_872_500, 9)
        house.feed.execute(0, AAPL, reference, 9)

    async def script(page):
        for number in range(18):
            wanted = (["AAPL", "MSFT"], ["MSFT"], [])[number % 3]
            for do in ("watch", "depth", "trades", "bars"):
                await page.ok(do, symbols=wanted)
            await page.ok("account.select", account_id=(ACCOUNT, OTHER_ACCOUNT)[number % 2])
            await asyncio.to_thread(server.call, move, server.house)
        await page.ok("account.select", account_id=ACCOUNT)
        before = len(page.pushes)
        await page.until(lambda: any(each["push"] == "heartbeat" for each in page.pushes[before:]))
        beats = [each for each in page.pushes if each["push"] == "heartbeat"]
        assert all(each["lag_ms"] >= 0 for each in beats)
        last = next(push for push in reversed(page.pushes) if push["push"] == "account")
        return last["account_id"]

    assert on_page(server, script) == ACCOUNT
