"""Single machine instructions that Python's arithmetic has no word for."""

from typing import Any

import numba
import numba.extending
from llvmlite import ir
from numba.core import cgutils, types
from numba.np import arrayobj

from riskml.history.arrays import Float, Int, Word

__all__ = [
    "fence",
    "float64_rows",
    "high_product",
    "int32_rows",
    "int32s",
    "int64_rows",
    "int64s",
    "leading_zeros",
    "prefetch",
    "stream",
    "uint32s",
    "uint64_rows",
]

_numba: Any = numba
_cgutils: Any = cgutils
_arrayobj: Any = arrayobj
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
def prefetch(context: Any, array: Any, place: Int) -> Any:
    """Begin to fetch the memory of a place of an array, soon to be written."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.bitcast(builder.gep(view.data, [args[1]]), _cgutils.voidptr_t)
        word = ir.IntType(32)
        wanted = ir.FunctionType(ir.VoidType(), [_cgutils.voidptr_t, word, word, word])
        function = _cgutils.get_or_insert_function(builder.module, wanted, "llvm.prefetch.p0")
        builder.call(function, [pointer, *(ir.Constant(word, flag) for flag in (1, 3, 1))])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def stream(context: Any, array: Any, place: Int, value: Float) -> Any:
    """Write a number past the caches: its line is not read before, and nothing makes room for it.

    Right for lines that are written whole and not read soon; :func:`fence` ends a run of them.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.bitcast(builder.gep(view.data, [args[1]]), _WORD.as_pointer())
        store = builder.store(builder.bitcast(args[2], _WORD), pointer, align=8)
        one = ir.Constant(ir.IntType(32), 1)
        store.set_metadata("nontemporal", builder.module.add_metadata([one]))
        return context.get_dummy_value()

    return types.void(array, types.int64, types.float64), generate


@intrinsic  # type: ignore[untyped-decorator]
def fence(context: Any) -> Any:
    """Let everybody see what was written before anything that is written after."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


def _view(dtype: Any, axes: int) -> Any:
    """Return an instruction that sees memory at an address as an array of so many axes."""
    array = types.Array(dtype, axes, "C")
    size = dtype.bitwidth // 8

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, *shape = args
        view = context.make_array(array)(context, builder)
        strides = [context.get_constant(types.intp, size)]
        for extent in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], extent))
        _arrayobj.populate_array(
            view,
            data=builder.inttoptr(address, view.data.type),
            shape=shape,
            strides=strides,
            itemsize=context.get_constant(types.intp, size),
            meminfo=None,
        )
        return view._getvalue()

    if axes == 1:

        @intrinsic  # type: ignore[untyped-decorator]
        def vector(context: Any, address: Int, length: Int) -> Any:
            return array(types.int64, types.int64), generate

        return vector

    @intrinsic  # type: ignore[untyped-decorator]
    def matrix(context: Any, address: Int, length: Int, width: Int) -> Any:
        return array(types.int64, types.int64, types.int64), generate

    return matrix


int32s, int64s, uint32s = (_view(dtype, 1) for dtype in (types.int32, types.int64, types.uint32))
int32_rows, int64_rows, uint64_rows, float64_rows = (
    _view(dtype, 2) for dtype in (types.int32, types.int64, types.uint64, types.float64)
)
