"""The state of the data center as a page takes it: instants in microseconds, which a JavaScript number holds exactly."""

from __future__ import annotations

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def center_body(status: Any) -> bytes:
    """Write a status as JSON without its opening brace; empty when there is none."""
    return b"" if status is None else _encode(in_microseconds(msgspec.to_builtins(status)))[1:]


def in_microseconds(value: Any) -> Any:
    """Turn every field that ends in `_ns` into one that ends in `_us`, at any depth; -1, not known, stays."""
    if isinstance(value, dict):
        return {
            f"{name[:-3]}_us" if name.endswith("_ns") else name: item // 1_000
            if name.endswith("_ns")
            else in_microseconds(item)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [in_microseconds(item) for item in value]
    return value
