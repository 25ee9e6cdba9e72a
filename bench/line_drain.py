"""Packets drained from a live line, beside the bare receive loop that bounds it, and through the books of the data center.

A process of its own sends real MoldUDP64 packets (the day of `itch_stream`, some thirty messages each) over the loopback as fast as it can,
in bursts the receive buffer holds, so that nothing is lost and the receiver alone is measured: the clock runs while it drains, never
while the next burst is sent. Rounds alternate:

    bare      recv_into of one socket into one buffer, nothing else: what a portable Python loop can do
    batched   recvmmsg into the ring, nothing else: what the system gives at best
    line      `MoldLine.drain`: both of arbitration and joining, one packet out
    twice     the same, every packet on both ways: A and B arbitrated
    books     drain, then `MarketData.receive`
"""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import sys
from pathlib import Path
from time import perf_counter, time_ns

from bench import itch_stream

from rushtrade.gateway.datagram_ring import DatagramRing, listening_socket
from rushtrade.gateway.feed_day import RecordedDay
from rushtrade.gateway.mold_line import MoldAddress, MoldLine
from rushtrade.market.market_data import MarketData
from rushtrade.wire.moldudp64 import MoldPacket, encode_packet

MESSAGES = 1_500_000
ROUNDS = 4
BURST_PACKETS = 3_000
"""Packets sent before the receiver runs: what the smallest receive buffer met in practice holds."""
HOST = "127.0.0.1"
SENDER = """
import socket, sys, time
path, ports, burst = sys.argv[1], [int(word) for word in sys.argv[2].split(",")], int(sys.argv[3])
data = open(path, "rb").read()
packets, at = [], 0
while at < len(data):
    size = int.from_bytes(data[at:at + 4], "little")
    packets.append(data[at + 4:at + 4 + size])
    at += 4 + size
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sent = 0
print(len(packets), flush=True)
for line in sys.stdin:
    if line.strip() == "again":
        sent = 0
    for packet in packets[sent:sent + burst]:
        for port in ports[:2 if line.strip() == "twice" else 1]:
            out.sendto(packet, ("127.0.0.1", port))
    sent += burst
    print(min(sent, len(packets)), flush=True)
"""


def packets_of(stream: bytes) -> list[bytes]:
    """The day as packets."""
    day = RecordedDay(stream)
    first, made = 1, []
    while first <= len(day):
        behind = day.span(first, 1 << 62)
        made.append(
            encode_packet(MoldPacket("BENCH", first, behind - first, day.payload(first, behind - first)))
        )
        first = behind
    return made


class Sender:
    """The process that sends."""

    def __init__(self, path: Path, ports: tuple[int, int]) -> None:
        words = [sys.executable, "-c", SENDER, str(path), f"{ports[0]},{ports[1]}", str(BURST_PACKETS)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.packets = int(self._process.stdout.readline())
        self.sent = 0

    def burst(self, word: str = "once") -> int:
        """Have the next packets sent; gives how many are sent by then."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        before, self.sent = self.sent, int(self._process.stdout.readline())
        return self.sent - before

    def rewind(self) -> None:
        """Begin the day again with the next burst."""
        self.sent = 0

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)


def measure(sender: Sender, take, *, twice: bool = False) -> float:
    """Packets a second over one whole day; `take` is given how many datagrams wait."""
    seconds = 0.0
    sender.rewind()
    first = True
    while sender.sent < sender.packets or first:
        word = "again" if first else "twice" if twice else "once"
        ways = 1 if first else 2 if twice else 1
        first = False
        waiting = sender.burst(word) * ways
        begin = perf_counter()
        take(waiting)
        seconds += perf_counter() - begin
    ways = 2 if twice else 1
    return (sender.packets * ways - (BURST_PACKETS if twice else 0)) / seconds


def bare(sources: list[socket.socket]):
    """One datagram a call."""
    room = memoryview(bytearray(1 << 16))

    def take(waiting: int) -> None:
        receive = sources[0].recv_into
        for _ in range(waiting):
            receive(room)

    return take


def batched(sources: list[socket.socket]):
    """Many datagrams a call, and nothing done with them."""
    ring = DatagramRing()

    def take(waiting: int) -> None:
        while waiting > 0:
            waiting -= ring.receive(sources[0])

    return take


class Drain:
    """A line of its own for every round: numbers begin again."""

    def __init__(self, ports: tuple[int, int], market: MarketData | None = None) -> None:
        self.line = MoldLine(0, "bench", MoldAddress(((HOST, ports[0]), (HOST, ports[1]))))
        asyncio.run(self.line.open())
        self.messages = 0
        self._market = market

    def take(self, waiting: int) -> None:
        """Drain until everything that was sent is in."""
        line, market = self.line, self._market
        before = sum(line.health(time_ns()).packets.values())
        while True:
            for packet in line.drain(time_ns()):
                self.messages += packet.count
                if market is not None:
                    market.receive(packet)
            if sum(line.health(time_ns()).packets.values()) - before >= waiting:
                return


def line_round(sender: Sender, ports: tuple[int, int], total: int, *, twice=False, books=False) -> float:
    market = None
    if books:
        letters = [
            [chr(65 + locate // 26**place % 26) for place in (3, 2, 1, 0)]
            for locate in range(1, itch_stream.STOCKS + 1)
        ]
        symbols = {number: "".join(each) for number, each in enumerate(letters, 1)}
        market = MarketData(symbols, ["BENCH"])
        market.open_day(0)
    drain = Drain(ports, market)
    try:
        rate = measure(sender, drain.take, twice=twice)
    finally:
        asyncio.run(drain.line.close())
    if drain.messages != total:
        raise SystemExit(f"{total:,} messages were sent and {drain.messages:,} drained")
    if market is not None and market.line_states()[0].state != "live":
        raise SystemExit(f"the books were lost: {market.line_states()[0].fault}")
    return rate


def plain_round(sender: Sender, ports: tuple[int, int], make) -> float:
    sources = [listening_socket(HOST, port) for port in ports]
    for each in sources:
        each.setblocking(True)
    try:
        return measure(sender, make(sources))
    finally:
        for each in sources:
            each.close()


def run() -> list[dict]:
    stream = itch_stream.make(MESSAGES).tobytes()
    total = MESSAGES + itch_stream.STOCKS
    path = Path(__file__).with_name("line_drain.packets")
    packets = packets_of(stream)
    path.write_bytes(b"".join(struct.pack("<I", len(packet)) + packet for packet in packets))
    ports = free_ports()
    best: dict[str, float] = dict.fromkeys(("bare", "batched", "line", "twice", "books"), 0.0)
    sender = Sender(path, ports)
    try:
        for _ in range(ROUNDS):
            found = {
                "bare": plain_round(sender, ports, bare),
                "batched": plain_round(sender, ports, batched),
                "line": line_round(sender, ports, total),
                "twice": line_round(sender, ports, total, twice=True),
                "books": line_round(sender, ports, total, books=True),
            }
            best = {name: max(best[name], found[name]) for name in best}
    finally:
        sender.close()
        path.unlink()
    size = f"{total / len(packets):.0f} messages each"
    return [
        row(f"line drained, packets of {size}", best["line"], "recv_into of the same packets", best["bare"]),
        row(
            f"line drained, packets of {size}", best["line"], "recvmmsg of the same packets", best["batched"]
        ),
        row("line drained, ways A and B", best["twice"], "recvmmsg of the same packets", best["batched"]),
        row("line drained into the books", best["books"], "line drained", best["line"]),
    ]


def free_ports() -> tuple[int, int]:
    """Two ports nobody listens on."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        one.bind((HOST, 0))
        other.bind((HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]


def row(name: str, mine: float, baseline_name: str, theirs: float) -> dict:
    return {
        "name": name,
        "value": round(mine / 1e3, 1),
        "unit": "k packets/s",
        "baseline_name": baseline_name,
        "baseline": round(theirs / 1e3, 1),
        "ratio": round(mine / theirs, 3),
    }


if __name__ == "__main__":
    for result in run():
        print(result)
