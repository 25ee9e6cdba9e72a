"""A scan worked out over all securities at once, exactly.

Numbers are fractions of whole numbers in columns of 64 bits; where a product could leave those, Python's own integers
take over, so that nothing overflows and nothing is rounded. What depends on a value that is not known is not known: a
security is found only when the scan is known to be true of it (Kleene's logic: false and unknown is false, true or
unknown is true, otherwise unknown stays).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import InvalidInput
from rushtrade.tape.columns import FIELDS, Columns, Flags
from rushtrade.tape.scan_tree import Node, read_scan

ROWS_MAX: Final = 1_000
"""Securities one answer lists."""
_WORD: Final = 1 << 62
"""Products and sums below this fit a column."""

Numbers = npt.NDArray[Any]


class Value(msgspec.Struct, frozen=True):
    """What a part comes to: a numerator and a denominator above 0 for numbers, `numerator` alone for flags and texts."""

    numerator: Numbers
    denominator: Numbers
    known: Flags


class Found(msgspec.Struct, frozen=True):
    """What a scan found: ids of securities in the order asked for, and how many it found before the limit."""

    ids: list[int]
    total: int


class Scan:
    """A scan that was read; `text` is what it said."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree = read_scan(text)

    def flags(self, columns: Columns) -> Flags:
        """Tell of which securities it is known to be true."""
        value = _work_out(self._tree, columns)
        found: Flags = value.numerator & value.known
        return found

    def find(
        self,
        columns: Columns,
        order: str = "volume",
        limit: int = 100,
        *,
        rising: bool = False,
        among: Numbers | None = None,
    ) -> Found:
        """List securities it is true of, by a field, largest first unless `rising`; unknown ones last, then by id.

        Only those `among` the ids given count, where any are given.
        """
        field = FIELDS.get(order)
        if field is None:
            raise InvalidInput(
                f"order {order[:40]!r} is no field; volume, change_percent or another would pass"
            )
        if not 1 <= limit <= ROWS_MAX:
            raise InvalidInput(f"limit {limit} is outside 1 to {ROWS_MAX:,}")
        true = self.flags(columns)
        if among is not None:
            true = true & np.isin(columns.ids, among)
        places = np.flatnonzero(true)
        ranked = sorted(places.tolist(), key=_rank(columns, order, rising=rising))
        return Found([int(columns.ids[place]) for place in ranked[:limit]], len(ranked))


def _rank(columns: Columns, order: str, *, rising: bool) -> Callable[[int], tuple[Any, ...]]:
    column = columns.by_name[order]
    ids, tops, known = columns.ids.tolist(), column.numerator.tolist(), column.known.tolist()
    sign = 1 if rising else -1

    def key(place: int) -> tuple[Any, ...]:
        if not known[place]:
            return (1, 0, ids[place])
        if column.kind == "text":
            return (0, tops[place], ids[place])
        bottom = column.denominator
        if isinstance(bottom, int):
            return (0, sign * tops[place], ids[place])
        return (0, _Exact(sign * tops[place], int(bottom[place])), ids[place])

    return key


class _Exact:
    """A fraction to sort by."""

    __slots__ = ("_bottom", "_top")

    def __init__(self, top: int, bottom: int) -> None:
        self._top, self._bottom = top, bottom

    def __lt__(self, other: _Exact) -> bool:
        return self._top * other._bottom < other._top * self._bottom

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Exact) and self._top * other._bottom == other._top * self._bottom

    def __hash__(self) -> int:
        return 0


# ---------------------------------------------------------------- columns of whole numbers


def _times(left: Numbers, right: Numbers) -> Numbers:
    if _is_wide(left, right) or _size(left) * _size(right) >= _WORD:
        return np.asarray(left.astype(object) * right, dtype=object)
    product: Numbers = left * right
    return product


def _plus(left: Numbers, right: Numbers) -> Numbers:
    if _is_wide(left, right) or _size(left) + _size(right) >= _WORD:
        return np.asarray(left.astype(object) + right, dtype=object)
    total: Numbers = left + right
    return total


def _is_wide(left: Numbers, right: Numbers) -> bool:
    return "O" in {left.dtype.kind, right.dtype.kind}


def _size(numbers: Numbers) -> int:
    return max(abs(int(numbers.max())), abs(int(numbers.min()))) if numbers.size else 0


def _whole(value: int, rows: int) -> Numbers:
    kind: Any = np.int64 if abs(value) < _WORD else object
    return np.full(rows, value, dtype=kind)


# ---------------------------------------------------------------- parts


def _work_out(node: Node, columns: Columns) -> Value:
    values = [_work_out(operand, columns) for operand in node.operands]
    rows = len(columns.ids)
    if node.what == "field":
        column = columns.by_name[node.name]
        bottoms = column.denominator
        bottom = _whole(bottoms, rows) if isinstance(bottoms, int) else bottoms
        return Value(column.numerator, bottom, column.known)
    if node.what in {"number", "text", "flag_value"}:
        return _constant(node, rows)
    return _OPERATIONS[node.what](node, values)


def _constant(node: Node, rows: int) -> Value:
    known = np.ones(rows, np.bool_)
    if node.what == "number":
        return Value(_whole(node.value.numerator, rows), _whole(node.value.denominator, rows), known)
    if node.what == "flag_value":
        return Value(np.full(rows, node.name == "true"), _whole(1, rows), known)
    return Value(np.full(rows, node.name), _whole(1, rows), known)


def _sum(left: Value, right: Value, sign: int) -> Value:
    known = left.known & right.known
    if np.array_equal(left.denominator, right.denominator):
        return Value(_plus(left.numerator, sign * right.numerator), left.denominator, known)
    top = _plus(_times(left.numerator, right.denominator), sign * _times(right.numerator, left.denominator))
    return Value(top, _times(left.denominator, right.denominator), known)


def _add(_node: Node, values: list[Value]) -> Value:
    return _sum(values[0], values[1], 1)


def _subtract(_node: Node, values: list[Value]) -> Value:
    return _sum(values[0], values[1], -1)


def _multiply(_node: Node, values: list[Value]) -> Value:
    left, right = values
    top = _times(left.numerator, right.numerator)
    return Value(top, _times(left.denominator, right.denominator), left.known & right.known)


def _divide(_node: Node, values: list[Value]) -> Value:
    left, right = values
    by = right.numerator
    sign = np.where(by < 0, -1, 1)
    usable = by != 0
    top = _times(_times(left.numerator, right.denominator), sign)
    bottom = _times(left.denominator, np.where(usable, by, 1) * np.where(usable, sign, 1))
    return Value(top, bottom, left.known & right.known & usable.astype(np.bool_))


def _negative(_node: Node, values: list[Value]) -> Value:
    return Value(-values[0].numerator, values[0].denominator, values[0].known)


def _absolute(_node: Node, values: list[Value]) -> Value:
    return Value(np.abs(values[0].numerator), values[0].denominator, values[0].known)


def _extreme(node: Node, values: list[Value]) -> Value:
    sign = "<" if node.what == "min" else ">"
    found = values[0]
    for other in values[1:]:
        better = _compared(sign, other, found)
        found = Value(
            np.where(better, other.numerator, found.numerator),
            np.where(better, other.denominator, found.denominator),
            found.known & other.known,
        )
    return found


def _compared(sign: str, left: Value, right: Value) -> Flags:
    if left.numerator.dtype.kind in "Ub":
        same = left.numerator == right.numerator
        return np.asarray(same if sign == "==" else ~same, np.bool_)
    if np.array_equal(left.denominator, right.denominator):
        one, other = left.numerator, right.numerator
    else:
        one = _times(left.numerator, right.denominator)
        other = _times(right.numerator, left.denominator)
    return np.asarray(_SIGNS[sign](one, other), np.bool_)


def _compare(node: Node, values: list[Value]) -> Value:
    parts = [
        Value(_compared(sign, left, right), left.denominator, left.known & right.known)
        for sign, left, right in zip(node.name.split(), values, values[1:], strict=False)
    ]
    found = parts[0]
    for part in parts[1:]:
        found = _and(node, [found, part])
    return found


def _among(node: Node, values: list[Value]) -> Value:
    found = None
    for item in values[1:]:
        part = _compare(Node("compare", "flag", node.at, (), "=="), [values[0], item])
        found = part if found is None else _or(node, [found, part])
    assert found is not None
    return found


def _and(_node: Node, values: list[Value]) -> Value:
    left, right = values
    false = (left.known & ~left.numerator) | (right.known & ~right.numerator)
    known = (left.known & right.known) | false
    return Value(~false & left.numerator & right.numerator, left.denominator, known)


def _or(_node: Node, values: list[Value]) -> Value:
    left, right = values
    true = (left.known & left.numerator) | (right.known & right.numerator)
    return Value(true, left.denominator, (left.known & right.known) | true)


def _not(_node: Node, values: list[Value]) -> Value:
    return Value(~values[0].numerator, values[0].denominator, values[0].known)


def _known(_node: Node, values: list[Value]) -> Value:
    return Value(values[0].known, values[0].denominator, np.ones(len(values[0].known), np.bool_))


_SIGNS: Final[dict[str, Callable[[Numbers, Numbers], Any]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_OPERATIONS: Final[dict[str, Callable[[Node, list[Value]], Value]]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "negative": _negative,
    "abs": _absolute,
    "min": _extreme,
    "max": _extreme,
    "compare": _compare,
    "in": _among,
    "and": _and,
    "or": _or,
    "not": _not,
    "known": _known,
}
