"""The scorecard of a house that runs: each look reads what the journal has written since the look before.

It is asked from a thread of its own and holds a lock while it reads. An order counts when nothing can be added to it: when it has ended, and the midpoints
of the five minutes after its executions are known. The first look reads the whole journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from rushtrade.backoffice.folding import EventFrame
from rushtrade.quality.reader import OrderReader
from rushtrade.quality.scorecard import By, ScoreBoard, Scorecard, Span

FramesAfter = Callable[[int], Iterable[tuple[int, EventFrame]]]
"""Give the frames behind a number, each with its own."""


class LiveScorecard:
    """Adds up the orders of a growing journal, by route, strategy and symbol."""

    def __init__(self, frames_after: FramesAfter) -> None:
        self._frames_after = frames_after
        self._reader = OrderReader()
        self._boards = {by: ScoreBoard(by, Span(), self._reader.horizons_ns) for by in By}
        self._frame_seq = 0
        self._lock = threading.Lock()

    def look(self, by: By) -> Scorecard:
        """Read what is new and give the scorecard."""
        with self._lock:
            for seq, frame in self._frames_after(self._frame_seq):
                ready = self._reader.take(frame)
                for board in self._boards.values():
                    board.add(ready, self._reader.names)
                self._frame_seq = seq
            return self._boards[by].scorecard(self._reader.names.firm)
