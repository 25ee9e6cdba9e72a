"""Loads and stores at an address, for kernels that keep their state in numpy arrays.

Numba counts references of every array handed to a helper function inside a loop, which makes book kernels two to
three times slower. Passing the address of an array as an integer costs nothing, and a byte-swapped load is one
instruction. The price: nothing here checks bounds. A caller forms addresses only from its own tables and from
lengths it has checked.

`load_be*` read the big-endian integers of exchange protocols at any alignment; `load_i32 … store_i64` read and write
the machine's own integers (little-endian everywhere RushTrade runs).

Pointers are made in address space `FLAT`, not 0. In space 0 LLVM takes a null pointer for impossible; numba optimises
linked code after its addresses have been split into a base and an offset, and a base that is the constant 0 on some
path then lets LLVM cut that path out. Wrong code came of it, and only from the cache on disk. Every other space is
plain memory on all processors we run on, and null is an address like any other there.
"""

# numba's decorators are untyped
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator,misc"
# ruff: noqa: ANN001, ANN202, ARG001

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from numpy.typing import NDArray

Load = Callable[[int], int]
Store = Callable[[int, int], None]

FLAT = 1
"""Address space of all pointers made here; see the module's text."""


def _loader(bits: int, *, swap: bool, signed: bool):
    """Build an intrinsic that loads `bits` at an address and widens them to int64."""

    def load(typing_context, address):
        def generate(context, builder, signature, arguments):
            pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer(FLAT))
            value = builder.load(pointer, align=1)
            if swap:
                value = builder.bswap(value)
            if bits == 64:
                return value
            widen = builder.sext if signed else builder.zext
            return widen(value, ir.IntType(64))

        return types.int64(types.int64), generate

    return intrinsic(load)


def _storer(bits: int, *, swap: bool):
    """Build an intrinsic that stores the low `bits` of an int64 at an address."""

    def store(typing_context, address, value):
        def generate(context, builder, signature, arguments):
            pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer(FLAT))
            number = arguments[1] if bits == 64 else builder.trunc(arguments[1], ir.IntType(bits))
            builder.store(builder.bswap(number) if swap else number, pointer, align=1)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), generate

    return intrinsic(store)


load_be16: Load = _loader(16, swap=True, signed=False)
load_be32: Load = _loader(32, swap=True, signed=False)
load_be64: Load = _loader(64, swap=True, signed=False)
load_u8: Load = _loader(8, swap=False, signed=False)
load_u16: Load = _loader(16, swap=False, signed=False)
load_u32: Load = _loader(32, swap=False, signed=False)
load_i32: Load = _loader(32, swap=False, signed=True)
load_i64: Load = _loader(64, swap=False, signed=True)

store_be16: Store = _storer(16, swap=True)
store_be32: Store = _storer(32, swap=True)
store_be64: Store = _storer(64, swap=True)
store_u8: Store = _storer(8, swap=False)
store_u16: Store = _storer(16, swap=False)
store_i32: Store = _storer(32, swap=False)
store_i64: Store = _storer(64, swap=False)


def _address_of_bytes(typing_context, array):
    """Address of the first element of a contiguous numpy array (read-only arrays too)."""

    def generate(context, builder, signature, arguments):
        structure = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.ptrtoint(structure.data, ir.IntType(64))

    return types.int64(array), generate


def _prefetch(typing_context, address):
    """Ask the processor to bring the line at an address; any address is harmless."""

    def generate(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, word, word, word])
        function = builder.module.globals.get("llvm.prefetch.p0") or ir.Function(
            builder.module, kind, "llvm.prefetch.p0"
        )
        builder.call(function, [pointer, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


address_of_bytes: Callable[[NDArray[Any]], int] = intrinsic(_address_of_bytes)  # type: ignore[assignment]
prefetch: Callable[[int], None] = intrinsic(_prefetch)  # type: ignore[assignment]


def _copy_bytes(typing_context, target, source, size):
    """Copy bytes between addresses that do not overlap."""

    def generate(context, builder, signature, arguments):
        pointer = ir.IntType(8).as_pointer(FLAT)
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, word, ir.IntType(1)])
        name = f"llvm.memcpy.p{FLAT}.p{FLAT}.i64"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        places = [builder.inttoptr(address, pointer) for address in arguments[:2]]
        builder.call(function, [*places, arguments[2], ir.IntType(1)(0)])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


copy_bytes: Callable[[int, int, int], None] = intrinsic(_copy_bytes)  # type: ignore[assignment]
