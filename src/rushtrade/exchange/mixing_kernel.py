"""Numbers thoroughly mixed: for hash tables, for dealing orders over venues, and for chance from a seed.

Unsigned on the inside: numba promises LLVM that signed arithmetic never overflows, and LLVM takes its word.
"""

from __future__ import annotations

import numpy as np

from rushtrade.wire.compiled import inner_kernel


@inner_kernel
def mixed(number: int) -> int:
    """63 bits of SplitMix64's finalizer: every bit of the number counts for every bit of the result."""
    bits = np.uint64(number)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = bits ^ (bits >> np.uint64(31))
    return np.int64(bits >> np.uint64(1))  # type: ignore[return-value]


@inner_kernel
def next_state(state: int) -> int:
    """Step of a SplitMix64 generator; the random number is the state, mixed."""
    return np.int64(np.uint64(state) + np.uint64(0x9E3779B97F4A7C15))  # type: ignore[return-value]
