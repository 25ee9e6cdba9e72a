"""Rule 606 over a quarter written by hand: what is counted, which venues are named, what they paid, and the SEC's XML of it."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET

import pytest
from quality_journal import QualityBook

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.orders import TimeInForce
from rushtrade.domain.routes import Route
from rushtrade.quality.customer_report import CustomerCounter
from rushtrade.quality.disclosures import Disclosures, read_disclosures
from rushtrade.quality.facts import Names, OrderKind
from rushtrade.quality.reader import OrderReader, read_orders
from rushtrade.quality.routing_page import routing_html
from rushtrade.quality.routing_report import (
    KINDS,
    KindCount,
    RoutingCounter,
    VenueCount,
    _named,
    parse_quarter,
)
from rushtrade.quality.routing_xml import (
    CUSTOMER_ROOT,
    HANDLING_ROOT,
    PUBLIC_ROOT,
    customer_xml,
    handling_xml,
    public_xml,
)
from support.tables import rows

Q4 = parse_quarter("2026Q4")
NOVEMBER, DECEMBER = dt.date(2026, 11, 2), dt.date(2026, 12, 1)

SECTION = [
    "ndoPct",
    "ndoMarketPct",
    "ndoMarketableLimitPct",
    "ndoNonmarketableLimitPct",
    "ndoOtherPct",
    "rVenues",
]
VENUE = [
    "name",
    "mic",
    "orderPct",
    "marketPct",
    "marketableLimitPct",
    "nonMarketableLimitPct",
    "otherPct",
    "netPmtPaidRecvMarketOrdersUsd",
    "netPmtPaidRecvMarketOrdersCph",
    "netPmtPaidRecvMarketableLimitOrdersUsd",
    "netPmtPaidRecvMarketableLimitOrdersCph",
    "netPmtPaidRecvNonMarketableLimitOrdersUsd",
    "netPmtPaidRecvNonMarketableLimitOrdersCph",
    "netPmtPaidRecvOtherOrdersUsd",
    "netPmtPaidRecvOtherOrdersCph",
    "materialAspects",
]


def quarter() -> QualityBook:
    """November: four non-directed orders and a directed one; December: one market order in another stock."""
    book = QualityBook(NOVEMBER)
    one = book.at(0).enter("buy", 300, "", "A 200@10.10", "B 100@10.10")
    book.at(1).fill(one, one << 8, 200, "10.04", "0.60")
    book.at(1).fill(one, one << 8 | 1, 100, "10.04", "0.06", venue=1)
    two = book.at(2).enter("buy", 100, "10.05", "C 100@10.05")
    book.at(3).fill(two, two << 8, 100, "10.04", "-0.10", venue=2)
    three = book.at(4).enter("sell", 100, "10.20", "A 100@10.20")
    book.at(5).fill(three, three << 8, 50, "10.20", "-0.10", added=True)
    four = book.at(6).enter("buy", 100, "10.04", "B 100@10.04", tif=TimeInForce.FOK)
    book.at(7).end_child(four, four << 8, 100)
    book.cancel(four)
    five = book.at(8).enter("buy", 100, "", "C 100@10.10", route="C", account=8)
    book.at(9).fill(five, five << 8, 100, "10.04", "-0.10", venue=2)
    book.refuse(100)
    book.close_day(NOVEMBER)
    book.at(30 * 86_400_000).open_day(DECEMBER)
    six = book.enter("buy", 10, "", "A 10@10.10", instrument=2)
    book.fill(six, six << 8, 10, "10.04", "0.03")
    return book


def report(book: QualityBook, disclosures: Disclosures | None = None, when=Q4):
    reader, counter = OrderReader(()), RoutingCounter(when, disclosures or Disclosures())
    counter.add(read_orders(iter(book.frames), reader), reader.names)
    return counter.report(reader.names)


NOVEMBER_TABLE = """
# venue | all % | market % $ ¢ | marketable | non-marketable | other
Alpha Exchange | 40.00 | 50.00 -0.60 -30.0000 | 0.00 0.00 0.0000    | 100.00 0.10 20.0000 | 0.00 0.00 0.0000
Beta Exchange  | 40.00 | 50.00 -0.06 -6.0000  | 0.00 0.00 0.0000    | 0.00 0.00 0.0000    | 100.00 0.00 0.0000
Gamma Exchange | 20.00 | 0.00 0.00 0.0000     | 100.00 0.10 10.0000 | 0.00 0.00 0.0000    | 0.00 0.00 0.0000
"""


def test_a_month_is_counted_as_worked_out_by_hand():
    november, december = report(quarter()).months
    _, other, _ = november.sections
    assert (other.held_orders, other.non_directed_orders, other.non_directed_percent) == (5, 4, "80.00")
    assert [other.market_percent, other.marketable_limit_percent, other.non_marketable_limit_percent] == [
        "25.00"
    ] * 3
    assert other.other_percent == "25.00"
    found = [
        [
            venue.name,
            venue.percent,
            *(
                f"{kind.percent} {kind.usd} {kind.cents_per_hundred}"
                for kind in (
                    venue.market,
                    venue.marketable_limit,
                    venue.non_marketable_limit,
                    venue.other,
                )
            ),
        ]
        for venue in other.venues
    ]
    assert found == rows(NOVEMBER_TABLE)
    assert (december.month, december.sections[1].held_orders) == (12, 1)


def test_members_of_the_index_stand_in_a_section_of_their_own():
    _, december = report(quarter(), Disclosures(sp500=frozenset({"TUFF"}))).months
    assert [section.held_orders for section in december.sections] == [1, 0, 0]


def test_a_quarter_without_orders_says_so():
    found = report(quarter(), when=parse_quarter("2026Q1"))
    assert found.months == []
    assert "No held customer order" in routing_html(found)


def test_ten_venues_are_named_and_every_other_with_five_per_cent():
    def venue(routed: int) -> VenueCount:
        return VenueCount({kind: KindCount(routed if kind is OrderKind.MARKET else 0) for kind in KINDS})

    alike = {number: venue(1) for number in range(19)}
    assert _named(alike) == list(range(19)), "each has 1/19, more than five per cent"
    thin = {number: venue(1) for number in range(21)}
    assert _named(thin) == list(range(10)), "each has 1/21, less than five per cent"


def test_the_xml_has_the_secs_elements_in_their_order():
    text = public_xml(report(quarter()), "2027-01-20T12:00:00Z")
    root = ET.fromstring(text)
    assert root.tag == PUBLIC_ROOT
    assert [child.tag for child in root] == [
        "version",
        "bd",
        "year",
        "qtr",
        "timestamp",
        "rMonthly",
        "rMonthly",
    ]
    for month in root.iter("rMonthly"):
        assert [child.tag for child in month] == ["year", "mon", "rSP500", "rOtherStocks", "rOptions"]
        for section in list(month)[2:]:
            assert [child.tag for child in section] == SECTION
            for venue in section.iter("rVenue"):
                assert [child.tag for child in venue] == VENUE
    assert "timestamp" not in public_xml(report(quarter()))


def test_payments_in_the_xml_add_up_to_the_venues_fees_of_non_directed_executions():
    book = quarter()
    orders = book.orders().values()
    fees = sum(fill.venue_fee for order in orders if not order.directed for fill in order.fills)
    root = ET.fromstring(public_xml(report(book)))
    paid = sum(
        round(float(leaf.text) * 1_000_000)
        for venue in root.iter("rVenue")
        for leaf in venue
        if leaf.tag.endswith("Usd")
    )
    assert paid == -fees == -490_000


def test_names_with_marks_of_xml_and_html_in_them_stay_text():
    reader = OrderReader(())
    counter = RoutingCounter(Q4, Disclosures({"AAA": "pays <b>&\x07"}, {}))
    counter.add(read_orders(iter(quarter().frames), reader), reader.names)
    reader.names.firm = 'Smith & "Sons" <script>'
    found = counter.report(reader.names)
    root = ET.fromstring(public_xml(found))
    assert root.findtext("bd") == 'Smith & "Sons" <script>'
    assert root.find(".//materialAspects").text == "pays <b>& "
    assert "<script>" not in routing_html(found)


def test_a_customer_is_told_every_venue_an_order_went_to_and_when():
    book = quarter()
    reader, counter = OrderReader(()), CustomerCounter(Q4, "D-8", Disclosures())
    counter.add(read_orders(iter(book.frames), reader), reader.names)
    counter.check(reader.names)
    held = counter.held(reader.names)
    assert (held.account, held.first, held.last) == ("D-8", "2026-10-01", "2026-12-31")
    (order,) = held.orders
    assert order.directed
    root = ET.fromstring(customer_xml(held))
    assert root.tag == CUSTOMER_ROOT
    assert [child.tag for child in root] == ["version", "bd", "customer", "startDate", "endDate", "held"]
    assert [leaf.tag for leaf in root.find("held/order")] == ["orderId", "directed", "route"]
    route = root.find("held/order/route")
    assert [leaf.tag for leaf in route] == ["venueName", "mic", "transaction"]
    assert [leaf.text for leaf in route.find("transaction")] == ["2026-11-02", "14:30:00.009"]


def test_an_account_the_books_do_not_hold_is_refused_by_name():
    counter = CustomerCounter(Q4, "D-9", Disclosures())
    with pytest.raises(InvalidInput, match="no account 'D-9'"):
        counter.check(Names())


@pytest.mark.parametrize(
    "text", ["2026", "2026Q5", "26Q1", "2026q4", "\u0662\u0660\u0662\u0666Q1", "2026Q44"]
)
def test_what_is_no_quarter_is_refused_in_words(text):
    with pytest.raises(InvalidInput, match="is not a quarter such as '2026Q4'"):
        parse_quarter(text)


FAULTY = """
[material_aspects            | is not TOML
[fees]                       | 'fees' is not known; it holds tables \\[material_aspects\\] and \\[mpid\\]
mpid = 3                     | 'mpid' is not known
[mpid] ; AAA = 3             | mpid.AAA = 3; this needs a text that is not empty
[mpid] ; AAA = "  "          | this needs a text that is not empty
[material_aspects] ; Z = "x" | name a venue 'Z' that the firm does not have; it has AAA
"""


@pytest.mark.parametrize("case", rows(FAULTY), ids=lambda case: case[1][:30])
def test_disclosures_with_a_slip_in_them_are_refused_in_words(case, tmp_path):
    file = tmp_path / "aspects.toml"
    file.write_text(case[0].replace(" ; ", "\n"))
    names = Names(routes={0: Route(0, "AAA", "A", "XAAA", "Alpha", 0, 0, 0, 0, 0)})
    with pytest.raises(InvalidInput, match=case[1]):
        read_disclosures(file, None).check(names)


def test_disclosures_are_found_by_house_code_or_mic(tmp_path):
    file = tmp_path / "aspects.toml"
    file.write_text('[material_aspects]\nXAAA = "tiered"\n[mpid]\nAAA = "ALPH"\n')
    symbols = tmp_path / "sp500.txt"
    symbols.write_text("RUSH # since 1999\n\nBRK.B\n")
    said = read_disclosures(file, symbols)
    names = Names(routes={0: Route(0, "AAA", "A", "XAAA", "Alpha", 30, -20, 0, 0, 0)})
    assert (said.aspects(names, 0), said.mpid(names, 0), said.sp500) == ("tiered", "ALPH", {"RUSH", "BRK.B"})
    assert "+30 to take, -20 to add" in Disclosures().aspects(names, 0)


@pytest.mark.parametrize("text", ["", "# nothing\n", "A,B\n", "A B\n"])
def test_a_list_of_symbols_has_one_a_line(text, tmp_path):
    file = tmp_path / "sp500.txt"
    file.write_text(text)
    with pytest.raises(InvalidInput, match="symbols, one a line"):
        read_disclosures(None, file)


NOT_HELD = """
# figure | directed, A | non-directed, B
routedShr               | 100     | 300
iocRoutedShr            | 100     | 300
furtherRoutableShr      | 0       | 0
orderSizeShr            | 100     | 300
executedShr             | 100     | 200
filledPct               | 100.00  | 66.67
fillSizeShr             | 100     | 100
netFeeOrRebateCph       | 30.0000 | 3.0000
midpointShr             | 0       | 100
midpointPct             | 0.00    | 50.00
nearsideShr             | 0       | 100
nearsidePct             | 0.00    | 50.00
farsideShr              | 100     | 0
farsidePct              | 100.00  | 0.00
providedLiqudityShr     | 0       | 100
providedLiquidityPct    | 0.00    | 50.00
orderDurationMsec       | 0       | 40
providedLiquidityNetCph | 0.0000  | 0.0000
removedLiquidityShr     | 100     | 100
removedLiquidityPct     | 100.00  | 50.00
removedLiquidityNetCph  | 30.0000 | 6.0000
"""


def test_not_held_orders_stand_in_the_customers_report_alone():
    book = QualityBook()
    one = book.at(0).enter("buy", 100, "", "A 100@10.10", route="A", not_held=True)
    book.at(1).fill(one, one << 8, 100, "10.04", "0.30")
    two = book.at(10).enter("buy", 300, "10.02", "B 300@10.02", not_held=True)
    book.at(20).fill(two, two << 8, 100, "10.02", "0.06", venue=1)
    book.at(50).fill(two, two << 8, 100, "10.00", "0", venue=1, added=True)
    assert report(book).months == []
    reader, counter = OrderReader(()), CustomerCounter(Q4, "D-7", Disclosures())
    counter.add(read_orders(iter(book.frames), reader), reader.names)
    assert counter.held(reader.names).orders == []
    root = ET.fromstring(handling_xml(counter.not_held(reader.names)))
    assert root.tag == HANDLING_ROOT
    assert [leaf.text for leaf in root.iter("sentShr")] == ["100", "300"]
    venues = [[(leaf.tag, leaf.text) for leaf in venue][2:] for venue in root.iter("iVenue")]
    wanted = [[(name, row[place]) for name, *row in rows(NOT_HELD)] for place in (0, 1)]
    assert venues == wanted
