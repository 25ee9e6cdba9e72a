"""A seeded life of a firm of about 2,500 commands, boiled down to hashes. Prints them as JSON.

Run by `test_golden_core.py` in processes of its own, under several hash seeds. To renew the stored result after a change of the
house's decisions that is meant: ``python tests/golden/core_run.py --renew``, and say in the commit what changed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from random import Random

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS)]

from rushtrade.core.replay import read_body  # noqa: E402
from rushtrade.core.snapshot import state_hash  # noqa: E402
from support.firm_actions import USUAL, FirmActions  # noqa: E402
from support.whole_firm import WholeFirm  # noqa: E402

STORED = Path(__file__).with_name("core_run.json")
SEED = 2_004
COMMANDS = 2_500


def run() -> dict[str, object]:
    """Live until the journal holds enough commands; give what the journal and the state come to."""
    chance = Random(SEED)
    firm = WholeFirm()
    actions = FirmActions(firm)
    while firm.house.core.next_seq <= COMMANDS:
        getattr(actions, actions.choose(chance, USUAL))(chance)
    digest, events = hashlib.sha256(), Counter[str]()
    for frame in firm.house.journal.frames():
        digest.update(frame.body)
        for entry in read_body(frame).entries:
            events.update(type(event).__name__ for event in entry.events)
    core = firm.house.core
    return {
        "commands": core.next_seq - 1,
        "events": dict(sorted(events.items())),
        "journal_sha256": digest.hexdigest(),
        "state_hash": state_hash(core.state, core.next_seq).hex(),
    }


if __name__ == "__main__":
    text = json.dumps(run(), indent=2) + "\n"
    if "--renew" in sys.argv:
        STORED.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
