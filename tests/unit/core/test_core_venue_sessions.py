"""A venue's life as the journal knows it: what it is called, and the number of the last thing it said, also of what is about no order."""

from __future__ import annotations

import pytest

from rushtrade.core.replay import restore, take_snapshot
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from support.small_house import SmallHouse


@pytest.fixture
def house():
    made = SmallHouse()
    made.found()
    return made


def test_what_a_venue_says_about_no_order_takes_its_number(house):
    assert house.do(cmd.ReportNoted(1, 1, "the day has begun", 0)) == []
    assert house.state.report_seqs[1] == 1
    (repeated,) = house.do(cmd.ReportNoted(1, 1, "the day has begun", 0))
    assert repeated == ev.ReportRepeated(1, 1)
    (skipped,) = house.do(cmd.ReportNoted(1, 3, "an answer", 0))
    assert isinstance(skipped, ev.AnomalyRecorded)
    assert house.state.report_seqs[1] == 1


def test_the_name_of_a_venues_life_outlives_the_house(house):
    house.do(cmd.ReportNoted(1, 1, "the day has begun", 0))
    house.do(cmd.ChangeVenueLink(1, up=True, lost_orders=True, session="LIFE2"))
    house.do(cmd.ReportNoted(1, 1, "the day has begun", 0))
    house.do(cmd.ChangeVenueLink(1, up=False, lost_orders=False))
    house.do(cmd.ChangeVenueLink(1, up=True, lost_orders=False))
    folded, _ = restore(house.journal)
    take_snapshot(house.journal, house.state, house.core.next_seq)
    restored, _ = restore(house.journal)
    for state in (house.state, folded, restored):
        assert (state.venue_sessions[1], state.report_seqs[1]) == ("LIFE2", 1)
