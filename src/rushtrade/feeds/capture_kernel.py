"""Captured packets in bulk: records of a capture file, the datagrams in their frames, the messages in those.

Kernels over numpy arrays, every index checked against the bytes there are. A frame that is no IPv4 or IPv6 with UDP or TCP
gives no row; one that is cut gives what is there, and says so.
"""

# mypy: disable-error-code="assignment,arg-type"

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rushtrade.wire.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

ETHERNET, RAW_IP, LINUX_COOKED, LINUX_COOKED_2, LOOPBACK = 1, 101, 113, 276, 0
"""Link types of a capture (tcpdump.org/linktypes.html)."""
UDP, TCP = 17, 6

FRAME = np.dtype([("begin", "<i8"), ("size", "<i8"), ("time", "<i8"), ("cut", "<i8"), ("link", "<i8")])
"""A captured frame: where it lies in the buffer, when it came (nanoseconds since the epoch), and bytes not captured."""

DATAGRAM = np.dtype(
    [
        ("begin", "<i8"),
        ("size", "<i8"),
        ("time", "<i8"),
        ("flow", "<i8"),
        ("sequence", "<i8"),
        ("protocol", "u1"),
        ("cut", "u1"),
        ("first", "u1"),
    ]
)
"""A UDP or TCP payload. `flow` tells apart what goes between the same two ends; `first` marks a TCP connection's start."""

MESSAGE = np.dtype([("begin", "<i8"), ("size", "<i8"), ("packet", "<i8")])
"""A message inside packet number `packet` of a batch."""

BIG_LENGTH, LITTLE_LENGTH, BIG_LENGTH_OF_ALL = 0, 1, 2
"""How a message says its length in two bytes: big-endian or little-endian of what follows, big-endian with itself."""


@kernel
def number_at(data: NDArray[np.uint8], at: int, size: int, little: int) -> int:
    """Unsigned integer of `size` bytes; the caller has checked that they are there."""
    value = 0
    for index in range(size):
        value = value << 8 | np.int64(data[at + (size - 1 - index if little else index)])
    return value


@kernel
def pcap_records(
    data: NDArray[np.uint8], little: int, nanoseconds: int, link: int, longest: int, frames: NDArray[np.void]
) -> tuple[int, int, int]:
    """Find the records of a classic capture. Returns (bytes consumed, frames, 1 when a record makes no sense)."""
    at = 0
    count = 0
    while at + 16 <= data.size and count < frames.size:
        size = number_at(data, at + 8, 4, little)
        if size > longest:
            return at, count, 1
        if at + 16 + size > data.size:
            break
        seconds, part = number_at(data, at, 4, little), number_at(data, at + 4, 4, little)
        frames[count]["begin"] = at + 16
        frames[count]["size"] = size
        frames[count]["time"] = seconds * 1_000_000_000 + (part if nanoseconds else part * 1000)
        frames[count]["cut"] = max(number_at(data, at + 12, 4, little) - size, 0)
        frames[count]["link"] = link
        at += 16 + size
        count += 1
    return at, count, 0


@kernel
def network_at(data: NDArray[np.uint8], begin: int, end: int, link: int) -> int:
    """Where the IP header begins in a frame; -1 when there is none."""
    at = begin
    kind = 0x0800
    if link == ETHERNET:
        if begin + 14 > end:
            return -1
        kind = number_at(data, begin + 12, 2, 0)
        at = begin + 14
        while kind in (0x8100, 0x88A8, 0x9100) and at + 4 <= end:
            kind = number_at(data, at + 2, 2, 0)
            at += 4
    elif link == LINUX_COOKED and begin + 16 <= end:
        kind = number_at(data, begin + 14, 2, 0)
        at = begin + 16
    elif link == LINUX_COOKED_2 and begin + 20 <= end:
        kind = number_at(data, begin, 2, 0)
        at = begin + 20
    elif link == LOOPBACK:
        at = begin + 4
    elif link not in (RAW_IP, 12, 14):
        return -1
    return at if kind in (0x0800, 0x86DD) and at < end else -1


@kernel
def datagrams(data: NDArray[np.uint8], frames: NDArray[np.void], rows: NDArray[np.void]) -> int:
    """Find the UDP and TCP payloads of frames. Returns how many there are; `rows` has room for one a frame."""
    count = 0
    for index in range(frames.size):
        begin = frames[index]["begin"]
        end = begin + frames[index]["size"]
        at = network_at(data, begin, end, frames[index]["link"])
        if at < 0:
            continue
        version = data[at] >> 4
        if version == 4 and at + 20 <= end:
            total = at + number_at(data, at + 2, 2, 0)
            transport = at + (np.int64(data[at]) & 15) * 4
            protocol = np.int64(data[at + 9])
            flow = number_at(data, at + 12, 4, 0) * 31 + number_at(data, at + 16, 4, 0)
            if number_at(data, at + 6, 2, 0) & 0x1FFF:
                continue  # a later fragment: its beginning was counted, its ports are unknown
        elif version == 6 and at + 40 <= end:
            total = at + 40 + number_at(data, at + 4, 2, 0)
            transport = at + 40
            protocol = np.int64(data[at + 6])
            flow = number_at(data, at + 16, 8, 0) * 31 + number_at(data, at + 32, 8, 0)
        else:
            continue
        header = 8
        if protocol == TCP and transport + 20 <= end:
            header = (np.int64(data[transport + 12]) >> 4) * 4
        elif protocol != UDP or transport + 8 > end:
            continue
        if total > end + frames[index]["cut"] or total < transport + header:
            total = end  # offloaded or absurd: what the frame holds
        body = transport + header
        if body > end:
            continue
        ports = number_at(data, transport, 4, 0)
        rows[count]["begin"] = body
        rows[count]["size"] = min(total, end) - body
        rows[count]["time"] = frames[index]["time"]
        rows[count]["flow"] = (flow * 1_000_003 + ports) ^ protocol
        rows[count]["sequence"] = number_at(data, transport + 4, 4, 0) if protocol == TCP else 0
        rows[count]["protocol"] = protocol
        rows[count]["cut"] = total > end
        rows[count]["first"] = protocol == TCP and data[transport + 13] & 2 != 0
        count += 1
    return count


@kernel
def blocks(
    data: NDArray[np.uint8],
    packets: NDArray[np.int64],
    style: int,
    rows: NDArray[np.void],
    broken: NDArray[np.int64],
) -> int:
    """Find the messages of packets given as rows of (begin, end, messages expected).

    Returns how many messages there are. `broken` gets 1 for a packet that ends inside a message or has bytes behind the
    last one; the messages before that place are given.
    """
    count = 0
    prefix = 2 if style == BIG_LENGTH_OF_ALL else 0
    for index in range(packets.shape[0]):
        at, end, left = packets[index, 0], packets[index, 1], packets[index, 2]
        while left > 0:
            if at + 2 > end:
                break
            size = number_at(data, at, 2, 1 if style == LITTLE_LENGTH else 0) - prefix
            if size <= 0 or at + 2 + size > end:
                break
            if count == rows.size:
                return -1
            rows[count]["begin"] = at + 2
            rows[count]["size"] = size
            rows[count]["packet"] = index
            count += 1
            at += 2 + size
            left -= 1
        spare = 1 if style == BIG_LENGTH_OF_ALL else 0
        broken[index] = 1 if left > 0 or end - at > spare else 0
    return count


@kernel
def byte_sums(data: NDArray[np.uint8], packets: NDArray[np.int64], sums: NDArray[np.int64]) -> None:
    """Sum the bytes of packets given as rows of (begin, end, anything)."""
    for index in range(packets.shape[0]):
        total = 0
        for at in range(packets[index, 0], packets[index, 1]):
            total += np.int64(data[at])
        sums[index] = total


@kernel
def word_records(data: NDArray[np.uint8], rows: NDArray[np.void]) -> tuple[int, int, int]:
    """Find records whose first byte is their length in words of four. Returns (bytes consumed, records, broken)."""
    at = 0
    count = 0
    while at < data.size and count < rows.size:
        size = np.int64(data[at]) * 4
        if size < 16:
            return at, count, 1
        if at + size > data.size:
            break
        rows[count]["begin"] = at
        rows[count]["size"] = size
        rows[count]["packet"] = 0
        at += size
        count += 1
    return at, count, 0
