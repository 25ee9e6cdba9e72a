"""A tick writer killed at any moment: everything flushed is there, nothing else counts, and the next one goes on."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import numpy as np
from tick_appender import ROWS, rows_from

from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.verification import verify_day

DAY = dt.date(2026, 11, 20)
APPENDER = Path(__file__).parent / "tick_appender.py"


def killed_after(root: Path, seconds: float) -> int:
    """Let a writer run for a while, kill it, and give the rows it said were durable."""
    writer = subprocess.Popen([sys.executable, APPENDER, root], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = int(writer.stdout.readline())
    time.sleep(seconds)
    writer.kill()
    for line in writer.stdout.read().splitlines(keepends=True):
        if line.endswith("\n"):
            said = int(line)
    writer.wait()
    return said


def test_a_killed_writer_loses_nothing_it_had_flushed(tmp_path, kills):
    chance = Random(20)
    for _ in range(kills):
        said = killed_after(tmp_path, chance.random() * 0.05)
        live = ColumnsReader(tmp_path / DAY.isoformat() / "live")
        assert live.rows("trades") in (said, said + ROWS)
        assert (live.records("trades") == rows_from(0, live.rows("trades"))).all()
        assert live.rows("feed") == live.rows("trades") // ROWS
        begins = live.payload("feed").copy().view("<u8")
        assert (begins == np.arange(0, live.rows("trades"), ROWS)).all()
        assert verify_day(tmp_path, DAY).sound
