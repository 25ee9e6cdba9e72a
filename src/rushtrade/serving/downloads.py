"""`/v1/market/download`: trades, quotes, bars and order-by-order rows of a span, as an Arrow stream or a Parquet file.

Rows come from the tick store, piece by piece, so that neither side holds more than one piece; columns and units are the store's
(docs/tick-store.md). What the caller may not see is not in the file: rows of venues outside their view, whole books without
the right to depth, the last quarter of an hour for a late view.
"""

from __future__ import annotations

import asyncio
import io
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from litestar import Request, Router, get
from litestar.response import Stream

from rushtrade.api.decoding import documented, read_query
from rushtrade.api.faults import FORBIDDEN, ApiFault, busy, not_found
from rushtrade.entitlements.view import ALL_VENUES
from rushtrade.serving.callers import admit, let_in
from rushtrade.serving.history import scopes
from rushtrade.serving.questions import HistoryQuery, bad, read_span, read_symbols

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rushtrade.api.ports import Archive
    from rushtrade.serving.past import Scope

SYMBOLS_MAX: Final = 50
"""Symbols of one file."""
ROWS_MAX: Final = 20_000_000
"""Rows of one file: some 600 MB of Parquet; a longer span is asked for in parts."""
AT_ONCE: Final = 2
"""Files being made at a time: each keeps a core and the store busy."""
SCHEMAS: Final = {"trades": "trades", "quotes": "bbo", "bars": "ohlcv-1m", "mbo": "mbo"}
_KINDS: Final = {"arrow": "application/vnd.apache.arrow.stream", "parquet": "application/vnd.apache.parquet"}
_NO_STORE: Final = "this server keeps no ticks; `rushtrade market up --data DIR` does"


class DownloadQuery(msgspec.Struct, frozen=True):
    """What, whose, of which span, and in which format."""

    symbols: str = ""
    schema: Literal["trades", "quotes", "bars", "mbo"] = "trades"
    start: str = ""
    end: str = ""
    format: Literal["arrow", "parquet"] = "arrow"
    feed: str = ""


class _Part(msgspec.Struct, frozen=True):
    """One symbol's rows."""

    symbol: str
    start_ns: int
    end_ns: int
    venues: int


class _Desk:
    """How many files are being made."""

    busy = 0


@get("/v1/market/download", operation_class=documented(query=DownloadQuery))
async def download(request: Request[Any, Any, Any]) -> Stream:
    """Give rows of a span as a file."""
    query = read_query(request.query_params.multi_items(), DownloadQuery)
    symbols = read_symbols(query.symbols)
    if len(symbols) > SYMBOLS_MAX:
        raise bad(f"{len(symbols)} symbols are too many for a file: {SYMBOLS_MAX} would pass")
    desk, _, wanted = scopes(request, symbols, query.feed)
    archive = desk.ports.archive
    if archive is None:
        raise not_found(_NO_STORE)
    if not wanted:
        raise not_found(f"symbol not found: {symbols[0]!r}")
    span, _, _ = read_span(desk, HistoryQuery(start=query.start, end=query.end), "download")
    schema = SCHEMAS[query.schema]
    parts = [_part(request, scope, query.schema, span.start_ns, span.end_ns) for scope in wanted]
    if _Desk.busy >= AT_ONCE:
        raise busy()
    await _check_size(archive, schema, parts)
    name = f"{query.schema}-{'-'.join(symbols[:3])}{'-and-more' if len(symbols) > 3 else ''}.{query.format}"
    return Stream(
        _file(archive, schema, parts, query.format),
        media_type=_KINDS[query.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _part(request: Request[Any, Any, Any], scope: Scope, kind: str, start_ns: int, end_ns: int) -> _Part:
    """Cut what is asked for down to what the caller may see."""
    venues = scope.mask
    if kind == "mbo":
        desk, actor = admit(request)
        viewer = desk.ports.entitlements.query(actor.watcher)
        venues = viewer.view.depth
        if not venues:
            raise ApiFault(
                HTTPStatus.FORBIDDEN,
                FORBIDDEN,
                viewer.refusal("C", depth=True) or "insufficient subscription",
            )
    elif kind in {"quotes", "bars"} and venues != ALL_VENUES:
        raise ApiFault(
            HTTPStatus.FORBIDDEN,
            FORBIDDEN,
            f"{kind} are made of all venues, and some of them may not be shown to you; trades would pass",
        )
    return _Part(scope.row.symbol, start_ns, min(end_ns, scope.until_ns), venues)


async def _check_size(archive: Archive, schema: str, parts: list[_Part]) -> None:
    rows = 0
    for part in parts:
        rows += await asyncio.to_thread(
            archive.count, schema, part.symbol, part.start_ns, part.end_ns, part.venues
        )
    if rows > ROWS_MAX:
        raise bad(f"{rows:,} rows are too many for a file: {ROWS_MAX:,} would pass; ask for a shorter span")


async def _file(archive: Archive, schema: str, parts: list[_Part], kind: str) -> AsyncIterator[bytes]:
    """Write the file as it is read: a piece is read and written in a thread while the one before is on its way."""
    _Desk.busy += 1
    sink = _Sink()
    writer: Any = None
    try:
        for part in parts:
            pieces = await asyncio.to_thread(_pieces, archive, schema, part)
            for piece in pieces:
                writer = await asyncio.to_thread(_write, writer, sink, piece, kind)
                yield sink.take()
        if writer is not None:
            await asyncio.to_thread(writer.close)
        yield sink.take()
    finally:
        _Desk.busy -= 1


def _pieces(archive: Archive, schema: str, part: _Part) -> list[Callable[[], Any]]:
    return list(archive.table(schema, part.symbol, part.start_ns, part.end_ns, part.venues))


def _write(writer: Any, sink: _Sink, piece: Any, kind: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - loaded by the first download
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = piece()
    table = pa.table({name: _plain(pa, table[name]) for name in table.column_names})
    if writer is None:
        writer = (
            pq.ParquetWriter(sink, table.schema, compression="zstd")
            if kind == "parquet"
            else pa.ipc.new_stream(sink, table.schema)
        )
    writer.write_table(table)
    return writer


def _plain(pa: Any, column: Any) -> Any:
    """Write words out: the dictionaries of two pieces differ, and a stream has one."""
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


class _Sink(io.RawIOBase):
    """Takes what a writer writes, and hands it on in pieces."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        """It is written to."""
        return True

    def tell(self) -> int:
        """How much was written."""
        return self._at

    def write(self, data: Any) -> int:
        """Take bytes."""
        piece = bytes(data)
        self._parts.append(piece)
        self._at += len(piece)
        return len(piece)

    def take(self) -> bytes:
        """Give what was written since the last time."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found


HANDLERS: Final = [Router("/", route_handlers=[download], guards=[let_in])]
