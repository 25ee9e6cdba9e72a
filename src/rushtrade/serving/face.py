"""One face of the market: what everybody with the same sight is shown, each message made once.

Theory of operation. A face owns no happenings: it reads the tape and the rings of the hub, leaves out what its sight does not hold,
and writes what is left, once, when the first reader asks. Numbers are the hub's, so a reader keeps its cursors when its sight
changes. Quotes are written when they are asked for, from the market as it is then: a change nobody looks at costs a
number. A late face releases the tape, the rings, and quotes taken down when they were new, after its delay.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from rushtrade.domain.instants import SECOND
from rushtrade.entitlements.view import ALL_VENUES
from rushtrade.serving import shapes
from rushtrade.serving.channels import EVENTS, QUOTES, TRADES, Marks, Page, Prints, Selection
from rushtrade.serving.event_items import event_item
from rushtrade.serving.items import Item, QuoteItem
from rushtrade.serving.sight import Sight, quote_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from rushtrade.api.access import FrontDesk
    from rushtrade.serving.channels import EventRing, Happening

SCAN_MAX: Final = 8_192
"""Positions of the tape one reading passes: some milliseconds' work; who is further behind reads again."""
ITEMS_AT_ONCE: Final = 2_048
"""Messages of one channel in one reading: below a megabyte in either format."""
PRINTS_MADE_MAX: Final = 1 << 16
"""Written trades kept for other readers: about 20 MB."""
LATE_QUOTES_MAX: Final = 1 << 18
"""Quotes a late face keeps until they are due, 100 MB: the more symbols there are, the further apart they are taken down."""


class Run(NamedTuple):
    """What one reading of a channel gave: messages, the number it reached, how many numbers were lost before, and if there is more."""

    items: Sequence[Item]
    upto: int
    lost: int
    more: bool


class Face:
    """What one sight shows."""

    def __init__(
        self, desk: FrontDesk, sight: Sight, prints: Prints, rings: dict[str, EventRing], marks: Marks
    ) -> None:
        self._desk, self.sight = desk, sight
        self._prints, self._rings = prints, rings
        self._marks = Marks() if sight.delay_ns else marks
        self.memo: dict[Any, Any] = {}
        """What was made since the last flush, by what it was made of."""
        self._trades: dict[int, Item] = {}
        self._events: dict[tuple[str, int], Item | None] = {}
        self._quotes: dict[int, tuple[int, int, dict[str, Any], QuoteItem]] = {}
        """By instrument: number it was looked at for, number since when it is so, its fields, and the message."""
        self._visible = np.zeros((0, 0), np.bool_)
        self._late: deque[tuple[int, int, QuoteItem]] = deque()
        self._late_noted: dict[int, int] = {}
        self._released: dict[str, int] = dict.fromkeys((TRADES, *EVENTS), 0)
        self._is_late = sight.delay_ns > 0
        if self._is_late:
            self._release(desk.ports.clock.now_ns() - sight.delay_ns)

    # --- time -----------------------------------------------------------------------------------------------

    def turn(self, now_ns: int, changed: Iterable[int]) -> None:
        """Begin anew after a flush: what was made before may be old now."""
        self.memo.clear()
        if self._is_late:
            self._take_down(now_ns, changed)
            self._release(now_ns - self.sight.delay_ns)

    def _take_down(self, now_ns: int, changed: Iterable[int]) -> None:
        noted = self._late_noted
        apart = max(SECOND, self.sight.delay_ns * len(noted) // LATE_QUOTES_MAX)
        for number in changed:
            if now_ns - noted.get(number, 0) >= apart and (made := self._make_quote(number)) is not None:
                noted[number] = now_ns
                self._late.append((now_ns, number, made[1]))

    def _release(self, until_ns: int) -> None:
        """Let out what was said up to an instant."""
        self._released[TRADES] = self._prints.position_at(self._released[TRADES], until_ns)
        for channel in EVENTS:
            ring, seq = self._rings[channel], self._released[channel]
            for happening in ring.after(seq, SCAN_MAX):
                if happening.time_ns > until_ns:
                    break
                seq = happening.seq
            self._released[channel] = seq
        due: list[int] = []
        while self._late and self._late[0][0] <= until_ns:
            _, number, item = self._late.popleft()
            self._quotes[number] = (0, self._marks.newest + len(due) + 1, {}, item)
            due.append(number)
        self._marks.mark(due)

    # --- cursors ----------------------------------------------------------------------------------------------

    def newest(self, channel: str) -> int:
        """Number of the newest message of a channel that may be shown."""
        if channel == QUOTES:
            return self._marks.newest
        if self._is_late:
            return self._released[channel]
        return self._prints.newest if channel == TRADES else self._rings[channel].newest

    def oldest(self, channel: str) -> int:
        """Number of the oldest message of a channel that can still be read."""
        if channel == QUOTES:
            return 1
        return self._prints.oldest if channel == TRADES else self._rings[channel].oldest

    # --- reading --------------------------------------------------------------------------------------------------

    def read(self, channel: str, selection: Selection, after: int) -> Run:
        """Read on in a channel after a number."""
        key = (channel, selection, after)
        found = self.memo.get(key)
        if found is None:
            reader = self._read_quotes if channel == QUOTES else self._read_happenings
            found = self.memo[key] = reader(channel, selection, after)
        return found

    def _read_happenings(self, channel: str, selection: Selection, after: int) -> Run:
        begin = max(after, self.oldest(channel) - 1)
        upto = min(begin + SCAN_MAX, self.newest(channel))
        read: Callable[[str, Selection, int, int], tuple[list[Item], int]] = (
            self._read_trades if channel == TRADES else self._read_events
        )
        items, reached = read(channel, selection, begin, upto) if upto > begin else ([], begin)
        return Run(items, reached, begin - after, reached < self.newest(channel))

    def _read_trades(
        self, channel: str, selection: Selection, begin: int, upto: int
    ) -> tuple[list[Item], int]:
        rows, numbers = self._prints.read(begin, upto - begin)
        return self._written(channel, selection, begin, upto, rows, numbers)

    def read_past(self, page: Page, selection: Selection, after: int) -> Run:
        """Read on in a page of trades that have left memory, after a number the page holds."""
        key = ("past", page.upto, selection, after)
        found = self.memo.get(key)
        if found is None:
            found = self.memo[key] = self._read_page(page, selection, after)
        return found

    def _read_page(self, page: Page, selection: Selection, after: int) -> Run:
        limit = min(page.upto, self.newest(TRADES))
        if limit <= after:
            return Run((), after, 0, more=False)
        place = int(np.searchsorted(page.numbers, after, "right"))
        numbers = page.numbers[place : place + SCAN_MAX]
        begin = min(int(numbers[0]) - 1 if len(numbers) else page.upto, limit)
        following = int(np.count_nonzero(numbers == begin + 1 + np.arange(len(numbers))))
        upto = min(begin + following, limit)
        rows = page.rows[place : place + max(upto - begin, 0)]
        if self._is_late:
            due = self._desk.ports.clock.now_ns() - self.sight.delay_ns
            later = np.flatnonzero(rows["time"] > due)
            upto, rows = (begin + int(later[0]), rows[: later[0]]) if len(later) else (upto, rows)
        if upto <= begin:
            return Run((), begin, begin - after, more=begin > after)
        instruments = page.instruments[place : place + len(rows)]
        items, reached = self._written(TRADES, selection, begin, upto, rows, instruments)
        return Run(items, reached, begin - after, more=True)

    def _written(
        self,
        channel: str,
        selection: Selection,
        begin: int,
        upto: int,
        rows: npt.NDArray[np.void],
        numbers: npt.NDArray[np.int64],
    ) -> tuple[list[Item], int]:
        """Write the trades behind a number that are wanted and may be shown; give the number reached."""
        image = self._desk.store.image
        shown = selection.flags(channel, image, numbers) & self._seen(numbers, rows["venue"]) & (numbers > 0)
        places = np.flatnonzero(shown)
        if len(places) > ITEMS_AT_ONCE:
            places = places[:ITEMS_AT_ONCE]
            upto = begin + int(places[-1]) + 1
        if len(self._trades) > PRINTS_MADE_MAX:
            self._trades.clear()
        items = []
        for place in places.tolist():
            position = begin + 1 + place
            item = self._trades.get(position)
            if item is None:
                row = image.instruments[int(numbers[place])]
                item = self._trades[position] = shapes.print_item(image, row, rows[place])
            items.append(item)
        return items, upto

    def _seen(self, numbers: npt.NDArray[np.int64], venues: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Tell which trades this sight holds, by instrument and venue."""
        if all(mask == ALL_VENUES for mask in self.sight.masks):
            return np.ones(len(numbers), np.bool_)
        if not len(numbers):
            return np.zeros(0, np.bool_)
        highest = int(numbers.max())
        if highest >= len(self._visible):
            self._visible = self._visibility(highest + 64)
        seen: npt.NDArray[np.bool_] = self._visible[numbers, venues]
        return seen

    def _visibility(self, instruments: int) -> npt.NDArray[np.bool_]:
        visible = np.zeros((instruments, 256), np.bool_)
        for number, row in self._desk.store.image.instruments.items():
            if number < instruments:
                mask = self.sight.mask_of(row)
                visible[number] = [mask >> venue & 1 for venue in range(256)]
        return visible

    def _read_events(
        self, channel: str, selection: Selection, begin: int, upto: int
    ) -> tuple[list[Item], int]:
        image = self._desk.store.image
        items: list[Item] = []
        for happening in self._rings[channel].after(begin, upto - begin):
            if selection.wants(channel, happening.instrument_id, image):
                item = self._event(channel, happening)
                if item is not None:
                    items.append(item)
                    if len(items) >= ITEMS_AT_ONCE:
                        return items, happening.seq
        return items, upto

    def _event(self, channel: str, happening: Happening) -> Item | None:
        key = (channel, happening.seq)
        if key not in self._events:
            if len(self._events) > PRINTS_MADE_MAX:
                self._events.clear()
            row = self._desk.store.image.instruments.get(happening.instrument_id)
            self._events[key] = None if row is None else event_item(self._desk, row, happening, self.sight)
        return self._events[key]

    # --- quotes ---------------------------------------------------------------------------------------------------

    def _read_quotes(self, channel: str, selection: Selection, after: int) -> Run:
        upto = self._marks.newest
        if selection.everything(channel):
            changed = [number for number, _ in self._marks.after(after)]
        else:
            ids = selection.ids(channel, self._desk.store.image)
            changed = sorted(number for number in ids if self._marks.number(number) > after)
        found = [self._quote(number) for number in changed]
        items = [quote[1] for quote in found if quote is not None and quote[0] > after]
        return Run(items, upto, 0, more=False)

    def quotes_now(self, instrument_ids: Iterable[int]) -> list[QuoteItem]:
        """Give the newest quotes of instruments, whenever they changed."""
        found = [self._quote(number) for number in sorted(instrument_ids)]
        return [quote[1] for quote in found if quote is not None]

    def _quote(self, instrument_id: int) -> tuple[int, QuoteItem] | None:
        """Give an instrument's quote, and the number since when it is so."""
        before = self._quotes.get(instrument_id)
        if self._is_late:
            return None if before is None else (before[1], before[3])
        number = self._marks.number(instrument_id)
        if before is not None and before[0] == number:
            return before[1], before[3]
        made = self._make_quote(instrument_id)
        if made is None:
            return None
        fields, item = made
        if before is not None and before[2] == fields:
            self._quotes[instrument_id] = (number, before[1], fields, before[3])
            return before[1], before[3]
        self._quotes[instrument_id] = (number, number, fields, item)
        return number, item

    def _make_quote(self, instrument_id: int) -> tuple[dict[str, Any], QuoteItem] | None:
        image = self._desk.store.image
        row = image.instruments.get(instrument_id)
        mask = 0 if row is None else self.sight.mask_of(row)
        if row is None or not mask:
            return None
        quote = quote_in(self._desk, instrument_id, mask)
        fields = shapes.quote_fields(image, row, quote)
        return fields, QuoteItem(row.symbol, fields, instrument_id, quote)
