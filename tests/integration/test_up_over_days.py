"""`rushtrade up` when its market ends: a recorded file closes and the house stays; a generated day turns into the next."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from rushtrade.cli.main import command_line
from support.itch_pieces import first_seconds, generated, unpacked
from support.up_process import quick_directory, up
from support.waiting import COMMAND_S

HOUR = "itch/AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz"
CLOSED = "the market is closed; a GTC order would be taken and wait for the open"
FAR = {"symbol": "AAPL", "side": "buy", "type": "limit", "qty": "10", "limit_price": "560.00"}


def is_closed(house):
    return not house.get("/v2/clock")["is_open"]


def statuses(house):
    return {row["client_order_id"]: row["status"] for row in house.get("/v2/orders", status="all")}


def trial_lines(directory):
    done = CliRunner().invoke(
        command_line(["report"]), ["report", "trial-balance", "--data", str(directory), "--json"]
    )
    told = json.loads(done.stdout)
    assert told["balanced"] is True
    return {(line["asset"], line["account"]) for line in told["lines"]}


@pytest.fixture(scope="module")
def forty_seconds(shared_data, tmp_path_factory):
    file = tmp_path_factory.mktemp("market") / "AAPL_forty_seconds.itch"
    file.write_bytes(first_seconds(unpacked(shared_data / HOUR), 40))
    return file


@pytest.mark.market_data
def test_a_recorded_market_closes_when_its_file_ends_and_the_next_start_is_the_next_trade_date(
    forty_seconds, tmp_path
):
    other = tmp_path / "one_other_stock.itch"
    other.write_bytes(generated(stocks=1, seconds=2))
    with quick_directory() as directory:
        with up(directory, "--market", str(forty_seconds), "--speed", "2") as house:
            friday(house)
            assert house.end() == 0
        assert ("AAPL", "customer unsettled") in trial_lines(directory)
        with up(directory, "--market", str(forty_seconds), "--speed", "max") as house:
            monday(house)
            assert house.end() == 0
        assert ("AAPL", "customer settled") in trial_lines(directory), "T+1"
        assert ("AAPL", "customer unsettled") not in trial_lines(directory)
        with up(directory, "--market", str(other), "--speed", "max") as house:
            tuesday(house)
            assert house.end() == 0


def two_sided(house):
    answer = house.client.get("/v2/stocks/AAPL/quotes/latest")
    quote = answer.json().get("quote", {}) if answer.status_code == 200 else {}
    return quote.get("bp", 0) > 0 and quote.get("ap", 0) > 0


def friday(house):
    """The market of a file, from its open to its end; the house stays up."""
    told = house.market()
    assert (told["source"], told["label"], told["state"]) == ("recorded", "AAPL_forty_seconds.itch", "open")
    house.wait_until(lambda: two_sided(house), "a quote")
    for body in (
        FAR | {"client_order_id": "gtc", "time_in_force": "gtc"},
        FAR | {"client_order_id": "day"},
        {"symbol": "AAPL", "side": "buy", "type": "market", "qty": "10", "client_order_id": "bought"},
    ):
        answer = house.order(**body)
        assert answer.status_code == 200, answer.text
    house.wait_until(lambda: is_closed(house), "the end of the file")
    told = house.market()
    assert (told["state"], told["message"]) == (
        "closed",
        "the market closed when AAPL_forty_seconds.itch ended",
    )
    assert told["progress"] == 1.0
    assert house.get("/v2/clock")["next_open"][:10] > told["trade_date"]
    assert statuses(house) == {"gtc": "new", "day": "expired", "bought": "filled"}
    for refused in (
        FAR | {"limit_price": "585.00"},
        FAR | {"time_in_force": "ioc"},
        {"symbol": "AAPL", "side": "sell", "type": "market", "qty": "10"},
    ):
        answer = house.order(**refused)
        assert (answer.status_code, answer.json()["message"]) == (403, CLOSED)
    late = house.order(**FAR, client_order_id="late", time_in_force="gtc")
    assert late.status_code == 200
    assert house.client.delete(f"/v2/orders/{late.json()['id']}").status_code == 204
    assert statuses(house)["late"] == "canceled"
    assert house.client.get("/").status_code == 200
    (position,) = house.get("/v2/positions")
    assert position["qty"] == "10"


def monday(house):
    """The next trade date: what waited works again, and the day's profit begins anew."""
    dates = house.get("/v2/calendar", start="2026-11-01", end="2027-12-31")
    sessions = [row["date"] for row in dates]
    house.wait_until(lambda: is_closed(house), "the end of the file")
    last = house.market()["trade_date"]
    filled = house.get("/v2/orders:by_client_order_id", client_order_id="bought")["filled_at"][:10]
    assert sessions.index(last) == sessions.index(filled) + 1
    assert statuses(house) | {"gtc": "new", "day": "expired"} == statuses(house)
    account = house.get("/v2/account")
    assert account["equity"] == account["last_equity"], "the same prices as at the close before"
    (position,) = house.get("/v2/positions")
    assert float(position["unrealized_intraday_pl"]) == 0.0


def tuesday(house):
    """A market without the stock that is held: the house knows it, values it and shows no quote of today."""
    house.wait_until(lambda: is_closed(house), "the end of the file")
    (position,) = house.get("/v2/positions")
    assert (position["symbol"], position["qty"]) == ("AAPL", "10")
    assert float(position["current_price"]) > 500
    assert house.client.get("/v2/stocks/AAPL/quotes/latest").status_code in {200, 404}
    assert house.client.get("/v2/stocks/SPY/quotes/latest").status_code == 200
    refused = house.order(symbol="AAPL", side="sell", type="market", qty="10")
    assert refused.status_code == 403


@pytest.mark.slow
def test_a_generated_day_turns_into_the_next_trade_date():
    """The day after Thanksgiving closes at 13:00: three and a half hours as fast as they go."""
    with quick_directory() as directory:
        with up(directory, "--speed", "10000", "--date", "2026-11-27", "--seed", "5") as house:
            bought = house.order(
                symbol="SPY", side="buy", type="market", qty="10", client_order_id="bought"
            ).json()
            assert bought["symbol"] == "SPY"
            far = {"symbol": "SPY", "side": "buy", "type": "limit", "qty": "1", "limit_price": "600.00"}
            house.order(**far, time_in_force="gtc", client_order_id="gtc")
            house.order(**far, client_order_id="day")
            house.wait_until(lambda: house.market()["trade_date"] == "2026-11-30", "the next day", COMMAND_S)
            assert is_closed(house) is False
            assert statuses(house) == {"bought": "filled", "gtc": "new", "day": "expired"}
            for symbol in ("SPY", "RUSH"):
                quote = house.wait_until(lambda name=symbol: fresh(house, name), f"a quote of {symbol}")
                assert 0 < quote["bp"] < quote["ap"]
            (position,) = house.get("/v2/positions")
            assert abs(float(position["unrealized_intraday_pl"])) < 500
            expired = house.get("/v2/orders:by_client_order_id", client_order_id="day")
            assert expired["expired_at"].startswith("2026-11-27T18:00")
            assert house.order(symbol="SPY", side="sell", type="market", qty="10").status_code == 200
            house.wait_until(lambda: house.get("/v2/positions") == [], "the sale")
            assert house.end() == 0
        assert ("USD", "customer unsettled") in trial_lines(directory)


def fresh(house, symbol):
    answer = house.client.get(f"/v2/stocks/{symbol}/quotes/latest")
    quote = answer.json()["quote"] if answer.status_code == 200 else {"t": ""}
    return quote if quote["t"].startswith("2026-11-30") else None
