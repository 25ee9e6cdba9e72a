"""ITCH 5.0 decoded into columns, beside what bounds it: walking the length prefixes, and streaming the memory.

All three go over the same synthetic market (`itch_stream`) in turn; rates are the best of the rounds.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from bench import itch_stream

from rushtrade.wire.itch50_columns import Columns, count_types

MESSAGES = 3_000_000
ROWS = 1 << 16
"""Rows decoded at a time: columns of 4 MB, which stay in the cache as they would in use."""
ROUNDS = 6


def run() -> list[dict]:
    stream = itch_stream.make(MESSAGES)
    total = MESSAGES + itch_stream.STOCKS
    words = stream[: stream.size // 8 * 8].view(np.int64)
    columns = Columns(ROWS)
    decode, walk, memory = [], [], []
    decode_all(columns, stream)
    for _ in range(ROUNDS):
        begin = perf_counter()
        rows = decode_all(columns, stream)
        middle = perf_counter()
        _, _, messages, _ = count_types(stream)
        late = perf_counter()
        words.sum()
        memory.append(perf_counter() - late)
        walk.append(late - middle)
        decode.append(middle - begin)
        if rows != total or messages != total:
            raise SystemExit(f"{total:,} messages, but decoded {rows:,} and walked {messages:,}")
    mine = total / min(decode)
    return [
        row(mine, "walking and counting the same messages", total / min(walk)),
        row(mine, "memory stream (sum of 8-byte words)", total / min(memory)),
    ]


def decode_all(columns: Columns, stream: np.ndarray) -> int:
    rows = begin = 0
    while begin < stream.size:
        begin = columns.decode(stream, begin)
        rows += len(columns.type)
    return rows


def row(mine: float, baseline_name: str, theirs: float) -> dict:
    return {
        "name": "ITCH 5.0 decoded into 11 columns",
        "value": round(mine / 1e6, 2),
        "unit": "M messages/s",
        "baseline_name": baseline_name,
        "baseline": round(theirs / 1e6, 2),
        "ratio": round(mine / theirs, 3),
    }


if __name__ == "__main__":
    for result in run():
        print(result)
