"""Whole days in every world, with venues that fail at random: the books balance, and the same seeds give the same day."""

import datetime as dt

import pytest

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.cli.day import DayPlan, run_day
from rushtrade.core.replay import restore, verify
from rushtrade.core.snapshot import state_hash
from rushtrade.domain.events import VenueHealthChanged
from rushtrade.domain.frames import decode_body
from rushtrade.domain.instants import SECOND
from rushtrade.domain.orders import ROUTE_DART, ROUTE_STRATEGIES
from rushtrade.domain.routes import VenueHealth
from rushtrade.journal.reader import SqliteReader
from rushtrade.marketplace.faults import random_faults
from rushtrade.marketplace.generator import OPENING, GeneratedFlow
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.world_file import load_world
from rushtrade.scenario.day_traders import MIXED

DAYS = {"us-2004": dt.date(2004, 11, 22), "us-2026": dt.date(2026, 11, 20)}

THIRD = """
name = "two-and-a-maker"
title = "A world nobody has written code for"
from = 2010-01-04
to = 2010-12-31

[[venue]]
code = "FIRST"
route_code = "f"
mic = "XFST"
name = "First Exchange"
kind = "lit"
weight = 3
latency_us = 100
feed_latency_us = 100
jitter_us = 5000
order_types = ["market", "limit"]
times_in_force = ["day", "ioc", "fok"]
displays = ["displayed", "hidden", "reserve"]
[venue.speed_bump]
in_us = 900
out_us = 100
[[venue.fees]]
from = 2010-01-04
make_mils = -10
take_mils = 20
make_sub_dollar_ppm = 0
take_sub_dollar_ppm = 0
source = "invented"

[[venue]]
code = "DARK"
route_code = "d"
mic = "XDRK"
name = "Dark Pool"
kind = "dark"
weight = 0
latency_us = 100
feed_latency_us = 100
order_types = ["limit"]
times_in_force = ["day", "ioc"]
displays = ["hidden"]
[venue.pool]
crowd_ppm = 500000
crowd_shares = 300
crowd_ms = 500
leak_ppm = 1000000
leak_shares = 200
[[venue.fees]]
from = 2010-01-04
make_mils = 5
take_mils = 5
make_sub_dollar_ppm = 0
take_sub_dollar_ppm = 0
source = "invented"

[[venue]]
code = "MAKER"
route_code = "m"
mic = "XMKR"
name = "Market Maker"
kind = "market_maker"
weight = 1
latency_us = 20000
feed_latency_us = 20000
order_types = ["market", "limit"]
times_in_force = ["day", "ioc", "fok"]
displays = ["displayed"]
protected = true
[[venue.fees]]
from = 2010-01-04
make_mils = 0
take_mils = 0
make_sub_dollar_ppm = 0
take_sub_dollar_ppm = 0
source = "invented"

[dart.listed]
sequence = "dfm"
punt = "f"
legal = "fdm"
[dart.nasdaq]
sequence = "f"
punt = ""
legal = "fd"
[dart.otc_bb]
sequence = "m"
punt = ""
legal = "m"
[dart.pink]
sequence = ""
punt = ""
legal = ""

[[commission]]
name = "only"
per_share = "0.01"
per_trade = "0"
order_min = "1.00"
order_max = "0"
"""
SYMBOL = """
[[symbol]]
symbol = "{0}"
name = "Stock {0}"
equity_class = "{1}"
kind = "common"
primary = "{2}"
price = "{3}"
round_lot = 100
easy_to_borrow = true
"""
STOCKS = [
    ("AAA", "listed", "FIRST", "20.00"),
    ("BBB", "nasdaq", "FIRST", "7.50"),
    ("CCC", "otc_bb", "MAKER", "0.30"),
]


def day(world, date, seed, faults, path, seconds=60, strategy=ROUTE_DART):
    flow = GeneratedFlow(world.symbols, seed, last_time=OPENING + seconds * SECOND)
    return run_day(DayPlan(flow, 40, seed, world, date, faults, strategy), path, quiet=True)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", DAYS)
def test_a_day_with_failing_venues_balances_and_repeats(tmp_path, name, seed):
    world = load_world(name)
    one = day(world, DAYS[name], seed, seed, tmp_path / "one")
    assert one.balanced, one.trial_balance
    assert (one.anomalies, one.fills > 100) == (0, True)
    again = day(world, DAYS[name], seed, seed, tmp_path / "again")
    assert again.state_hash == one.state_hash
    calm = day(world, DAYS[name], seed, 0, tmp_path / "calm")
    assert calm.balanced
    assert calm.state_hash != one.state_hash, "failures change the day"
    begin = midnight_ns(DAYS[name]) + OPENING
    failing = {fault.venue for fault in random_faults(seed, len(world.venues), begin, begin + 60 * SECOND)}
    assert unhealthy(tmp_path / "one") <= failing
    assert unhealthy(tmp_path / "calm") == set(), "no venue that works is taken out of use"


@pytest.mark.parametrize("strategy", [*ROUTE_STRATEGIES, MIXED])
@pytest.mark.parametrize("name", DAYS)
def test_a_day_under_every_strategy_balances_while_venues_fail_and_is_decided_again_from_its_journal(
    tmp_path, name, strategy
):
    found = day(load_world(name), DAYS[name], 4, 5, tmp_path, strategy=strategy)
    assert found.balanced, found.trial_balance
    assert (found.anomalies, found.fills > 100) == (0, True)
    with SqliteReader(tmp_path / JOURNAL_FILE) as reader:
        assert verify(reader).state_hash == found.state_hash
        restored, next_seq = restore(reader)
    assert state_hash(restored, next_seq).hex() == found.state_hash


def test_an_order_of_a_day_meets_pools_and_market_makers_and_the_house_learns_of_them(tmp_path):
    found = day(load_world("us-2026"), DAYS["us-2026"], 2, 0, tmp_path, seconds=180)
    assert {"QUIET", "ALPHAMM", "BETAMM"} <= set(found.by_route)
    with SqliteReader(tmp_path / JOURNAL_FILE) as reader:
        state, _ = restore(reader)
    learned = {(row.topic, row.route) for row in state.routing.learned.estimates()}
    assert {("mid", "QUIET"), ("offer", "ALPHAMM"), ("better", "ALPHAMM"), ("ran", "QUIET")} <= learned


def test_venues_that_fail_go_out_of_use_and_come_back(tmp_path):
    world = load_world("us-2026")
    found = day(world, DAYS["us-2026"], 1, 7, tmp_path, seconds=180)
    assert (found.balanced, found.anomalies) == (True, 0)
    changes = health_changes(tmp_path)
    assert {change.health for change in changes} == set(VenueHealth)
    assert any(change.silent for change in changes), "somebody fell silent"
    back = [change.venue for change in changes if change.health is VenueHealth.HEALTHY]
    assert back, "somebody came back"
    assert set(back) <= unhealthy(tmp_path)


def health_changes(directory):
    with SqliteReader(directory / JOURNAL_FILE) as reader:
        return [
            event
            for frame in reader.frames()
            for entry in decode_body(frame.body).entries
            for event in entry.events
            if isinstance(event, VenueHealthChanged)
        ]


def unhealthy(directory):
    """Venues that went out of use in a day."""
    return {change.venue for change in health_changes(directory) if change.health is VenueHealth.UNHEALTHY}


def test_a_third_world_needs_no_code(tmp_path):
    file = tmp_path / "third.toml"
    file.write_text(THIRD + "".join(SYMBOL.format(*stock) for stock in STOCKS), encoding="utf-8")
    world = load_world(file)
    found = day(world, dt.date(2010, 6, 15), 3, 3, tmp_path / "house")
    assert found.balanced
    assert found.anomalies == 0
    assert set(found.by_route) == {"FIRST", "DARK", "MAKER"}
