"""A replay of a stored day under the hands of whoever operates it: where it is, play, pause, seek, step.

Only a data center that plays a day has these; `HANDLERS` are registered there.
"""

from __future__ import annotations

from typing import Any, Final, Literal, cast

import msgspec
from litestar import Response, get, post

from rushtrade.api.access import desk_of
from rushtrade.api.decoding import DecimalText, Whole, documented, read_body
from rushtrade.api.faults import invalid, not_found
from rushtrade.api.trading import Asked, answer
from rushtrade.archive.replay import ReplayControl, ReplayPosition
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import format_instant


class ReplayBody(msgspec.Struct, frozen=True):
    """What a replay is told. `time` is RFC 3339, or HH:MM:SS in New York; `speed` is a multiple, 0 for as fast as possible."""

    action: Literal["play", "pause", "seek", "step"]
    speed: DecimalText | None = None
    time: str = ""
    messages: Whole | None = None


@get("/rushtrade/v1/replay", tags=["replay"])
async def show_replay(request: Asked) -> Response[Any]:
    """Show where the replay is. Needs `read`."""
    desk_of(request).admit(request, "read")
    return answer(_shown(_control(request).position()))


@post("/rushtrade/v1/replay", status_code=200, tags=["replay"], operation_class=documented(body=ReplayBody))
async def steer_replay(request: Asked) -> Response[Any]:
    """Play, pause, seek or step. Needs `operate`."""
    desk_of(request).admit(request, "operate")
    body = read_body(await request.body(), ReplayBody)
    control = _control(request)
    try:
        if body.action == "play":
            found = control.play(None if body.speed is None else float(body.speed))
        elif body.action == "pause":
            found = control.pause()
        elif body.action == "step":
            found = control.step(1 if body.messages is None else int(body.messages))
        else:
            found = control.seek(control.instant(body.time))
    except InvalidInput as error:
        raise invalid(str(error)) from None
    return answer(_shown(found))


def _control(request: Asked) -> ReplayControl:
    control = cast("ReplayControl | None", desk_of(request).ports.replay)
    if control is None:
        raise not_found("nothing is replayed here: rushtrade market replay plays a stored day")
    return control


def _shown(position: ReplayPosition) -> dict[str, object]:
    """Where a replay is, with times in text beside the numbers."""
    shown: dict[str, object] = msgspec.structs.asdict(position)
    for name in ("time", "first", "last"):
        shown[name] = format_instant(int(getattr(position, f"{name}_ns")))
    return shown


HANDLERS: Final = [show_replay, steer_replay]
