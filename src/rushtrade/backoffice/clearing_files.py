"""Close of day for the clearing firm: a trade file, a position file and a cash file, with a manifest over them.

We are a fully disclosed introducing firm: the clearing firm carries our customers' accounts, and these files are how it
learns what they did. The layout is our own and documented in ``docs/clearing-files.md``. Every file is sent every day,
even when it has no rows, and says up to which seq of the journal it was read. A file is a header record ``H``, a line of
column names, a record ``D`` per row, and a trailer ``T`` with control totals; the manifest repeats the totals and adds the
SHA-256 of every file. Amounts are exact decimals: reading the files gives back the rows they were written from.

This module turns rows into bytes and bytes into rows. It opens no file and knows no ledger.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from rushtrade.backoffice.blotter import Ticket, VenueFill
from rushtrade.backoffice.cash import CashRow
from rushtrade.backoffice.positions import PositionRow
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import format_instant, parse_date, parse_instant
from rushtrade.domain.numbers import format_money, format_price, parse_money, parse_price
from rushtrade.domain.orders import Liquidity

FORMAT = 1
"""Version of the layout; a reader refuses any other."""

LIQUIDITY_LETTERS = {Liquidity.ADDED: "A", Liquidity.REMOVED: "R"}
_LIQUIDITY_OF = {letter: liquidity for liquidity, letter in LIQUIDITY_LETTERS.items()}


class ClearingFileInvalid(InvalidInput):
    """A clearing file or its manifest cannot be taken. The message names the file, what was found, and what would pass."""


class ClearingDay(msgspec.Struct, frozen=True):
    """What a firm sends to its clearing firm for one trade date, read from the journal up to `seq`."""

    firm: str
    trade_date: dt.date
    seq: int
    closed_ns: int
    tickets: tuple[Ticket, ...]
    positions: tuple[PositionRow, ...]
    cash: tuple[CashRow, ...]


class FileEntry(msgspec.Struct, frozen=True):
    """A file as the manifest lists it."""

    name: str
    kind: str
    rows: int
    bytes: int
    sha256: str
    totals: dict[str, str]


class Manifest(msgspec.Struct, frozen=True):
    """The list of a day's files."""

    format: int
    firm: str
    trade_date: str
    seq: int
    closed: str
    files: tuple[FileEntry, ...]


class _Column(NamedTuple):
    """One column: how its field is written and read; a derived column has no reader and is compared instead."""

    name: str
    write: Callable[[Any], str]
    read: Callable[[str], Any] | None


class _Kind(NamedTuple):
    """One kind of file: its rows and control totals."""

    name: str
    row_type: type[msgspec.Struct]
    columns: tuple[_Column, ...]
    totals: Callable[[Sequence[Any]], dict[str, str]]


def _write_fill(fill: VenueFill) -> str:
    letter = LIQUIDITY_LETTERS[fill.liquidity]
    price = format_price(fill.price)
    instant = format_instant(fill.time_ns)
    return f"{fill.seq} {fill.transfers} {instant} {fill.venue} {fill.match_number} {fill.shares} {price} {letter}"


def _read_fill(text: str) -> VenueFill:
    seq, transfers, instant, venue, match_number, shares, price, letter = text.split(" ")
    return VenueFill(
        seq=int(seq),
        time_ns=parse_instant(instant),
        venue=venue,
        match_number=int(match_number),
        shares=int(shares),
        price=parse_price(price),
        liquidity=_LIQUIDITY_OF[letter],
        transfers=int(transfers),
    )


def _write_fills(fills: Iterable[VenueFill]) -> str:
    return "; ".join(_write_fill(fill) for fill in fills)


def _read_fills(text: str) -> tuple[VenueFill, ...]:
    return tuple(_read_fill(part) for part in text.split("; "))


def _trade_totals(tickets: Sequence[Ticket]) -> dict[str, str]:
    return {
        "shares_bought": str(sum(ticket.shares for ticket in tickets if ticket.side == "buy")),
        "shares_sold": str(sum(ticket.shares for ticket in tickets if ticket.side != "buy")),
        "principal": format_money(sum(ticket.principal for ticket in tickets)),
        "net": format_money(sum(ticket.net for ticket in tickets)),
    }


def _position_totals(rows: Sequence[PositionRow]) -> dict[str, str]:
    return {
        "trade_date_shares": str(sum(row.trade_date_shares for row in rows)),
        "settled_shares": str(sum(row.settled_shares for row in rows)),
        "market_value": format_money(sum(row.market_value for row in rows)),
    }


def _cash_totals(rows: Sequence[CashRow]) -> dict[str, str]:
    return {
        "trade_date": format_money(sum(row.trade_date for row in rows)),
        "settled": format_money(sum(row.settled for row in rows)),
    }


def _texts(*names: str) -> tuple[_Column, ...]:
    return tuple(_Column(name, str, str) for name in names)


def _wholes(*names: str) -> tuple[_Column, ...]:
    return tuple(_Column(name, str, int) for name in names)


def _moneys(*names: str) -> tuple[_Column, ...]:
    return tuple(_Column(name, format_money, parse_money) for name in names)


def _dates(*names: str) -> tuple[_Column, ...]:
    return tuple(_Column(name, dt.date.isoformat, parse_date) for name in names)


KINDS = (
    _Kind(
        "trade",
        Ticket,
        (
            *_wholes("order_id"),
            *_texts("account_number", "symbol", "side"),
            *_wholes("shares"),
            _Column("average_price", str, None),
            *_moneys("principal", "commission", "sec_fee", "taf", "cat_fee", "net"),
            *_dates("trade_date", "settlement_date"),
            _Column("fills", _write_fills, _read_fills),
        ),
        _trade_totals,
    ),
    _Kind(
        "position",
        PositionRow,
        (
            *_texts("account_number", "symbol"),
            *_wholes("previous_shares", "trade_date_shares", "settled_shares"),
            *_moneys("cost"),
            _Column("mark", format_price, parse_price),
            *_moneys("market_value"),
        ),
        _position_totals,
    ),
    _Kind(
        "cash",
        CashRow,
        (*_texts("account_number"), *_moneys("previous", "moved", "traded", "trade_date", "settled")),
        _cash_totals,
    ),
)


def file_name(trade_date: dt.date, kind: str) -> str:
    """Name a day's file: ``2004-11-30.trade.csv``."""
    return f"{trade_date.isoformat()}.{kind}.csv"


def manifest_name(trade_date: dt.date) -> str:
    """Name a day's manifest: ``2004-11-30.manifest.json``."""
    return f"{trade_date.isoformat()}.manifest.json"


def write_day(day: ClearingDay) -> dict[str, bytes]:
    """Give the day's files by name: trade, position, cash, and the manifest last."""
    files: dict[str, bytes] = {}
    entries = []
    for kind, rows in zip(KINDS, (day.tickets, day.positions, day.cash), strict=True):
        name = file_name(day.trade_date, kind.name)
        totals = kind.totals(rows)
        files[name] = content = _write_file(day, kind, rows, totals)
        digest = hashlib.sha256(content).hexdigest()
        entries.append(FileEntry(name, kind.name, len(rows), len(content), digest, totals))
    closed = format_instant(day.closed_ns)
    manifest = Manifest(FORMAT, day.firm, day.trade_date.isoformat(), day.seq, closed, tuple(entries))
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    files[manifest_name(day.trade_date)] = encoded + b"\n"
    return files


def _header(kind: str, firm: str, trade_date: str, seq: int, closed: str) -> list[str]:
    return ["H", f"rushtrade {kind} file", str(FORMAT), firm, trade_date, str(seq), closed]


def _write_file(
    day: ClearingDay, kind: _Kind, rows: Sequence[msgspec.Struct], totals: dict[str, str]
) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    date, closed = day.trade_date.isoformat(), format_instant(day.closed_ns)
    writer.writerow(_header(kind.name, day.firm, date, day.seq, closed))
    writer.writerow(["record", *(column.name for column in kind.columns)])
    for row in rows:
        writer.writerow(["D", *(column.write(getattr(row, column.name)) for column in kind.columns)])
    writer.writerow(["T", str(len(rows)), *(f"{name}={total}" for name, total in totals.items())])
    return buffer.getvalue().encode("utf-8")


def read_day(trade_date: dt.date, files: Mapping[str, bytes]) -> ClearingDay:
    """Read a day back from its files; whatever does not agree with the manifest is refused.

    Raises:
        ClearingFileInvalid: a file is missing, was changed, or holds a record that cannot be read.

    """
    name = manifest_name(trade_date)
    try:
        manifest = msgspec.json.decode(_take(files, name), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ClearingFileInvalid(f"{name}: {error}") from None
    if manifest.format != FORMAT or manifest.trade_date != trade_date.isoformat():
        raise ClearingFileInvalid(
            f"{name}: format {manifest.format} of {manifest.trade_date}; this reader takes format {FORMAT} of {trade_date}"
        )
    listed = {entry.kind: entry for entry in manifest.files}
    if tuple(listed) != tuple(kind.name for kind in KINDS):
        raise ClearingFileInvalid(f"{name}: lists {', '.join(listed)}; needs trade, position and cash")
    tickets, positions, cash = (
        _read_file(manifest, listed[kind.name], kind, _take(files, listed[kind.name].name)) for kind in KINDS
    )
    return ClearingDay(
        firm=manifest.firm,
        trade_date=trade_date,
        seq=manifest.seq,
        closed_ns=parse_instant(manifest.closed),
        tickets=tickets,
        positions=positions,
        cash=cash,
    )


def _take(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise ClearingFileInvalid(
            f"{name} is missing; every file is sent every day, even when it has no rows"
        )
    return files[name]


def _read_file(manifest: Manifest, entry: FileEntry, kind: _Kind, content: bytes) -> tuple[Any, ...]:
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry.sha256:
        raise ClearingFileInvalid(
            f"{entry.name}: SHA-256 {digest} is not the {entry.sha256} of the manifest: the file was changed"
        )
    records = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    expected = _header(kind.name, manifest.firm, manifest.trade_date, manifest.seq, manifest.closed)
    names = ["record", *(column.name for column in kind.columns)]
    if len(records) < 3 or records[0] != expected or records[1] != names:
        raise ClearingFileInvalid(f"{entry.name}: the first two lines must be {expected} and {names}")
    rows = tuple(
        _read_row(entry.name, number, kind, record) for number, record in enumerate(records[2:-1], 3)
    )
    totals = kind.totals(rows)
    trailer = ["T", str(len(rows)), *(f"{name}={total}" for name, total in totals.items())]
    if records[-1] != trailer or entry.rows != len(rows) or entry.totals != totals:
        raise ClearingFileInvalid(
            f"{entry.name}: trailer {records[-1]} or manifest {entry.totals}; rows make {trailer}"
        )
    return rows


def _read_row(name: str, line: int, kind: _Kind, record: list[str]) -> msgspec.Struct:
    if len(record) != len(kind.columns) + 1 or record[0] != "D":
        raise ClearingFileInvalid(f"{name} line {line}: needs a record D with {len(kind.columns)} values")
    texts = dict(zip((column.name for column in kind.columns), record[1:], strict=True))
    try:
        row = kind.row_type(**{c.name: c.read(texts[c.name]) for c in kind.columns if c.read is not None})
    except (ValueError, KeyError) as error:
        raise ClearingFileInvalid(f"{name} line {line}: {error}") from None
    for column in kind.columns:
        if column.read is None and column.write(getattr(row, column.name)) != texts[column.name]:
            raise ClearingFileInvalid(
                f"{name} line {line}: {column.name} {texts[column.name]} does not follow from the row"
            )
    return row
