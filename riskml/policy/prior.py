"""What is learned from few violations: how much it counts to lie far out where risk may lie.

How far out an arrival lies is the share of ordinary arrivals that lie further out in a direction, a
p-value; sums of their negative logarithms are Fisher's way to combine them (R. A. Fisher 1925,
Statistical Methods for Research Workers, section 21.1). Here the sum is weighed. Each weight begins
at what is held before anything is known, one figure for all directions in which the house expects
risk (the catalogue's signs, which the boosters keep to as well, low prices, a party with many tax
numbers, papers that contradict each other) and nothing for the others, and moves as far as known
violations say: the most probable weights under a normal prior, not negative (ridge regression
about the prior's mean; A. E. Hoerl and R. W. Kennard 1970, Technometrics 12, 55-67). Boosters go on
from there.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from riskml.evaluation.baselines import RULES
from riskml.features import FeatureSet
from riskml.policy.rehearsal import Matrix

__all__ = ["Prior", "Tails", "Way", "ways", "weigh"]

FloatArray = npt.NDArray[np.float64]

FEWEST = 10
"""Values of ordinary arrivals below which nothing is said of a feature."""
MOST = 4000
"""Ordinary arrivals that are enough to say how far out another lies."""
SMALLEST = 0.001
"""Least p-value: further out than all is not infinitely far out."""
STEPS, SHORTEST, ENOUGH, RIDGE = 30, 1e-4, 1e-4, 1e-9
"""The search for weights: most steps, shortest part of one, least gain, and what keeps a step
finite."""
LOW_PRICE = "price_percentile"
"""Rank of a price among its peers; rules look for the lowest, so risk rises as it falls."""
NAMES_OF_ONE = "_group__distinct_"
"""Tax numbers behind which one party seems to stand: who hops leaves a record behind."""
CONTRADICTIONS = ("gross_mass_log_ratio", "packages_log_ratio")
"""Declaration against manifest: either way is odd."""
UPWARD = ("transshipped", "first_seen")
"""Rules look for a detour and for pairs never seen before."""
OPEN = (
    "origin_not_departure", "departure_not_loading", "origin_not_loading", "duty_rate_max",
    "log_duty_at_stake", "log_customs_value", "log_mass_per_package", "log_unit_price_min",
    "same_heading", "goods_similarity", "party_name_similarity", "container_type_mismatch",
    "lodged_before_arrival_hours", "importer_id__count__365d", "exporter_id__count__365d",
    "declarant_id__count__365d", "importer_id.exporter_id__count__365d",
    "importer_id__distinct_exporter_id__90d", "consignee_id__count__365d",
    "shipper_id__count__365d", "consignee_id.shipper_id__count__365d",
)  # fmt: skip
"""Of which nothing is held beforehand: violations may show either way."""


@dataclass(frozen=True)
class Way:
    """A direction in which risk may rise.

    Attributes
    ----------
    place : int
        Column of the feature.
    direction : int
        1 or -1.
    share : float
        Of the logarithm that counts: features of one key say nearly the same and share one.
    expected : bool
        Whether the house expects risk there.
    """

    place: int
    direction: int
    share: float
    expected: bool


def ways(features: FeatureSet) -> tuple[Way, ...]:
    """Return the directions in which risk may rise, those that are stated first."""
    numbers = [f.name for f in features.features if f.kind == "number"]
    low = {n for rule in RULES for n in rule.columns(numbers) if LOW_PRICE in n}
    signed = []
    for place, feature in enumerate(features.features):
        direction = feature.sign or (-1 if feature.name in low else 0)
        if direction:
            key = feature.name.split("__")[0] + (LOW_PRICE if feature.name in low else "")
            signed.append((place, direction, key))
    keys = Counter(key for *_, key in signed)
    stated = [Way(place, way, 1 / keys[key], True) for place, way, key in signed]
    taken = {way.place for way in stated}
    others = [p for p, f in enumerate(features.features) if f.kind == "number" and p not in taken]
    return (*stated, *(way for p in others for way in _unsigned(p, features.names[p])))


def _unsigned(place: int, name: str) -> Iterator[Way]:
    """Yield the directions of a feature without a sign."""
    upward = NAMES_OF_ONE in name or name.endswith(UPWARD)
    if upward or name in CONTRADICTIONS or name in OPEN:
        yield Way(place, 1, 1.0, upward or name in CONTRADICTIONS)
        yield Way(place, -1, 1.0, name in CONTRADICTIONS)


@dataclass(frozen=True, eq=False)
class Tails:
    """Ordinary arrivals, to compare with.

    Attributes
    ----------
    ordinary : tuple of (Way, ndarray of float32)
        A direction, and the sorted values of its feature times the direction.
    """

    ordinary: tuple[tuple[Way, npt.NDArray[np.float32]], ...]

    @staticmethod
    def of(X: Matrix, which: Sequence[Way]) -> "Tails":
        """Learn what is ordinary from encoded features, shape (n, p)."""
        if len(X) > MOST:
            X = X[np.linspace(0, len(X) - 1, MOST).astype(np.int64)]
        found = []
        for way in which:
            column = X[:, way.place]
            values = np.sort(way.direction * column[~np.isnan(column)])
            if len(values) >= FEWEST:
                found.append((way, values))
        return Tails(tuple(found))

    def columns(self, X: Matrix, which: npt.NDArray[np.int64] | None = None) -> FloatArray:
        """Return how far out arrivals lie, a column for each direction; shape (n, directions).

        A missing value is an ordinary one. ``which`` names the directions, by default all.
        """
        chosen = range(len(self.ordinary)) if which is None else which.tolist()
        found = np.empty((len(X), len(chosen)))
        for column, number in enumerate(chosen):
            way, values = self.ordinary[number]
            own = way.direction * X[:, way.place]
            # Ties count half, as many features are zero for nearly everybody.
            below = np.searchsorted(values, own, "left") + np.searchsorted(values, own, "right")
            rank = np.where(np.isnan(own), 0.5, below / (2 * len(values)))
            found[:, column] = -way.share * np.log(1 + SMALLEST - rank)
        return found


@dataclass(frozen=True, eq=False)
class Prior:
    """What it counts to lie far out.

    Attributes
    ----------
    tails : Tails
    weights : ndarray of float64, shape (directions,)
        Log-odds for a unit of each direction, 0 or more.
    """

    tails: Tails
    weights: FloatArray

    def scores(self, X: Matrix) -> FloatArray:
        """Return log-odds, up to a level that is the same for all; shape (n,)."""
        heavy = np.flatnonzero(self.weights)
        return np.asarray(self.tails.columns(X, heavy) @ self.weights[heavy])


def weigh(
    tails: Tails, X: Matrix, y: FloatArray, weight: FloatArray, mean: float, spread: float
) -> Prior:
    """Find the most probable weights.

    Parameters
    ----------
    tails : Tails
    X : ndarray of float32, shape (n, p)
    y : ndarray of float64, shape (n,)
        1 for a violation, 0 for none.
    weight : ndarray of float64, shape (n,)
        Of the examples.
    mean : float
        Log-odds for a unit of an expected direction before anything is known.
    spread : float
        Standard deviation about the mean, and about 0 for the other directions; 0 holds to them.

    Returns
    -------
    Prior
        Without a violation, or without anything else, that of the means.
    """
    means = np.array([mean if way.expected else 0.0 for way, _ in tails.ordinary])
    if not spread or not len(means) or not 0 < (y * weight).sum() < weight.sum():
        return Prior(tails, means)
    Z = np.column_stack([np.ones(len(X)), tails.columns(X)])
    share = float((y * weight).sum() / weight.sum())
    start = np.log(share / (1 - share)) - float(np.average(Z[:, 1:] @ means, weights=weight))
    begin = np.concatenate([[start], means])
    precision = np.concatenate([[0.0], np.full(len(means), spread**-2)])
    return Prior(tails, _most_probable(Z, y, weight, begin, precision)[1:])


def _most_probable(
    Z: FloatArray, y: FloatArray, weight: FloatArray, means: FloatArray, precision: FloatArray
) -> FloatArray:
    """Return the most probable coefficients, all but the first 0 or more, by projected Newton.

    D. P. Bertsekas (1982), Projected Newton methods for optimization problems with simple
    constraints, SIAM Journal on Control and Optimization 20, 221-246.
    """

    def loss(b: FloatArray) -> float:
        score = Z @ b
        fit = weight @ (np.logaddexp(0.0, score) - y * score)
        return float(fit + precision @ (b - means) ** 2 / 2)

    b, value = means, loss(means)
    for _ in range(STEPS):
        chance = expit(Z @ b)
        slope = (weight * (chance - y)) @ Z + precision * (b - means)
        free = (b > 0) | (slope < 0)
        free[0] = True
        inside = Z[:, free]
        curve = (inside.T * (weight * chance * (1 - chance))) @ inside
        curve[np.diag_indices_from(curve)] += precision[free] + RIDGE
        step = np.zeros(len(b))
        step[free] = np.linalg.solve(curve, slope[free])
        length, before = 1.0, value
        while length > SHORTEST:
            further = b - length * step
            further[1:] = np.maximum(further[1:], 0.0)
            value = loss(further)
            if value < before:
                break
            length /= 2
        if not value < before:
            return b
        b = further
        if before - value < ENOUGH:
            return b
    return b
