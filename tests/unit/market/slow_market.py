"""The slow twin of the data center: one slow book a venue, and every answer worked out from scratch."""

from slow_books import SlowBooks

from rushtrade.market.quotes import Bar, MontageRow, Trade, VenueQuote
from rushtrade.wire import itch50
from rushtrade.wire.framing import MessageReader

MINUTE = 60_000_000_000
PRINTING = "ECPQ"


class SlowMarket:
    def __init__(self, instruments, venues, midnight):
        self.instruments = instruments
        self.books = [SlowBooks() for _ in range(venues)]
        self.times = {}  # (venue, locate) -> time of the last message that moved the book
        self.trades = {instrument_id: [] for instrument_id in instruments}
        self.midnight = midnight
        self.touched = set()
        self.depth_touched = set()

    def receive(self, packet):
        books = self.books[packet.venue]
        reader = MessageReader()
        reader.receive_data(packet.payload)
        for raw in reader:
            message = itch50.decode(raw)
            quotes = self.all_quotes() if message.type in PRINTING else {}
            books.apply(message)
            for locate in books.changed:
                self.times[packet.venue, locate] = message.timestamp
            for locate in books.depth_changed:
                self.touch(self.depth_touched, packet.venue, locate)
            for locate in books.best_changed:
                self.touch(self.touched, packet.venue, locate)
            for row in books.trades:
                self.trade(packet.venue, row, quotes)
            books.changed.clear()
            books.depth_changed.clear()
            books.best_changed.clear()
            books.trades.clear()

    def touch(self, into, venue, locate):
        symbol = self.books[venue].symbols[locate]
        into |= {instrument_id for instrument_id, name in self.instruments.items() if name == symbol}

    def all_quotes(self):
        """Best bid and ask of every instrument, before a message that prints."""
        return {instrument_id: self.quote(instrument_id)[1:5:2] for instrument_id in self.instruments}

    def trade(self, venue, row, quotes):
        time, price, shares, match, locate, side, kind, printable = row
        self.touch(self.touched, venue, locate)
        symbol = self.books[venue].symbols[locate]
        for instrument_id, name in self.instruments.items():
            if name != symbol:
                continue
            trades = self.trades[instrument_id]
            if chr(kind) == "B":
                standing = [t for t in trades if t.match == match and t.venue == venue and not t.broken]
                if standing:
                    index = trades.index(standing[-1])
                    fields = {name: getattr(standing[-1], name) for name in Trade.__struct_fields__}
                    trades[index] = Trade(**(fields | {"broken": True}))
            elif printable:
                number = len(trades) + 1
                now = time + self.midnight
                place = place_of(price, *quotes[instrument_id])
                trades.append(Trade(number, now, price, shares, venue, side, chr(kind), match, False, place))

    # ---- answers

    def listings(self, instrument_id):
        symbol = self.instruments[instrument_id]
        for venue, books in enumerate(self.books):
            for locate, name in books.symbols.items():
                if name == symbol:
                    yield venue, books, locate

    def montage(self, instrument_id, depth):
        rows = []
        for venue, books, locate in self.listings(instrument_id):
            for side in (0, 1):
                rows += [MontageRow(venue, side, *level) for level in books.depth(locate, side)[:depth]]
        return rows

    def venue_quotes(self, instrument_id):
        quotes = [VenueQuote(0, 0, 0, 0)] * len(self.books)
        for venue, books, locate in self.listings(instrument_id):
            bid, ask = ((books.depth(locate, side) or [(0, 0, 0)])[0][:2] for side in (0, 1))
            quotes[venue] = VenueQuote(*bid, *ask)
        return quotes

    def quote(self, instrument_id):
        """Time, bid, its shares, ask, its shares, last."""
        quotes = self.venue_quotes(instrument_id)
        bid = max((q.bid for q in quotes if q.bid), default=0)
        ask = min((q.ask for q in quotes if q.ask), default=0)
        times = [self.times.get((venue, locate), 0) for venue, _, locate in self.listings(instrument_id)]
        time = max(times, default=0)
        return (
            time + self.midnight if time else 0,
            bid,
            sum(q.bid_shares for q in quotes if q.bid and q.bid == bid),
            ask,
            sum(q.ask_shares for q in quotes if q.ask and q.ask == ask),
            self.last(instrument_id),
        )

    def last(self, instrument_id):
        standing = [t for t in self.trades[instrument_id] if not t.broken]
        return max(standing, key=lambda t: (t.time_ns, t.number)).price if standing else 0

    def state(self, instrument_id):
        _, bid, _, ask, *_ = self.quote(instrument_id)
        if not bid or not ask:
            return "one_sided" if bid or ask else "unknown"
        return "good" if bid < ask else "locked" if bid == ask else "crossed"

    def stamp_levels(self, instrument_id, side, shares, *, near):
        rows = []
        for venue, books, locate in self.listings(instrument_id):
            shown = 0
            for price, size, _ in books.depth(locate, 1 - side)[:10]:
                if shown >= shares:
                    break
                rows.append((venue * 2 + 1 - side, price, size))
                shown += size
        if near:
            for venue, books, locate in self.listings(instrument_id):
                rows += [(venue * 2 + side, price, size) for price, size, _ in books.depth(locate, side)[:1]]
        return rows

    def bars(self, instrument_id):
        minutes = {}
        for trade in self.trades[instrument_id]:
            if not trade.broken:
                minutes.setdefault(trade.time_ns // MINUTE * MINUTE, []).append(trade)
        bars = []
        for start, trades in sorted(minutes.items()):
            in_time = sorted(trades, key=lambda t: (t.time_ns, t.number))
            prices = [t.price for t in trades]
            volume = sum(t.shares for t in trades)
            money = sum(t.price * t.shares for t in trades) * 100
            ends = (in_time[0].price, max(prices), min(prices), in_time[-1].price)
            bars.append(Bar(start, *ends, volume, len(trades), money))
        return bars


def place_of(price, bid, ask):
    if not bid or not ask or bid >= ask:
        return 0
    places = [price < bid, price == bid, bid < price < ask, price == ask, price > ask]
    return 1 + places.index(True)
