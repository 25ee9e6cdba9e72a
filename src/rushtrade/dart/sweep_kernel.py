"""The arithmetic of one routing decision: which venues to take from, how much, how deep, and where to rest.

It reads a stamp's levels (see `QuoteStamp.levels`) and the desk's *sheet*, an int64 table of one column a venue, and writes
its answer into the first rows of that sheet. It knows nothing of orders, sequences, codes or clocks.

Theory of operation. A level's *all-in score* is what one share costs there, in millionths of $0.0001: for a buy
``price × 10⁶ + fee``, for a sale ``−price × 10⁶ + fee``; a fee is mils × 10⁶ from a dollar up, price × ppm below. Every
venue offers its best level inside the limit as its *head*; the cheapest head is taken (ties: lower fee, more shares
shown, lower latency, lower venue number), the venue's next level becomes its head, until the shares are spent. A venue's
own levels are taken in the venue's own order, because no order can pass over a better price in the same book.

Rows that cannot be true (no price, no shares, beyond the numbers' bounds, a venue not on the desk) are no liquidity.
`sweep_plain` in the tests says the same without arrays.
"""

# numba's decorators are untyped
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# ruff: noqa: ANN001, ANN202, ANN201

from __future__ import annotations

import numpy as np
from numba import njit

from rushtrade.domain.numbers import MONEY_MAX, MONEY_PER_PRICE_SHARE, PRICE_MAX, PRICE_UNIT, QUANTITY_MAX
from rushtrade.domain.plans import SkipReason
from rushtrade.domain.routes import MILLION

# Rows of the sheet. The answer comes first: n children side by side in the first three rows, width - n skips in the fourth.
CHILD_VENUE = 0
CHILD_PRICE = 1
CHILD_SHARES = 2
SKIP = 3
"""``venue * SKIP_SPAN + reason`` of the venues that got nothing."""
# The venue's terms, written by the desk.
TAKE_MILS = 4
TAKE_PPM = 5
MAKE_MILS = 6
MAKE_PPM = 7
LATENCY = 8
QUEUE_WEIGHT = 9
"""What a share waiting ahead at this venue weighs against its make fee (`SHARE_AHEAD`)."""
# Working space.
TAKEN = 10
WORST = 11
"""Price of the deepest level taken: the child's limit."""
KNOWN = 12
INSIDE = 13
"""Shares shown within the limit."""
QUEUE = 14
"""Shares resting on the order's own side at its price or better, as far as the stamp shows."""
HEAD = 15
"""Row of the level to take next, -1 when there is none."""
SHOWN = 16
SCORE = 17
FEE = 18
KIND = 19
"""A `RouteKind`: 0 where quotes are shown."""
STATES = 20
"""First of the state rows, one an equity class: 0 = usable, else the `SkipReason` that keeps the venue out."""

SKIP_SPAN = 32
SHARE_AHEAD = 2_000
"""What one share waiting ahead of us weighs against the make fee, in millionths of a mil: 500 shares weigh one mil."""
EXHAUSTED = 2**62
"""Score of a venue without a usable head: above any real one (PRICE_MAX × 10⁶ plus fees)."""

SWEEP = 0
SWEEP_OR_REST = 1
REST = 2
"""Rest even where something could be taken: the rounds are spent."""
WHOLE = 3
ESTIMATE = 4
"""Only say what one given venue shows."""

_NO_KNOWN_BOOK = int(SkipReason.NO_KNOWN_BOOK)
_NO_LIQUIDITY = int(SkipReason.NO_LIQUIDITY_WITHIN_LIMIT)
_FILLED_CHEAPER = int(SkipReason.FILLED_CHEAPER_ELSEWHERE)
_NOT_CHOSEN = int(SkipReason.NOT_CHOSEN)
_ROUNDS_SPENT = int(SkipReason.ROUNDS_SPENT)
_TOO_SMALL = int(SkipReason.TOO_SMALL)
_DISABLED = int(SkipReason.DISABLED)
_LINK_DOWN = int(SkipReason.LINK_DOWN)
_DISABLED_WITHIN = int(SkipReason.DISABLED_WITHIN_LIMIT)
_LINK_DOWN_WITHIN = int(SkipReason.LINK_DOWN_WITHIN_LIMIT)
_UNHEALTHY = int(SkipReason.UNHEALTHY)
_UNHEALTHY_WITHIN = int(SkipReason.UNHEALTHY_WITHIN_LIMIT)
_NOT_ASKED = int(SkipReason.NOT_ASKED)


@njit(cache=True)
def _within(side, price, limit):
    """Whether a level of the side taken from (0 bids, 1 asks) is inside the limit."""
    return price <= limit if side == 1 else price >= limit


@njit(cache=True)
def _set_head(rows, sheet, venue, at, side):
    """Make the level in row `at` the venue's next one to take."""
    price = rows[3 * at + 1]
    fee = sheet[TAKE_MILS, venue] * MILLION
    if price < PRICE_UNIT:
        fee = price * sheet[TAKE_PPM, venue]
    sheet[HEAD, venue] = at
    sheet[SHOWN, venue] = rows[3 * at + 2]
    sheet[FEE, venue] = fee
    sheet[SCORE, venue] = (price if side == 1 else -price) * MILLION + fee


@njit(cache=True)
def _advance(rows, sheet, venue, side, limit, price_max):
    """Move the venue's head to its next believable level within the limit, or to none."""
    code = venue * 2 + side
    at = sheet[HEAD, venue] + 1
    while 3 * at < rows.size and rows[3 * at] == code:
        price, shown = rows[3 * at + 1], rows[3 * at + 2]
        if 0 < price <= price_max and 0 < shown <= QUANTITY_MAX and _within(side, price, limit):
            _set_head(rows, sheet, venue, at, side)
            return
        at += 1
    sheet[HEAD, venue] = -1
    sheet[SCORE, venue] = EXHAUSTED


@njit(cache=True)
def _survey(rows, sheet, side, limit, price_max, state_row):
    """Read the stamp once: known books, shares inside the limit, usable venues' heads, queues of the own side."""
    for venue in range(sheet.shape[1]):
        sheet[TAKEN, venue] = 0
        sheet[WORST, venue] = 0
        sheet[KNOWN, venue] = 0
        sheet[INSIDE, venue] = 0
        sheet[QUEUE, venue] = -1
        sheet[HEAD, venue] = -1
        sheet[SCORE, venue] = EXHAUSTED
    for at in range(rows.size // 3):
        code, price, shown = rows[3 * at], rows[3 * at + 1], rows[3 * at + 2]
        venue = code >> 1
        believable = 0 < price <= price_max and 0 < shown <= QUANTITY_MAX
        if not (believable and 0 <= venue < sheet.shape[1]):
            continue
        sheet[KNOWN, venue] = 1
        if code & 1 == side:
            if _within(side, price, limit):
                sheet[INSIDE, venue] += shown
                if sheet[HEAD, venue] < 0 and sheet[state_row, venue] == 0:
                    _set_head(rows, sheet, venue, at, side)
        elif sheet[QUEUE, venue] < 0:
            sheet[QUEUE, venue] = shown if _within(side, limit, price) else 0


@njit(cache=True)
def _beats(sheet, venue, best):
    """Whether a head goes before another of the same score: lower fee, more shares shown, lower latency."""
    if sheet[FEE, venue] != sheet[FEE, best]:
        return sheet[FEE, venue] < sheet[FEE, best]
    if sheet[SHOWN, venue] != sheet[SHOWN, best]:
        return sheet[SHOWN, venue] > sheet[SHOWN, best]
    return sheet[LATENCY, venue] < sheet[LATENCY, best]


@njit(cache=True)
def _cheapest_head(sheet):
    """Return the venue whose head is taken next, -1 when there is none."""
    least = EXHAUSTED
    for venue in range(sheet.shape[1]):  # by itself, because it compiles to a few vector instructions
        least = min(least, sheet[SCORE, venue])
    best = -1
    if least < EXHAUSTED:
        for venue in range(sheet.shape[1]):
            if sheet[SCORE, venue] == least and (best < 0 or _beats(sheet, venue, best)):
                best = venue
    return best


@njit(cache=True)
def _take_head(rows, sheet, venue, shares_max):
    """Take up to `shares_max` from the venue's head; return shares, price × shares, and the fee in micro-dollars."""
    price = rows[3 * sheet[HEAD, venue] + 1]
    shares = min(shares_max, sheet[SHOWN, venue])
    fee = sheet[TAKE_MILS, venue] * shares * MONEY_PER_PRICE_SHARE
    if price < PRICE_UNIT:
        # a fraction of a micro-dollar is charged as a whole one
        fee = -(-(price * shares * sheet[TAKE_PPM, venue]) // (MILLION // MONEY_PER_PRICE_SHARE))
    sheet[TAKEN, venue] += shares
    sheet[WORST, venue] = price
    return shares, price * shares, fee


@njit(cache=True)
def _sweep(rows, sheet, side, limit, shares, price_max):
    """Take the cheapest heads of all usable venues until the shares are spent."""
    left, notional, fees = shares, 0, 0
    while left > 0:
        venue = _cheapest_head(sheet)
        if venue < 0:
            break
        taken, value, fee = _take_head(rows, sheet, venue, left)
        left, notional, fees = left - taken, notional + value, fees + fee
        if left > 0:
            _advance(rows, sheet, venue, side, limit, price_max)
    return shares - left, notional, fees


@njit(cache=True)
def _walk(rows, sheet, venue, side, limit, shares, price_max):
    """Take from one venue alone, best price first; return shares, price × shares, fees."""
    left, notional, fees = shares, 0, 0
    while left > 0 and sheet[HEAD, venue] >= 0:
        taken, value, fee = _take_head(rows, sheet, venue, left)
        left, notional, fees = left - taken, notional + value, fees + fee
        if left > 0:
            _advance(rows, sheet, venue, side, limit, price_max)
    return shares - left, notional, fees


@njit(cache=True)
def _whole(rows, sheet, side, limit, shares, price_max):
    """Choose the one venue that fills all shares most cheaply; nothing when no venue shows them all."""
    best, best_cost, best_notional, best_fees = -1, 0, 0, 0
    for venue in range(sheet.shape[1]):
        if sheet[INSIDE, venue] < shares or sheet[HEAD, venue] < 0:
            continue
        taken, notional, fees = _walk(rows, sheet, venue, side, limit, shares, price_max)
        cost = (notional if side == 1 else -notional) * MONEY_PER_PRICE_SHARE + fees
        loses = taken < shares  # a venue's rows were torn apart: only those side by side are its book
        if loses:
            sheet[INSIDE, venue] = taken
        elif best >= 0:
            if cost != best_cost:
                loses = cost > best_cost
            elif fees != best_fees:
                loses = fees > best_fees
            elif sheet[INSIDE, venue] != sheet[INSIDE, best]:
                loses = sheet[INSIDE, venue] < sheet[INSIDE, best]
            else:
                loses = sheet[LATENCY, venue] >= sheet[LATENCY, best]
        if loses:
            sheet[TAKEN, venue] = 0
            continue
        if best >= 0:
            sheet[TAKEN, best] = 0
        best, best_cost, best_notional, best_fees = venue, cost, notional, fees
    return (shares, best_notional, best_fees) if best >= 0 else (0, 0, 0)


@njit(cache=True)
def _resting_place(sheet, limit, state_row):
    """Return the usable venue to rest at, -1 when none is usable.

    One that shows no quotes is no place to rest. Known books come before unknown ones; then the least make fee + weight of the queue ahead; ties: shorter queue,
    lower latency, lower venue number.
    """
    best, best_score, best_queue = -1, 0, 0
    for venue in range(sheet.shape[1]):
        if sheet[state_row, venue] != 0 or sheet[KIND, venue] != 0:
            continue
        queue = max(sheet[QUEUE, venue], 0)
        fee = sheet[MAKE_MILS, venue] * MILLION if limit >= PRICE_UNIT else limit * sheet[MAKE_PPM, venue]
        score = fee + queue * sheet[QUEUE_WEIGHT, venue]
        if best >= 0:
            if sheet[KNOWN, venue] != sheet[KNOWN, best]:
                if sheet[KNOWN, venue] < sheet[KNOWN, best]:
                    continue
            elif score != best_score:
                if score > best_score:
                    continue
            elif queue != best_queue:
                if queue > best_queue:
                    continue
            elif sheet[LATENCY, venue] >= sheet[LATENCY, best]:
                continue
        best, best_score, best_queue = venue, score, queue
    return best


@njit(cache=True)
def _reason(sheet, venue, state_row, shares, mode, rests):
    """Say why a venue got nothing."""
    inside, state = sheet[INSIDE, venue], sheet[state_row, venue]
    if state != 0:
        if state == _DISABLED and inside > 0:
            return _DISABLED_WITHIN
        if state == _LINK_DOWN and inside > 0:
            return _LINK_DOWN_WITHIN
        if state == _UNHEALTHY and inside > 0:
            return _UNHEALTHY_WITHIN
        return state
    if sheet[KIND, venue] != 0:
        return _NOT_ASKED
    if sheet[KNOWN, venue] == 0:
        return _NO_KNOWN_BOOK
    if rests:
        return _ROUNDS_SPENT if inside > 0 else _NOT_CHOSEN
    if inside == 0:
        return _NO_LIQUIDITY
    if mode == WHOLE and inside < shares:
        return _TOO_SMALL
    return _ROUNDS_SPENT if mode == REST else _FILLED_CHEAPER


@njit(cache=True)
def _answer(sheet, state_row, limit, shares, mode, rest_at):
    """Write children and skips side by side, in the order of the venues; return the number of children."""
    if rest_at >= 0:
        sheet[TAKEN, rest_at] = shares
        sheet[WORST, rest_at] = limit
    children, skips = 0, 0
    for venue in range(sheet.shape[1]):
        if sheet[TAKEN, venue] > 0:
            sheet[CHILD_VENUE, children] = venue
            sheet[CHILD_PRICE, children] = sheet[WORST, venue]
            sheet[CHILD_SHARES, children] = sheet[TAKEN, venue]
            children += 1
        else:
            reason = _reason(sheet, venue, state_row, shares, mode, rest_at >= 0)
            sheet[SKIP, skips] = venue * SKIP_SPAN + reason
            skips += 1
    return children


@njit(cache=True)
def decide(levels, sheet, side, limit, shares, state_row, mode, venue):
    """Decide, and leave the answer in the sheet's first rows (not for `ESTIMATE`).

    `side` is the book side taken from (0 bids, 1 asks), `venue` the one of `ESTIMATE`. Returns the number of children,
    whether the one child rests, shares expected to be taken, price × shares of them, and their fees in micro-dollars.
    """
    rows = np.frombuffer(levels, np.int64)
    price_max = min(PRICE_MAX, MONEY_MAX // MONEY_PER_PRICE_SHARE // shares)
    _survey(rows, sheet, side, limit, price_max, state_row)
    taken, notional, fees, rest_at = 0, 0, 0, -1
    if mode == ESTIMATE:
        taken, notional, fees = _walk(rows, sheet, venue, side, limit, shares, price_max)
        return 0, False, taken, notional, fees
    if mode == WHOLE:
        taken, notional, fees = _whole(rows, sheet, side, limit, shares, price_max)
    elif mode != REST:
        taken, notional, fees = _sweep(rows, sheet, side, limit, shares, price_max)
    if taken == 0 and mode in (SWEEP_OR_REST, REST):
        rest_at = _cheapest_head(sheet)
        if rest_at < 0:
            rest_at = _resting_place(sheet, limit, state_row)
        else:
            taken, notional, fees = _walk(rows, sheet, rest_at, side, limit, shares, price_max)
    children = _answer(sheet, state_row, limit, shares, mode, rest_at)
    return children, rest_at >= 0, taken, notional, fees


@njit(cache=True)
def account(levels, sheet, side, limit, shares, state_row, children, count, asks):
    """Say of children that were chosen elsewhere what they are expected to take, and leave the others' reasons in the sheet.

    `children` are rows of venue, shares and price. Returns the number of children, the shares shown for them, price × shares, fees.
    """
    rows = np.frombuffer(levels, np.int64)
    price_max = min(PRICE_MAX, MONEY_MAX // MONEY_PER_PRICE_SHARE // shares)
    _survey(rows, sheet, side, limit, price_max, state_row)
    taken, notional, fees = 0, 0, 0
    for child in range(count):
        venue, wanted, price = children[child, 0], children[child, 1], children[child, 2]
        head = sheet[HEAD, venue]
        if sheet[KIND, venue] == 0 and head >= 0 and _within(side, rows[3 * head + 1], price):
            got, value, fee = _walk(rows, sheet, venue, side, price, wanted, price_max)
            taken, notional, fees = taken + got, notional + value, fees + fee
        sheet[TAKEN, venue] = wanted
        sheet[WORST, venue] = price
    found = _answer(sheet, state_row, limit, shares, SWEEP, -1)
    if asks:
        for skip in range(sheet.shape[1] - found):
            if sheet[SKIP, skip] % SKIP_SPAN == _FILLED_CHEAPER:
                sheet[SKIP, skip] += _NOT_CHOSEN - _FILLED_CHEAPER
    return found, taken, notional, fees
