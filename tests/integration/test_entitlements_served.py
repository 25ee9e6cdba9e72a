"""Entitlements in a running server: checked when somebody subscribes and before every message, on every way data goes out."""

from __future__ import annotations

import asyncio
import json
import struct
from random import Random

import httpx
import pytest
import websockets

from api_house import AAPL, ACCOUNT, KEY, MSFT, OTHER_KEY, OTHER_SECRET, SECRET, SESSION
from rushtrade.api.credentials import hash_password
from rushtrade.app.entitlement_desk import EntitlementFiles
from rushtrade.app.price_lists import entitlements_of
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.data_products import Billing, DataProduct, DataUse, Level, SubscriberKind
from rushtrade.domain.instants import SECOND
from rushtrade.entitlements.coverage import Coverage
from served_house import served
from support.data_words import DataDesk, price
from support.waiting import until

PASSWORD = "correct horse"
DISPLAY = DataUse.DISPLAY
MICS = ("XNAS", "ARCX")
BOOKS = ("Q-BOOK", "P-BOOK")
LETTERS = "QP"
KEY_HEADERS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}


def book(code, mic):
    title = f"Book of {mic}"
    return DataProduct(
        code, code, title, Level.DEPTH, (), (mic,), "", False, False, (price("2020-01-01", "70", "14"),)
    )


class Sales:
    """A served house whose data is licensed, and the desk that grants: all deeds are done where the server lives."""

    def __init__(self, running, desk):
        self.running, self.desk = running, desk
        self.house = running.house

    def do(self, command):
        """A deed of the desk, as the API does it: through the house's own way in."""
        return self.running.do(self.house.submit(command, "desk"))

    def ok(self, command):
        outcome = self.do(command)
        assert not [each for each in outcome.events if type(each).__name__ == "CommandRefused"], (
            outcome.events
        )
        return outcome.events

    def number(self, user):
        return self.desk.register.users[user]

    def has(self, user, product):
        latest = self.desk.register.subscribers[self.number(user)].latest(
            product, DISPLAY, self.desk.house.now_ns
        )
        return latest is not None and not latest.to_ns

    def grant(self, user, product, displays=0):
        self.ok(cmd.GrantMarketData(self.number(user), product, DISPLAY, displays, Billing.MONTHLY))

    def revoke(self, user, product):
        self.ok(cmd.RevokeMarketData(self.number(user), product, DISPLAY, "unpaid"))

    def only(self, user, *products):
        """Give a user these products and no others."""
        for product in ("TAPE-C", *BOOKS):
            if self.has(user, product) and product not in products:
                self.revoke(user, product)
            elif product in products and not self.has(user, product):
                self.grant(user, product)

    def trade(self, venue, instrument_id, shares, at=None):
        """A trade of a venue at a price of its own: cents end in 1 at the first venue, in 2 at the second."""

        def deed():
            reference = self.house.feed.order(venue, instrument_id, "B", at, shares)
            self.house.feed.execute(venue, instrument_id, reference, shares)
            self.house.clock.now = SESSION.open_ns + self.house.feed.seconds * SECOND

        self.running.call(deed)

    def quote(self, venue, instrument_id, side, at, shares=100):
        self.running.call(self.house.feed.order, venue, instrument_id, side, at, shares)


@pytest.fixture(scope="module")
def sales():
    desk = DataDesk("2026-11-20")
    while len(desk.state.accounts) < ACCOUNT + 1:
        desk.house.open_account(AccountKind.CASH, 1_000)
    for code, mic in zip(BOOKS, MICS, strict=True):
        desk.ok(cmd.DefineDataProduct(book(code, mic)))
    with served(data_desk=desk, before=lambda house: sell(house, desk)) as running:
        found = Sales(running, desk)
        hashed = hash_password(PASSWORD)
        for user, account in (("anna", ACCOUNT), ("bert", ACCOUNT + 1)):
            number = desk.ok(cmd.RegisterSubscriber(user, SubscriberKind.PERSON, account))[0].subscriber_id
            desk.ok(cmd.AnswerQuestionnaire(number, 1, (False,) * 12))
            desk.ok(cmd.SignAgreement(number, "UTP", 1))
            running.house.keys.add_user(user, hashed, (account,))
        running.house.keys.add_user("desk", hashed, (ACCOUNT,), ("read", "entitlements"))
        sessions = running.sessions
        sessions._of_user.burst = sessions._of_address.burst = 10_000
        sessions._of_user.per_second = sessions._of_address.per_second = 10_000.0
        yield found


def sell(house, desk):
    """Put a register before a cardboard house."""
    port = entitlements_of(
        desk.house.core, Coverage(MICS, is_own=False), house.submit, lambda: desk.house.now_ns
    )
    house.entitlements, house.entitlement_desk = port, EntitlementFiles(port, None)


def _open(reader):
    assert not reader.done(), "the server closed the socket"
    return True


# --- streams ------------------------------------------------------------------------------------------------


class Stream:
    """A client of `/v2/sip` that keeps every message."""

    def __init__(self, socket):
        self.socket, self.messages = socket, []
        self.reader = asyncio.create_task(self._read())

    async def _read(self):
        async for text in self.socket:
            self.messages += json.loads(text)

    async def say(self, **message):
        await self.socket.send(json.dumps(message))

    def of(self, kind):
        return [each for each in self.messages if each["T"] == kind]

    async def settled(self):
        """Wait until what was on its way has come: the answer to a second login comes behind it."""
        await self.say(action="auth", key=KEY, secret=SECRET)
        await self.until(lambda: [each for each in self.of("error") if each["code"] == 403])

    async def until(self, condition):
        return await until(lambda: _open(self.reader) and condition())


async def stream(sales, key=KEY, secret=SECRET, feed="sip"):
    socket = await websockets.connect(f"{sales.running.ws_url}/v2/{feed}")
    client = Stream(socket)
    await client.say(action="auth", key=key, secret=secret)
    await client.until(lambda: [each for each in client.of("success") if each["msg"] == "authenticated"])
    return client


async def quiet():
    """Longer than the server takes to flush what it has."""
    await asyncio.sleep(0.15)


def test_a_subscription_without_the_product_is_409_and_names_it(sales):
    sales.only("anna")

    async def script():
        client = await stream(sales)
        await client.say(action="subscribe", trades=["AAPL"])
        (error,) = await client.until(lambda: client.of("error"))
        assert error["code"] == 409
        assert error["msg"].startswith(
            "insufficient subscription: Level I of tape C (TAPE-C) is not yours to see"
        )
        assert "ask the desk to grant it" in error["msg"]
        await client.socket.close()

    asyncio.run(script())


def test_taking_a_product_away_stops_the_very_next_message(sales):
    sales.only("anna", "TAPE-C")

    async def script():
        client = await stream(sales)
        await client.say(action="subscribe", trades=["AAPL"], quotes=["AAPL"])
        await client.until(lambda: [each for each in client.of("subscription") if each["trades"]])
        await asyncio.to_thread(sales.trade, 0, AAPL, 100, 1_872_450)
        await client.until(lambda: [each for each in client.of("t") if each["s"] == 100])
        await asyncio.to_thread(sales.revoke, "anna", "TAPE-C")
        for shares in (101, 102, 103):
            await asyncio.to_thread(sales.trade, 0, AAPL, shares, 1_872_450)
        (error,) = await client.until(lambda: client.of("error"))
        await quiet()
        assert error["code"] == 409
        assert "it was taken away (unpaid)" in error["msg"]
        assert client.messages[-1] is error, "what was told before it was taken away came before"
        assert {trade["s"] for trade in client.of("t")} == {100}
        await client.socket.close()

    asyncio.run(script())


def test_a_question_without_the_product_is_403_in_words(sales):
    sales.only("anna")
    for path in (
        "/v2/stocks/AAPL/trades?feed=sip",
        "/v2/stocks/AAPL/quotes/latest?feed=sip",
        "/v2/stocks/AAPL/bars?feed=sip",
    ):
        answer = httpx.get(sales.running.url + path, headers=KEY_HEADERS)
        assert answer.status_code == 403, path
        assert "Level I of tape C (TAPE-C) is not yours to see" in answer.json()["message"]
    sales.grant("anna", "TAPE-C")
    assert (
        httpx.get(
            sales.running.url + "/v2/stocks/AAPL/quotes/latest?feed=sip", headers=KEY_HEADERS
        ).status_code
        == 200
    )


def test_a_reader_of_one_book_is_shown_that_venue_alone(sales):
    """Best quote, trades, bars and their volumes: as if there were no other venue."""
    sales.only("anna", "P-BOOK")
    for venue, shares, at in (
        (0, 400, 1_872_410),
        (1, 700, 1_872_420),
        (0, 500, 1_872_410),
        (1, 300, 1_872_420),
    ):
        sales.trade(venue, AAPL, shares, at)

    def ask(path):
        answer = httpx.get(f"{sales.running.url}/v2/stocks/AAPL/{path}", headers=KEY_HEADERS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    quote = ask("quotes/latest")["quote"]
    assert {quote["bx"], quote["ax"]} <= {"P", ""}
    assert (quote["bp"], quote["ap"]) == (187.23, 187.27), (
        "the book of the other venue is better, and is not told"
    )
    trades = ask("trades?limit=10000")["trades"]
    assert {trade["x"] for trade in trades} == {"P"}
    bars = ask("bars?timeframe=1Day")["bars"]
    assert sum(bar["v"] for bar in bars) == sum(trade["s"] for trade in trades)


# --- the workstation ----------------------------------------------------------------------------------------

ROW = struct.Struct("<iBBBBHHi11q")


class Page:
    """A workstation's socket that keeps what it is pushed, and every quote row by symbol's index."""

    def __init__(self, socket):
        self.socket, self.number, self.pushes, self.answers, self.rows = socket, 0, [], {}, {}
        self.reader = asyncio.create_task(self._read())

    async def _read(self):
        async for message in self.socket:
            if isinstance(message, bytes):
                for place in range((len(message) - 16) // ROW.size):
                    row = ROW.unpack_from(message, 16 + place * ROW.size)
                    self.rows[row[0]] = row
                continue
            found = json.loads(message)
            if "push" in found:
                self.pushes.append(found)
            else:
                self.answers[found["id"]] = found

    async def ask(self, do, **arguments):
        self.number += 1
        number = self.number
        await self.socket.send(json.dumps({"id": number, "do": do, **arguments}))
        return await self.until(lambda: self.answers.pop(number, None))

    def of(self, kind):
        return [push for push in self.pushes if push["push"] == kind]

    async def until(self, condition):
        return await until(lambda: _open(self.reader) and condition())


async def page(sales, user="anna"):
    body = {"user": user, "password": PASSWORD}
    login = await asyncio.to_thread(httpx.post, f"{sales.running.url}/api/session", json=body)
    headers = {"Cookie": f"rushtrade_session={login.cookies['rushtrade_session']}"}
    socket = await websockets.connect(
        f"{sales.running.ws_url}/ws", additional_headers=headers, origin=sales.running.url
    )
    found = Page(socket)
    await found.until(lambda: found.of("executions"))
    return found


def prices(row):
    """Bid and ask of a quotes row."""
    return row[8], row[9]


def test_a_workstation_is_told_what_it_lacks_and_lights_up_when_it_is_granted(sales):
    sales.only("anna")

    async def script():
        shown = await page(sales)
        answer = await shown.ask("depth", symbols=["AAPL"])
        assert "Book of " in answer["ok"]["lacking"][0]
        assert "is not yours to see: ask the desk to grant it" in answer["ok"]["lacking"][0]
        assert (await shown.ask("watch", symbols=["AAPL"]))["ok"] == {"symbols": 1}, "late data is something"
        await shown.until(lambda: 0 in shown.rows)
        assert shown.rows[0][2] & 16, "the row says that it is late"
        await asyncio.to_thread(sales.grant, "anna", "TAPE-C")
        await shown.until(lambda: prices(shown.rows[0]) != (0, 0) and not shown.rows[0][2] & 16)
        await asyncio.to_thread(sales.revoke, "anna", "TAPE-C")
        await shown.until(
            lambda: [each for each in shown.of("notice") if "it was taken away (unpaid)" in each["text"]]
        )
        await shown.until(lambda: shown.rows[0][2] & 16)
        assert prices(shown.rows[0]) == (0, 0), "nothing of a quarter of an hour ago is known yet"
        await shown.socket.close()

    asyncio.run(script())


def test_of_venues_without_their_book_a_montage_shows_the_best_alone(sales):
    sales.only("anna", "TAPE-C", "P-BOOK")
    for venue in (0, 1):
        for level in range(3):
            sales.quote(venue, MSFT, "B", 3_990_000 - 1_000 * level)

    async def script():
        shown = await page(sales)
        await shown.ask("depth", symbols=["MSFT"])
        depth = await shown.until(lambda: shown.of("depth"))
        bids = [row[3] for row in depth[-1]["bids"]]
        assert bids.count(0) == 1
        assert bids.count(1) > 3
        await shown.socket.close()

    asyncio.run(script())


def test_two_displays_of_one_grant(sales):
    sales.only("bert")
    sales.grant("bert", "TAPE-C", displays=1)

    async def script():
        first = await page(sales, "bert")
        await first.ask("watch", symbols=["AAPL"])
        await first.until(lambda: 0 in first.rows and prices(first.rows[0]) != (0, 0))
        second = await page(sales, "bert")
        await second.ask("watch", symbols=["AAPL"])
        await second.until(lambda: 0 in second.rows and prices(second.rows[0]) != (0, 0))
        await first.until(lambda: first.rows[0][2] & 16)
        assert any("is shown on 1 display at once" in each["text"] for each in first.of("notice"))
        await second.socket.close()
        await first.until(lambda: not first.rows[0][2] & 16)
        await first.socket.close()

    asyncio.run(script())


# --- what must always hold --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [2, 3])
def test_no_message_of_a_venue_outside_the_view_ever_reaches_a_subscriber(sales, seed):
    """Random grants, revocations, quotes and trades: whatever arrives is of a venue that was in the view when it happened."""
    sales.only("anna")
    chance = Random(seed)
    allowed_at = {}

    def allowed():
        if sales.has("anna", "TAPE-C"):
            return set(LETTERS)
        return {letter for letter, product in zip(LETTERS, BOOKS, strict=True) if sales.has("anna", product)}

    def happen(step):
        venue, shares = chance.randrange(2), 1_000 + step
        allowed_at[shares] = allowed()
        sales.trade(venue, AAPL, shares, 1_872_410 + 10 * venue)

    def change():
        product = chance.choice(("TAPE-C", *BOOKS))
        if sales.has("anna", product):
            sales.revoke("anna", product)
        else:
            sales.grant("anna", product)

    async def script():
        client, shown = await stream(sales), await page(sales)
        await shown.ask("watch", symbols=["AAPL"])
        await shown.ask("trades", symbols=["AAPL"])
        await shown.ask("depth", symbols=["AAPL"])
        for step in range(40):
            if chance.random() < 0.4:
                await asyncio.to_thread(change)
                await client.say(action="subscribe", trades=["AAPL"], quotes=["AAPL"])
                await client.settled()
                await shown.ask("ping", client_us=step)
                for kept in (client.messages, shown.pushes, shown.rows):
                    kept.clear()  # what was sent before it changed has come by now
            await asyncio.to_thread(happen, step)
            await quiet()
            _check_stream(client, allowed_at, allowed())
            _check_page(shown, allowed_at, allowed())
            client.messages.clear()
        await client.socket.close()
        await shown.socket.close()

    asyncio.run(script())
    assert len({frozenset(view) for view in allowed_at.values()}) > 2, "several views were met"


def _check_stream(client, allowed_at, now):
    for trade in client.of("t"):
        assert trade["x"] in allowed_at.get(trade["s"], set(LETTERS)), trade
    for quote in client.of("q"):
        assert {quote["bx"], quote["ax"]} <= now | {""}, quote


def _check_page(shown, allowed_at, now):
    for push in shown.of("trades"):
        for _, _, _, shares, venue, *_ in push["rows"]:
            assert LETTERS[venue] in (now | allowed_at.get(shares, set()))
    for push in shown.of("depth"):
        for row in (*push["bids"], *push["asks"]):
            assert LETTERS[row[3]] in now, push
    row = shown.rows.get(0)
    if row is not None and not row[2] & 16:
        for bits in (row[5], row[6]):
            assert all(LETTERS[venue] in now for venue in range(2) if bits >> venue & 1)


# --- the desk's pages -----------------------------------------------------------------------------------------


def log_in(sales, user):
    return httpx.Client(
        base_url=sales.running.url,
        cookies=dict(
            httpx.post(f"{sales.running.url}/api/session", json={"user": user, "password": PASSWORD}).cookies
        ),
    )


def test_a_user_sees_their_own_file_and_no_other(sales):
    with log_in(sales, "anna") as own:
        file = own.get("/api/entitlements").json()
        assert (file["user"], file["questionnaire"]["status"]) == ("anna", "non_professional")
        assert len(file["questionnaire"]["questions"]) == 12
        other = sales.number("bert")
        for path in ("subscribers", f"subscribers/{other}", "usage?month=2026-11"):
            refused = own.get(f"/api/entitlements/{path}")
            assert refused.status_code == 403, path
            assert "needs the permission 'entitlements'" in refused.json()["message"]
        for what, body in (
            ("grants", {"subscriber_id": file["subscriber_id"], "product": "TAPE-A"}),
            ("agreements", {"subscriber_id": other, "agreement": "ALPHA", "version": 1}),
            ("charges", {"month": "2026-10"}),
        ):
            assert own.post(f"/api/entitlements/{what}", json=body).status_code == 403, what
    assert httpx.get(f"{sales.running.url}/api/entitlements").status_code == 401


def test_a_user_answers_and_signs_and_the_desk_grants(sales):
    with log_in(sales, "bert") as own, log_in(sales, "desk") as desk:
        signed = own.post("/api/entitlements/agreements", json={"agreement": "ALPHA", "version": 1}).json()
        assert [row["signed_version"] for row in signed["agreements"] if row["code"] == "ALPHA"] == [1]
        answered = own.post(
            "/api/entitlements/questionnaire", json={"version": 1, "answers": [True] + [False] * 11}
        )
        assert answered.json()["questionnaire"]["status"] == "professional"
        refused = own.post("/api/entitlements/questionnaire", json={"version": 1, "answers": [True]})
        assert refused.status_code == 422
        assert refused.json()["message"] == "12 questions need as many answers, not 1"
        number = sales.number("bert")
        granted = desk.post(
            "/api/entitlements/grants", json={"subscriber_id": number, "product": "TAPE-A", "displays_max": 3}
        )
        assert [row["displays_max"] for row in granted.json()["history"] if row["product"] == "TAPE-A"] == [3]
        lines = desk.get("/api/entitlements/subscribers").json()["subscribers"]
        assert "TAPE-A" in next(line["products"] for line in lines if line["user"] == "bert")
        taken = desk.post(
            "/api/entitlements/revocations",
            json={"subscriber_id": number, "product": "TAPE-A", "reason": "asked"},
        )
        assert taken.json()["history"][0]["reason"] == "asked"


@pytest.mark.parametrize(
    ("what", "body", "status", "words"),
    [
        ("grants", {"product": "TAPE-A"}, 422, "subscriber_id is required"),
        (
            "grants",
            {"subscriber_id": 1, "product": "TAPE-A", "use": "both"},
            422,
            "display or non_display would pass",
        ),
        ("grants", {"subscriber_id": 99, "product": "TAPE-A"}, 422, "there is no subscriber 99"),
        ("charges", {"month": "November"}, 422, "month 'November' is not a month such as '2026-11'"),
        ("subscribers", {"user": "x", "account_id": "seven"}, 422, "account_id"),
    ],
)
def test_a_bad_question_is_answered_in_words(sales, what, body, status, words):
    with log_in(sales, "desk") as desk:
        answer = desk.post(f"/api/entitlements/{what}", json=body)
        assert answer.status_code == status, answer.text
        assert words in answer.json()["message"]
        foreign = desk.post(
            f"/api/entitlements/{what}", json=body, headers={"Origin": "https://elsewhere.example"}
        )
        assert foreign.status_code == 403


def test_a_fee_stands_among_the_account_s_activities(sales):
    sales.only("anna", "TAPE-C")
    sales.running.call(sales.desk.set_day, "2026-12-01")
    with log_in(sales, "desk") as desk:
        charged = desk.post("/api/entitlements/charges", json={"month": "2026-11"}).json()
    assert {row["account_id"] for row in charged["charges"]} >= {ACCOUNT}
    rows = httpx.get(f"{sales.running.url}/v2/account/activities/FEE", headers=KEY_HEADERS).json()
    amounts = {row["description"]: row["net_amount"] for row in rows}
    assert amounts["Market data 2026-11: TAPE-C, non-professional"] == "-1.00"
    other = {"APCA-API-KEY-ID": OTHER_KEY, "APCA-API-SECRET-KEY": OTHER_SECRET}
    theirs = httpx.get(f"{sales.running.url}/v2/account/activities/FEE", headers=other).json()
    assert all(row["description"].endswith(" professional") for row in theirs)
