"""What one workstation looks at: quotes, montages, tapes and charts wanted, each on the board that its rights give it now.

Rights are asked for whenever a board is: what a user loses is gone from the very next message, and what they are granted appears
by itself, since what they wanted is remembered.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from rushtrade.workstation.sights import losses, seen_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushtrade.api.access import Actor
    from rushtrade.tape.prints import Bar
    from rushtrade.workstation.board import Board
    from rushtrade.workstation.hub import Hub

PRINTS_IN_IMAGE: Final = 200
NOTICES_MAX: Final = 64
"""Notices that wait for a slow page; the oldest go first."""


class Looking:
    """What one workstation looks at."""

    def __init__(self, hub: Hub, actor: Actor, display: str) -> None:
        """`display` names the login: its sockets are one display of market data."""
        self.hub, self.desk = hub, hub.desk
        self.notices: deque[tuple[str, str]] = deque(maxlen=NOTICES_MAX)
        self.watched: set[int] = set()
        self.quotes_changed: set[int] = set()
        self.depth: dict[int, bool] = {}
        self.prints: dict[int, int] = {}
        self.bars: dict[int, Bar | None] = {}
        self.facts: dict[int, bytes] = {}
        """Stocks whose state is wanted, and what was told of each."""
        self.viewer = self.desk.ports.entitlements.open(actor.watcher, display, self.review)
        self._view = self.viewer.view
        self._told: dict[str, None] = {}
        """What it was told it lacks."""

    def wake(self) -> None:
        """Have what is due written soon."""

    def board(self, instrument_id: int) -> Board:
        """Give the board on which an instrument is shown as this workstation may see it now."""
        row = self.desk.store.image.instruments[instrument_id]
        return self.hub.board_of(seen_of(self.desk, self.viewer.view, row))

    def boards(self) -> set[Board]:
        """Give the boards it looks at."""
        return {self.board(number) for number in (*self.watched, *self.prints, *self.bars, *self.depth)}

    def review(self) -> None:
        """Begin anew with what may be seen now, and say what is not shown any more: called as soon as a right changes."""
        before, self._view = self._view, self.viewer.view
        self._told.clear()
        self.tell_lacking(
            self.viewer.refusal(tape, depth=depth) for tape, depth in losses(before, self._view)
        )
        self.quotes_changed = set(self.watched)
        self.depth = dict.fromkeys(self.depth, True)
        self.bars = dict.fromkeys(self.bars, None)
        self.facts = dict.fromkeys(self.facts, b"")
        wanted, self.prints = list(self.prints), {}
        self.want_prints(wanted)
        self.wake()

    def tell_lacking(self, texts: Iterable[str]) -> None:
        """Say what is lacking, each sentence once until rights change."""
        for text in texts:
            if text and text not in self._told:
                self._told[text] = None
                self.notices.append(("alarm", text))
        self.wake()

    def quotes_touched(self, board: Board, changed: frozenset[int]) -> None:
        """Note which of its quotes changed on a board."""
        touched = self.watched & changed
        if len(self.hub.boards) > 1:
            touched = {number for number in touched if self.board(number) is board}
        self.quotes_changed |= touched

    def close(self) -> None:
        """Give its display back."""
        self.viewer.close()

    # --- what it wants --------------------------------------------------------------------------------

    def watch(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of quotes wanted; all of them are due at once."""
        self.watched = set(instrument_ids)
        self.quotes_changed = set(self.watched)

    def want_depth(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of montages wanted."""
        self.depth = dict.fromkeys(instrument_ids, True)

    def want_prints(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of tapes wanted; a new one begins with its newest prints."""
        wanted = {}
        for number in instrument_ids:
            newest = self.board(number).watch(number).number
            wanted[number] = self.prints.get(number, max(newest - PRINTS_IN_IMAGE, 0))
        self.prints = wanted

    def want_facts(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of stocks whose state is wanted."""
        self.facts = dict.fromkeys(instrument_ids, b"")

    def want_bars(self, instrument_ids: Iterable[int]) -> None:
        """Replace the set of charts wanted; each begins with an image."""
        self.bars = dict.fromkeys(instrument_ids, None)
