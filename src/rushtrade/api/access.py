"""Who asks, whether they may, and how often: identity from headers, one function that authorizes, token buckets.

Every handler begins with `FrontDesk.admit`: it finds out who asks, takes a token of their rate, and has `authorize` say
whether they may. There is no other way to an `Actor`.
"""

from __future__ import annotations

import base64
import binascii
import math
import time
from collections import OrderedDict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rushtrade.api import faults
from rushtrade.api.credentials import check_secret
from rushtrade.api.entities import Kind, read_id
from rushtrade.api.entitlement_ports import Watcher
from rushtrade.api.faults import ApiFault, forbidden, not_found, unauthorized
from rushtrade.api.ports import BUSY, Outcome, Permission, Ports
from rushtrade.domain import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from litestar.connection import ASGIConnection
    from litestar.types import Message, Scope

    from rushtrade.domain.commands import AnyCommand
    from rushtrade.store import rows

KEY_HEADER: Final = "apca-api-key-id"
SECRET_HEADER: Final = "apca-api-secret-key"  # noqa: S105 - the name of a header
CREDENTIAL_BYTES_MAX: Final = 512


BUCKETS_MAX: Final = 10_000
"""Owners remembered at a time; each costs some 200 bytes."""


class Bucket:
    """Tokens of one owner."""

    __slots__ = ("tokens", "updated")

    def __init__(self, tokens: float, updated: float) -> None:
        self.tokens = tokens
        self.updated = updated


class RateLimit:
    """`per_second` tokens a second, at most `burst` at once, for each owner."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, owner: str) -> bool:
        """Take a token; False when there is none."""
        now = self._clock()
        bucket = self._buckets.get(owner)
        if bucket is None:
            bucket = self._buckets[owner] = Bucket(float(self.burst), now)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(owner)
            gained = (now - bucket.updated) * self.per_second
            bucket.tokens = min(float(self.burst), bucket.tokens + gained)
            bucket.updated = now
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True

    def left(self, owner: str) -> int:
        """Tokens an owner has now."""
        bucket = self._buckets.get(owner)
        return self.burst if bucket is None else int(bucket.tokens)

    def full_in(self, owner: str) -> float:
        """Seconds until the owner's bucket is full again."""
        bucket = self._buckets.get(owner)
        return 0.0 if bucket is None else (self.burst - bucket.tokens) / self.per_second

    def wait(self, owner: str) -> float:
        """Seconds until the owner's next token."""
        bucket = self._buckets.get(owner)
        return 0.0 if bucket is None else max(0.0, (1.0 - bucket.tokens) / self.per_second)


class Actor(msgspec.Struct, frozen=True):
    """Who asks. `name` goes into the journal with every command; `account_id` is the account asked for."""

    name: str
    account_id: int
    account_ids: frozenset[int]
    permissions: frozenset[Permission]
    watcher: Watcher = Watcher("", 0)
    """To whom market data is shown."""


def authorize(actor: Actor, action: Permission, account_id: int) -> None:
    """Refuse what the actor may not do. What is not theirs does not exist for them."""
    if account_id not in actor.account_ids:
        raise not_found("account not found")
    if action not in actor.permissions:
        raise forbidden(f"forbidden: this needs the permission {action!r}")


class FrontDesk:
    """What handlers share: the ports, the rates, and who may come in."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.store = ports.store
        self.requests = RateLimit(ports.limits.requests_per_second, ports.limits.requests_burst)

    def admit(self, connection: ASGIConnection[Any, Any, Any, Any], action: Permission) -> Actor:
        """Identify the caller by API key, within their rate, and authorize the action on their account."""
        actor = self.identify(connection.headers)
        key = actor.name
        allowed = self.requests.take(key)
        left, full_at = self.requests.left(key), time.time() + self.requests.full_in(key)
        connection.scope["state"]["rate"] = (self.requests.burst, left, math.ceil(full_at))
        if not allowed:
            wait = math.ceil(self.requests.wait(key))
            raise ApiFault(
                HTTPStatus.TOO_MANY_REQUESTS,
                faults.TOO_MANY,
                f"too many requests: {self.requests.per_second:g} a second pass, {self.requests.burst} at once",
                headers={"Retry-After": str(wait)},
            )
        authorize(actor, action, actor.account_id)
        return actor

    def identify(self, headers: Mapping[str, str]) -> Actor:
        """Find out who asks by the key headers, or by HTTP Basic with the same two values."""
        key_id, secret = headers.get(KEY_HEADER), headers.get(SECRET_HEADER)
        if key_id is None and secret is None:
            key_id, secret = _basic(headers.get("authorization", ""))
        return self.identify_key(key_id or "", secret or "")

    def identify_key(self, key_id: str, secret: str) -> Actor:
        """Find out who asks by key and secret."""
        if len(key_id) > CREDENTIAL_BYTES_MAX or len(secret) > CREDENTIAL_BYTES_MAX:
            raise unauthorized()
        record = self.ports.credentials.key(key_id)
        if not check_secret(record, secret) or record is None:
            raise unauthorized()
        if record.account_id not in self.store.image.accounts:
            raise unauthorized()
        return Actor(
            f"account:{record.account_id}/key:{record.key_id}",
            record.account_id,
            frozenset({record.account_id}),
            record.permissions,
            Watcher(record.user, record.account_id, record.use),
        )

    async def submit(self, command: AnyCommand, actor: Actor) -> Outcome:
        """Have the house decide a command. A full inbox, and a refused command, are faults."""
        outcome = await self.ports.submit(command, actor.name)
        if outcome is BUSY:
            raise faults.busy()
        for event in outcome.events:
            if type(event) is ev.CommandRefused:
                raise faults.rejected(event.reason, event.text)
        return outcome

    def instrument(self, text: str) -> rows.InstrumentRow | None:
        """Find an instrument by symbol or public id."""
        image = self.store.image
        found = image.symbols.get(text)
        if found is None:
            number = read_id(Kind.ASSET, text)
            found = None if number is None else image.instruments.get(number)
        return found

    def own_order(self, actor: Actor, order_id: int | None) -> rows.OrderRow | None:
        """Find an order of the actor's account; another account's does not exist."""
        row = None if order_id is None else self.store.order(order_id)
        return row if row is not None and row.account_id == actor.account_id else None


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic" or len(value) > 2 * CREDENTIAL_BYTES_MAX:
        return "", ""
    try:
        key_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return key_id, secret


def desk_of(connection: ASGIConnection[Any, Any, Any, Any]) -> FrontDesk:
    """Give the front desk of the app a request came to."""
    desk: FrontDesk = connection.app.state.desk
    return desk


async def add_rate_headers(message: Message, scope: Scope) -> None:
    """Say on every answer to a known caller how much of their rate is left."""
    if message["type"] != "http.response.start":
        return
    rate = scope["state"].get("rate")
    if rate is not None:
        limit, left, reset = rate
        message["headers"] = [
            *message["headers"],
            (b"x-ratelimit-limit", b"%d" % limit),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % reset),
        ]
