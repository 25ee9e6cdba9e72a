"""The field tables of the feeds we read, from their publishers' specifications.

Versions are those of the captures they were checked against: IEX DEEP 1.0 and TOPS 1.6, Nasdaq BBO 2.1, Nasdaq Last Sale
Plus 3.0 and 4.0, UTP UQDF 1.5, CTA CQS 2.10 and CTS 2.11. ITCH 5.0 has its table in `rushtrade.wire.itch50`.
"""

from __future__ import annotations

import msgspec

from rushtrade.feeds.events import MICRO, NANO
from rushtrade.feeds.layouts import Field, Format, Layout, Turn
from rushtrade.wire import itch50

SIXTH = NANO // 1_000_000
"""A price with six implied decimals."""
CENT = NANO // 100

# ---------------------------------------------------------------- ITCH 5.0

_ITCH_COLUMNS = {
    "reference": "order",
    "new_reference": "order",
    "match": "order",
    "side": "side",
    "shares": "size",
    "stock": "symbol",
    "price": "price",
    "paired_shares": "size",
    "reference_price": "price",
}
_ITCH_ACTIONS = {
    "A": "A", "F": "A", "E": "F", "C": "F", "X": "C", "D": "C", "U": "M", "P": "T", "Q": "T", "B": "X", "I": "I",
    "R": "D", "H": "S", "Y": "S", "h": "S", "V": "S", "W": "S", "J": "S",
}  # fmt: skip


def _itch_layout(layout: itch50.Layout) -> Layout:
    fields: dict[str, Field] = {
        "instrument": ("instrument", 1, ">u2"),
        "time_high": ("time_high", 5, ">u2"),
        "time_low": ("time_low", 7, ">u4"),
    }
    for field in layout.fields:
        name = _ITCH_COLUMNS.get(field.name)
        if name is not None and name not in fields:  # an execution keeps its order's reference, not its match
            fields[name] = (name, field.offset, f"S{field.size}" if field.text else f">u{field.size}")
    return Layout(layout.size, _ITCH_ACTIONS.get(layout.message.type, "N"), tuple(fields.values()))


ITCH50 = Format(
    "itch50",
    {layout.message.type: _itch_layout(layout) for layout in itch50.LAYOUTS.values()},
    from_midnight=True,
)

# ---------------------------------------------------------------- IEX, little-endian

_IEX_HEAD: tuple[Field, ...] = (("flags", 1, "u1"), ("time", 2, "<i8"))
_IEX_NAMED: tuple[Field, ...] = (*_IEX_HEAD, ("symbol", 10, "S8"))
_IEX_PRICED: tuple[Field, ...] = (*_IEX_NAMED, ("size", 18, "<u4"), ("price", 22, "<i8"))
_IEX_TRADE: tuple[Field, ...] = (*_IEX_PRICED, ("order", 30, "<u8"))
_IEX_LISTED: tuple[Field, ...] = (
    ("time", 2, "<i8"),
    ("symbol", 10, "S8"),
    ("size", 18, "<u4"),
    ("price", 22, "<i8"),
    ("flags", 30, "u1"),
)
_IEX_TRADING: Turn = (1, {"H": ("H", "H"), "P": ("H", "P"), "O": ("H", "Q"), "T": ("H", "T")})
_IEX_ADMINISTRATIVE = {
    "S": Layout(10, "S", _IEX_HEAD),
    "D": Layout(31, "D", _IEX_LISTED),
    "H": Layout(22, "S", (*_IEX_NAMED, ("conditions", 18, "S4")), turns=(_IEX_TRADING,)),
    "I": Layout(18, "S", _IEX_NAMED),
    "O": Layout(18, "S", _IEX_NAMED, turns=((1, {"O": ("h", "H"), "N": ("h", "T")}),)),
    "P": Layout(
        19,
        "S",
        _IEX_NAMED,
        turns=((1, {"\0": ("Y", "0"), "\1": ("Y", "2")}), (18, {"A": ("Y", "1")})),
    ),
    "E": Layout(18, "S", _IEX_NAMED),
}
_IEX_CONDITIONS = ((0x80, "F"), (0x40, "T"), (0x20, "I"), (0x08, "X"))
"""Bits of a trade's flags: sweep, extended hours, odd lot, single-price cross; an exemption from Rule 611 is no sale condition."""
_IEX_PRINTS = {
    "T": Layout(38, "T", _IEX_TRADE, bits=_IEX_CONDITIONS),
    "B": Layout(38, "X", _IEX_TRADE),
    "X": Layout(26, "N", (*_IEX_NAMED, ("price", 18, "<i8"))),
    "A": Layout(80, "I", (*_IEX_NAMED, ("size", 18, "<u4"), ("price", 22, "<i8"))),
}
IEX_DEEP = Format(
    "iex-deep",
    {
        **_IEX_ADMINISTRATIVE,
        **_IEX_PRINTS,
        "8": Layout(30, "L", _IEX_PRICED, side="B"),
        "5": Layout(30, "L", _IEX_PRICED, side="A"),
    },
)
_IEX_QUOTE: tuple[Field, ...] = (
    *_IEX_NAMED,
    ("size", 18, "<u4"),
    ("price", 22, "<i8"),
    ("ask_price", 30, "<i8"),
    ("ask_size", 38, "<u4"),
)
IEX_TOPS = Format("iex-tops", {**_IEX_ADMINISTRATIVE, **_IEX_PRINTS, "Q": Layout(42, "Q", _IEX_QUOTE)})

# ---------------------------------------------------------------- Nasdaq BBO 2.1


def _nasdaq(size: int, action: str, *fields: Field, time_at: int = 3, turns: tuple[Turn, ...] = ()) -> Layout:
    """A Nasdaq message: type, tracking number, time of day in six bytes."""
    times: tuple[Field, ...] = (("time_high", time_at, ">u2"), ("time_low", time_at + 2, ">u4"))
    return Layout(size, action, (*times, *fields), turns=turns)


def _states(action: str, letters: str, at: int) -> Turn:
    return at, {letter: (action, letter) for letter in letters}


def _nasdaq_trading(at: int) -> Turn:
    return _states("H", "HPQT", at)


def _nasdaq_short_sale(at: int) -> Turn:
    return _states("Y", "012", at)


def _nasdaq_halt(at: int) -> Turn:
    return _states("h", "HT", at)


_STOCK: Field = ("symbol", 9, "S8")
NASDAQ_BBO = Format(
    "nasdaq-bbo",
    {
        "S": _nasdaq(10, "S"),
        "R": _nasdaq(37, "D", _STOCK, ("size", 19, ">u4")),
        "H": _nasdaq(23, "S", _STOCK, ("conditions", 19, "S4"), turns=(_nasdaq_trading(17),)),
        "Y": _nasdaq(18, "S", _STOCK, turns=(_nasdaq_short_sale(17),)),
        "V": _nasdaq(33, "S"),
        "W": _nasdaq(10, "S"),
        "h": _nasdaq(19, "S", _STOCK, turns=(_nasdaq_halt(18),)),
        "N": _nasdaq(18, "S", _STOCK),
        "K": _nasdaq(26, "S", _STOCK),
        "Q": _nasdaq(
            34,
            "Q",
            _STOCK,
            ("price", 18, ">u4"),
            ("size", 22, ">u4"),
            ("ask_price", 26, ">u4"),
            ("ask_size", 30, ">u4"),
        ),
    },
    from_midnight=True,
)

# ---------------------------------------------------------------- Nasdaq Last Sale Plus


def _trade_3(size: int, action: str, price: str) -> Layout:
    """A trade of Last Sale Plus 3.0; `price` is 4 bytes, or 8 in the long form. A correction says the trade twice, as it should be last."""
    wide = int(price[2:])
    at = 41 + wide if action == "K" else 19
    fields: tuple[Field, ...] = (
        ("venue", 9, "S1"),
        ("symbol", 10, "S8"),
        ("control_original" if action == "X" else "control", at, "S10"),
        ("price", at + 10, price),
        ("size", at + 10 + wide, ">u4"),
        ("conditions", at + 14 + wide, "S4"),
        *((("control_original", 19, "S10"),) if action == "K" else ()),
    )
    return _nasdaq(size, action, *fields, time_at=2)


_STOCK_3: Field = ("symbol", 9, "S8")
LAST_SALE_PLUS_3 = Format(
    "nasdaq-last-sale-plus-3",
    {
        "S": _nasdaq(10, "S", time_at=2),
        "T": _trade_3(49, "T", ">u4"),
        "t": _trade_3(53, "T", ">u8"),
        "X": _trade_3(49, "X", ">u4"),
        "x": _trade_3(53, "X", ">u8"),
        "C": _trade_3(71, "K", ">u4"),
        "c": _trade_3(79, "K", ">u8"),
        "H": _nasdaq(
            24, "S", ("symbol", 10, "S8"), ("conditions", 20, "S4"), time_at=2, turns=(_nasdaq_trading(19),)
        ),
        "Y": _nasdaq(18, "S", _STOCK_3, time_at=2, turns=(_nasdaq_short_sale(17),)),
    },
    type_at=8,
    from_midnight=True,
    others=Layout(9, "N", (("time_high", 2, ">u2"), ("time_low", 4, ">u4")), longer=True),
)


def _trade_4(size: int, action: str) -> Layout:
    """A trade of Last Sale Plus 4.0: prices of 8 bytes, shares in millionths."""
    at = 55 if action == "K" else 25
    fields: tuple[Field, ...] = (
        ("time_high", 3, ">u2"),
        ("time_low", 5, ">u4"),
        ("venue", 15, "S1"),
        ("symbol", 16, "S8"),
        ("control_original" if action == "X" else "control", at, "S10"),
        ("price", at + 10, ">u8"),
        ("size", at + 18, ">u8"),
        ("conditions", at + 26, "S4"),
        *((("control_original", 25, "S10"),) if action == "K" else ()),
    )
    return Layout(size, action, fields, size_unit=1)


LAST_SALE_PLUS_4 = Format(
    "nasdaq-last-sale-plus-4",
    {
        "S": _nasdaq(10, "S"),
        "T": _trade_4(63, "T"),
        "X": _trade_4(63, "X"),
        "C": _trade_4(93, "K"),
        "H": _nasdaq(23, "S", _STOCK, ("conditions", 19, "S4"), turns=(_nasdaq_trading(18),)),
        "Y": _nasdaq(18, "S", _STOCK, turns=(_nasdaq_short_sale(17),)),
        "R": _nasdaq(49, "D", _STOCK, ("size", 19, ">u4")),
        "V": _nasdaq(33, "S"),
        "W": _nasdaq(10, "S"),
        "h": _nasdaq(19, "S", _STOCK, turns=(_nasdaq_halt(18),)),
        "K": _nasdaq(26, "S", _STOCK),
    },
    from_midnight=True,
    others=Layout(9, "N", (("time_high", 3, ">u2"), ("time_low", 5, ">u4")), longer=True),
)

# ---------------------------------------------------------------- UTP UQDF 1.5

_UTP_HEAD: tuple[Field, ...] = (("venue", 3, "S1"), ("time", 5, ">u8"))
_UTP_LONG: tuple[Field, ...] = (
    *_UTP_HEAD,
    ("symbol", 37, "S11"),
    ("price", 48, ">u8"),
    ("size", 56, ">u4"),
    ("ask_price", 60, ">u8"),
    ("ask_size", 68, ">u4"),
)
_UTP_SHORT: tuple[Field, ...] = (
    *_UTP_HEAD,
    ("symbol", 29, "S5"),
    ("price", 34, ">u2"),
    ("size", 36, ">u2"),
    ("ask_price", 38, ">u2"),
    ("ask_size", 40, ">u2"),
)
_UTP_NAMED: tuple[Field, ...] = (*_UTP_HEAD, ("symbol", 29, "S11"))
_UTP_BAND: tuple[Field, ...] = (*_UTP_NAMED, ("price", 49, ">u8"), ("ask_price", 57, ">u8"))
UQDF = Format(
    "uqdf",
    {
        "QE": Layout(48, "Q", _UTP_SHORT, price_unit=CENT, lots=True, longer=True),
        "QF": Layout(79, "Q", _UTP_LONG, price_unit=SIXTH, lots=True, longer=True),
        "AH": Layout(
            59, "S", (*_UTP_NAMED, ("conditions", 53, "S4")), longer=True, turns=(_nasdaq_trading(40),)
        ),
        "AK": Layout(
            50,
            "S",
            (*_UTP_NAMED[1:], ("venue", 49, "S1")),
            longer=True,
            turns=((40, {"H": ("h", "H"), "Q": ("h", "T"), "T": ("h", "T")}),),
        ),
        "AB": Layout(90, "D", (*_UTP_NAMED, ("size", 87, ">u2")), longer=True),
        "AV": Layout(41, "S", _UTP_NAMED, longer=True, turns=(_nasdaq_short_sale(40),)),
        "AP": Layout(65, "B", _UTP_BAND, price_unit=SIXTH, longer=True),
    },
    type_at=1,
    type_letters=2,
    others=Layout(29, "N", _UTP_HEAD, longer=True),
)
"""Every message begins with version, category, type and 26 bytes more; a message without a row of its own is counted."""

# ---------------------------------------------------------------- CTA CQS 2.10, CTS 2.11

_CTA_HEAD: tuple[Field, ...] = (("venue", 2, "S1"), ("seconds", 3, ">u4"), ("nanoseconds", 7, ">u4"))
_CTA_NAMED: tuple[Field, ...] = (*_CTA_HEAD, ("order", 16, ">u8"), ("symbol", 24, "S11"))
_CTA_OTHERS = Layout(24, "N", _CTA_HEAD, longer=True)
_CTA_LISTED = Layout(
    67,
    "D",
    (*_CTA_NAMED, ("price", 47, ">u8"), ("size", 63, ">u2"), ("flags", 66, "u1")),
    price_unit=SIXTH,
    longer=True,
)
"""Reference data: the primary market's last close, the round lot, and the tier of price bands as a letter."""
_CTA_QUOTE: tuple[Field, ...] = (
    *_CTA_NAMED,
    ("flags", 36, "u1"),
    ("price", 38, ">u8"),
    ("size", 46, ">u4"),
    ("ask_price", 50, ">u8"),
    ("ask_size", 58, ">u4"),
)
_CTA_SHORT_QUOTE: tuple[Field, ...] = (
    *_CTA_NAMED,
    ("price", 35, ">u2"),
    ("size", 37, ">u2"),
    ("ask_price", 39, ">u2"),
    ("ask_size", 41, ">u2"),
)
_CTA_BAND: Turn = (37, {"0": ("B", ""), "9": ("B", "")})
"""A quote that is none: its bid and offer are the price bands, or the same bands again."""
CQS = Format(
    "cqs",
    {
        "AS": _CTA_LISTED,
        "QL": Layout(62, "Q", _CTA_QUOTE, price_unit=SIXTH, longer=True, turns=(_CTA_BAND,)),
        "QS": Layout(62, "Q", _CTA_QUOTE, price_unit=SIXTH, longer=True, turns=(_CTA_BAND,)),
        "QQ": Layout(45, "Q", _CTA_SHORT_QUOTE, price_unit=CENT, longer=True),
    },
    type_letters=2,
    others=_CTA_OTHERS,
)
_CTA_SOLD: tuple[Field, ...] = (*_CTA_NAMED, ("conditions", 36, "S4"), ("price", 40, ">u8"))
_CTA_TRADE: tuple[Field, ...] = (*_CTA_SOLD, ("size", 48, ">u4"))
_CTA_FRACTIONAL: tuple[Field, ...] = (*_CTA_SOLD, ("size", 48, ">u8"))


def _cta_trade(action: str) -> Layout:
    return Layout(52, action, _CTA_TRADE, price_unit=SIXTH, longer=True)


def _cta_fractional(action: str) -> Layout:
    """A trade whose shares have six decimals."""
    return Layout(56, action, _CTA_FRACTIONAL, price_unit=SIXTH, size_unit=1, longer=True)


_CTA_SHORT_TRADE: tuple[Field, ...] = (
    *_CTA_HEAD,
    ("order", 16, ">u8"),
    ("symbol", 24, "S5"),
    ("conditions", 29, "S1"),
    ("price", 31, ">u2"),
)
_CTA_STATUS: tuple[Turn, ...] = (
    (70, {"A": ("Y", "1"), "C": ("Y", "2"), "D": ("Y", "0"), "E": ("Y", "2")}),
    (68, {"2": ("H", "H"), "3": ("H", "T")}),
    (73, {"A": ("B", ""), "B": ("B", "")}),
)
"""Short-sale restriction, trading status, bands: one message says them all, and the last that is said counts."""


def _cta_cancel(original: int, volume: str, unit: int) -> Layout:
    """A cancel: what the trade was, and its number at the participant."""
    fields = (*_CTA_SOLD, ("size", 48, volume), ("original", original, ">u8"))
    return Layout(original + 8, "X", fields, price_unit=SIXTH, size_unit=unit, longer=True)


def _cta_correction(original: int, volume: str, unit: int) -> Layout:
    """A correction: the trade as it should be, then the number of the one it was."""
    return msgspec.structs.replace(_cta_cancel(original, volume, unit), action="K")


CTS = Format(
    "cts",
    {
        "AS": _CTA_LISTED,
        "TL": _cta_trade("T"),
        "TR": _cta_fractional("T"),
        "TT": Layout(38, "T", (*_CTA_SHORT_TRADE, ("size", 33, ">u2")), price_unit=CENT, longer=True),
        "TH": Layout(
            40, "T", (*_CTA_SHORT_TRADE, ("size", 33, ">u4")), price_unit=CENT, size_unit=1, longer=True
        ),
        "TX": _cta_cancel(56, ">u4", MICRO),
        "TE": _cta_cancel(60, ">u8", 1),
        "TC": _cta_correction(65, ">u4", MICRO),
        "TO": _cta_correction(69, ">u8", 1),
        "PR": _cta_fractional("N"),
        "PE": _cta_fractional("N"),
        "TS": Layout(
            74,
            "S",
            (*_CTA_NAMED, ("ask_price", 44, ">u8"), ("price", 52, ">u8"), ("conditions", 69, "S1")),
            price_unit=SIXTH,
            longer=True,
            turns=_CTA_STATUS,
        ),
    },
    type_letters=2,
    others=_CTA_OTHERS,
)

IN_MOLD = (ITCH50, NASDAQ_BBO, LAST_SALE_PLUS_3, LAST_SALE_PLUS_4)
"""What MoldUDP64 may carry besides UQDF, which is known by its version digit and category."""

UTP_BYTES_MIN = 29
"""Bytes every UTP message has: version, category, type, originator, three times, token."""
