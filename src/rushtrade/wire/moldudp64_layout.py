"""Numbers of MoldUDP64, and where a compiled receiver keeps its state: what `moldudp64` and `moldudp64_kernel` share."""

from __future__ import annotations

from typing import Final

HEADER_BYTES: Final = 20
SESSION_BYTES: Final = 10
END_OF_SESSION: Final = 0xFFFF
PACKET_BYTES_MAX: Final = 0xFFFF

HELD_PACKETS_MAX: Final = 4096
"""Packets held behind a hole; with more, the hole is given up: the reader needs a book image by then anyway."""
HELD_BYTES_MAX: Final = 1 << 22
"""Bytes held behind a hole: what as many packets of an Ethernet frame each would take, less the headers."""
JUMP_MESSAGES_MAX: Final = 1 << 24
"""Messages a packet may be ahead of everything known to be sent: half a minute of the busiest feed. One further ahead is a
line joined in the middle of the day, or bytes that were never sent."""
SEQUENCE_MAX: Final = 1 << 62
"""Numbers from here on are no places in any session; a signed word holds all below and their sums."""
JUMP_WITNESSES: Final = 3
"""Packets in a row that must claim such a place before it is believed: one forged number must not end the line."""

STATE: Final = (
    "session_high",
    "session_low",
    "session_known",
    "foreign_high",
    "foreign_low",
    "foreign_streak",
    "expected",
    "sent_below",
    "ended",
    "claim",
    "claims",
    "packets",
    "repeats",
    "holes",
    "given_up",
    "malformed",
    "foreign",
    "held",
    "held_count",
    "held_bytes",
    "arena",
    "arena_room",
    "arena_used",
    "out",
    "out_room",
    "out_used",
    "runs",
    "runs_room",
    "runs_count",
    "lengths",
    "last_time",
)
"""Words of eight bytes. `held`, `arena`, `out`, `runs` and `lengths` are addresses."""

HELD_WORDS: Final = 5
"""A held packet: first number, count, where its messages lie in the arena, their bytes, time of its last message."""
RUN_WORDS: Final = 3
"""A run of messages without a hole: first number, count, where in the output it begins."""

(
    SESSION_HIGH,
    SESSION_LOW,
    SESSION_KNOWN,
    FOREIGN_HIGH,
    FOREIGN_LOW,
    FOREIGN_STREAK,
    EXPECTED,
    SENT_BELOW,
    ENDED,
    CLAIM,
    CLAIMS,
    PACKETS,
    REPEATS,
    HOLES,
    GIVEN_UP,
    MALFORMED,
    FOREIGN,
    HELD,
    HELD_COUNT,
    HELD_BYTES,
    ARENA,
    ARENA_ROOM,
    ARENA_USED,
    OUT,
    OUT_ROOM,
    OUT_USED,
    RUNS,
    RUNS_ROOM,
    RUNS_COUNT,
    LENGTHS_AT,
    LAST_TIME,
) = range(0, 8 * len(STATE), 8)
