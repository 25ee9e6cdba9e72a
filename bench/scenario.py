"""The scenario rushtrade-2004 from an empty directory to its printed report, beside the limit of ten seconds.

31,213 orders that execute go through the core one durable frame after another, the books are snapshotted, and the trade
volume report is folded from the journal; the report alone is measured too. Imports are not counted, compiled kernels
are loaded before.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from rushtrade.cli.scenario import build, last_report
from rushtrade.rules.day import rules_for_day
from rushtrade.scenario.file import load_scenario

NAME = "rushtrade-2004"
LIMIT_S = 10.0
REPORT_LIMIT_S = 2.0
PUBLISHED = ["+56%", "+11.7%", "+345%", "+82%"]


def run() -> list[dict]:
    script = load_scenario(NAME)
    rules_for_day(script.months[0].sessions()[0])
    with tempfile.TemporaryDirectory(prefix=".scenario-", dir=Path(__file__).parent) as folder:
        began = time.perf_counter()
        outcome = build(script, Path(folder), quiet=True)
        built = time.perf_counter()
        found = last_report(script, Path(folder))
        ended = time.perf_counter()
    assert found is not None
    assert [row.change for row in found.rows] == PUBLISHED
    assert outcome.balanced
    return [
        row(f"scenario {NAME} with report", ended - began, "s", "limit", LIMIT_S),
        row(f"report volume over {outcome.commands:,} commands", ended - built, "s", "limit", REPORT_LIMIT_S),
    ]


def row(name: str, value: float, unit: str, baseline_name: str, baseline: float) -> dict:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "baseline_name": baseline_name,
        "baseline": baseline,
        "ratio": round(value / baseline, 3),
    }


if __name__ == "__main__":
    for line in run():
        sys.stdout.write(f"{line}\n")
