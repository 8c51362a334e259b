"""A feature and the way to compute it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from riskml.features.batch import Batch
from riskml.features.featureset import Feature
from riskml.history import Statistic

__all__ = ["Definition", "Direct", "Worded", "direct", "worded"]

Direct = Callable[[Batch], np.ndarray]
"""Computes a column, one value per consignment, from the batch alone."""


@dataclass(frozen=True)
class Worded:
    """Which description is held against the headings of the lines.

    Attributes
    ----------
    table : {"line", "manifest"}
        Whose description: the line's own, or that of the consignment's manifest.
    how : str
        How the lines are reduced to the consignment.
    """

    table: str
    how: str


@dataclass(frozen=True)
class Definition:
    """How a feature is computed: directly from the batch, from history, or from descriptions.

    Attributes
    ----------
    feature : Feature
        Its name and description.
    compute : callable or None
        For a direct feature.
    statistic : Statistic or None
        For a history feature, looked up for each line.
    how : str
        How a history feature's lines are reduced to the consignment.
    worded : Worded or None
        For a feature that holds a description against what was known of descriptions.
    """

    feature: Feature
    compute: Direct | None = None
    statistic: Statistic | None = None
    how: str = "max"
    worded: Worded | None = None


def direct(feature: Feature, compute: Direct) -> Definition:
    """Return the definition of a feature computed from the batch alone."""
    return Definition(feature, compute=compute)


def worded(feature: Feature, table: str, how: str) -> Definition:
    """Return the definition of a feature that holds a description against the headings."""
    return Definition(feature, worded=Worded(table, how))
