"""A strict reader of TOML tables: every key is asked for once, and what nobody asked for is refused.

It knows types, ranges and choices, not what the keys mean. A message names the file, the full key, the value found and
what would pass.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import parse_money, parse_price

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class WorldInvalid(InvalidInput):
    """A world file holds a key or value that cannot be used. Names file, key, value and what would pass."""


class TomlTable:
    """One table of a TOML document, with its place in it (`venue[2].fees[0]`)."""

    def __init__(self, file: str, place: str, entries: Mapping[str, object]) -> None:
        self.file = file
        self.place = place
        self._entries = dict(entries)

    def fail(self, key: str, value: object, passes: str) -> WorldInvalid:
        """Return (not raise) the error that names file, key, value and what would pass."""
        path = f"{self.place}.{key}" if self.place else key
        return WorldInvalid(f"{self.file}: {path} = {value!r}; this needs {passes}")

    def has(self, key: str) -> bool:
        """True when the key is present and not yet taken."""
        return key in self._entries

    def text(self, key: str, *, empty: bool = False) -> str:
        """Take a string that is not empty (or may be, when told so)."""
        value = self._take(key, "a string")
        if not isinstance(value, str) or (not value and not empty):
            raise self.fail(key, value, "a string" if empty else "a string that is not empty")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """Take one of the given words."""
        passes = f"one of {', '.join(choices)}"
        value = self._take(key, passes)
        if not isinstance(value, str) or value not in choices:
            raise self.fail(key, value, passes)
        return value

    def choices(self, key: str, choices: Sequence[str]) -> tuple[str, ...]:
        """Take a list of some of the given words, none twice."""
        passes = f"a list of different words out of {', '.join(choices)}"
        value = self._take(key, passes)
        if not isinstance(value, list) or not value:
            raise self.fail(key, value, passes)
        words = [word for word in value if isinstance(word, str) and word in choices]
        if len(words) != len(value) or len(dict.fromkeys(words)) != len(words):
            raise self.fail(key, value, passes)
        return tuple(words)

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of strings, none of them empty."""
        passes = "a list of strings that are not empty"
        value = self._take(key, passes)
        words = [word for word in value if isinstance(word, str) and word] if isinstance(value, list) else []
        if not isinstance(value, list) or not value or len(words) != len(value):
            raise self.fail(key, value, passes)
        return tuple(words)

    def whole(self, key: str, minimum: int, maximum: int) -> int:
        """Take an integer within the bounds, both included."""
        passes = f"a whole number from {minimum} to {maximum}"
        value = self._take(key, passes)
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise self.fail(key, value, passes)
        return value

    def flag(self, key: str) -> bool:
        """Take true or false."""
        value = self._take(key, "true or false")
        if not isinstance(value, bool):
            raise self.fail(key, value, "true or false")
        return value

    def day(self, key: str) -> dt.date:
        """Take a date."""
        value = self._take(key, "a date such as 2026-01-02")
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            raise self.fail(key, value, "a date such as 2026-01-02")
        return value

    def price(self, key: str) -> int:
        """Take a price above zero, in dollars written as text, as units of $0.0001."""
        price = self._number(key, parse_price)
        if price <= 0:
            raise self.fail(key, price, "a price above zero")
        return price

    def money(self, key: str) -> int:
        """Take an amount of zero or more, in dollars written as text, as micro-dollars."""
        money = self._number(key, parse_money)
        if money < 0:
            raise self.fail(key, money, "an amount of zero or more")
        return money

    def table(self, key: str) -> TomlTable:
        """Take a sub-table."""
        value = self._take(key, "a table")
        if not isinstance(value, dict):
            raise self.fail(key, value, "a table")
        return TomlTable(self.file, self._path(key), value)

    def tables(self, key: str, maximum: int) -> list[TomlTable]:
        """Take an array of one to `maximum` tables."""
        passes = f"an array of 1 to {maximum} tables ([[{self._path(key)}]])"
        value = self._take(key, passes)
        if not isinstance(value, list) or not 1 <= len(value) <= maximum:
            raise self.fail(key, value, passes)
        tables = []
        for index, entry in enumerate(value):
            if not isinstance(entry, dict):
                raise self.fail(f"{key}[{index}]", entry, "a table")
            tables.append(TomlTable(self.file, f"{self._path(key)}[{index}]", entry))
        return tables

    def close(self, known: Sequence[str]) -> None:
        """Refuse every key that nobody has taken; `known` are the keys to name as possible."""
        for key, value in self._entries.items():
            raise self.fail(key, value, f"to be one of the known keys: {', '.join(known)}")

    def _number(self, key: str, parse: Callable[[str], int]) -> int:
        passes = 'a decimal number in quotes, such as "12.34"'
        value = self._take(key, passes)
        if not isinstance(value, str):
            raise self.fail(key, value, passes)
        try:
            return parse(value)
        except InvalidInput as error:
            raise self.fail(key, value, f"{passes} ({error})") from None

    def _take(self, key: str, passes: str) -> object:
        if key not in self._entries:
            path = f"{self.place}.{key}" if self.place else key
            raise WorldInvalid(f"{self.file}: {path} is missing; this needs {passes}")
        return self._entries.pop(key)

    def _path(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key
