"""From a data folder to a training set: features as of each decision, labels as of a date."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from riskml.datasets import Tables
from riskml.datasets.consignments import roll_up
from riskml.features import FeatureSet
from riskml.features.catalogue import extra_columns, feature_set
from riskml.features.compute import compute_features
from riskml.history import Engine, Progress, compute
from riskml.labels import label_consignments

__all__ = ["TrainingSet", "build_training_set", "digest_frame"]


@dataclass(frozen=True)
class TrainingSet:
    """One row per consignment: identifiers, features, label columns.

    Attributes
    ----------
    frame : DataFrame
        See ``data/README.md`` for the columns.
    feature_set : FeatureSet
        Names and order of the features in ``frame``.
    data_digests : dict of str
        SHA-256 of each table that went in.
    """

    frame: pd.DataFrame
    feature_set: FeatureSet
    data_digests: dict[str, str]


def build_training_set(
    tables: Tables,
    stage: str,
    until: datetime | None = None,
    feature_set_name: str = "default",
    features: FeatureSet | None = None,
    *,
    only_inspected: bool = False,
    keep: Callable[[pd.DataFrame], np.ndarray] | None = None,
    progress: Progress | None = None,
    engine: Engine = compute,
) -> TrainingSet:
    """Build the training set of a stage.

    Parameters
    ----------
    tables : Tables
        Tables in normal form.
    stage : str
        ``pre_arrival`` or ``declaration``.
    until : datetime, optional
        Aware instant; consignments decided, and labels known, strictly before it only.
    feature_set_name : str
        Which feature set to resolve against the tables' columns.
    features : FeatureSet, optional
        An already resolved feature set (of a bundle) to compute instead.
    only_inspected : bool
        Leave out consignments without any inspection: they cannot be learned from.
    keep : callable, optional
        Given the consignments, the boolean mask of those to compute.
    progress : callable, optional
        Wraps an iterable to show how far it is, such as ``riskml.cli.console.progress``.
    engine : callable
        Computes history; see `compute_features`.

    Returns
    -------
    TrainingSet
        Rows in order of decision time.
    """
    if features is None:
        features = feature_set(stage, extra_columns(tables, stage), feature_set_name)
    rollup = roll_up(tables, stage)
    labels = label_consignments(rollup, tables, until)
    chosen = np.ones(len(rollup), dtype=bool)
    if until is not None:
        chosen &= (rollup.consignments["decision_time"] < until).to_numpy()
    if only_inspected:
        chosen &= labels["inspected"].to_numpy(dtype=bool)
    if keep is not None:
        chosen &= keep(rollup.consignments)
    frame = compute_features(
        tables,
        stage,
        features,
        keep=lambda _: chosen,
        progress=progress,
        rollup=rollup,
        engine=engine,
    )
    labels = labels.loc[chosen].reset_index(drop=True)
    return TrainingSet(pd.concat([frame, labels], axis=1), features, _digests(tables))


def _digests(tables: Tables) -> dict[str, str]:
    named = {
        "manifests": tables.manifests,
        "declarations": tables.declarations,
        "inspections": tables.inspections,
    }
    return {name: digest_frame(frame) for name, frame in named.items() if frame is not None}


def digest_frame(frame: pd.DataFrame) -> str:
    """Return the SHA-256 (hex) of a table's content, its columns taken in order of name."""
    import pyarrow as pa

    digest = hashlib.sha256()
    for name in sorted(map(str, frame.columns)):
        table = pa.Table.from_pandas(frame[[name]], preserve_index=False)
        table = table.replace_schema_metadata(None).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        digest.update(sink.getvalue())
    return digest.hexdigest()
