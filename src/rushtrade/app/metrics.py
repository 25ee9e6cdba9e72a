"""What a running house shows to Prometheus: read from the house when it is asked, so that nothing is counted on the hot path."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from rushtrade.app.runtime import Runtime


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


def house_registry(runtime: Runtime) -> CollectorRegistry:
    """Give the registry that the API serves at /metrics."""
    registry = CollectorRegistry()
    registry.register(HouseCollector(runtime))
    return registry
