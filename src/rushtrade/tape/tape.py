"""The tape: trades of all securities, their last sales, their bars and their day.

Rows go in as a venue's books write them (`take`) or as a reporting feed tells them (`report`); trades, bars, days and
what changed come out. Refuses to know books, sockets and clocks. Deterministic: the same rows in the same order give
the same answers.

Theory of operation. A row's sale conditions are looked up in the table of its listing's tape when it arrives, every
"only if" is decided then, and the outcome is kept with the trade (`TRADE.effects`). Bars and the day are a function of
the trades that stand and of their effects, so that a void or correction makes them again from the ring. What a table
allows is data of `rules`; the arithmetic is in `tape_kernel` and `bars_kernel`. One thread at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import require
from rushtrade.domain.instants import MINUTE, day_from_number, day_number
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.rules.new_york import day_at, midnight_ns
from rushtrade.tape import tape_kernel as kernel
from rushtrade.tape.conditions import letters_of
from rushtrade.tape.days import bars_of_days, day_rows
from rushtrade.tape.frames import Bars, bars_of, bars_of_trades, fold, values_of
from rushtrade.tape.lists_kernel import first_by
from rushtrade.tape.news import NewsRing, day_news, minute_news
from rushtrade.tape.prints import Bar, Day, Trade
from rushtrade.tape.tape_layout import BAR, SECURITY_WAITS, TRADE
from rushtrade.tape.tape_storage import TapeStorage
from rushtrade.tape.timeframes import Timeframe

TRADES_KEPT = 1 << 18
"""Trades of all instruments that can be read back: about a busy half hour of the whole market, 29 MB."""
DAYS_OF_BARS_MAX = 10
"""Trading days of one-minute bars kept, today included."""
TRADES_READ_MAX = 4096
"""Trades handed out at a time."""
REPLACED = 2
"""Value of `TRADE.broken` of a trade that a correction replaced."""
FOREVER = 1 << 62
"""A time no trade reaches."""


class TapeLimits(msgspec.Struct, frozen=True):
    """Bounds of a tape's memory."""

    trades_kept: int = TRADES_KEPT
    days_of_bars: int = DAYS_OF_BARS_MAX


class Tape:
    """The tape of securities named by `ids`: the id of slot 1, 2, 3 …; slot 0 is nothing."""

    def __init__(self, ids: Sequence[int], limits: TapeLimits | None = None) -> None:
        limits = limits or TapeLimits()
        self.storage = TapeStorage(ids, limits.trades_kept, limits.days_of_bars)
        """The arrays, for `mending`; whoever else writes to them breaks the tape."""
        self._slots = {instrument_id: slot for slot, instrument_id in enumerate(self.storage.ids) if slot}
        require(len(self._slots) == len(ids), "every instrument has one slot of the tape")
        self._out = np.zeros(TRADES_READ_MAX, TRADE)
        self._numbers = np.array(self.storage.ids, np.int64)

    @property
    def header(self) -> int:
        """Address of the header, for kernels."""
        return self.storage.header

    @property
    def securities(self) -> npt.NDArray[Any]:
        """Rows of SECURITY by slot, as kernels keep them; the array is another one after `add_instruments`."""
        return self.storage.securities

    @property
    def bar_news(self) -> NewsRing:
        """Bars that closed, bars made again and days, as of the latest `tell`."""
        return self.storage.bar_news

    def add_instruments(self, ids: Sequence[int]) -> None:
        """Know more instruments from now on; their slots follow those known."""
        require(not any(number in self._slots for number in ids), "an instrument has one slot of the tape")
        self._slots.update({number: slot for slot, number in enumerate(ids, start=len(self.storage.ids))})
        self.storage.add(ids)

    def snapshot(self) -> bytes:
        """The whole state: a tape that restores it gives equal answers for ever after."""
        return self.storage.snapshot()

    def restore(self, image: bytes) -> None:
        """Become the tape a snapshot was taken of; InvalidInput says why an image will not do."""
        self.storage.restore(image)
        self._slots = {instrument_id: slot for slot, instrument_id in enumerate(self.storage.ids) if slot}
        self._numbers = np.array(self.storage.ids, np.int64)

    # ------------------------------------------------------------ in

    def open_day(self, midnight_ns: int, regular: tuple[int, int] | None = None) -> None:
        """Begin a trading day at New York's midnight; `regular` are the instants of its open and close.

        Without `regular` no print is taken for one of extended hours unless its conditions say so.
        """
        self.storage.open_day(midnight_ns, regular or (0, 0))

    def list_on(self, instrument_id: int, tape: str) -> None:
        """Say on which tape (A, B or C) an instrument is listed: whose table its conditions are read in."""
        require(tape in {"A", "B", "C"}, "a tape is A, B or C")
        self.securities["listed"][self._slots[instrument_id]] = ord(tape)

    def slot_of(self, instrument_id: int) -> int:
        """The slot of an instrument, by which rows name it."""
        return self._slots[instrument_id]

    def take(self, rows: npt.NDArray[np.void]) -> None:
        """File rows of TRADE as a venue's books wrote them; slots in `instrument`, times since midnight or the epoch."""
        count = len(rows)
        if not count:
            return
        self.storage.make_room(count)
        kernel.take(self.header, rows.ctypes.data, count)

    # ------------------------------------------------------------ news

    @property
    def void_news(self) -> NewsRing:
        """Trades that became void, and what replaced them."""
        self.storage.voids.newest = self.storage.get("voids_count")
        return self.storage.voids

    def tell(self, now_ns: int) -> None:
        """Append to `bar_news` what is to be told by an instant: minutes that are over, and once a minute the days."""
        waiting = self.storage.get("waiting_bars_count")
        if waiting:
            rows = np.zeros(2 * waiting, BAR)
            count = kernel.tell_bars(self.header, now_ns, rows.ctypes.data)
            self.bar_news.append(minute_news(rows[:count], self.numbers, now_ns))
        if now_ns // MINUTE > self.storage.told_minute:
            self.storage.told_minute = now_ns // MINUTE
            slots = np.sort(self.storage.waiting_days[: self.storage.get("waiting_days_count")])
            self.securities["state"][slots] &= ~SECURITY_WAITS
            self.storage.put("waiting_days_count", 0)
            days = day_news(self.securities[slots], self.numbers[slots], self.storage.get("midnight"), now_ns)
            self.bar_news.append(days)

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """The ids of instruments by slot."""
        if len(self._numbers) != len(self.storage.ids):
            self._numbers = np.array(self.storage.ids, np.int64)
        return self._numbers

    # ------------------------------------------------------------ trades

    def trades(self, instrument_id: int, after_index: int, limit: int) -> list[Trade]:
        """Trades numbered above `after_index`, oldest first, at most `limit` (and TRADES_READ_MAX).

        The first one's number tells what was missed: the ring keeps `TapeLimits.trades_kept` of all instruments.
        """
        limit = min(limit, TRADES_READ_MAX)
        slot = self._slots[instrument_id]
        count = kernel.trades_after(self.header, slot, after_index, self._out.ctypes.data, limit)
        return [trade_of(row) for row in self._out[:count]]

    def last_trade(self, instrument_id: int) -> Trade | None:
        """The latest trade to arrive, unless all are broken or overwritten."""
        total = self.trades_total(instrument_id)
        for trade in reversed(self.trades(instrument_id, max(total - 64, 0), 64)):
            if not trade.broken:
                return trade
        return None

    def trades_total(self, instrument_id: int) -> int:
        """The number of an instrument's latest trade; 0 before the first."""
        return int(self.securities["trades"][self._slots[instrument_id]])

    @property
    def newest(self) -> int:
        """Position of the latest trade of all instruments to arrive, counted from 1; 0 before the first."""
        return self.storage.get("ring_count")

    @property
    def oldest(self) -> int:
        """Position of the oldest trade that can be read back; one more than the newest when there is none."""
        return max(self.newest - len(self.storage.ring), 0) + 1

    def since(self, after: int, limit: int) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64]]:
        """Trades of all instruments after a position, in order of arrival, at most `limit`: rows of TRADE, and their instruments."""
        first = max(after, self.oldest - 1)
        places = np.arange(first, min(first + limit, self.newest)) & (len(self.storage.ring) - 1)
        rows = self.storage.ring[places]
        return rows, self.numbers[rows["instrument"]]

    def of(self, instrument_id: int) -> npt.NDArray[np.void]:
        """All of an instrument's trades that can be read back, in order of arrival: rows of TRADE."""
        used = self.storage.ring[: min(self.newest, len(self.storage.ring))]
        places = np.flatnonzero(used["instrument"] == self._slots[instrument_id])
        begin = (
            np.searchsorted(places, self.newest & (len(self.storage.ring) - 1))
            if len(used) == len(self.storage.ring)
            else 0
        )
        return self.storage.ring[np.roll(places, -int(begin))]

    def days_of(self, instrument_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.void]:
        """Give the day of several instruments: rows of SECURITY."""
        slots = np.fromiter((self._slots[number] for number in instrument_ids.tolist()), np.int64)
        return self.securities[slots]

    @property
    def reaches_back_to_ns(self) -> int:
        """Time of the oldest trade that can be read back; FOREVER when there is none."""
        rows, _ = self.since(self.oldest - 1, 1)
        return int(rows["time"][0]) if len(rows) else FOREVER

    def volume(self, instrument_id: int) -> int:
        """Shares traded today."""
        return int(self.securities["volume"][self._slots[instrument_id]])

    def day(self, instrument_id: int) -> Day:
        """The day so far."""
        row = self.securities[self._slots[instrument_id]]
        return Day(
            open=int(row["open"]),
            high=int(row["high"]),
            low=int(row["low"]),
            close=int(row["close"]),
            volume=int(row["volume"]),
            trades=int(row["day_trades"]),
            money=int(row["value"]) * MONEY_PER_PRICE_SHARE,
            priced=int(row["priced"]),
            last=int(row["last_price"]),
            last_time_ns=int(row["last_time"]),
            previous_close=int(row["previous_close"]),
            official_open=int(row["official_open"]),
            official_close=int(row["official_close"]),
            high_time_ns=int(row["high_time"]),
            low_time_ns=int(row["low_time"]),
        )

    def set_previous_close(self, instrument_id: int, price: int) -> None:
        """Say what an instrument closed at the day before, from elsewhere than this tape."""
        self.securities["previous_close"][self._slots[instrument_id]] = price

    def unknown_conditions(self) -> int:
        """How many trades came with a letter no table has."""
        return self.storage.get("unknown_conditions")

    def unmatched(self) -> int:
        """How many voids and corrections named a trade that was not at hand."""
        return self.storage.get("unmatched_count")

    # ------------------------------------------------------------ bars

    def bars(self, instrument_id: int, start_ns: int, end_ns: int = FOREVER) -> list[Bar]:
        """One-minute bars that begin at `start_ns` or later and before `end_ns`, in order; minutes without price are left out."""
        return bars_of(self.minutes(instrument_id, start_ns, end_ns))

    def frames(
        self, instrument_id: int, timeframe: Timeframe, start_ns: int, end_ns: int = FOREVER
    ) -> list[Bar]:
        """Bars of any length that begin at `start_ns` or later and before `end_ns`, in order.

        Seconds are made of the trades that can be read back (`reaches_back_to_ns`), minutes and hours of one-minute bars,
        days and longer of days: those take their prices from regular hours and their volume from all.
        """
        first = timeframe.start_of(start_ns)
        if timeframe.unit == "Sec":
            rows = bars_of_trades(self.of(instrument_id))
        elif timeframe.within_a_day:
            rows = self.minutes(instrument_id, first)
        else:
            rows = self._days_as_bars(instrument_id, first)
        starts = timeframe.starts_of(rows["key"])
        wanted = (starts >= start_ns) & (starts < end_ns)
        return values_of(fold(rows[wanted], starts[wanted]))

    def _days_as_bars(self, instrument_id: int, start_ns: int) -> Bars:
        first_day = day_number(day_at(start_ns))
        rows = self.days(instrument_id, first_day)
        midnights = [midnight_ns(day_from_number(number)) for number in rows["day"].tolist()]
        return bars_of_days(rows, np.array(midnights, np.int64))

    def days(self, instrument_id: int, first_day: int = 0) -> npt.NDArray[Any]:
        """Days from a first (counted from 1970-01-01) to today, in order: rows of DAY_ROW."""
        slot, storage = self._slots[instrument_id], self.storage
        earlier = storage.history.of(slot, first_day, storage.today - 1)
        today = day_rows(storage.securities[slot : slot + 1], storage.today)
        today["instrument"] = slot
        return np.concatenate([earlier, today])

    def know_days(self, rows: npt.NDArray[Any]) -> None:
        """Take days before the tape began, from wherever they were kept: rows of DAY_ROW, `instrument` the id.

        Days the tape itself has stay as they are; instruments it does not know are passed over.
        """
        slots = np.array([self._slots.get(number, 0) for number in rows["instrument"].tolist()], np.int64)
        kept = rows[slots > 0].copy()
        kept["instrument"] = slots[slots > 0]
        storage = self.storage
        storage.history.know(kept)
        closes = storage.history.latest_close(len(storage.ids), storage.today)
        held = storage.securities
        held["previous_close"] = np.where(held["previous_close"] > 0, held["previous_close"], closes)

    def know_volumes(self, day: int, volumes: Mapping[int, npt.NDArray[Any]]) -> None:
        """Take the shares traded in each quarter hour of a day before the tape began, by instrument."""
        storage = self.storage
        by_slot = {self._slots[number]: traded for number, traded in volumes.items() if number in self._slots}
        storage.history.know_volumes(day, len(storage.ids), by_slot)

    def usual_volume(self, now_ns: int) -> tuple[npt.NDArray[Any], int]:
        """Shares usually traded by this time of day, by slot from 1 on, and over how many earlier days (0: not known)."""
        since = now_ns - self.storage.get("midnight")
        usual, days = self.storage.history.average_volume(len(self.storage.ids), since, self.storage.today)
        return usual[1:], days

    def year_extremes(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any], bool]:
        """Highs and lows of the 52 weeks before today by slot from 1 on, and whether the days known reach back that far."""
        storage = self.storage
        highs, lows, known = storage.history.year_extremes(len(storage.ids), storage.today)
        return highs[1:], lows[1:], known

    def minutes(self, instrument_id: int, start_ns: int, end_ns: int = FOREVER) -> Bars:
        """Rows of BAR as kept, by key: those of regular and of extended hours apart, also those without a price."""
        slot = self._slots[instrument_id]
        parts = [_of_day(day, slot, start_ns, end_ns) for day in self.storage.days]
        today = np.zeros(0, BAR)
        found = 64
        while found > len(today):
            today = np.zeros(found, BAR)
            found = kernel.bars_between(self.header, slot, start_ns, end_ns, today.ctypes.data, len(today))
        return np.concatenate([*parts, today[:found][::-1]])


def _of_day(day: Bars, slot: int, start_ns: int, end_ns: int) -> Bars:
    first, last = np.searchsorted(day["instrument"], [slot, slot + 1])
    keys = day["key"][first:last]
    begin, end = np.searchsorted(keys, [start_ns, end_ns])
    return day[first + begin : first + end]


def trade_of(row: np.void) -> Trade:
    """Give a row of the ring as a value."""
    return Trade(
        number=int(row["number"]),
        time_ns=int(row["time"]),
        price=int(row["price"]),
        shares=int(row["shares"]),
        venue=int(row["venue"]),
        resting_side=int(row["side"]),
        kind=chr(row["kind"]),
        match=int(row["match"]),
        broken=bool(row["broken"]),
        place=int(row["place"]),
        bid=int(row["bid"]),
        bid_shares=int(row["bid_shares"]),
        ask=int(row["ask"]),
        ask_shares=int(row["ask_shares"]),
        conditions=letters_of(int(row["conditions"])),
        effects=int(row["effects"]),
        original=int(row["original"]),
        replaced=int(row["broken"]) == REPLACED,
    )


def load_kernels() -> None:
    """Bring every compiled kernel of the tape into the process."""
    tape = Tape([1])
    tape.open_day(0)
    rows = np.zeros(2, TRADE)
    rows["instrument"], rows["kind"], rows["printable"], rows["price"], rows["shares"] = 1, ord("E"), 1, 1, 1
    rows["kind"][1] = ord("B")
    tape.take(rows)
    tape.tell(MINUTE)
    tape.trades(1, 0, 1)
    first_by(np.zeros(1, np.int64), np.ones(1, np.uint8), np.zeros(1, np.int64))
    tape.bars(1, 0)
