"""Fuzz targets of the order protocols an exchange speaks."""

from __future__ import annotations

import contextlib

from rushtrade.wire import ouch50
from rushtrade.wire import ouch50_options as tags
from rushtrade.wire.errors import WireError
from rushtrade.wire.fix42 import FixReader, encode
from rushtrade.wire.fix42_session import FixSession
from rushtrade.wire.fix42_store import MemoryStore
from rushtrade.wire.ouch50_options import Option

NOW = 1_795_000_000_000_000_000
HEAD = ((49, "PEER"), (56, "US"), (52, "20261118-12:00:00"))
LOGON = encode("A", (*HEAD, (34, "1"), (98, "0"), (108, "30")))
ORDER = ouch50.EnterOrder(
    1, "B", 100, "SPY", 1_000_000, "0", "Y", "A", "N", "N", "ONE", (Option(tags.MAX_FLOOR, 10),)
)


def ouch_messages(data: bytes) -> None:
    """Read any bytes as a message of a firm and of a venue; what can be read is written again to the same meaning."""
    for decode in (ouch50.decode_inbound, ouch50.decode_outbound):
        with contextlib.suppress(WireError):
            message = decode(data)
            assert decode(ouch50.encode(message)) == message


def message_seeds() -> list[bytes]:
    """One of each kind that has options or texts."""
    return [
        ouch50.encode(ORDER),
        ouch50.encode(ouch50.ReplaceOrder(1, 2, 50, 1_000_100, "0", "Y", "N", "TWO")),
        ouch50.encode(ouch50.MassCancel(3, "RUSH", "SPY", (Option(tags.SIDE, "B"),))),
        ouch50.encode(ouch50.CancelOrder(2, 0)),
        ouch50.encode(ouch50.OrderExecuted(1, 1, 100, 1_000_000, "R", 7)),
        ouch50.encode(ouch50.Rejected(1, 1, 29, "ONE", (Option(99, b"later"),))),
    ]


def fix_sessions(data: bytes) -> None:
    """Say any bytes to a FIX session that is open: it answers with messages that can be read, and gives only whole ones."""
    session = FixSession("US", lambda _sender, _target: MemoryStore())
    session.receive_data(LOGON, NOW)
    for message in session.receive_data(data, NOW):
        assert message.type
    session.beat(NOW)
    reader = FixReader()
    reader.receive_data(session.data_to_send())
    while reader.next_message() is not None:
        pass
    assert reader.garbled == 0


def session_seeds() -> list[bytes]:
    """An order, a request to send again, a gap fill, a logout."""
    kinds = (("D", ((11, "ONE"),)), ("2", ((7, "1"), (16, "0"))), ("4", ((123, "Y"), (36, "9"))), ("5", ()))
    return [encode(kind, (*HEAD, (34, "2"), *fields)) for kind, fields in kinds]
