"""The port of entitlements: who may see which market data, asked when somebody subscribes and before every message to them.

Called, and calling back, on the event loop's thread, like every port. What `changed` is called for must not be sent any more: whoever
serves data looks at its viewer's view again before each message anyway, and drops what is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol

import msgspec

from rushtrade.entitlements.statement import ProductLine, SubscriberFile, SubscriberLine
from rushtrade.entitlements.usage_report import UsageReport
from rushtrade.entitlements.view import EVERYTHING, View


class Watcher(msgspec.Struct, frozen=True):
    """Who looks at market data: a login's user, or the account an API key acts for (`user` empty), and to what use."""

    user: str
    account_id: int
    use: Literal["display", "non_display"] = "display"


class Viewer(Protocol):
    """One session's right to look, held while the session lives. Its view may change between two messages."""

    @property
    def view(self) -> View:
        """What this session may see now: ask again before every message."""

    def refusal(self, tape: str, *, depth: bool = False) -> str:
        """Say which product would show a tape's stocks (or whole books), and how to get it: the sentence of a 409 or 403."""

    def asked(self, tape: str, *, depth: bool = False) -> None:
        """Count a query of a tape's stocks (or their books), where queries are counted: outside sessions."""

    def beat(self) -> None:
        """Say that the session is still there; one that is silent gives its display back."""

    def close(self) -> None:
        """Give the display back. Safe to repeat."""


class Entitlements(Protocol):
    """Who may see which market data: asked when somebody subscribes, and before every message to them."""

    @property
    def delay_ns(self) -> int:
        """How late delayed data is."""

    def open(self, watcher: Watcher, session: str, changed: Callable[[], None]) -> Viewer:
        """Begin a session that shows data; sockets of one login share a session's name, and its one display.

        `changed` is called as soon as the session's view is another: what is not in it any more must not be sent.
        """

    def query(self, watcher: Watcher) -> Viewer:
        """Answer for one request outside a session; it counts as a query, and takes no display."""


class EntitlementDesk(Protocol):
    """Subscribers' files, for themselves and for the desk that grants and charges."""

    def subscriber_id(self, watcher: Watcher) -> int:
        """Find who somebody is on the register; 0 = not on it."""

    def file(self, subscriber_id: int) -> SubscriberFile | None:
        """Give everything a subscriber may see of their own file; None when there is no such subscriber."""

    def subscribers(self) -> Sequence[SubscriberLine]:
        """List every subscriber in one line."""

    def products(self) -> Sequence[ProductLine]:
        """List the products of the price list, also those this market does not carry."""

    async def usage(self, month: int) -> UsageReport:
        """Read a month's usage report from the journal."""


class _OpenToAll:
    """Everything is shown to everybody: a house that asks for no entitlements."""

    view, delay_ns = EVERYTHING, 0

    def open(self, watcher: Watcher, session: str, changed: Callable[[], None]) -> Viewer:
        del watcher, session, changed
        return self

    def query(self, watcher: Watcher) -> Viewer:
        del watcher
        return self

    def refusal(self, tape: str, *, depth: bool = False) -> str:
        del tape, depth
        return ""

    def asked(self, tape: str, *, depth: bool = False) -> None:
        del tape, depth

    def beat(self) -> None:
        pass

    def close(self) -> None:
        pass


OPEN_TO_ALL: Final[Entitlements] = _OpenToAll()
