"""What a running house shows of itself, to Prometheus and to its desk: read when it is asked, so that nothing is counted on the hot path."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from rushtrade.app.runtime import Runtime
from rushtrade.app.trading_day import StreetDay, TradingDay
from rushtrade.datacenter.center import Center, Others
from rushtrade.datacenter.embedded_lines import EmbeddedLine
from rushtrade.datacenter.status import CenterStatus, ClientStatus
from rushtrade.domain.errors import InvariantBroken
from rushtrade.gateway.line import Line
from rushtrade.market.reference import Listing

LOOK_SECONDS = 1.0
"""Between two looks at the data center."""


class HouseCollector(Collector):
    """Counts of the core, the market and its lines."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterator[Metric]:
        """Give every metric as it is now."""
        day = self._runtime.day
        core, state = day.core, day.core.state
        yield CounterMetricFamily("rushtrade_commands", "Commands decided.", core.next_seq - 1)
        yield GaugeMetricFamily("rushtrade_inbox_commands", "Commands waiting to be decided.", core.waiting)
        yield GaugeMetricFamily("rushtrade_open_orders", "Open parent orders.", len(state.blotter.orders))
        yield GaugeMetricFamily(
            "rushtrade_working_children", "Child orders at venues.", len(state.blotter.children)
        )
        yield GaugeMetricFamily("rushtrade_accounts", "Accounts.", len(state.accounts))
        yield GaugeMetricFamily("rushtrade_market_open", "1 while venues trade.", int(self._runtime.is_open))
        yield GaugeMetricFamily("rushtrade_market_time_seconds", "Market time.", day.clock.now_ns // 10**9)
        yield CounterMetricFamily("rushtrade_flow_messages", "Messages of the order flow.", day.flow.messages)
        yield from self._lines()
        yield from self._routes()

    def _routes(self) -> Iterator[Metric]:
        state = self._runtime.day.core.state
        healthy = GaugeMetricFamily(
            "rushtrade_route_healthy",
            "1 while a venue's answers keep its route in use, 0.5 while a small order tries it.",
            labels=["route"],
        )
        owed = GaugeMetricFamily(
            "rushtrade_route_owed_answers", "Child orders not answered in time.", labels=["route"]
        )
        for route, record in zip(state.desk.routes, state.watch.records, strict=True):
            healthy.add_metric([route.code], 1 - record.health / 2)
            owed.add_metric([route.code], len(record.owed))
        yield from (healthy, owed)

    def _lines(self) -> Iterator[Metric]:
        messages = CounterMetricFamily(
            "rushtrade_line_messages", "Messages taken from a line.", labels=["venue"]
        )
        gaps = CounterMetricFamily("rushtrade_line_gaps", "Gaps met on a line.", labels=["venue"])
        live = GaugeMetricFamily("rushtrade_line_live", "1 while a line's books are known.", labels=["venue"])
        for line in self._runtime.day.house.data.line_states():
            messages.add_metric([line.venue], line.messages)
            gaps.add_metric([line.venue], line.gaps)
            live.add_metric([line.venue], int(line.state == "live"))
        yield from (messages, gaps, live)


class HouseCenter:
    """The data center of a house that trades: its embedded lines on the same page as any other's.

    Looked at when somebody asks, at most once a second.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.clients: Callable[[int], Sequence[ClientStatus]] = lambda _now_ns: ()
        self._runtime = runtime
        self._day = runtime.day
        self._center = _center_of(runtime.day)
        self._looked = -1.0

    def status(self) -> CenterStatus | None:
        """Give the newest look, or take one."""
        now = time.monotonic()
        if self._looked < 0 or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            now_ns = time.time_ns()
            day = self._runtime.day
            if day is not self._day:
                self._day, self._center = day, _center_of(day)
            instruments = day.core.state.instruments.values()
            self._center.symbols = {row.instrument_id: row.symbol for row in instruments}
            store = None if day.recording is None else day.recording.status(now_ns)
            self._center.measure(now_ns, time.monotonic_ns(), Others(self.clients(now_ns), store))
        return self._center.status

    async def quality(self) -> str | None:
        """Judge today's data by what the tick store holds; None where none is written."""
        recording = self._runtime.day.recording
        return None if recording is None else await asyncio.to_thread(recording.judge)


def _center_of(day: TradingDay) -> Center:
    """Give the data center of a day: its lines to exchanges in other processes, or what stands for lines in this one."""
    data = day.house.data
    lines: Sequence[Line] = (
        day.street.lines
        if isinstance(day, StreetDay)
        else [EmbeddedLine(lambda: data, venue, line.venue) for venue, line in enumerate(data.line_states())]
    )
    return Center("house", data, {}, lines, _learn_nothing, trade_date=str(day.trade_date), role="house")


def _learn_nothing(listings: Sequence[Listing]) -> dict[int, str]:
    raise InvariantBroken(f"a house learns no stocks from its own venues, not {listings[0].symbol} either")


def house_registry(runtime: Runtime) -> CollectorRegistry:
    """Give the registry that the API serves at /metrics."""
    registry = CollectorRegistry()
    registry.register(HouseCollector(runtime))
    return registry
