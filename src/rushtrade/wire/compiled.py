"""The decorators compiled kernels wear, and the address of an array.

A kernel is a plain module-level function over int64 numbers and addresses, compiled by numba on first use and kept in
numba's cache on disk; it releases the interpreter's lock. Numba keeps a cached kernel as long as the kernel's *own*
file stays as it is, although the machine code contains every kernel and constant it uses from other files: an edit
there would be answered with old code, silently. Here the key of a cached kernel also holds a digest of the kernel
sources of its room and of all rooms these import from, so that code and sources always belong together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.types import unliteral

if TYPE_CHECKING:
    from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])

SOURCES: Final = ("*_kernel.py", "*_layout.py", "tables.py", "order_entry.py", "itch50.py", "schemas.py")
"""Where a room writes down its kernels and the constants they are compiled with."""


_IMPORT: Final = re.compile(rb"^ *(?:from|import) rushtrade\.(\w+)", re.MULTILINE)


@lru_cache
def _digest_of_sources(room: Path) -> str:
    """Digest of what a room's kernels are made of: its own kernel sources, and those of the rooms they import from."""
    digest = hashlib.sha256()
    rooms = ["wire", room.name]
    for name in rooms:  # grows while it is read
        for pattern in SOURCES:
            for path in sorted((room.parent / name).glob(pattern)):
                content = path.read_bytes()
                digest.update(content)
                rooms += [
                    found for found in map(bytes.decode, _IMPORT.findall(content)) if found not in rooms
                ]
    return digest.hexdigest()


class _KernelCache(FunctionCache):  # type: ignore[misc,unused-ignore]  # typed only in newer numba
    """Numba's cache of one function, with the digest of all it may be made of in every key."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call,unused-ignore]
        self._digest = _digest_of_sources(Path(function.__code__.co_filename).parent)

    def _index_key(self, sig: object, codegen: object) -> tuple[object, ...]:
        return (*super()._index_key(sig, codegen), self._digest)  # type: ignore[no-untyped-call,unused-ignore]


def kernel(function: F) -> F:
    """Compile a function over integers that Python calls; the type checker goes on seeing the plain function.

    A kernel may use kernels and constants of its own room and of the rooms it imports.
    """
    return _compiled(function)


def inner_kernel(function: F) -> F:
    """Compile a function over integers that only kernels call: without the wrappers for Python, in half the time."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _compiled(function: F, **options: bool) -> F:
    compile_with: Any = njit
    dispatcher = compile_with(nogil=True, **options)(function)
    template_for = dispatcher.get_call_template

    def template_for_plain(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Without this, numba compiles a kernel anew for every constant it is called with."""
        return template_for(tuple(map(unliteral, arguments)), keywords)

    dispatcher.get_call_template = template_for_plain
    dispatcher._cache = _KernelCache(function)  # noqa: SLF001  - what njit(cache=True) does, with our key
    return cast("F", dispatcher)


def address_of(array: NDArray[Any]) -> int:
    """Address of an array's first element; the array must outlive every kernel that is handed it."""
    return int(array.ctypes.data)
