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
from scipy.optimize import brentq
from scipy.special import expit

from riskml.bundle.bundle import booster_names
from riskml.features import FeatureSet
from riskml.policy.knowledge import Examples
from riskml.policy.prior import Prior, Tails, ways, weigh
from riskml.policy.rehearsal import Matrix
from riskml.training.boosting import SECOND, SECOND_ROUNDS, Design, parameters
from riskml.training.definition import LightGBM, ModelDefinition

__all__ = ["Learner", "Model", "fit"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Boosters = tuple[lgb.Booster, ...]


@dataclass(frozen=True)
class Learner:
    """How and how often the model of a rehearsal is trained.

    Attributes
    ----------
    definition : ModelDefinition
        Of the stage; its tree parameters and monotone signs are used, apart from the next two.
    feature_fraction, max_bin, learning_rate
        Of LightGBM: small ensembles do better when each tree sees more columns, and coarser bins
        are as good at half the price; trees that correct a prior take small steps.
    every : int
        Days between two trainings.
    boosters, rounds : int
        Boosters of an ensemble, each with its own draws of rows and splits, and rounds of each.
    negatives : int
        Honest examples for each violation, at most, but never fewer than ``least``.
    least : int
    half_life_days : float or None
        Age at which an example counts half.
    presumed : float
        Weight of an uninspected arrival that is presumed honest; 0 learns from inspected ones only.
    suspicion : float
        Share of the score that comes from two processes, suspicion and violation among the
        suspicious, in [0, 1).
    prior : float
        Log-odds that a unit of an expected direction (`riskml.policy.prior`) is worth before
        anything is learned.
    trust : float
        Standard deviation about that: how quickly known violations overrule it. 0 never does;
        where both are 0 there is no prior.
    few : float
        Positives for each leaf of a tree, while they are few; 0 leaves trees as defined.
    """

    definition: ModelDefinition
    feature_fraction: float = 0.6
    max_bin: int = 63
    learning_rate: float = 0.08
    every: int = 7
    boosters: int = 2
    rounds: int = 40
    negatives: int = 10
    least: int = 3000
    half_life_days: float | None = 730.0
    presumed: float = 1.0
    suspicion: float = 0.0
    prior: float = 0.2
    trust: float = 0.3
    few: float = 40.0


@dataclass(frozen=True, eq=False)
class Model:
    """What was learned.

    Attributes
    ----------
    parts : tuple of (float, tuple of Booster)
        Weight in the score, and the boosters of one process, each of one member of the ensemble.
    prior : Prior
        From which the boosters went on.
    level : float
        Added to all log-odds: what the boosters began from, less what sampling lifts.
    revenue : Booster or None
        Of the logarithm of the revenue of a violation.
    mean_revenue : float
        Of a violation, reporting currency.
    """

    parts: tuple[tuple[float, tuple[lgb.Booster, ...]], ...]
    prior: Prior
    level: float
    revenue: lgb.Booster | None
    mean_revenue: float

    @property
    def members(self) -> int:
        """How many boosters each process has."""
        return len(self.parts[0][1]) if self.parts else 1

    def log_odds(self, X: Matrix) -> FloatArray:
        """Return the log-odds of a violation by each member, shape (n, members)."""
        found = np.zeros((len(X), self.members))
        if not len(X):
            return found
        for weight, boosters in self.parts:
            raw = [b.predict(X, raw_score=True, num_threads=1) for b in boosters]
            found += weight * np.column_stack(raw)
        return np.asarray(found + self.prior.scores(X)[:, None] + self.level)

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
"""Violations below which nothing is learned of them."""
FEWEST_SUSPICIOUS = 10
"""Suspicious findings below which nothing is learned of them."""
FEWEST_REVENUES = 50
"""Violations below which the revenue of one is their mean."""


def fit(examples: Examples, features: FeatureSet, learner: Learner, seed: int) -> Model | None:
    """Train a model, or return None where there is nothing to learn from.

    Boosters start from the prior, so that what is learned from few violations corrects it and does
    not replace it; while there are too few to learn from, the prior is the model. With a share for
    suspicion, which findings are suspicious, and which of these are violations, are learned too
    (`riskml.training.boosting.grow_processes`).

    Parameters
    ----------
    examples : Examples
    features : FeatureSet
        Describes the columns of ``examples.X``.
    learner : Learner
    seed : int
        The same seed and examples give the same model.
    """
    positive = np.flatnonzero(examples.known & (examples.y == 1))
    suspicious = np.flatnonzero(examples.suspicious == 1)
    trees = _Trees(examples, features, learner, seed)
    prior = trees.weigh(positive)
    direct = trees.tell(examples.y, positive, prior) if len(positive) >= FEWEST else None
    by_scan = None
    if learner.suspicion > 0 and len(suspicious) >= FEWEST_SUSPICIOUS:
        by_scan = trees.tell(examples.suspicious, suspicious, prior)
    if direct is None and by_scan is None and not prior.weights.any():
        return None
    share = 0.0 if by_scan is None else 1.0 if direct is None else learner.suspicion
    grown = [(1 - share, direct), (share, by_scan)]
    parts = [(weight, part.boosters) for weight, part in grown if part is not None]
    clean = suspicious[examples.y[suspicious] == 0]
    if by_scan is not None and min(len(clean), len(positive)) >= FEWEST:
        rows = np.sort(np.concatenate([positive, clean]))
        parts.append((share, trees.small(examples.y, rows)))
    return Model(
        parts=tuple(parts),
        prior=prior,
        level=sum(weight * part.level for weight, part in grown if part is not None),
        revenue=_grow_revenue(examples, positive, features, seed),
        mean_revenue=float(examples.revenue[positive].mean()) if len(positive) else 1.0,
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """An ensemble, and what to add to its raw scores beside the prior."""

    boosters: Boosters
    level: float


class _Trees:
    """Grows ensembles from examples."""

    def __init__(
        self, examples: Examples, features: FeatureSet, learner: Learner, seed: int
    ) -> None:
        self._examples, self._features = examples, features
        self._learner, self._seed = learner, seed
        weight = np.where(examples.presumed, learner.presumed, 1.0)
        if learner.half_life_days is not None:
            weight = weight * 0.5 ** (examples.age / learner.half_life_days)
        self._weight = weight

    def weigh(self, positive: IntArray) -> Prior:
        """Weigh the prior by the known violations."""
        examples, learner = self._examples, self._learner
        # Examples that stand for others are a sample of everybody: what is ordinary.
        which = ways(self._features) if learner.prior or learner.trust else ()
        tails = Tails.of(examples.X[examples.stands_for > 1], which)
        rows = self._sample(examples.y, positive)
        return weigh(
            tails, examples.X[rows], examples.y[rows], self._weight[rows], learner.prior,
            learner.trust,
        )  # fmt: skip

    def _sample(self, label: FloatArray, positive: IntArray) -> IntArray:
        """Return the positives and a sample of the negatives."""
        negative, learner = self._negative(label), self._learner
        size = min(len(negative), max(learner.least, learner.negatives * len(positive)))
        rng = np.random.default_rng(self._seed)
        sample = rng.choice(negative, size, replace=False) if size < len(negative) else negative
        return np.sort(np.concatenate([positive, sample]))

    def _negative(self, label: FloatArray) -> IntArray:
        return np.flatnonzero((label == 0) & (self._weight > 0))

    def tell(self, label: FloatArray, positive: IntArray, prior: Prior) -> _Part | None:
        """Tell positives from a sample of the negatives; the prior is the start."""
        learner, w = self._learner, self._weight
        negative = self._negative(label)
        if not len(negative) or not len(positive):
            return None
        rows = self._sample(label, positive)
        update: dict[str, Any] = {
            "feature_fraction": learner.feature_fraction,
            "max_bin": learner.max_bin,
            "learning_rate": learner.learning_rate,
        }
        trees = learner.definition.lightgbm
        if learner.few > 0:
            leaves = int(np.clip(len(positive) / learner.few, 4, trees.num_leaves))
            update["num_leaves"] = leaves
        # LightGBM adds no mean where it is given a start, so the start brings it.
        known = prior.scores(self._examples.X[rows])
        start = _level(known, label[rows], w[rows])
        boosters = self._train(
            label, rows, trees.model_copy(update=update), learner.rounds, start + known
        )
        lift = np.log(self._examples.stands_for[negative].sum() / w[rows][label[rows] == 0].sum())
        return _Part(boosters, start - float(lift))

    def small(self, label: FloatArray, rows: IntArray) -> Boosters:
        """Tell violations among the suspicious, with trees for few rows."""
        learner = self._learner
        update = {
            **SECOND,
            "feature_fraction": learner.feature_fraction,
            "max_bin": learner.max_bin,
        }
        trees = learner.definition.lightgbm.model_copy(update=update)
        return self._train(label, rows, trees, min(SECOND_ROUNDS, learner.rounds), None)

    def _train(
        self,
        label: FloatArray,
        rows: IntArray,
        trees: LightGBM,
        rounds: int,
        start: FloatArray | None,
    ) -> Boosters:
        X, w = self._examples.X[rows], self._weight[rows]
        design = Design(X, label[rows], w, self._features)  # type: ignore[arg-type]
        # Binned once for all boosters, which differ by their seed.
        binning = {"max_bin": trees.max_bin, "verbosity": -1}
        data = design.dataset(params=binning, init_score=start)
        fixed = self._learner.definition.fit
        return tuple(
            lgb.train(parameters(design, trees, fixed, self._seed + member), data, rounds)
            for member in range(self._learner.boosters)
        )


def _level(known: FloatArray, label: FloatArray, weight: FloatArray) -> float:
    """Return what to add to log-odds so that they expect as many positives as there are."""

    def surplus(level: float) -> float:
        return float(weight @ (expit(known + level) - label))

    farthest = float(np.abs(known).max()) + 50.0
    return float(brentq(surplus, -farthest, farthest))


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
