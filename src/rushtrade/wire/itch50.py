"""NASDAQ TotalView-ITCH 5.0: all 23 messages, decoded and encoded byte for byte, without I/O.

Each class below *is* the field table of one message of the public specification: its fields in their order on the
wire, each with its width. The codec is derived from the tables, so there is no second place to keep right.

A message is `type (1 byte), stock locate (2), tracking number (2), timestamp (6, nanoseconds since local midnight)`
and then its own fields; integers are big-endian, prices integers of $0.0001 (the breaker levels of `V`: $0.00000001).
Text is left-justified and padded with spaces, which decoding removes and encoding puts back; it is read as Latin-1,
so that any byte a venue may send survives the round trip.

Refuses to know framing (`rushtrade.wire.framing`), packets, and what a message does to a book. One object a message
is for tests, tools and rare messages; streams go through `rushtrade.wire.itch50_columns` and the book kernels.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, NamedTuple, get_args, get_type_hints

import msgspec

from rushtrade.wire.errors import MalformedError, UnencodableError


class Width(NamedTuple):
    """Bytes a field takes on the wire."""

    size: int


U16 = Annotated[int, Width(2)]
U32 = Annotated[int, Width(4)]
U48 = Annotated[int, Width(6)]
U64 = Annotated[int, Width(8)]
Price4 = Annotated[int, Width(4)]  # integer of $0.0001
Price8 = Annotated[int, Width(8)]  # integer of $0.00000001
Text1 = Annotated[str, Width(1)]
Text2 = Annotated[str, Width(2)]
Text4 = Annotated[str, Width(4)]
Text8 = Annotated[str, Width(8)]


class Message(msgspec.Struct, frozen=True):
    """What every message begins with. `type` is the class's letter."""

    type: ClassVar[str] = ""

    locate: U16
    tracking: U16
    timestamp: U48


class SystemEvent(Message, frozen=True):
    """Start and end of messages (O, C), system hours (S, E), market hours (Q, M)."""

    type: ClassVar[str] = "S"
    event: Text1


class StockDirectory(Message, frozen=True):
    """A security of the day and its locate."""

    type: ClassVar[str] = "R"
    stock: Text8
    market_category: Text1
    financial_status: Text1
    round_lot_size: U32
    round_lots_only: Text1
    issue_classification: Text1
    issue_subtype: Text2
    authenticity: Text1
    short_sale_threshold: Text1
    ipo_flag: Text1
    luld_reference_price_tier: Text1
    etp_flag: Text1
    etp_leverage_factor: U32
    inverse_indicator: Text1


class StockTradingAction(Message, frozen=True):
    """Halted (H), paused (P), quotation only (Q), trading (T)."""

    type: ClassVar[str] = "H"
    stock: Text8
    trading_state: Text1
    reserved: Text1
    reason: Text4


class RegShoRestriction(Message, frozen=True):
    """Short-sale price test of Rule 201: none (0), in effect (1), remains in effect (2)."""

    type: ClassVar[str] = "Y"
    stock: Text8
    action: Text1


class MarketParticipantPosition(Message, frozen=True):
    """A market maker's standing in a security."""

    type: ClassVar[str] = "L"
    mpid: Text4
    stock: Text8
    primary_market_maker: Text1
    market_maker_mode: Text1
    participant_state: Text1


class MwcbDeclineLevel(Message, frozen=True):
    """Breaker levels of the market-wide circuit breaker, for the day."""

    type: ClassVar[str] = "V"
    level_1: Price8
    level_2: Price8
    level_3: Price8


class MwcbStatus(Message, frozen=True):
    """A market-wide circuit breaker level was breached (1, 2, 3)."""

    type: ClassVar[str] = "W"
    breached_level: Text1


class IpoQuotingPeriod(Message, frozen=True):
    """When quoting of an initial public offering may begin (seconds since midnight)."""

    type: ClassVar[str] = "K"
    stock: Text8
    release_time: U32
    release_qualifier: Text1
    ipo_price: Price4


class LuldAuctionCollar(Message, frozen=True):
    """Price collar of a reopening auction after a limit-up limit-down pause."""

    type: ClassVar[str] = "J"
    stock: Text8
    reference_price: Price4
    upper_price: Price4
    lower_price: Price4
    extension: U32


class OperationalHalt(Message, frozen=True):
    """One market centre interrupts a security for reasons of its own (H) or resumes (T)."""

    type: ClassVar[str] = "h"
    stock: Text8
    market_code: Text1
    action: Text1


class AddOrder(Message, frozen=True):
    """A displayed order without attribution. `side` B or S."""

    type: ClassVar[str] = "A"
    reference: U64
    side: Text1
    shares: U32
    stock: Text8
    price: Price4


class AddOrderAttributed(Message, frozen=True):
    """A displayed order with its market participant."""

    type: ClassVar[str] = "F"
    reference: U64
    side: Text1
    shares: U32
    stock: Text8
    price: Price4
    attribution: Text4


class OrderExecuted(Message, frozen=True):
    """Shares of a displayed order executed at its own price."""

    type: ClassVar[str] = "E"
    reference: U64
    shares: U32
    match: U64


class OrderExecutedWithPrice(Message, frozen=True):
    """Shares of a displayed order executed at another price; not `printable` ones come again in a `Q`."""

    type: ClassVar[str] = "C"
    reference: U64
    shares: U32
    match: U64
    printable: Text1
    price: Price4


class OrderCancel(Message, frozen=True):
    """Some shares of an order were cancelled."""

    type: ClassVar[str] = "X"
    reference: U64
    shares: U32


class OrderDelete(Message, frozen=True):
    """All that was left of an order was cancelled."""

    type: ClassVar[str] = "D"
    reference: U64


class OrderReplace(Message, frozen=True):
    """An order gave way to a new one of the same side and stock, at the end of its queue."""

    type: ClassVar[str] = "U"
    reference: U64
    new_reference: U64
    shares: U32
    price: Price4


class Trade(Message, frozen=True):
    """An execution against an order that was not displayed."""

    type: ClassVar[str] = "P"
    reference: U64
    side: Text1
    shares: U32
    stock: Text8
    price: Price4
    match: U64


class CrossTrade(Message, frozen=True):
    """The bulk print of an auction: opening (O), closing (C), halt or IPO (H)."""

    type: ClassVar[str] = "Q"
    shares: U64
    stock: Text8
    price: Price4
    match: U64
    cross_type: Text1


class BrokenTrade(Message, frozen=True):
    """An execution already reported is void."""

    type: ClassVar[str] = "B"
    match: U64


class NetOrderImbalance(Message, frozen=True):
    """What an auction would do now."""

    type: ClassVar[str] = "I"
    paired_shares: U64
    imbalance_shares: U64
    imbalance_direction: Text1
    stock: Text8
    far_price: Price4
    near_price: Price4
    reference_price: Price4
    cross_type: Text1
    price_variation: Text1


class RetailInterest(Message, frozen=True):
    """Retail price improvement interest on the buy (B), sell (S), both (A) or no (N) side."""

    type: ClassVar[str] = "N"
    stock: Text8
    interest: Text1


class DirectListingPriceDiscovery(Message, frozen=True):
    """Price discovery of a direct listing with a capital raise."""

    type: ClassVar[str] = "O"
    stock: Text8
    open_eligibility: Text1
    price_min: Price4
    price_max: Price4
    near_execution_price: Price4
    near_execution_time: U64
    collar_lower: Price4
    collar_upper: Price4


MESSAGES: tuple[type[Message], ...] = (
    SystemEvent,
    StockDirectory,
    StockTradingAction,
    RegShoRestriction,
    MarketParticipantPosition,
    MwcbDeclineLevel,
    MwcbStatus,
    IpoQuotingPeriod,
    LuldAuctionCollar,
    OperationalHalt,
    AddOrder,
    AddOrderAttributed,
    OrderExecuted,
    OrderExecutedWithPrice,
    OrderCancel,
    OrderDelete,
    OrderReplace,
    Trade,
    CrossTrade,
    BrokenTrade,
    NetOrderImbalance,
    RetailInterest,
    DirectListingPriceDiscovery,
)
"""In the order of the specification."""


class Field(NamedTuple):
    """One row of a field table: where a field lies and whether it is text."""

    name: str
    offset: int
    size: int
    text: bool


class Layout(NamedTuple):
    """The field table of one message, ready to run."""

    message: type[Message]
    fields: tuple[Field, ...]
    size: int
    packer: struct.Struct
    convert: tuple[tuple[int, Callable[[bytes], object]], ...]


def _from_text(raw: bytes) -> str:
    return raw.decode("latin-1").rstrip(" ")


def _from_u48(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _layout(message: type[Message]) -> Layout:
    """Derive the running field table of a message from its annotations."""
    fields: list[Field] = []
    codes = ""
    convert: list[tuple[int, Callable[[bytes], object]]] = []
    offset = 1
    hints = get_type_hints(message, include_extras=True)
    for index, name in enumerate(message.__struct_fields__):
        kind, width = get_args(hints[name])
        text = kind is str
        fields.append(Field(name, offset, width.size, text))
        offset += width.size
        if text or width.size == 6:
            codes += f"{width.size}s"
            convert.append((index, _from_text if text else _from_u48))
        else:
            codes += {2: "H", 4: "I", 8: "Q"}[width.size]
    return Layout(message, tuple(fields), offset, struct.Struct(">x" + codes), tuple(convert))


LAYOUTS: dict[int, Layout] = {ord(message.type): _layout(message) for message in MESSAGES}
"""By the code of the type letter."""

LENGTHS: dict[int, int] = {code: layout.size for code, layout in LAYOUTS.items()}
"""Bytes of a message by the code of its type letter."""


def check(code: int, size: int, offset: int = -1) -> Layout:
    """Give the layout for a message that begins with byte `code` and is `size` bytes long, or refuse it."""
    layout = LAYOUTS.get(code)
    if layout is None:
        raise MalformedError(f"unknown ITCH 5.0 message type {chr(code)!r} (0x{code:02x})", offset)
    if size != layout.size:
        name = layout.message.__name__
        raise MalformedError(f"{name} {chr(code)!r} takes {layout.size} bytes, got {size}", offset)
    return layout


def decode(message: bytes | memoryview, offset: int = -1) -> Message:
    """Decode one unframed message. `offset` only tells an error where the message was.

    Raises MalformedError for an empty message, an unknown type or a wrong length.
    """
    if not message:
        raise MalformedError("an empty ITCH 5.0 message", offset)
    layout = check(message[0], len(message), offset)
    values: list[Any] = list(layout.packer.unpack(message))
    for index, convert in layout.convert:
        values[index] = convert(values[index])
    return layout.message(*values)


def encode(message: Message) -> bytes:
    """Encode one message, unframed. Raises UnencodableError for a value its field cannot hold."""
    layout = LAYOUTS[ord(message.type)]
    parts = [message.type.encode("latin-1")]
    parts.extend(_encode_field(message, field) for field in layout.fields)
    return b"".join(parts)


def _encode_field(message: Message, field: Field) -> bytes:
    value = getattr(message, field.name)
    where = f"{type(message).__name__}.{field.name}"
    try:
        if not field.text:
            return int(value).to_bytes(field.size, "big")
        raw: bytes = value.encode("latin-1")
    except (OverflowError, UnicodeEncodeError, ValueError, TypeError, AttributeError) as error:
        raise UnencodableError(f"{where} = {value!r} does not fit {field.size} bytes: {error}") from None
    if len(raw) > field.size:
        raise UnencodableError(f"{where} = {value!r} is longer than {field.size} characters")
    return raw.ljust(field.size)
