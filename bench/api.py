"""What an order costs the API in Python: from ASGI scope to answer, the house's own decision left out.

The house answers at once with an outcome it has given before, so that identity, decoding, the quote stamp, and encoding
are what is measured. Beside it, alternately: the framework alone, with a handler that answers a constant.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Response, post

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from api_house import KEY, SECRET, standing_house
from rushtrade.app.application import build

ROUNDS = 5
REQUESTS = 1_000
BODY = json.dumps(
    {
        "symbol": "AAPL",
        "qty": "1",
        "side": "buy",
        "type": "limit",
        "limit_price": "187.24",
        "time_in_force": "day",
    }
).encode()


@post("/v2/orders")
async def answer_constant() -> Response[bytes]:
    return Response(b'{"id":"constant"}', media_type="application/json")


async def _seconds(app: Any, requests: int) -> float:
    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
        (b"apca-api-key-id", KEY.encode()),
        (b"apca-api-secret-key", SECRET.encode()),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v2/orders",
        "raw_path": b"/v2/orders",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    begins = time.process_time()
    for _ in range(requests):
        await app({**scope, "state": {}}, receive, send)
    took = time.process_time() - begins
    refused = [each for each in answers if each.get("status", 200) >= 300]
    if refused:
        raise RuntimeError(f"{len(refused)} requests were refused, the first with {refused[0]['status']}")
    return took


async def _measure() -> tuple[float, float]:
    house = standing_house()
    known: list[Any] = []

    async def submit(command: Any, actor: str) -> Any:
        if not known:
            known.append(await house.submit(command, actor))
        return known[0]

    app = build(msgspec.structs.replace(house.ports(), submit=submit))
    bare = Litestar([answer_constant], openapi_config=None)
    ours, theirs = [], []
    await _seconds(app, 100)
    await _seconds(bare, 100)
    for _ in range(ROUNDS):
        ours.append(await _seconds(app, REQUESTS))
        theirs.append(await _seconds(bare, REQUESTS))
    return statistics.median(ours) / REQUESTS, statistics.median(theirs) / REQUESTS


def run() -> list[dict[str, Any]]:
    """Measure."""
    order, constant = asyncio.run(_measure())
    return [
        {
            "name": "API: Python a POST /v2/orders, without the house",
            "value": round(order * 1e6, 1),
            "unit": "us",
            "baseline_name": "Litestar, constant answer",
            "baseline": round(constant * 1e6, 1),
            "ratio": round(order / constant, 2),
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
