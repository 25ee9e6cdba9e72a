"""What a data center shows to Prometheus: the newest look at it, so that nothing is counted on the hot path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from rushtrade.datacenter.alarms import KINDS
from rushtrade.datacenter.status import (
    NOT_KNOWN,
    BookStatus,
    CenterStatus,
    ClientStatus,
    FanOutStatus,
    LineStatus,
    StoreStatus,
)

_LINE_STATES = ("live", "gap", "recovering", "stale", "closed")


class CenterCollector(Collector):
    """Lines, books, store, clients, fan-out and alarms of one data center."""

    def __init__(self, status: Callable[[], CenterStatus | None]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Give every metric as it was at the newest look."""
        status = self._status()
        if status is None:
            return
        yield GaugeMetricFamily("rushtrade_data_good", "1 while all data is good.", int(status.good))
        yield GaugeMetricFamily(
            "rushtrade_market_time_seconds", "Newest source time.", status.market_time_ns / 1e9
        )
        yield _alarms(status)
        yield from _lines(status.lines)
        yield from _books(status.books)
        if status.store is not None:
            yield from _store(status.store)
        yield from _clients(status.clients)
        if status.fan_out is not None:
            yield from _fan_out(status.fan_out)


def _alarms(status: CenterStatus) -> Metric:
    """Every kind, also those that are off: a query must not miss one that was never on."""
    found = GaugeMetricFamily("rushtrade_alarms", "Alarms that are on.", labels=["alarm"])
    for code in KINDS:
        found.add_metric([code], sum(alarm.code == code for alarm in status.alarms))
    return found


def _lines(lines: Sequence[LineStatus]) -> Iterator[Metric]:
    gauges: dict[str, tuple[str, Callable[[LineStatus], float]]] = {
        "lag_seconds": ("Newest message's lag against its source.", lambda line: line.lag_us / 1e6),
        "silence_seconds": ("Time since anything was heard.", lambda line: line.silence_ms / 1e3),
        "gap_seconds": ("How long the books have not been known.", lambda line: line.gap_ms / 1e3),
        "messages_per_second": ("Messages in the last second.", lambda line: line.messages_per_second),
        "packets_per_second": ("Packets in the last second.", lambda line: line.packets_per_second),
        "live": ("1 while the line is live and its books are known.", lambda line: line.state == "live"),
    }
    for name, (text, read) in gauges.items():
        family = GaugeMetricFamily(f"rushtrade_line_{name}", text, labels=["venue", "line"])
        for line in lines:
            if name != "lag_seconds" or line.lag_us != NOT_KNOWN:
                family.add_metric([line.venue, line.name], float(read(line)))
        yield family
    states = GaugeMetricFamily("rushtrade_line_state", "1 for the state it is in.", labels=["venue", "state"])
    counts = CounterMetricFamily(
        "rushtrade_line_events", "What happened on a line.", labels=["venue", "kind"]
    )
    anomalies = CounterMetricFamily(
        "rushtrade_line_anomalies", "Messages that contradict the books.", labels=["venue", "kind"]
    )
    messages = CounterMetricFamily("rushtrade_line_messages", "Messages taken from a line.", labels=["venue"])
    gaps = CounterMetricFamily("rushtrade_line_gaps", "Gaps met on a line.", labels=["venue"])
    for line in lines:
        for state in _LINE_STATES:
            states.add_metric([line.venue, state], float(line.state == state))
        for kind, count in line.counts.items():
            counts.add_metric([line.venue, kind.replace(" ", "_")], count)
        for kind, count in line.anomalies.items():
            anomalies.add_metric([line.venue, kind], count)
        messages.add_metric([line.venue], line.messages)
        gaps.add_metric([line.venue], line.gaps)
    yield from (states, counts, anomalies, messages, gaps)


def _books(books: BookStatus) -> Iterator[Metric]:
    found = GaugeMetricFamily(
        "rushtrade_quotes", "Instruments by the state of their quote.", labels=["state"]
    )
    for state in ("good", "one_sided", "locked", "crossed", "halted", "unknown", "empty"):
        found.add_metric([state], getattr(books, state))
    yield found
    yield GaugeMetricFamily(
        "rushtrade_crossed_longest_seconds", "Longest time crossed now.", books.crossed_longest_ms / 1e3
    )


def _store(store: StoreStatus) -> Iterator[Metric]:
    rows = CounterMetricFamily("rushtrade_tick_rows", "Durable rows of today.", labels=["schema"])
    for schema, count in store.rows.items():
        rows.add_metric([schema], count)
    yield rows
    yield GaugeMetricFamily("rushtrade_tick_bytes", "Size of today's store.", store.bytes)
    yield GaugeMetricFamily("rushtrade_tick_disk_free_bytes", "Free space on its disk.", store.free_bytes)
    yield GaugeMetricFamily(
        "rushtrade_tick_behind_seconds", "Age of the oldest row not durable.", store.behind_ms / 1e3
    )
    if store.flush_age_ms != NOT_KNOWN:
        yield GaugeMetricFamily(
            "rushtrade_tick_flush_age_seconds", "Time since the last flush.", store.flush_age_ms / 1e3
        )


def _clients(clients: Sequence[ClientStatus]) -> Iterator[Metric]:
    """By stream, not by client: their number is bounded, their names are not."""
    count = GaugeMetricFamily("rushtrade_clients", "Clients of the streams.", labels=["stream"])
    lag = GaugeMetricFamily("rushtrade_client_lag_seconds", "Greatest lag of a client.", labels=["stream"])
    skipped = GaugeMetricFamily(
        "rushtrade_client_skipped", "Prints clients there now have skipped.", labels=["stream"]
    )
    for stream in sorted({client.stream for client in clients}):
        of_stream = [client for client in clients if client.stream == stream]
        count.add_metric([stream], len(of_stream))
        lag.add_metric([stream], max(client.lag_ms for client in of_stream) / 1e3)
        skipped.add_metric([stream], sum(client.skipped for client in of_stream))
    yield from (count, lag, skipped)


def _fan_out(fan_out: FanOutStatus) -> Iterator[Metric]:
    yield GaugeMetricFamily("rushtrade_fan_out_connected", "1 while NATS answers.", int(fan_out.connected))
    yield GaugeMetricFamily("rushtrade_fan_out_lag_seconds", "Lag of the fan-out.", fan_out.lag_ms / 1e3)
    yield CounterMetricFamily("rushtrade_fan_out_messages", "Messages of the fan-out.", fan_out.messages)
    yield CounterMetricFamily("rushtrade_fan_out_bytes", "Bytes of the fan-out.", fan_out.bytes)
    yield CounterMetricFamily(
        "rushtrade_fan_out_asked_again", "Requests for what was missed.", fan_out.asked_again
    )
    yield CounterMetricFamily("rushtrade_fan_out_snapshots", "Snapshots given or taken.", fan_out.snapshots)
    yield GaugeMetricFamily("rushtrade_fan_out_gateways", "Gateways that follow.", fan_out.gateways)


def center_registry(status: Callable[[], CenterStatus | None]) -> CollectorRegistry:
    """Give the registry that the API serves at /metrics."""
    registry = CollectorRegistry()
    registry.register(CenterCollector(status))
    return registry
