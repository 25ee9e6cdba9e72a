"""ITCH 5.0 from files and captures, recorded as a line would have been.

A file's messages are numbered from 1, and get the lengths that were never filled in. Packets of MoldUDP64 in a capture keep the numbers they have, so that a hole stays one; a
flow whose numbers were blanked to zeros is taken as whole. Flows of one session are one line: what one of them lost, the other
has. SoupBinTCP streams in captures and everything that is not ITCH go the way of `import_events`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rushtrade.feeds import formats, lines
from rushtrade.feeds.capture_feed import CaptureFeed
from rushtrade.feeds.captures import Datagrams
from rushtrade.feeds.events import Offsets, Records, no_events
from rushtrade.feeds.itch_stream import ItchStream
from rushtrade.ticks import itch_rows_kernel as kernel
from rushtrade.ticks.recorder import PacketRecorder
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.feed_packet import FeedPacket

MESSAGES = 4096
"""Messages of a packet made of a file: where a replay can begin without reading much."""
FOREVER = 1 << 62


class ItchFileRows:
    """Takes the bytes of an ITCH file as the line of `venue`."""

    def __init__(self, writer: TickWriter, venue: str, midnight_ns: int) -> None:
        self._recorder = PacketRecorder(writer, [venue], midnight_ns)
        self._stream = ItchStream()
        self._sequence = 1
        self._broken = False

    def take(self, piece: bytes) -> int:
        """Record the messages that are whole by now; give how many."""
        data, _, broken = self._stream.take(piece)
        self._broken = self._broken or broken
        array = np.frombuffer(data, np.uint8)
        if data[:2] == b"\0\0":
            array = array.copy()
            kernel.fill_lengths(array)
            data = array.tobytes()
        at, before = 0, self._sequence
        while at < len(data):
            size, count = kernel.messages_cut(array, at, MESSAGES, FOREVER)
            if not count:
                break
            payload = data[at : at + size]
            self._recorder.packet(FeedPacket(0, self._sequence, count, payload), 0)
            at, self._sequence = at + size, self._sequence + count
        return self._sequence - before

    def finish(self) -> dict[str, int]:
        """What made no sense."""
        found = {
            **self._recorder.anomalies(),
            **self._stream.finish().anomalies,
            "broken_stream": int(self._broken),
        }
        return {name: count for name, count in found.items() if count}


class ItchCapture(CaptureFeed):
    """A capture whose packets of ITCH 5.0 go to a recorder; everything else is given as events."""

    def __init__(self, recorder: Callable[[str], PacketRecorder]) -> None:
        super().__init__()
        self._recorder = recorder
        self._blanked: dict[bytes, int] = {}
        self.recorded = 0

    def _take(
        self, flow: int, found: Datagrams, numbers: Offsets
    ) -> tuple[Records, Offsets, dict[str, int], Offsets]:
        rows, packets, wrong, gaps = super()._take(flow, found, numbers)
        known = self._flows.get(flow)
        if known is None or known.format is not formats.ITCH50 or known.line is None:
            return rows, packets, wrong, gaps
        self._record(found, numbers)
        return no_events(), np.zeros(0, np.int64), wrong, gaps

    def _record(self, found: Datagrams, numbers: Offsets) -> None:
        chosen = found.rows[numbers]
        whole = chosen[chosen["size"] >= lines.MOLD.itemsize]
        if not len(whole):
            return
        spans = np.stack([whole["begin"], whole["size"]], axis=1)
        heads = lines.headers(found.data, spans, lines.MOLD)
        for head, (begin, size), time in zip(
            heads.tolist(), spans.tolist(), whole["time"].tolist(), strict=True
        ):
            session, sequence, count = head
            if count in (0, lines.MOLD_END):
                continue
            payload = found.data[begin + lines.MOLD.itemsize : begin + size].tobytes()
            if sequence == 0:
                sequence = self._blanked.get(session, 1)
                self._blanked[session] = sequence + count
            recorder = self._recorder(session.decode("latin-1").strip(" \0"))
            recorder.packet(FeedPacket(0, sequence, count, payload), time)
            self.recorded += count
