"""The shapes of ticks: which columns each schema has, as numpy records and as Arrow types.

Names and meanings are Databento's where it has them (`mbo`, `mbp-10`, `tbbo`, `trades`, `ohlcv-1m` …), with columns of our own
behind them. Units:

==========  =========================================================================================================
`time`      int64, nanoseconds since the Unix epoch, UTC; Arrow and Parquet `timestamp[ns]` without a zone
`price`     int64, billionths of a dollar; Arrow and Parquet `decimal(18, 9)`, whose bytes are that very integer.
            `NO_PRICE` (the largest int64) is a price that is not there: null in Arrow, Parquet and SQL
`size`      int64, whole shares. Trades have `size_millionths` for what is left of a fractional share
text        bytes of fixed width here, text in Arrow, Parquet and SQL
==========  =========================================================================================================

Every schema but the registers begins with `HEAD`. `ts_event` is the venue's time, `ts_recv` ours; `publisher_id` and
`instrument_id` are numbers of the store (`publishers`, `instruments`), from 1 in the order of first sight; 0 is none, for
`publisher_id` the market as a whole. `sequence` is the number of the message on its venue's line.

Refuses to know files. A schema's number stands in commit records on disk: new ones go to the end.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

NO_PRICE = (1 << 63) - 1
"""The price of nothing, in Databento's way."""
PRICE_LIMIT = 10**18
"""A price has 18 digits: one beyond a billion dollars cannot be kept, and becomes `NO_PRICE`."""
PRICE_SCALE = 100_000
"""Units of a price here in one of the core ($0.0001)."""
LEVELS = 10

F_LAST, F_TOP, F_SNAPSHOT, F_LEVEL = 128, 64, 32, 16
"""Flags, Databento's: last row of its message; top of book; part of an image; a price level, not an order."""
F_NUMBERED = 2
"""A flag of our own, in the bit Databento leaves to publishers: `sequence` of this `tbbo` row is the trade's place in the stream
of all venues, not its venue's line. Rows of imports, and of releases that kept no places, do not have it."""
RUN = b"run"
"""The event of a data center that began to write: `detail` names its numbering (`epoch` of the stream), `first_sequence` is what
is added to a number of it to give `sequence` of its `tbbo` row, `last_sequence` the number it began behind."""


class Column(NamedTuple):
    """A column: its kind is `time`, `price`, `size`, or a numpy type (`u1` … `u8`, `i8`, `S12`)."""

    name: str
    kind: str

    @property
    def dtype(self) -> str:
        """The numpy type."""
        return {"time": "<i8", "price": "<i8", "size": "<i8"}.get(self.kind, self.kind)


class Schema(NamedTuple):
    """A kind of row. Of a `payload` schema every row also has bytes, as many as its column `bytes` says."""

    name: str
    number: int
    columns: tuple[Column, ...]
    by_symbol: bool = True
    payload: bool = False

    @property
    def dtype(self) -> np.dtype[np.void]:
        """A row; always the same object, so that comparing and joining rows costs nothing."""
        return _dtype(self.columns)

    @property
    def time(self) -> str:
        """The column rows are ordered by."""
        return "ts_recv" if self.payload else "ts_event"

    def empty(self, rows: int) -> npt.NDArray[np.void]:
        """Rows of zeros, with no price anywhere."""
        made = np.zeros(rows, self.dtype)
        for column in self.columns:
            if column.kind == "price":
                made[column.name] = NO_PRICE
        return made


@functools.cache
def _dtype(columns: tuple[Column, ...]) -> np.dtype[np.void]:
    return np.dtype([(column.name, column.dtype) for column in columns])


def _columns(text: str) -> tuple[Column, ...]:
    return tuple(Column(*word.split(":")) for word in text.split())


HEAD = _columns("ts_recv:time ts_event:time publisher_id:u2 instrument_id:u4 sequence:i8")
_EVENT = (*HEAD, *_columns("action:S1 side:S1 flags:u1 price:price size:size"))
_PRINT = _columns("size_millionths:u4 trade_id:u8 message:S2 conditions:S4")


def _levels(count: int) -> tuple[Column, ...]:
    return tuple(
        Column(f"{side}_{what}_{level:02}", kind)
        for level in range(count)
        for what, kind in (("px", "price"), ("sz", "size"), ("ct", "u4"))
        for side in ("bid", "ask")
    )


_BEST = tuple(column for column in _levels(1) if "_ct_" not in column.name)
_BAR = (
    *_columns("ts_event:time publisher_id:u2 instrument_id:u4"),
    *_columns("open:price high:price low:price close:price volume:size trades:i8 vwap:price"),
)

SCHEMAS: dict[str, Schema] = {
    schema.name: schema
    for schema in (
        Schema("instruments", 1, _columns("ts_event:time instrument_id:u4 raw_symbol:S16"), by_symbol=False),
        Schema("publishers", 2, _columns("ts_event:time publisher_id:u2 name:S16"), by_symbol=False),
        Schema("mbo", 3, (*_EVENT, *_columns("order_id:u8 message:S2"))),
        Schema("mbp-10", 4, (*_EVENT, *_levels(LEVELS))),
        Schema("mbp-1", 5, (*_EVENT, *_levels(1))),
        Schema("tbbo", 6, (*_EVENT, *_PRINT, *_levels(1))),
        Schema("trades", 7, (*_EVENT, *_PRINT)),
        Schema("bbo", 8, (*HEAD, *_BEST, *_columns("bid_pb_00:u2 ask_pb_00:u2 state:S9"))),
        Schema("ohlcv-1s", 9, _BAR),
        Schema("ohlcv-1m", 10, _BAR),
        Schema("ohlcv-1h", 11, _BAR),
        Schema("ohlcv-1d", 12, _BAR),
        Schema("status", 13, (*HEAD, *_columns("message:S2 state:S4 reason:S4 detail:S96"))),
        Schema(
            "definition",
            14,
            (*HEAD, *_columns("raw_symbol:S16 min_lot_size_round_lot:i8 message:S2 detail:S96")),
        ),
        Schema(
            "imbalance",
            15,
            (
                *HEAD,
                *_columns("ref_price:price cont_book_clr_price:price auct_interest_clr_price:price"),
                *_columns("paired_qty:size total_imbalance_qty:size auction_type:S1 side:S1"),
                *_columns("significant_imbalance:S1"),
            ),
        ),
        Schema(
            "line_events",
            16,
            _columns(
                "ts_event:time publisher_id:u2 line:S24 event:S12 "
                "first_sequence:i8 last_sequence:i8 lag_ns:i8 count:i8 detail:S80"
            ),
            by_symbol=False,
        ),
        Schema(
            "feed",
            17,
            (
                *_columns("ts_recv:time ts_event:time ts_last:time publisher_id:u2 kind:S1"),
                *_columns("sequence:i8 count:i8 bytes:i8"),
            ),
            by_symbol=False,
            payload=True,
        ),
    )
}
"""By name. `mbp-1` are quotes of a venue, `bbo` the best over all venues after every change, `state` as the market calls it.
`tbbo` is a trade with the best quote before it: over all venues as a data center saw it, or the venue's own where a day was
imported of one venue's file; see `F_NUMBERED`. `line_events` is what lines of the data center went through; `skipped`, of
none, says how many rows of `bbo` are missing, `run` see `RUN`. `feed` is
what the lines said, byte for byte, in the order it was taken: kind `P` messages from number `sequence` on, `I` a book image that stands
for all before that number, `C` such an image taken by the store, to begin from; `ts_event` and `ts_last` are its first and last message's."""

REGISTERS = frozenset(["instruments", "publishers"])
"""Names of the numbers in all others."""
BAR_SECONDS = {"ohlcv-1s": 1, "ohlcv-1m": 60, "ohlcv-1h": 3600, "ohlcv-1d": 86_400}
BY_NUMBER = {schema.number: schema for schema in SCHEMAS.values()}


def view_name(schema: str) -> str:
    """How a schema is called in SQL without quotes: `mbp-10` is `mbp_10`."""
    return schema.replace("-", "_")
