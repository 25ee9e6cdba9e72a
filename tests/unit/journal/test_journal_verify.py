import apsw
import pytest

from rushtrade.journal import Fault, Frame, JournalCorrupt, Snapshot, SqliteJournal, SqliteReader
from rushtrade.journal.report import MAX_FINDINGS
from rushtrade.journal.verify import PROGRESS_EVERY


@pytest.fixture
def written(path, journal, writing):
    """Twelve frames, a snapshot, a cursor; closed."""
    writing.append(*[f"frame {number}".encode() * number for number in range(1, 13)])
    journal.write_snapshot(Snapshot(seq=6, format=1, state_hash=bytes(32), body=b"state"))
    journal.set_cursor("store", 4)
    journal.close()
    return path


def change(path, statement, *values):
    """Do by hand what the triggers forbid."""
    shell = apsw.Connection(str(path))
    triggers = shell.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        shell.execute(f"DROP TRIGGER {name}")
    shell.execute(statement, values)
    for _, sql in triggers:
        shell.execute(sql)
    shell.close()


def findings(path, from_seq=1):
    with SqliteReader(path) as reader:
        report = reader.verify(from_seq)
        return [(finding.seq, finding.fault) for finding in report.findings]


def test_a_sound_journal_is_called_sound_with_its_figures(written):
    with SqliteReader(written) as reader:
        report = reader.verify()
        assert report.sound
        assert not report.stopped_early
        assert (report.from_seq, report.frames, report.last) == (1, 12, reader.last())
        assert report.body_bytes == sum(len(frame.body) for frame in reader.frames())
        assert report.lines()[0].startswith("12 frames from seq 1 to 12,")
        assert report.lines()[0].endswith("sound")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE frames SET body = x'00' WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("UPDATE frames SET hash = zeroblob(32) WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("UPDATE frames SET hash = x'00' WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("UPDATE frames SET previous_hash = zeroblob(32) WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("UPDATE frames SET previous_hash = x'00' WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("UPDATE frames SET time_ns = time_ns + 1 WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("UPDATE frames SET time_ns = -1 WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("UPDATE frames SET epoch = 2 WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("UPDATE frames SET format = 2 WHERE seq = 5", [(5, Fault.DAMAGED)]),
        ("DELETE FROM frames WHERE seq = 5", [(5, Fault.MISSING)]),
        ("DELETE FROM frames WHERE seq BETWEEN 3 AND 9", [(3, Fault.MISSING), (6, Fault.MISSING)]),
        ("DELETE FROM frames WHERE seq = 1", [(1, Fault.MISSING)]),
        (
            "UPDATE frames SET body = x'00' WHERE seq IN (2, 3, 9)",
            [(seq, Fault.DAMAGED) for seq in (2, 3, 9)],
        ),
        ("DELETE FROM frames WHERE seq > 10", [(11, Fault.TAIL_MISSING)]),
        (
            "UPDATE frames SET seq = 20 WHERE seq = 12",
            [(12, Fault.MISSING), (20, Fault.DAMAGED), (12, Fault.MISSING)],
        ),
        ("UPDATE head SET epoch = 9", [(0, Fault.HEAD_DAMAGED)]),
        ("UPDATE head SET cursors = x'7b7d'", [(0, Fault.HEAD_DAMAGED)]),
        ("DELETE FROM head", [(0, Fault.HEAD_DAMAGED)]),
        ("UPDATE snapshots SET body = x'00'", [(6, Fault.SNAPSHOT_DAMAGED)]),
        ("UPDATE snapshots SET seq = 7", [(7, Fault.SNAPSHOT_DAMAGED)]),
        ("UPDATE snapshots SET state_hash = x'00'", [(0, Fault.SNAPSHOT_DAMAGED)]),
        ("UPDATE snapshots SET seq = 99", [(99, Fault.MISSING)]),
    ],
)
def test_verify_says_at_which_frame_what_is_wrong(written, statement, expected):
    change(written, statement)
    assert findings(written) == expected


@pytest.mark.parametrize("seq", [1, 5, 12])
def test_reading_stops_at_the_frame_verify_names(written, seq):
    change(written, "UPDATE frames SET body = x'00' WHERE seq = ?", seq)
    with SqliteReader(written) as reader:
        taken = []
        with pytest.raises(JournalCorrupt) as caught:
            taken.extend(frame.seq for frame in reader.frames())
        assert caught.value.seq == seq
        assert caught.value.fault is Fault.DAMAGED


def rewritten(frame, **changes):
    fields = {
        name: getattr(frame, name) for name in ("format", "epoch", "seq", "time_ns", "previous_hash", "body")
    }
    return Frame(**{**fields, **changes})


@pytest.mark.parametrize(
    ("seq", "changes", "expected"),
    [
        (5, {"body": b"forged"}, [(6, Fault.UNCHAINED)]),
        (5, {"previous_hash": bytes(32)}, [(5, Fault.UNCHAINED), (6, Fault.UNCHAINED)]),
        (12, {"body": b"forged"}, [(12, Fault.UNCHAINED)]),
        (12, {"time_ns": 1}, [(12, Fault.TIME_WENT_BACK), (12, Fault.UNCHAINED)]),
        (1, {"previous_hash": bytes(32)}, [(1, Fault.UNCHAINED), (2, Fault.UNCHAINED)]),
    ],
)
def test_a_frame_replaced_with_its_own_right_hash_breaks_the_chain(written, seq, changes, expected):
    with SqliteReader(written) as reader:
        forged = rewritten(reader.frame(seq), **changes)
    change(
        written,
        "UPDATE frames SET time_ns = ?, previous_hash = ?, hash = ?, body = ? WHERE seq = ?",
        forged.time_ns,
        forged.previous_hash,
        forged.hash,
        forged.body,
        seq,
    )
    assert findings(written) == expected


def test_two_frames_that_changed_places_are_noticed(written):
    change(written, "UPDATE frames SET seq = -1 WHERE seq = 5")
    change(written, "UPDATE frames SET seq = 5 WHERE seq = 6")
    change(written, "UPDATE frames SET seq = 6 WHERE seq = -1")
    assert findings(written) == [(5, Fault.DAMAGED), (6, Fault.DAMAGED)]


def test_an_epoch_that_goes_back_is_noticed(path):
    with SqliteJournal(path) as journal:
        for _ in range(2):
            epoch = journal.new_epoch()
            journal.append(Frame.after(journal.last(), format=1, epoch=epoch, time_ns=1, body=b""))
        back = Frame.after(journal.last(), format=1, epoch=1, time_ns=1, body=b"")
    change(
        path,
        "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?)",
        back.seq,
        back.epoch,
        back.format,
        back.time_ns,
        back.previous_hash,
        back.hash,
        back.body,
    )
    assert findings(path) == [(3, Fault.EPOCH_WENT_BACK)]


def test_verify_can_begin_in_the_middle(written):
    change(written, "UPDATE frames SET body = x'00' WHERE seq = 3")
    assert findings(written, from_seq=5) == []
    assert findings(written, from_seq=4) == [(3, Fault.DAMAGED)], "the frame before is needed for the link"
    assert findings(written, from_seq=40) == []


def test_verify_from_behind_the_end_reads_no_frame(written):
    with SqliteReader(written) as reader:
        report = reader.verify(from_seq=40)
        assert (report.frames, report.last) == (0, reader.last())


def test_verify_gives_up_on_a_journal_that_is_lost(path, journal, writing):
    writing.append(*[b"x"] * (MAX_FINDINGS + 20))
    journal.close()
    change(path, "UPDATE frames SET body = x'00'")
    with SqliteReader(path) as reader:
        report = reader.verify()
    assert len(report.findings) == MAX_FINDINGS
    assert report.stopped_early
    assert report.lines()[-1] == "given up after 100 faults"


def test_verify_tells_how_far_it_is(path, journal, writing):
    writing.append(*[b"x"] * (PROGRESS_EVERY + 10))
    calls = []
    journal.verify(progress=lambda seq, last: calls.append((seq, last)))
    assert calls == [(PROGRESS_EVERY, PROGRESS_EVERY + 10), (PROGRESS_EVERY + 10, PROGRESS_EVERY + 10)]


def test_a_damaged_snapshot_is_not_used_and_an_older_one_can_be(path, journal, writing):
    writing.append(b"one", b"two")
    old, new = (Snapshot(seq=seq, format=1, state_hash=bytes(32), body=b"state") for seq in (1, 2))
    journal.write_snapshot(old)
    journal.write_snapshot(new)
    journal.close()
    change(path, "UPDATE snapshots SET body = x'00' WHERE seq = 2")
    with SqliteReader(path) as reader:
        with pytest.raises(JournalCorrupt) as caught:
            reader.newest_snapshot(1)
        assert (caught.value.seq, caught.value.fault) == (2, Fault.SNAPSHOT_DAMAGED)
        assert reader.newest_snapshot(1, upto_seq=1) == old
