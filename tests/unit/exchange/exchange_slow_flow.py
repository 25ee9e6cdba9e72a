"""The recorded flow once more, slow and plain: messages as objects, references in a dictionary."""

from exchange_slow_venue import SlowVenue

from rushtrade.wire import itch50

MASK = (1 << 64) - 1
SPAN = 1 << 31


def venue_of(number, weights):
    """The venue a number falls to: SplitMix64's finalizer, cut into shares by weight."""
    mixed = number & MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
    point = ((mixed ^ mixed >> 31) >> 1) % SPAN
    total = 0
    for venue, weight in enumerate(weights):
        total += weight
        if point < total * SPAN // sum(weights):
            return venue
    raise AssertionError(point)


class SlowFlow:
    def __init__(self, symbols, weights, directory):
        self.venues = [SlowVenue(symbols) for _ in weights]
        self.weights = weights
        self.locates = {
            recorded: symbols.index(name) + 1 for recorded, name in directory.items() if name in symbols
        }
        self.orders = {}
        self.unknown = self.not_carried = self.dropped = 0

    def at(self, venue, message):
        """One venue, with its clock moved on to the message."""
        slow = self.venues[venue]
        slow.now = max(slow.now, slow.midnight_ns + message.timestamp)
        return slow

    def apply(self, message):
        letter = message.type
        if letter in "ECXDU":
            self.change(message)
        elif letter in "SRB":
            self.dropped += letter in "SB" or message.locate in self.locates
            self.not_carried += letter == "R" and message.locate not in self.locates
        elif letter in "VW":
            self.tell_all(message, 0)
        elif message.locate not in self.locates:
            self.not_carried += 1
        elif letter in "AF":
            self.add(message)
        elif letter == "P":
            self.trade(message)
        elif letter in "QINOh":
            self.tell(
                venue_of(self.locates[message.locate], self.weights), message, self.locates[message.locate]
            )
        else:
            self.tell_all(message, self.locates[message.locate])

    def tell_all(self, message, locate):
        for venue in range(len(self.venues)):
            self.tell(venue, message, locate)

    def tell(self, venue, message, locate):
        slow = self.at(venue, message)
        fields = {name: getattr(message, name) for name in message.__struct_fields__}
        fields |= {"locate": locate, "timestamp": slow.now - slow.midnight_ns}
        fields["timestamp"] = message.timestamp
        if message.type == "Q":
            fields["match"] = slow.match()
        if message.type == "H":
            (slow.halted.discard if message.trading_state == "T" else slow.halted.add)(locate)
        slow.feed.append(type(message)(**fields))

    def forget(self, reference, message):
        if reference in self.orders:
            venue, order = self.orders.pop(reference)
            self.at(venue, message).background_delete(order)

    def add(self, message):
        locate = self.locates[message.locate]
        venue = venue_of(message.reference, self.weights)
        slow = self.at(venue, message)
        self.forget(message.reference, message)
        side, who = "BS".index(message.side), getattr(message, "attribution", "")
        order = slow.background_add(message.reference, locate, side, message.shares, message.price, who)
        self.orders[message.reference] = (venue, order)

    def change(self, message):
        reference = message.reference
        if reference not in self.orders:
            self.unknown += 1
            return
        venue, order = self.orders[reference]
        slow = self.at(venue, message)
        if message.type == "E" and order.locate in slow.halted:
            slow.background_cancel(order, message.shares)
        elif message.type == "E":
            slow.background_execute(order, message.shares)
        elif message.type == "C":
            slow.background_execute(order, message.shares, message.printable, message.price)
        elif message.type == "X":
            slow.background_cancel(order, message.shares)
        elif message.type == "D":
            slow.background_delete(order)
        else:
            del self.orders[reference]
            reference = message.new_reference
            self.forget(reference, message)
            slow.background_replace(order, reference, message.shares, message.price)
            self.orders[reference] = (venue, order)
        if order.recorded == 0:
            del self.orders[reference]

    def trade(self, message):
        venue = venue_of(message.reference or message.match, self.weights)
        if self.locates[message.locate] in self.venues[venue].halted:
            return
        slow = self.at(venue, message)
        slow.background_trade(
            self.locates[message.locate], "BS".index(message.side), message.shares, message.price
        )


def encoded(messages):
    """Messages as the bytes of a file."""
    return b"".join(len(raw).to_bytes(2, "big") + raw for raw in map(itch50.encode, messages))
