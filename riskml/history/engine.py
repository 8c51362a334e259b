"""Where history is computed: here, or on a cluster, with the same bits."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from riskml.history.batch import Progress
from riskml.history.records import Events, Queries
from riskml.history.statistics import Statistic

__all__ = ["Engine"]


class Engine(Protocol):
    """Computes statistics: :func:`riskml.history.compute`, or a cluster that gives the same."""

    def __call__(
        self,
        statistics: Sequence[Statistic],
        events: Sequence[Events],
        queries: Queries,
        *,
        progress: Progress | None = None,
    ) -> np.ndarray:
        """Return an (m, statistics) float64 array."""
