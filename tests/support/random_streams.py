"""Random ITCH 5.0 streams: mostly a believable order flow, partly nonsense that real streams also hold."""

import random
import struct

from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all

ADD = struct.Struct(">cHHHI QcI8sI")
EXECUTE = struct.Struct(">cHHHI QIQ")
EXECUTE_PRICE = struct.Struct(">cHHHI QIQcI")
CANCEL = struct.Struct(">cHHHI QI")
DELETE = struct.Struct(">cHHHI Q")
REPLACE = struct.Struct(">cHHHI QQII")
TRADE = struct.Struct(">cHHHI QcI8sIQ")


class RandomStream:
    """A venue's stream over a few stocks. `nonsense` is the share of messages that contradict the books."""

    def __init__(self, seed, stocks=5, nonsense=0.02, ticks=60, first_reference=1, locate_of_first=1):
        self.rng = random.Random(seed)
        self.stocks = [(locate_of_first + k, f"S{k + 1}".ljust(8).encode()) for k in range(stocks)]
        self.nonsense = nonsense
        self.ticks = ticks
        self.live = []
        self.locate_of = {}
        self.reference = first_reference
        self.match = 0
        self.now = 34_200_000_000_000

    def head(self, letter, locate):
        self.now += self.rng.randrange(2_000_000)
        return letter, locate, 0, self.now >> 32, self.now & 0xFFFFFFFF

    def directory(self):
        messages = [itch50.encode(itch50.SystemEvent(0, 0, self.now, "O"))]
        fields = ("Q", "N", 100, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N")
        for locate, symbol in self.stocks:
            message = itch50.StockDirectory(locate, 0, self.now, symbol.decode().rstrip(), *fields)
            messages.append(itch50.encode(message))
        return messages

    def price(self, letter):
        """Bids below 100, asks above: crossed only by nonsense."""
        distance = min(int(self.rng.expovariate(0.15)), self.ticks) * 100
        return 1_000_000 - 100 - distance if letter == b"B" else 1_000_000 + distance

    def take(self):
        """A live reference: mostly a young one; sometimes one that is not there."""
        rng = self.rng
        if not self.live or rng.random() < self.nonsense:
            return rng.randrange(1, self.reference + 50)
        index = max(0, len(self.live) - 1 - int(rng.expovariate(0.05)))
        self.live[index], self.live[-1] = self.live[-1], self.live[index]
        return self.live[-1]

    def message(self):
        draw = self.rng.random()
        if draw < 0.45 or not self.live:
            return self.add()
        if draw < 0.75:
            return self.delete()
        if draw < 0.85:
            return self.replace()
        if draw < 0.95:
            return self.execute()
        return self.cancel() if draw < 0.98 else self.print()

    def new_reference(self):
        if self.live and self.rng.random() < self.nonsense:
            return self.rng.choice(self.live)
        self.reference += self.rng.randrange(1, 4)
        return self.reference

    def add(self):
        rng = self.rng
        locate, symbol = rng.choice(self.stocks)
        letter = rng.choice((b"B", b"S"))
        shares = (
            rng.choice((0, 1)) if rng.random() < self.nonsense else rng.choice((1, 7, 100, 100, 200, 1000))
        )
        reference = self.new_reference()
        if reference not in self.locate_of and shares:
            self.live.append(reference)
        self.locate_of.setdefault(reference, locate)
        row = (reference, letter, shares, symbol, self.price(letter))
        if rng.random() < 0.1:
            return ADD.pack(*self.head(b"F", locate), *row) + b"MPID"
        return ADD.pack(*self.head(b"A", locate), *row)

    def delete(self):
        reference = self.take()
        self.forget(reference)
        return DELETE.pack(*self.head(b"D", self.locate_of.get(reference, self.stocks[0][0])), reference)

    def replace(self):
        old = self.take()
        self.forget(old)
        new = self.new_reference()
        locate = self.locate_of.get(old, self.stocks[0][0])
        if new not in self.locate_of:
            self.live.append(new)
        self.locate_of.setdefault(new, locate)
        price = 1_000_000 + self.rng.randrange(-self.ticks, self.ticks) * 100
        return REPLACE.pack(*self.head(b"U", locate), old, new, self.rng.choice((1, 50, 100, 300)), price)

    def execute(self):
        reference = self.take()
        self.match += 1
        shares = self.rng.choice((1, 10, 100, 100_000 if self.rng.random() < self.nonsense else 50))
        locate = self.locate_of.get(reference, self.stocks[0][0])
        if self.rng.random() < 0.2:
            tail = (self.rng.choice((b"Y", b"N")), 1_000_000)
            return EXECUTE_PRICE.pack(*self.head(b"C", locate), reference, shares, self.match, *tail)
        return EXECUTE.pack(*self.head(b"E", locate), reference, shares, self.match)

    def cancel(self):
        reference = self.take()
        shares = self.rng.choice((1, 5, 100))
        return CANCEL.pack(
            *self.head(b"X", self.locate_of.get(reference, self.stocks[0][0])), reference, shares
        )

    def print(self):
        locate, symbol = self.rng.choice(self.stocks)
        self.match += 1
        draw = self.rng.random()
        stock = symbol.decode().rstrip()
        if draw < 0.1 and self.match > 1:
            _, _, _, high, low = self.head(b"B", locate)
            return itch50.encode(
                itch50.BrokenTrade(locate, 0, high << 32 | low, self.rng.randrange(1, self.match))
            )
        if draw < 0.2:
            _, _, _, high, low = self.head(b"Q", locate)
            cross = itch50.CrossTrade(locate, 0, high << 32 | low, 5000, stock, 1_000_000, self.match, "O")
            return itch50.encode(cross)
        side = self.rng.choice((b"B", b"S"))
        return TRADE.pack(*self.head(b"P", locate), 0, side, 100, symbol, 1_000_000, self.match)

    def forget(self, reference):
        if self.live and self.live[-1] == reference:
            self.live.pop()

    def messages(self, count):
        return [self.message() for _ in range(count)]

    def packets(self, venue, count, sequence=1):
        """The directory and then `count` messages, as a line's packets of 1 to 5 messages."""
        messages = self.directory() + self.messages(count)
        packets = []
        while messages:
            size = self.rng.randint(1, 5)
            taken, messages = messages[:size], messages[size:]
            packets.append(FeedPacket(venue, sequence, len(taken), frame_all(taken)))
            sequence += len(taken)
        return packets
