"""A new history feature in one line: what it says, its values, and the events behind them.

``try_feature(Statistic(("importer_id",), "hit_rate", days=90), tables, "declaration")`` is all that
a notebook needs. The line in the module of a family that makes it a feature of models is
``past(family, table, statistic)``.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from riskml.config import check_stage
from riskml.datasets.consignments import roll_up
from riskml.datasets.tables import Tables
from riskml.errors import HistoryError
from riskml.features.batch import batch_of
from riskml.features.changes import OWN_TABLE
from riskml.features.compute import stage_events
from riskml.features.derived import add_derived
from riskml.features.past import past
from riskml.features.plan import FeaturePlan
from riskml.history import Events, Queries, Statistic, compute, explain_feature
from riskml.schemas import TABLES

__all__ = ["TriedFeature", "try_feature"]

_DERIVED = frozenset(("chapter", "heading", "unit_price"))
_LATER = {
    "pre_arrival": ("declarations", "inspections"),
    "declaration": ("inspections",),
}
"""Tables whose rows come after the decision of a stage."""


@dataclass(frozen=True)
class TriedFeature:
    """A history feature on some decisions.

    Attributes
    ----------
    name : str
        By the scheme of :class:`~riskml.history.Statistic`.
    description_en, description_vi : str
        What it says.
    rows : DataFrame
        One row for each line of the decisions: consignment, decision time, key, and the value.
    """

    name: str
    description_en: str
    description_vi: str
    rows: pd.DataFrame
    _statistic: Statistic
    _all_events: list[Events]
    _queries: Queries

    def events(self, row: int) -> pd.DataFrame:
        """Return the events that the value of a row counted, oldest first.

        Raises
        ------
        HistoryError
            If there is no such row.
        """
        name, wanted = self._statistic.name, [self._statistic]
        return explain_feature(row, name, wanted, self._all_events, self._queries)

    @cached_property
    def counted(self) -> pd.DataFrame:
        """The rows, each beside the events that it counted."""
        parts = [self.events(row).assign(row=row) for row in range(len(self.rows))]
        listed = pd.concat(parts, ignore_index=True)
        columns = ["row", "event_id", "known_at", "days_before"]
        more = [name for name in listed if name not in (*columns, "revision", "unit", *self.rows)]
        shown = self.rows.rename_axis("row").reset_index()
        return shown.merge(listed[[*columns, *more]], on="row", how="left")

    def _repr_html_(self) -> str:
        """Show description and rows in a notebook."""
        words = f"<p><b>{self.name}</b><br>{self.description_en}<br>{self.description_vi}</p>"
        table: str = self.rows.to_html()
        return words + table


def try_feature(
    statistic: Statistic, tables: Tables, stage: str, *, decisions: int = 10
) -> TriedFeature:
    """Compute a history feature for the latest decisions.

    Parameters
    ----------
    statistic : Statistic
        The feature.
    tables : Tables
        All of history.
    stage : str
        The decision point.
    decisions : int
        On how many of the latest decisions.

    Raises
    ------
    HistoryError
        If a column is not known when the stage decides: the feature would look into the future.
    """
    own = OWN_TABLE[check_stage(stage)]
    _check_columns(statistic, tables, stage)
    definition = past("tried", own, statistic)
    plan = FeaturePlan.of([definition])
    rollup = roll_up(tables, stage)
    events = stage_events(tables, stage, plan.statistics, rollup)
    batch = batch_of(rollup.take(np.arange(len(rollup)) >= len(rollup) - decisions))
    batch = replace(batch, line=add_derived(batch.line, len(batch.owner)))
    queries = plan.queries(batch)
    values = compute(plan.statistics, events, queries)[:, 0]
    shown = {
        "consignment_id": queries.unit,
        "decision_time": pd.to_datetime(queries.decision_time, unit="us", utc=True),
        **{name: queries.keys[name] for name in plan.keys},
        **queries.values,
        definition.feature.name: values,
    }
    feature = definition.feature
    return TriedFeature(
        feature.name,
        feature.description_en,
        feature.description_vi,
        pd.DataFrame(shown),
        statistic,
        events,
        queries,
    )


def _check_columns(statistic: Statistic, tables: Tables, stage: str) -> None:
    """Refuse columns that the stage's own rows do not have, and say where they come from."""
    own = OWN_TABLE[stage]
    known = {*TABLES[own].names, *_DERIVED, *map(str, tables.require(own).columns)}
    asked = [*statistic.key, *(statistic.parent or ())]
    asked += [statistic.column] if statistic.column is not None else []
    for name in asked:
        if name in known:
            continue
        later = [t for t in _LATER[stage] if TABLES[t].get(name) is not None]
        if later:
            raise HistoryError(
                f"{statistic.name} would look into the future: {name!r} is a column of "
                f"{later[0]}, which come after the decision at stage {stage}",
                "name a column that is known when the stage decides; what inspections found is "
                "history by the kinds known, hits, hit_rate, suspicious, ...",
            )
        raise HistoryError(
            f"{statistic.name}: {own} have no column {name!r}",
            f"they have {', '.join(sorted(known))}",
        )
