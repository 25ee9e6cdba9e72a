"""A writer to be killed: appends for ever and says on standard output what is acknowledged.

Usage: journal_writer.py PATH SEED {direct|pipeline}. Each line is "seq hash", written in one call after the commit.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from rushtrade.journal import CommitPipeline, Frame, Snapshot, SqliteJournal

Say = Callable[[int, bytes], None]
"""Told of every frame when it is durable: its number and its hash."""


def main() -> None:
    path, seed, way = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    chance = random.Random(seed)
    journal = SqliteJournal(path)
    journal.new_epoch()
    said(0, b"")
    {"direct": append_directly, "pipeline": append_in_pipeline}[way](journal, chance, itertools.count(), said)
    journal.close()


def append_directly(journal: SqliteJournal, chance: random.Random, turns: Iterable[int], say: Say) -> None:
    """Append one frame a turn, with snapshots and checkpoints between them."""
    for _ in turns:
        frame = next_frame(journal.last(), journal.epoch, chance)
        journal.append(frame)
        say(frame.seq, frame.hash)
        if chance.random() < 0.05:
            journal.write_snapshot(
                Snapshot(seq=frame.seq, format=1, state_hash=frame.hash, body=bytes(50_000))
            )
        if chance.random() < 0.1:
            journal.set_cursor("store", frame.seq)
        if chance.random() < 0.3:
            journal.housekeep()


def append_in_pipeline(journal: SqliteJournal, chance: random.Random, turns: Iterable[int], say: Say) -> None:
    """Append one frame a turn, while the one before it is being synced."""
    last, hashes = journal.last(), {}
    with CommitPipeline(journal, notify=lambda seq: say(seq, hashes[seq])) as pipeline:
        for _ in turns:
            frame = next_frame(last, journal.epoch, chance)
            hashes[frame.seq] = frame.hash
            pipeline.submit(frame)
            last = frame.position


def next_frame(last, epoch: int, chance: random.Random) -> Frame:
    body = chance.randbytes(chance.choice((40, 1_000, 30_000, 120_000)))
    return Frame.after(last, format=1, epoch=epoch, time_ns=last.time_ns + 1, body=body)


def said(seq: int, frame_hash: bytes) -> None:
    os.write(1, f"{seq} {frame_hash.hex() or '-'}\n".encode())


if __name__ == "__main__":
    main()
