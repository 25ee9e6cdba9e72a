"""Builds the browser workstation into `src/rushtrade/static/` when the package is built, and only when it must.

It knows Node, npm and the folder `web/`; nothing of the house. The bundle carries a stamp, the SHA-256 of all sources it was built
from; equal stamp, nothing to do. Times of files are never compared: a checkout, an archive and a copy all change them.

Run as a program (`python hatch_build.py`) it does the same without building a wheel; `make` calls it so.
`RUSHTRADE_SKIP_WEB=1` leaves the bundle out: the house then serves its APIs alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
STATIC = ROOT / "src" / "rushtrade" / "static"
STAMP = STATIC / "bundle.sha256"
INSTALLED = WEB / "node_modules" / ".rushtrade-lock.sha256"
"""Which `package-lock.json` the installed packages belong to."""

SKIP_VARIABLE = "RUSHTRADE_SKIP_WEB"
NODE_OLDEST = (20, 19)
SOURCE_FOLDERS = ("src", "public")
SOURCE_FILES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")

WITHOUT_NODE = f"or set {SKIP_VARIABLE}=1 to install the house without its browser workstation (the APIs and the command line work)"


class WebBuildError(RuntimeError):
    """The workstation could not be built; the message says what is missing and what helps."""


class WorkstationBuildHook(BuildHookInterface[Any]):
    """hatchling's hook: called for sdist, wheel and editable installs alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle unless it is current; tell hatchling of it, because git ignores it."""
        del version
        build_workstation(self.app.display_info)
        if STATIC.is_dir():
            build_data["artifacts"].append("src/rushtrade/static/**")


def build_workstation(say: Any = print) -> bool:
    """Bring `static/` up to date. True when something was built."""
    if skipped():
        say(f"web: left out ({SKIP_VARIABLE} is set)")
        return False
    if not (WEB / "package.json").is_file():
        if STAMP.is_file():
            return False  # a source archive carries the built bundle
        raise WebBuildError(
            f"there is neither the folder web/ nor a built bundle in {STATIC.relative_to(ROOT)}"
        )
    wanted = sources_digest()
    if STAMP.is_file() and STAMP.read_text(encoding="ascii").strip() == wanted:
        return False
    npm = find_npm()
    say("web: building the workstation (about half a minute the first time)")
    install_packages(npm)
    run(npm, "run", "build")
    STAMP.write_text(wanted + "\n", encoding="ascii")
    return True


def skipped() -> bool:
    """True when the user wants no workstation."""
    return os.environ.get(SKIP_VARIABLE, "") not in {"", "0"}


def sources_digest() -> str:
    """SHA-256 over names and contents of everything the bundle is made from."""
    digest = hashlib.sha256()
    for path in source_files():
        digest.update(path.relative_to(WEB).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def source_files() -> Iterator[Path]:
    """Every source file of the bundle, in one order on every machine."""
    for name in SOURCE_FILES:
        yield WEB / name
    for folder in SOURCE_FOLDERS:
        yield from sorted(path for path in (WEB / folder).rglob("*") if path.is_file())


def install_packages(npm: str) -> None:
    """`npm ci`, unless the packages of this very lock file are installed."""
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if INSTALLED.is_file() and INSTALLED.read_text(encoding="ascii").strip() == wanted:
        return
    run(npm, "ci", "--no-audit", "--no-fund")
    INSTALLED.write_text(wanted + "\n", encoding="ascii")


def find_npm() -> str:
    """Path of npm, after making sure that Node is new enough."""
    oldest = ".".join(map(str, NODE_OLDEST))
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing = "Node.js" if node is None else "npm"
        raise WebBuildError(
            f"{missing} is missing: the browser workstation is built with Node.js {oldest} or newer (https://nodejs.org). Install it, {WITHOUT_NODE}."
        )
    said = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < NODE_OLDEST:
        raise WebBuildError(
            f"Node.js is {said}, the workstation needs {oldest} or newer. Update it, {WITHOUT_NODE}."
        )
    return npm


def run(*command: str) -> None:
    """Run one npm command in `web/`; its output is shown only when it fails."""
    environment = {**os.environ, "npm_config_loglevel": "error"}
    done = subprocess.run(  # noqa: S603
        command,
        cwd=WEB,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        shown = " ".join(("npm", *command[1:]))
        raise WebBuildError(f"`{shown}` in web/ failed with {done.returncode}:\n{done.stdout.rstrip()}")


def main(arguments: list[str]) -> int:
    """Build the bundle from the command line, or with `--packages` only install what its tests need."""
    try:
        if arguments == ["--packages"]:
            if not skipped():
                install_packages(find_npm())
            return 0
        built = build_workstation()
    except WebBuildError as error:
        sys.stderr.write(f"web: {error}\n")
        return 1
    if built:
        sys.stdout.write(f"web: built into {STATIC.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
