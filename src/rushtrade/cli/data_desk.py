"""The desk behind `rushtrade entitlements`: what changes something goes to the running house, or into the journal of one that is stopped.

Reading needs neither: a register is folded from the journal, which may be growing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.app.entitlement_desk import read_frames
from rushtrade.app.trading_day import open_core
from rushtrade.cli.house_client import HouseClient
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
