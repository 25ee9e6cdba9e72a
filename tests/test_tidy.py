"""The taste of the house, kept by a test: walls, sizes, names, and no chance on the deterministic path.

Exceptions stand in `ALLOWED` and `LARGE`, each with its reason; one that is no longer needed fails the test as well.
The second half proves that every check can fail.
"""

from __future__ import annotations

import ast
import functools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.waiting import COMMAND_S
from tidy_checks import CHECKS, module_name

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE = REPOSITORY / "src" / "rushtrade"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = [
    "api",
    "app",
    "archive",
    "backoffice",
    "books",
    "cli",
    "core",
    "dart",
    "datacenter",
    "domain",
    "entitlements",
    "exchange",
    "feeds",
    "floor",
    "gateway",
    "journal",
    "ledger",
    "market",
    "marketplace",
    "orders",
    "portfolio",
    "quality",
    "risk",
    "router",
    "rules",
    "scenario",
    "serving",
    "sessions",
    "status",
    "store",
    "tape",
    "ticks",
    "wire",
    "workstation",
]

DETERMINISTIC = frozenset(
    [
        "domain",
        "rules",
        "ledger",
        "risk",
        "orders",
        "dart",
        "router",
        "portfolio",
        "backoffice",
        "quality",
        "core",
        "exchange",
        "marketplace",
        "floor",
        "market",
        "books",
        "status",
        "tape",
        "entitlements",
    ]
)
MONEY = frozenset(["ledger", "risk", "orders", "core", "backoffice", "quality", "rules"])

MAX_MODULES = 20
MORE_MODULES = {
    "rules": (24, "one module a family of rules: there are as many as the regulator makes"),
    "cli": (30, "one module a command: there are as many as there are commands"),
    "wire": (30, "one to three modules a protocol: there are as many as there are protocols"),
}
"""Rooms that may have more, and why."""
MAX_LINES = 400
MAX_KERNEL_LINES = 600

EVERYWHERE = ("docstring", "class name")
ON_THE_DETERMINISTIC_PATH = ("clock", "randomness", "environment", "set iteration", "hash")
WHERE_MONEY_IS = ("float",)

ALLOWED: dict[tuple[str, str], str] = {
    # (module, what is said): why it may say it
    ("backoffice/allocation.py", "true division makes a float"): "divides fractions.Fraction, which is exact",
    (
        "backoffice/entitlements.py",
        "true division makes a float",
    ): "divides fractions.Fraction, which is exact",
    (
        "backoffice/percentages.py",
        "true division makes a float",
    ): "divides fractions.Fraction, which is exact",
    (
        "backoffice/reorganizations.py",
        "true division makes a float",
    ): "divides fractions.Fraction, which is exact",
    (
        "rules/generate_calendar.py",
        "sys.argv asks the environment",
    ): "a developer's tool, run by hand; no room imports it",
}

LARGE: dict[str, tuple[int, str]] = {
    # module: its own limit, and why it is one module
    "domain/commands.py": (440, "the commands of the house are one vocabulary, one short struct each"),
    "domain/events.py": (580, "the events of the house are one vocabulary, one short struct each"),
    "store/order_events.py": (420, "one handler an event; order and child order share their rows"),
    "wire/itch50.py": (430, "the 23 message types of one specification, one struct each"),
}


def room_of(module: Path) -> str:
    return module.relative_to(SOURCE).parts[0]


def name_of(module: Path) -> str:
    return module.relative_to(SOURCE).as_posix()


def checks_for(module: Path) -> list[str]:
    room = room_of(module)
    names = [*EVERYWHERE]
    if room in DETERMINISTIC:
        names += ON_THE_DETERMINISTIC_PATH
    if room in MONEY:
        names += WHERE_MONEY_IS
    return names


@functools.cache
def findings(module: Path) -> list[tuple[int, str]]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return [(found.line, found.what) for name in checks_for(module) for found in CHECKS[name](tree)]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_says_nothing_that_is_forbidden_in_its_room(module):
    wrong = [
        f"{name_of(module)}:{line}: {what}"
        for line, what in findings(module)
        if (name_of(module), what) not in ALLOWED
    ]
    assert not wrong, "\n".join(wrong)


def test_every_exception_is_still_needed():
    said = {(name_of(module), what) for module in MODULES for _, what in findings(module)}
    assert set(ALLOWED) <= said, f"no longer needed: {sorted(set(ALLOWED) - said)}"
    needed = {name for name in LARGE if lines(SOURCE / name) > limit(SOURCE / name)}
    assert set(LARGE) == needed, f"no longer needed: {sorted(set(LARGE) - needed)}"


def lines(module: Path) -> int:
    return len(module.read_text(encoding="utf-8").splitlines())


def limit(module: Path) -> int:
    return MAX_KERNEL_LINES if "kernel" in module.stem else MAX_LINES


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_can_be_read_in_one_sitting(module):
    allowed = LARGE[name_of(module)][0] if name_of(module) in LARGE else limit(module)
    assert lines(module) <= allowed, f"{name_of(module)} has {lines(module)} lines; {allowed} are allowed"


def test_modules_are_named_in_words_of_the_trade():
    wrong = [(name_of(module), words) for module in MODULES if (words := module_name(module.stem))]
    assert not wrong


def test_the_rooms_are_those_of_the_design():
    assert sorted({room_of(module) for module in MODULES} - {"__init__.py"}) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_small_and_has_no_room_below_it(room):
    here = [module for module in MODULES if room_of(module) == room]
    assert [name_of(module) for module in here if module.parent != SOURCE / room] == []
    allowed = MORE_MODULES[room][0] if room in MORE_MODULES else MAX_MODULES
    assert sum(module.stem != "__init__" for module in here) <= allowed


def lint_imports(folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", REPOSITORY / "pyproject.toml"],
        cwd=folder,
        env={"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )


def test_the_walls_between_the_rooms_hold():
    done = lint_imports(REPOSITORY, REPOSITORY / "src")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "KEPT" in done.stdout


# That the checks can fail.

FORBIDDEN = {
    "clock": [
        "import time\nnow = time.time()",
        "import time as t\nnow = t.time_ns",
        "from time import perf_counter\nstart = perf_counter()",
        "from time import monotonic as now\nnow()",
        "from datetime import datetime\nnow = datetime.now(tz=None)",
        "import datetime\nnow = datetime.datetime.utcnow()",
        "import datetime as dt\nnow = dt.date.today()",
        "def wait():\n    from time import sleep\n    sleep(1)",
        "def stamp(clock=None):\n    import time\n    return (clock or time.monotonic_ns)()",
    ],
    "randomness": [
        "import random\nx = random.random()",
        "from random import randint\nx = randint(1, 2)",
        "from random import Random\nchance = Random()",
        "import secrets\nx = secrets.token_hex(8)",
        "from uuid import uuid4\nx = uuid4()",
        "import uuid\nx = uuid.uuid1()",
        "import os\nx = os.urandom(8)",
        "import numpy as np\nx = np.random.default_rng()",
        "import numpy as np\nx = np.random.rand(3)",
        "import numpy.random\nnumpy.random.shuffle([])",
    ],
    "environment": [
        "import os\nhome = os.environ['HOME']",
        "from os import environ\nhome = environ.get('HOME')",
        "import os\nhome = os.getenv('HOME')",
        "import sys\nname = sys.argv[1]",
        "from pathlib import Path\nhome = Path.home()",
        "import platform\nname = platform.node()",
    ],
    "float": [
        "rate = 0.5",
        "rate = -1e-3",
        "rate = float('1')",
        "def price() -> float: ...",
        "half = total / 2",
        "total /= 2",
        "import numpy as np\nx = np.zeros(3, dtype=np.float64)",
        "import numpy\nx = numpy.divide(1, 2)",
    ],
    "set iteration": [
        "for x in {1, 2}:\n    pass",
        "for x in set(names):\n    pass",
        "out = [x for x in frozenset(names)]",
        "out = [y for x in names for y in {x}]",
        "out = list({x for x in names})",
        "out = (*{1, 2},)",
        "out = ', '.join(set(names))",
        "first = next(iter({1, 2}))",
        "known = {1, 2}\nfor x in known:\n    pass",
        "known = set()\nother = known | {3}\nfor x in other:\n    pass",
        "def each(names: set[str]):\n    return [name for name in names]",
        "def each(names: frozenset[str]):\n    return tuple(names.difference({1}))",
        "class A:\n    names: set[str]\n    def each(self):\n        return list(self.names)",
        "class A:\n    def __init__(self):\n        self.names = set()\n    def one(self):\n        return self.names.pop()",
        "for x in {1} - {2}:\n    pass",
        "for number, x in enumerate({1, 2}):\n    pass",
    ],
    "hash": [
        "key = hash('AAPL')",
        "key = id(order)",
        "class A:\n    def __hash__(self):\n        return hash(self.x)",
    ],
    "docstring": ["x = 1", "# a comment is no docstring\nimport os"],
    "class name": ["class OrderManager: ...", "class BaseOrder: ...", "class FIXHelpers: ..."],
}

FINE = {
    "clock": [
        "from datetime import datetime\nday = datetime.fromisoformat(text)",
        "def decide(time): return time.time",
    ],
    "randomness": [
        "from random import Random\nchance = Random(7)",
        "import numpy as np\nchance = np.random.default_rng(seed)",
        "from uuid import UUID\nx = UUID(text)",
    ],
    "environment": [
        "from pathlib import Path\nrows = Path(name).read_text()",
        "environ = {}\nenviron.get('x')",
    ],
    "float": [
        "half = total // 2",
        "path = folder / 'rules' / name",
        "path = folder / f'{name}.toml'",
        "x = 5 % 2",
    ],
    "set iteration": [
        "for x in sorted({1, 2}):\n    pass",
        "if x in {1, 2}:\n    pass",
        "known = {1, 2}\nknown.add(3)\nsize = len(known)",
        "rows = {'a': 1}\nfor x in rows:\n    pass",
        "for x in dict.fromkeys(names):\n    pass",
        "out = names.pop(3)",
    ],
    "hash": ["key = digest.hash", "class A:\n    id: int", "frame.hash()"],
    "docstring": ['"""What it is."""'],
    "class name": ["class CommonwealthStock: ...", "class Database: ..."],
}


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(check, snippet) for check, snippets in table.items() for snippet in snippets]


@pytest.mark.parametrize(("check", "snippet"), cases(FORBIDDEN))
def test_a_check_finds_what_it_forbids(check, snippet):
    assert list(CHECKS[check](ast.parse(snippet))), f"{check} overlooks\n{snippet}"


@pytest.mark.parametrize(("check", "snippet"), cases(FINE))
def test_a_check_lets_pass_what_is_fine(check, snippet):
    assert list(CHECKS[check](ast.parse(snippet))) == []


def test_every_check_is_proven_and_used():
    assert set(FORBIDDEN) == set(FINE) == set(CHECKS)
    assert set(EVERYWHERE + ON_THE_DETERMINISTIC_PATH + WHERE_MONEY_IS) == set(CHECKS)


@pytest.mark.parametrize(
    "stem", ["utils", "order_helpers", "manager", "base", "misc", "common", "rules_common"]
)
def test_a_name_that_says_nothing_is_found(stem):
    assert module_name(stem)


@pytest.mark.parametrize("stem", ["orders", "basis_prices", "commonly", "database"])
def test_a_name_of_the_trade_passes(stem):
    assert module_name(stem) == []


WALLS_BROKEN = [
    ("domain", "rules", "Layers of the house"),
    ("wire", "domain", "Layers of the house"),
    ("journal", "domain", "Layers of the house"),
    ("orders", "dart", "Layers of the house"),
    ("core", "store", "Layers of the house"),
    ("exchange", "ledger", "exchange is a different firm"),
    ("feeds", "domain", "feeds knows wire"),
    ("dart", "feeds", "dart knows market, rules, domain"),
    ("ledger", "rules", "ledger knows domain"),
    ("rules", "wire", "rules knows domain"),
    ("core", "wire", "core knows no wire"),
    ("store", "ledger", "store knows domain and journal"),
    ("api", "core", "api knows store, market, domain"),
    ("gateway", "core", "gateway knows wire, market, domain, journal"),
    ("dart", "ledger", "dart knows market, rules, domain"),
]


@pytest.fixture(scope="module")
def bare_house(tmp_path_factory) -> Path:
    """The rooms without furniture."""
    source = tmp_path_factory.mktemp("bare") / "src"
    for room in ("", *ROOMS):
        (source / "rushtrade" / room).mkdir(parents=True, exist_ok=True)
        (source / "rushtrade" / room / "__init__.py").touch()
    return source


def test_a_house_without_furniture_breaks_no_wall(bare_house):
    done = lint_imports(bare_house.parent, bare_house)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("room", "other", "contract"), WALLS_BROKEN)
def test_a_broken_wall_is_found(bare_house, tmp_path, room, other, contract):
    source = tmp_path / "src"
    shutil.copytree(bare_house, source)
    (source / "rushtrade" / room / "breach.py").write_text(f"import rushtrade.{other}\n")
    done = lint_imports(tmp_path, source)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{contract} BROKEN" in done.stdout
