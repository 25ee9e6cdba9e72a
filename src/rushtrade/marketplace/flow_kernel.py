"""A recorded stream of ITCH 5.0, dealt over the venues of a world and applied to their books.

Theory of operation. A message about an order goes to the venue that a stable hash of the order's reference picks by
the venues' weights; a replaced order stays where it was. One table leads from a recorded reference to venue and order,
for as long as the record believes in the order. Trades of unseen orders and auction prints, which name no order, are
dealt by their match number and by their stock; news about a stock goes to every venue; system events and directory
are dropped, for every venue speaks for itself, and broken trades are, for match numbers are the venues' own.

`deal` walks the bytes until a message lies behind the time asked for, the bytes end, a table is short, or the bytes
make no sense, and leaves the reason in F_STOP. It never reads behind `end`, and takes no length on trust: prefix and
type must agree, or the prefix be 0. Refuses to know files.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.background_kernel import (
    background_add,
    background_cancel,
    background_delete,
    background_execute,
    background_replace,
    background_trade,
    fills_at_risk,
)
from rushtrade.exchange.book_kernel import book_at, free_order
from rushtrade.exchange.listener_kernel import feed_copied
from rushtrade.exchange.matching_kernel import set_clock
from rushtrade.exchange.mixing_kernel import mixed
from rushtrade.exchange.resting_kernel import reprice
from rushtrade.exchange.room_kernel import room, room_at
from rushtrade.exchange.tables import (
    B_PHASE,
    H_MIDNIGHT,
    H_NEXT_MATCH,
    H_ORDERS,
    O_LOCATE,
    O_RECORDED,
    PHASE_HALTED,
    PHASE_TRADING,
)
from rushtrade.exchange.taking_kernel import next_number
from rushtrade.wire.address_kernel import (
    load_be16,
    load_be32,
    load_be64,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_be64,
    store_i64,
)
from rushtrade.wire.compiled import inner_kernel, kernel

# --- header of a flow (byte offsets) ----------------------------------------------------------------------
F_STOP: Final = 0
F_SHORT_VENUE: Final = 8
F_TIME: Final = 16  # of the last message applied, nanoseconds since midnight
F_VENUES: Final = 24  # address of the venues' header addresses
F_VENUE_COUNT: Final = 32
F_SHARES: Final = (
    40  # address of, by the venues' locate: address of the venues' cumulative shares of HASH_SPAN
)
F_LOCATES: Final = 48  # address of: recorded locate -> the venues' locate, 0 = not carried
F_REFERENCES: Final = 56
F_REFERENCES_MASK: Final = 64
F_REFERENCES_USED: Final = 72
F_MESSAGES: Final = 80
F_UNKNOWN: Final = 88  # messages on references never added, or gone
F_NOT_CARRIED: Final = 96  # messages about stocks no venue lists
F_DROPPED: Final = 104  # messages every venue speaks for itself
FLOW_BYTES: Final = 128

# reasons of F_STOP
STOP_DATA: Final = 0
STOP_TIME: Final = 1
STOP_SHORT: Final = 2
STOP_REFERENCES: Final = 3
STOP_FAULT: Final = 4

REFERENCE_BYTES: Final = 16  # recorded reference, then handle * 256 + venue; 0 = free
HASH_SPAN: Final = 1 << 31
PREFIX: Final = 2
HEAD: Final = 11  # type, locate, tracking number, time

_A, _B, _C, _D, _E, _F = 65, 66, 67, 68, 69, 70
_H, _I, _J, _K, _L, _N, _O, _P, _Q, _R, _S = 72, 73, 74, 75, 76, 78, 79, 80, 81, 82, 83
_T, _U, _V, _W, _X, _Y, _h = 84, 85, 86, 87, 88, 89, 104


@inner_kernel
def message_length(letter: int) -> int:
    """Bytes of a message by its type letter; 0 for a letter the protocol does not know."""
    if letter in (_A, _C):
        return 36
    if letter in (_D, _B):
        return 19
    if letter in (_U, _V, _J):
        return 35
    if letter == _E:
        return 31
    if letter == _X:
        return 23
    if letter == _P:
        return 44
    if letter in (_F, _Q):
        return 40
    if letter == _I:
        return 50
    if letter in (_S, _W):
        return 12
    if letter == _R:
        return 39
    if letter == _H:
        return 25
    if letter in (_Y, _N):
        return 20
    if letter == _L:
        return 26
    if letter == _K:
        return 28
    if letter == _h:
        return 21
    if letter == _O:
        return 48
    return 0


@inner_kernel
def complete_length(data: int, position: int, end: int) -> int:
    """Length of the message behind the prefix at `position`; 0 when it is cut off, -1 when it makes no sense."""
    if position + PREFIX + 1 > end:
        return 0
    length = message_length(load_u8(data + position + PREFIX))
    said = load_be16(data + position)
    if length == 0 or (said not in (0, length)):
        return -1
    return length if position + PREFIX + length <= end else 0


@inner_kernel
def message_time(message: int) -> int:
    """Nanoseconds since midnight."""
    return (load_be16(message + 5) << 32) | load_be32(message + 7)


# --- references -------------------------------------------------------------------------------------------


@inner_kernel
def _home(reference: int, mask: int) -> int:
    return mixed(reference) & mask


@inner_kernel
def find_reference(f: int, reference: int) -> int:
    """Address of the entry of a recorded reference, or of the free place where it belongs."""
    table, mask = load_i64(f + F_REFERENCES), load_i64(f + F_REFERENCES_MASK)
    place = _home(reference, mask)
    while True:
        entry = table + place * REFERENCE_BYTES
        if load_i64(entry + 8) == 0 or load_i64(entry) == reference:
            return entry
        place = (place + 1) & mask


@inner_kernel
def add_reference(f: int, reference: int, value: int) -> None:
    """Let a recorded reference lead to an order; a reference given twice leads to the later order."""
    entry = find_reference(f, reference)
    if load_i64(entry + 8) == 0:
        store_i64(f + F_REFERENCES_USED, load_i64(f + F_REFERENCES_USED) + 1)
    store_i64(entry, reference)
    store_i64(entry + 8, value)


@inner_kernel
def remove_reference(f: int, reference: int) -> None:
    """Forget a reference; entries behind it move up, so that every search still ends where it should."""
    table, mask = load_i64(f + F_REFERENCES), load_i64(f + F_REFERENCES_MASK)
    hole = find_reference(f, reference)
    if load_i64(hole + 8) == 0:
        return
    store_i64(f + F_REFERENCES_USED, load_i64(f + F_REFERENCES_USED) - 1)
    place = (hole - table) // REFERENCE_BYTES
    seen = place
    while True:
        seen = (seen + 1) & mask
        entry = table + seen * REFERENCE_BYTES
        if load_i64(entry + 8) == 0:
            break
        if ((seen - _home(load_i64(entry), mask)) & mask) >= ((seen - place) & mask):
            store_i64(table + place * REFERENCE_BYTES, load_i64(entry))
            store_i64(table + place * REFERENCE_BYTES + 8, load_i64(entry + 8))
            place = seen
    store_i64(table + place * REFERENCE_BYTES + 8, 0)


@kernel
def rehash_references(old: int, old_count: int, new: int, new_mask: int) -> None:
    """Carry every reference over to a larger, zeroed table."""
    for i in range(old_count):
        value = load_i64(old + i * REFERENCE_BYTES + 8)
        if value == 0:
            continue
        reference = load_i64(old + i * REFERENCE_BYTES)
        place = _home(reference, new_mask)
        while load_i64(new + place * REFERENCE_BYTES + 8) != 0:
            place = (place + 1) & new_mask
        store_i64(new + place * REFERENCE_BYTES, reference)
        store_i64(new + place * REFERENCE_BYTES + 8, value)


# --- dealing ----------------------------------------------------------------------------------------------


@inner_kernel
def pick_venue(f: int, locate: int, number: int) -> int:
    """The venue that the number of an order (or match, or stock) falls to in a stock: the same one for ever."""
    point = mixed(number) & (HASH_SPAN - 1)
    shares = load_i64(load_i64(f + F_SHARES) + 8 * locate)
    venue = 0
    while load_i64(shares + 8 * venue) <= point:
        venue += 1
    return venue


@inner_kernel
def venue_header(f: int, venue: int) -> int:
    """Address of a venue's header."""
    return load_i64(load_i64(f + F_VENUES) + 8 * venue)


@inner_kernel
def short_venue(f: int, venue: int) -> bool:
    """Say whose table is short; always False, so that it can be returned."""
    store_i64(f + F_STOP, STOP_SHORT)
    store_i64(f + F_SHORT_VENUE, venue)
    return False


@inner_kernel
def tell_venue(f: int, venue: int, message: int, letter: int, locate: int, time: int) -> None:
    """Let one venue pass a message on under its own locate and, for a print, its own match number."""
    h = venue_header(f, venue)
    set_clock(h, load_i64(h + H_MIDNIGHT) + time)
    copy = feed_copied(h, message, message_length(letter), locate)
    if letter == _Q:
        store_be64(copy + 31, next_number(h, H_NEXT_MATCH))
    if letter == _H:
        phase = PHASE_TRADING if load_u8(message + 19) == _T else PHASE_HALTED
        store_i64(book_at(h, locate, 0) + B_PHASE, phase)
        store_i64(book_at(h, locate, 1) + B_PHASE, phase)


@inner_kernel
def pass_on(f: int, message: int, letter: int, locate: int, time: int) -> bool:
    """A message about no order. False when a table is short."""
    if letter in (_S, _R, _B):
        store_i64(f + F_DROPPED, load_i64(f + F_DROPPED) + 1)
        return True
    count = load_i64(f + F_VENUE_COUNT)
    if letter in (_Q, _I, _N, _O, _h):
        venue = pick_venue(f, locate, locate)
        if not room(venue_header(f, venue), 0):
            return short_venue(f, venue)
        tell_venue(f, venue, message, letter, locate, time)
        return True
    for venue in range(count):
        if not room(venue_header(f, venue), 0):
            return short_venue(f, venue)
    for venue in range(count):
        tell_venue(f, venue, message, letter, locate, time)
    return True


@inner_kernel
def room_to_forget(f: int, reference: int) -> bool:
    """Make sure of room for taking out the order a reference leads to. False when a table is short."""
    value = load_i64(find_reference(f, reference) + 8)
    if value and not room(venue_header(f, value & 255), 0):
        return short_venue(f, value & 255)
    return True


@inner_kernel
def forget(f: int, reference: int, time: int) -> None:
    """A reference is given again while its order still stands: the earlier order goes."""
    entry = find_reference(f, reference)
    value = load_i64(entry + 8)
    if value:
        h = venue_header(f, value & 255)
        set_clock(h, load_i64(h + H_MIDNIGHT) + time)
        order = load_i64(h + H_ORDERS) + (value >> 8)
        background_delete(h, order)
        free_order(h, order)
        remove_reference(f, reference)


@inner_kernel
def arrive(f: int, message: int, letter: int, locate: int, time: int) -> bool:
    """A, F: a recorded order. False when a table is short."""
    if 2 * load_i64(f + F_REFERENCES_USED) > load_i64(f + F_REFERENCES_MASK):
        store_i64(f + F_STOP, STOP_REFERENCES)
        return False
    reference, shares = load_be64(message + 11), load_be32(message + 20)
    venue = pick_venue(f, locate, reference)
    h = venue_header(f, venue)
    if not room_at(h, locate, fills_at_risk(h, locate, shares)):
        return short_venue(f, venue)
    if not room_to_forget(f, reference):
        return False
    set_clock(h, load_i64(h + H_MIDNIGHT) + time)
    side = 1 if load_u8(message + 19) == _S else 0
    attribution = load_u32(message + 36) if letter == _F else 0
    forget(f, reference, time)
    order = background_add(h, locate, side, shares, load_be32(message + 32), attribution, reference)
    add_reference(f, reference, (order - load_i64(h + H_ORDERS)) * 256 + venue)
    reprice(h, locate)
    return True


@inner_kernel
def change(f: int, message: int, letter: int, time: int) -> bool:
    """E, C, X, D, U: something happens to a recorded order. False when a table is short."""
    reference = load_be64(message + 11)
    value = load_i64(find_reference(f, reference) + 8)
    if value == 0:
        store_i64(f + F_UNKNOWN, load_i64(f + F_UNKNOWN) + 1)
        return True
    venue = value & 255
    h = venue_header(f, venue)
    order = load_i64(h + H_ORDERS) + (value >> 8)
    shares = 0 if letter == _D else load_be32(message + (27 if letter == _U else 19))
    locate = load_u16(order + O_LOCATE)
    if not room_at(h, locate, fills_at_risk(h, locate, shares)):
        return short_venue(f, venue)
    if letter == _U and not room_to_forget(f, load_be64(message + 19)):
        return False
    set_clock(h, load_i64(h + H_MIDNIGHT) + time)
    if letter == _E and load_i64(book_at(h, locate, 0) + B_PHASE) != PHASE_TRADING:
        letter = _X  # nobody trades in a halt but in a cross (C): who was to be executed has gone
    if letter == _E:
        background_execute(h, order, shares, 0, 0)
    elif letter == _C:
        background_execute(h, order, shares, load_u8(message + 31), load_be32(message + 32))
    elif letter == _X:
        background_cancel(h, order, shares)
    elif letter == _D:
        background_delete(h, order)
    else:
        renamed = load_be64(message + 19)
        remove_reference(f, reference)
        forget(f, renamed, time)
        background_replace(h, order, shares, load_be32(message + 31), renamed)
        add_reference(f, renamed, value)
        reference = renamed
    if load_i64(order + O_RECORDED) == 0:
        free_order(h, order)
        remove_reference(f, reference)
    reprice(h, locate)
    return True


@inner_kernel
def trade(f: int, message: int, locate: int, time: int) -> bool:
    """P: an unseen order was executed. False when a table is short."""
    reference, shares = load_be64(message + 11), load_be32(message + 20)
    venue = pick_venue(f, locate, reference or load_be64(message + 36))
    h = venue_header(f, venue)
    if load_i64(book_at(h, locate, 0) + B_PHASE) != PHASE_TRADING:
        return True
    if not room_at(h, locate, fills_at_risk(h, locate, shares)):
        return short_venue(f, venue)
    set_clock(h, load_i64(h + H_MIDNIGHT) + time)
    side = 1 if load_u8(message + 19) == _S else 0
    background_trade(h, locate, side, shares, load_be32(message + 32))
    reprice(h, locate)
    return True


@inner_kernel
def apply(f: int, message: int, letter: int, time: int) -> bool:
    """Carry out one message. False, with nothing changed, when a table is short."""
    if letter in (_E, _C, _X, _D, _U):
        return change(f, message, letter, time)
    recorded = load_be16(message + 1)
    locate = load_i64(load_i64(f + F_LOCATES) + 8 * recorded)
    if letter in (_V, _W, _S, _B):
        locate = 0  # about the market or about a match, never about a stock
    elif locate == 0:
        store_i64(f + F_NOT_CARRIED, load_i64(f + F_NOT_CARRIED) + 1)
        return True
    if letter in (_A, _F):
        return arrive(f, message, letter, locate, time)
    if letter == _P:
        return trade(f, message, locate, time)
    return pass_on(f, message, letter, locate, time)


@kernel
def deal(f: int, data: int, begin: int, end: int, until: int) -> int:
    """Apply the messages from `begin` up to market time `until`; returns the position of the first one not applied."""
    position = begin
    while True:
        length = complete_length(data, position, end)
        if length <= 0:
            store_i64(f + F_STOP, STOP_FAULT if length < 0 else STOP_DATA)
            return position
        message = data + position + PREFIX
        time = message_time(message)
        if time > until:
            store_i64(f + F_STOP, STOP_TIME)
            return position
        if not apply(f, message, load_u8(message), time):
            return position
        store_i64(f + F_TIME, time)
        store_i64(f + F_MESSAGES, load_i64(f + F_MESSAGES) + 1)
        position += PREFIX + length


@kernel
def survey(data: int, begin: int, end: int, result: int, directory: int, directory_max: int) -> int:
    """Walk messages without applying them; returns the position behind the last whole one.

    `result` is the address of five words: messages seen, first time, last time, 1 when the bytes at the returned
    position make no sense, entries of `directory` used. A directory entry is locate and symbol, 16 bytes.
    """
    position = begin
    while True:
        length = complete_length(data, position, end)
        if length <= 0:
            store_i64(result + 24, 1 if length < 0 else 0)
            return position
        message = data + position + PREFIX
        time = message_time(message)
        if load_i64(result) == 0:
            store_i64(result + 8, time)
        store_i64(result, load_i64(result) + 1)
        store_i64(result + 16, max(time, load_i64(result + 16)))
        used = load_i64(result + 32)
        if load_u8(message) == _R and used < directory_max:
            store_i64(directory + 16 * used, load_be16(message + 1))
            store_i64(directory + 16 * used + 8, load_i64(message + HEAD))
            store_i64(result + 32, used + 1)
        position += PREFIX + length
