"""Market data as this API's clients read it: JSON numbers, which nothing that decides reads, and letters of the tape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rushtrade.domain import instruments
from rushtrade.domain.instruments import EquityClass
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, PRICE_UNIT
from rushtrade.serving.items import Item
from rushtrade.status.statuses import HALT_REASONS
from rushtrade.tape.conditions import letters_of

if TYPE_CHECKING:
    import numpy as np

    from rushtrade.api.ports import PastQuote
    from rushtrade.api.reference import Frame
    from rushtrade.market.quotes import Nbbo
    from rushtrade.store import rows
    from rushtrade.store.image import Image
    from rushtrade.tape.prints import Bar, Trade


def price_number(price: int) -> float:
    """Give a price as a JSON number: market data is sent as numbers."""
    return price / PRICE_UNIT


_TAPE_LETTERS: Final = {
    "XNAS": "Q", "XNYS": "N", "ARCX": "P", "XASE": "A", "XBOS": "B", "XPHL": "X", "XCHI": "M", "BATS": "Z", "BATY": "Y",
    "EDGA": "J", "EDGX": "K", "IEXG": "V", "MEMX": "U", "EPRL": "H", "LTSE": "L", "24EQ": "G",
}  # fmt: skip
"""Letters of the consolidated tape; a venue without one is shown by its route code."""


QUOTE_CONDITIONS: Final = {"R": "Regular, open for trading"}
"""Letters of quotes this market sends: slow, closed and non-firm quotes take no part in the best bid and offer."""


def exchange_letter(image: Image, venue: int) -> str:
    """Give the letter under which the tape shows a venue."""
    route = image.routes.get(venue)
    return "" if route is None else _TAPE_LETTERS.get(route.mic, route.route_code)


def tape_of(row: rows.InstrumentRow) -> str:
    """Give the tape an instrument's trades are reported on."""
    return instruments.tape_of(EquityClass(row.equity_class), row.primary_venue)


def trade_fields(image: Image, row: rows.InstrumentRow, trade: Trade) -> dict[str, Any]:
    """Write a trade, but for its time."""
    return {
        "x": exchange_letter(image, trade.venue),
        "p": price_number(trade.price),
        "s": trade.shares,
        "c": list(trade.conditions) or ["@"],
        "i": trade.match,
        "z": tape_of(row),
    }


def quote_fields(image: Image, row: rows.InstrumentRow, quote: Nbbo) -> dict[str, Any]:
    """Write a quote, but for its time. Sizes are shares; the exchange is the first that shows the price."""
    return {
        "ax": exchange_letter(image, first_venue(quote.ask_venues)),
        "ap": price_number(quote.ask),
        "as": quote.ask_shares,
        "bx": exchange_letter(image, first_venue(quote.bid_venues)),
        "bp": price_number(quote.bid),
        "bs": quote.bid_shares,
        "c": ["R"],
        "z": tape_of(row),
    }


def change_fields(image: Image, row: rows.InstrumentRow, change: np.void) -> dict[str, Any]:
    """Write a change of the national best, but for its time."""
    return {
        "ax": exchange_letter(image, first_venue(int(change["ask_venues"]))),
        "ap": price_number(int(change["ask"])),
        "as": int(change["ask_shares"]),
        "bx": exchange_letter(image, first_venue(int(change["bid_venues"]))),
        "bp": price_number(int(change["bid"])),
        "bs": int(change["bid_shares"]),
        "c": ["R"],
        "z": tape_of(row),
    }


def first_venue(bits: int) -> int:
    """Give the lowest venue of a set of bits; -1 for none."""
    return (bits & -bits).bit_length() - 1


def bar_fields(bar: Bar | Frame) -> dict[str, Any]:
    """Write a bar, but for its time."""
    return {
        "o": price_number(bar.open),
        "h": price_number(bar.high),
        "l": price_number(bar.low),
        "c": price_number(bar.close),
        "v": bar.volume,
        "n": bar.trades,
        "vw": bar.money / (bar.volume * MONEY_PER_PRICE_SHARE * PRICE_UNIT) if bar.volume else 0.0,
    }


def print_fields(image: Image, row: rows.InstrumentRow, record: np.void) -> dict[str, Any]:
    """Write a row of the tape, but for its time."""
    return {
        "x": exchange_letter(image, int(record["venue"])),
        "p": price_number(int(record["price"])),
        "s": int(record["shares"]),
        "c": list(letters_of(int(record["conditions"]))) or ["@"],
        "i": int(record["match"]),
        "z": tape_of(row),
    }


def cancel_fields(image: Image, row: rows.InstrumentRow, original: np.void) -> dict[str, Any]:
    """Write that a trade was declared void, but for the time."""
    fields = print_fields(image, row, original)
    return {**{name: fields[name] for name in ("x", "p", "s", "i", "z")}, "a": "C"}


def correction_fields(
    image: Image, row: rows.InstrumentRow, original: np.void, replacement: np.void
) -> dict[str, Any]:
    """Write that a trade was corrected, but for the time."""
    before, after = print_fields(image, row, original), print_fields(image, row, replacement)
    return {
        "x": before["x"],
        "oi": before["i"],
        "op": before["p"],
        "os": before["s"],
        "oc": before["c"],
        "ci": after["i"],
        "cp": after["p"],
        "cs": after["s"],
        "cc": after["c"],
        "z": before["z"],
    }


def news_fields(bar: np.void) -> dict[str, Any]:
    """Write a bar the tape told of, but for its time."""
    volume = int(bar["volume"])
    return {
        **{letter: price_number(int(bar[name])) for letter, name in _PRICES.items()},
        "v": volume,
        "n": int(bar["trades"]),
        "vw": int(bar["value"]) / (volume * PRICE_UNIT) if volume else 0.0,
    }


def status_fields(row: rows.InstrumentRow, event: np.void) -> dict[str, Any]:
    """Write a trading state: of the stock, or of one market centre alone; all texts, as clients demand."""
    state, reason = _letters(event["state"]), _letters(event["reason"])
    centre = f" at market centre {_letters(event['centre'])}" if _letters(event["kind"]) == "h" else ""
    return {
        "sc": state,
        "sm": _STATES.get(state, "Trading state not known") + centre,
        "rc": reason,
        "rm": HALT_REASONS.get(reason, reason),
        "z": tape_of(row),
    }


def luld_fields(row: rows.InstrumentRow, event: np.void) -> dict[str, Any]:
    """Write price bands: as a feed published them, as they were computed here, or a limit state under them."""
    kind, state = _letters(event["kind"]), _letters(event["state"])
    return {
        "u": price_number(int(event["high"])),
        "d": price_number(int(event["low"])),
        "i": _LIMIT_STATES.get(state, "A") if kind == "l" else "A",
        "z": tape_of(row),
    }


def imbalance_fields(row: rows.InstrumentRow, event: np.void) -> dict[str, Any]:
    """Write an auction's imbalance: clients know its price, the rest is our own."""
    return {
        "p": price_number(int(event["near"]) or int(event["price"])),
        "z": tape_of(row),
        "paired": int(event["shares"]),
        "imbalance": int(event["imbalance"]),
        "side": _letters(event["side"]),
        "cross": _letters(event["state"]),
        "far": price_number(int(event["far"])),
        "near": price_number(int(event["near"])),
        "reference": price_number(int(event["price"])),
    }


def _letters(raw: Any) -> str:
    return bytes(raw).decode("latin-1").strip()


_STATES: Final = {
    "H": "Trading halt",
    "P": "Volatility trading pause",
    "Q": "Quotation only",
    "T": "Trading",
}
_LIMIT_STATES: Final = {"U": "E", "D": "F", "S": "B"}
"""Limit state: the best bid is at the upper band, the best offer at the lower one, or the bid is below the lower one (straddle)."""
_PRICES: Final = {"o": "open", "h": "high", "l": "low", "c": "close"}


def print_item(image: Image, row: rows.InstrumentRow, record: np.void) -> Item:
    """Write a trade of the tape as a message."""
    return Item("t", row.symbol, int(record["time"]), print_fields(image, row, record))


def past_quote_fields(image: Image, row: rows.InstrumentRow, quote: PastQuote) -> dict[str, Any]:
    """Write an archived quote, but for its time."""
    return {
        "ax": exchange_letter(image, quote.ask_venue),
        "ap": price_number(quote.ask),
        "as": quote.ask_shares,
        "bx": exchange_letter(image, quote.bid_venue),
        "bp": price_number(quote.bid),
        "bs": quote.bid_shares,
        "c": ["R"],
        "z": tape_of(row),
    }
