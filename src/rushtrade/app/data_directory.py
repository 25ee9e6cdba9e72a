"""Where a house lives: its data directory and the files in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

JOURNAL_FILE = "journal.sqlite"
"""The journal's name within the data directory."""
DIRECTORY_VARIABLE = "RUSHTRADE_DATA"
"""Environment variable that names the data directory when `--data` does not."""


def data_directory(given: Path | None = None) -> Path:
    """Return the house's directory: as given, else by `RUSHTRADE_DATA`, else in the user's data directory."""
    if given is not None:
        return given
    named = os.environ.get(DIRECTORY_VARIABLE)
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "rushtrade"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "rushtrade"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "rushtrade"
