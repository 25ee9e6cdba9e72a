"""The fixtures for data beside the checkout: found by environment, skipped aloud, never skipped in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.waiting import COMMAND_S

USES_BOTH = """
def test_data(shared_data):
    assert (shared_data / "rows.csv").is_file()

def test_vectors(shared_vectors):
    assert shared_vectors.name == "vectors"
"""


def run(folder: Path, **environment: str) -> str:
    checkout = folder / "checkout"
    (checkout / "tests").mkdir(parents=True, exist_ok=True)
    for part in ("conftest.py", "support/waiting.py"):
        copy = checkout / "tests" / part
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(Path(__file__).parent / part, copy)
    (checkout / "tests" / "test_uses.py").write_text(USES_BOTH)
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "RUSHTRADE_SHARED"}}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", checkout / "tests"],
        cwd=checkout,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    return done.stdout


def shared(folder: Path, name: str) -> str:
    for part in ("data", "vectors"):
        (folder / name / part).mkdir(parents=True)
    (folder / name / "data" / "rows.csv").touch()
    return str(folder / name)


def test_the_folder_beside_the_checkout_is_the_default(tmp_path):
    shared(tmp_path, "shared")
    assert "2 passed" in run(tmp_path)


def test_the_environment_names_another_folder(tmp_path):
    assert "2 passed" in run(tmp_path, RUSHTRADE_SHARED=shared(tmp_path, "elsewhere"))


@pytest.mark.parametrize("ci", ["", "false"])
def test_missing_data_is_skipped_and_said(tmp_path, ci):
    said = run(tmp_path, CI=ci)
    assert "2 skipped" in said
    assert "set RUSHTRADE_SHARED to the folder that holds data/" in said


def test_missing_data_fails_in_ci(tmp_path):
    said = run(tmp_path, CI="true")
    assert "2 errors" in said
    assert "with CI=true this is a failure, not a skip" in said
