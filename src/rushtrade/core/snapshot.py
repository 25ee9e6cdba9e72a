"""The state of the house as bytes, and its hash: equal states give equal bytes on any machine and any Python."""

from __future__ import annotations

import hashlib

import msgspec

from rushtrade.core.state import Customer, HouseState
from rushtrade.dart.desk import DeskImage, RoutingDesk
from rushtrade.dart.lessons import RoutingImage, RoutingMemory
from rushtrade.domain.accounts import CommissionTerms
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.instruments import Instrument
from rushtrade.entitlements.register import RegisterImage
from rushtrade.ledger.account import AccountImage
from rushtrade.ledger.ledger import Ledger
from rushtrade.orders.image import OrderImage, order_image
from rushtrade.orders.venue_watch import VenueRecordImage, VenueWatch

SNAPSHOT_FORMAT = 9
"""Version of the layout below; an older snapshot is passed over and the journal is folded instead."""


class HouseImage(msgspec.Struct, frozen=True):
    """Everything in `HouseState`, as plain data in a fixed order."""

    next_seq: int
    firm_name: str
    world: str
    now_ns: int
    trade_date: int
    settlement_date: int
    opens_ns: int
    closes_ns: int
    day_is_open: bool
    market_open: bool
    firm_killed: bool
    report_seqs: list[int]
    venue_sessions: list[str]
    month_shares: list[int]
    day_shares: list[int]
    customers: list[Customer]
    instruments: list[Instrument]
    schemes: list[CommissionTerms]
    prices: list[tuple[int, int]]
    ledger: dict[str, list[list[int]]]
    desk: DeskImage
    accounts: list[AccountImage]
    orders: list[OrderImage]
    market_data: RegisterImage
    watch: list[VenueRecordImage]
    own_delay_ns: int
    routing: RoutingImage


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(HouseImage)


def encode_state(state: HouseState, next_seq: int) -> bytes:
    """Give the bytes of a state; `next_seq` is the seq its next command gets."""
    return _encoder.encode(
        HouseImage(
            next_seq=next_seq,
            firm_name=state.firm_name,
            world=state.world,
            now_ns=state.now_ns,
            trade_date=state.trade_date,
            settlement_date=state.settlement_date,
            opens_ns=state.opens_ns,
            closes_ns=state.closes_ns,
            day_is_open=state.day_is_open,
            market_open=state.risk.market_open,
            firm_killed=state.risk.firm_killed,
            report_seqs=state.report_seqs,
            venue_sessions=state.venue_sessions,
            month_shares=state.month_shares,
            day_shares=state.day_shares,
            customers=[state.customers[key] for key in sorted(state.customers)],
            instruments=[state.instruments[key] for key in sorted(state.instruments)],
            schemes=[state.schemes[key] for key in sorted(state.schemes)],
            prices=sorted(state.risk.prices.items()),
            ledger=state.ledger.snapshot(),
            desk=state.desk.snapshot(),
            accounts=[state.accounts[key].image() for key in sorted(state.accounts)],
            orders=[order_image(state.blotter.orders[key]) for key in sorted(state.blotter.orders)],
            market_data=state.market_data.image(),
            watch=state.watch.image(),
            own_delay_ns=state.watch.own_delay_ns,
            routing=state.routing.image(),
        )
    )


def state_hash(state: HouseState, next_seq: int) -> bytes:
    """SHA-256 of a state's bytes."""
    return hash_of(encode_state(state, next_seq))


def hash_of(body: bytes) -> bytes:
    """SHA-256 of an encoded state."""
    return hashlib.sha256(body).digest()


def decode_state(data: bytes) -> tuple[HouseState, int]:
    """Build the state a snapshot was taken of, and the seq of its next command."""
    try:
        image = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RushTradeError(f"this is no snapshot of format {SNAPSHOT_FORMAT}: {error}") from None
    state = HouseState()
    state.firm_name = image.firm_name
    state.world = image.world
    state.now_ns = state.risk.now_ns = image.now_ns
    state.report_seqs = image.report_seqs
    state.venue_sessions = image.venue_sessions
    state.month_shares = image.month_shares
    state.day_shares = image.day_shares
    state.customers.update((row.customer_id, row) for row in image.customers)
    state.instruments.update((row.instrument_id, row) for row in image.instruments)
    state.symbols.update((row.symbol, row.instrument_id) for row in image.instruments)
    state.schemes.update((row.scheme_id, row) for row in image.schemes)
    state.risk.prices.update(image.prices)
    state.desk = RoutingDesk.restore(image.desk)
    state.watch = VenueWatch(state.desk.routes)
    state.watch.restore(image.watch)
    state.watch.own_delay_ns = image.own_delay_ns
    state.replace_ledger(Ledger.restore(image.ledger))
    state.accounts.update((row.account_id, row.restore()) for row in image.accounts)
    state.routing = RoutingMemory.restore(image.routing)
    image.market_data.restore_into(state.market_data)
    if image.trade_date:
        state.open_day(image.trade_date, image.settlement_date, image.opens_ns, image.closes_ns)
    state.day_is_open = image.day_is_open
    state.risk.market_open = image.market_open
    state.risk.firm_killed = image.firm_killed
    for row in image.orders:
        state.blotter.restore(row)
    return state, image.next_seq
