"""Watchlists by the public client: made, changed, found by id and by name, kept over a restart, and nobody else's."""

import uuid

import httpx
import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.requests import CreateWatchlistRequest, UpdateWatchlistRequest

from api_house import KEY, OTHER_KEY, OTHER_SECRET, SECRET
from rushtrade.api.watchlist_file import Watchlists
from served_house import served


@pytest.fixture
def server(tmp_path):
    with served(watchlists=Watchlists(tmp_path / "watchlists.json")) as running:
        running.path = tmp_path / "watchlists.json"
        yield running


@pytest.fixture
def client(server):
    return TradingClient(KEY, SECRET, url_override=server.url)


def symbols(watchlist):
    return [asset.symbol for asset in watchlist.assets]


def test_a_list_lives_from_its_making_to_its_end(server, client):
    assert client.get_watchlists() == []
    made = client.create_watchlist(CreateWatchlistRequest(name="tech", symbols=["MSFT", "AAPL"]))
    assert symbols(made) == ["MSFT", "AAPL"], "the order is the owner's"
    (listed,) = client.get_watchlists()
    assert (listed.id, listed.name, listed.assets) == (made.id, "tech", None)
    grown = client.add_asset_to_watchlist_by_id(made.id, "PINKY")
    assert symbols(grown) == ["MSFT", "AAPL", "PINKY"]
    assert symbols(client.add_asset_to_watchlist_by_id(made.id, "PINKY")) == symbols(grown)
    assert symbols(client.remove_asset_from_watchlist_by_id(made.id, "AAPL")) == ["MSFT", "PINKY"]
    renamed = client.update_watchlist_by_id(made.id, UpdateWatchlistRequest(name="old", symbols=["AAPL"]))
    assert (renamed.name, symbols(renamed)) == ("old", ["AAPL"])
    assert symbols(client.get_watchlist_by_id(made.id)) == ["AAPL"]
    kept = Watchlists(server.path)
    assert [each.name for each in kept.of(7)] == ["old"]
    client.delete_watchlist_by_id(made.id)
    assert client.get_watchlists() == []
    assert Watchlists(server.path).of(7) == []


@pytest.mark.parametrize(
    ("name", "wanted", "said"),
    [
        ("", ["AAPL"], "printable characters"),
        ("x" * 65, ["AAPL"], "printable characters"),
        ("first", ["AAPL"], "must be unique"),
        ("third", ["NOPE"], "asset not found"),
    ],
)
def test_what_does_not_pass_is_named(client, name, wanted, said):
    client.create_watchlist(CreateWatchlistRequest(name="first", symbols=[]))
    with pytest.raises(APIError, match=said):
        client.create_watchlist(CreateWatchlistRequest(name=name, symbols=wanted))
    assert len(client.get_watchlists()) == 1


def test_a_list_is_found_by_its_name(server, client):
    client.create_watchlist(CreateWatchlistRequest(name="two words", symbols=["AAPL"]))
    headers = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
    with httpx.Client(base_url=server.url, headers=headers, params={"name": "two words"}) as raw:
        path = "/v2/watchlists:by_name"
        assert raw.get(path).json()["assets"][0]["symbol"] == "AAPL"
        assert len(raw.post(path, json={"symbol": "MSFT"}).json()["assets"]) == 2
        assert raw.put(path, json={"symbols": ["MSFT"]}).json()["assets"][0]["symbol"] == "MSFT"
        assert raw.delete(path).status_code == 204
        assert raw.get(path).status_code == 404


def test_another_account_s_list_does_not_exist(server, client):
    made = client.create_watchlist(CreateWatchlistRequest(name="mine", symbols=["AAPL"]))
    stranger = TradingClient(OTHER_KEY, OTHER_SECRET, url_override=server.url)
    assert stranger.get_watchlists() == []
    for attempt in (stranger.get_watchlist_by_id, stranger.delete_watchlist_by_id):
        with pytest.raises(APIError, match="watchlist not found"):
            attempt(made.id)
    with pytest.raises(APIError, match="watchlist not found"):
        client.get_watchlist_by_id(uuid.uuid4())
