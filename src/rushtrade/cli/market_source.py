"""Where a house's recorded market comes from: an ITCH 5.0 file, or a day of a tick store.

`ticks:DIR/2026-11-20`, with `/VENUE` behind it when the day has several lines. A stored day's messages are written out first, as a file
that goes with the process.
"""

from __future__ import annotations

import atexit
import datetime as dt
import shutil
import tempfile
from pathlib import Path

from rushtrade.domain.errors import InvalidInput
from rushtrade.marketplace.itch_source import ItchFile

STORED = "ticks:"


def recorded_market(named: Path | str) -> ItchFile:
    """Open what `--market` names. Raises InvalidInput, TickStoreError or FlowFileError with what is wrong with it."""
    text = str(named)
    if not text.startswith(STORED):
        return ItchFile(Path(named))
    from rushtrade.archive.stored_feed import write_itch  # noqa: PLC0415  - Arrow is asked for only when needed

    store, day, venue = _parts(text)
    folder = Path(tempfile.mkdtemp(prefix="rushtrade-market-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / f"{day}{'-' if venue else ''}{venue}.itch"
    write_itch(store, day, file, [], (None, None), venue)
    return ItchFile(file)


def _parts(text: str) -> tuple[Path, dt.date, str]:
    """Store, day and venue of `ticks:DIR/DAY[/VENUE]`."""
    words = text.removeprefix(STORED).rstrip("/").split("/")
    for back in (1, 2):
        if len(words) < back:
            break
        try:
            day = dt.date.fromisoformat(words[-back])
        except ValueError:
            continue
        return Path("/".join(words[:-back]) or "."), day, words[-1] if back == 2 else ""
    raise InvalidInput(f"--market {text[:80]!r} names no day of a store; 'ticks:DIR/2026-11-20' would pass")
