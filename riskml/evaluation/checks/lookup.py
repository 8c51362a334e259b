"""Look-ups: memorise the outcome of each exact combination of raw values, then predict by it.

A look-up knows nothing of risk. Where it predicts a later period nearly perfectly, the label is
glued to the combination, and a model that shines there has learned the glue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Lookup", "RawCodes", "encode_columns"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PRIOR_ROWS = 1.0
"""Each combination starts with this many rows at the base rate, so that one seen three times in
violation ranks above one seen once."""


@dataclass(frozen=True)
class RawCodes:
    """Raw columns as integer codes of their exact values.

    Attributes
    ----------
    names : tuple of str
        Column names.
    codes : ndarray of int64, shape (n, m)
        Equal values have equal codes; a missing value is a value of its own.
    """

    names: tuple[str, ...]
    codes: IntArray

    def joint(self, columns: Sequence[int]) -> IntArray:
        """Return one code per row for the combination of ``columns``, shape (n,)."""
        joint = np.zeros(len(self.codes), dtype=np.int64)
        for column in columns:
            step = int(self.codes[:, column].max(initial=0)) + 1
            # Renumbered at each step, so that the product never overflows.
            joint = np.unique(joint * step + self.codes[:, column], return_inverse=True)[1]
        return joint

    def shuffled(self, column: int, rows: npt.NDArray[np.bool_], seed: int) -> "RawCodes":
        """Return a copy in which one column is shuffled among ``rows``."""
        codes = self.codes.copy()
        values = codes[rows, column]
        codes[rows, column] = np.random.default_rng(seed).permutation(values)
        return RawCodes(self.names, codes)


def encode_columns(raw: pd.DataFrame) -> RawCodes:
    """Return the integer codes of raw columns, exact values, no binning."""
    columns = [pd.factorize(raw[name], use_na_sentinel=False)[0] for name in raw.columns]
    codes = np.column_stack(columns) if columns else np.empty((len(raw), 0))
    return RawCodes(tuple(map(str, raw.columns)), codes.astype(np.int64))


@dataclass(frozen=True)
class Lookup:
    """Predictions of a look-up that was memorised on earlier rows.

    Attributes
    ----------
    scores : ndarray of float64, shape (n_later,)
        Shrunken rate of the row's combination; the base rate for one never seen.
    seen : ndarray of bool, shape (n_later,)
        Whether the combination was seen before.
    """

    scores: FloatArray
    seen: npt.NDArray[np.bool_]

    @property
    def coverage(self) -> float:
        """Share of later rows whose combination was seen before."""
        return float(self.seen.mean()) if len(self.seen) else 0.0

    @classmethod
    def memorise(
        cls, joint: IntArray, labels: FloatArray, earlier: IntArray, later: IntArray
    ) -> "Lookup":
        """Memorise ``earlier`` rows and predict ``later`` ones.

        Parameters
        ----------
        joint : ndarray of int64, shape (n,)
            Combination of each row, see `RawCodes.joint`.
        labels : ndarray of float64, shape (n,)
            0 or 1.
        earlier, later : ndarray of int64
            Row numbers.
        """
        size = int(joint.max(initial=0)) + 1
        count = np.bincount(joint[earlier], minlength=size).astype(np.float64)
        hits = np.bincount(joint[earlier], weights=labels[earlier], minlength=size)
        base = float(labels[earlier].mean())
        rate = (hits + PRIOR_ROWS * base) / (count + PRIOR_ROWS)
        return cls(rate[joint[later]], count[joint[later]] > 0)
