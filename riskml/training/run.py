"""One training run: build the set, fit, measure on later slices, check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from riskml.cluster import Cluster
from riskml.datasets import Tables
from riskml.datasets.consignments import Rollup, roll_up
from riskml.evaluation.assessment import Plan, Scored, assess
from riskml.evaluation.checks import Evidence, raw_columns, run_checks
from riskml.evaluation.parties import learned_before
from riskml.evaluation.traits import with_traits
from riskml.history import Progress
from riskml.history.distributed import engine_on
from riskml.training.dataset import TrainingSet, build_training_set
from riskml.training.definition import ModelDefinition
from riskml.training.distributed import grow_on
from riskml.training.fitting import FittedModel, fit_model
from riskml.training.propensity import with_estimated_propensity
from riskml.training.rows import label_hint

__all__ = ["TrainingRun", "measure", "train_stage"]


@dataclass(frozen=True)
class TrainingRun:
    """A fitted model and its honest figures.

    Attributes
    ----------
    model : FittedModel
        Its bundle's manifest carries the metrics.
    report : dict
        What `assess` says of the later slices, and ``checks``; empty where no slice could be
        judged.
    """

    model: FittedModel
    report: dict[str, Any]


def train_stage(
    tables: Tables,
    definition: ModelDefinition,
    *,
    until: datetime | None = None,
    progress: Progress | None = None,
    cluster: Cluster | None = None,
) -> TrainingRun:
    """Train the model of a stage from a data folder's tables.

    Parameters
    ----------
    tables : Tables
        Tables in normal form.
    definition : ModelDefinition
        How to train.
    until : datetime, optional
        Aware instant: decisions, and labels known, strictly before it only.
    progress : callable, optional
        Wraps an iterable to show how far it is, such as ``riskml.cli.console.progress``.
    cluster : Cluster, optional
        Where history is computed and the final boosters grow; the boosters then differ from those
        of one machine, see `riskml.training.distributed`.

    Returns
    -------
    TrainingRun

    Raises
    ------
    LabelError
        If there is nothing to learn from; the message says which date has labels.
    """
    found = build_training_set(
        tables,
        definition.stage,
        until,
        definition.feature_set,
        only_inspected=True,
        progress=progress,
        engine=engine_on(cluster),
    )
    notes: tuple[str, ...] = ()
    if definition.weights.estimate:
        found, notes = with_estimated_propensity(tables, found, definition, until, progress)
    model = fit_model(
        found.frame,
        found.feature_set,
        definition,
        until=until,
        data_digests=found.data_digests,
        hint=label_hint(tables, definition.stage),
        progress=progress,
        final_grow=grow_on(cluster),
        notes=notes,
    )
    return measure(model, tables, found)


def measure(model: FittedModel, tables: Tables, found: TrainingSet) -> TrainingRun:
    """Measure a fitted model on the slices its folds were judged on, and run the checks."""
    report: dict[str, Any] = {}
    if len(model.holdout):
        rollup = roll_up(tables, model.definition.stage)
        judged = _scored(model, rollup, found.frame)
        report = assess(judged, Plan(rates=model.definition.inspection_rates))
        report["checks"] = [f.to_dict() for f in run_checks(_evidence(model, rollup, found))]
    return TrainingRun(model.with_metrics(_summary(report)), report)


def _scored(model: FittedModel, rollup: Rollup, frame: pd.DataFrame) -> Scored:
    stage = model.definition.stage
    rows = with_traits(model.holdout, rollup, stage)
    labelled = with_traits(frame[frame["label"].notna()].reset_index(drop=True), rollup, stage)
    start = rows.groupby("fold")["decision_time"].transform("min")
    known = learned_before(labelled["party"], labelled["label_known_at"], rows["party"], start)
    rows = rows.assign(known_party=known)
    return Scored(
        rows,
        model.bundle.feature_set,
        rows["raw_score"].to_numpy(dtype=np.float64),
        rows["probability"].to_numpy(dtype=np.float64),
    )


def _evidence(model: FittedModel, rollup: Rollup, found: TrainingSet) -> Evidence:
    """Compare the last judged slice with all labelled rows known before it."""
    start = model.last_fold_start
    frame = found.frame[found.frame["label"].notna() & found.frame["matured"]]
    frame = frame.sort_values(["decision_time", "consignment_id"], kind="stable")
    frame = frame.reset_index(drop=True)
    earlier = (frame["decision_time"] < start) & (frame["label_known_at"] < start)
    later = frame["decision_time"] >= start
    last = model.holdout["fold"] == model.holdout["fold"].max()
    arrived = rollup.consignments["decision_time"]
    end = frame["decision_time"].max()
    return Evidence(
        frame,
        found.feature_set,
        np.flatnonzero(earlier),
        np.flatnonzero(later),
        model.holdout.loc[last, "raw_score"].to_numpy(dtype=np.float64),
        raw_columns(rollup, frame),
        int(((arrived >= start) & (arrived <= end)).sum()),
        None if start is None else pd.Timestamp(start),
    )


def _summary(report: dict[str, Any]) -> dict[str, Any]:
    """Return what the manifest keeps of a report."""
    if not report:
        return {"judged_on": "nothing"}
    kept = {name: report[name] for name in ("rows", "positives", "base_rate", "model")}
    checks = {check["code"]: check["status"] for check in report["checks"]}
    return {"judged_on": "later slices of the training period", **kept, "checks": checks}
