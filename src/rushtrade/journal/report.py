"""What `verify` found: how far it read, and every place where the bytes are not those that were written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rushtrade.journal.errors import Fault
    from rushtrade.journal.frame import Position

MAX_FINDINGS: Final = 100
"""Beyond this a journal is not damaged in places, it is lost; reading on would only repeat it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; `seq` 0 when it is not in a frame."""

    seq: int
    fault: Fault
    detail: str

    def __str__(self) -> str:
        return f"seq {self.seq}: {self.fault}: {self.detail}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The outcome of reading a journal from `from_seq` to its end."""

    from_seq: int
    last: Position
    frames: int
    body_bytes: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """True when nothing was found."""
        return not self.findings

    @property
    def stopped_early(self) -> bool:
        """True when reading was given up after `MAX_FINDINGS`."""
        return len(self.findings) >= MAX_FINDINGS

    def lines(self) -> list[str]:
        """Say it in plain lines, for a terminal."""
        verdict = "sound" if self.sound else f"{len(self.findings)} faults"
        head = (
            f"{self.frames} frames from seq {self.from_seq} to {self.last.seq}, {self.body_bytes} bytes, "
            f"epoch {self.last.epoch}, last hash {self.last.hash.hex()}: {verdict}"
        )
        given_up = [f"given up after {MAX_FINDINGS} faults"] if self.stopped_early else []
        return [head, *map(str, self.findings), *given_up]
