"""A feature and the way to compute it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from riskml.features.batch import Batch
from riskml.features.featureset import Feature
from riskml.history import Statistic

__all__ = ["Definition", "Direct", "direct"]

Direct = Callable[[Batch], np.ndarray]
"""Computes a column, one value per consignment, from the batch alone."""


@dataclass(frozen=True)
class Definition:
    """How a feature is computed: directly from the batch, or from history.

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
    """

    feature: Feature
    compute: Direct | None = None
    statistic: Statistic | None = None
    how: str = "max"


def direct(feature: Feature, compute: Direct) -> Definition:
    """Return the definition of a feature computed from the batch alone."""
    return Definition(feature, compute=compute)
