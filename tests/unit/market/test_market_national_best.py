"""The national best by hand: what counts, what is only shown, and the states with their time."""

import pytest

from rushtrade.market.market_data import MarketData
from rushtrade.market.quotes import TimeInStates, VenueTerms
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all

MIDNIGHT = 1_773_979_200_000_000_000
SECOND = 1_000_000_000
VENUES = ("XNAS", "ARCX", "IEXG")


class Desk:
    """A market of one stock, spoken to in messages; every venue numbers its own."""

    def __init__(self, *terms, lots=None):
        self.market = MarketData({5: "AAPL"}, VENUES, terms=terms)
        self.market.open_day(MIDNIGHT)
        if lots:
            self.market.tell_reference(round_lots={5: lots})
        self.sequence = [1] * len(VENUES)
        self.reference = 0
        self.now = 0

    def say(self, venue, *messages):
        payload = frame_all(map(itch50.encode, messages))
        self.market.receive(FeedPacket(venue, self.sequence[venue], len(messages), payload))
        self.sequence[venue] += len(messages)

    def book(self, venue, *quotes, at=None):
        """Orders such as `B 100 10.00`."""
        self.now = self.now + 1 if at is None else at
        for quote in quotes:
            side, shares, price = quote.split()
            self.reference += 1
            ticks = round(float(price) * 10_000)
            self.say(venue, itch50.AddOrder(1, 0, self.now, self.reference, side, int(shares), "AAPL", ticks))
        return self.reference

    def best(self):
        nbbo = self.market.nbbo(5)
        return f"{nbbo.bid / 10_000:.2f} x {nbbo.bid_shares} / {nbbo.ask / 10_000:.2f} x {nbbo.ask_shares} {nbbo.state}"

    def odd(self):
        nbbo = self.market.nbbo(5)
        return f"{nbbo.odd_bid / 10_000:.2f} x {nbbo.odd_bid_shares} / {nbbo.odd_ask / 10_000:.2f} x {nbbo.odd_ask_shares}"


ODD_LOTS = """
bids at one venue                        | lot | national best bid | best odd lot
B 100 10.00                              | 100 | 10.00 x 100       | 0.00 x 0
B 99 10.00                               | 100 | 0.00 x 0          | 10.00 x 99
B 150 10.00                              | 100 | 10.00 x 100       | 0.00 x 0
B 250 10.00                              | 100 | 10.00 x 200       | 0.00 x 0
B 50 10.10, B 50 10.00                   | 100 | 10.00 x 100       | 10.10 x 50
B 50 10.10, B 30 10.05, B 500 10.00      | 100 | 10.00 x 500       | 10.10 x 50
B 99 10.10, B 1 9.00                     | 100 | 9.00 x 100        | 10.10 x 99
B 40 10.10, B 500 10.00                  | 40  | 10.10 x 40        | 0.00 x 0
B 9 10.10, B 2 10.05                     | 10  | 10.05 x 10        | 10.10 x 9
B 1 10.10                                | 1   | 10.10 x 1         | 0.00 x 0
B 60 10.10, B 60 10.10                   | 100 | 10.10 x 100       | 0.00 x 0
"""


@pytest.mark.parametrize("line", ODD_LOTS.strip().splitlines()[1:])
def test_odd_lots_are_added_up_from_the_best_price_down(line):
    bids, lot, best, odd = (part.strip() for part in line.split("|"))
    desk = Desk(lots=int(lot))
    desk.book(0, *bids.split(", "))
    assert desk.best().split(" / ")[0] == best
    assert desk.odd().split(" / ")[0] == odd


def test_odd_lots_of_two_venues_are_not_added_up():
    desk = Desk()
    desk.book(0, "B 60 10.00", "S 100 10.50")
    desk.book(1, "B 60 10.00")
    assert desk.best() == "0.00 x 0 / 10.50 x 100 one_sided"
    assert desk.odd() == "10.00 x 120 / 0.00 x 0"
    assert desk.market.displayed(5).bid_shares == 120


def test_an_odd_lot_behind_the_national_best_of_another_venue_is_not_the_best_odd_lot():
    desk = Desk()
    desk.book(0, "S 50 10.20", "S 100 10.30")
    desk.book(1, "S 100 10.10")
    assert desk.best().endswith("10.10 x 100 one_sided")
    assert desk.odd().endswith("0.00 x 0")
    shown = desk.market.shown_quotes(5)[0]
    assert (shown.ask, shown.ask_shares, shown.odd_ask, shown.odd_ask_shares) == (103_000, 100, 102_000, 50)


def test_an_odd_lot_is_met_by_orders_and_makes_no_mark():
    desk = Desk()
    desk.book(0, "B 50 10.00", "S 50 10.01")
    assert desk.market.stamp(5, 0, 50, near=False).ask == 100_100
    assert desk.market.marks([5])[0].ask == 0


def test_the_first_directory_says_the_round_lot_and_reference_data_goes_before_it():
    fields = ("Q", "N", 40, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N")
    for lots, best in ((None, "10.00 x 40"), (100, "0.00 x 0")):
        desk = Desk(lots=lots)
        desk.book(0, "B 40 10.00")
        desk.say(1, itch50.StockDirectory(1, 0, 5, "AAPL", *fields))
        desk.say(0, itch50.StockDirectory(1, 0, 5, "AAPL", *fields))
        assert desk.best().split(" / ")[0] == best


def test_a_venue_that_is_not_protected_is_shown_and_does_not_count():
    desk = Desk(VenueTerms(), VenueTerms(protected=False), VenueTerms())
    desk.book(0, "B 100 10.00", "S 100 10.10")
    desk.book(1, "B 100 10.05", "S 100 10.06")
    assert desk.best() == "10.00 x 100 / 10.10 x 100 good"
    assert [quote.counts for quote in desk.market.shown_quotes(5)] == [True, False, True]
    assert desk.market.displayed(5).bid == 100_500


def test_before_order_protection_every_venue_counts():
    desk = Desk(VenueTerms(), VenueTerms(protected=False), VenueTerms())
    desk.market.open_day(1_083_556_800_000_000_000)  # 2004-05-03
    desk.book(1, "B 100 10.05")
    assert desk.best().startswith("10.05")


def test_a_venue_that_falls_silent_leaves_at_the_very_time_and_comes_back_with_its_next_word():
    desk = Desk(VenueTerms(stale_ns=10 * SECOND), VenueTerms(), VenueTerms())
    desk.book(0, "B 100 10.05", at=1 * SECOND)
    desk.book(1, "B 100 10.00", at=5 * SECOND)
    desk.market.advance(MIDNIGHT + 11 * SECOND - 1)
    assert desk.best().startswith("10.05")
    desk.market.advance(MIDNIGHT + 15 * SECOND)
    assert desk.best().startswith("10.00")
    assert desk.market.take_bbo_changes()["time"][-1] == MIDNIGHT + 11 * SECOND
    desk.say(0, itch50.SystemEvent(0, 0, 20 * SECOND, "Q"))
    assert desk.best().startswith("10.05")


def test_a_halt_of_one_venues_own_takes_its_quote_out_and_a_trading_halt_names_the_state():
    desk = Desk()
    desk.book(0, "B 100 10.00", "S 100 10.10")
    desk.book(1, "B 100 10.05", "S 100 10.20")
    desk.say(1, itch50.OperationalHalt(1, 0, 50, "AAPL", "N", "H"))
    assert desk.best() == "10.00 x 100 / 10.10 x 100 good"
    desk.say(1, itch50.OperationalHalt(1, 0, 60, "AAPL", "N", "T"))
    assert desk.best() == "10.05 x 100 / 10.10 x 100 good"
    desk.say(0, itch50.StockTradingAction(1, 0, 70, "AAPL", "H", " ", "T1"))
    desk.say(1, itch50.StockTradingAction(1, 0, 71, "AAPL", "T", " ", ""))
    assert desk.best() == "10.05 x 100 / 10.10 x 100 halted"
    status = desk.market.status(5)
    assert (status.trading, status.reason, status.reason_words) == ("H", "T1", "news pending")
    assert status.trading_since_ns == desk.market.nbbo(5).since_ns == MIDNIGHT + 70
    desk.say(0, itch50.StockTradingAction(1, 0, 90, "AAPL", "T", " ", ""))
    assert desk.best().endswith("good")


def test_locked_and_crossed_spells_are_counted_with_their_time():
    desk = Desk()
    desk.book(0, "S 100 10.00", at=10)
    lock = desk.book(1, "B 100 10.00", at=20)
    cross = desk.book(1, "B 100 10.01", at=30)
    desk.say(1, itch50.OrderDelete(1, 0, 45, cross))
    desk.say(1, itch50.OrderDelete(1, 0, 50, lock))
    desk.book(1, "B 100 10.02", at=70)
    assert desk.market.time_in_states(5, MIDNIGHT + 100) == TimeInStates(2, 15, 2, 45)
    changes = desk.market.take_bbo_changes()
    assert changes["state"].tolist() == [1, 3, 4, 3, 1, 4]
    assert (changes["time"] - MIDNIGHT).tolist() == [10, 20, 30, 45, 50, 70]
    assert changes["ask_venues"].tolist() == [1] * 6
    assert desk.market.take_bbo_changes().size == 0


def test_a_gap_takes_a_venue_out_and_its_image_brings_it_back():
    desk = Desk()
    desk.book(0, "B 100 10.00")
    desk.book(1, "B 100 10.05")
    desk.sequence[1] += 1
    desk.book(1, "B 100 10.06")
    assert desk.best().startswith("10.00")
    assert not desk.market.shown_quotes(5)[1].counts
    assert desk.market.queue_ahead(1, 2) is None
    desk.market.rebuild(1, 3, b"")
    assert desk.best().startswith("10.06 x 100")


def test_the_place_in_a_queue_and_every_cut_of_the_depth():
    desk = Desk()
    desk.book(0, "B 100 10.00", "B 30 10.00", "B 7 10.00", "B 5 9.99")
    desk.book(1, "B 200 10.00", "S 10 10.20")
    desk.say(0, itch50.AddOrderAttributed(1, 0, 9, 70, "B", 11, "AAPL", 100_000, "GSCO"))
    desk.say(0, itch50.OrderExecuted(1, 0, 10, 1, 60, 1))
    place = desk.market.queue_ahead(0, 3)
    assert (place.instrument_id, place.side, place.price, place.shares) == (5, 0, 100_000, 7)
    assert (place.shares_ahead, place.orders_ahead, place.level_shares, place.level_orders) == (70, 2, 88, 4)
    assert desk.market.queue_ahead(0, 999) is None
    assert [tuple(row) for row in desk.market.depth(5, 9)] == [
        (0, 100_000, 288, 5, 0b11),
        (0, 99_900, 5, 1, 0b01),
        (1, 102_000, 10, 1, 0b10),
    ]
    assert [row for row in desk.market.participants(5, 1) if row.venue == 0] == [
        (0, 0, 100_000, 77, 3, ""),
        (0, 0, 100_000, 11, 1, "GSCO"),
    ]
    assert [
        (row.reference, row.shares, row.participant, row.ahead) for row in desk.market.queue(5, 0, 0, 1)
    ] == [
        (1, 40, "", 0),
        (2, 30, "", 40),
        (3, 7, "", 70),
        (70, 11, "GSCO", 77),
    ]


def test_a_replaced_order_keeps_its_participant_and_goes_to_the_end():
    desk = Desk()
    desk.say(0, itch50.AddOrderAttributed(1, 0, 9, 50, "S", 100, "AAPL", 100_000, "GSCO"))
    desk.book(0, "S 50 10.00")
    desk.say(0, itch50.OrderReplace(1, 0, 10, 50, 51, 80, 100_000))
    assert [(row.participant, row.ahead) for row in desk.market.queue(5, 0, 1, 5)] == [("", 0), ("GSCO", 50)]
