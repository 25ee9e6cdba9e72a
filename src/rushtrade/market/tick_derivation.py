"""What follows from stored rows, made before a day is sealed: bars, best quotes, trades with the quote before them, ten levels.

========  ===========================================================================================================
`tbbo`    every trade with its venue's own best bid and ask just before it, every displayed share: from the book, else from its quotes
`bbo`     the national best bid and offer after every change, by the rules of the day: what a market says that hears the packets
`mbp-10`  ten levels of a venue's book after every event that changed them; a row is ten times as wide as one of `mbo`
`ohlcv-*` bars of 1 s, 1 min, 1 h and the day, by the tape's rules
========  ===========================================================================================================

A schema the source brought itself is left as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.archive.feed_synthesis import synthesize
from rushtrade.archive.mbo_kernel import COLUMNS
from rushtrade.archive.mbo_replay import MboReplay, grid_of
from rushtrade.archive.stored_bars import ROUND_LOT, bars_of, standing
from rushtrade.archive.stored_feed import take_checkpoints
from rushtrade.books.book_layout import ASK, BID
from rushtrade.market.stored_best import national_best
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.schemas import BAR_SECONDS, F_LAST, LEVELS, SCHEMAS
from rushtrade.ticks.writer import TickWriter

Values = npt.NDArray[Any]
Rows = npt.NDArray[np.void]
CHUNK_ROWS = 1 << 19
"""Rows of `mbo` read at a time."""
HEAD = ("ts_recv", "ts_event", "publisher_id", "instrument_id", "sequence")
EVENT = (*HEAD, "action", "side", "flags", "price", "size")


def derive_all(writer: TickWriter, *, depth: bool = False) -> None:
    """Make what follows from the durable rows of a writer's part. `depth` asks for `mbp-10`."""
    reader = writer.reader()
    if reader.rows("mbo"):
        _derive_from_orders(writer, reader, depth=depth)
    elif reader.rows("mbp-1"):
        _derive_from_quotes(writer, reader)
    if reader.rows("trades"):
        _derive_bars(writer, reader)
    if reader.rows("feed"):
        take_checkpoints(writer, reader)
    else:
        synthesize(writer, grid_of(_some_prices(reader)), round_lots_of(reader, len(writer.instruments) + 1))
    if not reader.rows("bbo"):
        writer.flush(0)
        for rows in national_best(writer.reader(), writer.instruments, writer.trade_date):
            writer.append("bbo", rows)
            writer.flush(0)


def _derive_bars(writer: TickWriter, reader: ColumnsReader) -> None:
    trades = standing(reader.records("trades"))
    round_lots = round_lots_of(reader, len(writer.instruments) + 1)[trades["instrument_id"]]
    for schema in BAR_SECONDS:
        if not reader.rows(schema):
            writer.append(schema, bars_of(trades, schema, writer.trade_date, round_lots))


def round_lots_of(reader: ColumnsReader, instruments: int) -> Values:
    """Round lots by instrument number, as the directory says."""
    lots = np.full(instruments, ROUND_LOT, np.int64)
    told = reader.column("definition", "min_lot_size_round_lot")
    known = told > 0
    lots[reader.column("definition", "instrument_id")[known]] = told[known]
    return lots


# ---------------------------------------------------------------- from orders


def _derive_from_orders(writer: TickWriter, reader: ColumnsReader, *, depth: bool) -> None:
    grid = grid_of(_some_prices(reader))
    instruments = int(reader.column("mbo", "instrument_id").max())
    publishers = int(reader.column("mbo", "publisher_id").max())
    if not reader.rows("tbbo"):
        replay = MboReplay(publishers, grid, instruments)
        prints = _Prints(reader)
        for begin, columns in _chunks(reader):
            for block in replay.print_rows(columns):
                writer.append("tbbo", prints.add_to(depth_rows(reader, replay, begin, block, "tbbo", 1)))
    if depth and not reader.rows("mbp-10"):
        replay = MboReplay(publishers, grid, instruments)
        shown = replay.shown_room(6 * LEVELS)
        for begin, columns in _chunks(reader):
            for block in replay.depth_rows(columns, LEVELS, shown):
                writer.append("mbp-10", depth_rows(reader, replay, begin, block, "mbp-10", LEVELS))
            writer.flush(0)


def _some_prices(reader: ColumnsReader) -> Values:
    """Every price of an order there is: a grid must hold all of them."""
    prices = reader.column("mbo", "price")
    parts = [np.unique(prices[at : at + CHUNK_ROWS]) for at in range(0, len(prices), CHUNK_ROWS)]
    return np.unique(np.concatenate([prices[:0], *parts]))


def _chunks(reader: ColumnsReader) -> Any:
    for begin in range(0, reader.rows("mbo"), CHUNK_ROWS):
        yield begin, {name: reader.column("mbo", name)[begin : begin + CHUNK_ROWS] for name in COLUMNS}


def depth_rows(
    reader: ColumnsReader, replay: MboReplay, begin: int, block: Values, schema: str, levels: int
) -> Rows:
    """Rows of a schema with levels, from blocks of `MboReplay`."""
    made = SCHEMAS[schema].empty(len(block))
    places = begin + block[:, 0]
    for name in EVENT:
        made[name] = reader.column("mbo", name)[places]
    for level in range(levels):
        for side, title, at in ((BID, "bid", 1), (ASK, "ask", 4)):
            key, size, count = (block[:, 6 * level + at + word] for word in range(3))
            made[f"{title}_px_{level:02}"] = replay.prices(key, size, side)
            made[f"{title}_sz_{level:02}"], made[f"{title}_ct_{level:02}"] = size, count
    return made


class _Prints:
    """What `trades` says of the prints among orders: both have the same ones in the same order, or it says nothing."""

    def __init__(self, reader: ColumnsReader) -> None:
        self._reader = reader
        self._places = np.flatnonzero(reader.column("trades", "action") == b"T")
        self._told = len(self._places) == np.count_nonzero(reader.column("mbo", "action") == b"T")
        self._at = 0

    def add_to(self, made: Rows) -> Rows:
        """Fill in numbers and conditions of the next prints."""
        places = self._places[self._at : self._at + len(made)]
        self._at += len(made)
        if self._told:
            for name in ("size_millionths", "trade_id", "message", "conditions"):
                made[name] = self._reader.column("trades", name)[places]
        made["flags"] |= F_LAST
        return made


# ---------------------------------------------------------------- from quotes


def _derive_from_quotes(writer: TickWriter, reader: ColumnsReader) -> None:
    if reader.rows("trades") and not reader.rows("tbbo"):
        writer.append("tbbo", _trades_with_quotes(reader.records("trades"), reader.records("mbp-1")))


def _trades_with_quotes(trades: Rows, quotes: Rows) -> Rows:
    """Trades beside the latest quote their venue had sent before them."""
    made = SCHEMAS["tbbo"].empty(len(trades))
    for name in SCHEMAS["trades"].dtype.names or ():
        made[name] = trades[name]
    keys = quotes["publisher_id"].astype(np.int64) << 32 | quotes["instrument_id"]
    mine = trades["publisher_id"].astype(np.int64) << 32 | trades["instrument_id"]
    for key in np.unique(mine).tolist():
        theirs, chosen = np.flatnonzero(keys == key), np.flatnonzero(mine == key)
        order = np.argsort(quotes["ts_event"][theirs], kind="stable")
        place = np.searchsorted(quotes["ts_event"][theirs][order], trades["ts_event"][chosen], "left") - 1
        found = place >= 0
        latest = theirs[order[place[found]]]
        for name in ("bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00", "bid_ct_00", "ask_ct_00"):
            made[name][chosen[found]] = quotes[name][latest]
    kept: Rows = made[trades["action"] == b"T"]
    return kept
