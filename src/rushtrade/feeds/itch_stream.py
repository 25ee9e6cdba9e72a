"""A file of framed ITCH 5.0 messages as a feed; the fast way to count one, and the columns of `events` when asked for.

A message that cannot be read ends the reading: a stream of lengths has no other place to begin again. What was before is
given, the place is counted as `broken_stream`, and a message the file ends in as `cut_message`.
"""

from __future__ import annotations

import numpy as np

from rushtrade.feeds.capture_kernel import MESSAGE
from rushtrade.feeds.events import Events, no_events
from rushtrade.feeds.formats import ITCH50
from rushtrade.wire.itch50 import LENGTHS
from rushtrade.wire.itch50_columns import Columns, count_types
from rushtrade.wire.itch50_kernel import DONE, END_OF_SESSION, PARTIAL

PREFIX_BYTES = 2
COLUMNS_ROWS = 1 << 16


class ItchStream:
    """See `events.Feed`."""

    kind = "itch50"
    from_midnight = True

    def __init__(self) -> None:
        self._held = b""
        self._broken = False
        self._ended = False

    def feed(self, buffer: bytes) -> Events:
        """Decode the messages that are whole by now."""
        data, _, broken = self.take(buffer)
        parts = []
        columns = Columns(COLUMNS_ROWS)
        at = 0
        array = np.frombuffer(data, np.uint8)
        sizes = np.zeros(256, np.int64)
        for code, size in LENGTHS.items():
            sizes[code] = size
        while at < len(data):
            at = columns.decode(array, at)
            messages = np.zeros(len(columns.offset), MESSAGE)
            messages["begin"] = columns.offset + PREFIX_BYTES
            messages["size"] = sizes[columns.type]
            parts.append(ITCH50.decode(array, messages)[0])
        return Events(np.concatenate(parts) if parts else no_events(), {"broken_stream": 1} if broken else {})

    def take(self, buffer: bytes) -> tuple[bytes, dict[str, int], bool]:
        """Give the framed messages that are whole by now, their counts, and whether the stream broke here."""
        if self._broken:
            return b"", {}, False
        data = self._held + buffer
        counts, consumed, _, reason = count_types(data)
        self._held = data[consumed:]
        self._ended = reason == END_OF_SESSION
        self._broken = reason not in (DONE, PARTIAL, END_OF_SESSION)
        letters = {chr(code): int(counts[code]) for code in np.flatnonzero(counts).tolist()}
        return data[:consumed], letters, self._broken

    def finish(self) -> Events:
        """Count a message the file ended in."""
        cut = bool(self._held) and not self._broken and not self._ended
        return Events(no_events(), {"cut_message": 1} if cut else {})
