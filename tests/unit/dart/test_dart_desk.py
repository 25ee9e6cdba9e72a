"""The desk's tables: what may be set, what is remembered, what it warns of."""

from __future__ import annotations

import datetime as dt

import dart_words as words
import msgspec
import pytest

from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.planning import plan
from rushtrade.dart.sequences import check_tables
from rushtrade.domain.errors import InvariantBroken
from rushtrade.domain.orders import Side
from rushtrade.domain.routes import RouteSequences
from rushtrade.rules.world_file import load_world

CHECKS = """
# class | sequence | punt | why not
1 | AB   | CD | -
1 | AB   |    | -
1 | AB   | AB | -
1 |      | A  | the listed sequence is empty; give at least one of the codes ABCD
1 | AxB  |    | sequence 'AxB': 'x' is no route code (case matters); legal for listed shares are ABCD
1 | Ab   |    | sequence 'Ab': 'b' is no route code (case matters); legal for listed shares are ABCD
1 | A B  |    | sequence 'A B': ' ' is no route code (case matters); legal for listed shares are ABCD
1 | ABA  |    | sequence 'ABA': route 'A' stands in it twice; name each route once
1 | A    | CC | punt list 'CC': route 'C' stands in it twice; name each route once
1 | A    | Q  | punt list 'Q': 'Q' is no route code (case matters); legal for listed shares are ABCD
2 | DB   |    | sequence 'DB': route 'B' does not take Nasdaq shares; legal are AD
3 | A    |    | no route of this world trades bulletin-board shares, so their sequence stays empty
3 |      |    | no route of this world trades bulletin-board shares, so their sequence stays empty
7 | A    |    | there is no equity class 7; classes with sequences are [1, 2, 3]
"""


@pytest.mark.parametrize(("equity_class", "sequence", "punt", "why"), words.table(CHECKS))
def test_sequences_are_checked_in_plain_words(equity_class, sequence, punt, why):
    assert words.desk().check_sequences(int(equity_class), sequence, punt) == (None if why == "-" else why)


def test_routes_are_found_by_letter_and_by_house_code_and_case_matters():
    desk = words.desk()
    assert [desk.route_named(code) for code in ("A", "D", "AAA", "DDD")] == [0, 3, 0, 3]
    assert [desk.route_named(code) for code in ("a", "aaa", "E", "", "DART")] == [None] * 5


def test_a_class_of_the_real_world_takes_its_own_defaults():
    world = load_world("us-2026")
    desk = RoutingDesk(world.routes_on(dt.date(2026, 3, 2)), world.sequences)
    for row in world.sequences:
        if row.legal_codes:
            assert desk.check_sequences(row.equity_class, row.sequence, row.punt_list) is None


def test_a_desk_comes_back_from_its_snapshot_with_the_same_plans():
    desk = words.desk(switched_off="A", down="D")
    desk.set_sequences(1, "DCB", "A")
    packed = msgspec.msgpack.encode(desk.snapshot())
    back = RoutingDesk.restore(msgspec.msgpack.decode(packed))
    assert back.snapshot() == desk.snapshot()
    assert RoutingDesk.restore(desk.snapshot()).snapshot() == desk.snapshot()
    met = words.stamp(Side.BUY, "A 10.00x100 · B 10.00x100 · D 10.00x100", "C 9.99x100")
    for text in (
        "buy 300 10.00 day",
        "buy 300 10.00 day SEQUENCE",
        "buy 300 10.00 ioc D",
        "buy 300 9.00 day",
    ):
        assert plan(back, words.need(text), met) == plan(desk, words.need(text), met)


def test_a_switch_works_on_the_very_next_plan():
    desk = words.desk()
    met = words.stamp(Side.BUY, "A 10.00x100 · B 10.01x100")
    want = words.need("buy 100 10.01 ioc")
    sent = []
    for enabled in (True, False, True):
        desk.switch_route(0, enabled)
        sent.append(words.children(plan(desk, want, met))[0])
    desk.set_link(0, up=False)
    sent.append(words.children(plan(desk, want, met))[0])
    assert sent == ["A", "B", "A", "B"]


def test_a_sequence_that_misses_a_venue_with_a_protected_quote_is_warned_of():
    desk = words.desk()
    assert desk.warnings(1, [0, 1, 2, 3]) == []
    desk.set_sequences(1, "BA", "")
    assert desk.warnings(1, [3, 0, 2, 2]) == [
        "the listed sequence 'BA' with punt list '' never reaches CCC (C): while the best quote is there, orders may go unfilled",
        "the listed sequence 'BA' with punt list '' never reaches DDD (D): while the best quote is there, orders may go unfilled",
    ]
    assert desk.warnings(3, [0]) == []


TWICE = (words.route(0), msgspec.structs.replace(words.route(1), route_code="A"))
DEAR = (msgspec.structs.replace(words.route(0), take_mils=2_000_000),)


@pytest.mark.parametrize(
    ("routes", "sequences", "why"),
    [
        (words.FOUR, words.SEQUENCES, None),
        ((), (), None),
        ((words.route(0),) * 65, (), "there are 65 routes; a desk has at most 64"),
        ((words.route(1), words.route(0)), (), "routes stand in the order of their venue numbers 0, 1, 2 …"),
        (TWICE, (), "route AAA has the code 'A'; a code is one letter of its own"),
        (DEAR, (), "route AAA: fees lie within ±1000000, latencies at 0 or above"),
        (words.FOUR, words.SEQUENCES[:1] * 2, "an equity class has one row of sequences"),
        (
            words.FOUR[:1],
            (RouteSequences(1, "A", "", "AB"),),
            "'AB' of class 1 names a route that is not among 'A'",
        ),
    ],
)
def test_a_desk_refuses_tables_that_contradict_themselves(routes, sequences, why):
    assert check_tables(routes, sequences) == why
    if why is not None:
        with pytest.raises(InvariantBroken):
            RoutingDesk(routes, sequences)


def test_a_house_without_venues_has_a_desk_that_sends_nothing():
    desk = RoutingDesk((), ())
    for text in ("buy 300 10.00 day", "buy 300 10.00 fok", "buy 300 10.00 day SEQUENCE"):
        made = plan(desk, words.need(text), words.stamp(Side.BUY, "A 10.00x100"))
        assert (made.children, made.skips) == ((), ())
    assert RoutingDesk.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(desk.snapshot()))).routes == ()
