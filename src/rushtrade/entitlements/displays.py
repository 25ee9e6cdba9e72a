"""Displays open at once: each session of a user is one, for every product they have, as long as it is heard of.

Whose display is served is worked out from who opened when: with a limit of two, the two newest are served, or the two oldest, as the
price list says; when one closes, the next one in line is served again. Nothing else is remembered.

Time is whatever clock the caller goes by, in nanoseconds; it only has to go forward.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.data_products import DataUse
from rushtrade.entitlements.price_list import DisplayRule

SESSIONS_MAX = 100_000
"""Sessions known at a time: ten for each login a house can hold."""


class Session(msgspec.Struct, frozen=True):
    """A session by whose it is, what for, and its own name."""

    subscriber_id: int
    use: DataUse
    name: str


class Displays:
    """Sessions by whose they are, oldest first."""

    def __init__(self, rule: DisplayRule) -> None:
        self.rule = rule
        self._heard: dict[Session, int] = {}
        self._of: dict[tuple[int, DataUse], dict[Session, None]] = {}

    def open(self, session: Session, now_ns: int) -> None:
        """Take a session in, as the newest; one that is known keeps its place."""
        if session not in self._heard:
            self._of.setdefault((session.subscriber_id, session.use), {})[session] = None
            if len(self._heard) >= SESSIONS_MAX:
                self.close(next(iter(self._heard)))
        self._heard[session] = now_ns

    def beat(self, session: Session, now_ns: int) -> None:
        """Note that a session is there; one that had been given up is taken in again."""
        if session in self._heard:
            self._heard[session] = now_ns
        else:
            self.open(session, now_ns)

    def close(self, session: Session) -> None:
        """Let a session go."""
        if self._heard.pop(session, None) is not None:
            key = session.subscriber_id, session.use
            del self._of[key][session]
            if not self._of[key]:
                del self._of[key]

    def expire(self, now_ns: int) -> list[Session]:
        """Let go of sessions that have not been heard of for the length of a lease; give them."""
        gone = [session for session, heard in self._heard.items() if now_ns - heard > self.rule.lease_ns]
        for session in gone:
            self.close(session)
        return gone

    def count(self, subscriber_id: int, use: DataUse) -> int:
        """Displays a subscriber has open to a use."""
        return len(self._of.get((subscriber_id, use), ()))

    def serves(self, session: Session, displays_max: int) -> bool:
        """Tell whether a session is among the displays that are served; 0 = all are."""
        order = list(self._of.get((session.subscriber_id, session.use), ()))
        if not displays_max or len(order) <= displays_max:
            return True
        served = order[-displays_max:] if self.rule.served == "newest" else order[:displays_max]
        return session in served
