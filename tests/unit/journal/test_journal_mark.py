import shutil

import pytest

from rushtrade.journal import Fault, Frame, JournalCorrupt, SqliteJournal, SqliteReader
from rushtrade.journal.mark import Mark, note_beside, path_of


@pytest.fixture
def marked(path, journal, writing):
    """Three frames; closed."""
    writing.append(b"one", b"two", b"three")
    journal.close()
    return path


def refused(path):
    with pytest.raises(JournalCorrupt) as caught:
        SqliteJournal(path)
    return caught.value


def test_the_mark_names_the_last_acknowledged_frame(path, journal, writing):
    for body in (b"one", b"two", b"three"):
        writing.append(body)
        assert (note_beside(path).seq, note_beside(path).frame_hash) == (
            journal.last().seq,
            journal.last().hash,
        )


def test_a_journal_with_its_tail_cut_off_is_refused(path, journal, writing):
    """An older copy put in place of the journal: shorter, perfectly sound, and wrong."""
    writing.append(b"one")
    journal.close()
    shutil.copy(path, path.with_name("old.db"))
    with SqliteJournal(path) as again:
        again.new_epoch()
        writing.journal = again
        writing.append(b"two")
    shutil.copy(path.with_name("old.db"), path)
    error = refused(path)
    assert (error.seq, error.fault) == (2, Fault.TAIL_MISSING)
    assert "frames up to 2 were acknowledged, the journal ends at 1" in str(error)
    with SqliteReader(path) as reader:
        assert [finding.fault for finding in reader.verify().findings] == [Fault.TAIL_MISSING]


def test_an_operator_may_adopt_a_shorter_copy(path, marked):
    content = marked.read_bytes()
    with SqliteJournal(marked) as journal:
        journal.new_epoch()
        journal.append(Frame.after(journal.last(), format=1, epoch=2, time_ns=10**9, body=b"lost"))
    marked.write_bytes(content)
    assert refused(marked).fault is Fault.TAIL_MISSING
    with SqliteJournal(marked, adopt=True) as adopted:
        assert adopted.last().seq == 3
        assert adopted.new_epoch() == 3, "the epoch of the lost history is not granted a second time"
        adopted.append(Frame.after(adopted.last(), format=1, epoch=3, time_ns=10**9, body=b"new"))
    with SqliteJournal(marked) as again:
        assert again.verify().sound


def test_an_older_copy_with_as_many_frames_is_refused_for_its_epoch(marked):
    shutil.copy(marked, marked.with_name("old.db"))
    with SqliteJournal(marked) as again:
        again.new_epoch()
    shutil.copy(marked.with_name("old.db"), marked)
    error = refused(marked)
    assert error.fault is Fault.HEAD_DAMAGED
    assert "of version 1, 2 was acknowledged" in str(error)


def test_another_history_of_the_same_length_is_refused(path, marked, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "journal.db"
    with SqliteJournal(other) as journal:
        journal.new_epoch()
        from_marked = list(SqliteReader(marked).frames())
        for frame in from_marked[:2]:
            journal.append(frame)
        journal.append(type(frame).after(journal.last(), format=1, epoch=1, time_ns=10**9, body=b"else"))
    shutil.copy(other, marked)
    error = refused(marked)
    assert (error.seq, error.fault) == (3, Fault.UNCHAINED)


def test_a_journal_that_is_gone_is_missed(marked):
    marked.unlink()
    error = refused(marked)
    assert "3 frames in it were acknowledged" in str(error)
    assert not marked.exists(), "an empty journal must not take the lost one's place"


def test_an_emptied_journal_is_missed(marked):
    marked.write_bytes(b"")
    assert refused(marked).fault is Fault.TAIL_MISSING


@pytest.mark.parametrize("damage", ["absent", "empty", "short", "zeros", "noise"])
def test_without_a_readable_mark_nobody_can_tell_and_the_operator_decides(marked, damage):
    mark = path_of(marked)
    content = mark.read_bytes()
    if damage == "absent":
        mark.unlink()
    else:
        mark.write_bytes(
            {
                "empty": b"",
                "short": content[:5_000],
                "zeros": bytes(len(content)),
                "noise": b"\xa5" * len(content),
            }[damage]
        )
    assert "adopt the journal if it is a copy you trust" in str(refused(marked))
    assert refused(marked).fault is Fault.TAIL_MISSING, "a refused open must not make a mark that passes"
    with SqliteJournal(marked, adopt=True) as adopted:
        assert adopted.last().seq == 3
    with SqliteJournal(marked) as again:
        assert again.verify().sound


@pytest.mark.parametrize("start", [4096, 8192])
def test_a_slot_cut_in_the_middle_leaves_the_one_before_it(path, writing, journal, start):
    writing.append(b"one", b"two", b"three", b"four")
    newest = note_beside(path)
    content = bytearray(path_of(path).read_bytes())
    content[start + 20] ^= 0xFF
    journal.close()
    path_of(path).write_bytes(content)
    assert note_beside(path).count in {newest.count, newest.count - 1}
    with SqliteJournal(path) as again:
        assert again.last().seq == 4


def test_a_mark_that_lags_behind_is_harmless(path, journal, writing):
    """After a power failure the notes since the last sync may be lost."""
    writing.append(b"one")
    early = path_of(path).read_bytes()
    writing.append(b"two", b"three")
    journal.close()
    path_of(path).write_bytes(early)
    with SqliteJournal(path) as again:
        assert again.last().seq == 3


def test_notes_are_counted_on_across_lives(path):
    for life in range(1, 4):
        mark = Mark(path)
        mark.note(life, bytes(32), 0, 0, bytes(32))
        mark.close()
        assert (note_beside(path).count, note_beside(path).seq) == (life, life)


def test_a_crash_while_the_journal_was_being_made_is_no_damage(path):
    Mark(path).close()
    with SqliteJournal(path) as journal:
        assert journal.new_epoch() == 1
    assert SqliteJournal(path).last().seq == 0
