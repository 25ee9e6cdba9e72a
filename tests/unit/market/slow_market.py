"""The slow twin of the data center: one slow book a venue, and every answer worked out from scratch."""

from rushtrade.market.quotes import MontageRow, Trade, VenueQuote
from rushtrade.wire import itch50
from rushtrade.wire.framing import MessageReader
from support.slow_books import SlowBooks
from support.slow_tape import SlowTape

PRINTING = "ECPQ"


class SlowMarket:
    def __init__(self, instruments, venues, midnight):
        self.instruments = instruments
        self.books = [SlowBooks() for _ in range(venues)]
        self.times = {}  # (venue, locate) -> time of the last message that moved the book
        self.trades = {instrument_id: [] for instrument_id in instruments}
        self.tapes = {instrument_id: SlowTape(midnight) for instrument_id in instruments}
        self.round_lots = {}  # (venue, locate) -> shares
        self.midnight = midnight
        self.touched = set()
        self.depth_touched = set()
        self.lots = dict.fromkeys(instruments, 100)
        self.nationals = dict.fromkeys(instruments, (((0, 0, 0),) * 2, ((0, 0),) * 2))
        self.changes = []

    def receive(self, packet):
        books = self.books[packet.venue]
        reader = MessageReader()
        reader.receive_data(packet.payload)
        for raw in reader:
            message = itch50.decode(raw)
            quotes = self.all_quotes() if message.type in PRINTING else {}
            books.apply(message)
            if message.type == "R" and books.symbols[message.locate] == message.stock:
                self.round_lots[packet.venue, message.locate] = message.round_lot_size
            for locate in books.changed:
                self.times[packet.venue, locate] = message.timestamp
            for locate in books.depth_changed:
                self.touch(self.depth_touched, packet.venue, locate)
            for locate in books.best_changed:
                self.touch(self.touched, packet.venue, locate)
            for row in books.trades:
                self.trade(packet.venue, row, quotes)
            self.watch_nationals(message.timestamp + self.midnight)
            books.changed.clear()
            books.depth_changed.clear()
            books.best_changed.clear()
            books.trades.clear()

    def touch(self, into, venue, locate):
        symbol = self.books[venue].symbols[locate]
        into |= {instrument_id for instrument_id, name in self.instruments.items() if name == symbol}

    def watch_nationals(self, time):
        """Note every change of a national best, the slow way: all of them after every message."""
        for instrument_id in self.instruments:
            national = self.national(instrument_id)
            known = self.nationals[instrument_id]
            if national != known:
                self.touched.add(instrument_id)
            if national[0] != known[0]:
                self.changes.append((time, instrument_id, *national[0]))
            self.nationals[instrument_id] = national

    def shown(self, books, locate, side, lot):
        """A venue's price and shares in round lots, and its best odd lot."""
        levels = [(price, shares) for price, shares, _ in books.depth(locate, side)]
        total = 0
        for price, shares in levels:
            total += shares
            if total >= lot:
                odd = levels[0] if levels[0][0] != price else (0, 0)
                return (price, total - total % lot), odd
        return (0, 0), levels[0] if levels else (0, 0)

    def national(self, instrument_id):
        """Best bid and best ask as (price, shares, venues), and the best odd lots where they are better."""
        best, odds = [], []
        for side, nearest in ((0, max), (1, min)):
            lot = self.lots[instrument_id]
            shown = {
                venue: self.shown(books, locate, side, lot)
                for venue, books, locate in self.listings(instrument_id)
            }
            price = nearest((quote[0] for quote, _ in shown.values() if quote[0]), default=0)
            at = [venue for venue, (quote, _) in shown.items() if quote[0] and quote[0] == price]
            best.append((price, sum(shown[venue][0][1] for venue in at), sum(1 << venue for venue in at)))
            better = [
                odd for _, odd in shown.values() if odd[0] and (not price or nearest(odd[0], price) != price)
            ]
            odd_price = nearest((odd[0] for odd in better), default=0)
            odds.append((odd_price, sum(odd[1] for odd in better if odd[0] == odd_price)))
        return tuple(best), tuple(odds)

    def all_quotes(self):
        """Best bid and ask of every instrument, before a message that prints."""
        return {instrument_id: self.quote(instrument_id)[1:5] for instrument_id in self.instruments}

    def trade(self, venue, row, quotes):
        time, price, shares, match, locate, side, kind, printable = row
        self.touch(self.touched, venue, locate)
        symbol = self.books[venue].symbols[locate]
        for instrument_id, name in self.instruments.items():
            if name != symbol:
                continue
            trades = self.trades[instrument_id]
            tape = self.tapes[instrument_id]
            if chr(kind) == "B":
                voided = tape.void(venue, match)
                if voided:
                    fields = {
                        name: getattr(trades[voided.number - 1], name) for name in Trade.__struct_fields__
                    }
                    trades[voided.number - 1] = Trade(**(fields | {"broken": True}))
            elif printable:
                now = time + self.midnight
                bid, bid_shares, ask, ask_shares = quotes[instrument_id]
                letters = "@"
                if chr(kind) == "Q":
                    letters = "@O"  # the only crosses of `RandomStream`
                elif shares < self.round_lots.get((venue, locate), 0):
                    letters = "@I"
                filed = tape.add(now, price, shares, venue, match, letters)
                print_ = (filed.number, now, price, shares, venue, side, chr(kind), match, False)
                quote = (place_of(price, bid, ask), bid, bid_shares, ask, ask_shares)
                trades.append(Trade(*print_, *quote, conditions=letters))

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
        last = self.tapes[instrument_id].last()
        return last.price if last else 0

    def state(self, bid, ask):
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
        return self.tapes[instrument_id].bars()

    def volume(self, instrument_id):
        return self.tapes[instrument_id].volume()


def place_of(price, bid, ask):
    if not bid or not ask or bid >= ask:
        return 0
    places = [price < bid, price == bid, bid < price < ask, price == ask, price > ask]
    return 1 + places.index(True)
