"""The layout: how a journal lies in one SQLite file, and how a connection to it is set up.

Figures behind the constants are in docs/decisions/0002. The triggers keep the rules of the port in the file itself,
so that a writer with stale ideas of the end, or a person with a database shell, is refused as well: frames are only
ever appended, each after the last one, by the holder of the present epoch, and never changed or deleted.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import apsw

from rushtrade.journal.errors import (
    Fault,
    JournalBusy,
    JournalClosed,
    JournalCorrupt,
    JournalFailed,
    JournalForeign,
)
from rushtrade.journal.frame import GENESIS_HASH
from rushtrade.journal.head import FIRST_HEAD
from rushtrade.journal.snapshot import SNAPSHOTS_KEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APPLICATION_ID: Final = 0x52544A4C  # "RTJL", shown by file(1)
LAYOUT: Final = 1
PAGE_BYTES: Final = 32 * 1024
BUSY_TIMEOUT_MS: Final = 5_000
"""How long a lock held by another process is waited for; only a shell left open in a transaction holds one longer."""

CACHE_KIBIBYTES: Final = 8 * 1024

REFUSED_EPOCH: Final = "refused: epoch"
REFUSED_PLACE: Final = "refused: place"
REFUSED_CHANGE: Final = "refused: a journal is only appended to"

_WRITE_AHEAD: Final = "PRAGMA journal_mode = WAL"

_SCHEMA: Final = f"""
CREATE TABLE head (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    cursors BLOB    NOT NULL,
    digest  BLOB    NOT NULL
) STRICT;

CREATE TABLE frames (
    seq           INTEGER PRIMARY KEY,
    epoch         INTEGER NOT NULL,
    format        INTEGER NOT NULL,
    time_ns       INTEGER NOT NULL,
    previous_hash BLOB    NOT NULL,
    hash          BLOB    NOT NULL,
    body          BLOB    NOT NULL
) STRICT;

CREATE TABLE snapshots (
    id         INTEGER PRIMARY KEY,
    seq        INTEGER NOT NULL,
    format     INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    state_hash BLOB    NOT NULL,
    digest     BLOB    NOT NULL,
    body       BLOB    NOT NULL
) STRICT;

CREATE TRIGGER frames_follow BEFORE INSERT ON frames BEGIN
    SELECT CASE
        WHEN NEW.epoch IS NOT (SELECT epoch FROM head WHERE id = 1) THEN RAISE(ABORT, '{REFUSED_EPOCH}')
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM frames) THEN RAISE(ABORT, '{REFUSED_PLACE}')
        WHEN NEW.previous_hash IS NOT coalesce((SELECT hash FROM frames WHERE seq = NEW.seq - 1),
                                               x'{GENESIS_HASH.hex()}') THEN RAISE(ABORT, '{REFUSED_PLACE}')
    END;
END;

CREATE TRIGGER frames_never_change BEFORE UPDATE ON frames BEGIN SELECT RAISE(ABORT, '{REFUSED_CHANGE}'); END;
CREATE TRIGGER frames_never_go BEFORE DELETE ON frames BEGIN SELECT RAISE(ABORT, '{REFUSED_CHANGE}'); END;
CREATE TRIGGER head_never_goes BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, '{REFUSED_CHANGE}'); END;

CREATE TRIGGER head_grows BEFORE UPDATE ON head
WHEN NEW.version IS NOT OLD.version + 1 OR NEW.epoch < OLD.epoch BEGIN SELECT RAISE(ABORT, '{REFUSED_EPOCH}'); END;

CREATE TRIGGER snapshots_led BEFORE INSERT ON snapshots
WHEN NEW.epoch IS NOT (SELECT epoch FROM head WHERE id = 1) BEGIN SELECT RAISE(ABORT, '{REFUSED_EPOCH}'); END;

CREATE TRIGGER snapshots_age AFTER INSERT ON snapshots BEGIN
    DELETE FROM snapshots WHERE format = NEW.format AND id NOT IN (
        SELECT id FROM snapshots WHERE format = NEW.format ORDER BY seq DESC, id DESC LIMIT {SNAPSHOTS_KEPT}
    );
END;
"""  # noqa: S608 - our own constants only


def connect_reader(path: Path, vfs: str | None) -> apsw.Connection:
    """Open an existing journal for reading only."""
    return _connect(path, apsw.SQLITE_OPEN_READONLY, vfs, _require_ours)


def connect_writer(path: Path, vfs: str | None) -> apsw.Connection:
    """Open a journal for writing; make it when the file is new."""
    return _connect(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, vfs, _prepare_writing)


def _connect(
    path: Path, flags: int, vfs: str | None, prepare: Callable[[apsw.Connection, Path], None]
) -> apsw.Connection:
    with storage_errors(f"open {path}"):
        db = apsw.Connection(str(path), flags=flags, vfs=vfs)
        try:
            db.set_busy_timeout(BUSY_TIMEOUT_MS)
            db.config(
                apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1
            )  # a log nobody has judged is not copied, nor lost
            db.execute("PRAGMA cell_size_check = ON").fetchall()
            db.execute("PRAGMA trusted_schema = OFF").fetchall()
            prepare(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _prepare_writing(db: apsw.Connection, path: Path) -> None:
    if _is_new(db, path):
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    else:
        _require_ours(db, path)
    mode = db.execute(_WRITE_AHEAD).fetchall()
    if mode != [("wal",)]:
        raise JournalFailed(f"{path} cannot be put in write-ahead mode; SQLite answers {mode}")
    for pragma in (
        "synchronous = FULL",  # every commit is synced before it returns
        "fullfsync = ON",  # and on macOS, really
        "checkpoint_fullfsync = ON",
        "wal_autocheckpoint = 0",  # SQLite's own checkpoint hides its errors; ours does not
        f"cache_size = -{CACHE_KIBIBYTES}",
    ):
        db.execute(f"PRAGMA {pragma}").fetchall()
    if _is_new(db, path):
        _create(db)


def _is_new(db: apsw.Connection, path: Path) -> bool:
    try:
        return _single(db, "SELECT count(*) FROM sqlite_schema") == 0
    except apsw.NotADBError as error:
        raise JournalForeign(f"{path} is not a journal, or its first bytes are damaged") from error


def _create(db: apsw.Connection) -> None:
    with db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {LAYOUT}")
        db.execute(_SCHEMA)
        db.execute("INSERT INTO head VALUES (1, ?, ?, ?, ?)", FIRST_HEAD.row())


def _require_ours(db: apsw.Connection, path: Path) -> None:
    if _is_new(db, path):
        raise JournalForeign(f"{path} is an empty database, not a journal")
    found = _single(db, "PRAGMA application_id"), _single(db, "PRAGMA user_version")
    if found[0] != APPLICATION_ID:
        raise JournalForeign(f"{path} is a database of another application (id {found[0]}), not a journal")
    if found[1] != LAYOUT:
        raise JournalForeign(f"{path} has journal layout {found[1]}; this release reads layout {LAYOUT}")


def _single(db: apsw.Connection, sql: str) -> object:
    return db.execute(sql).fetchall()[0][0]


@contextmanager
def storage_errors(doing: str, seq: int = 0) -> Iterator[None]:
    """Tell SQLite's errors apart by what the caller can do about them."""
    try:
        yield
    except apsw.ConnectionClosedError as error:
        raise JournalClosed("the journal was closed") from error
    except (apsw.CorruptError, apsw.NotADBError, apsw.FormatError, apsw.TooBigError) as error:
        raise JournalCorrupt(seq, Fault.STRUCTURE, f"SQLite cannot {doing}: {error}") from error
    except apsw.BusyError as error:
        raise JournalBusy(f"cannot {doing}: another process has held it for {BUSY_TIMEOUT_MS} ms") from error
    except apsw.Error as error:
        raise JournalFailed(f"cannot {doing}: {error}") from error
