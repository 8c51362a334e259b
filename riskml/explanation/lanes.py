"""Eight numbers as one value in compiled code, so that they are surely computed side by side.

Numba leaves vectorising to LLVM, which gives up where it cannot prove that arrays do not overlap,
and the loops here read and write rows of one array. A `Lanes` value is an LLVM vector: loads,
stores and arithmetic on it are vector instructions by construction, whatever LLVM proves. It
lives in local variables of compiled functions only.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin

from riskml.explanation.forest import WIDTH

__all__ = ["Lanes", "load", "muladd", "muladd_one", "splat", "store", "where_le", "where_not_gt"]

# Numba declares few of its types.
_cgutils: Any = cgutils
_infer_global: Any = infer_global
_lower_builtin: Any = lower_builtin
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


def _intrinsic(function: Callable[..., Any]) -> Any:
    """Declare an intrinsic; to a type checker its calls differ from its definition."""
    return intrinsic(function)


class Lanes(types.Type):
    """Numba's type of eight float64."""

    def __init__(self) -> None:
        super().__init__(name="riskml.Lanes")


LANES = Lanes()


@register_default(Lanes)
class LanesModel(models.PrimitiveModel):
    """Its machine form: one vector."""

    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _VECTOR)  # type: ignore[no-untyped-call]


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _splat(builder: Any, number: Any) -> Any:
    vector = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(vector, number, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, vector, order)


@_intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """Return eight numbers of a contiguous array from ``index`` on; nothing is checked."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_address(context, builder, signature.args[0], *arguments), align=8)

    return LANES(array, types.intp), code


@_intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write eight numbers into a contiguous array from ``index`` on; nothing is checked."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, index, value = arguments
        builder.store(value, _address(context, builder, signature.args[0], array, index), align=8)
        return context.get_dummy_value()

    return types.none(array, types.intp, LANES), code


@_intrinsic
def splat(typing: Any, number: Any) -> Any:
    """Return one number in all lanes."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _splat(builder, arguments[0])

    return LANES(types.float64), code


@_intrinsic
def muladd(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c``, rounded once where the processor can."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        name = f"llvm.fmuladd.v{WIDTH}f64"
        return builder.call(_cgutils.get_or_insert_function(builder.module, kind, name), arguments)

    return LANES(LANES, LANES, LANES), code


@_intrinsic
def muladd_one(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return what `muladd` computes in each lane, for single numbers."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()] * 3)
        found = _cgutils.get_or_insert_function(builder.module, kind, "llvm.fmuladd.f64")
        return builder.call(found, arguments)

    return types.float64(types.float64, types.float64, types.float64), code


@_intrinsic
def where_le(typing: Any, x: Any, limit: Any, then: Any, other: Any) -> Any:
    """Return ``then`` in lanes where ``x <= limit``, else (also for NaN) ``other``."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, limit, then, other = arguments
        return builder.select(builder.fcmp_ordered("<=", x, limit), then, other)

    return LANES(LANES, LANES, LANES, LANES), code


@_intrinsic
def where_not_gt(typing: Any, x: Any, limit: Any, then: Any, other: Any) -> Any:
    """Return ``then`` in lanes where not ``x > limit`` (also for NaN), else ``other``."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, limit, then, other = arguments
        return builder.select(builder.fcmp_ordered(">", x, limit), other, then)

    return LANES(LANES, LANES, LANES, LANES), code


def _operator(symbol: Any, instruction: str) -> None:
    """Let compiled functions write ``a + b`` for lanes."""

    class Rule(ConcreteTemplate):
        cases = (LANES(LANES, LANES),)

    _infer_global(symbol)(Rule)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments)

    _lower_builtin(symbol, LANES, LANES)(code)


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
