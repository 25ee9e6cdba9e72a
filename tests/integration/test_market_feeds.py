"""What the names of feeds show: every venue, the one an operator says, and in words why others are not here."""

from __future__ import annotations

import asyncio
import contextlib
import json

import httpx
import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from api_house import AAPL, KEY, SECRET
from rushtrade.api.limits import Limits
from served_house import served
from support.waiting import PATIENCE_S

KEYS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}


@pytest.fixture(scope="module", params=["", "XNAS", "ARCA"])
def venue_and_prices(request):
    """A market of two venues whose best bids differ; what the feeds say of it."""
    bounds = Limits(1e6, 10**6, iex_venue=request.param)
    with served(limits=bounds) as server:
        feed = server.house.feed
        server.call(feed.order, 0, AAPL, "B", 1_872_500, 100)
        server.call(feed.order, 1, AAPL, "B", 1_872_600, 100)

        def bid(name):
            asked = httpx.get(
                f"{server.url}/v2/stocks/AAPL/quotes/latest",
                params={"feed": name},
                headers=KEYS,
                timeout=PATIENCE_S,
            )
            return asked.json()["quote"]["bp"]

        yield request.param, {name: bid(name) for name in ("sip", "iex")}


def test_iex_is_the_venue_an_operator_says_and_else_what_sip_is(venue_and_prices):
    venue, prices = venue_and_prices
    assert prices["sip"] == 187.26
    assert prices["iex"] == {"": 187.26, "XNAS": 187.25, "ARCA": 187.26}[venue]


@pytest.fixture(scope="module")
def server():
    with served() as running:
        yield running


@pytest.mark.parametrize("feed", ["otc", "boats", "overnight", "test"])
def test_a_feed_that_is_not_carried_is_refused_with_the_reason(server, feed):
    asked = httpx.get(
        f"{server.url}/v2/stocks/AAPL/quotes/latest", params={"feed": feed}, headers=KEYS, timeout=PATIENCE_S
    )
    assert asked.status_code == 400
    assert f"feed '{feed}' is not carried" in asked.json()["message"]

    async def listen():
        async with websockets.connect(f"{server.ws_url}/v2/{feed}", additional_headers=KEYS) as socket:
            heard = []
            async with asyncio.timeout(PATIENCE_S):
                with contextlib.suppress(ConnectionClosed):
                    while True:
                        heard += json.loads(await socket.recv())
            return heard, socket.close_code

    heard, code = asyncio.run(listen())
    refusals = [each for each in heard if each["T"] == "error"]
    assert refusals[0]["code"] == 409
    assert "sip, iex, delayed_sip would pass" in refusals[0]["msg"]
    assert code == 4409
