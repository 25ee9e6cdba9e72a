"""Frames committed per second, beside the machine's own append-and-fdatasync of the same bytes.

The two are run in turns, so that a busy disk or processor strikes both. The journal's figure is one durable commit
a frame through `append`; the pipelined one has a caller that works 0.5 ms a frame, which is what the thread is for.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rushtrade.journal import CommitPipeline, Frame, SqliteJournal

ROUNDS = 5
SECONDS_EACH = 0.25
BODY_BYTES = {"4 KB": 4 * 1024, "64 KB": 64 * 1024, "256 KB": 256 * 1024}
WORK_S = 0.0005


def run() -> list[dict]:
    rows = []
    with tempfile.TemporaryDirectory(prefix=".journal-", dir=Path(__file__).parent) as folder:
        for name, size in BODY_BYTES.items():
            rows += rows_of_commits(Path(folder), name, os.urandom(size))
        rows.append(row_of_pipeline(Path(folder), os.urandom(BODY_BYTES["64 KB"])))
        rows.append(row_of_reading(Path(folder), os.urandom(BODY_BYTES["64 KB"])))
    return rows


def rows_of_commits(folder: Path, name: str, body: bytes) -> list[dict]:
    raw, ours = [], []
    for turn in range(ROUNDS):
        raw.append(raw_syncs_per_s(folder / f"raw-{len(body)}-{turn}", body))
        ours.append(commits_per_s(folder / f"journal-{len(body)}-{turn}.db", body))
    commits, syncs = statistics.median(ours), statistics.median(raw)
    megabytes = len(body) / 1e6
    return [
        row(f"journal commits, {name} frames", commits, "commits/s", "append + fdatasync", syncs),
        row(
            f"journal bytes, {name} frames",
            commits * megabytes,
            "MB/s",
            "append + fdatasync",
            syncs * megabytes,
        ),
    ]


def row_of_pipeline(folder: Path, body: bytes) -> dict:
    """Deciding and committing side by side, beside one after the other."""
    in_turn, piped = [], []
    for turn in range(ROUNDS):
        in_turn.append(decided_and_committed_per_s(folder / f"turn-{turn}.db", body, piped=False))
        piped.append(decided_and_committed_per_s(folder / f"pipe-{turn}.db", body, piped=True))
    return row(
        "journal pipeline, 64 KB frames decided in 0.5 ms",
        statistics.median(piped),
        "frames/s",
        "decide, then commit",
        statistics.median(in_turn),
    )


def row_of_reading(folder: Path, body: bytes) -> dict:
    """Reading with every hash and link checked, beside hashing the same bytes."""
    count = 400
    with SqliteJournal(folder / "read.db") as journal:
        journal.new_epoch()
        for _ in range(count):
            journal.append(following(journal.last(), body))
        reading, hashing = [], []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            assert sum(1 for _ in journal.frames()) == count
            reading.append(count / (time.perf_counter() - start))
            start = time.perf_counter()
            for _ in range(count):
                following(journal.last(), body)
            hashing.append(count / (time.perf_counter() - start))
    return row(
        "journal frames read, 64 KB",
        statistics.median(reading),
        "frames/s",
        "sealing them",
        statistics.median(hashing),
    )


def raw_syncs_per_s(path: Path, body: bytes) -> float:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS_EACH:
        os.write(fd, body)
        os.fdatasync(fd)
        done += 1
    rate = done / (time.perf_counter() - start)
    os.close(fd)
    path.unlink()
    return rate


def commits_per_s(path: Path, body: bytes) -> float:
    with SqliteJournal(path) as journal:
        journal.new_epoch()
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS_EACH:
            journal.append(following(journal.last(), body))
            done += 1
        rate = done / (time.perf_counter() - start)
    remove(path)
    return rate


def decided_and_committed_per_s(path: Path, body: bytes, *, piped: bool) -> float:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    try:
        with SqliteJournal(path) as journal:
            journal.new_epoch()
            with CommitPipeline(journal) as pipeline:
                commit = pipeline.submit if piped else journal.append
                last, done, start = journal.last(), 0, time.perf_counter()
                while time.perf_counter() - start < SECONDS_EACH:
                    work()
                    frame = following(last, body)
                    commit(frame)
                    last = frame.position
                    done += 1
                pipeline.drain()
                rate = done / (time.perf_counter() - start)
    finally:
        sys.setswitchinterval(interval)
    remove(path)
    return rate


def work() -> None:
    until = time.perf_counter() + WORK_S
    while time.perf_counter() < until:
        pass


def following(last, body: bytes) -> Frame:
    return Frame.after(last, format=1, epoch=1, time_ns=last.time_ns + 1, body=body)


def remove(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def row(name: str, value: float, unit: str, baseline_name: str, baseline: float) -> dict:
    return {
        "name": name,
        "value": round(value, 1),
        "unit": unit,
        "baseline_name": baseline_name,
        "baseline": round(baseline, 1),
        "ratio": round(value / baseline, 3),
    }


if __name__ == "__main__":
    for line in run():
        print(
            f"{line['name']:52} {line['value']:>10} {line['unit']:10} {line['baseline_name']:>20} "
            f"{line['baseline']:>10}  x{line['ratio']}"
        )
