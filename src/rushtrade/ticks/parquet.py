"""Sealed files written: one Parquet file of a schema, in row groups with statistics, zstd."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rushtrade.ticks.arrow import Registers, as_table, table_schema
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.schemas import Schema
from rushtrade.ticks.sealing import GROUP_ROWS, PAYLOAD_GROUP_BYTES, payload_bounds

ZSTD_LEVEL = 1
"""The quickest: a higher one saves a tenth of the bytes and doubles the time."""
DELTA_COLUMNS = ("ts_recv", "ts_event", "sequence", "order_id", "trade_id")
"""Columns that mostly grow a little from row to row."""

Values = npt.NDArray[Any]
Room = dict[str, Values]
"""Memory by column, as large as it was ever needed."""


def write_file(
    path: Path,
    schema: Schema,
    places: Values,
    reader: ColumnsReader,
    payload: npt.NDArray[np.uint8] | None,
    registers: Registers,
    trade_date: dt.date,
    room: Room,
) -> tuple[int, int]:
    """Write the rows at `places`; give their first and last time. `room` is memory that may be used again and again."""
    made = table_schema(schema)
    few = [field.name for field in made if pa.types.is_dictionary(field.type)]
    few += [column.name for column in schema.columns if column.kind in {"price", "size"}]
    deltas = {name: "DELTA_BINARY_PACKED" for name in DELTA_COLUMNS if name in made.names}
    with pq.ParquetWriter(
        path,
        made,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=[*few, "trade_date"],
        column_encoding=deltas,
        store_schema=False,
        store_decimal_as_integer=True,
        write_statistics=True,
        data_page_size=1 << 20,
    ) as writer:
        columns = {
            column.name: _taken(column.name, reader.column(schema.name, column.name), places, room)
            for column in schema.columns
        }
        bounds = payload_bounds(reader, schema)[places[0] : places[-1] + 2] if schema.payload else None
        for begin, end in _groups(len(places), bounds):
            bytes_of = None
            if bounds is not None and payload is not None:
                bytes_of = _binary(payload, bounds[begin : end + 1])
            part = {name: values[begin:end] for name, values in columns.items()}
            group = as_table(schema, end - begin, part.__getitem__, registers, trade_date, bytes_of)
            writer.write_table(group, row_group_size=end - begin)
        times = columns[schema.time]
        return int(times.min()), int(times.max())


def _taken(name: str, values: Values, places: Values, room: Room) -> Values:
    """Gather values into memory that was used before: fresh pages for every file would take a third of the time."""
    key = f"{name} {values.dtype.str}"
    kept = room.get(key)
    if kept is None or len(kept) < len(places):
        kept = room[key] = np.empty(len(places), values.dtype)
    np.take(values, places, out=kept[: len(places)], mode="clip")
    return kept[: len(places)]


def _groups(rows: int, bounds: Values | None) -> Iterator[tuple[int, int]]:
    """Row groups: so many rows, or so many bytes of payload."""
    if bounds is None:
        yield from ((begin, min(begin + GROUP_ROWS, rows)) for begin in range(0, rows, GROUP_ROWS))
        return
    begin = 0
    while begin < rows:
        end = int(np.searchsorted(bounds, bounds[begin] + PAYLOAD_GROUP_BYTES, "right")) - 1
        end = min(max(end, begin + 1), begin + GROUP_ROWS, rows)
        yield begin, end
        begin = end


def _binary(payload: npt.NDArray[np.uint8], bounds: Values) -> pa.Array:
    """Bytes of rows that lie one behind the other."""
    data = np.ascontiguousarray(payload[bounds[0] : bounds[-1]])
    offsets = (bounds - bounds[0]).astype(np.int32)
    return pa.Array.from_buffers(
        pa.binary(), len(bounds) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
