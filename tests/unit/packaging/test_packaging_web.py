"""The build of the workstation: when it builds, when it does not, and what it says when it cannot.

Each test makes a tiny project of its own with `node` and `npm` of its own (shell scripts that write down how they were called).
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


class Project:
    """A folder with `web/` sources, and programs that stand in for Node and npm."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.calls = root / "calls"
        self.programs = root / "bin"
        self.programs.mkdir()
        web = root / "web"
        (web / "src").mkdir(parents=True)
        for name in (
            "index.html",
            "package.json",
            "package-lock.json",
            "tsconfig.json",
            "vite.config.ts",
            "src/main.tsx",
        ):
            (web / name).write_text(name, encoding="utf-8")
        self.hook = self.load()
        monkeypatch.setenv("PATH", str(self.programs))
        monkeypatch.delenv("RUSHTRADE_SKIP_WEB", raising=False)

    def load(self) -> ModuleType:
        shutil.copy(ROOT / "hatch_build.py", self.root / "hatch_build.py")
        spec = importlib.util.spec_from_file_location("hatch_build_under_test", self.root / "hatch_build.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def program(self, name: str, body: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def with_node(self, version: str = "v20.19.0", npm: str = "") -> None:
        self.program("node", f"echo {version}")
        static = self.root / "src" / "rushtrade" / "static"
        work = f'case "$1" in ci) /bin/mkdir -p node_modules;; run) /bin/mkdir -p {static}; echo built > {static}/index.html;; esac'
        self.program("npm", f'echo "$@" >> {self.calls}\n{npm or work}')

    def called(self) -> list[str]:
        return self.calls.read_text(encoding="utf-8").splitlines() if self.calls.exists() else []

    def build(self) -> bool:
        built: bool = self.hook.build_workstation(lambda _: None)
        return built


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def test_it_builds_once_and_then_only_when_a_source_changes(project: Project) -> None:
    project.with_node()
    assert project.build()
    assert project.called() == ["ci --no-audit --no-fund", "run build"]
    assert not project.build()
    (project.root / "web" / "src" / "main.tsx").write_text("changed", encoding="utf-8")
    assert project.build()
    assert project.called()[2:] == ["run build"]


def test_new_packages_are_installed_when_their_lock_changes(project: Project) -> None:
    project.with_node()
    project.build()
    (project.root / "web" / "package-lock.json").write_text("other", encoding="utf-8")
    assert project.build()
    assert project.called()[2:] == ["ci --no-audit --no-fund", "run build"]


def test_a_renamed_source_is_a_change_and_a_touched_one_is_not(project: Project) -> None:
    project.with_node()
    project.build()
    source = project.root / "web" / "src" / "main.tsx"
    source.touch()
    assert not project.build()
    source.rename(source.with_name("other.tsx"))
    assert project.build()


def test_without_node_it_says_what_to_install_and_how_to_do_without(project: Project) -> None:
    with pytest.raises(
        project.hook.WebBuildError, match=r"Node\.js is missing.*20\.19.*RUSHTRADE_SKIP_WEB=1"
    ):
        project.build()


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "nonsense"])
def test_an_old_node_is_refused_by_its_version(project: Project, version: str) -> None:
    project.with_node(version)
    with pytest.raises(project.hook.WebBuildError, match=f"Node.js is {version}.*20.19 or newer"):
        project.build()


def test_a_failing_build_shows_what_the_tool_said_and_leaves_no_stamp(project: Project) -> None:
    project.with_node(
        npm='[ "$1" = ci ] && { /bin/mkdir -p node_modules; exit 0; }; echo "main.tsx is broken"; exit 3'
    )
    with pytest.raises(
        project.hook.WebBuildError, match=r"`npm run build` in web/ failed with 3:\nmain.tsx is broken"
    ):
        project.build()
    project.with_node()
    assert project.build()


def test_the_skip_variable_leaves_the_workstation_out(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSHTRADE_SKIP_WEB", "1")
    assert not project.build()
    assert project.called() == []
    monkeypatch.setenv("RUSHTRADE_SKIP_WEB", "0")
    project.with_node()
    assert project.build()


def test_a_source_archive_with_its_bundle_needs_no_node(project: Project) -> None:
    project.with_node()
    project.build()
    shutil.rmtree(project.root / "web")
    (project.programs / "node").unlink()
    assert not project.build()
    shutil.rmtree(project.root / "src")
    with pytest.raises(project.hook.WebBuildError, match="neither the folder web/ nor a built bundle"):
        project.build()
