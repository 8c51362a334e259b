"""A ranking by score and what is caught when it is inspected from the top.

Tied rows are one block. When capacity ends inside a block, what is caught of it is the expected
value under random tie-breaking: the share of the block that is inspected. Capacity may be
fractional (5 % of 1,234 rows is 61.7): the last row then counts with its fraction. Both are the
same linear interpolation between the ends of blocks, so a constant score catches exactly what
random selection catches on average.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskml.errors import DataError

__all__ = ["Ranking", "rank"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """Rows by falling score, made once and weighed many times.

    Attributes
    ----------
    order : ndarray of int64, shape (n,)
        Row numbers, highest score first.
    ends : ndarray of int64, shape (n_blocks,)
        Position behind the last row of each block of ties, ascending.
    """

    order: IntArray
    ends: IntArray

    def cumulate(self, amounts: FloatArray) -> FloatArray:
        """Return the sums of ``amounts`` (shape (n,)) over the blocks up to each one.

        Returns
        -------
        ndarray of float64, shape (n_blocks + 1,)
            It begins with 0.
        """
        running = np.cumsum(amounts[self.order])
        return np.concatenate([[0.0], running[self.ends - 1]])

    def caught(self, amounts: FloatArray, weights: FloatArray, capacity: FloatArray) -> FloatArray:
        """Return the expected sum of ``amounts`` inspected within each capacity.

        Parameters
        ----------
        amounts, weights : ndarray of float64, shape (n,)
            What each row holds (already weighed), and how many rows it stands for.
        capacity : ndarray of float64, shape (m,)
            In units of weight.

        Returns
        -------
        ndarray of float64, shape (m,)
        """
        return np.interp(capacity, self.cumulate(weights), self.cumulate(amounts))


def rank(scores: npt.ArrayLike) -> Ranking:
    """Rank rows by falling score.

    Parameters
    ----------
    scores : array-like of float, shape (n,)
        Higher is riskier; infinite scores are allowed, missing ones are not.

    Returns
    -------
    Ranking

    Raises
    ------
    DataError
        If there is no row, or a score is missing.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise DataError("there is no score to rank", "score at least one row")
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        raise DataError(
            f"the score of row {missing[0]} is missing ({len(missing)} in all)",
            "leave such rows out before measuring",
        )
    order = np.argsort(-values, kind="stable").astype(np.int64)
    ranked = values[order]
    last = np.append(ranked[1:] != ranked[:-1], True)
    return Ranking(order, np.flatnonzero(last).astype(np.int64) + 1)
