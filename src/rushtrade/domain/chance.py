"""Chance from numbers: the same numbers give the same draw, on any machine and in any order of asking.

What is decided by chance names itself by numbers (a seed, a venue, a count), so that nothing that was drawn before or
elsewhere can change it. SplitMix64's finalizer over each number in turn.
"""

from __future__ import annotations

MILLION = 1_000_000
_WORD = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def drawn(*numbers: int) -> int:
    """Return 64 mixed bits of some numbers."""
    state = 0
    for number in numbers:
        state = (state ^ (number & _WORD)) + _GOLDEN & _WORD
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _WORD
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _WORD
        state ^= state >> 31
    return state


def happens(ppm: int, *numbers: int) -> bool:
    """Tell whether something with a chance of so many millionths happens this time."""
    return drawn(*numbers) % MILLION < ppm
