"""A stock's stored orders as ITCH 5.0: what makes the same book from nothing."""

from __future__ import annotations

from rushtrade.archive.mbo_replay import StoredOrder
from rushtrade.ticks.schemas import NO_PRICE, PRICE_SCALE
from rushtrade.wire.framing import frame
from rushtrade.wire.itch50 import AddOrder, StockDirectory, StockTradingAction, encode

PRICE_MAX = 0xFFFF_FFFF
"""Of a price and of a size: four bytes each."""


def fits(price: int, size: int) -> bool:
    """Whether an order can stand in a market of stocks."""
    return (
        price != NO_PRICE
        and 0 < price <= PRICE_MAX * PRICE_SCALE
        and price % PRICE_SCALE == 0
        and size <= PRICE_MAX
    )


def image_of(
    symbol: str,
    sides: tuple[list[StoredOrder], list[StoredOrder]],
    since_midnight: int,
    round_lot: int,
    *,
    locate: int = 1,
    trading: str = "T",
) -> bytes:
    """A stock's book as ITCH 5.0: directory, trading state, then every order in the order of the queues."""
    stock = symbol[:8]
    parts = [
        encode(
            StockDirectory(
                locate,
                0,
                since_midnight,
                stock,
                "Q",
                "N",
                round_lot,
                "N",
                "C",
                "Z",
                "P",
                "N",
                "N",
                "1",
                "N",
                0,
                "N",
            )
        ),
        encode(StockTradingAction(locate, 0, since_midnight, stock, trading, " ", "")),
    ]
    for letter, orders in zip("BS", sides, strict=True):
        parts += [
            encode(
                AddOrder(
                    locate,
                    0,
                    since_midnight,
                    order.order,
                    letter,
                    order.size,
                    stock,
                    order.price // PRICE_SCALE,
                )
            )
            for order in orders
        ]
    return b"".join(frame(part) for part in parts)
