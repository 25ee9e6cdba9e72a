"""The slow twin of the book kernels: dictionaries, decoded messages, the same words for what makes no sense."""

from rushtrade.books.book_layout import ANOMALIES
from rushtrade.wire import itch50


class SlowBooks:
    """Books of one venue, one message at a time."""

    def __init__(self):
        self.orders = {}  # reference -> [locate, side, price, shares]
        self.sides = {}  # (locate, side) -> {price: {reference: None}}, queues in order of insertion
        self.symbols = {}
        self.trades = []
        self.anomalies = dict.fromkeys(ANOMALIES, 0)
        self.best_changed = set()
        self.depth_changed = set()
        self.changed = set()  # by prints too
        self.time = 0
        self.handlers = {
            "R": self.directory,
            "A": self.add,
            "F": self.add,
            "D": self.delete,
            "X": self.cancel,
            "E": self.execute,
            "C": self.execute,
            "U": self.replace,
            "P": self.print,
            "Q": self.cross,
            "B": self.broken,
        }

    def apply(self, message):
        self.time = message.timestamp
        handler = self.handlers.get(message.type)
        if handler is not None:
            handler(message)

    # ---- messages

    def directory(self, message):
        if self.symbols.get(message.locate, message.stock) != message.stock:
            self.anomalies["locate_reused"] += 1
        self.symbols.setdefault(message.locate, message.stock)

    def add(self, message):
        self._name(message)
        if message.shares == 0 or message.price == 0 or message.side not in "BS" or not message.side:
            self.anomalies["bad_order"] += 1
        elif message.reference in self.orders:
            self.anomalies["duplicate_reference"] += 1
        else:
            side = "BS".index(message.side)
            self._rest(message.locate, side, message.price, message.reference, message.shares)

    def delete(self, message):
        order = self._known(message.reference)
        if order:
            self._reduce(message.reference, order[3])

    def cancel(self, message):
        shares = self._shares(message)
        if shares:
            self._reduce(message.reference, shares)

    def execute(self, message):
        shares = self._shares(message)
        if shares:
            locate, side, price, _ = self.orders[message.reference]
            printable = message.type == "E" or message.printable == "Y"
            price = price if message.type == "E" else message.price
            self._trade(message, locate, side, price, shares, printable=printable)
            self._reduce(message.reference, shares)

    def replace(self, message):
        order = self._known(message.reference)
        if not order:
            return
        locate, side, _, shares = order
        self._reduce(message.reference, shares)
        if message.shares == 0 or message.price == 0:
            self.anomalies["bad_order"] += 1
        elif message.new_reference in self.orders:
            self.anomalies["duplicate_reference"] += 1
        else:
            self._rest(locate, side, message.price, message.new_reference, message.shares)

    def print(self, message):
        self._name(message)
        if message.shares == 0:
            self.anomalies["bad_order"] += 1
            return
        self._trade(message, message.locate, 0 if message.side == "B" else 1, message.price, message.shares)

    def cross(self, message):
        self._name(message)
        if message.shares:
            self._trade(message, message.locate, 2, message.price, message.shares)

    def broken(self, message):
        self._trade(message, message.locate, 2, 0, 0, printable=False)

    # ---- what they do

    def _name(self, message):
        if self.symbols.setdefault(message.locate, message.stock) != message.stock:
            self.anomalies["symbol_mismatch"] += 1

    def _known(self, reference):
        order = self.orders.get(reference)
        if order is None:
            self.anomalies["unknown_reference"] += 1
        return order

    def _shares(self, message):
        order = self._known(message.reference)
        if order is None:
            return 0
        if message.shares > order[3]:
            self.anomalies["excess_shares"] += 1
        if message.shares == 0:
            self.anomalies["bad_order"] += 1
        return min(message.shares, order[3])

    def _trade(self, message, locate, side, price, shares, *, printable=True):
        row = (
            message.timestamp,
            price,
            shares,
            message.match,
            locate,
            side,
            ord(message.type),
            int(printable),
        )
        self.trades.append(row)
        self.changed.add(locate)

    def _rest(self, locate, side, price, reference, shares):
        self.orders[reference] = [locate, side, price, shares]
        self.sides.setdefault((locate, side), {}).setdefault(price, {})[reference] = None
        self._mark(locate, side, price)

    def _reduce(self, reference, shares):
        order = self.orders[reference]
        locate, side, price, _ = order
        self._mark(locate, side, price)
        order[3] -= shares
        if order[3] == 0:
            del self.orders[reference]
            prices = self.sides[locate, side]
            del prices[price][reference]
            if not prices[price]:
                del prices[price]

    def _mark(self, locate, side, price):
        self.changed.add(locate)
        self.depth_changed.add(locate)
        if price == (max if side == 0 else min)(self.sides[locate, side]):
            self.best_changed.add(locate)

    # ---- reading

    def depth(self, locate, side):
        prices = self.sides.get((locate, side), {})
        return [
            (price, sum(self.orders[reference][3] for reference in prices[price]), len(prices[price]))
            for price in sorted(prices, reverse=side == 0)
        ]

    def queue(self, locate, side, price):
        references = self.sides.get((locate, side), {}).get(price, {})
        return [(reference, self.orders[reference][3]) for reference in references]


def decode_all(messages):
    return [itch50.decode(message) for message in messages]
