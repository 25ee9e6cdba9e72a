"""Rows put in order by symbol and time: a counting sort of ranks, which keeps the order of arrival, and a look whether times stand right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushtrade.wire.compiled import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@kernel
def order_by_rank(
    numbers: NDArray[np.uint32],
    ranks: NDArray[np.int32],
    times: NDArray[np.int64],
    starts: NDArray[np.int64],
    latest: NDArray[np.int64],
    places: NDArray[np.int64],
) -> int:
    """Fill `places` with the rows' places by the rank of their number, stably; 1 when times within a rank go backwards.

    `ranks` is by number, 0 for any number beyond it. `starts` and `latest` are room for one word a rank, zeros and the smallest number.
    """
    known = ranks.size
    for row in range(numbers.size):
        number = numbers[row]
        starts[ranks[number] if number < known else 0] += 1
    begin = 0
    for rank in range(starts.size):
        count = starts[rank]
        starts[rank] = begin
        begin += count
    backwards = 0
    for row in range(numbers.size):
        number = numbers[row]
        rank = ranks[number] if number < known else 0
        places[starts[rank]] = row
        starts[rank] += 1
        if times[row] < latest[rank]:
            backwards = 1
        latest[rank] = times[row]
    return backwards
