"""What ITCH 5.0 says besides orders and trades, as rows: halts, restrictions, the directory, imbalances.

Messages of one type are read at once, through a record made from the field table of `rushtrade.wire.itch50`. What has no column
of its own stands in `detail`, as `name=value` words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.ticks.schemas import NO_PRICE, PRICE_SCALE, SCHEMAS
from rushtrade.wire.itch50 import LAYOUTS

Values = npt.NDArray[Any]
Rows = npt.NDArray[np.void]

STATUS_WORDS: dict[str, tuple[str, str]] = {
    "S": ("event", ""),
    "H": ("trading_state", "reason"),
    "Y": ("action", ""),
    "h": ("action", "market_code"),
    "W": ("breached_level", ""),
    "N": ("interest", ""),
    "L": ("participant_state", ""),
}
"""Fields that become `state` and `reason` of a `status` row. Types without a row here have only `detail`."""
_NAMED = frozenset(["locate", "tracking", "timestamp", "stock"])
DIRECTORY_WORDS: dict[str, str] = {
    "market_category": "category",
    "financial_status": "status",
    "luld_reference_price_tier": "tier",
    "etp_flag": "etp",
    "etp_leverage_factor": "leverage",
    "short_sale_threshold": "threshold",
    "authenticity": "authentic",
    "issue_classification": "class",
    "issue_subtype": "subtype",
    "inverse_indicator": "inverse",
    "ipo_flag": "ipo",
    "round_lots_only": "lots_only",
}
"""How a directory's fields are called in `detail`, the most asked for first: what does not fit is cut at the end."""


def _record(code: int) -> np.dtype[np.void]:
    layout = LAYOUTS[code]
    names, kinds, offsets = ["high", "low"], [">u2", ">u4"], [5, 7]
    for field in layout.fields:
        if field.size == 6:
            continue
        names.append(field.name)
        kinds.append(f"S{field.size}" if field.text else f">u{field.size}")
        offsets.append(field.offset)
    return np.dtype({"names": names, "formats": kinds, "offsets": offsets, "itemsize": layout.size})


RECORDS = {code: _record(code) for code in LAYOUTS}


def rows_of(
    data: npt.NDArray[np.uint8], begin: Values, sequences: Values, instruments: Values, midnight_ns: int
) -> list[tuple[str, Rows]]:
    """Rows by schema of messages that begin at `begin`; publisher and time of receipt are the caller's to fill in."""
    made: list[tuple[str, Rows]] = []
    codes = data[begin]
    for code in np.unique(codes).tolist():
        chosen = np.flatnonzero(codes == code)
        windows = np.lib.stride_tricks.sliding_window_view(data, LAYOUTS[code].size)
        found: Rows = windows[begin[chosen]].view(RECORDS[code])[:, 0]
        letter = chr(code)
        schema = "imbalance" if letter == "I" else "definition" if letter == "R" else "status"
        rows = SCHEMAS[schema].empty(len(found))
        rows["ts_event"] = (found["high"].astype(np.int64) << 32 | found["low"]) + midnight_ns
        rows["sequence"] = sequences[chosen]
        rows["instrument_id"] = instruments[found["locate"]]
        if schema == "imbalance":
            _fill_imbalance(rows, found)
        else:
            rows["message"] = letter
            if schema == "definition":
                rows["raw_symbol"] = np.char.rstrip(found["stock"])
                rows["min_lot_size_round_lot"] = found["round_lot_size"]
                rows["detail"] = _in_words(found, DIRECTORY_WORDS)
            else:
                state, reason = STATUS_WORDS.get(letter, ("", ""))
                rows["state"] = np.char.rstrip(found[state]) if state else b""
                rows["reason"] = np.char.rstrip(found[reason]) if reason else b""
                rows["detail"] = _details(found, (state, reason))
        made.append((schema, rows))
    return made


def _fill_imbalance(rows: Rows, found: Rows) -> None:
    for column, name in (
        ("ref_price", "reference_price"),
        ("cont_book_clr_price", "near_price"),
        ("auct_interest_clr_price", "far_price"),
    ):
        price = found[name].astype(np.int64) * PRICE_SCALE
        rows[column] = np.where(price == 0, NO_PRICE, price)
    rows["paired_qty"] = found["paired_shares"].astype(np.int64)
    rows["total_imbalance_qty"] = found["imbalance_shares"].astype(np.int64)
    rows["auction_type"] = found["cross_type"]
    rows["side"] = np.where(
        found["imbalance_direction"] == b"S", b"A", np.where(found["imbalance_direction"] == b"B", b"B", b"N")
    )
    rows["significant_imbalance"] = found["price_variation"]


def _details(found: Rows, told: tuple[str, ...]) -> Values:
    """The other fields in words; a long list is cut at its column's end."""
    names = [
        name
        for name in found.dtype.names or ()
        if name not in _NAMED and name not in told and name not in {"high", "low"}
    ]
    return _in_words(found, {name: name for name in names})


def _in_words(found: Rows, words: Mapping[str, str]) -> Values:
    """Fields as `word=value`, by name and in order; empty ones are left out."""
    if not words:
        return np.zeros(len(found), "S1")
    texts = [
        " ".join(
            f"{word}={_text(value)}" for word, value in zip(words.values(), row, strict=True) if _text(value)
        )
        for row in found[list(words)].tolist()
    ]
    return np.array([text.encode("latin-1", "replace") for text in texts])


def _text(value: object) -> str:
    return value.decode("latin-1").strip() if isinstance(value, bytes) else str(value)
