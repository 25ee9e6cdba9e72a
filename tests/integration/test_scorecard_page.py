"""The scorecard of a running house: for whoever operates it, as a page and as JSON, growing with the journal."""

from __future__ import annotations

import httpx

from support.itch_pieces import generated
from support.up_process import quick_directory, up


def test_a_running_house_shows_what_its_orders_cost(tmp_path):
    market = tmp_path / "market.itch"
    market.write_bytes(generated(stocks=1, seconds=20))
    with quick_directory() as directory, up(directory, "--market", str(market), "--speed", "max") as house:
        assert house.get("/v1/scorecard")["by"] == "route"
        assert house.get("/v1/scorecard", by="strategy")["orders"] >= 0
        own = house.get("/v1/scorecard/own", by="symbol")
        assert (own["by"], own["orders"]) == ("symbol", 0)
        foreign = house.client.get("/v1/scorecard/own", params={"account_id": "999"})
        assert foreign.status_code == 404
        assert house.client.get("/v1/scorecard/own", params={"account_id": "me"}).status_code == 422
        page = house.client.get("/scorecard", params={"by": "symbol"})
        assert page.status_code == 200
        assert "execution quality by symbol" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        wrong = house.client.get("/v1/scorecard", params={"by": "weekday"})
        assert (wrong.status_code, "route, strategy, symbol would pass" in wrong.text) == (422, True)
        assert httpx.get(f"{house.client.base_url}/v1/scorecard").status_code == 401
        assert house.end() == 0
