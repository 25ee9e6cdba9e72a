"""ITCH 5.0 messages written at an address, each behind its two-byte length: the encoder for streams.

One function per message of the order book, in the words of the field tables of `rushtrade.wire.itch50`, which is the
encoder for single messages and the twin in the tests. Each returns the address behind what it wrote. Refuses to know
where the numbers come from and whether they fit: the caller hands in values within the fields' widths and room for
`MESSAGE_BYTES_MAX`. `stock` and `attribution` are text held in the machine's integers, first letter in the lowest byte.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.wire.address_kernel import (
    store_be16,
    store_be32,
    store_be64,
    store_i32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import inner_kernel

MESSAGE_BYTES_MAX: Final = 52
"""The longest message with its length."""

BUY: Final = ord("B")
SELL: Final = ord("S")


@inner_kernel
def _put_head(at: int, length: int, letter: int, locate: int, time: int) -> int:
    """Length, letter, locate, tracking number 0, timestamp: what every message begins with."""
    store_be16(at, length)
    store_u8(at + 2, letter)
    store_be16(at + 3, locate)
    store_be16(at + 5, 0)
    store_be16(at + 7, time >> 32)
    store_be32(at + 9, time)
    return at + 13


@inner_kernel
def put_add(
    at: int,
    locate: int,
    time: int,
    reference: int,
    sell: int,
    shares: int,
    stock: int,
    price: int,
    attribution: int,
) -> int:
    """A displayed order: `F` with an attribution, else `A`."""
    if attribution:
        body = _put_head(at, 40, 70, locate, time)
        store_i32(body + 25, attribution)
    else:
        body = _put_head(at, 36, 65, locate, time)
    store_be64(body, reference)
    store_u8(body + 8, 83 if sell else 66)
    store_be32(body + 9, shares)
    store_i64(body + 13, stock)
    store_be32(body + 21, price)
    return body + (29 if attribution else 25)


@inner_kernel
def put_executed(at: int, locate: int, time: int, reference: int, shares: int, match: int) -> int:
    """`E`: shares of a displayed order executed at its own price."""
    body = _put_head(at, 31, 69, locate, time)
    store_be64(body, reference)
    store_be32(body + 8, shares)
    store_be64(body + 12, match)
    return body + 20


@inner_kernel
def put_executed_with_price(
    at: int, locate: int, time: int, reference: int, shares: int, match: int, printable: int, price: int
) -> int:
    """`C`: shares of a displayed order executed at another price. `printable` is the letter Y or N."""
    body = _put_head(at, 36, 67, locate, time)
    store_be64(body, reference)
    store_be32(body + 8, shares)
    store_be64(body + 12, match)
    store_u8(body + 20, printable)
    store_be32(body + 21, price)
    return body + 25


@inner_kernel
def put_cancel(at: int, locate: int, time: int, reference: int, shares: int) -> int:
    """`X`: some shares of an order were cancelled."""
    body = _put_head(at, 23, 88, locate, time)
    store_be64(body, reference)
    store_be32(body + 8, shares)
    return body + 12


@inner_kernel
def put_delete(at: int, locate: int, time: int, reference: int) -> int:
    """`D`: all that was left of an order was cancelled."""
    body = _put_head(at, 19, 68, locate, time)
    store_be64(body, reference)
    return body + 8


@inner_kernel
def put_replace(
    at: int, locate: int, time: int, reference: int, new_reference: int, shares: int, price: int
) -> int:
    """`U`: an order gave way to a new one at the end of its queue."""
    body = _put_head(at, 35, 85, locate, time)
    store_be64(body, reference)
    store_be64(body + 8, new_reference)
    store_be32(body + 16, shares)
    store_be32(body + 20, price)
    return body + 24


@inner_kernel
def put_trade(
    at: int, locate: int, time: int, sell: int, shares: int, stock: int, price: int, match: int
) -> int:
    """`P`: an execution against an order that was not displayed; its reference is always 0."""
    body = _put_head(at, 44, 80, locate, time)
    store_be64(body, 0)
    store_u8(body + 8, 83 if sell else 66)
    store_be32(body + 9, shares)
    store_i64(body + 13, stock)
    store_be32(body + 21, price)
    store_be64(body + 25, match)
    return body + 33
