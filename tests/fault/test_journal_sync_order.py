"""Under strace: every acknowledgement is written after the sync of its frame."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WRITER = Path(__file__).with_name("journal_writer.py")
SYNC = re.compile(r"(fsync|fdatasync)\(\d+<([^>]+)>")
ACKNOWLEDGEMENT = re.compile(r'write\(1<[^>]+>, "(\d+) ')
WRITE = re.compile(r"pwrite64\(\d+<([^>]+journal\.db(?:-wal)?)>")


@pytest.mark.parametrize("way", ["direct", "pipeline"])
def test_every_acknowledgement_comes_after_a_sync_of_the_log(tmp_path, way):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    tracing = [strace, "-f", "-y", "-o", trace, "-e", "trace=write,pwrite64,fsync,fdatasync"]
    command = [*tracing, sys.executable, WRITER, tmp_path / "journal.db", "1", way, "60"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 and "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr:.200}")
    assert done.returncode == 0, done.stderr

    unsynced: set[str] = set()
    acknowledged = log_writes = 0
    for line in trace.read_text().splitlines():
        if wrote := WRITE.search(line):
            unsynced.add(wrote[1])
            log_writes += wrote[1].endswith("-wal")
        elif synced := SYNC.search(line):
            unsynced.discard(synced[2])
        elif said := ACKNOWLEDGEMENT.search(line):
            acknowledged = int(said[1])
            assert not unsynced, f"frame {acknowledged} was acknowledged with unsynced writes"
    assert acknowledged == 60
    assert log_writes >= 2 * acknowledged
