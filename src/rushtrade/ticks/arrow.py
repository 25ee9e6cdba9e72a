"""Rows as Arrow: the same integers, with types that say what they are.

Columns of numbers are not copied. Text becomes dictionaries. `symbol` and `venue` are added from the registers, and the trade
date, so that every table can be read alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rushtrade.ticks.schemas import NO_PRICE, PRICE_LIMIT, Column, Schema

PRICE = pa.decimal64(18, 9)
TIME = pa.timestamp("ns")
TEXT = pa.dictionary(pa.int32(), pa.string())
_NUMBERS = {
    "u1": pa.uint8(),
    "u2": pa.uint16(),
    "u4": pa.uint32(),
    "u8": pa.uint64(),
    "i8": pa.int64(),
    "size": pa.int64(),
}

Values = npt.NDArray[Any]
Take = Callable[[str], Values]
"""Gives a column by its name."""


class Registers:
    """Names by number, ready to be looked up a million at a time."""

    def __init__(self, instruments: Mapping[str, int], publishers: Mapping[str, int]) -> None:
        self.instruments = instruments
        self.publishers = publishers
        self.symbols = sorted(instruments)
        """Symbols in the order of their letters: the order rows are sealed in."""
        self.ranks = np.zeros(max(instruments.values(), default=0) + 1, np.int32)
        """Place of an instrument's symbol among `symbols`, plus one; 0 for an instrument without a name."""
        for rank, symbol in enumerate(self.symbols):
            self.ranks[instruments[symbol]] = rank + 1
        self.names = ["", *self.symbols]
        self._venues = [""] * (max(publishers.values(), default=0) + 1)
        for name, number in publishers.items():
            self._venues[number] = name

    def rank(self, numbers: Values) -> Values:
        """Ranks of instruments."""
        known: Values = self.ranks[np.where(numbers < len(self.ranks), numbers, 0)]
        return known

    def venues(self, numbers: Values) -> pa.Array:
        """Names of publishers."""
        known = np.where(numbers < len(self._venues), numbers, 0).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(known), pa.array(self._venues))

    def symbols_of(self, numbers: Values) -> pa.Array:
        """Names of instruments, from a dictionary of just those that occur."""
        ranks = self.rank(numbers)
        low, high = (int(ranks.min()), int(ranks.max())) if len(ranks) else (0, 0)
        return pa.DictionaryArray.from_arrays(
            pa.array((ranks - low).astype(np.int32)), pa.array(self.names[low : high + 1])
        )


def table_schema(schema: Schema) -> pa.Schema:
    """The Arrow schema a schema has in Parquet and SQL: only a price can be missing."""
    types = {"trade_date": pa.date32()}
    if schema.by_symbol:
        types["symbol"] = TEXT
    if any(column.name == "publisher_id" for column in schema.columns):
        types["venue"] = TEXT
    types |= {column.name: _type(column) for column in schema.columns}
    if schema.payload:
        types["payload"] = pa.binary()
    return pa.schema([pa.field(name, kind, nullable=kind == PRICE) for name, kind in types.items()])


def _type(column: Column) -> pa.DataType:
    if column.kind == "price":
        return PRICE
    if column.kind == "time":
        return TIME
    return TEXT if column.kind.startswith("S") else _NUMBERS[column.kind]


def as_table(
    schema: Schema,
    rows: int,
    take: Take,
    registers: Registers,
    trade_date: dt.date,
    payload: pa.Array | None = None,
    ready: Mapping[str, pa.Array] | None = None,
) -> pa.Table:
    """Rows as a table; `take` gives the columns, but those that are `ready`."""
    arrays: list[pa.Array] = []
    made, ready = table_schema(schema), ready or {}
    kinds = {column.name: column for column in schema.columns}
    for name in made.names:
        if name in ready:
            arrays.append(ready[name])
        elif name == "trade_date":
            arrays.append(_constant_date(trade_date, rows))
        elif name == "symbol":
            arrays.append(registers.symbols_of(take("instrument_id")))
        elif name == "venue":
            arrays.append(registers.venues(take("publisher_id")))
        elif name == "payload" and schema.payload:
            arrays.append(payload)
        else:
            arrays.append(as_array(kinds[name], take(name)))
    return pa.Table.from_arrays(arrays, schema=made)


def ready_arrays(
    schema: Schema, rows: int, columns: Mapping[str, Values], registers: Registers, trade_date: dt.date
) -> dict[str, pa.Array]:
    """Some columns of a schema as Arrow, with the trade date, and the names that follow from them."""
    made = {
        column.name: as_array(column, columns[column.name])
        for column in schema.columns
        if column.name in columns
    }
    made["trade_date"] = _constant_date(trade_date, rows)
    if "publisher_id" in columns:
        made["venue"] = registers.venues(columns["publisher_id"])
    if "instrument_id" in columns and schema.by_symbol:
        made["symbol"] = registers.symbols_of(columns["instrument_id"])
    return made


def as_array(column: Column, values: Values) -> pa.Array:
    """A column as Arrow."""
    if column.kind.startswith("S"):
        return _texts(values)
    if column.kind == "price":
        missing = (values >= PRICE_LIMIT) | (values <= -PRICE_LIMIT)
        bits = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
        kept = np.where(missing, 0, values) if bits is not None else np.ascontiguousarray(values)
        return pa.Array.from_buffers(PRICE, len(values), [bits, pa.py_buffer(kept)])
    if column.kind == "time":
        return pa.array(values).view(TIME)
    return pa.array(values)


def _texts(values: Values) -> pa.Array:
    """Text of fixed width as a dictionary; one letter is looked up by its code, more are sorted out."""
    if values.dtype.itemsize == 1:
        codes = np.ascontiguousarray(values).view(np.uint8)
        counts = np.bincount(codes, minlength=256)
        present = np.flatnonzero(counts)
        lookup = np.zeros(256, np.int32)
        lookup[present] = np.arange(len(present))
        letters = [chr(code) if code else "" for code in present.tolist()]
        return pa.DictionaryArray.from_arrays(pa.array(lookup[codes]), pa.array(letters, pa.string()))
    words, places = _distinct(np.ascontiguousarray(values))
    texts = [word.decode("latin-1") for word in words.tolist()]
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(texts, pa.string()))


def _distinct(values: Values) -> tuple[Values, Values]:
    """Distinct words and the place of each row's: two letters are counted, longer words looked up."""
    if values.dtype.itemsize == 2:
        codes = values.view("<u2")
        present = np.flatnonzero(np.bincount(codes))
        lookup = np.zeros(int(present.max(initial=0)) + 1, np.int32)
        lookup[present] = np.arange(len(present))
        words: Values = present.astype("<u2").view("S2")
        return words, lookup[codes] if len(codes) else np.zeros(0, np.int32)
    width = pa.binary(values.dtype.itemsize)
    raw = pa.Array.from_buffers(width, len(values), [None, pa.py_buffer(values)])
    found = raw.dictionary_encode()
    words = np.array(found.dictionary.to_pylist(), values.dtype)
    return words, found.indices.to_numpy()


def _constant_date(trade_date: dt.date, rows: int) -> pa.Array:
    return pa.array(np.full(rows, trade_date.toordinal() - dt.date(1970, 1, 1).toordinal(), np.int32)).view(
        pa.date32()
    )


def prices_as_integers(values: pa.Array) -> Values:
    """Prices of a `decimal(18, 9)` column as integers of a billionth; null is `NO_PRICE`."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    wide = whole.cast(pa.decimal128(18, 9))
    words = np.frombuffer(wide.buffers()[1], np.int64)[2 * wide.offset :: 2][: len(wide)].copy()
    if wide.null_count:
        words[np.asarray(wide.is_null())] = NO_PRICE
    return words
