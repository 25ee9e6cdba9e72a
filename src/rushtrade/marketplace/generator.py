"""A generated order flow as a source of ITCH 5.0, for days without a recorded file. Always labelled as simulated.

Hands a seed and the stocks of a world to the generator's kernel and gives out what it writes, piece by piece: the same
bytes a file would hold, so that both go down one path. Deterministic from seed, stocks and settings.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import HOUR, MINUTE, SECOND
from rushtrade.domain.instruments import EquityClass
from rushtrade.domain.numbers import PRICE_UNIT
from rushtrade.marketplace.generator_kernel import (
    FAIR_BITS,
    G_END,
    G_FINISHED,
    G_INTERVAL,
    G_RANDOM,
    G_SEEDS,
    G_STOCKS,
    G_TIME,
    G_WEIGHTS,
    GENERATED_BYTES,
    GENERATOR_BYTES,
    ORDERS_MAX,
    S_ANCHOR,
    S_FAIR,
    S_HALF_SPREAD,
    S_LOT,
    S_NAME,
    S_NORMAL,
    S_ROUGH,
    S_START,
    S_TARGET,
    S_TICK,
    S_WEIGHT,
    STOCK_BYTES,
    generate,
)
from rushtrade.wire.compiled import address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.rules.world import FlowSymbol

OPENING: Final = 9 * HOUR + 30 * MINUTE
DAY_END_MAX: Final = 1 << 48
"""Feed times are six bytes: 78 hours after midnight even an endless flow ends."""
STOCKS_MAX: Final = 256
MESSAGES_PER_SECOND: Final = 300
PIECE_BYTES: Final = 1 << 16
PRICE_MIN: Final = 500
"""Five cents: a quarter below, it still is forty steps of the grid."""
PRICE_MAX: Final = 100_000_000
SEEDED_ORDERS: Final = 120
"""Orders of each stock in the opening books."""
ACTIVITY: Final = 1_000_000
CENT: Final = 100
MILL: Final = 10
"""Below a dollar, quotes come in tenths of a cent."""
SUB_DOLLAR: Final = PRICE_UNIT * 3 // 4
"""From here up a fair value may come to a dollar, where the grid is the cent: these stocks are quoted in cents throughout."""
TARGET_ORDERS: Final = 240
TARGET_QUOTES: Final = 40
"""Orders a book is drawn to off the exchanges, where market makers stand with a few quotes each."""


class GeneratedFlow:
    """An endless simulated flow of `stocks`, busiest first, from a seed.

    Times are nanoseconds since midnight. `last_time` ends the flow; without it, it goes on as far as feed times reach.
    """

    def __init__(
        self,
        stocks: Sequence[FlowSymbol],
        seed: int,
        *,
        first_time: int = OPENING,
        last_time: int | None = None,
        messages_per_second: int = MESSAGES_PER_SECOND,
    ) -> None:
        if not 0 < len(stocks) <= STOCKS_MAX:
            raise InvalidInput(f"a generated flow has 1 to {STOCKS_MAX} stocks, not {len(stocks)}")
        for stock in stocks:
            if not PRICE_MIN <= stock.price <= PRICE_MAX:
                raise InvalidInput(
                    f"{stock.symbol} starts at {stock.price}; a generated flow takes"
                    f" {PRICE_MIN} to {PRICE_MAX} ($0.0001)"
                )
        end = DAY_END_MAX if last_time is None else last_time
        if not 0 <= first_time < end <= DAY_END_MAX:
            raise InvalidInput(f"a generated flow begins before it ends, not at {first_time} and {end} ns")
        if not 0 < messages_per_second <= SECOND:
            raise InvalidInput(f"messages per second are 1 to {SECOND:,}, not {messages_per_second}")
        self._seed = seed
        self._stocks = tuple(stocks)
        self._first_time, self._last_time = first_time, last_time
        self._table = np.zeros(len(stocks) * STOCK_BYTES // 8, dtype=np.int64)
        self._orders = np.zeros(len(stocks) * ORDERS_MAX * GENERATED_BYTES // 8, dtype=np.int64)
        self._header = np.zeros(GENERATOR_BYTES // 8, dtype=np.int64)
        self._piece = np.zeros(PIECE_BYTES, dtype=np.uint8)
        weights = [self._fill_stock(number, stock) for number, stock in enumerate(self._stocks)]
        for offset, value in (
            (G_RANDOM, seed & 0x7FFF_FFFF_FFFF_FFFF),
            (G_TIME, first_time),
            (G_END, end),
            (G_STOCKS, len(stocks)),
            (G_INTERVAL, SECOND // messages_per_second),
            (G_SEEDS, SEEDED_ORDERS * len(stocks)),
            (G_WEIGHTS, sum(weights)),
        ):
            self._header[offset // 8] = value

    @property
    def label(self) -> str:
        """What screens say of it."""
        return f"simulated order flow, seed {self._seed}"

    @property
    def simulated(self) -> bool:
        """It is."""
        return True

    @property
    def directory(self) -> dict[int, str]:
        """The stocks by recorded locate."""
        return {number: stock.symbol for number, stock in enumerate(self._stocks, start=1)}

    @property
    def messages(self) -> None:
        """Nobody knows how many."""
        return

    @property
    def first_time(self) -> int:
        """Nanoseconds since midnight of the first message."""
        return self._first_time

    @property
    def last_time(self) -> int | None:
        """Nanoseconds since midnight after which the flow ends; None without end."""
        return self._last_time

    def read(self) -> bytes:
        """Give the next piece; empty once the flow has ended."""
        if self._header[G_FINISHED // 8]:
            return b""
        begin = address_of(self._piece)
        end = generate(
            address_of(self._header),
            address_of(self._table),
            address_of(self._orders),
            begin,
            begin + PIECE_BYTES,
        )
        return self._piece[: end - begin].tobytes()

    def _fill_stock(self, number: int, stock: FlowSymbol) -> int:
        """Describe a stock to the kernel; returns its weight, which falls as 1/rank (Zipf).

        A rarer message moves its stock by more, so that all are about as rough in an hour: half a percent.
        """
        weight = ACTIVITY // (number + 1)
        tick = CENT if stock.price >= SUB_DOLLAR else MILL
        ticks = 1 + stock.price // 2_000_000  # a cent wide up to $200, then half a cent more each $200
        off_exchange = stock.equity_class in {EquityClass.OTC_BB, EquityClass.PINK}
        half = max(ticks * tick // 4, stock.price // 100 if off_exchange else 0)
        normal = (stock.price << FAIR_BITS) * isqrt(10_000 * (number + 1)) // 9_000_000
        for offset, value in (
            (S_NAME, int.from_bytes(stock.symbol.encode("ascii").ljust(8), "little", signed=True)),
            (S_START, stock.price),
            (S_FAIR, stock.price << FAIR_BITS),
            (S_ANCHOR, stock.price << FAIR_BITS),
            (S_ROUGH, normal),
            (S_NORMAL, normal),
            (S_WEIGHT, weight),
            (S_HALF_SPREAD, half),
            (S_TICK, tick),
            (S_LOT, 100 if stock.price < 2_500_000 else 40),
            (S_TARGET, TARGET_QUOTES if off_exchange else TARGET_ORDERS),
        ):
            self._table[number * STOCK_BYTES // 8 + offset // 8] = value
        return weight
