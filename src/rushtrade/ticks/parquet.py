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

from rushtrade.ticks.arrow import Registers, as_table, ready_arrays, table_schema
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.schemas import Schema
from rushtrade.ticks.sealing import GROUP_ROWS, PAYLOAD_GROUP_BYTES, payload_bounds

ZSTD_LEVEL = 1
"""The quickest: a higher one saves a tenth of the bytes and doubles the time."""
DELTA_COLUMNS = ("ts_recv", "ts_event", "sequence", "order_id", "trade_id")
"""Columns that mostly grow a little from row to row."""
LOOK_ROWS = 1 << 16
"""Rows looked at before a whole column is asked whether it has one value only."""

Values = npt.NDArray[Any]
Room = dict[str, Values]
"""Memory by column, of a row group: what is gathered stays in the processor's cache until it is written."""


class SchemaRows:
    """A schema's live columns on their way into files: looked over once, then only read, by any number of threads."""

    def __init__(
        self, schema: Schema, reader: ColumnsReader, registers: Registers, trade_date: dt.date
    ) -> None:
        self.schema = schema
        self.columns = {each.name: reader.column(schema.name, each.name) for each in schema.columns}
        self.payload = reader.payload(schema.name) if schema.payload else None
        self.bounds = payload_bounds(reader, schema) if schema.payload else None
        self._registers, self._trade_date = registers, trade_date
        rows = min(reader.rows(schema.name), GROUP_ROWS)
        alike = {name: values[:1].repeat(rows) for name, values in self.columns.items() if _one_value(values)}
        self._alike = ready_arrays(schema, rows, alike, registers, trade_date)

    def group(self, places: Values, room: Room) -> pa.Table:
        """The rows at `places` as a table that lives in `room` until the next one does."""

        def take(name: str) -> Values:
            return _taken(name, self.columns[name], places, room)

        payload = None
        if self.payload is not None and self.bounds is not None:
            payload = _binary(self.payload, self.bounds[places[0] : places[-1] + 2])
        ready = {name: array[: len(places)] for name, array in self._alike.items()}
        return as_table(self.schema, len(places), take, self._registers, self._trade_date, payload, ready)


def write_file(path: Path, rows: SchemaRows, places: Values, room: Room) -> tuple[int, int]:
    """Write the rows at `places`; give their first and last time. `room` is memory that may be used again and again."""
    schema, made = rows.schema, table_schema(rows.schema)
    texts = [field.name for field in made if pa.types.is_dictionary(field.type)]
    few = [*texts, *(column.name for column in schema.columns if column.kind in {"price", "size"})]
    deltas = {name: "DELTA_BINARY_PACKED" for name in DELTA_COLUMNS if name in made.names}
    bounds = rows.bounds[places[0] : places[-1] + 2] if rows.bounds is not None else None
    low, high = (1 << 63) - 1, -(1 << 63)
    with pq.ParquetWriter(
        path,
        made,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=[*few, "trade_date"],
        column_encoding=deltas,
        store_schema=False,
        store_decimal_as_integer=True,
        write_statistics=[name for name in made.names if name not in texts or name == "symbol"],
        data_page_size=1 << 20,
    ) as writer:
        for begin, end in _groups(len(places), bounds):
            table = rows.group(places[begin:end], room)
            writer.write_table(table, row_group_size=end - begin)
            times = table[schema.time].chunk(0).cast(pa.int64()).to_numpy()
            low, high = min(low, int(times.min())), max(high, int(times.max()))
    return low, high


def _one_value(values: Values) -> bool:
    """Whether a column says the same in every row."""
    first = values[:1]
    return bool((values[:LOOK_ROWS] == first).all() and (values == first).all())


def _taken(name: str, values: Values, places: Values, room: Room) -> Values:
    """Gather values into memory that was used before."""
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
