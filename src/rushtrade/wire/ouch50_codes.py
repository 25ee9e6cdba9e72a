"""What the letters and numbers of OUCH 5.0 mean.

Only codes that somebody here sends or understands have a name; `REJECT_TEXTS` has all reasons of a refusal, for people who read a stream.
"""

from __future__ import annotations

from typing import Final

BUY, SELL, SELL_SHORT, SELL_SHORT_EXEMPT = "B", "S", "T", "E"
DAY, IOC, EXTENDED, UNTIL_TIME, AFTER_HOURS = "0", "3", "5", "6", "E"
DISPLAYED, HIDDEN, ATTRIBUTABLE = "Y", "N", "A"
AGENCY, PRINCIPAL, RISKLESS, OTHER_CAPACITY = "A", "P", "R", "O"
YES, NO = "Y", "N"
CONTINUOUS, OPENING_CROSS, CLOSING_CROSS, HALT_CROSS = "N", "O", "C", "H"
LIMIT_PRICE, MARKET_PEG, PRIMARY_PEG, MIDPOINT_PEG = "L", "P", "R", "M"
POST_ONLY = "P"
LIVE, DEAD = "L", "D"
START_OF_DAY, END_OF_DAY = "S", "E"
MARKET_PRICE: Final = 0x7FFF_FFFF
"""The price of an order that has no limit."""

PREVENT_NEWEST, PREVENT_OLDEST, PREVENT_BOTH = "N", "O", "Y"
"""Self-match prevention of a firm's group: which order gives way; both lose what would have traded."""

ADDED, REMOVED, ADDED_HIDDEN, ADDED_MIDPOINT, REMOVED_MIDPOINT = "A", "R", "J", "k", "m"

CANCELED_BY_USER, CANCELED_AT_ONCE, CANCELED_BY_TIME, CANCELED_BY_SUPERVISOR = "U", "I", "T", "S"
CANCELED_BY_REGULATION, CANCELED_SELF_MATCH, CANCELED_BY_SYSTEM, CANCELED_CROSS = "D", "Q", "Z", "C"
CANCELED_AT_CLOSE, CANCELED_IN_HALT, CANCELED_POST_ONLY = "E", "H", "F"

ERRONEOUS, CONSENT, SUPERVISORY, EXTERNAL = "E", "C", "S", "X"

CLOSED, BAD_DISPLAY, BAD_MAX_FLOOR, BAD_PEG, HALTED, SWEEP_NOT_ALLOWED, BAD_SIDE = 2, 3, 4, 5, 7, 8, 9
NOT_PROCESSED: Final = 10
FIRM_NOT_AUTHORIZED, BAD_MINIMUM, OTHER, CROSSED_MARKET, BAD_QUANTITY, BAD_CROSS = 12, 13, 15, 18, 19, 20
REPLACE_NOT_ALLOWED, ROUTING_NOT_ALLOWED, BAD_SYMBOL, RETAIL_NOT_ALLOWED, BAD_PRICE = 21, 22, 23, 26, 29
SHORT_SALE_RESTRICTED: Final = 35

REJECT_TEXTS: Final[dict[int, str]] = {
    1: "there is no quote",
    2: "the venue is closed",
    3: "the display is not one the venue takes",
    4: "the shares to be shown do not fit the order",
    5: "the peg is not one the venue takes",
    6: "the price or the size looks like a slip",
    7: "trading is halted",
    8: "intermarket sweeps are not taken here",
    9: "the side is not one",
    10: "the venue could not process it",
    11: "a cancel is pending",
    12: "the account may not trade for this firm",
    13: "the minimum quantity does not fit the order",
    14: "there is no reference price for the close",
    15: "another reason",
    16: "it may not be cancelled",
    17: "pegged orders are not taken now",
    18: "it would lock or cross the market",
    19: "the quantity is not one the venue takes",
    20: "the order does not fit the cross it is for",
    21: "it may not be replaced like this",
    22: "the venue does not route",
    23: "the venue does not list the symbol",
    24: "it is a test",
    25: "a late order for the close is priced too far in",
    26: "retail orders are not taken",
    27: "a midpoint order to be posted only has no price to be posted at",
    28: "the destination is not one",
    29: "the price is not one the venue takes",
    30: "more shares than the port may send",
    31: "a larger value than the port may send",
    32: "risk: open orders are worth too much together",
    33: "risk: the order would move the market",
    34: "risk: the stock is restricted",
    35: "risk: short sales are restricted",
    36: "risk: intermarket sweeps are not allowed",
    37: "risk: too large beside the average volume",
    38: "risk: the price or the size looks like a slip",
    39: "risk: shares must be located",
    40: "risk: too many messages for the symbol",
    41: "risk: too many messages on the port",
    42: "risk: too many equal messages",
    43: "risk: short sales are not allowed",
    44: "risk: market orders are not allowed",
    45: "risk: not before the regular session",
    46: "risk: not after the regular session",
    47: "risk: short-exempt sales are not allowed",
    48: "risk: the order is worth too much",
    49: "risk: too many shares",
    50: "the short-sale state is not known",
}
