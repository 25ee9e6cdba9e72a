"""The lock files pin everything, with hashes, and name no place to fetch from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def normal(name: str) -> str:
    """A package's one name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name: str) -> dict[str, str]:
    return {normal(found["name"]): found["version"] for found in PIN.finditer(text_of(name))}


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[\s<>=!~;\[]", one, maxsplit=1)[0]) for one in requirements}


@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_every_pin_has_hashes(lock: str) -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", text_of(lock), flags=re.MULTILINE)[1:]
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert len(blocks) == len(pins(lock)) > 20


@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_no_lock_names_a_host_an_index_or_a_path(lock: str) -> None:
    bare = [line for line in text_of(lock).splitlines() if not line.lstrip().startswith("#")]
    assert [
        line for line in bare if re.search(r"https?:|file:|--index|--extra|--find|--trusted|@ ", line)
    ] == []


def test_the_runtime_lock_holds_what_the_project_and_its_build_ask_for() -> None:
    wanted = names(PROJECT["project"]["dependencies"]) | names(PROJECT["build-system"]["requires"])
    assert wanted - pins(RUNTIME).keys() == set()


def test_the_dev_lock_holds_the_runtime_lock_and_the_tools() -> None:
    wanted = names(PROJECT["project"]["optional-dependencies"]["dev"])
    assert wanted - pins(DEV).keys() == set()
    differing = {
        name: (version, pins(DEV).get(name))
        for name, version in pins(RUNTIME).items()
        if pins(DEV).get(name) != version
    }
    assert differing == {}


def test_the_web_lock_pins_all_platforms_and_names_no_registry() -> None:
    packages = json.loads(text_of("web/package-lock.json"))["packages"]
    own = packages.pop("")
    assert [path for path, one in packages.items() if "resolved" in one] == []
    assert [path for path, one in packages.items() if not one["integrity"].startswith("sha512-")] == []
    optional = {name for one in packages.values() for name in one.get("optionalDependencies", {})}
    assert {name for name in optional if f"node_modules/{name}" not in packages} == set()
    asked = {**own["dependencies"], **own["devDependencies"]}
    assert {name for name, version in asked.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == set()
