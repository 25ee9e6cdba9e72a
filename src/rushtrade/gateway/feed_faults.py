"""A line that loses, repeats, reorders, cuts and invents packets and falls silent: so that whoever listens can be tested.

The seed decides what happens when.

Each way has its own chance, drawn in the order of its packets: two ways of one seed lose different packets, as real ones do.
"""

from __future__ import annotations

from random import Random

import msgspec

from rushtrade.domain.errors import InvalidInput

REORDER_MAX = 1000
"""Packets a packet may be late by."""
GARBAGE_BYTES_MAX = 1500
SILENCES_MAX = 100
SECONDS_MAX = 100_000.0


class Silence(msgspec.Struct, frozen=True):
    """Seconds since the first packet between which nothing is sent on a way, A or B; empty for both."""

    begin_s: float
    end_s: float
    way: str = ""


class Faults(msgspec.Struct, frozen=True):
    """Shares of packets lost, repeated, cut short, and preceded by one of random bytes; by how many packets one may be late; silences."""

    loss: float = 0.0
    duplicates: float = 0.0
    reorder: int = 0
    seed: int = 1
    truncated: float = 0.0
    garbage: float = 0.0
    silences: tuple[Silence, ...] = ()

    def check(self) -> None:
        """Refuse what is no share of packets and no silence."""
        shares = {
            "loss": self.loss,
            "dup": self.duplicates,
            "truncate": self.truncated,
            "garbage": self.garbage,
        }
        for name, share in shares.items():
            if not 0 <= share < 1:
                raise InvalidInput(f"--{name} {share} is not a share of packets: 0 to below 1")
        if not 0 <= self.reorder <= REORDER_MAX:
            raise InvalidInput(f"--reorder {self.reorder} is not 0 to {REORDER_MAX} packets")
        if len(self.silences) > SILENCES_MAX:
            raise InvalidInput(
                f"--silence is given {len(self.silences)} times; at most {SILENCES_MAX} are taken"
            )


def silence_of(text: str) -> Silence:
    """Read `BEGIN:END[@WAY]`, in seconds. Raises InvalidInput."""
    span, _, way = text.partition("@")
    begin, _, end = span.partition(":")
    try:
        silence = Silence(float(begin), float(end), way.upper())
    except ValueError:
        silence = Silence(0.0, 0.0)
    if not 0 <= silence.begin_s < silence.end_s <= SECONDS_MAX or silence.way not in {"", "A", "B"}:
        raise InvalidInput(
            f"--silence {text[:40]!r} is not BEGIN:END seconds, such as 5:8, or 5:8@A for one way"
        )
    return silence


class FaultyLine:
    """What becomes of the packets of way number `line`."""

    def __init__(self, faults: Faults, line: int) -> None:
        self._faults = faults
        self._way = "AB"[line % 2]
        self._chance = Random(faults.seed * 1_000_003 + line)  # noqa: S311  - not a secret
        self._late: list[tuple[int, int, bytes]] = []
        self._number = 0
        self.lost = self.repeated = self.delayed = self.silenced = self.cut = self.invented = 0

    def is_silent(self, elapsed_s: float) -> bool:
        """Whether nothing is sent at a moment."""
        return any(
            silence.begin_s <= elapsed_s < silence.end_s and silence.way in {"", self._way}
            for silence in self._faults.silences
        )

    def send(self, packet: bytes, elapsed_s: float = 0.0) -> list[bytes]:
        """Take a packet to send; give the packets to send now."""
        self._number += 1
        chance, faults = self._chance, self._faults
        if chance.random() < faults.loss:
            self.lost += 1
            return self._due()
        if self._faults.silences and self.is_silent(elapsed_s):
            self.silenced += 1 + len(self._late)
            self._late.clear()
            return []
        late = chance.randint(0, faults.reorder) if faults.reorder else 0
        self.delayed += late > 0
        self._late.append((self._number + late, self._number, self._harmed(packet)))
        if chance.random() < faults.duplicates:
            self.repeated += 1
            self._late.append((self._number + late, self._number, packet))
        return self._due()

    def _harmed(self, packet: bytes) -> bytes:
        """A packet cut somewhere, or whole; bytes nobody sent may come before it."""
        chance, faults = self._chance, self._faults
        if faults.garbage and chance.random() < faults.garbage:
            self.invented += 1
            size = chance.randrange(GARBAGE_BYTES_MAX)
            self._late.append((self._number, self._number - 1, chance.randbytes(size)))
        if faults.truncated and chance.random() < faults.truncated:
            self.cut += 1
            return packet[: chance.randrange(len(packet))]
        return packet

    def flush(self) -> list[bytes]:
        """Give what is still on its way."""
        self._number += self._faults.reorder
        return self._due()

    def _due(self) -> list[bytes]:
        due = sorted(entry for entry in self._late if entry[0] <= self._number)
        self._late = [entry for entry in self._late if entry[0] > self._number]
        return [packet for _, _, packet in due]
