"""How a request of a workstation is refused: code, name of the reason, a whole sentence for the page to show whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rushtrade.domain.rejects import RejectReason


class Refused(Exception):  # noqa: N818 - a word of the protocol
    """A request is refused: code, name of the reason, whole sentence."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message


def refused_by_house(reason: RejectReason, text: str) -> Refused:
    """A command was decided, and the answer is no."""
    return Refused(int(reason), reason.name, text)


def bad_request(message: str) -> Refused:
    """The request itself is at fault."""
    return Refused(0, "bad_request", message)
