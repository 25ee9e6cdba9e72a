import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushtrade.journal import (
    GENESIS_HASH,
    ORIGIN,
    AppendRefused,
    EpochFenced,
    Frame,
    JournalClosed,
    JournalForeign,
    JournalReader,
    SqliteJournal,
    TimeWentBack,
    WrongPreviousHash,
    WrongSeq,
)
from rushtrade.journal import sqlite as writer_module
from rushtrade.journal.port import Journal


def test_a_new_journal_is_empty(journal):
    assert journal.last() == ORIGIN
    assert list(journal.frames()) == []
    assert journal.newest_snapshot(1) is None
    assert journal.cursor("store") == 0
    assert journal.verify().sound


def test_frames_come_back_as_they_were_appended(journal, writing):
    writing.append(b"", b"one", bytes(70_000), b"\xff" * 300_000)
    assert list(journal.frames()) == writing.frames
    assert journal.last() == writing.frames[-1].position


def test_frames_come_back_after_the_journal_is_opened_again(path, journal, writing):
    writing.append(b"one", bytes(100_000), b"three")
    journal.close()
    with SqliteJournal(path) as again:
        assert list(again.frames()) == writing.frames
        assert again.last() == writing.frames[-1].position
        again.new_epoch()
        again.append(Frame.after(again.last(), format=1, epoch=again.epoch, time_ns=10_000, body=b"four"))
        assert [frame.seq for frame in again.frames()] == [1, 2, 3, 4]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.binary(max_size=3_000), max_size=12), data=st.data())
def test_any_range_of_frames_can_be_read(tmp_path_factory, bodies, data):
    with SqliteJournal(tmp_path_factory.mktemp("range") / "journal.db") as journal:
        journal.new_epoch()
        frames = []
        for body in bodies:
            frames.append(Frame.after(journal.last(), format=1, epoch=1, time_ns=0, body=body))
            journal.append(frames[-1])
        after = data.draw(st.integers(0, len(bodies)))
        upto = data.draw(st.none() | st.integers(0, len(bodies) + 3))
        assert list(journal.frames(after, upto)) == frames[after : len(bodies) if upto is None else upto]


def test_the_first_frame_follows_the_genesis_hash(journal, writing):
    writing.append(b"first")
    assert writing.frames[0].previous_hash == GENESIS_HASH


def frame_like(frame, **changes):
    fields = {
        name: getattr(frame, name) for name in ("format", "epoch", "seq", "time_ns", "previous_hash", "body")
    }
    return Frame(**{**fields, **changes})


@pytest.mark.parametrize(
    ("change", "refusal", "says"),
    [
        ({"seq": 2}, WrongSeq, "frame 2 cannot be appended; the next one is 3"),
        ({"seq": 4}, WrongSeq, "frame 4 cannot be appended; the next one is 3"),
        ({"previous_hash": bytes(32)}, WrongPreviousHash, "frame 3 follows hash 0000"),
        ({"time_ns": 1_999}, TimeWentBack, "has time 1999, before 2000"),
        ({"epoch": 2}, EpochFenced, "frame 3 is of epoch 2; this writer holds 1"),
    ],
)
def test_a_frame_that_does_not_follow_is_refused_and_nothing_is_written(
    journal, writing, change, refusal, says
):
    writing.append(b"one", b"two")
    following = writing.next(b"three")
    with pytest.raises(refusal, match=says):
        journal.append(frame_like(following, **change))
    assert [frame.seq for frame in journal.frames()] == [1, 2]
    journal.append(following)
    assert journal.last() == following.position


def test_refusals_come_in_a_fixed_order(journal, writing):
    """Epoch before number before link before time: the first reason is the one that matters most."""
    writing.append(b"one", b"two")
    wrong = {"epoch": 9, "seq": 9, "previous_hash": bytes(32), "time_ns": 0}
    right = writing.next(b"three")
    for field, refusal in (
        ("epoch", EpochFenced),
        ("seq", WrongSeq),
        ("previous_hash", WrongPreviousHash),
        ("time_ns", TimeWentBack),
    ):
        with pytest.raises(refusal):
            journal.append(frame_like(right, **wrong))
        del wrong[field]
    journal.append(frame_like(right, **wrong))


def test_two_frames_may_carry_the_same_time(journal, writing):
    writing.append(b"one")
    journal.append(writing.next(b"two", time_ns=journal.last().time_ns))
    assert journal.verify().sound


def test_nothing_is_taken_before_an_epoch_is_held(path):
    with SqliteJournal(path) as journal:
        assert journal.epoch == 0
        frame = Frame.after(ORIGIN, format=1, epoch=1, time_ns=0, body=b"")
        with pytest.raises(EpochFenced, match="call new_epoch"):
            journal.append(frame)


def test_a_closed_journal_says_so(journal, writing):
    frame = writing.next(b"late")
    journal.close()
    journal.close()
    for use in (
        lambda: journal.append(frame),
        journal.new_epoch,
        journal.housekeep,
        lambda: list(journal.frames()),
        lambda: journal.cursor("store"),
        lambda: journal.set_cursor("store", 0),
    ):
        with pytest.raises(JournalClosed):
            use()


def test_the_log_is_copied_back_when_due_and_forced_when_nobody_does(path, monkeypatch):
    monkeypatch.setattr(writer_module, "CHECKPOINT_DUE_BYTES", 400_000)
    monkeypatch.setattr(writer_module, "CHECKPOINT_FORCED_BYTES", 1_000_000)
    log = path.with_name("journal.db-wal")
    with SqliteJournal(path) as journal:
        journal.new_epoch()
        for _ in range(100):
            journal.append(Frame.after(journal.last(), format=1, epoch=1, time_ns=0, body=bytes(100_000)))
        assert log.stat().st_size < 2_000_000
        assert path.stat().st_size > 9_000_000
        before = path.stat().st_size
        for _ in range(3):
            journal.append(Frame.after(journal.last(), format=1, epoch=1, time_ns=0, body=bytes(100_000)))
            journal.housekeep()
        assert path.stat().st_size > before
        assert journal.verify().sound


def test_the_file_itself_refuses_changes_by_hand(path, journal, writing):
    writing.append(b"one", b"two")
    shell = apsw.Connection(str(path))
    for statement in (
        "UPDATE frames SET body = x'00' WHERE seq = 1",
        "DELETE FROM frames WHERE seq = 2",
        "DELETE FROM head",
        "UPDATE head SET epoch = 0, version = version + 1",
        "INSERT INTO frames VALUES (4, 1, 1, 0, zeroblob(32), zeroblob(32), x'')",
        "INSERT INTO frames VALUES (3, 1, 1, 0, zeroblob(32), zeroblob(32), x'')",
        "INSERT INTO frames VALUES (3, 7, 1, 0, zeroblob(32), zeroblob(32), x'')",
    ):
        with pytest.raises(apsw.ConstraintError, match="refused"):
            shell.execute(statement)
    shell.close()
    assert list(journal.frames()) == writing.frames


def test_a_writer_whose_end_was_moved_by_another_is_refused(path, journal, writing):
    writing.append(b"one")
    mine, other = writing.next(b"mine"), writing.next(b"other")
    shell = apsw.Connection(str(path))
    shell.execute(
        "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?)",
        (other.seq, other.epoch, other.format, other.time_ns, other.previous_hash, other.hash, other.body),
    )
    shell.close()
    with pytest.raises(AppendRefused, match="moved the journal's end from 1 to 2"):
        journal.append(mine)


def test_a_file_that_is_no_journal_is_refused(path):
    path.write_bytes(b"not a database, a letter to a friend" * 200)
    with pytest.raises(JournalForeign, match="not a journal"):
        SqliteJournal(path)


def test_a_database_of_another_application_is_refused_and_left_alone(path):
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE mail (text); INSERT INTO mail VALUES ('hello')")
    other.close()
    before = path.read_bytes()
    with pytest.raises(JournalForeign, match="another application"):
        SqliteJournal(path)
    assert path.read_bytes() == before


def test_a_journal_of_a_later_layout_is_refused(path, journal):
    journal.close()
    shell = apsw.Connection(str(path))
    shell.execute("PRAGMA user_version = 9")
    shell.close()
    with pytest.raises(JournalForeign, match="layout 9; this release reads layout 1"):
        SqliteJournal(path)


def test_the_writer_fits_the_port(journal):
    port: Journal = journal
    reading: JournalReader = journal
    assert port.last() == reading.last()
