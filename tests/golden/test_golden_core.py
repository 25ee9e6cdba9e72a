"""The same commands give the same events and the same state: in any process, under any hash seed, from one release to the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.waiting import COMMAND_S

HERE = Path(__file__).parent
STORED = json.loads((HERE / "core_run.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("hash_seed", ["0", "1", "4294967295"])
def test_a_seeded_life_ends_as_it_did_when_it_was_stored(hash_seed):
    done = subprocess.run(
        [sys.executable, str(HERE / "core_run.py")],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_S,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == STORED, (
        "the house decides otherwise than when this life was stored. If that is meant, renew it with "
        "`python tests/golden/core_run.py --renew` and say in the commit what changed"
    )


def test_the_stored_life_is_worth_comparing():
    assert STORED["commands"] >= 2_000
    assert min(STORED["events"][name] for name in ("OrderFilled", "OrderReplaced", "DayClosed")) > 10
