"""Bad input: no answer is a 5xx, nothing bad is taken, nobody unknown comes in, and every answer is JSON."""

import json
import re
import uuid
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from api_house import (
    AAPL,
    ACCOUNT,
    DESK_KEY,
    DESK_SECRET,
    KEY,
    OTHER_KEY,
    OTHER_SECRET,
    READER_KEY,
    READER_SECRET,
    SECRET,
    standing_house,
)
from rushtrade.api.ports import Limits
from rushtrade.app.application import build
from rushtrade.domain.commands import ForgetRoutes
from rushtrade.domain.errors import HouseBusy, HouseStopped

ROOT = Path(__file__).resolve().parents[3]
KEYS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
GOOD = {
    "symbol": "AAPL",
    "qty": "1",
    "side": "buy",
    "type": "limit",
    "limit_price": "187.24",
    "time_in_force": "day",
}


@pytest.fixture(scope="module")
def house():
    return standing_house()


@pytest.fixture(scope="module")
def client(house):
    with TestClient(build(house.ports())) as running:
        yield running


def is_refusal(response):
    body = response.json()
    assert 400 <= response.status_code < 500, (response.status_code, body)
    assert isinstance(body["code"], int)
    assert isinstance(body["message"], str)
    assert body["message"]
    return body


def paths(client):
    """Every method and path of the public API, its parameters filled in."""
    values = dict.fromkeys(("order_id", "symbol", "code", "activity_type", "first", "watchlist_id"), "AAPL")
    values |= {"kind": "bars", "second": "bars", "ticktype": "trades", "market": "stocks"}
    document = client.app.openapi_schema.to_schema()["paths"]
    return [
        (method.upper(), path.format_map(values)) for path, methods in document.items() for method in methods
    ]


def test_every_endpoint_refuses_every_wrong_key(client):
    strangers = [
        {},
        {"APCA-API-KEY-ID": KEY},
        {"APCA-API-SECRET-KEY": SECRET},
        {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": OTHER_SECRET},
        {"APCA-API-KEY-ID": "nobody", "APCA-API-SECRET-KEY": SECRET},
        {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": "x" * 10_000},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer abc"},
    ]
    endpoints = paths(client)
    assert len(endpoints) > 25
    for method, path in endpoints:
        for headers in strangers:
            response = client.request(
                method, path, headers=headers, json=GOOD if method in {"POST", "PATCH"} else None
            )
            assert response.status_code == 401, (method, path, headers)
            assert response.json() == {"code": 40110000, "message": "request is not authorized"}


def test_http_basic_with_the_same_two_values_is_taken(client):
    assert client.get("/v2/account", auth=(KEY, SECRET)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/orders"),
        ("DELETE", "/v2/orders"),
        ("DELETE", "/v2/positions"),
        ("POST", "/rushtrade/v1/routes/NASDAQ"),
    ],
)
def test_a_reader_may_not_act(client, method, path):
    headers = {"APCA-API-KEY-ID": READER_KEY, "APCA-API-SECRET-KEY": READER_SECRET}
    body = is_refusal(client.request(method, path, headers=headers, json=GOOD if method == "POST" else None))
    assert body["code"] == 40310000


def test_the_desk_may_switch_routes_and_a_trader_may_not(client, house):
    body = {"enabled": False, "reason": "drill"}
    assert client.post("/rushtrade/v1/routes/NASDAQ", headers=KEYS, json=body).status_code == 403
    desk = {"APCA-API-KEY-ID": DESK_KEY, "APCA-API-SECRET-KEY": DESK_SECRET}
    answer = client.post("/rushtrade/v1/routes/NASDAQ", headers=desk, json=body)
    assert (answer.json()["enabled"], answer.json()["reason"]) == (False, "drill")
    assert house.store.image.routes[0].enabled == 0
    assert client.post("/rushtrade/v1/routes/NOPE", headers=desk, json=body).status_code == 404


def test_what_was_learned_of_a_route_is_forgotten_by_who_may_switch_routes(client, house):
    path = "/rushtrade/v1/routes/{}/forget"
    assert client.post(path.format("NASDAQ"), headers=KEYS, json={}).status_code == 403
    desk = {"APCA-API-KEY-ID": DESK_KEY, "APCA-API-SECRET-KEY": DESK_SECRET}
    answers = [
        client.post(path.format(code), headers=desk, json={"reason": "a new pool"})
        for code in ("NASDAQ", "ALL", "NOPE")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert "ALL means every one" in answers[-1].json()["message"]
    told = [
        entry.command
        for frame in house.frames
        for entry in frame.entries
        if isinstance(entry.command, ForgetRoutes)
    ]
    assert told == [ForgetRoutes(0, "a new pool"), ForgetRoutes(-1, "a new pool")]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BAD = {
    "symbol": st.one_of(st.integers(), st.lists(st.text()), st.text(max_size=40).filter(lambda text: text not in {"AAPL", "MSFT", "PINKY"})),
    "qty": st.sampled_from([0, -1, "0", "-5", "1.5", "abc", "", "1e3", True, [], {}, 10**30, "9" * 50, 1e300, 0.1]),
    "side": st.sampled_from(["hold", "BUY", "", 1, None, True, []]),
    "type": st.sampled_from(["Limit", "iceberg", "trailing_stop", "", 0, None]),
    "limit_price": st.sampled_from([0, -1, "-187.24", "NaN", "inf", "1e5", 187.12345, "187.123456789", True, [], "99999999999", 10**40, None]),
    "time_in_force": st.sampled_from(["DAY", "opg", "cls", "gtd", "", None, 1]),
    "stop_price": st.sampled_from(["1", 5, "-1", "x"]),
    "notional": st.sampled_from([1, "100", "x", 0]),
    "extended_hours": st.sampled_from(["true", 1, []]),
    "order_class": st.sampled_from(["bracket", "oco", "oto", "mleg", "x", 5]),
    "take_profit": st.just({"limit_price": "200"}),
    "stop_loss": st.just({"stop_price": "100"}),
    "trail_price": st.sampled_from([1, "2"]),
    "position_intent": st.sampled_from(["buy_to_open", "x"]),
    "client_order_id": st.sampled_from(["x" * 129, "\u0000", "a\nb", 5, [], "\ud800"]),
    "advanced_instructions": st.sampled_from([5, [], {"destination": 5}, {"algorithm": "VWAP"}, {"display_qty": "x"}, {"display_qty": -1}, {"destination": "x" * 40}, {"destination": "NOPE"}, {"capacity": "broker"}, {"capacity": "principal"}, {"short_exempt": True}, {"not_held": 1}]),
}  # fmt: skip


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), names=st.sets(st.sampled_from(sorted(BAD)), min_size=1, max_size=3))
def test_an_order_with_one_bad_field_is_never_taken(client, house, data, names):
    body = dict(GOOD)
    for name in sorted(names):
        body[name] = data.draw(BAD[name], label=name)
    before = house.seq
    response = client.post("/v2/orders", headers=KEYS, content=json.dumps(body), follow_redirects=False)
    is_refusal(response)
    assert not house.store.image.open_of[ACCOUNT]
    assert house.seq - before <= 1


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    value=JSON,
    path=st.sampled_from(
        ["/v2/orders", "/v2/account/configurations", "/api/session", "/rushtrade/v1/routes/NASDAQ"]
    ),
)
def test_any_json_at_any_endpoint_is_answered_in_json_without_a_5xx(client, value, path):
    method = "PATCH" if path.endswith("configurations") else "POST"
    response = client.request(
        method, path, headers={**KEYS, "Content-Type": "application/json"}, content=json.dumps(value)
    )
    assert response.status_code < 500
    assert response.json() is not None


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(max_size=300))
def test_any_bytes_as_an_order_are_a_400(client, raw):
    response = client.post("/v2/orders", headers=KEYS, content=raw)
    assert is_refusal(response)["code"] in {40010000, 40010001}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_query_is_answered_without_a_5xx(client, data):
    parameters = {
        "/v2/orders": ["status", "limit", "after", "until", "direction", "symbols", "side", "after_order_id"],
        "/v2/account/activities": ["activity_types", "date", "after", "page_size", "page_token", "direction"],
        "/v2/account/portfolio/history": ["period", "timeframe", "start", "end"],
        "/v2/calendar": ["start", "end", "date_type"],
        "/v2/assets": ["status", "exchange"],
        "/v2/orders:by_client_order_id": ["client_order_id"],
        "/v2/stocks/bars": ["symbols", "timeframe", "start", "end", "limit", "page_token", "sort"],
        "/v2/stocks/trades": ["symbols", "start", "end", "limit", "page_token"],
        "/v2/stocks/quotes/latest": ["symbols", "currency"],
        "/v2/stocks/snapshots": ["symbols"],
    }
    path = data.draw(st.sampled_from(sorted(parameters)))
    likely = st.sampled_from(
        ["AAPL", "1", "-1", "0", "2026-11-20", "9999-12-31", "0001-01-01", "2026-11-20T10:00:00Z", "asc", "desc",
         "1Min", "1Day", "1M", "open", "all", "true", "", "FILL", "%", "QUFQTHwx", "99999999999999999999"]
    )  # fmt: skip
    query = {
        name: data.draw(likely | st.text(max_size=20))
        for name in parameters[path]
        if data.draw(st.booleans())
    }
    query = {name: value.encode(errors="replace").decode() for name, value in query.items()}
    response = client.get(path, headers=KEYS, params=query)
    assert response.status_code < 500, (path, query, response.text)
    assert response.json() is not None


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/?#"), min_size=1, max_size=40
    )
)
def test_names_in_paths_that_mean_nothing_are_404(client, name):
    for method, path in (
        ("GET", "/v2/orders/{}"),
        ("DELETE", "/v2/orders/{}"),
        ("GET", "/v2/assets/{}"),
        ("GET", "/v2/positions/{}"),
    ):
        if name in {".", "..", "AAPL", "MSFT", "PINKY"}:
            continue
        response = client.request(method, path.format(quote(name, safe="")), headers=KEYS)
        assert response.status_code in {404, 405}, (name, response.text)
        is_refusal(response)


def test_a_body_over_64_kb_is_413(client):
    big = json.dumps({**GOOD, "client_order_id": "x" * 70_000})
    response = client.post("/v2/orders", headers=KEYS, content=big)
    assert response.status_code == 413
    assert is_refusal(response)["message"] == "request body is larger than 64 KB"


@pytest.mark.parametrize(
    "path", ["/v2/nothing", "/v3/orders", "/v2/orders/x/y/z", "/no/such", "/favicon.txt", "/assets/none.js"]
)
def test_unknown_routes_answer_json(client, path):
    assert client.get(path, headers=KEYS).status_code == 404
    is_refusal(client.get(path, headers=KEYS))


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v2/orders"), ("POST", "/v2/account"), ("DELETE", "/v2/clock")]
)
def test_wrong_methods_answer_json(client, method, path):
    assert is_refusal(client.request(method, path, headers=KEYS))["code"] == 40500000


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/%2e%2e/%2e%2e/api/ports.py",
        "/assets/..%2f..%2fapi/ports.py",
    ],
)
def test_no_file_outside_the_bundle_is_served(client, path):
    assert client.get(path).status_code in {400, 404}


def test_nothing_redirects(client):
    for path in ("/v2/orders/", "/v2/account/", "/v2/stocks/bars/"):
        assert client.get(path, headers=KEYS, follow_redirects=False).status_code in {200, 400, 404}


def test_a_foreign_id_is_not_found_by_any_verb(client, house):
    order = client.post("/v2/orders", headers=KEYS, json=GOOD).json()
    other = {"APCA-API-KEY-ID": OTHER_KEY, "APCA-API-SECRET-KEY": OTHER_SECRET}
    strangers = [order["id"], str(uuid.uuid4()), "41", "x"]
    for text in strangers:
        for method, tail in (("GET", ""), ("DELETE", ""), ("PATCH", "")):
            response = client.request(
                method, f"/v2/orders/{text}{tail}", headers=other, json={} if method == "PATCH" else None
            )
            assert response.status_code == 404
            assert is_refusal(response)["code"] == 40410000
        assert client.get(f"/rushtrade/v1/orders/{text}/explanation", headers=other).status_code == 404
    assert client.delete(f"/v2/orders/{order['id']}", headers=KEYS).status_code == 204


def test_direct_access_is_an_instruction_of_the_order(client, house):
    body = {**GOOD, "qty": "300", "advanced_instructions": {"destination": "ARCA", "display_qty": "100"}}
    order = client.post("/v2/orders", headers=KEYS, json=body).json()
    details = client.get(f"/v2/orders/{order['id']}", headers=KEYS).json()["rushtrade"]
    assert (details["destination"], details["display_qty"]) == ("ARCA", "100")
    command, actor = house.commands[-1]
    assert (command.terms.route, command.terms.display_shares, command.terms.hidden) == ("ARCA", 100, False)
    assert actor == f"account:{ACCOUNT}/key:{KEY}"
    client.delete("/v2/orders", headers=KEYS)


def test_marks_of_an_order_are_kept_and_shown(client):
    marks = {"destination": "ARCA", "not_held": True, "capacity": "agency"}
    taken = client.post(
        "/v2/orders", headers=KEYS, json={**GOOD, "extended_hours": True, "advanced_instructions": marks}
    )
    assert taken.status_code == 200, taken.text
    assert taken.json()["extended_hours"] is True
    details = client.get(f"/v2/orders/{taken.json()['id']}", headers=KEYS).json()["rushtrade"]
    names = ("directed", "not_held", "capacity", "short_exempt")
    assert [details[name] for name in names] == [True, True, "agency", False]


@pytest.mark.parametrize("mark", [{"capacity": "principal"}, {"short_exempt": True}])
def test_marks_that_are_the_firms_to_set_need_its_permission(client, mark):
    answer = client.post(
        "/v2/orders", headers=KEYS, json={**GOOD, "side": "sell", "advanced_instructions": mark}
    )
    assert answer.status_code == 403
    assert "this needs the permission 'operate'" in answer.json()["message"]


def test_an_explanation_has_the_story_and_its_text(client):
    order = client.post("/v2/orders", headers=KEYS, json=GOOD).json()
    story = client.get(f"/rushtrade/v1/orders/{order['id']}/explanation", headers=KEYS).json()
    assert story["order"]["id"] == order["id"]
    assert story["text"]
    client.delete("/v2/orders", headers=KEYS)


def test_a_full_inbox_and_a_stopped_house_are_503_and_nothing_happened(client, house):
    house.busy = True
    try:
        response = client.post("/v2/orders", headers=KEYS, json=GOOD)
    finally:
        house.busy = False
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert "nothing was entered" in response.json()["message"]
    for fault in (HouseBusy("full"), HouseStopped("over")):

        async def fail(command, actor, fault=fault):
            raise fault

        with TestClient(build(ports_with(house, submit=fail))) as other:
            assert other.post("/v2/orders", headers=KEYS, json=GOOD).status_code == 503


def ports_with(house, **changes):
    return msgspec.structs.replace(house.ports(), **changes)


def test_a_defect_of_ours_says_no_more_than_that(house):
    async def fail(command, actor):
        raise RuntimeError("secret detail")

    with TestClient(build(ports_with(house, submit=fail)), raise_server_exceptions=False) as broken:
        response = broken.post("/v2/orders", headers=KEYS, json=GOOD)
    assert response.status_code == 500
    assert response.json() == {"code": 50010000, "message": "internal server error"}


def test_the_rate_is_told_and_kept(house):
    limits = Limits(requests_per_second=0.001, requests_burst=3)
    with TestClient(build(ports_with(house, limits=limits))) as slow:
        answers = [slow.get("/v2/clock", headers=KEYS) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert answers[0].headers["x-ratelimit-limit"] == "3"
    assert int(answers[3].headers["retry-after"]) > 1
    assert answers[3].json()["code"] == 42910000


def test_every_answer_carries_the_security_headers(client):
    written = (ROOT / "docs" / "protocols" / "workstation.md").read_text(encoding="utf-8")
    (policy,) = re.findall(r"^Content-Security-Policy: (.+)$", written, re.MULTILINE)
    for path in ("/", "/v2/clock", "/nothing/here", "/schema"):
        headers = client.get(path, headers=KEYS).headers
        assert headers["content-security-policy"] == policy
        assert headers["x-content-type-options"] == "nosniff"


def test_the_documents_are_served_from_here_and_name_every_field(client):
    document = client.get("/schema/openapi.json").json()
    body = document["paths"]["/v2/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"symbol", "qty", "side", "type", "time_in_force", "advanced_instructions"} <= set(
        body["properties"]
    )
    names = {each["name"] for each in document["paths"]["/v2/orders"]["get"]["parameters"]}
    assert {"status", "limit", "after", "until", "direction", "symbols"} <= names
    page = client.get("/schema").text
    assert "/v2/orders" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert client.get("/schema/openapi.yaml").status_code == 200


def test_health_and_metrics_need_no_key(client):
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/metrics").status_code == 200


def test_the_position_of_an_unknown_symbol_is_not_found(client):
    assert is_refusal(client.get("/v2/positions/NOPE", headers=KEYS))["code"] == 40410000
    assert (
        is_refusal(client.delete("/v2/positions/AAPL", headers=KEYS))["message"] == "position does not exist"
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [({"qty": "1", "percentage": "5"}, 422), ({"qty": "0"}, 422), ({"qty": "999"}, 403), ({"percentage": "0"}, 422),
     ({"percentage": "100.1"}, 422), ({"percentage": "-5"}, 422), ({"percentage": "0.000000001"}, 422), ({"percentage": "x"}, 422)],
)  # fmt: skip
def test_closing_more_or_less_than_there_is_is_refused(client, house, query, status):
    if not house.position(ACCOUNT, AAPL).shares:
        order = client.post("/v2/orders", headers=KEYS, json={**GOOD, "qty": "10"}).json()
        house.fill(int(order["id"][-12:], 16), 10, 1_872_400)
    response = client.delete("/v2/positions/AAPL", headers=KEYS, params=query)
    assert response.status_code == status
    is_refusal(response)
