"""Single machine instructions that Python's arithmetic has no word for."""

from typing import Any

import numba
import numba.extending
from llvmlite import ir
from numba.core import cgutils, types

from riskml.history.arrays import Int, Word

__all__ = ["high_product", "int32s", "int64s", "leading_zeros", "uint32s", "uint64s"]

_numba: Any = numba
intrinsic: Any = numba.extending.intrinsic
_WORD, _DOUBLE = ir.IntType(64), ir.IntType(128)


@intrinsic  # type: ignore[untyped-decorator]
def high_product(context: Any, a: Word, b: Word) -> Any:
    """Return the high word of the 128-bit product of two unsigned words."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        left, right = (builder.zext(value, _DOUBLE) for value in args)
        product = builder.mul(left, right)
        return builder.trunc(builder.lshr(product, ir.Constant(_DOUBLE, 64)), _WORD)

    return types.uint64(types.uint64, types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def leading_zeros(context: Any, word: Word) -> Any:
    """Return how many leading bits of an unsigned word are zero, 64 if all are."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(context: Any, address: Int) -> Any:
    """Turn an address into a pointer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), generate


def _view(dtype: Any) -> Any:
    """Return a compiled function that sees an array, flat or of two axes, by its address."""
    carray = _numba.carray

    @_numba.njit(forceinline=True, _nrt=False)  # type: ignore[untyped-decorator]
    def view(address: Int, shape: Any) -> Any:
        return carray(_pointer(address), shape, dtype)

    return view


int32s = _view(numba.int32)
int64s = _view(numba.int64)
uint32s = _view(numba.uint32)
uint64s = _view(numba.uint64)
