"""All venues of a world together: quotes told to each other, leaks, and time that passes from one thing due to the next."""

import numpy as np
import pytest
from msgspec.structs import replace

from rushtrade.exchange.tables import S_AWAY_ASK, S_AWAY_BID
from rushtrade.marketplace.faults import LIES, Fault
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.generator import OPENING, GeneratedFlow
from rushtrade.marketplace.market import Market
from rushtrade.rules.world import PoolTerms
from rushtrade.rules.world_file import load_world
from rushtrade.wire import order_entry as oe

SECOND = 1_000_000_000
WORLD = load_world("us-2026")
AAPL = 3
LIT = [venue.index for venue in WORLD.venues if venue.kind == "lit"]
PLACE = {venue.code: venue.index for venue in WORLD.venues}


def market(world=WORLD, **options):
    flow = Flow(GeneratedFlow(world.symbols, 11, last_time=OPENING + 60 * SECOND), 0)
    made = Market(world, flow.symbols, flow, **options)
    made.open()
    made.advance(OPENING + SECOND)
    made.collect()
    return made


def order(token, side, price, shares, tif=oe.IOC, locate=AAPL):
    row = np.zeros(1, oe.ORDER_ENTRY)
    row["kind"], row["firm"], row["locate"], row["token"] = oe.ENTER, 1, locate, token
    row["side"], row["price"], row["shares"], row["time_in_force"] = side, price, shares, tif
    return row


def best(made, side, venues=LIT):
    prices = [made.venues[venue].displayed_best(AAPL, side) for venue in venues]
    return (min if side else max)(price for price in prices if price)


def told(made, venue):
    tables = made.venues[venue].engine.tables
    return tables.stock_value(AAPL, S_AWAY_BID), tables.stock_value(AAPL, S_AWAY_ASK)


def test_every_venue_is_told_the_best_of_all_others_and_no_quote_of_its_own():
    made = market()
    made.deliver(0, order(1, oe.BUY, 100, 1), OPENING + SECOND)
    for venue in range(len(WORLD.venues)):
        others = [other for other in LIT if other != venue]
        assert told(made, venue) == (best(made, 0, others), best(made, 1, others)), WORLD.venues[venue].code


def test_a_quote_reaches_the_other_venues_a_moment_later():
    made = market()
    now = OPENING + SECOND
    made.deliver(0, order(1, oe.BUY, best(made, 1) - 100, 100, oe.DAY), now)
    before = told(made, PLACE["NYSE"])
    better = made.venues[0].displayed_best(AAPL, 0)
    assert better > before[0]
    made.advance(now + made.quotes.sip_ns - 1)
    assert told(made, PLACE["NYSE"])[0] < better
    made.advance(now + 4 * made.quotes.sip_ns)
    assert told(made, PLACE["NYSE"])[0] >= better


def leaking(ppm):
    """The world with a pool that nobody stands in, and that says what it sees with a chance."""
    venues = list(WORLD.venues)
    place = PLACE["QUIET"]
    venues[place] = replace(venues[place], pool=PoolTerms(0, 100, 1_000, ppm, 999_999))
    return replace(WORLD, venues=tuple(venues))


@pytest.mark.parametrize("leaks", [False, True])
def test_a_ping_nobody_answered_makes_the_quotes_run(leaks):
    made = market(leaking(1_000_000 * leaks))
    bid, ask = best(made, 0), best(made, 1)
    made.deliver(PLACE["QUIET"], order(1, oe.BUY, 0, 100), OPENING + SECOND)
    assert best(made, 0) == bid, "who sells is not scared by a buyer"
    assert (best(made, 1) > ask) == leaks


def test_a_lying_venue_shows_what_nobody_gets():
    lie = Fault(PLACE["NASDAQ"], LIES, OPENING + SECOND, OPENING + 2 * SECOND)
    made = market(faults=[lie])
    shown = made.venues[0].displayed_best(AAPL, 1)
    assert shown
    made.deliver(0, order(1, oe.BUY, shown, 100), OPENING + SECOND)
    kinds = [int(row["kind"]) for _, rows in made.collect().reports for row in rows]
    assert kinds == [oe.ACCEPTED, oe.CANCELED]
    made.advance(OPENING + 3 * SECOND)
    shown = made.venues[0].displayed_best(AAPL, 1)
    made.deliver(0, order(2, oe.BUY, shown, 1), OPENING + 3 * SECOND)
    kinds = [int(row["kind"]) for _, rows in made.collect().reports for row in rows]
    assert kinds == [oe.ACCEPTED, oe.EXECUTED], "it tells the truth again"


def test_time_passes_from_one_thing_due_to_the_next():
    """An order behind the speed bump meets the book of the time it is through, however far time is moved at once."""

    def prices(steps):
        made = market()
        now = OPENING + SECOND
        made.deliver(PLACE["IEX"], order(1, oe.BUY, 0, 5_000), now)
        for step in steps:
            made.advance(now + step)
        made.advance(now + SECOND)
        rows = [row for _, reports in made.collect().reports for row in reports if row["kind"] == oe.EXECUTED]
        return [(int(row["price"]), int(row["shares"]), int(row["time_ns"])) for row in rows]

    whole = prices([])
    assert whole
    assert whole == prices([1_000, 200_000, 350_000, 351_000, 700_000, 10**8])
    assert {time for _, _, time in whole} == {OPENING + SECOND + 350_000}


def test_a_market_says_when_it_has_something_to_say():
    made = market()
    made.collect()
    assert made.next_ns is None
    now = OPENING + SECOND
    made.deliver(PLACE["IEX"], order(1, oe.BUY, 100, 100, oe.DAY), now)
    assert made.next_ns == now + 350_000
    made.advance(now + 350_000)
    assert made.next_ns == now + 700_000
    assert made.collect().reports == []
    made.advance(now + 700_000)
    assert [venue for venue, _ in made.collect().reports] == [PLACE["IEX"]]
    assert made.next_ns is None
