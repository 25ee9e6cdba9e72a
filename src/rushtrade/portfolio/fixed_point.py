"""Powers, logarithms and exponentials of exact rates in fixed point of `DIGITS` digits: the same integers on every machine.

A rate of return over part of a year is no fraction: it has to be cut off somewhere. Here numbers are integers in units of 10^-60,
each step is off by less than one unit, and what leaves the room is rounded to `RATE_DIGITS`: more than forty digits lie between.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from rushtrade.domain.errors import require

DIGITS: Final = 60
ONE: Final[int] = 10**DIGITS
RATE_DIGITS: Final = 12
"""Digits of a rate as it is handed out."""
_RATE_ONE: Final[int] = 10**RATE_DIGITS


def fixed(value: Fraction | int) -> int:
    """Write a fraction in fixed point, rounded down."""
    return value.numerator * ONE // value.denominator


def rate(value: int) -> Fraction:
    """Hand out a number in fixed point as a rate, rounded half away from zero to `RATE_DIGITS`."""
    unit = ONE // _RATE_ONE
    units = (abs(value) + unit // 2) // unit
    return Fraction(-units if value < 0 else units, _RATE_ONE)


def power(number: int, exponent: int) -> int:
    """Raise a number in fixed point to a whole power from 0 up."""
    result = ONE
    while exponent:
        if exponent & 1:
            result = result * number // ONE
        number = number * number // ONE
        exponent >>= 1
    return result


def logarithm(number: int) -> int:
    """Take the natural logarithm of a number above zero: its halvings, and the series of artanh for what is left."""
    require(number > 0, "logarithms are taken of numbers above zero")
    halvings = 0
    while number > 2 * ONE:
        number //= 2
        halvings += 1
    while 2 * number < ONE:
        number *= 2
        halvings -= 1
    return _near_logarithm(number) + halvings * _LOGARITHM_OF_TWO


def _near_logarithm(number: int) -> int:
    """Sum ln x = 2 artanh((x − 1)/(x + 1)) for x from a half to two: a digit and more a term."""
    step = (number - ONE) * ONE // (number + ONE)
    square = step * step // ONE
    total, term, place = 0, step, 1
    while term not in {0, -1}:  # a negative term, rounded down, ends at -1
        total += term // place
        term = term * square // ONE
        place += 2
    return 2 * total


_LOGARITHM_OF_TWO: Final = _near_logarithm(2 * ONE)


def exponential(number: int) -> int:
    """Raise e to a number in fixed point, by its series; below zero through the reciprocal, where nothing cancels."""
    if number < 0:
        return ONE * ONE // exponential(-number)
    total, term, place = 0, ONE, 1
    while term:
        total += term
        term = term * number // (ONE * place)
        place += 1
    return total
