"""The model of a rehearsal: the house's booster, lighter, trained again on schedule.

A rehearsal trains a hundred models for each policy, so each is smaller than the one that serves:
a few boosters of fixed length on all violations known and a fair sample of the rest. Parameters of
the trees are those of the stage's definition (``models/*.toml``).
"""

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from riskml.bundle.bundle import booster_names
from riskml.features import FeatureSet
from riskml.policy.knowledge import Examples
from riskml.policy.rehearsal import Matrix
from riskml.training.boosting import Design, parameters
from riskml.training.definition import ModelDefinition

__all__ = ["Learner", "Model", "fit"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Learner:
    """How and how often the model of a rehearsal is trained.

    Attributes
    ----------
    definition : ModelDefinition
        Of the stage; its tree parameters and monotone signs are used, apart from the next two.
    feature_fraction, max_bin
        Of LightGBM: small ensembles do better when each tree sees more columns, and coarser bins
        are as good at half the price.
    every : int
        Days between two trainings.
    boosters, rounds : int
        Boosters of an ensemble, each with its own draws of rows and splits, and rounds of each.
    negatives : int
        Honest examples for each violation, at most, but never fewer than ``least``.
    least : int
    half_life_days : float or None
        Age at which an example counts half.
    """

    definition: ModelDefinition
    feature_fraction: float = 0.6
    max_bin: int = 63
    every: int = 7
    boosters: int = 3
    rounds: int = 100
    negatives: int = 20
    least: int = 5000
    half_life_days: float | None = 365.0


@dataclass(frozen=True, eq=False)
class Model:
    """What was learned.

    Attributes
    ----------
    boosters : tuple of Booster
    lift : float
        By how much the sampling of honest examples lifts all log-odds.
    revenue : Booster or None
        Of the logarithm of the revenue of a violation.
    mean_revenue : float
        Of a violation, reporting currency.
    """

    boosters: tuple[lgb.Booster, ...]
    lift: float
    revenue: lgb.Booster | None
    mean_revenue: float

    def log_odds(self, X: Matrix) -> FloatArray:
        """Return the log-odds of a violation by each booster, shape (n, boosters)."""
        if not len(X):
            return np.empty((0, len(self.boosters)))
        found = [b.predict(X, raw_score=True, num_threads=1) for b in self.boosters]
        return np.column_stack(found) - self.lift

    def score(self, X: Matrix) -> FloatArray:
        """Return the mean log-odds, shape (n,)."""
        return np.asarray(self.log_odds(X).mean(axis=1))

    def expected_revenue(self, X: Matrix) -> FloatArray:
        """Return probability times the revenue of a violation, shape (n,), reporting currency."""
        probability = 1.0 / (1.0 + np.exp(-self.score(X)))
        if self.revenue is None or not len(X):
            return np.asarray(probability * self.mean_revenue)
        return np.asarray(probability * np.exp(self.revenue.predict(X, num_threads=1)))


FEWEST = 5
"""Violations below which nothing is learned."""
FEWEST_REVENUES = 50
"""Violations below which the revenue of one is their mean."""


def fit(examples: Examples, features: FeatureSet, learner: Learner, seed: int) -> Model | None:
    """Train a model, or return None where there are too few violations to learn from.

    Parameters
    ----------
    examples : Examples
    features : FeatureSet
        Describes the columns of ``examples.X``.
    learner : Learner
    seed : int
        The same seed and examples give the same model.
    """
    positive = np.flatnonzero(examples.y == 1)
    honest = np.flatnonzero(examples.y == 0)
    if len(positive) < FEWEST or not len(honest):
        return None
    size = min(len(honest), max(learner.least, learner.negatives * len(positive)))
    rng = np.random.default_rng(seed)
    sample = rng.choice(honest, size, replace=False) if size < len(honest) else honest
    rows = np.sort(np.concatenate([positive, sample]))
    return Model(
        boosters=_grow(examples, rows, features, learner, seed),
        lift=float(np.log(len(honest) / size * examples.stands_for)),
        revenue=_grow_revenue(examples, positive, features, seed),
        mean_revenue=float(examples.revenue[positive].mean()),
    )


def _grow(
    examples: Examples,
    rows: npt.NDArray[np.int64],
    features: FeatureSet,
    learner: Learner,
    seed: int,
) -> tuple[lgb.Booster, ...]:
    y = examples.y[rows]
    w = np.ones(len(rows))
    if learner.half_life_days is not None:
        w = 0.5 ** (examples.age[rows] / learner.half_life_days)
    design = Design(examples.X[rows], y, w, features)  # type: ignore[arg-type]
    part = learner.definition
    trees = part.lightgbm.model_copy(
        update={"feature_fraction": learner.feature_fraction, "max_bin": learner.max_bin}
    )
    # Binned once for all boosters, which differ by their seed.
    data = design.dataset(params={"max_bin": trees.max_bin, "verbosity": -1})
    return tuple(
        lgb.train(parameters(design, trees, part.fit, seed + member), data, learner.rounds)
        for member in range(learner.boosters)
    )


def _grow_revenue(
    examples: Examples,
    positive: npt.NDArray[np.int64],
    features: FeatureSet,
    seed: int,
) -> lgb.Booster | None:
    worth = positive[examples.revenue[positive] > 0]
    if len(worth) < FEWEST_REVENUES:
        return None
    categories = set(features.categories)
    data = lgb.Dataset(
        examples.X[worth],
        label=np.log(examples.revenue[worth]),
        feature_name=booster_names(features),
        categorical_feature=[p for p, n in enumerate(features.names) if n in categories],
    )
    options: dict[str, Any] = {
        "objective": "regression", "learning_rate": 0.05, "num_leaves": 8,
        "min_data_in_leaf": 20, "feature_fraction": 0.5, "seed": seed, "deterministic": True,
        "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip
    return lgb.train(options, data, 60)
