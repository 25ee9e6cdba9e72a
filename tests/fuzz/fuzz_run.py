"""Fuzz one target, or `any` of them, with atheris: `python tests/fuzz/fuzz_run.py TARGET [libFuzzer options] [corpus directory]`.

Seeds are put into the corpus directory first. Bytes that broke the target are left where `-artifact_prefix=` says; hand that file to
the same command to see the defect again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

TESTS = Path(__file__).resolve().parents[1]
PACKAGE = TESTS.parent / "src" / "rushtrade"
COMPILED = ("njit", "inner_kernel", "@kernel", "intrinsic")


def compiled_modules() -> list[str]:
    """Modules numba compiles: counting their branches would put calls into them that it cannot compile.

    They need it the least: their faults end the process, and their branches follow from the bytes alone.
    """
    return [
        ".".join(("rushtrade", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in sorted(PACKAGE.rglob("*.py"))
        if any(word in path.read_text(encoding="utf-8") for word in COMPILED)
    ]


def main() -> None:
    """Fuzz until libFuzzer's options say it is enough."""
    name = sys.argv.pop(1)
    sys.path.insert(0, str(TESTS))
    with atheris.instrument_imports(
        include=["rushtrade"], exclude=compiled_modules(), enable_loader_override=False
    ):
        from fuzz.fuzz_targets import ANY, INPUT_BYTES_MAX, TARGETS, watched  # noqa: PLC0415 - instrumented
    target = ANY if name == "any" else TARGETS[name]
    for corpus in [Path(word) for word in sys.argv[1:] if Path(word).is_dir()][:1]:
        for place, seed in enumerate(target.seeds()):
            (corpus / f"seed-{place}").write_bytes(seed)
    atheris.Setup([*sys.argv, f"-max_len={INPUT_BYTES_MAX}"], watched(target))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
