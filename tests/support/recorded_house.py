"""A cardboard house whose market is written to a tick store as a data center's is, and whose past is read from there."""

from __future__ import annotations

from api_house import AAPL, DAY, SESSION, VENUES
from rushtrade.datacenter.tick_follower import TickFollower
from rushtrade.serving.archive import TickArchive
from rushtrade.wire import itch50


class Recorder:
    """Follows a house's feed: what it is given goes to the market and to the store."""

    def __init__(self, house, directory):
        self.house, self.market = house, house.market
        self.follower = TickFollower(directory, DAY, SESSION.midnight_ns, VENUES)
        self.symbols = {row.instrument_id: row.symbol for row in house.store.image.instruments.values()}
        self.archive = house.archive = TickArchive(directory, VENUES)
        house.epoch = self.follower.run
        for packet in house.feed.packets:
            self.follower.packet(packet, house.clock.now)
        self.follower.settled(self.market, self.symbols, house.clock.now)
        house.feed.market = self

    def receive(self, packet):
        self.market.receive(packet)
        self.follower.packet(packet, self.house.clock.now)
        self.follower.settled(self.market, self.symbols, self.house.clock.now)

    def touched(self):
        return self.market.touched()

    def flush(self):
        """Begin to make durable what came."""
        self.follower.flush_soon(self.house.clock.now)

    def seal(self):
        """Begin to seal the day."""
        self.follower.seal_soon()

    @property
    def state(self):
        return self.follower.status(self.house.clock.now).state

    def close(self):
        self.archive.close()
        self.follower.close(self.house.clock.now)


PACKET_TRADES = 20
"""Trades said together: fewer than memory holds, as in life."""


def trade(house, count, instrument=AAPL, venue=0):
    """Let an order be executed a share at a time."""
    symbol = "AAPL" if instrument == AAPL else "MSFT"
    feed = house.feed
    feed.reference += 1
    time_ns = feed._time()
    order = itch50.AddOrder(instrument, 0, time_ns, feed.reference, "B", count, symbol.ljust(8), 1_872_400)
    feed.say(venue, order)
    for begin in range(0, count, PACKET_TRADES):
        matches = range(feed.match + 1, feed.match + 1 + min(PACKET_TRADES, count - begin))
        feed.match = matches[-1]
        feed.say(
            venue,
            *(itch50.OrderExecuted(instrument, 0, time_ns, feed.reference, 1, match) for match in matches),
        )
