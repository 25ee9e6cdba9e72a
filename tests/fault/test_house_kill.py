"""kill -9 of the whole broker under load, while the exchanges live on: nothing acknowledged is lost, no child order is doubled,
and what the venues executed is what the books hold. `--kills` says how often (50 in continuous integration)."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from rushtrade.core.replay import read_body, verify
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.gateway.exchange_line import ExchangeLine
from rushtrade.gateway.venue_session import ReportsHeard
from rushtrade.journal import SqliteReader
from rushtrade.rules.world_file import load_world
from rushtrade.wire import order_entry as oe
from support.auditor import Auditor
from support.waiting import COMMAND_S, wait_for

HERE = Path(__file__).parent
ANSWERS_MAX = 300
"""Answers a broker gives before it is killed, at most: what happens in a life does not depend on how fast the machine is."""
AFTER_SECONDS_MAX = 0.05
VENUES = len(load_world("us-2026").venues)


class Firm:
    """A broker's files, and the exchanges it trades at."""

    def __init__(self, folder: Path) -> None:
        self.journal = folder / "journal.sqlite"
        self.exchanges = folder / "exchanges"
        self.acks = folder / "acks"

    def start(self, mode: str, seed: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                sys.executable,
                str(HERE / "house_broker.py"),
                mode,
                *map(str, (self.journal, self.exchanges, self.acks, seed)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # what `readline` took too much of would be lost to `communicate`
        )

    def answers(self) -> int:
        """How many answers customers have been given, in all lives."""
        return self.acks.read_bytes().count(b"\n") if self.acks.exists() else 0

    def run(self, mode: str) -> None:
        broker = self.start(mode, 0)
        _, errors = broker.communicate(timeout=COMMAND_S)
        assert broker.returncode == 0, errors.decode()

    def kill_one(self, seed: int, chance: random.Random) -> int:
        """Let a broker live for a while, mostly until it trades, and kill it; give how many children it had to send again."""
        broker = self.start("trade", seed)
        assert broker.stdout is not None
        said = b""
        if chance.random() < 0.75:
            said = broker.stdout.readline()
            answers = self.answers() + chance.randint(0, ANSWERS_MAX)
            wait_for(lambda: self.answers() >= answers or broker.poll() is not None, "answers", COMMAND_S)
        time.sleep(chance.uniform(0, AFTER_SECONDS_MAX))
        broker.kill()
        rest, errors = broker.communicate(timeout=COMMAND_S)
        assert broker.returncode == -9, errors.decode()
        found = re.match(rb"on line, (\d+) sent again\n", said + rest)
        return int(found[1]) if found else 0


@pytest.fixture
def firm():
    with tempfile.TemporaryDirectory() as folder:
        firm = Firm(Path(folder))
        exchanges = subprocess.Popen(
            [sys.executable, str(HERE / "house_exchanges.py"), str(firm.exchanges)], stdout=subprocess.PIPE
        )
        assert exchanges.stdout is not None
        assert exchanges.stdout.readline() == b"ready\n"
        yield firm
        alive = exchanges.poll() is None
        exchanges.kill()
        exchanges.communicate()
        assert alive, "the exchanges outlive every broker"


def test_a_broker_killed_again_and_again_loses_nothing_and_doubles_nothing(firm, kills):
    firm.run("found")
    chance = random.Random(20_041_101)
    sent_again = [firm.kill_one(life, chance) for life in range(1, kills + 1)]
    firm.run("settle")
    told = everything_venues_told(firm)
    auditor, executions, answers = everything_booked(firm)
    for line in firm.acks.read_text().splitlines():
        seq, kind, name = line.split()
        assert answers[int(seq)] == (kind, name), "what was acknowledged is in the journal"
    accepted = Counter((venue, row[7]) for venue, row in told if row[0] == oe.ACCEPTED)
    assert set(accepted.values()) == {1}, "no child order was taken twice"
    executed = Counter((venue, row[10], row[11], row[12]) for venue, row in told if row[0] == oe.EXECUTED)
    assert executed == executions, "what the venues executed is booked, once"
    assert sum(executed.values()) > 10 * kills
    assert not auditor.anomalies, auditor.anomalies[:3]
    assert not auditor.working
    assert sum(sent_again) > 0 or kills < 50, "no kill ever came between a commit and its sending"


def everything_venues_told(firm: Firm) -> list[tuple[int, tuple[int, ...]]]:
    """Have the exchanges repeat every report from the first on."""
    line = ExchangeLine(firm.exchanges)
    heard = line.logon([1] * VENUES, feed=False)
    line.close()
    return [(one.venue, row) for one in heard if isinstance(one, ReportsHeard) for row in one.rows.tolist()]


def everything_booked(firm: Firm):
    """Read the journal as an auditor; verify it, and give executions and the answer to every command."""
    auditor, executions, answers = Auditor(), Counter(), {}
    with SqliteReader(firm.journal) as journal:
        assert journal.verify().sound
        verify(journal)
        for frame in journal.frames():
            body = read_body(frame)
            auditor.read(body)
            for seq, entry in enumerate(body.entries, start=body.first_seq):
                first = entry.events[0] if entry.events else None
                name = getattr(first, "client_order_id", "") or "-"
                answers[seq] = (type(first).__name__, name)
                executions.update(
                    (event.venue, event.match_number, event.price, abs(event.signed_shares))
                    for event in entry.events
                    if isinstance(event, ev.OrderFilled)
                )
                assert not isinstance(entry.command, cmd.ReportExecuted) or entry.events
    totals = Counter()
    for (_, asset), amount in auditor.balances.items():
        totals[asset] += amount
    assert not any(totals.values()), "debits equal credits in every asset"
    return auditor, executions, answers
