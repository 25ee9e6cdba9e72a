"""The public alpaca-py client trades here by its base URL alone."""

import datetime as dt
import uuid

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetCalendarRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)

from api_house import KEY, OTHER_KEY, OTHER_SECRET, SECRET
from served_house import served


@pytest.fixture(scope="module")
def server():
    with served() as running:
        yield running


@pytest.fixture
def client(server):
    return TradingClient(KEY, SECRET, url_override=server.url)


def limit_buy(price=187.24, qty=10, **more):
    return LimitOrderRequest(
        symbol="AAPL", qty=qty, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=price, **more
    )


def number_of(order):
    return int(str(order.id)[-12:], 16)


def refusal(function, *arguments):
    with pytest.raises(APIError) as caught:
        function(*arguments)
    return caught.value.status_code, caught.value.code, caught.value.message


def test_the_account_shows_money_as_exact_text(client):
    account = client.get_account()
    assert (account.account_number, account.status.value, account.multiplier) == ("RT000007", "ACTIVE", "2")
    assert account.currency == "USD"
    assert "." in account.cash


def test_an_order_is_answered_as_taken_and_found_by_both_ids(client):
    order = client.submit_order(limit_buy(client_order_id="alpaca-1"))
    assert (order.status, order.filled_qty, order.qty, order.limit_price) == (
        OrderStatus.NEW,
        "0",
        "10",
        "187.24",
    )
    assert client.get_order_by_id(order.id).id == order.id
    assert client.get_order_by_client_id("alpaca-1").id == order.id


def test_a_fill_shows_on_order_position_and_activities(server, client):
    order = client.submit_order(limit_buy(price=187.26, qty=10))
    server.call(server.house.fill, number_of(order), 4, 1_872_600)
    partly = client.get_order_by_id(order.id)
    assert (partly.status, partly.filled_qty, partly.filled_avg_price) == (
        OrderStatus.PARTIALLY_FILLED,
        "4",
        "187.26",
    )
    server.call(server.house.fill, number_of(order), 6, 1_872_500)
    done = client.get_order_by_id(order.id)
    assert (done.status, done.filled_avg_price) == (OrderStatus.FILLED, "187.254")
    assert done.filled_at is not None
    position = client.get_open_position("AAPL")
    assert (position.qty, position.side.value, position.avg_entry_price) == ("10", "long", "187.254")
    assert [each.symbol for each in client.get_all_positions()] == ["AAPL"]
    newest = client.get("/account/activities", {"activity_types": "FILL", "page_size": 2})
    assert [row["qty"] for row in newest] == ["6", "4"]
    assert newest[0]["leaves_qty"] == "0"


def test_activity_pages_end(client):
    seen, token = [], None
    while True:
        page = client.get("/account/activities", {"page_size": 2, "page_token": token})
        if not page:
            break
        seen += [row["id"] for row in page]
        token = page[-1]["id"]
        assert len(seen) < 100
    assert len(seen) == len(set(seen))
    assert len(seen) >= 3


def test_a_position_is_closed_in_part_and_whole(server, client):
    order = client.close_position("AAPL", ClosePositionRequest(qty="4"))
    assert (order.side, order.qty) == (OrderSide.SELL, "4")
    server.call(server.house.fill, number_of(order), 4, 1_872_400)
    half = client.close_position("AAPL", ClosePositionRequest(percentage="50"))
    assert half.qty == "3"
    server.call(server.house.fill, number_of(half), 3, 1_872_400)
    rest = client.close_all_positions(cancel_orders=True)
    assert [(each.status, each.symbol) for each in rest] == [(200, "AAPL")]
    server.call(server.house.fill, number_of(rest[0].body), 3, 1_872_400)
    assert client.get_all_positions() == []
    assert refusal(client.get_open_position, "AAPL") == (404, 40410000, "position does not exist")


def test_a_replace_gives_a_new_order_that_names_the_old_one(client):
    order = client.submit_order(limit_buy())
    new = client.replace_order_by_id(order.id, ReplaceOrderRequest(qty=20, limit_price=187.2))
    assert (new.replaces, new.qty, new.limit_price) == (order.id, "20", "187.20")
    old = client.get_order_by_id(order.id)
    assert (old.status, old.replaced_by) == (OrderStatus.REPLACED, new.id)
    assert old.replaced_at is not None
    client.cancel_order_by_id(new.id)


def test_a_cancel_is_taken_once(client):
    order = client.submit_order(limit_buy())
    client.cancel_order_by_id(order.id)
    assert client.get_order_by_id(order.id).status is OrderStatus.CANCELED
    assert refusal(client.cancel_order_by_id, order.id) == (
        422,
        42210000,
        'order is already in "canceled" state',
    )


def test_cancel_all_names_every_order_once(client):
    client.cancel_orders()
    orders = {client.submit_order(limit_buy()).id for _ in range(3)}
    canceled = client.cancel_orders()
    assert {row.id for row in canceled} == orders
    assert {row.status for row in canceled} == {200}
    assert client.get_orders() == []


def test_orders_are_listed_by_status_time_side_and_symbol(client):
    client.cancel_orders()
    first = client.submit_order(limit_buy())
    second = client.submit_order(
        LimitOrderRequest(
            symbol="MSFT", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, limit_price=401
        )
    )
    assert [row.id for row in client.get_orders()] == [second.id, first.id]
    ask = GetOrdersRequest(status=QueryOrderStatus.OPEN, symbols=["MSFT"], side=OrderSide.SELL, nested=True)
    assert [row.id for row in client.get_orders(ask)] == [second.id]
    since = GetOrdersRequest(status=QueryOrderStatus.ALL, after=first.submitted_at, direction="asc", limit=10)
    assert first.id in {row.id for row in client.get_orders(since)} or second.id in {
        row.id for row in client.get_orders(since)
    }
    closed = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, limit=500))
    assert {first.id, second.id} & {row.id for row in closed} == set()


def test_stop_limit_orders_wait_at_the_house(client):
    order = client.submit_order(
        StopLimitOrderRequest(
            symbol="AAPL",
            qty=5,
            side=OrderSide.BUY,
            time_in_force=TimeInForce.GTC,
            stop_price=190,
            limit_price=191,
        )
    )
    assert (order.status, order.stop_price, order.limit_price) == (OrderStatus.NEW, "190.00", "191.00")


@pytest.mark.parametrize(
    ("request_data", "said"),
    [
        (
            MarketOrderRequest(symbol="AAPL", notional=100, side="buy", time_in_force="day"),
            "notional orders are not taken",
        ),
        (
            MarketOrderRequest(symbol="AAPL", qty=1.5, side="buy", time_in_force="day"),
            "fractional shares are not taken",
        ),
        (
            TrailingStopOrderRequest(
                symbol="AAPL", qty=1, side="sell", time_in_force="day", trail_percent=1.0
            ),
            "trailing stop orders are not taken",
        ),
        (
            MarketOrderRequest(
                symbol="AAPL",
                qty=1,
                side="buy",
                time_in_force="day",
                order_class="bracket",
                take_profit=TakeProfitRequest(limit_price=200),
                stop_loss=StopLossRequest(stop_price=100),
            ),
            "bracket orders with legs are not taken",
        ),
        (
            MarketOrderRequest(symbol="AAPL", qty=1, side="buy", time_in_force="day", extended_hours=True),
            "extended_hours is for limit orders",
        ),
        (
            MarketOrderRequest(symbol="AAPL", qty=1, side="buy", time_in_force="opg"),
            "time_in_force 'opg' is not taken",
        ),
        (limit_buy(price=187.251), "limit price is no multiple"),
        (limit_buy(price=187.25101), "sub-penny increment does not fulfill minimum pricing criteria"),
        (
            MarketOrderRequest(symbol="NOPE", qty=1, side="buy", time_in_force="day"),
            "asset 'NOPE' is not found",
        ),
    ],
)
def test_what_is_not_served_is_refused_with_what_would_pass(client, request_data, said):
    status, code, message = refusal(client.submit_order, request_data)
    assert (status, code) == (422, 42210000)
    assert said in message
    assert "would pass" in message or "pricing" in message or "multiple" in message


def test_a_client_order_id_is_unique_for_ever(client):
    unique = f"twice-{uuid.uuid4()}"
    client.submit_order(limit_buy(client_order_id=unique))
    status, code, message = refusal(client.submit_order, limit_buy(client_order_id=unique))
    assert (status, code) == (422, 40010001)
    assert "must be unique" in message


def test_buying_power_is_a_403_that_says_how_much_there_is(client):
    with pytest.raises(APIError) as caught:
        client.submit_order(limit_buy(price=187.24, qty=100_000))
    assert caught.value.status_code == 403
    assert caught.value.code == 40310000
    assert caught.value.response.json()["buying_power"]


def test_another_accounts_order_does_not_exist(server, client):
    order = client.submit_order(limit_buy())
    other = TradingClient(OTHER_KEY, OTHER_SECRET, url_override=server.url)
    for function in (other.get_order_by_id, other.cancel_order_by_id, other.replace_order_by_id):
        assert refusal(function, order.id)[0] == 404
    assert order.id not in {row.id for row in other.get_orders(GetOrdersRequest(status="all"))}
    client.cancel_order_by_id(order.id)


def test_a_wrong_key_is_an_error_with_code_and_message(server):
    stranger = TradingClient("nobody", "nothing", url_override=server.url)
    assert refusal(stranger.get_account) == (401, 40110000, "request is not authorized")


def test_assets_clock_and_calendar_are_of_the_market(client):
    assets = client.get_all_assets()
    assert [asset.symbol for asset in assets] == ["AAPL", "MSFT", "PINKY"]
    assert client.get_asset("AAPL").id == client.get_asset(client.get_asset("AAPL").id).id
    assert refusal(client.get_asset, "NOPE")[0] == 404
    clock = client.get_clock()
    assert clock.is_open
    assert clock.timestamp.utcoffset() == dt.timedelta(hours=-5)
    days = client.get_calendar(GetCalendarRequest(start=dt.date(2026, 11, 23), end=dt.date(2026, 11, 27)))
    assert [(day.date.day, day.close.hour) for day in days] == [(23, 16), (24, 16), (25, 16), (27, 13)]


def test_configuration_and_history_answer_in_the_clients_types(client):
    configuration = client.get_account_configurations()
    assert client.set_account_configurations(configuration) == configuration
    assert (
        refusal(client.set_account_configurations, configuration.model_copy(update={"no_shorting": True}))[0]
        == 422
    )
    history = client.get_portfolio_history(GetPortfolioHistoryRequest(period="1D", timeframe="1Min"))
    assert len(history.timestamp) == len(history.equity) == len(history.profit_loss)
