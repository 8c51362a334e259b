"""From a training set to a bundle: rounds and metrics from later slices, then all rows.

Every fold learns from what was known before it and is judged on what came after, with the
maturity gap between. The folds' scores choose the number of rounds and give the honest metrics;
the boosters that serve are then trained on all matured rows, and the calibrator is fitted on
scores by boosters like them that did not see the row.
"""

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.bundle import Bundle, Calibrator, Encoder, Manifest, TrainingWindow
from riskml.evaluation.splits import Fold, prequential_folds
from riskml.explanation import pack_cases
from riskml.features import FeatureSet
from riskml.history import Progress
from riskml.labels import maturity_gap
from riskml.training.boosting import Design, Grow, grow, run_of
from riskml.training.columns import cut_short
from riskml.training.definition import ModelDefinition
from riskml.training.folding import FoldScores
from riskml.training.learning import learn
from riskml.training.rows import learnable_rows
from riskml.training.weights import WeightReport, defined_weights

__all__ = ["FittedModel", "fit_model", "make_design", "package_versions"]

FloatArray = npt.NDArray[np.float64]

PACKAGES = ("riskml", "lightgbm", "numpy")
"""What computes a score; their versions stand in the manifest."""


@dataclass(frozen=True)
class FittedModel:
    """A bundle and what its making showed.

    Attributes
    ----------
    bundle : Bundle
        Without metrics in its manifest; see `with_metrics`.
    definition : ModelDefinition
    holdout : DataFrame
        Rows judged by a fold's boosters: the feature frame's columns, and ``raw_score``,
        ``probability``, ``weight`` (arrivals it stands for) and ``fold``. Empty if no fold could
        be used.
    folds : FoldScores
    weights : WeightReport
        Of the weights by which the calibrator was fitted.
    last_fold_start : Timestamp or None
        Start of the last slice that was judged.
    notes : tuple of str
        Degradations, said aloud.
    """

    bundle: Bundle
    definition: ModelDefinition
    holdout: pd.DataFrame
    folds: FoldScores
    weights: WeightReport
    last_fold_start: pd.Timestamp | None
    notes: tuple[str, ...]

    def with_metrics(self, metrics: dict[str, Any]) -> "FittedModel":
        """Return the same with metrics in the manifest; the model's digest stays."""
        manifest = replace(self.bundle.manifest, metrics=metrics)
        bundle = replace(self.bundle, manifest=manifest)
        return replace(self, bundle=bundle)


def fit_model(
    frame: pd.DataFrame,
    feature_set: FeatureSet,
    definition: ModelDefinition,
    *,
    until: datetime | None = None,
    data_digests: dict[str, str] | None = None,
    hint: Callable[[], str] | None = None,
    progress: Progress | None = None,
    final_grow: Grow = grow,
    notes: tuple[str, ...] = (),
) -> FittedModel:
    """Fit the model of a definition.

    Parameters
    ----------
    frame : DataFrame
        Feature frame with label columns, labels as known before ``until``.
    feature_set : FeatureSet
        Its features.
    definition : ModelDefinition
        How to fit.
    until : datetime, optional
        The cut in time; by default just after the last label.
    data_digests : dict of str, optional
        Recorded in the manifest.
    hint, progress : callable, optional
        See `learnable_rows` and `riskml.history.Progress`.
    final_grow : callable
        See `riskml.training.learning.learn`.
    notes : tuple of str, optional
        What was said of the rows before; it stands before the notes of the fit.

    Returns
    -------
    FittedModel
        The same inputs give the same bundle, byte for byte.

    Raises
    ------
    LabelError
        If there is nothing to learn from.
    """
    rows = learnable_rows(frame, until, hint)
    until = until or rows["label_known_at"].max().to_pydatetime() + timedelta(microseconds=1)
    gap = maturity_gap(rows["decision_time"], rows["label_known_at"])
    encoder, design = make_design(rows, feature_set, definition)
    arrivals = defined_weights(rows, definition.weights, "calibrator")
    folds = _folds(rows, definition, gap)
    learned = learn(design, folds, definition, arrivals.values, progress, final_grow)
    scores, calibrator = learned.folds, learned.calibrator
    manifest = _manifest(rows, definition, feature_set, until, gap)
    notes = (*notes, *cut_short(rows, encoder), *learned.notes)
    manifest = replace(manifest, data_digests=dict(data_digests or {}), notes=notes)
    judged = [fold.start for number, fold in enumerate(folds) if (scores.fold == number).any()]
    bundle = Bundle.assemble(learned.text, calibrator, encoder, manifest)
    return FittedModel(
        bundle=bundle.with_cases(pack_cases(bundle, design.X, rows)),
        definition=definition,
        holdout=_holdout(rows, scores, calibrator, arrivals.values),
        folds=scores,
        weights=arrivals.report,
        last_fold_start=judged[-1] if judged else None,
        notes=notes,
    )


def make_design(
    rows: pd.DataFrame, feature_set: FeatureSet, definition: ModelDefinition
) -> tuple[Encoder, Design]:
    """Encode and weigh learnable rows for the boosters."""
    encoder = Encoder.fit(rows, feature_set, **definition.encoding.model_dump())
    weights = defined_weights(rows, definition.weights, "boosters")
    y = rows["label"].to_numpy(dtype=np.float64)
    # Where no finding was noted, the outcome speaks for it; what is a violation was suspicious.
    suspicious = np.fmax(rows["suspicious"].to_numpy(dtype=np.float64), y)
    return encoder, Design(encoder.encode(rows), y, weights.values, feature_set, suspicious)


def _folds(rows: pd.DataFrame, definition: ModelDefinition, gap: timedelta) -> list[Fold]:
    found = prequential_folds(
        rows["decision_time"],
        rows["label_known_at"],
        folds=definition.fit.folds,
        first_share=definition.fit.first_share,
        gap=gap,
    )
    return list(found)


def _holdout(
    rows: pd.DataFrame, scores: FoldScores, calibrator: Calibrator, weights: FloatArray
) -> pd.DataFrame:
    judged = run_of(scores.fold >= 0)
    raw = scores.raw[judged]
    return (
        rows.iloc[judged]
        .assign(
            raw_score=raw,
            probability=calibrator.probabilities(raw),
            weight=weights[judged],
            fold=scores.fold[judged],
        )
        .reset_index(drop=True)
    )


def _manifest(
    rows: pd.DataFrame,
    definition: ModelDefinition,
    feature_set: FeatureSet,
    until: datetime,
    gap: timedelta,
) -> Manifest:
    decided = rows["decision_time"]
    window = TrainingWindow(
        first_decision=_iso(decided.min().to_pydatetime()),
        last_decision=_iso(decided.max().to_pydatetime()),
        until=_iso(until),
        rows=len(rows),
        positives=int(rows["label"].sum()),
        maturity_gap_days=gap.total_seconds() / 86400,
    )
    return Manifest(
        stage=definition.stage,
        model_name=definition.model_name,
        created_at=window.until,
        training_window=window,
        data_digests={},
        feature_set_digest=feature_set.digest,
        definition_digest=definition.digest,
        packages=package_versions(),
    )


def package_versions() -> dict[str, str]:
    """Return the versions of what computes a score."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
