"""MoldUDP64 in bulk: a batch of datagrams becomes one run of messages in order. The compiled twin of `moldudp64.MoldReceiver`.

Theory of operation: that of `MoldReceiver`, word for word; the tests hold both to the same answers on any bytes. Every block of a packet is
bounded before it is touched, and with a table of lengths (`lengths`, by first byte) a message must have its type's. What is given out is
copied behind what was given out before, so that messages that follow on lie in one run whatever packets they came in. What is held lies in
an arena, in the order it came; when that is full, what is still held is moved to its front.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from rushtrade.wire.address_kernel import (
    copy_bytes,
    load_be16,
    load_be32,
    load_be64,
    load_i64,
    load_u8,
    load_u32,
    store_i64,
)
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.moldudp64_layout import (
    ARENA,
    ARENA_ROOM,
    ARENA_USED,
    CLAIM,
    CLAIMS,
    END_OF_SESSION,
    ENDED,
    EXPECTED,
    FOREIGN,
    FOREIGN_HIGH,
    FOREIGN_LOW,
    FOREIGN_STREAK,
    GIVEN_UP,
    HEADER_BYTES,
    HELD,
    HELD_BYTES,
    HELD_BYTES_MAX,
    HELD_COUNT,
    HELD_PACKETS_MAX,
    HELD_WORDS,
    HOLES,
    JUMP_MESSAGES_MAX,
    JUMP_WITNESSES,
    LAST_TIME,
    LENGTHS_AT,
    MALFORMED,
    OUT,
    OUT_ROOM,
    OUT_USED,
    PACKETS,
    REPEATS,
    RUN_WORDS,
    RUNS,
    RUNS_COUNT,
    RUNS_ROOM,
    SENT_BELOW,
    SEQUENCE_MAX,
    SESSION_HIGH,
    SESSION_KNOWN,
    SESSION_LOW,
)

ROW_BYTES = 8 * HELD_WORDS
RUN_BYTES = 8 * RUN_WORDS
TIMED_BYTES_MIN = 11
"""A message with a time has at least its header."""


@inner_kernel
def add(place: int, amount: int) -> None:
    """Add to a word."""
    store_i64(place, load_i64(place) + amount)


@inner_kernel
def last_block(begin: int, end: int, count: int, lengths: int) -> int:
    """Where the last of exactly `count` blocks begins between two addresses; 0 when they are not exactly there."""
    at = begin
    last = begin
    for _ in range(count):
        if at + 2 > end:
            return 0
        size = load_be16(at)
        if at + 2 + size > end:
            return 0
        if lengths and (size == 0 or load_i64(lengths + 8 * load_u8(at + 2)) != size):
            return 0
        last = at
        at += 2 + size
    return last if at == end else 0


@inner_kernel
def time_of(block: int, count: int) -> int:
    """Time of day of the message in a block, 0 when it has none."""
    if count == 0 or load_be16(block) < TIMED_BYTES_MIN:
        return 0
    return load_be16(block + 7) << 32 | load_be32(block + 9)


@inner_kernel
def is_ours(state: int, packet: int) -> int:
    """Whether a packet is of our session, which the first packet of all decides."""
    high, low = load_be64(packet), load_be16(packet + 8)
    if load_i64(state + SESSION_KNOWN) == 0:
        return 1
    if high == load_i64(state + SESSION_HIGH) and low == load_i64(state + SESSION_LOW):
        return 1
    same = high == load_i64(state + FOREIGN_HIGH) and low == load_i64(state + FOREIGN_LOW)
    store_i64(state + FOREIGN_STREAK, load_i64(state + FOREIGN_STREAK) + 1 if same else 1)
    store_i64(state + FOREIGN_HIGH, high)
    store_i64(state + FOREIGN_LOW, low)
    add(state + FOREIGN, 1)
    return 0


@inner_kernel
def is_believed(state: int, sequence: int) -> int:
    """Whether a packet's place is one it can have: not far ahead of all others, unless several in a row say so."""
    if sequence < 0 or sequence >= SEQUENCE_MAX:
        return 0
    if sequence - load_i64(state + SENT_BELOW) <= JUMP_MESSAGES_MAX:
        store_i64(state + CLAIMS, 0)
        return 1
    near = abs(sequence - load_i64(state + CLAIM)) <= JUMP_MESSAGES_MAX
    claims = load_i64(state + CLAIMS) + 1 if near else 1
    store_i64(state + CLAIM, sequence)
    store_i64(state + CLAIMS, claims)
    if claims < JUMP_WITNESSES:
        return 0
    store_i64(state + CLAIMS, 0)
    return 1


@inner_kernel
def give(state: int, sequence: int, count: int, begin: int, end: int, time: int) -> None:
    """Give out a packet that reaches the expected number, without what is known of it."""
    expected = load_i64(state + EXPECTED)
    for _ in range(expected - sequence):
        begin += 2 + load_be16(begin)
    left = sequence + count - expected
    used = load_i64(state + OUT_USED)
    copy_bytes(load_i64(state + OUT) + used, begin, end - begin)
    runs = load_i64(state + RUNS_COUNT)
    last = load_i64(state + RUNS) + (runs - 1) * RUN_BYTES
    if runs > 0 and load_i64(last) + load_i64(last + 8) == expected:
        add(last + 8, left)
    else:
        store_i64(last + RUN_BYTES, expected)
        store_i64(last + RUN_BYTES + 8, left)
        store_i64(last + RUN_BYTES + 16, used)
        store_i64(state + RUNS_COUNT, runs + 1)
    store_i64(state + OUT_USED, used + end - begin)
    store_i64(state + EXPECTED, sequence + count)
    if time > 0:
        store_i64(state + LAST_TIME, time)


@inner_kernel
def place_of(state: int, sequence: int) -> int:
    """Index of the first held packet whose first number is not below `sequence`."""
    held = load_i64(state + HELD)
    low, high = 0, load_i64(state + HELD_COUNT)
    while low < high:
        middle = (low + high) >> 1
        if load_i64(held + middle * ROW_BYTES) < sequence:
            low = middle + 1
        else:
            high = middle
    return low


@inner_kernel
def drop_first(state: int, rows: int) -> None:
    """Forget the first rows of what is held."""
    held = load_i64(state + HELD)
    left = load_i64(state + HELD_COUNT) - rows
    for at in range(held, held + left * ROW_BYTES, 8):
        store_i64(at, load_i64(at + rows * ROW_BYTES))
    store_i64(state + HELD_COUNT, left)
    if left == 0:
        store_i64(state + ARENA_USED, 0)


@inner_kernel
def give_held(state: int) -> None:
    """Give out what is held and follows on."""
    held = load_i64(state + HELD)
    rows = 0
    while rows < load_i64(state + HELD_COUNT):
        row = held + rows * ROW_BYTES
        sequence, count = load_i64(row), load_i64(row + 8)
        expected = load_i64(state + EXPECTED)
        if sequence > expected:
            break
        size = load_i64(row + 24)
        if sequence + count > expected:
            begin = load_i64(state + ARENA) + load_i64(row + 16)
            give(state, sequence, count, begin, begin + size, load_i64(row + 32))
        add(state + HELD_BYTES, -size)
        rows += 1
    if rows:
        drop_first(state, rows)


@inner_kernel
def pack_arena(state: int) -> None:
    """Move what is held to the front of the arena: through its second half, which is room for nothing else."""
    arena, half = load_i64(state + ARENA), load_i64(state + ARENA_ROOM)
    held = load_i64(state + HELD)
    used = 0
    for row in range(held, held + load_i64(state + HELD_COUNT) * ROW_BYTES, ROW_BYTES):
        size = load_i64(row + 24)
        copy_bytes(arena + half + used, arena + load_i64(row + 16), size)
        store_i64(row + 16, used)
        used += size
    copy_bytes(arena, arena + half, used)
    store_i64(state + ARENA_USED, used)


@inner_kernel
def hold(state: int, sequence: int, count: int, begin: int, end: int, time: int) -> None:
    """Keep a packet that came too early; a longer one with the same first number takes the shorter one's place."""
    held = load_i64(state + HELD)
    index = place_of(state, sequence)
    row = held + index * ROW_BYTES
    rows = load_i64(state + HELD_COUNT)
    if index < rows and load_i64(row) == sequence:
        if load_i64(row + 8) >= count:
            add(state + REPEATS, 1)
            return
        add(state + HELD_BYTES, -load_i64(row + 24))
        store_i64(row + 24, 0)
    else:
        for at in range(held + rows * ROW_BYTES - 8, row - 8, -8):
            store_i64(at + ROW_BYTES, load_i64(at))
        store_i64(state + HELD_COUNT, rows + 1)
        store_i64(row + 24, 0)
    size = end - begin
    if load_i64(state + ARENA_USED) + size > load_i64(state + ARENA_ROOM):
        pack_arena(state)
    used = load_i64(state + ARENA_USED)
    copy_bytes(load_i64(state + ARENA) + used, begin, size)
    store_i64(row, sequence)
    store_i64(row + 8, count)
    store_i64(row + 16, used)
    store_i64(row + 24, size)
    store_i64(row + 32, time)
    store_i64(state + ARENA_USED, used + size)
    add(state + HELD_BYTES, size)
    while load_i64(state + HELD_COUNT) > HELD_PACKETS_MAX or load_i64(state + HELD_BYTES) > HELD_BYTES_MAX:
        skip(state)


@kernel
def skip(state: int) -> int:
    """Give up on the first hole. Returns the messages given up."""
    behind = load_i64(state + SENT_BELOW)
    if load_i64(state + HELD_COUNT) > 0:
        behind = load_i64(load_i64(state + HELD))
    lost = behind - load_i64(state + EXPECTED)
    if lost <= 0:
        return 0
    add(state + GIVEN_UP, lost)
    store_i64(state + EXPECTED, behind)
    give_held(state)
    return lost


@inner_kernel
def note_sent(state: int, sequence: int, below: int) -> None:
    """Note that numbers up to `below` were sent, this packet beginning with `sequence`."""
    sent = load_i64(state + SENT_BELOW)
    if sequence > sent:
        add(state + HOLES, 1)
    if below > sent:
        store_i64(state + SENT_BELOW, below)


@inner_kernel
def take_one(state: int, packet: int, size: int) -> None:
    """Take one datagram."""
    announced = load_be16(packet + 18) if size >= HEADER_BYTES else 0
    count = 0 if announced == END_OF_SESSION else announced
    begin, end = packet + HEADER_BYTES, packet + size
    last = last_block(begin, end, count, load_i64(state + LENGTHS_AT)) if size >= HEADER_BYTES else 0
    if last == 0:
        add(state + MALFORMED, 1)
        return
    if not is_ours(state, packet):
        return
    sequence = load_be64(packet + 10)
    if not is_believed(state, sequence):
        add(state + MALFORMED, 1)
        return
    store_i64(state + SESSION_HIGH, load_be64(packet))
    store_i64(state + SESSION_LOW, load_be16(packet + 8))
    store_i64(state + SESSION_KNOWN, 1)
    store_i64(state + FOREIGN_STREAK, 0)
    add(state + PACKETS, 1)
    if announced == END_OF_SESSION:
        store_i64(state + ENDED, 1)
    note_sent(state, sequence, sequence + count)
    if count == 0:
        return
    expected = load_i64(state + EXPECTED)
    if sequence + count <= expected:
        add(state + REPEATS, 1)
    elif sequence <= expected:
        give(state, sequence, count, begin, end, time_of(last, count))
        give_held(state)
    else:
        hold(state, sequence, count, begin, end, time_of(last, count))


@kernel
def take(state: int, packets: int, stride: int, sizes: int, sizes_stride: int, begin: int, count: int) -> int:
    """Take datagrams `begin` to `count - 1`, which lie `stride` bytes apart, their sizes (4 bytes) `sizes_stride` apart.

    Returns the first datagram that was not taken: `count`, or less when the output has no room for what may come of the next.
    """
    for index in range(begin, count):
        size = load_u32(sizes + index * sizes_stride)
        room = load_i64(state + OUT_ROOM) - load_i64(state + OUT_USED)
        runs = load_i64(state + RUNS_ROOM) - load_i64(state + RUNS_COUNT)
        if room < size + load_i64(state + HELD_BYTES) or runs < load_i64(state + HELD_COUNT) + 2:
            return index
        take_one(state, packets + index * stride, size)
    return count


@kernel
def holes(state: int, out: int, room: int) -> int:
    """Write the holes known of as (first number, count), in order, at most `room`; returns how many."""
    at = load_i64(state + EXPECTED)
    held = load_i64(state + HELD)
    found = 0
    for row in range(held, held + load_i64(state + HELD_COUNT) * ROW_BYTES, ROW_BYTES):
        sequence = load_i64(row)
        if sequence > at and found < room:
            store_i64(out + found * 16, at)
            store_i64(out + found * 16 + 8, sequence - at)
            found += 1
        at = max(at, sequence + load_i64(row + 8))
    below = load_i64(state + SENT_BELOW)
    if below > at and found < room:
        store_i64(out + found * 16, at)
        store_i64(out + found * 16 + 8, below - at)
        found += 1
    return found
