"""What is normal in a data center: the limits beyond which an alarm is raised, as an operator may set them.

They are configuration, not rules: a line of a test bench may lag for minutes, a line people trade on may not for one second.
A table `[alarms]` in the lines file sets any of them; what it leaves out keeps the default below.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.errors import InvalidInput

_BYTES_MAX = 1 << 50
"""A thousand terabytes: more is a slip of the pen."""
_SECONDS_MAX = 86_400
"""A day: an alarm that waits longer is none."""


class AlarmLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values that still pass. Times in milliseconds unless the name says otherwise."""

    line_silent_ms: int = 5_000
    """Nothing on a line, not even a heartbeat: five heartbeats of MoldUDP64 or SoupBinTCP."""
    line_lag_ms: int = 1_000
    gap_open_ms: int = 3_000
    """From the first number missed until the books are known again; a retransmission takes some 50 ms."""
    clock_skew_ms: int = 500
    """A source's time ahead of ours, or a step of the machine's clock."""
    bad_packets_per_minute: int = 10
    disk_free_bytes: int = 5 << 30
    """Free space on the disk of the tick store; a busy day of the whole market takes more."""
    store_behind_ms: int = 5_000
    """Age of the oldest row that is not on the disk; a flush is due every second."""
    client_lag_ms: int = 5_000
    market_crossed_ms: int = 10_000
    """An instrument whose best bid stood above its best offer for so long has a wrong book somewhere."""
    fan_out_lag_ms: int = 1_000
    """From a packet taken by the host to the same packet taken by a gateway, or a host that cannot publish."""
    clear_after_ms: int = 2_000
    """How long a value must pass again before its alarm is over, so that none flickers."""


def check_limits(limits: AlarmLimits) -> AlarmLimits:
    """Give the limits back; InvalidInput when one of them could never be met or never be missed."""
    for name in AlarmLimits.__struct_fields__:
        value = getattr(limits, name)
        most = _BYTES_MAX if name.endswith("_bytes") else _SECONDS_MAX * 1_000
        if not 0 <= value <= most:
            raise InvalidInput(f"alarms.{name} = {value}; a whole number from 0 to {most:,} would pass")
    return limits
