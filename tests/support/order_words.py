"""Commands, venue reports and events as people of the trade would write them: the language of the order tables.

Orders are named by their client order ids, child orders by their venue and a running number: ``A1`` is the first order sent to
venue A, ``A2`` the second. Quotes are ``asks A 10.00x300 10.01x200 · B 10.00x100 bids C 9.99x500``.
"""

from __future__ import annotations

from collections.abc import Callable

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.instants import SECOND, day_from_number, day_number, parse_date
from rushtrade.domain.numbers import format_cents, format_price, parse_price
from rushtrade.domain.orders import ROUTE_DART, Hours, Liquidity, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.plans import ChildTerms
from rushtrade.domain.quotes import Mark, QuoteStamp
from support.small_house import MILLION, ROUTES, SmallHouse, levels

TIMES = {"day": TimeInForce.DAY, "gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
LETTERS = "".join(route.route_code for route in ROUTES)

Levels = dict[int, list[tuple[int, int]]]


def _tenths(seconds: str) -> int:
    return int(float(seconds) * 10) * SECOND // 10


class Names:
    """Which order and child order a name means, learned from the events that made them."""

    def __init__(self) -> None:
        self.orders: dict[str, int] = {}
        self.tokens: dict[str, int] = {}
        self._order_names: dict[int, str] = {}
        self._child_names: dict[int, str] = {}
        self._sent = [0] * len(ROUTES)

    def learn(self, event: ev.AnyEvent) -> None:
        if isinstance(event, ev.OrderAccepted):
            self._name_order(event.client_order_id, event.order_id)
        elif isinstance(event, ev.OrderRouted):
            for place, child in enumerate(event.plan.children):
                self._name_child(child.venue, event.first_token + place)
        elif isinstance(event, ev.ReplaceRequested):
            self._name_order(event.client_order_id, event.replacement_id)
            if event.new_token:
                self._name_child(event.venue, event.new_token)

    def order(self, order_id: int) -> str:
        return self._order_names.get(order_id, f"order {order_id}")

    def child(self, token: int) -> str:
        return self._child_names.get(token, f"token {token}")

    def _name_order(self, name: str, order_id: int) -> None:
        self.orders[name] = order_id
        self._order_names[order_id] = name

    def _name_child(self, venue: int, token: int) -> None:
        self._sent[venue] += 1
        name = f"{LETTERS[venue]}{self._sent[venue]}"
        self.tokens[name] = token
        self._child_names[token] = name


def read_quotes(text: str, last: int = 0) -> QuoteStamp:
    """Read ``asks A 10.00x300 · B 10.00x100 bids C 9.99x500``."""
    sides: tuple[Levels, Levels] = ({}, {})
    side, venue = 1, 0
    for word in text.replace("·", " ").split():
        if word in {"asks", "bids"}:
            side = int(word == "asks")
        elif word in LETTERS:
            venue = LETTERS.index(word)
        else:
            price, shares = word.split("x")
            sides[side].setdefault(venue, []).append((parse_price(price), int(shares)))
    bid, bid_shares = _best(sides[0], max)
    ask, ask_shares = _best(sides[1], min)
    return QuoteStamp(0, bid, bid_shares, ask, ask_shares, last, levels(1, sides[1]) + levels(0, sides[0]))


def _best(quotes: Levels, pick: Callable[[list[int]], int]) -> tuple[int, int]:
    rows = [row for venue in quotes.values() for row in venue]
    price = pick([price for price, _ in rows]) if rows else 0
    return price, sum(shares for level, shares in rows if level == price)


def read_terms(words: list[str], instrument_id: Callable[[str], int]) -> tuple[OrderTerms, str]:
    """Read ``buy 100 RUSH 10.00 day as o1 stop 9.50 via A show 100 hidden``; gives terms and client order id.

    Which prices are given says the order's type; ``type limit`` says it outright.
    """
    side, quantity, symbol, price, time = words[:5]
    rest = words[5:]
    options = {rest[at]: rest[at + 1] for at in range(len(rest) - 1) if rest[at] in _OPTIONS}
    limit = 0 if price == "mkt" else parse_price(price)
    stop = parse_price(options.get("stop", "0"))
    kind = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP,
        (True, True): OrderType.STOP_LIMIT,
    }[limit > 0, stop > 0]
    if "type" in options:
        kind = OrderType[options["type"].upper()]
    terms = OrderTerms(
        instrument_id=instrument_id(symbol),
        side=Side.BUY if side == "buy" else Side.SELL,
        order_type=kind,
        time_in_force=TIMES[time],
        quantity=int(quantity),
        limit_price=limit,
        stop_price=stop,
        route=options.get("via", ROUTE_DART),
        display_shares=int(options.get("show", "0")),
        hidden="hidden" in rest,
        hours=Hours.EXTENDED if "extended" in rest else Hours.REGULAR,
        short_exempt="exempt" in rest,
    )
    return terms, options.get("as", "")


_OPTIONS = {"as", "stop", "via", "show", "type"}


class Venues:
    """What the venues of a table say: their report numbers, and the report each gave last."""

    def __init__(self) -> None:
        self.seqs = [0] * len(ROUTES)
        self.said: dict[int, cmd.AnyCommand] = {}
        self._matches = 0
        self.lost_seq = 0

    def report(self, words: list[str], names: Names) -> cmd.AnyCommand:
        """Read ``A fills A1 40 @ 10.00``, ``A works A1`` and so on; see `_read`."""
        venue = LETTERS.index(words[0])
        if words[1] == "repeats":
            return self.said[venue]
        if words[1] == "loses":
            self.seqs[venue] += 1
            self.lost_seq = self.seqs[venue]
            return cmd.Tick()
        if words[1:5] == ["sends", "the", "lost", "one:"]:
            return self._read(venue, self.lost_seq, words[5:], names)
        self.seqs[venue] += 1
        report = self._read(venue, self.seqs[venue], words[1:], names)
        self.said[venue] = report
        return report

    def _read(self, venue: int, seq: int, words: list[str], names: Names) -> cmd.AnyCommand:
        token = names.tokens.get(words[1], 999 << 8) if len(words) > 1 else 0
        match words:
            case ["works", _]:
                return cmd.ReportAccepted(venue, seq, token, 70_000 + seq, seq)
            case ["fills" | "takes", _, shares, "@", price]:
                self._matches += 1
                liquidity = Liquidity.REMOVED if words[0] == "fills" else Liquidity.ADDED
                return cmd.ReportExecuted(
                    venue, seq, token, self._matches, parse_price(price), int(shares), liquidity, seq
                )
            case ["cancels", _]:
                return cmd.ReportCanceled(venue, seq, token, 0, 0, "cancelled", seq)
            case ["cancels", _, "leaving", shares]:
                return cmd.ReportCanceled(venue, seq, token, 0, int(shares), "cancelled in part", seq)
            case ["replaces", _, "by", new, price, "leaving", shares]:
                return cmd.ReportReplaced(
                    venue, seq, token, names.tokens[new], 70_000 + seq, parse_price(price), int(shares), seq
                )
            case ["is", "closed", "to", name]:
                return cmd.ReportRejected(
                    venue, seq, names.tokens[name], 0, "the venue is closed", seq, fault=True
                )
            case ["refuses", _]:
                return cmd.ReportRejected(venue, seq, token, 0, "no", seq)
            case ["refuses", "to", "cancel", name]:
                token = names.tokens[name]
                return cmd.ReportRejected(venue, seq, token, token, "too late", seq)
            case ["refuses", "to", "replace", name, "by", new]:
                return cmd.ReportRejected(venue, seq, names.tokens[new], names.tokens[name], "too late", seq)
        raise AssertionError(f"the venue cannot say {' '.join(words)!r}")


class Desk:
    """One house played by the lines of a table."""

    def __init__(self, house: SmallHouse, account_id: int) -> None:
        self.house = house
        self.account_id = account_id
        self.names = Names()
        self.venues = Venues()
        self.stamp = read_quotes("")

    def play(self, line: str) -> str:
        """Carry out one line; give the events it caused, in words."""
        if line.startswith(("asks", "bids")):
            text, _, last = line.partition(" last ")
            self.stamp = read_quotes(text, parse_price(last.strip() or "0"))
            return ""
        events = self.house.do(self.command(line))
        for event in events:
            self.names.learn(event)
        return " · ".join(self.say(event) for event in events)

    def command(self, line: str) -> cmd.AnyCommand:
        words = line.split()
        account, names = self.account_id, self.names
        if words[0] in LETTERS:
            return self.venues.report(words, names)
        match words:
            case ["buy" | "sell", *_]:
                terms, name = read_terms(words, self.house.instrument_id)
                return cmd.EnterOrder(account, name, terms, self.stamp)
            case ["cancel", "all"]:
                return cmd.CancelAllOrders(account, 0)
            case ["cancel", "all", symbol]:
                return cmd.CancelAllOrders(account, self.house.instrument_id(symbol))
            case ["cancel", name]:
                return cmd.CancelOrder(account, names.orders.get(name, 999))
            case ["replace", name, *rest]:
                options = dict(zip(rest[::2], rest[1::2], strict=True))
                return cmd.ReplaceOrder(
                    account,
                    names.orders.get(name, 999),
                    options.get("as", ""),
                    int(options.get("total", "0")),
                    parse_price(options.get("limit", "0")),
                    parse_price(options.get("stop", "0")),
                    self.stamp,
                )
            case ["route", name]:
                return cmd.RouteOrder(names.orders[name], self.stamp)
            case ["mark", symbol, quote, *last]:
                bid, ask = (parse_price(part) for part in quote.split("/"))
                sale = parse_price(last[-1]) if last else 0
                return cmd.ObserveMarks((Mark(self.house.instrument_id(symbol), bid, ask, sale),))
            case ["link", venue, state]:
                index = LETTERS.index(venue)
                if state == "lost":
                    self.venues.seqs[index] = 0
                return cmd.ChangeVenueLink(index, state != "down", state == "lost")
            case ["wait", seconds, *late]:
                self.house.now_ns += _tenths(seconds)
                return cmd.Tick(_tenths(late[-1]) if late else 0)
            case ["route-switch", venue, state]:
                return cmd.SwitchRoute(LETTERS.index(venue), state == "on", "table")
            case ["market", state]:
                return cmd.OpenMarket(state == "open")
            case ["open", day]:
                return cmd.OpenDay(day_number(parse_date(day)))
            case ["close", "day"]:
                return cmd.CloseDay(self.house.state.trade_date)
            case ["kill", "firm" | "account"]:
                return cmd.SetKillSwitch(account * (words[1] == "account"), True, "table")
            case ["allow", "firm" | "account"]:
                return cmd.SetKillSwitch(account * (words[1] == "account"), False, "table")
            case ["bring", shares, symbol, cost]:
                count = int(shares)
                money = int(float(cost) * MILLION)
                return cmd.TransferShares(
                    account,
                    self.house.instrument_id(symbol),
                    count,
                    money,
                    f"ref {self.house.core.next_seq}",
                )
            case ["deposit", dollars]:
                return cmd.TransferCash(account, int(dollars) * MILLION, f"ref {self.house.core.next_seq}")
        raise AssertionError(f"no such line: {line!r}")

    # --- events in words -------------------------------------------------------------------------

    def say(self, event: ev.AnyEvent) -> str:
        """One event in words."""
        order, child = self.names.order, self.names.child
        match event:
            case ev.OrderAccepted():
                held = (
                    f"{event.hold_shares} shares"
                    if event.hold_shares
                    else f"${format_cents(event.hold_money)}"
                )
                place = f" in place of {order(event.replaces)}" if event.replaces else ""
                intent = event.intent.name.lower().replace("_", " ")
                return f"{event.client_order_id} accepted{place} to {intent}, holds {held}"
            case ev.OrderRejected():
                return f"rejected {event.reason.name}"
            case ev.CommandRefused():
                return f"refused {event.reason.name}"
            case ev.OrderRouted():
                sent = [
                    f"{child(event.first_token + n)} {_child_words(terms)}"
                    for n, terms in enumerate(event.plan.children)
                ]
                return f"sent {', '.join(sent) or 'nothing'}"
            case ev.OrderFilled():
                return f"{child(event.token)} filled {abs(event.signed_shares)}@{format_price(event.price)}, {order(event.order_id)} {event.leaves} left"
            case ev.OrderTriggered():
                return f"{order(event.order_id)} triggered at {format_price(event.trade_price)}"
            case ev.RoutingNeeded():
                return f"{order(event.order_id)} wants a route"
            case ev.CancelRequested():
                return (
                    f"{order(event.order_id)}: cancel {', '.join(map(child, event.tokens)) or 'nothing more'}"
                )
            case ev.ReplaceRequested():
                return self._say_replace(event)
            case ev.OrderCanceled():
                return f"{order(event.order_id)} canceled, {event.leaves} left: {event.reason}"
            case ev.OrderExpired():
                return f"{order(event.order_id)} expired, {event.leaves} left"
            case ev.OrderReplaced():
                return f"{order(event.order_id)} replaced by {order(event.replacement_id)}"
            case ev.ReplaceAbandoned():
                return (
                    f"{order(event.order_id)} not replaced by {order(event.replacement_id)}: {event.reason}"
                )
            case ev.ChildAccepted():
                return f"{child(event.token)} works"
            case ev.ChildEnded():
                return (
                    f"{child(event.token)} ended, {event.shares} left{' (refused)' if event.refused else ''}"
                )
            case ev.ChildReduced():
                return f"{child(event.token)} reduced to {event.leaves}"
            case ev.ChildReplaced():
                return f"{child(event.token)} became {child(event.new_token)} {event.leaves}@{format_price(event.price)}"
            case ev.CancelRefused():
                return f"{child(event.token)} stands: {event.reason}"
            case ev.AnomalyRecorded():
                return f"ANOMALY at {LETTERS[event.venue]}: {self._with_names(event.text)}"
            case ev.ReportRepeated():
                return f"repeated {LETTERS[event.venue]} {event.report_seq}"
            case ev.VenueLinkChanged():
                doubt = f", in doubt: {', '.join(map(child, event.in_doubt))}" if event.in_doubt else ""
                return f"{LETTERS[event.venue]} {'up' if event.up else 'down'}{doubt}"
            case ev.VenueHealthChanged():
                doubt = f", in doubt: {', '.join(map(child, event.silent))}" if event.silent else ""
                return f"{LETTERS[event.venue]} {event.health.name.lower()}: {event.reason}{doubt}"
            case ev.OwnDelayNoted():
                return f"we are late by {event.delay_ns / SECOND} s"
            case ev.MarksObserved():
                return "marked"
            case ev.DayOpened():
                return f"opened, settles {day_from_number(event.settlement_date)}"
            case ev.MarketOpened():
                return "market open" if event.is_open else "market closed"
            case ev.TradesSettled():
                return f"settled {len(event.transfers)}"
            case ev.DayClosed():
                return "day closed"
            case _:
                return type(event).__name__

    def _with_names(self, text: str) -> str:
        for name, token in self.names.tokens.items():
            text = text.replace(str(token), name)
        return text

    def _say_replace(self, event: ev.ReplaceRequested) -> str:
        order, child = self.names.order, self.names.child
        head = f"{order(event.order_id)} to become {order(event.replacement_id)}: "
        if event.new_token:
            return (
                head
                + f"replace {child(event.token)} by {child(event.new_token)}, total {event.shares}@{format_price(event.price)}"
            )
        return head + f"cancel {', '.join(map(child, event.cancel_tokens))}"


def _child_words(terms: ChildTerms) -> str:
    shown = f" show {terms.display_shares}" if terms.display_shares else ""
    hidden = " hidden" if terms.hidden else ""
    return f"{terms.shares}@{format_price(terms.price)} {terms.time_in_force.name}{shown}{hidden}"
