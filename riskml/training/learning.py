"""From a design to boosters and calibrator: rounds from later slices, then all rows.

The folds' scores choose the number of rounds; the boosters that serve are then trained on all
rows, and the calibrator is fitted on scores by boosters like them that did not see the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from riskml.bundle import Calibrator
from riskml.evaluation.splits import Fold
from riskml.history import Progress
from riskml.training.boosting import (
    Design,
    Grow,
    cross_fitted_scores,
    grow,
    two_processes,
)
from riskml.training.calibrating import calibrate_for_arrivals
from riskml.training.definition import ModelDefinition
from riskml.training.folding import FoldScores, score_folds

__all__ = ["Learned", "learn"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Learned:
    """What was learned from a design.

    Attributes
    ----------
    text : str
        Model text of the merged boosters.
    calibrator : Calibrator
    folds : FoldScores
    notes : tuple of str
        Degradations, said aloud.
    """

    text: str
    calibrator: Calibrator
    folds: FoldScores
    notes: tuple[str, ...]


def learn(
    design: Design,
    folds: Sequence[Fold],
    definition: ModelDefinition,
    arrivals: FloatArray,
    progress: Progress | None = None,
    final_grow: Grow = grow,
) -> Learned:
    """Choose the rounds, grow the boosters and fit the calibrator.

    Parameters
    ----------
    design : Design
        Rows in order of decision time.
    folds : sequence of Fold
        Steps through time.
    definition : ModelDefinition
        How to fit.
    arrivals : ndarray of float64, shape (n,)
        How many arrivals each row stands for: weights of the calibrator.
    progress : callable, optional
        Wraps an iterable to show how far it is.
    final_grow : callable
        Grows the boosters that serve; those of folds and of the calibrator's scores grow here.

    Returns
    -------
    Learned

    Raises
    ------
    LabelError
        If the labels are of one class.
    """
    scores = score_folds(design, folds, definition.lightgbm, definition.fit, progress)
    notes: tuple[str, ...] = ()
    if definition.fit.suspicion > 0:
        if two_processes(design):
            scores = _scored_again(design, folds, scores, definition)
        else:
            notes = ("no finding was suspicious without being a violation: one process is learned",)
    final = design if definition.fit.refit else _before_last_fold(design, folds, scores)
    text = final_grow(final, scores.rounds, definition.lightgbm, definition.fit, progress)
    calibrator, more = _calibrate(arrivals, design, scores, definition, progress)
    return Learned(text, calibrator, scores, (*notes, *more))


def _scored_again(
    design: Design, folds: Sequence[Fold], scores: FoldScores, definition: ModelDefinition
) -> FoldScores:
    """Score what follows each fold by boosters of both processes, like those that will serve."""
    fit = definition.fit.model_copy(update={"ensemble": definition.fit.fold_ensemble})
    raw = scores.raw.copy()
    for number, fold in enumerate(folds):
        if (scores.fold == number).any():
            text = grow(design.rows(fold.train), scores.rounds, definition.lightgbm, fit)
            later = design.X[fold.test]
            raw[fold.test] = lgb.Booster(model_str=text).predict(later, raw_score=True)
    return replace(scores, raw=raw)


def _before_last_fold(design: Design, folds: Sequence[Fold], scores: FoldScores) -> Design:
    used = [fold for number, fold in enumerate(folds) if (scores.fold == number).any()]
    if not used:
        return design
    return design.rows(used[-1].train)


def _calibrate(
    weights: FloatArray,
    design: Design,
    scores: FoldScores,
    definition: ModelDefinition,
    progress: Progress | None,
) -> tuple[Calibrator, tuple[str, ...]]:
    """Calibrate on scores of rows that the boosters did not see; say aloud what was not done."""
    notes = list(scores.skipped)
    if not (scores.fold >= 0).any():
        notes.append(
            "no later slice could be judged: rounds are the least allowed, and no metric is known"
        )
    raw = _unseen_scores(design, scores, definition, progress)
    usable = np.isfinite(raw)
    positives = int(design.y[usable].sum())
    part = definition.calibration
    method: str = part.method
    if positives < part.min_positives and method != "intercept":
        method = "intercept"
        notes.append(
            f"{positives} violations are too few to fit slopes ({part.min_positives} are needed): "
            "the calibrator has an intercept only"
        )
    calibrator = calibrate_for_arrivals(
        raw[usable],
        design.y[usable],
        weights[usable],
        method=method,
        shrinkage=part.shrinkage,
        selection_sd=part.selection_sd,
    )
    return calibrator, tuple(notes)


def _unseen_scores(
    design: Design, scores: FoldScores, definition: ModelDefinition, progress: Progress | None
) -> FloatArray:
    """Return raw scores by boosters like those that serve; NaN for rows without one.

    Without a refit the boosters that serve are those of the last fold, and the folds' own scores
    are the likest. If nothing can be held back, the training rows are scored by what they taught.
    """
    model, fit, part = definition.lightgbm, definition.fit, definition.calibration
    if not fit.refit and design.y[scores.fold >= 0].any():
        return scores.raw
    raw = cross_fitted_scores(design, scores.rounds, part.blocks, model, fit, progress)
    if design.y[np.isfinite(raw)].any():
        return raw
    text = grow(design, scores.rounds, model, fit)
    return np.asarray(lgb.Booster(model_str=text).predict(design.X, raw_score=True))
