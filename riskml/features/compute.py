"""Compute a feature frame: from history, batch after batch, or for one consignment."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd

from riskml.datasets.consignments import Rollup, roll_up, with_manifests
from riskml.datasets.tables import Tables
from riskml.features.batch import Batch, batch_of, roll
from riskml.features.catalogue import definitions_of
from riskml.features.definition import Definition
from riskml.features.derived import add_derived
from riskml.features.events import line_events, outcome_events
from riskml.features.featureset import FeatureSet
from riskml.history import Events, Progress, Queries, Statistic, compute

__all__ = ["FeatureColumns", "compute_features", "feature_columns", "stage_events", "statistics_of"]

FeatureColumns = dict[str, np.ndarray]
"""Feature name to column, in feature-set order; float64 or object (text, ``None`` = missing)."""

_TABLE = {"pre_arrival": "manifests", "declaration": "declarations"}
ID_COLUMNS = (
    "consignment_id", "bill_no", "container_no", "declaration_id", "stage", "office", "mode",
    "decision_time",
)  # fmt: skip


class Lookup(Protocol):
    """Answers history queries: an index, or a function over all events at once."""

    def __call__(self, queries: Queries) -> np.ndarray:
        """Return one row per query, one column per statistic."""


def statistics_of(definitions: Sequence[Definition]) -> list[Statistic]:
    """Return the distinct statistics that definitions ask of history, in order."""
    return list(dict.fromkeys(d.statistic for d in definitions if d.statistic is not None))


def stage_events(
    tables: Tables, stage: str, statistics: Sequence[Statistic], rollup: Rollup | None = None
) -> list[Events]:
    """Return every event that features of a stage may count."""
    rollup = roll_up(tables, stage) if rollup is None else rollup
    table = _TABLE[stage]
    lines = line_events(table, tables.require(table), statistics)
    return [lines, *outcome_events(tables, rollup, statistics)]


def compute_features(
    tables: Tables,
    stage: str,
    features: FeatureSet,
    *,
    keep: Callable[[pd.DataFrame], np.ndarray] | None = None,
    decisions: str = "first",
    rollup: Rollup | None = None,
    progress: Progress | None = None,
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

    Returns
    -------
    DataFrame
        Identifiers, then the features in their order; one row per decision.
    """
    definitions = definitions_of(features)
    statistics = statistics_of(definitions)
    first = roll_up(tables, stage) if rollup is None else rollup
    wanted = first if decisions == "first" else roll_up(tables, stage, decisions)
    if keep is not None:
        wanted = wanted.take(keep(wanted.consignments))
    events = stage_events(tables, stage, statistics, first)

    def lookup(queries: Queries) -> np.ndarray:
        return compute(statistics, events, queries, progress=progress)

    batch = batch_of(with_manifests(wanted, tables))
    columns = feature_columns(batch, definitions, lookup)
    frame = wanted.consignments.assign(stage=stage)[list(ID_COLUMNS)]
    return pd.concat([frame, _frame_of(columns, features)], axis=1)


def feature_columns(
    batch: Batch, definitions: Sequence[Definition], lookup: Lookup
) -> FeatureColumns:
    """Compute features of a batch; the only implementation, for training and for serving.

    Parameters
    ----------
    batch : Batch
        Consignments at their decision.
    definitions : sequence of Definition
        What to compute, in order.
    lookup : callable
        Answers history queries.

    Returns
    -------
    dict of ndarray, shape (n,)
    """
    batch = replace(batch, line=add_derived(batch.line))
    statistics = statistics_of(definitions)
    answers = lookup(_queries(batch, statistics)) if len(batch) else _nothing(statistics)
    position = {statistic: column for column, statistic in enumerate(statistics)}
    columns: FeatureColumns = {}
    for definition in definitions:
        if definition.statistic is not None:
            answer = np.ascontiguousarray(answers[:, position[definition.statistic]])
            columns[definition.feature.name] = (
                roll(batch, answer, definition.how) if len(batch) else answer
            )
        elif definition.compute is not None:
            columns[definition.feature.name] = (
                definition.compute(batch) if len(batch) else np.empty(0)
            )
    return columns


def _nothing(statistics: Sequence[Statistic]) -> np.ndarray:
    return np.empty((0, len(statistics)))


def _queries(batch: Batch, statistics: Sequence[Statistic]) -> Queries:
    names = dict.fromkeys(name for s in statistics for name in s.key)
    names.update(dict.fromkeys(name for s in statistics for name in (s.parent or ())))
    names.update(dict.fromkeys(s.column for s in statistics if s.kind == "share" and s.column))
    prices = [s.column for s in statistics if s.kind.startswith("price") and s.column]
    return Queries(
        decision_time=batch.head["decision_time"][batch.owner],
        unit=batch.head["consignment_id"][batch.owner],
        keys={name: batch.text(name) for name in names},
        values={name: batch.numbers(name) for name in dict.fromkeys(prices)},
    )


def _frame_of(columns: FeatureColumns, features: FeatureSet) -> pd.DataFrame:
    categories = set(features.categories)
    data = {
        name: pd.array(column, dtype="str") if name in categories else column
        for name, column in columns.items()
    }
    return pd.DataFrame(data)
