"""Walk through time: each fold learns from its past and says how many rounds serve what follows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from riskml.evaluation.splits import Fold
from riskml.history import Progress
from riskml.training.boosting import Design, members, parameters, sampled, shown
from riskml.training.definition import Fit, LightGBM
from riskml.training.merging import shift_booster

__all__ = ["FoldScores", "FoldWalk", "score_folds"]

FloatArray = npt.NDArray[np.float64]


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


@dataclass(frozen=True)
class _Step:
    """A fold that was used: its boosters, and their log loss by round on what follows."""

    number: int
    fold: Fold
    boosters: list[lgb.Booster]
    curve: FloatArray
    size: float


@dataclass
class FoldWalk:
    """A walk over folds, one `step` at a time; `scores` says what those walked so far said.

    Attributes
    ----------
    design : Design
        Rows in order of decision time.
    model, fit
        Parts of the model definition.
    """

    design: Design
    model: LightGBM
    fit: Fit
    _steps: list[_Step] = field(default_factory=list, init=False, repr=False)
    _skipped: list[str] = field(default_factory=list, init=False, repr=False)

    def step(self, number: int, fold: Fold) -> bool:
        """Train on a fold's past; returns whether the fold could be used."""
        why = _unusable(self.design, fold)
        if why:
            self._skipped.append(f"fold from {fold.start:%Y-%m-%d} left out: {why}")
            return False
        boosters, curve = _train_fold(self.design, fold, self.model, self.fit)
        size = float(self.design.w[fold.test].sum())
        self._steps.append(_Step(number, fold, boosters, curve, size))
        return True

    def scores(self) -> FoldScores:
        """Choose the number of rounds for the folds so far, and score what follows each."""
        size = len(self.design.y)
        raw, of_fold = np.full(size, np.nan), np.full(size, -1, dtype=np.int64)
        skipped = tuple(self._skipped)
        if not self._steps:
            return FoldScores(self.fit.min_rounds, np.empty(0), raw, of_fold, skipped)
        curves, sizes = [step.curve for step in self._steps], [step.size for step in self._steps]
        curve = np.average(curves, axis=0, weights=sizes)
        first = min(self.fit.min_rounds, len(curve)) - 1
        rounds = first + int(np.argmin(curve[first:])) + 1
        for step in self._steps:
            X = self.design.rows(step.fold.test).X
            scores = [b.predict(X, raw_score=True, num_iteration=rounds) for b in step.boosters]
            raw[step.fold.test] = np.mean(scores, axis=0)
            of_fold[step.fold.test] = step.number
        return FoldScores(rounds, curve, raw, of_fold, skipped)


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
    walk = FoldWalk(design, model, fit)
    for number, fold in shown(list(enumerate(folds)), "Folds", progress):
        walk.step(number, fold)
    return walk.scores()


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
    for seed, kind in members(model, fit, fit.fold_ensemble):
        rows, offset = sampled(design.rows(fold.train), fit, seed)
        train = rows.dataset()
        # What follows is not sampled: it is judged by corrected scores.
        start = {"init_score": np.full(int(fold.test.sum()), offset)} if offset else {}
        record: dict[str, dict[str, list[float]]] = {}
        booster = lgb.train(
            parameters(design, kind, fit, seed),
            train,
            fit.max_rounds,
            valid_sets=[design.dataset(fold.test, reference=train, **start)],
            valid_names=["later"],
            callbacks=[
                lgb.record_evaluation(record),
                lgb.early_stopping(fit.patience, verbose=False),
            ],
        )
        curve = np.array(record["later"]["binary_logloss"])
        # Behind an early stop the loss is taken to stay where it was.
        curves.append(np.pad(curve, (0, fit.max_rounds - len(curve)), mode="edge"))
        boosters.append(_shifted(booster, offset))
    return boosters, np.mean(curves, axis=0)


def _shifted(booster: lgb.Booster, offset: float) -> lgb.Booster:
    if offset == 0:
        return booster
    every = booster.current_iteration()
    text = booster.model_to_string(num_iteration=every)
    return lgb.Booster(model_str=shift_booster(text, offset))
