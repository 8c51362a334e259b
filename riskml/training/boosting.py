"""LightGBM: what is learned from, parameters, boosters, and scores of rows they did not see."""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from riskml.bundle.bundle import booster_names
from riskml.features import FeatureSet
from riskml.history import Progress
from riskml.training.definition import Fit, LightGBM
from riskml.training.merging import merge_boosters, shift_booster
from riskml.training.sampling import sample_negatives

__all__ = [
    "Design",
    "Grow",
    "cross_fitted_scores",
    "grow",
    "members",
    "parameters",
    "run_of",
    "sampled",
    "seeds",
    "shown",
]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """What is learned from.

    Attributes
    ----------
    X : ndarray of float64, shape (n, p)
        Encoded features.
    y, w : ndarray of float64, shape (n,)
        Labels and weights.
    feature_set : FeatureSet
        Describes the columns.
    suspicious : ndarray of float64, shape (n,), optional
        Whether each was found suspicious; a violation is.
    """

    X: FloatArray
    y: FloatArray
    w: FloatArray
    feature_set: FeatureSet
    suspicious: FloatArray | None = None

    def rows(self, keep: npt.NDArray[np.bool_]) -> "Design":
        """Return some of its rows."""
        part = run_of(keep)
        found = None if self.suspicious is None else self.suspicious[part]
        return Design(self.X[part], self.y[part], self.w[part], self.feature_set, found)

    def dataset(
        self,
        rows: npt.NDArray[np.bool_] | None = None,
        plain: Collection[str] = (),
        **options: Any,
    ) -> lgb.Dataset:
        """Return (part of) it as a LightGBM data set; categories in ``plain`` are numbers."""
        keep = slice(None) if rows is None else run_of(rows)
        categories = set(self.feature_set.categories) - set(plain)
        return lgb.Dataset(
            self.X[keep],
            label=self.y[keep],
            weight=self.w[keep],
            feature_name=booster_names(self.feature_set),
            categorical_feature=[
                position
                for position, name in enumerate(self.feature_set.names)
                if name in categories
            ],
            free_raw_data=True,
            **options,
        )


def run_of(keep: npt.NDArray[np.bool_]) -> "slice | npt.NDArray[np.bool_]":
    """Return the slice of rows that follow each other, else the mask as it is.

    A slice is a view: a million rows are not copied to be read once.
    """
    if not keep.any():
        return slice(0, 0)
    first, last = int(keep.argmax()), len(keep) - int(keep[::-1].argmax())
    return slice(first, last) if keep[first:last].all() else keep


class Grow(Protocol):
    """Trains the final boosters: `grow`, or workers of a cluster."""

    def __call__(
        self,
        design: Design,
        rounds: int,
        model: LightGBM,
        fit: Fit,
        progress: Progress | None = None,
    ) -> str:
        """Return the model text."""


SMALL = 20_000_000
"""Below so many cells one thread is quicker: on a busy machine two were seven times slower."""

SPANS = 4
"""Spans of time in each part of `cross_fitted_scores`."""
PARTS_AT_ONCE = 2
"""Parts of `cross_fitted_scores` in work; no result depends on it."""


SECOND = {"num_leaves": 4, "min_data_in_leaf": 5}
SECOND_ROUNDS = 50
"""Of the booster of violation among the suspicious, which learns from hundreds of rows."""


def parameters(design: Design, model: LightGBM, fit: Fit, seed: int) -> dict[str, Any]:
    """Return LightGBM's parameters; bit-identical results follow from them and the data."""
    found: dict[str, Any] = {
        **model.model_dump(),
        "objective": "binary",
        "metric": "binary_logloss",
        "seed": seed,
        # Bins are drawn alike for all, so that boosters of the same rows can share them.
        "data_random_seed": fit.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": _threads(design, fit),
        "feature_pre_filter": False,
        "verbosity": -1,
    }
    signs = [feature.sign for feature in design.feature_set.features]
    if fit.monotone and any(signs):
        found["monotone_constraints"] = signs
        found["monotone_constraints_method"] = "intermediate"
    return found


def _threads(design: Design, fit: Fit) -> int:
    return fit.threads if design.X.size > SMALL else 1


def sampled(design: Design, fit: Fit, seed: int) -> tuple[Design, float]:
    """Return the rows that a booster learns from, and what to add to its raw scores."""
    keep, offset = sample_negatives(design.y, design.w, fit.negatives, seed)
    return (design if keep.all() else design.rows(keep)), offset


def shown(items: Sequence[Any], label: str, progress: Progress | None) -> Iterable[Any]:
    """Return the items behind a progress bar, if there is one."""
    return items if progress is None else progress(items, label, len(items))


def seeds(fit: Fit, count: int) -> list[int]:
    """Return the seeds of so many boosters."""
    return [fit.seed + 1000 * member for member in range(count)]


def members(model: LightGBM, fit: Fit, count: int) -> list[tuple[int, LightGBM]]:
    """Return the seed and the parameters of each of so many boosters."""
    kinds = [model.model_copy(update=variant) for variant in fit.variants] or [model]
    return [(seed, kinds[at % len(kinds)]) for at, seed in enumerate(seeds(fit, count))]


def cross_fitted_scores(
    design: Design,
    rounds: int,
    blocks: int,
    model: LightGBM,
    fit: Fit,
    progress: Progress | None = None,
) -> FloatArray:
    """Score every row with boosters like the final ones that were not trained on it.

    A calibrator must see scores as spread out as those it will serve. The folds' are not: the
    boosters of an early fold know a fraction of the violations, so their scores huddle, and a
    calibrator fitted on them gives too little to the many arrivals of low risk. Here each part of
    the rows is scored by boosters that know all the others, as many of them and with as many
    rounds as the final ones. A part is a set of spans of time dealt out in turn, so that it
    covers the whole period and neighbours in time stay together.

    Parameters
    ----------
    design : Design
        Rows in order of decision time.
    rounds : int
        Boosting rounds.
    blocks : int
        Parts.
    model, fit, progress
        See `riskml.training.folding.score_folds`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Raw scores; NaN where the other parts hold one class only.
    """
    part = np.arange(len(design.y)) * blocks * SPANS // max(len(design.y), 1) % blocks
    raw = np.full(len(design.y), np.nan)
    threads = _threads(design, fit)

    def score_part(number: int) -> None:
        own = part == number
        others = design.rows(~own)
        if own.any() and 0 < others.y.sum() < len(others.y):
            booster = lgb.Booster(model_str=grow(others, rounds, model, fit))
            for start, end in np.flatnonzero(np.diff(own, prepend=0, append=0)).reshape(-1, 2):
                raw[start:end] = booster.predict(
                    design.X[start:end], raw_score=True, num_threads=threads
                )

    # Boosters of few cells have one thread each; the parts share nothing and use the other core.
    with ThreadPoolExecutor(1 if design.X.size > SMALL else PARTS_AT_ONCE) as pool:
        done = pool.map(score_part, range(blocks))
        for _ in done if progress is None else progress(done, "Calibration", blocks):
            pass
    return raw


def grow(
    design: Design,
    rounds: int,
    model: LightGBM,
    fit: Fit,
    progress: Progress | None = None,
) -> str:
    """Train the final boosters on all rows of ``design`` and merge them; returns the model text."""
    texts = []
    binned: dict[int, lgb.Dataset] = {}
    for seed, kind in shown(members(model, fit, fit.ensemble), "Boosters", progress):
        rows, offset = sampled(design, fit, seed)
        # Boosters of the same rows share their bins; a sample has its own.
        shared = rows is design
        data = binned.setdefault(kind.max_bin, rows.dataset()) if shared else rows.dataset()
        booster = lgb.train(parameters(rows, kind, fit, seed), data, rounds)
        texts.append(shift_booster(booster.model_to_string(num_iteration=rounds), offset))
    if fit.suspicion > 0 and two_processes(design):
        own = [(1 - fit.suspicion) / len(texts)] * len(texts)
        both = grow_processes(design, rounds, model, fit)
        return merge_boosters([*texts, *both], [*own, fit.suspicion, fit.suspicion])
    return merge_boosters(texts)


def two_processes(design: Design) -> bool:
    """Say whether suspicion and, among the suspicious, violation can be learned."""
    found = design.suspicious
    return found is not None and bool((found != design.y).any() and (found == 0).any())


def grow_processes(design: Design, rounds: int, model: LightGBM, fit: Fit) -> tuple[str, str]:
    """Grow a booster of suspicion, and one of violation among what was found suspicious.

    A finding is suspicious by ``p``, a suspicious one a violation by ``q``; where violations are
    few, the log-odds of a violation are nearly ``log p + log q``, and both parts rise with their
    own log-odds. Many more findings are suspicious than are violations, so the first is known
    well; the second is small and sees few rows, so its trees are.

    Parameters
    ----------
    design : Design
        One for which `two_processes` holds.
    rounds : int
        Boosting rounds of the first.
    model, fit
        Parts of the model definition.

    Returns
    -------
    tuple of str
        Two model texts, whose raw scores are to be added.
    """
    suspicious = design.y if design.suspicious is None else design.suspicious
    first = replace(design, y=suspicious)
    second = design.rows(suspicious > 0)
    small = model.model_copy(update=SECOND)
    texts = []
    for part, kind, limit in ((first, model, rounds), (second, small, min(rounds, SECOND_ROUNDS))):
        booster = lgb.train(parameters(part, kind, fit, fit.seed), part.dataset(), limit)
        texts.append(booster.model_to_string(num_iteration=limit))
    return texts[0], texts[1]
