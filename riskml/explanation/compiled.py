"""The one way in which functions of this package are compiled; see `riskml.history.compiled`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from riskml.history.compiled import cache_folder

__all__ = ["compiled", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])

_config: Any = numba.config
_CONFIGURED = str(_config.CACHE_DIR)
_FOLDER = cache_folder(_CONFIGURED, Path(__file__).parent)

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "forceinline": True,
}


def compiled(function: Function) -> Function:
    """Compile ``function`` when first called, and keep its machine code.

    Strict IEEE arithmetic: fused multiply-adds stand where they are written and nowhere else, so
    that a row has the same bits in every batch. Arrays cannot be allocated, bounds are not
    checked, and threads run beside each other.
    """
    _config.CACHE_DIR = _FOLDER or _CONFIGURED
    try:
        return cast("Function", numba.njit(cache=True, **_OPTIONS)(function))
    finally:
        _config.CACHE_DIR = _CONFIGURED


def inlined(function: Function) -> Function:
    """Compile a part of compiled functions, which Python itself does not call."""
    options = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast("Function", numba.njit(**options)(function))
