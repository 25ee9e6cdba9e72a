import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.journal import (
    SNAPSHOTS_KEPT,
    CursorRefused,
    EpochFenced,
    FrameInvalid,
    JournalCorrupt,
    Snapshot,
    SnapshotRefused,
    SqliteJournal,
)
from rushtrade.journal.head import FIRST_HEAD, MAX_CURSORS, head_from_row


def snapshot_of(seq: int, *, format_: int = 1, body: bytes = b"state") -> Snapshot:
    return Snapshot(seq=seq, format=format_, state_hash=bytes([seq]) * 32, body=body)


def test_the_newest_snapshot_of_a_format_is_found(journal, writing):
    writing.append(b"one", b"two", b"three")
    for seq in (0, 1, 3):
        journal.write_snapshot(snapshot_of(seq))
    journal.write_snapshot(snapshot_of(2, format_=2))
    assert journal.newest_snapshot(1) == snapshot_of(3)
    assert journal.newest_snapshot(2) == snapshot_of(2, format_=2)
    assert journal.newest_snapshot(3) is None


def test_an_older_snapshot_can_be_asked_for(journal, writing):
    writing.append(b"one", b"two", b"three")
    for seq in (1, 3):
        journal.write_snapshot(snapshot_of(seq))
    assert journal.newest_snapshot(1, upto_seq=2) == snapshot_of(1)
    assert journal.newest_snapshot(1, upto_seq=0) is None


def test_a_snapshot_outlives_its_writer(path, journal, writing):
    writing.append(b"one")
    large = snapshot_of(1, body=bytes(3_000_000))
    journal.write_snapshot(large)
    journal.close()
    with SqliteJournal(path) as again:
        assert again.newest_snapshot(1) == large


def test_only_the_last_few_snapshots_of_each_format_are_kept(journal, writing):
    writing.append(*[b"x"] * 8)
    journal.write_snapshot(snapshot_of(1, format_=2))
    for seq in range(1, 9):
        journal.write_snapshot(snapshot_of(seq))
    kept = [journal.snapshot_by_id(row_id) for row_id in journal.snapshot_ids()]
    assert kept == [snapshot_of(1, format_=2), *[snapshot_of(seq) for seq in (6, 7, 8)]]
    assert len(kept) == SNAPSHOTS_KEPT + 1


def test_a_snapshot_ahead_of_the_journal_is_refused(journal, writing):
    writing.append(b"one")
    with pytest.raises(SnapshotRefused, match="seq 2 is ahead of the journal, which ends at 1"):
        journal.write_snapshot(snapshot_of(2))


def test_a_cursor_moves_forward_and_outlives_its_writer(path, journal, writing):
    writing.append(b"one", b"two", b"three")
    journal.set_cursor("store", 2)
    journal.set_cursor("gateway.xnas", 3)
    journal.set_cursor("store", 2)
    journal.close()
    with SqliteJournal(path) as again:
        assert (again.cursor("store"), again.cursor("gateway.xnas"), again.cursor("other")) == (2, 3, 0)


@pytest.mark.parametrize(
    ("seq", "says"),
    [(1, "stands at 2; it cannot go back to 1"), (4, "cannot move to 4: the journal ends at 3")],
)
def test_a_cursor_never_goes_back_or_beyond_the_end(journal, writing, seq, says):
    writing.append(b"one", b"two", b"three")
    journal.set_cursor("store", 2)
    with pytest.raises(CursorRefused, match=says):
        journal.set_cursor("store", seq)
    assert journal.cursor("store") == 2


@pytest.mark.parametrize("name", ["", "Store", "a b", "-a", "x" * 65, "naïve", "a\n"])
def test_a_cursor_has_a_name_that_can_be_typed(journal, name):
    with pytest.raises(FrameInvalid, match="will not do"):
        journal.set_cursor(name, 0)
    with pytest.raises(FrameInvalid, match="will not do"):
        journal.cursor(name)


def test_the_number_of_cursors_is_bounded(journal, writing):
    writing.append(b"one")
    for number in range(MAX_CURSORS):
        journal.set_cursor(f"reader{number}", 1)
    with pytest.raises(CursorRefused, match="one more than the 64"):
        journal.set_cursor("one-too-many", 1)


def test_a_cursor_needs_the_lead(path):
    with SqliteJournal(path) as journal, pytest.raises(EpochFenced, match="holds no epoch"):
        journal.set_cursor("store", 0)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9._-]{0,10}", fullmatch=True), st.integers(0, 2**63 - 1), max_size=8
    )
)
def test_a_head_reads_back_as_it_was_written(cursors):
    head = FIRST_HEAD.with_next_epoch()
    for name, seq in cursors.items():
        head = head.with_cursor(name, seq, last_seq=2**63 - 1)
    assert head_from_row(head.row()) == head
    assert {name: head.cursor(name) for name in cursors} == cursors


@pytest.mark.parametrize(
    "row",
    [
        None,
        (2, 1, b"{}", b""),
        (1, 2, b"{}", FIRST_HEAD.row()[3]),
        ("0", 0, b"{}", FIRST_HEAD.row()[3]),
        (0, 0, "{}", FIRST_HEAD.row()[3]),
        (0, 0, b'{"a":1}', FIRST_HEAD.row()[3]),
        (0, None, b"{}", FIRST_HEAD.row()[3]),
    ],
)
def test_a_head_with_one_value_changed_is_damage(row):
    assert head_from_row(FIRST_HEAD.row()) == FIRST_HEAD
    with pytest.raises(JournalCorrupt, match="epoch and cursors"):
        head_from_row(row)
