"""Field tables: what a message of a feed holds, and how tables turn many messages at once into columns of events.

A `Layout` is one message: its letters, its length, the action it means, and where the fields lie that become columns. A
`Format` is all messages of a feed. Decoding groups messages by type and copies each group's bytes into records of its
layout, so the work on a message is numpy's. A message of an unknown type, or of a length its type does not have, gives no
row and is counted.

A field is named for the column it fills; besides these there are `time_high` and `time_low` (the 2 and 4 bytes of a time
of 6), `seconds` and `nanoseconds` (a time in two parts), `side` (the feed's letter, `B` buys, `S` sells), and `control` and
`control_original`: a trade's number in ten letters, which becomes `order` or `original`. Digits are that number; other letters become
one above 2^60, six bits a letter.
"""

from __future__ import annotations

import functools
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.feeds.events import EVENT, LOTS, MICRO, NANO, NO_PRICE, SHARES, Bytes, Offsets, Records

Field = tuple[str, int, str]
"""Name, offset in the message, numpy type."""
Turn = tuple[int, dict[str, tuple[str, str]]]
"""Offset of a letter, and which action and state (in ITCH's letters, or empty) a message with this letter there means."""

SIDES = np.full(256, b"N", "S1")
SIDES[ord("B")], SIDES[ord("S")], SIDES[ord("A")] = b"B", b"A", b"A"

_COPIED = ("instrument", "order", "flags", "venue", "time", "symbol", "conditions", "original")


class Layout(msgspec.Struct, frozen=True):
    """One message. `price_unit` and `size_unit` are its units in billionths of a dollar and millionths of a share."""

    size: int
    action: str
    fields: tuple[Field, ...]
    side: str = "N"
    price_unit: int = NANO // 10_000
    size_unit: int = MICRO
    lots: bool = False
    """Whether sizes are in round lots, of which `size_unit` is a millionth."""
    longer: bool = False
    """Whether more bytes may follow: appendages, and fields of later versions."""
    turns: tuple[Turn, ...] = ()
    """Letters that change what a message means; the later of two that apply wins. Every one is also a field `turn` and its place."""
    bits: tuple[tuple[int, str], ...] = ()
    """Sale conditions as the bits of `flags`: each bit and its letter."""

    def record(self) -> np.dtype[np.void]:
        """The layout as a numpy record of just the fields wanted."""
        turns = ((f"turn{place}", at, "S1") for place, (at, _) in enumerate(self.turns))
        names, offsets, kinds = zip(*self.fields, *turns, strict=True)
        return np.dtype(
            {
                "names": list(names),
                "formats": list(kinds),
                "offsets": list(offsets),
                "itemsize": self.size,
            }
        )


class Format(msgspec.Struct, frozen=True, dict=True):
    """All messages of a feed. The letters of a type lie at `type_at`, one or two (`type_letters`) of them.

    `others` is the layout of a message whose type has none: what all messages begin with. Without it such a message is an
    anomaly.
    """

    kind: str
    messages: dict[str, Layout]
    type_at: int = 0
    type_letters: int = 1
    others: Layout | None = None
    from_midnight: bool = False

    @cached_property
    def by_code(self) -> dict[int, Layout]:
        """Layouts by the letters read as one big-endian number."""
        return {
            int.from_bytes(name.encode("latin-1"), "big"): layout for name, layout in self.messages.items()
        }

    def codes(self, data: Bytes, begin: Offsets, size: Offsets) -> Offsets:
        """Letters of messages as numbers; -1 for a message too short to have them."""
        whole = size >= self.type_at + self.type_letters
        at = np.where(whole, begin + self.type_at, 0)
        codes = data[at].astype(np.int64)
        if self.type_letters == 2:
            codes = codes << 8 | data[np.where(whole, at + 1, 0)]
        return np.where(whole, codes, -1)

    def fitting(self, data: Bytes, messages: Records) -> int:
        """How many messages are of a known type and of its length: which format it is, is seen by this."""
        sizes = messages["size"]
        codes = self.codes(data, messages["begin"], sizes)
        fit = 0
        for code, layout in self.by_code.items():
            found = sizes[codes == code]
            fit += int(np.count_nonzero((found >= layout.size) if layout.longer else (found == layout.size)))
        return fit

    def decode(self, data: Bytes, messages: Records) -> tuple[Records, dict[str, int]]:
        """Turn messages into rows of `EVENT`, one a message; the type of a row is empty where it could not be read."""
        rows = np.zeros(len(messages), EVENT)
        anomalies: dict[str, int] = {}
        codes = self.codes(data, messages["begin"], messages["size"])
        for code in np.unique(codes).tolist():
            chosen = np.flatnonzero(codes == code)
            layout = self.by_code.get(code, self.others)
            if layout is None or code < 0:
                anomalies["unknown_type"] = anomalies.get("unknown_type", 0) + len(chosen)
                continue
            sizes = messages["size"][chosen]
            fits = (sizes >= layout.size) if layout.longer else (sizes == layout.size)
            if wrong := int(np.count_nonzero(~fits)):
                anomalies["bad_length"] = anomalies.get("bad_length", 0) + wrong
                chosen = chosen[fits]
            if len(chosen):
                letters = code.to_bytes(self.type_letters, "big")
                _fill(rows, chosen, letters, layout, gather(data, messages["begin"][chosen], layout))
        return rows, anomalies


def gather(data: Bytes, begin: Offsets, layout: Layout) -> Records:
    """Copy messages of one layout out of a buffer, as records."""
    windows = np.lib.stride_tricks.sliding_window_view(data, layout.size)
    found: Records = windows[begin].view(layout.record())[:, 0]
    return found


def _fill(
    rows: Records, chosen: npt.NDArray[np.intp], letters: bytes, layout: Layout, found: Records
) -> None:
    """Write the columns of messages of one layout."""
    names = {name for name, _, _ in layout.fields}
    rows["type"][chosen] = letters
    rows["action"][chosen] = layout.action.encode()
    rows["side"][chosen] = SIDES[found["side"].view(np.uint8)] if "side" in names else layout.side.encode()
    for name in _COPIED:
        if name in names:
            rows[name][chosen] = found[name]
    if "symbol" in names:
        rows["symbol"][chosen] = np.char.rstrip(found["symbol"])
    if "time_high" in names:
        rows["time"][chosen] = found["time_high"].astype(np.int64) << 32 | found["time_low"]
    if "seconds" in names:
        rows["time"][chosen] = found["seconds"].astype(np.int64) * NANO + found["nanoseconds"]
    rows["unit"][chosen] = LOTS if layout.lots else SHARES
    for name, unit in (("price", layout.price_unit), ("size", layout.size_unit)):
        for column in (name, f"ask_{name}"):
            if column in names:
                rows[column][chosen] = _in_units(found[column], unit)
    for name, column in (("control", "order"), ("control_original", "original")):
        if name in names:
            rows[column][chosen] = control_numbers(found[name])
    if layout.bits:
        rows["conditions"][chosen] = _letters_of(layout.bits)[found["flags"]]
    for place, (_, meanings) in enumerate(layout.turns):
        told = found[f"turn{place}"]
        for letter, (action, state) in meanings.items():
            turned = chosen[told == letter.encode("latin-1").rstrip(b"\0")]
            rows["action"][turned] = action.encode()
            rows["flags"][turned] = ord(state) if state else 0


def control_numbers(texts: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint64]:
    """Numbers of trades written in letters; 0 for blanks."""
    words, places = np.unique(texts, return_inverse=True)
    return np.array([_control_number(word) for word in words.tolist()], np.uint64)[places]


def _control_number(text: bytes) -> int:
    text = text.strip(b" \0")
    if text.isdigit() or not text:
        return int(text or b"0")
    number = 1
    for letter in text.ljust(10):
        number = number << 6 | (letter - 32) & 63
    return number


@functools.cache
def _letters_of(bits: tuple[tuple[int, str], ...]) -> npt.NDArray[np.bytes_]:
    """Sale conditions by the flags that mean them."""
    return np.array(["".join(letter for bit, letter in bits if flags & bit) for flags in range(256)], "S4")


def _in_units(values: npt.NDArray[np.integer[Any]], unit: int) -> Offsets:
    """Multiply by a unit; a value beyond what eight bytes hold is `NO_PRICE`, never another value."""
    most = NO_PRICE // unit
    fits = (values <= most) & (values >= -most) if values.dtype.kind == "i" else values <= most
    return np.where(fits, np.where(fits, values, 0).astype(np.int64) * unit, NO_PRICE)
