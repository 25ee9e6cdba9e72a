"""A line that loses, repeats and reorders packets, so that whoever listens can be tested. The seed decides what happens when.

Each line has its own chance, drawn in the order of its packets: two lines of one seed lose different packets, as real ones do.
"""

from __future__ import annotations

from random import Random

import msgspec

from rushtrade.domain.errors import InvalidInput

REORDER_MAX = 1000
"""Packets a packet may be late by."""


class Faults(msgspec.Struct, frozen=True):
    """Share of packets lost and repeated, and by how many packets one may be late."""

    loss: float = 0.0
    duplicates: float = 0.0
    reorder: int = 0
    seed: int = 1

    def check(self) -> None:
        """Refuse what is no share of packets."""
        for name, share in (("loss", self.loss), ("dup", self.duplicates)):
            if not 0 <= share < 1:
                raise InvalidInput(f"--{name} {share} is not a share of packets: 0 to below 1")
        if not 0 <= self.reorder <= REORDER_MAX:
            raise InvalidInput(f"--reorder {self.reorder} is not 0 to {REORDER_MAX} packets")


class FaultyLine:
    """What becomes of the packets of line number `line`."""

    def __init__(self, faults: Faults, line: int) -> None:
        self._faults = faults
        self._chance = Random(faults.seed * 1_000_003 + line)  # noqa: S311  - not a secret
        self._late: list[tuple[int, int, bytes]] = []
        self._number = 0
        self.lost = self.repeated = self.delayed = 0

    def send(self, packet: bytes) -> list[bytes]:
        """Take a packet to send; give the packets to send now."""
        self._number += 1
        chance, faults = self._chance, self._faults
        if chance.random() < faults.loss:
            self.lost += 1
            return self._due()
        late = chance.randint(0, faults.reorder) if faults.reorder else 0
        self.delayed += late > 0
        self._late.append((self._number + late, self._number, packet))
        if chance.random() < faults.duplicates:
            self.repeated += 1
            self._late.append((self._number + late, self._number, packet))
        return self._due()

    def flush(self) -> list[bytes]:
        """Give what is still on its way."""
        self._number += self._faults.reorder
        return self._due()

    def _due(self) -> list[bytes]:
        due = sorted(entry for entry in self._late if entry[0] <= self._number)
        self._late = [entry for entry in self._late if entry[0] > self._number]
        return [packet for _, _, packet in due]
