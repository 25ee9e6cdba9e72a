"""The first few of many: securities by a key, largest first, ties by their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

from rushtrade.wire.compiled import kernel


@kernel
def first_by(keys: NDArray[np.int64], counted: NDArray[np.uint8], out: NDArray[np.int64]) -> int:
    """Fill `out` with the places of the largest keys among those counted; returns how many there are.

    Kept sorted by insertion: the list is short, and after its first places few keys are large enough to enter.
    """
    filled = 0
    for place in range(keys.size):
        if counted[place] == 0:
            continue
        key = keys[place]
        if filled == out.size and key <= keys[out[filled - 1]]:
            continue
        at = filled if filled < out.size else filled - 1
        while at > 0 and keys[out[at - 1]] < key:
            out[at] = out[at - 1]
            at -= 1
        out[at] = place
        if filled < out.size:
            filled += 1
    return filled
