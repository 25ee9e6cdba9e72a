"""Reports of Rule 606 as the SEC's XML: element names and their order, nothing else.

Names and order: SEC, Order Routing and Handling Data Technical Specification (2019-03-31), schema oh-20191231. `ndoNonmarketableLimitPct` is written
with a small m in a section's summary, unlike `nonMarketableLimitPct` of a venue: the SEC's own renderer reads it so.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from rushtrade.quality.customer_report import CustomerReport, HandlingReport
from rushtrade.quality.routing_report import OPTIONS, OTHER_STOCKS, SP500, RoutingReport, Section, VenueRow

VERSION = "1.0"
PUBLIC_ROOT = "heldOrderRoutingPublicReport"
CUSTOMER_ROOT = "heldExemptNotHeldOrderRoutingCustomerReport"
HANDLING_ROOT = "notHeldOrderHandlingCustomerReport"
SECTION_NAMES = {SP500: "rSP500", OTHER_STOCKS: "rOtherStocks", OPTIONS: "rOptions"}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XML_ILLEGAL = dict.fromkeys([*range(9), 11, 12, *range(14, 32)], " ")
"""Control characters that no XML document may hold."""


def public_xml(report: RoutingReport, timestamp: str = "") -> str:
    """Write the quarterly public report. `timestamp` is when it was made, in ISO 8601; left out when empty."""
    return _document(PUBLIC_ROOT, _public(report, timestamp))


def customer_xml(report: CustomerReport, timestamp: str = "") -> str:
    """Write the report of one customer's held orders."""
    return _document(CUSTOMER_ROOT, _customer(report, timestamp))


def handling_xml(report: HandlingReport, timestamp: str = "") -> str:
    """Write the report of one customer's not held orders."""
    return _document(HANDLING_ROOT, _handling(report, timestamp))


def _public(report: RoutingReport, timestamp: str) -> Iterator[str]:
    yield _leaf(1, "version", VERSION)
    yield _leaf(1, "bd", report.firm)
    yield _leaf(1, "year", str(report.year))
    yield _leaf(1, "qtr", str(report.number))
    if timestamp:
        yield _leaf(1, "timestamp", timestamp)
    for month in report.months:
        yield "  <rMonthly>"
        yield _leaf(2, "year", str(month.year))
        yield _leaf(2, "mon", str(month.month))
        for section in month.sections:
            name = SECTION_NAMES[section.name]
            yield f"    <{name}>"
            yield from _section(section)
            yield f"    </{name}>"
        yield "  </rMonthly>"


def _section(section: Section) -> Iterator[str]:
    yield _leaf(3, "ndoPct", section.non_directed_percent)
    yield _leaf(3, "ndoMarketPct", section.market_percent)
    yield _leaf(3, "ndoMarketableLimitPct", section.marketable_limit_percent)
    yield _leaf(3, "ndoNonmarketableLimitPct", section.non_marketable_limit_percent)
    yield _leaf(3, "ndoOtherPct", section.other_percent)
    yield "      <rVenues>"
    for venue in section.venues:
        yield "        <rVenue>"
        yield from _venue(venue)
        yield "        </rVenue>"
    yield "      </rVenues>"


def _venue(venue: VenueRow) -> Iterator[str]:
    yield from _names(5, "name", venue.name, venue.mic, venue.mpid)
    yield _leaf(5, "orderPct", venue.percent)
    kinds = (
        ("market", "MarketOrders", venue.market),
        ("marketableLimit", "MarketableLimitOrders", venue.marketable_limit),
        ("nonMarketableLimit", "NonMarketableLimitOrders", venue.non_marketable_limit),
        ("other", "OtherOrders", venue.other),
    )
    for name, _, kind in kinds:
        yield _leaf(5, f"{name}Pct", kind.percent)
    for _, name, kind in kinds:
        yield _leaf(5, f"netPmtPaidRecv{name}Usd", kind.usd)
        yield _leaf(5, f"netPmtPaidRecv{name}Cph", kind.cents_per_hundred)
    yield _leaf(5, "materialAspects", venue.material_aspects)


def _names(depth: int, tag: str, name: str, mic: str, mpid: str) -> Iterator[str]:
    yield _leaf(depth, tag, name)
    if mic:
        yield _leaf(depth, "mic", mic)
    if mpid:
        yield _leaf(depth, "mpid", mpid)


def _opening(firm: str, customer: str, first: str, last: str, timestamp: str) -> Iterator[str]:
    yield _leaf(1, "version", VERSION)
    yield _leaf(1, "bd", firm)
    yield _leaf(1, "customer", customer)
    yield _leaf(1, "startDate", first)
    yield _leaf(1, "endDate", last)
    if timestamp:
        yield _leaf(1, "timestamp", timestamp)


def _customer(report: CustomerReport, timestamp: str) -> Iterator[str]:
    yield from _opening(report.firm, report.account, report.first, report.last, timestamp)
    yield "  <held>"
    for order in report.orders:
        yield "    <order>"
        yield _leaf(3, "orderId", str(order.order_id))
        yield _leaf(3, "directed", "Y" if order.directed else "N")
        for route in order.routes:
            yield "      <route>"
            yield from _names(4, "venueName", route.venue, route.mic, route.mpid)
            for transaction in route.transactions:
                yield "        <transaction>"
                yield _leaf(5, "date", transaction.date)
                yield _leaf(5, "time", transaction.time)
                yield "        </transaction>"
            yield "      </route>"
        yield "    </order>"
    yield "  </held>"


def _handling(report: HandlingReport, timestamp: str) -> Iterator[str]:
    yield from _opening(report.firm, report.account, report.first, report.last, timestamp)
    for tag, months in (("hDirected", report.directed), ("hNondirected", report.non_directed)):
        if not months:
            continue
        yield f"  <{tag}>"
        for month in months:
            yield "    <hMonthly>"
            yield _leaf(3, "year", str(month.year))
            yield _leaf(3, "mon", str(month.month))
            yield _leaf(3, "sentShr", str(month.sent))
            yield _leaf(3, "executedAsPrincipalShr", "0")
            yield _leaf(3, "ioiExposedOrd", "0")
            yield "      <routingVenueList>"
            for venue in month.venues:
                yield "        <iVenue>"
                yield from _names(5, "name", venue.venue, venue.mic, venue.mpid)
                for name, value in venue.figures:
                    yield _leaf(5, name, value)
                yield "        </iVenue>"
            yield "      </routingVenueList>"
            yield "    </hMonthly>"
        yield f"  </{tag}>"


def _leaf(depth: int, name: str, text: str) -> str:
    return f"{'  ' * depth}<{name}>{escape(text.translate(_XML_ILLEGAL))}</{name}>"


def _document(root: str, lines: Iterator[str]) -> str:
    return _HEAD + "\n".join([f"<{root}>", *lines, f"</{root}>"]) + "\n"
