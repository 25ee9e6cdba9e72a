"""The scorecard of a house that runs: each look reads what the journal has written since the look before.

It is asked from a thread of its own and holds a lock while it reads. An order counts when nothing can be added to it: when it has ended, and the midpoints
of the five minutes after its executions are known. The first look reads the whole journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from rushtrade.backoffice.folding import EventFrame
from rushtrade.domain.errors import InvalidInput
from rushtrade.quality.facts import OrderFacts
from rushtrade.quality.reader import OrderReader
from rushtrade.quality.scorecard import By, ScoreBoard, Scorecard, Span

ACCOUNTS_MAX = 1_000
"""Accounts with a scorecard of their own: some 40 kB each."""
EVERYBODY = 0
"""The account id that stands for the whole house."""

FramesAfter = Callable[[int], Iterable[tuple[int, EventFrame]]]
"""Give the frames behind a number, each with its own."""


class LiveScorecard:
    """Adds up the orders of a growing journal, by route, strategy and symbol: of the house, and of every account that traded."""

    def __init__(self, frames_after: FramesAfter) -> None:
        self._frames_after = frames_after
        self._reader = OrderReader()
        self._boards: dict[int, dict[By, ScoreBoard]] = {EVERYBODY: self._new_boards()}
        self._frame_seq = 0
        self._lock = threading.Lock()

    def look(self, by: By, account_id: int = EVERYBODY) -> Scorecard:
        """Read what is new and give the scorecard of the house, or of one account's orders.

        InvalidInput for an account that came to trade when `ACCOUNTS_MAX` others had.
        """
        with self._lock:
            for seq, frame in self._frames_after(self._frame_seq):
                for order in self._reader.take(frame):
                    self._add(order)
                self._frame_seq = seq
            boards = self._boards.get(account_id)
            if boards is None and len(self._boards) > ACCOUNTS_MAX:
                raise InvalidInput(
                    f"scorecards are kept of the first {ACCOUNTS_MAX:,} accounts that traded; "
                    "`rushtrade dart scorecard` reads the house's"
                )
            return (boards or self._new_boards())[by].scorecard(self._reader.names.firm)

    def _add(self, order: OrderFacts) -> None:
        own = self._boards.get(order.account_id)
        if own is None and len(self._boards) <= ACCOUNTS_MAX:
            own = self._boards[order.account_id] = self._new_boards()
        for boards in (self._boards[EVERYBODY], own or {}):
            for board in boards.values():
                board.add([order], self._reader.names)

    def _new_boards(self) -> dict[By, ScoreBoard]:
        return {by: ScoreBoard(by, Span(), self._reader.horizons_ns) for by in By}
