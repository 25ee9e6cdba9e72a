"""Kinds of venue, as tables: a speed bump, a midpoint pool, a wholesaler, and venues that fail on purpose."""

import numpy as np
import pytest

from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange.venue import Exchange
from rushtrade.marketplace.door import Heard, PlainDoor, SteadyWaits, WaitingDoor
from rushtrade.marketplace.faults import (
    DOWN,
    LIES,
    REJECTS,
    SLOW,
    Fault,
    FaultPlan,
    random_faults,
    with_faults,
)
from rushtrade.marketplace.midpoint_pool import HOUSE_FIRM, MidpointPool
from rushtrade.marketplace.wholesaler import Wholesaler
from rushtrade.rules.world import MakerTerms, PoolTerms
from rushtrade.wire import order_entry as oe

US, MS, SECOND = 1_000, 1_000_000, 1_000_000_000
SIDES = {"buy": oe.BUY, "sell": oe.SELL}
TIMES = {"day": oe.DAY, "ioc": oe.IOC, "fok": oe.FOK}
KINDS = {
    oe.ACCEPTED: "accepted",
    oe.EXECUTED: "executed",
    oe.CANCELED: "canceled",
    oe.REJECTED: "rejected",
    oe.REPLACED: "replaced",
}


def rows_of(text):
    """A table with a head, as one mapping a row."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def exchange(tick=100):
    venue = Exchange(7, ["AAA", "BBB"], 0, tick=tick)
    venue.open(0)
    return venue


def dollars(text):
    return 0 if text == "market" else round(float(text) * 10_000)


def order(token, side, limit, shares, tif="ioc", firm=1, **more):
    row = np.zeros(1, oe.ORDER_ENTRY)
    row["kind"], row["firm"], row["locate"], row["token"] = oe.ENTER, firm, 1, token
    row["side"], row["price"], row["shares"] = SIDES[side], dollars(limit), shares
    row["time_in_force"] = TIMES[tif]
    for name, value in more.items():
        row[name] = value
    return row


def heard(door, now_ns):
    got = Heard()
    door.collect(now_ns, got)
    return [row for rows in got.reports for row in rows], got.packets


def told(door, now_ns):
    """What members hear, in words: kind, token, shares and price of executions."""
    words = []
    for row in heard(door, now_ns)[0]:
        word = f"{KINDS[int(row['kind'])]} {int(row['token'])}"
        if row["kind"] == oe.EXECUTED:
            word += f" {int(row['shares'])} at {int(row['price']) / 10_000:.4f}"
        words.append(word)
    return words


# --- wholesaler -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    rows_of(
        """
        side | limit   | shares | tif | quote         | accept | improve | cap  | says
        buy  | market  | 100    | ioc | 10.00 x 10.04 | 100    | 25      | 500  | 100 at 10.0300
        sell | market  | 100    | ioc | 10.00 x 10.04 | 100    | 25      | 500  | 100 at 10.0100
        buy  | 10.04   | 100    | ioc | 10.00 x 10.04 | 100    | 0       | 500  | 100 at 10.0400
        buy  | 10.03   | 100    | ioc | 10.00 x 10.04 | 100    | 25      | 500  | nothing
        sell | 10.01   | 100    | ioc | 10.00 x 10.04 | 100    | 25      | 500  | nothing
        buy  | market  | 800    | ioc | 10.00 x 10.04 | 100    | 50      | 500  | 500 at 10.0200
        buy  | market  | 800    | fok | 10.00 x 10.04 | 100    | 50      | 500  | nothing
        buy  | market  | 500    | fok | 10.00 x 10.04 | 100    | 50      | 500  | 500 at 10.0200
        buy  | market  | 100    | ioc | 10.00 x 10.01 | 100    | 15      | 500  | 100 at 10.0085
        buy  | market  | 100    | ioc | 10.00 x 10.04 | 0      | 25      | 500  | nothing
        buy  | market  | 100    | ioc | 10.04 x 10.04 | 100    | 25      | 500  | nothing
        buy  | market  | 100    | ioc | 0 x 10.04     | 100    | 25      | 500  | nothing
        buy  | 10.04   | 100    | day | 10.00 x 10.04 | 100    | 25      | 500  | refused
        """
    ),
    ids=lambda case: f"{case['side']} {case['limit']} {case['shares']} {case['tif']} {case['quote']}",
)
def test_a_wholesaler_improves_on_the_quote_or_declines(case):
    venue = exchange(tick=1)
    bid, ask = (dollars(price) for price in case["quote"].split(" x "))
    venue.engine.set_away(1, bid, ask)
    terms = MakerTerms(int(case["accept"]) * 10_000, int(case["improve"]) * 10_000, int(case["cap"]))
    door = Wholesaler(venue, terms, 1)
    door.enter(order(5, case["side"], case["limit"], int(case["shares"]), case["tif"]), SECOND)
    words = told(door, SECOND)
    fills = [word for word in words if word.startswith("executed")]
    if case["says"] == "refused":
        assert words == ["rejected 5"]
    elif case["says"] == "nothing":
        assert words == ["accepted 5", "canceled 5"]
    else:
        assert fills == [f"executed 5 {case['says']}"]
    assert venue.displayed_best(1, 0) == venue.displayed_best(1, 1) == 0, "nothing of it is left to be seen"


def test_a_wholesaler_accepts_its_share_of_orders_and_says_the_same_again():
    def played():
        venue = exchange(tick=1)
        venue.engine.set_away(1, dollars("10.00"), dollars("10.04"))
        door = Wholesaler(venue, MakerTerms(700_000, 250_000, 500), 9)
        for token in range(1, 1_001):
            door.enter(order(token, "buy", "market", 100), SECOND)
        return told(door, SECOND)

    words = played()
    assert 640 < sum(word.startswith("executed") for word in words) < 760
    assert words == played()


def test_nobody_trades_under_the_number_of_a_venues_own_participants():
    for door in (
        Wholesaler(exchange(1), MakerTerms(1, 1, 1), 1),
        MidpointPool(exchange(), PoolTerms(0, 100, 10, 0, 0), 1),
    ):
        with pytest.raises(InvalidInput, match="is a venue's own; members are 1 to 65534"):
            door.enter(order(1, "buy", "market", 100, firm=HOUSE_FIRM), SECOND)


# --- midpoint pool ----------------------------------------------------------------------------------------


def pool(crowd=0, leak=0, shares=400, crowd_ms=1_000, leak_shares=300):
    venue = exchange()
    venue.engine.set_away(1, dollars("10.00"), dollars("10.03"))
    return MidpointPool(venue, PoolTerms(crowd * 10_000, shares, crowd_ms, leak * 10_000, leak_shares), 3)


def test_members_meet_at_the_midpoint_and_nobody_sees_them_wait():
    door = pool()
    door.enter(order(1, "buy", "10.05", 300, "day", display=oe.DISPLAYED), SECOND)
    reports, packets = heard(door, SECOND)
    assert [int(row["kind"]) for row in reports] == [oe.ACCEPTED]
    assert door.exchange.displayed_best(1, 0) == 0
    door.enter(order(2, "sell", "10.00", 100, firm=2), 2 * SECOND)
    assert told(door, SECOND) == [
        "accepted 2",
        "executed 1 100 at 10.0150",
        "executed 2 100 at 10.0150",
    ]
    door.exchange.engine.set_away(1, dollars("10.10"), dollars("10.20"))
    door.enter(order(3, "sell", "market", 500, firm=2), 3 * SECOND)
    assert told(door, SECOND) == ["accepted 3", "canceled 3"], "the midpoint is beyond the limit of who waits"
    door.exchange.engine.set_away(1, dollars("10.04"), dollars("10.06"))
    door.enter(order(4, "sell", "market", 500, firm=2), 4 * SECOND)
    assert told(door, SECOND)[1:] == ["executed 1 200 at 10.0500", "executed 4 200 at 10.0500", "canceled 4"]
    assert len(packets) == 1, "the directory; orders are not for all to hear"


def test_a_minimum_keeps_small_fry_away():
    door = pool()
    door.enter(order(1, "buy", "market", 1_000, "day", minimum_shares=500), SECOND)
    door.enter(order(2, "sell", "market", 400, firm=2), SECOND)
    door.enter(order(3, "sell", "market", 600, firm=2), SECOND)
    assert told(door, SECOND) == [
        "accepted 1",
        "accepted 2",
        "canceled 2",
        "accepted 3",
        "executed 1 600 at 10.0150",
        "executed 3 600 at 10.0150",
    ]


def test_the_crowd_stands_on_one_side_for_a_while_and_its_reports_are_nobodys():
    door = pool(crowd=100, crowd_ms=1_000)
    sides = set()
    for number in range(40):
        now = (number + 1) * SECOND
        door.enter(order(10 * number + 1, "buy", "market", 100), now)
        door.enter(order(10 * number + 2, "sell", "market", 100), now)
        words = " ".join(told(door, now))
        bought, sold = (f"executed {10 * number + one} 100" in words for one in (1, 2))
        assert bought != sold, "all of it stands on one side"
        sides.add(bought)
    assert sides == {True, False}


def test_a_waiting_member_is_met_when_the_crowd_comes():
    door = pool(crowd=60, crowd_ms=1_000)
    door.enter(order(1, "buy", "market", 100_000, "day"), SECOND // 2)
    assert door.next_ns == SECOND
    found = []
    for _ in range(50):
        now = door.next_ns
        door.advance(now)
        assert door.next_ns == now + SECOND
        found += [word for word in told(door, now) if word.startswith("executed 1 ")]
    assert len(found) > 5
    cancel = np.zeros(1, oe.ORDER_ENTRY)
    cancel["kind"], cancel["firm"], cancel["original_token"], cancel["token"] = oe.CANCEL, 1, 1, 2
    door.enter(cancel, door.next_ns - 1)
    door.advance(door.next_ns)
    assert door.next_ns is None, "nobody waits, nothing is drawn"


@pytest.mark.parametrize(("leak", "least", "most"), [(0, 0, 0), (40, 320, 480), (100, 1_000, 1_000)])
def test_an_order_that_found_nobody_gets_about_as_often_as_the_parameter_says(leak, least, most):
    door = pool(leak=leak)
    for token in range(1, 1_001):
        door.enter(order(token, "sell", "market", 100), SECOND)
    leaks = door.leaks()
    assert least <= len(leaks) <= most
    assert all((one.locate, one.side, one.shares) == (1, 0, 300) for one in leaks)
    assert door.leaks() == []


# --- speed bump and faults --------------------------------------------------------------------------------


def test_a_speed_bump_keeps_order_and_time_on_both_ways():
    door = WaitingDoor(PlainDoor(exchange()), SteadyWaits(350, 300))
    heard(door, SECOND)
    door.enter(order(1, "buy", "10.00", 100, "day"), SECOND)
    door.enter(order(2, "sell", "10.00", 100, firm=2), SECOND + 100 * US)
    assert door.next_ns == SECOND + 350 * US
    door.advance(SECOND + 350 * US - 1)
    assert door.ready_ns is None
    door.advance(SECOND + 350 * US)
    assert (door.next_ns, door.ready_ns) == (SECOND + 450 * US, SECOND + 650 * US)
    assert told(door, SECOND + 650 * US - 1) == []
    assert told(door, SECOND + 650 * US) == ["accepted 1"]
    door.advance(SECOND + 450 * US)
    assert told(door, SECOND + 750 * US - 1) == []
    assert told(door, SECOND + 750 * US) == [
        "accepted 2",
        "executed 1 100 at 10.0000",
        "executed 2 100 at 10.0000",
    ]


def test_what_waits_at_the_days_end_is_answered_by_a_closed_venue():
    door = WaitingDoor(PlainDoor(exchange()), SteadyWaits(350, 350))
    door.enter(order(1, "buy", "10.00", 100, "day"), SECOND)
    door.advance(2 * SECOND)
    door.enter(order(2, "buy", "10.00", 100, "day"), 2 * SECOND)
    door.close(2 * SECOND + 1)
    assert told(door, 2 * SECOND + 1) == ["accepted 1", "canceled 1", "rejected 2"]


def failing(kind, first_ns=10 * SECOND, end_ns=20 * SECOND, **more):
    return with_faults(PlainDoor(exchange()), [Fault(7, kind, first_ns, end_ns, **more)])


@pytest.mark.parametrize(
    ("kind", "at", "carried_out", "heard_at"),
    [
        (DOWN, 5, 5, 5),
        (DOWN, 12, 20, 20),
        (DOWN, 20, 20, 20),
        (SLOW, 5, 5, 5),
        (SLOW, 12, 14, 16),
        (SLOW, 19, 21, 21),
    ],
)
def test_a_silent_or_slow_venue_answers_later_and_in_order(kind, at, carried_out, heard_at):
    door = failing(kind, slow_ns=2 * SECOND)
    heard(door, 4 * SECOND)
    door.enter(order(1, "buy", "10.00", 100, "day"), at * SECOND)
    for second in range(at, 30):
        door.advance(second * SECOND)
        words = told(door, second * SECOND)
        stands = door.exchange.displayed_best(1, 0) != 0
        assert stands == (second >= carried_out), second
        assert (words == ["accepted 1"]) == (second == heard_at), second


def test_a_refusing_venue_still_lets_go_of_what_stands_there():
    door = failing(REJECTS)
    door.enter(order(1, "buy", "10.00", 100, "day"), 9 * SECOND)
    cancel = np.zeros(1, oe.ORDER_ENTRY)
    cancel["kind"], cancel["firm"], cancel["original_token"], cancel["token"] = oe.CANCEL, 1, 1, 3
    door.enter(order(2, "buy", "10.00", 100, "day"), 11 * SECOND)
    door.enter(cancel, 12 * SECOND)
    door.enter(order(4, "buy", "10.00", 100, "day"), 20 * SECOND)
    assert told(door, 20 * SECOND) == ["accepted 1", "rejected 2", "canceled 1", "accepted 4"]


def test_a_plan_that_makes_no_sense_is_refused_in_words():
    with pytest.raises(InvalidInput, match="one of down, slow, rejects, lies, not 'late'"):
        FaultPlan([Fault(0, "late", 0, 1)])
    with pytest.raises(InvalidInput, match="begins before it ends"):
        FaultPlan([Fault(0, DOWN, 1, 1)])


def test_random_faults_are_the_same_for_a_seed_and_hit_every_kind():
    faults = random_faults(5, 40, 0, 1_000 * SECOND)
    assert faults == random_faults(5, 40, 0, 1_000 * SECOND) != random_faults(6, 40, 0, 1_000 * SECOND)
    assert {fault.kind for fault in faults} == {DOWN, SLOW, REJECTS, LIES}
    assert all(0 <= fault.first_ns < 1_000 * SECOND and fault.first_ns < fault.end_ns for fault in faults)
