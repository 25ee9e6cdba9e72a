"""Sale conditions as the kernels read them: every letter's row as one number.

The rows are data of `rules.sale_conditions`; the bits are those of `condition_layout`. Refuses to know any letter itself.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import numpy.typing as npt

from rushtrade.rules.sale_conditions import PLAN_OF_TAPE, SaleCondition, conditions_on
from rushtrade.tape import condition_layout as bits

_LAST: Final = {
    "no": 0,
    "yes": bits.LAST,
    "first": bits.LAST | bits.ONLY_FIRST,
    "same": bits.LAST | bits.ONLY_SAME_VENUE,
    "timely": bits.LAST | bits.ONLY_TIMELY,
}
_MARKS: Final = {
    "": 0,
    "odd_lot": bits.ODD_LOT,
    "extended": bits.EXTENDED,
    "extended_late": bits.EXTENDED,
    "opening": bits.OPENING,
    "reopening": bits.REOPENING,
    "closing": bits.CLOSING,
    "official_open": bits.OFFICIAL_OPEN,
    "official_close": bits.OFFICIAL_CLOSE,
    "corrected_close": bits.CORRECTED_CLOSE,
}
WITHOUT_ROW: Final = bits.UNKNOWN | bits.VOLUME
"""A letter nobody described: the shares did trade, the price may mean anything."""


def rule_number(row: SaleCondition) -> int:
    """Write a row as bits. In extended hours a plain extended trade prices its bar, a late one only its high and low."""
    number = _LAST[row.last] | _MARKS[row.mark]
    number |= bits.HIGH_LOW * row.high_low | bits.VOLUME * row.volume
    number |= bits.CENTRE_OPEN * row.centre_open | bits.CENTRE_HIGH_LOW * row.centre_high_low
    number |= bits.CENTRE_LAST * (row.centre_last != "no")
    if row.mark == "extended" or row.last == "yes":
        number |= bits.EXTENDED_LAST
    if row.mark in {"extended", "extended_late"} or row.high_low:
        number |= bits.EXTENDED_HIGH_LOW
    return number


def rules_on(day: dt.date) -> npt.NDArray[np.int32]:
    """Give the rules of all letters of all tapes on a day, at `tape * 256 + letter`."""
    rules = np.full(bits.RULE_ROWS, WITHOUT_ROW, np.int32)
    conditions = conditions_on(day)
    for place, tape in enumerate(bits.TAPES):
        for letter, row in conditions[PLAN_OF_TAPE[tape]].items():
            rules[place * 256 + ord(letter)] = rule_number(row)
    return rules


def names_of(tape: str, day: dt.date) -> dict[str, str]:
    """Name the letters of a tape (A, B or C) on a day."""
    return {letter: row.name for letter, row in sorted(conditions_on(day)[PLAN_OF_TAPE[tape]].items())}


def letters_of(packed: int) -> str:
    """Write the letters of `TRADE.conditions`."""
    return packed.to_bytes(4, "little").decode("latin-1").replace("\0", "")


def pack_letters(letters: str) -> int:
    """Pack up to four letters, blanks left out; more than four are cut: no plan has more."""
    raw = letters.replace(" ", "").encode("latin-1", "replace")[:4]
    return int.from_bytes(raw.ljust(4, b"\0"), "little")
