"""A MoldUDP64 receiver for many packets at once: `moldudp64.MoldReceiver`, compiled, with its output joined.

Datagrams go in where they lie in memory (`take`); `packets` gives everything that became whole, as one `FeedPacket` for every run of
messages without a hole. Owns the arrays the kernel works on; theory of operation in `moldudp64`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rushtrade.wire import moldudp64_kernel as kernel
from rushtrade.wire.compiled import address_of
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.moldudp64 import (
    REQUEST_MESSAGES_MAX,
    REQUESTS_MAX,
    MoldCounts,
    MoldRequest,
    encode_request,
)
from rushtrade.wire.moldudp64_layout import (
    HELD_BYTES_MAX,
    HELD_PACKETS_MAX,
    HELD_WORDS,
    PACKET_BYTES_MAX,
    RUN_WORDS,
    STATE,
)

OUT_BYTES = HELD_BYTES_MAX + (1 << 22) + PACKET_BYTES_MAX
"""Room for what is given out between two calls of `packets`: all that can be held, and a full batch beside it."""
RUNS_MAX = 2 * HELD_PACKETS_MAX
_PLACE = {name: place for place, name in enumerate(STATE)}
_SESSION_KNOWN, _EXPECTED, _SENT_BELOW, _ENDED = (
    _PLACE[name] for name in ("session_known", "expected", "sent_below", "ended")
)


class MoldStream:
    """One venue's stream of messages, made whole from its lines.

    `lengths` are those of the messages carried, by first byte; a packet with any other is refused. None takes any.
    """

    def __init__(self, venue: int, expected: int = 1, lengths: Mapping[int, int] | None = None) -> None:
        self.venue = venue
        self._words = np.zeros(len(STATE), np.int64)
        self._held = np.zeros((HELD_PACKETS_MAX + 1) * HELD_WORDS, np.int64)
        self._half = HELD_BYTES_MAX + PACKET_BYTES_MAX
        self._arena = np.zeros(2 * self._half, np.uint8)
        self._out = np.zeros(OUT_BYTES, np.uint8)
        self._runs = np.zeros(RUNS_MAX * RUN_WORDS, np.int64)
        self._lengths = np.zeros(256, np.int64)
        for code, size in (lengths or {}).items():
            self._lengths[code] = size
        self._holes = np.zeros(2 * REQUESTS_MAX, np.int64)
        self._one = np.zeros(PACKET_BYTES_MAX, np.uint8)
        self._size = np.zeros(1, np.uint32)
        self._state = address_of(self._words)
        self._checked = lengths is not None
        self.restart(expected)

    def restart(self, expected: int = 1) -> None:
        """Forget the session and everything held; the next packet decides which session it is. Counts stay."""
        kept = {
            name: self._get(name)
            for name in ("packets", "repeats", "holes", "given_up", "malformed", "foreign")
        }
        self._words[:] = 0
        for name in ("held", "arena", "out", "runs"):
            self._put(name, address_of(getattr(self, f"_{name}")))
        self._put("lengths", address_of(self._lengths) if self._checked else 0)
        for name, value in {
            **kept,
            "expected": expected,
            "sent_below": expected,
            "arena_room": self._half,
            "out_room": OUT_BYTES,
            "runs_room": RUNS_MAX,
        }.items():
            self._put(name, value)

    def _get(self, name: str) -> int:
        return int(self._words[_PLACE[name]])

    def _put(self, name: str, value: int) -> None:
        self._words[_PLACE[name]] = value

    # ------------------------------------------------------------ packets in, messages out

    def take(self, packets: int, stride: int, sizes: int, sizes_stride: int, count: int) -> list[FeedPacket]:
        """Take `count` datagrams at an address, `stride` bytes apart, their sizes (4 bytes each) at another.

        Gives what became whole where it was more than there is room for; the rest waits for `packets`.
        """
        given: list[FeedPacket] = []
        taken = kernel.take(self._state, packets, stride, sizes, sizes_stride, 0, count)
        while taken < count:
            given += self.packets()
            taken = kernel.take(self._state, packets, stride, sizes, sizes_stride, taken, count)
        return given

    def receive(self, data: bytes) -> None:
        """Take one datagram."""
        self._one[: len(data)] = np.frombuffer(data, np.uint8)
        self._size[0] = len(data)
        place, size = address_of(self._one), address_of(self._size)
        while not kernel.take(self._state, place, 0, size, 0, 0, 1):
            raise AssertionError("take the packets out before the output is full")

    def packets(self) -> list[FeedPacket]:
        """Give what became whole since the last call, in order: one packet a run of messages without a hole."""
        runs = self._get("runs_count")
        if not runs:
            return []
        rows = self._runs[: runs * RUN_WORDS].reshape(runs, RUN_WORDS).tolist()
        ends = [begin for _, _, begin in rows[1:]] + [self._get("out_used")]
        given = [
            FeedPacket(self.venue, sequence, count, self._out[begin:end].tobytes())
            for (sequence, count, begin), end in zip(rows, ends, strict=True)
        ]
        self._put("runs_count", 0)
        self._put("out_used", 0)
        return given

    def skip_missing(self) -> int:
        """Give up on the first hole. Returns the messages given up; what follows them is in the next `packets`."""
        return int(kernel.skip(self._state))

    # ------------------------------------------------------------ what is known

    @property
    def expected(self) -> int:
        """Number of the message that is given out next."""
        return int(self._words[_EXPECTED])

    @property
    def sent_below(self) -> int:
        """Number the venue will give the next message it sends, as far as is known."""
        return int(self._words[_SENT_BELOW])

    @property
    def ended(self) -> bool:
        """Whether the venue said that its session is over."""
        return bool(self._words[_ENDED])

    @property
    def session(self) -> str:
        """Name of the session, empty before the first packet."""
        if not self._words[_SESSION_KNOWN]:
            return ""
        high, low = self._get("session_high") & (1 << 64) - 1, self._get("session_low")
        return (high.to_bytes(8, "big") + low.to_bytes(2, "big")).decode("latin-1")

    @property
    def counts(self) -> MoldCounts:
        """What was seen so far."""
        return MoldCounts(*(self._get(name) for name in MoldCounts._fields))

    @property
    def malformed(self) -> int:
        """Packets that are none."""
        return self._get("malformed")

    @property
    def foreign(self) -> int:
        """Packets of another session."""
        return self._get("foreign")

    @property
    def foreign_streak(self) -> int:
        """Packets of one other session since the last one of ours."""
        return self._get("foreign_streak")

    @property
    def last_time(self) -> int:
        """Time of day, in nanoseconds, of the newest message given out."""
        return self._get("last_time")

    def has_holes(self) -> bool:
        """Whether any number is missing."""
        return self._get("sent_below") > self._get("expected")

    def missing(self) -> list[tuple[int, int]]:
        """Holes known of, as (first number, count), in order; at most `REQUESTS_MAX`."""
        found = kernel.holes(self._state, address_of(self._holes), REQUESTS_MAX)
        return [(first, count) for first, count in self._holes[: 2 * found].reshape(found, 2).tolist()]

    def requests(
        self, messages_max: int = REQUEST_MESSAGES_MAX, requests_max: int = REQUESTS_MAX
    ) -> list[bytes]:
        """Requests for what is missing, lowest first, none for more than `messages_max` messages."""
        session = self.session
        made: list[bytes] = []
        for first, count in self.missing():
            for at in range(first, first + count, messages_max):
                if len(made) == requests_max:
                    return made
                made.append(encode_request(MoldRequest(session, at, min(messages_max, first + count - at))))
        return made


def load_kernels() -> None:
    """Have the kernels compiled, or fetched from their cache, before the first packet comes."""
    stream = MoldStream(0)
    stream.receive(b"")
    stream.skip_missing()
    stream.missing()
