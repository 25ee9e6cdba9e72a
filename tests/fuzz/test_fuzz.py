"""Codecs, books, venues, order bodies, frames and worlds against any bytes: a result or a named refusal, nothing else.

Seeds and their mutations run on every Python. atheris goes further where it has a wheel, for some seconds over all targets together;
`RUSHTRADE_FUZZ_SECONDS=600` gives each target so many.
"""

from __future__ import annotations

import importlib.util
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.fuzz_targets import TARGETS, watched

MUTATIONS = 40
SECONDS = int(os.environ.get("RUSHTRADE_FUZZ_SECONDS", "0"))
SECONDS_OF_ALL = 8
HANG_SECONDS = 10
RUN = Path(__file__).with_name("fuzz_run.py")
ATHERIS_UP_TO = (3, 12)


def mutations(seeds: list[bytes], dice: random.Random, count: int) -> list[bytes]:
    """Seeds with bytes changed, cut out, doubled and joined."""
    found = []
    for _ in range(count):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 6)):
            place = dice.randrange(len(data) + 1)
            match dice.randrange(5):
                case 0 if data:
                    data[place % len(data)] ^= 1 << dice.randrange(8)
                case 1:
                    data[place:place] = dice.randbytes(dice.randrange(1, 9))
                case 2:
                    del data[place : place + dice.randrange(1, 40)]
                case 3:
                    data[place:place] = data[dice.randrange(len(data) + 1) :][:64]
                case _:
                    data[place:] = dice.choice(seeds)[place:]
        found.append(bytes(data))
    return found


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_their_mutations_are_answered_or_refused(name):
    target = TARGETS[name]
    seeds = target.seeds()
    run = watched(target)
    for data in [*seeds, *mutations(seeds, random.Random(name), MUTATIONS)]:
        run(data)


def test_a_target_that_fails_is_seen():
    """The watch itself: more memory than an input may take is a failure."""

    most_so_far = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

    def wasteful(data: bytes) -> None:
        assert len(bytearray(most_so_far + (200 << 20))) > len(data)

    with pytest.raises(AssertionError, match="MB more for 3 bytes"):
        watched(TARGETS["worlds"]._replace(function=wasteful))(b"abc")


@pytest.mark.parametrize("name", TARGETS if SECONDS else ["any"])
def test_atheris_finds_nothing(name, tmp_path):
    if sys.version_info[:2] > ATHERIS_UP_TO:
        pytest.skip(f"atheris has no wheel for Python {sys.version_info[0]}.{sys.version_info[1]}")
    if importlib.util.find_spec("atheris") is None:
        missing = "atheris is not installed: pip install -r requirements-dev.lock"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    options = [
        f"-max_total_time={SECONDS or SECONDS_OF_ALL}",
        f"-timeout={HANG_SECONDS}",
        f"-artifact_prefix={tmp_path}/",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
        "-seed=7",
    ]
    done = subprocess.run(
        [sys.executable, str(RUN), name, *options, str(corpus)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=(SECONDS or SECONDS_OF_ALL) + 120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    (executed,) = [
        line.rpartition(":")[2]
        for line in done.stderr.splitlines()
        if line.startswith("stat::number_of_executed_units")
    ]
    assert int(executed) > 50
