"""Splits in time: what could be known before, judged on what came after.

Between the decisions that are learned from and those that are judged lies the maturity gap:
shortly before a date only the quick outcomes are known, and quick ones are not like the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import LabelError

__all__ = ["Fold", "prequential_folds", "split_at"]

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fold:
    """One step through time.

    Attributes
    ----------
    train, test : ndarray of bool, shape (n,)
        Rows to learn from and rows to judge by; never overlapping.
    start, end : Timestamp
        Judged are decisions in ``[start, end)``.
    """

    train: BoolArray
    test: BoolArray
    start: pd.Timestamp
    end: pd.Timestamp


def split_at(
    decided: pd.Series,
    known: pd.Series,
    start: pd.Timestamp,
    end: pd.Timestamp,
    gap: timedelta,
) -> Fold:
    """Split rows at ``start``.

    Parameters
    ----------
    decided, known : Series of datetime64[us, UTC], shape (n,)
        Decision times, and when each label was known (missing: not yet).
    start, end : Timestamp
        Judged are decisions in ``[start, end)``.
    gap : timedelta
        Maturity gap: learned from are decisions before ``start - gap`` whose label was known
        before ``start``.

    Returns
    -------
    Fold
    """
    train = (decided < start - gap) & (known < start)
    test = (decided >= start) & (decided < end) & known.notna()
    return Fold(train.to_numpy(dtype=bool), test.to_numpy(dtype=bool), start, end)


def prequential_folds(
    decided: pd.Series,
    known: pd.Series,
    *,
    folds: int = 4,
    first_share: float = 0.4,
    gap: timedelta,
) -> Iterator[Fold]:
    """Yield folds that walk through time: each learns from all before, is judged on what follows.

    Parameters
    ----------
    decided, known : Series of datetime64[us, UTC], shape (n,)
        Decision times, and when each label was known.
    folds : int
        Number of judged slices, of nearly equal numbers of rows.
    first_share : float
        Share of rows that is only ever learned from.
    gap : timedelta
        Maturity gap, see `split_at`.

    Yields
    ------
    Fold
        In order of time; together they judge every row after the first share once.

    Raises
    ------
    LabelError
        If there is no row.

    Notes
    -----
    A. P. Dawid (1984), Journal of the Royal Statistical Society A 147, 278-292.
    """
    if not len(decided):
        raise LabelError("there is no row to split", "choose a later date")
    shares = np.linspace(first_share, 1.0, folds + 1)
    times = decided.sort_values().reset_index(drop=True)
    # A cut on a whole row: rows of one instant never fall on both sides.
    cuts = [times.iloc[min(int(share * len(times)), len(times) - 1)] for share in shares]
    cuts[-1] = times.iloc[-1] + pd.Timedelta(microseconds=1)
    for start, end in pairwise(cuts):
        if start < end:
            yield split_at(decided, known, start, end, gap)
