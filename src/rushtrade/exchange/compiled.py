"""The one decorator every kernel of the exchange wears.

Kernels are plain functions over int64 numbers and addresses, compiled by numba on first use and kept in its cache on
disk. They release the interpreter's lock. `address_of` gives the address of an array's first element; the array must
outlive every kernel call that is handed the address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function over integers; the type checker goes on seeing the plain function."""
    return cast("F", njit(cache=True, nogil=True)(function))


def address_of(array: NDArray[Any]) -> int:
    """Address of an array's first element."""
    return int(array.ctypes.data)
