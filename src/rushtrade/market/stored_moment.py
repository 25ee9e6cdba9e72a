"""How the market of a stock stood at a past instant: every venue's book, the best bid and offer, the montage.

Theory of operation. The stock's stored orders up to and including the instant are replayed into books (`mbo_replay`); of venues
that only quote, the latest quote stands in. Books are then handed as images to a `MarketData` of their own, so that the best bid
and offer and the montage are made by the very rules a running market has. Symbols do not touch each other, so one stock's rows
are enough to be exact. A venue whose line had a hole at the instant is not known, and takes no part, as it did not then.

Prices that are not multiples of $0.0001, or negative ones, cannot be had by a market of stocks: such a moment has books only.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rushtrade.archive.mbo_kernel import COLUMNS
from rushtrade.archive.mbo_replay import Level, MboReplay, StoredOrder, grid_of
from rushtrade.archive.stock_image import fits, image_of
from rushtrade.archive.stored_bars import effects_of, standing
from rushtrade.books.book_layout import ASK, BID
from rushtrade.domain.instants import format_instant
from rushtrade.domain.numbers import format_fine_price, format_price
from rushtrade.market.market_data import MarketData
from rushtrade.market.quotes import MontageRow, Nbbo, VenueTerms
from rushtrade.market.stored_best import QUOTES_ONLY
from rushtrade.rules.new_york import day_at, midnight_ns
from rushtrade.tape.condition_layout import EXTENDED, LAST
from rushtrade.ticks.arrow import prices_as_integers
from rushtrade.ticks.errors import TickStoreError
from rushtrade.ticks.schemas import PRICE_SCALE, SCHEMAS
from rushtrade.ticks.sql import TickSql

DEPTH_MAX = 100
"""Levels a venue and side of a montage."""
TRADE_COLUMNS = (
    "ts_event", "publisher_id", "instrument_id", "sequence", "action", "price", "size", "trade_id", "message", "conditions",
)  # fmt: skip
Values = npt.NDArray[Any]


class VenueMoment(msgspec.Struct, frozen=True):
    """A venue's book. Prices in billionths of a dollar; empty and not `known` when its line had a hole then."""

    venue: str
    known: bool
    bids: list[Level]
    asks: list[Level]
    orders: int
    last_ns: int
    """Time of the last thing the venue said about the stock; 0 for nothing."""


class Moment(msgspec.Struct, frozen=True):
    """A stock's market at an instant. `nbbo` and `montage` are as `MarketData` gives them, in $0.0001; None see above."""

    time_ns: int
    symbol: str
    venues: list[VenueMoment]
    nbbo: Nbbo | None
    montage: list[MontageRow]
    last_price: int
    """Of the last sale, by the tape's rules, in billionths; 0 before the first."""
    queues: dict[str, tuple[list[StoredOrder], list[StoredOrder]]]
    """By venue: every order of bids and asks, best first, in the order of the queues."""


def moment_at(sql: TickSql, time_ns: int, symbol: str, depth: int) -> Moment:
    """Make a moment. Raises TickStoreError when the store has no such stock that day."""
    day = day_at(time_ns)
    columns = _orders(sql, time_ns, symbol)
    quotes = _quotes(sql, time_ns, symbol)
    if not len(columns["action"]) and not quotes.num_rows and not _is_known(sql, symbol, time_ns):
        raise TickStoreError(
            f"the store has nothing of {symbol} on {day}; `rushtrade ticks list` says what it has"
        )
    names = _venues(sql, day.isoformat())
    unknown = _unknown(sql, day.isoformat(), time_ns)
    venues: dict[int, VenueMoment] = {}
    queues: dict[str, tuple[list[StoredOrder], list[StoredOrder]]] = {}
    if len(columns["action"]):
        replay = MboReplay(int(columns["publisher_id"].max()), grid_of(columns["price"]), 1)
        replay.apply(columns)
        for publisher in np.unique(columns["publisher_id"]).tolist():
            venues[publisher], queues[names[publisher]] = _venue(
                replay, publisher, columns, names, depth, known=publisher not in unknown
            )
    for row in quotes.to_pylist():
        if row["publisher_id"] not in venues:
            venues[row["publisher_id"]], queues[names[row["publisher_id"]]] = _quoting(row, names)
    ordered = [venues[publisher] for publisher in sorted(venues)]
    round_lot = _round_lot(sql, time_ns, symbol)
    last_price = _last_price(sql, time_ns, symbol, round_lot)
    quoting = frozenset(names[row["publisher_id"]] for row in quotes.to_pylist())
    trading = _trading(sql, time_ns, symbol)
    data = _market(time_ns, symbol, ordered, queues, round_lot, quoting=quoting, trading=trading)
    nbbo = msgspec.structs.replace(data.nbbo(1), last=last_price // PRICE_SCALE) if data else None
    return Moment(
        time_ns,
        symbol,
        ordered,
        nbbo,
        data.montage(1, min(depth, DEPTH_MAX)) if data else [],
        last_price,
        queues,
    )


def told(moment: Moment) -> dict[str, object]:
    """A moment for JSON: prices as decimal text, null where there is none, and venues by name."""
    names = [venue.venue for venue in moment.venues]
    montage = [
        {"venue": names[row.venue], "side": ("bid", "ask")[row.side], "price": _text(row.price)}
        | {"shares": row.shares, "orders": row.orders}
        for row in moment.montage
    ]
    quote = msgspec.structs.asdict(moment.nbbo) if moment.nbbo else None
    if quote is not None:
        quote |= {name: _text(quote[name]) for name in ("bid", "ask", "last", "odd_bid", "odd_ask")}
        for name in ("bid_venues", "ask_venues"):
            quote[name] = [venue for bit, venue in enumerate(names) if quote[name] >> bit & 1]
    venues = [
        msgspec.structs.asdict(venue)
        | {
            side: [level._asdict() | {"price": format_fine_price(level.price)} for level in levels]
            for side, levels in (("bids", venue.bids), ("asks", venue.asks))
        }
        for venue in moment.venues
    ]
    last = format_fine_price(moment.last_price) if moment.last_price else None
    return {
        "time": format_instant(moment.time_ns),
        "time_ns": moment.time_ns,
        "symbol": moment.symbol,
        "nbbo": quote,
        "venues": venues,
        "montage": montage,
        "last_price": last,
    }


def _text(price: int) -> str | None:
    return format_price(price) if price else None


def _day_of(time_ns: int) -> str:
    return day_at(time_ns).isoformat()


def _orders(sql: TickSql, time_ns: int, symbol: str) -> dict[str, Values]:
    """Columns of the stock's orders until then, in the order of their venues' numbers."""
    table = sql.query(
        f"SELECT {', '.join(COLUMNS)}, sequence, message FROM mbo "  # noqa: S608  - names of our own
        "WHERE symbol = ? AND trade_date = ?::DATE AND ts_event <= make_timestamp_ns(?)",
        [symbol, _day_of(time_ns), time_ns],
    )
    return columns_of(table)


def columns_of(table: pa.Table) -> dict[str, Values]:
    """`mbo` rows as the columns `MboReplay` takes. Of ITCH, rows stand in the order of their numbers."""
    found: dict[str, Values] = {}
    for name in COLUMNS:
        column = table[name]
        if name == "price":
            found[name] = prices_as_integers(column)
        elif name in ("action", "side"):
            letters = column.combine_chunks().cast(pa.string()).fill_null("").to_numpy(zero_copy_only=False)
            found[name] = letters.astype("S1") if len(letters) else np.zeros(0, "S1")
        elif name == "ts_event":
            found[name] = column.cast(pa.int64()).to_numpy()
        elif name == "order_id":
            found[name] = column.to_numpy().view(np.int64)
        else:
            found[name] = column.to_numpy()
    found["instrument_id"] = np.ones(table.num_rows, np.uint32)
    sequence = table["sequence"].to_numpy()
    publisher = found["publisher_id"]
    backwards = (sequence[1:] < sequence[:-1]) & (publisher[1:] == publisher[:-1])
    if backwards.any() and _is_itch(table):
        order = np.lexsort((sequence, publisher))
        found = {name: values[order] for name, values in found.items()}
    return found


def _is_itch(table: pa.Table) -> bool:
    letters = frozenset(table["message"].unique().to_pylist())
    return letters <= frozenset("AFECXDUPQ") and bool(letters & frozenset("DXU"))


def _quotes(sql: TickSql, time_ns: int, symbol: str) -> pa.Table:
    """The latest quote of every venue."""
    return sql.query(
        "SELECT publisher_id, max(ts_event) AS ts, arg_max(bid_px_00, row) AS bid, arg_max(bid_sz_00, row) AS bid_size, "
        "arg_max(ask_px_00, row) AS ask, arg_max(ask_sz_00, row) AS ask_size FROM "
        "(SELECT *, (ts_event, sequence) AS row FROM mbp_1 WHERE symbol = ? AND trade_date = ?::DATE "
        "AND ts_event <= make_timestamp_ns(?)) GROUP BY publisher_id ORDER BY publisher_id",
        [symbol, _day_of(time_ns), time_ns],
    )


def _is_known(sql: TickSql, symbol: str, time_ns: int) -> bool:
    found = sql.query(
        "SELECT (SELECT count(*) FROM mbo WHERE symbol = $1 AND trade_date = $2::DATE)"
        " + (SELECT count(*) FROM mbp_1 WHERE symbol = $1 AND trade_date = $2::DATE)"
        " + (SELECT count(*) FROM definition WHERE symbol = $1 AND trade_date = $2::DATE) AS n",
        [symbol, _day_of(time_ns)],
    )
    return bool(found["n"][0].as_py())


def _venues(sql: TickSql, day: str) -> dict[int, str]:
    """Names of publishers on a day."""
    table = sql.query("SELECT publisher_id, name FROM publishers WHERE trade_date = ?::DATE", [day])
    return dict(zip(table["publisher_id"].to_pylist(), table["name"].to_pylist(), strict=True))


def _unknown(sql: TickSql, day: str, time_ns: int) -> frozenset[int]:
    """Publishers whose line had a hole at an instant: messages are missing, and no image came since."""
    table = sql.query(
        "SELECT publisher_id, kind, sequence, count FROM feed WHERE trade_date = ?::DATE "
        "AND ts_event <= make_timestamp_ns(?)",
        [day, time_ns],
    )
    kinds = table["kind"].cast(pa.string()).to_numpy(zero_copy_only=False)
    publishers, sequences = table["publisher_id"].to_numpy(), table["sequence"].to_numpy()
    ends = sequences + table["count"].to_numpy()
    found = [
        publisher
        for publisher in np.unique(publishers).tolist()
        if has_hole(
            kinds[publishers == publisher], sequences[publishers == publisher], ends[publishers == publisher]
        )
    ]
    return frozenset(found)


def has_hole(kinds: Values, sequences: Values, ends: Values) -> bool:
    """Whether what a line said until now ends behind a hole that no image closed. `kinds` are those of `feed`."""
    taken = kinds != "C"
    kinds, sequences, ends = kinds[taken], sequences[taken], ends[taken]
    expected = np.maximum.accumulate(np.concatenate([[1], ends]))[:-1]
    holes = np.flatnonzero((kinds == "P") & (sequences > expected))
    images = np.flatnonzero(kinds == "I")
    return bool(len(holes)) and (not len(images) or int(images[-1]) < int(holes[-1]))


def _venue(
    replay: MboReplay,
    publisher: int,
    columns: dict[str, Values],
    names: dict[int, str],
    depth: int,
    *,
    known: bool,
) -> tuple[VenueMoment, tuple[list[StoredOrder], list[StoredOrder]]]:
    bids, asks = replay.queue(publisher, 1, BID), replay.queue(publisher, 1, ASK)
    last = int(columns["ts_event"][columns["publisher_id"] == publisher].max())
    if not known:
        return VenueMoment(names[publisher], False, [], [], 0, last), ([], [])
    levels = [replay.depth(publisher, 1, side, depth) for side in (BID, ASK)]
    return VenueMoment(names[publisher], True, levels[0], levels[1], len(bids) + len(asks), last), (
        bids,
        asks,
    )


def _quoting(
    row: dict[str, Any], names: dict[int, str]
) -> tuple[VenueMoment, tuple[list[StoredOrder], list[StoredOrder]]]:
    """A venue that only quotes: one order a side."""
    sides = [
        [StoredOrder(number, int(price * 10**9), size)] if price is not None and size else []
        for number, (price, size) in enumerate(
            ((row["bid"], row["bid_size"]), (row["ask"], row["ask_size"])), 1
        )
    ]
    bids, asks = ([Level(order.price, order.size, 1) for order in side] for side in sides)
    last = int(pa.scalar(row["ts"], pa.timestamp("ns")).value)
    moment = VenueMoment(names[row["publisher_id"]], True, bids, asks, len(bids) + len(asks), last)
    return moment, (sides[0], sides[1])


def _round_lot(sql: TickSql, time_ns: int, symbol: str) -> int:
    found = sql.query(
        "SELECT max(min_lot_size_round_lot) AS lot FROM definition WHERE symbol = ? AND trade_date = ?::DATE "
        "AND ts_event <= make_timestamp_ns(?)",
        [symbol, _day_of(time_ns), time_ns],
    )
    return int(found["lot"][0].as_py() or 100)


def _trading(sql: TickSql, time_ns: int, symbol: str) -> str:
    """Trading state of the stock: the letter of the latest trading action, T before the first."""
    found = sql.query(
        "SELECT arg_max(state, (ts_event, sequence)) AS state FROM status WHERE symbol = ? AND trade_date = ?::DATE "
        "AND message = 'H' AND ts_event <= make_timestamp_ns(?)",
        [symbol, _day_of(time_ns), time_ns],
    )
    return str(found["state"][0].as_py() or "T")


def _last_price(sql: TickSql, time_ns: int, symbol: str, round_lot: int) -> int:
    """Price of the last sale that stood then: neither void nor, by its conditions, without a say in it."""
    table = sql.query(
        f"SELECT {', '.join(TRADE_COLUMNS)} FROM trades "  # noqa: S608  - names of our own
        "WHERE symbol = ? AND trade_date = ?::DATE AND ts_event <= make_timestamp_ns(?) ORDER BY ts_event, sequence",
        [symbol, _day_of(time_ns), time_ns],
    )
    rows = standing(trades_of(table))
    if not len(rows):
        return 0
    rows = rows[np.argsort(rows["ts_event"], kind="stable")]  # what corrects a trade stands at its time
    effects = effects_of(rows, day_at(time_ns), np.full(len(rows), round_lot))
    sets = np.flatnonzero((effects & LAST != 0) & (effects & EXTENDED == 0))
    return int(rows["price"][sets[-1]]) if len(sets) else 0


def trades_of(table: pa.Table) -> npt.NDArray[np.void]:
    """`trades` rows from the columns of a table."""
    rows = SCHEMAS["trades"].empty(table.num_rows)
    for name in TRADE_COLUMNS:
        column = table[name].combine_chunks()
        if name == "price":
            rows[name] = prices_as_integers(column)
        elif pa.types.is_timestamp(column.type):
            rows[name] = column.cast(pa.int64()).to_numpy()
        elif pa.types.is_integer(column.type):
            rows[name] = column.to_numpy()
        else:
            letters = column.cast(pa.string()).fill_null("").to_numpy(zero_copy_only=False)
            rows[name] = [letter.encode("latin-1") for letter in letters.tolist()]
    return rows


def _market(
    time_ns: int,
    symbol: str,
    venues: list[VenueMoment],
    queues: dict[str, tuple[list[StoredOrder], list[StoredOrder]]],
    round_lot: int,
    *,
    quoting: frozenset[str],
    trading: str,
) -> MarketData | None:
    """A market of one stock that holds these books; None when prices or sizes are none a stock can have.

    Quotes of venues that only quote grow old, as they do in `bbo`.
    """
    orders = [order for sides in queues.values() for side in sides for order in side]
    if not venues or any(not fits(order.price, order.size) for order in orders):
        return None
    terms = [QUOTES_ONLY if venue.venue in quoting else VenueTerms() for venue in venues]
    data = MarketData({1: symbol[:8]}, [venue.venue for venue in venues], terms=terms)
    midnight = midnight_ns(day_at(time_ns))
    data.open_day(midnight)
    for number, venue in enumerate(venues):
        since = min(max(venue.last_ns - midnight, 0), (1 << 48) - 1)
        payload = image_of(symbol, queues[venue.venue], since, round_lot, trading=trading)
        if venue.known:
            data.rebuild(number, 1, payload)
        else:
            data.rebuild(number, 1, b"\0")  # nothing anybody can read: the venue is in its gap
    return data
