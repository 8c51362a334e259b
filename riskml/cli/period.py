"""Periods of local business days given on the command line."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from riskml.config import day_end, day_start, parse_day
from riskml.errors import UsageError

__all__ = ["Period"]


@dataclass(frozen=True)
class Period:
    """Instants from ``start`` (inclusive) to ``end`` (exclusive), in UTC; None is open."""

    start: datetime | None
    end: datetime | None

    @classmethod
    def parse(cls, first: str | None, last: str | None) -> "Period":
        """Read ``--from`` and ``--to``, both inclusive local days.

        Raises
        ------
        UsageError
            If one is no date, or they are in the wrong order.
        """
        start = None if first is None else day_start(parse_day(first, "--from"))
        end = None if last is None else day_end(parse_day(last, "--to"))
        if start is not None and end is not None and end <= start:
            raise UsageError(f"--from {first} is later than --to {last}", "swap them")
        return cls(start, end)

    def mask(self, times: pd.Series) -> np.ndarray:
        """Return which times lie inside."""
        inside = np.ones(len(times), dtype=bool)
        if self.start is not None:
            inside &= (times >= self.start).to_numpy()
        if self.end is not None:
            inside &= (times < self.end).to_numpy()
        return inside
