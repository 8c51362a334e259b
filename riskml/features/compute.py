"""Compute a feature frame: from history, batch after batch, or for one consignment."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from riskml.datasets.consignments import Rollup, roll_up, with_manifests
from riskml.datasets.tables import Tables
from riskml.features.batch import Batch, batch_of, roll
from riskml.features.catalogue import definitions_of
from riskml.features.definition import Worded
from riskml.features.derived import add_derived
from riskml.features.descriptions import Descriptions, headings_of
from riskml.features.events import line_events, outcome_events
from riskml.features.featureset import FeatureSet
from riskml.features.groups import PartyGroups
from riskml.features.plan import FeaturePlan, Past
from riskml.features.rows import extended, objects
from riskml.history import Engine, Events, Progress, Queries, Statistic, compute

__all__ = ["FeatureColumns", "compute_features", "feature_columns", "stage_events"]

FeatureColumns = dict[str, np.ndarray]
"""Feature name to column, in feature-set order; float64 or object (text, ``None`` = missing)."""

FEW_LINES = 10_000
WIDTH = 8
"""History columns of a larger batch that are reduced at a time."""

_TABLE = {"pre_arrival": "manifests", "declaration": "declarations"}
ID_COLUMNS = (
    "consignment_id", "bill_no", "container_no", "declaration_id", "stage", "office", "mode",
    "decision_time",
)  # fmt: skip


def stage_events(
    tables: Tables,
    stage: str,
    statistics: Sequence[Statistic],
    rollup: Rollup | None = None,
    groups: PartyGroups | None = None,
) -> list[Events]:
    """Return every event that features of a stage may count."""
    rollup = roll_up(tables, stage) if rollup is None else rollup
    table = _TABLE[stage]
    lines = line_events(table, tables.require(table), statistics, groups)
    return [lines, *outcome_events(tables, rollup, statistics, groups)]


def compute_features(
    tables: Tables,
    stage: str,
    features: FeatureSet,
    *,
    keep: Callable[[pd.DataFrame], np.ndarray] | None = None,
    decisions: str = "first",
    rollup: Rollup | None = None,
    progress: Progress | None = None,
    engine: Engine = compute,
) -> pd.DataFrame:
    """Compute the feature frame of a data folder, each row as of its decision.

    Parameters
    ----------
    tables : Tables
        All of history; a row sees only what was known before its decision time.
    stage : str
        The decision point.
    features : FeatureSet
        What to compute.
    keep : callable, optional
        Given the consignments, returns the boolean mask of those to compute; history is always
        all of ``tables``.
    decisions : {"first", "all"}
        One row per consignment, or one per lodging.
    rollup : Rollup, optional
        ``roll_up(tables, stage)`` where the caller has it already.
    progress : callable, optional
        Wraps an iterable to show how far it is, such as ``riskml.cli.console.progress``.
    engine : callable
        Computes history; no result depends on which.

    Returns
    -------
    DataFrame
        Identifiers, then the features in their order; one row per decision.
    """
    plan = FeaturePlan.of(definitions_of(features))
    first = roll_up(tables, stage) if rollup is None else rollup
    wanted = first if decisions == "first" else roll_up(tables, stage, decisions)
    if keep is not None:
        wanted = wanted.take(keep(wanted.consignments))
    rows = tables.require(_TABLE[stage])
    groups = plan.groups(stage, rows)
    events = stage_events(tables, stage, plan.statistics, first, groups)

    def lookup(queries: Queries) -> np.ndarray:
        return engine(plan.statistics, events, queries, progress=progress)

    batch = batch_of(with_manifests(wanted, tables))
    past = Past(lookup, plan.descriptions(_TABLE[stage], rows), groups)
    columns = feature_columns(batch, plan, past)
    frame = wanted.consignments.assign(stage=stage)[list(ID_COLUMNS)]
    return pd.concat([frame, _frame_of(columns, features)], axis=1)


def feature_columns(batch: Batch, plan: FeaturePlan, past: Past) -> FeatureColumns:
    """Compute features of a batch; the only implementation, for training and for serving.

    Parameters
    ----------
    batch : Batch
        Consignments at their decision.
    plan : FeaturePlan
        What to compute, in order.
    past : Past
        What was known before the decisions.

    Returns
    -------
    dict of ndarray, shape (n,)
    """
    columns: FeatureColumns = dict.fromkeys(plan.names, np.empty(0))
    if not len(batch):
        return columns
    line = add_derived(batch.line, len(batch.owner))
    if past.groups is not None:
        times = batch.head["decision_time"][batch.owner]
        line = extended(line, past.groups.column_as_of(line, times))
    batch = replace(batch, line=line)
    answers = past.lookup(plan.queries(batch))
    for how, reduced in plan.past.items():
        for part in _parts(len(reduced.names), len(batch.owner)):
            rolled = roll(batch, answers[:, reduced.places[part]], how)
            columns.update(zip(reduced.names[part], np.ascontiguousarray(rolled.T), strict=True))
    for name, compute_direct in plan.direct:
        columns[name] = compute_direct(batch)
    if plan.worded and past.descriptions is not None:
        columns.update(_plausibilities(batch, past.descriptions, plan.worded))
    return columns


def _plausibilities(
    batch: Batch, known: Descriptions, asked: Sequence[tuple[str, Worded]]
) -> FeatureColumns:
    """Hold all descriptions against the headings at once: a single item pays for one call."""
    headings = objects(headings_of(batch.text("commodity_code").tolist()))
    times = batch.head["decision_time"][batch.owner]
    texts = [
        batch.text("goods_description", worded.table)[
            slice(None) if worded.table == "line" else batch.owner
        ]
        for _, worded in asked
    ]
    values = known.plausibility(
        np.concatenate(texts), np.tile(headings, len(asked)), np.tile(times, len(asked))
    )
    parts = np.split(values, len(asked))
    return {
        name: roll(batch, part, worded.how)
        for (name, worded), part in zip(asked, parts, strict=True)
    }


def _parts(width: int, lines: int) -> list[slice]:
    """Part columns so that those of a large table are not copied all at once."""
    step = width if lines <= FEW_LINES else WIDTH
    return [slice(first, first + step) for first in range(0, width, step)]


def _frame_of(columns: FeatureColumns, features: FeatureSet) -> pd.DataFrame:
    categories = set(features.categories)
    data = {
        name: pd.array(column, dtype="str") if name in categories else column
        for name, column in columns.items()
    }
    return pd.DataFrame(data)
