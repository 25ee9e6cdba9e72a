"""A house of cardboard behind the API's ports: every answer is decided here, in plain sight.

`submit` decides a command the way the core would in the plain cases and applies the frame to a real store; venues answer when
a test says so (`fill`, `end_children`), or at once with `venue_answers_at_once`. The market is the real data center,
fed with real ITCH messages.
"""

import asyncio
import datetime as dt

from rushtrade.api.credentials import digest
from rushtrade.api.entitlement_ports import OPEN_TO_ALL
from rushtrade.api.ports import (
    BUSY,
    AccountSummary,
    Explanation,
    KeyRecord,
    Limits,
    MarketLabel,
    Outcome,
    Ports,
    PositionView,
    Preview,
    PreviewLeg,
    RouteStep,
    SessionDay,
    UserRecord,
)
from rushtrade.api.watchlist_file import Watchlists
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits
from rushtrade.domain.frames import Entry, FrameBody
from rushtrade.domain.instants import SECOND, day_number
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.domain.numbers import MONEY_UNIT, format_money, notional
from rushtrade.domain.orders import Intent, Liquidity, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.plans import ChildTerms, Plan, Skip, SkipReason, Strategy
from rushtrade.domain.rejects import RejectReason
from rushtrade.domain.routes import Route, RouteSequences
from rushtrade.domain.transfers import LedgerCode, Transfer, TransferCode, ledger_account
from rushtrade.ledger.position import Position
from rushtrade.market.market_data import MarketData
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.sessions import session_on
from rushtrade.store.store import Store
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all

DAY = dt.date(2026, 11, 20)
SESSION = session_on(DAY)
NOW = SESSION.open_ns + 3600 * SECOND

KEY, SECRET = "RTKEY7", "secret-of-account-7"
OTHER_KEY, OTHER_SECRET = "RTKEY8", "secret-of-account-8"
READER_KEY, READER_SECRET = "RTREAD", "secret-of-a-reader"
DESK_KEY, DESK_SECRET = "RTDESK", "secret-of-the-desk"
ACCOUNT, OTHER_ACCOUNT = 7, 8

VENUES = ("NASDAQ", "ARCA")
AAPL, MSFT, PINK = 1, 2, 3


def instrument(number, symbol, name, equity_class=EquityClass.NASDAQ, close=1_870_000, borrow=True):
    return Instrument(
        number,
        symbol,
        name,
        equity_class,
        InstrumentKind.COMMON,
        100,
        True,
        False,
        True,
        borrow,
        "NASDAQ",
        close,
    )


INSTRUMENTS = (
    instrument(AAPL, "AAPL", "Apple Inc."),
    instrument(MSFT, "MSFT", "Microsoft Corporation", close=4_000_000),
    instrument(PINK, "PINKY", "Pink Sheet Co.", EquityClass.PINK, close=10_000, borrow=False),
)

ROUTES = (
    Route(0, "NASDAQ", "Q", "XNAS", "Nasdaq", 30, -20, 3000, 0, 100_000),
    Route(1, "ARCA", "P", "ARCX", "NYSE Arca", 30, -21, 3000, 0, 120_000),
)
SEQUENCES = tuple(RouteSequences(number, "QP", "", "QP") for number in (1, 2, 3, 4))


DATA_COMMANDS = {
    "RegisterSubscriber", "AnswerQuestionnaire", "SignAgreement", "GrantMarketData", "RevokeMarketData", "ObserveUsage",
    "ChargeMarketData",
}  # fmt: skip


class Keys:
    """Credentials without a file."""

    def __init__(self):
        everything = frozenset({"read", "trade", "market_data", "routes"})
        trader = frozenset({"read", "trade", "market_data"})
        self.keys = {
            KEY: KeyRecord(KEY, digest(SECRET), ACCOUNT, trader),
            OTHER_KEY: KeyRecord(OTHER_KEY, digest(OTHER_SECRET), OTHER_ACCOUNT, trader),
            READER_KEY: KeyRecord(READER_KEY, digest(READER_SECRET), ACCOUNT, frozenset({"read"})),
            DESK_KEY: KeyRecord(DESK_KEY, digest(DESK_SECRET), ACCOUNT, everything),
        }
        self.users = {}

    def key(self, key_id):
        return self.keys.get(key_id)

    def user(self, user):
        return self.users.get(user)

    def add_user(
        self, user, password_hash, account_ids=(ACCOUNT,), permissions=("read", "trade", "market_data")
    ):
        self.users[user] = UserRecord(
            user, user.title(), password_hash, tuple(account_ids), frozenset(permissions)
        )


class Feed:
    """Two venues' lines, said in ITCH."""

    def __init__(self, market):
        self.market = market
        self.next = [1] * len(VENUES)
        self.reference = 0
        self.match = 0
        self.listeners = []
        self.packets = []
        self.seconds = 3600

    def subscribe(self, callback):
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def say(self, venue, *messages):
        payload = frame_all(itch50.encode(message) for message in messages)
        self.packets.append(FeedPacket(venue, self.next[venue], len(messages), payload))
        self.market.receive(self.packets[-1])
        self.next[venue] += len(messages)
        touched = self.market.touched()
        for listener in list(self.listeners):
            listener(touched)

    def now_ns(self):
        """A second later than before, since midnight."""
        return self._time()

    def _time(self):
        self.seconds += 1
        return SESSION.open_ns + self.seconds * SECOND - SESSION.midnight_ns

    def open(self, venue):
        directory = [
            itch50.StockDirectory(
                one.instrument_id,
                0,
                1,
                one.symbol.ljust(8),
                "Q",
                "N",
                100,
                "N",
                "C",
                "Z ",
                "P",
                "N",
                "N",
                "1",
                "N",
                0,
                "N",
            )
            for one in INSTRUMENTS
        ]
        self.say(venue, *directory)

    def order(self, venue, instrument_id, side, price, shares):
        self.reference += 1
        symbol = INSTRUMENTS[instrument_id - 1].symbol.ljust(8)
        self.say(
            venue,
            itch50.AddOrder(instrument_id, 0, self._time(), self.reference, side, shares, symbol, price),
        )
        return self.reference

    def execute(self, venue, instrument_id, reference, shares):
        self.match += 1
        self.say(venue, itch50.OrderExecuted(instrument_id, 0, self._time(), reference, shares, self.match))


class HouseClock:
    def __init__(self):
        self.now = NOW

    def now_ns(self):
        return self.now

    def is_open(self):
        return SESSION.open_ns <= self.now < SESSION.close_ns

    def next_open_ns(self):
        return session_on(dt.date(2026, 11, 23)).open_ns

    def next_close_ns(self):
        return SESSION.close_ns

    def sessions(self, first, last):
        found = []
        for day in new_york_calendar().sessions(first, last):
            session = session_on(day)
            found.append(
                SessionDay(
                    day,
                    session.open_ns,
                    session.close_ns,
                    session.pre_open_ns,
                    session.post_close_ns,
                    new_york_calendar().add_settlement_days(day, 1),
                )
            )
        return found


class House:
    """The ports, and the strings to pull."""

    def __init__(
        self,
        *,
        venue_answers_at_once=True,
        limits=None,
        store_path=None,
        market_limits=None,
        archive=None,
        watchlists=None,
        data_desk=None,
    ):
        """`data_desk`: a core of its own that decides what is asked of market data (`support.data_words.DataDesk`)."""
        self.store = Store(store_path)
        self.clock = HouseClock()
        self.keys = Keys()
        symbols = {one.instrument_id: one.symbol for one in INSTRUMENTS}
        self.market = MarketData(symbols, VENUES, market_limits)
        self.market.open_day(SESSION.midnight_ns)
        for one in INSTRUMENTS:
            self.market.tape.set_previous_close(one.instrument_id, one.previous_close)
        self.feed = Feed(self.market)
        self.at_once = venue_answers_at_once
        self.archive = archive
        self.epoch = ""
        self.watchlists = watchlists or Watchlists()
        self.data_desk = data_desk
        self.entitlements, self.entitlement_desk = OPEN_TO_ALL, None
        self.limits = limits or Limits(requests_per_second=1e6, requests_burst=1_000_000)
        self.seq = 0
        self.frame = 0
        self.frames = []
        self.busy = False
        self.commands = []
        self.positions_of = {ACCOUNT: {}, OTHER_ACCOUNT: {}}
        self.client_ids = {}
        self.match = 0
        self.progress = None
        self._found()

    def ports(self):
        return Ports(
            store=self.store,
            submit=self.submit,
            accounts=self,
            market=self.market,
            pulse=self.feed,
            clock=self.clock,
            label=self.label,
            stamp=lambda number, side, shares, *, near: self.market.stamp(number, side, shares, near=near),
            preview=self.preview,
            explain=lambda order_id: Explanation(
                {"order_id": order_id},
                [f"order {order_id}: sweep", "  NASDAQ: sent"],
                [
                    RouteStep("NASDAQ", "sent", 100, "187.24", "187.2430", "best price after fee"),
                    RouteStep("ARCA", "skipped", 0, None, None, "its book was not known"),
                ],
            ),
            credentials=self.keys,
            limits=self.limits,
            archive=self.archive,
            epoch=self.epoch,
            watchlists=self.watchlists,
            entitlements=self.entitlements,
            entitlement_desk=self.entitlement_desk,
        )

    # --- frames ---------------------------------------------------------------------------------

    def commit(self, *steps):
        """One frame of (command, actor, events-of-seq) steps."""
        first = self.seq + 1
        entries = []
        for command, actor, make in steps:
            self.seq += 1
            events = make(self.seq) if callable(make) else make
            entries.append(Entry(command, actor, events))
        self.frame += 1
        body = FrameBody(first, self.clock.now, entries)
        self.clock.now += 1_000
        self.frames.append(body)
        self.store.apply(body, self.frame)
        return entries[-1].events

    def _found(self):
        routes = cmd.OpenFirm("Cardboard Securities", "us-2026", ROUTES, SEQUENCES)
        self.commit((routes, "desk", [ev.FirmOpened("Cardboard Securities", "us-2026", ROUTES, SEQUENCES)]))
        for one in INSTRUMENTS:
            self.commit((cmd.DefineInstrument(one), "desk", [ev.InstrumentDefined(one)]))
        while self.seq < ACCOUNT - 3:
            self.commit((cmd.Tick(), "clock", []))
        day = cmd.OpenDay(day_number(DAY))
        opened = ev.DayOpened(day.trade_date, day.trade_date + 3, SESSION.open_ns, SESSION.close_ns)
        self.commit((day, "clock", [opened]), (cmd.OpenMarket(True), "clock", [ev.MarketOpened(True)]))
        self.commit(
            (
                cmd.RegisterCustomer("Demo", "p1"),
                "desk",
                lambda seq: [ev.CustomerRegistered(seq, "Demo", "p1")],
            )
        )
        for number, kind in ((ACCOUNT, AccountKind.MARGIN), (OTHER_ACCOUNT, AccountKind.CASH)):
            opening = cmd.OpenAccount(
                6, f"RT{number:06}", kind, 1, kind is AccountKind.MARGIN, AccountLimits()
            )
            event = ev.AccountOpened(
                number, 6, opening.number, kind, 1, opening.short_permitted, opening.limits
            )
            self.commit((opening, "desk", [event]))
            self.cash(number, 100_000 * MONEY_UNIT, f"wire-{number}")

    def cash(self, account_id, amount, reference):
        bank = ledger_account(0, LedgerCode.BANK)
        owner = ledger_account(account_id, LedgerCode.CUSTOMER_SETTLED)
        move = Transfer(TransferCode.DEPOSIT, bank, owner, 0, amount)
        command = cmd.TransferCash(account_id, amount, reference)
        self.commit((command, "desk", [ev.CashTransferred(account_id, amount, reference, (move,))]))

    # --- the submit port ------------------------------------------------------------------------------

    async def submit(self, command, actor):
        await asyncio.sleep(0)
        if self.busy:
            return BUSY
        self.commands.append((command, actor))
        events = self.commit((command, actor, lambda seq: self._decide(command, seq)))
        outcome = Outcome(self.seq, self.frames[-1].time_ns, events)
        if self.at_once:
            self.end_children()
        return outcome

    def _decide(self, command, seq):
        if self.data_desk is not None and type(command).__name__ in DATA_COMMANDS:
            return self.data_desk.do(command)
        return {
            cmd.EnterOrder: self._enter,
            cmd.CancelOrder: self._cancel,
            cmd.CancelAllOrders: self._cancel_all,
            cmd.ReplaceOrder: self._replace,
            cmd.ForgetRoutes: lambda one, _: [ev.RoutesForgotten(one.venue, one.reason)],
            cmd.SwitchRoute: lambda one, _: [ev.RouteSwitched(one.venue, one.enabled, one.reason)],
        }[type(command)](command, seq)

    def _enter(self, command, seq):
        terms, account_id = command.terms, command.account_id
        client_id = command.client_order_id or f"#{seq}"

        def refuse(reason, text, first=0):
            return [ev.OrderRejected(account_id, command.client_order_id, terms, reason, text, first)]

        first = self.client_ids.get((account_id, client_id))
        if first:
            return refuse(
                RejectReason.DUPLICATE_CLIENT_ORDER_ID,
                f"client_order_id must be unique: {client_id!r} already names order {first}",
                first,
            )
        if terms.limit_price % 100 and terms.limit_price >= 10_000:
            return refuse(RejectReason.PRICE_INCREMENT, "limit price is no multiple of $0.01")
        if terms.route not in {"DART", "SEQUENCE", "NASDAQ", "ARCA", "Q", "P"}:
            return refuse(RejectReason.ROUTE_UNKNOWN, f"route {terms.route!r} is unknown")
        price = terms.limit_price or command.stamp.ask or command.stamp.bid
        if not price:
            return refuse(RejectReason.NO_MARKET, "there is no market")
        held = self.position(account_id, terms.instrument_id).shares
        if terms.side is Side.BUY:
            intent = Intent.BUY_TO_CLOSE if held < 0 else Intent.BUY_TO_OPEN
            if notional(price, terms.quantity) > self.account_summary(account_id).buying_power:
                return refuse(
                    RejectReason.BUYING_POWER, "insufficient buying power: it is 1, the order needs 2"
                )
        elif held >= terms.quantity:
            intent = Intent.SELL_TO_CLOSE
        elif held > 0:
            return refuse(
                RejectReason.INSUFFICIENT_SHARES,
                f"insufficient qty available for order (requested: {terms.quantity}, available: {held})",
            )
        else:
            intent = Intent.SELL_SHORT
        self.client_ids[account_id, client_id] = seq
        accepted = ev.OrderAccepted(
            seq, account_id, client_id, terms, intent, notional(price, terms.quantity), 0, 0,
            command.stamp.bid, command.stamp.ask, price,
        )  # fmt: skip
        if terms.stop_price:
            return [accepted]
        child = ChildTerms(0, price, terms.quantity, TimeInForce.DAY)
        skips = (Skip(1, SkipReason.NOT_CHOSEN),)
        plan = Plan(Strategy.SWEEP, (child,), skips, notional(price, terms.quantity), terms.quantity, 1)
        return [accepted, ev.OrderRouted(seq, seq << 8, plan)]

    def _cancel(self, command, seq):
        order = self.store.order(command.order_id)
        if order is None or order.leaves == 0:
            text = f"order {command.order_id} is not open"
            return [
                ev.CommandRefused(RejectReason.ORDER_NOT_OPEN, text, command.account_id, command.order_id)
            ]
        return self._cancel_events(order)

    def _cancel_events(self, order):
        tokens = tuple(
            token for token, row in self.store.image.children_of.get(order.order_id, {}).items() if row.leaves
        )
        if tokens:
            return [ev.CancelRequested(order.order_id, tokens)]
        return [ev.OrderCanceled(order.order_id, order.account_id, order.leaves, "canceled by the customer")]

    def _cancel_all(self, command, seq):
        events = []
        for order in self.store.image.open_of[command.account_id].values():
            if command.instrument_id in {0, order.instrument_id}:
                events += self._cancel_events(order)
        return events

    def _replace(self, command, seq):
        order = self.store.order(command.order_id)
        if order.leaves == 0:
            text = "unable to replace order, order is not open"
            return [ev.CommandRefused(RejectReason.ORDER_NOT_OPEN, text, command.account_id, order.order_id)]
        terms = self.terms_of(order, command.quantity, command.limit_price, command.stop_price)
        client_id = command.client_order_id or f"#{seq}"
        tokens = [t for t, row in self.store.image.children_of.get(order.order_id, {}).items() if row.leaves]
        token = tokens[0] if tokens else 0
        return [
            ev.ReplaceRequested(
                order.order_id, seq, client_id, terms, order.hold_money, 0, token, seq << 8 if token else 0, 0,
                terms.quantity - order.filled, terms.limit_price, (),
            )
        ]  # fmt: skip

    def terms_of(self, order, quantity=0, limit_price=0, stop_price=0):
        return OrderTerms(
            order.instrument_id,
            Side(order.side),
            OrderType(order.order_type),
            TimeInForce(order.time_in_force),
            quantity or order.quantity,
            limit_price or order.limit_price,
            stop_price or order.stop_price,
            order.route,
            order.display_shares,
            bool(order.hidden),
        )

    # --- venues ---------------------------------------------------------------------------------------

    def end_children(self):
        """Venues answer every cancel and replace that is on its way."""
        image = self.store.image
        for child in [child for child in image.children.values() if child.status in {3, 4}]:
            order = self.store.order(child.order_id)
            if child.status == 3:
                events = [
                    ev.ChildEnded(child.token, order.order_id, child.leaves, "canceled"),
                    ev.OrderCanceled(
                        order.order_id, order.account_id, order.leaves, "canceled by the customer"
                    ),
                ]
            else:
                successor = next(
                    row for row in image.orders.values() if row.replaces == order.order_id and row.status == 1
                )
                terms = self.terms_of(successor)
                token = successor.order_id << 8
                events = [
                    ev.ChildReplaced(
                        child.token, token, order.order_id, 1, terms.limit_price, terms.quantity - order.filled
                    ),
                    ev.OrderAccepted(
                        successor.order_id, order.account_id, successor.client_order_id, terms, Intent(order.intent),
                        0, 0, order.order_id, 0, 0, terms.limit_price,
                    ),
                    ev.OrderReplaced(order.order_id, order.account_id, successor.order_id),
                ]  # fmt: skip
            self.commit((cmd.Tick(), "venue:0", events))
        for order in [row for row in image.orders.values() if row.status == 5]:
            successor = next(
                row for row in image.orders.values() if row.replaces == order.order_id and row.status == 1
            )
            terms = self.terms_of(successor)
            accepted = ev.OrderAccepted(
                successor.order_id, order.account_id, successor.client_order_id, terms, Intent(order.intent),
                0, 0, order.order_id, 0, 0, terms.limit_price,
            )  # fmt: skip
            replaced = ev.OrderReplaced(order.order_id, order.account_id, successor.order_id)
            self.commit((cmd.Tick(), "venue:0", [accepted, replaced]))

    def fill(self, order_id, shares, price):
        """The venue executes shares of an order's working child."""
        order = self.store.order(order_id)
        child = next(row for row in self.store.image.children_of[order_id].values() if row.leaves)
        sign = 1 if order.side == Side.BUY else -1
        money = notional(price, shares)
        customer = ledger_account(order.account_id, LedgerCode.CUSTOMER_UNSETTLED)
        street = ledger_account(0, LedgerCode.STREET)
        income = ledger_account(0, LedgerCode.COMMISSION_INCOME)
        pay, get = (customer, street) if sign > 0 else (street, customer)
        transfers = (
            Transfer(TransferCode.TRADE_CASH, pay, get, 0, money),
            Transfer(TransferCode.TRADE_SHARES, get, pay, order.instrument_id, shares),
            Transfer(TransferCode.COMMISSION, customer, income, 0, 350_000),
        )
        self.match += 1
        leaves = order.quantity - order.filled - shares
        event = ev.OrderFilled(
            order_id, order.account_id, order.instrument_id, child.token, 0, self.match, sign * shares, price, leaves,
            Liquidity.REMOVED, 350_000, 0, 3000, 0, 0, transfers,
        )  # fmt: skip
        self.position(order.account_id, order.instrument_id).trade(sign * shares, price)
        report = cmd.ReportExecuted(
            0, self.match, child.token, self.match, price, shares, Liquidity.REMOVED, self.clock.now
        )
        self.commit((report, "venue:0", [event]))

    # --- accounts, label, preview -------------------------------------------------------------------------

    def position(self, account_id, instrument_id):
        return self.positions_of[account_id].setdefault(instrument_id, Position())

    def price_of(self, instrument_id):
        quote = self.market.nbbo(instrument_id)
        if quote.bid and quote.ask:
            return (quote.bid + quote.ask) // 2
        return INSTRUMENTS[instrument_id - 1].previous_close

    def positions(self, account_id):
        return [
            PositionView(
                number, held.shares, held.cost, self.price_of(number), notional(self.price_of(number), held.shares),
                notional(self.price_of(number), held.shares) - held.cost, held.realised, held.day_realised, 0,
            )
            for number, held in self.positions_of[account_id].items()
        ]  # fmt: skip

    def account_summary(self, account_id):
        cash = self.store.image.accounts[account_id].cash
        views = self.positions(account_id)
        long_value = sum(view.market_value for view in views if view.shares > 0)
        short_value = sum(view.market_value for view in views if view.shares < 0)
        equity = cash + long_value + short_value
        return AccountSummary(
            cash, cash, long_value, short_value, equity, long_value // 2, long_value // 4, 0, max(cash, 0) * 2, 2,
            sum(view.unrealised for view in views), sum(view.realised for view in views), 0, 100_000 * MONEY_UNIT,
        )  # fmt: skip

    def label(self):
        return MarketLabel(
            "simulated", "SIMULATED MARKET", None, "1", "open", "regular", DAY, SESSION.open_ns, SESSION.close_ns,
            self.progress, None,
        )  # fmt: skip

    def preview(self, account_id, terms, stamp):
        price = terms.limit_price or stamp.ask
        money = notional(price, terms.quantity)
        power = self.account_summary(account_id).buying_power
        reject = None
        if money > power:
            reject = (int(RejectReason.BUYING_POWER), f"the order needs {format_money(money)}")
        return Preview(
            price, money, 350_000, [("SEC Section 31", 0)], money + 350_000, power, power - money, terms.quantity,
            [PreviewLeg(0, terms.quantity, price, 3000)], [], reject,
        )  # fmt: skip


def standing_house(**settings):
    """A house with a two-sided market in its stocks at both venues."""
    house = House(**settings)
    for venue in range(len(VENUES)):
        house.feed.open(venue)
    for number, bid, ask in ((AAPL, 1_872_400, 1_872_600), (MSFT, 4_000_000, 4_000_500)):
        house.feed.order(0, number, "B", bid, 300)
        house.feed.order(0, number, "S", ask, 200)
        house.feed.order(1, number, "B", bid - 100, 500)
        house.feed.order(1, number, "S", ask + 100, 500)
    return house
