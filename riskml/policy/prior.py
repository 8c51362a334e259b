"""What a policy goes by before it knows a violation: how far out an arrival lies where risk lies.

The catalogue states of some features which way risk rises (their signs, which the boosters keep
to as well). How far out an arrival lies is the share of ordinary arrivals that lie further out in
that direction, a p-value; sums of their negative logarithms are Fisher's way to combine them
(R. A. Fisher 1925, Statistical Methods for Research Workers, section 21.1). Features of one key say
nearly the same, so their logarithms are averaged, and the averages of the keys added up. No label
enters but through the features themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskml.evaluation.baselines import RULES
from riskml.features import FeatureSet
from riskml.policy.rehearsal import Matrix

__all__ = ["Tails", "signed"]

FloatArray = npt.NDArray[np.float64]

FEWEST = 10
"""Values of ordinary arrivals below which nothing is said of a feature."""
SMALLEST = 0.001
"""Least p-value: further out than all is not infinitely far out."""
LOW_PRICE = "price_percentile"
"""Rank of a price among its peers; rules look for the lowest, so risk rises as it falls."""


def signed(features: FeatureSet) -> tuple[tuple[int, int, str], ...]:
    """Return position, direction (1 or -1) and key of each feature of which risk's way is stated.

    These are the features with a sign, and the price ranks that the documented rules look at.
    """
    numbers = [f.name for f in features.features if f.kind == "number"]
    low = {n for rule in RULES for n in rule.columns(numbers) if LOW_PRICE in n}
    found = []
    for place, feature in enumerate(features.features):
        direction = feature.sign or (-1 if feature.name in low else 0)
        if direction:
            key = feature.name.split("__")[0] + (LOW_PRICE if feature.name in low else "")
            found.append((place, direction, key))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Tails:
    """Ordinary arrivals, to compare with.

    Attributes
    ----------
    ordinary : tuple of (int, int, str, ndarray of float32)
        Position, direction and key of a feature, and its sorted values times the direction.
    """

    ordinary: tuple[tuple[int, int, str, npt.NDArray[np.float32]], ...]

    @staticmethod
    def of(X: Matrix, which: Sequence[tuple[int, int, str]]) -> "Tails":
        """Learn what is ordinary from encoded features, shape (n, p)."""
        found = []
        for place, direction, key in which:
            column = X[:, place]
            values = np.sort(direction * column[~np.isnan(column)])
            if len(values) >= FEWEST:
                found.append((place, direction, key, values))
        return Tails(tuple(found))

    def scores(self, X: Matrix) -> FloatArray:
        """Return how far out arrivals lie, shape (n,); a missing value is an ordinary one."""
        by_key: dict[str, list[FloatArray]] = {}
        for place, direction, key, values in self.ordinary:
            own = direction * X[:, place]
            # Ties count half, as many features are zero for nearly everybody.
            below = np.searchsorted(values, own, "left") + np.searchsorted(values, own, "right")
            rank = np.where(np.isnan(own), 0.5, below / (2 * len(values)))
            by_key.setdefault(key, []).append(-np.log(1 + SMALLEST - rank))
        total = np.zeros(len(X))
        for parts in by_key.values():
            total += np.mean(parts, axis=0)
        return total
