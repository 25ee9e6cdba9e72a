"""Flipped, torn, misplaced and missing bytes: noticed, or harmless; never wrong data."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from rushtrade.journal import Frame, JournalError, Snapshot, SqliteJournal, SqliteReader

PAGE = 32 * 1024
SNAPSHOT = Snapshot(seq=9, format=1, state_hash=b"\x5a" * 32, body=bytes(range(256)) * 200)
CURSORS = {"store": 5, "gateway.xnas": 11}


def write(path: Path, count: int = 16) -> tuple[SqliteJournal, list[Frame]]:
    chance = random.Random(7)
    journal = SqliteJournal(path)
    journal.new_epoch()
    frames = []
    for number in range(count):
        body = chance.randbytes(chance.choice((60, 900, 20_000, 70_000)))
        frames.append(Frame.after(journal.last(), format=1, epoch=1, time_ns=number, body=body))
        journal.append(frames[-1])
    journal.write_snapshot(SNAPSHOT)
    for name, seq in CURSORS.items():
        journal.set_cursor(name, seq)
    return journal, frames


def outcome(path: Path, frames: list[Frame]) -> str:
    """Read everything there is; whatever is handed out must be what was written."""
    noticed = 0
    try:
        with SqliteReader(path) as reader:
            for read in (
                lambda: same(list(reader.frames()), frames),
                lambda: same(reader.newest_snapshot(1) or SNAPSHOT, SNAPSHOT),  # none: the frames tell it all
                lambda: same({name: reader.cursor(name) for name in CURSORS}, CURSORS),
                lambda: same(reader.head().epoch, 1),
            ):
                try:
                    read()
                except JournalError:
                    noticed += 1
            sound = reader.verify().sound
    except JournalError:
        return "refused"
    assert not (noticed and sound), "reading stumbles over what verify calls sound"
    if noticed:
        return "noticed in use"
    return "harmless" if sound else "noticed by verify"


def same(read: object, written: object) -> None:
    assert read == written, "wrong data was handed out"


@pytest.fixture(scope="module")
def closed(tmp_path_factory) -> tuple[Path, list[Frame]]:
    path = tmp_path_factory.mktemp("closed") / "journal.db"
    journal, frames = write(path)
    journal.close()
    return path, frames


@pytest.fixture(scope="module")
def crashed(tmp_path_factory) -> tuple[Path, list[Frame]]:
    """The files as a killed writer leaves them: part in the database, part in the log."""
    folder = tmp_path_factory.mktemp("crashed")
    journal, frames = write(folder / "living.db")
    for suffix in ("", "-wal", ".mark"):
        shutil.copy(folder / f"living.db{suffix}", folder / f"journal.db{suffix}")
    journal.close()
    return folder / "journal.db", frames


def copied(path: Path, folder: Path) -> Path:
    for suffix in ("", "-wal", ".mark"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copy(source, folder / source.name)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    (folder / "journal.db-shm").unlink(missing_ok=True)
    return folder / path.name


def damage(path: Path, offset: int, length: int, kind: str) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        old = file.read(length)
        file.seek(offset)
        file.write(
            {"flip": bytes(byte ^ 0xFF for byte in old), "bit": bytes([old[0] ^ 0x10]) + old[1:]}.get(
                kind, bytes(len(old))
            )
        )


@pytest.mark.parametrize(
    ("kind", "length", "step"), [("flip", 1, 2_503), ("bit", 1, 3_001), ("zero", 512, 4_099)]
)
def test_no_damaged_region_of_the_database_is_ever_read_as_data(closed, tmp_path, kind, length, step):
    path, frames = closed
    victim = copied(path, tmp_path)
    sound = path.read_bytes()
    outcomes = []
    for offset in range(0, len(sound), step):
        victim.write_bytes(sound)
        damage(victim, offset, length, kind)
        outcomes.append(outcome(victim, frames))
    assert outcomes.count("noticed in use") > len(outcomes) // 2
    assert set(outcomes) <= {"harmless", "noticed in use", "noticed by verify", "refused"}


@pytest.mark.parametrize("kind", ["flip", "bit"])
def test_the_first_page_and_the_small_tables_are_flipped_byte_by_byte(closed, tmp_path, kind):
    path, frames = closed
    victim = copied(path, tmp_path)
    sound = path.read_bytes()
    used = [offset for offset in range(6 * PAGE) if sound[offset]]
    for offset in random.Random(3).sample(used, 250):
        victim.write_bytes(sound)
        damage(victim, offset, 1, kind)
        outcome(victim, frames)


def test_pages_that_changed_places_are_noticed(closed, tmp_path):
    path, frames = closed
    sound = path.read_bytes()
    victim = copied(path, tmp_path)
    pages = len(sound) // PAGE
    for page in range(1, pages - 1):
        swapped = bytearray(sound)
        one, other = slice(page * PAGE, (page + 1) * PAGE), slice((page + 1) * PAGE, (page + 2) * PAGE)
        swapped[one], swapped[other] = sound[other], sound[one]
        victim.write_bytes(swapped)
        assert outcome(victim, frames) != "harmless"


def test_a_page_written_over_another_is_noticed(closed, tmp_path):
    path, frames = closed
    sound = path.read_bytes()
    victim = copied(path, tmp_path)
    pages = len(sound) // PAGE
    for page in range(2, pages):
        doubled = bytearray(sound)
        doubled[page * PAGE : (page + 1) * PAGE] = sound[(page - 1) * PAGE : page * PAGE]
        victim.write_bytes(doubled)
        assert outcome(victim, frames) != "harmless"


def test_a_shortened_database_is_noticed(closed, tmp_path):
    path, frames = closed
    sound = path.read_bytes()
    victim = copied(path, tmp_path)
    for length in range(0, len(sound) - 1, PAGE // 2):
        victim.write_bytes(sound[:length])
        assert outcome(victim, frames) != "harmless"


def test_the_crashed_files_are_sound_before_they_are_damaged(crashed, tmp_path):
    path, frames = crashed
    assert path.with_name("journal.db-wal").stat().st_size > 500_000
    assert outcome(copied(path, tmp_path), frames) == "harmless"


def opened_or_refused(path: Path, frames: list[Frame]) -> str:
    try:
        with SqliteJournal(path) as journal:
            same(list(journal.frames()), frames)
            same(journal.newest_snapshot(1), SNAPSHOT)
            same({name: journal.cursor(name) for name in CURSORS}, CURSORS)
            assert journal.verify().sound
    except JournalError:
        return "refused"
    return "opened"


@pytest.mark.parametrize(
    ("kind", "length", "step"), [("flip", 1, 9_001), ("bit", 1, 10_007), ("zero", 4_096, 40_009)]
)
def test_a_log_with_damaged_bytes_never_loses_acknowledged_frames_silently(
    crashed, tmp_path, kind, length, step
):
    """SQLite takes damage in its log for a torn end and drops the rest; the mark knows better."""
    path, frames = crashed
    size = path.with_name("journal.db-wal").stat().st_size
    outcomes = []
    for offset in range(0, size, step):
        victim = copied(path, tmp_path)
        log = victim.with_name("journal.db-wal")
        damage(log, offset, min(length, size - offset), kind)
        evidence = log.read_bytes()
        outcomes.append(opened_or_refused(victim, frames))
        if outcomes[-1] == "refused":
            assert log.read_bytes() == evidence, "a refused open must leave the log for whoever repairs it"
    assert outcomes.count("refused") > len(outcomes) * 3 // 4


def test_a_log_that_is_cut_or_gone_is_noticed(crashed, tmp_path):
    path, frames = crashed
    sound = path.with_name("journal.db-wal").read_bytes()
    for length in range(0, len(sound) - PAGE, len(sound) // 12):
        victim = copied(path, tmp_path)
        victim.with_name("journal.db-wal").write_bytes(sound[:length])
        assert opened_or_refused(victim, frames) == "refused"
    victim = copied(path, tmp_path)
    victim.with_name("journal.db-wal").unlink()
    assert opened_or_refused(victim, frames) == "refused"


def test_noise_behind_the_log_is_harmless(crashed, tmp_path):
    """What a killed writer leaves: the beginning of a commit that was never acknowledged."""
    path, frames = crashed
    victim = copied(path, tmp_path)
    with victim.with_name("journal.db-wal").open("ab") as log:
        log.write(random.Random(1).randbytes(100_000))
    assert opened_or_refused(victim, frames) == "opened"
