"""What orders cost, worked out by hand: 10.00 bid for 300, 200 offered at 10.04, midpoint 10.02."""

from __future__ import annotations

import datetime as dt

import pytest
from quality_journal import START_NS, QualityBook

from rushtrade.cli.dart_scorecard import span_of
from rushtrade.domain import events as ev
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import MILLISECOND, day_number
from rushtrade.domain.numbers import format_money
from rushtrade.domain.orders import TimeInForce
from rushtrade.quality.facts import Ending, OrderKind
from rushtrade.quality.marks import marked
from rushtrade.quality.measures import Tally, shortfall
from rushtrade.quality.reader import HORIZONS_NS, OrderReader, read_orders
from rushtrade.quality.scorecard import By, ScoreBoard, ScoreRow, Span
from support.tables import rows


def swept() -> tuple[QualityBook, int]:
    """A buy of 500 sweeps A and B: 200 at the offer, 100 a cent better, 100 a cent worse; B sends 100 back."""
    book = QualityBook()
    order = book.at(0).enter("buy", 500, "10.06", "A 300@10.05", "B 200@10.05")
    book.at(2).fill(order, order << 8, 200, "10.04", "0.60")
    book.at(4).fill(order, order << 8, 100, "10.03", "0.30")
    book.at(5).fill(order, order << 8 | 1, 100, "10.05", "0.06", venue=1)
    book.at(6).end_child(order, order << 8 | 1, 100)
    book.at(500).marks("10.02", "10.06")
    book.at(1_500).marks("10.04", "10.08")
    book.at(20_000).marks("10.10", "10.14")
    book.at(30_000).cancel(order)
    return book, order


def card(book: QualityBook, by: By, span: Span | None = None):
    reader = OrderReader()
    board = ScoreBoard(by, span or Span(), reader.horizons_ns)
    board.add(read_orders(iter(book.frames), reader), reader.names)
    return board.scorecard(reader.names.firm)


def test_a_sweep_is_measured_as_worked_out_by_hand():
    book, number = swept()
    order = book.orders()[number]
    tally = Tally()
    tally.add_order(order)
    # effective 2(p - m): 400, 200, 600 mils over 200, 100, 100 shares; quoted 400
    assert (tally.with_mid, tally.effective, tally.quoted) == (400, 160_000, 160_000)
    assert (tally.improved_shares, tally.improvement) == (100, 10_000)
    assert (tally.worse_shares, tally.disimprovement) == (100, 10_000)
    # 300 shares at the offer or better, 200 were shown
    assert tally.size_improvement == 100
    # slippage: 200 mils × 200 + 100 × 100 + 300 × 100 = 80,000 mil-shares = 8.00 dollars; fees 0.96
    assert format_money(tally.cost_money) == "8.96"
    # and 100 shares not filled ran from 10.02 to 10.12
    assert format_money(shortfall(order)) == "18.96"
    assert tally.first_fill_ns == 2_000_000


HORIZON_TABLE = """
# after ms | shares | realized: 2 (p - m later) | why
50     | 0   | –     | nothing was observed in the 50 ms after any execution
1000   | 400 | 0     | 10.04 at half a second, against an average price of 10.04
15000  | 400 | -400  | 10.06 at one and a half seconds: 2 × (10.04 - 10.06)
60000  | 0   | –     | the journal ends before the minute is over
300000 | 0   | –     | the same
"""


def test_realized_spreads_take_the_last_marks_before_their_horizon_or_say_that_they_are_not_known():
    book, _ = swept()
    (row,) = card(book, By.STRATEGY).rows
    found = [(later.after_ns // 1_000_000, later.shares, later.realized_mils) for later in row.later]
    wanted = [
        (int(after), int(shares), None if value == "–" else f"{value}.00")
        for after, shares, value, _ in rows(HORIZON_TABLE)
    ]
    assert found == wanted
    for later in row.later:
        if later.realized_mils is not None:
            assert float(later.realized_mils) + float(later.impact_mils) == float(row.effective_spread_mils)


def test_marks_of_yesterday_say_nothing_of_an_order_of_today():
    book = QualityBook()
    book.at(0).marks("10.00", "10.04")
    order = book.at(10).enter("buy", 100, "10.06", "A 100@10.05")
    book.at(20).end_child(order, order << 8, 100)
    book.at(30).cancel(order)
    found = book.orders()[order]
    assert (found.ending, found.end_mid2, shortfall(found)) == (Ending.CANCELED, 0, None)


def test_nothing_is_known_past_the_close():
    book = QualityBook()
    order = book.at(0).enter("sell", 100, "", "A 100@9.00")
    book.at(1).fill(order, order << 8, 100, "10.00")
    book.at(2).close_day(dt.date(2026, 11, 2))
    book.at(2_000).marks("5.00", "5.04")
    book.at(900_000).marks("5.00", "5.04")
    (fill,) = book.orders()[order].fills
    assert fill.later == [0] * len(HORIZONS_NS)


def test_by_route_a_row_is_what_was_sent_there_on_the_quotes_of_its_own_decision():
    book = QualityBook()
    order = book.at(0).enter("buy", 300, "10.10", "A 200@10.05", "B 100@10.05")
    book.at(1).fill(order, order << 8, 200, "10.04", "0.60")
    book.at(2).end_child(order, order << 8 | 1, 100, refused=True)
    book.quote("10.04", 100, "10.08", 100)
    again = book.at(3).route(order, "C 100@10.10")
    book.at(4).fill(order, again << 8, 100, "10.08", "-0.10", venue=2)
    found = card(book, By.ROUTE)
    named: dict[str, ScoreRow] = {row.name: row for row in found.rows}
    table = """
    AAA | 1 | 0 | 200 | 200 | 400.00  | 230.00
    CCC | 1 | 0 | 100 | 100 | 400.00  | 590.00
    BBB | 1 | 1 | 100 | 0   | None    | None
    """
    said = [
        [r.name, r.orders, r.refused, r.shares, r.filled, r.effective_spread_mils, r.cost_mils]
        for r in named.values()
    ]
    assert [[str(cell) for cell in row] for row in said] == rows(table)
    assert found.total.cost == "10.50"


def test_a_sale_is_the_mirror_of_a_purchase():
    book = QualityBook()
    order = book.at(0).enter("sell", 100, "9.90", "A 100@9.90")
    book.at(1).fill(order, order << 8, 100, "9.99", "0.30")
    (row,) = card(book, By.SYMBOL).rows
    assert (row.effective_spread_mils, row.disimprovement_mils, row.cost_mils) == (
        "600.00",
        "100.00",
        "330.00",
    )


@pytest.mark.parametrize("quote", ["0 10.04", "10.05 10.04", "1.00 10.04"])
def test_one_sided_crossed_and_stub_quotes_have_no_midpoint_and_count_in_no_cost(quote):
    bid, ask = quote.split()
    book = QualityBook()
    book.quote(bid, 100, ask, 100)
    order = book.at(0).enter("buy", 100, "10.06", "A 100@10.05")
    book.at(1).fill(order, order << 8, 100, "10.04")
    found = card(book, By.ROUTE)
    assert (found.without_quote, found.total.cost_mils, found.total.improved_shares) == (100, None, 0)


def test_a_replacement_takes_the_working_children_over_and_no_share_is_counted_twice():
    book = QualityBook()
    first = book.at(0).enter("buy", 300, "10.00", "A 300@10.00")
    book.at(1).fill(first, first << 8, 100, "10.00", added=True)
    second = book.at(2).enter("buy", 250, "10.00", replaces=first)
    book.say(ev.OrderReplaced(first, 7, second))
    book.terms[second] = (book.terms[second][0], 7, 150)
    book.at(3).fill(second, first << 8, 150, "10.00", added=True)
    orders = book.orders()
    assert [(orders[n].wanted, orders[n].filled, orders[n].ending) for n in (first, second)] == [
        (300, 100, Ending.REPLACED),
        (150, 150, Ending.FILLED),
    ]
    total = card(book, By.ROUTE).total
    assert (total.orders, total.shares, total.filled) == (1, 300, 250)


def test_a_refused_order_is_counted_but_wanted_no_shares_of_a_venue():
    book = QualityBook()
    book.refuse(1_000_000, "nowhere")
    (row,) = card(book, By.STRATEGY).rows
    assert (row.name, row.orders, row.refused, row.shares, row.fill_percent) == ("DIRECT", 1, 1, 0, None)


KINDS = """
market order                 | buy |       |       | DAY | MARKET
limit at the offer           | buy | 10.04 |       | DAY | MARKETABLE_LIMIT
limit inside                 | buy | 10.03 |       | IOC | NON_MARKETABLE_LIMIT
sale at the bid              | sell| 10.00 |       | DAY | MARKETABLE_LIMIT
sale above the bid           | sell| 10.01 |       | DAY | NON_MARKETABLE_LIMIT
stop                         | buy |       | 10.50 | DAY | OTHER
as a whole or not at all     | buy | 10.04 |       | FOK | OTHER
"""


@pytest.mark.parametrize("case", rows(KINDS), ids=lambda case: case[0])
def test_the_kind_of_an_order_is_told_by_the_quotes_it_met(case):
    _, side, limit, stop, tif, kind = case
    book = QualityBook()
    number = book.enter(side, 100, limit, stop=stop, tif=TimeInForce[tif])
    assert book.orders()[number].kind is OrderKind[kind]


def test_days_outside_the_span_are_passed_by():
    book, _ = swept()
    assert card(book, By.ROUTE, Span(dt.date(2026, 11, 3), None)).orders == 0
    assert card(book, By.ROUTE, Span(dt.date(2026, 11, 2), dt.date(2026, 11, 2))).orders == 1


def test_dates_in_the_wrong_order_are_refused_in_words():
    with pytest.raises(InvalidInput, match="--from 2026-11-03 lies after --to 2026-11-02"):
        span_of("2026-11-03", "2026-11-02")


MARKS = """
# side | route  | ms after the opening | not held || directed | held | session | sale
buy    | DART     | 1            | held     | non-directed | held     | regular     |
buy    | SEQUENCE | -60000       | held     | non-directed | held     | pre-market  |
sell   | B        | 1            | held     | directed     | held     | regular     | long
short  | BBB      | 23400000     | not held | directed     | not held | post-market | short
"""


@pytest.mark.parametrize("case", rows(MARKS), ids=lambda case: " ".join(case[:2]))
def test_an_order_is_marked_from_the_journal_alone(case):
    side, route, ms, discretion, directed, held, session, sale = case
    book = QualityBook()
    hours = (START_NS, START_NS + 23_400_000 * MILLISECOND)
    book.say(ev.DayOpened(day_number(dt.date(2026, 11, 2)), 0, *hours))
    number = book.at(int(ms)).enter(side, 100, "10.04", route=route, not_held=discretion == "not held")
    book.refuse(100)
    reader = OrderReader(())
    (row,) = marked(read_orders(iter(book.frames), reader), day_number(dt.date(2026, 11, 2)), reader.names)
    said = [
        "directed" if row.directed else "non-directed",
        "held" if row.held else "not held",
        row.session,
        row.sale,
    ]
    assert said == [directed, held, session, sale]
    assert (row.order_id, row.account, row.capacity) == (number, "D-7", "agency")
