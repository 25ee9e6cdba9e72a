"""The arrays that hold a tape: made, grown, carried from day to day, kept whole and put back.

Owns the memory the kernels work in (see `tape_layout`). Every array is reached through an address in the header, so that
growing one is a copy and a new address. One thread at a time.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import DAY, HOUR, day_from_number, day_number
from rushtrade.tape.conditions import rules_on
from rushtrade.tape.days import BUCKETS, DAY_ROW, Days, day_rows
from rushtrade.tape.news import BAR_NEWS, BAR_NEWS_KEPT, VOID_NEWS, VOID_NEWS_KEPT, NewsRing
from rushtrade.tape.tape_layout import BAR, SECURITY, TAPE, TRADE

UNMATCHED_KEPT: Final = 1 << 10
"""Voids and corrections kept whose trade is not at hand: more in one burst than any day on record had."""
BARS_ROOM: Final = 1 << 12
"""Bars there is room for at first; the room doubles."""

Rows = npt.NDArray[Any]

_ADDRESSES: Final = ("securities", "ring", "bars", "rules", "waiting_bars", "waiting_days", "unmatched")
OF_THE_DAY: Final = (
    "last_bar",
    "volume",
    "value",
    "day_trades",
    "priced",
    "open",
    "high",
    "low",
    "close",
    "open_time",
    "close_time",
    "high_time",
    "low_time",
    "official_open",
    "official_open_time",
    "official_close",
    "official_close_time",
    "official_from",
    "highs",
    "lows",
    "state",
)
"""What of a security begins anew every day."""


class TapeImage(msgspec.Struct, frozen=True):
    """A whole tape at one moment. `layout` says how its arrays are laid out: another version's are refused."""

    layout: str
    ids: list[int]
    words: bytes
    arrays: dict[str, bytes]
    days: list[bytes]
    bar_news: tuple[int, bytes]
    told_minute: int
    history: dict[int, bytes]
    profiles: dict[int, bytes]


LAYOUT: Final = (
    " ".join(f"{record.itemsize}" for record in (TRADE, BAR, SECURITY, BAR_NEWS)) + f" {len(TAPE)}"
)


class TapeStorage:
    """Arrays for the securities named by `ids`; slot 0 is nothing."""

    def __init__(self, ids: Sequence[int], trades_kept: int, days_of_bars: int) -> None:
        kept = 1 << max(trades_kept - 1, 1).bit_length()
        self.ids = [0, *ids]
        self.securities: Rows = np.zeros(len(self.ids), SECURITY)
        self.ring: Rows = np.zeros(kept, TRADE)
        self.bars: Rows = np.zeros(BARS_ROOM, BAR)
        self.rules = rules_on(dt.date(1970, 1, 1))
        self.waiting_bars: Rows = np.zeros(BARS_ROOM, np.int64)
        self.waiting_days: Rows = np.zeros(len(self.ids), np.int32)
        self.unmatched: Rows = np.zeros(UNMATCHED_KEPT, TRADE)
        self.voids = NewsRing(VOID_NEWS, VOID_NEWS_KEPT)
        self.bar_news = NewsRing(BAR_NEWS, BAR_NEWS_KEPT)
        self.told_minute = 0
        self.days: deque[Rows] = deque(maxlen=days_of_bars - 1)
        """Minutes of earlier days, by security and key."""
        self.history = Days()
        self.words = np.zeros(len(TAPE), np.int64)
        self.header = int(self.words.ctypes.data)
        self._point()

    def put(self, name: str, value: int) -> None:
        """Set a word of the header."""
        self.words[TAPE.index(name)] = value

    def get(self, name: str) -> int:
        """A word of the header."""
        return int(self.words[TAPE.index(name)])

    def _point(self) -> None:
        for name in _ADDRESSES:
            self.put(name, getattr(self, name).ctypes.data)
        self.put("voids", self.voids.rows.ctypes.data)
        self.put("ring_mask", len(self.ring) - 1)
        self.put("unmatched_mask", len(self.unmatched) - 1)
        self.put("voids_mask", len(self.voids.rows) - 1)

    def add(self, ids: Sequence[int]) -> None:
        """Make room for more securities behind those known."""
        self.ids.extend(ids)
        self.securities = _longer(self.securities, len(self.ids))
        self.waiting_days = _longer(self.waiting_days, len(self.ids))
        self._point()

    def make_room(self, rows: int) -> None:
        """Have room for the bars of so many more trades."""
        needed = self.get("bars_used") + rows
        room = len(self.bars)
        if room >= needed:
            return
        while room < needed:
            room *= 2
        self.bars, self.waiting_bars = _longer(self.bars, room), _longer(self.waiting_bars, room)
        self._point()

    def open_day(self, midnight_ns: int, regular: tuple[int, int]) -> None:
        """Put the day's bars to those of earlier days, and begin a new one.

        The same day opened again begins anew, as a replay does that goes back: what was heard of it is forgotten.
        """
        held = self.securities
        if self.get("bars_used") and midnight_ns == self.get("midnight"):
            held["last_price"] = held["carried"]
        else:
            if self.get("bars_used"):
                self._end_day()
            close = np.where(held["official_close"] > 0, held["official_close"], held["close"])
            held["previous_close"] = np.where(close > 0, close, held["previous_close"])
            held["carried"] = held["last_price"]
        for name in OF_THE_DAY:
            held[name] = 0
        for name in ("bars_used", "waiting_bars_count", "waiting_days_count", "latest"):
            self.put(name, 0)
        self.put("midnight", midnight_ns)
        self.put("regular_from", regular[0])
        self.put("regular_to", regular[1])
        self._take_rules()

    def _end_day(self) -> None:
        midnight = self.get("midnight")
        minutes = np.sort(self.bars[: self.get("bars_used")], order=["instrument", "key"])
        self.days.append(minutes)
        self.history.keep(day_rows(self.securities, self.today))
        self.history.keep_profile(self.today, minutes, midnight, len(self.ids))

    @property
    def today(self) -> int:
        """The day, counted from 1970-01-01."""
        return day_number(date_of(self.get("midnight")))

    def _take_rules(self) -> None:
        self.rules = rules_on(date_of(self.get("midnight")))
        self._point()

    # ------------------------------------------------------------ whole

    def snapshot(self) -> bytes:
        """Copy the whole state out."""
        used = {
            "ring": min(self.get("ring_count"), len(self.ring)),
            "bars": self.get("bars_used"),
            "waiting_bars": self.get("waiting_bars_count"),
            "unmatched": min(self.get("unmatched_count"), len(self.unmatched)),
        }
        arrays = {
            name: getattr(self, name)[: used.get(name)].tobytes() for name in _ADDRESSES if name != "rules"
        }
        arrays["voids"] = self.voids.rows[: min(self.get("voids_count"), len(self.voids.rows))].tobytes()
        words = self.words.copy()
        words[[TAPE.index(name) for name in (*_ADDRESSES, "voids")]] = 0
        news = self.bar_news
        kept = news.rows[: min(news.newest, len(news.rows))].tobytes()
        image = TapeImage(
            layout=LAYOUT,
            ids=self.ids,
            words=words.tobytes(),
            arrays=arrays,
            days=[day.tobytes() for day in self.days],
            bar_news=(news.newest, kept),
            told_minute=self.told_minute,
            history={day: rows.tobytes() for day, rows in self.history.by_day.items()},
            profiles={day: rows.tobytes() for day, rows in self.history.profiles.items()},
        )
        return msgspec.msgpack.encode(image)

    def restore(self, raw: bytes) -> None:
        """Put a state back as it was when `snapshot` was taken of any tape with as long a ring.

        Raises InvalidInput for an image of another layout or another length of ring, or with arrays of a wrong length. What
        stands in the arrays is believed: who carries images about, gives them a digest.
        """
        try:
            image = msgspec.msgpack.decode(raw, type=TapeImage)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"this is no image of a tape: {error}") from None
        words = np.frombuffer(image.words, np.int64)
        if image.layout != LAYOUT or len(words) != len(TAPE):
            raise InvalidInput(f"an image of layout {image.layout[:60]!r}; {LAYOUT!r} would pass")
        kept = int(words[TAPE.index("ring_mask")]) + 1
        if kept != len(self.ring):
            raise InvalidInput(f"an image of a ring of {kept:,} trades; {len(self.ring):,} would pass")
        _check_sizes(image, words)
        self.ids = image.ids
        room = BARS_ROOM
        while room < int(words[TAPE.index("bars_used")]):
            room *= 2
        rooms = {"bars": room, "waiting_bars": room, "waiting_days": len(self.ids)}
        for name, data in image.arrays.items():
            if name == "voids":
                self.voids.rows = _filled(data, VOID_NEWS, VOID_NEWS_KEPT)
                continue
            held = getattr(self, name)
            setattr(self, name, _filled(data, held.dtype, rooms.get(name, len(held))))
        self.days.clear()
        self.days.extend(np.frombuffer(day, BAR).copy() for day in image.days)
        self.bar_news = NewsRing(BAR_NEWS, BAR_NEWS_KEPT)
        self.bar_news.newest = image.bar_news[0]
        self.bar_news.rows = _filled(image.bar_news[1], BAR_NEWS, BAR_NEWS_KEPT)
        self.told_minute = image.told_minute
        self.history = Days()
        self.history.by_day = {day: np.frombuffer(data, DAY_ROW) for day, data in image.history.items()}
        self.history.profiles = {
            day: np.frombuffer(data, np.uint32).reshape(-1, BUCKETS) for day, data in image.profiles.items()
        }
        self.words[...] = words
        self._take_rules()


def _check_sizes(image: TapeImage, words: npt.NDArray[np.int64]) -> None:
    """Hold an image to its own words: kernels follow them without asking again."""

    def used(name: str) -> int:
        return int(words[TAPE.index(name)])

    ring = min(used("ring_count"), used("ring_mask") + 1)
    sizes = {
        "securities": (len(image.ids), SECURITY.itemsize),
        "ring": (ring, TRADE.itemsize),
        "bars": (used("bars_used"), BAR.itemsize),
        "waiting_bars": (used("waiting_bars_count"), 8),
        "waiting_days": (len(image.ids), 4),
        "unmatched": (min(used("unmatched_count"), UNMATCHED_KEPT), TRADE.itemsize),
        "voids": (min(used("voids_count"), VOID_NEWS_KEPT), VOID_NEWS.itemsize),
    }
    found = {name: len(data) for name, data in image.arrays.items()}
    whole = [
        *((day, BAR.itemsize) for day in image.days),
        *((day, DAY_ROW.itemsize) for day in image.history.values()),
        *((day, 4 * BUCKETS) for day in image.profiles.values()),
        (image.bar_news[1], BAR_NEWS.itemsize),
    ]
    wrong = any(len(data) % size for data, size in whole) or min(words) < 0 or image.bar_news[0] < 0
    if wrong or found != {name: rows * size for name, (rows, size) in sizes.items()}:
        raise InvalidInput("an image whose arrays do not have the length its header says")


def date_of(midnight_ns: int) -> dt.date:
    """Give the date of New York's midnight."""
    return day_from_number((midnight_ns + 12 * HOUR) // DAY)


def _longer(array: Rows, length: int) -> Rows:
    fresh = np.zeros(length, array.dtype)
    fresh[: len(array)] = array
    return fresh


def _filled(raw: bytes, record: np.dtype[Any], length: int) -> Rows:
    kept = np.frombuffer(raw, record)
    fresh = np.zeros(max(length, len(kept)), record)
    fresh[: len(kept)] = kept
    return fresh
