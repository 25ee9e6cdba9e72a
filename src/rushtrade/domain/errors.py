"""The roots of everything that can go wrong.

```
RushTradeError
├── InvalidInput        a text or message at an edge cannot be taken; says what would pass
├── RuleMissing         a dated table has no row for the day asked
├── HouseBusy           the inbox is full; nothing was taken
├── HouseStopped        the house takes no commands any more
└── InvariantBroken     the house's own books or state contradict themselves: the process stops
```

A refused command is none of these: it is an event that carries a `RejectReason`.
"""

from __future__ import annotations


class RushTradeError(Exception):
    """Root of every exception this product raises on purpose."""


class InvalidInput(RushTradeError, ValueError):  # noqa: N818  - reads as the statement it makes
    """A value at an edge cannot be taken. The message names it and says what would pass."""


class RuleMissing(RushTradeError, LookupError):  # noqa: N818
    """A dated table holds no row for the key and day asked. Never answered with a default."""


class InvariantBroken(RushTradeError, AssertionError):  # noqa: N818
    """An invariant of the house does not hold. Nothing may be released after it."""


class HouseBusy(RushTradeError):  # noqa: N818
    """The inbox is full: nothing was taken, try again. Never an answer to a command that was taken."""


class HouseStopped(RushTradeError):  # noqa: N818
    """The house takes no commands: it has not started, was closed, or stopped on a failure it names."""


def require(condition: object, statement: str) -> None:
    """Stop before anything is released when an invariant does not hold."""
    if not condition:
        raise InvariantBroken(statement)
