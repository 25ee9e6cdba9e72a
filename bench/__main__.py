"""`python -m bench`: run every benchmark, print one table, write bench/results.json.

Every row stands beside a baseline or a limit that was measured in the same call, alternately: only the ratio is worth
remembering, times are of one machine on one day.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

BENCHMARKS = (
    "order_path",
    "matching",
    "itch_decode",
    "itch_books",
    "line_drain",
    "live_pieces",
    "tape",
    "dart_plan",
    "routing",
    "journal",
    "tick_store",
    "api",
    "fan_out",
    "scenario",
)
RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    """Run what is named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which to run: {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    rows: list[dict[str, object]] = []
    for name in arguments.names or BENCHMARKS:
        began = time.perf_counter()
        sys.stderr.write(f"{name} … ")
        sys.stderr.flush()
        rows.extend(importlib.import_module(f"bench.{name}").run())
        sys.stderr.write(f"{time.perf_counter() - began:.0f} s\n")
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        show(rows)
    return 0


def show(rows: list[dict[str, object]]) -> None:
    """Print the table."""
    table = Table(title="benchmarks", title_justify="left")
    for heading, side in (
        ("what", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("beside", "left"),
        ("value", "right"),
        ("ratio", "right"),
    ):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(
            str(row["name"]),
            _number(row["value"]),
            str(row["unit"]),
            str(row["baseline_name"]),
            _number(row["baseline"]),
            _number(row["ratio"]),
        )
    Console(width=180).print(table)


def _number(value: object) -> str:
    number = float(str(value))
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:,.3g}"


if __name__ == "__main__":
    raise SystemExit(main())
