"""Violations that were found: what officers remember of them, and fraudsters learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from riskml.datasets.simulation.inspection import Inspections
from riskml.datasets.simulation.risk import Outcomes
from riskml.datasets.simulation.week import Week

__all__ = ["Catches", "catches_of"]


@dataclass(frozen=True)
class Catches:
    """Violations found, arrays of int64 of shape (n,).

    Attributes
    ----------
    closed_at : when the result was closed, microseconds of UTC
    importer, generation : actor and the identity it used
    commodity, origin : what the goods truly were, and where they came from
    kind : type of the violation, 1 to 5
    """

    closed_at: np.ndarray
    importer: np.ndarray
    generation: np.ndarray
    commodity: np.ndarray
    origin: np.ndarray
    kind: np.ndarray

    def __len__(self) -> int:
        """Return the number of catches."""
        return len(self.closed_at)

    def where(self, keep: np.ndarray) -> "Catches":
        """Return the catches that a mask or an order picks."""
        return Catches(**{name: values[keep] for name, values in vars(self).items()})

    @classmethod
    def together(cls, parts: Sequence[Self]) -> "Catches":
        """Return catches one after the other, in the order of their closing."""
        none = [np.zeros(0, dtype=np.int64)]
        columns = (field.name for field in fields(cls))
        both = cls(**{c: np.concatenate([getattr(p, c) for p in parts] or none) for c in columns})
        return both.where(np.argsort(both.closed_at, kind="stable"))


def catches_of(week: Week, outcomes: Outcomes, done: Inspections) -> Catches:
    """Return what the inspections of a week found."""
    load = done.load[done.found]
    bills, bill = week.bills, week.loads.bill[load]
    return Catches(
        closed_at=done.closed_at[done.found],
        importer=bills.importer[bill],
        generation=bills.generation[bill],
        commodity=bills.commodity[bill],
        origin=bills.origin[bill],
        kind=outcomes.kind[load],
    )
