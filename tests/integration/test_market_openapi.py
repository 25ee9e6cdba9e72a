"""The data routes as their own document describes them: whatever is asked, the answer is JSON, and never a defect of ours."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from api_house import KEY, SECRET
from served_house import served

HEADERS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
DATA_ROUTES = r"^/(v2/stocks|v1/market|v1beta1/screener)"


@pytest.fixture(scope="module")
def data_schema():
    with served() as running:
        document = httpx.get(f"{running.url}/schema/openapi.json").json()
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=running.url)
        yield schema.include(path_regex=DATA_ROUTES)


def test_no_question_about_data_is_answered_with_a_defect(data_schema):
    for result in data_schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            derandomize=True,
            database=None,
        )
        @given(case=operation.as_strategy())
        def ask(case):
            response = case.call(headers=HEADERS)
            told = f"{case.method} {case.path} {case.query}: {response.status_code} {response.text[:300]}"
            assert response.status_code in {200, 400, 404, 405, 422}, told
            body = response.json()
            assert response.status_code == 200 or set(body) >= {"code", "message"}, told

        ask()


def test_every_data_route_is_in_the_document(data_schema):
    paths = {operation.ok().path for operation in data_schema.get_all_operations()}
    assert {
        "/v2/stocks/bars",
        "/v2/stocks/{symbol}/trades",
        "/v2/stocks/quotes/latest",
        "/v2/stocks/snapshots",
        "/v2/stocks/meta/conditions/{ticktype}",
        "/v1beta1/screener/stocks/most-actives",
        "/v1/market/download",
    } <= paths
