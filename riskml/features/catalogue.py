"""The catalogue: every feature of every family, and the feature sets made of them."""

from collections.abc import Sequence

from riskml.config import check_stage
from riskml.datasets.tables import Tables
from riskml.errors import BundleError, UsageError
from riskml.features import (
    commodity,
    consistency,
    container,
    logistics,
    novelty,
    parties,
    raw,
    route,
    valuation,
)
from riskml.features.definition import Definition
from riskml.features.featureset import FeatureSet

__all__ = ["FEATURE_SETS", "catalogue", "definitions_of", "extra_columns", "feature_set"]

FAMILIES = (parties, commodity, valuation, route, consistency, container, logistics, novelty, raw)
FEATURE_SETS = {"default": 3}
"""Name and version of every feature set; the version changes with any feature's meaning."""

_TABLE = {"pre_arrival": "manifests", "declaration": "declarations"}


def catalogue(stage: str, extras: Sequence[raw.ExtraColumn] = ()) -> tuple[Definition, ...]:
    """Return every feature of a stage, in the order of its families.

    Parameters
    ----------
    stage : str
        ``pre_arrival`` or ``declaration``.
    extras : sequence of (name, kind)
        A service's own ``x_*`` columns.

    Raises
    ------
    UsageError
        If the stage does not exist.
    """
    check_stage(stage)
    found = [definition for family in FAMILIES for definition in family.definitions(stage)]
    found += raw.extra_definitions(stage, extras)
    unique = {definition.feature.name: definition for definition in found}
    return tuple(unique.values())


def extra_columns(tables: Tables, stage: str) -> tuple[raw.ExtraColumn, ...]:
    """Return the ``x_*`` columns of the stage's own table that hold anything."""
    import pandas as pd

    rows = tables.require(_TABLE[check_stage(stage)])
    names = sorted(
        str(name) for name in rows if str(name).startswith("x_") and rows[name].notna().any()
    )
    return tuple(
        (name, "number" if pd.api.types.is_numeric_dtype(rows[name].dtype) else "category")
        for name in names
    )


def feature_set(
    stage: str, extras: Sequence[raw.ExtraColumn] = (), name: str = "default"
) -> FeatureSet:
    """Return a feature set by name.

    Raises
    ------
    UsageError
        If there is no such set or stage.
    """
    if name not in FEATURE_SETS:
        raise UsageError(f"unknown feature set {name!r}", f"use one of {', '.join(FEATURE_SETS)}")
    features = tuple(definition.feature for definition in catalogue(stage, extras))
    return FeatureSet(name, FEATURE_SETS[name], stage, features)


def definitions_of(features: FeatureSet) -> tuple[Definition, ...]:
    """Return how to compute each feature of a set, in its order.

    Raises
    ------
    BundleError
        If this version of riskml does not know one of them.
    """
    extras = _extras_of(features)
    known = {d.feature.name: d for d in catalogue(features.stage, extras)}
    unknown = [name for name in features.names if name not in known]
    if unknown:
        raise BundleError(
            f"feature set {features.name} v{features.version} asks for {', '.join(unknown[:5])}, "
            "which this version of riskml does not compute",
            "train the model again, or install the version it was trained with",
        )
    return tuple(known[name] for name in features.names)


def _extras_of(features: FeatureSet) -> tuple[raw.ExtraColumn, ...]:
    own = f"{_TABLE[features.stage]}.x_"
    return tuple(
        (feature.name.removesuffix("__value"), feature.kind)
        for feature in features.features
        if feature.name.endswith("__value") and feature.sources[0].startswith(own)
    )
