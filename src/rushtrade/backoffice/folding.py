"""Reading the journal: frames in order, event by event, up to the command seq that closes a day.

Every back-office reader is a fold: it names the kinds of events it wants, and is handed each of them once, with the
seq and time of the command that caused it. Readers never ask the running house anything, so a report of a closed day
is the same whenever and wherever it is run.

This module knows how frames nest. It does not know what any event means, except the one that closes a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from rushtrade.domain.errors import InvalidInput, RushTradeError
from rushtrade.domain.events import AnyEvent, DayClosed, Event
from rushtrade.domain.frames import FRAME_FORMAT
from rushtrade.domain.instants import day_from_number, day_number

Handler = Callable[[Any, int, int], None]
"""Takes one event, the seq of its command, and the house's time in nanoseconds."""


class EventEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One journaled command as a reader sees it: what it caused. The command itself stays unread."""

    command: msgspec.Raw
    actor: str
    events: list[AnyEvent]


class EventFrame(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A frame body (`domain.frames.FrameBody`) read for its events alone: a quarter of the work of reading all of it."""

    first_seq: int
    time_ns: int
    entries: list[EventEntry]


_decoder = msgspec.msgpack.Decoder(EventFrame)


def decode_events(body: bytes) -> EventFrame:
    """Read the events of a frame body of the current format; RushTradeError when it is none."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RushTradeError(f"this is no frame body of format {FRAME_FORMAT}: {error}") from None


class Reader(Protocol):
    """Anything that folds events."""

    def handlers(self) -> dict[type[Event], Handler]:
        """Name the kinds of events wanted, and who takes them."""


class DayEnd(msgspec.Struct, frozen=True):
    """A closed trade date: reports of it read the journal up to and including command `seq`."""

    trade_date: dt.date
    seq: int
    time_ns: int


def dispatch_table(readers: Iterable[Reader]) -> dict[type[Event], list[Handler]]:
    """Collect who wants which kind of event; readers are served in the order given."""
    table: dict[type[Event], list[Handler]] = {}
    for reader in readers:
        for kind, handler in reader.handlers().items():
            table.setdefault(kind, []).append(handler)
    return table


def fold(frames: Iterable[EventFrame], *readers: Reader) -> None:
    """Hand all events of all frames to the readers."""
    table = dispatch_table(readers)
    for frame in frames:
        for seq, entry in enumerate(frame.entries, frame.first_seq):
            for event in entry.events:
                for handler in table.get(type(event), ()):
                    handler(event, seq, frame.time_ns)


def fold_to_close(frames: Iterable[EventFrame], trade_date: dt.date, *readers: Reader) -> DayEnd:
    """Hand all events up to the close of `trade_date` to the readers, and say where that was.

    The closing event itself is not handed on: readers that start a new day on `DayClosed` still hold the day asked for.

    Raises:
        InvalidInput: the journal holds no close of that date. The message names the dates it does hold.

    """
    table = dispatch_table(readers)
    wanted = day_number(trade_date)
    closed: list[int] = []
    for frame in frames:
        for seq, entry in enumerate(frame.entries, frame.first_seq):
            found = False
            for event in entry.events:
                if type(event) is DayClosed:
                    closed.append(event.trade_date)
                    if event.trade_date == wanted:
                        found = True
                        continue
                for handler in table.get(type(event), ()):
                    handler(event, seq, frame.time_ns)
            if found:
                return DayEnd(trade_date, seq, frame.time_ns)
    raise InvalidInput(f"{trade_date.isoformat()} is not a closed trade date of these books; {_held(closed)}")


def _held(closed: list[int]) -> str:
    if not closed:
        return "no day has been closed yet"
    first, last = day_from_number(closed[0]).isoformat(), day_from_number(closed[-1]).isoformat()
    return f"closed days: {len(closed)}, from {first} to {last}"
