"""A capture as a feed: its datagrams dealt to the flows they belong to, each flow read as the line it is.

Which protocol a flow speaks and which feed it carries is seen from its first packets, and stays. UDP flows are lines of
MoldUDP64, IEX-TP or CTA; TCP flows are SoupBinTCP streams. Packets of flows that are none of these are counted as
`unrecognised_packet`; frames without UDP or TCP as `other_frame`.

As a census reads it, a capture is what it is: packets in the order of their capture, those heard twice twice. As a line reads it
(`whole`), the two ways of a line are one: packets come in the order of their numbers, each once (`packet_order`), and rows of their own
say where numbers are missing and where a feed began anew.
"""

from __future__ import annotations

import numpy as np

from rushtrade.feeds import formats, lines
from rushtrade.feeds.capture_kernel import MESSAGE, TCP
from rushtrade.feeds.captures import Capture, Datagrams
from rushtrade.feeds.events import EVENT, Bytes, Events, Offsets, Records, no_events
from rushtrade.feeds.layouts import Format
from rushtrade.feeds.packet_order import PacketOrder
from rushtrade.feeds.soup_stream import SoupStream

FLOWS_MAX = 4096
"""Flows told apart; packets of further ones count as unrecognised, so that a scan of ports cannot fill the memory."""
UTP_CATEGORIES = b"QACTV"
UNKNOWN = -1
"""Missing numbers nobody can count: bytes of a stream."""
NO_GAPS: Offsets = np.zeros((0, 2), np.int64)


class Flow:
    """One flow of UDP: its line, and the format of what it carries once that is known."""

    def __init__(self) -> None:
        self.line: lines.Line | None = None
        self.format: Format | None = None

    def take(self, data: Bytes, packets: Offsets) -> tuple[Records, Records, dict[str, int], Offsets]:
        """Give rows of `EVENT`, the messages they come from, what was wrong, and the gaps as `lines.Carried` has them."""
        if self.line is None:
            protocol = lines.recognise(data, packets)
            if protocol is None:
                return no_events(), np.zeros(0, MESSAGE), {"unrecognised_packet": len(packets)}, NO_GAPS
            self.line = lines.Line(protocol)
        messages, anomalies, gaps = self.line.take(data, packets)
        if self.format is None and len(messages):
            self.format = self._recognise(data, packets, messages)
        if self.format is None:
            if len(messages):
                anomalies["unknown_type"] = len(messages)
            return no_events(), messages[:0], anomalies, gaps
        rows, wrong = self.format.decode(data, messages)
        return rows, messages, {**anomalies, **wrong}, gaps

    def _recognise(self, data: Bytes, packets: Offsets, messages: Records) -> Format | None:
        """Find the format most messages fit."""
        assert self.line is not None
        if self.line.protocol is lines.IEX:
            head = lines.headers(data, packets[messages["packet"][:1]], lines.IEX)
            return formats.IEX_DEEP if head["protocol"][0] == lines.IEX_DEEP_PROTOCOL else formats.IEX_TOPS
        if self.line.protocol is lines.CTA:
            head = lines.headers(data, packets[messages["packet"][:1]], lines.CTA)
            return formats.CQS if head["feed"][0] == b"Q" else formats.CTS
        begin = messages["begin"]
        long = messages["size"] >= formats.UTP_BYTES_MIN
        digits = (data[begin] >= ord("0")) & (data[begin] <= ord("9")) & long
        categories = np.isin(data[np.where(long, begin + 1, 0)], np.frombuffer(UTP_CATEGORIES, np.uint8))
        if np.count_nonzero(digits & categories) > len(messages) // 2:
            return formats.UQDF
        fits = [(kind.fitting(data, messages), -index) for index, kind in enumerate(formats.IN_MOLD)]
        count, index = max(fits)
        return formats.IN_MOLD[-index] if count else None


class CaptureFeed:
    """See `events.Feed`. `whole` is told in the head of this module."""

    def __init__(self, *, whole: bool = False) -> None:
        self._capture = Capture()
        self._order = PacketOrder() if whole else None
        self._flows: dict[int, Flow] = {}
        self._streams: dict[int, SoupStream] = {}

    @property
    def kind(self) -> str:
        """The feeds found, joined by `+` where there are several."""
        return "+".join(sorted({each.kind for each in self._formats()})) or "capture"

    @property
    def from_midnight(self) -> bool:
        """Whether the times of what was found count from midnight."""
        return any(each.from_midnight for each in self._formats())

    def _formats(self) -> list[Format]:
        found = [flow.format for flow in self._flows.values()]
        found += [stream.format for stream in self._streams.values()]
        return [each for each in found if each is not None]

    def feed(self, buffer: bytes) -> Events:
        """Decode the packets that are whole by now."""
        found = self._capture.feed(buffer)
        return self._decode(self._order.take(found) if self._order else found, {})

    def finish(self) -> Events:
        """Count what the capture's end cut, and decode the messages that are whole in it and those that waited."""
        anomalies: dict[str, int] = {}
        if self._capture.broken:
            anomalies["broken_capture"] = 1
        elif self._capture.cut:
            anomalies["cut_packet"] = 1
        found = self._capture.take_cut()
        if self._order:
            found = self._order.finish(found)
            anomalies["repeated_packet"] = self._order.repeats
        return self._decode(found, {name: count for name, count in anomalies.items() if count})

    def _decode(self, found: Datagrams, anomalies: dict[str, int]) -> Events:
        if (other := found.frames - len(found.rows)) > 0 and not self._order:
            anomalies["other_frame"] = other
        parts: list[Records] = []
        places: list[Offsets] = []
        gaps = 0
        for flow in np.unique(found.rows["flow"]).tolist():
            numbers = np.flatnonzero(found.rows["flow"] == flow)
            rows, packets, wrong, missed = self._take(flow, found, numbers)
            gaps += len(missed)
            kept = rows["type"] != b""
            if self._order and len(missed):
                parts.append(_said(missed[:, 1]))
                places.append(numbers[missed[:, 0]])
            parts.append(rows[kept])
            places.append(numbers[packets[kept]])
            for name, count in wrong.items():
                if count:
                    anomalies[name] = anomalies.get(name, 0) + count
        if not parts:
            return Events(no_events(), anomalies, gaps, found.frames)
        order = np.argsort(np.concatenate(places), kind="stable")
        return Events(np.concatenate(parts)[order].astype(EVENT), anomalies, gaps, found.frames)

    def _take(
        self, flow: int, found: Datagrams, numbers: Offsets
    ) -> tuple[Records, Offsets, dict[str, int], Offsets]:
        """Give a flow its packets: rows, the packet of each, what was wrong, gaps."""
        chosen = found.rows[numbers]
        if len(self._flows) + len(self._streams) >= FLOWS_MAX and flow not in {
            **self._flows,
            **self._streams,
        }:
            return no_events(), np.zeros(0, np.int64), {"unrecognised_packet": len(chosen)}, NO_GAPS
        if chosen["protocol"][0] == TCP:
            stream = self._streams.setdefault(flow, SoupStream())
            rows, segments, wrong, gaps = stream.take(found.data, chosen)
            return rows, segments, wrong, np.tile(np.array([[0, UNKNOWN]]), (gaps, 1))
        packets = np.stack([chosen["begin"], chosen["size"]], axis=1)
        rows, messages, wrong, missed = self._flows.setdefault(flow, Flow()).take(found.data, packets)
        return rows, messages["packet"], wrong, missed


def _said(missing: Offsets) -> Records:
    """Rows that say where numbers are missing, and where a feed began anew."""
    rows = np.zeros(len(missing), EVENT)
    rows["action"] = np.where(missing == lines.BEGAN_ANEW, b"R", b"G")
    rows["side"], rows["order"] = b"N", np.maximum(missing, 0)
    return rows
