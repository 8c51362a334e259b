"""The one way in which this project compiles functions.

Numba keeps machine code on disk and drops it when the *own* file of a function changes, not
when a helper in another file does: after an update a kernel could run with yesterday's
arithmetic. Therefore the folder of the cache carries a digest of all sources of the package.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["Compiler", "cache_folder", "compiled", "inlined", "sources_digest"]

Function = TypeVar("Function", bound=Callable[..., Any])

_config: Any = numba.config
_CONFIGURED = str(_config.CACHE_DIR)

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "forceinline": True,
    "_nrt": False,
}


def cache_folder(configured: str, package: Path) -> str:
    """Return the folder for machine code of exactly these sources; empty leaves it to numba."""
    base = Path(configured) if configured else package / "__pycache__"
    if not configured and not os.access(package, os.W_OK):
        return ""
    # This file too: the options of every package's kernels stand here.
    digest = sources_digest([*sorted(package.glob("*.py")), Path(__file__)])
    return str(base / f"kernels-{digest[:16]}")


def sources_digest(sources: Iterable[Path]) -> str:
    """Return the SHA-256 (hex) of source files, by name and content."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.name}\0".encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


class Compiler:
    """Compiles the functions of one package.

    Strict IEEE arithmetic (no ``fastmath``): a number has the same bits on every path, in every
    batch; fused multiply-adds stand where they are written and nowhere else. Dividing by zero
    follows numpy (infinity or NaN); array bounds are not checked; threads run beside each other.

    Functions here call one another for every number and pass whole bundles of arrays. They are
    inlined, and compiled without reference counting, which made such calls four times as slow;
    therefore they cannot allocate arrays, and numba refuses those that try.

    Parameters
    ----------
    package : Path
        Folder of the package's sources, by which the cache is known.
    """

    def __init__(self, package: Path) -> None:
        self._folder = cache_folder(_CONFIGURED, package)

    def compiled(self, function: Function) -> Function:
        """Compile ``function`` when first called, and keep its machine code."""
        _config.CACHE_DIR = self._folder or _CONFIGURED
        try:
            return cast("Function", numba.njit(cache=True, **_OPTIONS)(function))
        finally:
            _config.CACHE_DIR = _CONFIGURED

    def inlined(self, function: Function) -> Function:
        """Compile a part of compiled functions, which Python itself does not call.

        Its code is kept inside theirs; without an entry from Python it compiles in half the time.
        """
        options = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        return cast("Function", numba.njit(**options)(function))


_compiler = Compiler(Path(__file__).parent)
compiled = _compiler.compiled
inlined = _compiler.inlined
