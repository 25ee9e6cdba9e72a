"""The venue once more, slow and plain: the twin that the compiled kernels must agree with.

Lists and dictionaries, sides written out, no arrays. `reports` collects tuples in the order of ORDER_REPORT's fields,
`feed` tuples of letter, locate, time and the message's own fields.
"""

from rushtrade.wire import order_entry as oe

FIELDS = oe.ORDER_ENTRY.names


class Order:
    __slots__ = (
        "attribution",
        "executed",
        "firm",
        "hidden",
        "locate",
        "order_id",
        "price",
        "recorded",
        "reference",
        "refresh",
        "reserve",
        "resting",
        "shares",
        "side",
        "token",
    )

    def __init__(
        self, firm, token, locate, side, price, shares, *, hidden=False, refresh=0, recorded=0, attribution=""
    ):
        self.firm, self.token, self.locate, self.side = firm, token, locate, side
        self.price, self.shares, self.reserve = price, shares, 0
        self.hidden, self.refresh, self.recorded, self.attribution = hidden, refresh, recorded, attribution
        self.reference = self.order_id = self.executed = 0
        self.resting = False

    @property
    def leaves(self):
        return self.shares + self.reserve


class Remembered:
    """What a venue knows of a token: the order while it works, then how it ended."""

    def __init__(self, locate, side, reason=oe.REASON_NONE, order=None):
        self.locate, self.side, self.reason, self.order = locate, side, reason, order
        self.executed = self.order_id = 0


class SlowVenue:
    def __init__(self, stocks, *, midnight_ns=0):
        self.stocks, self.midnight_ns = stocks, midnight_ns
        self.books = {
            (locate, side): {} for locate in range(1, len(stocks) + 1) for side in (oe.BUY, oe.SELL)
        }
        self.tokens, self.sequences = {}, {}
        self.reports, self.feed = [], []
        self.next_id = self.next_match = 1
        self.halted, self.open, self.now = set(), True, midnight_ns

    # --- what the world hears ---

    def report(
        self,
        kind,
        firm,
        locate,
        side,
        token,
        *,
        liquidity=0,
        reason=0,
        original=0,
        order_id=0,
        match=0,
        price=0,
        shares=0,
        leaves=0,
        executed=0,
    ):
        sequence = self.sequences[firm] = self.sequences.get(firm, 0) + 1
        self.reports.append(
            (
                kind,
                liquidity,
                reason,
                side,
                firm,
                locate,
                sequence,
                token,
                original,
                order_id,
                match,
                price,
                shares,
                leaves,
                executed,
                self.now,
            )
        )

    def report_order(self, kind, order, **more):
        self.report(
            kind,
            order.firm,
            order.locate,
            order.side,
            order.token,
            order_id=order.order_id,
            executed=order.executed,
            **more,
        )

    def tell(self, letter, locate, *fields):
        self.feed.append((letter, locate, self.now - self.midnight_ns, *fields))

    def tell_added(self, order):
        letter = "F" if order.attribution else "A"
        last = (order.attribution,) if order.attribution else ()
        self.tell(letter, order.locate, order.reference, "BS"[order.side], order.shares, order.price, *last)

    # --- books ---

    def number(self):
        self.next_id += 1
        return self.next_id - 1

    def match(self):
        self.next_match += 1
        return self.next_match - 1

    def queues(self, order):
        return self.books[order.locate, order.side].setdefault(order.price, ([], []))

    def link(self, order):
        self.queues(order)[order.hidden].append(order)
        order.resting = True

    def unlink(self, order):
        queues = self.queues(order)
        queues[order.hidden].remove(order)
        order.resting = False
        if not queues[0] and not queues[1]:
            del self.books[order.locate, order.side][order.price]

    def prices(self, locate, side):
        """Prices of a book, best first."""
        return sorted(self.books[locate, side], reverse=side == oe.BUY)

    @staticmethod
    def meets(side, resting_price, limit):
        """True when a resting order of `side` may trade with one that comes with `limit`."""
        if side == oe.BUY:
            return resting_price >= limit
        return resting_price <= limit

    def best(self, locate, side, limit):
        """First order of a book in priority, when it meets `limit` (None = any price)."""
        book = self.books[locate, side]
        if not book:
            return None
        price = max(book) if side == oe.BUY else min(book)
        if limit is not None and not self.meets(side, price, limit):
            return None
        displayed, hidden = book[price]
        return (displayed or hidden)[0]

    # --- executions ---

    def execute_resting(self, order, shares, match):
        if order.hidden:
            self.tell("P", order.locate, 0, "BS"[order.side], shares, order.price, match)
        else:
            self.tell("E", order.locate, order.reference, shares, match)
        order.shares -= shares
        if order.firm:
            order.executed += shares
            self.report_order(
                oe.EXECUTED,
                order,
                liquidity=oe.ADDED,
                match=match,
                price=order.price,
                shares=shares,
                leaves=order.leaves,
            )

    def settle(self, order):
        if order.shares:
            return
        if order.reserve:
            order.shares = min(order.reserve, order.refresh)
            order.reserve -= order.shares
            self.unlink(order)
            self.link(order)
            order.reference = self.number()
            self.tell_added(order)
            return
        self.unlink(order)
        if order.firm:
            self.end(order, oe.REASON_NONE)

    def take(self, order, limit):
        while order.shares:
            resting = self.best(order.locate, 1 - order.side, limit)
            if resting is None:
                return
            shares = min(order.shares, resting.shares)
            match = self.match()
            self.execute_resting(resting, shares, match)
            order.shares -= shares
            order.executed += shares
            self.report_order(
                oe.EXECUTED,
                order,
                liquidity=oe.REMOVED,
                match=match,
                price=resting.price,
                shares=shares,
                leaves=order.leaves,
            )
            self.settle(resting)

    def available(self, locate, side, limit):
        return sum(
            order.leaves
            for price, queues in self.books[locate, side].items()
            if limit is None or self.meets(side, price, limit)
            for queue in queues
            for order in queue
        )

    # --- tokens ---

    def remember(self, order):
        self.tokens[order.firm, order.token] = Remembered(order.locate, order.side, order=order)

    def end(self, order, reason):
        known = self.tokens[order.firm, order.token]
        known.order, known.reason = None, reason
        known.executed, known.order_id = order.executed, order.order_id

    def status(self, firm, token):
        known = self.tokens.get((firm, token))
        if known is None:
            self.report(oe.STATUS, firm, 0, 0, token, reason=oe.REASON_UNKNOWN_ORDER)
            return
        self.report_known(oe.STATUS, known.reason, firm, known, token)

    def report_known(self, kind, reason, firm, known, token, original=0, shares=None):
        order = known.order
        if order:
            total = order.executed + order.leaves if shares is None else shares
            self.report(
                kind,
                firm,
                known.locate,
                known.side,
                token,
                reason=reason,
                original=original,
                order_id=order.order_id,
                price=order.price,
                shares=total,
                leaves=order.leaves,
                executed=order.executed,
            )
        else:
            total = known.executed if shares is None else shares
            self.report(
                kind,
                firm,
                known.locate,
                known.side,
                token,
                reason=reason,
                original=original,
                order_id=known.order_id,
                shares=total,
                executed=known.executed,
            )

    # --- instructions ---

    def submit(self, row, now):
        self.now = max(self.now, now)
        entry = dict(zip(FIELDS, row, strict=True))
        act = {
            oe.ENTER: self.enter,
            oe.CANCEL: self.cancel,
            oe.REPLACE: self.replace,
            oe.ASK_STATUS: self.ask,
        }
        act.get(entry["kind"], self.unknown_kind)(entry)

    def unknown_kind(self, e):
        self.reject(e, 0, 0, oe.REASON_BAD_CODE)

    def ask(self, e):
        self.status(e["firm"], e["token"])

    def reject(self, e, locate, side, reason):
        self.report(
            oe.REJECTED,
            e["firm"],
            locate,
            side,
            e["token"],
            reason=reason,
            original=e["original_token"],
            shares=e["shares"],
        )

    @staticmethod
    def bad_price(price):
        return price <= 0 or price > oe.PRICE_MAX or (price >= 10_000 and price % 100 != 0)

    def refusal(self, e):
        at_once = e["time_in_force"] in (oe.IOC, oe.FOK)
        if not self.open:
            return oe.REASON_CLOSED
        if not 1 <= e["locate"] <= len(self.stocks):
            return oe.REASON_UNKNOWN_STOCK
        if e["locate"] in self.halted:
            return oe.REASON_HALTED
        if e["side"] not in (oe.BUY, oe.SELL) or e["display"] not in (oe.DISPLAYED, oe.HIDDEN, oe.RESERVE):
            return oe.REASON_BAD_CODE
        if e["time_in_force"] not in (oe.DAY, oe.IOC, oe.FOK):
            return oe.REASON_BAD_CODE
        if e["price"] != 0 and self.bad_price(e["price"]):
            return oe.REASON_BAD_PRICE
        if not 1 <= e["shares"] <= oe.SHARES_MAX:
            return oe.REASON_BAD_SHARES
        if e["display"] == oe.RESERVE and not 1 <= e["display_shares"] <= e["shares"]:
            return oe.REASON_BAD_DISPLAY
        if e["display"] != oe.RESERVE and e["display_shares"]:
            return oe.REASON_BAD_DISPLAY
        if not 0 <= e["minimum_shares"] <= e["shares"] or (e["minimum_shares"] and not at_once):
            return oe.REASON_BAD_MINIMUM
        return oe.REASON_NONE

    def enter(self, e):
        firm, token, locate, side = e["firm"], e["token"], e["locate"], e["side"]
        if firm == 0 or token <= 0:
            self.reject(e, locate, side, oe.REASON_BAD_TOKEN)
            return
        if (firm, token) in self.tokens:
            self.status(firm, token)
            return
        reason = self.refusal(e)
        if reason:
            self.tokens[firm, token] = Remembered(locate, side, reason)
            self.reject(e, locate, side, reason)
            return
        order = Order(
            firm,
            token,
            locate,
            side,
            e["price"],
            e["shares"],
            hidden=e["display"] == oe.HIDDEN,
            refresh=e["display_shares"],
        )
        order.order_id = self.number()
        self.remember(order)
        self.report_order(oe.ACCEPTED, order, price=order.price, shares=order.shares, leaves=order.shares)
        limit = e["price"] or None
        minimum = e["shares"] if e["time_in_force"] == oe.FOK else e["minimum_shares"]
        if minimum and self.available(locate, 1 - side, limit) < minimum:
            self.cancel_rest(order, oe.REASON_MINIMUM_NOT_MET)
            return
        self.take(order, limit)
        if not order.shares:
            self.end(order, oe.REASON_NONE)
        elif e["time_in_force"] == oe.DAY and limit:
            self.split(order)
            if not order.hidden:
                order.reference = order.order_id
                self.tell_added(order)
            self.link(order)
        else:
            self.cancel_rest(order, oe.REASON_IOC_REMAINDER)

    @staticmethod
    def split(order):
        if order.refresh and order.shares > order.refresh:
            order.shares, order.reserve = order.refresh, order.shares - order.refresh

    def cancel_rest(self, order, reason):
        self.report_order(oe.CANCELED, order, reason=reason, shares=order.leaves)
        self.end(order, reason)

    def withdraw(self, order):
        self.unlink(order)
        if not order.hidden:
            self.tell("D", order.locate, order.reference)

    def reduce(self, order, shares):
        held = min(shares, order.reserve)
        order.reserve -= held
        if shares > held:
            order.shares -= shares - held
            if not order.hidden:
                self.tell("X", order.locate, order.reference, shares - held)

    def cancel(self, e):
        known = self.tokens.get((e["firm"], e["original_token"]))
        if known is None:
            self.reject(e, 0, 0, oe.REASON_UNKNOWN_ORDER)
            return
        order = known.order
        if order is None or not 0 <= e["shares"] < order.leaves:
            reason = oe.REASON_TOO_LATE if order is None else oe.REASON_BAD_SHARES
            self.report_known(
                oe.REJECTED, reason, e["firm"], known, e["token"], e["original_token"], e["shares"]
            )
            return
        cut = order.leaves - e["shares"]
        self.report_order(
            oe.CANCELED,
            order,
            reason=oe.REASON_USER_CANCEL,
            original=e["token"],
            shares=cut,
            leaves=e["shares"],
        )
        if e["shares"]:
            self.reduce(order, cut)
        else:
            self.withdraw(order)
            self.end(order, oe.REASON_USER_CANCEL)

    def replace(self, e):
        firm, token, original = e["firm"], e["token"], e["original_token"]
        if firm == 0 or token <= 0:
            self.reject(e, 0, 0, oe.REASON_BAD_TOKEN)
            return
        if (firm, token) in self.tokens:
            self.status(firm, token)
            return
        known = self.tokens.get((firm, original))
        if known is None:
            self.tokens[firm, token] = Remembered(0, 0, oe.REASON_UNKNOWN_ORDER)
            self.reject(e, 0, 0, oe.REASON_UNKNOWN_ORDER)
            return
        order = known.order
        reason = oe.REASON_TOO_LATE if order is None else self.replace_refusal(e, order)
        if reason:
            self.report_known(oe.REJECTED, reason, firm, known, token, original, e["shares"])
            self.tokens[firm, token] = Remembered(known.locate, known.side, reason)
            return
        self.carry_out_replace(e, order)

    def replace_refusal(self, e, order):
        if order.locate in self.halted:
            return oe.REASON_HALTED
        if self.bad_price(e["price"]):
            return oe.REASON_BAD_PRICE
        if not 1 <= e["shares"] <= oe.SHARES_MAX:
            return oe.REASON_BAD_SHARES
        if order.refresh and not 0 <= e["display_shares"] <= e["shares"]:
            return oe.REASON_BAD_DISPLAY
        if not order.refresh and e["display_shares"]:
            return oe.REASON_BAD_DISPLAY
        return oe.REASON_NONE

    def carry_out_replace(self, e, order):
        leaves = max(0, e["shares"] - order.executed)
        self.end(order, oe.REASON_REPLACED)
        order.token = e["token"]
        self.remember(order)
        original = e["original_token"]
        if not leaves:
            self.report_order(oe.REPLACED, order, original=original, price=e["price"], shares=order.executed)
            self.withdraw(order)
            self.end(order, oe.REASON_NONE)
            return
        if e["price"] == order.price and leaves <= order.leaves and e["display_shares"] in (0, order.refresh):
            self.report_order(
                oe.REPLACED, order, original=original, price=e["price"], shares=e["shares"], leaves=leaves
            )
            self.reduce(order, order.leaves - leaves)
            return
        self.unlink(order)
        order.refresh = e["display_shares"] or order.refresh
        order.price, order.shares, order.reserve = e["price"], leaves, 0
        order.order_id = self.number()
        self.report_order(
            oe.REPLACED,
            order,
            original=original,
            price=e["price"],
            shares=order.executed + leaves,
            leaves=leaves,
        )
        self.take(order, order.price)
        if not order.shares:
            if not order.hidden:
                self.tell("D", order.locate, order.reference)
            self.end(order, oe.REASON_NONE)
            return
        self.split(order)
        if not order.hidden:
            name, order.reference = order.reference, order.order_id
            self.tell("U", order.locate, name, order.reference, order.shares, order.price)
        self.link(order)

    def close(self):
        self.open = False
        working = [known.order for known in self.tokens.values() if known.order]
        for order in working:
            self.withdraw(order)
            self.cancel_rest(order, oe.REASON_DAY_END)

    # --- the recorded flow ---

    def customers(self, locate, side):
        """Customers' orders of one side in priority, as they stand this moment."""
        for price in self.prices(locate, side):
            for queue in self.books[locate, side][price]:
                yield from (order for order in queue if order.firm)

    def hit(self, locate, side, shares, may_be_hit):
        """An aggressor meets the customers' orders it may meet, in priority; returns the shares left over."""
        while shares:
            order = next((order for order in self.customers(locate, side) if may_be_hit(order)), None)
            if order is None:
                break
            executed = min(shares, order.shares)
            self.execute_resting(order, executed, self.match())
            self.settle(order)
            shares -= executed
        return shares

    def better(self, side, price, than):
        return price > than if side == oe.BUY else price < than

    def background_add(self, reference, locate, side, shares, price, attribution=""):
        left = self.hit(locate, 1 - side, shares, lambda order: self.meets(1 - side, order.price, price))
        order = Order(0, reference, locate, side, price, left, recorded=shares, attribution=attribution)
        order.order_id = order.reference = self.number()
        if left:
            self.tell_added(order)
            self.link(order)
        return order

    def background_execute(self, order, shares, printable="", price=0):
        locate, side = order.locate, order.side

        def before(other):
            if self.better(side, other.price, order.price):
                return True
            if not order.resting or other.price != order.price or other.hidden:
                return False
            queue = self.queues(order)[0]
            return queue.index(other) < queue.index(order)

        left = self.hit(locate, side, shares, before)
        own = min(left, order.shares)
        if own:
            match = self.match()
            if printable:
                self.tell("C", locate, order.reference, own, match, printable, price)
                order.shares -= own
            else:
                self.execute_resting(order, own, match)
            self.settle(order)
        order.recorded = max(0, order.recorded - shares)
        self.hit(locate, side, left - own, lambda other: self.meets(side, other.price, order.price))
        self.trim(order)

    def trim(self, order):
        if order.shares <= order.recorded:
            return
        if order.recorded:
            self.tell("X", order.locate, order.reference, order.shares - order.recorded)
        else:
            self.withdraw(order)
        order.shares = order.recorded

    def background_cancel(self, order, shares):
        order.recorded = max(0, order.recorded - shares)
        gone = min(shares, order.shares)
        if gone and gone == order.shares:
            self.withdraw(order)
        elif gone:
            self.tell("X", order.locate, order.reference, gone)
        order.shares -= gone
        self.trim(order)

    def background_delete(self, order):
        order.recorded = 0
        self.trim(order)

    def background_replace(self, order, reference, shares, price):
        side, was = order.side, order.resting
        taken = order.recorded - order.shares
        left = 0
        if was:
            self.unlink(order)
            left = max(0, shares - taken)
        left = self.hit(order.locate, 1 - side, left, lambda other: self.meets(1 - side, other.price, price))
        order.price, order.shares, order.recorded, order.token = price, left, shares, reference
        if left:
            name, order.reference = order.reference, self.number()
            self.tell("U", order.locate, name, order.reference, left, price)
            self.link(order)
        elif was:
            self.tell("D", order.locate, order.reference)

    def background_trade(self, locate, side, shares, price):
        left = shares
        for stood in (oe.BUY, oe.SELL):
            left = self.hit(
                locate,
                stood,
                left,
                lambda order, stood=stood: (
                    self.better(stood, order.price, price) or (order.price == price and not order.hidden)
                ),
            )
        if left:
            self.tell("P", locate, 0, "BS"[side], left, price, self.match())
