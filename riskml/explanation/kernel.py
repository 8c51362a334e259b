"""Exact contributions and raw scores of a booster by our own kernels, batches on all cores."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from riskml.errors import DataError
from riskml.explanation.block_kernel import explain_rows
from riskml.explanation.forest import WIDTH, Forest
from riskml.explanation.row_kernel import explain_row
from riskml.explanation.score_kernel import score_few, score_rows

__all__ = ["FEW_EXPLAINED", "FEW_SCORED", "TreeKernel"]

FloatArray = npt.NDArray[np.float64]

FEW_EXPLAINED = 2
"""Up to so many rows are explained one by one; more of them fill a block well enough."""
FEW_SCORED = 16
"""Up to so many rows go down the trees one by one."""
SPAN = 8 * WIDTH
"""Rows that pass through a tree together: its nodes stay in the first cache meanwhile."""
MANY = 512
"""From so many rows on threads are worth starting."""
MOST_THREADS = 8


@dataclass(frozen=True, eq=False)
class TreeKernel:
    """A booster laid out for our kernels.

    Attributes
    ----------
    forest : Forest
        Its trees.
    zero_missing : bool
        Whether some split counts zero as missing.
    sizes : tuple of int
        Most nodes of a tree, slots of a pass backward, most quadrature nodes (padded).
    """

    forest: Forest
    zero_missing: bool
    sizes: tuple[int, int, int]
    _kept: threading.local = field(default_factory=threading.local, repr=False)

    @classmethod
    def of(cls, text: str) -> "TreeKernel":
        """Lay out a booster's text.

        Raises
        ------
        BundleError
            If it holds what the kernels do not compute; see `read_booster`.
        """
        forest = Forest.of(text)
        zero_missing = bool((forest.nodes["column"] >= forest.n_features).any())
        slots = int(forest.nodes["slot"].max(initial=0)) // 2 * 2 + 4
        trees = forest.trees
        sizes = int(trees["size"].max(initial=0)), slots, int(trees["padded"].max(initial=WIDTH))
        return cls(forest, zero_missing, sizes)

    def raw_scores(self, matrix: FloatArray, *, threads: int | None = None) -> FloatArray:
        """Return raw scores.

        Parameters
        ----------
        matrix : ndarray of float64, shape (n, p)
        threads : int, optional
            By default one for few rows, all cores for many.

        Returns
        -------
        ndarray of float64, shape (n,)
            Leaves added up in the order of the trees: the bits of ``Booster.predict``, whatever
            the number of rows or threads.

        Raises
        ------
        DataError
            If the matrix has another width.
        """
        X, found = self._checked(matrix), np.empty(len(matrix))
        if len(X) <= FEW_SCORED:
            numbers = np.empty((len(X), self._columns))
            score_few(*(X, *self._model, self.forest.leaf, numbers, found))
        else:
            _spread(lambda: self._scorer(X, found), len(X), threads)
        return found

    def contributions(self, matrix: FloatArray, *, threads: int | None = None) -> FloatArray:
        """Return exact TreeSHAP values.

        Parameters
        ----------
        matrix : ndarray of float64, shape (n, p)
        threads : int, optional
            By default one for few rows, all cores for many.

        Returns
        -------
        ndarray of float64, shape (n, p + 1)
            In log-odds; the last column is the base value. A row has the same bits in any batch.

        Raises
        ------
        DataError
            If the matrix has another width.
        """
        X = self._checked(matrix)
        found = np.empty((len(X), self.forest.n_features + 1))
        found[:, -1] = self.forest.base_value
        if len(X) <= FEW_EXPLAINED:
            self._explain_one_by_one(X, found)
        else:
            _spread(lambda: self._explainer(X, found), len(X), threads)
        return found

    def _checked(self, matrix: FloatArray) -> FloatArray:
        expected = self.forest.n_features
        if matrix.ndim != 2 or matrix.shape[1] != expected:
            raise DataError(
                f"the matrix has shape {matrix.shape}, the model {expected} features",
                "encode the columns with the bundle's own encoder",
            )
        return np.ascontiguousarray(matrix, dtype=np.float64)

    @property
    def _columns(self) -> int:
        """Columns of prepared rows."""
        return self.forest.n_features * (2 if self.zero_missing else 1)

    @property
    def _model(self) -> tuple[Any, ...]:
        """What every kernel is told of the model, in its order."""
        forest = self.forest
        return self.zero_missing, forest.nodes, forest.trees, forest.words

    def _scorer(self, X: FloatArray, found: FloatArray) -> Callable[[int, int], None]:
        _, slots, _ = self.sizes
        rows, up, spare = _scratch(self._columns * SPAN, slots * SPAN, WIDTH)
        rows = rows.reshape(SPAN // WIDTH, -1)
        model = (*self._model, self.forest.leaf)

        def score(start: int, stop: int) -> None:
            score_rows(*(X, start, stop, *model, rows, up, spare, found))

        return score

    def _explainer(self, X: FloatArray, found: FloatArray) -> Callable[[int, int], None]:
        nodes, slots, points = self.sizes
        lanes = points * WIDTH
        rows, sums, gains, down, up = _scratch(
            self._columns * SPAN, self.forest.n_features * SPAN, (nodes + 1) * WIDTH,
            (nodes + 1) * lanes, slots * lanes,
        )  # fmt: skip
        rows, sums = (part.reshape(SPAN // WIDTH, -1) for part in (rows, sums))
        model = (*self._model, self.forest.weights, self.forest.tables)

        def explain(start: int, stop: int) -> None:
            explain_rows(*(X, start, stop, *model, rows, sums, gains, down, up, found))

        return explain

    def _explain_one_by_one(self, X: FloatArray, found: FloatArray) -> None:
        model = (*self._model, self.forest.weights, self.forest.tables)
        for row in range(len(X)):
            explain_row(*(X, row, *model, *self._row_scratch(), found))

    def _row_scratch(self) -> list[FloatArray]:
        """Return this thread's own arrays: making them costs as much as some trees."""
        kept: list[FloatArray] | None = getattr(self._kept, "arrays", None)
        if kept is None:
            nodes, slots, points = self.sizes
            features = self.forest.n_features
            kept = _scratch(self._columns, features, nodes, (nodes + 1) * points, slots * points)
            self._kept.arrays = kept
        return kept


def _spread(make: Callable[[], Callable[[int, int], None]], rows: int, threads: int | None) -> None:
    """Work on spans of rows, each thread with scratch of its own."""
    wanted = _cores() if threads is None and rows >= MANY else threads or 1
    spans = [(start, min(start + SPAN, rows)) for start in range(0, rows, SPAN)]
    workers = max(1, min(wanted, len(spans)))

    def run(worker: int) -> None:
        work = make()
        for start, stop in spans[worker::workers]:
            work(start, stop)

    if workers <= 1:
        run(0)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(run, worker) for worker in range(workers)]:
            done.result()


def _cores() -> int:
    """Return the cores that this process may use."""
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))


def _scratch(*sizes: int) -> list[FloatArray]:
    """Return arrays of zeros, each from the start of a cache line: lanes across two cost twice."""
    line = 8
    memory = np.zeros(sum(sizes) + line * (len(sizes) + 1))
    start = -(memory.ctypes.data // memory.itemsize) % line
    found = []
    for size in sizes:
        found.append(memory[start : start + size])
        start += -(-size // line) * line
    return found
