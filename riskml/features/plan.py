"""What computing a feature set comes to, worked out once: what to ask, and where answers go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from riskml.features.batch import Batch
from riskml.features.definition import Definition, Direct, Worded
from riskml.features.descriptions import Descriptions
from riskml.features.groups import PartyGroups
from riskml.features.kinship import GROUPS
from riskml.history import Queries, Statistic

__all__ = ["FeaturePlan", "Lookup", "Past", "statistics_of"]


class Lookup(Protocol):
    """Answers history queries: an index, or a function over all events at once."""

    def __call__(self, queries: Queries) -> np.ndarray:
        """Return one row per query, one column per statistic."""


@dataclass(frozen=True)
class Past:
    """What is known before a decision: history, and how goods were described.

    Attributes
    ----------
    lookup : callable
        Answers history queries.
    descriptions : Descriptions or None
        None where no feature asks for them.
    groups : PartyGroups or None
        Likewise.
    """

    lookup: Lookup
    descriptions: Descriptions | None
    groups: PartyGroups | None = None


@dataclass(frozen=True)
class Reduced:
    """History features whose lines are reduced in one way, and their places in the answers."""

    names: tuple[str, ...]
    places: np.ndarray


@dataclass(frozen=True)
class FeaturePlan:
    """How to compute the features of a set.

    Attributes
    ----------
    names : tuple of str
        Every feature, in order.
    statistics : list of Statistic
        The distinct statistics asked of history.
    keys, prices : tuple of str
        Text and price columns that a query carries.
    past : mapping of str to Reduced
        History features by the way their lines are reduced.
    direct : tuple of (name, callable)
        Features computed from the batch alone.
    worded : tuple of (name, Worded)
        Features that hold a description against what was known of descriptions.
    """

    names: tuple[str, ...]
    statistics: list[Statistic]
    keys: tuple[str, ...]
    prices: tuple[str, ...]
    past: Mapping[str, Reduced]
    direct: tuple[tuple[str, Direct], ...]
    worded: tuple[tuple[str, Worded], ...]

    @classmethod
    def of(cls, definitions: Sequence[Definition]) -> "FeaturePlan":
        """Work out how to compute definitions, in their order."""
        statistics = statistics_of(definitions)
        place = {statistic: column for column, statistic in enumerate(statistics)}
        reduced: dict[str, list[tuple[str, int]]] = {}
        for each in definitions:
            if each.statistic is not None:
                own = (each.feature.name, place[each.statistic])
                reduced.setdefault(each.how, []).append(own)
        keys = dict.fromkeys(name for s in statistics for name in s.key)
        keys.update(dict.fromkeys(name for s in statistics for name in (s.parent or ())))
        keys.update(dict.fromkeys(s.column for s in statistics if s.kind == "share" and s.column))
        prices = (s.column for s in statistics if s.kind.startswith("price") and s.column)
        return cls(
            names=tuple(each.feature.name for each in definitions),
            statistics=statistics,
            keys=tuple(keys),
            prices=tuple(dict.fromkeys(prices)),
            past={
                how: Reduced(tuple(n for n, _ in own), np.array([p for _, p in own], dtype=np.intp))
                for how, own in reduced.items()
            },
            direct=tuple(
                (each.feature.name, each.compute)
                for each in definitions
                if each.statistic is None and each.compute is not None
            ),
            worded=tuple(
                (each.feature.name, each.worded) for each in definitions if each.worded is not None
            ),
        )

    def descriptions(self, table: str, rows: pd.DataFrame | None) -> Descriptions | None:
        """Return what rows of the stage's own table say of goods; None if nothing asks for it."""
        if not self.worded:
            return None
        found = Descriptions(table)
        found.append(() if rows is None else rows)
        return found

    def groups(self, stage: str, rows: pd.DataFrame | None) -> PartyGroups | None:
        """Return whom rows of the stage's own table speak of; None if nothing asks for groups."""
        if GROUPS[stage].group not in self.keys:
            return None
        found = PartyGroups(GROUPS[stage])
        found.append(() if rows is None else rows)
        return found

    def queries(self, batch: Batch) -> Queries:
        """Return what to ask history for each line of a batch."""
        return Queries(
            decision_time=batch.head["decision_time"][batch.owner],
            unit=batch.head["consignment_id"][batch.owner],
            keys={name: batch.text(name) for name in self.keys},
            values={name: batch.numbers(name) for name in self.prices},
        )


def statistics_of(definitions: Sequence[Definition]) -> list[Statistic]:
    """Return the distinct statistics that definitions ask of history, in order."""
    return list(dict.fromkeys(d.statistic for d in definitions if d.statistic is not None))
