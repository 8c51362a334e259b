"""From feature columns to the matrix a booster reads: numbers pass, categories become codes.

An unseen category is coded as missing (NaN): the booster then treats it as it treats a missing
one. That it is unseen stays visible to the model in the novelty features, never as "no risk".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import BundleError, DataError
from riskml.features import FeatureSet

__all__ = ["Encoder"]

FloatArray = npt.NDArray[np.float64]
FEW = 64
"""Up to so many rows are laid out at once: numpy's work for each column would outweigh theirs."""
AT_ONCE = 1024
"""Rows of many that are laid out at once."""
Columns = Mapping[str, Any] | pd.DataFrame
"""Feature name to a column of n values: a mapping of arrays, or a DataFrame."""


@dataclass(frozen=True)
class Encoder:
    """Turns feature columns into a float64 matrix.

    Attributes
    ----------
    feature_set : FeatureSet
        Names, order and kinds of the columns.
    vocabularies : mapping of str to tuple of str
        Categories of each category feature, most frequent first; the code is the position.
    """

    feature_set: FeatureSet
    vocabularies: Mapping[str, tuple[str, ...]]
    _tables: Mapping[str, Mapping[str, float]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        wanted = set(self.feature_set.categories)
        if set(self.vocabularies) != wanted:
            raise BundleError(
                f"vocabularies {sorted(self.vocabularies)} for categories {sorted(wanted)}",
                "train the model again",
            )
        tables = {
            name: {value: float(code) for code, value in enumerate(values)}
            for name, values in self.vocabularies.items()
        }
        object.__setattr__(self, "_tables", tables)

    @classmethod
    def fit(
        cls, columns: Columns, feature_set: FeatureSet, *, min_count: int = 5, most: int = 200
    ) -> "Encoder":
        """Learn vocabularies.

        Parameters
        ----------
        columns : mapping
            Training columns.
        feature_set : FeatureSet
            Names, order and kinds.
        min_count : int
            A rarer category is coded as missing: nothing can be learned from it.
        most : int
            Categories kept per feature, the most frequent ones (ties by name).

        Returns
        -------
        Encoder
        """
        vocabularies = {}
        for name in feature_set.categories:
            codes, values = _numbered(columns[name])
            counts = np.bincount(codes[codes >= 0], minlength=len(values)).tolist()
            ranked = sorted(zip(values, counts, strict=True), key=lambda pair: (-pair[1], pair[0]))
            kept = [value for value, count in ranked if count >= min_count]
            vocabularies[name] = tuple(kept[:most])
        return cls(feature_set, vocabularies)

    def encode(self, columns: Columns) -> FloatArray:
        """Return the matrix of n rows.

        Parameters
        ----------
        columns : mapping
            At least the features of the set, each with n values; further ones are ignored.

        Returns
        -------
        ndarray of float64, shape (n, p), C-contiguous
            Infinite numbers are coded as missing: a division that failed is no measurement.

        Raises
        ------
        DataError
            If a feature is absent (the difference is shown), lengths differ, or a number is text.
        """
        given = columns.keys()
        absent = [name for name in self.feature_set.names if name not in given]
        if absent:
            shown = ", ".join(f"- {name}" for name in absent[:10])
            raise DataError(
                f"{len(absent)} features of {self.feature_set.name} v{self.feature_set.version} "
                f"are absent ({shown})",
                "compute the features with the feature set of the bundle",
            )
        names = self.feature_set.names
        rows = len(columns[names[0]]) if names else 0
        quick = self._few(columns, rows) if rows <= FEW else None
        if quick is not None:
            return quick
        return _laid_out([self._number(columns[name], name, rows) for name in names], rows)

    def _number(self, column: Any, name: str, rows: int) -> FloatArray:
        if len(column) != rows:
            raise DataError("feature columns differ in length", "give one value per row and column")
        if name in self._tables:
            column = self._codes(column, name)
        try:
            return np.asarray(column, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"feature {name} is no number ({error})", "give float64") from error

    def _few(self, columns: Columns, rows: int) -> FloatArray | None:
        """Return the matrix of a few rows, all columns at once; None if any of them is faulty."""
        given = [
            self._codes(columns[name], name) if name in self._tables else columns[name]
            for name in self.feature_set.names
        ]
        try:
            matrix = np.array(given, dtype=np.float64)
        except (TypeError, ValueError):
            return None
        if matrix.shape != (len(given), rows):
            return None
        matrix[np.isinf(matrix)] = np.nan
        return np.ascontiguousarray(matrix.T)

    def _codes(self, column: Any, name: str) -> list[float] | FloatArray:
        table, missing = self._tables[name], float("nan")
        if len(column) <= FEW:
            texts = _texts(column)
            return [missing if text is None else table.get(text, missing) for text in texts]
        codes, values = _numbered(column)
        # A missing value has the code -1: the last.
        return np.array([*(table.get(value, missing) for value in values), missing])[codes]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads back."""
        return {
            "feature_set": self.feature_set.to_dict(),
            "vocabularies": {name: list(values) for name, values in self.vocabularies.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Encoder":
        """Build an encoder from what `to_dict` gave.

        Raises
        ------
        BundleError
            If a part is missing or malformed.
        """
        try:
            vocabularies = {
                str(name): tuple(map(str, values)) for name, values in data["vocabularies"].items()
            }
            return cls(FeatureSet.from_dict(data["feature_set"]), vocabularies)
        except (KeyError, TypeError, AttributeError) as error:
            raise BundleError(
                f"features.json cannot be read ({error!r})", "train the model again"
            ) from error


def _laid_out(columns: Sequence[FloatArray], rows: int) -> FloatArray:
    """Return columns as one matrix, row by row; infinite numbers become missing."""
    matrix = np.empty((rows, len(columns)), dtype=np.float64)
    for start in range(0, rows, AT_ONCE):
        # So few rows stay in the processor's memory while each column is written into them.
        part = matrix[start : start + AT_ONCE]
        for position, column in enumerate(columns):
            part[:, position] = column[start : start + AT_ONCE]
        part[np.isinf(part)] = np.nan
    return matrix


def _texts(column: Any) -> Iterable[str | None]:
    """Yield the values of a text column; a missing one, in any of its forms, is None."""
    for value in np.asarray(column, dtype=object):
        yield None if value is None or value != value else str(value)


def _numbered(column: Any) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the number of each value of a text column, -1 where missing, and the values."""
    given = column if isinstance(column, pd.Series) else np.asarray(column, dtype=object)
    codes, values = pd.factorize(given)
    if not all(isinstance(value, str) for value in values):
        # 1, 1.0 and True are one to a hash table, and three texts.
        codes, values = pd.factorize(np.array(list(_texts(column)), dtype=object))
    return codes.astype(np.int64), [str(value) for value in values]
