"""Worlds: the built-in one, and what a world file may not say."""

import datetime as dt
import re

import pytest

from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instruments import EquityClass, InstrumentKind
from rushtrade.domain.numbers import notional, parse_money, parse_price
from rushtrade.domain.orders import TimeInForce
from rushtrade.rules.day import rules_for_day
from rushtrade.rules.market_structure import ROUND_LOTS
from rushtrade.rules.toml_tables import WorldInvalid
from rushtrade.rules.world import VenueFees
from rushtrade.rules.world_file import built_in_worlds, load_world, parse_world

WORLD = load_world("us-2026")
TODAY = dt.date(2026, 11, 20)

SMALL = """
name = "tiny"
title = "Two venues"
from = 2026-01-02
to = 2026-12-31

[[venue]]
code = "LEFT"
route_code = "L"
mic = "XLEF"
name = "Left Exchange"
kind = "lit"
weight = 1
latency_us = 10
feed_latency_us = 10
order_types = ["market", "limit"]
times_in_force = ["day", "ioc"]
displays = ["displayed"]

[[venue.fees]]
from = 2026-01-02
to = 2026-06-30
make_mils = -20
take_mils = 30
make_sub_dollar_ppm = 0
take_sub_dollar_ppm = 3000
source = "schedule"

[[venue.fees]]
from = 2026-07-01
make_mils = -10
take_mils = 20
make_sub_dollar_ppm = 0
take_sub_dollar_ppm = 1000
source = "schedule"

[[venue]]
code = "RIGHT"
route_code = "l"
mic = "XRIG"
name = "Right Exchange"
kind = "lit"
weight = 0
latency_us = 20
feed_latency_us = 20
order_types = ["limit"]
times_in_force = ["day"]
displays = ["displayed", "hidden"]

[[venue.fees]]
from = 2026-01-02
make_mils = 0
take_mils = 0
make_sub_dollar_ppm = 0
take_sub_dollar_ppm = 0
source = "schedule"

[dart.listed]
sequence = "lL"
punt = "L"
legal = "Ll"

[dart.nasdaq]
sequence = "L"
punt = ""
legal = "L"

[dart.otc_bb]
sequence = ""
punt = ""
legal = ""

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

[[symbol]]
symbol = "ABC"
name = "Alphabet Soup"
equity_class = "listed"
kind = "common"
primary = "RIGHT"
price = "12.34"
round_lot = 100
easy_to_borrow = true
"""


def test_the_world_of_today_has_twelve_lit_venues_two_pools_and_two_market_makers():
    assert built_in_worlds() == ("us-2004", "us-2026")
    lit = [venue.mic for venue in WORLD.venues if venue.kind == "lit"]
    assert lit == [
        "XNAS",
        "XNYS",
        "ARCX",
        "BATS",
        "EDGX",
        "IEXG",
        "MEMX",
        "EPRL",
        "BATY",
        "EDGA",
        "XBOS",
        "XPSX",
    ]
    assert [venue.kind for venue in WORLD.venues[12:]] == ["dark", "dark", "market_maker", "market_maker"]
    assert [venue.index for venue in WORLD.venues] == list(range(16))
    assert len({venue.route_code for venue in WORLD.venues}) == 16
    assert sum(venue.weight for venue in WORLD.venues) == 100
    assert [venue.code for venue in WORLD.venues if venue.protected] == [
        venue.code for venue in WORLD.venues if venue.kind == "lit"
    ]


def test_the_default_sequences_of_today_reach_every_lit_venue():
    for row in WORLD.sequences[:2]:
        reached = row.sequence + row.punt_list
        assert [v.code for v in WORLD.venues if v.protected and v.route_code not in reached] == []


def test_the_world_of_2004_has_its_routes_sequences_and_classes():
    world = load_world("us-2004")
    assert {v.route_code: v.code for v in world.venues} == {
        "A": "ARCA",
        "O": "OES",
        "X": "NYFIX",
        "I": "INET",
        "B": "BRUT",
        "T": "TRAC",
        "S": "SOES",
        "Z": "NITE",
        "P": "LAMP",
        "F": "FANC",
    }
    assert [row.sequence for row in world.sequences] == ["AOXI", "AIBTS", "ZPF", "ZP"]
    makers = [venue for venue in world.venues if venue.kind == "market_maker"]
    for venue in world.venues:
        off_exchange = [world.takes(venue, EquityClass.OTC_BB), world.takes(venue, EquityClass.PINK)]
        assert off_exchange == [venue in makers] * 2, venue.code
    assert {stock.equity_class for stock in world.symbols} == set(EquityClass)
    rules = rules_for_day(dt.date(2004, 11, 22))
    assert (rules.order_protection, rules.settlement.cycle_days, rules.ticks.tick(20_000)) == (False, 3, 100)


TIERS = """
[[venue.fees.tier]]
shares = 1000
make_mils = -25
take_mils = 29

[[venue.fees.tier]]
shares = 5000
make_mils = -29
take_mils = 28
"""


@pytest.mark.parametrize(
    ("monthly", "make", "take"),
    [(0, -20, 30), (999, -20, 30), (1_000, -25, 29), (4_999, -25, 29), (5_000, -29, 28), (10**9, -29, 28)],
)
def test_the_months_volume_decides_the_tier_of_a_days_fees(monthly, make, take):
    tiny = parse_world(
        SMALL.replace('source = "schedule"\n', 'source = "schedule"\n' + TIERS, 1).encode(), "t"
    )
    left, right = tiny.routes_on(dt.date(2026, 6, 30), {0: monthly, 1: 10**9})
    assert (left.make_mils, left.take_mils) == (make, take)
    assert (right.make_mils, right.take_mils) == (0, 0)
    assert tiny.has_tiers(dt.date(2026, 6, 30))
    assert not tiny.has_tiers(dt.date(2026, 7, 1))
    assert left.take_sub_dollar_ppm == 3_000, "tiers are for prices from a dollar up"


def test_the_built_in_world_has_eight_shares_with_the_round_lots_of_their_prices():
    assert len(WORLD.symbols) == 8
    for entry in WORLD.symbols:
        assert entry.round_lot == ROUND_LOTS.on(TODAY).round_lot(entry.price)
        instrument = entry.instrument(7)
        assert (instrument.instrument_id, instrument.symbol, instrument.previous_close) == (
            7,
            entry.symbol,
            entry.price,
        )
        assert instrument.tradable
    assert [entry.symbol for entry in WORLD.symbols if not entry.easy_to_borrow] == ["RUSH"]


def test_a_route_table_shows_the_fees_of_the_day():
    tiny = parse_world(SMALL.encode(), "tiny.toml")
    june, july = (tiny.routes_on(dt.date(2026, month, 30)) for month in (6, 7))
    assert [(route.route_code, route.take_mils, route.make_mils) for route in june] == [
        ("L", 30, -20),
        ("l", 0, 0),
    ]
    assert [(route.route_code, route.take_mils, route.make_mils) for route in july] == [
        ("L", 20, -10),
        ("l", 0, 0),
    ]
    assert june[0].latency_ns == 10_000
    assert tiny.fees_on(dt.date(2026, 7, 1))[0].take_sub_dollar_ppm == 1000


def test_a_world_is_read_whole():
    tiny = parse_world(SMALL.encode(), "tiny.toml")
    assert tiny.venue_by_route("l").code == "RIGHT"
    assert tiny.venue_by_route("L").code == "LEFT"
    assert tiny.venue("LEFT").times_in_force == (TimeInForce.DAY, TimeInForce.IOC)
    listed = tiny.sequences[0]
    assert (listed.equity_class, listed.sequence, listed.punt_list, listed.legal_codes) == (
        *(EquityClass.LISTED, "lL", "L", "Ll"),
    )
    assert [each.equity_class for each in tiny.sequences] == list(EquityClass)
    assert tiny.legend == (("L", "LEFT: Left Exchange"), ("l", "RIGHT: Right Exchange"))
    assert (tiny.commissions[0].scheme_id, tiny.commissions[0].per_share) == (1, parse_money("0.01"))
    assert (tiny.symbols[0].kind, tiny.symbols[0].price) == (InstrumentKind.COMMON, parse_price("12.34"))


def test_a_world_can_be_read_from_a_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(SMALL, encoding="utf-8")
    assert load_world(path).name == load_world(str(path)).name == "tiny"


@pytest.mark.parametrize(
    ("price", "shares", "added", "charge"),
    [
        ("10.00", 100, False, "0.30"),
        ("10.00", 100, True, "-0.20"),
        ("1.00", 1, False, "0.003"),
        ("0.50", 1_000, False, "1.50"),
        ("0.50", 1_000, True, "0.00"),
        ("0.0001", 1, False, "0.000001"),
    ],
)
def test_a_venue_charges_mils_from_a_dollar_up_and_a_part_of_the_value_below(price, shares, added, charge):
    fees = VenueFees(make_mils=-20, take_mils=30, make_sub_dollar_ppm=0, take_sub_dollar_ppm=3_000)
    assert fees.charge(parse_price(price), shares, added=added) == parse_money(charge)


def test_a_rebate_below_a_dollar_is_never_more_than_its_part_of_the_value():
    fees = VenueFees(make_mils=0, take_mils=0, make_sub_dollar_ppm=-1_000, take_sub_dollar_ppm=0)
    assert -fees.charge(3, 1, added=True) <= notional(3, 1) // 1_000


def test_a_day_or_code_the_world_does_not_know_is_refused_with_what_it_knows():
    with pytest.raises(
        RuleMissing, match="us-2026 does not cover 2004-11-01; it covers 2026-01-02 to 2027-12-31"
    ):
        WORLD.routes_on(dt.date(2004, 11, 1))
    with pytest.raises(
        InvalidInput, match="no venue 'BRUT'; it has NASDAQ, NYSE, ARCA, BZX, EDGX, IEX, MEMX"
    ):
        WORLD.venue("BRUT")
    with pytest.raises(InvalidInput, match="no route 'q'; it has Q, N, A, Z, K, V, M"):
        WORLD.venue_by_route("q")


def test_a_world_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    with pytest.raises(WorldInvalid, match=r"no world 'mars'; built in are .*us-2026"):
        load_world("mars")
    with pytest.raises(WorldInvalid, match="cannot be read: No such file"):
        load_world(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('title = "Two venues"', "", "title is missing; this needs a string"),
        ("to = 2026-12-31", "to = 2025-12-31", "to = '2025-12-31'; this needs a date on or after 2026-01-02"),
        ("to = 2026-12-31", 'to = "2026-12-31"', "to = '2026-12-31'; this needs a date such as 2026-01-02"),
        (
            'name = "tiny"',
            'name = "tiny"\ncolour = "red"',
            "colour = 'red'; this needs to be one of the known keys: name",
        ),
        (
            'mic = "XLEF"',
            'mic = "XLEF"\nspeed = 3',
            "venue[0].speed = 3; this needs to be one of the known keys: code",
        ),
        (
            'code = "RIGHT"',
            'code = "LEFT"',
            "venue[1].code = 'LEFT'; this needs a value not used by venue[0]",
        ),
        (
            'route_code = "l"',
            'route_code = "L"',
            "venue[1].route_code = 'L'; this needs a value not used by venue[0]",
        ),
        ('route_code = "l"', 'route_code = "LL"', "venue[1].route_code = 'LL'; this needs one letter"),
        ('mic = "XRIG"', 'mic = "xrig"', "venue[1].mic = 'xrig'; this needs an ISO 10383 code"),
        ('code = "RIGHT"', 'code = "right"', "venue[1].code = 'right'; this needs 2 to 12 capital letters"),
        (
            'kind = "lit"',
            'kind = "grey"',
            "venue[0].kind = 'grey'; this needs one of lit, dark, market_maker",
        ),
        ("weight = 1", "weight = 0", "venue = 'weight 0 everywhere'"),
        ("weight = 1", "weight = true", "venue[0].weight = True; this needs a whole number from 0 to"),
        (
            "latency_us = 10",
            "latency_us = -1",
            "venue[0].latency_us = -1; this needs a whole number from 0 to 1000000",
        ),
        (
            '"market", "limit"',
            '"market", "stop"',
            "venue[0].order_types = ['market', 'stop']; this needs a list of different",
        ),
        ('["day", "ioc"]', '["day", "day"]', "venue[0].times_in_force = ['day', 'day']"),
        (
            "take_mils = 30",
            "take_mils = 31",
            "venue[0].fees[0].take_mils = 31; this needs at most 30 mils, the cap of Rule 610",
        ),
        (
            "take_sub_dollar_ppm = 3000",
            "take_sub_dollar_ppm = 4000",
            "at most 3000 ppm, the cap of Rule 610(c)",
        ),
        ("to = 2026-06-30", "to = 2026-06-29", "rows for every day from 2026-01-02 to 2026-12-31"),
        ("to = 2026-06-30", "to = 2026-07-01", "ends on 2026-07-01, so a row cannot begin on 2026-07-01"),
        (
            'source = "schedule"',
            'source = ""',
            "venue[0].fees[0].source = ''; this needs a string that is not empty",
        ),
        (
            'sequence = "lL"',
            'sequence = "lX"',
            "dart.listed.sequence = 'lX'; this needs different route codes out of 'Ll'",
        ),
        ('sequence = "lL"', 'sequence = "LL"', "dart.listed.sequence = 'LL'"),
        (
            'legal = "Ll"',
            'legal = "Llz"',
            "dart.listed.legal = 'Llz'; this needs different route codes out of 'Ll'",
        ),
        (
            '[dart.pink]\nsequence = ""',
            '[dart.pink]\nsequence = "L"',
            "this needs to be empty: no code is legal here",
        ),
        (
            'per_share = "0.01"',
            "per_share = 0.01",
            "commission[0].per_share = 0.01; this needs a decimal number in quotes",
        ),
        ('per_share = "0.01"', 'per_share = "-0.01"', "this needs an amount of zero or more"),
        (
            'order_max = "0"',
            'order_max = "0.50"',
            "commission[0].order_max = 500000; this needs 0 (no maximum) or at least",
        ),
        (
            'symbol = "ABC"',
            'symbol = "TOOLONGNAME"',
            "symbol[0].symbol = 'TOOLONGNAME'; this needs 1 to 8 capital letters",
        ),
        ('primary = "RIGHT"', 'primary = "UP"', "symbol[0].primary = 'UP'; this needs one of LEFT, RIGHT"),
        ('price = "12.34"', 'price = "0"', "symbol[0].price = 0; this needs a price above zero"),
        ('price = "12.34"', 'price = "12.34567"', "has more than 4 digits after the point"),
        (
            "round_lot = 100",
            "round_lot = 0",
            "symbol[0].round_lot = 0; this needs a whole number from 1 to 1000",
        ),
        (
            "easy_to_borrow = true",
            'easy_to_borrow = "yes"',
            "symbol[0].easy_to_borrow = 'yes'; this needs true or false",
        ),
        ('kind = "lit"', 'kind = "dark"', "venue[0].pool = 'missing'; this needs a dark venue"),
        (
            'kind = "lit"\nweight = 0',
            'kind = "market_maker"\nweight = 0',
            "venue[1].weight = 0; this needs a weight above 0, for the quotes a market maker",
        ),
        (
            '[[venue]]\ncode = "RIGHT"',
            (
                "[venue.pool]\ncrowd_ppm = 1\ncrowd_shares = 1\ncrowd_ms = 1\nleak_ppm = 1\nleak_shares = 1\n\n"
                '[[venue]]\ncode = "RIGHT"'
            ),
            "this needs a dark venue alone to have it, not a lit one",
        ),
        (
            '[[venue]]\ncode = "RIGHT"',
            '[venue.maker]\naccept_ppm = 1\nimprove_ppm = 500001\nshares_max = 1\n\n[[venue]]\ncode = "RIGHT"',
            "venue[0].maker.improve_ppm = 500001; this needs a whole number from 0 to 500000",
        ),
        (
            'source = "schedule"\n',
            'source = "schedule"\n' + TIERS.replace("5000", "1000"),
            "shares = 1000; this needs more than the 1,000 of the tier before it",
        ),
        (
            'source = "schedule"\n',
            'source = "schedule"\n' + TIERS.replace("take_mils = 29", "take_mils = 31"),
            "take_mils = 31; this needs at most 30 mils",
        ),
        ("[[symbol]]", "[symbol]", "this needs an array of 1 to 1000 tables ([[symbol]])"),
        ("[[symbol]]", "[[symbol", "tiny.toml is not TOML"),
    ],
)
def test_a_world_file_is_refused_by_file_key_value_and_what_would_pass(old, new, complaint):
    assert old in SMALL
    with pytest.raises(WorldInvalid, match=re.escape(complaint)) as refused:
        parse_world(SMALL.replace(old, new, 1).encode(), "tiny.toml")
    assert str(refused.value).startswith("tiny.toml")


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(WorldInvalid, match=r"tiny\.toml is not TOML"):
        parse_world(b"\xff\xfe", "tiny.toml")
