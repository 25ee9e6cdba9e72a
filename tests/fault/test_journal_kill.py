"""kill -9 at any instruction: everything that was acknowledged is found, and the chain is whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rushtrade.journal import SqliteJournal, SqliteReader
from support.waiting import PATIENCE_S

WRITER = Path(__file__).with_name("journal_writer.py")


def run_and_kill(path: Path, seed: int, way: str, frames: int, delay_s: float) -> list[tuple[int, str]]:
    """Let a writer acknowledge some frames and run on for a while, kill it, and return what it acknowledged."""
    writer = subprocess.Popen(
        [sys.executable, str(WRITER), str(path), str(seed), way],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # what `readline` took too much of would be lost to `communicate`
    )
    assert writer.stdout is not None
    opened = writer.stdout.readline()
    said = b"".join(writer.stdout.readline() for _ in range(frames))
    time.sleep(delay_s)
    writer.kill()
    rest, errors = writer.communicate(timeout=PATIENCE_S)
    assert opened == b"0 -\n", errors.decode()
    assert writer.returncode == -9, errors.decode()
    said += rest
    whole_lines = said[: said.rfind(b"\n") + 1].decode().splitlines()
    return [(int(seq), frame_hash) for seq, frame_hash in (line.split() for line in whole_lines)]


@pytest.mark.parametrize("way", ["direct", "pipeline"])
def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path, kills, way):
    path = tmp_path / "journal.db"
    chance = random.Random(20_041_101)
    acknowledged = 0
    for life in range(1, kills + 1):
        said = run_and_kill(path, life, way, chance.choice([0, 1, 5]), chance.uniform(0, 0.05))
        with SqliteReader(path) as reader:
            for seq, frame_hash in said:
                assert reader.frame(seq).hash.hex() == frame_hash, f"life {life}: frame {seq} is another one"
        with SqliteJournal(path) as journal:
            assert journal.head().epoch == life
            if said:
                assert journal.last().seq >= said[-1][0]
            assert journal.cursor("store") <= journal.last().seq
            assert journal.newest_snapshot(1) is None or way == "direct"
        acknowledged += len(said)
    with SqliteReader(path) as reader:
        report = reader.verify()
    assert report.sound, report.lines()
    assert report.frames >= acknowledged >= kills
