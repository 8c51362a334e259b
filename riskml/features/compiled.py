"""The compiler of this package's kernels; see `riskml.history.compiled`."""

from pathlib import Path

from riskml.history.compiled import Compiler

__all__ = ["compiled"]

compiled = Compiler(Path(__file__).parent).compiled
