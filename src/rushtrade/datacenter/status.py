"""What a desk person sees of a data center: one value that says whether the data is good, or exactly why not.

Plain data in whole numbers, the same for the page, `/metrics`, `rushtrade market status` and gateways. Times that are
instants end in `_ns` (UTC), spans in `_ms` or `_us`; -1 is "not known".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from rushtrade.datacenter.alarms import Alarm

LineWord = Literal["live", "gap", "recovering", "stale", "closed"]
BooksWord = Literal["live", "gap", "closed"]
StoreWord = Literal["writing", "sealing", "sealed", "stopped", "none"]
Role = Literal["host", "gateway", "house"]
NOT_KNOWN = -1
LAG_POINTS = 120
"""Points of the small picture of a line's lag: two minutes, one a second."""


class LineStatus(msgspec.Struct, frozen=True):
    """One venue's line. `books` is the state of the venue's books, which quotes depend on."""

    venue: str
    name: str
    kind: str
    state: LineWord
    books: BooksWord
    since_ns: int
    """When `state` began."""
    lag_us: int
    silence_ms: int
    packets: int
    messages: int
    packets_per_second: int
    messages_per_second: int
    missing: int
    """Messages missing now."""
    counts: dict[str, int]
    """Since it was opened, by kind: packets by way (A, B, R), repeats, holes, requests, given up, malformed, images."""
    anomalies: dict[str, int]
    gaps: int
    gap_ms: int
    """How long the books have not been known; 0 while they are."""
    next_sequence: int
    last_time_ns: int
    """Newest source time."""
    fault: str
    ended: bool = False
    """The venue has ended its session and nothing more of it will come."""
    lag_history_us: tuple[int, ...] = ()


class BookStatus(msgspec.Struct, frozen=True):
    """Quotes of all instruments by state."""

    instruments: int
    good: int
    one_sided: int
    locked: int
    crossed: int
    halted: int
    unknown: int
    empty: int
    """Instruments of which nothing was said yet."""
    crossed_longest_ms: int
    crossed_symbol: str


class StoreStatus(msgspec.Struct, frozen=True):
    """The tick store of today."""

    directory: str
    state: StoreWord
    rows: dict[str, int]
    bytes: int
    free_bytes: int
    flush_age_ms: int
    behind_ms: int
    fault: str = ""


class ClientStatus(msgspec.Struct, frozen=True):
    """One client of the streams."""

    name: str
    stream: str
    since_ns: int
    subscriptions: int
    sent: int
    waiting: int
    lag_ms: int
    skipped: int


class FanOutStatus(msgspec.Struct, frozen=True):
    """The way from a host to its gateways; of a gateway, the way from its host."""

    server: str
    connected: bool
    number: int
    """Last message published, or taken."""
    messages: int
    bytes: int
    lag_ms: int
    asked_again: int
    snapshots: int
    gateways: int = 0
    fault: str = ""


class CenterStatus(msgspec.Struct, frozen=True):
    """Everything at one moment."""

    name: str
    role: Role
    good: bool
    verdict: str
    now_ns: int
    market_time_ns: int
    trade_date: str
    started_ns: int
    alarms: Sequence[Alarm]
    lines: Sequence[LineStatus]
    books: BookStatus
    store: StoreStatus | None = None
    clients: Sequence[ClientStatus] = ()
    fan_out: FanOutStatus | None = None


def verdict(lines: Sequence[LineStatus], alarms: Sequence[Alarm], books: BookStatus) -> tuple[bool, str]:
    """Say in one sentence whether the data is good, or exactly why not."""
    bad = [line for line in lines if line.state not in {"live", "closed"} or line.books == "gap"]
    if bad:
        told = "; ".join(f"{line.venue} {_trouble(line)}" for line in bad[:4])
        more = f" and {len(bad) - 4} more" if len(bad) > 4 else ""
        return False, f"Not all data is good: {told}{more}. Quotes of these venues are withheld or marked."
    severe = [alarm for alarm in alarms if alarm.severity == "alarm"]
    if severe:
        return False, f"The books are known, but: {severe[0].text}"
    live = sum(line.state == "live" for line in lines)
    closed = len(lines) - live
    told = f"{live} of {_many(len(lines), 'line')} live" + (
        f", {closed} at the end of the session" if closed else ""
    )
    told = f"The data is good: {told}, {_many(books.instruments, 'instrument')}, no gap open"
    if alarms:
        return True, f"{told}; {_many(len(alarms), 'warning')}: {alarms[0].text}"
    return True, f"{told}."


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _trouble(line: LineStatus) -> str:
    if line.books == "gap":
        since = f" for {line.gap_ms / 1000:.1f} s" if line.gap_ms else ""
        why = f" ({line.fault})" if line.fault else ""
        return f"is in a gap{since}{why}"
    if line.state == "stale":
        return f"is silent for {line.silence_ms / 1000:.1f} s"
    return f"is {line.state}" + (f" ({line.fault})" if line.fault else "")
