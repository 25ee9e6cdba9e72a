"""What can go wrong when the tables themselves are read; a missing row is `domain.errors.RuleMissing`.

```
RushTradeError
├── RuleTableInvalid    the rows of a dated table contradict each other
└── InvalidInput
    └── WorldInvalid    a world file says something that cannot be used
```
"""

from __future__ import annotations

from rushtrade.domain.errors import InvalidInput, RushTradeError


class RuleTableInvalid(RushTradeError):  # noqa: N818  - reads as the statement it makes
    """Rows of a dated table are out of order, overlap, or end before they begin."""


class WorldInvalid(InvalidInput):
    """A world file holds a key or value that cannot be used. Names file, key, value and what would pass."""
