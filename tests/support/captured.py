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


def iex(sequence, messages, channel=1, session=7):
    """A packet of IEX-TP with messages of DEEP."""
    body = b"".join(struct.pack("<H", len(each)) + each for each in messages)
    head = (1, 0, 0x8004, channel, session, len(body), len(messages), 0, sequence, 5)
    return struct.pack("<BBHIIHHqqq", *head) + body


def iex_level(time, symbol, side, price, size, complete=1):
    letter = b"8" if side == "B" else b"5"
    return struct.pack("<cBq8sIq", letter, complete, time, symbol.encode().ljust(8), size, price)


def iex_trade(time, symbol, price, size, number, flags=0, letter=b"T"):
    return struct.pack("<cBq8sIqQ", letter, flags, time, symbol.encode().ljust(8), size, price, number)


def iex_state(time, symbol, letter, state, rest=b""):
    return struct.pack("<ccq8s", letter, state, time, symbol.encode().ljust(8)) + rest


def cta(sequence, messages, feed="T"):
    """A block of CTA: CTS or CQS, its checksum right."""
    body = b"".join(struct.pack(">H", len(each) + 2) + each for each in messages)
    head = struct.pack(">BHccIBII", 2, 20 + len(body), feed.encode(), b"O", sequence, len(messages), 5, 5)
    return head + struct.pack(">H", sum(head + body) & 0xFFFF) + body


def cta_head(kind, venue, time, number, symbol):
    """What messages about a security begin with."""
    seconds, nanoseconds = divmod(time, SECOND)
    return struct.pack(
        ">2sc2IBIQ11sc",
        kind.encode(),
        venue.encode(),
        seconds,
        nanoseconds,
        1,
        1,
        number,
        symbol.encode().ljust(11),
        b"0",
    )


def cts_trade(time, symbol, price, shares, number, venue="N", conditions="@", kind="TL"):
    """A long trade (TL): price in millionths of a dollar."""
    body = struct.pack(">4sQI", conditions.ljust(4).encode(), price, shares)
    return cta_head(kind, venue, time, number, symbol) + body + b"\0 0 " + bytes(8) + b" N0  A"


def cts_cancel(time, symbol, original, number, venue="N"):
    body = struct.pack(">4sQI4sQ", b"@   ", 0, 0, b"\0 0 ", original)
    return cta_head("TX", venue, time, number, symbol) + body + bytes(80)


def cts_correction(time, symbol, price, shares, original, number, venue="N", conditions="@"):
    body = struct.pack(">4sQI4sc8xQ", conditions.ljust(4).encode(), price, shares, b"\0 0 ", b" ", original)
    return cta_head("TC", venue, time, number, symbol) + body + bytes(90)


def cqs_quote(time, symbol, bid, bid_shares, ask, ask_shares, venue="N", status=" ", number=1):
    """A long quote: prices in millionths of a dollar. With `status` 0 its prices are the bands."""
    body = b"R" + status.encode() + struct.pack(">QIQI", bid, bid_shares, ask, ask_shares)
    return cta_head("QL", venue, time, number, symbol) + body + bytes(20)


def cts_status(time, symbol, low=0, high=0, status=" ", reason=" ", restriction=" ", luld=" "):
    body = struct.pack(">3Q2I", 0, high, low, 0, 0) + (status + reason + restriction + "N0" + luld).encode()
    return cta_head("TS", "N", time, 1, symbol) + body


def uqdf_head(kind, venue, time, symbol=""):
    """What messages of UTP begin with; a symbol of 11 letters where the message has one."""
    head = struct.pack(">c2scc3Q", b"1", kind.encode(), venue.encode(), b" ", time, 0, 0)
    return head + symbol.encode().ljust(11) if symbol else head


def uqdf_quote(time, symbol, bid, bid_lots, ask, ask_lots, venue="Q"):
    """A long quote: prices in millionths, sizes in round lots."""
    fields = struct.pack(">Q11sQIQI", 0, symbol.encode().ljust(11), bid, bid_lots, ask, ask_lots)
    return uqdf_head("QF", venue, time) + fields + bytes(7)


def uqdf_band(time, symbol, low, high):
    return uqdf_head("AP", "Q", time, symbol) + b"A" + struct.pack(">QQQ", time, low, high)


def uqdf_state(time, symbol, kind, letters, rest=b""):
    return uqdf_head(kind, "Q", time, symbol) + letters.encode() + rest


def utp(sequence, messages, session="UQDF1"):
    """A packet of MoldUDP64 with any messages."""
    body = b"".join(struct.pack(">H", len(each)) + each for each in messages)
    return encode_packet(MoldPacket(session, sequence, len(messages), body))
