"""A scan as a tree: what is compared with what, every part a number, a flag or a text.

Precedence, loosest first: or; and; not; comparisons (which may be chained, 5 < price < 20); + and -; * and /; unary -.
Functions: abs, min, max, known. Whatever does not fit is refused with its place, what it is and what would pass.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import msgspec

from rushtrade.tape.columns import FIELDS
from rushtrade.tape.scan_words import ScanInvalid, Word, read_words

DEPTH_MAX: Final = 32
"""Brackets, nots and minus signs within each other."""
NODES_MAX: Final = 128
"""Parts of a tree: exact numbers grow with every product, so their number bounds the time of a scan."""

FUNCTIONS: Final = {"abs": (1, 1), "min": (2, 8), "max": (2, 8), "known": (1, 1)}
"""How many arguments a function takes, at least and at most."""
COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=")
_RESERVED: Final = ("and", "or", "not", "in", "true", "false")
_KINDS: Final = {"number": "a number", "flag": "true or false", "text": "a text"}


class Node(msgspec.Struct, frozen=True):
    """A part: `what` is number, flag_value, text, field, a sign, compare, in, and, or, not, or a function's name.

    `kind` is the kind of its value, `operands` its parts; a comparison keeps its signs in `name`, one word each.
    """

    what: str
    kind: str
    at: int
    operands: tuple[Node, ...] = ()
    name: str = ""
    value: Fraction = Fraction(0)


def read_scan(line: str) -> Node:
    """Read a scan; ScanInvalid says where and why it cannot be one."""
    reader = _Reader(read_words(line))
    if reader.word.kind == "end":
        raise ScanInvalid(0, "a scan says something, such as volume > 1_000_000 and change_percent > 3")
    tree = reader.either(0)
    if reader.word.kind != "end":
        raise ScanInvalid(
            reader.word.at, f"{reader.word.text!r} cannot follow here; and, or, a comparison or the end would"
        )
    return _need(tree, "flag", "the whole")


def _need(node: Node, kind: str, what: str) -> Node:
    if node.kind != kind:
        raise ScanInvalid(node.at, f"{what} is {_KINDS[node.kind]}; {_KINDS[kind]} would pass")
    return node


_Part = Callable[[int], Node]


class _Reader:
    """Reads words left to right, one word ahead."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self._place = 0
        self._nodes = 0

    @property
    def word(self) -> Word:
        return self._words[self._place]

    def take(self) -> Word:
        word = self.word
        self._place += 1
        return word

    def has(self, *texts: str) -> bool:
        """True when the next word is a sign or reserved word out of these."""
        return self.word.kind in {"sign", "name"} and self.word.text in texts

    def expect(self, text: str) -> None:
        if not self.has(text):
            found = repr(self.word.text) if self.word.text else "the end"
            raise ScanInvalid(self.word.at, f"{found} stands where {text!r} should")
        self.take()

    def node(
        self, what: str, kind: str, at: int, operands: tuple[Node, ...] = (), *, name: str = "",
        value: Fraction = Fraction(0),
    ) -> Node:  # fmt: skip
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise ScanInvalid(at, f"more than {NODES_MAX} parts are too many for one scan")
        return Node(what, kind, at, operands, name, value)

    def deeper(self, depth: int) -> int:
        if depth >= DEPTH_MAX:
            raise ScanInvalid(
                self.word.at, f"more than {DEPTH_MAX} brackets, nots or signs within each other"
            )
        return depth + 1

    # ---- loosest first

    def either(self, depth: int) -> Node:
        left = self.both(depth)
        while self.has("or"):
            at = self.take().at
            left = self._join("or", at, left, self.both(depth))
        return left

    def both(self, depth: int) -> Node:
        left = self.negation(depth)
        while self.has("and"):
            at = self.take().at
            left = self._join("and", at, left, self.negation(depth))
        return left

    def _join(self, what: str, at: int, left: Node, right: Node) -> Node:
        for side, node in (("left", left), ("right", right)):
            _need(node, "flag", f"the {side} of {what}")
        return self.node(what, "flag", at, (left, right))

    def negation(self, depth: int) -> Node:
        if self.has("not"):
            at = self.take().at
            operand = self.negation(self.deeper(depth))
            return self.node("not", "flag", at, (_need(operand, "flag", "what not turns"),))
        return self.comparison(depth)

    def comparison(self, depth: int) -> Node:
        first = self.sum(depth)
        if self.has("in"):
            return self._among(first)
        operands, signs, at = [first], [], first.at
        while self.has(*COMPARISONS):
            signs.append(self.take().text)
            operands.append(self.sum(depth))
        if not signs:
            return first
        for sign, left, right in zip(signs, operands, operands[1:], strict=False):
            _check_pair(sign, left, right)
        return self.node("compare", "flag", at, tuple(operands), name=" ".join(signs))

    def _among(self, first: Node) -> Node:
        at = self.take().at
        if first.kind == "flag":
            raise ScanInvalid(first.at, "true or false is in no list; a number or a text would pass")
        self.expect("(")
        items = [self.sum(0)]
        while self.has(","):
            self.take()
            items.append(self.sum(0))
        self.expect(")")
        for item in items:
            _need(item, first.kind, "an item of the list")
        return self.node("in", "flag", at, (first, *items))

    def sum(self, depth: int) -> Node:
        return self._arithmetic(depth, ("+", "-"), self.product)

    def product(self, depth: int) -> Node:
        return self._arithmetic(depth, ("*", "/"), self.unary)

    def _arithmetic(self, depth: int, signs: tuple[str, ...], tighter: _Part) -> Node:
        left = tighter(depth)
        while self.word.kind == "sign" and self.has(*signs):
            sign = self.take()
            right = tighter(depth)
            for node in (left, right):
                _need(node, "number", f"a side of {sign.text}")
            left = self.node(sign.text, "number", sign.at, (left, right))
        return left

    def unary(self, depth: int) -> Node:
        if self.has("-"):
            at = self.take().at
            operand = self.unary(self.deeper(depth))
            return self.node("negative", "number", at, (_need(operand, "number", "what - turns"),))
        return self.atom(depth)

    def atom(self, depth: int) -> Node:
        word = self.take()
        if word.kind == "number":
            return self.node("number", "number", word.at, value=word.value)
        if word.kind == "text":
            return self.node("text", "text", word.at, name=word.text)
        if word.kind == "name":
            return self._named(word, depth)
        if word.text == "(":
            inner = self.either(self.deeper(depth))
            self.expect(")")
            return inner
        found = repr(word.text) if word.text else "the end"
        raise ScanInvalid(word.at, f"{found} stands where a field, a number, a text or a bracket should")

    def _named(self, word: Word, depth: int) -> Node:
        if word.text in {"true", "false"}:
            return self.node("flag_value", "flag", word.at, name=word.text)
        if self.has("(") and word.text not in _RESERVED:
            return self._call(word, depth)
        field = FIELDS.get(word.text)
        if field is None:
            raise ScanInvalid(word.at, f"{word.text!r} is no field{_close_to(word.text, [*FIELDS])}")
        return self.node("field", field.kind, word.at, name=word.text)

    def _call(self, word: Word, depth: int) -> Node:
        if word.text not in FUNCTIONS:
            raise ScanInvalid(word.at, f"{word.text!r} is no function; {', '.join(FUNCTIONS)} would pass")
        self.expect("(")
        inner = self.deeper(depth)
        operands = [self.sum(inner)]
        while self.has(","):
            self.take()
            operands.append(self.sum(inner))
        self.expect(")")
        least, most = FUNCTIONS[word.text]
        if not least <= len(operands) <= most:
            told = f"{least}" if least == most else f"{least} to {most}"
            raise ScanInvalid(word.at, f"{word.text} of {len(operands)} values; {told} would pass")
        if word.text == "known":
            return self.node("known", "flag", word.at, tuple(operands))
        for operand in operands:
            _need(operand, "number", f"a value of {word.text}")
        return self.node(word.text, "number", word.at, tuple(operands))


def _check_pair(sign: str, left: Node, right: Node) -> None:
    if left.kind != right.kind:
        raise ScanInvalid(right.at, f"{_KINDS[left.kind]} {sign} {_KINDS[right.kind]} compares nothing")
    if left.kind != "number" and sign not in {"==", "!="}:
        raise ScanInvalid(right.at, f"{sign} compares numbers; == and != would pass")


def _close_to(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name.lower(), names, n=3)
    return (
        f"; did you mean {' or '.join(close)}?" if close else f"; such as {', '.join(names[:6])} would pass"
    )
