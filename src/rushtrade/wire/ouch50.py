"""NASDAQ OUCH 5.0: every message of order entry, to the venue and back, decoded and encoded byte for byte, without I/O.

Each class below *is* the field table of one message of the public specification, as in `rushtrade.wire.itch50`; the codec is derived
from the tables. A message is its type (1 byte), its fixed fields, and options (`rushtrade.wire.ouch50_options`). Integers are big-endian; prices
integers of $0.0001; times nanoseconds since local midnight; text is left-justified and padded with spaces.

The same letter means different messages in either direction: `decode_inbound` reads what a firm says, `decode_outbound` what a venue says.
`options` is None where the message ended before the length of its options: the bytes come back as they were.

Refuses to know SoupBinTCP, which carries the messages, and what an order does. What the letters and numbers mean is in `rushtrade.wire.ouch50_codes`.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, ClassVar, NamedTuple, get_args, get_type_hints

import msgspec

from rushtrade.wire.errors import MalformedError, UnencodableError
from rushtrade.wire.itch50 import U16, U32, U64, Text1, Text4, Text8, Width
from rushtrade.wire.ouch50_options import Options, decode_options, encode_options, padded

Text14 = Annotated[str, Width(14)]


class Message(msgspec.Struct, frozen=True):
    """What all have in common: the letter of the class."""

    type: ClassVar[str] = ""


class FromFirm(Message, frozen=True):
    """A message of a firm to the venue."""


class EnterOrder(FromFirm, frozen=True):
    """A new order; `user_ref_num` rises from order to order of an account."""

    type: ClassVar[str] = "O"
    user_ref_num: U32
    side: Text1
    quantity: U32
    symbol: Text8
    price: U64
    time_in_force: Text1
    display: Text1
    capacity: Text1
    sweep: Text1
    cross_type: Text1
    client_order_id: Text14
    options: Options | None = ()


class ReplaceOrder(FromFirm, frozen=True):
    """An order under new terms and a new number; `quantity` counts what was executed of the whole chain."""

    type: ClassVar[str] = "U"
    original_ref_num: U32
    user_ref_num: U32
    quantity: U32
    price: U64
    time_in_force: Text1
    display: Text1
    sweep: Text1
    client_order_id: Text14
    options: Options | None = ()


class CancelOrder(FromFirm, frozen=True):
    """Make an order smaller: `quantity` is its size from now on, executed shares included; 0 ends it."""

    type: ClassVar[str] = "X"
    user_ref_num: U32
    quantity: U32
    options: Options | None = None


class ModifyOrder(FromFirm, frozen=True):
    """Change the mark of a sale, or make an order smaller, where it stands."""

    type: ClassVar[str] = "M"
    user_ref_num: U32
    side: Text1
    quantity: U32
    options: Options | None = None


class MassCancel(FromFirm, frozen=True):
    """End all orders of a firm, or those of a symbol, a side, a group."""

    type: ClassVar[str] = "C"
    user_ref_num: U32
    firm: Text4
    symbol: Text8
    options: Options | None = ()


class DisableOrderEntry(FromFirm, frozen=True):
    """Take no more orders of a firm."""

    type: ClassVar[str] = "D"
    user_ref_num: U32
    firm: Text4
    options: Options | None = ()


class EnableOrderEntry(FromFirm, frozen=True):
    """Take orders of a firm again."""

    type: ClassVar[str] = "E"
    user_ref_num: U32
    firm: Text4
    options: Options | None = ()


class AccountQuery(FromFirm, frozen=True):
    """Ask which number may come next."""

    type: ClassVar[str] = "Q"
    options: Options | None = None


class FromVenue(Message, frozen=True):
    """A message of the venue; all say when."""

    timestamp: U64


class SystemEvent(FromVenue, frozen=True):
    """Start of the day (S), end of the day (E)."""

    type: ClassVar[str] = "S"
    event: Text1
    options: Options | None = None


class AboutOrder(FromVenue, frozen=True):
    """A message about one order or instruction, by the firm's number of it."""

    user_ref_num: U32


class OrderAccepted(AboutOrder, frozen=True):
    """An order as the venue took it; `state` L live, D dead on arrival."""

    type: ClassVar[str] = "A"
    side: Text1
    quantity: U32
    symbol: Text8
    price: U64
    time_in_force: Text1
    display: Text1
    order_reference: U64
    capacity: Text1
    sweep: Text1
    cross_type: Text1
    state: Text1
    client_order_id: Text14
    options: Options | None = ()


class OrderReplaced(FromVenue, frozen=True):
    """An order under its new terms."""

    type: ClassVar[str] = "U"
    original_ref_num: U32
    user_ref_num: U32
    side: Text1
    quantity: U32
    symbol: Text8
    price: U64
    time_in_force: Text1
    display: Text1
    order_reference: U64
    capacity: Text1
    sweep: Text1
    cross_type: Text1
    state: Text1
    client_order_id: Text14
    options: Options | None = ()


class OrderCanceled(AboutOrder, frozen=True):
    """Shares left an order; `quantity` of this time alone."""

    type: ClassVar[str] = "C"
    quantity: U32
    reason: Text1
    options: Options | None = None


class AiqCanceled(AboutOrder, frozen=True):
    """Shares left an order so that it would not trade with its own side: what was prevented, and at what price."""

    type: ClassVar[str] = "D"
    decrement: U32
    reason: Text1
    prevented: U32
    price: U64
    liquidity: Text1
    strategy: Text1
    options: Options | None = None


class OrderExecuted(AboutOrder, frozen=True):
    """A trade."""

    type: ClassVar[str] = "E"
    quantity: U32
    price: U64
    liquidity: Text1
    match_number: U64
    options: Options | None = ()


class BrokenTrade(AboutOrder, frozen=True):
    """A trade that does not stand."""

    type: ClassVar[str] = "B"
    match_number: U64
    reason: Text1
    client_order_id: Text14
    options: Options | None = None


class Rejected(AboutOrder, frozen=True):
    """An order or a replace was refused."""

    type: ClassVar[str] = "J"
    reason: U16
    client_order_id: Text14
    options: Options | None = None


class CancelPending(AboutOrder, frozen=True):
    """A cancel was taken, and works when the order may be cancelled."""

    type: ClassVar[str] = "P"
    options: Options | None = None


class CancelReject(AboutOrder, frozen=True):
    """A cancel was refused."""

    type: ClassVar[str] = "I"
    options: Options | None = None


class OrderPriorityUpdate(AboutOrder, frozen=True):
    """An order stands elsewhere in the book, under a new reference."""

    type: ClassVar[str] = "T"
    price: U64
    display: Text1
    order_reference: U64
    options: Options | None = None


class OrderModified(AboutOrder, frozen=True):
    """An order with another mark or a smaller size."""

    type: ClassVar[str] = "M"
    side: Text1
    quantity: U32
    options: Options | None = None


class OrderRestated(AboutOrder, frozen=True):
    """An order shows a new part (R), or stands at another displayed price (P)."""

    type: ClassVar[str] = "R"
    reason: Text1
    options: Options | None = ()


class MassCancelResponse(AboutOrder, frozen=True):
    """A mass cancel was taken."""

    type: ClassVar[str] = "X"
    firm: Text4
    symbol: Text8
    options: Options | None = ()


class DisableOrderEntryResponse(AboutOrder, frozen=True):
    """No more orders of the firm are taken."""

    type: ClassVar[str] = "G"
    firm: Text4
    options: Options | None = ()


class EnableOrderEntryResponse(AboutOrder, frozen=True):
    """Orders of the firm are taken again."""

    type: ClassVar[str] = "K"
    firm: Text4
    options: Options | None = ()


class AccountQueryResponse(FromVenue, frozen=True):
    """The lowest number the account may use next."""

    type: ClassVar[str] = "Q"
    next_user_ref_num: U32
    options: Options | None = None


class Layout(NamedTuple):
    """The fixed fields of a message, ready to be packed."""

    message: type[Message]
    packer: struct.Struct
    names: tuple[str, ...]
    text_widths: tuple[int, ...]
    """By field: characters of a text, 0 for a number."""


def _layout(message: type[Message]) -> Layout:
    hints = get_type_hints(message, include_extras=True)
    names = tuple(name for name in message.__struct_fields__ if name != "options")
    fields = [get_args(hints[name]) for name in names]
    codes = "".join(
        f"{width.size}s" if kind is str else {2: "H", 4: "I", 8: "Q"}[width.size] for kind, width in fields
    )
    widths = tuple(width.size if kind is str else 0 for kind, width in fields)
    return Layout(message, struct.Struct(">c" + codes), names, widths)


def _leaves(message: type[Message]) -> list[type[Message]]:
    found = [message] if message.type else []
    for below in message.__subclasses__():
        found += _leaves(below)
    return found


INBOUND: dict[int, Layout] = {ord(message.type): _layout(message) for message in _leaves(FromFirm)}
OUTBOUND: dict[int, Layout] = {ord(message.type): _layout(message) for message in _leaves(FromVenue)}
_BY_CLASS = {layout.message: layout for layouts in (INBOUND, OUTBOUND) for layout in layouts.values()}


def decode_inbound(message: bytes) -> Message:
    """Decode what a firm says. Raises MalformedError for an unknown type, a wrong length or options that make no sense."""
    return _decode(message, INBOUND, "a firm")


def decode_outbound(message: bytes) -> Message:
    """Decode what a venue says. Raises MalformedError likewise."""
    return _decode(message, OUTBOUND, "a venue")


def _decode(message: bytes, layouts: dict[int, Layout], who: str) -> Message:
    layout = layouts.get(message[0]) if message else None
    if layout is None:
        raise MalformedError(f"{message[:1]!r} begins no OUCH 5.0 message of {who}")
    packer, name = layout.packer, layout.message.__name__
    if len(message) < packer.size:
        raise MalformedError(f"{name} {message[:1]!r} takes {packer.size} bytes at least, got {len(message)}")
    values: list[Any] = list(packer.unpack_from(message)[1:])
    for index, width in enumerate(layout.text_widths):
        if width:
            values[index] = values[index].decode("latin-1").rstrip(" ")
    options = None if len(message) == packer.size else decode_options(message[packer.size :], name)
    return layout.message(*values, options)


def encode(message: Message) -> bytes:
    """Encode a message. Raises UnencodableError for a value its field cannot hold."""
    layout = _BY_CLASS[type(message)]
    values: list[bytes | int] = [layout.message.type.encode()]
    for name, width in zip(layout.names, layout.text_widths, strict=True):
        value = getattr(message, name)
        values.append(padded(value, width, f"{type(message).__name__}.{name}") if width else value)
    try:
        fixed = layout.packer.pack(*values)
    except struct.error as error:
        raise UnencodableError(f"{message} does not fit its fields: {error}") from None
    options: Options | None = getattr(message, "options", None)
    if options is None:
        return fixed
    return fixed + encode_options(options)
