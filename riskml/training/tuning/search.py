"""A study from rows to a winner: what is searched on, trials, and the slice that no trial saw."""

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import LabelError
from riskml.evaluation.splits import Fold, prequential_folds
from riskml.features import FeatureSet
from riskml.labels import maturity_gap
from riskml.training.boosting import Design, grow
from riskml.training.dataset import digest_frame
from riskml.training.definition import ModelDefinition
from riskml.training.fitting import make_design
from riskml.training.folding import FoldScores, FoldWalk
from riskml.training.rows import learnable_rows
from riskml.training.tuning.candidates import with_parameters
from riskml.training.tuning.objective import Objective
from riskml.training.tuning.trials import Refused

__all__ = ["Search"]

FloatArray = npt.NDArray[np.float64]
PACKAGES = ("riskml", "lightgbm", "optuna")
"""A study is not continued by another version of these."""


@dataclass(frozen=True)
class Search:
    """What trials are evaluated on.

    Attributes
    ----------
    rows : DataFrame
        Learnable rows in order of decision time.
    feature_set : FeatureSet
    definition : ModelDefinition
        Where the search begins.
    objective : Objective
    folds : tuple of Fold
        Slices that trials are judged on, in order of time.
    kept_back : Fold
        The last slice, which no trial sees.
    """

    rows: pd.DataFrame
    feature_set: FeatureSet
    definition: ModelDefinition
    objective: Objective
    folds: tuple[Fold, ...]
    kept_back: Fold

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        feature_set: FeatureSet,
        definition: ModelDefinition,
        until: datetime | None = None,
        hint: Callable[[], str] | None = None,
    ) -> "Search":
        """Cut learnable rows into slices.

        Raises
        ------
        LabelError
            If there is nothing to learn from, or no slice to judge by.
        """
        rows = learnable_rows(frame, until, hint)
        tuning = definition.tuning
        found = list(
            prequential_folds(
                rows["decision_time"],
                rows["label_known_at"],
                folds=tuning.folds,
                first_share=tuning.first_share,
                gap=maturity_gap(rows["decision_time"], rows["label_known_at"]),
            )
        )
        if len(found) < 2:
            raise LabelError(
                f"{len(rows)} labelled consignments give {len(found)} slices in time",
                "use a later --until: one slice to search on and one to compare on are needed",
            )
        objective = Objective.of(rows, tuning)
        return cls(rows, feature_set, definition, objective, tuple(found[:-1]), found[-1])

    def digest(self, seed: int) -> str:
        """Return the SHA-256 (hex) of all that a trial's value follows from."""
        text = json.dumps(
            {
                "rows": digest_frame(self.rows),
                "feature_set": self.feature_set.digest,
                "definition": self.definition.digest,
                "tuning": self.definition.tuning.model_dump(mode="json"),
                "seed": seed,
                "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            },
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def evaluate(
        self, parameters: Mapping[str, Any], report: Callable[[int, float], bool]
    ) -> tuple[float, dict[str, Any]]:
        """Evaluate one trial; see `riskml.training.tuning.trials.Evaluate`."""
        scores: FoldScores | None = None
        try:
            for number, scores in self._walk(with_parameters(self.definition, parameters)):
                value = self.objective.value(scores.raw, scores.fold)
                if value is not None:
                    report(number, value)
        except lgb.basic.LightGBMError as error:
            raise Refused(f"LightGBM refuses them ({error})") from error
        value = None if scores is None else self.objective.value(scores.raw, scores.fold)
        if scores is None or value is None:
            raise LabelError(
                "no slice has something to learn from before it and something to find in it",
                "use a later --until, or fewer tuning.folds",
            )
        return value, {"rounds": scores.rounds}

    def searched(self, parameters: Mapping[str, Any]) -> FoldScores:
        """Return what the folds said of parameters once more."""
        *_, (_, scores) = self._walk(with_parameters(self.definition, parameters))
        return scores

    def unseen(self, parameters: Mapping[str, Any], rounds: int) -> FloatArray:
        """Score the slice kept back by boosters that know what was known before it.

        Returns
        -------
        ndarray of float64, shape (n,)
            NaN for all other rows.
        """
        definition = with_parameters(self.definition, parameters)
        design = self._design(definition)
        past = design.rows(self.kept_back.train)
        raw = np.full(len(design.y), np.nan)
        if 0 < past.y.sum() < len(past.y):
            text = grow(past, rounds, definition.lightgbm, definition.fit)
            later = design.X[self.kept_back.test]
            raw[self.kept_back.test] = lgb.Booster(model_str=text).predict(later, raw_score=True)
        return raw

    def _walk(self, definition: ModelDefinition) -> Iterator[tuple[int, FoldScores]]:
        """Yield what the folds so far say, after each one that could be used."""
        walk = FoldWalk(self._design(definition), definition.lightgbm, definition.fit)
        for number, fold in enumerate(self.folds):
            if walk.step(number, fold):
                yield number, walk.scores()

    def _design(self, definition: ModelDefinition) -> Design:
        own = (self.definition.encoding, self.definition.weights)
        if (definition.encoding, definition.weights) == own:
            return self._own_design
        return make_design(self.rows, self.feature_set, definition)[1]

    @cached_property
    def _own_design(self) -> Design:
        # Most trials differ in LightGBM's parameters alone: encoded once for all of them.
        return make_design(self.rows, self.feature_set, self.definition)[1]
