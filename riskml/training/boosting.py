"""LightGBM: parameters, boosters, and the number of rounds chosen on later slices."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from riskml.bundle.bundle import booster_names
from riskml.evaluation.splits import Fold
from riskml.features import FeatureSet
from riskml.history import Progress
from riskml.training.definition import Fit, LightGBM
from riskml.training.merging import merge_boosters

__all__ = ["Design", "FoldScores", "cross_fitted_scores", "grow", "score_folds"]

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
    """

    X: FloatArray
    y: FloatArray
    w: FloatArray
    feature_set: FeatureSet

    def rows(self, keep: npt.NDArray[np.bool_]) -> "Design":
        """Return some of its rows."""
        return Design(self.X[keep], self.y[keep], self.w[keep], self.feature_set)

    def dataset(self, rows: npt.NDArray[np.bool_] | None = None, **options: Any) -> lgb.Dataset:
        """Return (part of) it as a LightGBM data set."""
        keep = np.ones(len(self.y), dtype=bool) if rows is None else rows
        categories = set(self.feature_set.categories)
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


@dataclass(frozen=True)
class FoldScores:
    """What the folds said.

    Attributes
    ----------
    rounds : int
        Number of rounds with the least log loss, averaged over folds.
    curve : ndarray of float64, shape (max_rounds,)
        The averaged log loss by round; empty if no fold could be used.
    raw : ndarray of float64, shape (n,)
        Raw score of each row by the boosters of its fold, missing where no fold judged it.
    fold : ndarray of int64, shape (n,)
        Number of that fold, -1 where none.
    skipped : tuple of str
        Folds that could not be used, and why.
    """

    rounds: int
    curve: FloatArray
    raw: FloatArray
    fold: npt.NDArray[np.int64]
    skipped: tuple[str, ...]


SMALL = 20_000_000
"""Below so many cells one thread is quicker: on a busy machine two were seven times slower."""

SPANS = 4
"""Spans of time in each part of `cross_fitted_scores`."""
PARTS_AT_ONCE = 2
"""Parts of `cross_fitted_scores` in work; no result depends on it."""


def parameters(design: Design, model: LightGBM, fit: Fit, seed: int) -> dict[str, Any]:
    """Return LightGBM's parameters; bit-identical results follow from them and the data."""
    found: dict[str, Any] = {
        **model.model_dump(),
        "objective": "binary",
        "metric": "binary_logloss",
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": fit.threads if design.X.size > SMALL else 1,
        "feature_pre_filter": False,
        "verbosity": -1,
    }
    signs = [feature.sign for feature in design.feature_set.features]
    if fit.monotone and any(signs):
        found["monotone_constraints"] = signs
        found["monotone_constraints_method"] = "intermediate"
    return found


def _shown(items: Sequence[Any], label: str, progress: Progress | None) -> Iterable[Any]:
    return items if progress is None else progress(items, label, len(items))


def _seeds(fit: Fit, count: int) -> list[int]:
    return [fit.seed + 1000 * member for member in range(count)]


def score_folds(
    design: Design,
    folds: Sequence[Fold],
    model: LightGBM,
    fit: Fit,
    progress: Progress | None = None,
) -> FoldScores:
    """Train on each fold's past, choose the number of rounds, and score what follows.

    Parameters
    ----------
    design : Design
        Rows in order of decision time.
    folds : sequence of Fold
        Steps through time.
    model, fit
        Parts of the model definition.
    progress : callable, optional
        Wraps an iterable to show how far it is.

    Returns
    -------
    FoldScores
    """
    curves, sizes, members, skipped = [], [], [], []
    for number, fold in _shown(list(enumerate(folds)), "Folds", progress):
        why = _unusable(design, fold)
        if why:
            skipped.append(f"fold from {fold.start:%Y-%m-%d} left out: {why}")
            continue
        boosters, curve = _train_fold(design, fold, model, fit)
        members.append((number, fold, boosters))
        curves.append(curve)
        sizes.append(float(design.w[fold.test].sum()))
    raw = np.full(len(design.y), np.nan)
    of_fold = np.full(len(design.y), -1, dtype=np.int64)
    if not curves:
        return FoldScores(fit.min_rounds, np.empty(0), raw, of_fold, tuple(skipped))
    curve = np.average(curves, axis=0, weights=sizes)
    first = min(fit.min_rounds, len(curve)) - 1
    rounds = first + int(np.argmin(curve[first:])) + 1
    for number, fold, boosters in members:
        scores = [
            b.predict(design.X[fold.test], raw_score=True, num_iteration=rounds) for b in boosters
        ]
        raw[fold.test] = np.mean(scores, axis=0)
        of_fold[fold.test] = number
    return FoldScores(rounds, curve, raw, of_fold, tuple(skipped))


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
        See `score_folds`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Raw scores; NaN where the other parts hold one class only.
    """
    part = np.arange(len(design.y)) * blocks * SPANS // max(len(design.y), 1) % blocks
    raw = np.full(len(design.y), np.nan)

    def score_part(number: int) -> None:
        own = np.flatnonzero(part == number)
        others = design.rows(part != number)
        if len(own) and 0 < others.y.sum() < len(others.y):
            text = grow(others, rounds, model, fit)
            raw[own] = lgb.Booster(model_str=text).predict(
                design.X[own], raw_score=True, num_threads=1
            )

    # Boosters of few cells have one thread each; the parts share nothing and use the other core.
    with ThreadPoolExecutor(1 if design.X.size > SMALL else PARTS_AT_ONCE) as pool:
        done = pool.map(score_part, range(blocks))
        for _ in done if progress is None else progress(done, "Calibration", blocks):
            pass
    return raw


def _unusable(design: Design, fold: Fold) -> str:
    for name, rows in (("before", fold.train), ("in", fold.test)):
        w = design.w[rows]
        positives = float((w * design.y[rows]).sum())
        if not 0 < positives < float(w.sum()):
            return f"both classes are needed {name} it"
    return ""


def _train_fold(
    design: Design, fold: Fold, model: LightGBM, fit: Fit
) -> tuple[list[lgb.Booster], FloatArray]:
    """Return the boosters of a fold, and their log loss by round on what follows."""
    boosters, curves = [], []
    for seed in _seeds(fit, fit.fold_ensemble):
        train = design.dataset(fold.train)
        record: dict[str, dict[str, list[float]]] = {}
        booster = lgb.train(
            parameters(design, model, fit, seed),
            train,
            fit.max_rounds,
            valid_sets=[design.dataset(fold.test, reference=train)],
            valid_names=["later"],
            callbacks=[
                lgb.record_evaluation(record),
                lgb.early_stopping(fit.patience, verbose=False),
            ],
        )
        curve = np.array(record["later"]["binary_logloss"])
        # Behind an early stop the loss is taken to stay where it was.
        curves.append(np.pad(curve, (0, fit.max_rounds - len(curve)), mode="edge"))
        boosters.append(booster)
    return boosters, np.mean(curves, axis=0)


def grow(
    design: Design,
    rounds: int,
    model: LightGBM,
    fit: Fit,
    progress: Progress | None = None,
) -> str:
    """Train the final boosters on all rows of ``design`` and merge them; returns the model text."""
    texts = []
    for seed in _shown(_seeds(fit, fit.ensemble), "Boosters", progress):
        options = parameters(design, model, fit, seed)
        booster = lgb.train(options, design.dataset(), rounds)
        texts.append(booster.model_to_string(num_iteration=rounds))
    return merge_boosters(texts)
