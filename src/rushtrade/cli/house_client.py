"""Asking a running house over its API, as its owner: the key lies in the data directory, in a file only they can read."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any, Final

import msgspec

from rushtrade.api.access import KEY_HEADER, SECRET_HEADER
from rushtrade.cli.demo import read_demo
from rushtrade.domain.errors import InvalidInput

ANSWER_SECONDS_MAX: Final = 60.0
"""How long an answer may take: a usage report of a large journal is read within it."""
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024


class HouseClient:
    """A running house on a data directory."""

    def __init__(self, directory: Path) -> None:
        """Find out where it listens; InvalidInput when no house runs there."""
        found = read_demo(directory)
        _, _, self._place = found.trading_url.partition("//")
        self._headers = {KEY_HEADER: found.api_key, SECRET_HEADER: found.api_secret}

    def get(self, path: str) -> Any:
        """Ask for something; what the house refuses is raised in its own sentence."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        """Have something done."""
        return self._ask("POST", path, msgspec.json.encode(body))

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        connection = http.client.HTTPConnection(self._place, timeout=ANSWER_SECONDS_MAX)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            raw = answer.read(ANSWER_BYTES_MAX)
        except http.client.HTTPException as error:
            raise InvalidInput(f"the house on {self._place} gave no answer: {error!r}") from None
        finally:
            connection.close()
        try:
            found = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            raise InvalidInput(f"the house on {self._place} answered {answer.status} without JSON") from None
        if answer.status >= http.client.BAD_REQUEST:
            raise InvalidInput(str(found.get("message", f"the house answered {answer.status}")))
        return found
