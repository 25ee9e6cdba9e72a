"""Captures of a network card, pcap and pcapng, fed in pieces of any size: the datagrams in them, as rows.

A capture that is cut gives the packets before the cut. A record that makes no sense ends the reading, since nothing says
where the next one begins; that is counted, never raised.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from rushtrade.feeds import capture_kernel as kernel
from rushtrade.feeds.events import Bytes, Records

PCAP_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", False),
    b"\xa1\xb2\xc3\xd4": (">", False),
    b"\x4d\x3c\xb2\xa1": ("<", True),
    b"\xa1\xb2\x3c\x4d": (">", True),
}
"""Byte order, and whether the times have nanoseconds."""
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
SECTION, INTERFACE, PACKET_OBSOLETE, PACKET_PLAIN, PACKET = 0x0A0D0D0A, 1, 2, 3, 6
TIME_RESOLUTION = 9
"""Code of the pcapng interface option that says how fine its times are."""

FRAME_BYTES_MAX = 1 << 18
"""The longest frame believed; longer than any network's, and what keeps a corrupt length from being waited for."""
PCAP_HEADER_BYTES = 24
TIME_MAX = (1 << 63) - 1


class Datagrams(NamedTuple):
    """Payloads of a piece of a capture: rows of `DATAGRAM` that point into `data`, and how many frames there were."""

    data: Bytes
    rows: Records
    frames: int


class Capture:
    """Reads a capture forward. `cut` says whether it ended inside a packet, `broken` whether it stopped making sense."""

    def __init__(self) -> None:
        self._held = b""
        self._order = ""
        self._nanoseconds = False
        self._link = kernel.ETHERNET
        self._begun = self._next_generation = False
        self._interfaces: list[tuple[int, int]] = []
        self.broken = False

    @property
    def cut(self) -> bool:
        """Whether bytes are waiting for the rest of their packet."""
        return bool(self._held) and not self.broken

    def feed(self, piece: bytes) -> Datagrams:
        """Give the datagrams that are whole by now."""
        data = self._held + piece
        self._held = b""
        if self.broken:
            return self._rows(data, np.zeros(0, kernel.FRAME))
        if not self._begun:
            if len(data) < PCAP_HEADER_BYTES:
                self._held = data
                return self._rows(b"", np.zeros(0, kernel.FRAME))
            self._begin(data)
            if not self._next_generation:
                data = data[PCAP_HEADER_BYTES:]
        frames, consumed = self._generation_frames(data) if self._next_generation else self._frames(data)
        self._held = data[consumed:]
        return self._rows(data, frames)

    def take_cut(self) -> Datagrams:
        """Give what there is of the packet the capture ends in; an empty answer when nothing of it can be used."""
        held, self._held = self._held, b""
        frames = np.zeros(1, kernel.FRAME)
        if self._next_generation or self.broken or len(held) <= 16:
            return self._rows(b"", frames[:0])
        seconds, part, size, length = struct.unpack_from(f"{self._order}4I", held)
        time = seconds * 1_000_000_000 + part * (1 if self._nanoseconds else 1000)
        frames[0] = (16, len(held) - 16, time, max(size, length) - (len(held) - 16), self._link)
        return self._rows(held, frames)

    def _begin(self, data: bytes) -> None:
        self._begun = True
        if data[:4] == PCAPNG_MAGIC:
            self._next_generation = True
            return
        self._order, self._nanoseconds = PCAP_MAGIC[data[:4]]
        self._link = struct.unpack_from(f"{self._order}I", data, 20)[0] & 0xFFFF

    def _frames(self, data: bytes) -> tuple[Records, int]:
        """Frames of a classic capture."""
        frames = np.zeros(len(data) // 16 + 1, kernel.FRAME)
        consumed, count, broken = kernel.pcap_records(
            np.frombuffer(data, np.uint8),
            self._order == "<",
            self._nanoseconds,
            self._link,
            FRAME_BYTES_MAX,
            frames,
        )
        self.broken = bool(broken)
        return frames[:count], int(consumed)

    def _generation_frames(self, data: bytes) -> tuple[Records, int]:
        """Frames of a pcapng capture, whose blocks say their own length."""
        found: list[tuple[int, int, int, int, int]] = []
        at = 0
        while at + 12 <= len(data):
            if data[at : at + 4] == PCAPNG_MAGIC:
                self._order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
                self._interfaces = []
            kind, size = struct.unpack_from(f"{self._order}2I", data, at)
            if size < 12 or size % 4 or size > FRAME_BYTES_MAX:
                self.broken = True
                break
            if at + size > len(data):
                break
            if kind == INTERFACE and size >= 20:
                self._interfaces.append(self._interface(data[at + 8 : at + size - 4]))
            elif (frame := self._frame(kind, data, at, size)) is not None:
                found.append(frame)
            at += size
        frames = np.zeros(len(found), kernel.FRAME)
        for index, frame in enumerate(found):
            frames[index] = frame
        return frames, at

    def _interface(self, body: bytes) -> tuple[int, int]:
        """Link type, and units of time in a second."""
        (link,) = struct.unpack_from(f"{self._order}H", body)
        units = 1_000_000
        at = 8
        while at + 4 <= len(body):
            code, size = struct.unpack_from(f"{self._order}2H", body, at)
            if code == 0:
                break
            if code == TIME_RESOLUTION and size >= 1 and at + 4 < len(body):
                resolution = body[at + 4]
                units = 1 << (resolution & 63) if resolution & 0x80 else 10 ** min(resolution, 18)
            at += 4 + (size + 3) // 4 * 4
        return link, units

    def _frame(self, kind: int, data: bytes, at: int, size: int) -> tuple[int, int, int, int, int] | None:
        """A packet block as a row of `FRAME`; None for other blocks and for a packet of no known interface."""
        if kind == PACKET_PLAIN and size >= 16 and self._interfaces:
            (length,) = struct.unpack_from(f"{self._order}I", data, at + 8)
            kept = min(length, size - 16)
            return at + 12, kept, 0, length - kept, self._interfaces[0][0]
        if kind not in (PACKET, PACKET_OBSOLETE) or size < 32:
            return None
        number, high, low, kept, length = struct.unpack_from(f"{self._order}5I", data, at + 8)
        if kind == PACKET_OBSOLETE:
            number = struct.unpack_from(f"{self._order}H", data, at + 8)[0]
        if number >= len(self._interfaces) or kept > size - 32:
            return None
        link, units = self._interfaces[number]
        time = (high << 32 | low) * 1_000_000_000 // units
        if time > TIME_MAX:
            time = 0  # no clock says that
        return at + 28, kept, time, max(length - kept, 0), link

    @staticmethod
    def _rows(data: bytes, frames: Records) -> Datagrams:
        array = np.frombuffer(data, np.uint8)
        rows = np.zeros(len(frames), kernel.DATAGRAM)
        count = kernel.datagrams(array, frames, rows) if len(frames) else 0
        return Datagrams(array, rows[:count], len(frames))
