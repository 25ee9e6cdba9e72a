"""Captures written byte by byte: frames, pcap and pcapng files, and the packets of the protocols in them."""

import struct

from rushtrade.wire import itch50
from rushtrade.wire.framing import frame_all
from rushtrade.wire.moldudp64 import MoldPacket, encode_packet

SECOND = 1_000_000_000
MULTICAST = b"\xe9\x36\x0c\x6f"


def add(reference, price=1_000_000, shares=100, time=34_200 * SECOND, side="B", stock="AAPL", locate=1):
    return itch50.AddOrder(locate, 0, time, reference, side, shares, stock, price)


def mold(sequence, messages, session="DAY1"):
    return encode_packet(
        MoldPacket(session, sequence, len(messages), frame_all(map(itch50.encode, messages)))
    )


def udp(payload, port=26_477, vlan=False, padding=0):
    datagram = struct.pack(">4H", 1000, port, 8 + len(payload), 0) + payload
    ip = struct.pack(">2BHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 16, 17, 0) + b"\x0a\0\0\1" + MULTICAST
    kind = b"\x81\x00\x00\x05\x08\x00" if vlan else b"\x08\x00"
    return bytes(12) + kind + ip + datagram + bytes(padding)


def tcp(payload, sequence, ports=(8003, 42_277), syn=False):
    flags = 2 if syn else 16
    segment = struct.pack(">2H2I2B3H", *ports, sequence, 0, 5 << 4, flags, 1000, 0, 0) + payload
    ip = struct.pack(">2BHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0) + b"\x0a\0\0\1\x0a\0\0\2"
    return bytes(12) + b"\x08\x00" + ip + segment


def pcap(frames, order="<", nanoseconds=False):
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    parts = [struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65_535, 1)]
    for number, frame in enumerate(frames):
        parts.append(struct.pack(f"{order}4I", 1_700_000_000 + number, 7, len(frame), len(frame)) + frame)
    return b"".join(parts)


def pcapng(frames, order="<"):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack(f"{order}I", 12 + len(body))
        return struct.pack(f"{order}I", kind) + size + body + size

    resolution = struct.pack(f"{order}HHB3xHH", 9, 1, 9, 0, 0)
    parts = [
        block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(1, struct.pack(f"{order}HHI", 1, 0, 65_535) + resolution),
    ]
    for number, frame in enumerate(frames):
        time = (1_700_000_000 + number) * SECOND + 7
        head = struct.pack(f"{order}5I", 0, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
        parts.append(block(6, head + frame))
    return b"".join(parts)
