"""What can go wrong with a tick store, one class for what the caller can do about it.

```
TickStoreError      a store, a day or a query cannot be used; the message says which and what would pass
├── StoreBusy       another process writes this day
└── StoreDamaged    bytes on the disk are not what was written: `rushtrade ticks verify` names them
```
"""

from __future__ import annotations

from rushtrade.domain.errors import RushTradeError


class TickStoreError(RushTradeError):
    """A store, a day of it or a question to it cannot be used. The message says what would pass."""


class StoreBusy(TickStoreError):  # noqa: N818  - reads as the statement it makes
    """Another process writes the day asked for."""


class StoreDamaged(TickStoreError):  # noqa: N818
    """Bytes on the disk are not what was written."""
