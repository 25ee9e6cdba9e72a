"""The fees and latencies of a new day: set by a command, used by the next plan, refused when the routes would change."""

from __future__ import annotations

import msgspec

from rushtrade.core.replay import verify
from rushtrade.core.snapshot import decode_state, encode_state
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from support.small_house import ROUTES, SmallHouse


def test_new_terms_take_effect_and_switches_stay_as_they_were():
    house = SmallHouse()
    house.found()
    house.do(cmd.SwitchRoute(1, enabled=False, reason="slow"))
    dearer = (msgspec.structs.replace(ROUTES[0], take_mils=25), *ROUTES[1:])
    assert house.do(cmd.SetRoutes(dearer)) == [ev.RoutesSet(dearer)]
    assert house.core.state.desk.routes == dearer
    assert house.core.state.desk.enabled == [True, False, True]
    restored, _ = decode_state(encode_state(house.core.state, house.core.next_seq))
    assert restored.desk.snapshot() == house.core.state.desk.snapshot()
    assert verify(house.journal).commands == house.core.next_seq - 1


def test_other_routes_or_absurd_fees_are_refused_in_words():
    house = SmallHouse()
    house.found()
    for routes, words in (
        (ROUTES[:2], "the routes stay AAA, BBB, CCC"),
        ((ROUTES[1], ROUTES[0], ROUTES[2]), "the routes stay AAA, BBB, CCC"),
        ((msgspec.structs.replace(ROUTES[0], take_mils=10**9), *ROUTES[1:]), "fees lie within"),
    ):
        (refused,) = house.do(cmd.SetRoutes(routes))
        assert isinstance(refused, ev.CommandRefused)
        assert words in refused.text
    assert house.core.state.desk.routes == ROUTES
