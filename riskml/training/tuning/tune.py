"""`tune`: run a study to its budget, choose, and say whether the choice is better."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskml.errors import UsageError
from riskml.evaluation.intervals import Interval
from riskml.features import FeatureSet
from riskml.history import Progress
from riskml.training.definition import ModelDefinition
from riskml.training.tuning.candidates import distributions, own_parameters, with_parameters
from riskml.training.tuning.frames import importance_frame, trials_frame
from riskml.training.tuning.search import Search
from riskml.training.tuning.storage import locked, open_study, study_folder
from riskml.training.tuning.trials import TrialRecord, finished, record_of, run_trials

__all__ = ["Comparison", "Tuned", "tune"]


@dataclass(frozen=True)
class Comparison:
    """The best trial beside the definition's own parameters, on the same rows.

    Attributes
    ----------
    own, best : float or None
        Objective of each; None where the rows hold nothing that could be found.
    gain : Interval
        The difference, with its interval by paired bootstrap over consignments.
    positives : int
        Violations among the rows.
    """

    own: float | None
    best: float | None
    gain: Interval
    positives: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "own": self.own,
            "best": self.best,
            "gain": self.gain.to_dict(),
            "positives": self.positives,
        }


@dataclass(frozen=True)
class Tuned:
    """What a study found.

    Attributes
    ----------
    study : str
        Its name; the same data, definition and seed have the same one.
    folder : Path
        Its storage and lock.
    objective : str
        What a trial's value is, in words.
    trials : DataFrame
        See `riskml.training.tuning.frames.trials_frame`.
    importance : DataFrame
        See `riskml.training.tuning.frames.importance_frame`.
    best_trial : int
        Number of the trial with the highest value.
    adopted : bool
        Whether its parameters replace the definition's own; see `Tuning.confidence`.
    own, best : ModelDefinition
        As it was, and with the best trial's parameters.
    searched, unseen : Comparison
        On the slices that the trials were judged on (where the best one is flattered by having
        been chosen), and on the last one, which no trial saw.
    """

    study: str
    folder: Path
    objective: str
    trials: pd.DataFrame
    importance: pd.DataFrame
    best_trial: int
    adopted: bool
    own: ModelDefinition
    best: ModelDefinition
    searched: Comparison
    unseen: Comparison

    @property
    def definition(self) -> ModelDefinition:
        """The best trial's definition if it was adopted, else the own one."""
        return self.best if self.adopted else self.own


def tune(
    frame: pd.DataFrame,
    feature_set: FeatureSet,
    definition: ModelDefinition,
    *,
    trials: int = 50,
    seed: int = 0,
    jobs: int = 1,
    until: datetime | None = None,
    hint: Callable[[], str] | None = None,
    on_trial: Callable[[str, TrialRecord], None] | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Search the space of a definition.

    Parameters
    ----------
    frame : DataFrame
        Feature frame with label columns, labels as known before ``until``.
    feature_set : FeatureSet
        Its features.
    definition : ModelDefinition
        Its own parameters are the first trial; its part ``tuning`` says how to search.
    trials : int
        Trials in all, those of an earlier run of the same study included.
    seed, jobs : int
        Randomness of the search; trials at once. With one at a time the result follows from data,
        definition and seed, however often the search was interrupted.
    until, hint
        See `riskml.training.rows.learnable_rows`.
    on_trial : callable, optional
        Called with the name of the study and each finished trial, those of an earlier run first.
    progress : callable, optional
        Wraps an iterable to show how far it is.

    Returns
    -------
    Tuned

    Raises
    ------
    ConfigError
        If the definition searches nothing, or its own parameters lie outside of its space.
    LabelError
        If there is nothing to learn from or to judge by.
    UsageError
        If another process is at work on the study, or a number is below 1.
    """
    if min(trials, jobs) < 1:
        raise UsageError(f"{trials} trials, {jobs} at once", "use numbers from 1")
    space = distributions(definition)
    search = Search.of(frame, feature_set, definition, until, hint)
    name = f"{definition.model_name}-{search.digest(seed)[:12]}"
    folder = study_folder(name)
    tell = on_trial or (lambda _study, _trial: None)
    with locked(folder), open_study(folder, name, definition.tuning) as study:
        known = finished(study)
        for trial in known:
            tell(name, record_of(trial))
        new = run_trials(
            study,
            space,
            own_parameters(definition),
            search.evaluate,
            budget=trials,
            seed=seed,
            startup=definition.tuning.startup,
            jobs=jobs,
        )
        left = max(trials - len(known), 0)
        for trial in new if progress is None else progress(new, "Trials", left):
            tell(name, record_of(trial))
        return _chosen(study, search, name, folder)


def _chosen(study: Any, search: Search, name: str, folder: Path) -> Tuned:
    best = study.best_trial
    definition = search.definition
    own = own_parameters(definition)
    first, winner = search.searched(own), search.searched(best.params)
    measure = search.objective
    confidence = definition.tuning.confidence
    bound = measure.gain(winner.raw, first.raw, winner.fold, confidence=confidence)
    adopted = dict(best.params) != own and (bound.low or 0.0) > 0
    compared = _compared(search, winner.raw, first.raw, winner.fold)
    later = np.where(search.kept_back.test, 0, -1)
    last = _compared(
        search,
        search.unseen(best.params, winner.rounds),
        search.unseen(own, first.rounds),
        later,
    )
    return Tuned(
        study=name,
        folder=folder,
        objective=measure.sentence,
        trials=trials_frame(map(record_of, finished(study))),
        importance=importance_frame(study),
        best_trial=int(best.number),
        adopted=adopted,
        own=definition,
        best=with_parameters(definition, best.params),
        searched=compared,
        unseen=last,
    )


def _compared(search: Search, best: np.ndarray, own: np.ndarray, fold: np.ndarray) -> Comparison:
    measure = search.objective
    here = fold >= 0
    positives = int(measure.labels[here].sum())
    if not (np.isfinite(best[here]).all() and np.isfinite(own[here]).all()):
        return Comparison(None, None, Interval(None), positives)
    values = (measure.value(own, fold), measure.value(best, fold))
    return Comparison(*values, measure.gain(best, own, fold), positives)
