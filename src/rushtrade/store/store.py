"""The store: an image in front of a database file, kept up by frames, read by queries.

It refuses to know who asks. One thread uses it: the event loop of the house.

Theory of operation: `apply` folds a frame into the image at once, so that whoever is told of a frame finds its effects
here; rows are written later, many frames in one transaction, together with the cursor. A query that reads tables writes
first, so tables and image never disagree. The file can always be made again from the journal, so it is written without
syncing (WAL, ``synchronous=NORMAL``: a crash may lose the newest transactions whole, never half of one): after a start
`catch_up` reads what the cursor lacks. A file of another schema, or one that is ahead of its journal, is thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.frames import FRAME_FORMAT, FrameBody, decode_body
from rushtrade.domain.instants import MINUTE
from rushtrade.domain.orders import OrderStatus
from rushtrade.store import house_events, order_events, rows, schema
from rushtrade.store.fold import Change, Fold
from rushtrade.store.image import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROWS_WAITING_MAX: Final = 2_000
"""Rows kept in memory before they are written: some ten milliseconds of writing, which the event loop waits for."""

R = TypeVar("R", bound=rows.Row)


class StoreUnreadable(RushTradeError):  # noqa: N818 - reads as the statement it makes
    """A frame of the journal is in a format this store does not know."""


class Cursor(msgspec.Struct, frozen=True):
    """How far the journal has been read: last frame, last command, and the time of that frame."""

    frame_seq: int = 0
    command_seq: int = 0
    time_ns: int = 0


class _Frame(Protocol):
    """A frame of the journal, as far as it is of interest here."""

    @property
    def format(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class _Last(Protocol):
    @property
    def seq(self) -> int: ...


class JournalFrames(Protocol):
    """What the store asks of a journal reader."""

    def last(self) -> _Last:
        """Where the journal ends."""

    def frames(self, after_seq: int = 0, upto_seq: int | None = None) -> Iterator[_Frame]:
        """Frames after a frame number."""


class Store:
    """Read models of one house, in one file (or in memory when `path` is None)."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._listeners: dict[int, Callable[[Change], None]] = {}
        self._listener_number = 0
        self.image = Image()
        self.cursor = self._written = Cursor()
        self._fold = self._new_fold()
        self._engine = self._open()
        self._load()

    # --- keeping up ------------------------------------------------------------------------------

    def apply(self, body: FrameBody, frame_seq: int) -> None:
        """Fold a committed frame in, and tell the listeners of its events, in order."""
        command_seq = self.cursor.command_seq
        last = body.first_seq + len(body.entries) - 1
        if last <= command_seq:
            return
        self._fold.frame(body, command_seq)
        self.cursor = Cursor(frame_seq, last, body.time_ns)
        if self.image.waiting() >= ROWS_WAITING_MAX:
            self.write()

    def catch_up(self, journal: JournalFrames, progress: Callable[[int, int], None] | None = None) -> int:
        """Apply every frame the cursor lacks; give how many. `progress(frame, last frame)` is called for each."""
        last = journal.last().seq
        if last < self.cursor.frame_seq:
            self.rebuild()
        count = 0
        for frame in journal.frames(self.cursor.frame_seq, last):
            if frame.format != FRAME_FORMAT:
                raise StoreUnreadable(
                    f"frame {frame.seq} is in format {frame.format}; this build reads format {FRAME_FORMAT}"
                )
            self.apply(decode_body(frame.body), frame.seq)
            count += 1
            if progress is not None:
                progress(frame.seq, last)
        self.write()
        return count

    def write(self) -> None:
        """Write what waits, and the cursor with it, in one transaction."""
        if self.cursor == self._written:
            return
        with self._engine.begin() as connection:
            for kind, found in self.image.drain():
                connection.exec_driver_sql(schema.UPSERTS[kind], [schema.values_of(row) for row in found])
            connection.execute(sa.delete(schema.cursor))
            place = {"version": schema.SCHEMA_VERSION, **msgspec.structs.asdict(self.cursor)}
            connection.execute(sa.insert(schema.cursor), place)
        self._written = self.cursor
        self.image.forget_finished()

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` for every event from now on, while its frame is applied; give what ends it."""
        self._listener_number += 1
        number = self._listener_number
        self._listeners[number] = listener
        self._fold.listener = self._tell

        def end() -> None:
            self._listeners.pop(number, None)
            if not self._listeners:
                self._fold.listener = None

        return end

    def _tell(self, change: Change) -> None:
        for listener in list(self._listeners.values()):
            listener(change)

    # --- the file -------------------------------------------------------------------------------

    def close(self) -> None:
        """Write what waits and let go of the file. Safe to repeat."""
        self.write()
        self._engine.dispose()

    def rebuild(self) -> None:
        """Throw the tables away and start from nothing; `catch_up` makes them again."""
        self._engine.dispose()
        self._remove_file()
        self.image = Image()
        self.cursor = self._written = Cursor()
        self._fold = self._new_fold()
        self._engine = self._open()

    def _new_fold(self) -> Fold:
        fold = Fold(self.image, self, {**house_events.HANDLERS, **order_events.HANDLERS})
        fold.listener = self._tell if self._listeners else None
        return fold

    def _remove_file(self) -> None:
        if self._path is not None:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _open(self) -> sa.Engine:
        """Open the file; one that is damaged or of another schema is replaced by an empty one."""
        engine = _engine_of(self._path)
        if not _is_current(engine):
            engine.dispose()
            self._remove_file()
            engine = _engine_of(self._path)
            _is_current(engine)
        with engine.begin() as connection:
            schema.metadata.create_all(connection)
        return engine

    def _load(self) -> None:
        """Bring the image to where the file stands."""
        image = self.image
        with self._engine.connect() as connection:
            place = connection.execute(sa.select(schema.cursor)).first()
        if place is None:
            return
        self.cursor = self._written = Cursor(place.frame_seq, place.command_seq, place.time_ns)
        self._fold.minute = place.time_ns // MINUTE
        image.firm = next(iter(self.select(rows.FirmRow)), None)
        image.customers = {row.customer_id: row for row in self.select(rows.CustomerRow)}
        image.accounts = {row.account_id: row for row in self.select(rows.AccountRow)}
        for instrument in self.select(rows.InstrumentRow):
            image.know_instrument(instrument)
        image.routes = {row.venue: row for row in self.select(rows.RouteRow)}
        image.sequences = {row.equity_class: row for row in self.select(rows.SequenceRow)}
        image.marks = {row.instrument_id: row for row in self.select(rows.MarkRow)}
        days = schema.closes.c.opened_seq.desc()
        image.day = next(iter(self.select(rows.CloseRow, order=days, limit=1)), None)
        for held in self.select(rows.HoldingRow):
            image.holdings[held.account_id][held.instrument_id] = held
        for order in self.select(rows.OrderRow, schema.orders.c.status < OrderStatus.FILLED):
            image.orders[order.order_id] = image.open_of[order.account_id][order.order_id] = order
            for child in self.select(rows.ChildRow, schema.children.c.order_id == order.order_id):
                image.children[child.token] = image.children_of[child.order_id][child.token] = child

    # --- reading ----------------------------------------------------------------------------------

    def select(
        self,
        kind: type[R],
        *where: sa.ColumnElement[bool],
        order: sa.ColumnElement[Any] | None = None,
        limit: int | None = None,
    ) -> list[R]:
        """Read rows of a table."""
        if self.image.waiting():
            self.write()
        query = sa.select(schema.TABLES[kind]).where(*where)
        if order is not None:
            query = query.order_by(order)
        if limit is not None:
            query = query.limit(limit)
        with self._engine.connect() as connection:
            return schema.rows_of(kind, connection.execute(query).all())

    def count(self, kind: type[rows.Row], *where: sa.ColumnElement[bool]) -> int:
        """Count rows of a table."""
        if self.image.waiting():
            self.write()
        query = sa.select(sa.func.count()).select_from(schema.TABLES[kind]).where(*where)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def order(self, order_id: int) -> rows.OrderRow | None:
        """Find an order by its id."""
        row = self.image.orders.get(order_id)
        if row is None:
            row = next(iter(self._archived(rows.OrderRow, schema.orders.c.order_id, order_id)), None)
        return row

    def child(self, token: int) -> rows.ChildRow | None:
        """Find a child order by its token."""
        row = self.image.children.get(token)
        if row is None:
            row = next(iter(self._archived(rows.ChildRow, schema.children.c.token, token)), None)
        return row

    def _archived(self, kind: type[R], key: sa.Column[Any], value: int) -> list[R]:
        """Read a row that has been written; what has not been written is in the image."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(schema.TABLES[kind]).where(key == value)).all()
        return schema.rows_of(kind, found)


_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-65536")


def _engine_of(path: Path | None) -> sa.Engine:
    url = "sqlite://" if path is None else f"sqlite:///{path}"
    return sa.create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})


def _is_current(engine: sa.Engine) -> bool:
    """Set the connection up; tell whether the file is empty or one this build has written. A damaged file is neither."""
    try:
        with engine.connect() as connection:
            for pragma in _PRAGMAS:
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            names = sa.inspect(connection).get_table_names()
            if not names:
                return True
            version: object = connection.execute(sa.select(schema.cursor.c.version)).scalar()
            return version == schema.SCHEMA_VERSION
    except sa.exc.DatabaseError:
        return False
