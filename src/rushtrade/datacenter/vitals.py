"""What is measured for alarms, and by which number: one line here for each kind in `alarms.KINDS`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rushtrade.datacenter.alarms import AlarmBoard
from rushtrade.datacenter.line_meter import LineMeter
from rushtrade.datacenter.status import BookStatus, ClientStatus, FanOutStatus, LineStatus, StoreStatus
from rushtrade.domain.instants import MILLISECOND, MINUTE


class ClockWatch:
    """Sees when somebody sets the machine's clock: it parts from one that is never set."""

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._steps: deque[tuple[int, int]] = deque()

    def step_ms(self, now_ns: int, steady_ns: int) -> int:
        """Give the greatest step of the last minute, in milliseconds; a clock that is slewed gently makes none."""
        offset_ns = now_ns - steady_ns
        if self._offset_ns is not None:
            self._steps.append((steady_ns, abs(offset_ns - self._offset_ns) // MILLISECOND))
        self._offset_ns = offset_ns
        while self._steps and self._steps[0][0] < steady_ns - MINUTE:
            self._steps.popleft()
        return max((step for _, step in self._steps), default=0)


def measure_line(
    board: AlarmBoard, line: LineStatus, meter: LineMeter, now_ns: int, ahead_ms: int = 0
) -> None:
    """Measure one line. `ahead_ms`: how far its source's clock is ahead of ours."""
    board.measure("gap-open", line.name, line.gap_ms, now_ns, line.fault)
    silence = 0 if line.ended else line.silence_ms
    board.measure("line-silent", line.name, silence, now_ns)
    lag = 0 if line.ended else max(line.lag_us, 0) // 1_000
    board.measure("line-lag", line.name, lag, now_ns)
    board.measure("clock-skew", line.name, ahead_ms, now_ns, "The source's time is ahead of this machine's.")
    board.measure("bad-packets", line.name, meter.bad_in_a_minute, now_ns, line.fault)


def measure_books(board: AlarmBoard, books: BookStatus, now_ns: int) -> None:
    """Measure quotes that cannot be."""
    detail = f"{books.crossed:,} instruments are crossed now." if books.crossed > 1 else ""
    board.measure(
        "market-crossed", books.crossed_symbol or "all instruments", books.crossed_longest_ms, now_ns, detail
    )


def measure_store(board: AlarmBoard, store: StoreStatus | None, now_ns: int) -> None:
    """Measure the tick store: room on its disk, rows that wait."""
    if store is None or store.state == "none":
        return
    board.measure("disk-space", store.directory, store.free_bytes, now_ns)
    board.measure("store-behind", store.directory, store.behind_ms, now_ns, store.fault)


def measure_clients(board: AlarmBoard, clients: Sequence[ClientStatus], now_ns: int) -> None:
    """Measure how late clients take their data."""
    for client in clients:
        skipped = f"{client.skipped:,} prints were skipped." if client.skipped else ""
        board.measure("client-lag", client.name, client.lag_ms, now_ns, skipped)


def measure_fan_out(board: AlarmBoard, fan_out: FanOutStatus | None, now_ns: int) -> None:
    """Measure the way to the gateways, or from the host."""
    if fan_out is not None:
        board.measure("fan-out", fan_out.server, fan_out.lag_ms, now_ns, fan_out.fault)
