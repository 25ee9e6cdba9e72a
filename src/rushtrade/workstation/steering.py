"""The replay of a stored day as a page sees and steers it: `replay` of docs/protocols/workstation.md.

Whoever may operate may steer; everybody is told where it is. Refuses to know how a replay works: it is a port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.workstation.center import in_microseconds
from rushtrade.workstation.refused import Refused, bad_request

if TYPE_CHECKING:
    from rushtrade.workstation.bodies import Steering
    from rushtrade.workstation.pushes import Connection


async def steer(connection: Connection, wanted: Steering) -> dict[str, Any]:
    """Do what the page asks; the answer is where the replay is then."""
    replay = connection.desk.ports.replay
    if replay is None:
        raise bad_request("nothing is replayed here: rushtrade market replay plays a stored day.")
    if "operate" not in connection.actor.permissions:
        raise Refused(0, "not_permitted", "Steering the replay needs the permission operate.")
    try:
        match wanted.action:
            case "play":
                position = replay.play(_speed(wanted.speed))
            case "pause":
                position = replay.pause()
            case "step":
                position = replay.step(int(wanted.messages))
            case "seek":
                if wanted.time_us is None:
                    raise bad_request("seek needs time_us.")
                before = replay.position()
                if before.state == "ended":
                    replay.pause()  # whoever goes back from the end wants to look first
                position = replay.seek(min(max(int(wanted.time_us) * 1_000, before.first_ns), before.last_ns))
    except InvalidInput as error:
        raise bad_request(f"{error}.") from None
    connection.hub.replay_moved()
    return position_view(position)


def _speed(text: str) -> float | None:
    if not text:
        return None
    try:
        speed = 0.0 if text == "max" else float(text)
    except ValueError:
        speed = -1.0
    if not speed >= 0 or (speed == 0 and text != "max"):
        raise bad_request(f"speed {text[:20]!r} is not 'max' or a number above 0.")
    return speed


def position_view(position: Any) -> dict[str, Any]:
    """Write where a replay is: instants in microseconds, the speed as text."""
    view: dict[str, Any] = in_microseconds(msgspec.to_builtins(position))
    return view | {"speed": f"{position.speed:g}" if position.speed else "max"}
