"""Ports: all that the API is handed by `app`, and the words they are asked in.

The API reads the store and the market itself; everything that changes the house goes through `submit`. Ports are
called, and call back, on one thread: the event loop's. Two promises the API leans on:

1. A frame has been applied to the store before any of its outcomes is given: who is told of an order finds it there.
2. `submit` answers only after the frame is durable; `BUSY` means that nothing happened at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from rushtrade.api.entitlement_ports import OPEN_TO_ALL, EntitlementDesk, Entitlements
from rushtrade.api.limits import Limits
from rushtrade.api.watchlist_file import Watchlists
from rushtrade.domain.commands import AnyCommand
from rushtrade.domain.events import AnyEvent
from rushtrade.domain.orders import OrderTerms, Side
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.market.market_data import MarketData
from rushtrade.store.store import Store


class Busy(Enum):
    """The house's inbox is full."""

    BUSY = "busy"


BUSY: Final = Busy.BUSY


class Outcome(msgspec.Struct, frozen=True):
    """A command was decided and its frame is durable: its seq, the frame's time, and what came of it."""

    seq: int
    time_ns: int
    events: Sequence[AnyEvent]


class Submit(Protocol):
    """The one way to change the house."""

    async def __call__(self, command: AnyCommand, actor: str) -> Outcome | Busy:
        """Put a command into the inbox as `actor` (``"account:7"``, ``"desk:anna"``)."""


class AccountSummary(msgspec.Struct, frozen=True):
    """One account at one moment, in micro-dollars: the very numbers risk decides with."""

    cash: int
    settled_cash: int
    long_value: int
    short_value: int
    """Negative: what buying the short positions back would cost."""
    equity: int
    initial_requirement: int
    maintenance_requirement: int
    held: int
    buying_power: int
    multiplier: int
    unrealised: int
    realised: int
    day_profit: int
    equity_at_close: int
    """Equity at the close before."""


class PositionView(msgspec.Struct, frozen=True):
    """One position now. Shares signed, prices in $0.0001, money in micro-dollars."""

    instrument_id: int
    shares: int
    cost: int
    """Money the open shares cost; negative for a short position."""
    price: int
    """What the house values a share at; 0 = not known."""
    market_value: int
    unrealised: int
    realised: int
    day_profit: int
    closing_held: int
    """Shares promised to open orders that close."""


class Accounts(Protocol):
    """The live view of accounts."""

    def account_summary(self, account_id: int) -> AccountSummary:
        """Value an account now."""

    def positions(self, account_id: int) -> Sequence[PositionView]:
        """List positions of an account, also those closed today (0 shares)."""


class Pulse(Protocol):
    """Tells which instruments' quotes or trades changed, some tens of times a second."""

    def subscribe(self, callback: Callable[[Sequence[int]], None]) -> Callable[[], None]:
        """Call `callback` with instrument ids from now on; give what ends it."""


class SessionDay(msgspec.Struct, frozen=True):
    """A trading session. Times in UTC nanoseconds."""

    date: dt.date
    opens_ns: int
    closes_ns: int
    pre_opens_ns: int
    post_closes_ns: int
    settlement_date: dt.date


class Clock(Protocol):
    """The house's clock and calendar: market time, not the machine's."""

    def now_ns(self) -> int:
        """Time of the market now."""

    def is_open(self) -> bool:
        """True while venues trade."""

    def next_open_ns(self) -> int:
        """When the market opens next."""

    def next_close_ns(self) -> int:
        """When the market closes next."""

    def sessions(self, first: dt.date, last: dt.date) -> Sequence[SessionDay]:
        """Sessions from `first` to `last`, both included."""


class MarketLabel(msgspec.Struct, frozen=True):
    """Which market this is, as every screen must say it."""

    source: Literal["simulated", "recorded"]
    label: str
    file: str | None
    speed: str
    state: Literal["before_open", "open", "closed"]
    session: str
    trade_date: dt.date
    opens_ns: int
    closes_ns: int
    progress: float | None
    message: str | None
    takes_orders: bool = True
    """False: a data center, which shows the market alone."""


class Stamp(Protocol):
    """Takes the quotes that go with an order."""

    def __call__(self, instrument_id: int, side: Side, shares: int, *, near: bool) -> QuoteStamp:
        """Take a stamp; `near` adds the best of the order's own side, where it could rest."""


class PreviewLeg(msgspec.Struct, frozen=True):
    """One child order the plan would send. `fee` is the venue's, in micro-dollars, + = charged."""

    venue: int
    shares: int
    price: int
    fee: int


class Preview(msgspec.Struct, frozen=True):
    """What an order would do now. Money in micro-dollars; `total` is signed cash, a buy takes positive."""

    reference_price: int
    notional: int
    commission: int
    fees: Sequence[tuple[str, int]]
    total: int
    buying_power_before: int
    buying_power_after: int
    position_after: int
    legs: Sequence[PreviewLeg]
    warnings: Sequence[str]
    reject: tuple[int, str] | None
    """Number and sentence of the reason why it would be refused."""


class RouteStep(msgspec.Struct, frozen=True):
    """What one route was given in a decision, and why: a row of the workstation's decision trace."""

    route: str
    action: str
    quantity: int
    price: str | None
    cost: str | None
    why: str


class Explanation(msgspec.Struct, frozen=True):
    """The story of an order's routing: as data (anything msgspec writes), line by line for people, and as rows."""

    trace: Any
    text: Sequence[str]
    steps: Sequence[RouteStep]


class Explain(Protocol):
    """Tells how an order was routed, as `rushtrade dart explain` does."""

    def __call__(self, order_id: int) -> Explanation | None:
        """Tell the story; None when there is none."""


class PreviewOrder(Protocol):
    """Works an order out without entering it."""

    def __call__(self, account_id: int, terms: OrderTerms, stamp: QuoteStamp) -> Preview:
        """Check, plan and price the order against the house as it is now."""


Permission: TypeAlias = Literal["read", "trade", "market_data", "routes", "operate", "entitlements"]
"""What a key or user may do: see an account, enter and cancel its orders, see the market, switch routes, see how the house runs."""


class KeyRecord(msgspec.Struct, frozen=True):
    """An API key: which account it acts for, and what it may do. The secret itself is nowhere."""

    key_id: str
    secret_digest: bytes
    account_id: int
    permissions: frozenset[Permission]
    user: str = ""
    """Whose key it is; empty = of whoever the account's market data is charged to."""
    use: Literal["display", "non_display"] = "display"
    """Whether a person sees the data, or a program decides with it."""


class UserRecord(msgspec.Struct, frozen=True):
    """A person who may log in."""

    user: str
    name: str
    password_hash: str
    account_ids: tuple[int, ...]
    permissions: frozenset[Permission]


class Credentials(Protocol):
    """Keys and users; `rushtrade.api.credentials.CredentialFile` is one."""

    def key(self, key_id: str) -> KeyRecord | None:
        """Find an API key."""

    def user(self, user: str) -> UserRecord | None:
        """Find a user."""


class PastTrade(NamedTuple):
    """A trade the tick store kept: price in $0.0001, venue by its place in this market (-1 = none of it)."""

    time_ns: int
    price: int
    shares: int
    venue: int
    conditions: str
    number: int


class PastQuote(NamedTuple):
    """A best bid and offer the tick store kept."""

    time_ns: int
    bid: int
    bid_shares: int
    ask: int
    ask_shares: int
    bid_venue: int
    ask_venue: int


class Archive(Protocol):
    """What the tick store remembers, asked from a thread of its own. Spans include both ends; rows are in order of time."""

    def trades(
        self,
        symbol: str,
        start_ns: int,
        end_ns: int,
        venues: int,
        limit: int,
        *,
        newest_first: bool = False,
        letters: str = "",
    ) -> Sequence[PastTrade]:
        """Give trades of the venues in a mask that stand, at most `limit`, from one end or the other.

        With `letters`, only those that carry one of these sale conditions.
        """

    def quotes(
        self, symbol: str, start_ns: int, end_ns: int, limit: int, *, newest_first: bool
    ) -> Sequence[PastQuote]:
        """Give best bids and offers of all venues as they changed, at most `limit`."""

    def minutes(self, symbol: str, start_ns: int, end_ns: int) -> Any:
        """Give one-minute bars as rows of `tape.tape_layout.BAR`, oldest first."""

    def count(self, schema: str, symbol: str, start_ns: int, end_ns: int, venues: int) -> int:
        """Count the rows of a schema of the tick store in a span."""

    def table(
        self, schema: str, symbol: str, start_ns: int, end_ns: int, venues: int
    ) -> Iterator[Callable[[], Any]]:
        """Give them piece by piece, in order of time: each call reads one Arrow table."""

    def prints(self, epoch: str, after: int, upto: int) -> Any:
        """Give trades by their numbers in the streams: `serving.stored_prints.NumberedPrints`."""

    def close(self) -> None:
        """Let the engine go: nothing is asked any more."""


class DataCenter(Protocol):
    """How the data center is: its lines, books, store, clients and alarms."""

    def status(self) -> Any:
        """Give the newest look at it, once a second a new one: a value that msgspec writes; None before the first."""

    async def quality(self) -> str | None:
        """Judge today's data by what the tick store holds, as a page of HTML; None where no ticks are written."""


class Replay(Protocol):
    """The replay of a stored day.

    Every call gives where it is then: a value that msgspec writes, with `first_ns`, `last_ns`, `time_ns`, `speed`, `state` and
    `messages`. InvalidInput says what cannot be done.
    """

    def position(self) -> Any:
        """Tell where it is."""

    def play(self, speed: float | None = None) -> Any:
        """Go on, at another speed if told; 0 is as fast as possible."""

    def pause(self) -> Any:
        """Stand still."""

    def seek(self, time_ns: int) -> Any:
        """Go to a moment of the day, before or behind."""

    def step(self, messages: int = 1) -> Any:
        """Say so many messages more, and stand still."""


class Ports(msgspec.Struct, frozen=True):
    """Everything `build` needs."""

    store: Store
    submit: Submit
    accounts: Accounts
    market: MarketData
    pulse: Pulse
    clock: Clock
    label: Callable[[], MarketLabel]
    stamp: Stamp
    preview: PreviewOrder
    explain: Explain
    credentials: Credentials
    limits: Limits = Limits()
    house: str = "RushTrade"
    entitlements: Entitlements = OPEN_TO_ALL
    entitlement_desk: EntitlementDesk | None = None
    """None: a process that sells no market data."""
    epoch: str = ""
    """Names the numbering of trades: alike at all gateways of one host. Empty: a new one with every start."""
    center: DataCenter | None = None
    """None: a house that runs no data center of its own."""
    archive: Archive | None = None
    watchlists: Watchlists = msgspec.field(default_factory=Watchlists)
    replay: Replay | None = None
    """None: what is shown happens now."""
    scorecard: Callable[[str, str, int], bytes] | None = None
    """What orders cost, by route, strategy or symbol, as ``html`` or ``json``; reads the journal, so ask it in a thread."""
