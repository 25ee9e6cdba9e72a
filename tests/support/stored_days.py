"""Random days of several venues, recorded into a store, and a market data center that heard the same."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np

from rushtrade.market import ticks
from rushtrade.market.market_data import MarketData
from rushtrade.rules.new_york import midnight_ns
from rushtrade.ticks import itch_rows_kernel
from rushtrade.ticks.recorder import PacketRecorder
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
from support.random_streams import RandomStream

DAY = dt.date(2026, 11, 20)
MIDNIGHT = midnight_ns(DAY)
SYMBOLS = {number: f"S{number}" for number in range(1, 6)}


class Piece(NamedTuple):
    """A packet and the time of its last message."""

    packet: FeedPacket
    time_ns: int


def pieces_of(seed: int, venues: int = 2, messages: int = 3000) -> list[Piece]:
    """Packets of a few messages each, in the order of their times."""
    chance = Random(seed)
    found: list[Piece] = []
    for venue in range(venues):
        stream = RandomStream(seed * 10 + venue, nonsense=0.01)
        made = [*stream.directory(), *(stream.message() for _ in range(messages))]
        at, sequence = 0, 1
        while at < len(made):
            part = made[at : at + chance.randrange(1, 40)]
            payload = frame_all(part)
            _, _, last = itch_rows_kernel.messages_span(np.frombuffer(payload, np.uint8))
            found.append(Piece(FeedPacket(venue, sequence, len(part), payload), last + MIDNIGHT))
            at, sequence = at + len(part), sequence + len(part)
    return sorted(found, key=lambda piece: piece.time_ns)


def market(venues: int = 2) -> MarketData:
    """A market that has heard nothing yet."""
    data = MarketData(SYMBOLS, [f"V{number}" for number in range(venues)])
    data.open_day(MIDNIGHT)
    return data


def store_day(root: Path, pieces: list[Piece], venues: int = 2, *, sealed: bool = True) -> None:
    """Record pieces into a store."""
    with TickWriter(root, DAY) as writer:
        recorder = PacketRecorder(writer, [f"V{number}" for number in range(venues)], MIDNIGHT)
        for number, piece in enumerate(pieces):
            recorder.packet(piece.packet, piece.time_ns + 1000)
            if number % 50 == 0:
                writer.flush(piece.time_ns)
        writer.flush(1)
        if sealed:
            ticks.finish_day(writer, 2)


def hear_until(data: MarketData, pieces: list[Piece], time_ns: int) -> None:
    """Let a market hear every message not later than a moment."""
    for piece in pieces:
        payload = np.frombuffer(piece.packet.payload, np.uint8)
        size, count = itch_rows_kernel.messages_cut(payload, 0, 1 << 40, time_ns - MIDNIGHT)
        if count:
            data.receive(
                FeedPacket(piece.packet.venue, piece.packet.sequence, count, piece.packet.payload[:size])
            )


def face(data: MarketData) -> list[object]:
    """Everything a market shows of its books."""
    shown: list[object] = []
    for number in SYMBOLS:
        quote = data.nbbo(number)
        shown.append((quote.bid, quote.bid_shares, quote.ask, quote.ask_shares, quote.state))
        shown.append([tuple(row) for row in data.montage(number, 100)])
    return shown
