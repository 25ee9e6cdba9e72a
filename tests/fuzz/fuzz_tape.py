"""Fuzz targets of the tape: rows of any trades, scans of any text, images of any bytes."""

from __future__ import annotations

import contextlib
from functools import cache

import numpy as np

from rushtrade.domain.errors import InvalidInput
from rushtrade.tape.columns import Columns, columns_of
from rushtrade.tape.lists import KINDS, top_list
from rushtrade.tape.scan import Scan
from rushtrade.tape.tape import Tape, TapeLimits
from rushtrade.tape.tape_layout import TRADE
from rushtrade.tape.timeframes import read_timeframe

LIMITS = TapeLimits(trades_kept=16, days_of_bars=2)
INSTRUMENTS = 2
PRICE_MAX, SHARES_MAX = 10**11, 10**10
MIDNIGHT = 1_795_150_800_000_000_000
DAY = 86_400_000_000_000


def rows_of(data: bytes) -> np.ndarray:
    """Rows of TRADE out of bytes: any kinds, letters and numbers; securities the tape has, prices and sizes it may meet."""
    rows = np.frombuffer(data[: len(data) // TRADE.itemsize * TRADE.itemsize], TRADE).copy()
    rows["instrument"] %= INSTRUMENTS + 1
    rows["price"] %= PRICE_MAX
    rows["shares"] %= SHARES_MAX
    rows["time"] %= DAY
    rows["match"] %= 8
    rows["venue"] %= 3
    rows["kind"] = np.frombuffer(b"ECPQTXRB", np.uint8)[rows["kind"] % 8]
    return rows


def tape_rows(data: bytes) -> None:
    """File any rows; bars, days, lists and a copy of the tape go on saying the same."""
    tape = Tape([1, 2], LIMITS)
    tape.open_day(MIDNIGHT, (MIDNIGHT + DAY // 3, MIDNIGHT + DAY // 2))
    tape.take(rows_of(data))
    tape.tell(MIDNIGHT + DAY)
    for number in (1, 2):
        day = tape.day(number)
        volume = sum(int(row["volume"]) for row in tape.minutes(number, 0))
        assert day.volume == volume >= 0
        for text in ("1Sec", "7Min", "1Day"):
            for bar in tape.frames(number, read_timeframe(text), 0):
                assert bar.volume >= 0
        tape.trades(number, 0, 50)
    for kind in KINDS:
        top_list(tape, kind, 5, MIDNIGHT + DAY)
    other = Tape([], LIMITS)
    other.restore(tape.snapshot())
    assert other.snapshot() == tape.snapshot()


@cache
def table() -> Columns:
    """Columns of a tape with some trades."""
    tape = Tape([1, 2], LIMITS)
    tape.open_day(MIDNIGHT)
    tape.take(rows_of(bytes(range(256)) * 20))
    return columns_of(tape, MIDNIGHT + DAY, {1: "AAPL", 2: "F"})


def tape_scans(data: bytes) -> None:
    """Read any text as a scan, and what can be read, work out."""
    with contextlib.suppress(InvalidInput):
        scan = Scan(data.decode("latin-1"))
        assert scan.flags(table()).shape == (2,)
        scan.find(table(), "change_percent")


def tape_images(data: bytes) -> None:
    """Restore any bytes, and an image with a piece of it replaced, or refuse them."""
    good = Tape([1, 2], LIMITS).snapshot()
    place = int.from_bytes(data[:2], "big") % len(good)
    for image in (data, good[:place] + data[2:], good[:place]):
        with contextlib.suppress(InvalidInput):
            Tape([], LIMITS).restore(image)


def row_seeds() -> list[bytes]:
    """Some rows of every kind."""
    dice = np.random.default_rng(3)
    return [dice.bytes(TRADE.itemsize * count) for count in (1, 4, 40)] + [bytes(TRADE.itemsize)]


def scan_seeds() -> list[bytes]:
    """Scans of a desk."""
    return [
        b"volume > 1_000_000 and change_percent > 3 and price < 20 and new_high",
        b'symbol in ("AAPL", "F") or (relative_volume >= 2.5 and not new_low)',
        b"5 < price <= 20 and max(high - open, open - low) / low > -0.015 * 2k",
        b"known(year_high) and abs(change) == 0",
    ]


def image_seeds() -> list[bytes]:
    """An image, and pieces of one."""
    image = Tape([1], LIMITS).snapshot()
    return [image[:4096], b"\0\1" + image[:64], b"\0\0\x80"]
