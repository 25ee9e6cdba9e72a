"""The desk behind `rushtrade entitlements`: what changes something goes to the running house, or into the journal of one that is stopped.

Reading needs neither: a register is folded from the journal, which may be growing.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from rushtrade.api.access import KEY_HEADER, SECRET_HEADER
from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.app.entitlement_desk import read_frames
from rushtrade.app.trading_day import open_core
from rushtrade.cli.demo import read_demo
from rushtrade.core.clocks import MarketClock
from rushtrade.core.sequencer import Core
from rushtrade.domain.commands import (
    AnswerQuestionnaire,
    ChargeMarketData,
    GrantMarketData,
    RegisterSubscriber,
    RevokeMarketData,
    SignAgreement,
)
from rushtrade.domain.data_products import Billing, DataUse, SubscriberKind
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.events import MarketDataCharged
from rushtrade.entitlements.months import month_text
from rushtrade.entitlements.register import Register
from rushtrade.entitlements.statement import ChargedView, charged_view
from rushtrade.entitlements.subscriber import Subscriber
from rushtrade.journal.errors import JournalLocked
from rushtrade.scenario.founding import execute

ACTOR = "desk:entitlements"
"""Who commands of this desk are journaled for when the house is stopped."""
ANSWER_SECONDS_MAX: Final = 60.0
"""How long an answer may take: a usage report of a large journal is read within it."""
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024


class RegisterNow(msgspec.Struct, frozen=True):
    """A register as the journal has it, with the house's time."""

    register: Register
    now_ns: int
    seq: int

    def subscriber(self, user: str) -> Subscriber:
        """Find a subscriber by user name."""
        found = self.register.subscribers.get(self.register.users.get(user, 0))
        if found is None:
            known = ", ".join(sorted(self.register.users)) or "none"
            raise InvalidInput(f"there is no subscriber {user[:60]!r}; there are: {known}")
        return found


def read_register(directory: Path) -> RegisterNow:
    """Fold the journal of a house into its register."""
    register = Register()
    seq, now_ns = read_frames(directory / JOURNAL_FILE, register)
    return RegisterNow(register, now_ns, seq)


class DataDesk(Protocol):
    """Changes: each gives nothing, or is refused in the house's own words."""

    def register(self, user: str, kind: str, account_id: int) -> None:
        """Register a user."""

    def answer(self, subscriber_id: int, version: int, answers: Sequence[bool]) -> None:
        """Give a subscriber's answers."""

    def sign(self, subscriber_id: int, agreement: str, version: int) -> None:
        """Sign for a subscriber, as on paper."""

    def grant(self, subscriber_id: int, product: str, use: str, displays: int, billing: str) -> None:
        """Grant a product."""

    def revoke(self, subscriber_id: int, product: str, use: str, reason: str) -> None:
        """Take a product away."""

    def charge(self, month: int, subscriber_id: int) -> ChargedView:
        """Charge a month; give what was charged."""


@contextmanager
def open_desk(directory: Path) -> Iterator[DataDesk]:
    """Open the desk of a house, whether it runs or not."""
    if not (directory / JOURNAL_FILE).exists():
        raise InvalidInput(
            f"there is no house in {directory}; start one with: rushtrade up --data {directory}"
        )
    try:
        core, journal = open_core(directory, MarketClock(0))
    except JournalLocked:
        yield RunningDesk(HouseClient(directory))
        return
    try:
        yield StoppedDesk(core)
        core.close()
    finally:
        journal.close()


class StoppedDesk:
    """A house that is stopped: commands go into its journal, at the time at which it stopped."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def register(self, user: str, kind: str, account_id: int) -> None:
        """Register a user."""
        execute(self._core, RegisterSubscriber(user, SubscriberKind[kind.upper()], account_id), ACTOR)

    def answer(self, subscriber_id: int, version: int, answers: Sequence[bool]) -> None:
        """Give a subscriber's answers."""
        execute(self._core, AnswerQuestionnaire(subscriber_id, version, tuple(answers)), ACTOR)

    def sign(self, subscriber_id: int, agreement: str, version: int) -> None:
        """Sign for a subscriber."""
        execute(self._core, SignAgreement(subscriber_id, agreement, version), ACTOR)

    def grant(self, subscriber_id: int, product: str, use: str, displays: int, billing: str) -> None:
        """Grant a product."""
        command = GrantMarketData(
            subscriber_id, product, DataUse[use.upper()], displays, Billing[billing.upper()]
        )
        execute(self._core, command, ACTOR)

    def revoke(self, subscriber_id: int, product: str, use: str, reason: str) -> None:
        """Take a product away."""
        execute(self._core, RevokeMarketData(subscriber_id, product, DataUse[use.upper()], reason), ACTOR)

    def charge(self, month: int, subscriber_id: int) -> ChargedView:
        """Charge a month."""
        events = execute(self._core, ChargeMarketData(month, subscriber_id), ACTOR)
        charged = [event for event in events if isinstance(event, MarketDataCharged)]
        return charged_view(month, self._core.next_seq - 1, charged)


class RunningDesk:
    """A house that runs: the same over its API."""

    def __init__(self, client: HouseClient) -> None:
        self._client = client

    def _post(self, what: str, **body: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._client.post(f"/api/entitlements/{what}", body)
        return found

    def register(self, user: str, kind: str, account_id: int) -> None:
        """Register a user."""
        self._post("subscribers", user=user, kind=kind, account_id=account_id)

    def answer(self, subscriber_id: int, version: int, answers: Sequence[bool]) -> None:
        """Give a subscriber's answers."""
        self._post("questionnaire", subscriber_id=subscriber_id, version=version, answers=list(answers))

    def sign(self, subscriber_id: int, agreement: str, version: int) -> None:
        """Sign for a subscriber."""
        self._post("agreements", subscriber_id=subscriber_id, agreement=agreement, version=version)

    def grant(self, subscriber_id: int, product: str, use: str, displays: int, billing: str) -> None:
        """Grant a product."""
        self._post(
            "grants",
            subscriber_id=subscriber_id,
            product=product,
            use=use,
            displays_max=displays,
            billing=billing,
        )

    def revoke(self, subscriber_id: int, product: str, use: str, reason: str) -> None:
        """Take a product away."""
        self._post("revocations", subscriber_id=subscriber_id, product=product, use=use, reason=reason)

    def charge(self, month: int, subscriber_id: int) -> ChargedView:
        """Charge a month."""
        found = self._post("charges", month=month_text(month), subscriber_id=subscriber_id)
        return msgspec.convert(found, ChargedView)


class HouseClient:
    """A running house on a data directory, asked as its owner: the key lies there, in a file only they can read."""

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
