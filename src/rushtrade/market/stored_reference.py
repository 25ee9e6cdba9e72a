"""Reference data that a tick store holds: what venues' directories said on its days, and when stocks were halted.

Every stored day keeps the directory messages of its lines (`definition`) and the changes of state (`status`). `learn_stored` teaches
the first to a `ReferenceData`; `halts_of` reads the second for one symbol. Refuses to know who asks.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.market.reference import Listing, ReferenceData
from rushtrade.ticks.sql import TickSql

HALTS_MAX: Final = 1_000
"""Changes of state of one answer: a halt a day for two years."""
_DEFINITIONS: Final = """
SELECT trade_date, symbol, coalesce(min_lot_size_round_lot, 0) AS lot, detail,
  string_agg(DISTINCT venue, ', ' ORDER BY venue) AS venues, count(DISTINCT venue) AS said
FROM definition WHERE raw_symbol <> '' {chosen} GROUP BY ALL
ORDER BY trade_date, symbol, said DESC, venues
"""
_STATES: Final = """
SELECT epoch_ns(ts_event) AS time_ns, venue, message, state, coalesce(reason, '') AS reason
FROM status WHERE symbol = ? AND message IN ('H', 'h', 'Y') AND state <> '' ORDER BY ts_event, sequence
"""
_STATE_WORDS: Final = {
    ("H", "H"): "halted",
    ("H", "P"): "paused",
    ("H", "Q"): "quotes only",
    ("H", "T"): "trades",
    ("h", "H"): "halted on this venue",
    ("h", "T"): "trades on this venue",
    ("Y", "0"): "no short-sale price test",
    ("Y", "1"): "short-sale price test begins",
    ("Y", "2"): "short-sale price test goes on",
}
"""By message and state of ITCH 5.0."""
_USUAL: Final = frozenset(["trades", "trades on this venue", "no short-sale price test"])
"""How a stock begins: told only when it was otherwise before."""


class StateChange(msgspec.Struct, frozen=True):
    """A stock's state from an instant on, as a venue told it."""

    time_ns: int
    venue: str
    state: str
    reason: str


def learn_stored(reference: ReferenceData, sql: TickSql, symbol: str = "") -> None:
    """Teach what the directories of all stored days said, of one symbol or of all. Where venues differ, most of them are believed."""
    chosen = "AND symbol = ?" if symbol else ""
    table = sql.query(_DEFINITIONS.format(chosen=chosen), [symbol] if symbol else None)
    before: tuple[dt.date, str] | None = None
    for row in table.to_pylist():
        key = (row["trade_date"], row["symbol"])
        if key != before:
            before = key
            reference.learn(
                row["trade_date"],
                _listing(row["symbol"], row["lot"], row["detail"] or ""),
                f"directory of {row['venues']}",
            )


def _listing(symbol: str, lot: int, detail: str) -> Listing:
    """Read a directory's words, `name=value` each."""
    words = dict(word.split("=", 1) for word in detail.split(" ") if "=" in word)
    leverage = words.get("leverage", "0")
    return Listing(
        symbol=symbol,
        round_lot=lot,
        market_category=words.get("category", words.get("market_category", "")),
        issue_classification=words.get("class", words.get("issue_classification", "")),
        etp_flag=words.get("etp", ""),
        financial_status=words.get("status", words.get("financial_status", "")),
        tier=words.get("tier", ""),
        leverage=int(leverage) if leverage.isdecimal() else 0,
    )


def halts_of(sql: TickSql, symbol: str) -> list[StateChange]:
    """Give a symbol's halts, pauses and short-sale tests in all stored days, and their ends. InvalidInput for more than `HALTS_MAX`."""
    found: list[StateChange] = []
    last: dict[tuple[str, str], str] = {}
    for row in sql.query(_STATES, [symbol]).to_pylist():
        message, venue = row["message"], row["venue"]
        state = _STATE_WORDS.get((message, row["state"]), f"state {row['state']} of message {message}")
        if last.get((venue, message), state if state in _USUAL else "") != state:
            found.append(StateChange(row["time_ns"], venue, state, row["reason"]))
        last[venue, message] = state
        if len(found) > HALTS_MAX:
            raise InvalidInput(
                f"{symbol} changed its state more than {HALTS_MAX:,} times; ask `rushtrade ticks query` for a day"
            )
    return found
