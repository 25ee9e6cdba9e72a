"""A synthetic full market as one ITCH 5.0 stream: the load the books are measured with.

Made after the figures of a real day (2019-10-30: 293.9 M messages, counts by type as published) and of AAPL in 2012:

* message mix A 43.3 D 41.9 U 8.7 E 2.5 I 1.3 X 1.2 P 0.5 F 0.5 C 0.04 %, the real day's;
* activity over 8,000 stocks by Zipf's law with exponent 1.05; one message in four stays on the stock of the one before (assumed);
* a deleted, executed or replaced order is the 6th / 36th / 132nd youngest of its stock at percentile 50 / 90 / 99 (40,822
  deletions of AAPL on 2012-06-21);
* references rise by small steps; books never cross.

`resting` orders come first, as orders only: the books as they stand in the course of a day, for the mix itself adds seven orders a
thousand messages. It is not a real day: bursts, pegged orders and auctions are missing.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rushtrade.wire.itch50_kernel import LENGTH_BY_TYPE

MIX = (
    *(("A", 43.3), ("D", 41.9), ("U", 8.7), ("E", 2.5), ("I", 1.3)),
    *(("X", 1.2), ("P", 0.5), ("F", 0.5), ("C", 0.04)),
)
STOCKS = 8_000
ZIPF = 1.05
STAYS = 0.25
AGE_KNOTS = ((0.0, 0.0), (0.5, 6.0), (0.9, 36.0), (0.99, 132.0), (1.0, 400.0))
BYTES_MAX = 52


def make(messages: int, stocks: int = STOCKS, seed: int = 1, resting: int = 0) -> np.ndarray:
    """Make a stream of `stocks` directory messages, `resting` orders and `messages` messages as one buffer of framed bytes."""
    mixed = messages
    messages += resting
    rng = np.random.default_rng(seed)
    letters = np.array([ord(letter) for letter, _ in MIX], np.uint8)
    shares = np.array([share for _, share in MIX])
    weights = 1.0 / np.arange(1, stocks + 1) ** ZIPF
    types = np.full(messages, ord("A"), np.uint8)
    types[resting:] = rng.choice(letters, mixed, p=shares / shares.sum())
    locates = rng.permutation(stocks)[rng.choice(stocks, messages, p=weights / weights.sum())] + 1
    stays = rng.random(messages) < STAYS
    quantiles, ages = (np.array(knot) for knot in zip(*AGE_KNOTS, strict=True))
    age = np.interp(rng.random(messages), quantiles, ages).astype(np.int64)
    distance = np.minimum(rng.geometric(0.09, messages), 200) * 100
    mids = rng.integers(20_000, 3_000_000, stocks + 1) // 100 * 100
    out = np.zeros((messages + stocks + 1) * BYTES_MAX, np.uint8)
    coin = rng.integers(0, 1 << 30, messages)
    size = _write(out, types, locates, stays, age, distance, mids, coin, stocks)
    return out[:size].copy()


@njit(cache=True)
def _put(out, at, value, width):
    for k in range(width):
        out[at + k] = (value >> (8 * (width - 1 - k))) & 0xFF


@njit(cache=True)
def _head(out, at, code, locate, time):
    size = LENGTH_BY_TYPE[code]
    _put(out, at, size, 2)
    out[at + 2] = code
    _put(out, at + 3, locate, 2)
    _put(out, at + 7, time, 6)
    return at + 13


@njit(cache=True)
def _symbol(out, at, locate):
    for k in range(8):
        out[at + k] = 32
    for k in range(4):
        out[at + k] = 65 + (locate // 26 ** (3 - k)) % 26


@njit(cache=True)
def _unlink(older, younger, head, slot, locate):
    if younger[slot]:
        older[younger[slot]] = older[slot]
    else:
        head[locate] = older[slot]
    if older[slot]:
        younger[older[slot]] = younger[slot]


@njit(cache=True)
def _rest(older, younger, head, slot, locate):
    older[slot] = head[locate]
    younger[slot] = 0
    if head[locate]:
        younger[head[locate]] = slot
    head[locate] = slot


@njit(cache=True)
def _write(out, types, locates, stays, age, distance, mids, coin, stocks):
    count = types.size
    older = np.zeros(count + 2, np.int32)
    younger = np.zeros(count + 2, np.int32)
    side = np.zeros(count + 2, np.uint8)
    left = np.zeros(count + 2, np.int32)
    head = np.zeros(stocks + 1, np.int32)
    slot_used = 0
    time = 34_200_000_000_000
    at = 0
    for locate in range(1, stocks + 1):
        body = _head(out, at, 82, locate, time)
        _symbol(out, body, locate)
        _put(out, body + 10, 100, 4)
        at += 2 + LENGTH_BY_TYPE[82]
    locate = 1
    for k in range(count):
        code = types[k]
        if not stays[k]:
            locate = locates[k]
        time += 1 + coin[k] % 2000
        slot = head[locate]
        if code in (67, 68, 69, 85, 88):
            for _ in range(age[k]):
                if older[slot] == 0:
                    break
                slot = older[slot]
            if slot == 0 or (code == 88 and left[slot] <= 1):
                code = 65  # nothing there yet: the stock gets an order instead
        body = _head(out, at, code, locate, time)
        if code in (65, 70):
            slot_used += 1
            slot = slot_used
            side[slot] = coin[k] & 1
            left[slot] = 100 if coin[k] & 6 else 1 + (coin[k] >> 3) % 500
            _put(out, body, slot * 3, 8)
            out[body + 8] = 83 if side[slot] else 66
            _put(out, body + 9, left[slot], 4)
            _symbol(out, body + 13, locate)
            _put(out, body + 21, mids[locate] + (distance[k] if side[slot] else -distance[k]), 4)
            if code == 70:
                _symbol(out, body + 25, 1)
            _rest(older, younger, head, slot, locate)
        elif code == 68:
            _put(out, body, slot * 3, 8)
            _unlink(older, younger, head, slot, locate)
        elif code == 85:
            slot_used += 1
            fresh = slot_used
            side[fresh] = side[slot]
            left[fresh] = 100
            _put(out, body, slot * 3, 8)
            _put(out, body + 8, fresh * 3, 8)
            _put(out, body + 16, 100, 4)
            _put(out, body + 20, mids[locate] + (distance[k] if side[slot] else -distance[k]), 4)
            _unlink(older, younger, head, slot, locate)
            _rest(older, younger, head, fresh, locate)
        elif code in (67, 69):
            shares = left[slot] if coin[k] & 1 else 1 + (coin[k] >> 3) % left[slot]
            _put(out, body, slot * 3, 8)
            _put(out, body + 8, shares, 4)
            _put(out, body + 12, k, 8)
            if code == 67:
                out[body + 20] = 89
                _put(out, body + 21, mids[locate], 4)
            left[slot] -= shares
            if left[slot] == 0:
                _unlink(older, younger, head, slot, locate)
        elif code == 88:
            shares = 1 + (coin[k] >> 3) % (left[slot] - 1)
            _put(out, body, slot * 3, 8)
            _put(out, body + 8, shares, 4)
            left[slot] -= shares
        elif code == 80:
            out[body + 8] = 66
            _put(out, body + 9, 100, 4)
            _symbol(out, body + 13, locate)
            _put(out, body + 21, mids[locate], 4)
            _put(out, body + 25, k, 8)
        else:
            _symbol(out, body + 17, locate)
        at += 2 + LENGTH_BY_TYPE[code]
    return at
