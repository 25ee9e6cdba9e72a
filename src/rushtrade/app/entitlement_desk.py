"""Subscribers' files of a running house, and the month's usage report read from its journal beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from rushtrade.api.entitlement_ports import Watcher
from rushtrade.app.entitlements_port import EntitlementsPort
from rushtrade.backoffice.folding import Reader, decode_events, dispatch_table
from rushtrade.domain.data_products import DataUse
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.frames import FRAME_FORMAT
from rushtrade.entitlements.statement import (
    ProductLine,
    SubscriberFile,
    SubscriberLine,
    file_of,
    line_of,
    product_lines,
)
from rushtrade.entitlements.usage_report import UsageFold, UsageReport
from rushtrade.journal.reader import SqliteReader


def read_usage(journal: Path, month: int) -> UsageReport:
    """Fold a journal into a month's usage report. The house may be running."""
    fold = UsageFold(month)
    return fold.report(read_frames(journal, fold)[0])


def read_frames(journal: Path, reader: Reader) -> tuple[int, int]:
    """Hand all events of a journal to a reader; give the last command's seq, and the house's time."""
    table = dispatch_table([reader])
    seq = now_ns = 0
    with SqliteReader(journal) as frames:
        for frame in frames.frames():
            if frame.format != FRAME_FORMAT:
                raise RushTradeError(
                    f"frame {frame.seq} has format {frame.format}; this release reads {FRAME_FORMAT}"
                )
            body = decode_events(frame.body)
            now_ns = body.time_ns
            for seq, entry in enumerate(body.entries, body.first_seq):
                for event in entry.events:
                    for handler in table.get(type(event), ()):
                        handler(event, seq, now_ns)
    return seq, now_ns


class EntitlementFiles:
    """`api.entitlement_ports.EntitlementDesk` over a running register and its journal."""

    def __init__(
        self, port: EntitlementsPort, journal: Path, texts: Mapping[tuple[str, int], str] | None = None
    ) -> None:
        self._port = port
        self._journal = journal
        self._texts = dict(texts or {})

    def subscriber_id(self, watcher: Watcher) -> int:
        """Find who somebody is; 0 = not on the register."""
        return self._port.subscriber_id(watcher)

    def file(self, subscriber_id: int) -> SubscriberFile | None:
        """Give a subscriber's file, with what each product of the running market is to them."""
        register, now_ns = self._port.register, self._port.now_ns()
        subscriber = register.subscribers.get(subscriber_id)
        if subscriber is None:
            return None
        rights = self._port.coverage.rights(register, subscriber_id, DataUse.DISPLAY, now_ns)
        return file_of(register, subscriber, rights, now_ns, self._texts)

    def subscribers(self) -> Sequence[SubscriberLine]:
        """List every subscriber."""
        register, now_ns = self._port.register, self._port.now_ns()
        return [line_of(register, subscriber, now_ns) for subscriber in register.subscribers.values()]

    def products(self) -> Sequence[ProductLine]:
        """List the price list."""
        register = self._port.register
        carried = frozenset(product.code for product in self._port.coverage.products(register))
        return product_lines(register, carried, self._port.now_ns())

    async def usage(self, month: int) -> UsageReport:
        """Read the report in a thread: a journal of a year takes some seconds."""
        await self._port.flush()
        return await asyncio.to_thread(read_usage, self._journal, month)
