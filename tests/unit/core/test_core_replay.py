"""From the journal back to the house: what is restored, what is verified, and what is refused."""

from __future__ import annotations

import msgspec
import pytest

from rushtrade.core.replay import ReplayDiffers, restore, take_snapshot, verify
from rushtrade.core.snapshot import SNAPSHOT_FORMAT, decode_state, encode_state, state_hash
from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.frames import Entry, FrameBody, decode_body, encode_body
from rushtrade.journal.frame import Frame
from rushtrade.journal.snapshot import Snapshot
from support.memory_journal import MemoryJournal
from support.order_words import Desk
from support.small_house import SmallHouse

STORY = """
asks A 10.05x500 bids A 9.95x500 last 10.00
buy 100 RUSH 10.05 ioc as o1
A fills A1 100 @ 10.05
sell 60 RUSH 10.50 gtc as o2
A works A2
buy 100 RUSH mkt day as o3 stop 10.60
replace o2 total 80 as o4
sell 10 RUSH 10.60 day as o5 via SEQUENCE
route-switch C off
link B down
kill firm
"""


@pytest.fixture
def house():
    made = SmallHouse()
    made.found()
    desk = Desk(made, made.open_account(AccountKind.MARGIN, 10_000, short_permitted=True))
    for line in STORY.strip().splitlines():
        desk.play(line)
    return made


def now(house):
    return state_hash(house.state, house.core.next_seq)


def test_a_journal_folds_to_the_state_it_came_from(house):
    assert state_hash(*restore(house.journal)) == now(house)


def test_a_snapshot_says_all_there_is_to_know(house):
    data = encode_state(house.state, house.core.next_seq)
    state, next_seq = decode_state(data)
    assert encode_state(state, next_seq) == data


def test_a_snapshot_spares_the_frames_before_it(house):
    digest = take_snapshot(house.journal, house.state, house.core.next_seq)
    assert digest == now(house)
    house.journal._frames[:5] = [None] * 5
    assert state_hash(*restore(house.journal)) == now(house)


def test_a_snapshot_of_another_format_is_passed_over(house):
    snapshot = Snapshot(house.journal.last().seq, SNAPSHOT_FORMAT + 1, bytes(32), b"of another release")
    house.journal.write_snapshot(snapshot)
    assert state_hash(*restore(house.journal)) == now(house)


def test_bytes_that_are_no_snapshot_are_refused():
    with pytest.raises(RushTradeError, match=f"no snapshot of format {SNAPSHOT_FORMAT}"):
        decode_state(b"\x90")


def test_a_frame_of_an_unknown_format_is_refused(house):
    last = house.journal.last()
    house.journal.append(Frame.after(last, format=9, epoch=1, time_ns=last.time_ns, body=b"?"))
    for read in (restore, verify):
        with pytest.raises(RushTradeError, match="has format 9; this release reads format 1"):
            read(house.journal)


def test_verify_counts_what_it_ran_again(house):
    seen = []
    verification = verify(house.journal, lambda seq, last: seen.append((seq, last)))
    frames = house.journal.last().seq
    assert (verification.frames, verification.commands) == (frames, house.core.next_seq - 1)
    assert verification.state_hash == now(house).hex()
    assert seen == [(seq, frames) for seq in range(1, frames + 1)]


@pytest.mark.parametrize("tamper", ["price", "event left out"])
def test_verify_names_the_first_event_that_differs(house, tamper):
    forged = MemoryJournal()
    for frame in house.journal.frames():
        body = decode_body(frame.body)
        (entry,) = body.entries
        if isinstance(entry.command, cmd.ReportExecuted):
            filled = entry.events[0]
            events = (
                []
                if tamper == "event left out"
                else [msgspec.structs.replace(filled, price=filled.price - 1)]
            )
            body = FrameBody(body.first_seq, body.time_ns, [Entry(entry.command, entry.actor, events)])
            place = frame.seq
        forged.append(
            Frame.after(forged.last(), format=1, epoch=1, time_ns=frame.time_ns, body=encode_body(body))
        )
    with pytest.raises(ReplayDiffers, match=f"frame {place}, command {place}"):
        verify(forged)


def test_a_journal_without_frames_is_a_house_before_its_founding():
    state, next_seq = restore(MemoryJournal())
    assert next_seq == 1
    assert state_hash(state, 1) == state_hash(HouseState(), 1)
    assert verify(MemoryJournal()).commands == 0


def test_a_restored_house_goes_on_like_one_that_never_stopped(house):
    other = SmallHouse(house.journal.without_snapshots(), *restore(house.journal))
    other.journal._frames = list(house.journal._frames)
    other.now_ns = house.now_ns
    answers = []
    for one in (house, other):
        desk = Desk(one, 1)
        desk.play("bids A 9.95x500")
        answers.append(
            [
                desk.play(line)
                for line in ("sell 20 RUSH 9.95 ioc", "cancel all", "close day", "open 2026-09-29")
            ]
        )
    assert answers[0] == answers[1]
    assert now(house) == now(other)
