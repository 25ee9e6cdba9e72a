"""Why a command was refused: stable numbers, one plain sentence each.

A reason's number never changes and is never reused. `fix_code` is FIX tag 103 (OrdRejReason), `http_status`
and `api_code` are what the HTTP APIs answer. The sentence names the rule, the limit, the customer's value and what would pass.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class RejectReason(IntEnum):
    """Stable numbers, in the order in which the checks are made within each hundred."""

    UNKNOWN_ACCOUNT = 101
    UNKNOWN_INSTRUMENT = 102
    UNKNOWN_ORDER = 103
    DUPLICATE_CLIENT_ORDER_ID = 104
    MALFORMED_QUANTITY = 111
    MALFORMED_PRICE = 112
    MALFORMED_STOP_PRICE = 113
    PRICE_INCREMENT = 114
    TIME_IN_FORCE_NOT_TAKEN = 115
    DISPLAY_NOT_TAKEN = 116
    ROUTE_UNKNOWN = 117
    ROUTE_NOT_LEGAL = 118
    ORDER_TYPE_NOT_TAKEN = 119
    MARK_NOT_TAKEN = 120
    KILL_SWITCH = 201
    ACCOUNT_CLOSED = 202
    ACCOUNT_DISABLED = 203
    ACCOUNT_CLOSE_ONLY = 204
    INSTRUMENT_NOT_TRADABLE = 211
    INSTRUMENT_HALTED = 212
    MARKET_CLOSED = 213
    NO_MARKET = 214
    ROUTE_UNAVAILABLE = 215
    COLLAR = 221
    ORDER_SHARES_MAX = 222
    ORDER_NOTIONAL_MAX = 223
    OPEN_ORDERS_MAX = 224
    DUPLICATE_ORDER = 225
    STOP_THROUGH_MARKET = 226
    INSUFFICIENT_SHARES = 231
    POSITION_FLIP = 232
    OPPOSITE_ORDER_CROSSES = 233
    BUYING_POWER = 234
    SHORT_NOT_PERMITTED = 241
    NOT_EASY_TO_BORROW = 242
    ORDER_NOT_OPEN = 301
    CANCEL_PENDING = 302
    REPLACE_PENDING = 303
    NOTHING_TO_REPLACE = 304
    QUANTITY_BELOW_FILLED = 305
    NOT_YET_AT_VENUE = 306
    INVALID_ADMINISTRATION = 401


class _Codes(NamedTuple):
    fix_code: int
    http_status: int
    api_code: int


_R = RejectReason
_FORBIDDEN, _FIELD, _BUSINESS = 40310000, 40010001, 42210000

_CODES: Final[dict[RejectReason, _Codes]] = {
    _R.UNKNOWN_ACCOUNT: _Codes(15, 404, 40410000),
    _R.UNKNOWN_INSTRUMENT: _Codes(1, 422, _BUSINESS),
    _R.UNKNOWN_ORDER: _Codes(5, 404, 40410000),
    _R.DUPLICATE_CLIENT_ORDER_ID: _Codes(6, 422, _FIELD),
    _R.MALFORMED_QUANTITY: _Codes(13, 422, _FIELD),
    _R.MALFORMED_PRICE: _Codes(99, 422, _FIELD),
    _R.MALFORMED_STOP_PRICE: _Codes(99, 422, _FIELD),
    _R.PRICE_INCREMENT: _Codes(99, 422, _BUSINESS),
    _R.TIME_IN_FORCE_NOT_TAKEN: _Codes(11, 422, _BUSINESS),
    _R.DISPLAY_NOT_TAKEN: _Codes(11, 422, _BUSINESS),
    _R.ROUTE_UNKNOWN: _Codes(99, 422, _FIELD),
    _R.ROUTE_NOT_LEGAL: _Codes(99, 422, _BUSINESS),
    _R.ORDER_TYPE_NOT_TAKEN: _Codes(11, 422, _BUSINESS),
    _R.MARK_NOT_TAKEN: _Codes(99, 422, _BUSINESS),
    _R.KILL_SWITCH: _Codes(0, 403, _FORBIDDEN),
    _R.ACCOUNT_CLOSED: _Codes(0, 403, _FORBIDDEN),
    _R.ACCOUNT_DISABLED: _Codes(0, 403, _FORBIDDEN),
    _R.ACCOUNT_CLOSE_ONLY: _Codes(0, 403, _FORBIDDEN),
    _R.INSTRUMENT_NOT_TRADABLE: _Codes(1, 422, _BUSINESS),
    _R.INSTRUMENT_HALTED: _Codes(2, 403, _FORBIDDEN),
    _R.MARKET_CLOSED: _Codes(2, 403, _FORBIDDEN),
    _R.NO_MARKET: _Codes(99, 403, _FORBIDDEN),
    _R.ROUTE_UNAVAILABLE: _Codes(2, 403, _FORBIDDEN),
    _R.COLLAR: _Codes(16, 403, _FORBIDDEN),
    _R.ORDER_SHARES_MAX: _Codes(3, 403, _FORBIDDEN),
    _R.ORDER_NOTIONAL_MAX: _Codes(3, 403, _FORBIDDEN),
    _R.OPEN_ORDERS_MAX: _Codes(3, 403, _FORBIDDEN),
    _R.DUPLICATE_ORDER: _Codes(6, 403, _FORBIDDEN),
    _R.STOP_THROUGH_MARKET: _Codes(99, 422, _BUSINESS),
    _R.INSUFFICIENT_SHARES: _Codes(3, 403, _FORBIDDEN),
    _R.POSITION_FLIP: _Codes(3, 403, _FORBIDDEN),
    _R.OPPOSITE_ORDER_CROSSES: _Codes(99, 403, _FORBIDDEN),
    _R.BUYING_POWER: _Codes(3, 403, _FORBIDDEN),
    _R.SHORT_NOT_PERMITTED: _Codes(99, 403, _FORBIDDEN),
    _R.NOT_EASY_TO_BORROW: _Codes(99, 403, _FORBIDDEN),
    _R.ORDER_NOT_OPEN: _Codes(99, 422, _BUSINESS),
    _R.CANCEL_PENDING: _Codes(99, 422, _BUSINESS),
    _R.REPLACE_PENDING: _Codes(99, 422, _BUSINESS),
    _R.NOTHING_TO_REPLACE: _Codes(99, 403, _FORBIDDEN),
    _R.QUANTITY_BELOW_FILLED: _Codes(99, 422, _BUSINESS),
    _R.NOT_YET_AT_VENUE: _Codes(99, 422, _BUSINESS),
    _R.INVALID_ADMINISTRATION: _Codes(99, 422, _FIELD),
}


def fix_code(reason: RejectReason) -> int:
    """FIX tag 103 (OrdRejReason) of a reason."""
    return _CODES[reason].fix_code


def http_status(reason: RejectReason) -> int:
    """HTTP status of a reason."""
    return _CODES[reason].http_status


def api_code(reason: RejectReason) -> int:
    """Eight-digit code of a reason in the trading API's error body."""
    return _CODES[reason].api_code
