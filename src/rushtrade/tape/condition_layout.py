"""The bits that say what a trade may change, by its sale conditions.

A rule is one number a tape and letter. Of a trade with several conditions the bits of `ALLOWED` hold only when every
letter has them, the others when any letter has them. The number kept with a trade (`TRADE.effects`) is what came of that
when it arrived: `LAST` and `HIGH_LOW` are then settled, with every "only if" decided.
"""

from __future__ import annotations

LAST, HIGH_LOW, VOLUME = 1 << 0, 1 << 1, 1 << 2
"""Sets the consolidated last (and so open and close), may move high and low, counts as volume."""
CENTRE_LAST, CENTRE_HIGH_LOW, CENTRE_OPEN = 1 << 3, 1 << 4, 1 << 5
"""The same for the market centre's own record."""
EXTENDED_LAST, EXTENDED_HIGH_LOW = 1 << 6, 1 << 7
"""The same for a bar of extended hours, when the trade is one of extended hours."""
ALLOWED = 0xFF

ONLY_FIRST = 1 << 8
"""Sets the last only when nothing has set it today."""
ONLY_SAME_VENUE = 1 << 9
"""Sets the last only when nothing has, or when the venue that did is its own."""
ONLY_TIMELY = 1 << 10
"""Sets the last only until ten seconds after the close."""

EXTENDED, ODD_LOT, OPENING, CLOSING, REOPENING = (1 << bit for bit in range(11, 16))
OFFICIAL_OPEN, OFFICIAL_CLOSE, CORRECTED_CLOSE = (1 << bit for bit in range(16, 19))
"""What a print is, whatever it may change."""
UNKNOWN = 1 << 19
"""A letter has no row."""

TAPES = "ABC"
RULE_ROWS = len(TAPES) * 256
"""Rules of all tapes: a letter's is at `tape * 256 + letter`."""
TAPE_C = 2
"""The tape whose rules a venue's own prints follow when the security's listing is not told."""

REGULAR = ord("@")
BLANK = ord(" ")
LETTER_ODD_LOT, LETTER_EXTENDED = ord("I"), ord("T")
LETTER_OPENING, LETTER_CLOSING, LETTER_REOPENING, LETTER_CROSS = ord("O"), ord("6"), ord("5"), ord("X")
TIMELY_NS = 10_000_000_000
"""After the close: UTP's end of last-sale eligibility is at 16:00:10."""
