"""The venue once more, slow and plain: the twin that the compiled kernels must agree with.

Lists and dictionaries, sides written out, no arrays. `reports` collects tuples in the order of ORDER_REPORT's fields,
`feed` tuples of letter, locate, time and the message's own fields.
"""

from rushtrade.wire import order_entry as oe

FIELDS = oe.ORDER_ENTRY.names
CLOSED, PRE, REGULAR, POST = range(4)
AT_ONCE = (oe.IOC, oe.FOK)
FOR_CROSS = (oe.OPENING, oe.CLOSING)


class Order:
    __slots__ = (
        "attribution",
        "executed",
        "firm",
        "flags",
        "group",
        "hidden",
        "limit",
        "locate",
        "minimum",
        "offset",
        "order_id",
        "peg",
        "prevention",
        "price",
        "record",
        "recorded",
        "reference",
        "refresh",
        "reserve",
        "resting",
        "shares",
        "short",
        "side",
        "time_in_force",
        "token",
        "waiting",
    )

    def __init__(
        self, firm, token, locate, side, price, shares, *, hidden=False, refresh=0, recorded=0, attribution=""
    ):
        self.firm, self.token, self.locate, self.side = firm, token, locate, side
        self.price, self.shares, self.reserve = price, shares, 0
        self.hidden, self.refresh, self.recorded, self.attribution = hidden, refresh, recorded, attribution
        self.reference = self.order_id = self.executed = 0
        self.resting = self.waiting = self.short = False
        self.flags = self.group = self.minimum = self.offset = self.peg = self.prevention = 0
        self.time_in_force, self.limit = oe.DAY, price

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
        self.halted, self.now = set(), midnight_ns
        self.called, self.auctions, self.session = set(), set(), REGULAR
        self.away, self.bands, self.short_test = {}, {}, set()
        self.protects = self.forbids_locks = False
        self.pegs, self.waiting, self.seen = {}, {}, {}
        self.free_records, self.records = [], 0

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

    def settle(self, order, reason=oe.REASON_NONE):
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
            self.end(order, reason)

    @staticmethod
    def kept_apart(order, resting):
        return bool(order.prevention) and (order.firm, order.group) == (resting.firm, resting.group)

    @staticmethod
    def asks_for_more(resting, shares):
        return min(resting.minimum, resting.leaves) > min(shares, resting.leaves)

    def cut_both(self, order, resting):
        shares = min(order.shares, resting.shares)
        resting.shares -= shares
        self.report_order(
            oe.CANCELED, resting, reason=oe.REASON_SELF_MATCH, shares=shares, leaves=resting.leaves
        )
        if not resting.hidden:
            if resting.shares:
                self.tell("X", resting.locate, resting.reference, shares)
            else:
                self.tell("D", resting.locate, resting.reference)
        self.settle(resting, oe.REASON_SELF_MATCH)
        order.shares -= shares
        self.report_order(oe.CANCELED, order, reason=oe.REASON_SELF_MATCH, shares=shares, leaves=order.leaves)

    def meet(self, order, resting):
        """Execute, or keep apart. True when the incoming order goes no further."""
        if self.kept_apart(order, resting):
            if order.prevention == oe.CANCEL_NEWEST:
                return True
            if order.prevention == oe.CANCEL_BOTH:
                self.cut_both(order, resting)
                return not order.shares
            self.withdraw(resting)
            self.cancel_rest(resting, oe.REASON_SELF_MATCH)
            return False
        shares = min(order.shares, resting.shares)
        price, match = resting.price, self.match()
        self.execute_resting(resting, shares, match)
        order.shares -= shares
        order.executed += shares
        self.report_order(
            oe.EXECUTED,
            order,
            liquidity=oe.REMOVED,
            match=match,
            price=price,
            shares=shares,
            leaves=order.leaves,
        )
        self.settle(resting)
        return False

    def reachable(self, order, reach):
        """Prices of the other side an order may execute at, best first."""
        other = 1 - order.side
        lower, upper = self.bands.get(order.locate, (0, 0))
        for price in self.prices(order.locate, other):
            if reach is not None and not self.meets(other, price, reach):
                return
            too_good = (upper and price > upper) if order.side else (lower and price < lower)
            if not too_good:
                yield price

    def take(self, order, reach):
        """Returns why the order may go no further, REASON_NONE as a rule."""
        for price in list(self.reachable(order, reach)):
            book = self.books[order.locate, 1 - order.side]
            while order.shares and price in book and book[price][0]:
                if self.meet(order, book[price][0][0]):
                    return oe.REASON_SELF_MATCH
            for resting in list(book[price][1]) if price in book else ():
                if not order.shares:
                    break
                if not self.asks_for_more(resting, order.shares) and self.meet(order, resting):
                    return oe.REASON_SELF_MATCH
        return oe.REASON_NONE

    def available(self, order, reach, wanted):
        found = 0
        for price in self.reachable(order, reach):
            for queue in self.books[order.locate, 1 - order.side][price]:
                for resting in queue:
                    if found >= wanted:
                        return found
                    if self.kept_apart(order, resting):
                        if order.prevention != oe.CANCEL_OLDEST:
                            return found
                    elif not self.asks_for_more(resting, order.shares - found):
                        found += min(order.shares - found, resting.leaves)
        return found

    # --- quotes, and what rules say of them ---

    def displayed_best(self, locate, side):
        for price in self.prices(locate, side):
            if self.books[locate, side][price][0]:
                return price
        return 0

    def national(self, locate):
        away_bid, away_ask = self.away.get(locate, (0, 0))
        bid = max(self.displayed_best(locate, oe.BUY), away_bid)
        asks = [price for price in (self.displayed_best(locate, oe.SELL), away_ask) if price]
        return bid, min(asks, default=0)

    def restrictions(self, order):
        """(reason, worst price) of every rule that an order's executions are under, in precedence."""
        lower, upper = self.bands.get(order.locate, (0, 0))
        edge = lower if order.side else upper
        if edge:
            yield oe.REASON_PRICE_BAND, edge
        away = self.away.get(order.locate, (0, 0))[0 if order.side else 1]
        if away and self.protects and not order.flags & oe.ISO:
            yield oe.REASON_PROTECTED_QUOTE, away
        if order.short and order.locate in self.short_test:
            yield oe.REASON_SHORT_SALE, self.national(order.locate)[0] + 1

    def reach(self, order, price):
        prices = [worst for _, worst in self.restrictions(order)] + ([price] if price else [])
        return (max if order.side else min)(prices, default=None)

    def restriction(self, order, price):
        for reason, worst in self.restrictions(order):
            if price < worst if order.side else price > worst:
                return reason
        return oe.REASON_NONE

    def still_meets(self, order, price):
        prices = self.prices(order.locate, 1 - order.side)
        if not prices:
            return False
        return not price or self.meets(1 - order.side, prices[0], price)

    def may_not_rest(self, order, price):
        reason = self.restriction(order, price)
        if reason or order.hidden or not self.forbids_locks or order.flags & oe.ISO:
            return reason
        away = self.away.get(order.locate, (0, 0))[0 if order.side else 1]
        if away and (price <= away if order.side else price >= away):
            return oe.REASON_PROTECTED_QUOTE
        return oe.REASON_NONE

    # --- pegs ---

    def peg_price(self, order):
        bid, ask = self.national(order.locate)
        if not bid or not ask or bid > ask:
            return 0
        if order.peg == oe.MIDPOINT:
            price = (bid + ask + order.side) // 2
        else:
            near, far = (ask, bid) if order.side else (bid, ask)
            price = (far if order.peg == oe.MARKET else near) + order.offset
            tick = 100 if price >= 10_000 else 1
            price += (-price % tick) if order.side else -(price % tick)
        if order.limit:
            price = (max if order.side else min)(price, order.limit)
        return price if 0 < price <= oe.PRICE_MAX else 0

    def reprice(self, locate):
        pegs = self.pegs.setdefault(locate, [])
        if not pegs or locate in self.halted or locate in self.called:
            return
        again = False
        while again or self.seen.get(locate, (0, 0)) != self.national(locate):
            self.seen[locate] = self.national(locate)
            again = self.move_pegs(pegs)

    def move_pegs(self, pegs):
        for order in list(pegs):
            price = self.peg_price(order)
            if price != order.price:
                if order.resting:
                    self.unlink(order)
                order.price = price
        for order in list(pegs):
            if order.resting or not order.price:
                continue
            before = self.next_match, len(pegs)
            self.settle_in(order)
            if (self.next_match, len(pegs)) != before:
                return True
        return False

    # --- tokens ---

    def remember(self, order):
        self.tokens[order.firm, order.token] = Remembered(order.locate, order.side, order=order)

    def end_token(self, order, reason):
        known = self.tokens[order.firm, order.token]
        known.order, known.reason = None, reason
        known.executed, known.order_id = order.executed, order.order_id

    def end(self, order, reason):
        pegs = self.pegs.get(order.locate, [])
        if order in pegs:
            pegs.remove(order)
        self.end_token(order, reason)
        self.free_records.append(order.record)

    def new_record(self):
        """Records are used again, the latest given back first: orders are cancelled together in the order of records."""
        if self.free_records:
            return self.free_records.pop()
        self.records += 1
        return self.records

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
            oe.CANCEL_ALL: self.cancel_all,
        }
        act.get(entry["kind"], self.unknown_kind)(entry)
        for locate in range(1, len(self.stocks) + 1):
            self.reprice(locate)

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

    @staticmethod
    def bad_code(e):
        tif, instructions = e["time_in_force"], e["instructions"]
        if tif not in (oe.DAY, oe.OPENING, oe.IOC, oe.FOK, oe.EXTENDED, oe.CLOSING):
            return True
        if e["side"] > 3 or e["display"] > 2 or e["peg"] > 3 or e["prevention"] > 3:
            return True
        if instructions > 3 or e["capacity"] not in (0, 65, 80, 82):
            return True
        if instructions & oe.POST_ONLY and (
            tif in AT_ONCE or tif in FOR_CROSS or (not e["price"] and not e["peg"])
        ):
            return True
        return bool(instructions & oe.ISO) and (not e["price"] or bool(e["peg"]) or tif in FOR_CROSS)

    def bad_session(self, e):
        tif, locate = e["time_in_force"], e["locate"]
        if tif == oe.DAY:
            return self.session == POST
        if tif not in FOR_CROSS:
            return False
        if locate not in self.auctions:
            return True
        if tif == oe.CLOSING:
            return self.session == POST
        return self.session != PRE and locate not in self.called

    @staticmethod
    def bad_peg(e):
        if not e["peg"]:
            return e["peg_offset"] != 0
        if e["display"] != oe.HIDDEN or e["time_in_force"] in FOR_CROSS:
            return True
        return (e["peg"] == oe.MIDPOINT and e["peg_offset"] != 0) or abs(e["peg_offset"]) >= oe.PRICE_MAX

    def refusal(self, e):
        at_once = e["time_in_force"] in AT_ONCE
        if self.session == CLOSED:
            return oe.REASON_CLOSED
        if not 1 <= e["locate"] <= len(self.stocks):
            return oe.REASON_UNKNOWN_STOCK
        if e["locate"] in self.halted or (e["locate"] in self.called and at_once):
            return oe.REASON_HALTED
        if self.bad_code(e):
            return oe.REASON_BAD_CODE
        if self.bad_session(e):
            return oe.REASON_BAD_SESSION
        if e["price"] != 0 and self.bad_price(e["price"]):
            return oe.REASON_BAD_PRICE
        if self.bad_peg(e):
            return oe.REASON_BAD_PEG
        if not 1 <= e["shares"] <= oe.SHARES_MAX:
            return oe.REASON_BAD_SHARES
        if e["display"] == oe.RESERVE and not 1 <= e["display_shares"] <= e["shares"]:
            return oe.REASON_BAD_DISPLAY
        if e["display"] != oe.RESERVE and e["display_shares"]:
            return oe.REASON_BAD_DISPLAY
        unseen = at_once or e["display"] == oe.HIDDEN
        if not 0 <= e["minimum_shares"] <= e["shares"] or (e["minimum_shares"] and not unseen):
            return oe.REASON_BAD_MINIMUM
        return oe.REASON_NONE

    def enter(self, e):
        firm, token, locate, side = e["firm"], e["token"], e["locate"], int(e["side"] > 0)
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
        order.time_in_force, order.minimum, order.flags = (
            e["time_in_force"],
            e["minimum_shares"],
            e["instructions"],
        )
        order.peg, order.offset, order.prevention, order.group = (
            e["peg"],
            e["peg_offset"],
            e["prevention"],
            e["group"],
        )
        order.short = e["side"] == oe.SELL_SHORT
        order.order_id, order.record = self.number(), self.new_record()
        self.remember(order)
        self.report_order(oe.ACCEPTED, order, price=order.price, shares=order.shares, leaves=order.shares)
        self.arrive(order)

    # --- where an order goes ---

    def has_to_wait(self, order):
        if order.locate in self.called or order.time_in_force in FOR_CROSS:
            return True
        return order.time_in_force == oe.DAY and self.session == PRE

    def arrive(self, order, named=0):
        if self.has_to_wait(order):
            if named:
                self.tell("D", order.locate, named)
            order.waiting = True
            self.waiting.setdefault(order.locate, []).append(order)
            return
        if not order.peg:
            self.settle_in(order, named)
            return
        order.price = self.peg_price(order)
        if order.time_in_force not in AT_ONCE:
            self.pegs.setdefault(order.locate, []).append(order)
        if order.price:
            self.settle_in(order, named)
        elif order.time_in_force in AT_ONCE:
            self.give_up(order, named, oe.REASON_IOC_REMAINDER)

    def give_up(self, order, named, reason):
        if named:
            self.tell("D", order.locate, named)
        if order.shares:
            self.cancel_rest(order, reason)
        else:
            self.end(order, reason)

    def settle_in(self, order, named=0):
        price, at_once = order.price, order.time_in_force in AT_ONCE
        reach = self.reach(order, price)
        minimum = order.shares if order.time_in_force == oe.FOK else min(order.minimum, order.shares)
        if order.flags & oe.POST_ONLY:
            if self.still_meets(order, price):
                self.give_up(order, named, oe.REASON_WOULD_TAKE)
                return
        elif minimum and self.available(order, reach, minimum) < minimum:
            if at_once or not price:
                self.give_up(order, named, oe.REASON_MINIMUM_NOT_MET)
                return
        else:
            reason = self.take(order, reach)
            if reason or not order.shares:
                self.give_up(order, named, reason)
                return
        if not price:
            self.give_up(order, named, oe.REASON_IOC_REMAINDER)
            return
        reason = self.may_not_rest(order, price)
        if at_once:
            blocked = reason if self.still_meets(order, price) else 0
            self.give_up(order, named, blocked or oe.REASON_IOC_REMAINDER)
            return
        if reason:
            self.give_up(order, named, reason)
            return
        self.split(order)
        if not order.hidden:
            order.reference = order.order_id
            if named:
                self.tell("U", order.locate, named, order.reference, order.shares, order.price)
            else:
                self.tell_added(order)
        self.link(order)

    def leave(self, order):
        if order.waiting:
            self.waiting[order.locate].remove(order)
            order.waiting = False
        elif order.resting:
            self.withdraw(order)

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
        if not order.resting:
            order.shares -= shares
            return
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
            self.leave(order)
            self.end(order, oe.REASON_USER_CANCEL)

    def cancel_all(self, e):
        firm, locate, side = e["firm"], e["locate"], e["side"]
        if firm == 0:
            self.reject(e, locate, 0, oe.REASON_BAD_TOKEN)
            return
        if locate > len(self.stocks):
            self.reject(e, locate, 0, oe.REASON_UNKNOWN_STOCK)
            return
        if side not in (oe.BUY, oe.SELL, oe.BOTH_SIDES):
            self.reject(e, locate, 0, oe.REASON_BAD_CODE)
            return
        meant = [
            known.order
            for (owner, _), known in self.tokens.items()
            if known.order
            and owner == firm
            and side in (oe.BOTH_SIDES, known.order.side)
            and locate in (0, known.order.locate)
            and e["group"] in (0, known.order.group)
        ]
        for order in sorted(meant, key=lambda order: order.record):
            self.report_order(
                oe.CANCELED,
                order,
                reason=oe.REASON_USER_CANCEL,
                original=e["token"],
                shares=order.leaves,
            )
            self.leave(order)
            self.end(order, oe.REASON_USER_CANCEL)
        self.report(
            oe.ALL_CANCELED,
            firm,
            locate,
            0,
            e["token"],
            reason=oe.REASON_USER_CANCEL,
            shares=len(meant),
        )

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
        if self.bad_price(e["price"]) and not (order.peg and e["price"] == 0):
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
        self.end_token(order, oe.REASON_REPLACED)
        order.token = e["token"]
        self.remember(order)
        original = e["original_token"]
        if not leaves:
            self.report_order(oe.REPLACED, order, original=original, price=e["price"], shares=order.executed)
            self.leave(order)
            self.end(order, oe.REASON_NONE)
            return
        if e["price"] == order.limit and leaves <= order.leaves and e["display_shares"] in (0, order.refresh):
            self.report_order(
                oe.REPLACED, order, original=original, price=e["price"], shares=e["shares"], leaves=leaves
            )
            self.reduce(order, order.leaves - leaves)
            return
        named = 0
        if order.waiting:
            self.leave(order)
        elif order.resting:
            self.unlink(order)
            named = 0 if order.hidden else order.reference
        order.refresh = e["display_shares"] or order.refresh
        order.price, order.shares, order.reserve = e["price"], leaves, 0
        order.limit = e["price"]
        order.order_id = self.number()
        pegs = self.pegs.get(order.locate, [])
        if order in pegs:
            pegs.remove(order)
        self.report_order(
            oe.REPLACED,
            order,
            original=original,
            price=e["price"],
            shares=order.executed + leaves,
            leaves=leaves,
        )
        self.arrive(order, named)

    # --- turns of the day ---

    def close(self):
        self.session = CLOSED
        self.expire(extended=True)

    def expire(self, *, extended):
        working = [known.order for known in self.tokens.values() if known.order]
        for order in sorted(working, key=lambda order: order.record):
            if extended or order.time_in_force != oe.EXTENDED:
                self.leave(order)
                self.cancel_rest(order, oe.REASON_DAY_END)
        for locate in range(1, len(self.stocks) + 1):
            self.release(locate)

    def set_phase(self, locate, *, halted=False, called=False):
        for phase, wanted in ((self.halted, halted), (self.called, called)):
            (phase.add if wanted else phase.discard)(locate)

    def set_away(self, locate, bid, ask):
        self.away[locate] = bid, ask
        self.reprice(locate)

    def release(self, locate, over=0):
        for order in list(self.waiting.get(locate, [])):
            ends = order.time_in_force == over and over
            if not ends and self.has_to_wait(order):
                continue
            self.waiting[locate].remove(order)
            order.waiting = False
            if ends:
                self.cancel_rest(order, oe.REASON_CROSS_OVER)
            else:
                self.arrive(order)
        self.reprice(locate)

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
        left = shares
        if locate not in self.halted and locate not in self.called:
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
        if order.locate not in self.halted and order.locate not in self.called:
            left = self.hit(
                order.locate, 1 - side, left, lambda other: self.meets(1 - side, other.price, price)
            )
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
