"""One connection to a venue's FIX 4.2 port. Without I/O and clock: what the session gives goes to the account, what the account says goes out.

The session's clock is the market's, which may be another day's: sending times of clients are not held against it.
"""

from __future__ import annotations

from collections.abc import Callable

from rushtrade.domain.errors import InvalidInput
from rushtrade.floor.fix_account import FixAccount
from rushtrade.wire.fix42_session import FixSession, SessionState
from rushtrade.wire.fix42_store import FixStore


class FixPort:
    """One connection. `open_account` finds an account by its CompID and ours, or raises InvalidInput."""

    def __init__(self, open_account: Callable[[str, str], FixAccount], now: Callable[[], int]) -> None:
        self.session = FixSession("", self._open_store)
        self._open_account = open_account
        self._now = now
        self._account: FixAccount | None = None

    @property
    def leaving(self) -> bool:
        """Whether the connection is to be closed."""
        return self.session.state is SessionState.OVER

    @property
    def refused(self) -> int:
        """Messages that were none, or were refused by the session."""
        return self.session.garbled + self.session.rejected

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came and do what they say."""
        for message in self.session.receive_data(data, self._now()):
            if self._account is not None:
                self._account.receive(message, self._now())

    def data_to_send(self) -> bytes:
        """Give the bytes on the way and forget them."""
        return self.session.data_to_send()

    def beat(self) -> None:
        """Take note that a second has passed."""
        self.session.beat(self._now())

    def end(self) -> None:
        """The day is over, or the exchanges end."""
        self.session.logout("the venue's day is over")

    def gone(self) -> None:
        """The connection is gone; what is said from now on is kept for the next one."""
        if self._account is not None and self._account.session is self.session:
            self._account.session = None

    def _open_store(self, sender: str, target: str) -> FixStore | None:
        try:
            account = self._open_account(sender, target)
        except InvalidInput:
            return None
        if account.session is not None:
            return None  # one connection at a time; the one that is there stays
        account.session, self._account = self.session, account
        return account.store
