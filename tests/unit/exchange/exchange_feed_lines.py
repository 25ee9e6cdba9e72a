"""ITCH 5.0 bytes as plain tuples: letter, locate, time, and the message's own fields but the stock."""

import struct

from rushtrade.wire import itch50
from rushtrade.wire.framing import MessageReader

_OWN = {
    "A": struct.Struct(">Qc I8xI"),
    "F": struct.Struct(">Qc I8xI4s"),
    "E": struct.Struct(">QIQ"),
    "C": struct.Struct(">QIQcI"),
    "X": struct.Struct(">QI"),
    "D": struct.Struct(">Q"),
    "U": struct.Struct(">QQII"),
    "P": struct.Struct(">Qc I8xIQ"),
}
_HEAD = struct.Struct(">cH2xHI")


def feed_lines(payload):
    """Every message of a payload; those about no order as the objects of the codec."""
    reader = MessageReader(itch50.LENGTHS)
    reader.receive_data(payload)
    return [_line(message) for message in reader]


def _line(message):
    letter, locate, high, low = _HEAD.unpack_from(message)
    letter = letter.decode()
    own = _OWN.get(letter)
    if own is None:
        return itch50.decode(message)
    fields = [
        value.decode("latin-1") if isinstance(value, bytes) else value
        for value in own.unpack_from(message, 11)
    ]
    return (letter, locate, high << 32 | low, *fields)
