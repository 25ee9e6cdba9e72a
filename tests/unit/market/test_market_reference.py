"""Instruments and sessions by date: symbol changes, overrides with their sources, half days of every venue."""

import datetime as dt
import itertools
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instruments import EquityClass, InstrumentKind
from rushtrade.market.instrument_history import InstrumentHistory, ListingTerms
from rushtrade.market.market_data import MarketData
from rushtrade.market.reference import Listing, ReferenceData, tell_reference, tell_written, venue_terms
from rushtrade.market.reference_file import (
    ReferenceFile,
    WrittenListing,
    read_reference_file,
    write_reference,
)
from rushtrade.market.stored_reference import halts_of, learn_stored
from rushtrade.rules.dated import DatedRow
from rushtrade.rules.new_york import wall_ns
from rushtrade.rules.sessions import SpecialDay
from rushtrade.rules.world_file import load_world
from rushtrade.ticks.recorder import PacketRecorder
from rushtrade.ticks.sql import TickSql
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
from support.stored_days import DAY, MIDNIGHT

OVERRIDES = """
[[listing]]
listing = "META"
[[listing.row]]
from = 2012-05-18
to = 2022-06-08
symbol = "FB"
name = "Facebook, Inc."
equity_class = "nasdaq"
kind = "common"
primary = "NASDAQ"
round_lot = 100
source = "Nasdaq corporate action notice, 2012-05-18"
[[listing.row]]
from = 2022-06-09
symbol = "META"
name = "Meta Platforms, Inc."
equity_class = "nasdaq"
kind = "common"
primary = "NASDAQ"
round_lot = 40
tier = 1
easy_to_borrow = false
source = "Nasdaq corporate action notice, 2022-06-09"

[[special_day]]
mic = "XNAS"
day = 2026-03-20
pre_open = "04:00"
open = "09:30"
close = "12:00"
post_close = "12:30"
source = "a drill"
"""


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "reference.toml"
    path.write_text(OVERRIDES)
    return ReferenceData(load_world("us-2026"), read_reference_file(path))


def test_a_symbol_means_what_it_meant_on_the_day(reference):
    before = reference.instrument("FB", dt.date(2022, 6, 8))
    after = reference.instrument("META", dt.date(2022, 6, 9))
    assert before.listing == after.listing == "META"
    assert (before.terms.round_lot, after.terms.round_lot) == (100, 40)
    assert (after.terms.tier, after.terms.easy_to_borrow, after.since) == (1, False, dt.date(2022, 6, 9))
    assert after.ticks.is_on_tick(1_000_100)
    with pytest.raises(
        InvalidInput, match=r"nothing is known of FB on 2022-06-09; it is known for 2012-05-18 to 2022-06-08"
    ):
        reference.instrument("FB", dt.date(2022, 6, 9))
    with pytest.raises(InvalidInput, match="no listing ever had that symbol"):
        reference.instrument("ZZZ", dt.date(2026, 1, 5))
    assert [row.value.symbol for row in reference.history.history("META")] == ["FB", "META"]


def test_a_share_of_the_world_is_known_for_its_dates_and_a_directory_for_its_day(reference):
    apple = reference.instrument("AAPL", dt.date(2026, 3, 20))
    assert (apple.terms.round_lot, apple.source) == (40, "world us-2026")
    day = dt.date(2026, 3, 20)
    reference.learn(day, Listing("TQQQ", 40, "Q", "N", "Y", tier="1", leverage=3), "directory of NASDAQ")
    seen = reference.instrument("TQQQ", day)
    assert (seen.terms.kind, seen.terms.leverage, seen.terms.tier) == (InstrumentKind.ETF, 3, 1)
    assert seen.terms.equity_class is EquityClass.NASDAQ
    assert seen.source == "directory of NASDAQ"
    with pytest.raises(InvalidInput, match="known for 2026-03-20"):
        reference.instrument("TQQQ", dt.date(2026, 3, 23))
    assert {"TQQQ", "AAPL", "META"} <= set(reference.history.symbols_on(day))


SESSIONS = """
venue | day        | pre   | open  | close | post
XNAS  | 2026-03-18 | 04:00 | 09:30 | 16:00 | 20:00
XNAS  | 2026-11-27 | 04:00 | 09:30 | 13:00 | 17:00
XNYS  | 2026-11-27 | 09:30 | 09:30 | 13:00 | 13:00
ARCX  | 2026-11-27 | 04:00 | 09:30 | 13:00 | 17:00
IEXG  | 2026-11-27 | 08:00 | 09:30 | 13:00 | 17:00
BATS  | 2021-03-08 | 07:00 | 09:30 | 16:00 | 20:00
EDGX  | 2026-03-18 | 04:00 | 09:30 | 16:00 | 20:00
XNAS  | 2026-03-20 | 04:00 | 09:30 | 12:00 | 12:30
ARCX  | 2026-03-20 | 04:00 | 09:30 | 16:00 | 20:00
"""


@pytest.mark.parametrize("line", SESSIONS.strip().splitlines()[1:])
def test_when_a_venue_trades(reference, line):
    mic, day_text, *clocks = (part.strip() for part in line.split("|"))
    day = dt.date.fromisoformat(day_text)
    session = reference.session(mic, day)
    wanted = [wall_ns(day, int(clock[:2]) * 60 + int(clock[3:])) for clock in clocks]
    assert [session.pre_open_ns, session.open_ns, session.close_ns, session.post_close_ns] == wanted
    assert session.early_close == (clocks[2] != "16:00")


def test_what_is_not_known_of_a_venue_is_refused_in_words(reference):
    with pytest.raises(InvalidInput, match="no hours are known of venue 'XXXX'; known are ARCX, BATS"):
        reference.session("XXXX", dt.date(2026, 3, 18))
    with pytest.raises(InvalidInput, match="not a trading day"):
        reference.session("XNAS", dt.date(2026, 7, 3))
    with pytest.raises(RuleMissing, match="hours of a venue: no row for IEXG on 2015"):
        reference.session("IEXG", dt.date(2015, 3, 18))


BAD = """
round_lot = 40                                  | round_lot = 0                                      | round_lot = 0; this needs
to = 2022-06-08                                 | to = 2022-07-08                                    | cannot begin on 2022-06-09
equity_class = "nasdaq"                         | equity_class = "nsdq"                              | equity_class
close = "12:00"                                 | close = "noon"                                     | a time of New York's day
close = "12:00"                                 | close = "09:00"                                    | must rise
source = "a drill"                              | source = "a drill"\\ncolour = "red"                 | colour
listing = "META"                                | listing = "META"\\nx = 1                            | x
"""


@pytest.mark.parametrize("line", BAD.strip().splitlines())
def test_a_file_that_cannot_be_used_says_where_and_what_would_pass(tmp_path, line):
    good, bad, says = (part.strip().replace("\\n", "\n") for part in line.split("|"))
    path = tmp_path / "reference.toml"
    path.write_text(OVERRIDES.replace(good, bad))
    with pytest.raises(InvalidInput, match=says):
        ReferenceData(load_world("us-2026"), read_reference_file(path))


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_reference_file(tmp_path / "none.toml")


def test_two_listings_cannot_have_one_symbol_on_one_day():
    history = InstrumentHistory()
    history.tell("A", [row("X", 2020, 2022)])
    history.tell("B", [row("X", 2023, None)])
    with pytest.raises(InvalidInput, match="X is listing 'C' from 2022-01-01 on and 'A' from 2020-01-01 on"):
        history.tell("C", [row("X", 2022, 2022)])
    with pytest.raises(InvalidInput, match="told twice"):
        history.tell("A", [row("Y", 2020, 2022)])


def row(symbol, first, last):
    terms = ListingTerms(symbol, symbol, EquityClass.NASDAQ, InstrumentKind.COMMON, "", 100)
    return DatedRow(dt.date(first, 1, 1), dt.date(last, 12, 31) if last else None, terms, "a table")


@given(st.lists(st.tuples(st.sampled_from("XYZ"), st.integers(2001, 2020), st.integers(0, 4)), max_size=12))
def test_what_a_symbol_means_is_never_two_things(listings):
    history, told = InstrumentHistory(), []
    for number, (symbol, first, years) in enumerate(listings):
        clash = any(
            symbol == other and first <= ends and begins <= first + years for other, begins, ends in told
        )
        if clash:
            with pytest.raises(InvalidInput):
                history.tell(str(number), [row(symbol, first, first + years)])
        else:
            history.tell(str(number), [row(symbol, first, first + years)])
            told.append((symbol, first, first + years))
    for symbol, year in itertools.product("XYZ", range(2001, 2025)):
        known = any(symbol == other and begins <= year <= ends for other, begins, ends in told)
        if known:
            assert history.instrument(symbol, dt.date(year, 6, 1)).terms.symbol == symbol
        else:
            with pytest.raises(InvalidInput):
                history.instrument(symbol, dt.date(year, 6, 1))


def test_a_worlds_venues_say_how_far_their_word_counts():
    world = load_world("us-2026")
    lit = [venue.kind == "lit" for venue in world.venues]
    assert [terms.protected for terms in venue_terms(world)] == lit
    assert not any(terms.stale_ns for terms in venue_terms(world))


@given(st.lists(st.tuples(st.sampled_from("XYZ"), st.integers(2001, 2020), st.integers(0, 4)), max_size=6))
def test_what_is_written_reads_back_the_same(listings):
    days = [SpecialDay("*", dt.date(2025, 1, 9), 240, 570, 780, 1020, 'a "quoted" source\n')]
    rows = [
        WrittenListing(f"{number} é", [row(symbol, first, first + years)])
        for number, (symbol, first, years) in enumerate(listings)
    ]
    file = ReferenceFile(rows, days)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.toml"
        path.write_text(write_reference(file), encoding="utf-8")
        assert read_reference_file(path) == file


def test_a_newer_file_takes_the_place_of_what_it_tells_again():
    older = ReferenceFile([WrittenListing("A", [row("X", 2020, None)]), WrittenListing("B", [])])
    newer = ReferenceFile([WrittenListing("A", [row("Y", 2021, None)])])
    assert [(each.listing, len(each.rows)) for each in older.with_newer(newer).listings] == [
        ("A", 1),
        ("B", 0),
    ]
    assert older.with_newer(newer).listings[0] == newer.listings[0]


def test_days_on_which_directories_said_the_same_are_one_row(reference):
    days = [dt.date(2026, 3, 18), dt.date(2026, 3, 19), dt.date(2026, 3, 20)]
    for day, lot in zip(days, (100, 100, 40), strict=True):
        reference.learn(day, Listing("NEWS", lot, "N"), "directory of NYSE")
    rows = [(row.first, row.last, row.value.round_lot) for _, row in reference.history.rows_of("NEWS")]
    assert rows == [(days[0], days[1], 100), (days[2], days[2], 40)]
    assert reference.instrument("NEWS", days[1]).terms.primary_venue == "NYSE"


def test_what_people_wrote_goes_before_a_directory_and_a_directory_before_the_world(reference):
    day = dt.date(2026, 3, 20)
    for symbol in ("META", "AAPL"):
        reference.learn(day, Listing(symbol, 7, "Q"), "directory of NASDAQ")
    assert reference.instrument("META", day).terms.round_lot == 40
    assert reference.instrument("AAPL", day).terms.round_lot == 7
    assert reference.instrument("AAPL", dt.date(2026, 3, 23)).terms.round_lot == 40
    assert reference.instrument("AAPL", day).terms.name == "Apple Inc."


def test_a_market_is_told_the_round_lots_people_wrote_down_and_no_others(reference):
    ids = {1: "META", 2: "AAPL", 3: "NOBODY"}
    data = MarketData(ids, ["V"])
    data.open_day(MIDNIGHT)
    tell_written(data, ids, reference.written_on(dt.date(2026, 3, 20)))
    data.receive(FeedPacket(0, 1, 3, b"".join(directory_of(symbol) for symbol in ids.values())))
    assert [data.nbbo(number).round_lot for number in ids] == [40, 100, 100]


def test_sale_conditions_are_read_by_the_tape_of_the_listing(reference):
    venues = {1: "NYSE", 2: "ARCA", 3: "NASDAQ"}
    classes = {1: EquityClass.LISTED, 2: EquityClass.LISTED, 3: EquityClass.NASDAQ}
    data = MarketData(venues, ["V"])
    known = reference.instrument_of(Listing("ZZZ", 100), dt.date(2026, 3, 20))
    tell_reference(
        data,
        [
            msgspec.structs.replace(
                known, instrument_id=number, primary_venue=venue, equity_class=classes[number]
            )
            for number, venue in venues.items()
        ],
    )
    assert [chr(letter) for letter in data.tape.securities["listed"][1:]] == ["A", "B", "C"]


def test_a_stock_that_is_written_down_as_suspended_cannot_be_traded(tmp_path):
    path = tmp_path / "reference.toml"
    path.write_text(OVERRIDES.replace("easy_to_borrow = false", "suspended = true"))
    reference = ReferenceData(load_world("us-2026"), read_reference_file(path))
    made = [
        reference.instrument_of(Listing(symbol, 100, "Q", "C", "N"), dt.date(2026, 3, 20))
        for symbol in ("META", "AAPL", "ZZZ")
    ]
    assert [each.tradable for each in made] == [False, True, True]
    assert [each.name for each in made] == ["Meta Platforms, Inc.", "Apple Inc.", "ZZZ"]


def test_a_special_day_of_every_venue_moves_the_market_and_gives_way_to_a_venues_own(tmp_path):
    path = tmp_path / "reference.toml"
    everywhere = OVERRIDES.replace('mic = "XNAS"', 'mic = "*"')
    path.write_text(everywhere + OVERRIDES[OVERRIDES.index("[[special_day]]") :].replace("12:00", "11:00"))
    reference = ReferenceData(load_world("us-2026"), read_reference_file(path))
    day = dt.date(2026, 3, 20)
    assert reference.session("ARCX", day).close_ns == wall_ns(day, 12 * 60)
    assert reference.session("XNAS", day).close_ns == wall_ns(day, 11 * 60)
    assert reference.calendar.regular_hours(day) == (wall_ns(day, 570), wall_ns(day, 12 * 60))
    assert reference.calendar.regular_hours(dt.date(2026, 3, 19))[1] == wall_ns(dt.date(2026, 3, 19), 16 * 60)


def test_stored_days_teach_what_their_directories_said_and_when_stocks_were_halted(tmp_path):
    messages = [
        directory_of("TQQQ"),
        encoded(itch50.StockTradingAction(1, 0, 2, "TQQQ", "T", "", "")),
        encoded(itch50.StockTradingAction(1, 0, 3, "TQQQ", "H", "", "T1")),
        encoded(itch50.StockTradingAction(1, 0, 4, "TQQQ", "T", "", "T3")),
        encoded(itch50.RegShoRestriction(1, 0, 5, "TQQQ", "0")),
        encoded(itch50.RegShoRestriction(1, 0, 6, "TQQQ", "1")),
    ]
    with TickWriter(tmp_path, DAY) as writer:
        recorder = PacketRecorder(writer, ["V0", "V1"], MIDNIGHT)
        recorder.packet(FeedPacket(0, 1, len(messages), b"".join(messages)), MIDNIGHT)
        recorder.packet(FeedPacket(1, 1, 1, directory_of("TQQQ")), MIDNIGHT)
        writer.flush(1)
    reference = ReferenceData(load_world("us-2026"))
    with TickSql(tmp_path) as sql:
        learn_stored(reference, sql)
        halts = halts_of(sql, "TQQQ")
    found = reference.instrument("TQQQ", DAY)
    assert found.source == "directory of V0, V1"
    assert (found.terms.kind, found.terms.tier, found.terms.leverage) == (InstrumentKind.ETF, 1, 3)
    assert [(each.time_ns - MIDNIGHT, each.state, each.reason) for each in halts] == [
        (3, "halted", "T1"),
        (4, "trades", "T3"),
        (6, "short-sale price test begins", ""),
    ]


def directory_of(symbol):
    letters = ("Q", "N", 100, "N", "C", "Z", "P", "N", "N", "1", "Y", 3, "N")
    return encoded(itch50.StockDirectory(1, 0, 1, symbol, *letters))


def encoded(message):
    return frame_all([itch50.encode(message)])
