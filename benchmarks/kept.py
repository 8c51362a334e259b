"""Scores kept between runs of a benchmark, so that one that was broken off goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["Kept"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kept:
    """A folder of scores; without one nothing is kept.

    The name of what is kept must say all that it follows from, but for the code: give another
    folder after a change of the code.
    """

    folder: Path | None
    prefix: str

    def get(self, name: str, make: Callable[[], FloatArray]) -> FloatArray:
        """Return what was kept under a name, or make and keep it."""
        if self.folder is None:
            return make()
        path = self.folder / f"{self.prefix}-{name}.npy"
        if path.is_file():
            return np.load(path)
        found = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half.npy")
        np.save(half, found)
        half.replace(path)
        print(f"kept {path.name}", flush=True)
        return found
